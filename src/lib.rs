//! Names the source of a leaked table.
//!
//! An agency hands copies of one register to many partners. Each partner's copy gets a few made-up records and many slight
//! alterations, all drawn by a secret key. When a file turns up, a trace compares it with every copy ever issued and names the
//! recipient whose copy it came from, with a proven bound on the chance of naming an innocent.
//!
//! The library never prints, asks no environment and ends no process. The binary does that, in `src/cli/`.
//!
//! ```
//! use sha2::{Digest, Sha256};
//! use taggant::drill::leaks::{Encoding, take_rows, to_csv_bytes};
//! use taggant::drill::registers::Maternity;
//! use taggant::issue::{Issue, Request};
//! use taggant::table::{self, Limits};
//! use taggant::trace::run::Tracer;
//! use taggant::trace::units::Alpha;
//! use taggant::vault::Vault;
//!
//! # fn main() -> taggant::error::Result<()> {
//! # let folder = tempfile::tempdir().expect("a temporary folder");
//! # let dir = folder.path();
//! let mut vault = Vault::create(&dir.join("vault"), None)?;
//!
//! // a made-up register; nobody in it lives
//! let march = Maternity { rows: 500, seed: 7 }.month(0);
//! let bytes = to_csv_bytes(&march, Encoding::Utf8Bom);
//! let source_sha256 = Sha256::digest(&bytes).into();
//! let source = table::from_bytes("March.csv", bytes, &Limits::default())?.remove(0);
//!
//! let request = Request {
//!     recipients: vec!["North".into(), "South".into()],
//!     out: dir.join("copies"),
//!     stem: "March".into(),
//!     source_sha256,
//!     ..Request::default()
//! };
//! let issued = Issue::prepare(&mut vault, &source, request)?.run(&|_| ())?;
//!
//! // forty rows of South's copy turn up
//! let copy = table::open(&issued[1].path, &Limits::default())?.remove(0);
//! let leak = take_rows(&copy.table, 40, 1);
//! let outcome = Tracer::new(&vault)?.trace(&vault, &[&leak], Alpha::DEFAULT)?;
//!
//! assert_eq!(outcome.sources.len(), 1);
//! assert_eq!(outcome.sources[0].recipient, "South");
//! assert!(outcome.sources[0].bound.0 <= 1e-6);
//! # Ok(())
//! # }
//! ```
//!
//! # Words
//!
//! What is kept:
//!
//! - **vault**: one folder with the master key and the ledger ([`vault`]).
//! - **ledger**: who got which copy of what, and what a leak is read with; append-only and chained ([`ledger`]).
//! - **register**: a lineage of source tables (March's, April's ...) with one frozen policy ([`policy`]).
//! - **record**: one person or case of a register. **handle**: the ledger's own number for a record, drawn by key, to which all its
//!   identifiers point ([`code::Handle`]); it stays when one identifier is corrected and another survives.
//! - **recipient**: who gets copies; a random id, of which the name is a label. **export**: one issued copy: whose, of which table,
//!   when.
//!
//! What is put into a copy:
//!
//! - **role** of a column: identifier (links a record, never altered), carrier (may be altered), sequence (1, 2, 3 ...), derived
//!   (follows others), plain (left alone) ([`policy::Role`]).
//! - **carrier**: also the way in which a kind of column is altered ([`mark::Carrier`]): dates by a day, numbers by a step, text by
//!   a spelling.
//! - **constraint group**: columns that depend on one another, so that they move together or not at all.
//! - **site**: a place that holds one code symbol, named by handle and [slot](code::Slot). **variants**: the values that may stand
//!   there, 0 the one that was there ([`mark::Variants`]). A *mark* is a site as one copy shows it.
//! - **canary**: a made-up record in one recipient's copies, or a *shared* one in those of a keyed part of all recipients. Its
//!   *donor* is the real record that it resembles and with which it enters and leaves ([`canary`]).
//!
//! The code:
//!
//! - **bias**: the chance p that a site's bit is 1, drawn by key ([`code::Bias`]) from the register's [set](code::BiasSet).
//!   **codeword**: one recipient's bits over all sites ([`code::Codeword`]): keyed coins, which nobody can tell without the key.
//!
//! What a trace finds:
//!
//! - **leak**: a suspect file ([`intake`]). **link**: a leaked row's record ([`trace::link`]).
//! - **reading**: which variant a leak shows at a site, or none: then the site is *erased* ([`trace::reading`]).
//! - **e-value**: the weight of evidence against a recipient. For an innocent its mean is at most 1 whatever the leaker did, so that
//!   it reaches 10^9 with chance at most 10^-9 ([`trace::evidence`]).
//! - **stretch**: a part of a leak that is weighed by itself beside the whole: a sheet, a run of rows, the rows of one hospital
//!   ([`trace::stretches`]). The e-value pays for every stretch that was looked at.
//! - **share**: the part of the leaked rows that came from one source ([`trace::mixture`]).
//! - **coalition**: recipients who lay their copies side by side. **marking assumption**: what all of them hold alike they cannot
//!   see, and so keep ([`trace::collusion`]). Naming one of them rests on it; the bound for innocents does not.
//! - **verdict**: attributed, inconclusive, original or unrelated ([`trace::verdict::Verdict`]).
//!
//! # The way of a copy
//!
//! table -> policy -> marks and canaries -> edits -> ledger -> file
//!
//! 1. [`table::open`] takes a file apart into a [`table::Source`]: exact text, and what is needed to write the file again.
//! 2. [`policy::infer::infer`] gives each column a role and finds what depends on what; a register's first issue freezes that.
//! 3. [`mark::plan::Planner`] lays down each record's variants, before any recipient is known and whatever its neighbours are.
//! 4. [`code::Codeword`] picks a variant at each site for one recipient, and [`canary::Maker`] makes that recipient's canaries.
//! 5. What changes becomes [`table::Edits`]; sequences are numbered again and rows keep the table's own order.
//! 6. [`issue::Issue::run`] writes the copy under a hidden name, enters it in the [`ledger::Ledger`], and only then shows it.
//!
//! # The way of a leak
//!
//! intake -> table -> links -> readings -> evidence -> verdict -> report
//!
//! 1. [`intake::read`] reads bytes within limits, workbooks in a process of their own; content decides what they are, names do not.
//!    [`table::contents`] finds the tables among the cells.
//! 2. [`trace::link`] finds which column is which by what it holds, which row is which record (by [`trace::likeness`] where identifiers
//!    are gone), and what each cell reads. No codeword is in sight, so no reading can be chosen by whom it would accuse.
//! 3. [`trace::reading::Placed`] keeps each site once. A site read twice would count its coin twice and break the bound.
//! 4. [`trace::score`] compares every recipient's codeword; [`trace::evidence`] and [`trace::canaries`] weigh what agrees, over the
//!    whole and over its [stretches](trace::stretches).
//! 5. [`trace::original`] asks whether the values were ever marked, [`trace::verdict`] decides, [`trace::mixture`] divides the rows
//!    among the named.
//! 6. [`report`] turns the [`trace::outcome::Outcome`] into words or JSON, and [`trace::rows`] into the leak with a remark to each row.
//!
//! Where there is no file, only a caller who knows a number and a date, [`lookup`] says what these belong to. It is no trace.
//!
//! # The house
//!
//! Imports go down only. `tests/house.rs` holds this table against the code, and the other rules too: arithmetic sees no files, clock
//! or keys; linking and reading see no codeword; reports see results only.
//!
//! | room | uses |
//! |---|---|
//! | `cli` (the binary) | `clean`, `drill`, `error`, `inspection`, `intake`, `issue`, `ledger`, `lookup`, `policy`, `rehearsal`, `report`, `table`, `trace`, `vault` |
//! | [`report`] | `clean`, `drill`, `error`, `inspection`, `issue`, `lookup`, `policy`, `rehearsal`, `table`, `trace` |
//! | [`rehearsal`] | `drill`, `error`, `intake`, `issue`, `key`, `ledger`, `parallel`, `policy`, `table`, `trace`, `vault` |
//! | [`inspection`] | `canary`, `code`, `error`, `forecast`, `issue`, `key`, `ledger`, `mark`, `parallel`, `policy`, `table`, `trace`, `value` |
//! | [`clean`] | `canary`, `code`, `digests`, `error`, `issue`, `key`, `ledger`, `mark`, `parallel`, `policy`, `table`, `trace`, `value`, `vault` |
//! | [`forecast`] | `code`, `trace` |
//! | [`issue`] | `canary`, `code`, `digests`, `error`, `key`, `ledger`, `mark`, `parallel`, `policy`, `table`, `trace`, `value`, `vault` |
//! | [`lookup`] | `canary`, `code`, `digests`, `error`, `key`, `ledger`, `mark`, `policy`, `trace`, `vault` |
//! | [`trace`] | `code`, `digests`, `error`, `key`, `ledger`, `mark`, `parallel`, `policy`, `table`, `value`, `vault` |
//! | [`intake`] | `error`, `table` |
//! | [`drill`] | `error`, `table`, `value` |
//! | [`canary`] | `code`, `digests`, `key`, `mark`, `policy`, `table`, `value` |
//! | [`mark`] | `code`, `key`, `ledger`, `policy`, `table`, `value` |
//! | [`vault`] | `error`, `key`, `ledger` |
//! | [`ledger`] | `error`, `key` |
//! | [`policy`] | `code`, `error`, `parallel`, `table`, `value` |
//! | [`table`] | `error` |
//! | [`value`] | |
//! | [`code`] | `key` |
//! | [`key`] | `error` |
//! | [`parallel`] | |
//! | [`digests`] | |
//! | [`error`] | |
//!
//! # Reading order
//!
//! [`error`], [`key`] and [`code`] are short, and all else stands on them. Then [`trace::evidence`], which is why any of this may be
//! believed, with [`trace::reading`] and [`trace::verdict`]. Then [`table`] and [`policy`], then [`mark`] and [`canary`], then
//! [`issue`]. Then [`trace::link`] and [`trace::run`], the whole of a trace. `src/cli/demo.rs` tells the same story as a program.

pub mod canary;
pub mod clean;
pub mod code;
pub mod digests;
pub mod drill;
pub mod error;
pub mod forecast;
pub mod inspection;
pub mod intake;
pub mod issue;
pub mod key;
pub mod ledger;
pub mod lookup;
pub mod mark;
pub mod parallel;
pub mod policy;
pub mod rehearsal;
pub mod report;
pub mod table;
pub mod trace;
pub mod value;
pub mod vault;
