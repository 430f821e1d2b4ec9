#!/usr/bin/env python3
"""A reader with one copy who knows the method: can it point at altered cells and canary rows by how they are written?

./forensic.py TAGGANT WORKBOOK ... [--copies 6] [--canaries 5] [--naive]

Issues copies of each workbook (a NAME.toml beside it is its policy, NAME.sheet its sheet), labels cells and rows by holding the
copy against its source, and looks at nothing but the copy's bytes for features. What the values say is not looked at: benches/hunting
does that. Cells that cannot have been altered on sight (blank ones, texts among numbers) are left out. Each feature's area under the
ROC curve is taken within columns of one copy (within one copy for rows), so that it does not learn which columns may be altered.

"Chance" is the spread of that area when labels are shuffled inside columns. Copies of one workbook hold the same records, of which the
same may be altered, so records are shuffled once for all copies of it: shuffled copy by copy, the same few records would count again
with every copy. The combined reader is a forest taught on half of the records and canaries of all workbooks and asked about the others,
and the other way round: it has seen this very workbook's copies, but none of the rows that it is asked about. It is run on all
features, and on those of writing alone, without what the values themselves decide (how long a number is, whether a text stands once).

--naive first writes each copy anew as a careless splice would: new strings at the table's end, inline strings in new rows, numbers
with 17 digits, rows without attributes.
"""
import argparse
import bisect
import collections
import functools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import zlib
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
from lxml import etree
from sklearn.ensemble import RandomForestClassifier

import alignment

warnings.simplefilter("ignore")


def local(element):
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def child(element, name):
    return next((e for e in element if local(e) == name), None)


def number_of(address):
    letters = re.match(r"[A-Z]*", address).group()
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column


# ---------------------------------------------------------------- copies and labels


def issue(taggant, workbook, copies, canaries):
    folder = Path(tempfile.mkdtemp(prefix="forensic"))
    subprocess.run([taggant, "init"], cwd=folder, check=True, capture_output=True)
    command = [taggant, "issue", str(workbook.resolve()), "--out", "out", "--canaries", str(canaries), "--format", "json"]
    for i in range(copies):
        command += ["--to", f"R{i}"]
    if workbook.with_suffix(".toml").exists():
        command += ["--policy", str(workbook.with_suffix(".toml").resolve())]
    if workbook.with_suffix(".sheet").exists():
        command += ["--sheet", workbook.with_suffix(".sheet").read_text().strip()]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        print(f"{workbook.name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        shutil.rmtree(folder)
        return None, []
    return folder, [folder / one["path"] for one in json.loads(done.stdout)]


def is_sequence(values):
    """1, 2, 3 ...: numbered again in every copy, which everybody may see."""
    figures = [v for v in values if isinstance(v, int) and not isinstance(v, bool)]
    return len(figures) > 5 and figures == list(range(figures[0], figures[0] + len(figures)))


@functools.lru_cache(maxsize=1)
def original(source):
    return openpyxl.load_workbook(source), openpyxl.load_workbook(source, data_only=True)


def labels(source, copy):
    """The table's sheet, the source's row of each of its rows (None for canaries), and its cells that were altered, as (row, column)."""
    best = None
    a, shown = original(source)
    b, now = openpyxl.load_workbook(copy), openpyxl.load_workbook(copy, data_only=True)
    for sheet in a.worksheets:
        there = b[sheet.title]
        whose = alignment.align(alignment.values(shown[sheet.title], sheet), alignment.values(now[sheet.title], there))
        altered, new = set(), 0
        numbered = {c for c in range(1, sheet.max_column + 1) if is_sequence([sheet.cell(r, c).value for r in range(1, sheet.max_row + 1)])}
        for j, i in enumerate(whose):
            if i is None:
                new += 1
                continue
            for column in range(1, there.max_column + 1):
                x, y = sheet.cell(i + 1, column).value, there.cell(j + 1, column).value
                x, y = getattr(x, "text", x), getattr(y, "text", y)
                if x != y and column not in numbered and not str(y).startswith("="):
                    altered.add((j + 1, column))
        if best is None or len(altered) + new > best[0]:
            best = (len(altered) + new, sheet.title, {j + 1: i for j, i in enumerate(whose)}, altered)
    return best[1:]


def parts(package, title):
    book = etree.fromstring(package.read("xl/workbook.xml"))
    links = etree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    where = {r.get("Id"): r.get("Target") for r in links}
    for sheet in book.iter():
        if local(sheet) == "sheet" and sheet.get("name") == title:
            identity = next(v for k, v in sheet.attrib.items() if k.endswith("}id"))
            target = where[identity]
            return target.lstrip("/") if target.startswith("/") else "xl/" + target
    raise KeyError(title)


def sheets_in_order(package):
    book = etree.fromstring(package.read("xl/workbook.xml"))
    names = set(package.namelist())
    found = [parts(package, sheet.get("name")) for sheet in book.iter() if local(sheet) == "sheet"]
    return [name for name in found if name in names and "/worksheets/" in name]


def shared(package):
    name = next((n for n in package.namelist() if n.lower().endswith("sharedstrings.xml")), None)
    return name, ([e for e in etree.fromstring(package.read(name)) if local(e) == "si"] if name else [])


# ---------------------------------------------------------------- features


def manner(text):
    """How a text is put down, whatever it says: as what its characters stand there, and which entities there are."""
    kinds = set(re.findall(r"&[a-z]+;|_x[0-9A-Fa-f]{4}_", text))
    kinds |= {kind for kind, found in (("&#9;", r"&#\d+;"), ("&#x;", r"&#x\w+;"), ("raw", r"[^\x00-\x7f]"), ("edge", r"^\s|\s$")) if re.search(found, text)}
    return "{" + " ".join(sorted(kinds)) + "}"


def bones(raw):
    """The markup of a cell or string as it stands, with what it says taken out."""
    raw = re.sub(r"(>)([^<]+)(?=<)", lambda m: m.group(1) + (m.group(2) if not m.group(2).strip() else manner(m.group(2))), raw)
    return re.sub(r"(\b(?:r|s|spans|ht|sb|eb|fontId)=[\"'])[^\"']*", r"\1", raw)


def pieces(raw, name):
    """The elements of this name in a part, as they stand, with the white space before each."""
    return re.findall(rf"\s*<(?:\w+:)?{name}(?=[\s/>])(?:[^>]*/>|.*?</(?:\w+:)?{name}>)", raw, re.S)


def out_of_turn(firsts):
    """Which of the numbers, given in order of first use, are not in the longest run that rises."""
    tops, ends, before = [], [], {}
    for number in firsts:
        at = bisect.bisect_left(tops, number)
        before[number] = ends[at - 1] if at else None
        if at == len(tops):
            tops.append(number)
            ends.append(number)
        else:
            tops[at] = ends[at] = number
    rise, at = set(), ends[-1] if ends else None
    while at is not None:
        rise.add(at)
        at = before[at]
    return set(firsts) - rise


def unlike_most(values):
    """How rare each value is among all."""
    counts = collections.Counter(values)
    return [1 - counts[v] / len(values) for v in values]


# what the values decide, however they are written
OF_VALUES = {"characters of a number", "string used once", "strings used once", "strings new in the row", "string new here", "empty cells", "cells in the row"}


def features(copy, title):
    """Per cell and per row of the sheet, what can be seen in the bytes."""
    package = zipfile.ZipFile(copy)
    name = parts(package, title)
    sheet = etree.fromstring(package.read(name))
    raw = re.search(r"<(?:\w+:)?sheetData.*?>(.*)</(?:\w+:)?sheetData>", package.read(name).decode(), re.S).group(1)
    raw_rows = pieces(raw, "row")
    pool, items = shared(package)
    raw_items = pieces(package.read(pool).decode(), "si") if pool else []
    item_bones = [bones(one) for one in raw_items]
    used, firsts = collections.Counter(), {}
    for part in sheets_in_order(package):
        for cell in etree.fromstring(package.read(part)).iter():
            if local(cell) == "c" and cell.get("t") == "s":
                number = int(child(cell, "v").text)
                used[number] += 1
                firsts.setdefault(number, part)
    late = out_of_turn(list(firsts))
    seen = set()
    for part in sheets_in_order(package):
        if part == name:
            break
        seen |= {number for number, where in firsts.items() if where == part}
    chain = next((n for n in package.namelist() if n.lower().endswith("calcchain.xml")), None)
    chained = {c.get("r") for c in etree.fromstring(package.read(chain))} if chain else set()
    spelled = collections.Counter(raw_items)
    cells, rows = {}, {}
    newest, above, row = -1, {}, 0
    for line, raw_row in zip(next(e for e in sheet if local(e) == "sheetData"), raw_rows, strict=True):
        row = int(line.get("r", row + 1))
        column, here = 0, {}
        for cell, raw_cell in zip(line, pieces(raw_row[raw_row.index(">") :], "c"), strict=True):
            column = number_of(cell.get("r")) if cell.get("r") else column + 1
            value, formula = child(cell, "v"), child(cell, "f")
            text = value.text or "" if value is not None else ""
            found = {"style": cell.get("s", ""), "type": cell.get("t", ""), "markup": bones(raw_cell)}
            found["style unlike the row above"] = float(above.get(column, found["style"]) != found["style"])
            found["no value kept"] = float(value is None and formula is not None)
            found["not in the chain"] = float(bool(chained) and formula is not None and cell.get("r") not in chained)
            inline = child(cell, "is")
            found["filled"] = text != "" or inline is not None and "".join(inline.itertext()) != ""
            figures = cell.get("t", "n") == "n" and text != ""
            found["characters of a number"] = float(len(text)) if figures else 0.0
            found["digits after the 15th"] = float(len(re.sub(r"\D", "", text.split("E")[0]).lstrip("0")) > 15) if figures else 0.0
            found["not the shortest figures"] = float(figures and float(text) == float(text) and text not in (repr(float(text)), repr(float(text)).removesuffix(".0")))
            if cell.get("t") == "s":
                at = int(text)
                found["string's markup"] = item_bones[at]
                found["string before its turn"] = float(max(0, at - newest - 1))
                found["place in the strings"] = at / len(items)
                found["string used once"] = float(used[at] == 1)
                found["string new here"] = float(at not in seen)
                found["string new and out of turn"] = float(at not in seen and at in late)
                found["string new and in turn"] = float(at not in seen and at not in late)
                found["string there twice"] = float(spelled[raw_items[at]] > 1)
                newest = max(newest, at)
                seen.add(at)
            here[column] = found
            cells[row, column] = found
        total = lambda feature: float(sum(f.get(feature, 0) for f in here.values()))
        styles = {c: f["style"] for c, f in here.items()}
        rows[row] = {
            "row's tag": bones(raw_row[: raw_row.index(">") + 1]),
            "row's end": raw_row[raw_row.rindex("<") :] if raw_row.count("<") > 1 else "",
            "spans": line.get("spans", ""),
            "height": line.get("ht", ""),
            "cells in the row": float(len(here)),
            "row's styles": " ".join(styles.values()),
            "styles as in the row above": float(sum(above.get(c) == s for c, s in styles.items())) / max(1, len(styles)),
            "empty cells": float(sum(not f["filled"] for f in here.values())),
            "cells without style": float(sum(s == "" for s in styles.values())),
            "no value kept, in the row": total("no value kept"),
            "not in the chain, in the row": total("not in the chain"),
            "strings before their turn": total("string before its turn"),
            "strings used once": total("string used once"),
            "strings new in the row": total("string new here"),
            "strings new and out of turn": total("string new and out of turn"),
            "strings new and in turn": total("string new and in turn"),
            "mean place in the strings": float(np.mean([f["place in the strings"] for f in here.values() if "place in the strings" in f] or [0])),
            "odd figures in the row": total("not the shortest figures") + total("digits after the 15th"),
        }
        above = styles
    return cells, rows


def oddities(cells, rows):
    """How unlike their columns a row's cells are, the oddest and on the whole: in markup, in style, in their strings' markup."""
    for feature in ("markup", "style", "string's markup"):
        columns = collections.defaultdict(list)
        for (row, column), found in cells.items():
            if row in rows:
                columns[column].append((row, found.get(feature, ""), found["filled"]))
        odd = collections.defaultdict(list)
        for held in columns.values():
            for filled in (True, False):
                alike = [(row, value) for row, value, f in held if f == filled]
                for (row, _), rare in zip(alike, unlike_most([value for _, value in alike])):
                    odd[row].append(rare)
        for row, found in rows.items():
            found[f"oddest {feature}"] = max(odd[row], default=0.0)
            found[f"odd {feature} on the whole"] = float(np.mean(odd[row] or [0]))


def table(things, group):
    """Features as figures: words become how unlike the others of the group they are."""
    names = sorted({n for f in things.values() for n in f} - {"filled"})
    keys = list(things)
    groups = np.array([group(k) for k in keys])
    matrix = np.zeros((len(keys), len(names)))
    for c, name in enumerate(names):
        values = [things[k].get(name, 0.0) for k in keys]
        if any(isinstance(v, str) for v in values):
            by = collections.defaultdict(list)
            for i, g in enumerate(groups):
                by[g].append(i)
            for rows in by.values():
                for i, rare in zip(rows, unlike_most([str(values[i]) for i in rows])):
                    matrix[i, c] = rare
        else:
            matrix[:, c] = values
    return keys, groups, names, matrix


def ranks_within(groups, column):
    """Mid-ranks inside each group, from 0 to 1: a place in the string table means something among its own column only."""
    out = np.zeros(len(column))
    for g in np.unique(groups):
        inside = np.flatnonzero(groups == g)
        values = column[inside]
        order = np.searchsorted(np.sort(values), values, "left") + np.searchsorted(np.sort(values), values, "right")
        out[inside] = order / (2 * len(inside))
    return out


# ---------------------------------------------------------------- areas


class Things:
    """What the reader is asked about, of all copies: cells or rows, with their features and what is true of them."""

    def __init__(self):
        self.book, self.copy, self.group, self.record, self.label, self.columns = [], [], [], [], [], []

    def add(self, book, copy, things, marked, record_of, group):
        """Those of one copy; `record_of`: the source's row, or None for canaries."""
        keys, groups, names, matrix = table(things, group)
        self.book += [book] * len(keys)
        self.copy += [copy] * len(keys)
        self.group += list(groups)
        self.record += [-1 if record_of(k) is None else record_of(k) for k in keys]
        self.label += [k in marked for k in keys]
        self.columns.append({n: ranks_within(groups, matrix[:, c]) for c, n in enumerate(names)})
        self.columns[-1][""] = np.zeros(len(keys))

    def done(self):
        self.book, self.copy, self.group, self.record, self.label = map(np.array, (self.book, self.copy, self.group, self.record, self.label))
        self.names = sorted({n for block in self.columns for n in block} - {""})
        self.matrix = np.column_stack([np.concatenate([b.get(n, b[""]) for b in self.columns]) for n in self.names])
        # a real record is in one half whatever the copy, a canary with its copy
        side = lambda book, record: zlib.crc32(f"{book} {record}".encode()) & 1
        self.half = np.array([c & 1 if r < 0 else side(b, r) for b, c, r in zip(self.book, self.copy, self.record)])
        return self

    def tied(self, halves):
        """Lists of places whose labels are shuffled together: of one column in all copies of a workbook, its records in one order;
        where there are canaries, of each copy by itself."""
        by = collections.defaultdict(list)
        for at in np.lexsort((self.record, self.copy)):
            by[self.book[at], self.group[at], self.half[at] if halves else 0, self.copy[at]].append(at)
        together = collections.defaultdict(list)
        for key, places in by.items():
            alone = self.record[places[0]] < 0
            together[key[:3] + ((key[3],) if alone else ())].append(np.array(places))
        for copies in together.values():
            common = functools.reduce(np.intersect1d, [self.record[places] for places in copies])
            yield [places[np.isin(self.record[places], common)] for places in copies]


def wins(groups, labels, scores):
    """Of all pairs of a marked and an unmarked thing of one group, how many the scores put right."""
    won = total = 0.0
    for rows in groups:
        y, s = labels[rows], scores[rows]
        marked, others = s[y], np.sort(s[~y])
        won += (np.searchsorted(others, marked, "left") + np.searchsorted(others, marked, "right")).sum() / 2
        total += len(marked) * len(others)
    return won / total if total else None


def area(tied, labels, scores, shuffles=60):
    generator = np.random.default_rng(7)
    groups = [rows for copies in tied for rows in copies]
    found = wins(groups, labels, scores)
    if found is None:
        return None
    chance, mixed = [], labels.copy()
    for _ in range(shuffles):
        for copies in tied:
            order = generator.permutation(len(copies[0]))
            for rows in copies:
                mixed[rows] = labels[rows][order]
        chance.append(wins(groups, mixed, scores))
    return found, float(np.std(chance))


def line(name, found):
    print(f"| {name} | {found[0]:.3f} | {found[1]:.3f} | {abs(found[0] - 0.5) / max(found[1], 1e-9):.1f} |", flush=True)


def report(title, things):
    x, y, books = things.matrix, things.label, sorted(set(things.book))
    print(f"\n{title}: {int(y.sum())} of {len(y)} in {len(things.columns)} copies of {len(books)} workbooks")
    print("| feature | area | chance (1 sd) | sd away |\n|---|---|---|---|")
    tied, lines = list(things.tied(False)), []
    for c, name in enumerate(things.names):
        found = area(tied, y, x[:, c])
        if found and found[1] > 0:
            lines.append((abs(found[0] - 0.5) / found[1], name + (" (of values)" if name in OF_VALUES else ""), found))
    for _, name, found in sorted(lines, reverse=True):
        line(name, found)
    tied = list(things.tied(True))
    everything = range(len(things.names))
    for what, columns in (("writing", [c for c in everything if things.names[c] not in OF_VALUES]), ("everything", list(everything))):
        scores = np.zeros(len(y))
        for half in (0, 1):
            asked = things.half == half
            forest = RandomForestClassifier(300, min_samples_leaf=5, class_weight="balanced_subsample", random_state=1, n_jobs=2)
            scores[asked] = forest.fit(x[~asked][:, columns], y[~asked]).predict_proba(x[asked][:, columns])[:, 1]
        line(f"**all of {what}, taught on the other half**", area(tied, y, scores))
        for book in books:
            found = area([copies for copies in tied if things.book[copies[0][0]] == book], y, scores)
            if found:
                line(f"   {what}: {book}", found)


# ---------------------------------------------------------------- the careless splice


def careless(copy, title, new, altered):
    package = zipfile.ZipFile(copy)
    name = parts(package, title)
    sheet = etree.fromstring(package.read(name))
    pool, items = shared(package)
    root = etree.fromstring(package.read(pool)) if pool else None
    space = sheet.nsmap.get(sheet.prefix)
    row = 0
    for line in next(e for e in sheet if local(e) == "sheetData"):
        row = int(line.get("r", row + 1))
        column = 0
        if row in new:
            for key in [k for k in line.attrib if k != "r"]:
                del line.attrib[key]
        for cell in line:
            column = number_of(cell.get("r")) if cell.get("r") else column + 1
            value = child(cell, "v")
            if row not in new and (row, column) not in altered or value is None:
                continue
            if cell.get("t") == "s":
                if row in new:
                    item = items[int(value.text)]
                    cell.set("t", "inlineStr")
                    cell.remove(value)
                    held = etree.SubElement(cell, f"{{{space}}}is")
                    held.extend(etree.fromstring(etree.tostring(item)))
                else:
                    root.append(etree.fromstring(etree.tostring(items[int(value.text)])))
                    value.text = str(len(root) - 1)
            elif cell.get("t", "n") == "n":
                value.text = "%.17g" % (float(value.text) + 1e-13 * (float(value.text) % 1 != 0))
    package.close()
    old = zipfile.ZipFile(copy)
    held = [(i, old.read(i)) for i in old.infolist()]
    old.close()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as fresh:
        for info, data in held:
            if info.filename == name:
                data = etree.tostring(sheet, xml_declaration=True, encoding="UTF-8", standalone=True)
            elif info.filename == pool:
                data = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
            fresh.writestr(info, data)


def kind_of(found):
    """What a reader sees of a cell without looking twice: a number, a text, nothing."""
    return found["filled"], found["type"] in ("", "n")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("taggant")
    options.add_argument("workbooks", nargs="+", type=Path)
    options.add_argument("--copies", type=int, default=6)
    options.add_argument("--canaries", type=int, default=5)
    options.add_argument("--naive", action="store_true")
    asked = options.parse_args()
    taggant = str(Path(asked.taggant).resolve())
    every_cell, every_row = Things(), Things()
    for workbook in asked.workbooks:
        folder, copies = issue(taggant, workbook, asked.copies, asked.canaries)
        read = []
        for copy in copies:
            title, whose, altered = labels(workbook, copy)
            if asked.naive:
                careless(copy, title, {row for row, record in whose.items() if record is None}, altered)
            read.append((whose, altered, *features(copy, title)))
        if folder:
            shutil.rmtree(folder)
        kinds, touched = collections.defaultdict(collections.Counter), set()
        for whose, altered, cells, _ in read:
            for row, column in altered:
                kinds[column][kind_of(cells[row, column])] += 1
                touched.add(whose[row])
            # a canary stands behind a record of the table, or before one
            touched |= {whose.get(row - 1, whose.get(row + 1)) for row, record in whose.items() if record is None} - {None}
        if not touched:
            continue
        usual = {column: counts.most_common(1)[0][0] for column, counts in kinds.items()}
        for number, (whose, altered, cells, rows) in enumerate(read):
            of_table = lambda row: whose.get(row) is None or min(touched) <= whose[row] <= max(touched)
            new = {row for row, record in whose.items() if record is None}
            could = {k: f for k, f in cells.items() if k[0] not in new and of_table(k[0]) and usual.get(k[1]) == kind_of(f)}
            if could:
                every_cell.add(workbook.stem, number, could, altered, lambda k: whose[k[0]], lambda k: k[1])
            if new:
                rows = {r: f for r, f in rows.items() if of_table(r)}
                oddities(cells, rows)
                every_row.add(workbook.stem, number, rows, new, whose.get, lambda r: 0)
    if every_cell.columns:
        report("Altered cells", every_cell.done())
    if every_row.columns:
        report("Canary rows", every_row.done())


main()
