"""Charts as SVG: the positions of bars, lines and axis steps. The macro `chart` in data.html draws them."""

import math
from collections.abc import Sequence

import msgspec

from .markup import short

WIDTH, HEIGHT = 560, 200  # of the viewBox
LEFT, BOTTOM, TOP = 40, 24, 12  # room for the labels of the axes
LABELS_MAX = 7  # below the chart; more would overlap


class Series(msgspec.Struct, frozen=True):
    name: str
    values: list[float]


class Bar(msgspec.Struct, frozen=True):
    series: int  # 1 is the first
    x: float
    y: float
    width: float
    height: float


class Mark(msgspec.Struct, frozen=True):
    at: float
    words: str


class Plot(msgspec.Struct, frozen=True):
    bars: list[Bar]
    lines: list[str]  # the `points` of a polyline for each series
    across: list[Mark]  # labels along the bottom, by x
    up: list[Mark]  # steps of the axis, by y
    zero: float  # y of the bottom line


def plot(labels: Sequence[str], series: Sequence[Series], *, bars: bool = False) -> Plot:
    """Raises ValueError: series of other lengths than labels, or more than four of them."""
    if len(series) > 4 or any(len(one.values) != len(labels) for one in series):
        raise ValueError(f"expected up to 4 series of {len(labels)} values each")
    step, top = _steps(max((value for one in series for value in one.values), default=0))
    zero = HEIGHT - BOTTOM
    slot = (WIDTH - LEFT) / max(1, len(labels))

    def y(value: float) -> float:
        return round(zero - max(0.0, value) / top * (zero - TOP), 1)

    def middle(n: int) -> float:
        return round(LEFT + (n + 0.5) * slot, 1)

    width = round(min(24.0, slot * 0.7 / max(1, len(series))), 1)
    drawn = [
        Bar(s + 1, round(middle(n) + (s - len(series) / 2) * width, 1), y(value), width - 1, round(zero - y(value), 1))
        for s, one in enumerate(series)
        for n, value in enumerate(one.values)
    ]
    every = math.ceil(len(labels) / LABELS_MAX) if labels else 1
    return Plot(
        bars=drawn if bars else [],
        lines=[] if bars else [" ".join(f"{middle(n)},{y(v)}" for n, v in enumerate(one.values)) for one in series],
        across=[Mark(middle(n), words) for n, words in enumerate(labels) if n % every == 0],
        up=[Mark(y(n * step), short(n * step)) for n in range(round(top / step) + 1)],
        zero=zero,
    )


def _steps(most: float) -> tuple[float, float]:
    """(step: 1, 2 or 5 times a power of ten; the first multiple of it >= most). That gives two to five steps."""
    if most <= 0:
        return 1, 1
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough)
    return step, math.ceil(most / step - 1e-9) * step
