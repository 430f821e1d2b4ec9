//! What a leak will prove, told before anything is issued: how many rows name a source, and how large a coalition is survived.
//!
//! A leak of k rows from one copy is simulated (rows and canaries drawn as a leaker would take them, sites as the register draws
//! them, bits, flips) and weighed by [`evidence`](crate::trace::evidence) and [`canaries`], so the forecast is
//! of the very number that a trace computes. The generator's seed is fixed: the same question has the same answer.
//!
//! # The interval
//!
//! A chance is what the model says; [`Forecast::interval`] is where the part of real leaks that are named will lie. It allows for
//!
//! - the simulation's own error (Wilson 1927, at 400 leaks);
//! - what the model leaves out. Below: cells that are lost to reading, because a value was rewritten or two rows contradict one
//!   another, and flips that are more than was said (`HARDER`). Above: half of the changed values are changed to something that
//!   is no variant, which erases a site instead of turning it (`EASIER`);
//! - chance in a finite number of leaks: the part of m leaks that are named is binomial. Leaks of one copy share rows, two leaks of
//!   k of n rows a part k/n of them, so m leaks count as m / (1 + (m - 1) k/n) (the design effect of Kish 1965).

mod coalitions;
mod rows;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::code::{Bias, BiasSet, SiteKind};
use crate::trace::canaries::{self, Sought};
use crate::trace::evidence::{Counts, log10_e};
use crate::trace::partitions::LEAST_LEAK;
use crate::trace::stretches::WHOLE;
use crate::trace::units::{Alpha, FlipRate, Log10E};
use crate::trace::verdict::name_threshold;
pub use coalitions::coalition_survived;
pub use rows::{CanaryRows, OrderSites, RowSites};
use rows::{Drawn, Row};

const KINDS: usize = SiteKind::ALL.len();
/// Simulated leaks to a chance: its standard error is at most .025, and .011 near .95.
const TRIALS: u64 = 400;
/// Sites beyond these are left out of a simulated leak: fewer than 300 name one of a million with a tenth of them flipped.
const ENOUGH_SITES: usize = 3_000;
/// Rows beyond these are left out too, which tells only where fewer than one row in forty has a site.
const ENOUGH_ROWS: u64 = 40 * ENOUGH_SITES as u64;
/// The chance that counts as "will be named".
const LIKELY: f64 = 0.95;

/// The bias of a site that is a canary in the copies of half of the recipients.
const SHARED: Bias = Bias(128);

/// How much harder a real leak may be than the model: (times the flips, flips besides, part of the sites that is lost).
const HARDER: (f64, f64, f64) = (1.15, 0.002, 0.025);

/// The part of the flips that may be erasures instead.
const EASIER: f64 = 0.5;

/// Of the tails beyond an interval each holds so much.
const TAIL: f64 = 0.04;

/// The standard normal deviate at [`TAIL`].
const TAIL_DEVIATE: f64 = 1.75;

/// The chance that a source is named, from simulation.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct NamingChance(pub f64);

/// How a leaker takes rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// From anywhere in the copy, left in its order.
    Anywhere,
    /// As they follow one another in the copy, so that their order shows most.
    InOrder,
}

/// What handling does to sites.
#[derive(Clone, Copy)]
struct Wear {
    flip: f64,
    lost: f64,
}

/// A question about leaks of one register.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// What rows hold.
    pub sites: RowSites,
    /// The register's biases.
    pub code: BiasSet,
    /// Recipients that the vault will have had when the leak is traced.
    pub recipients: usize,
    /// The chance of naming an innocent that a trace may take.
    pub alpha: Alpha,
}

impl Forecast {
    /// The chance that `rows` rows from anywhere in one copy, values flipped at the rate `flips`, name its recipient.
    pub fn chance(&self, rows: u64, flips: FlipRate) -> NamingChance {
        self.chance_of(rows, flips, Taking::Anywhere)
    }

    /// The chance for rows that were taken so.
    pub fn chance_of(&self, rows: u64, flips: FlipRate, taking: Taking) -> NamingChance {
        let wear = Wear {
            flip: flips.0,
            lost: 0.0,
        };
        self.simulated(rows, wear, taking, TRIALS)
    }

    /// Where the part of `runs` leaks of one copy that are named will lie, nine times in ten: leaks of `rows` rows from anywhere,
    /// values changed at the rate `flips`. With `runs` 0, where the chance itself lies. See [the module](self) for what is allowed for.
    pub fn interval(&self, rows: u64, flips: FlipRate, runs: u64) -> (NamingChance, NamingChance) {
        self.interval_of(rows, flips, Taking::Anywhere, runs)
    }

    /// The interval for rows that were taken so.
    pub fn interval_of(
        &self,
        rows: u64,
        flips: FlipRate,
        taking: Taking,
        runs: u64,
    ) -> (NamingChance, NamingChance) {
        let (times, besides, lost) = HARDER;
        let harder = Wear {
            flip: flips.0 * times + besides,
            lost,
        };
        let easier = Wear {
            flip: flips.0 * EASIER,
            lost: flips.0 * (1.0 - EASIER),
        };
        let low = wilson(
            self.simulated(rows, harder, taking, TRIALS).0,
            -TAIL_DEVIATE,
        );
        let high = wilson(self.simulated(rows, easier, taking, TRIALS).0, TAIL_DEVIATE);
        if runs == 0 {
            return (NamingChance(low), NamingChance(high));
        }
        let shared = self
            .sites
            .copy()
            .map_or(0.0, |copy| (rows as f64 / copy.max(1) as f64).min(1.0));
        let counted = runs as f64 / (1.0 + (runs - 1) as f64 * shared);
        let counted = counted.floor().max(1.0) as u64;
        let part = |chance, level| NamingChance(quantile(counted, chance, level) / counted as f64);
        (part(low, TAIL), part(high, 1.0 - TAIL))
    }

    /// The number of rows of one copy that name its recipient in 95 % of leaks; none where no number does, because rows have no
    /// sites or too many values are flipped. Takes some tens of milliseconds.
    pub fn rows_to_name(&self, flips: FlipRate) -> Option<u64> {
        self.rows_to_name_in(flips, Taking::Anywhere, TRIALS)
    }

    /// The number of rows, taken so, that name in 95 % of so many simulated leaks.
    pub fn rows_to_name_in(&self, flips: FlipRate, taking: Taking, trials: u64) -> Option<u64> {
        let ordered = self.sites.order().running * f64::from(u8::from(taking == Taking::InOrder));
        let canaries = self.sites.canaries();
        let told = canaries.own + canaries.shared;
        let mean = self.sites.mean() + ordered;
        if mean <= 0.0 && told == 0 && self.sites.order().running <= 0.0 {
            return None;
        }
        let all = self.sites.copy().unwrap_or(u64::MAX);
        let most = match mean > 0.0 {
            true => ((ENOUGH_SITES as f64 / mean).ceil() as u64).min(all),
            false => all.min(ENOUGH_ROWS),
        };
        let wear = Wear {
            flip: flips.0,
            lost: 0.0,
        };
        let likely = |rows| self.simulated(rows, wear, taking, trials).0 >= LIKELY;
        let mut above = 1;
        while !likely(above) {
            if above >= most {
                return None;
            }
            above = (above * 2).min(most);
        }
        let mut below = above / 2;
        while above - below > 1 + below / 100 {
            let middle = below + (above - below) / 2;
            if likely(middle) {
                above = middle;
            } else {
                below = middle;
            }
        }
        Some(above)
    }

    fn simulated(&self, rows: u64, wear: Wear, taking: Taking, trials: u64) -> NamingChance {
        let threshold = name_threshold(self.recipients, self.alpha);
        let named =
            (0..trials).filter(|seed| self.simulate(rows, wear, taking, *seed) >= threshold);
        NamingChance(named.count() as f64 / trials.max(1) as f64)
    }

    /// Seeds are shared by all numbers of rows, and a longer leak begins with the rows of the shorter: so chances for different
    /// numbers of rows differ by the rows and hardly by luck.
    fn simulate(&self, rows: u64, wear: Wear, taking: Taking, seed: u64) -> Log10E {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut leak = Simulated::new(self, wear);
        let mut drawn = Drawn::new(&self.sites);
        for _ in 0..rows.min(ENOUGH_ROWS) {
            match drawn.next(&mut rng) {
                None => break,
                Some(Row::Own) => leak.met += 1,
                Some(Row::Shared) => leak.counts.add(SiteKind::Shared, SHARED, true, true),
                Some(Row::Record(sites)) => leak.read(sites, &mut rng),
            }
            if leak.sites >= ENOUGH_SITES {
                break;
            }
        }
        leak.order(self.order_read(rows, taking, seed), &mut rng);
        let sites = log10_e(&leak.counts);
        let stretched = match rows >= LEAST_LEAK as u64 {
            true => sites.times(Log10E(WHOLE.log10())),
            false => sites,
        };
        stretched.times(self.canary_evidence(rows, leak.met))
    }

    /// How many sites a leak's order shows.
    fn order_read(&self, rows: u64, taking: Taking, seed: u64) -> usize {
        let table = self.sites.table().unwrap_or(u64::MAX);
        let mean = self.sites.order().shown(rows, table, taking);
        let most = rows.min(2 * ENOUGH_SITES as u64);
        if mean <= 0.0 || most == 0 {
            return 0;
        }
        let each = (mean / most as f64).min(1.0);
        let mut rng = ChaCha8Rng::seed_from_u64(!seed);
        let read = (0..most).filter(|_| rng.random_bool(each)).count();
        read.min(ENOUGH_SITES)
    }

    fn canary_evidence(&self, rows: u64, met: usize) -> Log10E {
        let canaries = self.sites.canaries();
        let one = |met| Sought {
            met,
            accident: canaries.accident(rows, met),
        };
        let missed = (canaries.own as usize).saturating_sub(met);
        let mut sought = vec![one(true); met];
        sought.resize(met + missed, one(false));
        canaries::log10_e(&sought)
    }
}

/// One leak on the way.
struct Simulated {
    code: BiasSet,
    flip: f64,
    lost: f64,
    counts: Counts,
    sites: usize,
    met: usize,
}

impl Simulated {
    fn new(of: &Forecast, wear: Wear) -> Simulated {
        Simulated {
            code: of.code,
            flip: wear.flip.clamp(0.0, 0.5),
            lost: wear.lost.clamp(0.0, 1.0),
            counts: Counts::default(),
            sites: 0,
            met: 0,
        }
    }

    fn read(&mut self, row: [u16; KINDS], rng: &mut ChaCha8Rng) {
        let of_record = self.code.pick(rng.random());
        for (kind, n) in SiteKind::ALL.into_iter().zip(row) {
            for _ in 0..n {
                let bias = match self.code.by_record() {
                    true => of_record,
                    false => self.code.pick(rng.random()),
                };
                let x = rng.random::<u8>() < bias.0;
                let y = x != rng.random_bool(self.flip);
                // drawn whether or not any are lost, so that leaks of the same seed stay in step
                if !rng.random_bool(self.lost) {
                    self.counts.add(kind, bias, y, x);
                    self.sites += 1;
                }
            }
        }
    }

    /// So many sites of the rows' order, which no change of values flips.
    fn order(&mut self, sites: usize, rng: &mut ChaCha8Rng) {
        for _ in 0..sites {
            let bias = self.code.pick(rng.random());
            let x = rng.random::<u8>() < bias.0;
            self.counts.add(SiteKind::Order, bias, x, x);
        }
    }
}

/// The end of Wilson's score interval for a part seen in [`TRIALS`], so many deviates away; 0 and 1 are within reach only when seen.
fn wilson(part: f64, deviates: f64) -> f64 {
    // rounding would leave a little above 0, or below 1
    if (part <= 0.0 && deviates < 0.0) || (part >= 1.0 && deviates > 0.0) {
        return part;
    }
    let n = TRIALS as f64;
    let z2 = deviates * deviates;
    let centre = part + z2 / (2.0 * n);
    let half = deviates * (part * (1.0 - part) / n + z2 / (4.0 * n * n)).sqrt();
    ((centre + half) / (1.0 + z2 / n)).clamp(0.0, 1.0)
}

/// The least number of successes among `n` coins of this chance that is reached or undercut with at least the chance `level`.
fn quantile(n: u64, chance: f64, level: f64) -> f64 {
    if chance <= 0.0 || chance >= 1.0 {
        return n as f64 * chance.clamp(0.0, 1.0);
    }
    let odds = (chance / (1.0 - chance)).ln();
    let mut ln_mass = n as f64 * (1.0 - chance).ln();
    let mut below = 0.0;
    for k in 0..n {
        below += ln_mass.exp();
        if below >= level {
            return k as f64;
        }
        ln_mass += odds + ((n - k) as f64 / (k + 1) as f64).ln();
    }
    n as f64
}

#[cfg(test)]
mod tests;
