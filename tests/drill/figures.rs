//! The figures that are published: the table of robustness, and coalitions. All heavy, all ignored.

use sha2::{Digest, Sha256};
use taggant::code::{Bias, BiasSet, Codeword, Handle, SiteKind};
use taggant::drill::attacks::Family;
use taggant::drill::leaks::{Encoding, to_csv_bytes};
use taggant::drill::registers::Maternity;
use taggant::key::MasterKey;
use taggant::policy::infer::infer;
use taggant::rehearsal::{Options, Played, Rehearsal, Tally as Came, rehearse};
use taggant::table::{Limits, Source, from_bytes};
use taggant::trace::evidence::{Counts, Tally, log10_e};
use taggant::trace::units::Alpha;
use taggant::trace::verdict::name_threshold;

const STRATEGIES: [&str; 11] = [
    "pool-random",
    "pool-rows",
    "pool-majority",
    "pool-minority",
    "pool-coin",
    "pool-smaller",
    "pool-greater",
    "pool-original",
    "pool-marked",
    "pool-blank",
    "pool-gone",
];

fn month(rows: usize, seed: u64, index: usize) -> Source {
    let bytes = to_csv_bytes(&Maternity { rows, seed }.month(index), Encoding::Utf8Bom);
    from_bytes("maternity.csv", bytes, &Limits::default())
        .unwrap()
        .remove(0)
}

/// Options for a register whose policy reckons with eight who pool their copies.
fn wary(source: &Source) -> Options {
    let mut policy = infer(&source.table);
    policy.coalition = Some(8);
    policy.code = BiasSet::Coalition;
    Options {
        policy: Some(policy),
        ..Options::default()
    }
}

/// Lines of a table in Markdown: an attack each, its strengths side by side.
fn markdown(r: &Rehearsal) -> String {
    let mut out = String::new();
    for family in Family::ALL {
        let played: Vec<&Played> = r.played.iter().filter(|p| p.family == family).collect();
        for attack in played.chunk_by(|a, b| a.what == b.what) {
            let join = |cell: &dyn Fn(&Played) -> String| -> String {
                let mut cells: Vec<String> = attack.iter().map(|p| cell(p)).collect();
                if cells.iter().all(|c| *c == cells[0]) {
                    cells.truncate(1);
                }
                cells.join(", ")
            };
            let mut strengths: Vec<&str> = attack.iter().map(|p| p.strength.as_str()).collect();
            strengths.retain(|s| !s.is_empty());
            let colon = if strengths.is_empty() { "" } else { ": " };
            let named = |p: &Played, t: &Came| match p.sources {
                0 => format!("nobody {}", t.nobody),
                _ if t.right() == 0 => "0".to_string(),
                1 => t.right().to_string(),
                _ if t.all == t.right() => format!("all {}", t.all),
                _ => format!("{} (all {})", t.right(), t.all),
            };
            out.push_str(&format!(
                "| {}{colon}{} | {} | {} |\n",
                attack[0].what,
                strengths.join(", "),
                join(&|p| named(p, &p.whole)),
                join(&|p| p.cut.as_ref().map_or("-".into(), |cut| named(p, cut)))
            ));
        }
    }
    out.push_str(&format!(
        "\n{} rows, {} recipients, {} runs, {} traces, innocents named: {}\n",
        r.rows,
        r.recipients,
        r.runs,
        r.traces(),
        r.accused_innocents()
    ));
    out
}

#[test]
#[ignore = "the README's table: minutes"]
fn the_table_of_robustness() {
    let source = month(5_000, 7, 0);
    let next = month(5_000, 7, 1);
    let mut options = Options {
        recipients: 100,
        runs: 20,
        ..Options::default()
    };
    let alone = Family::ALL.iter().filter(|f| **f != Family::Coalition);
    options.attacks = alone.map(|f| f.word().to_string()).collect();
    let found = rehearse(&source, Some(&next), &options, &|_, _| ()).unwrap();
    println!("{}", markdown(&found));
    assert_eq!(found.accused_innocents(), 0);
    options = Options {
        recipients: 100,
        runs: 20,
        attacks: vec!["coalition".into()],
        ..wary(&source)
    };
    let found = rehearse(&source, None, &options, &|_, _| ()).unwrap();
    println!("with `coalition = 8` in the policy:\n{}", markdown(&found));
    assert_eq!(found.accused_innocents(), 0);
}

#[test]
#[ignore = "coalitions over 40,000 rows, really issued: minutes"]
fn pooled_copies_of_forty_thousand_rows() {
    for seed in [7, 8] {
        let source = month(40_000, seed, 0);
        let options = Options {
            recipients: 100,
            runs: 2,
            attacks: vec!["coalition".into()],
            ..wary(&source)
        };
        let found = rehearse(&source, None, &options, &|_, _| ()).unwrap();
        println!("{}", markdown(&found));
        assert_eq!(found.accused_innocents(), 0);
        for p in found.played.iter().filter(|p| p.word != "pool-gone") {
            assert_eq!(
                p.whole.nobody, 0,
                "{} {}: {:?}",
                p.what, p.strength, p.whole
            );
        }
    }
}

/// Each run has a key, a register and copies of its own; three of the strategies, by turns, at every size of coalition.
#[test]
#[ignore = "a thousand vaults: a quarter of an hour on two idle cores"]
fn a_thousand_keys_name_no_innocent() {
    const RUNS: u64 = 1_000;
    let (mut traces, mut wrong) = (0, 0);
    let mut missed: Vec<(String, usize, usize)> = Vec::new();
    for run in 0..RUNS {
        let source = month(1_500, 1_000 + run, 0);
        let turn = |nth: u64| STRATEGIES[((run * 3 + nth) % 11) as usize].to_string();
        let options = Options {
            recipients: 24,
            runs: 1,
            seed: run,
            attacks: (0..3).map(turn).collect(),
            ..wary(&source)
        };
        let found = rehearse(&source, None, &options, &|_, _| ()).unwrap();
        traces += found.traces();
        wrong += found.accused_innocents();
        for p in &found.played {
            let what = format!("{}: {}", p.word, p.strength);
            let at = missed.iter().position(|(w, ..)| *w == what);
            let at = at.unwrap_or_else(|| {
                missed.push((what, 0, 0));
                missed.len() - 1
            });
            missed[at].1 += p.whole.nobody;
            missed[at].2 += p.whole.runs;
        }
        if run % 100 == 99 {
            println!(
                "{} keys: {traces} traces, {wrong} named an innocent",
                run + 1
            );
        }
    }
    missed.sort();
    for (what, nobody, runs) in missed {
        println!("{what}: nobody named in {nobody} of {runs}");
    }
    assert_eq!(wrong, 0);
}

/// What a coalition's leak shows where `ones` of `bits` are 1 and they differ; the original variant is 0.
fn shown(strategy: usize, bits: &[bool], coin: u64) -> Option<bool> {
    let ones = bits.iter().filter(|b| **b).count();
    let vote = match (2 * ones).cmp(&bits.len()) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => coin & 1 == 1,
    };
    match strategy {
        0 => Some(bits[coin as usize % bits.len()]),
        1 => Some(vote),
        2 => Some(!vote),
        3 => Some(coin & 1 == 1),
        4 => Some(false),
        5 => Some(true),
        _ => None,
    }
}

/// A generator for the colluders' coins: SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Arithmetic only, on real codewords: keys, biases and bits come as they do when copies are issued, and the evidence is weighed as in
/// a trace; no files, no rows. As many sites as 40,000 rows of the maternity register have, a hundred recipients, canaries all
/// stripped.
#[test]
#[ignore = "a thousand keys over 90,000 sites: minutes"]
fn a_thousand_codes_of_forty_thousand_rows() {
    const RUNS: u64 = 1_000;
    const HANDLES: u64 = 5_625;
    const RECIPIENTS: usize = 100;
    const SIZES: [usize; 4] = [2, 3, 5, 8];
    const WORDS: [&str; 7] = [
        "random", "majority", "minority", "coin", "zeros", "ones", "erased",
    ];
    let needed = name_threshold(RECIPIENTS, Alpha::DEFAULT).0;
    let handles: Vec<u64> = (0..HANDLES).collect();
    // by size and strategy: runs, any named, all named, least weight of the strongest
    let mut came = [[(0u32, 0u32, 0u32, f64::INFINITY); 7]; 4];
    let (mut innocents, mut strongest_innocent) = (0u32, f64::NEG_INFINITY);
    for run in 0..RUNS {
        let key = MasterKey::generate().unwrap();
        let code = key.code_keys();
        let mut biases: Vec<Bias> = Vec::new();
        for handle in &handles {
            biases.extend(
                (0..16).map(|slot| BiasSet::Coalition.bias_at(&code, Handle(*handle), slot)),
            );
        }
        let mut words: Vec<Vec<bool>> = Vec::new();
        for recipient in 0..RECIPIENTS {
            let id = Sha256::digest((recipient as u64).to_le_bytes());
            let word = Codeword::new(key.codeword_key(&id[..16]));
            let mut blocks = Vec::new();
            word.bytes(0, &handles, &mut blocks);
            let bytes = blocks.iter().flatten();
            words.push(
                bytes
                    .zip(&biases)
                    .map(|(byte, bias)| *byte < bias.0)
                    .collect(),
            );
        }
        let turn = (run % 4) as usize;
        let size = SIZES[turn];
        for (strategy, came) in came[turn].iter_mut().enumerate() {
            let mut state = run * 7 + strategy as u64;
            let mut bits = vec![false; size];
            let readings: Vec<Option<bool>> = (0..biases.len())
                .map(|site| {
                    for (bit, word) in bits.iter_mut().zip(&words) {
                        *bit = word[site];
                    }
                    match bits.iter().all(|b| *b == bits[0]) {
                        true => Some(bits[0]),
                        false => shown(strategy, &bits, next(&mut state)),
                    }
                })
                .collect();
            let weights: Vec<f64> = words
                .iter()
                .map(|word| log10_e(&counted(&biases, &readings, word)).0)
                .collect();
            let named = weights[..size].iter().filter(|w| **w >= needed).count();
            let best = weights[..size]
                .iter()
                .copied()
                .fold(f64::NEG_INFINITY, f64::max);
            came.0 += 1;
            came.1 += u32::from(named > 0);
            came.2 += u32::from(named == size);
            came.3 = came.3.min(best);
            innocents += weights[size..].iter().filter(|w| **w >= needed).count() as u32;
            strongest_innocent = weights[size..]
                .iter()
                .copied()
                .fold(strongest_innocent, f64::max);
        }
    }
    for (size, came) in SIZES.iter().zip(&came) {
        for (word, (runs, any, all, least)) in WORDS.iter().zip(came) {
            println!(
                "{size} pool, {word}: somebody named in {any} of {runs}, all in {all}; least weight of the strongest {least:.1}"
            );
            assert_eq!(any, runs, "{size} {word}");
        }
    }
    println!(
        "innocents named: {innocents}; the strongest of them weighed {strongest_innocent:.2}, {needed} names"
    );
    assert_eq!(innocents, 0);
}

/// The counts of one recipient over all sites, a third of them of each kind.
fn counted(biases: &[Bias], readings: &[Option<bool>], word: &[bool]) -> Counts {
    let mut sums = [[[[0u32; 2]; 2]; 3]; 256];
    for (site, ((bias, y), x)) in biases.iter().zip(readings).zip(word).enumerate() {
        if let Some(y) = y {
            sums[usize::from(bias.0)][site % 3][usize::from(*y)][usize::from(*x)] += 1;
        }
    }
    let tallies = sums.iter().enumerate().flat_map(|(bias, kinds)| {
        let kinds = kinds.iter().enumerate();
        kinds.map(move |(kind, sites)| Tally {
            kind: SiteKind::ALL[kind],
            bias: Bias(bias as u8),
            sites: *sites,
        })
    });
    Counts::new(tallies.filter(|t| t.sites != [[0; 2]; 2]))
}
