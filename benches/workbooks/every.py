#!/usr/bin/env python3
"""Issues fresh copies of every workbook of fixtures/workbooks and holds each against its source: ./every.py TAGGANT [WORKBOOK ...] [--office]

A `.toml` beside a workbook is its policy, a `.sheet` the name of the sheet. Exit code 1 where a copy differs in more than its marks.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import compare
import office

HERE = Path(__file__).resolve().parent
IN_PLACE = {"sheet": None}
FIXTURES = HERE.parent.parent / "fixtures" / "workbooks"


def issued(program, workbook, desk):
    """What the program says of the copy that it made of a workbook, its path among it."""
    subprocess.run([program, "init"], cwd=desk, check=True, capture_output=True)
    policy, sheet = workbook.with_suffix(".toml"), workbook.with_suffix(".sheet")
    more = ["--policy", policy] if policy.exists() else []
    more += ["--sheet", sheet.read_text().strip()] if sheet.exists() else []
    asked = [program, "issue", workbook, "--to", "甲院", "--out", "copies", "--canaries", "3", "--format", "json", *more]
    ran = subprocess.run(asked, cwd=desk, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"{workbook.name}: {ran.stderr}")
    return json.loads(ran.stdout)[0]


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("program", type=Path)
    options.add_argument("workbooks", nargs="*", type=Path)
    options.add_argument("--office", action="store_true")
    asked = options.parse_args()
    workbooks = asked.workbooks or sorted(FIXTURES.glob("*.xlsx"))
    with tempfile.TemporaryDirectory() as desk:
        made = []
        for at, workbook in enumerate(workbooks):
            own = Path(desk) / str(at)
            own.mkdir()
            told = issued(asked.program.resolve(), workbook.resolve(), own)
            made.append((workbook, own / told["path"], told))
        shown = [None] * len(made)
        if asked.office:
            all_shown = office.shown([path for workbook, copy, _ in made for path in (workbook, copy)])
            shown = list(zip(all_shown[::2], all_shown[1::2]))
        bad = 0
        for (workbook, copy, told), pictures in zip(made, shown):
            found, _, counts = compare.hold(workbook, copy, told["canaries"], shown=pictures)
            if found and not told["canaries"]:
                # where rows are told apart by nothing but what is altered, their places tell them
                found, _, counts = compare.hold(workbook, copy, lines=IN_PLACE, shown=pictures)
            bad += bool(found)
            print(f"{workbook.name}: {'DIFFERS' if found else 'clean'}, {told['cells_altered']} cells altered, {told['canaries']} rows put in")
            compare.printed(found, counts)
    sys.exit(1 if bad else 0)


main()
