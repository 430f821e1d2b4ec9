//! The original's styles as the writer wants them: number formats, fonts, fills, borders, alignment.

use calamine::{
    BorderStyle, FillPattern, HorizontalAlignment, Style, UnderlineStyle, VerticalAlignment,
};
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, FormatUnderline};

use super::{Dress, Sheet};
use crate::table::books::NumberFormat;
use crate::table::dates::Shape;

/// One format a style that the sheet uses.
pub(super) struct Formats {
    styles: Vec<Option<Format>>,
    shapes: Vec<Shape>,
    day: Format,
    day_and_time: Format,
    time: Format,
}

impl Formats {
    pub(super) fn new(sheet: &Sheet) -> Formats {
        let shapes = sheet.dress.shapes();
        let mut used = vec![false; shapes.len()];
        let above = sheet.above.iter().map(|a| a.style);
        for style in above.chain(sheet.styles.iter().copied()) {
            if let Some(used) = used.get_mut(style as usize) {
                *used = true;
            }
        }
        let used = used.iter().enumerate();
        Formats {
            styles: match &*sheet.dress {
                Dress::Whole(styles) => used
                    .zip(styles)
                    .map(|((at, used), style)| (*used && at > 0).then(|| format(style)))
                    .collect(),
                Dress::Numbers(formats) => used
                    .zip(formats)
                    .map(|((_, used), format)| used.then(|| number_format(format)).flatten())
                    .collect(),
            },
            shapes,
            day: Format::new().set_num_format("yyyy-mm-dd"),
            day_and_time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            time: Format::new().set_num_format("[h]:mm:ss"),
        }
    }

    pub(super) fn of(&self, style: u16) -> Option<&Format> {
        self.styles.get(style as usize).and_then(|f| f.as_ref())
    }

    /// A date's own format, or where that shows no date a plain one.
    pub(super) fn of_date(&self, style: u16, text: &str) -> &Format {
        let shown = !matches!(self.shapes.get(style as usize), None | Some(Shape::Plain));
        match self.of(style).filter(|_| shown) {
            Some(format) => format,
            None if !text.contains('-') => &self.time,
            None if text.contains(':') => &self.day_and_time,
            None => &self.day,
        }
    }
}

/// A number format alone; none where numbers show as they come.
fn number_format(format: &NumberFormat) -> Option<Format> {
    match format {
        NumberFormat::General => None,
        NumberFormat::BuiltIn(number) => Some(Format::new().set_num_format_index(*number)),
        NumberFormat::Code(code) => Some(Format::new().set_num_format(code.as_ref())),
    }
}

fn format(style: &Style) -> Format {
    let mut format = Format::new();
    if let Some(number) = &style.number_format {
        format = match (number.format_id, number.format_code.as_str()) {
            (Some(id @ (27..=36 | 50..=58)), _) => format.set_num_format_index(id as u8),
            (_, "General") => format,
            (_, code) => format.set_num_format(code),
        };
    }
    if let Some(font) = &style.font {
        if let Some(name) = &font.name {
            format = format.set_font_name(name);
        }
        if let Some(size) = font.size.filter(|s| (1.0..=409.0).contains(s)) {
            format = format.set_font_size(size);
        }
        if font.is_bold() {
            format = format.set_bold();
        }
        if font.is_italic() {
            format = format.set_italic();
        }
        if font.has_strikethrough() {
            format = format.set_font_strikethrough();
        }
        if font.has_underline() {
            format = format.set_underline(match font.underline {
                UnderlineStyle::Double => FormatUnderline::Double,
                UnderlineStyle::SingleAccounting => FormatUnderline::SingleAccounting,
                UnderlineStyle::DoubleAccounting => FormatUnderline::DoubleAccounting,
                _ => FormatUnderline::Single,
            });
        }
        if let Some(shade) = font.color.filter(|c| !c.is_black()) {
            format = format.set_font_color(color(shade));
        }
    }
    if let Some(fill) = &style.fill
        && fill.pattern == FillPattern::Solid
        && let Some(shade) = fill.get_color()
    {
        format = format.set_background_color(color(shade));
    }
    if let Some(borders) = &style.borders {
        format = format
            .set_border_left(border(borders.left.style))
            .set_border_right(border(borders.right.style))
            .set_border_top(border(borders.top.style))
            .set_border_bottom(border(borders.bottom.style));
    }
    if let Some(alignment) = &style.alignment {
        format = format.set_align(match alignment.horizontal {
            HorizontalAlignment::Left => FormatAlign::Left,
            HorizontalAlignment::Center => FormatAlign::Center,
            HorizontalAlignment::CenterContinuous => FormatAlign::CenterAcross,
            HorizontalAlignment::Right => FormatAlign::Right,
            HorizontalAlignment::Justify => FormatAlign::Justify,
            HorizontalAlignment::Distributed => FormatAlign::Distributed,
            HorizontalAlignment::Fill => FormatAlign::Fill,
            _ => FormatAlign::General,
        });
        format = match alignment.vertical {
            VerticalAlignment::Top => format.set_align(FormatAlign::Top),
            VerticalAlignment::Center => format.set_align(FormatAlign::VerticalCenter),
            VerticalAlignment::Justify => format.set_align(FormatAlign::VerticalJustify),
            VerticalAlignment::Distributed => format.set_align(FormatAlign::VerticalDistributed),
            _ => format,
        };
        if alignment.wrap_text {
            format = format.set_text_wrap();
        }
    }
    format
}

fn color(shade: calamine::Color) -> Color {
    Color::RGB(shade.to_argb() & 0x00FF_FFFF)
}

fn border(style: BorderStyle) -> FormatBorder {
    match style {
        BorderStyle::Thin => FormatBorder::Thin,
        BorderStyle::Medium => FormatBorder::Medium,
        BorderStyle::Thick => FormatBorder::Thick,
        BorderStyle::Double => FormatBorder::Double,
        BorderStyle::Hair => FormatBorder::Hair,
        BorderStyle::Dashed => FormatBorder::Dashed,
        BorderStyle::Dotted => FormatBorder::Dotted,
        BorderStyle::MediumDashed => FormatBorder::MediumDashed,
        BorderStyle::DashDot => FormatBorder::DashDot,
        BorderStyle::MediumDashDot => FormatBorder::MediumDashDot,
        BorderStyle::DashDotDot => FormatBorder::DashDotDot,
        BorderStyle::MediumDashDotDot => FormatBorder::MediumDashDotDot,
        BorderStyle::SlantDashDot => FormatBorder::SlantDashDot,
        _ => FormatBorder::None,
    }
}
