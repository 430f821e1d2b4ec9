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

/// What is drawn; the upper half of the counter under the block cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whether a record is a donor.
    Donor,
    /// Who the canary is.
    Identity,
    /// What the canary's column of this number says.
    Column(u32),
    /// Where the canary stands among equals.
    Place,
}

impl<'a> Draws<'a> {
    /// The draws of one purpose for one donor.
    pub fn new(key: &'a BlockKey, donor: Handle, purpose: Purpose) -> Draws<'a> {
        let high: u64 = match purpose {
            Purpose::Donor => 0,
            Purpose::Identity => 1,
            Purpose::Place => 2,
            Purpose::Column(column) => 16 + u64::from(column),
        };
        Draws {
            key,
            donor,
            counter: high << 32,
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

    /// A uniform whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(0) as usize + 1) as i64
    }
}
