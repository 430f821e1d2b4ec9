//! Keyed draws: what a canary gets by chance, the same for the same recipient and donor in every month.

use crate::code::Handle;
use crate::key::BlockKey;

/// A stream of draws at one place: (recipient's canary key, donor, purpose). Other purposes draw from other blocks.
pub struct Draws<'a> {
    key: &'a BlockKey,
    donor: Handle,
    counter: u64,
    block: [u8; 16],
    used: usize,
}

/// What is drawn; the upper part of the counter under the block cipher. Each identifier column has draws of its own, so that one
/// that is drawn in a later month owes nothing to those drawn before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whether a record is a donor.
    Donor,
    /// Where the canary stands among equals.
    Place,
    /// Who the canary is: its name or identifier in the column of this number.
    Identity(u32),
    /// What else the canary says in the column of this number; the draws are others once the donor says something else.
    Beside {
        /// The column.
        column: u32,
        /// A digest of what the donor says.
        said: u32,
    },
    /// Whom the canary is like in the column of this number, and as `Beside`.
    Lender {
        /// The column.
        column: u32,
        /// Which part of it.
        part: u32,
        /// A digest of what the donor says.
        said: u32,
    },
    /// Which variants stand at the canary's own sites.
    Marks,
}

impl<'a> Draws<'a> {
    /// The draws of one purpose for one donor.
    pub fn new(key: &'a BlockKey, donor: Handle, purpose: Purpose) -> Draws<'a> {
        let (high, start) = match purpose {
            Purpose::Donor => (0, 0),
            Purpose::Place => (1, 0),
            Purpose::Identity(column) => (16 + 2 * u64::from(column), 0),
            Purpose::Beside { column, said } => {
                (17 + 2 * u64::from(column), 1 + u64::from(said as u16 >> 1))
            }
            Purpose::Lender { column, part, said } => {
                let place = 2 * u64::from(column) + u64::from(part);
                ((1 << 24) + place, 1 + u64::from(said as u16 >> 1))
            }
            Purpose::Marks => (2, 0),
        };
        Draws {
            key,
            donor,
            counter: high << 32 | start << 16,
            block: [0; 16],
            used: 16,
        }
    }

    /// A uniform 64-bit number.
    pub fn bits(&mut self) -> u64 {
        if self.used == 16 {
            self.block = self.key.block(self.donor.0, self.counter);
            self.counter += 1;
            self.used = 0;
        }
        let at = self.used;
        self.used += 8;
        let mut word = [0u8; 8];
        word.copy_from_slice(&self.block[at..at + 8]);
        u64::from_le_bytes(word)
    }

    /// A uniform number below `n` (0 where `n` is 0). The bias of the remainder is below n / 2^64.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            0
        } else {
            (self.bits() % n as u64) as usize
        }
    }

    /// A uniform whole number from `low` to `high`, both included; `low` where `high` is less.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low.saturating_add(self.below(high.saturating_sub(low).max(0) as usize + 1) as i64)
    }
}
