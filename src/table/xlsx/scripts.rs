//! Strings that a writer took apart by script, each script in a font of its own: what is new in them is taken apart in the same way.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::manner::Manner;
use super::markup::{Tags, Turn, unescaped};

/// A string that its writer took apart by script, each script in a font of its own, as LibreOffice does.
pub(super) struct Runs<'a> {
    bytes: &'a [u8],
    /// What stands before the runs and behind them.
    head: Range<usize>,
    tail: Range<usize>,
    /// Of Latin and of East Asian text, what stands before and behind the text in a run.
    looks: [(Range<usize>, Range<usize>); 2],
}

impl<'a> Runs<'a> {
    /// The runs of an element whose texts stand at these places, if they are such.
    pub(super) fn of(
        bytes: &'a [u8],
        element: Range<usize>,
        places: &[Range<usize>],
    ) -> Option<Runs<'a>> {
        if places.len() < 2 || memmem::find(&bytes[element.clone()], b"rPh").is_some() {
            return None;
        }
        let texts: Vec<Cow<'_, str>> = places
            .iter()
            .map(|p| unescaped(&bytes[p.clone()]))
            .collect();
        let whole = texts.concat();
        let mut again = scripts(&whole);
        if !texts
            .iter()
            .all(|text| again.next().is_some_and(|(_, stretch)| stretch == text))
            || again.next().is_some()
        {
            return None;
        }
        let runs: Vec<(usize, usize)> = runs(bytes, element.clone());
        let (first, last) = (runs.first()?.0, runs.last()?.1);
        let mut looks = [None, None];
        for ((start, end), (place, (east, _))) in
            runs.iter().zip(places.iter().zip(scripts(&whole)))
        {
            let look = (*start..place.start, place.end..*end);
            let known = looks[usize::from(east)].get_or_insert_with(|| look.clone());
            if bytes.get(known.0.clone())? != bytes.get(look.0)?
                || bytes.get(known.1.clone())? != bytes.get(look.1)?
            {
                return None;
            }
        }
        let [Some(latin), Some(eastern)] = looks else {
            return None;
        };
        (runs.len() == places.len()).then_some(Runs {
            bytes,
            head: element.start..first,
            tail: last..element.end,
            looks: [latin, eastern],
        })
    }

    /// Another text taken apart in the same way; `None` where that leaves one piece, which has no runs.
    pub(super) fn with(&self, new: &str, manner: Manner) -> Option<Vec<u8>> {
        scripts(new).nth(1)?;
        let mut out = self.bytes[self.head.clone()].to_vec();
        for (east, text) in scripts(new) {
            let (before, behind) = &self.looks[usize::from(east)];
            out.extend_from_slice(&self.bytes[before.clone()]);
            manner.push(text, &mut out);
            out.extend_from_slice(&self.bytes[behind.clone()]);
        }
        out.extend_from_slice(&self.bytes[self.tail.clone()]);
        Some(out)
    }
}

/// Where the runs of a string stand.
fn runs(bytes: &[u8], element: Range<usize>) -> Vec<(usize, usize)> {
    let (mut found, mut open) = (Vec::new(), None);
    for tag in Tags::new(&bytes[..element.end], element.start).filter(|tag| tag.name == b"r") {
        match tag.turn {
            Turn::Opens => open = Some(tag.start),
            _ => found.extend(open.take().map(|start| (start, tag.end))),
        }
    }
    found
}

/// The stretches of a text that are of one script, each with whether that is East Asian; what is of none goes with what is before it.
fn scripts(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let script = |c: char| match c {
        c if c.is_ascii_alphanumeric() => Some(false),
        c if !c.is_ascii() => Some(true),
        _ => None,
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        let own = rest.chars().find_map(script).unwrap_or(false);
        let end = rest.find(|c| script(c).is_some_and(|other| other != own));
        let (stretch, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        (!stretch.is_empty()).then_some((own, stretch))
    })
}

#[cfg(test)]
mod tests {
    use super::super::manner::with_text;
    use super::*;

    #[test]
    fn strings_taken_apart_by_script() {
        let run = |east: bool, text: &str| {
            let font = if east { "DejaVu" } else { "宋体" };
            format!("<r><rPr><rFont val=\"{font}\"/></rPr><t xml:space=\"preserve\">{text}</t></r>")
        };
        let [street, number, tail] = ["文化街", "2", "号"].map(|t| run(!t.is_ascii(), t));
        let string = |runs: &[String]| format!("<si>{}</si>", runs.concat());
        let like = string(&[street, number, tail.clone()]);
        let manner = Manner::of(like.as_bytes());
        assert!(manner.element(b"", "a").starts_with(b"<t xml:space"));
        let with = |new: &str| {
            let out = with_text(like.as_bytes(), 0..like.len(), new, manner)?;
            Some(String::from_utf8(out).unwrap())
        };
        let new = [
            run(true, "东路"),
            run(false, "17-3"),
            run(true, "号"),
            run(false, "4"),
        ];
        assert_eq!(with("东路17-3号4"), Some(string(&new)));
        assert_eq!(with("东路"), None);
        // letters of several looks within one script are somebody's own
        let bold = like.replacen("宋体", "Arial", 1).replacen("号", "4", 1);
        let kept = with_text(bold.as_bytes(), 0..bold.len(), "文化街34", manner).unwrap();
        assert_eq!(String::from_utf8(kept).unwrap(), bold.replace(">2<", ">3<"));
    }
}
