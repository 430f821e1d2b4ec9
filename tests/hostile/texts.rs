//! Texts that are no tables, or more of one than anybody can hold.

use super::{Hostile, odd, refused};

fn utf16(units: &[u16]) -> Vec<u8> {
    let bytes = units.iter().flat_map(|unit| unit.to_le_bytes());
    [0xFF, 0xFE].into_iter().chain(bytes).collect()
}

fn xml2003(rows: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"a\"><Table>{rows}</Table></Worksheet></Workbook>").into_bytes()
}

pub fn files() -> Vec<Hostile> {
    let mut files = vec![
        refused("empty.csv", Vec::new(), &["is empty"]),
        refused("white.csv", b"\n \r\n,,\n".to_vec(), &[]),
        refused("nulls.csv", vec![0; 1 << 20], &[]),
        odd("null-inside.csv", b"id,name\n1,\0\n".to_vec()),
        odd("surrogate-alone.csv", utf16(&[0x61, 0x2C, 0x62, 0x0A, 0xD800, 0x2C, 0x62, 0x0A])),
        refused("surrogates-turned.csv", utf16(&[0x61, 0x2C, 0x62, 0x0A, 0xDC00, 0xD800, 0x0A]), &["UTF-16"]),
        odd("half-a-character.csv", [&utf16(&[0x61, 0x2C, 0x62, 0x0A])[..], &[0x61]].concat()),
        odd("columns-million.csv", [",a".repeat(1_000_000).as_bytes(), b"\n1\n"].concat()),
        odd("line-endless.csv", vec![b'a'; 64 << 20]),
        odd("quote-endless.csv", [b"a,b\n1,\"".to_vec(), vec![b'x'; 16 << 20]].concat()),
        odd("lines-million.csv", b"\n".repeat(5_000_000)),
        odd("wide-then-short.csv", [",b".repeat(16_000).as_bytes(), b"\n", &b"1\n".repeat(200_000)].concat()),
        odd("arrays-deep.json", b"[".repeat(5_000_000)),
        odd("objects-deep.json", b"{\"a\":".repeat(1_000_000)),
        odd("keys-many.json", {
            let keys: Vec<String> = (0..300_000).map(|n| format!("\"k{n}\":{n}")).collect();
            format!("[{{{}}}]", keys.join(",")).into_bytes()
        }),
        odd("surrogate.json", br#"[{"a":"\ud800","b":1},{"a":"\udc00\ud800","b":2}]"#.to_vec()),
        odd("tables-deep.html", b"<table><tr><td>".repeat(300_000)),
        odd("tags-deep.html", [&b"<html>"[..], &b"<b>".repeat(2_000_000)].concat()),
        odd("spans.html", b"<table><tr><td colspan=4000000000 rowspan=4000000000>a</td></tr><tr><td>b</td></tr></table>".to_vec()),
        odd("tag-endless.html", [&b"<table><tr><td "[..], &vec![b'a'; 16 << 20]].concat()),
        refused("deep.xml", xml2003(&"<Row>".repeat(1_000_000)), &["nested too deep"]),
        refused("index.xml", xml2003("<Row ss:Index=\"4294967295\"><Cell ss:Index=\"4294967295\"><Data ss:Type=\"String\">a</Data></Cell></Row>"), &["outside of what a sheet can hold"]),
        refused("breaks-off.xml", xml2003("<Row><Cell><Data>a")[..180].to_vec(), &[]),
        refused("entity.xml", xml2003("<Row><Cell><Data ss:Type=\"String\">&boom;</Data></Cell></Row>"), &["entity of its own making"]),
        odd("merged-all.xml", xml2003("<Row><Cell ss:MergeAcross=\"4294967295\" ss:MergeDown=\"4294967295\"><Data ss:Type=\"String\">a</Data></Cell></Row>")),
        odd("utf16-declared.xml", b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"/>".to_vec()),
    ];
    for (name, magic, words) in [
        ("a.pdf", &b"%PDF-1.7\n"[..], &["a PDF document"][..]),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0", &["a PNG image"]),
        ("a.rar", b"Rar!\x1A\x07\0", &["a RAR archive"]),
        ("a.7z", b"7z\xBC\xAF\x27\x1C", &["a 7z archive"]),
        ("a.rtf", b"{\\rtf1", &["a rich text document"]),
        ("a.db", b"SQLite format 3\0", &["an SQLite database"]),
        (
            "a.xml",
            b"<?xml version=\"1.0\"?><a/>",
            &["an XML document"],
        ),
    ] {
        files.push(refused(name, magic.to_vec(), words));
    }
    files
}
