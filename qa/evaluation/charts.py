"""Charts as inline SVG, coloured by the page's style sheet."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from qa.evaluation.metrics import Interval

WIDTH, HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 22, 10, 34


def strip(value: float, interval: Interval | None) -> str:
    """A figure between 0 and 1 as a dot with its interval on a line."""
    ends = interval or (value, value)
    return (
        '<svg viewBox="0 0 200 20" preserveAspectRatio="none" aria-hidden="true">'
        '<line class="axis" x1="4" x2="196" y1="10" y2="10"/>'
        f'<line class="range" x1="{4 + 192 * ends[0]:.1f}" x2="{4 + 192 * ends[1]:.1f}" y1="10" '
        f'y2="10" vector-effect="non-scaling-stroke"/>'
        f'<line class="point" x1="{4 + 192 * value:.1f}" x2="{4 + 192 * value:.1f}" y1="4" '
        'y2="16" vector-effect="non-scaling-stroke"/></svg>'
    )


def change(value: float, interval: Interval | None, most: float = 0.25) -> str:
    """A difference as a dot with its interval beside 0 in the middle."""
    low, high = interval or (value, value)

    def x(by: float) -> float:
        return 100 + 96 * max(-1.0, min(1.0, by / most))

    return (
        '<svg viewBox="0 0 200 20" preserveAspectRatio="none" aria-hidden="true">'
        '<line class="grid" x1="100" x2="100" y1="0" y2="20"/>'
        f'<line class="range" x1="{x(low):.1f}" x2="{x(high):.1f}" y1="10" y2="10" '
        'vector-effect="non-scaling-stroke"/>'
        f'<line class="point" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="4" y2="16" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )


def bars(values: Sequence[tuple[str, int]]) -> str:
    """A horizontal bar for each name, with its number."""
    most, step = max(n for _, n in values), 46
    drawn = [
        f'<text x="0" y="{step * i + 14}">{escape(name)}</text>'
        f'<rect class="bar" x="0" y="{step * i + 20}" width="{300 * n / most:.1f}" height="14"/>'
        f'<text x="{300 * n / most + 8:.1f}" y="{step * i + 32}">{n}</text>'
        for i, (name, n) in enumerate(values)
    ]
    label = "; ".join(f"{name}: {n}" for name, n in values)
    return _svg("".join(drawn), label, step * len(values))


def curve(points: Sequence[tuple[float, float]]) -> str:
    """Risk over coverage, as steps from the surest answer on."""
    top = _nice(max(risk for _, risk in points) or 0.1)
    path = " ".join(f"{_x(c):.1f},{_y(r / top):.1f}" for c, r in points)
    end_x, end_y = _x(points[-1][0]), _y(points[-1][1] / top)
    frame = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(s):.1f}" y2="{_y(s):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{_y(s) + 4:.1f}" text-anchor="end">{_percent(s * top)}</text>'
        for s in (0, 0.5, 1)
    ) + "".join(
        f'<text x="{_x(s):.1f}" y="{HEIGHT - 18}" text-anchor="middle">{s:.0%}</text>'
        for s in (0, 0.25, 0.5, 0.75, 1)
    )
    drawn = (
        f'{frame}<text x="{_x(0.5):.1f}" y="{HEIGHT - 3}" text-anchor="middle">answered</text>'
        f'<polyline class="curve" points="{path}"/>'
        f'<circle class="dot" cx="{end_x:.1f}" cy="{end_y:.1f}" r="4"/>'
    )
    last = points[-1]
    return _svg(drawn, f"{last[1]:.0%} of the answers are wrong at {last[0]:.0%} coverage")


def histogram(seconds: Sequence[float], most: int = 20) -> str:
    """How many answers took how long; the slowest 2 % are in the last bar."""
    ordered = sorted(seconds)
    width = _nice(max(ordered[int(0.98 * (len(ordered) - 1))], 0.001) / most)
    counts = [0] * most
    for value in seconds:
        counts[min(most - 1, int(value / width))] += 1
    while len(counts) > 1 and not counts[-1]:
        counts.pop()
    top, n = max(counts), len(counts)
    drawn = [
        f'<rect class="bar" x="{_x(i / n) + 1:.1f}" y="{_y(count / top):.1f}" '
        f'width="{(_x(1) - _x(0)) / n - 2:.1f}" height="{_y(0) - _y(count / top):.1f}"/>'
        for i, count in enumerate(counts)
    ]
    drawn += [
        f'<text x="{_x(i / n):.1f}" y="{HEIGHT - 18}" text-anchor="middle">'
        f"{i * width * 1000:.0f}</text>"
        for i in range(0, n + 1, max(1, ceil(n / 5)))
    ]
    drawn.append(f'<text x="{_LEFT - 6}" y="{_y(1) + 4:.1f}" text-anchor="end">{top}</text>')
    drawn.append(
        f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(0)}" y2="{_y(0)}"/>'
    )
    return _svg("".join(drawn), f"times of {len(seconds)} answers")


def _svg(drawn: str, label: str, height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{drawn}</svg>'
    )


def _x(share: float) -> float:
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _percent(share: float) -> str:
    return f"{100 * share:g}%"


def _nice(value: float) -> float:
    """The least of 1, 2, 2.5, 5 and 10 times a power of ten that is not less."""
    power = 10.0 ** floor(log10(value))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= value - 1e-12)
