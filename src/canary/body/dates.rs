//! A canary's dates: near the donor's, and as far from one another as other rows' are.

use super::*;

/// Moments looked at for one that is as common as another's.
const LOOKED_AT: usize = 96;

/// Days by which the day of a canary's first date may lie off in a short list.
const DAYS: u32 = 7 * NEAR as u32;

/// Minutes by which a moment that is counted from another may lie off.
const JITTER: i64 = 90;

impl Body<'_> {
    /// A date as far from the canary's earlier date as the lender's is from its own, or the lender's own date; its followers keep
    /// their distance.
    pub(super) fn date(
        &self,
        columns: &[usize],
        from: Option<usize>,
        like: usize,
        draft: &mut Draft<'_>,
        draws: &mut Draws<'_>,
    ) -> bool {
        let Some(lead) = columns.first().copied() else {
            return false;
        };
        let text = self.sheet.cell(like, lead);
        let Some((theirs, _)) = self.moment(lead, text) else {
            // what is no date stands for something, and is copied
            for column in columns {
                draft.cells[*column] = self.sheet.cell(like, *column).to_string();
            }
            return true;
        };
        let base = from.and_then(|from| {
            let (canary, _) = self.moment(from, &draft.cells[from])?;
            let (lender, _) = self.moment(from, self.sheet.cell(like, from))?;
            Some((canary, lender))
        });
        let own = match base {
            Some((canary, lender)) => counted_from(canary, lender, theirs),
            None => Some(self.nearby(lead, theirs, draws)),
        };
        let Some(own) = own else { return false };
        let own = match self.seen.get(&lead) {
            Some(seen) => self.fitted(seen, lead, like, own, base.is_some(), draws),
            None => own,
        };
        let weekend = |day: Date| day.weekday().to_monday_zero_offset() >= 5;
        for column in columns {
            let described = &self.sheet.policy.columns[*column];
            let text = self.sheet.cell(like, *column);
            let Some((there, form)) = self.moment(*column, text) else {
                draft.cells[*column] = text.to_string();
                continue;
            };
            let apart = date::day_number(there.date) - date::day_number(theirs.date);
            let shifted = match *column == lead {
                true => Some(own),
                false => date::from_day_number(date::day_number(own.date) + apart).map(|date| {
                    date::Moment {
                        date,
                        time: there.time,
                    }
                }),
            };
            let Some(moment) = shifted else { return false };
            let spanned = self
                .spans
                .get(column)
                .is_none_or(|(low, high)| (low..=high).contains(&&moment.date));
            if !spanned || described.weekdays && weekend(moment.date) {
                return false;
            }
            let form = form.settled(marked::habit(described).as_ref(), &there, text);
            draft.cells[*column] = form.render(&moment);
        }
        true
    }

    /// A day near a moment's on which as much happened; at the minute of another row's, so that the whole is nobody's.
    fn nearby(&self, column: usize, moment: date::Moment, draws: &mut Draws<'_>) -> date::Moment {
        let day = i64::from(date::day_number(moment.date));
        let as_rare = self.days.get(&column).and_then(|days| {
            let others = days.times(day as u64).checked_sub(1)?;
            (0..TRIES)
                .map(|_| day + 7 * draws.between(-NEAR, NEAR))
                .find(|other| days.times(*other as u64).abs_diff(others) <= others / 16)
        });
        let date = as_rare.and_then(|day| date::from_day_number(day as i32));
        let moment = date::Moment {
            date: date.unwrap_or(moment.date),
            time: moment.time,
        };
        let Some(time) = moment.time else {
            return moment;
        };
        let lent = (0..TRIES).find_map(|_| {
            let row = self.kin.row(self.kin.any_place(draws))?;
            self.moment(column, self.sheet.cell(row, column))?.0.time
        });
        let Some(lent) = lent else { return moment };
        let time = Time::new(time.hour(), lent.minute(), lent.second(), 0).unwrap_or(time);
        date::Moment {
            date: moment.date,
            time: Some(time),
        }
    }

    /// In a short list, the moment near `own` of which day, hour and minute are as common as those of the row `like` are among the
    /// others. One that is `counted` from an earlier date moves by minutes; any other takes the hours that rows have.
    fn fitted(
        &self,
        seen: &Sightings,
        column: usize,
        like: usize,
        own: date::Moment,
        counted: bool,
        draws: &mut Draws<'_>,
    ) -> date::Moment {
        let text = self.sheet.cell(like, column);
        let Some((theirs, form)) = self.moment(column, text) else {
            return own;
        };
        if counted && (own.time.is_none() || theirs.time.is_none()) {
            return own;
        }
        let fitting = seen.like(text);
        let habit = marked::habit(&self.sheet.policy.columns[column]);
        let form = form.settled(habit.as_ref(), &theirs, text);
        let mut best = (fitting.off(&form.render(&own)), own);
        for attempt in 0..4 * LOOKED_AT {
            let other = match counted {
                true => own.shift_seconds(60 * draws.between(-JITTER, JITTER)),
                false => self.another(column, theirs.date, best.1, attempt / LOOKED_AT, draws),
            };
            let Some(other) = other else { continue };
            let off = fitting.off(&form.render(&other));
            if off < best.0 {
                best = (off, other);
            }
        }
        best.1
    }

    /// A moment with the day of one row, about that of the lender, and the hour of another; in every second stage another minute,
    /// which nobody need have: it is put together from two.
    fn another(
        &self,
        column: usize,
        about: Date,
        best: date::Moment,
        stage: usize,
        draws: &mut Draws<'_>,
    ) -> Option<date::Moment> {
        let mut lent = || {
            let row = self.kin.row(self.kin.any_place(draws))?;
            Some(self.moment(column, self.sheet.cell(row, column))?.0)
        };
        let (day, time) = (lent()?.date, lent()?.time);
        let near = date::day_number(day).abs_diff(date::day_number(about)) <= DAYS;
        let time = match (best.time, time) {
            (Some(own), Some(lent)) if stage.is_multiple_of(2) => {
                Time::new(lent.hour(), own.minute(), own.second(), 0).ok()
            }
            (Some(own), Some(lent)) => {
                let tens = match draws.below(2) {
                    0 => own.minute(),
                    _ => lent.minute(),
                };
                let minute = tens / 10 * 10 + lent.minute() % 10;
                Time::new(own.hour(), minute, lent.second(), 0).ok()
            }
            (own, _) => own,
        };
        let moves = near && stage.is_multiple_of(2);
        Some(date::Moment {
            date: if moves { day } else { best.date },
            time,
        })
    }

    /// Whether a code of the donor's holds one of these dates: 20240305-017. Then both are the donor's.
    pub(super) fn told_by_code(&self, columns: &[usize], draft: &Draft<'_>) -> bool {
        columns.iter().any(|at| {
            let Some((moment, _)) = self.moment(*at, self.sheet.cell(draft.row, *at)) else {
                return false;
            };
            let day = moment.date;
            let digits = format!("{:04}{:02}{:02}", day.year(), day.month(), day.day());
            let short = digits.get(2..).unwrap_or("");
            let mut codes = self.codes.iter().map(|c| self.sheet.cell(draft.row, *c));
            codes.any(|code| code.contains(short))
        })
    }
}

/// The moment that is as far from `canary` as `theirs` is from `lender`.
fn counted_from(
    canary: date::Moment,
    lender: date::Moment,
    theirs: date::Moment,
) -> Option<date::Moment> {
    let days = |m: &date::Moment| date::day_number(m.date);
    let seconds = |m: &date::Moment| {
        m.time.map(|t| {
            i64::from(t.hour()) * 3600 + i64::from(t.minute()) * 60 + i64::from(t.second())
        })
    };
    let apart = days(&theirs) - days(&lender);
    match (seconds(&lender), seconds(&theirs), canary.time) {
        (Some(first), Some(then), Some(_)) => {
            canary.shift_seconds(i64::from(apart) * 86_400 + then - first)
        }
        _ => Some(date::Moment {
            date: date::from_day_number(days(&canary) + apart)?,
            time: theirs.time,
        }),
    }
}
