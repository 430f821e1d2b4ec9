//! `taggant ledger`

use std::collections::HashMap;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use jiff::Timestamp;
use serde_json::json;
use taggant::error::{Error, Result};
use taggant::ledger::{ExportEntry, Noted, Said, TableEntry};
use taggant::report::json::hex;
use taggant::vault::Vault;

use super::sink::Guard;
use super::{Form, Output, Place, terminal};

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Every copy that was issued
    List {
        #[command(flatten)]
        output: Output,
    },
    /// One export, source table, register or recipient, by its id or name
    Show {
        /// Such as x-8k3m9q2x, t-8k3m9q2x, a register's or a recipient's name
        id: String,
        #[command(flatten)]
        output: Output,
    },
    /// Give a recipient another name; its marks stay the same, and its names of before still lead to it
    Rename {
        /// A name that the recipient has or had
        old: String,
        /// The name from now on
        new: String,
    },
    /// Say that a recipient is a part of another now: reports name it as `OF (formerly PART)`, both keep their own marks
    Merge {
        /// The recipient that is a part now
        part: String,
        /// The recipient that it is a part of
        of: String,
    },
    /// Note that a copy was called back; it stays in the ledger, and traces as before
    Withdraw {
        /// The export, such as x-8k3m9q2x
        export: String,
        /// Why, or who confirmed it; kept in the ledger for good and shown in reports, so name no person of the register
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Note that a copy was destroyed, as its recipient says; it stays in the ledger, and traces as before
    Destroyed {
        /// The export, such as x-8k3m9q2x
        export: String,
        /// Why, or who confirmed it; kept in the ledger for good and shown in reports, so name no person of the register
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Everything that was said of recipients and copies since they were entered
    Events {
        #[command(flatten)]
        output: Output,
    },
    /// Recompute every entry's hash and the chain between them
    Verify {
        #[command(flatten)]
        output: Output,
    },
}

pub fn run(place: &Place, options: Options) -> Result<ExitCode> {
    let mut vault = place.open()?;
    let (value, text, output) = match options.what {
        What::Rename { old, new } => {
            let known = vault.ledger.rename(&old, &new, Timestamp::now())?;
            return said(&format!("`{old}` is `{}` from now on.", known.name));
        }
        What::Merge { part, of } => {
            let known = vault.ledger.merge(&part, &of, Timestamp::now())?;
            return said(&format!("`{part}` is `{}` from now on.", known.name));
        }
        What::Withdraw { export, note } => {
            let entries = vault.ledger.withdraw(&export, note, Timestamp::now())?;
            return said(&format!("{} noted as withdrawn.", these(&entries)));
        }
        What::Destroyed { export, note } => {
            let entries = vault.ledger.destroyed(&export, note, Timestamp::now())?;
            return said(&format!("{} noted as destroyed.", these(&entries)));
        }
        What::Events { output } => {
            let (value, text) = events(&vault)?;
            (value, text, output)
        }
        What::List { output } => {
            let (value, text) = list(&vault)?;
            (value, text, output)
        }
        What::Show { id, output } => {
            let value = show(&vault, &id)?;
            let text = lines(&value);
            (value, text, output)
        }
        What::Verify { output } => {
            let verified = vault.ledger.verify()?;
            let head = hex(&verified.head);
            let count = match verified.entries {
                1 => "1 entry".to_string(),
                n => format!("{n} entries"),
            };
            let text = format!(
                "{count}, every one as it was written. Chain ends in {head}\nNote that end elsewhere: only then does an older copy of the whole vault, put back, show.\n"
            );
            (
                json!({"entries": verified.entries, "head": head}),
                text,
                output,
            )
        }
    };
    let sink = Guard::new(place).open(output.output.as_deref())?;
    let result = match output.format {
        Form::Human => text,
        Form::Json => terminal::document(&value),
    };
    sink.give(&result)?;
    Ok(ExitCode::SUCCESS)
}

/// The entries of one file, as a sentence about them begins.
fn these(entries: &[String]) -> String {
    match entries {
        [one] => format!("{one} is"),
        several => format!("{} (one file) are", several.join(" and ")),
    }
}

fn said(what: &str) -> Result<ExitCode> {
    terminal::tell(&format!("{what}\n"))?;
    Ok(ExitCode::SUCCESS)
}

struct Names {
    recipients: HashMap<[u8; 16], String>,
    tables: HashMap<String, TableEntry>,
    registers: HashMap<i64, String>,
}

impl Names {
    fn of(vault: &Vault) -> Result<Names> {
        let registers: HashMap<i64, String> = vault
            .ledger
            .registers()?
            .into_iter()
            .map(|r| (r.id, r.name))
            .collect();
        let mut tables = HashMap::new();
        for id in registers.keys() {
            tables.extend(
                vault
                    .ledger
                    .tables(*id)?
                    .into_iter()
                    .map(|t| (t.id.clone(), t)),
            );
        }
        Ok(Names {
            recipients: vault
                .ledger
                .recipients()?
                .into_iter()
                .map(|r| (r.id, r.name))
                .collect(),
            tables,
            registers,
        })
    }

    fn export(&self, e: &ExportEntry) -> serde_json::Value {
        json!({
            "export": e.id,
            "recipient": self.recipients.get(&e.recipient),
            "register": self.registers.get(&e.register),
            "table": e.table,
            "label": self.tables.get(&e.table).map(|t| t.label.clone()),
            "created": e.created.to_string(),
            "issued": e.issued.map(|t| t.to_string()),
            "file": e.file_name,
            "sha256": hex(&e.sha256),
            "rows": e.rows,
            "canaries": e.canaries,
            "cells_altered": e.cells_altered,
            "sites": e.sites,
            "purpose": e.purpose,
            "derived_from": e.parent,
            "withdrawn": noted(&e.withdrawn),
            "destroyed": noted(&e.destroyed),
        })
    }

    fn table(&self, t: &TableEntry) -> serde_json::Value {
        json!({
            "table": t.id,
            "register": self.registers.get(&t.register),
            "label": t.label,
            "rows": t.rows,
            "created": t.created.to_string(),
            "new_or_changed_records": t.new_records,
        })
    }
}

fn noted(noted: &Option<Noted>) -> serde_json::Value {
    match noted {
        None => serde_json::Value::Null,
        Some(noted) => json!({"at": noted.at.to_string(), "note": noted.note}),
    }
}

/// What became of a copy, in a word.
fn state(e: &ExportEntry) -> &'static str {
    match (&e.destroyed, &e.withdrawn) {
        (Some(_), _) => "destroyed",
        (None, Some(_)) => "withdrawn",
        (None, None) => "",
    }
}

/// What was said, as JSON and in lines.
fn events(vault: &Vault) -> Result<(serde_json::Value, String)> {
    let recipients = vault.ledger.recipients()?;
    let entered = |id: &[u8; 16]| {
        let known = recipients.iter().find(|r| r.id == *id);
        known.map_or("", |r| r.names.first().unwrap_or(&r.name))
    };
    let mut values = Vec::new();
    let mut text = String::new();
    for event in vault.ledger.events()? {
        let (about, words) = match &event.said {
            Said::Renamed { recipient, name } => {
                let first = entered(recipient);
                (
                    json!({"recipient": first, "name": name}),
                    format!("the recipient entered as `{first}` is called `{name}`"),
                )
            }
            Said::Merged { recipient, part_of } => {
                let (first, of) = (entered(recipient), entered(part_of));
                (
                    json!({"recipient": first, "part_of": of}),
                    format!(
                        "the recipient entered as `{first}` is a part of the one entered as `{of}`"
                    ),
                )
            }
            Said::Withdrawn { export, note } | Said::Destroyed { export, note } => (
                json!({"export": export, "note": note}),
                match note {
                    Some(note) => format!("{export}: {note}"),
                    None => export.clone(),
                },
            ),
        };
        let word = event.said.word();
        let mut value = json!({"event": word, "at": event.at.to_string()});
        if let (Some(value), serde_json::Value::Object(about)) = (value.as_object_mut(), about) {
            value.extend(about);
        }
        values.push(value);
        let day = event.at.strftime("%Y-%m-%d %H:%M");
        text.push_str(&format!("{day}  {word:<9}  {words}\n"));
    }
    if text.is_empty() {
        text.push_str("Nothing was said yet.\n");
    }
    Ok((values.into(), text))
}

fn list(vault: &Vault) -> Result<(serde_json::Value, String)> {
    let names = Names::of(vault)?;
    let exports = vault.ledger.exports()?;
    let mut table = Table::new();
    let header = [
        "export",
        "issued",
        "register",
        "table",
        "recipient",
        "rows",
        "canaries",
        "purpose",
    ];
    // most ledgers never need the column
    let states = exports.iter().any(|e| !state(e).is_empty());
    let last = states.then_some("state");
    table
        .load_style(NOTHING)
        .set_header(header.into_iter().chain(last));
    for e in &exports {
        let issued = e.issued.map_or("never finished".to_string(), |t| {
            t.strftime("%Y-%m-%d %H:%M").to_string()
        });
        let row = [
            e.id.clone(),
            issued,
            names
                .registers
                .get(&e.register)
                .cloned()
                .unwrap_or_default(),
            names
                .tables
                .get(&e.table)
                .map(|t| t.label.clone())
                .unwrap_or_default(),
            names
                .recipients
                .get(&e.recipient)
                .cloned()
                .unwrap_or_default(),
            e.rows.to_string(),
            e.canaries.to_string(),
            e.purpose.clone().unwrap_or_default(),
        ];
        let last = states.then(|| state(e).to_string());
        table.add_row(row.into_iter().chain(last));
    }
    let text = match exports.is_empty() {
        true => "Nothing was issued yet.\n".to_string(),
        false => format!("{}\n", table.trim_fmt()),
    };
    Ok((exports.iter().map(|e| names.export(e)).collect(), text))
}

fn show(vault: &Vault, id: &str) -> Result<serde_json::Value> {
    let names = Names::of(vault)?;
    if let Some(export) = vault.ledger.export(id)? {
        return Ok(names.export(&export));
    }
    if let Some(table) = vault.ledger.table(id)? {
        return Ok(names.table(&table));
    }
    let exports = vault.ledger.exports()?;
    if let Some(recipient) = vault.ledger.recipient(id)? {
        let theirs: serde_json::Value = exports
            .iter()
            .filter(|e| e.recipient == recipient.id)
            .map(|e| names.export(e))
            .collect();
        // most have only ever had one
        let names = (recipient.names.len() > 1).then_some(("names", json!(recipient.names)));
        let shown = [("recipient", json!(recipient.name))]
            .into_iter()
            .chain(names)
            .chain([
                ("created", json!(recipient.created.to_string())),
                ("exports", theirs),
            ]);
        return Ok(shown
            .map(|(name, value)| (name.to_string(), value))
            .collect());
    }
    if let Some(register) = vault.ledger.register(id)? {
        let tables: serde_json::Value = vault
            .ledger
            .tables(register.id)?
            .iter()
            .map(|t| names.table(t))
            .collect();
        return Ok(json!({
            "register": register.name,
            "created": register.created.to_string(),
            "derived_from": register.parent_export,
            "tables": tables,
            "policy": register.policy_toml,
        }));
    }
    Err(Error::input(format!(
        "the ledger has no export, table, register or recipient `{id}`. See `taggant ledger list`."
    )))
}

/// A JSON object as lines of name and value.
fn lines(value: &serde_json::Value) -> String {
    let mut out = String::new();
    write_lines(value, 0, &mut out);
    out
}

fn write_lines(value: &serde_json::Value, depth: usize, out: &mut String) {
    let Some(object) = value.as_object() else {
        return;
    };
    let indent = "  ".repeat(depth);
    for (name, value) in object {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) if text.contains('\n') => {
                out.push_str(&format!("{indent}{name}\n"));
                for line in text.lines() {
                    out.push_str(&format!("{indent}  {line}\n"));
                }
            }
            serde_json::Value::String(text) => {
                out.push_str(&format!("{indent}{name:<22} {text}\n"))
            }
            serde_json::Value::Array(items) => {
                out.push_str(&format!("{indent}{name}\n"));
                for item in items {
                    match item.as_str() {
                        Some(text) => out.push_str(&format!("{indent}  {text}\n")),
                        None => {
                            write_lines(item, depth + 1, out);
                            out.push('\n');
                        }
                    }
                }
            }
            serde_json::Value::Object(_) => {
                out.push_str(&format!("{indent}{name}\n"));
                write_lines(value, depth + 1, out);
            }
            other => out.push_str(&format!("{indent}{name:<22} {other}\n")),
        }
    }
}
