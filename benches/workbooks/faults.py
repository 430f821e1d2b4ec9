#!/usr/bin/env python3
"""Does the comparison see a fault? ./faults.py SOURCE COPY plants one at a time in a copy and holds each against the source.

Each fault must be found by sizes, values or pictures alone, and the copy without one must be clean. Exit code 1 otherwise.
"""
import collections
import re
import sys
import tempfile
import zipfile
from pathlib import Path

import compare
import office

STYLES = "xl/styles.xml"


def part_of(copy):
    """The part with the table's sheet: the longest."""
    package = zipfile.ZipFile(copy)
    sheets = [i for i in package.infolist() if "/worksheets/sheet" in i.filename]
    return max(sheets, key=lambda i: i.file_size).filename


def planted(copy, into, part, change):
    """The copy with one part changed."""
    source = zipfile.ZipFile(copy)
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == part:
                changed = change(content.decode()).encode()
                assert changed != content, f"nothing was planted in {part}"
                content = changed
            out.writestr(entry, content)
    return into


def attribute(tag, name, value):
    """A tag with another value of an attribute."""
    found = re.search(rf'\s{name}="[^"]*"', tag)
    if found:
        return tag[: found.start()] + f' {name}="{value}"' + tag[found.end() :]
    return re.sub(r"(/?>)$", rf' {name}="{value}"\1', tag, count=1)


class Plant:
    """Where faults can be planted in a copy so that nothing excuses them."""

    def __init__(self, copy, altered):
        self.copy, self.part = copy, part_of(copy)
        sheet = zipfile.ZipFile(copy).read(self.part).decode()
        excused = {(place, column) for _, _, place, column, *_ in altered}
        ruled = {column for _, _, column in compare.RULED}
        cells = []
        for found in re.finditer(r'<c r="([A-Z]+)(\d+)"[^>]*? t="s"[^>]*><v>(\d+)</v></c>', sheet):
            row = int(found[2])
            column = 0
            for letter in found[1]:
                column = column * 26 + ord(letter) - 64
            beside = {(row, column + step) for step in (-1, 0, 1)}
            if not beside & excused and not {column} & ruled and row > 12:
                cells.append((row, column, found))
        # a text that many rows share may be a canary's, one of its own is a record's
        used = collections.Counter(found[3] for *_, found in cells)
        self.row, self.column, self.cell = next(c for c in cells[len(cells) // 2 :] if used[c[2][3]] == 1)
        self.style = int(re.search(r'\ss="(\d+)"', self.cell[0])[1])
        self.head = int(re.search(r'<c r="[A-Z]+\d+"[^>]*?\ss="(\d+)"', sheet)[1])

    def in_cell(self, change):
        return self.part, lambda sheet: sheet.replace(self.cell[0], change(self.cell[0]), 1)

    def in_tag(self, pattern, name, value):
        def change(sheet):
            found = re.search(pattern, sheet)
            return sheet[: found.start()] + attribute(found[0], name, value(found[0])) + sheet[found.end() :]

        return self.part, change

    def in_style(self, what, change):
        """A change of the font, fill or border (as written in styles.xml) that the cell's style has."""

        def restyled(styles):
            formats = re.search(r"<cellXfs.*?</cellXfs>", styles, re.S)[0]
            number = int(re.search(rf'{what}Id="(\d+)"', re.findall(r"<xf [^>]*>", formats)[self.style])[1])
            all_of = re.search(rf"<{what}s[ >].*?</{what}s>", styles, re.S)
            one = list(re.finditer(rf"<{what}(?:\s[^>]*)?(?:/>|>.*?</{what}>)", all_of[0], re.S))[number]
            at = all_of.start() + one.start()
            return styles[:at] + change(one[0]) + styles[at + len(one[0]) :]

        return STYLES, restyled

    def faults(self):
        wide = rf'<col [^>]*?min="{self.column}"[^>]*?>'
        row = rf'<row r="{self.row}"[^>]*>'
        grown = lambda tag: "%.2f" % (1.12 * float(re.search(r'\bwidth="([\d.]+)"', tag)[1]))
        coloured = lambda font: re.sub(r"<color [^>]*/>", "", font).replace("<sz", '<color rgb="FF8A1538"/><sz', 1)
        bold = lambda font: font.replace("<sz", "<b/><sz", 1)
        larger = lambda font: re.sub(r'<sz val="([\d.]+)"', lambda m: f'<sz val="{float(m[1]) + 1}"', font)
        paler = lambda fill: re.sub(r'<fgColor rgb="FF(..)(....)"', lambda m: f'<fgColor rgb="FF{int(m[1], 16) ^ 24:02X}{m[2]}"', fill)
        return {
            "a cell in another style": self.in_cell(lambda cell: attribute(cell.split(">")[0] + ">", "s", self.head) + cell.split(">", 1)[1]),
            "a column an eighth wider": self.in_tag(wide, "width", grown),
            "a row three points higher": self.in_tag(row, "ht", lambda tag: 3 + float((re.search(r'\bht="([\d.]+)"', tag) or [0, "15"])[1])),
            "a row hidden": self.in_tag(row, "hidden", lambda tag: 1),
            "a font coloured": self.in_style("font", coloured),
            "a font bold": self.in_style("font", bold),
            "a font one point larger": self.in_style("font", larger),
            "a fill paler by 24 of 255": self.in_style("fill", paler),
            "a border gone": self.in_style("border", lambda border: "<border><left/><right/><top/><bottom/><diagonal/></border>"),
        }


def main():
    source, copy = map(Path, sys.argv[1:3])
    found, altered, _ = compare.hold(source, copy)
    plant = Plant(copy, altered)
    print(f"in row {plant.row}, column {plant.column} of {plant.part}")
    with tempfile.TemporaryDirectory() as folder:
        books = {"no fault": copy}
        for at, (name, (part, change)) in enumerate(plant.faults().items()):
            try:
                books[name] = planted(copy, Path(folder) / f"{at}.xlsx", part, change)
            except AssertionError as none:
                print(f"{name}: {none}")
        shown = office.shown([source, *books.values()])
        bad = 0
        for (name, book), pictures in zip(books.items(), shown[1:]):
            found, _, _ = compare.hold(source, book, shown=(shown[0], pictures))
            seen = [text for kind, text in found if kind in ("pictures", "sizes", "office")]
            print(f"{name}: {len(seen)} seen{': ' + seen[0] if seen else ''}")
            bad += bool(seen) == (name == "no fault")
    sys.exit(1 if bad else 0)


main()
