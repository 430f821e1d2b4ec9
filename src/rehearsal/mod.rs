//! A fire drill: copies are issued to made-up recipients in a vault that is thrown away, every attack of the catalogue is played on
//! them, and what is left is traced as a leak would be. Or one real copy is attacked, and traced against the vault that issued it,
//! in which nothing is written and no trace counted.
//!
//! The master key of a drill is fresh, so its figures vary from one to the next as chance has it; the seed fixes what the attackers
//! do.

mod columns;
mod likeness;
mod stage;
mod tally;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use self::likeness::Likeness;
pub use self::tally::{Played, Tally};
use crate::drill::attacks::{Attack, Loot, catalogue, chosen};
use crate::drill::leaks::take_rows;
use crate::error::{Error, Result};
use crate::intake::{self, Reading};
use crate::issue::back::about;
use crate::key::MasterKey;
use crate::ledger::ExportEntry;
use crate::parallel;
use crate::policy::{Policy, text};
use crate::table::{Source, Table};
use crate::trace::run::Tracer;
use crate::trace::units::{Alpha, Log10E};
use crate::trace::verdict::name_threshold;
use crate::vault::Vault;
use stage::{Stage, culprits};
use tally::Shot;

/// Rows that are taken of what an attack left, to show what becomes of it when only a part turns up.
pub const CUT: usize = 100;

/// The largest coalition that is played.
const PARTNERS: usize = 8;

/// What to rehearse.
#[derive(Clone, Debug)]
pub struct Options {
    /// Made-up recipients, 1 at least.
    pub recipients: usize,
    /// The policy that the first issue would freeze; inferred where none is given.
    pub policy: Option<Policy>,
    /// Fixes what the attackers do.
    pub seed: u64,
    /// How often each attack is played, each time on other recipients' copies.
    pub runs: usize,
    /// Families and attacks to play; all where empty.
    pub attacks: Vec<String>,
    /// The chance of naming an innocent that each trace may take.
    pub alpha: Alpha,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            recipients: 20,
            policy: None,
            seed: 1,
            runs: 3,
            attacks: Vec::new(),
            alpha: Alpha::DEFAULT,
        }
    }
}

/// What came of a rehearsal.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The file's name.
    pub table: String,
    /// Its rows.
    pub rows: usize,
    /// Everybody who was scored in each trace.
    pub recipients: usize,
    /// The real copy that was attacked: its export's id and its recipient; none where copies were made for the drill.
    pub export: Option<(String, String)>,
    /// Sites of the table, where copies were made for the drill.
    pub sites: Option<usize>,
    /// Mean number of cells altered in a copy, likewise.
    pub cells_altered: Option<f64>,
    /// Mean number of canaries in a copy, likewise.
    pub canaries: Option<f64>,
    /// Fixes what the attackers did.
    pub seed: u64,
    /// How often each attack was played.
    pub runs: usize,
    /// The chance of naming an innocent that each trace took.
    pub alpha: Alpha,
    /// The weight of evidence that names.
    pub threshold: Log10E,
    /// What each attack came to, in the catalogue's order.
    pub played: Vec<Played>,
    /// Whether copies are spread as the table is; none where a real copy was attacked, as its table is not at hand.
    pub likeness: Option<Likeness>,
    /// What should be known of the drill itself: what could not be played, and why.
    pub notes: Vec<String>,
}

impl Rehearsal {
    /// Traces in which somebody was named whose copy had no part in the leak.
    pub fn accused_innocents(&self) -> usize {
        let tallies = self.played.iter();
        tallies
            .flat_map(|p| [Some(&p.whole), p.cut.as_ref()])
            .flatten()
            .map(|tally| tally.wrong)
            .sum()
    }

    /// Traces made.
    pub fn traces(&self) -> usize {
        let tallies = self.played.iter();
        tallies
            .flat_map(|p| [Some(&p.whole), p.cut.as_ref()])
            .flatten()
            .map(|tally| tally.runs)
            .sum()
    }
}

/// How far a rehearsal is: (traced, of how many).
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Issues the table to made-up recipients in a temporary vault and plays attacks on the copies. `next` is the register's next table
/// where it is known; else one is made of nine tenths of this one's rows.
///
/// # Errors
/// What `issue` would refuse, an attack of no known name, a temporary folder that cannot be written.
pub fn rehearse(
    source: &Source,
    next: Option<&Source>,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Rehearsal> {
    let recipients = options.recipients.max(1);
    let runs = options.runs.max(1);
    let most = PARTNERS.min(recipients);
    let draws = culprits(recipients, runs, most, options.seed);
    let mut stage = Stage::set(source, options, &draws)?;
    let columns = columns::of(&stage.policy, &source.table);
    let attacks = chosen(
        catalogue(&columns, source.table.rows(), most),
        &options.attacks,
    )?;
    if attacks.iter().any(|a| a.takes_later) {
        stage.set_next(source, next, options.seed, &draws);
    }
    let attacks: Vec<Attack> = attacks
        .into_iter()
        .filter(|a| !a.takes_later || stage.has_next())
        .collect();
    some(&attacks, source)?;
    let takes = attacks.iter().map(|a| a.copies).max().unwrap_or(1);
    let tracer = Tracer::new(&stage.vault)?;
    let mut played: Vec<Played> = attacks.iter().map(Played::of).collect();
    let mut notes = stage.notes.clone();
    let mut likeness = Likeness::default();
    for (run, drawn) in draws.iter().enumerate() {
        let drawn = drawn.get(..takes).unwrap_or(drawn);
        let copies = drawn
            .iter()
            .map(|at| stage.copy(*at))
            .collect::<Result<Vec<Table>>>()?;
        if let Some(copy) = copies.first() {
            likeness.add(&source.table, copy);
        }
        let later = drawn.first().map(|at| stage.later(*at)).transpose()?;
        let loot = Loot {
            copies: &copies.iter().collect::<Vec<&Table>>(),
            later: later.as_ref().and_then(Option::as_ref),
            original: Some(&source.table),
            columns: &columns,
        };
        let names: Vec<&str> = drawn.iter().map(|at| stage.name(*at)).collect();
        let field = Field {
            tracer: &tracer,
            key: &stage.vault.key,
            loot,
            names: &names,
            alpha: options.alpha,
            seed: options.seed.wrapping_add(run as u64),
        };
        field.play(&attacks, &mut played, &mut notes, &|done| {
            progress(run * attacks.len() + done, runs * attacks.len());
        });
    }
    Ok(Rehearsal {
        table: source.name.clone(),
        rows: source.table.rows(),
        recipients: tracer.recipients(),
        export: None,
        sites: Some(stage.sites),
        cells_altered: Some(stage.cells_altered),
        canaries: Some(stage.canaries),
        seed: options.seed,
        runs,
        alpha: options.alpha,
        threshold: name_threshold(tracer.recipients(), options.alpha),
        played,
        likeness: Some(likeness),
        notes,
    })
}

/// The export of which a file of this SHA-256 is the copy, byte for byte, and which is about this table of it; none where it is no
/// copy of this vault.
pub fn export_of(vault: &Vault, table: &Source, sha256: &[u8; 32]) -> Result<Option<ExportEntry>> {
    let mut of_file = vault.ledger.exports()?;
    of_file.retain(|e| e.sha256 == *sha256);
    about(vault, of_file, table)
}

/// Plays on a real copy every attack that takes no other, and traces against the vault that issued it. Nothing is written in the
/// vault, and its count of traces stays: who makes the leaks himself learns nothing of anybody.
///
/// # Errors
/// A vault whose ledger is damaged, an attack of no known name.
pub fn rehearse_export(
    vault: &Vault,
    export: &ExportEntry,
    copy: &Source,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Rehearsal> {
    let policy = policy_of(vault, export)?;
    let recipients = vault.ledger.recipients()?;
    let recipient = recipients.iter().find(|r| r.id == export.recipient);
    let recipient = recipient.map(|r| r.name.clone()).unwrap_or_default();
    let columns = columns::of(&policy, &copy.table);
    let rows = copy.table.rows();
    let attacks = chosen(catalogue(&columns, rows, 1), &options.attacks)?;
    let attacks: Vec<Attack> = attacks
        .into_iter()
        .filter(|a| !a.takes_later && !a.takes_original)
        .collect();
    some(&attacks, copy)?;
    let tracer = Tracer::new(vault)?;
    let mut played: Vec<Played> = attacks.iter().map(Played::of).collect();
    let mut notes = vec![
        "Attacks that take other copies, the next month's or the register itself were left out: give `drill` the table to play them in a \
         vault of their own."
            .to_string(),
    ];
    let runs = options.runs.max(1);
    for run in 0..runs {
        let field = Field {
            tracer: &tracer,
            key: &vault.key,
            loot: Loot {
                copies: &[&copy.table],
                later: None,
                original: None,
                columns: &columns,
            },
            names: &[&recipient],
            alpha: options.alpha,
            seed: options.seed.wrapping_add(run as u64),
        };
        field.play(&attacks, &mut played, &mut notes, &|done| {
            progress(run * attacks.len() + done, runs * attacks.len());
        });
    }
    Ok(Rehearsal {
        table: copy.name.clone(),
        rows,
        recipients: tracer.recipients(),
        export: Some((export.id.clone(), recipient)),
        sites: None,
        cells_altered: None,
        canaries: None,
        seed: options.seed,
        runs,
        alpha: options.alpha,
        threshold: name_threshold(tracer.recipients(), options.alpha),
        played,
        likeness: None,
        notes,
    })
}

/// Refuses a drill in which nothing would happen.
fn some(attacks: &[Attack], source: &Source) -> Result<()> {
    if attacks.is_empty() {
        return Err(Error::input(format!(
            "none of the attacks asked for can be played on `{}`: they take more copies, or more rows. Give the table and more recipients, \
             or name other attacks.",
            source.name
        )));
    }
    Ok(())
}

/// The frozen policy of the register that an export belongs to.
fn policy_of(vault: &Vault, export: &ExportEntry) -> Result<Policy> {
    for register in vault.ledger.registers()? {
        let tables = vault.ledger.tables(register.id)?;
        if tables.iter().any(|t| t.id == export.table) {
            return text::read(&register.name, &register.policy_toml);
        }
    }
    Err(Error::integrity(format!(
        "export {} belongs to no register of the ledger. Run `taggant ledger verify`.",
        export.id
    )))
}

/// What one run is played with.
struct Field<'a> {
    tracer: &'a Tracer,
    key: &'a MasterKey,
    loot: Loot<'a>,
    /// Whose the copies are.
    names: &'a [&'a str],
    alpha: Alpha,
    seed: u64,
}

impl Field<'_> {
    /// Plays every attack once and adds what came of it; attacks run side by side, and `done` hears how many are through.
    fn play(
        &self,
        attacks: &[Attack],
        played: &mut [Played],
        notes: &mut Vec<String>,
        done: &(dyn Fn(usize) + Sync),
    ) {
        let finished = AtomicUsize::new(0);
        let shots = parallel::map(attacks.len(), |at| {
            let shots = self.shoot(&attacks[at]);
            done(finished.fetch_add(1, Ordering::Relaxed) + 1);
            shots
        });
        for ((attack, played), shots) in attacks.iter().zip(played).zip(shots) {
            match shots {
                Ok((whole, cut)) => {
                    played.whole.add(&whole, attack.sources);
                    if let Some(cut) = cut {
                        played.cut.get_or_insert_default().add(&cut, attack.sources);
                    }
                }
                Err(error) => {
                    let note = format!("Not played: {} {}. {error}", attack.what, attack.strength);
                    if !notes.contains(&note) {
                        notes.push(note);
                    }
                }
            }
        }
    }

    /// One attack on the whole, and where it leaves many rows, on a few of them.
    fn shoot(&self, attack: &Attack) -> Result<(Shot, Option<Shot>)> {
        let leaked = attack.play(&self.loot, self.seed);
        let whole = self.trace(attack, &leaked)?;
        let cut = if attack.is_cut() && leaked.rows() >= 2 * CUT {
            let part = take_rows(&leaked, CUT, self.seed);
            Some(self.trace(attack, &part)?)
        } else {
            None
        };
        Ok((whole, cut))
    }

    /// The table as a file, read and traced as any leak.
    fn trace(&self, attack: &Attack, leaked: &Table) -> Result<Shot> {
        if leaked.rows() == 0 {
            return Ok(Shot::default());
        }
        let bytes = attack.wrapping.wrap(leaked)?;
        let mut read = None;
        intake::read_bytes("the leak", bytes, &Reading::default(), &mut |_, leak| {
            read = Some(leak);
        });
        let Some(leak) = read.transpose()? else {
            return Ok(Shot::default());
        };
        let found = &leak.contents.tables;
        let outcome = self.tracer.trace_found(1, self.key, found, self.alpha);
        let first = |most| self.names.get(..most).unwrap_or(self.names);
        let (sources, partners) = (first(attack.sources), first(attack.partners()));
        Ok(Shot::of(&outcome, sources, partners))
    }
}

/// The name of a made-up recipient.
fn made_up(at: usize) -> String {
    format!("Recipient {:03}", at + 1)
}

/// The folder of a temporary vault.
fn folder() -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("taggant-drill-")
        .tempdir()
        .map_err(Error::io("make", Path::new("a temporary folder")))
}
