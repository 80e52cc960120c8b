"""Tables between two markers of a Markdown file, written by the command that measured them."""

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from qa.evaluation import metrics

ROOT = Path(__file__).parent.parent


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def mean(values: Sequence[float]) -> str:
    """A mean with its 95 % interval."""
    return _between(metrics.mean(values), metrics.bootstrap(values))


def difference(values: Sequence[float], others: Sequence[float]) -> str:
    """The mean of `values` less that of `others`, question by question, with its 95 % interval."""
    by = metrics.mean([a - b for a, b in zip(values, others, strict=True)])
    return _between(by, metrics.paired_bootstrap(values, others))


def _between(mean: float | None, interval: metrics.Interval | None) -> str:
    if mean is None or interval is None:
        return "-"
    return f"{mean:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def machine(*packages: str) -> str:
    """One line on the machine and the versions that a figure holds for."""
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        cpu = (re.findall(r"model name\s*:\s*(.+)", info.read_text()) or [cpu])[0]
    names = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{os.cpu_count()} cores ({cpu}), Python {platform.python_version()}, {names}."


def write(marker: str, text: str, *files: str) -> None:
    """Puts `text` between `<!-- marker: begin -->` and `<!-- marker: end -->` of each file."""
    print(text)
    for name in files:
        path = ROOT / name
        begin, end = f"<!-- {marker}: begin -->", f"<!-- {marker}: end -->"
        before, rest = path.read_text("utf-8").split(begin)
        _, after = rest.split(end)
        path.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")
