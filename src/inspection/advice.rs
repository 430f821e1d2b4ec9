//! What an officer may change in the policy to get more, each with what it would bring: a changed policy is planned over some rows.

use super::rehearsal::Rehearsal;
use super::{CanaryOutlook, Coalitions};
use crate::code::BiasSet;
use crate::forecast::{Forecast, coalition_survived};
use crate::mark::size;
use crate::policy::infer::{CANARIES_FROM, CANARY_RATE};
use crate::policy::profile::{Profile, SPELLINGS};
use crate::policy::words::{Hint, hints};
use crate::policy::{Column, Fidelity, Kind, Policy, Role};
use crate::table::Table;
use crate::value::number;
use crate::value::spelling::places;

/// What brings fewer sites a row is not worth a line.
const WORTH: f64 = 0.05;

/// Proposals about columns, at most: those that bring most.
const PROPOSALS: usize = 4;

/// A number that takes fewer values names a class.
const CLASSES: usize = 8;

/// What to change, the most useful first; each a sentence or two.
pub fn advise(
    table: &Table,
    forecast: &Forecast,
    policy: &Policy,
    rehearsal: &Rehearsal,
    coalitions: Coalitions,
    canaries: Option<&CanaryOutlook>,
) -> Vec<String> {
    let mut out = Vec::new();
    let lossless = policy.fidelity == Fidelity::Lossless;
    if !lossless {
        out.extend(columns(table, policy));
    }
    out.extend(pooling(table, forecast, policy, coalitions));
    if !(lossless || policy.row_order) && rehearsal.order.running >= WORTH {
        out.push(format!(
            "`row_order = true` alters no value and would add {:.2} places a row to leaks that keep the order of their rows",
            rehearsal.order.running
        ));
    }
    if canaries.is_none() && table.rows() >= CANARIES_FROM {
        let all = (table.rows() as f64 * CANARY_RATE).ceil();
        out.push(format!(
            "there are no canaries: `rate = {CANARY_RATE}` under `[canaries]` would give each copy about {all}, each of which can name it alone"
        ));
    } else if canaries.is_none() {
        out.push(
            "there are no canaries, since invented people do harm in a list that is acted on row by row; `issue --canaries N` makes some where \
             nobody acts on them"
                .into(),
        );
    }
    if lossless && canaries.is_none_or(|c| c.shared == 0) {
        out.push(
            "no value is altered, so partners who pool their copies can take every canary out that only one of them has: `shared = 0.5` \
             under `[canaries]` makes half of them stand in other copies too"
                .into(),
        );
    }
    out
}

/// What larger or smaller coalitions ask for.
fn pooling(
    table: &Table,
    forecast: &Forecast,
    policy: &Policy,
    coalitions: Coalitions,
) -> Option<String> {
    let sites = forecast.sites.mean() + forecast.sites.order().running;
    let sites = (sites * table.rows() as f64) as u64;
    let Some(named) = policy.coalition else {
        let guarded =
            coalition_survived(BiasSet::Guarded, sites, forecast.recipients, forecast.alpha);
        return (guarded > coalitions.mixing && guarded > 2).then(|| {
            format!(
                "`coalition = {guarded}` would choose a code that names one of up to {guarded} partners who mix the whole of their copies, \
                 instead of {}; a leak from one of them then needs about a third more rows to be named",
                coalitions.mixing
            )
        });
    };
    let survived = coalitions.mixing.min(coalitions.deleting);
    (survived < named).then(|| {
        format!(
            "the policy names a coalition of {named}, and {sites} places for marks survive {survived}: more columns that may be altered, or \
             canaries that are shared, would help"
        )
    })
}

/// Columns that could carry marks.
fn columns(table: &Table, policy: &Policy) -> Vec<String> {
    let rows = table.rows().max(1) as f64;
    let before = size::sites(policy, table) as f64;
    let free = |column: &Column| {
        let bound = policy
            .rules
            .iter()
            .any(|r| r.columns().contains(&column.name.as_str()));
        // who checks a person's identity asks for the birth date, and some numbers are acted on
        let untouchable = [Hint::Birth, Hint::ActedOn, Hint::Code, Hint::Sequence];
        if untouchable
            .into_iter()
            .any(|hint| hints(&column.name, hint))
        {
            return false;
        }
        let plain = column.role == Role::Plain;
        let spelt = matches!(column.kind, Kind::Text | Kind::Address);
        !bound && (plain || (spelt && column.role == Role::Carrier))
    };
    let mut found: Vec<(f64, String)> = Vec::new();
    for (at, column) in policy.columns.iter().enumerate().filter(|(_, c)| free(c)) {
        let Some((changed, said)) = table
            .position(&column.name)
            .and_then(|p| proposal(table, p, column))
        else {
            continue;
        };
        let mut wider = policy.clone();
        wider.columns[at] = changed;
        let gain = (size::sites(&wider, table) as f64 - before) / rows;
        if gain >= WORTH {
            found.push((
                gain,
                format!(
                    "column `{}`: {said} would add {gain:.1} places a row",
                    column.name
                ),
            ));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
        .into_iter()
        .take(PROPOSALS)
        .map(|(_, said)| said)
        .collect()
}

/// The column as a carrier, and what to write for it.
fn proposal(table: &Table, place: usize, column: &Column) -> Option<(Column, String)> {
    let profile = Profile::of(table, place);
    let mut changed = column.clone();
    changed.role = Role::Carrier;
    match column.kind {
        Kind::Number => {
            let mut distinct = profile.values.clone();
            distinct.sort_unstable();
            distinct.dedup();
            if distinct.len() < CLASSES {
                return None;
            }
            let scales = profile
                .values
                .iter()
                .filter_map(|v| Some(number::parse(v)?.0.scale()));
            let step = match scales.max()? {
                0 => "1".to_string(),
                scale => format!("0.{}1", "0".repeat(usize::from(scale) - 1)),
            };
            let said = format!(
                "`role = \"carrier\"` with `step = \"{step}\"`, if that much either way does no harm,"
            );
            changed.step = Some(step);
            Some((changed, said))
        }
        Kind::Date => Some((
            changed,
            "`role = \"carrier\"`, if a day either way does no harm,".into(),
        )),
        Kind::DateTime => {
            changed.step = Some("60".into());
            let said =
                "`role = \"carrier\"` with `step = \"60\"`, if a minute either way does no harm,";
            Some((changed, said.into()))
        }
        Kind::Text | Kind::Address => {
            let known = |pair: &[&str; 2]| {
                column
                    .spellings
                    .iter()
                    .flatten()
                    .any(|s| pair.contains(&s.as_str()))
            };
            let occurs = |pair: &[&str; 2]| {
                let pair = [pair.map(String::from)];
                let values = profile.values.iter();
                values.filter(|v| !places(v, &pair).is_empty()).count()
            };
            // a full-width comma stands in no English address
            let english = profile.values.iter().all(|v| v.is_ascii());
            let best = SPELLINGS
                .iter()
                .filter(|pair| !known(pair) && pair.iter().all(|s| s.is_ascii()) == english)
                .map(|pair| (occurs(pair), pair))
                .max_by_key(|(n, _)| *n)
                .filter(|(n, _)| *n > 0)?
                .1;
            changed.spellings.push(best.map(String::from));
            let said = format!(
                "`role = \"carrier\"` with `spellings = [[\"{}\", \"{}\"]]`, if either may stand for the other,",
                best[0], best[1]
            );
            Some((changed, said))
        }
        _ => None,
    }
}
