"""How fast the page is for one person and for ten, in a real browser, and what its server takes.

usage: python benchmarks/page.py [--runs 7] [--questions 20] [--sessions 10]

A server of its own on the demo corpus, quoting, and Debian's Chromium on the same machine, so both
share its cores. Times are taken inside the page: from the click or the key to the frame in which
what was waited for stands there. Writes docs/benchmarks.md.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import tables
from playwright.sync_api import Browser, Page

import qa
from qa.evaluation import load_cases

sys.path.append(str(tables.ROOT / "tests"))

from browsing import WIDE, chromium, question_field, served

QUESTION = "what did López Obrador ask for in return?"
# Waits, frame by frame, until the text of the page, that inside of components included, matches.
WATCH = """
window.deepText = (root) => {
  let text = "";
  const walk = (node) => {
    if (node.nodeType === 3) text += node.data;
    else if (!["STYLE", "SCRIPT"].includes(node.nodeName)) {
      if (node.shadowRoot) walk(node.shadowRoot);
      node.childNodes.forEach(walk);
    }
  };
  root && walk(root);
  return text;
};
window.until = async (done) => {
  const began = performance.now();
  while (!done()) {
    if (performance.now() - began > 30000) throw new Error(`waited in vain: ${done}`);
    await new Promise(requestAnimationFrame);
  }
  return performance.now();
};
window.inside = (selector) => {  // the first such element, that of a component included
  const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
  return [document, ...roots].map((root) => root.querySelector(selector)).find(Boolean);
};
window.shows = (words) =>
  until(() => deepText(document.querySelector("[data-testid=stMain]")).includes(words));
window.addEventListener("click", () => { window.clicked = performance.now(); }, true);
window.addEventListener("keydown", (event) => {
  if (event.key === "Enter") window.entered = performance.now();
}, true);
"""
WAIT = "(words) => { window.first = shows(words); }"
FIRST = "window.first.then((at) => at - window.entered)"
STANDS = "([e, there]) => { window.first = until(() => Boolean(inside(e)) === there); }"
CLICKED = "window.first.then((at) => at - window.clicked)"


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / ".qa"
        asked = _questions(home, max(args.questions, args.sessions))
        with served(home) as (url, process), chromium() as browser:
            memory = [_memory(process.pid)]
            cold = _opened(browser, url)
            warm = [_opened(browser, url) for _ in range(args.runs)]
            words = _words(browser, url, asked[: args.questions])
            memory.append(_memory(process.pid))
            clicks = _clicks(browser, url, args.runs)
            together = _together(browser, url, asked[: args.sessions])
            memory.append(_memory(process.pid))
    n = args.sessions
    rows = [
        ("first paint, a browser with an empty cache", _ms([w[0] for w in warm])),
        ("the page with its example questions", _ms([w[1] for w in warm])),
        ("the same, the first visitor of a new server", _ms([cold[1]])),
        *((f"rerun: {name}", _ms(times)) for name, times in clicks.items()),
        (f"Enter to the first word, quoting ({len(words)} questions)", _ms([w[0] for w in words])),
        ("Enter to the whole answer with its citations", _ms([w[1] for w in words])),
        (f"Enter to the first word, {n} sessions asking at once", _ms([t for t, _ in together])),
        (f"{n} sessions at once: answered", f"{sum(ok for _, ok in together)} of {n}"),
        ("memory of the server before the first visitor", f"{memory[0]:.0f} MB"),
        (f"after {len(warm) + 1} visits and {len(words)} answers", f"{memory[1]:.0f} MB"),
        (f"after {n} sessions at once, one engine for all", f"{memory[2]:.0f} MB"),
    ]
    text = tables.table(["page on the demo corpus", "median (slowest)"], rows)
    note = f"Medians of {args.runs} runs where none are counted; {tables.machine('streamlit')}"
    tables.write("page", f"{text}\n\n{note}", "docs/benchmarks.md")


def _questions(home: Path, most: int) -> list[tuple[str, str]]:
    """Indexes the demo corpus; questions that it answers, with the first words of each answer."""
    cases = load_cases(tables.ROOT / "tests/fixtures/questions.jsonl")
    found = list[tuple[str, str]]()
    with qa.Engine.open(settings=qa.Settings(home=home, api_key="", base_url="")) as engine:
        engine.index(tables.ROOT / "corpus")
        for case in cases:
            if case.answerable and not case.history and not case.filters.given():
                answer = engine.ask(case.question)
                if not answer.abstained and len(found) < most:
                    found.append((case.question, " ".join(answer.text.split())[:30]))
    return found


def _page(browser: Browser, url: str) -> Page:
    """The page with its question field, in a new context: nothing is cached."""
    context = browser.new_context(
        viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url)
    question_field(page).wait_for()
    return page


def _opened(browser: Browser, url: str) -> tuple[float, float]:
    """Milliseconds to the first paint, and to the example questions."""
    page = _page(browser, url)
    shown = page.evaluate("until(() => inside('.questions button'))")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.context.close()
    return painted, shown


def _words(
    browser: Browser, url: str, asked: Sequence[tuple[str, str]]
) -> list[tuple[float, float]]:
    """Milliseconds from Enter to the first words of each answer, and to its citations."""
    return [times for page in [_page(browser, url)] for times in _answered(page, asked)]


def _answered(page: Page, asked: Sequence[tuple[str, str]]) -> Iterator[tuple[float, float]]:
    for question, words in asked:
        page.get_by_role("button", name="New conversation").click()
        page.locator(".questions").wait_for()
        _settle(page)
        field = question_field(page)
        field.fill(question)
        page.evaluate(WAIT, words)
        field.press("Enter")
        first = page.evaluate(FIRST)
        page.locator("button.chip").first.wait_for()
        yield first, page.evaluate("performance.now() - window.entered")
        _settle(page)


def _clicks(browser: Browser, url: str, runs: int) -> dict[str, list[float]]:
    """Milliseconds from a click to what it shows."""
    page = _page(browser, url)
    question_field(page).fill(QUESTION)
    page.keyboard.press("Enter")
    page.locator("button.chip").first.wait_for()
    steps = {
        "a citation opens its source": ("button.chip", "aside mark", True),
        "the source is closed": ("aside [aria-label='Close the source']", "aside", False),
        "the library": ("a[href$='/library']", ".stDataFrame", True),
        "the evaluation": ("a[href$='/evaluate']", "#evaluate", True),
        "the settings": ("a[href$='/settings']", "#settings", True),
        "back to the answer": ("[data-testid=stSidebarNav] li a", "button.chip", True),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(runs):
        for name, (clicked, wanted, there) in steps.items():
            _settle(page)
            page.evaluate(STANDS, [wanted, there])
            page.locator(clicked).first.click()
            times[name].append(page.evaluate(CLICKED))
    page.context.close()
    return times


def _together(
    browser: Browser, url: str, asked: Sequence[tuple[str, str]]
) -> list[tuple[float, bool]]:
    """Milliseconds from Enter to the first words in each of several windows that ask at once, and
    whether the answer that stands there at the end is the right one, with its citations."""
    pages = [_page(browser, url) for _ in asked]
    for page, (question, words) in zip(pages, asked, strict=True):
        page.locator(".questions").wait_for()
        question_field(page).fill(question)
        page.evaluate(WAIT, words)
    for page in pages:
        question_field(page).press("Enter")
    found = []
    for page in pages:
        found.append(page.evaluate(FIRST))
        page.locator("button.chip").first.wait_for()
    kept = [
        page.locator("h2.question").inner_text() == question and page.locator("button.chip").count()
        for page, (question, _) in zip(pages, asked, strict=True)
    ]
    for page in pages:
        page.context.close()
    return list(zip(found, map(bool, kept), strict=True))


def _settle(page: Page) -> None:
    """Waits until nothing runs any more: a run that has just ended may have called for another."""
    for _ in range(2):
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        page.wait_for_timeout(400)


def _memory(process: int) -> float:
    """Resident megabytes of a process and those it started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    status = Path(f"/proc/{process}/status").read_text()
    own = int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024
    return own + sum(_memory(int(child)) for child in children)


def _ms(times: Sequence[float]) -> str:
    return f"{median(times):.0f} ms" + (f" ({max(times):.0f})" if len(times) > 1 else "")


if __name__ == "__main__":
    main()
