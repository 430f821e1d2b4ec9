//! What people get wrong, and what they are told: one clear sentence, a next step, and everything as it was before.

mod support;

use support::{Desk, mothers, mothers_csv, read};
use taggant::table::Table;

const TO_A: [&str; 5] = ["list.csv", "--to", "A", "--out", "copies"];

/// `taggant issue list.csv --to A --out copies` on this content.
#[track_caller]
fn refused(content: impl AsRef<[u8]>, words: &[&str]) {
    let desk = Desk::new();
    desk.put("list.csv", content);
    issue_refused(&desk, words);
}

#[track_caller]
fn issue_refused(desk: &Desk, words: &[&str]) {
    let arguments: Vec<&str> = ["issue"].into_iter().chain(TO_A).collect();
    desk.refuses(2, &arguments, words);
}

/// A desk with a register of 60 mothers.
fn ready() -> Desk {
    let desk = Desk::new();
    desk.put("list.csv", mothers_csv(60));
    desk
}

#[track_caller]
fn refused_with(arguments: &[&str], words: &[&str]) {
    let all: Vec<&str> = ["issue", "list.csv"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    ready().refuses(2, &all, words);
}

// ---- tables that are none

#[test]
fn an_empty_file() {
    refused("", &["`list.csv` is empty", "Give a CSV"]);
}

#[test]
fn nothing_but_white_space() {
    refused(
        "\r\n \r\n\t\r\n",
        &["`list.csv`", "white space", "Give a CSV"],
    );
}

#[test]
fn a_header_and_no_rows() {
    refused("姓名,电话,预产期\n", &["`list.csv`", "header and no rows"]);
}

#[test]
fn rows_and_no_header() {
    refused(
        "王小丽,13812345678,2024-09-01\n李娜,13912345678,2024-08-11\n赵敏,13712345678,2024-08-12\n",
        &["`list.csv`", "no header", "columns' names"],
    );
}

#[test]
fn a_single_row() {
    refused(
        "姓名,电话,预产期\n王小丽,13812345678,2024-09-01\n",
        &["`list.csv`", "single row"],
    );
}

#[test]
fn a_ragged_row_is_named_by_its_number_in_the_file() {
    refused(
        "姓名,电话,预产期\n王小丽,13812345678,2024-09-01\n李娜,13912345678,2024-08-11\n赵敏,13712345678,2024-08-12,x\n",
        &["`list.csv` row 4", "4 cells", "header has 3", "Mend"],
    );
    refused(
        "孕产妇登记表,,\n\n姓名,电话,预产期\n王小丽,13812345678,2024-09-01\n李娜,13912345678\n",
        &["`list.csv` row 5", "2 cells", "header has 3", "Mend"],
    );
}

#[test]
fn a_quote_that_never_closes_swallows_no_rows() {
    let mut text = String::from("姓名,电话,预产期,备注\n");
    for n in 0..60 {
        let quote = if n == 30 { "\"" } else { "" };
        text.push_str(&format!(
            "王小{n},138123456{n:02},2024-09-{:02},{quote}复查\n",
            n % 28 + 1
        ));
    }
    let desk = Desk::new();
    desk.put("list.csv", text);
    desk.issue("list.csv", &["A"], &["--canaries", "0"]).well();
    let copy = String::from_utf8(desk.bytes("copies/list - A.csv")).unwrap();
    assert_eq!(copy.lines().count(), 61);
    assert_eq!(copy.matches('"').count(), 1);
}

#[test]
fn the_same_header_twice() {
    refused(
        "姓名,电话,电话\n王小丽,13812345678,13812345670\n李娜,13912345678,13912345670\n",
        &["`list.csv`", "`电话`", "columns 2 and 3", "own name"],
    );
}

#[test]
fn headers_without_names() {
    refused(
        "姓名,电话,预产期,,\n王小丽,13812345678,2024-09-01,x,y\n李娜,13912345678,2024-08-11,z,w\n",
        &["`list.csv`", "without a name", "column 5"],
    );
}

#[test]
fn a_folder_instead_of_a_table() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("list.csv")).unwrap();
    issue_refused(&desk, &["`list.csv` is a folder", "Give the file"]);
    desk.refuses(
        2,
        &["inspect", "list.csv"],
        &["`list.csv` is a folder", "Give the file"],
    );
}

#[test]
fn no_such_file() {
    let desk = Desk::new();
    issue_refused(&desk, &["`list.csv`", "Check the path"]);
    desk.refuses(
        2,
        &["inspect", "list.csv"],
        &["`list.csv`", "Check the path"],
    );
}

#[test]
fn an_image_named_csv() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
    refused(png, &["`list.csv` holds a PNG image", "Save the table"]);
}

#[test]
fn binary_rubbish_named_csv() {
    let rubbish: Vec<u8> = (0..4_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    refused(rubbish, &["`list.csv`", "Save"]);
}

#[test]
fn a_workbook_cut_in_half() {
    let whole = workbook(&mothers(60));
    refused(
        &whole[..whole.len() / 2],
        &["`list.csv`", "damaged", "again"],
    );
}

#[test]
fn a_zip_that_is_no_workbook() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("inner.csv", zip::write::SimpleFileOptions::default())
        .unwrap();
    std::io::Write::write_all(&mut zip, &mothers_csv(60)).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    refused(bytes, &["`list.csv` is a zip archive", "Unpack"]);
}

#[test]
fn an_old_workbook() {
    refused(
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0\0\0\0\0\0\0",
        &[
            "`list.csv`",
            "old or password-protected",
            "save it as .xlsx",
        ],
    );
}

#[test]
fn inspect_says_the_same_of_tables_that_are_none() {
    for (content, word) in [
        (&b""[..], "is empty"),
        ("姓名,电话\n".as_bytes(), "header"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
        (b"a,b\n1,2\n3,4,5\n", "row 3"),
        (b"a,a\nx1,2\nx2,4\n", "`a`"),
    ] {
        let desk = Desk::new();
        desk.put("list.csv", content);
        desk.refuses(2, &["inspect", "list.csv"], &["`list.csv`", word]);
    }
}

// ---- files that are not what their names say, and simply work

#[test]
fn a_csv_named_xlsx_is_issued_as_the_csv_it_is() {
    let desk = Desk::new();
    desk.put("list.xlsx", mothers_csv(60));
    desk.issue("list.xlsx", &["A"], &[]).well();
    assert!(read(&desk.path("copies/list - A.csv")).table.rows() >= 40);
}

#[test]
fn a_workbook_named_csv_is_issued_as_the_workbook_it_is() {
    let desk = Desk::new();
    desk.put("list.csv", workbook(&mothers(60)));
    desk.issue("list.csv", &["A"], &[]).well();
    assert!(desk.bytes("copies/list - A.xlsx").starts_with(b"PK"));
}

// ---- vaults

#[test]
fn no_vault_anywhere() {
    let desk = Desk::bare();
    desk.put("list.csv", mothers_csv(60));
    issue_refused(&desk, &["there is no vault", "taggant init", "--vault"]);
    desk.refuses(
        2,
        &["trace", "list.csv"],
        &["there is no vault", "taggant init"],
    );
    desk.refuses(
        2,
        &["ledger", "list"],
        &["there is no vault", "taggant init"],
    );
    desk.refuses(
        2,
        &["--vault", "elsewhere", "ledger", "list"],
        &["no vault at `elsewhere`", "taggant init"],
    );
}

#[test]
fn a_vault_where_one_is() {
    Desk::new().refuses(
        2,
        &["init"],
        &["there is a vault in `.taggant` already", "another folder"],
    );
}

#[test]
fn a_vault_in_a_files_place() {
    let desk = Desk::bare();
    desk.put("vault", "I was here first");
    desk.refuses(2, &["init", "--vault", "vault"], &["`vault`"]);
    desk.refuses(2, &["init", "--vault", "vault/below"], &["`vault"]);
}

#[test]
fn a_vault_that_never_issued_traces_nothing() {
    ready().refuses(
        2,
        &["trace", "list.csv"],
        &[".taggant`", "issued nothing", "--vault"],
    );
}

#[test]
fn the_vault_of_somebody_else_finds_nothing() {
    let desk = ready();
    desk.issue("list.csv", &["A"], &[]).well();
    desk.run(["init", "--vault", "other"]).well();
    desk.put(
        "strangers.csv",
        support::sheet(&taggant::drill::registers::patients(80, 3)),
    );
    desk.run([
        "--vault",
        "other",
        "issue",
        "strangers.csv",
        "--to",
        "B",
        "--out",
        "theirs",
    ])
    .well();
    let ran = desk.run(["--vault", "other", "trace", "copies/list - A.csv"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.starts_with("UNRELATED"), "{ran:?}");
}

#[test]
fn a_key_of_another_vault_is_an_integrity_failure() {
    let desk = ready();
    desk.issue("list.csv", &["A"], &[]).well();
    desk.run(["init", "--vault", "other"]).well();
    let key = ["--key-file", "other/master.key"];
    for command in [
        &["trace", "copies/list - A.csv"][..],
        &["ledger", "list"],
        &["ledger", "verify"],
        &["issue", "list.csv", "--to", "B", "--out", "copies"],
    ] {
        let all: Vec<&str> = key.iter().chain(command).copied().collect();
        desk.refuses(3, &all, &["key"]);
    }
}

#[test]
fn a_key_that_is_none_or_missing() {
    let desk = ready();
    desk.put("short.key", "0123456789abcdef\n");
    desk.put("zero.key", "0".repeat(64));
    desk.refuses(
        2,
        &["--key-file", "short.key", "ledger", "list"],
        &["`short.key` is not a master key", "backup"],
    );
    desk.refuses(3, &["--key-file", "zero.key", "ledger", "list"], &["key"]);
    desk.refuses(
        2,
        &["--key-file", "gone.key", "ledger", "list"],
        &["no master key at `gone.key`"],
    );
    desk.refuses(
        2,
        &["--key-file", ".taggant", "ledger", "list"],
        &["`.taggant`"],
    );
}

#[test]
fn a_ledger_that_is_gone_cut_or_no_ledger() {
    let desk = ready();
    desk.issue("list.csv", &["A"], &[]).well();
    let whole = desk.bytes(".taggant/ledger.sqlite");
    desk.put(".taggant/ledger.sqlite", &whole[..whole.len() / 2]);
    desk.refuses(3, &["ledger", "verify"], &["ledger.sqlite"]);
    desk.put(".taggant/ledger.sqlite", "not a ledger at all");
    desk.refuses(3, &["ledger", "list"], &["ledger.sqlite", "backup"]);
    desk.put(".taggant/ledger.sqlite", "");
    desk.refuses(3, &["ledger", "list"], &["ledger.sqlite", "backup"]);
    std::fs::remove_file(desk.path(".taggant/ledger.sqlite")).unwrap();
    desk.refuses(3, &["ledger", "list"], &["ledger.sqlite", "backup"]);
}

#[test]
fn an_entry_that_was_rewritten_shows() {
    let desk = ready();
    desk.issue("list.csv", &["A", "B"], &[]).well();
    let mut bytes = desk.bytes(".taggant/ledger.sqlite");
    let name = b"list - A.csv";
    let mut hits = 0;
    for at in 0..bytes.len() - name.len() {
        if &bytes[at..at + name.len()] == name {
            bytes[at + 7] = b'C';
            hits += 1;
        }
    }
    assert!(hits > 0, "the file's name stands in the ledger");
    desk.put(".taggant/ledger.sqlite", &bytes);
    desk.refuses(3, &["ledger", "verify"], &["x-"]);
}

#[test]
fn an_id_that_the_ledger_does_not_know() {
    ready().refuses(
        2,
        &["ledger", "show", "x-00000000"],
        &["`x-00000000`", "taggant ledger list"],
    );
}

// ---- where copies go

#[test]
fn a_file_in_the_out_folders_place() {
    let desk = ready();
    desk.put("copies", "a file");
    issue_refused(&desk, &["`copies` is a file", "--out"]);
}

#[test]
fn a_file_above_the_out_folder() {
    let desk = ready();
    desk.put("copies", "a file");
    desk.refuses(
        2,
        &["issue", "list.csv", "--to", "A", "--out", "copies/march"],
        &["`copies` is a file", "--out"],
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_where_nobody_can_write() {
    refused_with(
        &["--to", "A", "--out", "/proc/copies"],
        &["`/proc", "Check the path"],
    );
}

#[test]
fn a_folder_in_a_copys_place() {
    let desk = ready();
    std::fs::create_dir_all(desk.path("copies/list - A.csv")).unwrap();
    issue_refused(&desk, &["list - A.csv", "is a folder", "--out"]);
}

#[test]
fn a_copy_that_is_there() {
    let desk = ready();
    desk.issue("list.csv", &["A"], &[]).well();
    // somebody opened and saved it
    desk.put("copies/list - A.csv", "another file");
    issue_refused(&desk, &["list - A.csv", "is there already", "--force"]);
    desk.issue("list.csv", &["A"], &["--force"]).well();
}

#[test]
fn a_result_that_has_nowhere_to_go() {
    refused_with(
        &["--to", "A", "--out", "copies", "-o", "gone/result.txt"],
        &["`gone/result.txt`", "Check the path"],
    );
}

#[test]
fn an_inspection_that_has_nowhere_to_go() {
    ready().refuses(
        2,
        &[
            "inspect",
            "list.csv",
            "--write-policy",
            "p.toml",
            "-o",
            "gone/result.txt",
        ],
        &["`gone/result.txt`", "Check the path"],
    );
}

#[test]
fn a_copy_over_its_own_source() {
    let desk = Desk::new();
    desk.put("list - A.csv", mothers_csv(60));
    desk.put("list.csv", mothers_csv(60));
    desk.refuses(
        2,
        &["issue", "list.csv", "--to", "A", "--out", "."],
        &["list - A.csv", "is there already"],
    );
}

// ---- recipients

#[test]
fn a_recipient_named_twice() {
    refused_with(
        &["--to", "A", "--to", "A", "--out", "copies"],
        &["`A` is named twice", "once"],
    );
    refused_with(
        &["--to", "Ward", "--to", "ward", "--out", "copies"],
        &["`ward` is named twice", "capitals"],
    );
    let desk = ready();
    desk.put("who.txt", "市一医院\n市二医院\n市一医院\n");
    desk.refuses(
        2,
        &[
            "issue",
            "list.csv",
            "--recipients",
            "who.txt",
            "--out",
            "copies",
        ],
        &["`市一医院` is named twice"],
    );
}

#[test]
fn names_that_are_none() {
    for (name, word) in [
        ("", "blank"),
        ("  ", "blank"),
        ("a/b", "`/`"),
        ("a\\b", "`\\\\`"),
        ("a:b", "`:`"),
        ("a\tb", "`\\t`"),
        ("a\nb", "`\\n`"),
        ("a\u{7}b", "`\\u{7}`"),
        ("..", "full stop"),
        (" A", "space"),
    ] {
        refused_with(
            &["--to", name, "--out", "copies"],
            &["recipient", word, "plain name"],
        );
    }
    refused_with(
        &["--to", &"长".repeat(90), "--out", "copies"],
        &["too long"],
    );
}

#[test]
fn a_list_of_recipients_that_is_none() {
    let desk = ready();
    desk.put("empty.txt", "\n \n");
    desk.put("header.csv", "name,town\n");
    desk.put("gbk.txt", b"\xca\xd0\xd2\xbb\xd2\xbd\xd4\xba\n");
    desk.put("slash.txt", "Ward 1\nWard 2/3\n");
    let with = |list: &'static str| ["issue", "list.csv", "--recipients", list, "--out", "copies"];
    desk.refuses(
        2,
        &with("empty.txt"),
        &["`empty.txt`", "names no recipient", "one name a line"],
    );
    desk.refuses(
        2,
        &with("header.csv"),
        &["`header.csv`", "names no recipient"],
    );
    desk.refuses(2, &with("gbk.txt"), &["`gbk.txt` is not UTF-8", "Save"]);
    desk.refuses(2, &with("slash.txt"), &["`Ward 2/3`", "`/`"]);
    desk.refuses(2, &with("gone.txt"), &["`gone.txt`", "Check the path"]);
    desk.refuses(2, &with("."), &["is a folder"]);
}

// ---- tables that cannot be told apart

/// 20 people: names and telephones, nothing else.
fn people(rows: usize) -> String {
    let mut text = String::from("姓名,电话\n");
    for n in 0..rows {
        text.push_str(&format!(
            "王小{},138{:08}\n",
            "丽娜敏芳华".chars().nth(n % 5).unwrap(),
            n * 7_919 + 12_345
        ));
    }
    text
}

#[test]
fn nothing_to_alter_and_no_canaries() {
    refused(
        people(20),
        &["`list.csv`", "nothing that may be altered", "--canaries N"],
    );
    let desk = Desk::new();
    desk.put("list.csv", people(20));
    desk.issue("list.csv", &["A"], &["--canaries", "2"]).well();
    assert_eq!(read(&desk.path("copies/list - A.csv")).table.rows(), 22);
}

/// With nothing to alter, canaries alone tell copies apart, and every copy needs one.
#[test]
fn no_copy_is_the_source_itself() {
    let desk = Desk::new();
    desk.put("list.csv", people(60));
    let names: Vec<String> = (1..=12).map(|n| format!("Ward {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    desk.issue("list.csv", &names, &[]).well();
    for name in names {
        let file = format!("copies/list - {name}.csv");
        assert_ne!(
            desk.bytes(&file),
            desk.bytes("list.csv"),
            "{file} is nobody's"
        );
    }
}

#[test]
fn nothing_that_identifies_a_record() {
    let mut text = String::from("区,日期,平均体重\n");
    for n in 0..80 {
        text.push_str(&format!(
            "{}区,2024-03-{:02},{}.5\n",
            ["东", "西", "南"][n % 3],
            n % 28 + 1,
            50 + n % 9
        ));
    }
    refused(
        text,
        &[
            "`list.csv` has no column that identifies a record",
            "role = \"identifier\"",
        ],
    );
}

#[test]
fn more_canaries_than_records() {
    let desk = ready();
    let ran = desk.issue("list.csv", &["A"], &["--canaries", "100000"]);
    assert_ne!(ran.code, Some(101), "{ran:?}");
    desk.run(["ledger", "verify"]).well();
}

#[test]
fn a_copy_that_comes_back() {
    let desk = ready();
    desk.issue("list.csv", &["A"], &[]).well();
    std::fs::rename(desk.path("copies/list - A.csv"), desk.path("april.csv")).unwrap();
    desk.refuses(
        2,
        &["issue", "april.csv", "--to", "B", "--out", "copies"],
        &["`april.csv`", "issued to A", "--derived"],
    );
    desk.refuses(
        2,
        &[
            "issue",
            "list.csv",
            "--to",
            "B",
            "--out",
            "copies",
            "--derived",
        ],
        &["`list.csv` is no copy", "Leave `--derived` out"],
    );
}

// ---- policies

/// The policy that `inspect` writes, with one change.
#[track_caller]
fn policy_refused(change: impl Fn(String) -> String, words: &[&str]) {
    let desk = ready();
    desk.run(["inspect", "list.csv", "--write-policy", "p.toml"])
        .well();
    let text = String::from_utf8(desk.bytes("p.toml")).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed, "nothing was changed");
    desk.put("p.toml", changed);
    for command in [
        &[
            "issue", "list.csv", "--policy", "p.toml", "--to", "A", "--out", "copies",
        ][..],
        &["inspect", "list.csv", "--policy", "p.toml"],
    ] {
        desk.refuses(2, command, words);
    }
}

#[test]
fn an_unknown_key_in_a_policy() {
    policy_refused(
        |t| t.replacen("role = ", "rolle = ", 1),
        &["`p.toml` line", "`rolle`", "Did you mean `role`?"],
    );
    policy_refused(
        |t| t.replacen("rate = ", "rat = ", 1),
        &["`p.toml` line", "`rat`", "Did you mean `rate`?"],
    );
    policy_refused(
        |t| t.replacen("\"carrier\"", "\"carier\"", 1),
        &["`p.toml` line", "`carier`", "Did you mean `carrier`?"],
    );
    policy_refused(
        |t| t.replacen("[[column]]", "[[colum]]", 1),
        &["`p.toml` line", "`colum`", "Did you mean `column`?"],
    );
}

#[test]
fn a_policy_that_names_an_unknown_column() {
    policy_refused(
        |t| t.replacen("name = \"孕前体重\"", "name = \"孕前体中\"", 1),
        &["孕前体中", "孕前体重"],
    );
}

#[test]
fn a_rule_that_names_an_unknown_column() {
    policy_refused(
        |t| t.replacen("from = \"末次月经\"", "from = \"末次月径\"", 1),
        &["`p.toml`", "`末次月径`", "Did you mean `末次月经`?"],
    );
}

#[test]
fn a_policy_that_is_no_toml_or_not_there() {
    policy_refused(|t| t.replacen('=', ":", 1), &["`p.toml` line"]);
    policy_refused(|_| String::new(), &["`p.toml`"]);
    let desk = ready();
    desk.refuses(
        2,
        &[
            "issue",
            "list.csv",
            "--policy",
            "gone.toml",
            "--to",
            "A",
            "--out",
            "copies",
        ],
        &["`gone.toml`", "Check the path"],
    );
}

#[test]
fn a_policy_that_makes_an_identifier_a_carrier() {
    policy_refused(
        |t| {
            let at = t.find("name = \"身份证号\"").unwrap();
            let (before, after) = t.split_at(at);
            format!("{before}{}", after.replacen("identifier", "carrier", 1))
        },
        &["`p.toml`", "`身份证号`", "never altered"],
    );
}

#[test]
fn a_rate_out_of_range() {
    policy_refused(
        |t| t.replacen("rate = 0.005", "rate = 5.0", 1),
        &["`p.toml`", "between 0 and 0.5"],
    );
}

#[test]
fn another_policy_for_a_register_that_is_frozen() {
    let desk = ready();
    desk.run(["inspect", "list.csv", "--write-policy", "p.toml"])
        .well();
    desk.issue("list.csv", &["A"], &[]).well();
    let text = String::from_utf8(desk.bytes("p.toml")).unwrap();
    desk.put("p.toml", text.replacen("rate = 0.005", "rate = 0.01", 1));
    desk.refuses(
        2,
        &[
            "issue", "list.csv", "--policy", "p.toml", "--to", "B", "--out", "copies",
        ],
        &["register `list` froze its policy", "--policy", "--register"],
    );
}

#[test]
fn a_policy_file_that_is_there_already() {
    let desk = ready();
    desk.put("p.toml", "mine");
    desk.refuses(
        2,
        &["inspect", "list.csv", "--write-policy", "p.toml"],
        &["`p.toml` is there already"],
    );
}

// ---- leaks

#[test]
fn leaks_that_are_none() {
    let desk = ready();
    desk.issue("list.csv", &["A"], &[]).well();
    desk.put("empty.csv", "");
    desk.put("image.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    std::fs::create_dir(desk.path("folder")).unwrap();
    desk.refuses(2, &["trace", "empty.csv"], &["`empty.csv` is empty"]);
    desk.refuses(
        2,
        &["trace", "image.csv"],
        &["`image.csv` holds a PNG image"],
    );
    desk.refuses(
        2,
        &["trace", "folder"],
        &["`folder` holds no file to trace", "Check the path"],
    );
    desk.refuses(2, &["trace", "gone.csv"], &["`gone.csv`", "Check the path"]);
    desk.refuses(2, &["trace", "-"], &["is empty"]);
    for alpha in ["0", "-1", "2", "nan", "inf"] {
        desk.refuses(
            2,
            &["trace", &format!("--alpha={alpha}"), "copies/list - A.csv"],
            &["alpha"],
        );
    }
}

#[test]
fn a_trace_whose_result_has_nowhere_to_go_is_not_counted() {
    let desk = ready();
    desk.issue("list.csv", &["A"], &[]).well();
    desk.refuses(
        2,
        &["trace", "copies/list - A.csv", "-o", "gone/result.json"],
        &["`gone/result.json`", "Check the path"],
    );
}

// ---- what spreadsheets would run

const DANGEROUS: [&str; 8] = [
    "=1+1",
    "=HYPERLINK(\"http://example.com\",\"x\")",
    "+8613812345678",
    "-5",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "'=1+1",
    "\t=1+1",
];

/// The mothers with a column of notes that begin as formulas do.
fn with_dangerous_notes() -> Table {
    let plain = mothers(60);
    let mut header = plain.header().to_vec();
    header.push("备注".into());
    let mut table = Table::new(header, plain.width() + 1);
    for row in 0..plain.rows() {
        table.push(plain.row(row).chain([DANGEROUS[row % DANGEROUS.len()]]));
    }
    table
}

fn workbook(table: &Table) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in table.header().iter().enumerate() {
        sheet.write_string(0, column as u16, name).unwrap();
    }
    for row in 0..table.rows() {
        for (column, cell) in table.row(row).enumerate() {
            sheet
                .write_string(row as u32 + 1, column as u16, cell)
                .unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[track_caller]
fn notes_are_carried(source: &Table, copy: &Table) {
    let note = support::column(source, "备注");
    let id = support::column(source, "身份证号");
    let mut seen = 0;
    for row in 0..copy.rows() {
        let same = (0..source.rows()).find(|r| source.cell(*r, id) == copy.cell(row, id));
        if let Some(same) = same.filter(|r| !source.cell(*r, id).is_empty()) {
            assert_eq!(copy.cell(row, note), source.cell(same, note));
            seen += 1;
        }
    }
    assert!(
        seen * 10 >= source.rows() * 9,
        "{seen} of {}",
        source.rows()
    );
}

#[test]
fn what_looks_like_a_formula_stays_text_in_csv() {
    let desk = Desk::new();
    let table = with_dangerous_notes();
    desk.put("list.csv", support::sheet(&table));
    desk.issue("list.csv", &["A"], &[]).well();
    notes_are_carried(&table, &read(&desk.path("copies/list - A.csv")).table);
}

#[test]
fn what_looks_like_a_formula_stays_text_in_a_workbook() {
    let desk = Desk::new();
    let table = with_dangerous_notes();
    desk.put("list.xlsx", workbook(&table));
    desk.issue("list.xlsx", &["A"], &[]).well();
    notes_are_carried(&table, &read(&desk.path("copies/list - A.xlsx")).table);
    let bytes = desk.bytes("copies/list - A.xlsx");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut xml = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut xml).unwrap();
        let xml = String::from_utf8_lossy(&xml);
        assert!(!xml.contains("<f>") && !xml.contains("<f "), "{}", name);
        assert!(!xml.contains("<hyperlink"), "{}", name);
    }
}

// ---- options

#[test]
fn a_result_never_takes_the_place_of_what_is_no_file() {
    let desk = ready();
    desk.put("real.json", "{}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("real.json", desk.path("link.json")).unwrap();
        desk.run(["inspect", "list.csv", "--format", "json", "-o", "link.json"]);
        let about = std::fs::symlink_metadata(desk.path("link.json")).unwrap();
        assert!(
            about.is_symlink(),
            "a link (think of /dev/stdout, /dev/null) was replaced by a file"
        );
    }
}
