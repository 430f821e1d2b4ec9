//! Biases and codewords: which bit a recipient holds at a site, and how likely that bit was.
//!
//! A site is named by a handle and a slot. Its bias p, the chance that a recipient's bit is 1, is drawn from the register's
//! frozen [`BiasSet`] by a keyed block over (handle, slot); a recipient's bit is 1 where the byte of the recipient's own keyed
//! block is below 256 p, so p is exact. Any bit can be had in any order, for the cost of a sixteenth of an AES block.

use serde::{Deserialize, Serialize};

use crate::key::{BlockKey, CodeKeys};

/// The ledger's own random id of a record, to which all its identifiers point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u64);

/// The place of a symbol within its record: the constraint group's first slot plus the slot in the group. Frozen with the register.
pub type Slot = u16;

/// The slot of a shared canary's record whose bit says whether a copy holds it; beyond all slots of values.
pub const PRESENCE: Slot = Slot::MAX - 1;

/// The kind of carrier that a site belongs to; handling wears each kind down at its own rate, so each has its own flip rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteKind {
    /// Dates and times.
    Dates,
    /// Numbers.
    Numbers,
    /// Addresses and other text.
    Text,
    /// Which of two neighbouring rows comes first.
    Order,
    /// Made-up records that a keyed part of the recipients share: whether a copy holds one.
    Shared,
}

impl SiteKind {
    /// Every kind, in the order of reports.
    pub const ALL: [SiteKind; 5] = [
        SiteKind::Dates,
        SiteKind::Numbers,
        SiteKind::Text,
        SiteKind::Order,
        SiteKind::Shared,
    ];

    /// The kind's word, in reports and JSON.
    pub fn word(self) -> &'static str {
        match self {
            SiteKind::Dates => "dates",
            SiteKind::Numbers => "numbers",
            SiteKind::Text => "text",
            SiteKind::Order => "order",
            SiteKind::Shared => "shared",
        }
    }
}

/// The chance that a site's bit is 1, in 256ths; between 1 and 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bias(pub u8);

impl Bias {
    /// The chance as a fraction.
    pub fn probability(self) -> f64 {
        f64::from(self.0) / 256.0
    }
}

/// The biases that a register's sites draw from, frozen when it is first issued (weights in 65,536ths).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BiasSet {
    /// Always one half: the fewest sites name a single source; no coalition of three is ever named.
    Half,
    /// Mostly one half, with tails that name coalitions: the default.
    Mixed,
    /// More tails, for policies that name a coalition of three or more.
    Coalition,
}

impl BiasSet {
    /// (bias, weight in 65,536ths), weights summing to 65,536.
    pub fn entries(self) -> &'static [(Bias, u32)] {
        match self {
            BiasSet::Half => &[(Bias(128), 65_536)],
            BiasSet::Mixed => &[(Bias(128), 51_118), (Bias(19), 7_209), (Bias(237), 7_209)],
            BiasSet::Coalition => &[(Bias(128), 30_146), (Bias(22), 17_695), (Bias(234), 17_695)],
        }
    }

    /// The bias at a uniform 16-bit draw.
    pub fn pick(self, draw: u16) -> Bias {
        let mut left = u32::from(draw);
        for (bias, weight) in self.entries() {
            if left < *weight {
                return *bias;
            }
            left -= weight;
        }
        Bias(128)
    }

    /// The bias of the site (handle, slot): keyed, the same for all recipients.
    pub fn bias_at(self, keys: &CodeKeys, handle: Handle, slot: Slot) -> Bias {
        let block = keys.bias.block(handle.0, u64::from(slot / 8));
        let at = usize::from(slot % 8) * 2;
        self.pick(u16::from_le_bytes([block[at], block[at + 1]]))
    }
}

/// One recipient's codeword: a bit for every site.
pub struct Codeword(BlockKey);

impl Codeword {
    /// The codeword under a recipient's own key.
    pub fn new(key: BlockKey) -> Codeword {
        Codeword(key)
    }

    /// The bit at (handle, slot) where the site's bias is `bias`.
    pub fn bit(&self, handle: Handle, slot: Slot, bias: Bias) -> bool {
        self.0.block(handle.0, u64::from(slot / 16))[usize::from(slot % 16)] < bias.0
    }

    /// The sixteen bytes behind slots `16 * block ..` of each handle: a slot's bit is `byte < bias`.
    pub fn bytes(&self, block: u64, handles: &[u64], out: &mut Vec<[u8; 16]>) {
        self.0.blocks(block, handles, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::MasterKey;

    #[test]
    fn weights_are_whole_and_every_bias_is_drawn_at_its_weight() {
        for set in [BiasSet::Half, BiasSet::Mixed, BiasSet::Coalition] {
            assert_eq!(set.entries().iter().map(|e| e.1).sum::<u32>(), 65_536);
            for (bias, weight) in set.entries() {
                let hits = (0..=u16::MAX).filter(|d| set.pick(*d) == *bias).count();
                assert_eq!(hits as u32, *weight);
            }
        }
    }

    #[test]
    fn bits_come_at_their_bias_and_any_order_gives_the_same() {
        let key = MasterKey::from_bytes(&[3; 32]).unwrap();
        let word = Codeword::new(key.codeword_key(b"one"));
        for bias in [Bias(19), Bias(128), Bias(237)] {
            let ones = (0..20_000u64)
                .filter(|h| word.bit(Handle(*h), (*h % 40) as Slot, bias))
                .count() as f64;
            let expected = 20_000.0 * bias.probability();
            let sd = (expected * (1.0 - bias.probability())).sqrt();
            assert!(
                (ones - expected).abs() < 5.0 * sd,
                "{ones} ones where {expected} were due"
            );
        }
        let mut bytes = Vec::new();
        word.bytes(1, &[5, 6], &mut bytes);
        assert_eq!(bytes[1][3] < 100, word.bit(Handle(6), 19, Bias(100)));
    }
}
