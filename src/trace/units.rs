//! Weights of evidence, chances, rates and shares, each a type of its own: nothing here is a bare number.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The decimal logarithm of an e-value: 0 says nothing, 9 is a thousand million to one. Finite for any input.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Log10E(pub f64);

impl Log10E {
    /// The weight of two e-values whose coins are independent, such as sites and canaries: they multiply.
    pub fn times(self, other: Log10E) -> Log10E {
        Log10E(self.0 + other.0)
    }

    /// From a natural logarithm.
    pub fn from_ln(ln: f64) -> Log10E {
        Log10E(ln / std::f64::consts::LN_10)
    }
}

/// The decimal logarithm of how many times likelier the readings are if unmarked than under the best other explanation.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Log10Factor(pub f64);

/// The chance that handling turns a value into the other variant of its site, between 0 and 1/2.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct FlipRate(pub f64);

/// A part of the leaked rows, between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Share(pub f64);

/// The chance, promised for a whole trace, that any innocent recipient is named. Strictly between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Alpha(f64);

impl Alpha {
    /// One in a million.
    pub const DEFAULT: Alpha = Alpha(1e-6);

    /// An alpha between 1e-100 and 1, both excluded.
    pub fn new(chance: f64) -> Result<Alpha> {
        if chance > 1e-100 && chance < 1.0 {
            Ok(Alpha(chance))
        } else {
            Err(Error::input(format!(
                "alpha is the chance of naming an innocent and cannot be {chance}. Give a number between 0 and 1, such as 1e-6."
            )))
        }
    }

    /// The chance as a fraction.
    pub fn chance(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Alpha {
    type Error = Error;

    fn try_from(chance: f64) -> Result<Alpha> {
        Alpha::new(chance)
    }
}

impl From<Alpha> for f64 {
    fn from(alpha: Alpha) -> f64 {
        alpha.0
    }
}

/// An upper bound on the chance that an innocent recipient reaches as much evidence as this one did: min(1, N/E).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct FalseAccusationBound(pub f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alpha_that_promises_nothing_or_everything_is_refused() {
        for bad in [0.0, 1.0, -1e-6, 2.0, f64::NAN, f64::INFINITY] {
            assert!(Alpha::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Alpha::new(1e-6).ok(), Some(Alpha::DEFAULT));
        assert!(serde_json::from_str::<Alpha>("0").is_err());
    }
}
