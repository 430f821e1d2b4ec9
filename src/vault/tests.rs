use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_vault_opens_with_the_key_it_was_made_with() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a/b/.taggant");
    let made = Vault::create(&dir, None).unwrap();
    let (key, id) = (*made.key.as_bytes(), made.ledger.vault_id().unwrap());
    assert!(!made.key_exposed());
    drop(made);
    assert_eq!(names(&dir), [LEDGER_FILE, KEY_FILE]);

    let text = std::fs::read_to_string(dir.join(KEY_FILE)).unwrap();
    assert_eq!(text.len(), 65);
    assert!(text.ends_with('\n'));

    let mut opened = Vault::open(&dir, None).unwrap();
    assert_eq!(opened.key.as_bytes(), &key);
    assert_eq!(opened.ledger.vault_id().unwrap(), id);
    opened
        .ledger
        .add_recipient("r", Timestamp::UNIX_EPOCH)
        .unwrap();
    opened.ledger.verify().unwrap();
    assert_eq!(opened.folder(), dir);

    let elsewhere = folder.path().join("stick.key");
    std::fs::rename(dir.join(KEY_FILE), &elsewhere).unwrap();
    let opened = Vault::open(&dir, Some(&elsewhere)).unwrap();
    assert_eq!(opened.key_path(), elsewhere);
    let error = Vault::open(&dir, None).unwrap_err();
    assert!(matches!(error, Error::Input(_)));
    assert!(
        error.to_string().contains("there is no master key at"),
        "{error}"
    );
}

#[test]
fn keys_are_read_as_editors_and_people_leave_them() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("v");
    drop(Vault::create(&dir, None).unwrap());
    let path = dir.join(KEY_FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    let hex = text.trim();
    for good in [
        hex.to_owned(),
        format!("{hex}\r\n"),
        format!(" {}\n\n", hex.to_uppercase()),
    ] {
        std::fs::write(&path, good).unwrap();
        Vault::open(&dir, None).unwrap();
    }
    for bad in [
        String::new(),
        hex[1..].to_owned(),
        format!("{hex}00"),
        format!("g{}", &hex[1..]),
        format!("+{}", &hex[1..]),
        "0".repeat(100_000),
    ] {
        std::fs::write(&path, bad).unwrap();
        let error = Vault::open(&dir, None).unwrap_err();
        assert!(matches!(error, Error::Input(_)));
        assert!(
            error.to_string().contains("64 hexadecimal digits"),
            "{error}"
        );
    }
    std::fs::write(&path, "0".repeat(64)).unwrap();
    let error = Vault::open(&dir, None).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(
        error.to_string().contains("the master key is not that of"),
        "{error}"
    );
}

#[test]
fn a_second_vault_in_the_same_folder_is_refused_and_the_first_is_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("v");
    drop(Vault::create(&dir, None).unwrap());
    let before: Vec<Vec<u8>> = [KEY_FILE, LEDGER_FILE]
        .iter()
        .map(|f| std::fs::read(dir.join(f)).unwrap())
        .collect();
    let error = Vault::create(&dir, None).unwrap_err();
    assert!(error.to_string().contains("already"), "{error}");
    std::fs::remove_file(dir.join(KEY_FILE)).unwrap();
    let error = Vault::create(&dir, None).unwrap_err();
    assert!(error.to_string().contains(LEDGER_FILE), "{error}");
    assert_eq!(names(&dir), [LEDGER_FILE]);
    assert_eq!(std::fs::read(dir.join(LEDGER_FILE)).unwrap(), before[1]);

    std::fs::remove_file(dir.join(LEDGER_FILE)).unwrap();
    std::fs::write(dir.join(KEY_FILE), &before[0]).unwrap();
    let error = Vault::open(&dir, None).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("a key and no ledger"), "{error}");
}

#[test]
fn what_failed_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert!(Vault::create(&folder.path().join("file/vault"), None).is_err());
    // folders and the key are made before the ledger fails: a directory stands where its journal must go
    let dir = folder.path().join("v");
    std::fs::create_dir_all(dir.join("ledger.sqlite-journal/in the way")).unwrap();
    assert!(Vault::create(&dir, None).is_err());
    assert_eq!(names(&dir), ["ledger.sqlite-journal"]);

    let mut made = Made::default();
    let deep = folder.path().join("x/y");
    made.folders(&deep).unwrap();
    made.file(&deep, &deep.join("f")).unwrap();
    drop(made);
    assert_eq!(names(folder.path()), ["file", "v"]);
}

#[test]
fn no_vault_is_told_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    for dir in [folder.path().to_path_buf(), folder.path().join("none")] {
        let error = Vault::open(&dir, None).unwrap_err();
        assert!(matches!(error, Error::Input(_)));
        assert!(error.to_string().contains("taggant init"), "{error}");
    }
}

#[test]
fn the_nearest_folder_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let deep = root.join("a/b/c");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::create_dir(root.join(FOLDER)).unwrap();
    assert_eq!(Vault::find(&deep), Some(root.join(FOLDER)));
    std::fs::create_dir(root.join("a/b").join(FOLDER)).unwrap();
    assert_eq!(Vault::find(&deep), Some(root.join("a/b").join(FOLDER)));
    // a file of that name is no vault
    std::fs::write(deep.join(FOLDER), "").unwrap();
    assert_eq!(Vault::find(&deep), Some(root.join("a/b").join(FOLDER)));
    assert_eq!(Vault::find(&root.join("a")), Some(root.join(FOLDER)));
}

#[cfg(unix)]
#[test]
fn key_and_ledger_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("v");
    let vault = Vault::create(&dir, None).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join(KEY_FILE)), 0o600);
    assert_eq!(mode(&dir.join(LEDGER_FILE)), 0o600);
    assert!(!vault.key_exposed());
    let open = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(dir.join(KEY_FILE), open).unwrap();
    assert!(vault.key_exposed());
}
