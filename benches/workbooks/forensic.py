#!/usr/bin/env python3
"""A reader with one copy who knows the method: can it point at altered cells and canary rows by how they are written?

./forensic.py TAGGANT WORKBOOK ... [--copies 6] [--canaries 5] [--naive]

Issues copies of each workbook (a NAME.toml beside it is its policy, NAME.sheet its sheet), labels cells and rows by holding the
copy against its source, and looks at nothing but the copy's bytes for features. What the values say is not looked at: benches/hunting
does that. Each feature's area under the ROC curve is taken within columns of one copy (within one copy for rows), so that it does
not learn which columns may be altered; "chance" is the spread of that area when labels are shuffled inside columns. The combined
reader is a forest taught on the copies of the other workbooks. --naive first writes each copy anew as a careless splice would: new
strings at the table's end, inline strings in new rows, numbers with 17 digits, rows without attributes.
"""
import argparse
import collections
import json
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
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


def labels(source, copy):
    """The table's sheet, its rows that are canaries, and its cells that were altered, as (row, column)."""
    best = None
    a, b = openpyxl.load_workbook(source), openpyxl.load_workbook(copy)
    shown, now = openpyxl.load_workbook(source, data_only=True), openpyxl.load_workbook(copy, data_only=True)
    for sheet in a.worksheets:
        there = b[sheet.title]
        whose = alignment.align(alignment.values(shown[sheet.title], sheet), alignment.values(now[sheet.title], there))
        altered, new = set(), set()
        numbered = {c for c in range(1, sheet.max_column + 1) if is_sequence([sheet.cell(r, c).value for r in range(1, sheet.max_row + 1)])}
        for j, i in enumerate(whose):
            if i is None:
                new.add(j + 1)
                continue
            for column in range(1, there.max_column + 1):
                x, y = sheet.cell(i + 1, column).value, there.cell(j + 1, column).value
                x, y = getattr(x, "text", x), getattr(y, "text", y)
                if x != y and column not in numbered and not str(y).startswith("="):
                    altered.add((j + 1, column))
        if best is None or len(altered) + len(new) > len(best[1]) + len(best[2]):
            best = (sheet.title, new, altered)
    return best


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


def shared(package):
    name = next((n for n in package.namelist() if n.lower().endswith("sharedstrings.xml")), None)
    return name, ([e for e in etree.fromstring(package.read(name)) if local(e) == "si"] if name else [])


# ---------------------------------------------------------------- features


def shape(element):
    """Which attributes an element has, in which order, with figures taken out."""
    keep = []
    for key, value in element.attrib.items():
        name = etree.QName(key).localname
        keep.append(name + ("=" + value if name in ("t", "customFormat", "customHeight", "hidden") else ""))
    return " ".join(keep) + "|" + " ".join(local(e) for e in element)


def unlike_most(values):
    """How rare each value is among all."""
    counts = collections.Counter(values)
    return [1 - counts[v] / len(values) for v in values]


def features(copy, title):
    """Per cell and per row of the sheet, what can be seen in the bytes."""
    package = zipfile.ZipFile(copy)
    sheet = etree.fromstring(package.read(parts(package, title)))
    _, items = shared(package)
    used = collections.Counter()
    for name in package.namelist():
        if re.search(r"worksheets/[^/]*\.xml$", name):
            for cell in etree.fromstring(package.read(name)).iter():
                if local(cell) == "c" and cell.get("t") == "s":
                    used[int(child(cell, "v").text)] += 1
    chain = next((n for n in package.namelist() if n.lower().endswith("calcchain.xml")), None)
    chained = {c.get("r") for c in etree.fromstring(package.read(chain))} if chain else set()
    spelled = collections.Counter(etree.tostring(e) for e in items)
    cells, rows = {}, {}
    newest, above = -1, {}
    row = 0
    for line in next(e for e in sheet if local(e) == "sheetData"):
        row = int(line.get("r", row + 1))
        column, here, gaps = 0, {}, []
        for cell in line:
            column = number_of(cell.get("r")) if cell.get("r") else column + 1
            value, formula = child(cell, "v"), child(cell, "f")
            text = value.text or "" if value is not None else ""
            found = {"style": cell.get("s", ""), "type": cell.get("t", ""), "shape": shape(cell)}
            found["style unlike the row above"] = float(above.get(column, found["style"]) != found["style"])
            found["no value kept"] = float(value is None and formula is not None)
            found["not in the chain"] = float(bool(chained) and formula is not None and cell.get("r") not in chained)
            found["inline"] = float(cell.get("t") == "inlineStr")
            figures = cell.get("t", "n") == "n" and text != ""
            found["characters of a number"] = float(len(text)) if figures else 0.0
            found["digits after the 15th"] = float(len(re.sub(r"\D", "", text.split("E")[0]).lstrip("0")) > 15) if figures else 0.0
            found["not the shortest figures"] = float(figures and float(text) == float(text) and text not in (repr(float(text)), repr(float(text)).removesuffix(".0")))
            if cell.get("t") == "s":
                at = int(text)
                item = items[at]
                found["string before its turn"] = float(max(0, at - newest - 1))
                found["string after its turn"] = float(at < newest and used[at] == 1)
                found["place in the strings"] = at / len(items)
                found["string used once"] = float(used[at] == 1)
                found["string there twice"] = float(spelled[etree.tostring(item)] > 1)
                found["runs, reading or space kept"] = float(len(item) != 1 or bool(item[0].attrib))
                gaps.append(found["string before its turn"])
                newest = max(newest, at)
            here[column] = found
            cells[row, column] = found
        styles = {c: f["style"] for c, f in here.items()}
        rows[row] = {
            "row's attributes": shape(line).split("|")[0],
            "spans": line.get("spans", ""),
            "height": line.get("ht", ""),
            "cells in the row": float(len(here)),
            "row's styles": " ".join(styles.values()),
            "styles as in the row above": float(sum(above.get(c) == s for c, s in styles.items())) / max(1, len(styles)),
            "no value kept, in the row": float(sum(f["no value kept"] for f in here.values())),
            "not in the chain, in the row": float(sum(f["not in the chain"] for f in here.values())),
            "inline, in the row": float(sum(f["inline"] for f in here.values())),
            "empty cells written": float(sum(f["shape"].endswith("|") for f in here.values())),
            "cells without style": float(sum(s == "" for s in styles.values())),
            "strings before their turn": float(sum(gaps)),
            "strings after their turn": float(sum(f.get("string after its turn", 0) for f in here.values())),
            "strings used once": float(sum(f.get("string used once", 0) for f in here.values())),
            "mean place in the strings": float(np.mean([f["place in the strings"] for f in here.values() if "place in the strings" in f] or [0])),
            "runs, reading or space kept, in the row": float(sum(f.get("runs, reading or space kept", 0) for f in here.values())),
            "odd figures in the row": float(sum(f["not the shortest figures"] + f["digits after the 15th"] for f in here.values())),
        }
        above = styles
    return cells, rows


def table(things, group):
    """Features as figures: words become how unlike the others of the group they are."""
    names = sorted({n for f in things.values() for n in f})
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


def pairs(groups, labels, scores):
    """Wins and pairs of a marked thing against an unmarked one of the same group."""
    wins = total = 0.0
    for rows in groups:
        y, s = labels[rows], scores[rows]
        marked, others = s[y], s[~y]
        if len(marked) and len(others):
            others = np.sort(others)
            wins += (np.searchsorted(others, marked, "left") + np.searchsorted(others, marked, "right")).sum() / 2
            total += len(marked) * len(others)
    return wins, total


def area(groups, labels, scores, generator, shuffles=60):
    wins, total = pairs(groups, labels, scores)
    if total == 0:
        return None
    chance = []
    for _ in range(shuffles):
        mixed = labels.copy()
        for rows in groups:
            mixed[rows] = generator.permutation(mixed[rows])
        w, t = pairs(groups, mixed, scores)
        chance.append(w / t)
    return wins / total, float(np.std(chance))


def report(title, blocks):
    """`blocks`: of each copy (workbook, groups, labels, names, matrix)."""
    generator = np.random.default_rng(7)
    names = sorted({n for b in blocks for n in b[3]})
    groups, start = [], 0
    labels, books, columns = [], [], []
    for number, (book, inside, marks, its, matrix) in enumerate(blocks):
        for g in np.unique(inside):
            groups.append(start + np.flatnonzero(inside == g))
        full = np.zeros((len(marks), len(names)))
        for c, name in enumerate(its):
            full[:, names.index(name)] = ranks_within(inside, matrix[:, c])
        columns.append(full)
        labels.append(marks)
        books += [book] * len(marks)
        start += len(marks)
    y, x, books = np.concatenate(labels), np.vstack(columns), np.array(books)
    print(f"\n{title}: {int(y.sum())} of {len(y)} in {len(blocks)} copies of {len(set(books))} workbooks")
    print("| feature | area | chance (1 sd) | sd away |\n|---|---|---|---|")
    lines = []
    for c, name in enumerate(names):
        found = area(groups, y, x[:, c], generator)
        if found and found[1] > 0:
            lines.append((abs(found[0] - 0.5) / found[1], name, *found))
    for away, name, value, spread in sorted(lines, reverse=True):
        print(f"| {name} | {value:.3f} | {spread:.3f} | {away:.1f} |")
    scores = np.zeros(len(y))
    for book in sorted(set(books)):
        out = books == book
        if y[~out].sum() < 10 or out.all():
            continue
        forest = RandomForestClassifier(200, min_samples_leaf=5, class_weight="balanced_subsample", random_state=1, n_jobs=2)
        scores[out] = forest.fit(x[~out], y[~out]).predict_proba(x[out])[:, 1]
    found = area(groups, y, scores, generator)
    if found:
        print(f"| **all, taught on the other workbooks** | {found[0]:.3f} | {found[1]:.3f} | {abs(found[0] - 0.5) / max(found[1], 1e-9):.1f} |")
    for book in sorted(set(books)):
        inside = [g for g in groups if books[g[0]] == book]
        one = area(inside, y, scores, generator)
        if one:
            print(f"|   {book} | {one[0]:.3f} | {one[1]:.3f} | {abs(one[0] - 0.5) / max(one[1], 1e-9):.1f} |")


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


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("taggant")
    options.add_argument("workbooks", nargs="+", type=Path)
    options.add_argument("--copies", type=int, default=6)
    options.add_argument("--canaries", type=int, default=5)
    options.add_argument("--naive", action="store_true")
    asked = options.parse_args()
    taggant = str(Path(asked.taggant).resolve())
    cell_blocks, row_blocks = [], []
    for workbook in asked.workbooks:
        folder, copies = issue(taggant, workbook, asked.copies, asked.canaries)
        for copy in copies:
            title, new, altered = labels(workbook, copy)
            if asked.naive:
                careless(copy, title, new, altered)
            cells, rows = features(copy, title)
            moved = {c for _, c in altered}
            first = min([r for r, _ in altered] + list(new), default=1)
            cells = {k: v for k, v in cells.items() if k[1] in moved and k[0] >= first and k[0] not in new}
            rows = {k: v for k, v in rows.items() if k >= first}
            if altered:
                keys, groups, names, matrix = table(cells, lambda k: k[1])
                cell_blocks.append((workbook.stem, groups, np.array([k in altered for k in keys]), names, matrix))
            if new:
                keys, groups, names, matrix = table(rows, lambda k: 0)
                row_blocks.append((workbook.stem, groups, np.array([k in new for k in keys]), names, matrix))
        if folder:
            shutil.rmtree(folder)
    if cell_blocks:
        report("Altered cells", cell_blocks)
    if row_blocks:
        report("Canary rows", row_blocks)


main()
