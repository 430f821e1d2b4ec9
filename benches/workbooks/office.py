"""What LibreOffice makes of a workbook and of its copy: values of every sheet after it worked out the formulas, sizes, and pictures.

Every sheet is printed on one page of its own; where rows and columns lie on it is read from the flat form of the same file. Each
record is then looked at where it is now: its row of dots in the picture of the copy against its row in that of the source, cell by
cell. What an altered cell, a formula or a rule that looks at other cells changes is counted apart, and so are stripes.
"""
import csv
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from lxml import etree
from scipy.ndimage import maximum_filter, minimum_filter

CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
PDF = 'pdf:calc_pdf_Export:{"SinglePageSheets":{"type":"boolean","value":"true"}}'
DOTS = 96
# a dot is another where it is so much lighter or darker than all dots around its place
FAR = 90
# backgrounds are flat, and the ink of a text is the same wherever between two dots it begins
SHADE, INK, REPAINTED = 6, 0.1, 0.2
# heights are rounded on the way to the page, both pictures nearly alike: what is cut off at an edge must not hide a difference
DRIFT = (0, -1, 1, -2, 2, -3, 3)
DRIFTS = sorted(((up, down) for up in DRIFT for down in DRIFT if abs(up - down) < 2), key=lambda both: (abs(both[0]) + abs(both[1]), both))


class Shown:
    """One workbook as LibreOffice shows it."""

    def __init__(self, folder, name):
        self.sheets = {}
        for path in folder.glob(f"{name}-*.csv"):
            with open(path, encoding="utf-8", newline="") as file:
                self.sheets[path.stem[len(name) + 1 :]] = list(csv.reader(file))
        self.layout = layout(folder / f"{name}.fods")
        self.pages = pages(folder / f"{name}.pdf", folder)

    def name(self, titles):
        """Calls the sheets, which are in order, by these titles."""
        if len(titles) == len(self.layout):
            called = {name: title for (name, *_), title in zip(self.layout, titles)}
            self.sheets = {called.get(name, name): lines for name, lines in self.sheets.items()}
            self.layout = [(called[name], *ends) for name, *ends in self.layout]


def shown(books):
    """Workbooks as LibreOffice shows them, all converted in one go."""
    with tempfile.TemporaryDirectory(prefix="office") as folder:
        folder = Path(folder)
        copies = [folder / f"book{at}.xlsx" for at in range(len(books))]
        for book, copy in zip(books, copies):
            shutil.copy(book, copy)
        for form in (CSV, PDF, "fods"):
            home = f"-env:UserInstallation=file://{folder}/home"
            asked = ["soffice", home, "--headless", "--convert-to", form, "--outdir", str(folder), *map(str, copies)]
            subprocess.run(asked, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120 + 60 * len(books))
        return [Shown(folder, copy.stem) for copy in copies]


def inches(text):
    return float(re.match(r"[\d.]+", text).group()) / {"in": 1, "cm": 2.54, "mm": 25.4, "pt": 72}[re.sub(r"[\d.]", "", text)]


def layout(flat):
    """Of each sheet (hidden ones are printed, too) where its rows and columns end, in inches; hidden ones have no height."""
    local = lambda e: etree.QName(e).localname if isinstance(e.tag, str) else ""
    get = lambda e, n: next((v for k, v in e.attrib.items() if etree.QName(k).localname == n), None)
    root = etree.parse(str(flat), etree.XMLParser(huge_tree=True)).getroot()
    size = {}
    for style in root.iter():
        if local(style) == "style" and get(style, "family") in ("table-row", "table-column"):
            for inner in style:
                value = get(inner, "row-height") or get(inner, "column-width")
                if value:
                    size[get(style, "name")] = inches(value)
    out = []
    for sheet in root.iter():
        if local(sheet) != "table" or local(sheet.getparent()) != "spreadsheet":
            continue
        ends = {"table-row": [0.0], "table-column": [0.0]}
        for kind, line in lines(sheet, local):
            times = int(get(line, f"number-{'rows' if kind == 'table-row' else 'columns'}-repeated") or 1)
            high = 0.0 if get(line, "visibility") in ("collapse", "filter") else size.get(get(line, "style-name"), 0.0)
            for _ in range(min(times, 3000 - len(ends[kind]))):
                ends[kind].append(ends[kind][-1] + high)
        out.append((get(sheet, "name"), ends["table-row"], ends["table-column"]))
    return out


def lines(within, local):
    """Rows and columns of a sheet, those of groups and headers too, and not those of the charts that are drawn on it."""
    for element in within:
        kind = local(element)
        if kind in ("table-row", "table-column"):
            yield kind, element
        elif kind.startswith(("table-row", "table-column", "table-header")):
            yield from lines(element, local)


def pages(pdf, into):
    subprocess.run(["pdftoppm", "-r", str(DOTS), str(pdf), str(into / "page")], check=True)
    found = []
    for path in sorted(into.glob("page*.ppm"), key=lambda p: int(re.search(r"(\d+)\.ppm$", p.name).group(1))):
        head, data = path.read_bytes().split(b"\n255\n", 1)
        wide, high = map(int, head.split()[1:3])
        found.append(np.frombuffer(data, np.uint8).reshape(high, wide, 3))
        path.unlink()
    return found


class Page:
    """A picture of a sheet, and for each dot the darkest and the lightest of those around it."""

    def __init__(self, dots, rows, columns):
        self.dots = dots.astype(np.int16)
        self.low, self.high = ((f(dots, (5, 5, 1)).astype(np.int16)) for f in (minimum_filter, maximum_filter))
        at = lambda ends: [round(end * DOTS) for end in ends]
        self.rows, self.columns = at(rows), at(columns)

    def place(self, row, column):
        """Where a cell's dots are, its edges left out."""
        last = len(self.rows) - 1, len(self.columns) - 1
        top, bottom = self.rows[min(row - 1, last[0])] + 1, self.rows[min(row, last[0])] - 1
        left, right = self.columns[min(column - 1, last[1])] + 1, self.columns[min(column, last[1])] - 1
        return top, bottom, left, right


def box(page, place, down, what):
    top, bottom, left, right = place
    return getattr(page, what)[max(0, top + down) : max(0, bottom + down), left:right]


def ground(dots):
    """The colour that most dots have."""
    packed = (dots[..., 0].astype(np.int64) << 16) | (dots[..., 1].astype(np.int64) << 8) | dots[..., 2]
    values, times = np.unique(packed, return_counts=True)
    most = int(values[times.argmax()])
    return np.array([most >> 16, most >> 8 & 255, most & 255], np.int16)


def unlike(ours, theirs, place, there, drift, painted):
    """In what two cells' dots differ, in words; None where they do not. `drift`: how far both rows are off their computed places."""
    up, down = drift
    a, b = box(ours, place, up, "dots"), box(theirs, there, down, "dots")
    high, wide = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    if high < 5 or wide < 5:
        return None
    cut = lambda dots: dots[:high, :wide]
    a, b = cut(a), cut(b)
    inner = np.s_[2:-2, 2:-2]
    below, above = ground(a[inner]), ground(b[inner])
    if not painted and abs(below - above).max() > SHADE:
        return f"background {tuple(map(int, below))} became {tuple(map(int, above))}"
    ink = [abs(dots[inner] - paper).sum(axis=(0, 1)) for dots, paper in ((a, below), (b, above))]
    # what is below the ground in one colour and not in another is as light on another ground
    slack = REPAINTED if painted else INK
    if (abs(ink[0] - ink[1]) > np.maximum(slack * np.maximum(*ink), 255 * 8)).any():
        return f"ink {[round(float(i) / 255) for i in ink[0]]} became {[round(float(i) / 255) for i in ink[1]]}"
    strange = lambda dots, page, where, shift: (
        (dots > cut(box(page, where, shift, "high")) + FAR) | (dots < cut(box(page, where, shift, "low")) - FAR)
    ).any(axis=2)
    outside = strange(a, theirs, there, down).sum() + strange(b, ours, place, up).sum()
    if outside > max(8, 0.01 * high * wide):
        return f"{outside} of {high * wide} dots are elsewhere"
    return None


def values(ours, theirs, maps, changed, formulas, differs, counts):
    """What the cells say; those that say something else because others were altered are counted."""
    for title, lines in ours.sheets.items():
        for i, line in enumerate(lines, 1):
            j = maps[title].row(i) if title in maps else i
            now = theirs.sheets.get(title, [])
            other = now[j - 1] if j <= len(now) else []
            for column in range(1, max(len(line), len(other)) + 1):
                x, y = ((cells[column - 1] if column <= len(cells) else "") for cells in (line, other))
                if x == y or (title, i, column) in changed:
                    continue
                if (title, i, column) in formulas:
                    counts["formulas that come to something else"] += 1
                    if y.startswith(("#", "Err:")) and not x.startswith(("#", "Err:")):
                        differs("office", f"{title}!{i}->{j} column {column}: {x!r} became {y!r}")
                else:
                    differs("office", f"{title}!{i}->{j} column {column}: {x!r} is shown as {y!r}")


def sizes(there, one, other, last, differs):
    """Columns are as wide as they were and each record's row as high."""
    (title, rows, columns), (_, rows_now, columns_now) = one, other
    for column in range(1, min(len(columns), len(columns_now))):
        wide = [ends[column] - ends[column - 1] for ends in (columns, columns_now)]
        if abs(wide[0] - wide[1]) > 0.01:
            differs("sizes", f"{title} column {column}: {wide[0]:.2f} inches wide became {wide[1]:.2f}")
    high = lambda ends, row: ends[min(row, len(ends) - 1)] - ends[min(row - 1, len(ends) - 1)]
    for i in range(1, last + 1):
        j = there.row(i) if there else i
        before, after = high(rows, i), high(rows_now, j)
        if abs(before - after) > 0.02:
            differs("sizes", f"{title} row {i}->{j}: {before:.2f} inches high became {after:.2f}")


def spilled(line, columns):
    """Columns into which texts of these may reach: blank cells beside them."""
    blank = lambda column: not 0 < column <= len(line) or line[column - 1] == ""
    reached = set(columns)
    for column in columns:
        for step in (1, -1):
            beside = column + step
            while 0 < beside < 200 and blank(beside) and beside - column < 40:
                reached.add(beside)
                beside += step
    return reached


def compare(ours, theirs, maps, altered, marks, differs, counts):
    """Two workbooks as shown. `marks` are sets of the source's cells, (sheet, row, column): `formulas`, `ruled` by formats that look
    at other cells, `covered` by drawings; and `painted`, rows (sheet, row) with the stripe of their place."""
    changed = {(sheet, row, column) for sheet, row, _, column, *_ in altered}
    # a name that LibreOffice would not give is shown in another spelling
    for book in (ours, theirs):
        book.name(list(maps))
    values(ours, theirs, maps, changed, marks["formulas"], differs, counts)
    if len(ours.pages) != len(theirs.pages) or len(ours.pages) != len(ours.layout):
        differs("pictures", f"{len(ours.pages)} pages became {len(theirs.pages)}; {len(ours.layout)} sheets are shown")
        return
    for one, other, before, after in zip(ours.layout, theirs.layout, ours.pages, theirs.pages):
        title, there = one[0], maps.get(one[0])
        lines = ours.sheets.get(title, [])
        last = min(len(lines), len(one[1]) - 1)
        in_rows = {}
        for kind, cells in (("altered", changed), ("altered", marks["formulas"]), ("ruled", marks["ruled"])):
            for sheet, row, column in cells:
                if sheet == title:
                    in_rows.setdefault((kind, row), set()).add(column)
        sizes(there, one, other, last, differs)
        page, now = Page(before, *one[1:]), Page(after, *other[1:])
        for i in range(1, last + 1):
            j = there.row(i) if there else i
            apart = spilled(lines[i - 1], in_rows.get(("altered", i), ()))
            by_rule = in_rows.get(("ruled", i), set())
            painted = (title, i) in marks["painted"]
            drift = 0, 0
            for column in range(1, len(one[2])):
                if column in apart:
                    continue
                if column in by_rule or (title, i, column) in marks["covered"]:
                    counts["boxes under rules or drawings"] += 1
                    continue
                place, where = page.place(i, column), now.place(j, column)
                if box(page, place, 0, "dots").size == 0 and box(now, where, 0, "dots").size == 0:
                    continue
                counts["boxes of repainted rows" if painted else "boxes looked at"] += 1
                told_of = unlike(page, now, place, where, drift, painted)
                for both in DRIFTS if told_of else ():
                    if unlike(page, now, place, where, both, painted) is None:
                        told_of, drift = None, both
                        break
                if told_of:
                    differs("pictures", f"{title} row {i}->{j} column {column}: {told_of}")
