mod looks;
mod uniform;

use super::*;
use crate::drill::registers::{Maternity, contacts, patients};
use crate::key::MasterKey;
use crate::mark::constraint::{Elapsed, constraints};
use crate::mark::shape::Shape;
use crate::mark::{Record, groups};
use crate::policy::{Rule, depend, infer};
use crate::value::{email, name, national_id, phone};
use proptest::prelude::*;

const MOTHERS: Maternity = Maternity {
    rows: 3_000,
    seed: 5,
};

/// A table as `issue` would have it.
struct Bench {
    table: Table,
    policy: Policy,
    places: Vec<Option<usize>>,
    keys: DigestKeys,
    taken: Taken,
    days: HashMap<usize, Date>,
    handles: Vec<Handle>,
}

fn master() -> MasterKey {
    MasterKey::from_bytes(&[3; 32]).unwrap()
}

fn key(recipient: u64) -> BlockKey {
    master().canary_key(&recipient.to_le_bytes())
}

impl Bench {
    fn new(table: Table) -> Bench {
        let policy = infer::infer(&table);
        Bench::under(table, policy)
    }

    fn under(table: Table, policy: Policy) -> Bench {
        let places: Vec<Option<usize>> = policy
            .columns
            .iter()
            .map(|c| table.position(&c.name))
            .collect();
        let keys = master().digest_keys();
        let shape = Shape::new(&policy, &groups(&policy));
        let mut taken = Taken::default();
        let mut handles = Vec::new();
        for row in 0..table.rows() {
            let mut digests = Vec::new();
            shape.digest_identifiers(&Record::new(&table, row, &places), &keys, &mut digests);
            for id in &shape.identifiers {
                taken.enter(digests[id.first], digests[id.stem()]);
            }
            let surest = shape.identifiers.iter().map(|id| digests[id.first]);
            handles.push(Handle(
                surest.into_iter().find(|d| *d != 0).unwrap_or(row as u64),
            ));
        }
        let days = depend::table_days(&table, &policy);
        Bench {
            table,
            policy,
            places,
            keys,
            taken,
            days,
            handles,
        }
    }

    fn maker(&self) -> Maker<'_> {
        let Bench {
            table,
            policy,
            places,
            keys,
            taken,
            days,
            ..
        } = self;
        Maker::new(policy, table, places, keys, taken, days)
    }

    fn at(&self, name: &str) -> usize {
        self.table.position(name).unwrap()
    }

    /// The canaries of a recipient beside these rows, and beside which row each is.
    fn beside(
        &self,
        recipient: u64,
        rows: impl Iterator<Item = usize>,
        kept: &HashMap<Handle, Identity>,
    ) -> Vec<(usize, Canary)> {
        let (maker, key) = (self.maker(), key(recipient));
        let mut copy = maker.begin(kept);
        rows.filter_map(|row| {
            let donor = self.handles[row];
            let canary = maker.make(&key, donor, row, kept.get(&donor), &mut copy)?;
            Some((row, canary))
        })
        .collect()
    }

    fn some(&self, recipient: u64) -> Vec<(usize, Canary)> {
        let step = (self.table.rows() / 300).max(1);
        self.beside(
            recipient,
            (0..self.table.rows()).step_by(step),
            &HashMap::new(),
        )
    }

    fn identifiers(&self, at: usize) -> HashSet<Vec<u8>> {
        let kind = self.policy.columns[at].kind;
        let mut full = Vec::new();
        let cells = self.table.column(at);
        cells
            .filter_map(|c| {
                let written = normal::write(kind, Default::default(), c, &mut full);
                written.then(|| full.clone())
            })
            .collect()
    }
}

fn kept(canaries: &[(usize, Canary)]) -> HashMap<Handle, Identity> {
    let sealed = |c: &Canary| {
        let text = serde_json::to_string(&c.identity).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    canaries.iter().map(|(_, c)| (c.donor, sealed(c))).collect()
}

fn with_cell(table: &Table, row: usize, column: usize, text: &str) -> Table {
    let mut out = Table::new(table.header().to_vec(), table.width());
    for r in 0..table.rows() {
        let cells: Vec<&str> = table.row(r).collect();
        out.push((0..table.width()).map(|c| {
            if (r, c) == (row, column) {
                text
            } else {
                cells[c]
            }
        }));
    }
    out
}

/// Pearson's statistic against equal chances, in standard deviations of the chi-square distribution.
fn chi_square(counts: &[u32]) -> f64 {
    let expected = counts.iter().sum::<u32>() as f64 / counts.len() as f64;
    let sum: f64 = counts
        .iter()
        .map(|n| (f64::from(*n) - expected).powi(2) / expected)
        .sum();
    let freedom = (counts.len() - 1) as f64;
    (sum - freedom) / (2.0 * freedom).sqrt()
}

#[test]
fn mothers_obey_every_rule_of_their_register() {
    let bench = Bench::new(MOTHERS.month(1));
    let export = Maternity::export_day(1);
    let made = bench.some(1);
    assert!(made.len() > 280, "{}", made.len());
    let rules = constraints(&bench.policy);
    let counts = Elapsed::all(&bench.policy, &bench.days);
    assert!(counts.len() >= 2, "age and weeks are counted");
    let day = |text: &str| text.parse::<Date>().unwrap();
    let column = |name: &str| bench.table.column(bench.at(name));
    let regions: HashSet<&str> = column("身份证号").filter_map(|id| id.get(..6)).collect();
    let hospitals: HashSet<(&str, &str)> = column("建档医院").zip(column("所属区")).collect();
    let mut unlike = 0;
    for (row, canary) in &made {
        let get = |at: usize| canary.cells[at].as_str();
        let cell = |name: &str| get(bench.at(name));
        let donor = |name: &str| bench.table.cell(*row, bench.at(name));
        for rule in &rules {
            assert_ne!(rule.holds(get), Some(false), "{:?}", canary.cells);
        }
        let id = cell("身份证号");
        assert_eq!(id.is_empty(), donor("身份证号").is_empty());
        if let Some(id) = national_id::normal(id) {
            assert!(id.has_right_check());
            assert_eq!(id.birth_date().unwrap(), day(cell("出生日期")));
            assert!(!id.is_male(), "women's numbers are even");
            assert_ne!(id.sequence(), "000");
            assert!(regions.contains(id.region()));
        }
        let registered = day(cell("建档日期"));
        let age = day(cell("出生日期"))
            .until((jiff::Unit::Year, registered))
            .unwrap();
        assert_eq!(cell("年龄"), age.get_years().to_string());
        let period = day(cell("末次月经"));
        assert_eq!(day(cell("预产期")), period + jiff::Span::new().days(280));
        let weeks = period.until(export).unwrap().get_days() / 7;
        assert_eq!(cell("孕周"), weeks.to_string());
        assert!(registered <= export && period < registered);
        assert!(registered.weekday().to_monday_zero_offset() < 5);
        assert!(hospitals.contains(&(cell("建档医院"), cell("所属区"))));
        let number = |name: &str| cell(name).parse::<u32>().unwrap();
        assert!(number("产次") < number("孕次"));
        let away = registered.until(day(donor("建档日期"))).unwrap().get_days();
        assert!(away.abs() < 60, "{away} days from the donor's");
        unlike += usize::from(cell("建档医院") != donor("建档医院"));
        assert_eq!(cell("血型").is_empty(), donor("血型").is_empty());
        for name in ["手机号", "孕前体重"] {
            assert_eq!(cell(name).is_empty(), donor(name).is_empty(), "{name}");
        }
        assert!(!cell("建档日期").is_empty() && cell("姓名") != donor("姓名"));
    }
    assert!(
        unlike * 10 > made.len() * 8,
        "canaries are no doubles of their donors"
    );
    let by = bench.policy.sort.iter().map(|k| bench.at(&k.column));
    for at in by {
        assert!(made.iter().all(|(_, c)| !c.cells[at].trim().is_empty()));
    }
}

#[test]
fn nobody_real_is_a_canary_and_no_canary_is_there_twice() {
    for table in [MOTHERS.month(0), patients(3_000, 2), contacts(400, 9)] {
        let bench = Bench::new(table);
        let made = bench.some(3);
        assert!(made.len() > 280, "{}", made.len());
        for (at, column) in bench.policy.columns.iter().enumerate() {
            let cells = || made.iter().map(|(_, c)| c.cells[at].as_str());
            let real: HashSet<&str> = bench.table.column(at).collect();
            let filled = cells().filter(|c| !c.trim().is_empty());
            let mine: HashSet<&str> = filled.clone().collect();
            if column.role == Role::Identifier {
                assert_eq!(
                    mine.len(),
                    filled.clone().count(),
                    "{} repeats",
                    column.name
                );
                assert!(mine.is_disjoint(&real), "{} is real", column.name);
            }
            if column.kind == Kind::Address {
                // some keep a household company, as real people do; an estate's name may be all that an address says
                let shared = mine.intersection(&real).count();
                assert!(shared * 4 < mine.len(), "{shared} of {}", mine.len());
            }
            if column.role == Role::Identifier {
                let known = bench.identifiers(at);
                let mut full = Vec::new();
                for cell in mine {
                    assert!(normal::write(
                        column.kind,
                        Default::default(),
                        cell,
                        &mut full
                    ));
                    assert!(!known.contains(&full), "{cell}");
                }
            }
        }
    }
}

#[test]
fn numbers_stand_under_stems_that_occur_and_are_written_as_the_columns_are() {
    let bench = Bench::new(MOTHERS.month(0));
    let at = bench.at("手机号");
    let blocks: HashSet<&str> = bench.table.column(at).filter_map(|p| p.get(..7)).collect();
    let (mut known, mut all) = (0, 0);
    for (_, canary) in bench.some(4) {
        let cell = &canary.cells[at];
        assert!(cell.is_empty() || phone::is_mobile_cn(cell));
        all += usize::from(!cell.is_empty());
        known += usize::from(cell.get(..7).is_some_and(|block| blocks.contains(block)));
    }
    // new blocks come as often as real numbers have a block of their own
    assert!(known < all && known * 10 > all * 6, "{known} of {all}");
    let bench = Bench::new(patients(3_000, 2));
    let (phone, record) = (bench.at("Phone"), bench.at("Record No"));
    let heads: HashSet<&str> = bench
        .table
        .column(phone)
        .filter_map(|p| p.get(..10))
        .collect();
    for (row, canary) in bench.some(4) {
        let cell = &canary.cells[phone];
        assert!(cell.is_empty() || heads.contains(&cell[..10]), "{cell}");
        let number = |code: &str| code[3..].parse::<i64>().unwrap();
        let away = number(&canary.cells[record]) - number(bench.table.cell(row, record));
        assert!(away.abs() < 2_000, "{away}");
    }
    for (like, dressed) in [
        ("138 0000 1111", "139 1234 5678"),
        ("+86-13800001111", "+86-13912345678"),
        ("13800001111.0", "13912345678.0"),
        ("010-62345678", "13912345678"),
    ] {
        let made = identity::dressed_like(Kind::Phone, like, "13912345678").unwrap();
        assert_eq!(made, dressed);
    }
}

#[test]
fn mail_is_in_the_canarys_name_and_given_names_are_of_its_sex() {
    let bench = Bench::new(patients(3_000, 2));
    let (names, mails, sexes) = (bench.at("Patient Name"), bench.at("Email"), bench.at("Sex"));
    let given = |text: &str| name::split(text).unwrap().given.to_string();
    let mut of_sex: HashMap<&str, HashSet<String>> = HashMap::new();
    for row in 0..bench.table.rows() {
        let of_this = of_sex.entry(bench.table.cell(row, sexes)).or_default();
        of_this.insert(given(bench.table.cell(row, names)));
    }
    for (row, canary) in bench.some(5) {
        assert!(of_sex[canary.cells[sexes].as_str()].contains(&given(&canary.cells[names])));
        let mail = &canary.cells[mails];
        assert_eq!(mail.is_empty(), bench.table.cell(row, mails).is_empty());
        if !mail.is_empty() {
            let parts = name::split(&canary.cells[names]).unwrap();
            let surname = parts.surname.replace('\'', "").to_lowercase();
            assert!(email::is_email(mail) && mail.contains(&surname), "{mail}");
            assert!(mail.contains(&parts.given.to_lowercase()), "{mail}");
        }
    }
}

#[test]
fn a_canary_is_the_same_next_month_and_another_for_another_recipient() {
    let (march, april) = (Bench::new(MOTHERS.month(0)), MOTHERS.month(1));
    let april = Bench::under(april, march.policy.clone());
    let first = march.some(6);
    let places: HashMap<Handle, usize> = april
        .handles
        .iter()
        .enumerate()
        .map(|(row, h)| (*h, row))
        .collect();
    let id = march.at("身份证号");
    let moving = [march.at("序号"), march.at("孕周")];
    let stayed: Vec<(usize, usize)> = first
        .iter()
        .filter_map(|(row, c)| Some((*row, *places.get(&c.donor)?)))
        .filter(|(row, _)| !march.table.cell(*row, id).is_empty())
        .collect();
    let now = april.beside(6, stayed.iter().map(|(_, row)| *row), &kept(&first));
    assert!(now.len() + 3 > stayed.len() && stayed.len() > 200);
    let before: HashMap<Handle, (usize, &Canary)> =
        first.iter().map(|(row, c)| (c.donor, (*row, c))).collect();
    let mut unchanged = 0;
    for (row, canary) in &now {
        let (earlier, was) = before[&canary.donor];
        for at in 0..march.table.width() {
            let same = march.table.cell(earlier, at) == april.table.cell(*row, at);
            if same && !moving.contains(&at) {
                assert_eq!(
                    canary.cells[at], was.cells[at],
                    "{}",
                    march.policy.columns[at].name
                );
                unchanged += 1;
            }
        }
    }
    assert!(unchanged > 3_000);
    let other = march.some(7);
    for at in ["身份证号", "手机号", "现住址"].map(|n| march.at(n)) {
        let cells = |of: &[(usize, Canary)]| -> HashSet<String> {
            let cells = of.iter().map(|(_, c)| c.cells[at].clone());
            cells.filter(|c| !c.is_empty()).collect()
        };
        let shared = cells(&first).intersection(&cells(&other)).count();
        assert!(shared < 6, "{shared} shared cells");
    }
}

#[test]
fn a_donors_edit_is_the_canarys_and_only_that() {
    let march = Bench::new(MOTHERS.month(0));
    let (row, home) = (100, march.at("现住址"));
    let first = march.beside(8, [row].into_iter(), &HashMap::new());
    let moved_to = march.table.cell(500, home).replace("1室", "2室") + "后";
    for (at, text) in [
        (home, moved_to.as_str()),
        (march.at("建档医院"), "新医院"),
        (march.at("手机号"), ""),
    ] {
        let april = Bench {
            handles: march.handles.clone(),
            ..Bench::under(with_cell(&march.table, row, at, text), march.policy.clone())
        };
        let now = april.beside(8, [row].into_iter(), &kept(&first));
        let (was, is) = (&first[0].1, &now[0].1);
        let changed: Vec<usize> = (0..was.cells.len())
            .filter(|c| was.cells[*c] != is.cells[*c])
            .collect();
        if text.is_empty() {
            assert_eq!(changed, [] as [usize; 0], "who it is stays");
            continue;
        }
        let district = march.at("所属区");
        assert!(
            changed.iter().all(|c| [at, district].contains(c)),
            "{changed:?}"
        );
        // and it stays edited
        let again = april.beside(8, [row].into_iter(), &kept(&now));
        assert_eq!(again[0].1, *is);
    }
    // what was blank and is filled is the canary's own, never the donor's
    let blank = Bench {
        handles: march.handles.clone(),
        ..Bench::under(
            with_cell(&march.table, row, march.at("手机号"), ""),
            march.policy.clone(),
        )
    };
    let first = blank.beside(9, [row].into_iter(), &HashMap::new());
    let filled = march.beside(9, [row].into_iter(), &kept(&first));
    let at = march.at("手机号");
    let cell = &filled[0].1.cells[at];
    assert!(phone::is_mobile_cn(cell) && cell != march.table.cell(row, at));
    let number = filled[0]
        .1
        .identity
        .iter()
        .filter(|s| usize::from(s.column) == at)
        .count();
    assert_eq!(number, 1, "sealed now");
}

#[test]
fn who_gets_a_canarys_number_retires_it() {
    let mut bench = Bench::new(MOTHERS.month(0));
    let first = bench.some(10);
    let lost = &first[7].1;
    bench.taken.enter(lost.traits[0].full, lost.traits[0].stem);
    let rows = first.iter().map(|(row, _)| *row);
    let now = bench.beside(10, rows, &kept(&first));
    assert_eq!(now.len(), first.len() - 1);
    assert!(now.iter().all(|(_, c)| c.donor != lost.donor));
}

#[test]
fn donors_come_at_the_rate() {
    for rate in [0.005, 0.05] {
        let limit = DonorRate::from_fraction(rate);
        let (records, keys) = (40_000u64, 5);
        let donors = (0..keys)
            .flat_map(|k| {
                let key = key(k);
                (0..records).map(move |r| donor_draw(&key, Handle(r * 977)))
            })
            .filter(|draw| *draw <= limit.0)
            .count() as f64;
        let n = (records * keys) as f64;
        // five standard deviations of a binomial count
        let most = 5.0 * (n * rate * (1.0 - rate)).sqrt();
        assert!((donors - n * rate).abs() < most, "{donors} at {rate}");
    }
}

#[test]
fn free_texts_speak_of_the_canary_and_are_its_own() {
    let header = ["姓名", "电话", "备注", "城市"].map(String::from).to_vec();
    let mut table = Table::new(header, 4);
    let surnames: Vec<char> = "王李张刘陈杨黄赵吴周".chars().collect();
    let given: Vec<char> = "伟芳娜敏静丽强磊军洋".chars().collect();
    for n in 0..300usize {
        let name = format!(
            "{}{}{}",
            surnames[n % 10],
            given[n / 10 % 10],
            given[n / 7 % 10]
        );
        let phone = format!("138{:08}", n * 31_337);
        let note = format!(
            "{name}本人来电{phone}，约{}日{}点复查",
            n % 28 + 1,
            n % 9 + 8
        );
        table.push([name.as_str(), &phone, &note, "江城"]);
    }
    let mut policy = infer::infer(&table);
    policy.columns[2] = Column::plain("备注", Kind::Text);
    let bench = Bench::under(table, policy);
    let known: HashSet<&str> = bench.table.column(2).collect();
    let made = bench.some(14);
    assert!(made.len() > 280);
    for (row, canary) in made {
        let note = &canary.cells[2];
        for donor in [bench.table.cell(row, 0), bench.table.cell(row, 1)] {
            assert!(!note.contains(donor), "{note}");
        }
        assert!(
            note.contains(&canary.cells[0]) && note.contains(&canary.cells[1]),
            "{note}"
        );
        assert!(!known.contains(note.as_str()));
    }
}

#[test]
fn the_rules_of_a_policy_hold_dates_that_others_hang_on() {
    let bench = Bench::new(patients(2_000, 3));
    let born = bench.at("DOB");
    let made = bench.some(15);
    let moved = made
        .iter()
        .filter(|(row, c)| c.cells[born] != bench.table.cell(*row, born));
    assert!(
        moved.count() * 10 > made.len() * 9,
        "a day of birth is not the donor's"
    );
    let mut policy = bench.policy.clone();
    policy.rules.push(Rule::Determines {
        column: "Ward".into(),
        by: "Admission".into(),
    });
    policy.fidelity = crate::policy::Fidelity::Lossless;
    let bench = Bench::under(bench.table.clone(), policy);
    let [day, ward] = ["Admission", "Ward"].map(|name| bench.at(name));
    let known: HashSet<(&str, &str)> = bench
        .table
        .column(day)
        .zip(bench.table.column(ward))
        .collect();
    for (_, canary) in bench.some(15) {
        let pair = (canary.cells[day].as_str(), canary.cells[ward].as_str());
        assert!(known.contains(&pair), "{pair:?}");
    }
}

fn any_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,6} [A-Z][a-z]{1,5}|[王李张][伟芳娜]{1,2}",
        2 => "1[3-9][0-9]{9}|[0-9]{1,4}-[0-9]{1,9}",
        2 => "[0-9]{17}[0-9X]|11010519(49|80)12(31|02)[0-9]{4}",
        2 => "20[0-9]{2}-0[1-9]-[0-3][0-9]( 1[0-9]:00)?",
        2 => "[0-9]{1,4}(\\.[0-9])?",
        1 => "[a-z]{0,3}[.0-9]{0,4}@[a-z]{2,4}\\.(com|cn)",
        1 => "[东西]区[路街][0-9]{1,6}号[0-9]{0,4}室?",
        1 => "\\PC{0,8}",
        2 => "[ ]?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_table_is_too_strange(
        width in 1usize..7,
        cells in proptest::collection::vec(any_cell(), 0..90),
        kinds in proptest::collection::vec((0usize..11, 0usize..5), 6),
        guessed in any::<bool>(),
    ) {
        const KINDS: [Kind; 11] = [
            Kind::Name, Kind::Phone, Kind::NationalId, Kind::Email, Kind::Code, Kind::Date,
            Kind::DateTime, Kind::Number, Kind::Address, Kind::Category, Kind::Text,
        ];
        const ROLES: [Role; 5] =
            [Role::Identifier, Role::Carrier, Role::Sequence, Role::Derived, Role::Plain];
        let header = (0..width).map(|n| format!("c{n}")).collect();
        let mut table = Table::new(header, width);
        for row in cells.chunks_exact(width) {
            table.push(row.iter().map(String::as_str));
        }
        let mut policy = infer::infer(&table);
        if !guessed {
            for (column, (kind, role)) in policy.columns.iter_mut().zip(kinds) {
                column.kind = KINDS[kind];
                column.role = ROLES[role];
            }
        }
        let rows = table.rows();
        let bench = Bench::under(table, policy);
        let first = bench.beside(1, 0..rows, &HashMap::new());
        for (_, canary) in &first {
            prop_assert!(canary.traits.iter().any(|t| t.ways > 0));
        }
        let again = bench.beside(1, 0..rows, &kept(&first));
        prop_assert!(again.len() <= rows);
    }
}
