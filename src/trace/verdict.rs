//! Who is named, with what bound, and the one word on the whole leak.

use serde::{Deserialize, Serialize};

use super::original::Original;
use super::units::{Alpha, FalseAccusationBound, Log10E};

/// The evidence that names a recipient: E >= N/alpha, N being all recipients that the vault ever had. With it the chance that
/// any innocent is named in a trace is at most N * alpha/N = alpha.
pub fn name_threshold(recipients: usize, alpha: Alpha) -> Log10E {
    Log10E(log10_recipients(recipients) - alpha.chance().log10())
}

/// min(1, N/E), from logarithms; never below the least positive number, since no bound is 0.
pub fn false_accusation_bound(evidence: Log10E, recipients: usize) -> FalseAccusationBound {
    let log10 = log10_recipients(recipients) - evidence.0;
    let bound = if log10.is_nan() {
        1.0
    } else {
        10f64.powf(log10)
    };
    FalseAccusationBound(bound.clamp(f64::MIN_POSITIVE, 1.0))
}

fn log10_recipients(recipients: usize) -> f64 {
    (recipients.max(1) as f64).log10()
}

/// What a trace says of the whole leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Somebody is named.
    Attributed,
    /// Our records, and nobody passes.
    Inconclusive,
    /// Unmarked values: the original, a restored copy, or another source of the same facts.
    Original,
    /// Links at chance level: not our records.
    Unrelated,
}

impl Verdict {
    /// The word in reports and in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Attributed => "attributed",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Original => "original",
            Verdict::Unrelated => "unrelated",
        }
    }
}

/// What a verdict depends on.
#[derive(Clone, Debug)]
pub struct Findings<'a> {
    /// Recipients whose evidence reached [`name_threshold`].
    pub named: usize,
    /// The test of "unmarked".
    pub original: &'a Original,
    /// Canaries met, of any recipient.
    pub canaries_met: usize,
    /// How many would be met by accident.
    pub canaries_by_accident: f64,
    /// Rows of the leak that were linked to a record.
    pub linked_rows: u64,
    /// How many would link by chance in a file of strangers of this size.
    pub links_by_chance: f64,
}

/// The verdict. A naming stands whatever else was found; more canaries than are met by accident show that a copy was there,
/// however few rows were linked and whatever their values say.
pub fn decide(findings: &Findings) -> Verdict {
    let canary = above_chance(findings.canaries_met as u64, findings.canaries_by_accident);
    let ours = canary || above_chance(findings.linked_rows, findings.links_by_chance);
    if findings.named > 0 {
        Verdict::Attributed
    } else if !ours {
        Verdict::Unrelated
    } else if findings.original.unmarked && !canary {
        Verdict::Original
    } else {
        Verdict::Inconclusive
    }
}

/// The chance at which so many links stop being a coincidence.
const COINCIDENCE: f64 = 1e-3;

/// Whether `linked` rows are more than chance gives: the Chernoff bound on a Poisson tail, exp(k - m - k ln(k/m)) for k > m, is
/// at most 1 in 1,000. Rare links of independent rows are nearly Poisson, and the bound holds for any sum of coins with that mean.
fn above_chance(linked: u64, by_chance: f64) -> bool {
    let (k, mean) = (linked as f64, by_chance.max(0.0));
    if linked == 0 || by_chance.is_nan() || k <= mean {
        return false;
    }
    mean == 0.0 || k - mean - k * (k / mean).ln() <= COINCIDENCE.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_and_the_bound_are_two_sides_of_one_number() {
        let alpha = Alpha::DEFAULT;
        assert!((name_threshold(1_000, alpha).0 - 9.0).abs() < 1e-12);
        let at = false_accusation_bound(name_threshold(1_000, alpha), 1_000).0;
        assert!((at / 1e-6 - 1.0).abs() < 1e-9, "{at}");
        assert_eq!(false_accusation_bound(Log10E(-400.0), 7).0, 1.0);
        assert_eq!(false_accusation_bound(Log10E(0.0), 0).0, 1.0);
        let vast = false_accusation_bound(Log10E(50_000.0), 1_000).0;
        assert!(vast > 0.0 && vast < 1e-300);
    }

    #[test]
    fn links_are_judged_against_chance() {
        assert!(!above_chance(0, 0.0));
        assert!(above_chance(1, 0.0));
        assert!(above_chance(1, 1e-6));
        assert!(!above_chance(1, 0.05));
        assert!(!above_chance(3, 1.0));
        assert!(above_chance(20, 1.0));
        assert!(!above_chance(1_050, 1_000.0));
        assert!(above_chance(1_200, 1_000.0));
        assert!(!above_chance(5, f64::NAN));
        assert!(!above_chance(5, f64::INFINITY));
    }

    #[test]
    fn every_verdict_follows_from_its_findings() {
        let marked = Original::default();
        let unmarked = Original {
            unmarked: true,
            ..Original::default()
        };
        let verdict = |named, original, canaries_met, linked_rows| {
            decide(&Findings {
                named,
                original,
                canaries_met,
                canaries_by_accident: 0.0,
                linked_rows,
                links_by_chance: 0.01,
            })
        };
        assert_eq!(verdict(1, &unmarked, 0, 0), Verdict::Attributed);
        assert_eq!(verdict(0, &marked, 0, 1), Verdict::Unrelated);
        assert_eq!(verdict(0, &unmarked, 0, 0), Verdict::Unrelated);
        assert_eq!(verdict(0, &unmarked, 0, 900), Verdict::Original);
        assert_eq!(verdict(0, &unmarked, 1, 900), Verdict::Inconclusive);
        assert_eq!(verdict(0, &marked, 0, 900), Verdict::Inconclusive);
        assert_eq!(verdict(0, &marked, 2, 0), Verdict::Inconclusive);
        assert_eq!(
            serde_json::to_string(&Verdict::Attributed).unwrap(),
            "\"attributed\""
        );
    }
}
