"""The rows of a bench for people, for programs and as a picture."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from math import ceil, floor, log10

from rich.console import Console
from rich.table import Table

from engine.bench.rows import Row

_MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}
_COLORS = ("#1570cd", "#d4380d", "#0b6e5c", "#6941c6")


def number(value: float) -> str:
    """Return a value with three digits that count, thousands set apart."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_table(rows: Iterable[Row], title: str) -> None:
    """Print a table."""
    table = Table(title=title)
    for column in ("what", "value", "unit", "target", ""):
        table.add_column(column, justify="right" if column in ("value", "target") else "left")
    for row in rows:
        table.add_row(row.what, number(row.value), row.unit, row.target, _MARKS[row.ok])
    Console().print(table)


def as_json(rows: Iterable[Row]) -> str:
    """Return a JSON list of ``{what, value, unit, target, ok}``."""
    return json.dumps([row.plain() for row in rows], ensure_ascii=False, indent=1) + "\n"


def costs(rows: Iterable[Row]) -> dict[str, dict[int, float]]:
    """Return what → documents → microseconds, of the rows that say so."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows:
        if match := re.fullmatch(r"(.+) at ([\d,]+), microseconds", row.what):
            found[match[1]][int(match[2].replace(",", ""))] = row.value
    return found


def as_plot(rows: Iterable[Row]) -> str:
    """Return an SVG of the cost of a call (µs) against the number of documents, both by powers of ten."""
    lines = costs(rows)
    sizes = sorted({size for line in lines.values() for size in line})
    values = [value for line in lines.values() for value in line.values()]
    across = _Axis(sizes, 80, 480)
    up = _Axis(values, 320, 40)
    parts = [_tick(across.place(10**power), 340, f"{10**power:,}", "middle") for power in across.powers]
    for power in up.powers:
        y = up.place(10**power)
        parts.append(f'<line x1="80" x2="480" y1="{y:.0f}" y2="{y:.0f}" stroke="#999" stroke-width="0.5"/>')
        parts.append(_tick(72, y + 4, f"{10**power:,} µs", "end"))
    named: list[float] = []
    for color, (what, line) in zip(_COLORS, lines.items(), strict=False):
        points = [(across.place(size), up.place(line[size])) for size in sorted(line)]
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="{color}"/>' for x, y in points]
        named.append(_apart(points[-1][1] + 4, named))
        parts.append(_tick(488, named[-1], what, "start", color))
    parts.append(_tick(280, 360, "documents in the table", "middle"))
    style = 'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 372" font-family="sans-serif" font-size="12"'
    back = '<rect width="640" height="372" fill="#fff"/>'
    return f"<svg {style}>{back}\n" + "\n".join(parts) + "\n</svg>\n"


def _apart(y: float, taken: list[float]) -> float:
    """Return the height nearest below *y* at which a word does not stand on another."""
    while any(abs(y - other) < 14 for other in taken):
        y += 1
    return y


class _Axis:
    """Places values between two ends of the picture, by the power of ten."""

    def __init__(self, values: Iterable[float], start: float, end: float) -> None:
        logs = [log10(value) for value in values]
        self.low, self.high = floor(min(logs)), ceil(max(logs))
        self.start, self.end = start, end
        self.powers = range(self.low, self.high + 1)

    def place(self, value: float) -> float:
        """Return where a value stands."""
        share = (log10(value) - self.low) / (self.high - self.low or 1)
        return self.start + share * (self.end - self.start)


def _tick(x: float, y: float, text: str, anchor: str, color: str = "#555") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{color}">{text}</text>'
