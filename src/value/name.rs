//! Names of people: Chinese ones by their surname, Western ones by their words.

use super::text::is_ideograph;

/// Chinese surnames of one character, the commonest first (the hundred of the 2020 census, then others that registers hold).
pub const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢\
姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常\
汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟申殷詹欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉翁蓝骆路游\
靳辛管柴蒙鲍华喻祁房滕屈饶解牟艾尤时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏卫席柏米隋宗桂全苟闵佟应臧边卞姬邬和仇栾丘商\
刁沙荣巫寇桑甄丛仲虞敖巩明佘池查麻苑迟邝封傅阎萧";

/// Chinese surnames of two characters.
pub const COMPOUND_SURNAMES: [&str; 24] = [
    "欧阳", "上官", "司马", "诸葛", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "东方",
    "南宫", "西门", "长孙", "宇文", "端木", "轩辕", "百里", "呼延", "闻人", "申屠", "独孤", "完颜",
];

/// Words that begin a Western surname: `Ludwig van Beethoven`.
const PARTICLES: [&str; 22] = [
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "al",
    "el", "bin", "ibn", "ben", "ter", "ten", "zu", "af",
];

/// True for two to four ideographs that begin with a known surname.
pub fn is_chinese_name(text: &str) -> bool {
    let text = text.trim();
    let count = text.chars().take(5).count();
    (2..=4).contains(&count) && text.chars().all(is_ideograph) && surname_length(text).is_some()
}

/// Bytes of the surname that `text` begins with; a compound surname needs a given name after it.
fn surname_length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let is_compound = |s: &&str| text.len() > s.len() && text.starts_with(*s);
    if COMPOUND_FIRST.contains(first)
        && let Some(surname) = COMPOUND_SURNAMES.iter().find(|s| is_compound(s))
    {
        return Some(surname.len());
    }
    SINGLE.contains(first).then(|| first.len_utf8())
}

static SINGLE: Ideographs = Ideographs::NONE.with(SURNAMES.as_bytes());

/// First characters of compound surnames.
static COMPOUND_FIRST: Ideographs = {
    let mut set = Ideographs::NONE;
    let mut at = 0;
    while at < COMPOUND_SURNAMES.len() {
        set = set.with(COMPOUND_SURNAMES[at].as_bytes().split_at(3).0);
        at += 1;
    }
    set
};

/// A set of ideographs from U+4E00 to U+9FFF, one bit each: every name of every table is looked up here.
struct Ideographs([u64; 328]);

impl Ideographs {
    const FIRST: u32 = 0x4E00;
    const NONE: Ideographs = Ideographs([0; 328]);

    /// The set and the ideographs of `utf8`, each of which has three bytes there. Used when compiling only.
    const fn with(mut self, utf8: &[u8]) -> Ideographs {
        let mut at = 0;
        while at + 2 < utf8.len() {
            let (a, b, c) = (utf8[at] as u32, utf8[at + 1] as u32, utf8[at + 2] as u32);
            let place = ((a & 0x0F) << 12 | (b & 0x3F) << 6 | (c & 0x3F)) - Ideographs::FIRST;
            self.0[place as usize / 64] |= 1 << (place % 64);
            at += 3;
        }
        self
    }

    fn contains(&self, c: char) -> bool {
        let place = u32::from(c).wrapping_sub(Ideographs::FIRST);
        let word = self.0.get(place as usize / 64);
        word.is_some_and(|w| w >> (place % 64) & 1 == 1)
    }
}

/// How surname and given name stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameForm {
    /// 张伟
    Chinese,
    /// 张 伟, with a space or U+3000, as two characters are spread over the width of three.
    ChineseSpaced(char),
    /// Ann Smith
    GivenFirst,
    /// Smith, Ann; with or without the space.
    SurnameFirst {
        /// Whether a space follows the comma.
        space: bool,
    },
}

/// A name in its two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// Family name.
    pub surname: &'a str,
    /// Given names.
    pub given: &'a str,
    /// How to join them again.
    pub form: NameForm,
}

/// The parts of a name, spaces at its ends aside; `None` where the text is no name in a known form. [`NameForm::join`] of the parts is
/// the trimmed text again.
pub fn split(text: &str) -> Option<Name<'_>> {
    let text = text.trim();
    if text.len() > 96 {
        return None;
    }
    if text.starts_with(is_ideograph) {
        return split_chinese(text);
    }
    if let Some((surname, rest)) = text.split_once(',') {
        let given = rest.strip_prefix(' ').unwrap_or(rest);
        let form = NameForm::SurnameFirst {
            space: given.len() < rest.len(),
        };
        return (is_words(surname) && is_words(given)).then_some(Name {
            surname,
            given,
            form,
        });
    }
    if !is_words(text) || !text.contains(' ') {
        return None;
    }
    let mut start = text.rfind(' ')?;
    while let Some(before) = text.get(..start).and_then(|t| t.rfind(' ')) {
        let word = text.get(before + 1..start)?;
        if !PARTICLES.contains(&word) {
            break;
        }
        start = before;
    }
    let (given, surname) = (text.get(..start)?, text.get(start + 1..)?);
    Some(Name {
        surname,
        given,
        form: NameForm::GivenFirst,
    })
}

fn split_chinese(text: &str) -> Option<Name<'_>> {
    if is_chinese_name(text) {
        let (surname, given) = text.split_at_checked(surname_length(text)?)?;
        return Some(Name {
            surname,
            given,
            form: NameForm::Chinese,
        });
    }
    let gap = text.chars().find(|c| matches!(c, ' ' | '\u{3000}'))?;
    let (surname, given) = text.split_once(gap)?;
    let count = given.chars().take(3).count();
    let known = COMPOUND_SURNAMES.contains(&surname)
        || (surname.chars().count() == 1 && SURNAMES.contains(surname));
    let plausible = known && (1..=2).contains(&count) && given.chars().all(is_ideograph);
    plausible.then_some(Name {
        surname,
        given,
        form: NameForm::ChineseSpaced(gap),
    })
}

/// One to five words of letters, with single spaces between them.
fn is_words(text: &str) -> bool {
    let word = |w: &str| {
        w.starts_with(char::is_alphabetic)
            && w.chars().all(|c| {
                (c.is_alphabetic() && !is_ideograph(c)) || matches!(c, '.' | '-' | '\'' | '’')
            })
    };
    text.split(' ').all(word) && text.split(' ').count() <= 5
}

impl NameForm {
    /// The name of these parts in this form.
    pub fn join(&self, surname: &str, given: &str) -> String {
        match self {
            NameForm::Chinese => format!("{surname}{given}"),
            NameForm::ChineseSpaced(gap) => format!("{surname}{gap}{given}"),
            NameForm::GivenFirst => format!("{given} {surname}"),
            NameForm::SurnameFirst { space: true } => format!("{surname}, {given}"),
            NameForm::SurnameFirst { space: false } => format!("{surname},{given}"),
        }
    }
}

impl Name<'_> {
    /// The name as it was written.
    pub fn join(&self) -> String {
        self.form.join(self.surname, self.given)
    }
}

/// The first character and a star for each of the others: 张*, 张**.
pub fn mask(name: &str) -> String {
    let mut chars = name.trim().chars();
    chars.next().into_iter().chain(chars.map(|_| '*')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn surnames_are_known_once() {
        let mut seen = std::collections::HashSet::new();
        assert!(SURNAMES.chars().all(|c| is_ideograph(c) && seen.insert(c)));
        assert!(seen.len() >= 150);
        for c in '\0'..=char::MAX {
            assert_eq!(SINGLE.contains(c), seen.contains(&c), "{c}");
            assert_eq!(
                COMPOUND_FIRST.contains(c),
                COMPOUND_SURNAMES.iter().any(|s| s.starts_with(c)),
                "{c}"
            );
        }
        assert!(COMPOUND_SURNAMES.iter().all(|s| s.chars().count() == 2));
    }

    #[test]
    fn chinese_names_are_told_from_other_words() {
        for yes in [
            "张伟",
            "欧阳娜娜",
            "司马光",
            " 王小明 ",
            "欧阳",
            "李\u{20000}",
        ] {
            assert!(is_chinese_name(yes), "{yes}");
        }
        for no in [
            "",
            "张",
            "武汉市江夏区",
            "男孩子",
            "张伟1",
            "张 伟",
            "Ann",
            "妊娠",
        ] {
            assert!(!is_chinese_name(no), "{no}");
        }
    }

    #[test]
    fn names_split_and_join() {
        for (text, surname, given) in [
            ("张伟", "张", "伟"),
            ("欧阳娜娜", "欧阳", "娜娜"),
            ("欧阳", "欧", "阳"),
            ("张 伟", "张", "伟"),
            ("张\u{3000}伟", "张", "伟"),
            ("欧阳 娜娜", "欧阳", "娜娜"),
            ("Ann Smith", "Smith", "Ann"),
            ("John Q. Public", "Public", "John Q."),
            ("Ludwig van Beethoven", "van Beethoven", "Ludwig"),
            ("Oscar de la Renta", "de la Renta", "Oscar"),
            ("Smith, Ann Mary", "Smith", "Ann Mary"),
            ("O'Neill,Zoë", "O'Neill", "Zoë"),
        ] {
            let name = split(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((name.surname, name.given), (surname, given));
            assert_eq!(name.join(), text);
        }
        for no in [
            "",
            "张",
            "Ann",
            "Ann  Smith",
            "Smith, ",
            "Smith, Ann, MD",
            "3 Main St",
            "上海市",
            "张  伟",
            "a b c d e f",
        ] {
            assert_eq!(split(no), None, "{no}");
        }
    }

    #[test]
    fn masks_show_the_first_character() {
        assert_eq!(mask("张伟"), "张*");
        assert_eq!(mask("张小明"), "张**");
        assert_eq!(mask(""), "");
    }

    proptest! {
        #[test]
        fn what_splits_joins_again(text in "\\PC{0,12}|[王张欧阳司马伟明 \u{3000}]{1,5}|[A-Z][a-z]{0,4}( van| de|[ ,]|, )[A-Z][a-z]{0,4}( [A-Z]\\.)?") {
            if let Some(name) = split(&text) {
                prop_assert_eq!(name.join(), text.trim());
            }
            let _ = (is_chinese_name(&text), mask(&text));
        }
    }
}
