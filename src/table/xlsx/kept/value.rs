//! What a cell says, as a calculation takes it.

use std::sync::Arc;

use crate::table::xlsx::manner::{self, Digits, Manner};
use crate::table::xlsx::rows::CellAt;
use crate::table::xlsx::values;

/// What a cell says.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Blank,
    Number(f64),
    Text(Arc<str>),
    Truth(bool),
    Fault(Fault),
}

/// The errors that formulas come to and that every program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Null,
    Div,
    Value,
    Ref,
    Name,
    Num,
    Na,
}

impl Fault {
    const ALL: [(Fault, &str); 7] = [
        (Fault::Null, "#NULL!"),
        (Fault::Div, "#DIV/0!"),
        (Fault::Value, "#VALUE!"),
        (Fault::Ref, "#REF!"),
        (Fault::Name, "#NAME?"),
        (Fault::Num, "#NUM!"),
        (Fault::Na, "#N/A"),
    ];

    /// Reads it as files have it.
    pub fn of(text: &str) -> Option<Fault> {
        let known = Fault::ALL.iter().find(|(_, name)| *name == text);
        known.map(|(fault, _)| *fault)
    }

    /// As files have it.
    pub fn text(self) -> &'static str {
        let known = Fault::ALL.iter().find(|(fault, _)| *fault == self);
        known.map_or("#VALUE!", |(_, name)| name)
    }
}

impl Value {
    /// What a cell holds, or what was kept beside its formula; `None` for what no calculation takes (days written out, errors
    /// that only some programs know). `shared` gives a shared string.
    pub fn of(
        bytes: &[u8],
        cell: &CellAt,
        shared: &mut impl FnMut(u32) -> Arc<str>,
    ) -> Option<Value> {
        let kind = cell.kind(bytes);
        if kind == b"inlineStr" {
            let places = cell.inline.clone().map(|e| manner::texts(bytes, e));
            let text = values::text_of(bytes, &places.unwrap_or_default());
            return Some(Value::Text(text.into()));
        }
        let Some(place) = cell.value.clone() else {
            return Some(match (kind, &cell.value_element) {
                // an element without anything in it: the empty text
                (b"str", Some(_)) => Value::Text("".into()),
                _ => Value::Blank,
            });
        };
        let raw = bytes[place.clone()].trim_ascii();
        match kind {
            b"s" => cell.string(bytes).map(|id| Value::Text(shared(id))),
            b"str" => Some(Value::Text(values::text_of(bytes, &[place]).into())),
            b"b" => Some(Value::Truth(matches!(raw, b"1" | b"true"))),
            b"e" => Fault::of(&values::text_of(bytes, &[place])).map(Value::Fault),
            b"n" if raw.is_empty() => Some(Value::Blank),
            b"n" => {
                let number = std::str::from_utf8(raw).ok()?.parse().ok()?;
                Some(Value::Number(number)).filter(|_| f64::is_finite(number))
            }
            _ => None,
        }
    }

    /// A number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Bytes of text.
    pub fn length(&self) -> usize {
        match self {
            Value::Text(text) => text.len(),
            _ => 0,
        }
    }

    /// Whether a calculation of this many cells that comes to one of the two may be said to come to the other: numbers to the
    /// fifteen digits that programs show, less what adding up may lose when it is done in another order (it grows with the root
    /// of the count), everything else exactly.
    pub fn agrees(&self, other: &Value, cells: usize) -> bool {
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => {
                let loss = f64::EPSILON * (32.0 + 4.0 * (cells as f64).sqrt());
                a == b || (a - b).abs() <= loss * a.abs().max(b.abs())
            }
            (a, b) => a == b,
        }
    }

    /// Whether a writer that kept this put down fifteen digits of what the calculation came to, as some do; `None` where that makes
    /// no difference.
    pub fn cut(&self, came: &Value) -> Option<bool> {
        let (Value::Number(kept), Value::Number(came)) = (self, came) else {
            return None;
        };
        let short: f64 = format!("{came:.14e}").parse().ok()?;
        (short != *came).then_some(*kept == short)
    }

    /// What the attribute `t` of a cell with a formula says that came to this; `says_numbers` where the sheet's writer puts it
    /// beside numbers, too.
    pub fn kind(&self, says_numbers: bool) -> Option<&'static str> {
        match self {
            Value::Text(_) => Some("str"),
            Value::Truth(_) => Some("b"),
            Value::Fault(_) => Some("e"),
            Value::Number(_) | Value::Blank => says_numbers.then_some("n"),
        }
    }

    /// What stands in the element `v`.
    pub fn written(&self, digits: Digits, manner: Manner) -> String {
        match self {
            Value::Blank => String::new(),
            Value::Number(n) => digits.text(*n),
            Value::Text(text) => manner.escaped(text).into_owned(),
            Value::Truth(yes) => if *yes { "1" } else { "0" }.to_string(),
            Value::Fault(fault) => fault.text().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::xlsx::rows::{Cells, RowAt};

    fn read(cell: &str) -> Option<Value> {
        let xml = format!("<row>{cell}</row>");
        let row = RowAt {
            number: 0,
            start: 0,
            end: xml.len(),
        };
        let found = Cells::of(xml.as_bytes(), row).next().unwrap();
        Value::of(xml.as_bytes(), &found, &mut |id| {
            format!("shared {id}").into()
        })
    }

    #[test]
    fn cells_of_all_kinds() {
        let text = |t: &str| Some(Value::Text(t.into()));
        assert_eq!(read("<c t='s'><v>3</v></c>"), text("shared 3"));
        assert_eq!(
            read("<c t='str'><f>A1</f><v>a &amp; b</v></c>"),
            text("a & b")
        );
        assert_eq!(read("<c t='str'><f>A1</f><v></v></c>"), text(""));
        assert_eq!(read("<c t='inlineStr'><is><t>x</t></is></c>"), text("x"));
        assert_eq!(
            read("<c><f>A1</f><v>2.50</v></c>"),
            Some(Value::Number(2.5))
        );
        assert_eq!(read("<c><f>A1</f><v></v></c>"), Some(Value::Blank));
        assert_eq!(read("<c><f>A1</f></c>"), Some(Value::Blank));
        assert_eq!(read("<c t='b'><v>1</v></c>"), Some(Value::Truth(true)));
        assert_eq!(
            read("<c t='e'><v>#N/A</v></c>"),
            Some(Value::Fault(Fault::Na))
        );
        assert_eq!(read("<c t='e'><v>Err:504</v></c>"), None);
        assert_eq!(read("<c t='d'><v>2024-03-05</v></c>"), None);
    }

    #[test]
    fn writers_of_fifteen_digits_are_told() {
        let third = Value::Number(1.0 / 3.0);
        assert_eq!(third.cut(&third), Some(false));
        assert_eq!(Value::Number(0.333333333333333).cut(&third), Some(true));
        assert_eq!(Value::Number(2.5).cut(&Value::Number(2.5)), None);
        assert_eq!(Value::Text("1".into()).cut(&third), None);
    }

    #[test]
    fn fifteen_digits_agree_and_fourteen_do_not() {
        let number = Value::Number(8_748.8);
        assert!(number.agrees(&Value::Number(8_748.800_000_000_01), 2));
        assert!(!number.agrees(&Value::Number(8_748.800_000_001), 2));
        assert!(number.agrees(&Value::Number(8_748.800_000_000_1), 40_000));
        assert!(!number.agrees(&Value::Number(8_748.800_1), 40_000));
        assert!(!Value::Number(0.0).agrees(&Value::Blank, 2));
        assert!(!Value::Text("1".into()).agrees(&Value::Number(1.0), 2));
    }
}
