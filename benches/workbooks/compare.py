#!/usr/bin/env python3
"""Holds a copy of a workbook against its source: ./compare.py SOURCE COPY [--canaries N] [--office] [--quiet]

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

import openpyxl
from lxml import etree
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries

import alignment

warnings.simplefilter("ignore")
FOUND = []
PAINTED, FORMULAS = set(), set()
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
    new = [i.filename for i in b if i.filename not in ours.namelist()]
    if gone or new:
        differs("package", f"parts gone {gone}, new {new}")
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
        if name.endswith((".xml", ".rels", ".vml")):
            try:
                etree.fromstring(theirs.read(name))
            except etree.XMLSyntaxError as error:
                differs("package", f"{name}: not well formed: {error}")
    if ours.comment != theirs.comment:
        differs("package", "the archive's comment changed")
    return changed


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
    a, b = [t for t in Tokenizer(ours).items], [t for t in Tokenizer(theirs).items]
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
    rows = lambda m: (int(m.group(3) or 1), int(m.group(5) or m.group(3) or 1))
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
        left, top, right, bottom = range_boundaries(area.replace("$", ""))
        for column in range(left or 1, (right or 16384) + 1):
            out[column].append((top or 1, bottom or 1048576))
    return out


def same_areas(there, ours, theirs, about):
    """Areas cover the same cells as before at their new places, canaries as their neighbours."""
    a, b = cells(ours), cells(theirs)
    if set(a) != set(b):
        return differs("areas", f"{about}: {ours} became {theirs}")
    for column in a:
        want = {there.row(r) for top, bottom in a[column] for r in range(top, min(bottom, there.last) + 1)}
        have = {r for top, bottom in b[column] for r in range(top, min(bottom, there.last + there.shift) + 1)}
        if want - have or have - want - there.new:
            return differs("areas", f"{about}: {ours} became {theirs}: lost rows {sorted(want - have)[:5]}, took in {sorted(have - want - there.new)[:5]}")
        for row in there.new - have:
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


LOOKS = {}


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


def workbook(source, copy):
    """Compares through openpyxl; the table's sheet is the one that differs in its rows."""
    ours, theirs = openpyxl.load_workbook(source, rich_text=True), openpyxl.load_workbook(copy, rich_text=True)
    shown, now = openpyxl.load_workbook(source, data_only=True), openpyxl.load_workbook(copy, data_only=True)
    if ours.sheetnames != theirs.sheetnames:
        differs("sheets", f"{ours.sheetnames} became {theirs.sheetnames}")
    maps, altered, counts = {}, [], collections.Counter()
    pairs = [(s, theirs[s.title]) for s in ours.worksheets if s.title in theirs.sheetnames]
    for one, other in pairs:
        whose = alignment.align(alignment.values(shown[one.title], one), alignment.values(now[one.title], other))
        maps[one.title] = Map(one.title, whose)
        moved = sum(1 for j, i in enumerate(x for x in whose if x is not None) if i != j)
        counts["canaries"] += len(maps[one.title].new)
        counts["rows out of order"] += moved
    for one, other in pairs:
        if type(one).__name__ == "Worksheet":
            sheet(maps, one, other, shown[one.title], now[one.title], altered, counts)
            features(maps, one, other)
    for name, book_a, book_b in [("names", ours.defined_names, theirs.defined_names)]:
        names(maps, "", name, book_a, book_b)
    counts["altered"] = len(altered)
    return maps, altered, counts


def sheet(maps, one, other, shown, now, altered, counts):
    there = maps[one.title]
    wide = max(one.max_column, other.max_column)
    for row in range(1, one.max_row + 1):
        place = there.row(row)
        looks = [styled(other.cell(place, c)) for c in range(1, wide + 1)]
        rebanded = place != row and looks != [styled(one.cell(row, c)) for c in range(1, wide + 1)] and repainted(one, row, looks, wide)
        counts["rows painted as their place is"] += rebanded
        if rebanded:
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
                if p[name] != q[name] and not (rebanded and name in STYLE):
                    differs("style", f"{where}: {name} differs: {plain(p[name])[:80]!r} / {plain(q[name])[:80]!r}")
        p, q = one.row_dimensions.get(row), other.row_dimensions.get(place)
        get = lambda d, f: getattr(d, f, None) if d else None
        for field in ("ht", "customHeight", "hidden", "outlineLevel", "collapsed", "s", "thickBot", "thickTop"):
            if (get(p, field) or None) != (get(q, field) or None):
                differs("row", f"{one.title} row {row}->{place}: {field} {get(p, field)} became {get(q, field)}")
    canaries(there, one, other)


def repainted(one, row, looks, wide):
    """Whether a row that moved took on the stripe of its place: all of its cells look as those of a neighbour did."""
    return any(1 <= r <= one.max_row and looks == [styled(one.cell(r, c)) for c in range(1, wide + 1)] for r in (row - 1, row + 1, row - 2, row + 2))


def canaries(there, one, other):
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
    same_areas(there, " ".join(sorted(map(str, one.merged_cells.ranges))) or "A1", " ".join(sorted(map(str, other.merged_cells.ranges))) or "A1", f"{title} merged areas")
    if len(one.merged_cells.ranges) != len(other.merged_cells.ranges):
        differs("merged", f"{title}: {len(one.merged_cells.ranges)} merged areas became {len(other.merged_cells.ranges)}")
    for field in ("freeze_panes", "print_title_rows", "print_title_cols"):
        if getattr(one, field) != getattr(other, field):
            differs("sheet", f"{title}: {field} {getattr(one, field)} became {getattr(other, field)}")
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
        if [plain(c) for c in x.tableColumns] != [plain(c) for c in y.tableColumns]:
            differs("table", f"table {name}: columns differ")
    for kind in ("_charts", "_images"):
        p, q = getattr(one, kind), getattr(other, kind)
        if len(p) != len(q):
            differs("drawing", f"{title}: {len(p)} {kind} became {len(q)}")
        for x, y in zip(p, q):
            for corner in ("_from", "to"):
                if hasattr(x.anchor, corner):
                    u, v = getattr(x.anchor, corner), getattr(y.anchor, corner)
                    if u and (there.row(u.row + 1), u.col) != (v.row + 1, v.col):
                        differs("drawing", f"{title}: {kind} {corner} row {u.row + 1} became {v.row + 1}")
    names(maps, title, "local names", one.defined_names, other.defined_names)


def anchored(maps, title, ours, theirs, before, after, about):
    """Formulas that are relative to the first cell of an area. Both ends are read where that cell is."""
    for x, y in zip(before, after):
        if not isinstance(x, str) or not isinstance(y, str):
            if x != y:
                differs(about, f"{title}: {x} became {y}")
            continue
        top = lambda s: min(range_boundaries(part.replace("$", ""))[1] for part in str(s).split())
        a, b, there = top(ours), top(theirs), maps[title]

        def relative(formula, origin):
            tokens = Tokenizer("=" + formula).items
            return [re.sub(r"(?<![$\d])(\d+)(?!\d)", lambda m: f"[{int(m.group(1)) - origin}]", t.value) if t.subtype == "RANGE" and "!" not in t.value else t.value for t in tokens]

        if relative(x, a) != relative(y, b) and not same_formula(maps, title, "=" + x, "=" + y):
            differs(about, f"{title}: {x} at {ours} became {y} at {theirs}")


def conditional(maps, one, other):
    title, there = one.title, maps[one.title]
    rules = lambda s: sorted(((r.priority, area.sqref, r) for area in s.conditional_formatting for r in area.rules), key=lambda t: (t[0], str(t[1])))
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
            if plain(getattr(x, part)) != plain(getattr(y, part)):
                differs("conditional", f"{title}: {part} differs")


def names(maps, title, about, ours, theirs):
    if sorted(ours) != sorted(theirs):
        return differs("names", f"{about} {sorted(ours)} became {sorted(theirs)}")
    for name in ours:
        x, y = ours[name].attr_text, theirs[name].attr_text
        if not same_formula(maps, title, "=" + x, "=" + y):
            differs("names", f"{about} {name}: {x} became {y}")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("source")
    options.add_argument("copy")
    options.add_argument("--canaries", type=int)
    options.add_argument("--office", action="store_true")
    options.add_argument("--altered", action="store_true", help="list the altered cells")
    asked = options.parse_args()
    changed = package(asked.source, asked.copy)
    table = strings(asked.copy)
    before = strings(asked.source)
    for key in ("orphans", "beyond", "twice"):
        if table and table[key] > before.get(key, 0):
            differs("strings", f"{key}: {before.get(key)} became {table[key]}")
    maps, altered, counts = workbook(asked.source, asked.copy)
    if asked.canaries is not None and counts["canaries"] != asked.canaries:
        differs("canaries", f"{counts['canaries']} rows were put in, not {asked.canaries}")
    if asked.office:
        import office  # needs LibreOffice

        office.compare(asked.source, asked.copy, maps, altered, differs, counts, FORMULAS, PAINTED)
    kinds = collections.Counter()
    for kind, text in FOUND:
        kinds[kind] += 1
        if kinds[kind] <= LIMIT:
            print(f"{kind}: {text}")
    if asked.altered:
        for cell in altered:
            print("altered:", *cell)
    print(json.dumps({"differences": dict(kinds), "changed parts": changed, "strings": [before, table], **counts}, ensure_ascii=False))
    sys.exit(1 if FOUND else 0)


main()
