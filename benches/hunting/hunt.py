#!/usr/bin/env python3
"""Can a classifier pick canaries out?

Issues one copy of each of many registers, labels its canaries (rows whose identifiers the source lacks), trains gradient-boosted
trees on the copies of some registers and tests them on the copies of others. The features know no schema: every column is looked
at as text, as a number, as a date and as a category, alone, in pairs, and beside the rows above and below.

    hunt.py TAGGANT --tables DIR [--train 10] [--canaries 100] [--sound]

DIR holds the registers as CSV files of one schema; the first half (in the order of their names) is learned from, the other half
is tested on, unless --train names another number. `--sound` checks the check: nothing is issued with canaries, and rows drawn at
random from the register itself, which its own generator made, are called canaries instead. They must score .5.
"""

import argparse
import collections
import csv
import io
import os
import re
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score, roc_curve

warnings.filterwarnings("ignore")
DATE = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$")
TOKEN = re.compile(r"[A-Za-z]+|\d+|[\u4e00-\u9fff]")


def read(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def label(source, copy):
    """1 for the rows of a copy whose identifiers the source lacks. Identifiers: columns that hardly repeat."""
    columns = list(zip(*source))
    keys = []
    for at, cells in enumerate(columns):
        filled = [c for c in cells if c]
        digits = sum(any(ch.isdigit() for ch in c) for c in filled)
        rising = filled == [str(n + 1) for n in range(len(filled))]
        unique = len(set(filled)) > 0.97 * len(filled) and len(filled) > 0.5 * len(cells)
        # what marks alter (dates, addresses, amounts) is no identifier: codes, numbers and mails are long and without spaces
        shape = all(" " not in c.replace(") ", ")") and "." not in c.split("@")[0][-4:-2] for c in filled[:200])
        long = np.median([len(c) for c in filled]) >= 8 if filled else False
        if unique and digits > 0.9 * len(filled) and shape and long and not rising and not is_address(filled):
            keys.append(at)
    known = [set(columns[at]) for at in keys]
    out = []
    for row in copy:
        cells = [(row[at], k) for at, k in zip(keys, known) if row[at]]
        out.append(int(bool(cells) and all(c not in k for c, k in cells)))
    return np.array(out), keys


def is_address(filled):
    return any("号" in c for c in filled[:20])


# --- features ---------------------------------------------------------------------------------------------------------------


def parse_number(text):
    try:
        return float(text)
    except ValueError:
        return np.nan


def parse_date(text):
    match = DATE.match(text)
    if not match:
        return np.nan
    import datetime

    try:
        day = datetime.date(*(int(g) for g in match.groups()[:3])).toordinal()
    except ValueError:
        return np.nan
    hour, minute, second = (int(g or 0) for g in match.groups()[3:])
    return day + (hour * 3600 + minute * 60 + second) / 86400


def luhn(text):
    digits = [int(c) for c in text if c.isdigit()]
    if len(digits) < 6:
        return -1
    total = 0
    for at, d in enumerate(reversed(digits)):
        if at % 2:
            d = d * 2 - 9 if d > 4 else d * 2
        total += d
    return total % 10


def mod11(text):
    digits = [10 if c in "Xx" else int(c) for c in text if c.isdigit() or c in "Xx"]
    if len(digits) < 6:
        return -1
    return sum(d * (pow(2, len(digits) - 1 - at, 11)) for at, d in enumerate(digits)) % 11


def weighted(text):
    digits = [int(c) for c in text if c.isdigit()]
    return sum((at + 1) * d for at, d in enumerate(digits)) % 11 if len(digits) > 5 else -1


def counted(values):
    counts = collections.Counter(values)
    return np.array([counts[v] for v in values], float)


class Features:
    def __init__(self, header, rows):
        self.n = len(rows)
        self.columns = [list(c) for c in zip(*rows)]
        self.header = header
        self.names, self.values = [], []

    def add(self, group, name, values):
        values = np.asarray(values, float)
        self.names.append((group, name))
        self.values.append(values)

    def build(self):
        numbers, categories = {}, {}
        everywhere = collections.Counter(v for c in self.columns for v in set(c) if len(v) > 3)
        for at, cells in enumerate(self.columns):
            self.column(f"{at}:{self.header[at]}", at, cells, numbers, categories, everywhere)
        self.pairs(numbers, categories)
        self.neighbours(numbers)
        self.nearest(numbers, categories)
        return np.column_stack(self.values).astype(np.float32)

    def column(self, name, at, cells, numbers, categories, everywhere):
        add = self.add
        add("char", f"{name} len", [len(c) for c in cells])
        for kind, pattern in [("digits", r"\d"), ("latin", r"[A-Za-z]"), ("han", r"[\u4e00-\u9fff]"), ("other", r"[^\w]")]:
            add("char", f"{name} {kind}", [len(re.findall(pattern, c)) for c in cells])
        add("char", f"{name} first", [ord(c[0]) if c else -1 for c in cells])
        add("char", f"{name} last", [ord(c[-1]) if c else -1 for c in cells])
        add("freq", f"{name} count", counted(cells))
        add("freq", f"{name} elsewhere", [everywhere[c] for c in cells])
        for k in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14):
            if any(len(c) > k for c in cells):
                add("freq", f"{name} head{k}", counted([c[:k] for c in cells]))
        for k in (1, 2, 3, 4, 6, 8):
            if any(len(c) > k for c in cells):
                add("freq", f"{name} tail{k}", counted([c[-k:] for c in cells]))
        tokens = [TOKEN.findall(c) for c in cells]
        counts = collections.Counter(t for ts in tokens for t in set(ts))
        doubles = [list(zip(ts, ts[1:])) for ts in tokens]
        double_counts = collections.Counter(t for ts in doubles for t in set(ts))
        add("freq", f"{name} token min", [min((counts[t] for t in ts), default=0) for ts in tokens])
        add("freq", f"{name} token mean", [np.mean([np.log(counts[t]) for t in ts]) if ts else 0 for ts in tokens])
        add("freq", f"{name} pair min", [min((double_counts[t] for t in ts), default=0) for ts in doubles])
        add("freq", f"{name} pair mean", [np.mean([np.log(double_counts[t]) for t in ts]) if ts else 0 for ts in doubles])
        shape = [re.sub(r"\d", "9", re.sub(r"[\u4e00-\u9fff]", "H", re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", c)))) for c in cells]
        add("freq", f"{name} shape", counted(shape))
        add("freq", f"{name} shape run", counted([re.sub(r"(.)\1+", r"\1", s) for s in shape]))
        runs = [re.findall(r"\d+", c) for c in cells]
        for nth in range(3):
            if sum(len(r) > nth for r in runs) > self.n * 0.2:
                add("char", f"{name} run{nth}", [float(r[nth][-9:]) if len(r) > nth else np.nan for r in runs])
                add("freq", f"{name} run{nth} count", counted([r[nth] if len(r) > nth else "" for r in runs]))
        if np.median([sum(ch.isdigit() for ch in c) for c in cells]) >= 6:
            for check in (luhn, mod11, weighted):
                add("char", f"{name} {check.__name__}", [check(c) for c in cells])
        filled = [c for c in cells if c]
        if not filled:
            return
        days = np.array([parse_date(c) for c in cells])
        values = np.array([parse_number(c) for c in cells])
        if np.isfinite(days).sum() > 0.9 * len(filled):
            numbers[at] = days
            add("value", f"{name} day", days - np.nanmedian(days))
            add("value", f"{name} weekday", np.floor(days) % 7)
            for part, place in (("year", slice(0, 4)), ("month", slice(5, 7)), ("dom", slice(8, 10)), ("minute", slice(14, 16))):
                add("value", f"{name} {part}", [parse_number(c[place]) for c in cells])
        elif np.isfinite(values).sum() > 0.9 * len(filled) and np.median([len(c) for c in filled]) < 12:
            numbers[at] = values
            add("value", f"{name} number", values)
            add("value", f"{name} rank", np.argsort(np.argsort(values)) / self.n)
            add("value", f"{name} last", [parse_number(c[-1:]) for c in cells])
            add("value", f"{name} last2", [parse_number(re.sub(r"\D", "", c)[-2:]) for c in cells])
        elif np.median([sum(ch.isdigit() for ch in c) for c in filled]) >= 3:
            ends = np.array([parse_number((re.findall(r"\d+", c) or [""])[-1]) for c in cells])
            numbers[at] = ends
            add("value", f"{name} end", ends)
        limit = max(20, min(100, self.n // 20))
        heads = [(f" head{k}", lambda c, k=k: c[:k]) for k in (8, 6, 4, 3, 2, 1)]
        tails = [(" domain", lambda c: c.split("@")[-1])] if "@" in cells[0] + cells[-1] else [(" tail", lambda c: c[-1:])]
        # as a category the whole value, or as much of its head as repeats often enough, and its end
        for views in ([("", lambda c: c)] + heads, tails):
            for kind, view in views:
                seen = [view(c) for c in cells]
                if 1 < len(set(seen)) <= limit:
                    ids = {v: i for i, v in enumerate(sorted(set(seen)))}
                    categories[(at, kind)] = np.array([ids[v] for v in seen])
                    break
        if at in numbers:
            edges = np.nanquantile(numbers[at], np.linspace(0, 1, 9)[1:-1])
            categories[(at, " bin")] = np.where(np.isfinite(numbers[at]), np.searchsorted(edges, numbers[at]), 8)

    def pairs(self, numbers, categories):
        keys = list(categories)
        logs = []
        for i, a in enumerate(keys):
            for b in keys[i + 1 :]:
                if a[0] == b[0] or kinds_of_end(a, b):
                    continue
                x, y = categories[a], categories[b]
                table = np.zeros((x.max() + 1, y.max() + 1))
                np.add.at(table, (x, y), 1)
                expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / self.n
                lift = np.log((table + 0.5) / (expected + 0.5))[x, y]
                logs.append(lift)
                self.add("pair", f"{self.header[a[0]]}{a[1]} | {self.header[b[0]]}{b[1]}", lift)
        if logs:
            self.add("pair", "least lift", np.min(logs, axis=0))
            self.add("pair", "mean lift", np.mean(logs, axis=0))
        keys = list(numbers)
        for i, a in enumerate(keys):
            for b in keys[i + 1 :]:
                x, y = numbers[a], numbers[b]
                name = f"{self.header[a]} ~ {self.header[b]}"
                self.add("pair", f"{name} difference", x - y)
                self.add("pair", f"{name} ratio", x / np.where(y == 0, np.nan, y))
                known = np.isfinite(x) & np.isfinite(y)
                if known.sum() > 10 and np.std(x[known]) > 0:
                    fit = np.polyfit(x[known] - x[known].mean(), y[known], 1)
                    self.add("pair", f"{name} residual", y - np.polyval(fit, x - x[known].mean()))
                    self.add("freq", f"{name} pair count", counted([f"{p}|{q}" for p, q in zip(x, y)]))
            for (c, kind), code in categories.items():
                if c == a or kind in (" bin", " tail"):
                    continue
                x = numbers[a]
                sums = np.bincount(code, np.nan_to_num(x), code.max() + 1)
                known = np.bincount(code, np.isfinite(x), code.max() + 1)
                mean = sums / np.maximum(known, 1)
                self.add("pair", f"{self.header[a]} within {self.header[c]}{kind}", x - mean[code])

    def neighbours(self, numbers):
        for at, cells in enumerate(self.columns):
            name = self.header[at]
            same = np.array([a == b and a != "" for a, b in zip(cells, cells[1:])], float)
            self.add("near", f"{name} as above", np.concatenate([[np.nan], same]))
            self.add("near", f"{name} as below", np.concatenate([same, [np.nan]]))
        for at, x in numbers.items():
            name, step = self.header[at], np.diff(x)
            self.add("near", f"{name} - above", np.concatenate([[np.nan], step]))
            self.add("near", f"{name} - below", np.concatenate([step, [np.nan]]))
            both = np.full(self.n, np.nan)
            both[1:-1] = x[2:] - x[:-2]
            self.add("near", f"{name} gap", both)

    def nearest(self, numbers, categories):
        """How alike the most alike other row is: equal categories and near numbers, all columns together."""
        codes = [c for (_, kind), c in categories.items() if kind == ""]
        codes = [np.unique(c, return_inverse=True)[1] for c in codes]
        ranks = [np.argsort(np.argsort(x)) / self.n for x in numbers.values()]
        exact = [np.unique(c, return_inverse=True)[1] for c in self.columns]
        alike, same = np.zeros(self.n), np.zeros(self.n)
        second = np.zeros(self.n)
        for start in range(0, self.n, 256):
            part = slice(start, min(start + 256, self.n))
            score = np.zeros((part.stop - start, self.n), np.float32)
            for c in codes:
                score += c[part, None] == c[None, :]
            for r in ranks:
                score += np.maximum(0, 1 - 20 * np.abs(r[part, None] - r[None, :])).astype(np.float32)
            equal = np.zeros_like(score)
            for c in exact:
                equal += c[part, None] == c[None, :]
            own = np.arange(part.stop - start)
            score[own, own + start] = -1
            equal[own, own + start] = -1
            top = np.partition(score, -2, axis=1)[:, -2:]
            alike[part], second[part] = top[:, 1], top[:, 0]
            same[part] = equal.max(1)
        self.add("near", "most alike row", alike)
        self.add("near", "most alike less the next", alike - second)
        self.add("near", "most equal cells", same)


def kinds_of_end(a, b):
    """The end of a text hangs together with nothing but, perhaps, a category."""
    return {a[1], b[1]} & {" tail"} and not {a[1], b[1]} & {""}


# --- copies -----------------------------------------------------------------------------------------------------------------


def issue(taggant, path, canaries, folder):
    stem = os.path.splitext(os.path.basename(path))[0]
    vault, out = os.path.join(folder, f"v-{stem}"), os.path.join(folder, f"o-{stem}")

    def run(*args):
        done = subprocess.run([taggant, "--vault", vault, *args], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(args)}: {done.stderr}")

    run("init")
    run("issue", path, "--to", "Somebody", "--out", out, "--canaries", str(canaries))
    (name,) = os.listdir(out)
    return os.path.join(out, name)


def one(task):
    taggant, path, canaries, sound, folder, seed = task
    header, source = read(path)
    copy = read(issue(taggant, path, 0 if sound else canaries, folder))[1]
    if sound:
        labels = np.zeros(len(copy), int)
        labels[np.random.default_rng(seed).choice(len(copy), canaries, replace=False)] = 1
    else:
        labels, _ = label(source, copy)
    features = Features(header, copy)
    values = features.build()
    return features.names, values, labels, len(source)


def fit(x, y, seed=0):
    # fifteen real rows a canary teach as well as forty
    rng = np.random.default_rng(seed)
    real = rng.permutation(np.flatnonzero(y == 0))[: 15 * int((y == 1).sum())]
    take = np.concatenate([real, np.flatnonzero(y == 1)])
    x, y = x[take], y[take]
    weight = np.where(y == 1, (y == 0).sum() / max(1, (y == 1).sum()), 1.0)
    model = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.12, max_leaf_nodes=15, min_samples_leaf=40, l2_regularization=2.0, max_features=0.3, random_state=seed
    )
    return model.fit(x, y, sample_weight=weight)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("taggant")
    parser.add_argument("--tables", required=True)
    parser.add_argument("--train", type=int)
    parser.add_argument("--canaries", type=int, default=100)
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--top", type=int, default=0, help="list so many of the features that tell most")
    parser.add_argument("--groups", action="store_true", help="also each group of features alone")
    parser.add_argument("--save", metavar="FILE", help="keep the features")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    paths = sorted(os.path.join(options.tables, p) for p in os.listdir(options.tables) if p.endswith(".csv"))
    train = options.train or len(paths) // 2
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2) as pool:
        tasks = [(options.taggant, p, options.canaries, options.sound, folder, n) for n, p in enumerate(paths)]
        made = list(pool.map(one, tasks))
    # schema-blind features may differ from file to file: only those that every file has are used
    shared = set(made[0][0]).intersection(*(set(m[0]) for m in made))
    names = [n for n in made[0][0] if n in shared]
    varies = {n for own, v, _, _ in made[:train] for n, s in zip(own, np.nanmax(v, 0) - np.nanmin(v, 0)) if s > 0}
    names = [n for n in names if n in varies]
    blocks = []
    for own, values, _, _ in made:
        place = {n: i for i, n in enumerate(own)}
        blocks.append(values[:, [place[n] for n in names]])
    x = [np.vstack(blocks[:train]), np.vstack(blocks[train:])]
    y = [np.concatenate([m[2] for m in made[:train]]), np.concatenate([m[2] for m in made[train:]])]
    print(f"{len(paths)} registers, {train} learned from; {len(y[0])} + {len(y[1])} rows, {y[0].sum()} + {y[1].sum()} canaries, {len(names)} features")
    if options.save:
        np.savez_compressed(options.save, train=x[0], test=x[1], train_y=y[0], test_y=y[1], names=np.array([" ".join(n) for n in names]))
    if options.top:
        alone = []
        rng = np.random.default_rng(0)
        some = np.concatenate([rng.permutation(np.flatnonzero(y[0] == 0))[:8000], np.flatnonzero(y[0] == 1)])
        both_x, both_y = x[0][some], y[0][some]
        for i, (group, name) in enumerate(names):
            v = np.nan_to_num(both_x[:, i], nan=-1e9)
            straight = roc_auc_score(both_y, v)
            middle = roc_auc_score(both_y, np.abs(v - np.median(v)))
            alone.append((max(abs(straight - 0.5), abs(middle - 0.5)), straight, group, name))
        for _, auc, group, name in sorted(alone, reverse=True)[: options.top]:
            print(f"  {auc:.3f} {group:5} {name}")
    groups = [g for g, _ in names]
    sets = {
        "character, value": ("char", "value"),
        "frequency": ("freq",),
        "pairs": ("pair",),
        "neighbours": ("near",),
        "all but neighbours": ("char", "value", "freq", "pair"),
        "all": ("char", "value", "freq", "pair", "near"),
    }
    for title, members in sets.items():
        if not title.startswith("all") and not options.groups:
            continue
        take = [i for i, g in enumerate(groups) if g in members]
        if not take:
            continue
        score = np.mean([fit(x[0][:, take], y[0], s).predict_proba(x[1][:, take])[:, 1] for s in range(options.seeds)], axis=0)
        auc = roc_auc_score(y[1], score)
        false, true, _ = roc_curve(y[1], score)
        lost = false[np.searchsorted(true, 0.9)]
        print(f"{title:20} {len(take):5} features  AUC {auc:.3f}  real rows deleted with 90 % of the canaries: {100 * lost:.0f} %", flush=True)


if __name__ == "__main__":
    main()
