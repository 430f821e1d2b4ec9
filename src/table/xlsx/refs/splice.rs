//! Changing a text here and there, and what stands for what in it.

use std::cmp::Reverse;
use std::ops::Range;

/// Changes to a text, put in all at once.
pub struct Splice<'a> {
    source: &'a str,
    edits: Vec<(Range<usize>, String)>,
}

impl<'a> Splice<'a> {
    pub fn new(source: &'a str) -> Splice<'a> {
        Splice {
            source,
            edits: Vec::new(),
        }
    }

    /// Puts a text, escaped already, into a place.
    pub fn replace(&mut self, place: Range<usize>, text: impl Into<String>) {
        self.edits.push((place, text.into()));
    }

    /// Puts a value into a place, escaped as what stood there was.
    pub fn set(&mut self, place: Range<usize>, value: &str) {
        let escaped = escaped_as(value, &self.source[place.clone()]);
        self.edits.push((place, escaped));
    }

    pub fn remove(&mut self, place: Range<usize>) {
        self.edits.push((place, String::new()));
    }

    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The changed text. What would change something inside a piece that goes anyway is left out.
    pub fn finish(mut self) -> String {
        self.edits
            .sort_by_key(|(place, _)| (place.start, Reverse(place.end)));
        let added: usize = self.edits.iter().map(|(_, text)| text.len()).sum();
        let mut out = String::with_capacity(self.source.len() + added);
        let mut done = 0;
        for (place, text) in &self.edits {
            if place.start < done {
                continue;
            }
            out.push_str(&self.source[done..place.start]);
            out.push_str(text);
            done = place.end;
        }
        out.push_str(&self.source[done..]);
        out
    }
}

/// A text that stands between tags.
pub fn escaped(text: &str) -> String {
    escaped_as(text, "\"'")
}

/// A value with the same characters escaped as in `model`, the text that stood there before.
fn escaped_as(value: &str, model: &str) -> String {
    if !value.contains(['&', '<', '>', '"', '\'']) {
        return value.to_string();
    }
    let mut out = String::with_capacity(value.len() + 16);
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if !model.contains('>') => out.push_str("&gt;"),
            '"' if !model.contains('"') => out.push_str("&quot;"),
            '\'' if !model.contains('\'') => out.push_str("&apos;"),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::xlsx::markup::entities;

    #[test]
    fn entities_there_and_back() {
        let raw = "&quot;a&quot;&amp;B1&lt;&gt;5&#33;&#x4e00;&bogus;&";
        assert_eq!(entities(raw), "\"a\"&B1<>5!一&bogus;&");
        assert_eq!(
            escaped_as("\"a\"&B2<>5", "&quot;a&quot;&amp;B1&lt;&gt;5"),
            "&quot;a&quot;&amp;B2&lt;&gt;5"
        );
        assert_eq!(escaped_as("\"a\"&B2", "\"a\"&amp;B1"), "\"a\"&amp;B2");
    }

    #[test]
    fn edits_inside_what_goes_are_left_out() {
        let mut splice = Splice::new("abcdef");
        splice.replace(2..3, "X");
        splice.remove(1..4);
        splice.replace(5..5, "-");
        assert_eq!(splice.finish(), "ae-f");
    }
}
