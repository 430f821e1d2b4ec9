//! Times of day, with a date or without: by a few of the steps that the column really uses, inside the day. A fine column gives two
//! sites a value.

use jiff::civil::Time;

use super::dates::habit;
use super::{Carrier, Draw, Record, Toward, Variants};
use crate::code::SiteKind;
use crate::policy::{Column, DateOrder, Kind};
use crate::value::clock::{self, ClockForm};
use crate::value::date::{self, Form, Moment};

/// A step of at most this many seconds leaves room for two sites: the value then moves by up to three steps.
const FINE: i64 = 300;

/// The smallest step, in seconds, of a column for which the policy does not say that it uses seconds: they are lost when a spreadsheet
/// shows minutes.
const MINUTE: i64 = 60;

const DAY: i64 = 86_400;

/// One column of date-times or times of day.
pub struct Times {
    column: [usize; 1],
    kind: Kind,
    order: DateOrder,
    step: i64,
    habit: Option<Form>,
    clock_habit: Option<ClockForm>,
    heaped: Vec<String>,
    balanced: bool,
    /// Coarser steps on which values heap, in seconds; those move by them, or not at all.
    heaps: Vec<(i64, bool)>,
}

/// A cell as it was read.
enum Read {
    Dated(Moment, Form),
    Clock(Time, ClockForm),
}

impl Read {
    fn time(&self) -> Option<Time> {
        match self {
            Read::Dated(moment, _) => moment.time,
            Read::Clock(time, _) => Some(*time),
        }
    }

    fn render(&self, second: i64) -> Option<String> {
        let field = |n: i64| i8::try_from(n).ok();
        let part = self.time()?.subsec_nanosecond();
        let (hour, minute) = (field(second / 3_600)?, field(second / 60 % 60)?);
        let time = Time::new(hour, minute, field(second % 60)?, part).ok()?;
        Some(match self {
            Read::Dated(moment, form) => form.render(&Moment {
                time: Some(time),
                ..*moment
            }),
            Read::Clock(_, form) => form.render(time),
        })
    }
}

impl Times {
    /// The carrier of a policy's column at this place.
    pub fn new(column: &Column, at: usize) -> Times {
        let step = column
            .step
            .as_deref()
            .and_then(|s| s.parse::<i64>().ok())
            .unwrap_or(MINUTE)
            .max(if column.balanced { 1 } else { MINUTE });
        let heaps = column.grids.iter().filter_map(|grid| {
            let heap = grid.step.parse::<i64>().ok()?;
            (heap > step).then_some((heap, grid.still))
        });
        let mut heaps: Vec<(i64, bool)> = heaps.collect();
        heaps.sort_unstable_by_key(|heap| std::cmp::Reverse(heap.0));
        Times {
            column: [at],
            kind: column.kind,
            order: column.order.unwrap_or_default(),
            step,
            habit: habit(column),
            clock_habit: column
                .like
                .as_deref()
                .filter(|_| column.kind == Kind::Time)
                .and_then(|like| Some(clock::parse_exact(like)?.1)),
            heaped: column.heaped.clone(),
            balanced: column.balanced,
            heaps,
        }
    }

    fn read(&self, text: &str) -> Option<Read> {
        if self.kind == Kind::Time {
            let (time, form) = clock::parse_exact(text)?;
            let form = form.settled(self.clock_habit.as_ref(), time, text);
            return Some(Read::Clock(time, form));
        }
        let (moment, form) = date::parse_exact(text, self.order)?;
        let form = form.settled(self.habit.as_ref(), &moment, text);
        Some(Read::Dated(moment, form))
    }

    fn moved(&self, record: &Record<'_>, draw: Draw, out: &mut Variants) -> Option<u8> {
        let text = record.cell(self.column[0]);
        let read = self.read(text)?;
        let time = read.time()?;
        if self.heaped.iter().any(|h| h == text) {
            return None;
        }
        let second = i64::from(time.hour()) * 3_600
            + i64::from(time.minute()) * 60
            + i64::from(time.second());
        if !self.balanced {
            for steps in 1..(1i64 << self.slots()) {
                let there = second + draw.toward.sign() * steps * self.step;
                out.texts.push(self.inside_the_day(&read, there)?);
            }
            return Some(self.slots());
        }
        self.moved_evenly(&read, second, draw, out)
    }

    fn inside_the_day(&self, read: &Read, second: i64) -> Option<String> {
        (0..DAY).contains(&second).then(|| read.render(second))?
    }

    /// Values that lie together in a block change places: whichever of them was there, the others are its variants, so that none
    /// gains on another.
    fn moved_evenly(&self, read: &Read, second: i64, draw: Draw, out: &mut Variants) -> Option<u8> {
        let heap = self.heaps.iter().find(|(heap, _)| second % heap == 0);
        let (step, still) = heap.copied().unwrap_or((self.step, false));
        if still || second % self.step != 0 {
            return None;
        }
        let bits = if step == self.step && self.heaps.is_empty() {
            self.slots()
        } else {
            1
        };
        let size = 1i64 << bits;
        let shift = if draw.toward == Toward::Up {
            size / 2
        } else {
            0
        };
        let nth = (second / step + shift).rem_euclid(size);
        let first = second - nth * step;
        let of_this_heap = |there: i64| {
            let heap = self.heaps.iter().find(|(heap, _)| there % heap == 0);
            heap.map_or(self.step, |h| h.0) == step
        };
        if !(0..size).all(|at| of_this_heap(first + at * step)) {
            return None;
        }
        for v in 1..size {
            let there = first + (nth ^ v) * step;
            out.texts.push(self.inside_the_day(read, there)?);
        }
        // a block that the day's end cuts is none for any of its values
        let whole = (0..DAY).contains(&first) && first + (size - 1) * step < DAY;
        whole.then_some(bits)
    }
}

impl Carrier for Times {
    fn kind(&self) -> SiteKind {
        SiteKind::Dates
    }

    fn columns(&self) -> &[usize] {
        &self.column
    }

    fn slots(&self) -> u8 {
        if self.step <= FINE { 2 } else { 1 }
    }

    fn balanced(&self) -> bool {
        self.balanced
    }

    fn variants(&self, record: &Record<'_>, draw: Draw, out: &mut Variants) {
        out.clear();
        match self.moved(record, draw, out) {
            Some(bits) => out.bits = bits,
            None => out.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy;
    use crate::table::Table;

    fn variants(column: &Column, text: &str, byte: u8) -> Vec<String> {
        let mut table = Table::new(vec!["at".into()], 1);
        table.push([text]);
        let mut out = Variants::default();
        let record = Record::new(&table, 0, &[Some(0)]);
        Times::new(column, 0).variants(&record, Draw::of(byte), &mut out);
        assert_eq!(out.texts.len(), (1 << out.bits) - 1);
        out.texts
    }

    fn column(kind: Kind, step: &str) -> Column {
        Column {
            step: Some(step.into()),
            balanced: true,
            ..Column::plain("at", kind)
        }
    }

    #[test]
    fn values_of_a_block_are_one_anothers_variants() {
        let minutes = column(Kind::Time, "60");
        assert_eq!(variants(&minutes, "14:32", 0), ["14:33", "14:34", "14:35"]);
        assert_eq!(variants(&minutes, "14:34", 0), ["14:35", "14:32", "14:33"]);
        assert_eq!(variants(&minutes, "14:32", 1), ["14:33", "14:30", "14:31"]);
        assert_eq!(
            variants(&minutes, "23:59", 1),
            [] as [&str; 0],
            "over midnight"
        );
        let dated = column(Kind::DateTime, "60");
        assert_eq!(
            variants(&dated, "2022-11-03 23:57", 0),
            ["2022-11-03 23:56", "2022-11-03 23:59", "2022-11-03 23:58"]
        );
    }

    #[test]
    fn quarters_of_an_hour_move_by_quarters() {
        let mut heaped = column(Kind::Time, "60");
        heaped.grids = vec![policy::Grid {
            step: "900".into(),
            shares: Vec::new(),
            still: false,
        }];
        assert_eq!(variants(&heaped, "14:30", 0), ["14:45"]);
        assert_eq!(variants(&heaped, "14:45", 0), ["14:30"]);
        assert_eq!(variants(&heaped, "14:32", 0), ["14:33"]);
        assert_eq!(
            variants(&heaped, "14:31", 0),
            [] as [&str; 0],
            "14:30 is a heap"
        );
    }
}
