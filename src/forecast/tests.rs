use super::*;
use crate::trace::trials::{Leak, Trial};

const CLEAN: FlipRate = FlipRate(0.0);
const WORN: FlipRate = FlipRate(0.05);

fn forecast(code: BiasSet, sites: RowSites) -> Forecast {
    Forecast {
        sites,
        code,
        recipients: 1_000,
        alpha: Alpha::DEFAULT,
    }
}

#[test]
fn one_site_a_row_names_after_the_rows_that_simulation_elsewhere_gives() {
    let one = || RowSites::from_means([1.0, 0.0, 0.0, 0.0, 0.0]);
    for (code, clean, worn) in [
        (BiasSet::Half, 30..=35, 56..=68),
        (BiasSet::Mixed, 40..=47, 70..=82),
    ] {
        let forecast = forecast(code, one());
        let rows = [CLEAN, WORN].map(|f| forecast.rows_to_name(f).unwrap());
        assert!(
            clean.contains(&rows[0]) && worn.contains(&rows[1]),
            "{code:?} {rows:?}"
        );
        let trial = Trial {
            set: code.into(),
            sites: rows[1] as usize,
            row: 1,
            kinds: 1,
            colluders: 1,
            leak: Leak::Random,
            flips: WORN.0,
            innocents: 0,
        };
        let named = trial.named(600, 9.0);
        assert!((named - 0.95).abs() < 0.05, "{code:?} {rows:?}: {named}");
    }
}

#[test]
fn more_sites_a_row_need_fewer_rows_and_more_rows_a_better_chance() {
    let four = forecast(
        BiasSet::Mixed,
        RowSites::from_means([2.0, 1.0, 1.0, 0.0, 0.0]),
    );
    let rows = four.rows_to_name(CLEAN).unwrap();
    assert!((11..=14).contains(&rows), "{rows}");
    let chances = [5, 9, 12, 20, 10_000].map(|k| four.chance(k, CLEAN).0);
    assert!(chances.is_sorted(), "{chances:?}");
    assert_eq!((chances[0], chances[4]), (0.0, 1.0));
    assert!(four.chance(12, WORN) < four.chance(12, CLEAN));
    assert!(four.rows_to_name(WORN) > four.rows_to_name(CLEAN));
    let wary = Forecast {
        recipients: 1_000_000,
        ..four.clone()
    };
    assert!(wary.rows_to_name(CLEAN).unwrap() > rows);
}

#[test]
fn rows_without_sites_and_values_worn_to_nothing_name_nobody() {
    for sites in [
        RowSites::default(),
        RowSites::from_means([0.0; KINDS]),
        RowSites::from_rows([]),
    ] {
        let forecast = forecast(BiasSet::Half, sites);
        assert_eq!(forecast.rows_to_name(CLEAN), None);
        assert_eq!(forecast.chance(1_000, CLEAN).0, 0.0);
    }
    let forecast = forecast(
        BiasSet::Half,
        RowSites::from_means([f64::NAN, 50.0, -1.0, 0.0, 0.0]),
    );
    assert_eq!(forecast.rows_to_name(FlipRate(0.5)), None);
    assert_eq!(forecast.rows_to_name(CLEAN), Some(1));
}

#[test]
fn sparse_rows_count_as_they_are() {
    let table = (0..900).map(|row| {
        if row % 3 == 0 {
            [2, 1, 0, 0, 0]
        } else {
            [0; KINDS]
        }
    });
    let sites = RowSites::from_rows(table);
    assert!((sites.mean() - 1.0).abs() < 1e-12);
    let means = RowSites::from_means([0.5, 0.25, 1.75, 0.0, 0.0]);
    assert!((means.mean() - 2.5).abs() < 1e-12);
    let rows = forecast(BiasSet::Half, sites).rows_to_name(CLEAN).unwrap();
    assert!(
        (40..=60).contains(&rows),
        "three sites in every third row: {rows}"
    );
}

#[test]
#[ignore = "timing: run in release"]
fn a_forecast_takes_a_moment() {
    let sites = RowSites::from_means([1.4, 0.8, 0.3, 0.0, 0.0]);
    for code in [BiasSet::Half, BiasSet::Mixed, BiasSet::Coalition] {
        let forecast = forecast(code, sites.clone());
        for flips in [CLEAN, WORN] {
            let start = std::time::Instant::now();
            let rows = forecast.rows_to_name(flips);
            println!("{code:?} {flips:?}: {rows:?} rows, {:?}", start.elapsed());
        }
    }
}

fn canaries(own: u64, shared: u64) -> CanaryRows {
    CanaryRows {
        own,
        shared,
        identifiers: vec![(0.001, 10_000.0), (0.0, 1e8)],
    }
}

#[test]
fn a_canary_met_names_and_small_leaks_pay_a_little_for_canaries() {
    let rows = || RowSites::from_rows([[2, 1, 0, 0, 0]; 4_000]);
    let told = rows().with_canaries(canaries(20, 0));
    let chance = told.canaries().chance_to_meet(200, 4_000);
    assert!((chance - (1.0 - (1.0f64 - 200.0 / 4_020.0).powi(20))).abs() < 0.01);
    assert_eq!(told.canaries().chance_to_meet(4_020, 4_000), 1.0);
    let bare = Forecast {
        recipients: 50,
        ..forecast(BiasSet::Half, RowSites::from_rows([[0; KINDS]; 4_000]))
    };
    let only = Forecast {
        sites: bare.sites.clone().with_canaries(canaries(20, 0)),
        ..bare.clone()
    };
    assert_eq!(bare.chance(200, CLEAN).0, 0.0);
    assert!((only.chance(200, CLEAN).0 - chance).abs() < 0.08);
    assert!(only.rows_to_name(CLEAN).unwrap() < 1_200);
    // eleven rows of three sites: just enough, but for what missing canaries take
    let marks = forecast(BiasSet::Half, rows());
    let both = forecast(BiasSet::Half, told);
    assert!(both.chance(11, CLEAN) < marks.chance(11, CLEAN));
    assert!(both.chance(14, CLEAN).0 > 0.95);
}

#[test]
fn rows_that_keep_their_order_speak_and_most_where_they_follow_one_another() {
    let sites = RowSites::from_rows([[0; KINDS]; 2_000]).with_order(OrderSites {
        running: 0.25,
        drawn: vec![(0.25, 0.06), (0.5, 0.125), (1.0, 0.25)],
    });
    for (rows, shown) in [(100, 1.2), (500, 30.0), (1_000, 125.0), (1_500, 281.25)] {
        let drawn = sites.order().shown(rows, 2_000, Taking::Anywhere);
        assert!((drawn - shown).abs() < 1e-9, "{rows}: {drawn}");
    }
    let none = OrderSites::default();
    assert_eq!(none.shown(9, 90, Taking::Anywhere), 0.0);
    let forecast = forecast(BiasSet::Half, sites);
    let chance = |rows, taking| forecast.chance_of(rows, CLEAN, taking).0;
    assert_eq!(chance(60, Taking::InOrder), 0.0);
    assert_eq!(chance(200, Taking::InOrder), 1.0);
    assert_eq!(chance(200, Taking::Anywhere), 0.0);
    assert_eq!(chance(1_000, Taking::Anywhere), 1.0);
    let rows = forecast
        .rows_to_name_in(CLEAN, Taking::InOrder, 200)
        .unwrap();
    assert!((130..=185).contains(&rows), "{rows}");
    assert!(forecast.rows_to_name(CLEAN).unwrap() > 400);
}

#[test]
fn shared_canaries_count_a_bit_each() {
    let rows = RowSites::from_rows([[0; KINDS]; 1_000]).with_canaries(canaries(0, 200));
    let forecast = forecast(BiasSet::Half, rows);
    assert_eq!(forecast.chance(100, CLEAN).0, 0.0);
    assert!(forecast.chance(300, CLEAN).0 > 0.95);
}

#[test]
fn the_rows_of_a_small_table_are_taken_once() {
    let list = |marked| {
        let table = (0..11).map(|row| [0, u16::from(row < marked) * 4, 0, 0, 0]);
        forecast(BiasSet::Half, RowSites::from_rows(table))
    };
    // 28 sites, whichever rows come first, do not name one of 1,000; 36 do
    for (marked, chance) in [(7, 0.0), (9, 1.0)] {
        assert_eq!(list(marked).chance(11, CLEAN).0, chance);
        assert_eq!(list(marked).chance(500, CLEAN).0, chance);
    }
    assert_eq!(list(7).rows_to_name(CLEAN), None);
    assert!(list(9).rows_to_name(CLEAN).unwrap() >= 10);
}

#[test]
fn one_bias_to_a_record_changes_little_for_a_single_source() {
    let rows = |code| {
        let sites = RowSites::from_means([1.0, 1.0, 1.0, 0.0, 0.0]);
        forecast(code, sites).rows_to_name(CLEAN).unwrap()
    };
    let (by_site, by_record) = (rows(BiasSet::Mixed), rows(BiasSet::Layered));
    assert!(
        by_record >= by_site && by_record <= by_site + 3,
        "{by_site} {by_record}"
    );
}

#[test]
fn an_interval_holds_its_chance_and_narrows_with_runs() {
    let forecast = forecast(
        BiasSet::Layered,
        RowSites::from_rows([[1, 1, 1, 0, 0]; 20_000]),
    );
    for flips in [CLEAN, WORN] {
        for rows in [4, 10, 14, 17, 25, 60] {
            let chance = forecast.chance(rows, flips);
            let mut width = f64::MAX;
            for runs in [10, 40, 1_000, 0] {
                let (low, high) = forecast.interval(rows, flips, runs);
                assert!(low <= chance && chance <= high, "{rows} {runs}");
                assert!(high.0 - low.0 <= width + 0.1, "{rows} {runs}");
                width = high.0 - low.0;
            }
        }
    }
    let sure = forecast.interval(400, CLEAN, 20);
    assert!(sure.0.0 >= 0.9 && sure.1.0 == 1.0, "{sure:?}");
    let never = forecast.interval(2, CLEAN, 20);
    assert!(never.0.0 == 0.0 && never.1.0 <= 0.1, "{never:?}");
}

#[test]
fn leaks_that_share_their_rows_count_as_fewer() {
    let small = forecast(BiasSet::Half, RowSites::from_rows([[1, 1, 1, 0, 0]; 16]));
    let large = forecast(
        BiasSet::Half,
        RowSites::from_rows([[1, 1, 1, 0, 0]; 16_000]),
    );
    let width = |f: &Forecast| {
        let (low, high) = f.interval(12, CLEAN, 20);
        high.0 - low.0
    };
    assert!(width(&small) > width(&large));
}

#[test]
fn quantiles_are_those_of_coins() {
    // 1 - .9^20 = .878; P(at most 4 of 20 at .1) = .957
    assert_eq!(quantile(20, 0.1, 0.12), 0.0);
    assert_eq!(quantile(20, 0.1, 0.13), 1.0);
    assert_eq!(quantile(20, 0.1, 0.95), 4.0);
    assert_eq!(
        (quantile(20, 0.0, 0.9), quantile(20, 1.0, 0.1)),
        (0.0, 20.0)
    );
    assert_eq!(quantile(100_000, 0.5, 0.5), 50_000.0);
    assert!(wilson(0.0, 1.75) > 0.005 && wilson(0.0, -1.75) == 0.0);
    assert!((wilson(0.5, 1.75) - 0.5437).abs() < 0.001);
}
