//! Tests of the table of shared strings.

use super::*;

fn strings(texts: &[&str], uses: &[u32]) -> Strings {
    let items: String = texts
        .iter()
        .map(|t| format!("<si><t>{t}</t></si>"))
        .collect();
    let part = format!(
        "<sst count=\"{}\" uniqueCount=\"{}\">{items}</sst>",
        uses.len(),
        texts.len()
    );
    let (mut strings, _) = Strings::of(part.into_bytes()).unwrap();
    strings.learn(uses.iter().copied());
    strings
}

fn part(arranged: &Arranged, source: &Strings) -> Vec<u8> {
    let mut out = Vec::new();
    arranged.write(source, &mut out).unwrap();
    out
}

fn listed(part: &[u8]) -> Vec<String> {
    let text = String::from_utf8(part.to_vec()).unwrap();
    text.split("<t>")
        .skip(1)
        .map(|t| t.split('<').next().unwrap().to_string())
        .collect()
}

#[test]
fn nothing_new_is_the_source() {
    let source = strings(&["a", "b", "c"], &[0, 1, 0, 2]);
    let mut draft = source.draft();
    assert_eq!(draft.intern("b", None, Beside::Turn), 1);
    let arranged = draft.arrange([0, 1, 0, 2].into_iter());
    assert!(arranged.is_source(&source));
    assert_eq!(part(&arranged, &source), source.bytes);
}

#[test]
fn new_strings_stand_where_they_are_met_and_orphans_go() {
    let source = strings(&["a", "b", "c", "nobody's"], &[0, 1, 0, 2]);
    let mut draft = source.draft();
    let new = draft.intern("n", Some(1), Beside::Turn);
    assert_eq!(draft.intern("n", None, Beside::Turn), new);
    let arranged = draft.arrange([0, new, 0, 2].into_iter());
    assert_eq!(listed(&part(&arranged, &source)), ["a", "n", "c"]);
    assert_eq!(arranged.number(2), 2);
    assert_eq!(arranged.number(new), 1);
    let written = String::from_utf8(part(&arranged, &source)).unwrap();
    assert!(
        written.starts_with("<sst count=\"4\" uniqueCount=\"3\">"),
        "{written}"
    );
}

#[test]
fn a_string_that_was_edited_late_stays_where_it_stood() {
    // `z` was typed over the first cell after all others
    let source = strings(&["a", "b", "c", "z", "d"], &[3, 0, 1, 2, 4]);
    let mut draft = source.draft();
    let new = draft.intern("n", None, Beside::Turn);
    let arranged = draft.arrange([3, 0, 1, new, 4].into_iter());
    assert_eq!(listed(&part(&arranged, &source)), ["a", "b", "z", "n", "d"]);
    let arranged = source.draft().arrange([0, 1, 2, 4].into_iter());
    assert_eq!(listed(&part(&arranged, &source)), ["a", "b", "c", "d"]);
}

#[test]
fn a_string_for_each_cell() {
    let source = strings(&["a", "a", "b"], &[0, 1, 2]);
    let mut draft = source.draft();
    let new = draft.intern("a", Some(0), Beside::Turn);
    let arranged = draft.arrange([0, 1, new].into_iter());
    assert_eq!(listed(&part(&arranged, &source)), ["a", "a", "a"]);
}

#[test]
fn a_text_that_stands_there_twice_stands_twice_when_it_is_altered() {
    let source = strings(&["New", "New", "x"], &[0, 1, 2, 1]);
    let mut draft = source.draft();
    let first = draft.intern("new", Some(0), Beside::Turn);
    let second = draft.intern("new", Some(1), Beside::Turn);
    assert_ne!(first, second);
    assert_eq!(draft.intern("new", Some(1), Beside::Turn), second);
    assert_eq!(draft.intern("new", Some(0), Beside::Turn), first);
    let arranged = draft.arrange([first, second, 2, second].into_iter());
    assert_eq!(listed(&part(&arranged, &source)), ["new", "new", "x"]);
}
