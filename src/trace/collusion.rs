//! What is left of a site when several recipients put their copies side by side.
//!
//! Where all colluders hold the same bit they have nothing to choose from and keep it (the marking assumption of Boneh and
//! Shaw 1998). Where they differ they play a [`Strategy`]. An innocent's view of this is a chance that the leak shows a 1, given
//! one colluder's bit; the other colluders' bits are independent coins of the site's bias.

/// What colluders write where their copies differ and they do write a variant. (Leaving the cell out erases the site for
/// everybody, which needs no name here: erased sites do not count.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// What most of them hold; a coin where it is even.
    Majority,
    /// What fewest of them hold; a coin where it is even.
    Minority,
    /// A coin.
    Coin,
    /// Always variant 0.
    Zeros,
    /// Always variant 1.
    Ones,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Strategy; 5] = [
        Strategy::Majority,
        Strategy::Minority,
        Strategy::Coin,
        Strategy::Zeros,
        Strategy::Ones,
    ];

    /// The chance that the leak shows a 1 when `ones` of `colluders` copies do.
    pub fn shows_one(self, ones: u32, colluders: u32) -> f64 {
        if ones == 0 {
            return 0.0;
        }
        if ones >= colluders {
            return 1.0;
        }
        let vote = match (2 * ones).cmp(&colluders) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 1.0,
        };
        match self {
            Strategy::Majority => vote,
            Strategy::Minority => 1.0 - vote,
            Strategy::Coin => 0.5,
            Strategy::Zeros => 0.0,
            Strategy::Ones => 1.0,
        }
    }

    /// P(1 | one colluder's bit is `bit`) where the other `colluders - 1` bits are coins that show 1 with chance `p`.
    pub fn one_given(self, bit: bool, p: f64, colluders: u32) -> f64 {
        let others = colluders.saturating_sub(1);
        (0..=others)
            .map(|k| binomial(others, k, p) * self.shows_one(k + u32::from(bit), colluders))
            .sum()
    }

    /// P(1) where nothing is known of any colluder's bit.
    pub fn one(self, p: f64, colluders: u32) -> f64 {
        (0..=colluders)
            .map(|k| binomial(colluders, k, p) * self.shows_one(k, colluders))
            .sum()
    }
}

/// The chance of exactly `k` ones among `n` coins of chance `p`; exact coefficients for the n of a few dozen used here.
fn binomial(n: u32, k: u32, p: f64) -> f64 {
    let ways = (0..k).fold(1.0, |w, i| w * f64::from(n - i) / f64::from(i + 1));
    ways * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_hold_all_keep() {
        for strategy in Strategy::ALL {
            for c in 1..=24 {
                assert_eq!(strategy.shows_one(0, c), 0.0);
                assert_eq!(strategy.shows_one(c, c), 1.0);
            }
        }
    }

    #[test]
    fn the_whole_is_the_average_over_one_colluders_bit() {
        for strategy in Strategy::ALL {
            for c in 1..=24 {
                for p in [19.0 / 256.0, 0.5, 237.0 / 256.0] {
                    let average = p * strategy.one_given(true, p, c)
                        + (1.0 - p) * strategy.one_given(false, p, c);
                    assert!((average - strategy.one(p, c)).abs() < 1e-13);
                }
            }
        }
    }
}
