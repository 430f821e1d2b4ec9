//! Which part of a leak came from which of several named sources, and which row.
//!
//! A linked row that came from a source's copy shows that copy's bits, flipped now and then; a row from anybody else shows coins
//! of the sites' biases. A row has few sites and decides little; thousands of rows decide the shares. They are the maximum of the
//! likelihood prod_i sum_k share_k P(row i | k) over the shares and the flip rate of each kind, found by expectation-maximisation
//! (Dempster, Laird and Rubin 1977; McLachlan and Peel 2000, chapter 2), with intervals from the observed information.
//!
//! Rows near one another often come from one source. Where the order of rows shows that, each row's chances are those under a
//! [`chain`] along it, and the shares are their means: in a file of blocks they are then nearly exact. The
//! intervals stay those of independent rows, which are too wide then rather than too narrow.
//!
//! Where rows came from the unmarked original or from sources not named here, P(row | others) need not be how those rows were
//! made: a source's bits were drawn without regard to them, so that P(row | k) / P(row | others) still has mean 1 over them, and
//! the shares of the sources stay right.

use super::chain;
use super::units::{FlipRate, Share};
use crate::code::{Bias, SiteKind};

const KINDS: usize = SiteKind::ALL.len();
/// Flip rate from which the search starts.
const FIRST_FLIP: f64 = 0.02;
const LEAST_FLIP: f64 = 1e-4;
/// The search ends when no share moves by more than this.
const SETTLED: f64 = 1e-6;
const FLIP_ROUNDS: usize = 40;
const SHARE_STEPS: usize = 20;
/// Readings of a kind that differ in one row, at most; more are as good as impossible anyway.
const POWERS: usize = 32;
/// Normal quantile of a 95 % interval.
const Z95: f64 = 1.959_964;

/// What each linked row says for and against each source.
#[derive(Clone, Debug, Default)]
pub struct RowEvidence {
    sources: usize,
    shown: Vec<Site>,
    ends: Vec<usize>,
    /// By row, then source: readings of each kind that differ from the source's bit.
    differ: Vec<[u8; KINDS]>,
}

#[derive(Clone, Copy, Debug)]
struct Site {
    kind: SiteKind,
    bias: Bias,
    value: bool,
}

impl RowEvidence {
    /// No rows yet, for this many sources.
    pub fn new(sources: usize) -> RowEvidence {
        RowEvidence {
            sources,
            ..RowEvidence::default()
        }
    }

    /// Adds a row with what it shows at each of its sites; so far it agrees with every source.
    pub fn push_row(&mut self, sites: impl IntoIterator<Item = (SiteKind, Bias, bool)>) {
        self.shown.extend(
            sites
                .into_iter()
                .map(|(kind, bias, value)| Site { kind, bias, value }),
        );
        self.ends.push(self.shown.len());
        self.differ
            .extend(std::iter::repeat_n([0; KINDS], self.sources));
    }

    /// One more reading of `row`, of this kind, that differs from `source`'s bit. Rows and sources count from 0; others are ignored.
    pub fn disagree(&mut self, row: usize, source: usize, kind: SiteKind) {
        if source < self.sources
            && let Some(counts) = self.differ.get_mut(row * self.sources + source)
        {
            counts[kind as usize] = counts[kind as usize].saturating_add(1);
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True where there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn rows(&self) -> impl Iterator<Item = (&[Site], &[[u8; KINDS]])> {
        let mut start = 0;
        self.ends.iter().enumerate().map(move |(row, end)| {
            let sites = &self.shown[start..*end];
            start = *end;
            (
                sites,
                &self.differ[row * self.sources..(row + 1) * self.sources],
            )
        })
    }
}

/// A share with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShareEstimate {
    /// The likeliest share.
    pub share: Share,
    /// Lower end.
    pub low: Share,
    /// Upper end.
    pub high: Share,
}

/// The chance that a row came from a source, given what the row shows and the shares of all rows.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct RowChance(pub f64);

/// A leak divided among its sources.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// Each source's share of the linked rows, in the order given.
    pub sources: Vec<ShareEstimate>,
    /// What came from nobody named.
    pub others: ShareEstimate,
    /// The rate at which each kind's values were flipped between a source's copy and the leak.
    pub flips: [(SiteKind, FlipRate); KINDS],
    /// The chance that a row comes from the source of the row before it, where the order of rows says anything.
    pub stays: Option<f64>,
    chances: Vec<f32>,
}

impl Mixture {
    /// For one row, the chance of each source, and last of others. Empty for a row that was not given.
    pub fn row(&self, row: usize) -> impl Iterator<Item = RowChance> {
        let width = self.sources.len() + 1;
        let span = self.chances.get(row * width..(row + 1) * width);
        span.unwrap_or_default()
            .iter()
            .map(|c| RowChance(f64::from(*c)))
    }
}

impl Mixture {
    /// For rows that come again: `firsts` tells each row's first, whose chances it has, unless neighbours have told already. Shares are
    /// parts of all rows, repeated ones included; the width of their intervals is that of distinct rows.
    pub fn repeated(mut self, firsts: &[usize]) -> Mixture {
        let width = self.sources.len() + 1;
        let none = firsts.iter().enumerate().all(|(row, first)| row == *first);
        if none || self.stays.is_some() {
            return self;
        }
        for (row, first) in firsts.iter().enumerate() {
            let (from, to) = (first * width, row * width);
            if from < to && to + width <= self.chances.len() {
                self.chances.copy_within(from..from + width, to);
            }
        }
        let shares = means(&self.chances, width);
        let all = self.sources.iter_mut().chain([&mut self.others]);
        for (estimate, share) in all.zip(shares) {
            let moved = share - estimate.share.0;
            let shift = |end: Share| Share((end.0 + moved).clamp(0.0, 1.0));
            *estimate = ShareEstimate {
                share: Share(share),
                low: shift(estimate.low),
                high: shift(estimate.high),
            };
        }
        self
    }
}

/// Divides the rows among the sources and others. Rows that show no site say nothing and follow the shares of the rest; without
/// any that do, every share is possible. Costs about rows x sources x 200 multiplications.
pub fn divide(evidence: &RowEvidence) -> Mixture {
    let width = evidence.sources + 1;
    let mut shares = vec![1.0 / width as f64; width];
    let mut flips = [FIRST_FLIP; KINDS];
    let mut likelihoods = Vec::new();
    for _ in 0..FLIP_ROUNDS {
        fill_likelihoods(evidence, &flips, &mut likelihoods);
        let before = shares.clone();
        settle(&mut shares, &likelihoods);
        let rates = likeliest_flips(evidence, &shares, &likelihoods);
        let moved = greatest_move(&shares, &before);
        let turned = greatest_move(&rates, &flips);
        flips = rates;
        if moved < 10.0 * SETTLED && turned < 1e-4 {
            break;
        }
    }
    fill_likelihoods(evidence, &flips, &mut likelihoods);
    let errors = standard_errors(&shares, &likelihoods);
    let mut stays = None;
    if let Some((chain, chances)) = chain::along(&likelihoods, &shares) {
        stays = Some(chain.stays);
        likelihoods = chances;
        shares = means(&likelihoods, width);
    } else {
        for row in likelihoods.chunks_mut(width) {
            responsibilities(row, &shares);
        }
    }
    let estimate = |k: usize| {
        let reach = errors.as_ref().map_or(1.0, |e| Z95 * e[k]);
        ShareEstimate {
            share: Share(shares[k]),
            low: Share((shares[k] - reach).max(0.0)),
            high: Share((shares[k] + reach).min(1.0)),
        }
    };
    Mixture {
        sources: (0..evidence.sources).map(estimate).collect(),
        others: estimate(width - 1),
        flips: std::array::from_fn(|k| (SiteKind::ALL[k], FlipRate(flips[k]))),
        stays,
        chances: likelihoods,
    }
}

fn greatest_move(a: &[f64], b: &[f64]) -> f64 {
    let moves = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    moves.fold(0.0, f64::max)
}

/// The mean of each column.
fn means(rows: &[f32], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in rows.chunks(width) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += f64::from(*value);
        }
    }
    let n = (rows.len() / width).max(1) as f64;
    sums.into_iter().map(|s| s / n).collect()
}

/// P(row | source) for each source and last for others, by row, each row scaled so that its greatest is 1.
fn fill_likelihoods(evidence: &RowEvidence, flips: &[f64; KINDS], out: &mut Vec<f32>) {
    // what a reading counts that differs, against one that agrees: its powers, for there are few
    let powers: [[f64; POWERS]; KINDS] = std::array::from_fn(|k| {
        let odds = flips[k] / (1.0 - flips[k]);
        std::array::from_fn(|n| odds.powi(n as i32))
    });
    let mut others = vec![[[0.0; 2]; 256]; KINDS];
    for (kind, flip) in flips.iter().enumerate() {
        for (bias, ln) in others[kind].iter_mut().enumerate() {
            let p = bias as f64 / 256.0;
            let one = p * (1.0 - flip) + (1.0 - p) * flip;
            *ln = [
                (1.0 - one).ln() - (-flip).ln_1p(),
                one.ln() - (-flip).ln_1p(),
            ];
        }
    }
    out.clear();
    let mut values = vec![0.0; evidence.sources + 1];
    for (sites, differ) in evidence.rows() {
        let of_site =
            |s: &Site| others[s.kind as usize][usize::from(s.bias.0)][usize::from(s.value)];
        let anybody: f64 = sites.iter().map(of_site).sum();
        values[evidence.sources] = anybody.exp();
        for (value, differ) in values.iter_mut().zip(differ) {
            *value = 1.0;
            for (powers, n) in powers.iter().zip(differ) {
                *value *= powers[usize::from(*n).min(POWERS - 1)];
            }
        }
        let top = values.iter().fold(0.0, |m: f64, v| m.max(*v));
        out.extend(values.iter().map(|v| match top > 0.0 {
            true => (v / top) as f32,
            false => 1.0,
        }));
    }
}

/// The likeliest shares at these likelihoods: steps of expectation-maximisation, every third one thrown ahead along the way of the
/// two before (SQUAREM; Varadhan and Roland 2008, scheme S3).
fn settle(shares: &mut Vec<f64>, likelihoods: &[f32]) {
    for _ in 0..SHARE_STEPS {
        let start = shares.clone();
        if share_step(shares, likelihoods) < SETTLED {
            return;
        }
        let first = shares.clone();
        share_step(shares, likelihoods);
        let (mut speed, mut turn) = (0.0, 0.0);
        for ((a, b), c) in start.iter().zip(&first).zip(&*shares) {
            speed += (b - a) * (b - a);
            turn += (c - 2.0 * b + a) * (c - 2.0 * b + a);
        }
        let reach = (speed / turn.max(f64::MIN_POSITIVE))
            .sqrt()
            .clamp(1.0, 100.0);
        let ahead: Vec<f64> = start
            .iter()
            .zip(&first)
            .zip(&*shares)
            .map(|((a, b), c)| a + 2.0 * reach * (b - a) + reach * reach * (c - 2.0 * b + a))
            .collect();
        if ahead.iter().all(|s| *s > 0.0) {
            let sum: f64 = ahead.iter().sum();
            *shares = ahead.into_iter().map(|s| s / sum).collect();
        }
    }
    // wherever a throw ended, the last steps are plain ones, which never lower the likelihood
    share_step(shares, likelihoods);
}

/// One step towards the likeliest shares; returns the largest move.
fn share_step(shares: &mut [f64], likelihoods: &[f32]) -> f64 {
    let width = shares.len();
    let rows = likelihoods.len() / width;
    if rows == 0 {
        return 0.0;
    }
    let at: Vec<f32> = shares.iter().map(|s| *s as f32).collect();
    let mut sums = vec![0.0f64; width];
    let mut some = vec![0.0f32; width];
    // short sums in single precision, long ones in double
    for rows in likelihoods.chunks(width * 256) {
        some.fill(0.0);
        for row in rows.chunks_exact(width) {
            let all: f32 = row.iter().zip(&at).map(|(l, s)| l * s).sum();
            let scale = 1.0 / all.max(f32::MIN_POSITIVE);
            for (sum, l) in some.iter_mut().zip(row) {
                *sum += l * scale;
            }
        }
        for (sum, some) in sums.iter_mut().zip(&some) {
            *sum += f64::from(*some);
        }
    }
    let mut moved: f64 = 0.0;
    let next: Vec<f64> = shares
        .iter()
        .zip(sums)
        .map(|(share, sum)| share * sum / rows as f64)
        .collect();
    let all: f64 = next.iter().sum();
    for (share, next) in shares.iter_mut().zip(next) {
        let next = next / all.max(f64::MIN_POSITIVE);
        moved = moved.max((next - *share).abs());
        *share = next;
    }
    moved
}

/// Turns a row of likelihoods into the chances of where it came from.
fn responsibilities(row: &mut [f32], shares: &[f64]) {
    let all: f64 = row.iter().zip(shares).map(|(l, s)| f64::from(*l) * s).sum();
    for (l, s) in row.iter_mut().zip(shares) {
        *l = (f64::from(*l) * s / all.max(f64::MIN_POSITIVE)) as f32;
    }
}

/// The flip rate of each kind that makes the rows likeliest, given where they probably came from. Half a flip in fifty readings
/// stands before the data, so that a kind that was hardly read keeps a moderate rate.
fn likeliest_flips(evidence: &RowEvidence, shares: &[f64], likelihoods: &[f32]) -> [f64; KINDS] {
    let mut flipped = [0.5; KINDS];
    let mut read = [50.0; KINDS];
    let mut chances = vec![0.0f32; shares.len()];
    for ((sites, differ), row) in evidence.rows().zip(likelihoods.chunks(shares.len())) {
        chances.copy_from_slice(row);
        responsibilities(&mut chances, shares);
        let named = 1.0 - f64::from(chances[evidence.sources]);
        for site in sites {
            read[site.kind as usize] += named;
        }
        for (chance, differ) in chances.iter().zip(differ) {
            for k in 0..KINDS {
                flipped[k] += f64::from(*chance) * f64::from(differ[k]);
            }
        }
    }
    std::array::from_fn(|k| (flipped[k] / read[k]).clamp(LEAST_FLIP, 0.5))
}

/// Standard errors of the shares from the observed information of the free ones (the last, others, is one minus the rest); none
/// where the rows cannot tell the sources apart.
fn standard_errors(shares: &[f64], likelihoods: &[f32]) -> Option<Vec<f64>> {
    let free = shares.len() - 1;
    let mut information = vec![vec![0.0; free]; free];
    let mut score = vec![0.0; free];
    for row in likelihoods.chunks(shares.len()) {
        let all: f64 = row.iter().zip(shares).map(|(l, s)| f64::from(*l) * s).sum();
        for (s, l) in score.iter_mut().zip(row) {
            *s = (f64::from(*l) - f64::from(row[free])) / all.max(f64::MIN_POSITIVE);
        }
        for (i, line) in information.iter_mut().enumerate() {
            for (cell, s) in line.iter_mut().zip(&score) {
                *cell += score[i] * s;
            }
        }
    }
    let covariance = invert(information)?;
    let variance_of_others: f64 = covariance.iter().flatten().sum();
    let variances = (0..free)
        .map(|k| covariance[k][k])
        .chain([variance_of_others]);
    Some(variances.map(|v| v.max(0.0).sqrt()).collect())
}

/// The inverse of a symmetric positive definite matrix by Gauss-Jordan elimination; none where it is nearly singular.
fn invert(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let scale = (0..n).map(|i| matrix[i][i]).fold(0.0, f64::max);
    for (i, line) in matrix.iter_mut().enumerate() {
        line.extend((0..n).map(|j| if i == j { 1.0 } else { 0.0 }));
    }
    for column in 0..n {
        let pivot = (column..n).max_by(|a, b| {
            matrix[*a][column]
                .abs()
                .total_cmp(&matrix[*b][column].abs())
        })?;
        if matrix[pivot][column].abs() <= 1e-9 * scale || scale == 0.0 {
            return None;
        }
        matrix.swap(column, pivot);
        let head = matrix[column][column];
        matrix[column].iter_mut().for_each(|v| *v /= head);
        let line = matrix[column].clone();
        for (_, other) in matrix.iter_mut().enumerate().filter(|(i, _)| *i != column) {
            let factor = other[column];
            other
                .iter_mut()
                .zip(&line)
                .for_each(|(o, l)| *o -= factor * l);
        }
    }
    Some(matrix.into_iter().map(|line| line[n..].to_vec()).collect())
}

#[cfg(test)]
#[path = "mixture_tests.rs"]
mod tests;
