//! A rehearsal as one page of HTML: curves drawn as SVG, and the whole table. The page loads nothing, runs nothing and prints.

use std::fmt::Write;

use super::drill::{HEADINGS, cells, last_word, likeness_words, preface};
use crate::drill::attacks::Family;
use crate::rehearsal::{CUT, Played, Rehearsal, Tally};

/// Sides of a chart and its margins, in pixels.
const WIDTH: f64 = 430.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 34.0;

/// Colours that are told apart in print and by the colour-blind (Okabe and Ito 2008), then the same dashed.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000",
];

const STYLE: &str = "\
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}\
h1{font-size:1.5em}h2{font-size:1.15em;margin:1.8em 0 .4em}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}\
th,td{padding:.2em .6em;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}\
td.n,th.n{text-align:right;white-space:nowrap}tr.lost td{background:#fff3e0}tr.bad td{background:#ffd6d6}\
svg{max-width:100%;height:auto;margin:.3em 1em .3em 0}svg text{font:11px system-ui,sans-serif;fill:#333}\
ul.legend{list-style:none;padding:0;margin:.2em 0;font-size:13px}ul.legend li{display:inline-block;margin-right:1.4em}\
@media print{body{margin:0;max-width:none}section{break-inside:avoid}}";

/// The page.
pub fn html(r: &Rehearsal) -> String {
    let mut out = String::new();
    write_page(r, &mut out).ok();
    out
}

fn write_page(r: &Rehearsal, out: &mut String) -> std::fmt::Result {
    let title = format!("Drill of {}", r.table);
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>",
        title = escaped(&title)
    )?;
    for line in preface(r) {
        writeln!(out, "<p>{}</p>", escaped(&line))?;
    }
    writeln!(out, "<p><strong>{}</strong></p>", escaped(&last_word(r)))?;
    if let Some(likeness) = &r.likeness {
        writeln!(out, "<p>{}</p>", escaped(&likeness_words(likeness)))?;
    }
    for note in &r.notes {
        writeln!(out, "<p>{}</p>", escaped(note))?;
    }
    for family in Family::ALL {
        let played: Vec<&Played> = r.played.iter().filter(|p| p.family == family).collect();
        if !played.is_empty() {
            write_family(r, family, &played, out)?;
        }
    }
    writeln!(out, "</body>\n</html>")
}

fn write_family(
    r: &Rehearsal,
    family: Family,
    played: &[&Played],
    out: &mut String,
) -> std::fmt::Result {
    writeln!(out, "<section>\n<h2>{}</h2>", escaped(family.title()))?;
    let lines = lines(played);
    if !lines.is_empty() {
        write_charts(r, &lines, out)?;
    }
    write!(out, "<div class=\"wide\"><table>\n<thead><tr>")?;
    for (at, heading) in HEADINGS.iter().enumerate() {
        write!(out, "<th{}>{}</th>", class_of(at), escaped(heading))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for p in played {
        let row = if p.whole.wrong > 0 {
            " class=\"bad\""
        } else if p.sources > 0 && p.whole.nobody > 0 {
            " class=\"lost\""
        } else {
            ""
        };
        write!(out, "<tr{row}>")?;
        for (at, cell) in cells(p).iter().enumerate() {
            write!(out, "<td{}>{}</td>", class_of(at), escaped(cell))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>\n</section>")
}

/// Numbers stand to the right.
fn class_of(column: usize) -> &'static str {
    if (2..10).contains(&column) {
        " class=\"n\""
    } else {
        ""
    }
}

/// One attack at several strengths.
struct Line<'a> {
    what: &'a str,
    points: Vec<&'a Played>,
}

impl Line<'_> {
    /// What the line shows, and between which strengths.
    fn legend(&self) -> String {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) => {
                format!("{}: {} to {}", self.what, first.strength, last.strength)
            }
            _ => self.what.to_string(),
        }
    }
}

/// The attacks of which two strengths or more were played, each by rising strength.
fn lines<'a>(played: &[&'a Played]) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for p in played.iter().filter(|p| p.level.is_some()) {
        match lines.iter_mut().find(|line| line.what == p.what) {
            Some(line) => line.points.push(p),
            None => lines.push(Line {
                what: &p.what,
                points: vec![p],
            }),
        }
    }
    lines.retain(|line| line.points.len() > 1);
    for line in &mut lines {
        let level = |p: &&Played| p.level.unwrap_or_default();
        line.points.sort_by(|a, b| level(a).total_cmp(&level(b)));
    }
    lines
}

/// Strengths stand side by side at equal distances, as their numbers run from a few to a thousand.
fn write_charts(r: &Rehearsal, lines: &[Line<'_>], out: &mut String) -> std::fmt::Result {
    let points = lines.iter().flat_map(|line| &line.points);
    let mut levels: Vec<f64> = points.filter_map(|p| p.level).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let axis = Axis { levels: &levels };
    let whole = |p: &Played| share(&p.whole);
    let part = |p: &Played| p.cut.as_ref().and_then(share);
    write_chart(
        "named, part of leaks",
        lines,
        &axis,
        Scale::part(),
        &whole,
        out,
    )?;
    if lines
        .iter()
        .flat_map(|l| &l.points)
        .any(|p| p.cut.is_some())
    {
        let title = format!("named from {CUT} rows of it, part of leaks");
        write_chart(&title, lines, &axis, Scale::part(), &part, out)?;
    }
    let weight = |p: &Played| p.whole.middle_weight().map(|w| w.0);
    let most = lines
        .iter()
        .flat_map(|l| &l.points)
        .filter_map(|p| weight(p))
        .fold(2.0 * r.threshold.0, f64::max);
    let scale = Scale {
        most,
        line: Some(r.threshold.0),
    };
    write_chart(
        "weight of evidence (log10); dashed: names",
        lines,
        &axis,
        scale,
        &weight,
        out,
    )?;
    writeln!(out, "<ul class=\"legend\">")?;
    for (nth, line) in lines.iter().enumerate() {
        writeln!(
            out,
            "<li><svg width=\"30\" height=\"10\"><line x1=\"0\" y1=\"5\" x2=\"30\" y2=\"5\" {}/></svg> {}</li>",
            stroke(nth),
            escaped(&line.legend())
        )?;
    }
    writeln!(out, "</ul>")
}

fn share(t: &Tally) -> Option<f64> {
    (t.runs > 0).then(|| t.right() as f64 / t.runs as f64)
}

struct Axis<'a> {
    levels: &'a [f64],
}

impl Axis<'_> {
    fn x(&self, level: f64) -> f64 {
        let at = self.levels.iter().position(|l| *l == level);
        let steps = self.levels.len().saturating_sub(1).max(1) as f64;
        let room = WIDTH - LEFT - RIGHT - 20.0;
        LEFT + 10.0 + room * at.unwrap_or_default() as f64 / steps
    }
}

/// The vertical axis, from 0.
#[derive(Clone, Copy)]
struct Scale {
    most: f64,
    /// A height to mark.
    line: Option<f64>,
}

impl Scale {
    fn part() -> Scale {
        Scale {
            most: 1.0,
            line: None,
        }
    }

    fn y(self, value: f64) -> f64 {
        let part = (value / self.most).clamp(0.0, 1.0);
        HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
    }

    fn label(self, quarter: u32) -> String {
        let value = self.most * f64::from(quarter) / 4.0;
        if self.most <= 1.0 {
            format!("{:.0} %", 100.0 * value)
        } else {
            format!("{value:.0}")
        }
    }
}

fn write_chart(
    title: &str,
    lines: &[Line<'_>],
    axis: &Axis<'_>,
    scale: Scale,
    value: &dyn Fn(&Played) -> Option<f64>,
    out: &mut String,
) -> std::fmt::Result {
    writeln!(
        out,
        "<svg width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n\
         <text x=\"{LEFT}\" y=\"14\">{title}</text>",
        title = escaped(title)
    )?;
    for quarter in 0..=4 {
        let y = scale.y(scale.most * f64::from(quarter) / 4.0);
        writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 5.0,
            y + 4.0,
            scale.label(quarter)
        )?;
    }
    for level in axis.levels {
        writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            axis.x(*level),
            HEIGHT - BOTTOM + 18.0,
            level
        )?;
    }
    if let Some(height) = scale.line {
        let y = scale.y(height);
        writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#888\" stroke-dasharray=\"5 4\"/>",
            WIDTH - RIGHT
        )?;
    }
    for (nth, line) in lines.iter().enumerate() {
        let points: Vec<(f64, f64)> = line
            .points
            .iter()
            .filter_map(|p| Some((axis.x(p.level?), scale.y(value(p)?))))
            .collect();
        let path: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" {}/>",
            path.join(" "),
            stroke(nth)
        )?;
        for (x, y) in points {
            let colour = COLOURS[nth % COLOURS.len()];
            writeln!(
                out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
            )?;
        }
    }
    writeln!(out, "</svg>")
}

fn stroke(nth: usize) -> String {
    let dashes = ["", " stroke-dasharray=\"7 3\"", " stroke-dasharray=\"2 3\""];
    format!(
        "stroke=\"{}\" stroke-width=\"2\"{}",
        COLOURS[nth % COLOURS.len()],
        dashes[nth / COLOURS.len() % dashes.len()]
    )
}

/// Text as HTML shows it. What no page may hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if let Some(reference) = super::reference(c) {
            out.push_str(reference);
            continue;
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::{Options, rehearse};
    use crate::table::{Limits, from_bytes};

    #[test]
    fn a_page_stands_alone_and_shows_names_as_text() {
        let mut text = String::from("电话,姓名,<script>alert(1)</script> & \"日期\"\n");
        for n in 0..60 {
            let (phone, day) = (13_800_000_000u64 + 7_919 * n, 1 + n % 28);
            text.push_str(&format!("{phone},王{n},2024-03-{day:02}\n"));
        }
        let source = from_bytes("a<b>.csv", text.into_bytes(), &Limits::default())
            .unwrap()
            .remove(0);
        let options = Options {
            recipients: 3,
            runs: 2,
            attacks: vec!["sample".into(), "sort".into(), "noise".into()],
            ..Options::default()
        };
        let page = html(&rehearse(&source, None, &options, &|_, _| ()).unwrap());
        assert!(!page.contains("<script") && !page.contains("a<b>"));
        assert!(page.contains("&lt;script&gt;") && page.contains("a&lt;b&gt;.csv"));
        for outside in ["http:", "https:", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
        let count = |tag: &str| page.matches(tag).count();
        assert!(count("<polyline") >= 2, "{page}");
        for tag in ["svg", "table", "section", "tr", "td", "th", "p", "li", "ul"] {
            let opened = count(&format!("<{tag}>")) + count(&format!("<{tag} "));
            assert_eq!(opened, count(&format!("</{tag}>")), "{tag}");
        }
    }
}
