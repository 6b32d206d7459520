#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what bench/growth.py measured: an SVG file for each of its tables, with a panel for each job.

Usage: bench/plot.py NUMBERS.json DIRECTORY

Both axes are logarithmic. Colours follow the reader's light or dark mode, and each subject has a mark of its own besides.
"""
from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 300, 190  # of a panel's axes
LEFT, TOP, GAP_X, GAP_Y = 62, 84, 88, 78
COLUMNS = 2
SUBJECTS = {  # colour in light and in dark mode, mark
    "embedded": ("#0b62c4", "#6fb1ff", "circle"),
    "sqlite3": ("#5f6570", "#a8b0bc", "square"),
    "on HeliosDB": ("#b84a00", "#ffa366", "triangle"),
    "on PostgreSQL": ("#0f7b3f", "#63d495", "diamond"),
}
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1c2128 }
  .title { font-size: 13px; font-weight: 600 }
  .number { font-size: 11px; fill: #59626d }
  .grid { stroke: #d5dae0; stroke-width: 1 }
  .axis { stroke: #59626d; stroke-width: 1; fill: none }
  polyline.line { stroke-width: 2; fill: none }
"""
DARK = """
    text { fill: #e6eaef } .number { fill: #9aa4b0 } .grid { stroke: #3a424d } .axis { stroke: #9aa4b0 }
"""


def style() -> str:
    def rules(shade: int) -> str:
        colours = enumerate(subject[shade] for subject in SUBJECTS.values())
        return "\n".join(f"  .s{number} {{ stroke: {colour}; fill: {colour} }}" for number, colour in colours)

    return f"<style>{STYLE}{rules(0)}\n  @media (prefers-color-scheme: dark) {{{DARK}{rules(1)}\n  }}\n</style>"


def mark(kind: str, number: int, x: float, y: float) -> str:
    if kind == "circle":
        return f'<circle class="s{number}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    shapes: dict[str, list[tuple[float, float]]] = {
        "square": [(-3, -3), (3, -3), (3, 3), (-3, 3)],
        "triangle": [(0, -4.5), (4, 3), (-4, 3)],
        "diamond": [(0, -4.5), (4.5, 0), (0, 4.5), (-4.5, 0)],
    }
    points = " ".join(f"{x + across:.1f},{y + down:.1f}" for across, down in shapes[kind])
    return f'<polygon class="s{number}" points="{points}"/>'


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def number_of(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


class Scale:
    """A logarithmic axis from `low` to `high`, `length` long."""

    def __init__(self, low: float, high: float, length: float) -> None:
        self.low, self.high = math.log10(low), math.log10(high)
        self.length = length

    def __call__(self, value: float) -> float:
        return (math.log10(value) - self.low) / ((self.high - self.low) or 1) * self.length


def ticks(values: list[float]) -> list[float]:
    """Powers of ten around the values; halves and fifths of them too where those are few."""
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    steps = [1] if last - first > 2 else [1, 2, 5]
    found = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    below = [tick for tick in found if tick <= min(values)] or found[:1]
    above = [tick for tick in found if tick >= max(values)] or found[-1:]
    chosen = [tick for tick in found if below[-1] <= tick <= above[0]]
    return chosen if len(chosen) > 1 else [chosen[0], chosen[0] * 10]


def panel(left: float, top: float, title: str, job: dict[str, Any], sizes: list[int], what: str) -> list[str]:
    values = [value for line in job["subjects"].values() for value in line if value]
    marks = ticks(values)
    across, up = Scale(min(sizes), max(sizes), WIDTH), Scale(marks[0], marks[-1], HEIGHT)
    out = [text(left, top - 10, f"{title}, {job['unit']}" if job["unit"] else title, "title")]
    for tick in marks:
        y = top + HEIGHT - up(tick)
        out.append(f'<line class="grid" x1="{left}" x2="{left + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(text(left - 7, y + 4, number_of(float(f"{tick:.6g}")), "number", "end"))
    for size in sizes:
        out.append(text(left + across(size), top + HEIGHT + 17, number_of(size), "number", "middle"))
    out.append(f'<path class="axis" d="M{left} {top}V{top + HEIGHT}H{left + WIDTH}"/>')
    out.append(text(left + WIDTH, top + HEIGHT + 33, what, "number", "end"))
    for number, (subject, (_, _, kind)) in enumerate(SUBJECTS.items()):
        line = job["subjects"].get(subject, [])
        points = [(left + across(size), top + HEIGHT - up(value)) for size, value in zip(sizes, line) if value]
        if points:
            out.append(f'<polyline class="line s{number}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
        out.extend(mark(kind, number, x, y) for x, y in points)
    return out


def legend(names: list[str]) -> list[str]:
    out, x = [], float(LEFT)
    for number, (subject, (_, _, kind)) in enumerate(SUBJECTS.items()):
        if subject in names:
            out += [mark(kind, number, x + 4, 24), text(x + 14, 28, subject)]
            x += 44 + 7 * len(subject)
    return out


def draw(what: str, table: dict[str, Any]) -> str:
    jobs = {title: job for title, job in table["jobs"].items() if any(value for line in job["subjects"].values() for value in line)}
    columns = min(COLUMNS, len(jobs))
    width = LEFT + columns * (WIDTH + GAP_X) - GAP_X + 28
    height = TOP + math.ceil(len(jobs) / columns) * (HEIGHT + GAP_Y) - GAP_Y + 46
    names = list(dict.fromkeys(name for job in jobs.values() for name in job["subjects"]))
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">']
    out += [f"<title>How costs grow with {what}</title>", style(), *legend(names)]
    for index, (title, job) in enumerate(jobs.items()):
        row, column = divmod(index, columns)
        out += panel(LEFT + column * (WIDTH + GAP_X), TOP + row * (HEIGHT + GAP_Y), title, job, table["sizes"], what)
    return "\n".join([*out, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", type=Path, help="what bench/growth.py wrote")
    parser.add_argument("directory", type=Path, help="where the SVG files go, one for each table")
    chosen = parser.parse_args()
    chosen.directory.mkdir(parents=True, exist_ok=True)
    for what, table in json.loads(chosen.numbers.read_text(encoding="utf-8"))["tables"].items():
        (chosen.directory / f"{what}.svg").write_text(draw(what, table), encoding="utf-8")


if __name__ == "__main__":
    main()
