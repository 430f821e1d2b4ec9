//! What opening and copying a large file takes.

use super::*;

/// Not a test of right or wrong: prints what opening and copying a large file takes. Run it with `--release --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let mut text = String::from("序号,姓名,手机号,身份证号,预产期,体重,住址,医院,孕周,备注\r\n");
    for n in 0..40_000u32 {
        let (a, b) = (n % 97, n % 28 + 1);
        text.push_str(&format!(
            "{n},王小丽{a},138{n:08},3101011990{b:02}{b:02}{:04},2024-09-{b:02},{}.5,浦东新区花木路{a}弄{b}号{n}室,第{a}人民医院,{b},正常\r\n",
            n % 9999,
            40 + b
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    let time = |what: &str, job: &mut dyn FnMut()| {
        let mut best = f64::MAX;
        for _ in 0..7 {
            let start = std::time::Instant::now();
            job();
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!("{what}: {:.1} ms", best * 1e3);
    };
    let limits = Limits::default();
    println!("{} bytes", text.len());
    let (gbk, _, _) = encoding_rs::GB18030.encode(&text);
    time("open csv", &mut || {
        drop(from_bytes("x", text.clone().into_bytes(), &limits).unwrap())
    });
    time("open gbk", &mut || {
        drop(from_bytes("x", gbk.to_vec(), &limits).unwrap())
    });
    let source = one(text.clone());
    let mut edits = keep_all(&source);
    time("copy csv", &mut || rewrite(&source, &edits, &path).unwrap());
    let numbers: Vec<String> = (0..40_000).map(|n| n.to_string()).collect();
    for (row, number) in numbers.iter().enumerate() {
        edits.replaced.push(put(row as u32, 0, number));
        if row % 2 == 0 {
            edits.replaced.push(put(row as u32, 4, "2024-09-09"));
        }
    }
    for n in 0..40 {
        edits.lines.insert(n * 900, Line::Inserted(n as u32));
        edits
            .inserted
            .push(source.table.row(n).map(str::to_string).collect());
    }
    time("edit csv, 60,000 cells", &mut || {
        rewrite(&source, &edits, &path).unwrap()
    });
    let gbk = one(gbk.to_vec());
    time("edit gbk", &mut || rewrite(&gbk, &edits, &path).unwrap());
    let book = workbooks::typed_book(&source.table);
    println!("xlsx {} bytes", book.len());
    time("open xlsx", &mut || {
        drop(from_bytes("x", book.clone(), &limits).unwrap())
    });
    let sheet = one(book);
    time("edit xlsx", &mut || rewrite(&sheet, &edits, &path).unwrap());
}
