//! What a run over many files came to: how many of each verdict, who was named, what could not be read.

use std::fmt::Write;

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::human::shown;
use super::{Answer, Unread, human};
use crate::trace::verdict::Verdict;

/// Verdicts in the order of the summary.
const VERDICTS: [Verdict; 4] = [
    Verdict::Attributed,
    Verdict::Inconclusive,
    Verdict::Original,
    Verdict::Unrelated,
];

/// A run over many files, counted as their answers come.
#[derive(Default)]
pub struct Tally {
    verdicts: [usize; VERDICTS.len()],
    found: Vec<Found>,
    unread: Vec<Unread>,
    changed: usize,
    passed_over: usize,
    /// How many traces the vault has seen by now, and the bound over all of them.
    traces: Option<(u64, f64)>,
}

/// A leak that is ours.
struct Found {
    path: String,
    verdict: Verdict,
    /// (recipient, bound, share) of each source.
    sources: Vec<(String, f64, Option<f64>)>,
    linked: usize,
    rows: usize,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, answer: &Answer) {
        let report = match answer {
            Answer::Traced(report) => report,
            Answer::Unread(unread) => return self.unread.push(unread.clone()),
        };
        let o = &report.outcome;
        if let Some(at) = VERDICTS.iter().position(|v| *v == o.verdict) {
            self.verdicts[at] += 1;
        }
        self.changed += usize::from(report.unchanged == Some(false));
        let before = self.traces.map_or(0, |t| t.0);
        if report.traces >= before {
            self.traces = Some((report.traces, report.bound_of_all_traces));
        }
        if o.verdict != Verdict::Unrelated {
            self.found.push(Found {
                path: report.path.clone(),
                verdict: o.verdict,
                sources: o
                    .sources
                    .iter()
                    .map(|s| {
                        let share = s.share.map(|s| s.share.0);
                        (s.recipient.clone(), s.bound.0, share)
                    })
                    .collect(),
                linked: o.linked,
                rows: o.rows,
            });
        }
    }

    /// How many leaks came to this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let at = VERDICTS.iter().position(|v| *v == verdict);
        at.map_or(0, |at| self.verdicts[at])
    }

    /// How many could not be read.
    pub fn unread(&self) -> usize {
        self.unread.len()
    }

    /// How many paths were asked for that nothing stands behind; they are among those that could not be read.
    pub fn missing(&self) -> usize {
        self.unread.iter().filter(|unread| unread.missing).count()
    }

    /// Counts files of the system that were passed over.
    pub fn pass_over(&mut self, files: usize) {
        self.passed_over += files;
    }

    /// How many answers there were.
    pub fn answers(&self) -> usize {
        self.verdicts.iter().sum::<usize>() + self.unread.len()
    }
}

/// The counts in one line: "1000 files: 7 attributed, 0 inconclusive, 0 original, 990 unrelated, 3 unreadable".
pub fn counts(tally: &Tally) -> String {
    let files = match tally.answers() {
        1 => "1 file".to_string(),
        n => format!("{n} files"),
    };
    let verdicts: Vec<String> = VERDICTS
        .iter()
        .map(|v| format!("{} {}", tally.count(*v), v.word()))
        .collect();
    format!(
        "{files}: {}, {} unreadable",
        verdicts.join(", "),
        tally.unread.len()
    )
}

/// How many files were passed over, in a sentence, if any were.
pub fn passed_over(tally: &Tally) -> Option<String> {
    let files = match tally.passed_over {
        0 => return None,
        1 => "1 file of the system was".to_string(),
        n => format!("{n} files of the system were"),
    };
    Some(format!(
        "{files} passed over (thumbnails, lock files, devices and their like)."
    ))
}

/// The whole summary. `reasons` adds why files could not be read, for where that is not said elsewhere.
pub fn human(tally: &Tally, reasons: bool) -> String {
    let mut out = counts(tally);
    out.push('\n');
    if !tally.found.is_empty() {
        let _ = writeln!(out, "\n{}", table(tally).trim_fmt());
    }
    if reasons && !tally.unread.is_empty() {
        out.push_str("\nCould not be read:\n");
        for unread in &tally.unread {
            let _ = writeln!(out, "  {}: {}", shown(&unread.path), unread.reason);
        }
    }
    if let Some(words) = passed_over(tally) {
        let _ = writeln!(out, "\n{words}");
    }
    if tally.changed > 0 {
        let _ = writeln!(
            out,
            "\n{} changed while traced, by something else than this program. Take a copy that nothing writes to, and trace that.",
            match tally.changed {
                1 => "1 file was".to_string(),
                n => format!("{n} files were"),
            }
        );
    }
    if let Some((traces, bound)) = tally.traces.filter(|t| t.0 > 0) {
        let _ = writeln!(
            out,
            "\nChance that any of the {traces} traces of this vault so far named an innocent: at most {}",
            human::number(bound)
        );
    }
    out
}

/// A line a source of every leak that is ours; a leak without a named source has a line too.
fn table(tally: &Tally) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "leak",
        "verdict",
        "source",
        "chance of an innocent",
        "share",
        "rows linked",
    ]);
    for found in &tally.found {
        let rows = format!("{} of {}", found.linked, found.rows);
        if found.sources.is_empty() {
            table.add_row([&shown(&found.path), found.verdict.word(), "", "", "", &rows]);
        }
        for (recipient, bound, share) in &found.sources {
            let share = share.map_or(String::new(), |s| format!("{:.0} %", 100.0 * s));
            table.add_row([
                &shown(&found.path),
                found.verdict.word(),
                recipient,
                &human::number(*bound),
                &share,
                &rows,
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_is_counted_and_its_reason_given_on_one_line() {
        let mut tally = Tally::default();
        for path in ["a\nb.csv", "c.csv"] {
            tally.add(&Answer::Unread(Unread {
                path: path.into(),
                sha256: None,
                reason: "it is empty. Give a table.".into(),
                missing: path == "c.csv",
            }));
        }
        assert_eq!((tally.answers(), tally.unread()), (2, 2));
        assert_eq!(tally.missing(), 1);
        let text = human(&tally, true);
        assert_eq!(
            text,
            "2 files: 0 attributed, 0 inconclusive, 0 original, 0 unrelated, 2 unreadable\n\n\
             Could not be read:\n  a\u{FFFD}b.csv: it is empty. Give a table.\n  c.csv: it is empty. Give a table.\n"
        );
        assert!(!human(&tally, false).contains("empty"));
    }
}
