//! What a cell of an OpenDocument table holds: its value by its attributes (ISO/IEC 26300-1, 19.385 and around), as text and
//! as its number format shows it.

use super::super::looks::{Look, NumberFormat};
use super::super::moments;
use super::super::xml::Tag;
use super::styles::Styles;
use crate::table::dates::{self, Shape};

/// A cell's attributes.
pub(super) struct Value {
    kind: String,
    number: Option<f64>,
    date: Option<String>,
    time: Option<String>,
    truth: Option<String>,
    /// The truth that its formula is; LibreOffice keeps the truths of other workbooks so, as numbers.
    constant: Option<&'static str>,
    /// Whether it is a fault, which some programs write as a second type.
    fault: bool,
    pub(super) style: Option<String>,
    /// The number format that goes with the style.
    pub(super) format: u16,
    pub(super) times: u64,
    pub(super) right: u32,
    pub(super) down: u32,
}

impl Value {
    pub(super) fn of(tag: &Tag<'_>) -> Value {
        let mut value = Value {
            kind: String::new(),
            number: None,
            date: None,
            time: None,
            truth: None,
            constant: None,
            fault: false,
            style: None,
            format: 0,
            times: 1,
            right: 1,
            down: 1,
        };
        tag.raw(|key, text| match key {
            // writers of before 2012 and some of after add a second type of another name space
            "value-type" if value.kind.is_empty() => value.kind = text.to_string(),
            "value-type" => value.fault = text == "error",
            "formula" if text.ends_with("=TRUE()") => value.constant = Some("TRUE"),
            "formula" if text.ends_with("=FALSE()") => value.constant = Some("FALSE"),
            "style-name" => value.style = Some(text.to_string()),
            "value" => value.number = text.trim().parse().ok(),
            "date-value" => value.date = Some(text.to_string()),
            "time-value" => value.time = Some(text.to_string()),
            "boolean-value" => value.truth = Some(text.to_string()),
            "number-columns-repeated" => value.times = text.trim().parse().unwrap_or(1).max(1),
            "number-columns-spanned" => value.right = text.trim().parse().unwrap_or(1),
            "number-rows-spanned" => value.down = text.trim().parse().unwrap_or(1),
            _ => (),
        });
        value
    }

    /// The value as text; none where the paragraphs say it.
    pub(super) fn text(&self) -> Option<String> {
        match self.kind.as_str() {
            "float" | "percentage" | "currency" => self.number.map(|n| {
                let mut out = String::new();
                dates::push_number(n, &mut out);
                out
            }),
            "date" => self.date.as_ref().map(|d| {
                let plain = d.replacen('T', " ", 1);
                // fractions of a second are a converter's rounding
                match plain.split_once('.') {
                    Some((whole, _)) => whole.to_string(),
                    None => plain,
                }
            }),
            "time" => self.time.as_deref().and_then(clock),
            "boolean" => self.truth.as_ref().map(|t| t.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// Puts the value as its number format shows it in the place of the text from `start` on, and says what it is.
    pub(super) fn shown(&self, styles: &mut Styles, start: usize, out: &mut String) -> Look {
        if let Some(truth) = self.constant {
            out.truncate(start);
            out.push_str(truth);
            return Look::truth(self.format);
        }
        let own = styles.format(self.format);
        let shape = own.shape();
        let serial = match self.kind.as_str() {
            "float" | "percentage" | "currency" => {
                let Some(number) = self.number else {
                    return Look::text(self.format);
                };
                out.truncate(start);
                dates::push_number(number, out);
                // no days, whatever the style says
                let format = match own {
                    _ if shape != Shape::Plain => 0,
                    NumberFormat::General if self.kind == "percentage" => {
                        styles.number_of(NumberFormat::of_code("0.00%"))
                    }
                    _ => self.format,
                };
                return Look::number(None, format);
            }
            "boolean" => {
                let Some(truth) = &self.truth else {
                    return Look::text(self.format);
                };
                out.truncate(start);
                out.push_str(&truth.to_ascii_uppercase());
                return Look::truth(self.format);
            }
            "date" => (self.date.as_deref()).and_then(|text| moments::moment(text, shape)),
            "time" => self.time.as_deref().and_then(moments::duration),
            _ if self.fault => {
                let text = out.get(start..).unwrap_or_default();
                return Look::fault(text, self.format);
            }
            _ => return Look::text(self.format),
        };
        let mut text = String::new();
        match serial.and_then(|s| Some((s, moments::push(s, shape, &mut text)?))) {
            Some((serial, shown)) => {
                out.truncate(start);
                out.push_str(&text);
                let format = match shape {
                    Shape::Plain => styles.number_of(NumberFormat::plain(shown)),
                    _ => self.format,
                };
                Look::number(Some(serial), format)
            }
            // a day of before 1900 stays what it says
            None => Look::text(self.format),
        }
    }
}

/// `PT14H32M11S` as `14:32:11`.
fn clock(duration: &str) -> Option<String> {
    let rest = duration.strip_prefix("PT")?;
    let (h, rest) = rest.split_once('H')?;
    let (m, rest) = rest.split_once('M')?;
    let (s, _) = rest.split_once('S')?;
    let (h, m): (u64, u64) = (h.parse().ok()?, m.parse().ok()?);
    let s: u64 = s.split('.').next()?.parse().ok()?;
    Some(format!("{h:02}:{m:02}:{s:02}"))
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn clocks() {
        assert_eq!(clock("PT14H32M11S").as_deref(), Some("14:32:11"));
        assert_eq!(clock("PT36H00M00.500S").as_deref(), Some("36:00:00"));
        for bad in ["", "PT", "14:32", "PT1H", "PTxHyMzS"] {
            assert_eq!(clock(bad), None, "{bad}");
        }
    }
}
