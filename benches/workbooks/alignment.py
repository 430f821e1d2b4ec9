"""Which row of a copy is which row of its source, and which are canaries: by what the rows hold, nothing else."""
import numpy as np
from scipy.optimize import linear_sum_assignment


def values(sheet, formulas):
    """Every row's cells as text, from row 1; a formula counts as present, whatever it says."""
    rows = []
    for row, shown in zip(formulas.iter_rows(), sheet.iter_rows(values_only=True)):
        cells = {}
        for cell, value in zip(row, shown):
            said = cell.value
            if said is None:
                continue
            said = getattr(said, "text", said)
            if isinstance(said, str) and said.startswith("="):
                cells[cell.column] = "="
            else:
                cells[cell.column] = f"{type(said).__name__[0]}{said}"
        rows.append(cells)
    return rows


def align(ours, theirs):
    """For each row of the copy (from 0) the source's row, or None for a canary."""
    head = 0
    while head < min(len(ours), len(theirs)) and ours[head] == theirs[head]:
        head += 1
    tail = 0
    while tail < min(len(ours), len(theirs)) - head and ours[-1 - tail] == theirs[-1 - tail]:
        tail += 1
    left, right = range(head, len(ours) - tail), range(head, len(theirs) - tail)
    seen = {}
    for row in ours:
        for cell in row.items():
            seen[cell] = seen.get(cell, 0) + 1
    weight = lambda cell: 1.0 / seen[cell] ** 0.5 if cell in seen else 0.0
    gain = np.zeros((len(right), len(left)))
    by_cell = {}
    for a, i in enumerate(left):
        for cell in ours[i].items():
            by_cell.setdefault(cell, []).append(a)
    for b, j in enumerate(right):
        for cell in theirs[j].items():
            for a in by_cell.get(cell, ()):
                gain[b, a] += weight(cell)
        gain[b] -= 1e-5 * abs(np.arange(len(left)) - b)
    whose = [None] * len(theirs)
    for b, a in zip(*linear_sum_assignment(-gain)):
        whose[right[b]] = left[a]
    whose[:head] = range(head)
    for k in range(tail):
        whose[len(theirs) - 1 - k] = len(ours) - 1 - k
    return whose
