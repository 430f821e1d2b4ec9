//! Folders, patterns and archives as they are seized.

use std::fs;
use std::io::Write;

use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn all(path: &Path, reading: &Reading) -> Vec<(String, Result<Leak>)> {
    let mut leaks = Vec::new();
    read(path, reading, &mut |path, leak| {
        leaks.push((path.to_string(), leak))
    });
    leaks
}

fn sentence(leak: &Result<Leak>) -> String {
    let error = leak.as_ref().map(|_| ()).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    error.to_string()
}

fn with(password: &str) -> Reading {
    Reading {
        password: Some(Password::new(password.to_string())),
        ..Reading::default()
    }
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn from_memory(bytes: Vec<u8>) -> Vec<(String, Result<Leak>)> {
    let mut leaks = Vec::new();
    read_bytes("x.zip", bytes, &Reading::default(), &mut |path, leak| {
        leaks.push((path.to_string(), leak));
    });
    leaks
}

#[test]
fn folders_patterns_and_links() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("b/deep")).unwrap();
    fs::create_dir(root.join("vault")).unwrap();
    fs::create_dir(root.join("empty")).unwrap();
    let vault = [root.join("vault")];
    for name in [
        "b/2.csv",
        "b/deep/1.csv",
        "a.csv",
        "c.CSV",
        ".DS_Store",
        "._a.csv",
        ".hidden.csv",
        "~$a.xlsx",
        "vault/key",
        "b/Thumbs.db",
        "[1].csv",
    ] {
        fs::write(root.join(name), "x").unwrap();
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root, root.join("loop")).unwrap();
        std::os::unix::fs::symlink(root.join("b/2.csv"), root.join("z.csv")).unwrap();
    }
    let names = |paths: &[PathBuf]| -> Vec<String> {
        let shown = |path: PathBuf| {
            path.strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string()
        };
        gather(paths, &vault)
            .files
            .into_iter()
            .map(|f| shown(f.unwrap()))
            .collect()
    };
    let found = gather(&[root.to_path_buf()], &vault);
    assert_eq!(found.skipped, 4);
    let everything = names(&[root.to_path_buf()]);
    assert_eq!(everything.len(), 6, "{everything:?}");
    assert_eq!(everything[..2], [".hidden.csv", "[1].csv"]);
    assert!(everything.is_sorted());
    assert_eq!(
        names(&[root.join("b"), root.join("b/2.csv"), "-".into()]),
        ["b/2.csv", "b/deep/1.csv", "-"].map(|n| n.replace('/', std::path::MAIN_SEPARATOR_STR))
    );
    assert_eq!(names(&[root.join("?.csv")])[0], "a.csv");
    assert_eq!(names(&[root.join("[1].csv")]), ["[1].csv"]);
    // what an earlier argument gave is not given again, nor missed
    assert_eq!(
        names(&[root.join("b/deep/1.csv"), root.join("b/deep")]).len(),
        1
    );
    assert_eq!(names(&[root.join("b/deep"), root.join("b/deep")]).len(), 1);
}

#[test]
fn what_nothing_stands_behind_is_said_by_the_name_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("empty/inside")).unwrap();
    fs::write(root.join("empty/Thumbs.db"), "x").unwrap();
    for (name, words) in [
        ("gone.csv", "Check the path"),
        ("*.xlsx.gone", "no file matches"),
        ("a[", "no pattern"),
        ("empty", "holds no file to trace"),
        ("emp*", "no file matches"),
    ] {
        let path = root.join(name);
        let found = gather(std::slice::from_ref(&path), &[]).files;
        let [Err(missing)] = &found[..] else {
            panic!("{found:?}");
        };
        assert!(missing.asked && missing.path == path);
        let said = missing.error.to_string();
        assert!(said.contains(words) && said.contains(name), "{said}");
    }
}

#[test]
fn a_result_that_would_be_a_leak_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::create_dir(root.join("found")).unwrap();
    fs::write(root.join("found/a.csv"), "x").unwrap();
    let takes = |argument: &str, name: &str| {
        let gathered = gather(&[root.join(argument)], &[]);
        gathered.would_take(&root.join(name)).is_some()
    };
    assert!(takes("found", "found/new.json") && takes("found", "found/deep/new.json"));
    assert!(!takes("found", "new.json") && !takes("found", "found.json"));
    assert!(takes("found/*.csv", "found/new.csv") && takes("f*", "found/new.json"));
    assert!(!takes("found/*.csv", "found/new.json"));
    assert!(!takes("found/*.csv", "found/deep/new.csv"));
    assert!(!takes("found/a.csv", "found/new.csv"));
}

#[test]
fn an_archive_as_windows_makes_it() {
    let path = fixture("archives/windows.zip");
    let before = fs::read(&path).unwrap();
    let leaks = all(&path, &Reading::default());
    let shown = path.display().to_string();
    let names: Vec<&str> = leaks
        .iter()
        .map(|(p, _)| p.strip_prefix(&shown).unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "/三月/名单.csv",
            "/三月/照片.png",
            "/内层.zip/../../etc/list.csv"
        ]
    );
    let list = leaks[0].1.as_ref().unwrap();
    assert_eq!(list.contents.tables[0].table.rows(), 12);
    let own = fs::read(fixture("tables/gbk.csv")).unwrap();
    assert_eq!(list.sha256[..], Sha256::digest(own)[..]);
    assert_eq!(list.path, leaks[0].0);
    assert!(sentence(&leaks[1].1).contains("PNG"));
    assert_eq!(
        leaks[2].1.as_ref().unwrap().contents.tables[0].table.rows(),
        12
    );
    assert!(unchanged(&path, &Sha256::digest(before).into()).unwrap());
}

#[test]
fn locks() {
    for name in ["archives/zipcrypto.zip", "archives/aes.zip"] {
        let path = fixture(name);
        let open = all(&path, &with("opensesame"));
        assert_eq!(open.len(), 1);
        assert!(open[0].0.ends_with("/list.csv"));
        assert_eq!(
            open[0].1.as_ref().unwrap().contents.tables[0].table.rows(),
            12
        );
        assert!(sentence(&all(&path, &Reading::default())[0].1).contains("--password-file"));
        for n in 0..40 {
            let wrong = all(&path, &with(&format!("wrong {n}")));
            assert!(
                sentence(&wrong[0].1).contains("does not open it"),
                "{name} {n}"
            );
        }
        // a password where none is needed is no harm
        assert!(
            all(&fixture("archives/windows.zip"), &with("x"))[0]
                .1
                .is_ok()
        );
    }
}

#[test]
fn damage_is_told_and_stops_nothing_else() {
    let list = fs::read(fixture("tables/gbk.csv")).unwrap();
    let mut bytes = zipped(&[
        ("a.csv", &list),
        ("b.csv", b"name,phone\nAnn,13812345678\n"),
    ]);
    // inside the packed bytes of the first
    bytes[60] ^= 0xFF;
    let leaks = from_memory(bytes.clone());
    assert_eq!(leaks.len(), 2);
    assert!(sentence(&leaks[0].1).contains("damaged or cut off"));
    assert!(leaks[1].1.is_ok());
    for length in [10, 100, bytes.len() / 2, bytes.len() - 3] {
        let leaks = from_memory(bytes[..length].to_vec());
        assert!(
            sentence(&leaks[0].1).contains("damaged or cut-off"),
            "{length}"
        );
    }
    assert!(
        sentence(&from_memory(zipped(&[("a/", b""), ("__MACOSX/._x", b"1")]))[0].1)
            .contains("without a file")
    );
}

#[test]
fn nesting_and_bombs_end() {
    let mut nested = b"name,phone\nAnn,13812345678\n".to_vec();
    let mut name = "list.csv".to_string();
    for level in 0..3 {
        nested = zipped(&[(&name, &nested)]);
        name = format!("{level}.zip");
    }
    let leaks = from_memory(nested.clone());
    assert_eq!(leaks[0].0, "x.zip/1.zip/0.zip/list.csv");
    assert!(leaks[0].1.is_ok());
    let leaks = from_memory(zipped(&[("x", &nested)]));
    assert!(sentence(&leaks[0].1).contains("inside 3 others"));

    let zeros = vec![b'0'; 80 << 20];
    let bomb = zipped(&[("a.csv", &zeros), ("b.csv", b"x"), ("c.csv", &zeros)]);
    let leaks = from_memory(bomb);
    assert_eq!(leaks.len(), 1, "nothing is read behind it");
    assert!(sentence(&leaks[0].1).contains("far more than tables do"));
}

#[test]
fn gzip() {
    let list = fs::read(fixture("tables/gbk.csv")).unwrap();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(&list).unwrap();
    let packed = packer.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv.gz");
    fs::write(&path, &packed).unwrap();
    let leaks = all(&path, &Reading::default());
    assert!(leaks[0].0.ends_with("list.csv.gz/list.csv"));
    assert_eq!(
        leaks[0].1.as_ref().unwrap().contents.tables[0].table.rows(),
        12
    );
    let cut = from_memory(packed[..packed.len() / 2].to_vec());
    assert!(sentence(&cut[0].1).contains("cut off"));
}
