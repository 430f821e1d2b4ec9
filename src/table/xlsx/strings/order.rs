//! Which strings stand in the order of their first use, and which were put down later.

use super::NONE;

/// The order that the source's strings stand in.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// Strings that stand in the order of their first use.
    pub(super) regular: Vec<bool>,
    /// Of every other string that is used, the regular one (or none) behind which it stands, in order.
    pub(super) followers: Vec<(u32, u32)>,
}

impl Order {
    pub(super) fn of(first: &[u32]) -> Order {
        let used: Vec<u32> = (0..first.len() as u32)
            .filter(|id| first[*id as usize] != NONE)
            .collect();
        let mut regular = vec![false; first.len()];
        let in_order = used
            .windows(2)
            .all(|pair| first[pair[0] as usize] < first[pair[1] as usize]);
        if in_order {
            used.iter().for_each(|id| regular[*id as usize] = true);
        } else {
            for id in longest_rise(&used, first) {
                regular[id as usize] = true;
            }
        }
        let mut followers = Vec::new();
        let mut anchor = NONE;
        for id in used {
            match regular[id as usize] {
                true => anchor = id,
                false => followers.push((anchor, id)),
            }
        }
        Order { regular, followers }
    }
}

/// The longest run of `ids` along which `value` rises (M. L. Fredman, "On computing the length of longest increasing
/// subsequences", 1975).
fn longest_rise(ids: &[u32], value: &[u32]) -> Vec<u32> {
    let of = |id: u32| value[id as usize];
    let mut tops: Vec<u32> = Vec::new();
    let mut before: Vec<u32> = vec![NONE; value.len()];
    for id in ids {
        let at = tops.partition_point(|top| of(*top) < of(*id));
        if let Some(previous) = at.checked_sub(1) {
            before[*id as usize] = tops[previous];
        }
        match tops.get_mut(at) {
            Some(top) => *top = *id,
            None => tops.push(*id),
        }
    }
    let mut rise = Vec::with_capacity(tops.len());
    let mut at = tops.last().copied().unwrap_or(NONE);
    while at != NONE {
        rise.push(at);
        at = before[at as usize];
    }
    rise.reverse();
    rise
}
