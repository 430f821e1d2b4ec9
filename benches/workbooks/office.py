"""What LibreOffice makes of a workbook and of its copy: values of every sheet after it worked out the formulas, and pictures.

Every sheet is printed on one page of its own; where rows and columns lie on it is read from the flat form of the same file.
"""
import csv
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from lxml import etree

CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
PDF = 'pdf:calc_pdf_Export:{"SinglePageSheets":{"type":"boolean","value":"true"}}'
DOTS = 96


def convert(home, path, into, form):
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{home}", "--headless", "--convert-to", form, "--outdir", str(into), str(path)],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
    )


def sheets(folder):
    """Every sheet's rows as LibreOffice shows them, by the sheet's name."""
    found = {}
    for path in folder.glob("book-*.csv"):
        with open(path, encoding="utf-8", newline="") as file:
            found[path.stem[len("book-"):]] = list(csv.reader(file))
    return found


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
        for line in sheet.iter():
            kind = local(line)
            if kind not in ends:
                continue
            times = int(get(line, f"number-{'rows' if kind == 'table-row' else 'columns'}-repeated") or 1)
            high = 0.0 if get(line, "visibility") in ("collapse", "filter") else size.get(get(line, "style-name"), 0.0)
            for _ in range(min(times, 3000 - len(ends[kind]))):
                ends[kind].append(ends[kind][-1] + high)
        out.append((get(sheet, "name"), ends["table-row"], ends["table-column"]))
    return out


def pictures(pdf, into):
    tool = shutil.which("pdftoppm")
    if tool is None:
        return None
    subprocess.run([tool, "-r", str(DOTS), "-gray", str(pdf), str(into / "page")], check=True)
    pages = []
    for path in sorted(into.glob("page*.pgm"), key=lambda p: int(re.search(r"(\d+)\.pgm$", p.name).group(1))):
        head, data = path.read_bytes().split(b"\n255\n", 1)
        wide, high = map(int, head.split()[1:3])
        pages.append(np.frombuffer(data, np.uint8).reshape(high, wide).astype(int))
        path.unlink()
    return pages


def taken_apart(home, path):
    folder = Path(tempfile.mkdtemp(prefix="office"))
    book = folder / "book.xlsx"
    shutil.copy(path, book)
    convert(home, book, folder, CSV)
    convert(home, book, folder, PDF)
    convert(home, book, folder, "fods")
    made = sheets(folder), layout(folder / "book.fods"), pictures(folder / "book.pdf", folder)
    shutil.rmtree(folder)
    return made


def unlike(a, b):
    """The part of two boxes' dots that differ, the best of small shifts: heights are rounded on the way to the page."""
    high, wide = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    if high < 9 or wide < 9:
        return 0.0
    inner = a[4 : high - 4, 4 : wide - 4]
    best = 1.0
    for down in range(-4, 5):
        for right in (-1, 0, 1):
            other = b[4 + down : high - 4 + down, 4 + right : wide - 4 + right]
            best = min(best, float((abs(inner - other) > 60).mean()))
    return best


def compare(source, copy, maps, altered, differs, counts, formulas, painted):
    """`formulas`: cells of the source that hold one, as (sheet, row, column); `painted`: rows with the stripe of their place."""
    home = tempfile.mkdtemp(prefix="officehome")
    (ours, where, before), (theirs, there, after) = taken_apart(home, source), taken_apart(home, copy)
    shutil.rmtree(home, ignore_errors=True)
    changed = {(sheet, row, column) for sheet, row, _, column, *_ in altered}
    for title in ours:
        if title not in maps:
            continue
        for i, line in enumerate(ours[title], 1):
            j = maps[title].row(i)
            other = theirs[title][j - 1] if j <= len(theirs[title]) else []
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
    if before is None:
        return
    if len(before) != len(after) or len(before) != len(where):
        return differs("pictures", f"{len(before)} pages became {len(after)}; {len(where)} sheets are shown")
    for (title, rows, columns), (_, rows_now, columns_now), page, now in zip(where, there, before, after):
        at = lambda ends, k: round(ends[min(k, len(ends) - 1)] * DOTS)
        last = min(len(ours.get(title, [])), len(rows) - 1)
        for i in range(1, last + 1):
            j = maps[title].row(i) if title in maps else i
            for column in range(1, len(columns)):
                if (title, i, column) in changed or (title, i, column) in formulas or (title, i) in painted:
                    continue
                box = page[at(rows, i - 1) : at(rows, i), at(columns, column - 1) : at(columns, column)]
                other = now[at(rows_now, j - 1) : at(rows_now, j), at(columns_now, column - 1) : at(columns_now, column)]
                if box.size == 0 and other.size == 0:
                    continue
                counts["boxes looked at"] += 1
                if box.size == 0 or other.size == 0:
                    differs("pictures", f"{title} row {i}->{j} column {column}: shown in one only")
                elif (part := unlike(box, other)) > 0.03:
                    differs("pictures", f"{title} row {i}->{j} column {column}: {part:.0%} of the dots differ")
