//! Work on all cores.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What `job` makes of each number below `n`, in order of number; jobs run on all cores as these come free.
pub fn map<T: Send>(n: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= n {
                return done;
            }
            done.push((at, job(at)));
        }
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores().min(n)).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                // a fault in a job is the caller's, whichever core met it
                Err(fault) => std::panic::resume_unwind(fault),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, made)| made).collect()
}

/// The numbers below `n` in ranges for [`map`]: some for each core, none shorter than `least` but the last.
pub fn ranges(n: usize, least: usize) -> Vec<Range<usize>> {
    let each = n.div_ceil(4 * cores()).max(least).max(1);
    (0..n)
        .step_by(each)
        .map(|start| start..(start + each).min(n))
        .collect()
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_once_and_in_order() {
        assert_eq!(
            map(1_000, |n| n * n),
            (0..1_000).map(|n| n * n).collect::<Vec<_>>()
        );
        assert_eq!(map(0, |n| n), Vec::<usize>::new());
        let all: Vec<usize> = ranges(10_001, 100).into_iter().flatten().collect();
        assert_eq!(all, (0..10_001).collect::<Vec<_>>());
    }
}
