//! How cells of an OpenDocument file show numbers (ISO/IEC 26300-1, 16.29): data styles as the codes that workbooks have.
//!
//! Their parts come as tags, each a few characters of the code. A style that says what no code can is a plain one.

use std::collections::HashMap;
use std::fmt::Write;

use crate::table::books::looks::NumberFormat;
use crate::table::books::xml::Tag;
use crate::table::dates::Shape;

/// Digits of one number; more are nonsense.
const DIGITS: usize = 30;
/// Styles of a file.
const MOST: usize = 1 << 16;
/// Number formats among them.
const FORMATS: usize = 1 << 12;
/// Parents of a style.
const DEPTH: usize = 20;

/// The styles met so far.
pub(super) struct Styles {
    /// Codes of number formats by name.
    data: HashMap<String, Pattern>,
    /// The name of the number format and that of the parent, by a cell style's name.
    cells: HashMap<String, (Option<String>, Option<String>)>,
    /// Number formats found, by a cell style's name.
    known: HashMap<String, u16>,
    formats: Vec<NumberFormat>,
    open: Option<(String, Pattern)>,
}

/// A number format as it is read.
#[derive(Clone, Default)]
struct Pattern {
    code: String,
    /// Conditions, and the names of the formats to use where they hold.
    maps: Vec<(String, String)>,
    /// The characters of a piece of text; none outside of one.
    literal: Option<String>,
    /// Whether hours, or what comes first, run on instead of beginning again.
    runs_on: bool,
    /// Whether a dot and a colon stand for themselves.
    of_days: bool,
    percent: bool,
    impossible: bool,
}

impl Default for Styles {
    fn default() -> Styles {
        Styles {
            data: HashMap::new(),
            cells: HashMap::new(),
            known: HashMap::new(),
            // what has no style, or one that says nothing
            formats: vec![NumberFormat::General],
            open: None,
        }
    }
}

impl Styles {
    /// Takes a tag that opens.
    pub(super) fn open(&mut self, tag: &Tag<'_>) {
        let name = tag.name();
        if let Some((_, pattern)) = &mut self.open {
            pattern.piece(name, tag);
            return;
        }
        match name {
            "number-style" | "currency-style" | "percentage-style" | "date-style"
            | "time-style" | "text-style" | "boolean-style" => {
                let pattern = Pattern {
                    runs_on: tag.get("truncate-on-overflow").as_deref() == Some("false"),
                    of_days: matches!(name, "date-style" | "time-style"),
                    percent: name == "percentage-style",
                    impossible: name == "boolean-style",
                    ..Pattern::default()
                };
                self.open = Some((tag.get("name").unwrap_or_default(), pattern));
            }
            "style" if tag.get("family").as_deref() == Some("table-cell") => {
                if let Some(name) = tag.get("name").filter(|_| self.cells.len() < MOST) {
                    let says = (tag.get("data-style-name"), tag.get("parent-style-name"));
                    self.known.remove(&name);
                    self.cells.insert(name, says);
                }
            }
            _ => (),
        }
    }

    /// Takes characters.
    pub(super) fn text(&mut self, text: &str) {
        if let Some((_, pattern)) = &mut self.open
            && let Some(literal) = &mut pattern.literal
        {
            literal.push_str(text);
            pattern.impossible |= literal.len() > 256;
        }
    }

    /// Takes a tag that closes.
    pub(super) fn close(&mut self, name: &str) {
        match name {
            "text" | "currency-symbol" => {
                if let Some((_, pattern)) = &mut self.open {
                    pattern.end_literal();
                }
            }
            "fill-character" => {
                if let Some((_, pattern)) = &mut self.open {
                    let fill = pattern.literal.take();
                    let fill = fill.and_then(|text| text.chars().next());
                    pattern.code.extend(fill.into_iter().flat_map(|c| ['*', c]));
                }
            }
            "number-style" | "currency-style" | "percentage-style" | "date-style"
            | "time-style" | "text-style" | "boolean-style" => {
                if let Some((name, pattern)) = self.open.take()
                    && self.data.len() < MOST
                {
                    self.data.insert(name, pattern);
                }
            }
            _ => (),
        }
    }

    /// Finds the format of every style read so far, before another part gives the same names to others.
    pub(super) fn settle(&mut self) {
        let names: Vec<String> = self.cells.keys().cloned().collect();
        for name in names {
            self.format_of(&name);
        }
    }

    /// The number of the format that cells of this style have.
    pub(super) fn format_of(&mut self, style: &str) -> u16 {
        if let Some(known) = self.known.get(style) {
            return *known;
        }
        let (mut at, mut found) = (Some(style), None);
        for _ in 0..DEPTH {
            let Some((data, parent)) = at.and_then(|at| self.cells.get(at)) else {
                break;
            };
            if let Some(data) = data {
                found = self.data.get(data).map(|pattern| self.whole(pattern));
                break;
            }
            at = parent.as_deref();
            if let Some(known) = at.and_then(|at| self.known.get(at)) {
                found = self.formats.get(usize::from(*known)).cloned();
                break;
            }
        }
        let number = self.number_of(found.unwrap_or_default());
        if self.known.len() < MOST {
            self.known.insert(style.to_string(), number);
        }
        number
    }

    /// What a format of this number makes of numbers.
    pub(super) fn format(&self, number: u16) -> NumberFormat {
        let format = self.formats.get(usize::from(number));
        format.cloned().unwrap_or_default()
    }

    /// The number of a format.
    pub(super) fn number_of(&mut self, format: NumberFormat) -> u16 {
        let at = self.formats.iter().position(|f| *f == format);
        // more than any program has
        if at.is_none() && self.formats.len() >= FORMATS {
            return 0;
        }
        let at = at.unwrap_or_else(|| {
            self.formats.push(format);
            self.formats.len() - 1
        });
        u16::try_from(at).unwrap_or(0)
    }

    /// All formats, by number.
    pub(super) fn into_formats(self) -> Vec<NumberFormat> {
        self.formats
    }

    /// A format with those that stand in for it where a condition holds, as the sections of one code.
    fn whole(&self, pattern: &Pattern) -> NumberFormat {
        let base = pattern.code.as_str();
        let part = |wanted: &str| {
            let (_, name) = pattern.maps.iter().find(|(when, _)| when == wanted)?;
            let part = self.data.get(name)?;
            (!part.impossible && !part.code.is_empty()).then_some(part.code.as_str())
        };
        let sections: Option<Vec<&str>> = match pattern.maps.len() {
            0 => Some(vec![base]),
            1 => part(">=0").map(|rest| vec![rest, base]),
            2 => [part(">0"), part("<0"), Some(base)].into_iter().collect(),
            3 => [part(">0"), part("<0"), part("=0"), Some(base)]
                .into_iter()
                .collect(),
            _ => None,
        };
        match sections.filter(|_| !pattern.impossible) {
            Some(sections) => NumberFormat::of_code(&sections.join(";")),
            None if pattern.of_days => NumberFormat::plain(Shape::DayAndTime),
            None => NumberFormat::General,
        }
    }
}

impl Pattern {
    fn piece(&mut self, name: &str, tag: &Tag<'_>) {
        let long = || tag.get("style").as_deref() == Some("long");
        let or = |long: bool, a: &'static str, b: &'static str| if long { a } else { b };
        let piece = match name {
            "text" | "currency-symbol" | "fill-character" => {
                self.literal = Some(String::new());
                return;
            }
            "map" => {
                let condition = tag.get("condition").unwrap_or_default();
                let condition = condition.replace("value()", "").replace(' ', "");
                let to = tag.get("apply-style-name").unwrap_or_default();
                self.maps.push((condition, to));
                self.impossible |= self.maps.len() > 3;
                return;
            }
            "text-properties" => color(&tag.get("color").unwrap_or_default()),
            "text-content" => "@",
            "year" => or(long(), "yyyy", "yy"),
            "month" if tag.truth("textual") => or(long(), "mmmm", "mmm"),
            "month" => or(long(), "mm", "m"),
            "day" => or(long(), "dd", "d"),
            "day-of-week" => or(long(), "dddd", "ddd"),
            "am-pm" => "AM/PM",
            "hours" => or(long(), "hh", "h"),
            "minutes" => or(long(), "mm", "m"),
            "seconds" => {
                let places = tag.number("decimal-places").unwrap_or(0usize).min(3);
                self.clock(or(long(), "ss", "s"));
                self.decimals(places, places);
                return;
            }
            "number" => return self.number(tag),
            "scientific-number" => {
                self.number(tag);
                let digits = tag.number("min-exponent-digits").unwrap_or(2usize);
                self.code.push_str("E+");
                self.code
                    .extend(std::iter::repeat_n('0', digits.clamp(1, 4)));
                return;
            }
            "fraction" => {
                let digits = |key| tag.number(key).unwrap_or(1usize).clamp(1, 5);
                self.code.push_str("# ");
                let above = digits("min-numerator-digits");
                self.code.extend(std::iter::repeat_n('?', above));
                self.code.push('/');
                match tag.number::<u32>("denominator-value") {
                    Some(value) => {
                        let _ = write!(self.code, "{value}");
                    }
                    None => {
                        let below = digits("min-denominator-digits");
                        self.code.extend(std::iter::repeat_n('?', below));
                    }
                }
                return;
            }
            // weeks, quarters, eras, what stands among digits
            _ => {
                self.impossible = true;
                return;
            }
        };
        match name {
            "hours" | "minutes" => self.clock(piece),
            _ => self.code.push_str(piece),
        }
        self.impossible |= self.code.len() > 256;
    }

    /// Hours, minutes or seconds.
    fn clock(&mut self, piece: &str) {
        match std::mem::take(&mut self.runs_on) {
            true => {
                let _ = write!(self.code, "[{piece}]");
            }
            false => self.code.push_str(piece),
        }
    }

    fn number(&mut self, tag: &Tag<'_>) {
        let digits = |key| tag.number::<usize>(key).map(|n| n.min(DIGITS));
        let grouped = tag.truth("grouping");
        let whole = digits("min-integer-digits").unwrap_or(1);
        let Some(places) = digits("decimal-places") else {
            // as many as the number has
            let plain = whole <= 1 && !grouped && tag.name() == "number";
            self.impossible |= !plain;
            self.code.push_str("General");
            return;
        };
        let shown = if grouped { whole.max(4) } else { whole.max(1) };
        for place in (0..shown).rev() {
            self.code.push(if place < whole { '0' } else { '#' });
            if grouped && place > 0 && place % 3 == 0 {
                self.code.push(',');
            }
        }
        let least = digits("min-decimal-places").unwrap_or(places);
        self.decimals(least, places);
        match tag.number::<f64>("display-factor") {
            None | Some(1.0) => (),
            Some(1_000.0) => self.code.push(','),
            Some(1_000_000.0) => self.code.push_str(",,"),
            Some(_) => self.impossible = true,
        }
    }

    fn decimals(&mut self, least: usize, most: usize) {
        if most > 0 {
            self.code.push('.');
        }
        for place in 0..most {
            self.code.push(if place < least { '0' } else { '#' });
        }
    }

    /// Text between the pieces, quoted where it could be taken for one.
    fn end_literal(&mut self) {
        let Some(literal) = self.literal.take() else {
            return;
        };
        let mut quoted = false;
        for c in literal.chars() {
            let plain = match c {
                '-' | ' ' | '(' | ')' => true,
                '%' => self.percent,
                '.' | ':' | '/' | ',' => self.of_days,
                _ => false,
            };
            if (c == '"' || plain) == quoted {
                self.code.push('"');
                quoted = !quoted;
            }
            match c {
                '"' => self.code.push_str("\\\""),
                c => self.code.push(c),
            }
        }
        if quoted {
            self.code.push('"');
        }
    }
}

/// A colour that codes have a word for; the others are lost.
fn color(value: &str) -> &'static str {
    match value.to_ascii_lowercase().as_str() {
        "#ff0000" => "[Red]",
        "#0000ff" => "[Blue]",
        "#00ff00" => "[Green]",
        "#00ffff" => "[Cyan]",
        "#ff00ff" => "[Magenta]",
        "#ffff00" => "[Yellow]",
        "#ffffff" => "[White]",
        _ => "",
    }
}
