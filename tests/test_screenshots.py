"""Pictures of every view, wide and narrow, light and dark, to be looked at one by one.

They are written into the folder screenshots/, or the one that the variable SCREENSHOTS names; some
stand in the README (`make screenshots`). On each the view must be there, nothing may be broken, and
nothing may have to be scrolled sideways.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from browsing import NARROW, ROOT, ask, choose, chromium, go, served, settle
from openai_server import OpenAIServer, says
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Locator, Page, expect

import qa
from qa.evaluation import load_cases, run_cases
from qa.web.conversations import Conversations, Exchange

FOLDER = Path(os.environ.get("SCREENSHOTS", ROOT / "screenshots"))
FULL = 1920, 1080
SIZES = {"wide": FULL, "narrow": NARROW}
PAPER = {"light": "rgb(253, 252, 250)", "dark": "rgb(23, 24, 27)"}
DISAGREEING = ("herald-footbridge.html", "inquiry-summary.pdf")  # of the fixture library
SECRETS = """[auth]
redirect_uri = "http://127.0.0.1:PORT/oauth2callback"
cookie_secret = "a secret of the test, long enough"
client_id = "qa"
client_secret = "secret"
server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo corpus, conversations of before, and two runs of the first cases. They were begun in
    one second, as short ones can be, and must be told apart all the same."""
    home = tmp_path_factory.mktemp("shown") / ".qa"
    shutil.copytree(ROOT / "corpus", home.parent / "corpus")
    cases = load_cases(ROOT / "tests/fixtures/questions.jsonl")[:12]
    store = Conversations(home / "conversations.sqlite3")
    for run, passages in (("20260101T120000", 1), ("20260102T120000", 6)):
        options = qa.Settings(home=home, api_key="", base_url="", passages=passages)
        with qa.Engine.open(settings=options) as engine:
            engine.index(home.parent / "corpus")
            run_cases(engine, cases, home / "runs" / run, name="questions.jsonl")
            about = home / "runs" / run / "run.json"
            known = json.loads(about.read_text("utf-8")) | {"begun": "2026-01-01T12:00:00+00:00"}
            about.write_text(json.dumps(known), "utf-8")
            store.put(run, Exchange(cases[passages].question, engine.ask(cases[passages].question)))
    return home


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser, home: Path) -> Iterator[Page]:
    with served(home) as (url, _):
        page = browser.new_context(reduced_motion="reduce").new_page()
        page.set_viewport_size({"width": FULL[0], "height": FULL[1]})
        page.goto(url)
        yield page


def empty(page: Page) -> Locator:
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".questions button").first).to_be_visible()
    return page.get_by_role("heading", name="Ask the documents")


def answer(page: Page) -> Locator:
    empty(page)
    page.locator(".questions button").first.click()
    page.locator("button.chip").last.click()
    return page.locator("aside mark")


def under(page: Page) -> Locator:
    page.get_by_role("button", name="Close the source").click()
    page.get_by_role("button", name="This answer is not right").click()
    page.get_by_role("button", name="Ask again").click()
    return page.get_by_text("What is wrong?")


def refusal(page: Page) -> Locator:
    empty(page)
    ask(page, "How many tanks did Guatemala send to Tapachula?")
    return page.get_by_text("The documents do not say.")


def searched(page: Page) -> Locator:
    page.get_by_role("button", name="What was searched").click()
    return in_view(page.get_by_role("table"))


def filtered(page: Page) -> Locator:
    empty(page)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_test_id("stDateInputField").first.get_by_role("spinbutton").first.click()
    page.keyboard.type("20240101")
    page.keyboard.press("Escape")  # the calendar
    page.get_by_role("button", name="Use these filters").click()
    return page.get_by_role("button", name="Remove the filter: from 1 January 2024")


def conversation(page: Page) -> Locator:
    page.locator(".documents button").first.click()
    expect(page.locator("h2.question")).to_be_attached()
    settle(page)
    page.get_by_role("button", name="This conversation").click()
    return page.get_by_role("button", name="Delete for good")


def sidebar(page: Page) -> Locator:
    page.get_by_test_id("stExpandSidebarButton").click()
    return page.get_by_role("button", name="New conversation")


def library(page: Page) -> Locator:
    page.get_by_role("button", name="Remove the filter").click()
    settle(page)
    go(page, "Library")
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg.marks")).to_be_visible()
    return page.get_by_role("heading", name="Library")


def table(page: Page) -> Locator:
    return in_view(page.locator(".stDataFrame"))


def document(page: Page) -> Locator:
    answer(page)
    page.get_by_role("button", name="Open the whole document").click()
    return page.get_by_role("article", name="Document: A massive caravan").locator("mark")


def adding(page: Page) -> Locator:
    page.get_by_role("button", name="Close the document").click()
    settle(page)
    page.get_by_text("Add documents").click()
    page.locator("input[type=file]").set_input_files(
        [ROOT / "tests/fixtures/library" / name for name in DISAGREEING]
    )
    expect(page.get_by_text(DISAGREEING[1])).to_be_visible()
    return in_view(page.get_by_role("button", name="Add these files"))


def added(page: Page) -> Locator:
    page.get_by_role("button", name="Add these files").click()
    return in_view(page.get_by_text("2 documents added, 15 as before."))


def conflict(page: Page) -> Locator:
    empty(page)
    ask(page, "How many firefighters took part in the rescue at the footbridge?")
    return page.get_by_role("region", name="The documents disagree on").locator(".side").last


def evaluate(page: Page) -> Locator:
    go(page, "Evaluate")
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg.marks")).to_be_visible()
    return page.get_by_role("heading", name="Evaluate")


def metrics(page: Page) -> Locator:
    return in_view(page.get_by_test_id("stMetric").first)


def comparison(page: Page) -> Locator:
    choose(page, "Compare with", "questions.jsonl")
    return in_view(page.get_by_role("heading", name="What is different"))


def cases(page: Page) -> Locator:
    return in_view(page.get_by_role("heading", name="Cases", exact=True))


def settings(page: Page) -> Locator:
    go(page, "Settings")
    page.get_by_text("Let a language model write").click()
    return page.get_by_label("Base URL", exact=True)


def in_view(shown: Locator) -> Locator:
    """An element, with the page scrolled so that it stands at the top."""
    expect(shown).to_be_visible()
    shown.evaluate("(element) => element.scrollIntoView({ block: 'start' })")
    return shown


VIEWS: tuple[Callable[[Page], Locator], ...] = (
    empty, answer, under, refusal, searched, filtered, library, table, document, adding,
    added, conflict, evaluate, metrics, comparison, cases, settings,
)  # fmt: skip


def test_every_view_is_whole_in_both_widths_and_themes(page: Page) -> None:
    for view in VIEWS:
        resize(page, FULL)
        shown = view(page)
        expect(shown).to_be_visible()
        settle(page)
        take(page, shown, view.__name__)


# What a small model may write: a sentence that is said, one with another number, one of its own.
WRITTEN = (
    "López Obrador asked for more US development aid and an easing of sanctions on Cuba and"
    " Venezuela. The caravan that left Tapachula counted about 9,000 people. The two presidents"
    " then signed a treaty in Geneva."
)


def test_an_answer_of_a_model_shows_what_is_not_backed(browser: Browser, home: Path) -> None:
    page = browser.new_context(reduced_motion="reduce").new_page()
    with OpenAIServer() as service:
        service.replies.append(says(WRITTEN))
        model = {"OPENAI_BASE_URL": service.url, "QA_MODEL": "tiny", "NO_PROXY": "127.0.0.1"}
        with served(home, **model) as (url, _):
            page.goto(url)
            resize(page, FULL)
            ask(page, "What did López Obrador ask for in return?")
            shown = page.get_by_role("button", name="not backed").first
            expect(shown).to_be_visible()
            settle(page)
            take(page, shown, "doubted")
            shown.click()
            expect(page.get_by_role("tooltip").first).to_be_visible()
            take(page, page.get_by_role("tooltip").first, "doubt-explained")
    page.close()


def test_the_conversations_are_whole_beside_the_page_and_over_it(page: Page) -> None:
    resize(page, FULL)
    empty(page)
    take(page, conversation(page), "conversation", ["wide"])
    page.keyboard.press("Escape")
    resize(page, NARROW)
    take(page, sidebar(page), "sidebar", ["narrow"])
    take(page, conversation(page), "conversation", ["narrow"])


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(150)
    settle(page)


def take(page: Page, shown: Locator, name: str, widths: Sequence[str] = tuple(SIZES)) -> None:
    """Writes the pictures of a view, with what makes it that view in each."""
    app = page.get_by_test_id("stApp")
    for width in widths:
        resize(page, SIZES[width])
        shown.scroll_into_view_if_needed()
        expect(shown).to_be_in_viewport()
        for theme, paper in PAPER.items():
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            expect(app).to_have_css("background-color", paper)
            page.wait_for_timeout(100)
            file = FOLDER / f"{name}-{width}-{theme}.png"
            page.screenshot(path=file)
            assert ImageStat.Stat(Image.open(file).convert("L")).stddev[0] > 5, "it is blank"
        assert page.evaluate(SIDEWAYS) == [], "something reaches out of the window"
    broken = page.locator("[data-testid=stException], [data-testid=stAlertContentError], .failure")
    expect(broken).to_have_count(0)


SIDEWAYS = """() => [document.documentElement, document.querySelector("[data-testid=stMain]")]
  .filter((e) => e.scrollWidth > e.clientWidth).map((e) => `${e.tagName} ${e.scrollWidth}`)"""


def test_the_page_to_sign_in_is_whole(browser: Browser, home: Path, tmp_path: Path) -> None:
    pytest.importorskip("authlib", reason="signing in needs Authlib: pip install -e '.[sign-in]'")
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(SECRETS, "utf-8")
    page = browser.new_context(reduced_motion="reduce").new_page()
    with served(home, secrets=secrets) as (url, _):
        page.goto(url)
        shown = page.get_by_role("button", name="Sign in")
        expect(shown).to_be_visible()
        take(page, shown, "signing-in")
    page.close()
