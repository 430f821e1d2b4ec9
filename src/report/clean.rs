//! What cleaning a returned copy found, for people, as JSON, and the list of changes as CSV or JSON. Only the list of changes holds
//! values: the rest is counts and columns, and may be filed or logged.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::clean::{Change, Found, Numbering, RowOrder, Sign};

/// The schema of the JSON form.
pub const SCHEMA: &str = "taggant.clean/1";

/// A table that was cleaned, under its sheet where several of one file were.
pub type Cleaned<'f> = (Option<&'f str>, &'f Found);

/// Where the cleaned file went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written<'p> {
    /// The file, if there is one.
    pub output: Option<&'p str>,
    /// Its SHA-256.
    pub sha256: Option<&'p str>,
    /// Whether it is the source, byte for byte.
    pub exact: bool,
}

/// For people.
pub fn human(tables: &[Cleaned<'_>], written: Written<'_>) -> String {
    let mut out = String::new();
    for (sheet, found) in tables {
        if let Some(sheet) = sheet {
            writeln!(out, "SHEET     `{sheet}`").ok();
        }
        write_human(found, &mut out).ok();
    }
    if written.exact {
        out.push_str("EXACT     the cleaned file is the source, byte for byte\n");
    }
    match written.output {
        Some(path) => writeln!(out, "cleaned   {path}").ok(),
        None => writeln!(out, "Nothing was written: name a file with `-o`.").ok(),
    };
    out
}

fn write_human(found: &Found, out: &mut String) -> std::fmt::Result {
    let how = match found.sign {
        Sign::SameFile => "it is that very file".to_string(),
        Sign::Canaries(1) => "it holds a canary of that copy".to_string(),
        Sign::Canaries(n) => format!("it holds {} canaries of that copy", n),
        Sign::Marks => "it carries that copy's marks".to_string(),
        Sign::Told => "as you said".to_string(),
    };
    writeln!(
        out,
        "RETURNED  export {} of `{}` to {} ({how})",
        found.export, found.table, found.recipient
    )?;
    writeln!(
        out,
        "removed   {} made-up record{}",
        found.canaries_removed,
        plural(found.canaries_removed)
    )?;
    writeln!(
        out,
        "restored  {} altered cell{}{}{}",
        found.restored,
        plural(found.restored),
        match found.order {
            RowOrder::Source => "; rows stand in the source's order",
            RowOrder::Returned =>
                "; rows stay as the partner sorted them (`--source-order` puts them back)",
        },
        match found.numbering {
            Numbering::None => "",
            Numbering::Source => ", with its numbers",
            Numbering::Anew => ", numbered again",
            Numbering::Left => "; some numbers of rows are the partner's own and stay",
        }
    )?;
    let (cells, added, deleted) = found.counts();
    match (cells, added, deleted) {
        (0, 0, 0) => writeln!(out, "CHANGES   none by the partner")?,
        _ => {
            writeln!(
                out,
                "CHANGES   {} cell{} changed, {} row{} added, {} row{} deleted",
                cells,
                plural(cells),
                added,
                plural(added),
                deleted,
                plural(deleted)
            )?;
            let columns = found.changed_columns();
            if !columns.is_empty() {
                writeln!(out, "          changed: {}", by_column(&columns))?;
            }
        }
    }
    if found.set_back > 0 {
        writeln!(
            out,
            "          {} altered cell{} had been corrected to what the source says, which is no change",
            found.set_back,
            plural(found.set_back)
        )?;
    }
    write_unknown(found, out)?;
    for note in &found.notes {
        writeln!(out, "note      {note}")?;
    }
    Ok(())
}

fn write_unknown(found: &Found, out: &mut String) -> std::fmt::Result {
    if !found.doubtful.is_empty() {
        writeln!(
            out,
            "DOUBTFUL  a mark may still be in {}{}",
            by_column(&borrowed(&found.doubtful)),
            cure(found)
        )?;
    }
    if !found.unseen.is_empty() {
        writeln!(
            out,
            "UNSEEN    the ledger cannot tell whether these were changed: {}{}",
            by_column(&borrowed(&found.unseen)),
            cure(found)
        )?;
    }
    Ok(())
}

fn cure(found: &Found) -> &'static str {
    match found.with_original {
        true => "",
        false => " (`--original SOURCE` settles that)",
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn borrowed(columns: &[(String, usize)]) -> Vec<(&str, usize)> {
    columns.iter().map(|(c, n)| (c.as_str(), *n)).collect()
}

fn by_column(columns: &[(&str, usize)]) -> String {
    let named: Vec<String> = columns
        .iter()
        .map(|(column, count)| format!("{column} {}", count))
        .collect();
    named.join(", ")
}

/// As JSON: counts and columns, no values. Of one table all in one object, of several a list of such objects.
pub fn json(tables: &[Cleaned<'_>], written: Written<'_>) -> Value {
    let mut out = match tables {
        [(_, found)] => table_json(found),
        several => {
            let one = |(sheet, found): &Cleaned<'_>| {
                let mut table = table_json(found);
                table["sheet"] = (*sheet).into();
                table
            };
            json!({"tables": several.iter().map(one).collect::<Vec<Value>>()})
        }
    };
    out["schema"] = SCHEMA.into();
    out["output"] = written.output.into();
    out["sha256"] = written.sha256.into();
    out["is_the_source"] = written.exact.into();
    out
}

fn table_json(found: &Found) -> Value {
    let (cells, added, deleted) = found.counts();
    let columns = |counts: &[(&str, usize)]| -> Value {
        counts
            .iter()
            .map(|(column, cells)| json!({"column": column, "cells": cells}))
            .collect()
    };
    json!({
        "schema": SCHEMA,
        "export": found.export,
        "recipient": found.recipient,
        "register": found.register,
        "table": found.table,
        "known_by": match found.sign {
            Sign::SameFile => "file",
            Sign::Canaries(_) => "canaries",
            Sign::Marks => "marks",
            Sign::Told => "told",
        },
        "with_original": found.with_original,
        "rows_returned": found.rows_returned,
        "rows_of_source": found.rows_of_source,
        "canaries_removed": found.canaries_removed,
        "cells_restored": found.restored,
        "cells_set_back": found.set_back,
        "cells_changed": cells,
        "rows_added": added,
        "rows_deleted": deleted,
        "changed": columns(&found.changed_columns()),
        "doubtful": columns(&borrowed(&found.doubtful)),
        "unseen": columns(&borrowed(&found.unseen)),
        "order": match found.order {
            RowOrder::Source => "source",
            RowOrder::Returned => "returned",
        },
        "numbering": match found.numbering {
            Numbering::None => Value::Null,
            Numbering::Source => "source".into(),
            Numbering::Anew => "anew".into(),
            Numbering::Left => "left".into(),
        },
        "notes": found.notes,
    })
}

/// The list of changes as JSON, with values.
pub fn changes_json(tables: &[Cleaned<'_>]) -> Value {
    let one = |change: &Change| match change {
        Change::Cell {
            row,
            source_row,
            column,
            before,
            after,
        } => {
            json!({"change": "cell", "row": row, "source_row": source_row, "column": column, "before": before, "after": after})
        }
        Change::Added { row, cells } => json!({"change": "added", "row": row, "cells": cells}),
        Change::Deleted { source_row, cells } => {
            json!({"change": "deleted", "source_row": source_row, "cells": cells})
        }
    };
    let all = tables.iter().flat_map(|(sheet, found)| {
        found.changes.iter().map(move |change| {
            let mut value = one(change);
            if let Some(sheet) = sheet {
                value["sheet"] = (*sheet).into();
            }
            value
        })
    });
    all.collect()
}

/// The list of changes as CSV with a BOM, so that spreadsheets read it, with values: one line a cell or row. A row's cells stand in
/// one cell, with ` | ` between them. Sheets are named where there are several.
pub fn changes_csv(tables: &[Cleaned<'_>]) -> String {
    let mut out = String::from("\u{FEFF}");
    if tables.iter().any(|(sheet, _)| sheet.is_some()) {
        out.push_str("sheet,");
    }
    out.push_str("change,row,source_row,column,before,after\r\n");
    for (sheet, found) in tables {
        for change in &found.changes {
            if let Some(sheet) = sheet {
                out.push_str(&quoted(sheet));
                out.push(',');
            }
            out.push_str(&line(change));
            out.push_str("\r\n");
        }
    }
    out
}

fn line(change: &Change) -> String {
    let (kind, row, source_row, column, before, after) = match change {
        Change::Cell {
            row,
            source_row,
            column,
            before,
            after,
        } => (
            "cell",
            row.to_string(),
            source_row.to_string(),
            column.as_str(),
            before.clone().unwrap_or_default(),
            after.clone(),
        ),
        Change::Added { row, cells } => (
            "added",
            row.to_string(),
            String::new(),
            "",
            String::new(),
            cells.join(" | "),
        ),
        Change::Deleted { source_row, cells } => (
            "deleted",
            String::new(),
            source_row.to_string(),
            "",
            cells.as_ref().map(|c| c.join(" | ")).unwrap_or_default(),
            String::new(),
        ),
    };
    let cells = [kind, &row, &source_row, column, &before, &after];
    cells.map(quoted).join(",")
}

/// A cell as CSV holds it. One that a spreadsheet would take for a formula is kept from it by an apostrophe.
fn quoted(cell: &str) -> String {
    let formula =
        cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let guard = if formula { "'" } else { "" };
    match guard.is_empty() && !cell.contains(['"', ',', '\r', '\n']) {
        true => cell.to_string(),
        false => format!("\"{guard}{}\"", cell.replace('"', "\"\"")),
    }
}
