use super::*;
use jiff::civil::{date, time};
use proptest::prelude::*;

const ORDERS: [DateOrder; 3] = [DateOrder::Ymd, DateOrder::Mdy, DateOrder::Dmy];

fn normal(text: &str, order: DateOrder) -> String {
    parse(text, order).map_or_else(|| "none".to_owned(), |(m, _)| m.normal().to_string())
}

#[test]
fn dates_are_read_however_written() {
    for text in [
        "2024-03-05",
        "2024-3-5",
        "2024/3/5",
        "2024/03/05",
        "2024.03.05",
        "20240305",
        "2024年3月5日",
        "2024年03月05日",
        "2024年3月5号",
        "2024 年 3 月 5 日",
        "24年3月5日",
        "２０２４－０３－０５",
        " 2024-03-05\u{A0}",
        "2024-03-05 00:00:00",
        "2024-03-05T00:00:00.000",
        "2024/3/5 0:00",
        "5 Mar 2024",
        "5-Mar-24",
        "05/Mar/2024",
        "Mar 5, 2024",
        "March 5 2024",
        "Tuesday, March 5, 2024",
        "5 MARCH 2024",
        "2024-Mar-05",
        "Tue 5 Mar 2024",
        "2024年3月5日 星期二",
        "2024年3月5日星期二",
        "20240305000000",
        "2024-03-05 12:00:00 AM",
    ] {
        for order in ORDERS {
            assert_eq!(normal(text, order), "2024-03-05", "{text}");
        }
    }
}

#[test]
fn times_are_read_however_written() {
    for text in [
        "2024-03-05 14:30",
        "2024-03-05 14:30:00",
        "2024-03-05T14:30:00",
        "2024-03-05  14:30:00.000",
        "2024/3/5 2:30 PM",
        "3/5/2024, 2:30:00 PM",
        "2024/3/5 下午2:30",
        "2024年3月5日 14时30分",
        "2024年3月5日14:30",
        "2024年3月5日下午 2:30",
        "20240305143000",
        "202403051430",
        "20240305 143000",
        "20240305T1430",
        "20240305 14:30",
        "Mar 5, 2024 02:30pm",
        "2024年3月5日14点30分",
        "2024-03-05 14：30",
    ] {
        assert_eq!(normal(text, DateOrder::Mdy), "2024-03-05 14:30", "{text}");
    }
    assert_eq!(
        normal("2024-03-05 14:30:05.999", DateOrder::Ymd),
        "2024-03-05 14:30:05"
    );
    assert_eq!(
        normal("2024-03-05 00:00:01", DateOrder::Ymd),
        "2024-03-05 00:00:01"
    );
    assert_eq!(
        normal("2024年3月5日14时", DateOrder::Ymd),
        "2024-03-05 14:00"
    );
    assert_eq!(
        normal("2024/3/5 上午12:05", DateOrder::Ymd),
        "2024-03-05 00:05"
    );
    assert_eq!(
        normal("2024/3/5 下午12:05", DateOrder::Ymd),
        "2024-03-05 12:05"
    );
}

#[test]
fn order_settles_what_the_text_leaves_open() {
    assert_eq!(normal("3/5/2024", DateOrder::Mdy), "2024-03-05");
    assert_eq!(normal("3/5/2024", DateOrder::Dmy), "2024-05-03");
    assert_eq!(normal("3/5/2024", DateOrder::Ymd), "2024-03-05");
    assert_eq!(normal("3.5.2024", DateOrder::Ymd), "2024-05-03");
    assert_eq!(normal("24-03-05", DateOrder::Ymd), "2024-03-05");
    assert_eq!(normal("24-03-05", DateOrder::Dmy), "2005-03-24");
    assert_eq!(normal("12/31/79", DateOrder::Ymd), "1979-12-31");
    assert_eq!(normal("25/3/2024", DateOrder::Mdy), "2024-03-25");
    assert_eq!(normal("3/5/30", DateOrder::Mdy), "1930-03-05");
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "2024",
        "45356",
        "2024-02-30",
        "2023-02-29",
        "1900-02-29",
        "2024-13-01",
        "2024-00-10",
        "1849-12-31",
        "2201-01-01",
        "20241301",
        "2024-03",
        "2024年3月",
        "2024-03/05",
        "3/4",
        "13/13/2024",
        "2024-03-05x",
        "2024-03-05 25:00",
        "2024-03-05 14:60",
        "2024-03-05 14:3",
        "2024-03-05 13:00 PM",
        "2024-03-05 0:00 AM",
        "2024-03-0514:30",
        "5 Foo 2024",
        "Mar 5",
        "10 12 2024",
        "2024 03 05",
        "138-1234-5678",
        "13812345678",
        "2024-03-05 14:30:00:00",
        "5年3月5日",
        "上海",
        "2024-003-05",
        "12024-03-05",
        "Monday",
    ] {
        for order in ORDERS {
            assert_eq!(parse(text, order), None, "{text}");
        }
    }
}

#[test]
fn exact_forms_write_another_day_the_same_way() {
    for (text, days, expected) in [
        ("2024-03-05", 1, "2024-03-06"),
        ("2024/3/9", 1, "2024/3/10"),
        ("2024/3/10", -1, "2024/3/9"),
        ("2024/03/10", -1, "2024/03/09"),
        ("2024年3月31日", 1, "2024年4月1日"),
        ("20240331", 1, "20240401"),
        ("2024-12-31 00:00:00", 1, "2025-01-01 00:00:00"),
        ("31.03.24", 1, "01.04.24"),
        ("5-Mar-24", -5, "29-Feb-24"),
        ("MAR 5, 2024", 31, "APR 5, 2024"),
        ("March 5, 2024", 31, "April 5, 2024"),
        ("2024/3/5 下午2:30", 1, "2024/3/6 下午2:30"),
        ("5/3/2024  2:30:00 PM", 1, "6/3/2024  2:30:00 PM"),
        ("2024-03-05T14:30:00.000", 1, "2024-03-06T14:30:00.000"),
        ("20240305143000", 1, "20240306143000"),
        (
            "2024年03月05日 14时30分05秒",
            1,
            "2024年03月06日 14时30分05秒",
        ),
    ] {
        let (moment, form) = parse_exact(text, DateOrder::Dmy).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(form.render(&moment), text);
        assert_eq!(form.render(&moment.shift_days(days).unwrap()), expected);
    }
}

#[test]
fn texts_that_would_not_come_back_are_not_exact() {
    for text in [
        " 2024-03-05",
        "２０２４-03-05",
        "2024年3月5日 星期二",
        "Tue, 5 Mar 2024",
        "5 Sept 2024",
        "5 mAr 2024",
        "2024/3/5 2:30 Pm",
        "2024年3月5日14时",
        "2024年3月5日14点30分",
        "2024/03/5 \u{200B}",
        "3/25/2024",
    ] {
        assert!(parse(text, DateOrder::Dmy).is_some(), "{text}");
        assert_eq!(parse_exact(text, DateOrder::Dmy), None, "{text}");
    }
    assert_eq!(parse_exact("3/5/2024", DateOrder::Ymd), None);
    // One field padded and one not is a form like any other.
    assert!(parse_exact("2024/03/5", DateOrder::Ymd).is_some());
}

#[test]
fn a_column_settles_what_a_date_leaves_open() {
    let form = |t: &str| parse_exact(t, DateOrder::Mdy).unwrap().1;
    let ninth = Moment::day(date(2024, 9, 9)).unwrap();
    assert_eq!(
        form("2024-12-10")
            .merge(&form("2024-3-5"))
            .unwrap()
            .render(&ninth),
        "2024-9-9"
    );
    assert_eq!(
        form("12/10/2024")
            .merge(&form("03/05/2024"))
            .unwrap()
            .render(&ninth),
        "09/09/2024"
    );
    assert_eq!(
        form("May 5, 2024")
            .merge(&form("March 5, 2024"))
            .unwrap()
            .render(&ninth),
        "September 9, 2024"
    );
    assert_eq!(form("2024/3/5").merge(&form("2024/03/05")), None);
    assert_eq!(form("2024-03-05").merge(&form("2024/03/05")), None);
    assert_eq!(form("2024-03-05").merge(&form("2024-03-05 14:30")), None);
    assert_eq!(form("2024-03-05 14:30").merge(&form("2024-03-05")), None);
    let early = Moment {
        date: date(2024, 3, 5),
        time: Some(time(9, 5, 0, 0)),
    };
    assert_eq!(
        form("2024-12-10 14:30")
            .merge(&form("2024-03-05 9:30"))
            .unwrap()
            .render(&early),
        "2024-03-05 9:05"
    );
}

#[test]
fn precision_is_what_is_written() {
    let of = |t| parse(t, DateOrder::Ymd).unwrap().1.precision();
    assert_eq!(of("2024-03-05"), Precision::Day);
    assert_eq!(of("2024-03-05 14:30"), Precision::Minute);
    assert_eq!(of("2024-03-05 14:30:00"), Precision::Second);
}

#[test]
fn forms_know_what_they_cannot_write() {
    let form = |t| parse(t, DateOrder::Mdy).unwrap().1;
    let at = |h, m, s| Moment {
        date: date(2024, 3, 5),
        time: Some(time(h, m, s, 0)),
    };
    assert!(
        form("2024-03-05 14:30").can_write(&at(1, 2, 0))
            && !form("2024-03-05 14:30").can_write(&at(1, 2, 3))
    );
    assert!(!form("2024-03-05").can_write(&at(1, 2, 0)));
    assert!(!form("3/5/29").can_write(&Moment::day(date(2030, 1, 1)).unwrap()));
}

#[test]
fn votes_follow_the_evidence() {
    let of = |texts: &[&str]| vote(texts.iter().copied());
    assert_eq!(of(&["2024-03-05", "2024/3/5", ""]), Some(DateOrder::Ymd));
    assert_eq!(
        of(&["3/5/2024", "3/25/2024", "4/4/2024"]),
        Some(DateOrder::Mdy)
    );
    assert_eq!(
        of(&["3/5/2024", "25/3/2024", "4/4/2024"]),
        Some(DateOrder::Dmy)
    );
    assert_eq!(of(&["3/5/2024", "4/4/2024"]), Some(DateOrder::Mdy));
    assert_eq!(of(&["3.5.2024", "4.4.2024"]), Some(DateOrder::Dmy));
    assert_eq!(
        of(&["3-5-2024 10:00", "4-4-2024 10:00"]),
        Some(DateOrder::Dmy)
    );
    assert_eq!(of(&["24-03-05", "24-03-06"]), Some(DateOrder::Ymd));
    assert_eq!(of(&["79/12/31", "80/1/5"]), Some(DateOrder::Ymd));
    assert_eq!(of(&["12/31/79", "1/5/80"]), Some(DateOrder::Mdy));
    assert_eq!(
        of(&["2024-03-05", "2024-03-06", "25/3/2024"]),
        Some(DateOrder::Dmy)
    );
    assert_eq!(of(&["2024-03-05", "张三", "李四"]), None);
    assert_eq!(of(&["45356", "45357"]), None);
    assert_eq!(of(&[]), None);
}

/// Serials as Excel documents them: 1 January 2008 is 39448; 5 July 1998 is 35981 and 34519 in the 1904 system.
#[test]
fn published_serials_are_met() {
    let day = |y, m, d| Moment::day(date(y, m, d)).unwrap();
    for (serial, epoch, expected) in [
        (39_448.0, Epoch::Y1900, day(2008, 1, 1)),
        (35_981.0, Epoch::Y1900, day(1998, 7, 5)),
        (34_519.0, Epoch::Y1904, day(1998, 7, 5)),
        (1.0, Epoch::Y1900, day(1900, 1, 1)),
        (59.0, Epoch::Y1900, day(1900, 2, 28)),
        (61.0, Epoch::Y1900, day(1900, 3, 1)),
        (0.0, Epoch::Y1904, day(1904, 1, 1)),
        (45_474.0, Epoch::Y1900, day(2024, 7, 1)),
    ] {
        assert_eq!(from_serial(serial, epoch), Some(expected));
        assert_eq!(to_serial(&expected, epoch), Some(serial));
    }
    for none in [60.0, 60.5, 0.0, -1.0, f64::NAN, f64::INFINITY, 1e12] {
        assert_eq!(from_serial(none, Epoch::Y1900), None);
    }
    assert_eq!(to_serial(&day(1899, 12, 31), Epoch::Y1900), None);
    assert_eq!(to_serial(&day(1903, 12, 31), Epoch::Y1904), None);
    let half = from_serial(45_356.604_166_666_664, Epoch::Y1900).unwrap();
    assert_eq!(half.normal(), "2024-03-05 14:30");
}

#[test]
fn shifts_stop_at_the_edges() {
    let last = Moment {
        date: date(2200, 12, 31),
        time: Some(time(23, 59, 59, 0)),
    };
    assert_eq!(last.shift_days(1), None);
    assert_eq!(last.shift_seconds(1), None);
    assert_eq!(last.shift_days(i32::MAX), None);
    assert_eq!(last.shift_seconds(i64::MAX), None);
    assert_eq!(
        last.shift_seconds(-86_400).unwrap().normal(),
        "2200-12-30 23:59:59"
    );
    assert_eq!(
        Moment::day(date(2024, 3, 5)).unwrap().shift_seconds(1),
        None
    );
    assert_eq!(Moment::day(date(1849, 12, 31)), None);
}

#[test]
fn day_numbers_are_those_of_the_calendar() {
    let mut day = date(1850, 1, 1);
    let mut number = day_number(day);
    assert_eq!(day_number(date(1970, 1, 1)), 0);
    while day.year() <= 2200 {
        assert_eq!(
            (day_number(day), from_day_number(number)),
            (number, Some(day))
        );
        day = day.tomorrow().unwrap();
        number += 1;
    }
    assert_eq!(from_day_number(number), None);
    assert_eq!(from_day_number(i32::MAX), None);
    assert_eq!(from_day_number(i32::MIN), None);
}

/// Dates as people and programs write them, with a time or without.
fn written() -> impl Strategy<Value = String> {
    let day = prop_oneof![
        "(19|20)[0-9]{2}(-0[1-9]-|/[1-9]/|/1[0-2]/|\\.0[1-9]\\.)([12][0-9]|0[1-9]|[1-9])",
        "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])",
        "((19|20)[0-9]{2}|[0-9]{2})年(0?[1-9]|1[0-2])月(0?[1-9]|[12][0-9])(日|号|)",
        "(0?[1-9]|[12][0-9])([-/.])(0?[1-9]|[12][0-9])[-/.]((19|20)[0-9]{2}|[0-9]{2})",
        "[0-9]{2}/(0?[1-9]|1[0-2])/[0-9]{1,2}",
        "(0?[1-9]|[12][0-9])[- /](Jan|FEB|mar|May|June|september)[- /]((19|20)[0-9]{2}|[0-9]{2})",
        "(Jan|FEB|mar|May|June|september) (0?[1-9]|[12][0-9]),? ((19|20)[0-9]{2}|[0-9]{2})",
    ];
    let time = "((T| |  |, |)(上午|下午|上午 )?[0-2]?[0-9](:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?|时[0-5][0-9]分([0-5][0-9]秒)?)( ?[AP]M| ?[ap]m)?)?";
    (day, time).prop_map(|(day, time)| format!("{day}{time}"))
}

fn moment() -> impl Strategy<Value = Moment> {
    (-20_000i32..60_000, 0i64..86_400).prop_map(|(day, second)| Moment {
        date: from_day_number(day).unwrap(),
        time: Some(time_of_day(second, 0).unwrap()),
    })
}

proptest! {
    #[test]
    fn exact_texts_come_back(text in written(), order in 0usize..3) {
        if let Some((moment, form)) = parse_exact(&text, ORDERS[order]) {
            prop_assert_eq!(form.render(&moment), text);
        }
    }

    /// What a form writes for any other moment is read as that moment, in its own form.
    #[test]
    fn what_a_form_writes_is_read_again(text in written(), order in 0usize..3, other in moment()) {
        let order = ORDERS[order];
        if let Some((moment, form)) = parse_exact(&text, order) {
            let mut other = other;
            if moment.time.is_none() {
                other.time = None;
            } else if form.precision() == Precision::Minute {
                other = other.shift_seconds(-(second_of_day(other.time.unwrap()) % 60)).unwrap();
            }
            if form.can_write(&other) {
                let written = form.render(&other);
                let (read, again) = parse_exact(&written, order).unwrap_or_else(|| panic!("{text}: {written}"));
                prop_assert_eq!(read, other, "{}", written);
                prop_assert!(form.merge(&again).is_some(), "{} and {}", text, written);
            }
        }
    }

    #[test]
    fn normal_is_idempotent(moment in moment()) {
        let normal = moment.normal();
        let (read, _) = parse(normal.as_str(), DateOrder::Ymd).unwrap();
        prop_assert_eq!(read.normal(), normal);
    }

    #[test]
    fn merging_does_not_depend_on_the_side(a in written(), b in written()) {
        if let (Some((_, a)), Some((_, b))) = (parse(&a, DateOrder::Mdy), parse(&b, DateOrder::Mdy)) {
            prop_assert_eq!(a.merge(&b), b.merge(&a));
            prop_assert_eq!(a.merge(&a), Some(a));
        }
    }

    #[test]
    fn serials_come_back(moment in moment(), y1904 in any::<bool>()) {
        let epoch = if y1904 { Epoch::Y1904 } else { Epoch::Y1900 };
        if let Some(serial) = to_serial(&moment, epoch) {
            prop_assert_eq!(from_serial(serial, epoch).unwrap().normal(), moment.normal());
        }
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,24}|[0-9年月日时分秒上下午周星期一/.: TAPMapm-]{0,24}") {
        for order in ORDERS {
            if let Some((moment, form)) = parse(&text, order) {
                prop_assert_eq!(parse(&form.render(&moment), order).map(|(m, _)| m.date), Some(moment.date));
            }
        }
        let _ = vote(std::iter::once(text.as_str()));
    }
}
