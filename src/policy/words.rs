//! Words in headers that tell what a column is, in Chinese and English. Content decides first; a header breaks ties, and names
//! what people act on.

/// What a header hints at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A person's name.
    Name,
    /// A telephone.
    Phone,
    /// An identifying code.
    Code,
    /// An address.
    Address,
    /// The day of birth: who checks a person's identity asks for it.
    Birth,
    /// A running number.
    Sequence,
    /// What somebody acts on: blood group, result, dose, count of pregnancies.
    ActedOn,
}

const WORDS: &[(Hint, &[&str])] = &[
    (
        Hint::ActedOn,
        &[
            "血型",
            "结果",
            "剂量",
            "用量",
            "孕次",
            "产次",
            "胎次",
            "孕周",
            "评分",
            "等级",
            "分级",
            "诊断",
            "高危",
            "阳性",
            "阴性",
            "血压",
            "血糖",
            "blood group",
            "blood type",
            "result",
            "dose",
            "dosage",
            "gravid",
            "parity",
            "para",
            "gestation",
            "weeks",
            "score",
            "grade",
            "diagnos",
            "risk",
            "level",
            "class",
            "pressure",
            "glucose",
            "icd",
            "mg",
            "latitude",
            "longitude",
            "year",
            "month",
            "quarter",
            "weekday",
            "day",
            "hour",
            "年份",
            "年度",
            "月份",
            "季度",
            "星期",
        ],
    ),
    (Hint::Birth, &["出生", "生日", "birth", "dob", "born"]),
    (
        Hint::Name,
        &[
            "姓名",
            "名字",
            "联系人",
            "name",
            "patient",
            "surname",
            "contact person",
        ],
    ),
    (
        Hint::Phone,
        &[
            "电话",
            "手机",
            "联系方式",
            "phone",
            "mobile",
            "telephone",
            "tel",
            "cell",
        ],
    ),
    (
        Hint::Address,
        &[
            "地址",
            "住址",
            "住所",
            "居住地",
            "address",
            "street",
            "residence",
        ],
    ),
    (
        Hint::Sequence,
        &[
            "序号", "序列", "行号", "no.", "#", "seq", "serial", "row", "index",
        ],
    ),
    (
        Hint::Code,
        &[
            "证件",
            "身份证",
            "编号",
            "病历号",
            "住院号",
            "门诊号",
            "档案号",
            "卡号",
            "社保",
            "医保",
            "案号",
            "证号",
            "单号",
            "流水号",
            "number",
            "code",
            "id",
            "mrn",
            "record",
            "case",
            "ssn",
            "nhs",
            "card",
            "passport",
            "account",
            "policy",
            "ref",
        ],
    ),
];

/// Whether a header speaks of `hint`.
pub fn hints(header: &str, hint: Hint) -> bool {
    let folded = header.trim().to_lowercase().replace(['_', '-'], " ");
    WORDS
        .iter()
        .filter(|(h, _)| *h == hint)
        .flat_map(|(_, words)| words.iter())
        .any(|word| found(&folded, word))
}

/// A Chinese word anywhere; an English one from the start of a word, and short ones as a whole word.
fn found(header: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return header.contains(word);
    }
    header.match_indices(word).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let before = header[..at].chars().next_back();
        let behind = header[at + word.len()..].chars().next();
        !letter(before) && (word.len() > 4 || !letter(behind))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_two_languages() {
        assert!(hints("手机号码", Hint::Phone));
        assert!(hints("Patient_Name", Hint::Name));
        assert!(hints("Record No", Hint::Code));
        assert!(!hints("Paid", Hint::Code), "`id` inside a word is no id");
        assert!(!hints("Hotel", Hint::Phone));
        assert!(hints("Blood Group", Hint::ActedOn));
        assert!(hints("DOB", Hint::Birth));
    }
}
