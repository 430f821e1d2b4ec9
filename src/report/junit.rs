//! JUnit XML, which CI servers show: a test case a file. A finding is a failure, a file that could not be read an error.
//!
//! The elements are those that Jenkins, GitLab and others agree on (the schema `jenkins-junit.xsd`): `testsuites`, `testsuite`,
//! `testcase`, and in it `failure`, `error` or `system-out`.

use std::fmt::Write;

use super::{Answer, human};
use crate::trace::verdict::Verdict;

/// A run over many files, as its answers come.
pub struct Suite {
    fails: Vec<Verdict>,
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
}

impl Suite {
    /// An empty suite; leaks with these verdicts are failures.
    pub fn new(fails: Vec<Verdict>) -> Suite {
        Suite {
            fails,
            cases: String::new(),
            tests: 0,
            failures: 0,
            errors: 0,
        }
    }

    /// Adds one file.
    pub fn add(&mut self, answer: &Answer) {
        self.tests += 1;
        let _ = write!(
            self.cases,
            "    <testcase classname=\"taggant.trace\" name=\"{}\"",
            escaped(answer.path())
        );
        let body = match answer {
            Answer::Unread(unread) => {
                self.errors += 1;
                let reason = escaped(&unread.reason);
                Some(format!("<error type=\"unreadable\" message=\"{reason}\"/>"))
            }
            Answer::Traced(report) => {
                let o = &report.outcome;
                let said = escaped(&human::headline(&report.path, o));
                if self.fails.contains(&o.verdict) {
                    self.failures += 1;
                    Some(format!(
                        "<failure type=\"{}\" message=\"{said}\">{}</failure>",
                        o.verdict.word(),
                        escaped(&human::trace_of_many(report))
                    ))
                } else if o.verdict != Verdict::Unrelated || !report.notes.is_empty() {
                    Some(format!(
                        "<system-out>{}</system-out>",
                        escaped(&human::line(report))
                    ))
                } else {
                    None
                }
            }
        };
        self.cases.push_str(&match body {
            Some(body) => format!(">\n      {body}\n    </testcase>\n"),
            None => "/>\n".to_string(),
        });
    }

    /// The document.
    pub fn finish(self) -> String {
        let counts = format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\"",
            self.tests, self.failures, self.errors
        );
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"taggant\" {counts}>\n  \
             <testsuite name=\"taggant trace\" {counts} skipped=\"0\">\n{}  </testsuite>\n</testsuites>\n",
            self.cases
        )
    }
}

/// Text for an attribute or an element. What XML 1.0 (section 2.2) cannot hold at all becomes U+FFFD; white space other than
/// blanks is written as references, which attributes keep.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if let Some(reference) = super::reference(c) {
            out.push_str(reference);
            continue;
        }
        match c {
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Unread;

    #[test]
    fn whatever_a_file_is_called_the_document_is_well_formed() {
        let mut suite = Suite::new(vec![Verdict::Attributed]);
        suite.add(&Answer::Unread(Unread {
            path: "]]><a b=\"c\" d='e'>&\0\x01\x1B[31m\u{FFFE}\n\t名单.csv".into(),
            sha256: None,
            reason: "<!-- it is \"empty\" -->\r\n".into(),
            missing: false,
        }));
        let text = suite.finish();
        assert!(text.contains(
            "name=\"]]&gt;&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\u{FFFD}\u{FFFD}\u{FFFD}[31m\u{FFFD}&#10;&#9;名单.csv\""
        ));
        assert!(text.contains("message=\"&lt;!-- it is &quot;empty&quot; --&gt;&#13;&#10;\"/>"));
        assert!(text.contains("<testsuite name=\"taggant trace\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">"));
        let odd = |c: char| c != '\n' && (c < ' ' || c == '\u{FFFE}' || c == '\u{FFFF}');
        assert!(!text.contains(odd));
    }
}
