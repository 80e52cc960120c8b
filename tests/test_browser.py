"""The page in a real browser, from a real server. Needs playwright and /usr/bin/chromium."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
from browsing import (
    NARROW,
    ROOT,
    WIDE,
    ask,
    choose,
    chromium,
    go,
    press,
    question_field,
    served,
    settle,
)
from openai_server import OpenAIServer, fails, says, stalls, waits
from playwright.sync_api import Browser, BrowserContext, Page, expect

import qa
from qa.evaluation import feedback_cases

COLD = 60_000  # for the first answer of a server, which imports and loads much

AXE = ROOT / ".venv/node_modules/axe-core/axe.min.js"
# Serious violations that are not the page's own, as (rule, selector). Streamlit 1.67 has none, but
# Vega, which draws its charts, gives the two parts of a brush no name.
NOT_OURS = {("svg-img-alt", ".days_brush_bg"), ("svg-img-alt", ".days_brush")}
DEMO_QUOTE = (
    "In return, he insisted on increased US development aid for migrants' home nations and the "
    "easing or removal of sanctions on Cuba and Venezuela."
)
ATTACK = (
    "<script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"
    '<img src="http://evil.example/a.png">![b](http://evil.example/b.png)'
    "[c](javascript:window.harmed=1) <mark>not a quote</mark> :red[d] $e$"
)
HOSTILE = f"""Zebra prices rise {ATTACK}

The zebra market in Ruritania closed at 42 crowns, traders said {ATTACK} on Monday.
It \u202ereppes\u202c opens on Tuesday.
"""

# What a language model might write about the hostile document, shown by the page as it is.
SEEDED = """
import datetime
import streamlit as st
from qa import Answer, Citation, Conflict, Cost, Filters, Statement
from qa.web import chat
st.set_page_config(layout="wide")
st.session_state.setdefault("exchanges", [chat.Exchange({question!r}, {answer!r})])
chat.page()
"""

# Holds back the drawing of a question without an answer until the test asks for it, as a browser
# may that is loading the script of a component for the first time.
HELD_BACK = """
window.Blob = class extends Blob {
  constructor(parts, options) {
    const script = (part) => typeof part === "string" && part.includes("export default function (");
    super(parts.map((part) => !script(part) ? part :
      part.replace("export default function (", "const drawn = function (") + `
      export default (given) => !given.data.question || given.data.statements ? drawn(given)
        : void (window.drawQuestion = () => drawn(given));`), options);
  }
};
"""


def written_about(document: qa.Document) -> qa.Answer:
    """An answer with one sentence of each verdict, hostile text in every place."""
    start = document.text.index("The zebra market")
    end = document.text.index("crowns") + len("crowns")
    quote = document.text[start:end]
    citation = qa.Citation(
        1,
        document.id,
        document.title,
        datetime.date(2024, 1, 2),
        document.source,
        start,
        end,
        quote,
    )
    tuesday = "It \u202ereppes\u202c opens on Tuesday."
    at = document.text.index(tuesday)
    other = replace(citation, number=2, start=at, end=at + len(tuesday), quote=tuesday)
    conflict = qa.Conflict(f"When? {ATTACK}", (citation, other), ("on Monday", f"Tuesday {ATTACK}"))
    statements = (
        qa.Statement(f"The market closed at 42 crowns {ATTACK}.", (citation,), "supported"),
        qa.Statement("Traders were pleased.", (citation,), "partial", ("said only in part",)),
        qa.Statement("It cost $9.", (), "unsupported", (f"9 is not in the passage {ATTACK}",)),
    )
    return qa.Answer(
        f"zebra? {ATTACK}", ATTACK, "", statements, (), False, "m",
        usage={"prompt_tokens": 1200, "completion_tokens": 30},
        incomplete=f"the server broke off {ATTACK}",
        cost=qa.Cost(0.0021, "USD"), conflicts=(conflict,),
    )  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo") / ".qa"
    with qa.Engine.open(home) as engine:
        engine.index(ROOT / "corpus")
    return home


@pytest.fixture(scope="module")
def demo(demo_folder: Path) -> Iterator[str]:
    with served(demo_folder) as (url, _):
        yield url


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "zebra.txt").write_text(HOSTILE, encoding="utf-8")
    with qa.Engine.open(folder / ".qa") as engine:
        engine.index(folder / "zebra.txt")
        (document,) = engine.documents()
    answer = written_about(document)
    app = folder / "seeded.py"
    app.write_text(SEEDED.format(question=answer.question, answer=answer), encoding="utf-8")
    with served(folder / ".qa", app) as (url, _):
        yield url


@pytest.fixture(scope="module")
def context(browser: Browser) -> BrowserContext:
    """One for all tests, so that the page's scripts are fetched once: a session begins with a page,
    not with a context."""
    return browser.new_context(reduced_motion="reduce")


@pytest.fixture
def visit(context: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Opens a page; after the test it must have asked nobody else for anything, without errors."""
    requests, errors, pages = list[str](), list[str](), []

    def opened(url: str, size: tuple[int, int] = WIDE, theme: str = "light") -> Page:
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.on("request", lambda request: requests.append(request.url))
        page.on("websocket", lambda socket: requests.append(socket.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        expect(question_field(page)).to_be_visible()
        return page

    yield opened
    for page in pages:
        page.close()
    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:http://127.0.0.1:")
    assert [url for url in requests if not url.startswith(local)] == []
    assert errors == []


Visit = Callable[..., Page]


def choose_document(page: Page, title: str) -> None:
    """Opens a document of the library by the field below the table."""
    choose(page, "Read a document", title)
    expect(page.get_by_role("article", name=f"Document: {title}")).to_be_visible()


def run_cases(page: Page, lines: list[str]) -> None:
    """Runs a file of cases of which three can be asked."""
    given = "\n".join(lines).encode()
    # The question field of the view before takes files as well.
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    settle(page)
    page.locator("input[type=file]").set_input_files(
        [{"name": "cases.jsonl", "mimeType": "application/json", "buffer": given}]
    )
    expect(page.get_by_text("cases.jsonl")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("3 cases asked")).to_be_visible()


def violations(page: Page) -> Iterator[tuple[str, str, str]]:
    """What axe-core finds serious or critical, light and dark: theme, rule, and selector."""
    page.evaluate(AXE.read_text("utf-8"))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        colour = "rgb(23, 24, 27)" if theme == "dark" else "rgb(253, 252, 250)"
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", colour)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        for violation in found:
            if violation["impact"] in ("serious", "critical"):
                for node in violation["nodes"]:
                    # In a component the target is a list: its host, then what is inside.
                    selector = " ".join(
                        " >> ".join(t) if isinstance(t, list) else t for t in node["target"]
                    )
                    if (violation["id"], selector) not in NOT_OURS:
                        yield theme, violation["id"], selector


def test_a_chip_opens_the_source_at_the_exact_quote(demo: str, visit: Visit) -> None:
    page = visit(demo)
    ask(page, "what did Lopez Obrador ask for in return?")
    statement = page.locator(".statement", has_text=DEMO_QUOTE)
    expect(statement).to_be_visible()
    chip = statement.get_by_role("button", name="source 1: A massive caravan")
    assert (chip.get_attribute("aria-label") or "").endswith(", 25 December 2023")
    chip.click()
    mark = page.locator("aside mark")
    expect(mark).to_have_text(DEMO_QUOTE)
    assert mark.text_content() == DEMO_QUOTE
    expect(mark).to_be_in_viewport(ratio=1)
    expect(page.locator("aside")).to_contain_text("25 December 2023 (from its first lines) · ")


def test_the_keyboard_opens_and_closes_a_source(demo: str, visit: Visit) -> None:
    page = visit(demo)
    ask(page, "what did Lopez Obrador ask for in return?")
    chip = page.locator("button.chip").last
    expect(chip).to_be_visible()
    page.get_by_role("button", name="New conversation").focus()
    for _ in range(60):
        if page.evaluate(FOCUSED) == "chip":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("aside mark")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("aside")).to_have_count(0)


FOCUSED = "() => document.activeElement?.shadowRoot?.activeElement?.className ?? ''"


def test_one_steps_from_citation_to_citation_in_the_source(demo: str, visit: Visit) -> None:
    page = visit(demo, NARROW)
    ask(page, "Who mediated the Barbados agreement and when did Title 42 end?")
    page.locator("button.chip").first.click()
    mark, title = page.locator("aside mark"), page.locator("aside h2")
    expect(page.locator("aside .steps")).to_contain_text("1 of ")
    open_ = page.locator("button.chip[aria-current=true]")
    expect(open_).to_have_text("1")
    first, opened = mark.text_content(), title.text_content()
    page.get_by_role("button", name="Citation before").press("Enter")  # around to the last
    expect(title).not_to_have_text(opened or "")
    expect(open_).to_have_text("3")  # the last
    page.get_by_role("button", name="Next citation").press("Enter")
    expect(mark).to_have_text(first or "")
    expect(page.get_by_role("button", name="Next citation")).to_be_focused()
    expect(open_).to_have_text("1")
    page.keyboard.press("Escape")
    expect(open_).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]


def test_an_example_question_can_be_clicked(demo: str, visit: Visit) -> None:
    page = visit(demo)
    page.get_by_role("button", name="What did López Obrador ask for in return?").click()
    expect(page.locator(".statement", has_text=DEMO_QUOTE)).to_be_visible()


def test_a_refusal_shows_what_was_searched_and_the_nearest_passages(
    demo: str, visit: Visit
) -> None:
    page = visit(demo)
    ask(page, "How many tanks did Guatemala send to Tapachula?")
    expect(page.get_by_text("The documents do not say.")).to_be_visible()
    expect(page.get_by_text("Searched 31 passages of 15 documents for")).to_be_visible()
    expect(page.locator(".sources li")).to_have_count(3)
    page.locator(".sources .quote").first.click()
    expect(page.locator("aside mark")).to_be_visible()


def test_a_follow_up_keeps_the_first_answer(demo: str, visit: Visit) -> None:
    page = visit(demo)
    ask(page, "Who mediated the Barbados agreement?")
    expect(page.locator(".statement").first).to_be_visible()
    ask(page, "And when was it signed?")
    second = page.locator("section", has_text="And when was it signed?")
    expect(second.locator(".searched")).to_contain_text("Barbados")
    expect(page.locator("h2.question")).to_have_count(2)
    expect(page.locator("h2.question").last).to_be_in_viewport()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_small_window_shows_the_source_over_the_page(demo: str, visit: Visit, theme: str) -> None:
    page = visit(demo, NARROW, theme)
    ask(page, "what did Lopez Obrador ask for in return?")
    chip = page.locator("button.chip").last
    expect(chip).to_be_visible()
    chip.click()
    expect(page.locator("aside mark")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    page.get_by_role("button", name="Close the source").click()
    expect(page.locator("aside")).to_have_count(0)


def test_a_document_opens_from_the_sidebar(demo: str, visit: Visit) -> None:
    page = visit(demo)
    page.get_by_role("button", name="Crossings of the Darién Gap").click()
    expect(page.locator("aside .words")).to_have_text(
        (ROOT / "corpus/darien-gap-crossings.md").read_text("utf-8").split("---\n")[2].strip(),
        use_inner_text=False,
    )


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_both_sides_of_a_conflict_open_their_source(
    hostile: str, visit: Visit, size: tuple[int, int]
) -> None:
    page = visit(hostile, size)
    settle(page)
    conflict = page.get_by_role("region", name="The documents disagree on")
    sides = conflict.locator(".side")
    expect(sides).to_have_count(2)
    expect(sides.first).to_contain_text("2 January 2024")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    sides.last.locator(".quote").click()
    expect(page.locator("aside mark")).to_have_text("It �reppes� opens on Tuesday.")
    page.keyboard.press("Escape")
    sides.first.locator(".quote").click()
    expect(page.locator("aside mark")).to_contain_text("The zebra market in Ruritania")


def test_doubtful_statements_are_marked_and_say_why(hostile: str, visit: Visit) -> None:
    page = visit(hostile)
    expect(page.get_by_text("of 3 sentences, 1 not backed and 1 partly backed")).to_be_visible()
    expect(page.get_by_text("The answer is incomplete: the server broke off")).to_be_visible()
    expect(page.get_by_text("m: tokens 1,200 read, 30 written; 0.0021 USD")).to_be_visible()
    expect(page.locator(".statement.supported .verdict")).to_have_count(0)
    label = page.get_by_role("button", name="partly backed")
    reasons = page.get_by_role("tooltip").filter(has_text="said only in part")
    expect(reasons).to_be_hidden()
    label.hover()
    expect(reasons).to_be_visible()
    page.get_by_role("button", name="not backed", exact=True).click()
    expect(page.get_by_role("tooltip").filter(has_text="9 is not in the passage")).to_be_visible()


def test_markup_of_documents_and_models_is_only_text(hostile: str, visit: Visit) -> None:
    page = visit(hostile)
    expect(page.locator(".said").first).to_have_text(f"The market closed at 42 crowns {ATTACK}.")
    page.locator("button.chip").first.click()
    expect(page.locator("aside .words")).to_contain_text(f"traders said {ATTACK}")
    # What would turn the text around stands in its place as a visible mark.
    expect(page.locator("aside .words")).to_contain_text("It \ufffdreppes\ufffd opens on Tuesday.")
    expect(page.locator("aside mark")).to_have_count(1)
    ask(page, f"At how many crowns did the zebra market close? {ATTACK}")
    expect(page.locator("section").nth(1).locator("h3")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("button", name="What does “Zebra prices")).to_be_visible()
    assert page.evaluate("window.harmed") is None
    assert page.locator("img[src*=evil], img[onerror], a[href^=javascript]").count() == 0


def test_a_conversation_survives_a_reload_and_a_new_server(
    demo: str, demo_folder: Path, visit: Visit
) -> None:
    page = visit(demo)
    ask(page, "what did Lopez Obrador ask for in return?")
    statement = page.locator(".statement", has_text=DEMO_QUOTE)
    expect(statement).to_be_visible()
    page.reload()
    expect(statement).to_be_visible()
    address = urlsplit(page.url)
    assert address.query.startswith("conversation=")
    with served(demo_folder) as (url, _):
        page = visit(f"{url}/?{address.query}")
        chip = page.locator(".statement", has_text=DEMO_QUOTE).locator("button.chip").first
        chip.click()
        expect(page.locator("aside mark")).to_have_text(DEMO_QUOTE)


def test_a_thumb_and_its_reason_survive_a_reload_and_become_a_case(
    demo: str, demo_folder: Path, visit: Visit
) -> None:
    page = visit(demo)
    ask(page, "How many people are in the caravan?")
    down = page.get_by_role("button", name="This answer is not right")
    down.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Its source does not say that").check()
    page.get_by_label("What would be right").fill("6,000")
    page.get_by_label("Why").fill(f"Counted anew {ATTACK}")
    page.keyboard.press("Enter")
    kept = page.locator(".judged")
    words = (
        f"not right. Its source does not say that. Right would be “6,000”. Counted anew {ATTACK}"
    )
    expect(kept).to_contain_text(words)
    expect(down).to_be_focused()
    page.reload()
    expect(kept).to_contain_text(words)
    expect(down).to_have_attribute("aria-pressed", "true")
    (case,) = feedback_cases(demo_folder)
    assert (case.must_include, case.note) == ((("6,000",),), f"Counted anew {ATTACK}")
    settle(page)
    down.click()
    expect(down).to_have_attribute("aria-pressed", "false")
    settle(page)
    assert feedback_cases(demo_folder) == []


def test_what_was_searched_is_shown_with_scores_and_opens_each_passage(
    demo: str, visit: Visit
) -> None:
    page = visit(demo, NARROW)
    ask(page, "How many tanks did Guatemala send to Tapachula?")
    page.get_by_role("button", name="What was searched").click()
    table = page.get_by_role("table")
    expect(page.locator(".ranks")).to_contain_text("Searched 31 passages of 15 documents for “How")
    expect(table.get_by_role("row")).to_have_count(7)
    scores = [float(cell) for cell in table.locator("td:nth-child(2)").all_inner_texts()]
    assert scores == sorted(scores, reverse=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    table.get_by_role("button").last.click()
    expect(page.locator("aside mark")).to_be_visible()


def test_an_answer_is_copied_kept_and_asked_again_in_other_documents(
    demo: str, demo_folder: Path, visit: Visit
) -> None:
    page = visit(demo)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "what did Lopez Obrador ask for in return?")
    page.get_by_role("button", name="Copy").press("Enter")
    expect(page.get_by_text("Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("what did Lopez Obrador ask for in return?\n\n")
    assert f"{DEMO_QUOTE} [1]\n\n[1] A massive caravan" in copied
    assert copied.endswith(f"“{DEMO_QUOTE}”\n")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    with qa.Engine.open(demo_folder) as engine:
        assert engine.verify(download.value.path()).stands
    page.get_by_role("button", name="Ask again").click()
    page.get_by_role("button", name="Once more, the same way").click()
    expect(page.locator("h2.question")).to_have_count(2)
    expect(page.locator(".statement", has_text=DEMO_QUOTE)).to_have_count(2)


def test_a_model_is_watched_through_a_reload_stopped_replaced_and_missed(
    demo_folder: Path, visit: Visit
) -> None:
    with OpenAIServer() as service:
        service.replies.append(stalls("He insisted on easing sanctions on Cuba and Venezuela. He"))
        model = {"OPENAI_BASE_URL": service.url, "QA_MODEL": "tiny", "NO_PROXY": "127.0.0.1"}
        with served(demo_folder, **model) as (url, _):
            page = visit(url)
            ask(page, "what did Lopez Obrador ask for in return?")
            draft = page.locator(".st-key-draft", has_text="He insisted on easing sanctions")
            expect(draft).to_be_visible(timeout=COLD)
            page.reload()
            expect(draft).to_be_visible()
            page.get_by_role("button", name="Stop").click()
            expect(page.get_by_text("The answer is incomplete: it was stopped.")).to_be_visible()
            said = page.locator(".statement", has_text="He insisted on easing sanctions")
            expect(said.locator("button.chip").first).to_be_visible()
            settle(page)
            page.get_by_role("button", name="Ask again").click()
            page.get_by_role("button", name="Quote the documents").click()
            expect(page.locator(".statement", has_text=DEMO_QUOTE)).to_be_visible()
            settle(page)
            assert len(service.requests) == 1
            service.__exit__()
            ask(page, "How many people are in the caravan?")
            expect(page.get_by_role("alert")).to_contain_text("no connection to http://127.0.0.1")
            settle(page)
            page.reload()
            expect(page.get_by_role("alert")).to_contain_text("no connection to http://127.0.0.1")
            expect(page.locator("h2.question")).to_have_count(3)


def test_ten_people_at_once_share_one_engine(
    demo_folder: Path, tmp_path: Path, visit: Visit
) -> None:
    app = tmp_path / "shown.py"
    shown = "import streamlit as st\nfrom qa.web import shared\nst.text(id(shared.engine()))\n"
    app.write_text((ROOT / "app.py").read_text("utf-8") + shown, "utf-8")
    with served(demo_folder, app) as (url, _):
        first = visit(url)
        pages = [first, *(first.context.new_page() for _ in range(9))]
        for page in pages[1:]:
            page.goto(url, wait_until="commit")
        for n, page in enumerate(pages):
            ask(page, f"How many people are in the caravan? I am {n}.")
        for n, page in enumerate(pages):
            said = page.locator("section", has_text=f"I am {n}.").locator(".chip")
            expect(said.first).to_be_visible(timeout=COLD)
            expect(page.locator("h2.question")).to_have_count(1)
        engines = {page.get_by_test_id("stText").last.inner_text() for page in pages}
        assert len(engines) == 1


def test_an_answer_is_not_drawn_over_by_its_question_when_that_comes_later(
    demo_folder: Path, visit: Visit
) -> None:
    with OpenAIServer() as service:
        allowed = Event()
        service.replies.append(waits(allowed, says("It was mediated by Norway.")))
        model = {"OPENAI_BASE_URL": service.url, "QA_MODEL": "tiny", "NO_PROXY": "127.0.0.1"}
        with served(demo_folder, **model) as (url, _):
            page = visit(url)
            page.add_init_script(HELD_BACK)
            page.reload()
            ask(page, "Who mediated the Barbados agreement?")
            page.wait_for_function("!!window.drawQuestion", timeout=COLD)
            allowed.set()
            expect(page.locator(".statement")).to_be_visible(timeout=COLD)
            page.evaluate("drawQuestion()")
            expect(page.locator(".statement")).to_be_visible()


def test_a_conversation_is_renamed_exported_and_deleted(demo: str, visit: Visit) -> None:
    page = visit(demo)
    ask(page, "Who mediated the Barbados agreement?")
    expect(page.locator(".statement").first).to_be_visible()
    settle(page)
    page.get_by_role("button", name="This conversation").click()
    page.get_by_label("Title").fill("Barbados <b>*talks*")
    page.get_by_role("button", name="Rename").click()
    listed = page.get_by_role("button", name="Barbados <b>*talks*")
    expect(listed).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as Markdown").click()
    text = download.value.path().read_text("utf-8")
    assert text.startswith(
        "# Barbados \\<b\\>\\*talks\\*\n\n## Who mediated the Barbados agreement?\n"
    )
    assert "\n> “" in text
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".statement")).to_have_count(0)
    listed.click()
    expect(page.locator(".statement").first).to_be_visible()
    settle(page)
    page.get_by_role("button", name="This conversation").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(listed).to_have_count(0)
    assert "conversation=" not in page.url


def test_filters_are_chips_that_can_be_taken_away(demo: str, visit: Visit) -> None:
    page = visit(demo)
    settle(page)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_test_id("stDateInputField").first.get_by_role("spinbutton").first.click()
    page.keyboard.type("20240301")
    page.keyboard.press("Escape")  # the calendar
    page.get_by_role("button", name="Use these filters").click()
    chip = page.get_by_role("button", name="Remove the filter: from 1 March 2024")
    expect(chip).to_be_visible()
    ask(page, "How many people are in the caravan?")
    expect(page.get_by_text("no document is from 2024-03-01")).to_be_visible()
    chip.click()
    expect(chip).to_have_count(0)
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".statement").first).to_be_visible()
    expect(page.get_by_text("no document is")).to_have_count(0)


def test_files_and_texts_are_added_asked_about_read_and_removed(
    tmp_path: Path, visit: Visit
) -> None:
    with served(tmp_path / ".qa") as (url, _):
        page = visit(url)
        page.get_by_role("link", name="Library").click()
        expect(page.get_by_role("heading", name="Library")).to_be_visible()
        settle(page)
        page.locator("input[type=file]").set_input_files(
            [
                {"name": "../zebra.txt", "mimeType": "text/plain", "buffer": HOSTILE.encode()},
                {"name": "odd.xyz", "mimeType": "text/plain", "buffer": b"?"},
            ]
        )
        expect(page.get_by_text("odd.xyz")).to_be_visible()
        page.get_by_role("button", name="Add these files").click()
        expect(page.get_by_text("1 document added")).to_be_visible()
        expect(page.get_by_text("unknown suffix '.xyz': use one of")).to_be_visible()
        assert (tmp_path / ".qa/uploads/zebra.txt").read_text("utf-8") == HOSTILE
        settle(page)
        page.get_by_text("Add documents").click()
        page.get_by_role("tab", name="Text").click()
        page.get_by_label("Title of the text").fill("Harvest in Ruritania")
        page.get_by_label("The text itself").fill("Farmers harvested 314 tons of barley in May.")
        press(page, "Add this text", "2 documents, 3 passages")
        page.get_by_role("link", name="Ask").click()
        ask(page, "How many tons of barley did farmers harvest?")
        expect(page.locator(".said", has_text="314 tons")).to_be_visible()
        page.get_by_role("link", name="Library").click()
        choose_document(page, "Zebra prices")
        expect(page.locator("article")).to_contain_text(f"traders said {ATTACK}")
        settle(page)
        page.get_by_role("button", name="Take this document out").click()
        page.get_by_role("button", name="Take it out").click()
        expect(page.get_by_text("1 document, 1 passage")).to_be_visible()
        assert [
            path.name for path in (tmp_path / ".qa/uploads").iterdir() if path.suffix == ".txt"
        ] == ["Harvest in Ruritania.txt"]
        assert page.evaluate("window.harmed") is None
        notes = tmp_path / "notes"
        notes.mkdir()
        for name in ("ferry", "tram"):
            (notes / f"{name}.txt").write_text(f"On the {name}\n\nThe {name} leaves at noon.")
        settle(page)
        page.get_by_text("Add documents").click()
        page.get_by_role("tab", name="Folder").click()
        page.get_by_label("Path of a folder").fill(str(notes))
        press(page, "Index this folder", "2 documents added, 1 as before.")
        (notes / "ferry.txt").unlink()
        (notes / "tram.txt").write_text("On the new tram\n\nThe tram leaves at one.")
        settle(page)
        page.get_by_text("Read the files again").click()
        press(page, "Read again", "0 documents added, 1 updated, 2 as before.")
        expect(page.get_by_text("updated: On the new tram")).to_be_visible()
        choose_document(page, "On the ferry")
        expect(page.get_by_text("on the disk these files are gone")).to_be_visible()
        expect(page.locator("article")).to_contain_text("The ferry leaves at noon.")


def test_a_pdf_given_in_the_chat_box_is_asked_about(tmp_path: Path, visit: Visit) -> None:
    says = "The storm, which the weather service calls Ottilie, reached gusts of 131 kilometres"
    with served(tmp_path / ".qa") as (url, _):
        page = visit(url, NARROW)
        box = page.get_by_test_id("stChatInput")
        box.locator("input[type=file]").set_input_files(
            ROOT / "tests/fixtures/library/tribune-flood.pdf"
        )
        expect(box).to_contain_text("tribune")
        ask(page, "which storm flooded Dunmarch")
        expect(page.get_by_text("1 document added, 0 as before.")).to_be_visible()
        said = page.locator(".statement", has_text=says)
        expect(said).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
        said.locator("button.chip").first.click()
        expect(page.locator("aside mark").first).to_contain_text(says)
        expect(page.locator("aside header")).to_contain_text(" · page 1")


def test_files_that_disagree_are_read_on_while_one_is_elsewhere_and_shown_side_by_side(
    tmp_path: Path, visit: Visit
) -> None:
    library, names = (
        ROOT / "tests/fixtures/library",
        ("herald-footbridge.html", "inquiry-summary.pdf"),
    )
    with served(tmp_path / ".qa") as (url, _):
        page = visit(url)
        box = page.get_by_test_id("stChatInput")
        box.locator("input[type=file]").set_input_files([library / name for name in names])
        expect(box).to_contain_text("inquiry")
        ask(page, "How many firefighters took part in the rescue at the footbridge?")
        expect(page.locator(".st-key-draft", has_text="Searching")).to_be_visible()
        address = page.url
        page.close()
        page = visit(address)
        sides = page.get_by_role("region", name="The documents disagree on").locator(".side")
        expect(sides).to_have_count(2, timeout=COLD)
        expect(sides.first).to_contain_text("64")
        expect(sides.first).to_contain_text("14 March 2024")
        expect(sides.last).to_contain_text("71")
        sides.last.locator(".quote").click()
        expect(page.locator("aside mark")).to_have_text("In all, 71 firefighters took part.")


def test_the_whole_document_opens_in_the_library_at_the_quote(demo: str, visit: Visit) -> None:
    page = visit(demo)
    ask(page, "what did Lopez Obrador ask for in return?")
    page.locator("button.chip").last.click()
    page.get_by_role("button", name="Open the whole document").click()
    article = page.get_by_role("article", name="Document: A massive caravan")
    mark = article.locator("mark")
    expect(mark).to_have_text(DEMO_QUOTE)
    article.scroll_into_view_if_needed()
    expect(mark).to_be_in_viewport()
    expect(article).to_contain_text("Passage 1")
    page.get_by_role("button", name="Close the document").click()
    expect(article).to_have_count(0)
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(page.locator(".statement", has_text=DEMO_QUOTE)).to_be_visible()


def test_what_the_library_is_drawn_with_is_loaded_before_it_is_opened(
    demo: str, visit: Visit
) -> None:
    page = visit(demo)
    loaded = "performance.getEntriesByType('resource').map((e) => e.name)"
    last = "(name) => name.includes('/js/Slider.')"  # one is loaded after the other
    page.wait_for_function(f"{loaded}.some({last})")
    before = page.evaluate(loaded)
    go(page, "Library")
    expect(page.locator(".stDataFrame canvas").first).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg.marks")).to_be_visible()
    sizes = "performance.getEntriesByType('resource').map((e) => [e.name, e.decodedBodySize])"
    late = {name: size for name, size in page.evaluate(sizes) if name not in before}
    assert not [name for name in late if "/static/js/" in name], late  # of two megabytes


def test_the_library_tells_where_a_date_is_from_and_reads_a_document(
    demo: str, visit: Visit
) -> None:
    page = visit(demo)
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_text("15 documents, 31 passages")).to_be_visible()
    timeline = "Timeline of 15 documents, 8 February 2023 to 29 January 2024"
    expect(page.get_by_label(timeline).first).to_be_attached()
    page.get_by_label("Find in titles and sources").fill("darien")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 document found")).to_be_visible()
    choose_document(page, "Crossings of the Darién Gap")
    document = page.locator("article")
    expect(document).to_contain_text("8 January 2024 (from its front matter)")
    expect(document.get_by_role("listitem")).to_have_count(2)
    document.press("Escape")
    expect(document).to_have_count(0)


def test_brushing_the_timeline_filters_the_library_and_then_the_answers(
    demo: str, visit: Visit
) -> None:
    page = visit(demo)
    page.get_by_role("link", name="Library").click()
    chart = page.get_by_test_id("stVegaLiteChart").locator("svg.marks")
    expect(chart).to_be_visible()
    settle(page)
    box = chart.bounding_box()
    assert box
    # From the end of August to the end of November 2023, of 8 February 2023 to 29 January 2024.
    page.mouse.move(box["x"] + 0.56 * box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 25, steps=4)
    page.mouse.up()
    expect(page.get_by_text("4 documents found")).to_be_visible()
    since = page.get_by_test_id("stDateInput").filter(has_text="Published from")
    expect(since.get_by_role("spinbutton").first).to_have_text("2023")
    page.get_by_role("button", name="Ask only these dates").click()
    expect(page.get_by_text("Answers use only these dates now.")).to_be_visible()
    page.get_by_role("button", name="All dates").click()
    expect(page.get_by_text("documents found")).to_have_count(0)
    page.get_by_role("link", name="Ask", exact=True).click()
    chips = page.get_by_role("button", name="Remove the filter:")
    expect(chips).to_have_count(2)
    ask(page, "Who mediated the Barbados agreement?")
    expect(page.locator(".source").first).to_contain_text("October 2023")


def test_settings_test_a_connection_and_are_used_without_showing_the_key(
    demo: str, visit: Visit
) -> None:
    page, key = visit(demo), "sk-never-shown"
    page.get_by_role("link", name="Settings").click()
    page.get_by_text("Let a language model write").click()
    url, test = (
        page.get_by_label("Base URL", exact=True),
        page.get_by_role("button", name="Test the"),
    )
    expect(url).to_be_visible()
    with OpenAIServer() as service:
        service.replies += [fails(401, f"Incorrect API key provided: {key}"), says("ready")]
        service.replies.append(says("He insisted on easing sanctions on Cuba and Venezuela."))
        url.fill(service.url)
        page.get_by_label("Model", exact=True).fill("tiny")
        page.get_by_label("Key", exact=True).fill(key)
        test.click()
        expect(page.get_by_text("That does not work yet.")).to_be_visible()
        assert key not in page.get_by_test_id("stMain").inner_text()
        test.click()
        expect(page.get_by_text("the model replied")).to_be_visible()
        page.get_by_role("button", name="Use these settings").click()
        expect(page.get_by_text("These settings are in use.")).to_be_visible()
        expect(page.get_by_label("Key", exact=True)).to_have_value("")
        assert key not in page.content()
        page.get_by_role("link", name="Ask").click()
        expect(page.get_by_text("tiny", exact=True)).to_be_visible()
        ask(page, "what did Lopez Obrador ask for in return?")
        said = page.locator(".said", has_text="He insisted on easing sanctions")
        expect(said).to_be_visible()
    other = visit(demo)  # another person still gets quotes
    expect(other.get_by_text("Quoting the documents, no model configured")).to_be_visible()


def test_cases_are_run_measured_and_reported(demo: str, visit: Visit) -> None:
    page = visit(demo)
    page.get_by_role("link", name="Evaluate").click()
    lines = (ROOT / "tests/fixtures/questions.jsonl").read_text("utf-8").splitlines()[:3]
    run_cases(page, [*lines, '{"question": 7}'])
    expect(page.get_by_text("line 4, question:")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Right")).to_contain_text("%")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    assert "Evaluation of cases.jsonl" in download.value.path().read_text("utf-8")
    assert "Compared with" not in download.value.path().read_text("utf-8")
    shown = page.get_by_role("combobox", name="Run", exact=True)
    first = shown.input_value()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(shown).not_to_have_value(first)
    choose(page, "Compare with", "cases.jsonl")
    expect(page.get_by_role("heading", name="What is different")).to_be_visible()
    expect(page.get_by_text("3 cases in both runs: 0 went from wrong")).to_be_visible()
    expect(page.get_by_text("No metric is significantly")).to_be_visible()


@pytest.mark.skipif(not AXE.exists(), reason="accessibility is tested with axe-core: make axe")
def test_no_view_has_a_serious_accessibility_violation(demo: str, visit: Visit) -> None:
    page, found = visit(demo), dict[str, list[tuple[str, str, str]]]()

    def check(view: str) -> None:
        settle(page)
        found[view] = list(violations(page))

    expect(page.locator(".questions button").first).to_be_visible()
    check("Ask, empty")
    ask(page, "what did Lopez Obrador ask for in return?")
    page.locator("button.chip").first.click()
    expect(page.locator("aside mark")).to_be_visible()
    for name in ("Ask again", "What was searched"):
        page.get_by_role("button", name=name).click()
    check("Ask, answer with its source")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    check("Ask, narrow")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.get_by_role("button", name="New conversation").click()
    ask(page, "How many tanks did Guatemala send to Tapachula?")
    expect(page.get_by_text("The documents do not say.")).to_be_visible()
    check("Ask, refusal")
    go(page, "Library")
    choose_document(page, "Crossings of the Darién Gap")
    expect(page.locator("article")).to_be_visible()
    check("Library, document")
    go(page, "Evaluate")
    run_cases(page, (ROOT / "tests/fixtures/questions.jsonl").read_text("utf-8").splitlines()[:3])
    check("Evaluate, results")
    go(page, "Settings")
    check("Settings")
    assert {view: list(some) for view, some in found.items() if some} == {}


def test_with_a_provider_only_who_signs_in_and_is_allowed_sees_the_page(
    demo_folder: Path, tmp_path: Path, context: BrowserContext
) -> None:
    pytest.importorskip("authlib", reason="signing in needs Authlib: pip install -e '.[sign-in]'")
    from oidc_provider import Provider

    secrets, page = tmp_path / "secrets.toml", context.new_page()
    with Provider("ann@newsroom.example") as provider:
        secrets.write_text(
            f"""[auth]
redirect_uri = "http://127.0.0.1:PORT/oauth2callback"
cookie_secret = "a secret of the test, long enough"
client_id = "qa"
client_secret = "{provider.secret}"
server_metadata_url = "{provider.url}/.well-known/openid-configuration"
[qa]
allowed = ["@newsroom.example"]
""",
            "utf-8",
        )
        with served(demo_folder, secrets=secrets) as (url, _):
            page.goto(f"{url}/library")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            expect(page.get_by_text("15 documents")).to_have_count(0)
            page.get_by_role("button", name="Sign in").click()
            expect(question_field(page)).to_be_visible()
            expect(page.get_by_text("ann@newsroom.example")).to_be_visible()
            settle(page)
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            provider.email = "eve@elsewhere.example"
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_text("not allowed to use this page")).to_be_visible()
            expect(question_field(page)).to_have_count(0)
    page.close()
