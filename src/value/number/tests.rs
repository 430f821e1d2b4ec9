use super::*;
use proptest::prelude::*;

fn decimal(text: &str) -> Decimal {
    parse(text).unwrap().0
}

fn form(text: &str) -> NumberForm {
    parse_exact(text).unwrap().1
}

#[test]
fn numbers_are_read_however_written() {
    for (text, normal) in [
        ("58.5", "58.5"),
        ("58.50", "58.5"),
        ("-3", "-3"),
        ("0", "0"),
        ("-0.0", "0"),
        ("0.05", "0.05"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1,234,567.80", "1234567.8"),
        ("-¥1,200", "-1200"),
        ("￥ -3.5", "-3.5"),
        ("+4", "4"),
        ("58.5kg", "58.5"),
        ("12 岁", "12"),
        ("100%", "100"),
        ("５８．５", "58.5"),
        ("−3", "-3"),
        ("1.5E+3", "1500"),
        ("1E-3", "0.001"),
        ("100000", "100000"),
        ("999999999999999999", "999999999999999999"),
        ("0.123456789012345678", "0.123456789012345678"),
        ("8.2KPA", "8.2"),
    ] {
        assert_eq!(decimal(text).normal(), normal, "{text}");
    }
}

#[test]
fn codes_and_texts_are_no_numbers() {
    for text in [
        "",
        "-",
        ".",
        "00123",
        "01.5",
        "1,23",
        "12,3456",
        "1,234,",
        ",123",
        "1.2.3",
        "12A",
        "120/80",
        "5-10",
        "--5",
        "1e",
        "1E999",
        "E5",
        "1234567890123456789",
        "张",
        "5 kg kg",
        "NaN",
        "inf",
        "¥",
        "2024-03-05",
        "+-3",
        "-¥-3",
        "1 234",
    ] {
        assert!(parse(text).is_none(), "{text}");
    }
}

#[test]
fn only_what_can_be_written_back_is_exact() {
    for text in [
        "58.5",
        "58.50",
        "-3",
        "0",
        "0.00",
        ".5",
        "-.5",
        "1,234,567.80",
        "-¥1,200",
        "¥-1,200",
        "RMB 35",
        "+4",
        "58.5kg",
        "12 岁",
        "100%",
        "1234",
        "36.5℃",
        "5.6mmol/L",
    ] {
        assert!(parse_exact(text).is_some(), "{text}");
    }
    for text in [
        " 58.5", "５８", "5.", "-0", "+0", "1.5E+3", "1E5", "8.2KPA", "12  岁", "1234,567",
    ] {
        assert!(parse_exact(text).is_none(), "{text}");
    }
}

#[test]
fn a_step_is_written_in_the_cells_form() {
    let step = decimal("0.5");
    for (text, times, expected) in [
        ("58.5", 1, "59.0"),
        ("58", 1, "58.5"),
        ("58", 2, "59"),
        ("¥999.50", 1, "¥1000.00"),
        ("1,000.0", -1, "999.5"),
        ("0.5 kg", -2, "-0.5 kg"),
        ("+0.5", 1, "+1.0"),
        (".50", 0, ".50"),
    ] {
        let (number, form) = parse_exact(text).unwrap();
        assert_eq!(
            form.render(&number.shift(&step, times).unwrap()),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_column_settles_what_a_cell_leaves_open() {
    let column = form("58.5").merge(&form("58")).unwrap();
    assert_eq!(column.render(&decimal("59.0")), "59");
    let column = form("58.5").merge(&form("58.0")).unwrap();
    assert_eq!(column.render(&decimal("59")), "59.0");
    let column = form("999").merge(&form("1,000")).unwrap();
    assert_eq!(column.render(&decimal("1001")), "1,001");
    assert_eq!(form("1000").merge(&form("1,000")), None);
    assert_eq!(form("58kg").merge(&form("58")), None);
    assert_eq!(form("+3").merge(&form("3")), None);
    assert!(form("+3").merge(&form("-3")).is_some());
}

#[test]
fn arithmetic_is_exact_and_checked() {
    let mut sum = Decimal::ZERO;
    for _ in 0..1000 {
        sum = sum.checked_add(&decimal("0.1")).unwrap();
    }
    assert_eq!(sum, decimal("100"));
    assert_eq!(
        decimal("1").checked_sub(&decimal("0.25")).unwrap().normal(),
        "0.75"
    );
    let most = Decimal::new(i64::MAX, 0).unwrap();
    assert_eq!(most.checked_add(&decimal("1")), None);
    assert_eq!(most.shift(&most, 2), None);
    assert_eq!(Decimal::new(1, 19), None);
    assert_eq!(
        Decimal::new(i64::MIN, 18).unwrap().normal(),
        "-9.223372036854775808"
    );
    assert!(decimal("1.50") == decimal("1.5") && decimal("-2") < decimal("-1.99"));
}

#[test]
fn multiples_of_a_step_are_told() {
    let half = decimal("0.5");
    assert!(decimal("58.5").is_multiple_of(&half) && decimal("-3").is_multiple_of(&half));
    assert!(!decimal("58.4").is_multiple_of(&half) && !decimal("58.25").is_multiple_of(&half));
    assert!(
        decimal("0").is_multiple_of(&Decimal::ZERO) && !decimal("1").is_multiple_of(&Decimal::ZERO)
    );
}

#[test]
fn per_cent_meets_its_fraction() {
    assert_eq!(decimal("100%").hundredth().unwrap(), decimal("1"));
    assert_eq!(decimal("58.5%").hundredth().unwrap(), decimal("0.585"));
    assert_eq!(Decimal::new(1, 17).unwrap().hundredth(), None);
}

#[test]
fn floats_are_the_nearest() {
    assert_eq!(decimal("0.1").to_f64(), 0.1);
    assert_eq!(decimal("-58.35").to_f64(), -58.35);
}

const WRITTEN: &str = "[-+]?(¥|￥|RMB |\\$)?[-+]?(0|[1-9][0-9]{0,2}(,[0-9]{3}){0,3}|[1-9][0-9]{0,8})(\\.[0-9]{0,5})?( ?(kg|%|元|岁))?";

proptest! {
    #[test]
    fn exact_texts_come_back(text in WRITTEN) {
        if let Some((number, form)) = parse_exact(&text) {
            prop_assert_eq!(form.render(&number), text);
        }
    }

    #[test]
    fn what_a_form_writes_is_read_as_the_same_number(text in WRITTEN, coefficient in any::<i32>(), scale in 0u8..6) {
        if let Some((_, form)) = parse_exact(&text) {
            let number = Decimal::new(coefficient.into(), scale).unwrap();
            let written = form.render(&number);
            let read = parse_exact(&written);
            prop_assert_eq!(read.map(|r| r.0), Some(number), "{}", written);
        }
    }

    #[test]
    fn normal_is_idempotent(coefficient in any::<i64>(), scale in 0u8..19) {
        let normal = Decimal::new(coefficient, scale).unwrap().normal();
        // Numbers of more than eighteen digits have a normal form too, but are not read.
        if let Some((number, _)) = parse(normal.as_str()) {
            prop_assert_eq!(number.normal(), normal);
            prop_assert_eq!(number, Decimal::new(coefficient, scale).unwrap());
        } else {
            prop_assert!(coefficient.unsigned_abs() >= 1_000_000_000_000_000_000);
        }
    }

    #[test]
    fn order_and_sums_are_those_of_integers(a in any::<i32>(), b in any::<i32>(), s in 0u8..9) {
        let (x, y) = (Decimal::new(a.into(), s).unwrap(), Decimal::new(b.into(), s).unwrap());
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(x.checked_add(&y).unwrap(), Decimal::new(i64::from(a) + i64::from(b), s).unwrap());
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,24}|[-+0-9.,eE %¥]{0,24}") {
        if let Some((number, form)) = parse(&text) {
            let _ = (form.render(&number), number.to_f64());
        }
    }
}
