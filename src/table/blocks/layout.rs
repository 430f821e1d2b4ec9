//! One table of lines: its header found, what is no row of it left out, its cells laid out.

use std::collections::HashMap;

use super::super::header::{self, Look, look};
use super::super::{Cells, Found, Limits, Table};
use super::shape::{columns_of, look_at, looks_of, sample};
use super::{LeftOut, Line};

/// The names of columns, by column.
pub(super) type Header = Vec<(u32, String)>;

/// Words with which a row of sums begins.
const TOTALS: [&str; 12] = [
    "合计",
    "总计",
    "小计",
    "共计",
    "累计",
    "总和",
    "本页小计",
    "total",
    "totals",
    "subtotal",
    "grand total",
    "sum",
];

/// Words with which a line under a table begins.
const REMARKS: [&str; 22] = [
    "制表",
    "填表",
    "填报",
    "审核",
    "备注",
    "注：",
    "注:",
    "说明",
    "来源",
    "数据来源",
    "导出",
    "打印",
    "单位",
    "负责人",
    "联系人",
    "note",
    "printed",
    "source",
    "exported",
    "page",
    "prepared",
    "---",
];

/// The table in `lines`; none where there is nothing but titles.
pub(super) fn table(
    cells: &Cells,
    lines: &[Line],
    limits: &Limits,
    left: &mut LeftOut,
) -> Option<Found> {
    let first = lines.get(..header::SAMPLE).unwrap_or(lines);
    let columns = columns_of(cells, first);
    let rows = sample(cells, first, &columns);
    let mut top = header::top(&rows)?;
    let mut begin = top.at;
    let mut names: Header = Vec::new();
    let lower = begin + 1;
    let second = match (lines.get(begin), lines.get(lower)) {
        (Some(upper), Some(line)) if upper.row + 1 == line.row => {
            is_second_header(cells, &named(cells, upper), line).then_some(line)
        }
        _ => None,
    };
    // names that stand for both rows come again in the second, which makes the first look like data
    if !top.names && second.is_some() {
        let under = header::top(rows.get(lower..)?);
        top.names = under.is_some_and(|under| under.names && under.at == 0);
    }
    if top.names {
        begin += 1;
        names = named(cells, lines.get(top.at)?);
        let above = top.at.checked_sub(1).and_then(|at| lines.get(at));
        if let Some(below) = second {
            begin += 1;
            names = filling(named(cells, below), names);
        } else if let Some(above) =
            above.filter(|line| line.row + 1 == lines[top.at].row && line.cells.len() > 1)
        {
            names = filling(names, named(cells, above));
        }
    }
    let looks = looks_of(rows.get(begin..).unwrap_or_default(), &columns);
    let body = Body {
        cells,
        names: &names,
        looks: &looks,
        fill: fill(lines.get(begin..).unwrap_or_default()),
    };
    let mut kept: Vec<&Line> = Vec::with_capacity(lines.len());
    if !top.names {
        // no title has a figure where the table has them
        kept.extend(
            lines
                .get(..begin)?
                .iter()
                .filter(|line| body.knows_a_figure(line)),
        );
    }
    for line in lines.get(begin..)? {
        if body.repeats_header(line) {
            left.headers += 1;
        } else if body.is_total(line) {
            left.totals += 1;
        } else if body.is_page_mark(line) {
            left.remarks += 1;
        } else {
            kept.push(line);
        }
    }
    while kept.last().is_some_and(|line| body.is_remark(line)) {
        kept.pop();
        left.remarks += 1;
    }
    let (found, dropped) = lay_out(cells, names, &kept, limits);
    left.columns += dropped;
    Some(found)
}

fn named(cells: &Cells, line: &Line) -> Header {
    line.cells
        .clone()
        .filter_map(|at| cells.get(at))
        .map(|(_, column, text)| (column, text.to_string()))
        .collect()
}

/// Whether `line`, right below a header, has more names: under group heads, and beside names that stand for both rows.
fn is_second_header(cells: &Cells, names: &Header, line: &Line) -> bool {
    let mut new = 0;
    let mut known = 0;
    for (_, column, text) in line.cells.clone().filter_map(|at| cells.get(at)) {
        if look(text) != Look::Text {
            return false;
        }
        let above = names.binary_search_by_key(&column, |(c, _)| *c).ok();
        match above.and_then(|at| names.get(at)) {
            Some((_, name)) if name.trim() == text.trim() => known += 1,
            None => new += 1,
            Some(_) => (),
        }
        known += usize::from(header::is_a_name(text));
    }
    new > 0 && known > 0
}

/// `names`, and the names of `more` for columns that have none.
fn filling(mut names: Header, more: Header) -> Header {
    for (column, name) in more {
        if let Err(at) = names.binary_search_by_key(&column, |(c, _)| *c) {
            names.insert(at, (column, name));
        }
    }
    names
}

fn fill(lines: &[Line]) -> usize {
    let mut fills: Vec<usize> = lines
        .iter()
        .take(header::SAMPLE)
        .map(|l| l.cells.len())
        .collect();
    fills.sort_unstable();
    fills.get(fills.len() / 2).copied().unwrap_or(0)
}

/// What tells rows of data from what stands between and below them.
struct Body<'a> {
    cells: &'a Cells,
    names: &'a Header,
    looks: &'a [(u32, Look)],
    /// How many cells a row mostly has.
    fill: usize,
}

impl Body<'_> {
    fn knows_a_figure(&self, line: &Line) -> bool {
        line.cells
            .clone()
            .filter_map(|at| self.cells.get(at))
            .any(|(_, column, text)| {
                look_at(self.looks, column) == Some(Look::Figures) && look(text) == Look::Figures
            })
    }

    fn repeats_header(&self, line: &Line) -> bool {
        let filled = line.cells.len();
        if self.names.is_empty() || filled * 5 < self.names.len() * 4 {
            return false;
        }
        let mut others = 0;
        for (_, column, text) in line.cells.clone().filter_map(|at| self.cells.get(at)) {
            let name = self.names.binary_search_by_key(&column, |(c, _)| *c).ok();
            let same = name
                .and_then(|at| self.names.get(at))
                .is_some_and(|(_, name)| name.trim() == text.trim());
            others += usize::from(!same);
            if others * 5 > filled {
                return false;
            }
        }
        true
    }

    fn is_total(&self, line: &Line) -> bool {
        let first = self.cells.text(line.cells.start).trim_start();
        if !first.starts_with([
            '合', '总', '小', '共', '累', '本', 'T', 't', 'S', 's', 'G', 'g',
        ]) {
            return false;
        }
        let bare = |c: char| c.is_whitespace() || c == ':' || c == '：';
        let word: String = first.chars().filter(|c| !bare(*c)).take(12).collect();
        let word = word.to_lowercase();
        let is_total = TOTALS.iter().any(|total| {
            word == total.replace(' ', "") || (!total.is_ascii() && starts_with_sum(&word, total))
        });
        // somebody may be called Sum: whoever is has a full row
        is_total && (line.cells.len() * 5 <= self.fill * 4 || !self.knows_a_long_number(line))
    }

    /// Whether a telephone number or the like stands in the line.
    fn knows_a_long_number(&self, line: &Line) -> bool {
        line.cells.clone().any(|at| {
            self.cells
                .text(at)
                .bytes()
                .filter(u8::is_ascii_digit)
                .count()
                >= 8
        })
    }

    /// "Page 3 of 7", "第 3 页 共 7 页".
    fn is_page_mark(&self, line: &Line) -> bool {
        if line.cells.len() > 2 || self.fill < 3 {
            return false;
        }
        let text = self.cells.text(line.cells.start).trim();
        let lower = text.get(..4).unwrap_or("").to_ascii_lowercase();
        let digits = text.bytes().any(|b| b.is_ascii_digit());
        digits
            && text.chars().count() <= 24
            && ((text.starts_with('第') && text.contains('页')) || lower == "page")
    }

    /// A last line that is but a signature, a date or a remark.
    fn is_remark(&self, line: &Line) -> bool {
        if self.fill < 3 || line.cells.len() * 5 > self.fill * 2 {
            return false;
        }
        let text = self.cells.text(line.cells.start).trim().to_lowercase();
        let begins = REMARKS.iter().any(|word| text.starts_with(word));
        let speaks = text.contains(['：', ':']) && !text.starts_with(|c: char| c.is_ascii_digit());
        let marked = text.starts_with(['*', '※']);
        // a date of printing may stand under a column of figures
        (begins && speaks) || ((begins || speaks || marked) && !self.knows_a_figure(line))
    }
}

/// "合计12人" is a sum, "合计宝" a name.
fn starts_with_sum(word: &str, total: &str) -> bool {
    word.strip_prefix(total)
        .and_then(|rest| rest.chars().next())
        .is_some_and(|c| c.is_ascii_digit() || matches!(c, '(' | '（' | '数' | '人'))
}

/// The lines as a table with this header, and how many columns were left out because hardly any row has them.
///
/// A table's cells take memory whether they are filled or not, so that a sheet of few and far cells is cut to its fuller columns.
pub(super) fn lay_out<L: std::borrow::Borrow<Line>>(
    cells: &Cells,
    names: Header,
    lines: &[L],
    limits: &Limits,
) -> (Found, usize) {
    let mut counts: Vec<u32> = Vec::new();
    let mut count = |column: u32| {
        let column = column as usize;
        if column >= counts.len() {
            counts.resize(column + 1, 0);
        }
        counts[column] += 1;
    };
    names.iter().for_each(|(column, _)| count(*column));
    let mut filled = 0;
    let mut bytes = 0;
    for line in lines {
        let line = line.borrow();
        filled += line.cells.len();
        bytes += cells.text_bytes(line.cells.clone());
        for (_, column) in line.cells.clone().filter_map(|at| cells.place(at)) {
            count(column);
        }
    }
    let mut columns: Vec<u32> = (0..counts.len() as u32)
        .filter(|column| counts[*column as usize] > 0)
        .collect();
    let most = limits.cells.min(16 * filled + (1 << 20)) / lines.len().max(1);
    let dropped = columns.len().saturating_sub(most.max(1));
    if dropped > 0 {
        columns.sort_by_key(|column| std::cmp::Reverse(counts[*column as usize]));
        columns.truncate(most.max(1));
        columns.sort_unstable();
    }
    let mut place = vec![u32::MAX; counts.len()];
    for (at, column) in columns.iter().enumerate() {
        place[*column as usize] = at as u32;
    }
    let header = if names.is_empty() {
        Vec::new()
    } else {
        let mut names: HashMap<u32, String> = names.into_iter().collect();
        let name = |column| names.remove(column).unwrap_or_default();
        columns.iter().map(name).collect()
    };
    let mut table = Table::new(header, columns.len());
    table.ends.reserve(lines.len() * columns.len());
    table.text.reserve(bytes);
    for line in lines {
        let row_end = table.ends.len() + columns.len();
        let row = table.ends.len();
        for (_, column, text) in line.borrow().cells.clone().filter_map(|at| cells.get(at)) {
            let at = place.get(column as usize).copied().unwrap_or(u32::MAX);
            if at != u32::MAX {
                table
                    .ends
                    .resize(row + at as usize, table.text.len() as u32);
                table.text.push_str(text);
                table.ends.push(table.text.len() as u32);
            }
        }
        table.ends.resize(row_end, table.text.len() as u32);
    }
    let found = Found {
        table,
        sheet: cells.sheet.clone(),
        hidden: cells.hidden,
        rows: lines
            .iter()
            .map(|line| line.borrow().row.saturating_add(1))
            .collect(),
        columns: columns
            .iter()
            .map(|column| column.saturating_add(1))
            .collect(),
    };
    (found, dropped)
}
