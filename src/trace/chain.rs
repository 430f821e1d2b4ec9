//! Rows that stand near one another come from one source: a hidden Markov chain along the leak's order.
//!
//! A broker who puts one file below another leaves blocks, and then a row that by itself says little is told by its neighbours. The
//! model: a row comes from where the row before it came from with chance `stays`, and else from a source drawn anew with chances
//! `draws`. Where nothing stays, rows are independent. Chances of rows follow by the forward-backward algorithm, and both
//! parameters by expectation-maximisation (Rabiner 1989, sections III and IV; a transition of this shape costs rows x sources instead of
//! rows x sources squared).

/// The chance of staying from which the search starts.
const FIRST_STAY: f64 = 0.9;
const ROUNDS: usize = 30;
/// The search ends when the logarithm of the likelihood rises by less.
const SETTLED: f64 = 0.05;

/// How rows follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The chance that a row comes from the source of the row before.
    pub stays: f64,
    /// Of rows that do not, the part from each source, others last.
    pub draws: Vec<f64>,
}

/// What one pass along the rows gives.
struct Pass {
    /// The natural logarithm of the likelihood.
    ln: f64,
    /// Expected rows drawn anew from each source.
    drawn: Vec<f64>,
    /// By row and source, the chance that it came from there.
    chances: Vec<f32>,
}

/// The chain that makes the rows likeliest and each row's chances under it, or nothing where the order of rows says nothing.
/// `likelihoods` are by row and source; `shares` are what independent rows give.
pub fn along(likelihoods: &[f32], shares: &[f64]) -> Option<(Chain, Vec<f32>)> {
    let rows = likelihoods.len() / shares.len().max(1);
    if rows < 3 || shares.len() < 2 {
        return None;
    }
    let mut chain = Chain {
        stays: FIRST_STAY,
        draws: shares.to_vec(),
    };
    let mut pass = run(likelihoods, &chain);
    for _ in 0..ROUNDS {
        // one more draw, shared as the rows are, so that a source is never shut out
        let all: f64 = pass.drawn.iter().sum();
        chain = Chain {
            stays: (1.0 - (all - 1.0) / (rows - 1) as f64).clamp(0.0, 1.0 - 0.5 / rows as f64),
            draws: pass
                .drawn
                .iter()
                .zip(shares)
                .map(|(drawn, share)| (drawn + share) / (all + 1.0))
                .collect(),
        };
        let next = run(likelihoods, &chain);
        let risen = next.ln - pass.ln;
        pass = next;
        if risen < SETTLED {
            break;
        }
    }
    let independent = |shares: &[f64]| -> f64 {
        let of_row = |row: &[f32]| {
            let all: f64 = row.iter().zip(shares).map(|(l, s)| f64::from(*l) * s).sum();
            all.max(f64::MIN_POSITIVE).ln()
        };
        likelihoods.chunks(shares.len()).map(of_row).sum()
    };
    let independent = independent(shares).max(independent(&chain.draws));
    // one more parameter must earn its keep (Schwarz 1978)
    (pass.ln - independent > (rows as f64).ln()).then_some((chain, pass.chances))
}

fn run(likelihoods: &[f32], chain: &Chain) -> Pass {
    let width = chain.draws.len();
    let (stays, leaves) = (chain.stays, 1.0 - chain.stays);
    let mut pass = Pass {
        ln: 0.0,
        drawn: vec![0.0; width],
        chances: vec![0.0; likelihoods.len()],
    };
    let mut scales = Vec::with_capacity(likelihoods.len() / width);
    let mut before = chain.draws.clone();
    for (row, forward) in likelihoods
        .chunks(width)
        .zip(pass.chances.chunks_mut(width))
    {
        let mut all = 0.0;
        for ((before, draw), l) in before.iter_mut().zip(&chain.draws).zip(row) {
            *before = f64::from(*l) * (stays * *before + leaves * draw);
            all += *before;
        }
        let all = all.max(f64::MIN_POSITIVE);
        for (before, forward) in before.iter_mut().zip(forward) {
            *before /= all;
            *forward = *before as f32;
        }
        pass.ln += all.ln();
        scales.push(all);
    }
    // what the later rows say of this one's source
    let mut after = vec![1.0; width];
    let rows = likelihoods
        .chunks(width)
        .zip(pass.chances.chunks_mut(width));
    for (at, ((row, chances), scale)) in rows.zip(scales).enumerate().rev() {
        let mut anew = 0.0;
        for (k, chance) in chances.iter_mut().enumerate() {
            *chance = (f64::from(*chance) * after[k]) as f32;
            after[k] *= f64::from(row[k]) / scale;
            let drawn = leaves * chain.draws[k] * after[k];
            anew += drawn;
            pass.drawn[k] += match at {
                0 => f64::from(*chance),
                _ => drawn,
            };
        }
        after.iter_mut().for_each(|a| *a = stays * *a + anew);
    }
    pass
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    /// Rows of a few sites from three sources in blocks of so many, by what each source's likelihood is.
    fn rows(blocks: usize, each: usize, seed: u64) -> (Vec<f32>, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut likelihoods, mut origins) = (Vec::new(), Vec::new());
        for _ in 0..blocks {
            let origin = rng.random_range(0..3);
            for _ in 0..each {
                for k in 0..3 {
                    // two sites, so that a stranger's row agrees in one of four
                    let agrees = k == origin || rng.random_bool(0.25);
                    likelihoods.push(if agrees { 1.0 } else { 0.02 });
                }
                likelihoods.push(0.25);
                origins.push(origin);
            }
        }
        (likelihoods, origins)
    }

    fn right(chances: &[f32], origins: &[usize]) -> f64 {
        let best = chances
            .chunks(4)
            .map(|row| (0..4).max_by(|a, b| row[*a].total_cmp(&row[*b])));
        let right = best
            .zip(origins)
            .filter(|(best, origin)| *best == Some(**origin));
        right.count() as f64 / origins.len() as f64
    }

    #[test]
    fn neighbours_tell_what_rows_do_not() {
        let (likelihoods, origins) = rows(20, 50, 1);
        let (chain, chances) = along(&likelihoods, &[0.3, 0.3, 0.3, 0.1]).unwrap();
        assert!(chain.stays > 0.95 && chain.stays < 0.995, "{chain:?}");
        assert!(right(&chances, &origins) > 0.97);
        for row in chances.chunks(4) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{row:?}");
        }
    }

    #[test]
    fn shuffled_rows_are_left_independent() {
        for seed in 0..20 {
            let (likelihoods, _) = rows(2_000, 1, seed);
            let shares = [0.33, 0.33, 0.33, 0.01];
            assert_eq!(along(&likelihoods, &shares).map(|(chain, _)| chain), None);
        }
    }

    #[test]
    fn chances_are_those_of_all_paths() {
        let chain = Chain {
            stays: 0.6,
            draws: vec![0.5, 0.2, 0.3],
        };
        let likelihoods = [
            1.0f32, 0.2, 0.5, 0.1, 1.0, 0.4, 0.3, 0.3, 1.0, 1.0, 0.9, 0.2,
        ];
        let mut total = 0.0;
        let mut of = [[0.0; 3]; 4];
        for path in 0..81usize {
            let path: Vec<usize> = (0..4).map(|i| path / 3usize.pow(i) % 3).collect();
            let mut p = 1.0;
            for (i, k) in path.iter().enumerate() {
                let stayed = i > 0 && path[i - 1] == *k;
                let step = match i {
                    0 => chain.draws[*k],
                    _ => 0.4 * chain.draws[*k] + if stayed { 0.6 } else { 0.0 },
                };
                p *= step * f64::from(likelihoods[i * 3 + k]);
            }
            total += p;
            path.iter().enumerate().for_each(|(i, k)| of[i][*k] += p);
        }
        let pass = run(&likelihoods, &chain);
        assert!((pass.ln - total.ln()).abs() < 1e-6);
        for (row, of) in pass.chances.chunks(3).zip(of) {
            for (chance, p) in row.iter().zip(of) {
                assert!((f64::from(*chance) - p / total).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn too_few_rows_say_nothing() {
        assert_eq!(along(&[], &[1.0]), None);
        assert_eq!(along(&[1.0, 0.1], &[0.5, 0.5]), None);
    }
}
