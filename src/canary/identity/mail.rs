//! E-mail addresses: made from the canary's new name where the column's are made of names.

use super::*;

impl People<'_> {
    /// Whether a column's addresses are made of the names beside them.
    pub(super) fn made_of_names(&self, at: usize) -> bool {
        let Some(names) = self.names.first() else {
            return false;
        };
        let rows = (0..self.sheet.table.rows())
            .filter(|row| self.sheet.cell(*row, at).contains('@'))
            .take(200);
        let (mut all, mut by_name) = (0, 0);
        for row in rows {
            all += 1;
            let local = local_part(self.sheet.cell(row, at)).to_lowercase();
            let parts = name::split(self.sheet.cell(row, *names)).map(letters);
            by_name += usize::from(
                parts.is_some_and(|parts| parts.iter().any(|p| p.len() > 1 && local.contains(p))),
            );
        }
        by_name * 2 > all
    }

    /// An address of mail that nobody has: the lender's with the canary's name and other digits, or, where addresses are not made of
    /// names, the head of one and the tail of another under the lender's domain.
    pub(super) fn mail(
        &self,
        draft: &Draft<'_>,
        at: usize,
        free: &Free<'_>,
        draws: &mut Draws<'_>,
    ) -> Option<String> {
        let lender = draft.like(at);
        let (local, domain) = self.sheet.cell(lender, at).trim().split_once('@')?;
        let renamed = if self.mails_by_name.contains(&at) {
            self.renamed(draft, lender, local)
        } else {
            None
        };
        let numeric = local.bytes().all(|b| b.is_ascii_digit());
        for attempt in 0..TRIES {
            let mut made = match &renamed {
                Some(renamed) => with_other_digits(renamed, draws),
                None if numeric => redrawn(local, draws),
                None => with_other_digits(&self.spliced(at, draws)?, draws),
            };
            if attempt > 2 && !numeric {
                made.push_str(&draws.between(1, 99).to_string());
            }
            let made = format!("{made}@{domain}");
            if email::normal(&made).is_some_and(|full| free.is_free(Kind::Email, full.as_bytes())) {
                return Some(made);
            }
        }
        None
    }

    /// The lender's local part with the canary's name where the lender's stands.
    fn renamed(&self, draft: &Draft<'_>, lender: usize, local: &str) -> Option<String> {
        let at = self.names.first()?;
        let donor = letters(name::split(self.sheet.cell(lender, *at))?);
        let canary = letters(name::split(&draft.cells[*at])?);
        let mut made = local.to_lowercase();
        let mut changed = false;
        for (theirs, its) in donor.iter().zip(&canary).rev() {
            if theirs.len() > 1 && !its.is_empty() && made.contains(theirs) {
                made = made.replacen(theirs, its, 1);
                changed = true;
            }
        }
        // j.smith: what remains of a given name is its first letter
        let [given, its] = [&donor[0], &canary[0]];
        if let (Some(initial), Some(new)) = (given.chars().next(), its.chars().next())
            && !local.to_lowercase().contains(given)
            && let Some(rest) = made.strip_prefix(initial)
        {
            made = format!("{new}{rest}");
        }
        changed.then_some(made)
    }

    fn spliced(&self, at: usize, draws: &mut Draws<'_>) -> Option<String> {
        let cut = |text: &str| {
            text.find(['.', '_', '-'])
                .or_else(|| text.find(|c: char| c.is_ascii_digit()))
        };
        (0..TRIES).find_map(|_| {
            let head = local_part(self.sheet.cell(self.sheet.any_row(draws), at));
            let tail = local_part(self.sheet.cell(self.sheet.any_row(draws), at));
            let made = match (cut(head), cut(tail)) {
                (Some(i), Some(j)) => format!("{}{}", &head[..i], &tail[j..]),
                _ => head.to_string(),
            };
            (!made.is_empty()).then_some(made)
        })
    }
}

fn local_part(mail: &str) -> &str {
    mail.trim().split_once('@').map_or("", |(local, _)| local)
}

/// Given name and surname as addresses write them: letters only, in lower case; the first word of several.
fn letters(name: Name<'_>) -> [String; 2] {
    let plain = |text: &str| {
        let letters = text.chars().filter(char::is_ascii_alphabetic);
        letters.collect::<String>().to_ascii_lowercase()
    };
    [
        plain(name.given.split(' ').next().unwrap_or("")),
        plain(name.surname),
    ]
}

/// Runs of digits drawn again at their length, but for what may be a year of birth.
fn with_other_digits(text: &str, draws: &mut Draws<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    for run in crate::canary::prose::runs(text) {
        let is_year = run.is_number && matches!(run.text.parse(), Ok(1930..=2015));
        if run.is_number && !is_year {
            out.push_str(&redrawn(run.text, draws));
        } else {
            out.push_str(run.text);
        }
    }
    out
}
