//! What is said of recipients and copies after they were entered: nothing that was entered is changed by it.
//!
//! A recipient that is renamed keeps its id, and with that its codeword and canaries; so does one that becomes a part of another:
//! reports name it by the other, and its code stays its own. A copy that was withdrawn or destroyed still traces.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::types::ValueRef;

use super::chain;
use super::entries::{ExportEntry, Recipient};
use super::store::{Store, damaged, time};
use super::write::{Writer, check_name, text, text_if_any};
use super::{Ledger, read};
use crate::error::{Error, Result};

/// What was said, by whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A recipient goes by another name.
    Renamed {
        /// The recipient.
        recipient: [u8; 16],
        /// The name from now on.
        name: String,
    },
    /// A recipient is a part of another now.
    Merged {
        /// The recipient.
        recipient: [u8; 16],
        /// Of whom it is a part.
        part_of: [u8; 16],
    },
    /// A copy was called back.
    Withdrawn {
        /// The export.
        export: String,
        /// In the officer's words.
        note: Option<String>,
    },
    /// A copy was destroyed, as its recipient says.
    Destroyed {
        /// The export.
        export: String,
        /// In the officer's words.
        note: Option<String>,
    },
}

impl Said {
    /// The event's word, in the ledger and in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Said::Renamed { .. } => "renamed",
            Said::Merged { .. } => "merged",
            Said::Withdrawn { .. } => "withdrawn",
            Said::Destroyed { .. } => "destroyed",
        }
    }
}

/// Something that was said, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub said: Said,
}

/// When something was said of a copy, with a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// When.
    pub at: Timestamp,
    /// In the officer's words.
    pub note: Option<String>,
}

impl Ledger {
    /// Everything that was said, in the order of entry.
    pub fn events(&self) -> Result<Vec<Event>> {
        events(&self.store)
    }

    /// Gives the recipient of any of its names another one, which nobody else has or had. What it was called before still leads to it.
    pub fn rename(&mut self, old: &str, new: &str, at: Timestamp) -> Result<Recipient> {
        check_name("recipient", new)?;
        self.write(|writer| {
            let known = writer.known_recipient(old)?;
            if let Some(other) = read::recipient(writer.store(), new)?
                && (other.id != known.id || other.own_name() == new)
            {
                return Err(Error::input(match other.id == known.id {
                    true => format!("`{old}` is called `{new}` already. There is nothing to change."),
                    false => format!(
                        "`{new}` is or was another recipient. Choose another name; where both are one partner now, use `taggant ledger merge`."
                    ),
                }));
            }
            let said = Said::Renamed {
                recipient: known.id,
                name: new.to_owned(),
            };
            writer.say(&said, old, at)?;
            writer.known_recipient(new)
        })
    }

    /// Enters that one recipient is a part of another now. Both keep their codes.
    pub fn merge(&mut self, part: &str, of: &str, at: Timestamp) -> Result<Recipient> {
        self.write(|writer| {
            let (part_known, of_known) = (writer.known_recipient(part)?, writer.known_recipient(of)?);
            let events = events(writer.store())?;
            let wholes = wholes(&events);
            let mut whole = of_known.id;
            while let Some(next) = wholes.get(&whole) {
                whole = *next;
            }
            if whole == part_known.id {
                return Err(Error::input(format!(
                    "`{of}` is `{part}` itself or a part of it. Name the recipient that reports are to speak of second."
                )));
            }
            let said = Said::Merged {
                recipient: part_known.id,
                part_of: of_known.id,
            };
            writer.say(&said, part, at)?;
            writer.known_recipient(part)
        })
    }

    /// Enters that a copy was withdrawn; gives every entry of its file, of which there are several where several tables have marks.
    pub fn withdraw(
        &mut self,
        export: &str,
        note: Option<String>,
        at: Timestamp,
    ) -> Result<Vec<String>> {
        let said = |export| Said::Withdrawn {
            export,
            note: note.clone(),
        };
        self.say_of_file(export, said, at)
    }

    /// Enters that a copy was destroyed; gives every entry of its file.
    pub fn destroyed(
        &mut self,
        export: &str,
        note: Option<String>,
        at: Timestamp,
    ) -> Result<Vec<String>> {
        let said = |export| Said::Destroyed {
            export,
            note: note.clone(),
        };
        self.say_of_file(export, said, at)
    }

    fn say_of_file(
        &mut self,
        export: &str,
        said: impl Fn(String) -> Said,
        at: Timestamp,
    ) -> Result<Vec<String>> {
        let all = self.exports()?;
        let one = all.iter().find(|e| e.id == export);
        // entries of one file are of one moment, each under a register of its own
        let of_file = |e: &&ExportEntry| {
            let told = |e: &ExportEntry| (e.sha256, e.recipient, e.created);
            one.is_some_and(|one| {
                e.id == one.id || (told(e) == told(one) && e.register != one.register)
            })
        };
        let mut entries: Vec<String> = all.iter().filter(of_file).map(|e| e.id.clone()).collect();
        if entries.is_empty() {
            // which the writer refuses in its own words
            entries.push(export.to_string());
        }
        self.write(|writer| {
            let mut all = entries.iter();
            all.try_for_each(|entry| writer.say(&said(entry.clone()), entry, at))
        })?;
        Ok(entries)
    }
}

impl Writer<'_> {
    fn known_recipient(&self, name: &str) -> Result<Recipient> {
        read::recipient(self.store(), name)?.ok_or_else(|| {
            Error::input(format!(
                "the ledger has no recipient `{name}`. See `taggant ledger list`."
            ))
        })
    }

    fn say(&mut self, said: &Said, subject: &str, at: Timestamp) -> Result<()> {
        let blob = |id: &'_ [u8; 16]| Some(id.to_vec());
        let (who, whole, name, copy, note) = match said {
            Said::Renamed { recipient, name } => {
                (blob(recipient), None, Some(name.clone()), None, None)
            }
            Said::Merged { recipient, part_of } => {
                (blob(recipient), blob(part_of), None, None, None)
            }
            Said::Withdrawn { export, note } | Said::Destroyed { export, note } => {
                self.known_export(export)?;
                (None, None, None, Some(export.clone()), note.clone())
            }
        };
        self.store().upgrade()?;
        let at = at.to_string();
        self.append(
            &chain::EVENT,
            subject,
            &[
                text(said.word()),
                text(&at),
                who.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
                whole.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
                text_if_any(&name),
                text_if_any(&copy),
                text_if_any(&note),
            ],
        )?;
        Ok(())
    }
}

/// Everything that was said; nothing in a ledger to which nobody said anything.
pub(super) fn events(store: &Store) -> Result<Vec<Event>> {
    if !store.holds_events()? {
        return Ok(Vec::new());
    }
    store.all(
        "SELECT ord, kind, at, recipient, part_of, name, export, note FROM event ORDER BY ord",
        [],
        |row| {
            let kind: String = row.get(1)?;
            let said = match kind.as_str() {
                "renamed" => Said::Renamed {
                    recipient: row.get(3)?,
                    name: row.get(5)?,
                },
                "merged" => Said::Merged {
                    recipient: row.get(3)?,
                    part_of: row.get(4)?,
                },
                "withdrawn" => Said::Withdrawn {
                    export: row.get(6)?,
                    note: row.get(7)?,
                },
                "destroyed" => Said::Destroyed {
                    export: row.get(6)?,
                    note: row.get(7)?,
                },
                _ => return Err(damaged(1)),
            };
            Ok(Event {
                number: super::store::count(row, 0)?,
                at: time(row, 2)?,
                said,
            })
        },
    )
}

/// Of whom each recipient that was merged is a part.
fn wholes(events: &[Event]) -> HashMap<[u8; 16], [u8; 16]> {
    let merged = events.iter().filter_map(|event| match &event.said {
        Said::Merged { recipient, part_of } => Some((*recipient, *part_of)),
        _ => None,
    });
    merged.collect()
}

/// Gives recipients the names that they have by now.
pub(super) fn name(recipients: &mut [Recipient], events: &[Event]) {
    if events.is_empty() {
        return;
    }
    let mut at: HashMap<[u8; 16], usize> = HashMap::new();
    for (place, recipient) in recipients.iter().enumerate() {
        at.insert(recipient.id, place);
    }
    for event in events {
        if let Said::Renamed { recipient, name } = &event.said
            && let Some(place) = at.get(recipient)
        {
            // one that takes an earlier name again has it last
            let names = &mut recipients[*place].names;
            names.retain(|known| known != name);
            names.push(name.clone());
        }
    }
    let wholes = wholes(events);
    let own: Vec<String> = recipients.iter().map(|r| r.own_name().to_owned()).collect();
    for (place, recipient) in recipients.iter_mut().enumerate() {
        let mut whole = recipient.id;
        // no longer than there are recipients, whatever a damaged ledger says
        for _ in 0..wholes.len() {
            match wholes.get(&whole) {
                Some(next) => whole = *next,
                None => break,
            }
        }
        recipient.name = match at.get(&whole).filter(|of| **of != place) {
            Some(of) => format!("{} (formerly {})", own[*of], own[place]),
            None => own[place].clone(),
        };
    }
}

/// Notes which exports were withdrawn or destroyed; the first word on each stands.
pub(super) fn note(exports: &mut [ExportEntry], events: &[Event]) {
    if events.is_empty() {
        return;
    }
    let mut withdrawn: HashMap<&str, Noted> = HashMap::new();
    let mut destroyed: HashMap<&str, Noted> = HashMap::new();
    for event in events {
        let (into, export, note) = match &event.said {
            Said::Withdrawn { export, note } => (&mut withdrawn, export, note),
            Said::Destroyed { export, note } => (&mut destroyed, export, note),
            _ => continue,
        };
        into.entry(export).or_insert_with(|| Noted {
            at: event.at,
            note: note.clone(),
        });
    }
    for export in exports {
        export.withdrawn = withdrawn.get(export.id.as_str()).cloned();
        export.destroyed = destroyed.get(export.id.as_str()).cloned();
    }
}
