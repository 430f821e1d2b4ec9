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

/// With fewer sites a register is a short list, in which the fewest must do.
const SHORT_LIST: usize = 400;

/// With fewer sites hardly three colluders are ever named.
const NAMES_NO_THREE: usize = 300;

/// Sites from which `Layered` names one of so many colluders, whatever they make of single cells.
const LAYERED_NEEDS: [(u32, usize); 6] = [
    (3, 1_450),
    (4, 1_950),
    (5, 3_400),
    (6, 4_650),
    (7, 5_900),
    (8, 7_400),
];

/// How many times the sites that are needed leave room for leaks of a part.
const AMPLE: usize = 20;

/// The biases that a register's sites draw from, frozen when it is first issued (weights in 65,536ths).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BiasSet {
    /// Not chosen yet: the first issue chooses by the table's sites and the coalition that the policy names
    /// ([`BiasSet::choose`]). No register is frozen so.
    #[default]
    Open,
    /// Always one half: the fewest sites name a single source; no coalition of three is ever named.
    Half,
    /// Mostly one half, with tails that name coalitions, each site for itself.
    Mixed,
    /// More tails, each site for itself.
    Coalition,
    /// As `Mixed`, with one bias for all sites of a record, so that colluders who delete every row in which they differ leave
    /// whole rows of tails.
    Layered,
    /// As `Coalition`, with one bias for all sites of a record.
    Guarded,
}

impl BiasSet {
    /// Every set that a register can be frozen with.
    pub const ALL: [BiasSet; 5] = [
        BiasSet::Half,
        BiasSet::Mixed,
        BiasSet::Coalition,
        BiasSet::Layered,
        BiasSet::Guarded,
    ];

    /// (bias, weight in 65,536ths), weights summing to 65,536.
    pub fn entries(self) -> &'static [(Bias, u32)] {
        match self {
            BiasSet::Half => &[(Bias(128), 65_536)],
            BiasSet::Open | BiasSet::Mixed | BiasSet::Layered => {
                &[(Bias(128), 51_118), (Bias(19), 7_209), (Bias(237), 7_209)]
            }
            BiasSet::Coalition | BiasSet::Guarded => {
                &[(Bias(128), 30_146), (Bias(22), 17_695), (Bias(234), 17_695)]
            }
        }
    }

    /// The set for a register whose first table has so many sites, where the policy says how many recipients may pool their copies
    /// (`coalition`), or does not.
    ///
    /// | the policy says | sites | set | why |
    /// |---|---|---|---|
    /// | nothing | under 400 | `Half` | a short list has none to spare |
    /// | nothing | more | `Layered` | a fragment of 47 sites still names, and so do pooled copies of large registers |
    /// | 1 or 2 | any | `Half` | names from the fewest sites, and two from 230 |
    /// | 3 or more | under 300 | `Half` | no set names three from so few |
    /// | 3 to 8 | twenty times what `Layered` needs | `Layered` | a twentieth of the pooled register names as well |
    /// | 3 or more | else | `Guarded` | |
    ///
    /// Simulated sites that name at least one of c colluders in 95 % of trials (1,000 recipients, one in a million, three sites a
    /// row in three kinds; for c > 1 the worst of seven ways to mix cells), values clean / 5 % / 10 % of them flipped:
    ///
    /// | set | c = 1 | c = 2 | c = 3 | c = 5 | c = 8 |
    /// |---|---|---|---|---|---|
    /// | `Half` | 33 / 64 / 93 | 225 / 277 / 363 | never | 11,844 / 15,141 / 19,381 | never |
    /// | `Mixed` | 45 / 77 / 115 | 242 / 316 / 431 | 1,382 / 1,887 / 2,632 | 3,350 / 4,486 / 5,832 | 6,729 / 8,883 / 11,305 |
    /// | `Layered` | 47 / 75 / 112 | 239 / 323 / 431 | 1,418 / 1,967 / 2,712 | 3,350 / 4,307 / 5,832 | 7,357 / 9,555 / 11,844 |
    /// | `Coalition` | 61 / 103 / 150 | 281 / 379 / 560 | 678 / 946 / 1,240 | 1,560 / 2,100 / 2,872 | 2,991 / 4,068 / 6,011 |
    /// | `Guarded` | 64 / 106 / 154 | 288 / 394 / 583 | 678 / 898 / 1,293 | 1,631 / 2,127 / 2,752 | 3,071 / 4,187 / 6,101 |
    /// | 1/2 .9, 16/256, by record | 41 / 69 / 100 | 225 / 295 / 373 | 3,191 / 4,426 / 6,190 | 5,743 / 7,357 / 9,959 | 14,334 / 18,573 / 24,226 |
    /// | 1/2 .78, 12/256, by record | 47 / 77 / 118 | 263 / 323 / 442 | 1,595 / 2,180 / 3,111 | 3,510 / 4,905 / 7,088 | 6,101 / 8,434 / 11,574 |
    /// | 1/2 .6, 22/256, by record | 56 / 91 / 134 | 270 / 358 / 494 | 804 / 1,016 / 1,382 | 2,127 / 2,712 / 3,829 | 4,307 / 5,503 / 6,908 |
    /// | 1/2 .15, 32/256, by record | 77 / 118 / 177 | 316 / 431 / 631 | 591 / 874 / 1,364 | 1,364 / 2,446 / 3,589 | 2,991 / 5,025 / 6,190 |
    /// | Nuida 3: 54/256 | 58 / 95 / 143 | 260 / 352 / 494 | 694 / 851 / 1,111 | 1,702 / 2,286 / 2,832 | 7,357 / 9,152 / 12,113 |
    /// | Nuida 5: 1/2 .336, 29/256 | 64 / 109 / 159 | 288 / 410 / 575 | 662 / 851 / 1,111 | 1,524 / 1,887 / 2,553 | 3,151 / 4,008 / 5,743 |
    /// | Nuida 7: 18/256 .497, 84/256 | 67 / 121 / 168 | 302 / 421 / 623 | 631 / 886 / 1,258 | 1,489 / 1,993 / 2,792 | 3,111 / 4,606 / 6,370 |
    /// | arcsine in 5: 1/2, 13/256, 78/256 | 64 / 103 / 161 | 295 / 410 / 575 | 725 / 1,040 / 1,418 | 1,940 / 2,446 / 3,669 | 3,350 / 4,606 / 6,370 |
    ///
    /// And rows of a pooled table where the colluders delete every row in which a site differs, for rows of 1 / 3 / 6 sites, clean:
    ///
    /// | set | c = 2 | c = 3 | c = 5 | c = 8 |
    /// |---|---|---|---|---|
    /// | `Half` | 78 / 132 / 668 | 163 / 1,024 / never | 662 / 65,920 / never | 5,623 / never / never |
    /// | `Mixed` | 95 / 120 / 364 | 191 / 532 / 6,208 | 623 / 5,788 / never | 1,940 / 45,991 / never |
    /// | `Layered` | 95 / 141 / 364 | 191 / 612 / 1,092 | 631 / 1,576 / 2,827 | 1,993 / 3,275 / 11,243 |
    /// | `Coalition` | 134 / 108 / 186 | 232 / 323 / 1,137 | 520 / 1,336 / 13,968 | 946 / 4,913 / never |
    /// | `Guarded` | 131 / 144 / 219 | 235 / 355 / 479 | 520 / 709 / 1,406 | 969 / 1,596 / 7,495 |
    /// | 1/2 .9, 16/256, by record | 87 / 141 / 545 | 174 / 878 / 2,187 | 631 / 3,454 / 4,997 | 3,071 / 6,191 / 15,671 |
    /// | 1/2 .78, 12/256, by record | 97 / 151 / 399 | 196 / 665 / 958 | 694 / 1,635 / 1,795 | 2,340 / 2,572 / 4,341 |
    /// | 1/2 .6, 22/256, by record | 110 / 148 / 266 | 220 / 426 / 668 | 568 / 944 / 1,974 | 1,222 / 2,154 / 9,993 |
    /// | 1/2 .15, 32/256, by record | 163 / 120 / 162 | 249 / 247 / 466 | 379 / 612 / 2,322 | 615 / 2,034 / 26,445 |
    /// | Nuida 3: 54/256 | 128 / 118 / 207 | 198 / 312 / 1,458 | 358 / 1,476 / 27,978 | 725 / 12,113 / never |
    /// | Nuida 5: 1/2 .336, 29/256 | 137 / 113 / 190 | 228 / 292 / 972 | 436 / 1,144 / 10,902 | 768 / 4,307 / never |
    /// | Nuida 7: 18/256 .497, 84/256 | 146 / 106 / 162 | 249 / 288 / 858 | 484 / 1,037 / 7,836 | 898 / 3,544 / never |
    /// | arcsine in 5: 1/2, 13/256, 78/256 | 137 / 108 / 190 | 239 / 312 / 1,137 | 552 / 1,316 / 11,754 | 1,135 / 4,846 / never |
    ///
    /// Where each site has its own bias, hardly a row is all tails, and one site of bias 1/2 in a row has it deleted; one bias to a
    /// record leaves the rows of tails standing. (A slot that is 1/2 in every row, for fragments, beside slots of tails would have
    /// all but 2^(1-c) of the rows deleted.) That costs little else: cell by cell the sets are the same. Nuida's discrete
    /// distributions (Nuida et al. 2009), which are optimal for an accusation by sums of scores, win nothing under the likelihood
    /// ratios used here. The rows are printed anew by the ignored tests in `src/trace/code_trials.rs`.
    pub fn choose(sites: usize, coalition: Option<u32>) -> BiasSet {
        let Some(colluders) = coalition else {
            return match sites < SHORT_LIST {
                true => BiasSet::Half,
                false => BiasSet::Layered,
            };
        };
        if colluders <= 2 || sites < NAMES_NO_THREE {
            return BiasSet::Half;
        }
        let needed = LAYERED_NEEDS.iter().find(|(c, _)| *c == colluders);
        match needed {
            Some((_, needed)) if sites >= AMPLE * needed => BiasSet::Layered,
            _ => BiasSet::Guarded,
        }
    }

    /// Whether all sites of a record have one bias.
    pub fn by_record(self) -> bool {
        matches!(self, BiasSet::Open | BiasSet::Layered | BiasSet::Guarded)
    }

    /// Whether the set is still to be chosen.
    pub fn is_open(&self) -> bool {
        *self == BiasSet::Open
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
        let slot = if self.by_record() { 0 } else { slot };
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
    fn the_set_follows_size_and_coalition() {
        for (sites, coalition, set) in [
            (36, None, BiasSet::Half),
            (399, None, BiasSet::Half),
            (400, None, BiasSet::Layered),
            (120_000, None, BiasSet::Layered),
            (120_000, Some(1), BiasSet::Half),
            (500, Some(2), BiasSet::Half),
            (36, Some(5), BiasSet::Half),
            (400, Some(3), BiasSet::Guarded),
            (28_999, Some(3), BiasSet::Guarded),
            (29_000, Some(3), BiasSet::Layered),
            (120_000, Some(5), BiasSet::Layered),
            (120_000, Some(8), BiasSet::Guarded),
            (usize::MAX, Some(9), BiasSet::Guarded),
        ] {
            assert_eq!(
                BiasSet::choose(sites, coalition),
                set,
                "{sites} {coalition:?}"
            );
        }
    }

    #[test]
    fn a_record_has_one_bias_under_the_sets_that_say_so() {
        let keys = MasterKey::from_bytes(&[4; 32]).unwrap().code_keys();
        for set in BiasSet::ALL {
            let alike = (0..2_000).map(Handle).filter(|handle| {
                let at = |slot| set.bias_at(&keys, *handle, slot);
                (1..20).all(|slot| at(slot) == at(0))
            });
            let alike = alike.count();
            let drawn = (0..2_000)
                .filter(|h| set.bias_at(&keys, Handle(*h), 0) == Bias(128))
                .count() as f64;
            let half = f64::from(set.entries()[0].1) / 65_536.0;
            assert!((drawn / 2_000.0 - half).abs() < 0.05, "{set:?} {drawn}");
            match set.by_record() || set == BiasSet::Half {
                true => assert_eq!(alike, 2_000, "{set:?}"),
                false => assert!(alike < 100, "{set:?}: {alike}"),
            }
        }
    }

    #[test]
    fn weights_are_whole_and_every_bias_is_drawn_at_its_weight() {
        for set in BiasSet::ALL {
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
