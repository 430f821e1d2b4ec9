#!/usr/bin/env python3
"""Holds a copy of a workbook against its source: ./compare.py SOURCE COPY [--canaries N] [--office] [--lines FILE] [--altered]

Three ways: package part by part, cell by cell and style by style through openpyxl, and with --office what LibreOffice makes of
both (values of every sheet after it calculated, and pictures of the pages). Prints one line a difference that is neither an
altered cell nor a canary row, then one line of counts as JSON; exit code 1 where there was a difference.
"""
import argparse
import collections
import json
import re
import sys
import warnings
import zipfile
from pathlib import Path

import openpyxl
from lxml import etree
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries

import alignment

warnings.simplefilter("ignore")
FOUND = []
PAINTED, FORMULAS, RULED, COVERED = set(), set(), set(), set()
LIMIT = 12


def differs(kind, text):
    FOUND.append((kind, text))


def local(element):
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


# ---------------------------------------------------------------- the package


def package(source, copy):
    ours, theirs = zipfile.ZipFile(source), zipfile.ZipFile(copy)
    a, b = ours.infolist(), theirs.infolist()
    gone = [i.filename for i in a if i.filename not in theirs.namelist()]
    # a picture of the original's first rows
    missed = [name for name in gone if "thumbnail" not in name.lower()]
    new = [i.filename for i in b if i.filename not in ours.namelist()]
    if missed or new:
        differs("package", f"parts gone {missed}, new {new}")
    if [i.filename for i in a if i.filename not in gone] != [i.filename for i in b if i.filename not in new]:
        differs("package", "entries stand in another order")
    changed = []
    for one in a:
        if one.filename in gone:
            continue
        other = theirs.getinfo(one.filename)
        for field in ("date_time", "flag_bits", "compress_type", "create_system", "create_version", "extract_version", "external_attr", "internal_attr", "extra", "comment"):
            if getattr(one, field) != getattr(other, field):
                differs("package", f"{one.filename}: {field} {getattr(one, field)!r} became {getattr(other, field)!r}")
        if ours.read(one) != theirs.read(other):
            changed.append(one.filename)
        elif one.compress_size != other.compress_size:
            differs("package", f"{one.filename}: same content compressed anew")
    for name in changed:
        rows = [int(n) for n in re.findall(rb'<(?:\w+:)?row [^>]*?\br="(\d+)"', theirs.read(name))] if "/worksheets/" in name else []
        if any(a >= b for a, b in zip(rows, rows[1:])) or rows and rows[-1] > 1048576:
            differs("package", f"{name}: rows out of order, or beyond a sheet's last ({rows[-1]})")
        if name.endswith((".xml", ".rels", ".vml")):
            try:
                etree.fromstring(theirs.read(name))
            except etree.XMLSyntaxError as error:
                differs("package", f"{name}: not well formed: {error}")
    if ours.comment != theirs.comment:
        differs("package", "the archive's comment changed")
    return changed, len(gone) - len(missed)


def strings(copy):
    """The table of shared strings against those that are used."""
    package = zipfile.ZipFile(copy)
    name = next((n for n in package.namelist() if n.lower().endswith("sharedstrings.xml")), None)
    if name is None:
        return {}
    root = etree.fromstring(package.read(name))
    items = [e for e in root if local(e) == "si"]
    used = collections.Counter()
    for part in package.namelist():
        if re.search(r"worksheets/[^/]*\.xml$", part):
            for cell in etree.fromstring(package.read(part)).iter():
                if local(cell) == "c" and cell.get("t") == "s":
                    used[int(next(v.text for v in cell if local(v) == "v"))] += 1
    return {
        "items": len(items),
        "unique": root.get("uniqueCount"),
        "count": root.get("count"),
        "cells": sum(used.values()),
        "orphans": sum(i not in used for i in range(len(items))),
        "beyond": sum(i >= len(items) for i in used),
        "twice": len(items) - len({etree.tostring(e) for e in items}),
    }


# ---------------------------------------------------------------- rows that moved


class Map:
    """Where the rows of one sheet went."""

    def __init__(self, title, whose):
        self.title = title
        self.to = {i + 1: j + 1 for j, i in enumerate(whose) if i is not None}
        self.new = {j + 1 for j, i in enumerate(whose) if i is None}
        self.last = max(self.to, default=0)
        self.shift = len(self.new)

    def row(self, row):
        return self.to.get(row, row + self.shift if row > self.last else row)

    def same(self, ours, theirs):
        """Whether rows ours = (a, b) and theirs hold the same records, canaries aside."""
        want = {self.row(r) for r in range(ours[0], min(ours[1], self.last + 1) + 1)}
        if ours[1] > self.last:
            want |= {ours[1] + self.shift} if ours[1] < 1048576 else {ours[1]}
        have = set(range(theirs[0], min(theirs[1], self.last + self.shift + 1) + 1)) | {theirs[1]}
        missing, more = want - have, have - want - self.new
        if ours[1] > self.last:
            missing, more = {r for r in missing if r <= self.last + self.shift}, {r for r in more if r <= self.last + self.shift}
            if ours[1] + (self.shift if ours[1] < 1048576 else 0) != theirs[1]:
                return False
        return not missing and not more


REFERENCE = re.compile(r"^((?:'(?:[^']|'')+'|[^'!]+)!)?\$?([A-Z]{1,3})?\$?(\d+)?(?::\$?([A-Z]{1,3})?\$?(\d+)?)?$")


def same_formula(maps, home, ours, theirs):
    """Whether a formula says the same about the rows where they are now."""
    try:
        a, b = Tokenizer(ours).items, Tokenizer(theirs).items
    except Exception:  # the tokenizer knows not all that spreadsheet programs write
        return ours == theirs
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):
        if x.subtype != "RANGE" or y.subtype != "RANGE":
            if x.value != y.value:
                return False
            continue
        if not same_reference(maps, home, x.value, y.value):
            return False
    return True


def same_reference(maps, home, ours, theirs):
    x, y = REFERENCE.match(ours), REFERENCE.match(theirs)
    if not x or not y or not (x.group(3) or x.group(5)):
        return ours == theirs
    if x.group(1, 2, 4) != y.group(1, 2, 4) or ours.count("$") != theirs.count("$"):
        return False
    title = (x.group(1) or home + "!")[:-1].strip("'").replace("''", "'")
    rows = lambda m: tuple(sorted((int(m.group(3) or 1), int(m.group(5) or m.group(3) or 1))))
    if title not in maps:
        return rows(x) == rows(y)
    there = maps[title]
    if x.group(5) is None:
        return there.row(int(x.group(3))) == int(y.group(3))
    return there.same(rows(x), rows(y))


def cells(areas):
    """Row intervals by columns of a list of areas."""
    out = collections.defaultdict(list)
    for area in str(areas).split():
        if "#REF!" in area:
            continue
        left, top, right, bottom = range_boundaries(area.replace("$", ""))
        for column in range(left or 1, (right or 16384) + 1):
            out[column].append((top or 1, bottom or 1048576))
    return out


def same_areas(there, ours, theirs, about, runs=True):
    """Areas cover the same cells as before at their new places, canaries as their neighbours (where areas are `runs` of records)."""
    a, b = cells(ours), cells(theirs)
    if set(a) != set(b):
        return differs("areas", f"{about}: {ours} became {theirs}")
    for column in a:
        want = {there.row(r) for top, bottom in a[column] for r in range(top, min(bottom, there.last) + 1)}
        have = {r for top, bottom in b[column] for r in range(top, min(bottom, there.last + there.shift) + 1)}
        if want - have or have - want - there.new:
            return differs("areas", f"{about}: {ours} became {theirs}: lost rows {sorted(want - have)[:5]}, took in {sorted(have - want - there.new)[:5]}")
        for row in there.new - have if runs else ():
            above, below = row - 1, row + 1
            while above in there.new:
                above -= 1
            while below in there.new:
                below += 1
            if above in want and below in want:
                return differs("areas", f"{about}: {theirs} leaves out row {row}, which was put in")
        far = [bottom for _, bottom in a[column] if bottom > there.last]
        now = [bottom for _, bottom in b[column] if bottom > there.last + there.shift]
        if [r + (there.shift if r < 1048576 else 0) for r in far] != now:
            return differs("areas", f"{about}: ends {far} became {now}")


# ---------------------------------------------------------------- cells and styles

STYLE = ("number_format", "font", "fill", "border", "alignment", "protection", "quotePrefix", "pivotButton")


LOOKS, SPARKS = {}, {}


def styled(cell):
    """The cell's style in words, made once a style of a workbook."""
    if not getattr(cell, "has_style", False):
        return {}
    key = (id(cell.parent.parent), tuple(cell._style))
    if key not in LOOKS:
        LOOKS[key] = {name: plain(getattr(cell, name, None)) for name in STYLE}
    return LOOKS[key]


def look(cell):
    link = getattr(cell, "hyperlink", None)
    note = cell.comment
    return {
        **dict.fromkeys(STYLE, ""),
        **styled(cell),
        "comment": note and (note.text, note.author, note.width, note.height),
        "link": link and (link.target, link.tooltip, link.display),
    }


def sparks(source):
    """Where sparklines stand, by sheet."""
    package, found = zipfile.ZipFile(source), {}
    book = openpyxl.load_workbook(source, read_only=True)
    for sheet in book.worksheets:
        path = getattr(sheet, "_worksheet_path", None)
        if path in package.namelist():
            found[sheet.title] = [t.decode() for t in re.findall(rb"<xm:sqref>([^<]*)</xm:sqref>", package.read(path))]
    return found


def opened(path):
    return openpyxl.load_workbook(path, rich_text=True), openpyxl.load_workbook(path, data_only=True)


def workbook(source, copy, lines=None):
    """Compares through openpyxl; the table's sheet is the one that differs in its rows. `lines` says which row is which."""
    try:
        ours, shown = opened(source)
    except Exception as error:
        ours = error
    try:
        theirs, now = opened(copy)
    except Exception as error:
        if not isinstance(ours, Exception):
            differs("reader", f"openpyxl reads the source and not the copy: {error!r}")
        return {}, [], collections.Counter({"unread by openpyxl": 1})
    if isinstance(ours, Exception):
        differs("reader", f"openpyxl reads the copy and not the source: {ours!r}")
        return {}, [], collections.Counter()
    if ours.sheetnames != theirs.sheetnames:
        differs("sheets", f"{ours.sheetnames} became {theirs.sheetnames}")
    SPARKS.clear()
    SPARKS.update(sparks(source))
    maps, altered, counts = {}, [], collections.Counter()
    pairs = [(s, theirs[s.title]) for s in ours.worksheets if s.title in theirs.sheetnames]
    for one, other in pairs:
        if lines is None:
            whose = alignment.align(alignment.values(shown[one.title], one), alignment.values(now[one.title], other))
        else:
            whose = told(lines, one.title, one.max_row)
        maps[one.title] = Map(one.title, whose)
        moved = sum(1 for j, i in enumerate(x for x in whose if x is not None) if i != j)
        counts["canaries"] += len(maps[one.title].new)
        counts["rows out of order"] += moved
    for one, other in pairs:
        if type(one).__name__ == "Worksheet":
            sheet(maps, one, other, shown[one.title], now[one.title], altered, counts)
            features(maps, one, other)
            looked_away(maps[one.title], one, other)
    for name, book_a, book_b in [("names", ours.defined_names, theirs.defined_names)]:
        names(maps, "", name, book_a, book_b)
    counts["altered"] = len(altered)
    return maps, altered, counts


def told(lines, title, last):
    """The rows of a sheet of a copy as its maker says: {"sheet", "first" row of the table from 1, "lines" of the table or -1}."""
    if lines["sheet"] != title:
        return list(range(last))
    above = lines["first"] - 1
    kept = [None if k < 0 else above + k for k in lines["lines"]]
    behind = above + sum(k is not None for k in kept)
    return list(range(above)) + kept + list(range(behind, last))


def sheet(maps, one, other, shown, now, altered, counts):
    there = maps[one.title]
    wide = max(one.max_column, other.max_column)
    for row in range(1, one.max_row + 1):
        place = there.row(row)
        looks = [styled(other.cell(place, c)) for c in range(1, wide + 1)]
        paint = repainted(one, row, looks, wide)
        if paint:
            counts["rows painted as their place is"] += 1
            PAINTED.add((one.title, row))
        for column in range(1, wide + 1):
            a, b = one.cell(row, column), other.cell(place, column)
            where = f"{one.title}!{a.coordinate}->{b.coordinate}"
            x, y = getattr(a.value, "text", a.value), getattr(b.value, "text", b.value)
            x_is, y_is = (isinstance(v, str) and v.startswith("=") for v in (x, y))
            if x_is:
                FORMULAS.add((one.title, row, column))
            if x_is and y_is:
                if not same_formula(maps, one.title, x, y):
                    differs("formula", f"{where}: {x} became {y}")
                before, after = shown.cell(row, column).value, now.cell(place, column).value
                if before is not None and after is None:
                    counts["dropped caches"] += 1
                elif before != after:
                    counts["other caches"] += 1
            elif x != y:
                if a.data_type != b.data_type:
                    differs("type", f"{where}: {x!r} ({a.data_type}) became {y!r} ({b.data_type})")
                altered.append((one.title, row, place, column, x, y))
            p, q = look(a), look(b)
            for name in p:
                if p[name] != q[name] and not (paint and name in STYLE and paint(name, p[name], q[name])):
                    differs("style", f"{where}: {name} differs: {plain(p[name])[:80]!r} / {plain(q[name])[:80]!r}")
        p, q = one.row_dimensions.get(row), other.row_dimensions.get(place)
        get = lambda d, f: getattr(d, f, None) if d else None
        for field in ("ht", "customHeight", "hidden", "outlineLevel", "collapsed", "s", "thickBot", "thickTop"):
            if (get(p, field) or None) != (get(q, field) or None):
                differs("row", f"{one.title} row {row}->{place}: {field} {get(p, field)} became {get(q, field)}")
    put_in(there, one, other)


def fill(looks):
    """The fill that most of a row's cells have."""
    return collections.Counter(look.get("fill", "") for look in looks).most_common(1)[0][0]


def repainted(one, row, looks, wide):
    """What a row that moved may show of its new place: all the looks of a neighbour, or the neighbour's stripe where it had its own."""
    row_of = lambda r: [styled(one.cell(r, c)) for c in range(1, wide + 1)]
    own, near = row_of(row), [row_of(r) for r in range(max(1, row - 4), min(one.max_row, row + 4) + 1) if r != row]
    if looks == own:
        return None
    if looks in near:
        return lambda name, before, after: True
    stripe, now = fill(own), fill(looks)
    if stripe != now and now in [fill(other) for other in near]:
        return lambda name, before, after: name == "fill" and (before, after) == (stripe, now)
    return None


def put_in(there, one, other):
    """Rows put in: types and styles as in some neighbour."""
    back = {j: i for i, j in there.to.items()}
    for row in sorted(there.new):
        near = [r for r in range(row - 6, row + 7) if r in back][:12]
        for column in range(1, other.max_column + 1):
            cell = other.cell(row, column)
            column_cells = [other.cell(r, column) for r in near]
            if cell.value is not None and cell.data_type not in {c.data_type for c in column_cells if c.value is not None} | {None}:
                kinds = {other.cell(r, column).data_type for r in back if other.cell(r, column).value is not None and r > near[0] - 40}
                if cell.data_type not in kinds:
                    differs("canary", f"{other.title}!{cell.coordinate}: type {cell.data_type} is nowhere else in its column")
            if styled(cell) not in [styled(c) for c in column_cells]:
                differs("canary", f"{other.title}!{cell.coordinate}: style of no neighbour")
            if cell.hyperlink and not any(c.hyperlink for c in column_cells):
                differs("canary", f"{other.title}!{cell.coordinate}: a link of its own")
        heights = {getattr(other.row_dimensions.get(r), "ht", None) for r in near}
        if getattr(other.row_dimensions.get(row), "ht", None) not in heights:
            differs("canary", f"{other.title} row {row}: a height of its own")


def plain(value):
    return re.sub(r"\s+", " ", str(value))


def features(maps, one, other):
    there, title = maps[one.title], one.title
    same_areas(there, " ".join(sorted(map(str, one.merged_cells.ranges))), " ".join(sorted(map(str, other.merged_cells.ranges))), f"{title} merged areas", runs=False)
    if len(one.merged_cells.ranges) != len(other.merged_cells.ranges):
        differs("merged", f"{title}: {len(one.merged_cells.ranges)} merged areas became {len(other.merged_cells.ranges)}")
    if one.print_title_cols != other.print_title_cols:
        differs("sheet", f"{title}: print_title_cols {one.print_title_cols} became {other.print_title_cols}")
    if one.print_title_rows or other.print_title_rows:
        rows = lambda s: tuple(int(n) for n in str(s.print_title_rows).replace("$", "").split(":")) if s.print_title_rows else (0, 0)
        if not there.same(rows(one), rows(other)):
            differs("sheet", f"{title}: print_title_rows {one.print_title_rows} became {other.print_title_rows}")
    panes(there, one, other)
    for field in ("page_setup", "page_margins", "print_options", "oddHeader", "oddFooter", "sheet_properties", "sheet_format", "protection", "sheet_state"):
        if plain(getattr(one, field)) != plain(getattr(other, field)):
            differs("sheet", f"{title}: {field} differs")
    for name in set(one.column_dimensions) | set(other.column_dimensions):
        x, y = (plain(sorted(dict(s.column_dimensions[name]).items())) for s in (one, other))
        if x != y:
            differs("sheet", f"{title}: column {name}: {x} became {y}")
    if one.auto_filter.ref or other.auto_filter.ref:
        same_areas(there, one.auto_filter.ref, other.auto_filter.ref, f"{title} autofilter")
    area = lambda s: " ".join(re.sub(r"^.*!", "", part) for part in str(s.print_area).split(",")) if s.print_area else ""
    if area(one) or area(other):
        same_areas(there, area(one), area(other), f"{title} print area")
    pick = lambda s: [(b.id, b.man) for b in s.row_breaks.brk]
    # a break stands behind so many records, whichever they are now
    before = lambda line: line - sum(row <= line for row in there.new)
    if sorted(pick(one)) != sorted((before(i), m) for i, m in pick(other)):
        differs("breaks", f"{title}: row breaks {pick(one)} became {pick(other)}")
    conditional(maps, one, other)
    a, b = one.data_validations.dataValidation, other.data_validations.dataValidation
    if len(a) != len(b):
        differs("validation", f"{title}: {len(a)} validations became {len(b)}")
    for x, y in zip(a, b):
        same_areas(there, x.sqref, y.sqref, f"{title} validation")
        for field in ("type", "operator", "error", "errorTitle", "prompt", "allow_blank", "showErrorMessage"):
            if getattr(x, field) != getattr(y, field):
                differs("validation", f"{title}: {field} differs")
        anchored(maps, title, x.sqref, y.sqref, [x.formula1, x.formula2], [y.formula1, y.formula2], "validation")
    if sorted(one.tables) != sorted(other.tables):
        differs("table", f"{title}: tables {sorted(one.tables)} became {sorted(other.tables)}")
    for name, x in dict(one.tables).items():
        y = other.tables.get(name)
        if y is None:
            continue
        same_areas(there, x.ref, y.ref, f"table {name}")
        if x.autoFilter or y.autoFilter:
            same_areas(there, x.autoFilter.ref, y.autoFilter.ref, f"filter of table {name}")
        heads = [c.name for c in y.tableColumns]
        left, top, right, _ = range_boundaries(y.ref)
        cells = [str(other.cell(top, c).value) for c in range(left, right + 1)]
        if (y.headerRowCount is None or y.headerRowCount) and heads != cells:
            differs("table", f"table {name}: header cells {cells} are not its columns' names {heads}")
        for p, q in zip(x.tableColumns, y.tableColumns):
            same = [plain({k: v for k, v in vars(c).items() if k != "calculatedColumnFormula"}) for c in (p, q)]
            worked = [c.calculatedColumnFormula and "=" + c.calculatedColumnFormula.attr_text for c in (p, q)]
            if same[0] != same[1] or worked[0] != worked[1] and not (all(worked) and same_formula(maps, title, *worked)):
                differs("table", f"table {name}: column {p.name} differs")
    for kind in ("_charts", "_images"):
        p, q = getattr(one, kind), getattr(other, kind)
        if len(p) != len(q):
            differs("drawing", f"{title}: {len(p)} {kind} became {len(q)}")
        for x, y in zip(p, q):
            pictured(there, title, kind, x, y)
    names(maps, title, "local names", one.defined_names, other.defined_names)


RELATIVE = {"colorScale", "dataBar", "iconSet", "top10", "aboveAverage", "duplicateValues", "uniqueValues", "expression", "timePeriod"}


def looked_away(there, one, other):
    """Cells whose looks depend on others (rules, sparklines) and cells that a chart or a picture may lie over, at their places in the source."""
    title = one.title
    ruled = [area.sqref for area in one.conditional_formatting for rule in area.rules if rule.type in RELATIVE]
    ruled = [area for areas in [*ruled, *SPARKS.get(title, [])] for area in str(areas).split() if "#REF!" not in area]
    for left, top, right, bottom in (range_boundaries(area.replace("$", "")) for area in ruled):
        RULED.update((title, r, c) for r in range(top, min(bottom, one.max_row) + 1) for c in range(left, min(right, one.max_column) + 1))
    back = {there.row(r): r for r in range(1, one.max_row + 1)}
    for sheet, row_of in ((one, lambda r: r), (other, back.get)):
        for drawn in [*sheet._charts, *sheet._images]:
            top, bottom = getattr(drawn.anchor, "_from", None), getattr(drawn.anchor, "to", None)
            if top is None:
                continue
            ends = (bottom.row + 1, bottom.col + 1) if bottom else (top.row + 40, top.col + 20)
            for row in filter(None, map(row_of, range(top.row + 1, ends[0] + 1))):
                COVERED.update((title, row, c) for c in range(top.col + 1, ends[1] + 1))


def panes(there, one, other):
    """Panes are split where they were; what they are scrolled to may have moved."""
    x, y = (s.sheet_view.pane for s in (one, other))
    for field in ("xSplit", "ySplit", "state", "activePane"):
        if getattr(x, field, None) != getattr(y, field, None):
            differs("sheet", f"{one.title}: {field} of the panes {getattr(x, field, None)} became {getattr(y, field, None)}")
    if x is not None and y is not None and x.topLeftCell != y.topLeftCell:
        if not same_reference({one.title: there}, one.title, x.topLeftCell or "", y.topLeftCell or ""):
            differs("sheet", f"{one.title}: panes scrolled to {x.topLeftCell} became {y.topLeftCell}")


def pictured(there, title, kind, x, y):
    """Anchors begin where the record is that they began at, or stay above it, and end there or keep their rows."""
    if getattr(x.anchor, "editAs", None) == "absolute":
        return
    ends = [getattr(x.anchor, "_from", None), getattr(x.anchor, "to", None), getattr(y.anchor, "_from", None), getattr(y.anchor, "to", None)]
    top, bottom, now, end = (e and e.row + 1 for e in ends)
    if top is None or now is None:
        return
    if [e and e.col for e in ends[:2]] != [e and e.col for e in ends[2:]]:
        differs("drawing", f"{title}: {kind} changed its columns")
    if there.row(top) != now:
        differs("drawing", f"{title}: {kind} began in row {top} and begins in {now}")
    elif bottom and end not in (there.row(bottom), bottom - top + now):
        differs("drawing", f"{title}: {kind} ended in row {bottom} and ends in {end}")


def anchored(maps, title, ours, theirs, before, after, about):
    """Formulas that are relative to the first cell of an area. Both ends are read where that cell is."""
    for x, y in zip(before, after):
        if not isinstance(x, str) or not isinstance(y, str):
            if x != y:
                differs(about, f"{title}: {x} became {y}")
            continue
        top = lambda s: min(range_boundaries(part.replace("$", ""))[1] for part in str(s).split())
        a, b = top(ours), top(theirs)
        if not same_relative(maps, title, (x, a), (y, b)):
            differs(about, f"{title}: {x} at {ours} became {y} at {theirs}")


def same_relative(maps, title, ours, theirs):
    """Each reference is as far from its cell as it was, or about the same rows."""
    p, q = (Tokenizer("=" + formula).items for formula, _ in (ours, theirs))
    if len(p) != len(q):
        return False
    off = lambda text, origin: re.sub(r"(?<![$\d])(\d+)(?!\d)", lambda m: f"[{int(m.group(1)) - origin}]", text)
    for x, y in zip(p, q):
        ranges = x.subtype == y.subtype == "RANGE"
        if same_reference(maps, title, x.value, y.value) if ranges else x.value == y.value:
            continue
        if not ranges or "!" in x.value or off(x.value, ours[1]) != off(y.value, theirs[1]):
            return False
    return True


def conditional(maps, one, other):
    title, there = one.title, maps[one.title]
    rules = lambda s: sorted(((r.priority, area.sqref, r) for area in s.conditional_formatting for r in area.rules), key=lambda t: (t[0], t[2].type, plain(t[2].iconSet), plain(t[2].dataBar), plain(t[2].colorScale), len(str(t[1]))))
    a, b = rules(one), rules(other)
    if len(a) != len(b):
        return differs("conditional", f"{title}: {len(a)} conditional formats became {len(b)}")
    for (_, x_area, x), (_, y_area, y) in zip(a, b):
        same_areas(there, x_area, y_area, f"{title} conditional format {x.type}")
        for field in ("type", "operator", "dxf", "stopIfTrue", "text", "rank", "percent"):
            if plain(getattr(x, field)) != plain(getattr(y, field)):
                differs("conditional", f"{title}: {field} of {x.type} differs")
        anchored(maps, title, x_area, y_area, list(x.formula), list(y.formula), "conditional")
        for part in ("colorScale", "dataBar", "iconSet"):
            p, q = getattr(x, part), getattr(y, part)
            steps = [[step.val for step in (scale.cfvo if scale else [])] for scale in (p, q)]
            worded = lambda step: "=" + step if isinstance(step, str) else None
            moved = all(a == b or worded(a) and worded(b) and same_formula(maps, title, worded(a), worded(b)) for a, b in zip(*steps))
            bare = lambda scale: re.sub(r"val='[^']*'", "", plain(scale))
            if bare(p) != bare(q) or not moved:
                differs("conditional", f"{title}: {part} differs")


def names(maps, title, about, ours, theirs):
    if sorted(ours) != sorted(theirs):
        return differs("names", f"{about} {sorted(ours)} became {sorted(theirs)}")
    for name in ours:
        x, y = ours[name].attr_text, theirs[name].attr_text
        if not same_formula(maps, title, "=" + x, "=" + y):
            differs("names", f"{about} {name}: {x} became {y}")


def hold(source, copy, canaries=None, lines=None, shown=None):
    """All differences that are no marks, as (kind, text), the altered cells, and what was counted. `shown` are both as LibreOffice
    shows them."""
    for kept in (FOUND, PAINTED, FORMULAS, RULED, COVERED, LOOKS):
        kept.clear()
    changed, thumbnails = package(source, copy)
    before, after = strings(source), strings(copy)
    for key in ("orphans", "beyond", "twice"):
        if after and after[key] > before.get(key, 0):
            differs("strings", f"{key}: {before.get(key)} became {after[key]}")
    maps, altered, counts = workbook(source, copy, lines)
    if thumbnails:
        counts["thumbnails left out"] = thumbnails
    if canaries is not None and counts["canaries"] != canaries:
        differs("canaries", f"{counts['canaries']} rows were put in, not {canaries}")
    if shown:
        import office  # needs LibreOffice

        marks = {"formulas": FORMULAS, "ruled": RULED, "covered": COVERED, "painted": PAINTED}
        office.compare(*shown, maps, altered, marks, differs, counts)
    return list(FOUND), altered, {"changed parts": changed, "strings": [before, after], **counts}


def printed(found, counts):
    """The first differences of each kind and what was counted; whether there was any."""
    kinds = collections.Counter()
    for kind, text in found:
        kinds[kind] += 1
        if kinds[kind] <= LIMIT:
            print(f"{kind}: {text}")
    print(json.dumps({"differences": dict(kinds), **counts}, ensure_ascii=False), flush=True)
    return bool(found)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("source")
    options.add_argument("copy")
    options.add_argument("--canaries", type=int)
    options.add_argument("--office", action="store_true")
    options.add_argument("--lines", type=Path, help="JSON that says which row is which, instead of what the rows hold")
    options.add_argument("--altered", action="store_true", help="list the altered cells")
    asked = options.parse_args()
    shown = None
    if asked.office:
        import office

        shown = office.shown([asked.source, asked.copy])
    lines = json.loads(asked.lines.read_text()) if asked.lines else None
    found, altered, counts = hold(asked.source, asked.copy, asked.canaries, lines, shown)
    differ = printed(found, counts)
    if asked.altered:
        for cell in altered:
            print("altered:", *cell)
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
