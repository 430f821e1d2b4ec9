//! How a table's columns hang together: which determine one another, which date is counted from which, and which share information.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::Sheet;
use super::aspects::{self, Aspect, KINDS, Reading};
use super::counts::Folded;
use super::kin::{Node, Part, Whom, ties};
use crate::policy::Kind;

/// Counts that all pairs of aspects may cost together.
const WORK: usize = 1_500_000;

/// Rows that a pair is looked at in, at most.
const ROWS: usize = 2_048;

/// What a part may hang on.
const PARENTS: usize = 3;

/// A date is counted from another where the distances between them spread over less than this part of what the date spreads over.
const NARROWER: f64 = 0.8;

/// Columns that a rule or the table itself ties together, each column in one group at most.
pub fn tied(sheet: Sheet<'_>, sample: &[u32]) -> Vec<Vec<usize>> {
    let policy = sheet.policy;
    let mut group: Vec<usize> = (0..policy.columns.len()).collect();
    let mut join = |a: usize, b: usize| {
        let (from, to) = (group[a].max(group[b]), group[a].min(group[b]));
        for g in group.iter_mut().filter(|g| **g == from) {
            *g = to;
        }
    };
    for rule in &policy.rules {
        let places: Vec<usize> = ties(policy, rule)
            .into_iter()
            .filter_map(|name| policy.columns.iter().position(|c| c.name == name))
            .collect();
        for pair in places.windows(2) {
            join(pair[0], pair[1]);
        }
    }
    let words = sheet.columns(|c| matches!(c.kind, Kind::Category | Kind::Text));
    for by in &words {
        for column in words.iter().filter(|c| *c != by) {
            if determines(sheet, *by, *column, sample) {
                join(*by, *column);
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); group.len()];
    for (at, g) in group.iter().enumerate() {
        groups[*g].push(at);
    }
    groups.retain(|g| g.len() > 1);
    groups
}

/// Whether each value of `by` that repeats comes with one value of `column`, exceptions in one row of two hundred aside.
fn determines(sheet: Sheet<'_>, by: usize, column: usize, sample: &[u32]) -> bool {
    let mut says: HashMap<u64, (u64, u32), BuildHasherDefault<Folded>> = HashMap::default();
    let (mut kept, mut broken) = (0usize, 0usize);
    let mut values = std::collections::HashSet::new();
    for row in sample.iter().take(ROWS) {
        let [a, b] = [by, column].map(|c| sheet.cell(*row as usize, c).trim());
        if a.is_empty() || b.is_empty() {
            continue;
        }
        let b = aspects::key_of(b);
        values.insert(b);
        match says.entry(aspects::key_of(a)) {
            std::collections::hash_map::Entry::Occupied(mut there) => {
                there.get_mut().1 += 1;
                if there.get().0 == b {
                    kept += 1
                } else {
                    broken += 1
                }
            }
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert((b, 1));
            }
        }
        if broken > 10 + kept / 100 {
            return false;
        }
    }
    // a column of one value is determined by everything
    values.len() > 1 && says.len() < sample.len() / 3 && kept > 20 && broken * 200 <= kept
}

/// The dates of a table, each counted from the one to which it keeps nearest, if it keeps to any.
pub fn dated(sheet: Sheet<'_>, dates: Vec<Vec<usize>>, sample: &[u32]) -> Vec<Part> {
    let leads: Vec<usize> = dates.iter().filter_map(|d| d.first().copied()).collect();
    let days: Vec<Vec<Option<f64>>> = leads
        .iter()
        .map(|c| {
            let order = sheet.policy.columns[*c].order.unwrap_or_default();
            let cells = sample
                .iter()
                .take(ROWS)
                .map(|row| sheet.cell(*row as usize, *c));
            cells.map(|cell| aspects::day_of(cell, order)).collect()
        })
        .collect();
    let own: Vec<f64> = days
        .iter()
        .map(|d| spread(d.iter().flatten().copied()))
        .collect();
    // what the table is sorted by is counted from nothing
    let sorted = sheet.policy.sort.iter().find_map(|key| {
        let column = sheet
            .policy
            .columns
            .iter()
            .position(|c| c.name == key.column)?;
        leads.iter().position(|c| *c == column)
    });
    let mut from: Vec<Option<usize>> = vec![None; leads.len()];
    let mut placed: Vec<usize> = sorted
        .or((!leads.is_empty()).then_some(0))
        .into_iter()
        .collect();
    while placed.len() < leads.len() {
        let left = (0..leads.len()).filter(|n| !placed.contains(n));
        let pairs = left.flat_map(|n| placed.iter().map(move |p| (n, *p)));
        let nearness = |(n, p): (usize, usize)| {
            let both = days[n].iter().zip(&days[p]);
            let apart = spread(both.filter_map(|(a, b)| Some((*a)? - (*b)?)));
            (apart / own[n].max(f64::MIN_POSITIVE), n, p)
        };
        let Some((ratio, next, to)) = pairs.map(nearness).min_by(|a, b| a.0.total_cmp(&b.0)) else {
            break;
        };
        from[next] = (ratio < NARROWER).then(|| leads[to]);
        placed.push(next);
    }
    let parts = dates.into_iter().zip(from);
    parts
        .map(|(columns, from)| Part::Dates { columns, from })
        .collect()
}

/// From the tenth to the ninetieth of a hundred.
pub fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let at = |part: usize| sorted.get(sorted.len() * part / 10).copied();
    at(9).zip(at(1)).map_or(0.0, |(high, low)| high - low)
}

/// Orders parts so that each comes after what it hangs on, and says what that is.
pub fn order(sheet: Sheet<'_>, mut left: Vec<Node>, all: &[Aspect]) -> Vec<Node> {
    let shared = Shared::of(all);
    let stretch = all.iter().position(|a| a.reading == Reading::Stretch);
    let mut placed: Vec<Node> = Vec::new();
    while !left.is_empty() {
        let ready = |node: &Node| match &node.part {
            Part::Dates {
                from: Some(from), ..
            } => placed.iter().any(|p| p.part.lead() == Some(*from)),
            _ => true,
        };
        let strength = |node: &Node| {
            let found = parents(node, &placed, stretch, &shared);
            found.first().map_or(0.0, |(bits, ..)| *bits)
        };
        let best = (0..left.len()).filter(|n| ready(&left[*n])).max_by(|a, b| {
            strength(&left[*a])
                .total_cmp(&strength(&left[*b]))
                .then(b.cmp(a))
        });
        let mut node = left.remove(best.unwrap_or(0));
        let mut agree = near_the_donor(sheet, &node, all, stretch);
        for (_, aspect, whom) in parents(&node, &placed, stretch, &shared)
            .into_iter()
            .take(PARENTS)
        {
            if !agree.contains(&(aspect, whom)) {
                agree.push((aspect, whom));
            }
        }
        node.agree = agree;
        placed.push(node);
    }
    placed
}

/// Whether an aspect tells nothing of other columns.
pub fn stands_alone(aspect: usize, all: &[Aspect]) -> bool {
    let shared = Shared::of(all);
    (0..all.len()).all(|other| other == aspect || shared.between(aspect, other) <= 0.0)
}

/// What ties a part to its donor: a date to the donor's own, a code to the donor's neighbourhood.
fn near_the_donor(
    sheet: Sheet<'_>,
    node: &Node,
    all: &[Aspect],
    stretch: Option<usize>,
) -> Vec<(usize, Whom)> {
    let day = || {
        let is_day =
            |at: &&usize| matches!(all.get(**at).map(|a| a.reading), Some(Reading::Day(_)));
        node.aspects.iter().find(is_day).copied()
    };
    let tie = match &node.part {
        Part::Dates { from: None, .. } | Part::Cells(_) => day(),
        Part::Like(c) if sheet.policy.columns[*c].kind == Kind::Code => stretch,
        _ => None,
    };
    tie.map(|at| (at, Whom::Donor)).into_iter().collect()
}

/// The aspects of earlier parts that a part shares most information with: (bits, aspect, whose), strongest first, one a part.
fn parents(
    node: &Node,
    placed: &[Node],
    stretch: Option<usize>,
    shared: &Shared,
) -> Vec<(f64, usize, Whom)> {
    let most = |theirs: &[usize], whom: Whom| {
        let pairs = node
            .aspects
            .iter()
            .flat_map(|a| theirs.iter().map(move |b| (*a, *b)));
        pairs
            .map(|(a, b)| (shared.between(a, b), b, whom))
            .filter(|(bits, ..)| *bits > 0.0)
            .max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let mut found: Vec<(f64, usize, Whom)> = placed
        .iter()
        .filter_map(|p| most(&p.aspects, Whom::Canary))
        .chain(stretch.and_then(|s| most(&[s], Whom::Donor)))
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
}

/// The information that each two aspects share.
struct Shared {
    aspects: usize,
    nats: Vec<f64>,
}

impl Shared {
    fn of(all: &[Aspect]) -> Shared {
        let n = all.len();
        let mut nats = vec![0.0; n * n];
        let pairs = (n * n / 2).max(1);
        let sampled = all.first().map_or(0, |a| a.codes.len());
        let rows = (WORK / pairs).clamp(256, ROWS).min(sampled.max(1));
        let kinds = ((rows as f64 / 8.0).sqrt() as u8).clamp(3, 24);
        let coarse: Vec<Vec<u8>> = all
            .iter()
            .map(|a| {
                (0..rows)
                    .map(|r| coarse(a, a.codes[r * sampled / rows], kinds))
                    .collect()
            })
            .collect();
        let mut table = vec![0u32; usize::from(kinds) * usize::from(kinds)];
        for a in 0..n {
            for b in 0..a {
                if all[a].reading.column() == all[b].reading.column() {
                    continue;
                }
                let bits = information(&coarse[a], &coarse[b], usize::from(kinds), &mut table);
                nats[a * n + b] = bits;
                nats[b * n + a] = bits;
            }
        }
        Shared { aspects: n, nats }
    }

    fn between(&self, a: usize, b: usize) -> f64 {
        self.nats.get(a * self.aspects + b).copied().unwrap_or(0.0)
    }
}

/// A code among fewer: rare values together, ranges in wider ones.
fn coarse(aspect: &Aspect, code: u8, kinds: u8) -> u8 {
    match code {
        0 => 0,
        _ if aspect.ordered && code < KINDS - 1 => {
            let ranges = u16::from(aspect.kinds.saturating_sub(1).max(1));
            1 + (u16::from(code - 1) * u16::from(kinds - 1) / ranges) as u8
        }
        _ => code.min(kinds - 1),
    }
    .min(kinds - 1)
}

/// The mutual information of two lists of codes in nats, less what chance alone makes; 0 where it is not more than chance makes.
///
/// 2 n I is chi-square distributed with (rows - 1)(columns - 1) degrees of freedom where nothing is shared (the G test).
fn information(a: &[u8], b: &[u8], kinds: usize, table: &mut [u32]) -> f64 {
    table.fill(0);
    let (mut rows, mut columns) = (vec![0u32; kinds], vec![0u32; kinds]);
    for (a, b) in a.iter().zip(b) {
        table[usize::from(*a) * kinds + usize::from(*b)] += 1;
        rows[usize::from(*a)] += 1;
        columns[usize::from(*b)] += 1;
    }
    let n = a.len() as f64;
    let mut sum = 0.0;
    for (at, count) in table.iter().enumerate().filter(|(_, c)| **c > 0) {
        let expected = f64::from(rows[at / kinds]) * f64::from(columns[at % kinds]) / n;
        sum += f64::from(*count) * (f64::from(*count) / expected).ln();
    }
    let used = |margin: &[u32]| margin.iter().filter(|c| **c > 0).count().saturating_sub(1);
    let freedom = (used(&rows) * used(&columns)) as f64;
    let certain = 2.0 * sum > freedom + 5.0 * (2.0 * freedom).sqrt() + 8.0;
    if certain {
        (sum - freedom / 2.0) / n
    } else {
        0.0
    }
}
