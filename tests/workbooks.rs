//! A copy of a workbook is the workbook: the same package with a few parts changed, each of them sound, and a trace of it names
//! who got it. Held over every file in fixtures/workbooks; a `.toml` of the same name is the register's policy.

mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use support::Desk;
use taggant::table::{self, Edits, Limits, Line};
use zip::ZipArchive;

/// Canaries a copy, where the identifiers are of a kind that can be made up.
const ASKED: usize = 3;

/// Parts in which nothing about rows or cells can stand.
const NEVER_CHANGED: [&str; 8] = [
    "[content_types].xml",
    "docprops/",
    "xl/styles.xml",
    "xl/theme/",
    "xl/media/",
    "xl/printersettings/",
    "customxml/",
    ".rels",
];

/// What a package says about one entry besides its content.
#[derive(Debug, PartialEq)]
struct Entry {
    name: String,
    modified: String,
    method: String,
    mode: Option<u32>,
    extra: Option<Vec<u8>>,
    comment: String,
}

struct Package {
    entries: Vec<Entry>,
    /// Content and compressed bytes, by name.
    parts: BTreeMap<String, (Vec<u8>, Vec<u8>)>,
}

impl Package {
    fn open(path: &Path) -> Package {
        let open = || ZipArchive::new(File::open(path).expect("a file")).expect("a zip");
        let (mut plain, mut raw) = (open(), open());
        let mut package = Package {
            entries: Vec::new(),
            parts: BTreeMap::new(),
        };
        for at in 0..plain.len() {
            let (mut content, mut packed) = (Vec::new(), Vec::new());
            let mut entry = plain.by_index(at).expect("an entry");
            entry.read_to_end(&mut content).expect("its content");
            let mut bytes = raw.by_index_raw(at).expect("an entry");
            bytes.read_to_end(&mut packed).expect("its bytes");
            let name = entry.name().expect("a name").into_owned();
            package.entries.push(Entry {
                name: name.clone(),
                modified: format!("{:?}", entry.last_modified()),
                method: entry.compression().to_string(),
                mode: entry.unix_mode(),
                extra: entry.extra_data().map(|e| e.to_vec()),
                comment: entry.comment().to_string(),
            });
            package.parts.insert(name, (content, packed));
        }
        package
    }

    fn content(&self, name: &str) -> &[u8] {
        &self.parts[name].0
    }

    fn named(&self, ending: &str) -> Option<&str> {
        let lower = |n: &&String| n.to_lowercase().ends_with(ending);
        self.parts.keys().find(lower).map(String::as_str)
    }

    fn sheets(&self) -> impl Iterator<Item = &str> {
        let is_sheet = |n: &&str| n.to_lowercase().contains("worksheets/") && n.ends_with(".xml");
        self.parts.keys().map(String::as_str).filter(is_sheet)
    }
}

/// The elements of a part, by their local names and attributes, with the text inside; panics where it is not well formed.
fn elements(name: &str, content: &[u8], mut each: impl FnMut(&str, &HashMap<String, String>)) {
    let mut reader = Reader::from_reader(content);
    reader.config_mut().check_end_names = true;
    let mut open = 0usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(e)) => {
                open += 1;
                told(name, &e, &mut each);
            }
            Ok(Event::Empty(e)) => told(name, &e, &mut each),
            Ok(Event::End(_)) => open = open.checked_sub(1).expect("an end with a start"),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(e) => panic!("{name}: {e}"),
        }
    }
    assert_eq!(open, 0, "{name} ends inside an element");
}

fn told(
    name: &str,
    element: &BytesStart<'_>,
    each: &mut impl FnMut(&str, &HashMap<String, String>),
) {
    let local = element.local_name().as_ref().to_string();
    let attributes = element
        .attributes()
        .map(|a| {
            let a = a.unwrap_or_else(|e| panic!("{name}: <{local}>: {e}"));
            let key = a.key.as_ref().to_string();
            (key, a.value.into_owned())
        })
        .collect();
    each(&local, &attributes);
}

/// What a table of shared strings holds and says it holds.
#[derive(Default)]
struct Strings {
    items: usize,
    count: Option<usize>,
    unique: Option<usize>,
}

fn strings(package: &Package) -> Option<Strings> {
    let name = package.named("sharedstrings.xml")?;
    let mut found = Strings::default();
    elements(name, package.content(name), |element, attributes| {
        let number = |key: &str| attributes.get(key).map(|v| v.parse().expect("a number"));
        match element {
            "sst" => (found.count, found.unique) = (number("count"), number("uniqueCount")),
            "si" => found.items += 1,
            _ => {}
        }
    });
    Some(found)
}

/// Column and row, both from 1, of an address such as `AB12`.
fn address(text: &str) -> (u32, u32) {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let column = text[..letters]
        .bytes()
        .fold(0, |n, b| n * 26 + u32::from(b - b'A') + 1);
    let row = text[letters..]
        .parse()
        .unwrap_or_else(|_| panic!("an address: {text}"));
    (column, row)
}

/// Both corners of an area, `A1:B2` or `A1`.
fn corners(area: &str) -> ((u32, u32), (u32, u32)) {
    let (from, to) = area.split_once(':').unwrap_or((area, area));
    (address(from), address(to))
}

/// What a sheet says, as far as a reader would stumble over it.
#[derive(Default)]
struct Sheet {
    rows: usize,
    /// Of each cell with a shared string its number.
    shared: Vec<usize>,
    /// How often each kind of element occurs that a copy neither adds nor loses.
    features: BTreeMap<String, usize>,
    /// Cells by what they are (`t`), those that say something.
    types: BTreeSet<String>,
}

const FEATURES: [&str; 18] = [
    "mergeCell",
    "conditionalFormatting",
    "cfRule",
    "dataValidation",
    "autoFilter",
    "filterColumn",
    "sheetView",
    "pane",
    "col",
    "brk",
    "tablePart",
    "drawing",
    "legacyDrawing",
    "sparkline",
    "sheetProtection",
    "pageSetup",
    "headerFooter",
    "printOptions",
];

/// Reads a sheet; addresses must rise, styles and strings must exist, counts must be right.
fn sheet(name: &str, content: &[u8], styles: usize, items: usize) -> Sheet {
    let mut found = Sheet::default();
    let (mut row, mut column) = (0u32, 0u32);
    let mut dimension = None;
    let mut merged = (None, 0usize);
    let mut reader = Reader::from_reader(content);
    let (mut is_shared, mut in_value) = (false, false);
    elements(name, content, |element, attributes| {
        let number = |key: &str| attributes.get(key).and_then(|v| v.parse::<u32>().ok());
        match element {
            "dimension" => dimension = attributes.get("ref").cloned(),
            "row" => {
                let this = number("r").unwrap_or(row + 1);
                assert!(this > row, "{name}: row {this} after row {row}");
                (row, column) = (this, 0);
                found.rows += 1;
            }
            "c" => {
                let (this, in_row) = attributes
                    .get("r")
                    .map_or((column + 1, row), |r| address(r));
                assert_eq!(in_row, row, "{name}: {attributes:?} stands in row {row}");
                assert!(
                    this > column,
                    "{name}: {attributes:?} after column {column}"
                );
                column = this;
                if let Some(style) = number("s") {
                    assert!(
                        (style as usize) < styles,
                        "{name}: {attributes:?}: no such style"
                    );
                }
                let kind = attributes.get("t").cloned().unwrap_or_default();
                found.types.insert(kind);
            }
            "mergeCells" => merged.0 = number("count"),
            "mergeCell" => merged.1 += 1,
            _ => {}
        }
        if FEATURES.contains(&element) {
            *found.features.entry(element.to_string()).or_default() += 1;
        }
    });
    if let Some(count) = merged.0 {
        assert_eq!(count as usize, merged.1, "{name}: merged areas");
    }
    if let Some((_, (_, last))) = dimension.as_deref().map(corners) {
        assert!(
            last >= row || last == 1,
            "{name}: {last} rows said, {row} there"
        );
    }
    loop {
        match reader.read_event().expect("read before") {
            Event::Start(e) if e.local_name().as_ref() == "c" => {
                let t = e.try_get_attribute("t").expect("read before");
                is_shared = t.is_some_and(|t| t.value.as_ref() == "s");
            }
            Event::Start(e) => in_value = e.local_name().as_ref() == "v",
            Event::Text(t) if is_shared && in_value => {
                let text = t.trim().to_string();
                let at: usize = text.parse().unwrap_or_else(|_| panic!("{name}: {text:?}"));
                assert!(at < items, "{name}: no shared string {at}");
                found.shared.push(at);
            }
            Event::End(_) => in_value = false,
            Event::Eof => break,
            _ => {}
        }
    }
    found
}

/// How many cell formats the workbook has.
fn styles(package: &Package) -> usize {
    let Some(name) = package.named("xl/styles.xml") else {
        return usize::MAX;
    };
    let (mut inside, mut count) = (false, 0);
    elements(name, package.content(name), |element, _| match element {
        "cellXfs" => inside = true,
        "cellStyles" | "dxfs" | "tableStyles" => inside = false,
        "xf" if inside => count += 1,
        _ => {}
    });
    count
}

fn sheets(package: &Package) -> BTreeMap<String, Sheet> {
    let items = strings(package).map_or(0, |s| s.items);
    let styles = styles(package);
    package
        .sheets()
        .map(|n| (n.to_string(), sheet(n, package.content(n), styles, items)))
        .collect()
}

/// The tables' areas and columns, by part.
fn tables(package: &Package) -> BTreeMap<String, (String, usize)> {
    let is_table = |n: &&String| n.to_lowercase().contains("xl/tables/") && n.ends_with(".xml");
    let read = |n: &String| {
        let (mut area, mut columns) = (String::new(), 0);
        elements(n, package.content(n), |element, attributes| match element {
            "table" => area = attributes["ref"].clone(),
            "tableColumn" => columns += 1,
            _ => {}
        });
        (n.clone(), (area, columns))
    };
    package.parts.keys().filter(is_table).map(read).collect()
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/workbooks");
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the fixtures")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "xlsx" || e == "xlsm"))
        .collect();
    all.sort();
    assert!(all.len() >= 4, "{all:?}");
    all
}

/// One copy, and what the program says of it.
struct Copy {
    recipient: String,
    path: PathBuf,
    canaries: usize,
    altered: usize,
}

/// A desk with the workbook's copies for two recipients.
fn issued(workbook: &Path) -> (Desk, Vec<Copy>) {
    let desk = Desk::new();
    let table = workbook.to_str().expect("UTF-8");
    let canaries = ASKED.to_string();
    let mut more = vec!["--canaries", canaries.as_str(), "--format", "json"];
    let policy = workbook.with_extension("toml");
    if policy.exists() {
        more.extend(["--policy", policy.to_str().expect("UTF-8")]);
    }
    let sheet = workbook.with_extension("sheet");
    let named = std::fs::read_to_string(sheet).unwrap_or_default();
    if !named.is_empty() {
        more.extend(["--sheet", named.trim()]);
    }
    let copies = desk.issue(table, &["甲院", "乙院"], &more).well().json();
    let number = |v: &serde_json::Value| v.as_u64().expect("a number") as usize;
    let copy = |c: &serde_json::Value| Copy {
        recipient: c["recipient"].as_str().expect("a name").into(),
        path: desk.path(c["path"].as_str().expect("a path")),
        canaries: number(&c["canaries"]),
        altered: number(&c["cells_altered"]),
    };
    let list = copies.as_array().expect("copies");
    let copies = list.iter().map(copy).collect();
    (desk, copies)
}

/// The package is the source's: entries, their order and what is said about them; what need not change did not.
fn is_the_same_package(name: &str, source: &Package, copy: &Package) {
    // a thumbnail is a picture of the original's first rows
    let kept = |e: &&Entry| !e.name.to_lowercase().contains("thumbnail");
    let entries: Vec<&Entry> = source.entries.iter().filter(kept).collect();
    assert!(
        entries.iter().copied().eq(&copy.entries),
        "{name}: {:?}",
        copy.entries
    );
    let thumbnail = entries.len() < source.entries.len();
    for (part, (content, packed)) in &source.parts {
        let Some((now, now_packed)) = copy.parts.get(part) else {
            continue;
        };
        // a sheet whose table got no mark is written all the same
        if content == now && !part.contains("worksheets/") {
            assert!(packed == now_packed, "{name}: {part} was compressed anew");
        }
        let lower = part.to_lowercase();
        let fixed = |p: &&&str| lower.starts_with(**p) || lower.ends_with(**p);
        if thumbnail && (lower == "_rels/.rels" || lower == "[content_types].xml") {
            continue;
        }
        if let Some(rule) = NEVER_CHANGED.iter().find(fixed) {
            assert!(content == now, "{name}: {part} changed ({rule})");
        }
        if lower.ends_with(".xml") || lower.ends_with(".rels") || lower.ends_with(".vml") {
            elements(&format!("{name}: {part}"), now, |_, _| {});
        }
    }
}

/// Every shared string is somebody's, except those that were nobody's before, and the counts say so.
fn strings_are_in_order(name: &str, source: &Package, copy: &Package) {
    let (Some(before), Some(after)) = (strings(source), strings(copy)) else {
        assert!(
            strings(source).is_none() && strings(copy).is_none(),
            "{name}"
        );
        return;
    };
    let used =
        |p: &Package| -> Vec<usize> { sheets(p).into_values().flat_map(|s| s.shared).collect() };
    let orphans = |items: usize, used: &[usize]| {
        let used: BTreeSet<&usize> = used.iter().collect();
        items - used.len()
    };
    let (were, are) = (used(source), used(copy));
    assert!(
        orphans(after.items, &are) <= orphans(before.items, &were),
        "{name}: strings that no cell shows"
    );
    if before.unique == Some(before.items) {
        assert_eq!(after.unique, Some(after.items), "{name}: uniqueCount");
    }
    if before.count == Some(were.len()) {
        assert_eq!(after.count, Some(are.len()), "{name}: count");
    }
}

#[test]
fn a_copy_is_the_package_it_was_made_from() {
    for workbook in fixtures() {
        let name = workbook.file_name().expect("a name").to_string_lossy();
        let (_desk, copies) = issued(&workbook);
        let source = Package::open(&workbook);
        for copy in copies {
            let copy = Package::open(&copy.path);
            is_the_same_package(&name, &source, &copy);
            strings_are_in_order(&name, &source, &copy);
        }
    }
}

#[test]
fn rows_are_put_into_one_sheet_and_its_tables_cover_them() {
    for workbook in fixtures() {
        let name = workbook.file_name().expect("a name").to_string_lossy();
        let (_desk, copies) = issued(&workbook);
        let source = Package::open(&workbook);
        let before = sheets(&source);
        for Copy { path, canaries, .. } in copies {
            let copy = Package::open(&path);
            let after = sheets(&copy);
            let longer: Vec<&String> = before
                .keys()
                .filter(|s| before[*s].rows != after[*s].rows)
                .collect();
            assert_eq!(longer.len(), canaries.min(1), "{name}: {longer:?}");
            for (part, was) in &before {
                let is = &after[part];
                let put_in = if longer.contains(&part) { canaries } else { 0 };
                assert_eq!(is.rows, was.rows + put_in, "{name}: {part}");
                assert_eq!(is.features, was.features, "{name}: {part}");
                let strange: Vec<_> = is.types.difference(&was.types).collect();
                assert!(
                    strange.iter().all(|t| t.is_empty()),
                    "{name}: {part} {strange:?}"
                );
            }
            for (part, (area, columns)) in tables(&source) {
                let (now, now_columns) = &tables(&copy)[&part];
                assert_eq!(columns, *now_columns, "{name}: {part}");
                let height = |a: &str| corners(a).1.1 - corners(a).0.1;
                let taller = height(now) - height(&area);
                assert!(
                    taller == 0 || taller as usize == canaries,
                    "{name}: {part} {now}"
                );
            }
        }
    }
}

#[test]
fn a_copy_names_who_got_it() {
    for workbook in fixtures() {
        let name = workbook.file_name().expect("a name").to_string_lossy();
        let (desk, copies) = issued(&workbook);
        for copy in copies {
            let leak = copy.path.to_str().expect("UTF-8");
            let ran = desk.run(["trace", leak, "--format", "json"]);
            let told = ran.json();
            assert_ne!(told["verdict"], "unrelated", "{name}");
            assert_ne!(told["verdict"], "original", "{name}");
            // the short ones hold too few marks to tell one of two
            if copy.canaries >= ASKED {
                let nearest = &told["candidates"][0]["recipient"];
                assert_eq!(*nearest, *copy.recipient, "{name}: {told}");
            }
            if copy.canaries >= ASKED && copy.altered > 100 {
                assert_eq!(told["verdict"], "attributed", "{name}");
            }
        }
    }
}

/// Opening and writing again, with every row kept and nothing altered, is the file itself.
#[test]
fn without_edits_every_part_stays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/workbooks/identity");
    let out = tempfile::tempdir().expect("a folder");
    let (mut written, mut refused) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let sources = match table::open(&path, &Limits::default()) {
            Ok(sources) => sources,
            Err(error) => {
                assert!(error.to_string().contains(&name), "{error}");
                refused += 1;
                continue;
            }
        };
        for source in sources {
            let rows = source.table.rows() as u32;
            let edits = Edits {
                lines: (0..rows).map(Line::Kept).collect(),
                ..Edits::default()
            };
            let copy = out.path().join(&name);
            if let Err(error) = table::rewrite(&source, &edits, &copy) {
                assert!(error.to_string().contains(&name), "{error}");
                refused += 1;
                continue;
            }
            let (before, after) = (Package::open(&path), Package::open(&copy));
            for (part, (content, _)) in &before.parts {
                // formulas may be told to work themselves out again, and a picture of the first rows is left out
                let lower = part.to_lowercase();
                let may = [
                    "workbook.xml",
                    "worksheets/",
                    "charts/",
                    "_rels/.rels",
                    "[content_types]",
                    "thumbnail",
                ];
                if may.iter().any(|m| lower.contains(m)) {
                    continue;
                }
                let now = after.parts.get(part).map(|(content, _)| content);
                assert!(now == Some(content), "{name}: {part} changed or is gone");
            }
            written += 1;
        }
    }
    assert!(written >= 20, "{written} written, {refused} refused");
}

/// What a program that does not calculate sees of a sheet: texts by column and row, from 1, and which cells hold formulas.
fn seen(package: &Package, part: &str) -> BTreeMap<(u32, u32), (String, bool)> {
    let shared = package.named("sharedstrings.xml").map(|name| {
        let text = String::from_utf8(package.content(name).to_vec()).expect("UTF-8");
        let items = text.split("</si>").map(|item| {
            let pieces = item.split("<t").skip(1).filter_map(|t| t.split_once('>'));
            pieces
                .map(|(_, t)| t.split('<').next().unwrap_or(""))
                .collect::<String>()
        });
        items.collect::<Vec<_>>()
    });
    let sheet = String::from_utf8(package.content(part).to_vec()).expect("UTF-8");
    let mut found = BTreeMap::new();
    for cell in sheet.split("<c ").skip(1) {
        let cell = cell.split("</row>").next().unwrap_or(cell);
        let between = |from: &str, to: &str| Some(cell.split_once(from)?.1.split_once(to)?.0);
        let value = between("<v>", "</v>").unwrap_or_default();
        let value = match cell
            .split('>')
            .next()
            .is_some_and(|tag| tag.contains("t=\"s\""))
        {
            true => {
                shared.as_ref().expect("strings")[value.parse::<usize>().expect("a number")].clone()
            }
            false => value.to_string(),
        };
        let place = address(between("r=\"", "\"").expect("an address"));
        found.insert(place, (value, cell.contains("</f>")));
    }
    found
}

/// The registers' own formulas, worked out here: `T` from weight and height, `U` the years from birth to the last period; on the
/// second sheet how many have a blood group, what they weigh together, and what all weigh.
#[test]
fn values_beside_formulas_are_what_the_copy_makes_of_them() {
    for name in ["register.xlsx", "libreoffice.xlsx"] {
        let workbook = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/workbooks")
            .join(name);
        let source = Package::open(&workbook);
        let (_desk, copies) = issued(&workbook);
        let before = seen(&source, "xl/worksheets/sheet1.xml");
        let settings = |package: &Package| {
            let text =
                String::from_utf8(package.content("xl/workbook.xml").to_vec()).expect("UTF-8");
            text.split_once("<calcPr")
                .map(|(_, c)| c.split('>').next().unwrap_or("").to_string())
        };
        for copy in copies {
            let copy = Package::open(&copy.path);
            assert_eq!(settings(&copy), settings(&source), "{name}");
            let cells = seen(&copy, "xl/worksheets/sheet1.xml");
            let text = |column, row| {
                cells
                    .get(&(column, row))
                    .map_or("", |(text, _)| text.as_str())
            };
            let number = |column, row| text(column, row).parse::<f64>().ok();
            let (mut of_group, mut weigh, mut total) = (0, 0.0, 0.0);
            let mut rows = 0;
            for ((_, row), (bmi, _)) in cells.iter().filter(|((c, _), (_, f))| *c == 20 && *f) {
                rows += 1;
                let expected = number(15, *row)
                    .zip(number(16, *row))
                    .map(|(kg, cm)| (kg / (cm / 100.0).powi(2) * 10.0).round() / 10.0);
                assert_eq!(bmi.parse().ok(), expected, "{name}, T{row}");
                let years = (number(12, *row).unwrap() - number(4, *row).unwrap()) / 365.25;
                let said = number(21, *row).unwrap();
                assert!(
                    (years - said - 0.5).abs() < 0.51,
                    "{name}, U{row}: {said}, not {years}"
                );
                total += number(15, *row).unwrap_or(0.0);
                let group = seen(&copy, "xl/worksheets/sheet2.xml")[&(1, 2)].0.clone();
                if text(14, *row) == group {
                    of_group += 1;
                    weigh += number(15, *row).unwrap_or(0.0);
                }
            }
            assert!(
                rows > before
                    .iter()
                    .filter(|((c, _), (_, f))| *c == 20 && *f)
                    .count()
            );
            let sums = seen(&copy, "xl/worksheets/sheet2.xml");
            let sum = |column, row| sums[&(column, row)].0.parse::<f64>().unwrap();
            assert_eq!(sum(2, 2), f64::from(of_group), "{name}");
            assert!(
                (sum(3, 2) - weigh).abs() < 1e-9 && (sum(3, 16) - total).abs() < 1e-9,
                "{name}"
            );
        }
    }
}
