//! What the numbers of styles stand for, as far as copies need it: what they make of numbers, and which differ in their fill alone.

use std::collections::HashMap;

use super::markup::{Tags, Turn, unescaped};
use super::rows::digits;
use crate::table::dates::{self, Shape};

/// The styles of a workbook's cells, by their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Styles {
    shapes: Vec<Shape>,
    fills: Vec<u16>,
    /// All of a style but its fill, as a number.
    rests: Vec<u32>,
    by_fill: HashMap<(u32, u16), u16>,
}

impl Styles {
    /// Reads the part with the styles.
    pub(super) fn of(bytes: &[u8]) -> Styles {
        let mut styles = Styles::default();
        let mut own: Vec<(u32, Shape)> = Vec::new();
        let mut rests: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut open: Option<(u16, Vec<u8>, usize)> = None;
        let mut inside = false;
        for tag in Tags::new(bytes, 0) {
            let number = |key: &[u8]| digits(&bytes[tag.attribute(bytes, key)?]);
            match (tag.name, tag.turn) {
                (b"numFmt", Turn::Opens | Turn::Whole) => {
                    let code = tag.attribute(bytes, b"formatCode");
                    if let Some((id, code)) = number(b"numFmtId").zip(code) {
                        let code = unescaped(&bytes[code]);
                        own.push((id, dates::shape(Some(id), Some(&code))));
                    }
                }
                (b"cellXfs", turn) => inside = turn == Turn::Opens,
                (b"xf", turn) if inside => {
                    if turn != Turn::Closes {
                        let id = number(b"numFmtId").unwrap_or(0);
                        let shape = own.iter().find(|(n, _)| *n == id).map(|(_, shape)| *shape);
                        styles
                            .shapes
                            .push(shape.unwrap_or_else(|| dates::shape(Some(id), None)));
                        let mut rest = Vec::new();
                        for (name, value) in tag.attributes(bytes) {
                            if !matches!(name, b"fillId" | b"applyFill") {
                                rest.extend_from_slice(name);
                                rest.push(b'=');
                                rest.extend_from_slice(&bytes[value]);
                                rest.push(b' ');
                            }
                        }
                        let fill = number(b"fillId").unwrap_or(0) as u16;
                        open = Some((fill, rest, tag.end));
                    }
                    if turn != Turn::Opens
                        && let Some((fill, mut rest, start)) = open.take()
                    {
                        // alignment and protection
                        rest.extend_from_slice(bytes.get(start..tag.start).unwrap_or(b""));
                        let new = rests.len() as u32;
                        let rest = *rests.entry(rest).or_insert(new);
                        let style = styles.fills.len() as u16;
                        styles.fills.push(fill);
                        styles.rests.push(rest);
                        styles.by_fill.entry((rest, fill)).or_insert(style);
                    }
                }
                _ => (),
            }
        }
        styles
    }

    /// What a style makes of a number.
    pub(super) fn shape(&self, style: u16) -> Shape {
        let shape = self.shapes.get(usize::from(style));
        shape.copied().unwrap_or(Shape::Plain)
    }

    /// A style's fill, as a number.
    pub(super) fn fill(&self, style: u16) -> u16 {
        self.fills.get(usize::from(style)).copied().unwrap_or(0)
    }

    /// The style that is this one but for its fill.
    pub(super) fn with_fill(&self, style: u16, fill: u16) -> Option<u16> {
        let rest = self.rests.get(usize::from(style))?;
        self.by_fill.get(&(*rest, fill)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: &[u8] = br#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;x&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
        <cellXfs><xf numFmtId="0" fillId="0"/><xf numFmtId="14" fillId="0"><alignment/></xf><xf numFmtId="164" fillId="0"/><xf numFmtId="0" fillId="2" applyFill="1"/>
        <xf numFmtId="14" fillId="2" applyFill="1"><alignment/></xf></cellXfs><cellStyles/></styleSheet>"#;

    #[test]
    fn styles_make_days_of_numbers() {
        let styles = Styles::of(PART);
        let shapes = [0, 1, 2, 9].map(|style| styles.shape(style));
        assert_eq!(shapes, [Shape::Plain, Shape::Day, Shape::Day, Shape::Plain]);
    }

    #[test]
    fn styles_that_differ_in_their_fill_alone() {
        let styles = Styles::of(PART);
        assert_eq!(styles.with_fill(0, 2), Some(3));
        assert_eq!(styles.with_fill(4, 0), Some(1));
        assert_eq!(styles.with_fill(2, 2), None);
        assert_eq!(styles.fill(4), 2);
    }
}
