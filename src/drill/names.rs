//! Names as they occur, for people who do not.

use std::sync::LazyLock;

use super::dice::{Dice, Weights};

/// Surnames with their rough share of people, in ten-thousandths.
#[rustfmt::skip]
const SURNAMES: &[(&str, u32)] = &[
    ("王", 713), ("李", 703), ("张", 674), ("刘", 519), ("陈", 491), ("杨", 305), ("黄", 263), ("赵", 226),
    ("吴", 206), ("周", 195), ("徐", 149), ("孙", 146), ("马", 139), ("朱", 132), ("胡", 129), ("郭", 121),
    ("何", 118), ("林", 114), ("罗", 110), ("高", 108), ("郑", 104), ("梁", 100), ("谢", 93), ("宋", 88),
    ("唐", 83), ("许", 78), ("韩", 77), ("冯", 76), ("邓", 74), ("曹", 69), ("彭", 66), ("曾", 61),
    ("肖", 59), ("田", 57), ("董", 56), ("袁", 54), ("潘", 53), ("于", 52), ("蒋", 51), ("蔡", 50),
    ("余", 49), ("杜", 48), ("叶", 47), ("程", 46), ("苏", 45), ("魏", 44), ("吕", 43), ("丁", 42),
    ("任", 41), ("沈", 40), ("姚", 39), ("卢", 38), ("姜", 37), ("崔", 36), ("钟", 35), ("谭", 34),
    ("陆", 33), ("汪", 33), ("范", 32), ("金", 32), ("石", 31), ("廖", 31), ("贾", 30), ("夏", 30),
    ("韦", 29), ("付", 29), ("方", 28), ("白", 28), ("邹", 28), ("孟", 27), ("熊", 27), ("秦", 26),
    ("邱", 26), ("江", 25), ("尹", 25), ("薛", 25), ("闫", 24), ("段", 24), ("雷", 23), ("侯", 23),
    ("龙", 22), ("史", 22), ("陶", 22), ("黎", 21), ("贺", 21), ("顾", 21), ("毛", 20), ("郝", 20),
    ("龚", 20), ("邵", 19), ("万", 19), ("钱", 19), ("严", 18), ("覃", 18), ("武", 18), ("戴", 17),
    ("莫", 17), ("孔", 16), ("向", 16), ("汤", 15), ("温", 15), ("康", 14), ("施", 14), ("文", 14),
    ("牛", 13), ("樊", 12), ("葛", 12), ("邢", 11), ("安", 11), ("齐", 10), ("易", 10), ("乔", 10),
    ("伍", 9), ("庞", 9), ("颜", 9), ("倪", 8), ("庄", 8), ("欧阳", 7), ("聂", 7), ("章", 7),
    ("鲁", 6), ("岳", 6), ("翟", 6), ("上官", 1), ("司马", 1),
];

/// Characters of given names, the commoner first.
const WOMEN: &str = "婷丽静敏艳娟芳燕娜玲雪莉倩琳颖霞洁红梅慧秀英琴蕾薇萍瑶佳怡露丹云兰凤莹欣媛蓉菲琪玉娇瑜珍素晶\
    茜珊妮璐彤蓓春巧姗芬菊翠桂淑惠香萌梦甜柳荷苗莎冰岚韵馨婉雯嫣卉婧妍娴婕筱盈芝环钰黛影咏茹纯霜芷棠苑荔蝶莺柔\
    碧嘉蔓舒虹贞爱仪蕊旖芮菁滢漫若";
const MEN: &str = "伟强磊军勇杰涛超刚辉鹏飞鑫波斌浩凯健俊帅旭龙峰亮建国庆志刚海峻振威毅彬雷江成栋坤锋东豪翔虎山\
    洪昊恒武博根福贵诚达良泽权钧炜焱钢奎松柏胜岩烨煜炳锐森辰捷雄航晟耀祖祥";
const EITHER: &str = "华平文晓明宇洋林宁瑞子思雨晨欣悦清阳新永安可心一天雅诗语涵梓轩若希童乐亦然元星航帆书琦瑾\
    学义中少光立世恩忠礼家";

/// Given names of one sex and of either, and the surnames' weights.
struct Tables {
    surnames: Weights,
    women: Vec<char>,
    men: Vec<char>,
    either: Vec<char>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    surnames: Weights::new(SURNAMES.iter().map(|(_, weight)| *weight)),
    women: WOMEN.chars().collect(),
    men: MEN.chars().collect(),
    either: EITHER.chars().collect(),
});

/// The sex of a made-up person, where names and numbers depend on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sex {
    Woman,
    Man,
}

/// A Chinese name: a surname by weight and a given name of one or two characters, now and then one character twice.
pub(super) fn chinese(dice: &mut Dice, sex: Sex) -> String {
    let tables = &*TABLES;
    let own = match sex {
        Sex::Woman => &tables.women,
        Sex::Man => &tables.men,
    };
    let mut name = String::from(SURNAMES[dice.weighted(&tables.surnames)].0);
    let last = dice.pick_early(own);
    match dice.below(100) {
        0..18 => {}
        18..22 => name.push(last),
        22..62 => name.push(dice.pick_early(&tables.either)),
        _ => name.push(dice.pick_early(own)),
    }
    name.push(last);
    name
}

const FIRST_WOMEN: &[&str] = &[
    "Mary",
    "Patricia",
    "Jennifer",
    "Linda",
    "Elizabeth",
    "Barbara",
    "Susan",
    "Jessica",
    "Sarah",
    "Karen",
    "Lisa",
    "Nancy",
    "Betty",
    "Sandra",
    "Margaret",
    "Ashley",
    "Kimberly",
    "Emily",
    "Donna",
    "Michelle",
    "Carol",
    "Amanda",
    "Melissa",
    "Deborah",
    "Stephanie",
    "Rebecca",
    "Sharon",
    "Laura",
    "Cynthia",
    "Dorothy",
    "Amy",
    "Kathleen",
    "Angela",
    "Shirley",
    "Emma",
    "Brenda",
    "Pamela",
    "Nicole",
    "Anna",
    "Samantha",
    "Katherine",
    "Christine",
    "Helen",
    "Debra",
    "Rachel",
    "Carolyn",
    "Janet",
    "Maria",
    "Catherine",
    "Heather",
    "Diane",
    "Olivia",
    "Julie",
    "Joyce",
    "Victoria",
    "Ruth",
    "Virginia",
    "Lauren",
    "Kelly",
    "Christina",
];
const FIRST_MEN: &[&str] = &[
    "James",
    "Robert",
    "John",
    "Michael",
    "David",
    "William",
    "Richard",
    "Joseph",
    "Thomas",
    "Christopher",
    "Charles",
    "Daniel",
    "Matthew",
    "Anthony",
    "Mark",
    "Donald",
    "Steven",
    "Andrew",
    "Paul",
    "Joshua",
    "Kenneth",
    "Kevin",
    "Brian",
    "George",
    "Timothy",
    "Ronald",
    "Jason",
    "Edward",
    "Jeffrey",
    "Ryan",
    "Jacob",
    "Gary",
    "Nicholas",
    "Eric",
    "Jonathan",
    "Stephen",
    "Larry",
    "Justin",
    "Scott",
    "Brandon",
    "Benjamin",
    "Samuel",
    "Gregory",
    "Alexander",
    "Patrick",
    "Frank",
    "Raymond",
    "Jack",
    "Dennis",
    "Jerry",
    "Tyler",
    "Aaron",
    "Jose",
    "Adam",
    "Nathan",
    "Henry",
    "Zachary",
    "Douglas",
    "Peter",
    "Kyle",
];
const LAST: &[&str] = &[
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "Hernandez",
    "Lopez",
    "Gonzalez",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Perez",
    "Thompson",
    "White",
    "Harris",
    "Sanchez",
    "Clark",
    "Ramirez",
    "Lewis",
    "Robinson",
    "Walker",
    "Young",
    "Allen",
    "King",
    "Wright",
    "Scott",
    "Torres",
    "Nguyen",
    "Hill",
    "Flores",
    "Green",
    "Adams",
    "Nelson",
    "Baker",
    "Hall",
    "Rivera",
    "Campbell",
    "Mitchell",
    "Carter",
    "Roberts",
    "Gomez",
    "Phillips",
    "Evans",
    "Turner",
    "Diaz",
    "Parker",
    "Cruz",
    "Edwards",
    "Collins",
    "Reyes",
    "Stewart",
    "Morris",
    "Morales",
    "Murphy",
    "Cook",
    "Rogers",
    "Gutierrez",
    "Ortiz",
    "Morgan",
    "Cooper",
    "Peterson",
    "Bailey",
    "Reed",
    "Kelly",
    "Howard",
    "Ramos",
    "Kim",
    "Cox",
    "Ward",
    "Richardson",
    "Watson",
    "Brooks",
    "Chavez",
    "Wood",
    "James",
    "Bennett",
    "Gray",
    "Mendoza",
    "Ruiz",
    "Hughes",
    "Price",
    "Alvarez",
    "Castillo",
    "Sanders",
    "Patel",
    "Myers",
    "Long",
    "Ross",
    "Foster",
    "Jimenez",
    "Powell",
    "Jenkins",
    "Perry",
    "Russell",
    "Sullivan",
    "Bell",
    "Coleman",
    "Butler",
    "Henderson",
    "Barnes",
    "O'Brien",
    "Fisher",
    "Vasquez",
    "Simmons",
    "Romero",
    "Jordan",
    "Patterson",
    "Hamilton",
    "Graham",
    "Wallace",
];

/// An English first and last name.
pub(super) fn english(dice: &mut Dice, sex: Sex) -> (&'static str, &'static str) {
    let first = match sex {
        Sex::Woman => FIRST_WOMEN,
        Sex::Man => FIRST_MEN,
    };
    (dice.pick_early(first), dice.pick_early(LAST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::dice::Purpose;
    use std::collections::HashSet;

    #[test]
    fn every_character_is_in_gbk_and_there_are_enough() {
        let all: String = SURNAMES
            .iter()
            .map(|(surname, _)| *surname)
            .chain([WOMEN, MEN, EITHER])
            .collect();
        assert!(!encoding_rs::GBK.encode(&all).2);
        let given: HashSet<char> = [WOMEN, MEN, EITHER].concat().chars().collect();
        assert!(given.len() >= 240, "{}", given.len());
        assert!(SURNAMES.len() >= 120);
    }

    #[test]
    fn surnames_come_at_their_weights() {
        let mut dice = Dice::new(5, Purpose::City, 0);
        let wangs = (0..20_000)
            .filter(|_| chinese(&mut dice, Sex::Woman).starts_with('王'))
            .count() as f64;
        let p = 713.0 / f64::from(TABLES.surnames.total());
        let deviation = (20_000.0 * p * (1.0 - p)).sqrt();
        assert!((wangs - 20_000.0 * p).abs() < 5.0 * deviation, "{wangs}");
    }
}
