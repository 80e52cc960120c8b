"""Pictures of every view, wide and narrow, light and dark, to be looked at one by one.

usage: python benchmarks/screenshots.py FOLDER [--readme]

--readme also writes the pictures of the README into docs/screenshots. The page quotes the demo
corpus; the run that Evaluate shows is of the first thirty cases of the fixture set.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import tables
from page import chromium, served
from playwright.sync_api import Page

import qa
from qa.evaluation import load_cases, run_cases

WIDTHS = {"wide": (1440, 900), "narrow": (360, 740)}
README = {
    "answer-wide-light": "answer.png",
    "refusal-narrow-light": "refusal.png",
    "library-wide-light": "library.png",
    "evaluate-wide-dark": "evaluate.png",
}


def main() -> None:
    """Writes one picture a view, width and theme."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readme", action="store_true")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo" / ".qa"
        shutil.copytree(tables.ROOT / "corpus", home.parent / "corpus")
        _fill(home)
        with served(home) as (url, _), chromium() as browser:
            for width, (x, y) in WIDTHS.items():
                context = browser.new_context(
                    viewport={"width": x, "height": y}, reduced_motion="reduce"
                )
                for view, draw in VIEWS.items():
                    page = context.new_page()
                    draw(page, url)
                    for theme in ("light", "dark"):
                        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                        page.wait_for_timeout(500)
                        name = f"{view}-{width}-{theme}"
                        page.screenshot(path=args.folder / f"{name}.png")
                        if args.readme and name in README:
                            shutil.copy(
                                args.folder / f"{name}.png",
                                tables.ROOT / "docs/screenshots" / README[name],
                            )
                    page.close()
                context.close()


def _fill(home: Path) -> None:
    cases = load_cases(tables.ROOT / "tests/fixtures/questions.jsonl")[:30]
    with qa.Engine.open(settings=qa.Settings(home=home, api_key="", base_url="")) as engine:
        engine.index(home.parent / "corpus")
        run_cases(engine, cases, home / "runs" / "first", name="questions.jsonl")


def _settle(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(700)


def _open(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("h1, h2").first.wait_for()
    _settle(page)


def _ask(page: Page, url: str, question: str) -> None:
    _open(page, url)
    page.get_by_test_id("stChatInputTextArea").fill(question)
    page.get_by_test_id("stChatInputTextArea").press("Enter")
    page.locator(".answer").wait_for()
    _settle(page)


def _answer(page: Page, url: str) -> None:
    _ask(page, url, "what did López Obrador ask for in return?")
    page.locator("button.chip").last.click()
    page.locator("aside mark").wait_for()
    _settle(page)


def _document(page: Page, url: str) -> None:
    _open(page, f"{url}/library")
    field = page.get_by_label("Read a document")
    field.scroll_into_view_if_needed()
    _settle(page)
    field.click()
    page.get_by_role("option", name="Crossings of the Darién Gap").click()
    page.locator("article").wait_for()
    _settle(page)


VIEWS: dict[str, Callable[[Page, str], None]] = {
    "empty": _open,
    "answer": _answer,
    "refusal": lambda page, url: _ask(page, url, "How many tanks did Guatemala send to Tapachula?"),
    "library": lambda page, url: _open(page, f"{url}/library"),
    "document": _document,
    "evaluate": lambda page, url: _open(page, f"{url}/evaluate"),
    "settings": lambda page, url: _open(page, f"{url}/settings"),
}

if __name__ == "__main__":
    main()
