//! What a table is before anything is issued: roles, dependencies, sites, what a leak will prove, and how far copies depart from it.
//!
//! Nothing here is a guess: copies are made as an issue would make them ([`rehearsal`]), their cells are counted ([`moves`]), and
//! leaks of them are simulated ([`forecast`](crate::forecast)). The same table has the same answer every time.

mod advice;
pub mod moves;
pub mod rehearsal;

use crate::code::SiteKind;
use crate::error::Result;
use crate::forecast::{Forecast, OrderSites, RowSites, Taking, coalition_survived};
use crate::mark::size;
use crate::parallel;
use crate::policy::{Fidelity, Policy};
use crate::table::Source;
use crate::trace::units::{Alpha, FlipRate};
use rehearsal::Rehearsal;

/// Copies that are made.
const COPIES: usize = 2;

/// Rows of the leaks that are forecast.
const LEAKS: [u64; 4] = [10, 30, 100, 1_000];

/// A table of fewer rows leaks as a whole as well.
const SHORT: u64 = 100;

/// Nothing changed on the way.
const CLEAN: FlipRate = FlipRate(0.0);

/// One value in twenty changed.
const WORN: FlipRate = FlipRate(0.05);

/// Columns of which the pairs are forecast, at most: those with most sites.
const PAIRED: usize = 6;

/// Simulated leaks where columns are forecast.
const COLUMN_TRIALS: u64 = 150;

/// A value as it is and as a mark would have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Column.
    pub column: String,
    /// Row of the table, from 1.
    pub row: usize,
    /// What is there.
    pub before: String,
    /// What some recipients would see.
    pub after: String,
}

/// A chance, and where it lies in truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The chance of naming.
    pub chance: f64,
    /// The least that must be reckoned with.
    pub low: f64,
    /// The most.
    pub high: f64,
}

/// What leaks of so many rows prove.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakForecast {
    /// Rows of the leak, from anywhere in the copy.
    pub rows: u64,
    /// Values as issued.
    pub clean: Expected,
    /// One value in twenty changed.
    pub worn: Expected,
    /// Rows that follow one another as in the copy, where their order carries marks.
    pub in_order: Option<Expected>,
}

/// What a leak of one or two altered columns beside an identifier proves.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnForecast {
    /// The columns; those that move with them are not listed.
    pub columns: Vec<String>,
    /// Mean sites a row in them.
    pub sites_per_row: f64,
    /// Rows that name in 95 % of leaks, clean; none where the whole table does not.
    pub rows_to_name: Option<u64>,
    /// The same with one value in twenty changed.
    pub rows_to_name_worn: Option<u64>,
}

/// How many recipients may pool the whole of their copies and one of them still be named in 95 % of leaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coalitions {
    /// Where they take, mix, vote on or leave out single cells.
    pub mixing: u32,
    /// Where they leave out every row in which they differ.
    pub deleting: u32,
}

/// What canaries add.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryOutlook {
    /// Canaries in a copy that no other copy has.
    pub own: u64,
    /// Canaries in a copy that half of the recipients have.
    pub shared: u64,
    /// What meeting one proves: the binary logarithm of the values that its identifiers were drawn from.
    pub bits: f64,
    /// (rows of a leak, chance that it holds a canary of the recipient's own).
    pub met: Vec<(u64, f64)>,
}

/// How a column's numbers, or its days, move; averages over copies, canaries included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumbersMove {
    /// Whether values are days.
    pub days: bool,
    /// By how much an altered value is altered.
    pub by: f64,
    /// Mean before and after.
    pub mean: (f64, f64),
    /// Standard deviation before and after.
    pub sd: (f64, f64),
    /// The largest change of the share of any of twenty bars of the histogram.
    pub bar: f64,
}

/// How a column moves.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnMove {
    /// Column.
    pub column: String,
    /// The part of its cells that a copy alters.
    pub cells: f64,
    /// Its numbers, where it holds any.
    pub numbers: Option<NumbersMove>,
}

/// How the correlation of two columns moves.
#[derive(Clone, Debug, PartialEq)]
pub struct PairMove {
    /// The columns.
    pub columns: [String; 2],
    /// Correlation in the source.
    pub before: f64,
    /// In a copy, on average.
    pub after: f64,
}

impl PairMove {
    /// By how much it moves.
    pub fn by(&self) -> f64 {
        (self.after - self.before).abs()
    }
}

/// What inspection found.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The policy, given or inferred, with its biases chosen.
    pub policy: Policy,
    /// Rows.
    pub rows: usize,
    /// Why the table cannot be issued as it stands; what follows is empty then.
    pub obstacle: Option<String>,
    /// Mean sites a row, by kind; those of the order of rows among them.
    pub sites_per_row: Vec<(SiteKind, f64)>,
    /// For each column that may be altered: the part of its rows that hold a site.
    pub marked: Vec<(String, f64)>,
    /// Examples of alterations.
    pub examples: Vec<Example>,
    /// Cells that a copy alters, on average.
    pub cells_altered: f64,
    /// How columns move.
    pub moves: Vec<ColumnMove>,
    /// The pairs of columns whose correlation moves most.
    pub correlations: Vec<PairMove>,
    /// What leaks will prove.
    pub leaks: Vec<LeakForecast>,
    /// Rows that name in 95 % of leaks, clean.
    pub rows_to_name: Option<u64>,
    /// The same for rows in the copy's order, where order carries marks.
    pub rows_to_name_in_order: Option<u64>,
    /// What single columns prove.
    pub columns: Vec<ColumnForecast>,
    /// What pairs of columns prove.
    pub pairs: Vec<ColumnForecast>,
    /// The largest coalitions survived by the whole table.
    pub coalitions: Coalitions,
    /// What canaries add; none where there are none.
    pub canaries: Option<CanaryOutlook>,
    /// What to change in the policy to get more.
    pub advice: Vec<String>,
    /// What the forecasts were made by.
    pub forecast: Forecast,
}

/// Inspects a table under a policy. The forecast is for this many recipients.
pub fn inspect(
    source: &Source,
    policy: Policy,
    recipients: usize,
    alpha: Alpha,
) -> Result<Inspection> {
    let policy = size::settle(policy, &source.table);
    let mut found = Inspection::empty(source, policy, recipients, alpha);
    let rehearsal = match Rehearsal::of(source, &found.policy, COPIES) {
        Ok(rehearsal) => rehearsal,
        Err(why) => {
            found.obstacle = Some(why.to_string());
            return Ok(found);
        }
    };
    found.count(source, &rehearsal);
    found.foresee(&rehearsal);
    found.compare(source, &rehearsal);
    found.advice = advice::advise(
        &source.table,
        &found.forecast,
        &found.policy,
        &rehearsal,
        found.coalitions,
        found.canaries.as_ref(),
    );
    Ok(found)
}

impl Inspection {
    fn empty(source: &Source, policy: Policy, recipients: usize, alpha: Alpha) -> Inspection {
        let forecast = Forecast {
            sites: RowSites::default(),
            code: policy.code,
            recipients,
            alpha,
        };
        Inspection {
            rows: source.table.rows(),
            obstacle: None,
            sites_per_row: SiteKind::ALL.map(|kind| (kind, 0.0)).to_vec(),
            marked: Vec::new(),
            examples: Vec::new(),
            cells_altered: 0.0,
            moves: Vec::new(),
            correlations: Vec::new(),
            leaks: Vec::new(),
            rows_to_name: None,
            rows_to_name_in_order: None,
            columns: Vec::new(),
            pairs: Vec::new(),
            coalitions: Coalitions::default(),
            canaries: None,
            advice: Vec::new(),
            forecast,
            policy,
        }
    }

    /// Recipients that the forecast is for.
    pub fn recipients(&self) -> usize {
        self.forecast.recipients
    }

    /// Whether the order of rows carries marks.
    pub fn ordered(&self) -> bool {
        self.policy.row_order || self.policy.fidelity == Fidelity::Lossless
    }

    fn count(&mut self, source: &Source, rehearsal: &Rehearsal) {
        let every: Vec<usize> = (0..rehearsal.groups.len()).collect();
        let sites = match rehearsal.groups.is_empty() {
            // rows without a place for a mark are rows all the same
            true => RowSites::from_rows(vec![Default::default(); source.table.rows()])
                .with_canaries(rehearsal.canaries.clone())
                .with_order(rehearsal.order_under(&self.policy)),
            false => rehearsal.rows(&self.policy, &every),
        };
        for (kind, mean) in &mut self.sites_per_row {
            let of_kind = rehearsal.groups.iter().filter(|g| g.kind == *kind);
            *mean = of_kind.map(|g| g.mean()).sum();
            if *kind == SiteKind::Order {
                *mean += sites.order().running;
            }
        }
        let name = |columns: &[usize]| self.policy.columns[columns[0]].name.clone();
        self.marked = rehearsal
            .groups
            .iter()
            .map(|g| (name(&g.columns), g.marked()))
            .collect();
        self.forecast.sites = sites;
    }

    fn foresee(&mut self, rehearsal: &Rehearsal) {
        let rows = self.rows as u64;
        let whole = (rows < SHORT && !LEAKS.contains(&rows)).then_some(rows);
        let sizes: Vec<u64> = LEAKS
            .into_iter()
            .filter(|k| *k <= rows)
            .chain(whole)
            .collect();
        let ordered = self.ordered();
        let forecast = &self.forecast;
        let expected = |rows, flips, taking| {
            let (low, high) = forecast.interval_of(rows, flips, taking, 0);
            let chance = forecast.chance_of(rows, flips, taking).0;
            Expected {
                chance,
                low: low.0.min(chance),
                high: high.0.max(chance),
            }
        };
        self.leaks = parallel::map(sizes.len(), |at| LeakForecast {
            rows: sizes[at],
            clean: expected(sizes[at], CLEAN, Taking::Anywhere),
            worn: expected(sizes[at], WORN, Taking::Anywhere),
            in_order: ordered.then(|| expected(sizes[at], CLEAN, Taking::InOrder)),
        });
        let canaries = forecast.sites.canaries();
        self.canaries = (canaries.own + canaries.shared > 0).then(|| CanaryOutlook {
            own: canaries.own,
            shared: canaries.shared,
            bits: -canaries.accident(1, true).fraction().log2(),
            met: sizes
                .iter()
                .map(|k| (*k, canaries.chance_to_meet(*k, rows)))
                .collect(),
        });
        let sites = (forecast.sites.mean() + forecast.sites.order().running) * rows as f64;
        let mixing = coalition_survived(
            forecast.code,
            sites as u64,
            forecast.recipients,
            forecast.alpha,
        );
        let (needed, deleting) = std::thread::scope(|scope| {
            let deleting = scope.spawn(|| forecast.coalition_deleting_rows(rows));
            let needed = forecast.rows_to_name(CLEAN);
            (needed, deleting.join().unwrap_or_default())
        });
        self.rows_to_name = needed;
        self.rows_to_name_in_order = ordered
            .then(|| forecast.rows_to_name_in(CLEAN, Taking::InOrder, COLUMN_TRIALS))
            .flatten();
        self.coalitions = Coalitions { mixing, deleting };
        self.foresee_columns(rehearsal);
    }

    fn foresee_columns(&mut self, rehearsal: &Rehearsal) {
        let mut groups: Vec<usize> = (0..rehearsal.groups.len())
            .filter(|g| rehearsal.groups[*g].mean() > 0.0)
            .collect();
        let singles: Vec<Vec<usize>> = groups.iter().map(|g| vec![*g]).collect();
        groups.sort_by(|a, b| {
            rehearsal.groups[*b]
                .mean()
                .total_cmp(&rehearsal.groups[*a].mean())
        });
        groups.truncate(PAIRED);
        groups.sort_unstable();
        let pairs: Vec<Vec<usize>> = groups
            .iter()
            .enumerate()
            .flat_map(|(at, a)| groups[at + 1..].iter().map(|b| vec![*a, *b]))
            .collect();
        let of = |groups: &[usize]| {
            let sites = rehearsal.rows(&self.policy, groups);
            let sites_per_row = sites.mean();
            let forecast = Forecast {
                // one column's rows are not leaked in order for the order's sake
                sites: sites.with_order(OrderSites::default()),
                ..self.forecast.clone()
            };
            let rows = |flips| forecast.rows_to_name_in(flips, Taking::Anywhere, COLUMN_TRIALS);
            ColumnForecast {
                columns: groups
                    .iter()
                    .map(|g| {
                        self.policy.columns[rehearsal.groups[*g].columns[0]]
                            .name
                            .clone()
                    })
                    .collect(),
                sites_per_row,
                rows_to_name: rows(CLEAN),
                rows_to_name_worn: rows(WORN),
            }
        };
        let (columns, pairs) = (
            parallel::map(singles.len(), |at| of(&singles[at])),
            parallel::map(pairs.len(), |at| of(&pairs[at])),
        );
        (self.columns, self.pairs) = (columns, pairs);
    }

    fn compare(&mut self, source: &Source, rehearsal: &Rehearsal) {
        let cells: usize = rehearsal.copies.iter().map(|c| c.altered.len()).sum();
        self.cells_altered = cells as f64 / rehearsal.copies.len().max(1) as f64;
        if let Some(copy) = rehearsal.copies.first() {
            self.examples = moves::examples(&source.table, copy);
        }
        (self.moves, self.correlations) =
            moves::measure_moves(&source.table, &self.policy, rehearsal);
    }
}

#[cfg(test)]
mod honesty;
#[cfg(test)]
mod tests;
