//! The answers of a trace in the form that was asked for, written as they come.

use taggant::error::Result;
use taggant::report::junit::Suite;
use taggant::report::summary::{self, Tally};
use taggant::report::{Answer, human, json};
use taggant::trace::verdict::Verdict;

use super::sink::Sink;
use super::terminal;
use super::trace::TraceForm;

/// Takes answers and writes them.
pub struct Results {
    sink: Sink,
    form: TraceForm,
    /// The path of the one argument, if there is one.
    only: Option<String>,
    tally: Tally,
    suite: Suite,
    /// The first answer, until it is known whether it is the only one.
    held: Option<Answer>,
    written: usize,
}

impl Results {
    /// No answers yet. `only` is the argument where there is one, `fails` the verdicts that are failures.
    pub fn new(sink: Sink, form: TraceForm, only: Option<String>, fails: &[Verdict]) -> Results {
        let fails = match fails {
            [] => vec![Verdict::Attributed],
            some => some.to_vec(),
        };
        Results {
            sink,
            form,
            only,
            tally: Tally::default(),
            suite: Suite::new(fails),
            held: None,
            written: 0,
        }
    }

    /// Takes an answer. False where whoever read the result has seen enough.
    pub fn take(&mut self, answer: Answer) -> Result<bool> {
        self.tally.add(&answer);
        match &answer {
            Answer::Unread(unread) => terminal::complain(&unread.reason),
            Answer::Traced(report) if report.unchanged == Some(false) => terminal::warn(&format!(
                "`{}` was changed while it was traced, by something else than this program. Take a copy that nothing writes to, and trace that.",
                human::shown(&report.path)
            )),
            Answer::Traced(_) => {}
        }
        match self.form {
            TraceForm::Jsonl => self.sink.put(&format!("{}\n", json::answer(&answer))),
            TraceForm::Junit => {
                self.suite.add(&answer);
                Ok(true)
            }
            TraceForm::Human | TraceForm::Json => {
                if self.tally.answers() == 1 {
                    self.held = Some(answer);
                    return Ok(true);
                }
                let first = match self.held.take() {
                    Some(held) => self.one_of_many(&held)?,
                    None => true,
                };
                Ok(first && self.one_of_many(&answer)?)
            }
        }
    }

    fn one_of_many(&mut self, answer: &Answer) -> Result<bool> {
        let first = self.written == 0;
        let text = match self.form {
            TraceForm::Human => match answer {
                // its reason is in the summary
                Answer::Unread(_) => return Ok(true),
                Answer::Traced(report) => match report.outcome.verdict {
                    Verdict::Attributed | Verdict::Inconclusive => {
                        let space = if first { "" } else { "\n" };
                        format!("{space}{}\n", human::trace_of_many(report))
                    }
                    Verdict::Original | Verdict::Unrelated => human::line(report),
                },
            },
            _ => {
                let object = serde_json::to_string_pretty(&json::answer(answer));
                let object = object.unwrap_or_default().replace('\n', "\n  ");
                let before = if first { "[\n  " } else { ",\n  " };
                format!("{before}{object}")
            }
        };
        self.written += 1;
        self.sink.put(&text)
    }

    /// Writes what is left, and the summary; `skipped` files of the system were passed over. What was counted.
    pub fn finish(mut self, skipped: usize) -> Result<Tally> {
        self.tally.pass_over(skipped);
        let said_beside = self.form != TraceForm::Human && self.tally.answers() != 1;
        if let Some(words) = summary::passed_over(&self.tally).filter(|_| !said_beside) {
            terminal::say(&format!("taggant: {words}"));
        }
        let held = self.held.take();
        match (self.form, held) {
            (TraceForm::Jsonl, _) => {}
            (TraceForm::Junit, _) => {
                let suite = std::mem::replace(&mut self.suite, Suite::new(Vec::new()));
                self.sink.put(&suite.finish())?;
            }
            (TraceForm::Human, Some(Answer::Traced(report))) => {
                self.sink.put(&human::trace(&report))?;
            }
            // there is no result to write, and a file for it stays as it was
            (TraceForm::Human, Some(Answer::Unread(_))) => return Ok(self.tally),
            (TraceForm::Human, None) => {
                let space = if self.written > 0 { "\n" } else { "" };
                let text = summary::human(&self.tally, true);
                self.sink.put(&format!("{space}{text}"))?;
            }
            (TraceForm::Json, Some(answer)) => {
                let whole = self.only.as_deref() == Some(answer.path());
                if whole {
                    self.sink.put(&terminal::document(&json::answer(&answer)))?;
                } else {
                    self.one_of_many(&answer)?;
                    self.sink.put("\n]\n")?;
                }
            }
            (TraceForm::Json, None) => {
                let end = if self.written > 0 { "\n]\n" } else { "[]\n" };
                self.sink.put(end)?;
            }
        }
        self.sink.finish()?;
        if said_beside {
            terminal::say(summary::human(&self.tally, false).trim_end());
        }
        Ok(self.tally)
    }
}
