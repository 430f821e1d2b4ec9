//! Where a table's header is, by content: title rows and blank rows may come before it, and a leak may have none.
//!
//! The first row that fills most of the table's width decides. Column by column it is held against the rows below: a word
//! over numbers or dates speaks for a header, a number over numbers against it, and so does a word that comes again below.

/// How many rows are looked at.
pub(super) const SAMPLE: usize = 64;

/// What a cell's text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Empty,
    /// Words.
    Text,
    /// Digits and their punctuation: numbers, dates, telephone numbers, identity numbers.
    Figures,
    /// Letters and digits mixed, mostly digits; or an e-mail address.
    Code,
}

/// Names that columns go by, whole or at the end.
const NAMES: [&str; 72] = [
    "姓名",
    "名称",
    "电话",
    "手机",
    "手机号",
    "地址",
    "住址",
    "日期",
    "时间",
    "性别",
    "年龄",
    "证号",
    "证件号",
    "编号",
    "序号",
    "号码",
    "备注",
    "类型",
    "类别",
    "结果",
    "状态",
    "医院",
    "机构",
    "单位",
    "学校",
    "班级",
    "科室",
    "区县",
    "街道",
    "社区",
    "职业",
    "民族",
    "孕周",
    "预产期",
    "生日",
    "邮箱",
    "联系人",
    "联系方式",
    "身份证",
    "体重",
    "身高",
    "血型",
    "金额",
    "数量",
    "来源",
    "name",
    "phone",
    "tel",
    "telephone",
    "mobile",
    "address",
    "date",
    "time",
    "sex",
    "gender",
    "age",
    "id",
    "no",
    "no.",
    "code",
    "type",
    "status",
    "email",
    "e-mail",
    "note",
    "notes",
    "city",
    "district",
    "hospital",
    "result",
    "number",
    "birthday",
];

/// What `text` looks like.
pub(super) fn look(text: &str) -> Look {
    let text = text.trim();
    if text.is_empty() {
        return Look::Empty;
    }
    let (mut chars, mut digits, mut letters) = (0usize, 0usize, 0usize);
    for c in text.chars() {
        chars += 1;
        if c.is_ascii_digit() || ('０'..='９').contains(&c) {
            digits += 1;
        } else if c.is_alphabetic() && !"年月日时分秒".contains(c) {
            letters += 1;
        }
    }
    if digits > 0 && letters == 0 {
        Look::Figures
    } else if digits * 2 >= chars || (text.contains('@') && text.contains('.')) {
        // the X that ends an identity number, the E of 1.38E+10, the T of a timestamp
        if letters <= 1 && digits > 4 {
            Look::Figures
        } else {
            Look::Code
        }
    } else {
        Look::Text
    }
}

fn is_year(text: &str) -> bool {
    matches!(text.trim().parse::<u16>(), Ok(1900..=2100)) && text.trim().len() == 4
}

/// Whether columns go by this name.
pub(super) fn is_a_name(text: &str) -> bool {
    let text = text.trim();
    if text.chars().count() > 24 || text.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    let lower = text.to_lowercase();
    let words = lower.split(['_', ' ', '-', '.', '(', '（']);
    NAMES.contains(&lower.as_str())
        || words.clone().any(|w| NAMES.contains(&w))
        || (!lower.is_ascii()
            && lower.chars().count() <= 8
            && NAMES
                .iter()
                .any(|n| !n.is_ascii() && *n != "医院" && *n != "学校" && lower.ends_with(n)))
}

/// How much one column speaks for `cell` being its name, given the cells below.
fn vote(cell: &str, below: &[&str]) -> f64 {
    let own = look(cell);
    let filled: Vec<&str> = below
        .iter()
        .copied()
        .filter(|b| !b.trim().is_empty())
        .collect();
    if own == Look::Empty {
        return 0.0;
    }
    if filled.is_empty() {
        return match own {
            Look::Text if is_a_name(cell) => 1.5,
            Look::Text => 0.5,
            _ => -1.0,
        };
    }
    let share =
        |kind: Look| filled.iter().filter(|b| look(b) == kind).count() as f64 / filled.len() as f64;
    match own {
        Look::Figures if is_year(cell) && !filled.iter().any(|b| is_year(b)) => 1.0,
        Look::Figures if share(Look::Figures) > 0.3 => -2.0,
        Look::Code if share(Look::Code) > 0.3 => -2.0,
        Look::Code if share(Look::Figures) > 0.7 => 0.5,
        Look::Figures | Look::Code => -0.5,
        Look::Text if share(Look::Text) < 0.3 => 2.0,
        _ if filled.iter().any(|b| b.trim() == cell.trim()) => -2.0,
        _ if is_a_name(cell) => 1.5,
        _ => {
            let length = |t: &str| t.trim().chars().count();
            let shortest = filled.iter().map(|b| length(b)).min().unwrap_or(0);
            let longest = filled.iter().map(|b| length(b)).max().unwrap_or(0);
            let mut distinct = filled.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let repeats = filled.len() >= 6 && distinct.len() * 2 <= filled.len();
            match (repeats, (shortest..=longest).contains(&length(cell))) {
                // a word that a column of few repeated words never uses
                (true, _) => 1.0,
                (false, false) if filled.len() > 1 => 1.0,
                _ => 0.0,
            }
        }
    }
}

/// Where a table begins under its titles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Top {
    /// The first row that fills most of the table's width, from 0.
    pub(super) at: usize,
    /// Whether it holds the columns' names.
    pub(super) names: bool,
}

/// The header's place among the first rows of a sheet or file, from 0; `None` where the first full row is data already.
///
/// Rows may differ in length; at most [`SAMPLE`] of them are looked at.
pub(super) fn find(rows: &[Vec<&str>]) -> Option<usize> {
    top(rows).filter(|top| top.names).map(|top| top.at)
}

/// The first full row among the first rows of a sheet or file, as for [`find`]; `None` where nothing is filled.
pub(super) fn top(rows: &[Vec<&str>]) -> Option<Top> {
    let rows = &rows[..rows.len().min(SAMPLE)];
    let filled = |row: &[&str]| row.iter().filter(|c| !c.trim().is_empty()).count();
    let mut widths: Vec<usize> = rows.iter().map(|r| filled(r)).filter(|w| *w > 0).collect();
    widths.sort_unstable();
    // the upper quarter, so that three title rows over two of table do not pass for the table
    let width = *widths.get(widths.len() * 3 / 4)?;
    let enough = if width == 1 {
        1
    } else {
        (width * 3).div_ceil(5).max(2)
    };
    let mut at = rows.iter().position(|r| filled(r) >= enough)?;
    if width == 1 {
        // a title over a single column looks like its name: the last words before the figures are the name
        while at + 2 < rows.len()
            && rows[at..at + 2]
                .iter()
                .all(|r| column_look(r) == Look::Text)
            && column_look(&rows[at + 2]) == Look::Figures
        {
            at += 1;
        }
    }
    let below: Vec<&Vec<&str>> = rows[at + 1..]
        .iter()
        .filter(|r| filled(r) > 0)
        .take(30)
        .collect();
    let row = &rows[at];
    let words = row.iter().filter(|c| look(c) == Look::Text).count();
    let score: f64 = row
        .iter()
        .enumerate()
        .map(|(column, cell)| {
            let cells: Vec<&str> = below
                .iter()
                .map(|r| r.get(column).copied().unwrap_or(""))
                .collect();
            vote(cell, &cells)
        })
        .sum();
    // where nothing speaks either way a row of words is taken for names, as files mostly have them
    let fallback = words == filled(row) && distinct(row);
    Some(Top {
        at,
        names: score > 0.0 || (score == 0.0 && fallback),
    })
}

fn column_look(row: &[&str]) -> Look {
    row.iter()
        .map(|c| look(c))
        .find(|l| *l != Look::Empty)
        .unwrap_or(Look::Empty)
}

fn distinct(row: &[&str]) -> bool {
    let mut cells: Vec<&str> = row
        .iter()
        .map(|c| c.trim())
        .filter(|c| !c.is_empty())
        .collect();
    let all = cells.len();
    cells.sort_unstable();
    cells.dedup();
    cells.len() == all
}

#[cfg(test)]
mod tests {
    use super::find;

    fn at(lines: &[&str]) -> Option<usize> {
        let rows: Vec<Vec<&str>> = lines.iter().map(|l| l.split(',').collect()).collect();
        find(&rows)
    }

    #[test]
    fn under_titles_and_blanks() {
        let rows = [
            "孕产妇登记表（2024年3月）,,,",
            "",
            "制表：妇幼保健院,,,2024-03-31",
            "姓名,电话,预产期,体重",
            "王小丽,13812345678,2024-09-01,58.5",
            "李娜,13912345678,2024-08-11,61",
        ];
        assert_eq!(at(&rows), Some(3));
        assert_eq!(at(&rows[3..]), Some(0));
        assert_eq!(at(&rows[..5]), Some(3), "one row of data is enough");
    }

    #[test]
    fn none_where_the_first_row_is_data() {
        assert_eq!(
            at(&[
                "王小丽,13812345678,2024-09-01,浦东新区",
                "李娜,13912345678,2024-08-11,徐汇区",
                "赵敏,13712345678,2024-08-12,浦东新区",
            ]),
            None
        );
        // words only, but one of the first row's comes again
        assert_eq!(
            at(&["Ann Lee,Ward,Kent", "Bob Ray,Home,Kent", "Cy Poe,Ward,Hull"]),
            None
        );
        assert_eq!(at(&["13812345678,58.5"]), None);
    }

    #[test]
    fn words_over_words() {
        assert_eq!(
            at(&["name,ward,county", "Ann Lee,A,Kent", "Bob Ray,B,Kent"]),
            Some(0)
        );
        assert_eq!(at(&["surname,town", "Lee,Hull", "Ray,Bath"]), Some(0));
        assert_eq!(at(&["姓名,备注", "王小丽,", "李娜,复查"]), Some(0));
    }

    #[test]
    fn short_narrow_and_odd_ones() {
        assert_eq!(at(&["姓名,电话"]), Some(0), "a header alone");
        assert_eq!(at(&["name,phone", "Ann,555-0100"]), Some(0));
        assert_eq!(at(&["phone", "13812345678", "13912345678"]), Some(0));
        assert_eq!(at(&["名单", "电话", "13812345678", "13912345678"]), Some(1));
        assert_eq!(at(&["13812345678", "13912345678"]), None);
        assert_eq!(
            at(&["region,2021,2022,2023", "Kent,1.5,2.5,3", "Hull,1,2,9"]),
            Some(0),
            "years as names"
        );
        assert_eq!(
            at(&["姓名,电话,电话", "王,13812345678,1", "李,13912345678,2"]),
            Some(0),
            "names twice"
        );
        assert_eq!(at(&[""]), None);
        assert_eq!(at(&[]), None);
    }

    #[test]
    fn sparse_rows() {
        let rows = [
            "id,name,ward,note,result,by",
            "A0001,Ann Lee,,,,",
            "A0002,Bob Ray,,,,",
            "A0003,Cy Poe,3,,,",
        ];
        assert_eq!(at(&rows), Some(0));
    }
}
