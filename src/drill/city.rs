//! One made-up city: its districts, hospitals, streets and telephone blocks. It is the same under every seed; only its people
//! change, so that a stranger's record looks like any other.
//!
//! Identity numbers carry prefecture code 97, which no province has ever used, so no living person has one of them. Telephone
//! numbers have the form of real ones and are nobody's to dial.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::dice::{Dice, Permutation, Purpose, Weights};

/// Districts; the resident's number of the `n`th begins with 4297 and `n + 2` in two digits.
pub(super) const DISTRICTS: [&str; 14] = [
    "江岭区",
    "青石区",
    "白沙区",
    "柳溪区",
    "望山区",
    "金桥区",
    "南浦区",
    "北塘区",
    "桃源区",
    "鹿鸣区",
    "清河区",
    "临港区",
    "云阳区",
    "高新区",
];
const STREETS: [&str; 56] = [
    "解放", "建设", "人民", "中山", "和平", "新华", "胜利", "团结", "友谊", "光明", "长青", "育才",
    "文化", "体育", "工农", "前进", "东风", "红旗", "滨江", "沿河", "桂湖", "丹桂", "香樟", "银杏",
    "梧桐", "紫薇", "海棠", "玉兰", "松涛", "竹园", "梅岭", "菊园", "荷塘", "柳林", "杏花", "石榴",
    "桥头", "水厂", "车站", "港务", "学府", "科技", "创业", "兴业", "惠民", "富强", "民主", "自由",
    "平安", "永清", "长丰", "长宁", "听涛", "翠柳", "白鹭", "鹤山",
];
const WAYS: [&str; 4] = ["路", "街", "大道", "巷"];
const ESTATES: [&str; 40] = [
    "阳光", "锦绣", "金色", "翠湖", "世纪", "东方", "康乐", "丽景", "江南", "水岸", "碧波", "万福",
    "华府", "御景", "春天", "幸福", "安居", "馨苑", "名都", "天鹅", "雅居", "紫金", "绿茵", "城南",
    "盛世", "学林", "景明", "福星", "常青", "百合", "云庭", "当代", "宏宇", "南国", "中北", "水蓝",
    "城北", "同馨", "安泰", "吉祥",
];
const ESTATE_ENDS: [&str; 5] = ["花园", "小区", "家园", "公寓", "新村"];
const FREE_HOSPITALS: [&str; 14] = [
    "仁爱", "康宁", "和美", "佳丽", "现代", "济民", "协力", "华侨", "铁路", "纺织", "钢厂", "长航",
    "普爱", "曙光",
];
const ORDINALS: [&str; 14] = [
    "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四",
];

/// A hospital and where it stands.
pub(super) struct Hospital {
    pub(super) name: String,
    /// Place in [`DISTRICTS`].
    pub(super) district: usize,
}

/// Hospitals and telephone blocks.
pub(super) struct City {
    pub(super) hospitals: Vec<Hospital>,
    hospital_weights: Weights,
    blocks: [(u16, u16); BLOCK_GROUPS],
}

/// Runs of telephone blocks; each run is 24 blocks of four digits after one prefix of three.
const BLOCK_GROUPS: usize = 64;
const BLOCKS_A_GROUP: usize = 24;

/// Prefixes in use, as often as runs of the city begin with them.
const PREFIXES: [u16; 32] = [
    138, 138, 139, 139, 137, 136, 135, 134, 150, 151, 152, 158, 159, 182, 183, 187, 188, 130, 131,
    132, 155, 156, 186, 185, 133, 153, 180, 181, 189, 177, 176, 199,
];

/// The city.
pub(super) static CITY: LazyLock<City> = LazyLock::new(|| {
    let mut hospitals = Vec::with_capacity(DISTRICTS.len() * 5);
    for (district, name) in DISTRICTS.iter().enumerate() {
        for name in [
            format!("{name}妇幼保健院"),
            format!("{name}人民医院"),
            format!("{name}中医医院"),
            format!("澜江市第{}医院", ORDINALS[district]),
            format!("澜江{}医院", FREE_HOSPITALS[district]),
        ] {
            hospitals.push(Hospital { name, district });
        }
    }
    // Zipf's law from the third rank on; 37 and 70 share no factor, so every rank occurs once.
    let ranks = (0..hospitals.len() as u32).map(|place| place * 37 % 70);
    let hospital_weights = Weights::new(ranks.map(|rank| 300_000 / (rank + 3)));
    let mut dice = Dice::new(0, Purpose::City, 0);
    let blocks = std::array::from_fn(|group| {
        let start = dice.below(10_000 / BLOCKS_A_GROUP) * BLOCKS_A_GROUP;
        (PREFIXES[group % PREFIXES.len()], start as u16)
    });
    City {
        hospitals,
        hospital_weights,
        blocks,
    }
});

impl City {
    /// The place of a hospital in `hospitals`, the large ones far oftener.
    pub(super) fn hospital(&self, dice: &mut Dice) -> usize {
        dice.weighted(&self.hospital_weights)
    }

    fn phone(&self, cell: usize, dice: &mut Dice) -> u64 {
        let (prefix, start) = self.blocks[cell / 10_000 % BLOCK_GROUPS];
        let skew = dice.below(BLOCKS_A_GROUP).min(dice.below(BLOCKS_A_GROUP));
        let block = u64::from(start) + skew as u64;
        u64::from(prefix) * 100_000_000 + block * 10_000 + (cell % 10_000) as u64
    }

    /// A telephone number, made without regard to those in use.
    pub(super) fn any_phone(&self, dice: &mut Dice) -> u64 {
        let cell = dice.below(PHONE_CELLS as usize);
        self.phone(cell, dice)
    }
}

const PHONE_CELLS: u64 = BLOCK_GROUPS as u64 * 10_000;

/// Telephone numbers by holder: no two of any 640,000 neighbours have the same.
pub(super) struct Phones {
    seed: u64,
    order: Permutation,
}

impl Phones {
    pub(super) fn new(seed: u64) -> Phones {
        Phones {
            seed,
            order: Permutation::new(seed, Purpose::Phone, PHONE_CELLS),
        }
    }

    /// The number of the holder `number`.
    pub(super) fn of(&self, number: u64) -> u64 {
        let mut dice = Dice::new(self.seed, Purpose::Phone, number);
        CITY.phone(self.order.at(number) as usize, &mut dice)
    }
}

/// An address in `district`, in the spellings that clerks mix: 栋 or 幢 or 号楼, 室 or 房 or neither, full and half width.
pub(super) fn address(dice: &mut Dice, district: usize) -> String {
    let mut text = String::with_capacity(64);
    let street = STREETS[(district * 4 + dice.below(4)) % STREETS.len()];
    let way = dice.pick_early(&WAYS);
    let number = 1 + dice.below(400).min(dice.below(400));
    text.push_str(DISTRICTS[district % DISTRICTS.len()]);
    let _ = write!(text, "{street}{way}{number}号");
    if dice.chance(0.7) {
        let estate = ESTATES[(district * 11 + dice.below(11)) % ESTATES.len()];
        text.push_str(estate);
        text.push_str(dice.pick_early(&ESTATE_ENDS));
        match dice.below(40) {
            0 => text.push_str("（二期）"),
            1 => text.push_str("(二期)"),
            _ => {}
        }
    }
    let house = match dice.below(20) {
        0..11 => "栋",
        11..17 => "幢",
        _ => "号楼",
    };
    let _ = write!(text, "{}{house}", 1 + dice.below(24));
    if dice.chance(0.75) {
        let _ = write!(text, "{}单元", 1 + dice.below(4));
    }
    let floor = 1 + dice.below(32).min(dice.below(18));
    let _ = write!(text, "{floor}{:02}", 1 + dice.below(4));
    text.push_str(match dice.below(20) {
        0..12 => "室",
        12..18 => "房",
        _ => "",
    });
    text
}

/// Where an identity number was first given out, by its first six digits.
pub(super) enum Origin {
    /// A district of this city.
    City(u32),
    /// Elsewhere in the province.
    Province(u32),
    /// Another province.
    Country(u32),
}

impl Origin {
    pub(super) fn draw(dice: &mut Dice) -> Origin {
        const PROVINCES: [u32; 20] = [
            41, 43, 34, 36, 51, 61, 37, 50, 44, 33, 32, 13, 14, 45, 52, 35, 62, 23, 22, 15,
        ];
        match dice.below(100) {
            0..65 => Origin::City(429_702 + dice.below(DISTRICTS.len()) as u32),
            65..85 => Origin::Province(429_801 + dice.below(38) as u32),
            _ => Origin::Country(
                dice.pick_early(&PROVINCES) * 10_000 + 9_701 + dice.below(12) as u32,
            ),
        }
    }

    pub(super) fn region(&self) -> u32 {
        match self {
            Origin::City(region) | Origin::Province(region) | Origin::Country(region) => *region,
        }
    }
}

/// Writes the identity number of region, birth date (20240305) and sequence: 17 digits and the check character of
/// GB 11643-1999 (ISO 7064, MOD 11-2).
pub(super) fn identity_number(region: u32, born: u32, sequence: u32) -> String {
    const FACTORS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let stem = u64::from(region) * 100_000_000_000 + u64::from(born) * 1_000 + u64::from(sequence);
    let mut rest = stem;
    let mut sum = 0;
    for factor in FACTORS.iter().rev() {
        sum += rest % 10 * factor;
        rest /= 10;
    }
    let check = b"10X98765432"[(sum % 11) as usize] as char;
    format!("{stem:017}{check}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_standards_own_examples_have_their_check_characters() {
        assert_eq!(
            identity_number(110_105, 19_491_231, 2),
            "11010519491231002X"
        );
        assert_eq!(
            identity_number(440_524, 18_800_101, 1),
            "440524188001010014"
        );
    }

    #[test]
    fn there_are_seventy_hospitals_and_the_largest_has_most() {
        let names: HashSet<&str> = CITY.hospitals.iter().map(|h| h.name.as_str()).collect();
        assert_eq!(names.len(), 70);
        let mut dice = Dice::new(1, Purpose::City, 1);
        let mut seen = std::collections::HashMap::new();
        for _ in 0..10_000 {
            *seen.entry(CITY.hospital(&mut dice)).or_insert(0) += 1;
        }
        let mut counts: Vec<i32> = seen.into_values().collect();
        counts.sort_unstable();
        assert_eq!(counts.len(), 70);
        assert!(counts[69] > 8 * counts[0], "{counts:?}");
    }

    #[test]
    fn no_two_runs_of_blocks_are_the_same() {
        let runs: HashSet<(u16, u16)> = CITY.blocks.into_iter().collect();
        assert_eq!(runs.len(), BLOCK_GROUPS);
    }

    #[test]
    fn phones_have_eleven_digits_and_recurring_blocks() {
        let phones = Phones::new(3);
        let numbers: HashSet<u64> = (0..20_000).map(|n| phones.of(n)).collect();
        assert_eq!(numbers.len(), 20_000);
        assert!(
            numbers
                .iter()
                .all(|n| (13_000_000_000..20_000_000_000).contains(n))
        );
        let blocks: HashSet<u64> = numbers.iter().map(|n| n / 10_000).collect();
        assert!((1_000..=1_536).contains(&blocks.len()), "{}", blocks.len());
    }
}
