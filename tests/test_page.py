"""The page without a browser: what it holds, from a real engine over the demo corpus."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openai_server import OpenAIServer, stalls

import qa

streamlit = pytest.importorskip("streamlit", reason="the chat page needs streamlit")

from streamlit.testing.v1 import AppTest  # noqa: E402

from qa.web import (  # noqa: E402
    adding,
    answer,
    asking,
    evaluate,
    examples,
    filters,
    library,
    reading,
    settings,
    shared,
    signing_in,
    source,
    timeline,
    under,
)
from qa.web.conversations import Conversations, Exchange, to_markdown  # noqa: E402

ROOT = Path(__file__).parent.parent
DEMO_QUOTE = (
    "In return, he insisted on increased US development aid for migrants' home nations and the "
    "easing or removal of sanctions on Cuba and Venezuela."
)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("page") / ".qa"
    with qa.Engine.open(home) as engine:
        engine.index(ROOT / "corpus")
    return home


@pytest.fixture
def page(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    yield from opened(indexed, monkeypatch)


@pytest.fixture
def empty_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    yield from opened(tmp_path / ".qa", monkeypatch)


def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "QA_MODEL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("QA_HOME", str(home))
    streamlit.cache_resource.clear()
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    streamlit.cache_resource.clear()


def ask(page: AppTest, question: str) -> dict[str, Any]:
    """The data of the newest exchange after a question."""
    page.chat_input[0].set_value(question).run()
    assert not page.exception
    return components(page, "qa_exchange")[-1]


def components(page: AppTest, name: str) -> list[dict[str, Any]]:
    shown = [element.proto for element in page.get("bidi_component")]
    return [json.loads(proto.json) for proto in shown if proto.component_name == name]


def cited(number: int, verdict: str, *reasons: str) -> qa.Statement:
    """A statement "Ab." that cites the first two characters of a document."""
    citation = qa.Citation(number, "d", "T", None, "/x/y/t.txt", 0, 2, "Ab")
    return qa.Statement("Ab.", (citation,), verdict, reasons)  # type: ignore[arg-type]


def test_a_question_without_accents_shows_the_cited_quote(page: AppTest) -> None:
    shown = ask(page, "what did Lopez Obrador ask for in return?")
    (statement,) = [s for s in shown["statements"] if s["text"] == DEMO_QUOTE]
    assert statement["verdict"] == "supported"
    assert statement["chips"][0]["label"].endswith(", 25 December 2023")
    quotes = [quote["text"] for entry in shown["sources"] for quote in entry["quotes"]]
    assert DEMO_QUOTE in quotes


def test_sources_are_listed_by_number(page: AppTest) -> None:
    shown = ask(page, "Who mediated the Barbados agreement and when did Title 42 end?")
    numbers = [entry["number"] for entry in shown["sources"]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_refusal_says_what_was_searched_and_shows_the_nearest_passages(page: AppTest) -> None:
    question = "How many tanks did Guatemala send to Tapachula?"
    shown = ask(page, question)
    assert "statements" not in shown
    assert question in shown["refusal"]
    assert "15 documents" in shown["refusal"]
    assert len(shown["nearest"]) == 3
    assert all(p["title"] and p["date"] and p["text"] for p in shown["nearest"])


def test_a_follow_up_is_searched_together_with_what_it_leans_on(page: AppTest) -> None:
    ask(page, "When did the United States put Cuba back on the list of state sponsors?")
    shown = ask(page, "And who did that?")
    assert len(components(page, "qa_exchange")) == 2
    searched = shown.get("searched") or shown["refusal"]
    assert "Cuba" in searched


def test_an_unusable_question_is_explained_and_the_conversation_stays(page: AppTest) -> None:
    ask(page, "How many people are in the caravan?")
    shown = ask(page, "why? " * 1000)
    assert "ask it in at most 4,000" in shown["error"]
    first, _ = components(page, "qa_exchange")
    assert first["statements"]


def test_a_new_conversation_starts_empty(page: AppTest) -> None:
    ask(page, "How many people are in the caravan?")
    page.button[0].click().run()
    assert not components(page, "qa_exchange")
    questions = components(page, "qa_choices")[0]
    assert {"label": "What did López Obrador ask for in return?"} in questions["items"]


def test_the_sidebar_names_the_model_and_lists_the_newest_documents(page: AppTest) -> None:
    assert [text.value for text in page.sidebar.text] == [
        "Quoting the documents, no model configured",
        "15 documents, 31 passages",
    ]
    (listed,) = [c for c in components(page, "qa_choices") if c["label"] == "Newest documents"]
    assert len(listed["items"]) == 5
    assert page.get("page_link")[0].proto.label == "All 15 documents"
    assert {"label": "Crossings of the Darién Gap", "detail": "8 January 2024"} in listed["items"]


def test_a_deleted_conversation_takes_what_was_said_of_its_answers_along(
    page: AppTest, indexed: Path
) -> None:
    ask(page, "How many people are in the caravan?")
    (exchange,) = page.session_state["exchanges"]
    said = under.judged(exchange, (), {"right": True})
    assert said
    qa.FeedbackFile(indexed).put(said)
    page.run()
    assert components(page, "qa_exchange")[-1]["under"]["judged"]["right"]
    (delete,) = [button for button in page.button if button.label == "Delete for good"]
    delete.click().run()
    assert not components(page, "qa_exchange")
    assert qa.FeedbackFile(indexed).read() == {}


def test_an_empty_index_says_what_to_run(empty_page: AppTest) -> None:
    assert empty_page.code[0].value == "qa index corpus"
    assert "qa index" in ask(empty_page, "who?")["error"]


def test_files_given_with_a_question_are_added_before_it_is_asked(empty_page: AppTest) -> None:
    box = empty_page.chat_input[0]
    box.upload("mill.txt", b"The mill of Ruritania\n\nThe mill grinds 77 tons of wheat a day.")
    box.upload("odd.xyz", b"?")
    shown = ask(empty_page, "How many tons of wheat does the mill grind a day?")
    while "statements" not in shown:  # in a browser, the page looks by itself
        empty_page.run()
        shown = components(empty_page, "qa_exchange")[-1]
    assert shown["statements"][0]["text"] == "The mill grinds 77 tons of wheat a day."
    said = [text.value for text in empty_page.text]
    assert "1 document added, 0 as before." in said
    assert any("odd.xyz: unknown suffix" in text for text in said)
    empty_page.chat_input[0].set_value("And of rye?").run()
    assert "1 document added, 0 as before." not in [text.value for text in empty_page.text]


def test_an_unusable_setting_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QA_PASSAGES", "many")
    (page,) = opened(tmp_path, monkeypatch)
    assert not page.exception
    assert "QA_PASSAGES" in page.text[0].value


def test_a_question_that_was_interrupted_is_asked_again(page: AppTest) -> None:
    page.session_state["exchanges"] = [Exchange("How many people are in the caravan?")]
    page.run()
    assert components(page, "qa_exchange")[-1]["statements"]


def test_doubt_is_counted_and_labelled() -> None:
    statements = (cited(1, "supported"), cited(1, "partial"), cited(2, "unsupported", "7 is not"))
    note = answer.doubt(statements)
    assert note.startswith("Check before use: of 3 sentences, 1 not backed and 1 partly backed")
    assert answer.doubt(statements[:1]) == ""
    assert answer.marked(statements[2]) == "Ab. [2] (not backed)"


def test_files_are_named_relative_to_the_folder_of_the_home() -> None:
    assert answer.place("/x/y/t.txt", Path("/x")) == "y/t.txt"
    assert answer.place("/z/t.txt", Path("/x")) == "/z/t.txt"
    assert answer.place("https://example.org/a", Path("/x")) == "https://example.org/a"


def test_marked_pieces_join_to_the_body_of_the_document() -> None:
    text = "title: T\n\nÀb 😀 cd. Ef gh."
    document = qa.Document("d", "t.txt", "T", None, text, "", body=10)
    shown = source.view(document, [(18, 24), (10, 14), (12, 14)], Path("/x"))
    assert "".join(piece["text"] for piece in shown["pieces"]) == text[10:]
    assert [p["text"] for p in shown["pieces"] if p["marked"]] == [text[10:14], text[18:24]]


def test_the_origin_of_the_date_and_every_source_stand_beside_the_document() -> None:
    document = qa.Document(
        "d", "/x/a.txt", "T", date(2023, 12, 25), "Text.", "",
        published_from="file name", also_in=("/x/b.txt", "https://example.org/a"),
    )  # fmt: skip
    shown = source.view(document, [], Path("/x"))
    assert (shown["date"], shown["origin"]) == ("25 December 2023", "from its file name")
    assert (shown["place"], shown["also"]) == ("a.txt", ["b.txt", "https://example.org/a"])


def test_a_quote_in_the_header_is_shown_with_it() -> None:
    document = qa.Document("d", "t.txt", "T", None, "Headline\n\nBody.", "", body=10)
    shown = source.view(document, [(0, 8)], Path("/x"))
    assert shown["pieces"][0] == {"text": "Headline", "marked": True}


def test_of_a_very_long_document_the_part_around_the_quote_is_sent() -> None:
    document = qa.Document("d", "t.txt", "T", None, "x" * 500_000, "")
    shown = source.view(document, [(250_000, 250_010)], Path("/x"))
    assert shown["before"]
    assert shown["after"]
    assert sum(len(piece["text"]) for piece in shown["pieces"]) < 130_000


def test_an_answer_is_read_back_as_it_was_kept(page: AppTest, tmp_path: Path) -> None:
    ask(page, "How many people are in the caravan?")
    store = Conversations(tmp_path / "kept.sqlite3")
    (asked,) = page.session_state["exchanges"]
    store.put("c", asked)
    assert store.read("c") == ("How many people are in the caravan?", [asked])
    store.drop(asked)
    assert store.read("c") == ("How many people are in the caravan?", [])
    assert store.read("d") is None


def test_two_who_add_to_one_conversation_keep_both_exchanges(tmp_path: Path) -> None:
    one, other = (Conversations(tmp_path / "kept.sqlite3") for _ in range(2))
    one.put("c", Exchange("First?", error="no"))
    other.put("c", Exchange("Second?", error="no"))
    title, exchanges = one.read("c") or ("", [])
    assert (title, [e.question for e in exchanges]) == ("First?", ["First?", "Second?"])


def test_conversations_are_listed_with_every_question_to_be_searched(tmp_path: Path) -> None:
    store = Conversations(tmp_path / "kept.sqlite3")
    for question in ("Who leads it?", "And since when?"):
        store.put("c", Exchange(question, error="no"))
    (entry,) = store.listed()
    assert (entry.title, entry.asked) == ("Who leads it?", "Who leads it? And since when?")


def test_a_question_without_an_answer_is_kept_and_says_so(tmp_path: Path) -> None:
    store = Conversations(tmp_path / "kept.sqlite3")
    store.put("c", Exchange("First?"))
    _, (exchange,) = store.read("c") or ("", [])
    assert "ask again" in exchange.error


def test_a_damaged_file_of_conversations_is_named(tmp_path: Path) -> None:
    (tmp_path / "kept.sqlite3").write_bytes(b"x" * 5000)
    with pytest.raises(qa.StoreError, match="move it away"):
        Conversations(tmp_path / "kept.sqlite3").listed()


def test_markup_is_only_text_in_an_exported_conversation() -> None:
    hostile = "![a](http://evil.example/b.png) <script>"
    text = to_markdown(hostile, [Exchange(hostile, error=hostile)], Path("/x"))
    assert "![" not in text
    assert "<script" not in text.replace("\\<", "")


def test_an_answer_uses_the_filters_and_names_them(page: AppTest) -> None:
    page.session_state["filters"] = qa.Filters(sources=("darien-gap-crossings.md",))
    page.run()
    shown = ask(page, "How many people crossed the Darién Gap in 2023?")
    assert shown["sources"]
    assert all(e["place"].endswith("darien-gap-crossings.md") for e in shown["sources"])
    assert shown["searched"] == "Searched only in documents of darien-gap-crossings.md"
    (chips,) = [c for c in components(page, "qa_choices") if c["style"] == "chips"]
    assert [item["label"] for item in chips["items"]] == ["darien-gap-crossings.md"]


def test_sources_to_choose_are_sites_folders_and_files_with_records() -> None:
    places = ("https://example.org/a", "notes/x.jsonl#7", "notes/y.md", "z.md")
    documents = [qa.Document(p, p, p, None, "", "") for p in places]
    assert list(filters.sources(documents)) == [
        "example.org",
        "notes",
        "notes/x.jsonl",
        "https://example.org/a",
        "notes/x.jsonl#7",
        "notes/y.md",
        "z.md",
    ]


def test_an_upload_never_overwrites_another_and_stays_in_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    names = ["a.txt", "../../a.txt", "..", ".hidden.md", "x" * 500 + ".pdf", "C:\\t\\b?.txt"]
    kept = [adding.keep(folder, name, name.encode()) for name in names]
    assert [path.name for path in kept][:4] == ["a.txt", "a (2).txt", "file", "hidden.md"]
    assert kept[5].name == "b-.txt"
    assert {path.parent for path in kept} == {folder}
    assert [path.read_bytes() for path in kept] == [name.encode() for name in names]
    assert adding.keep(folder, "a.txt", b"a.txt") == kept[0]


def test_a_pasted_text_begins_with_its_title_and_date() -> None:
    text = adding.as_file("A\nb", date(2024, 5, 1), " Words. ")
    assert text == "A b\n2024-05-01\n\nWords.\n"


def test_a_change_of_the_library_is_told_document_by_document() -> None:
    def document(name: str, text: str, *also: str) -> qa.Document:
        return qa.Document(text, name, text, None, text, "", also_in=also)

    before = [document("a", "A"), document("b", "B"), document("c", "C", "d")]
    now = [document("a", "A2"), document("d", "C"), document("e", "E")]
    summary, lines = adding.changes(before, now)
    assert summary == "1 document added, 1 updated, 1 taken out, 1 as before."
    assert lines == ["added: E", "updated: A2", "taken out: B"]


def test_folders_to_look_in_are_the_outermost_ones() -> None:
    assert adding.outermost(["/x/y/a", "/x/b", "/xy/c"]) == ["/x", "/xy"]


def test_the_state_of_a_document_says_which_files_are_gone() -> None:
    states = [
        library.state(shared.Holding(passages, files, gone))
        for passages, files, gone in (
            (1, ("a", "b"), ()),
            (1, ("a",), ("a",)),
            (1, ("a", "b"), ("b",)),
            (1, ("a", "b"), ("a", "b")),
            (0, ("a",), ()),
        )
    ]
    assert states == [
        "ready",
        "file is gone",
        "1 of its files gone",
        "files are gone",
        "nothing to search in it",
    ]


def test_a_file_that_was_deleted_is_known_to_be_gone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"Title {name}\n\nThe {name} rains.", "utf-8")
    with qa.Engine.open(tmp_path / ".qa") as engine:
        engine.index(tmp_path / "a.txt", tmp_path / "b.txt")
        (tmp_path / "b.txt").unlink()
        shared.holdings.clear()
        held = shared.holdings(engine, engine.counts())
        by_title = {document.title: held[document.id] for document in engine.documents()}
    assert by_title["Title a"] == shared.Holding(1, (str(tmp_path / "a.txt"),), ())
    assert by_title["Title b"].gone == (str(tmp_path / "b.txt"),)


def test_the_timeline_has_days_weeks_months_or_years() -> None:
    first = date(2023, 12, 27)
    for reach, unit, begins in (
        (100, 1, first),
        (500, 7, date(2023, 12, 25)),
        (2_000, 31, date(2023, 12, 1)),
        (20_000, 366, date(2023, 1, 1)),
    ):
        bars = timeline.bars([first, first, first + timedelta(reach)])
        assert bars[0] == (begins, timeline._after(begins, unit), 2)
        assert bars[1][0] <= first + timedelta(reach) < bars[1][1]
    assert timeline.bars([first, date.max])[-1][1] == date.max


def test_a_document_is_read_passage_by_passage_with_what_lies_between() -> None:
    text = "Title\n\nOne. Two. ~~ Three."
    document = qa.Document("d", "t.txt", "Title", None, text, "", body=7)
    passages = [
        qa.Passage(f"{start}", "d", "Title", None, "t.txt", text[start:end], start, end, 2)
        for start, end in ((7, 16), (20, 26))
    ]
    shown = reading.view(document, passages, 0, [(9, 13), (22, 99)], Path("/x"))
    assert shown["count"] == "2 passages"
    parts = [
        (part["label"], [piece["text"] for piece in part["pieces"]]) for part in shown["parts"]
    ]
    assert parts == [
        ("Passage 1", ["On", "e. T", "wo."]),
        ("", ["~~"]),
        ("Passage 2", ["Th", "ree."]),
    ]
    later = reading.view(document, passages * 60, 100, (), Path("/x"))
    assert later["count"] == "passages 101 to 120 of 120 passages"


def test_answers_that_were_judged_are_run_as_cases(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = "How many tanks did Guatemala send to Tapachula?"
    said = qa.Feedback("one", datetime.now(UTC), True, question, "No.", abstained=True)
    qa.FeedbackFile(indexed).put(said)
    monkeypatch.setenv("QA_HOME", str(indexed))
    streamlit.cache_resource.clear()
    script = "from qa.web import evaluate\nevaluate.page()"
    page = AppTest.from_string(script, default_timeout=30).run()
    page.radio[0].set_value("The 1 answer judged here")
    next(button for button in page.button if button.label == "Run").click().run()
    assert not page.exception
    assert page.subheader[0].value == "1 case asked"
    assert (page.metric[0].label, page.metric[0].value) == ("Right", "100%")
    qa.FeedbackFile(indexed).drop(["one"])
    streamlit.cache_resource.clear()


def test_who_may_enter_is_told_by_a_verified_address_or_its_domain() -> None:
    allowed = ["Ann@desk.example", "@newsroom.example"]
    ann = {"email": "ann@desk.example", "email_verified": True}
    assert signing_in.may_enter(ann, allowed)
    assert signing_in.may_enter({"email": "bo@newsroom.example"}, allowed)
    assert not signing_in.may_enter(ann | {"email_verified": False}, allowed)
    for address in ("eve@desk.example", "bo@evil-newsroom.example", "bo@newsroom.example.org", ""):
        assert not signing_in.may_enter({"email": address}, allowed)
    assert signing_in.may_enter({}, [])


def test_secrets_that_cannot_be_read_let_nobody_in(tmp_path: Path) -> None:
    files = streamlit.get_option("secrets.files")
    (tmp_path / "secrets.toml").write_text("[auth\n", "utf-8")
    try:
        streamlit.config.set_option("secrets.files", [str(tmp_path / "none.toml")])
        assert signing_in.passed()
        streamlit.config.set_option("secrets.files", [str(tmp_path / "secrets.toml")])
        assert not signing_in.passed()
    finally:
        streamlit.config.set_option("secrets.files", files)


def test_metrics_are_named_and_stand_on_their_intervals() -> None:
    measured = {
        "metrics": {"retrieval_mrr@10": 0.5, "answer_inclusion": 0.25, "latency_p50": 0.1},
        "intervals": {"answer_inclusion": [0.0, 0.5]},
    }
    rows = evaluate.chart_rows(measured, "this run")
    assert [(r["metric"], r["low"], r["value"], r["high"]) for r in rows] == [
        ("MRR@10", 0.5, 0.5, 0.5),
        ("Answer inclusion", 0.0, 0.25, 0.5),
    ]
    shown = [(evaluate.label(metric), *figures) for metric, *figures in evaluate.cards(measured)]
    assert shown == [
        ("Answer inclusion", "25%", "0% to 50%"),
        ("Latency p50", "0.10 s", ""),
    ]


def test_runs_of_one_second_are_told_apart() -> None:
    assert evaluate.distinct(["a", "b", "a", "a"]) == ["a (3)", "b", "a (2)", "a"]


def test_a_key_goes_to_the_service_it_was_given_for_and_to_no_other() -> None:
    common = qa.Settings(base_url="https://a.example/v1", api_key="secret")
    assert settings._known_key(common, common, "https://a.example/v1") == "secret"
    assert settings._known_key(common, common, "https://b.example/v1") == ""


def test_sessions_with_other_settings_share_one_index(indexed: Path) -> None:
    with qa.Engine.open(indexed) as common:
        own = settings.variant(common, {"base_url": "http://127.0.0.1:9/v1", "passages": 1})
        assert own.embedder is common.embedder
        assert (own.settings.passages, common.settings.passages) == (1, 6)
        assert (own.model is None, common.model is None) == (False, True)
        assert own.counts() == common.counts()
        strict, quoting = settings.asked(own, "strict"), settings.asked(own, "quoted")
        assert (strict.settings.strict, strict.model is None) == (True, False)
        assert quoting.model is None
        assert settings.asked(own, "") is own


def test_what_is_deleted_while_it_is_answered_is_not_kept(indexed: Path) -> None:
    kept = list[Exchange]()
    with OpenAIServer() as service:
        service.replies += [stalls("He insisted on"), stalls("He insisted on")]
        options = qa.Settings(home=indexed, base_url=service.url, model="m", api_key="")
        with qa.Engine.open(settings=options) as engine:
            for forgotten in (True, False):
                exchange = Exchange("What did López Obrador ask for in return?")
                now = asking.start(engine, exchange, (), qa.Filters(), kept.append)
                assert asking.running()[exchange.id] is now
                if forgotten:
                    asking.forget([exchange.id])
                else:
                    while not now.text:
                        assert not now.done(0.01)
                    now.stop()
                assert now.done(20)
                assert exchange.id not in asking.running()
    (stopped,) = kept
    assert stopped.answer
    assert stopped.answer.incomplete == "it was stopped"


def test_other_ways_to_ask_are_those_that_differ() -> None:
    def offered(answer: qa.Answer, now: qa.Filters, model: str) -> list[str]:
        return [label for label, _ in under.ways(answer, now, model)]

    plain = qa.Answer("q", "q", "t", (cited(1, "supported"),), (), False, "none (quotes)")
    some, other = qa.Filters(sources=("a",)), qa.Filters(sources=("b",))
    once, quote = "Once more, the same way", "Quote the documents, without a model"
    strict = "Strictly: leave out what is not backed"
    assert offered(plain, qa.Filters(), "") == [once]
    filtered = ["Only in documents of b", "In all documents", once]
    assert offered(replace(plain, filters=some), other, "") == filtered
    assert offered(plain, qa.Filters(), "m") == ["With m", strict]
    generated = replace(plain, model="m", usage={"prompt_tokens": 1})
    assert offered(generated, qa.Filters(), "m") == [once, strict, quote]
    assert offered(generated, qa.Filters(), "n") == ["With n", strict, quote]
    refused = replace(plain, statements=(), abstained=True)
    assert offered(refused, qa.Filters(), "m") == [once, strict]


def test_a_judgement_from_outside_is_held_to_its_form() -> None:
    answer = qa.Answer("q", "q", "t", (cited(1, "supported"),), (), False, "m")
    exchange = Exchange("q", answer)
    assert under.judged(exchange, (), {"right": "yes"}) is None
    assert under.judged(Exchange("q"), (), {"right": True}) is None
    given = {"right": False, "fault": "<b>", "reason": "x" * 5000, "expected": None}
    said = under.judged(exchange, (("p", "a"),), given)
    assert said
    assert (said.fault, len(said.reason), said.expected) == ("", under.LONGEST, "")
    assert said.history == (qa.Turn("p", "a"),)
    assert said.quotes == (("/x/y/t.txt", "Ab"),)


def test_a_copied_answer_holds_its_doubts_and_sources() -> None:
    statements = (cited(1, "supported"), cited(2, "partial", "it is less"))
    answer = qa.Answer("q?", "q?", "Ab. Ab.", statements, (), False, "m", incomplete="it stopped")
    assert under.copied(answer, Path("/x")) == (
        "q?\n\nAb. [1] Ab. [2] (partly backed)\n\nThe answer is incomplete: it stopped.\n\n"
        "“Ab.”: it is less\n\n[1] T, no date, y/t.txt\n“Ab”\n\n[2] T, no date, y/t.txt\n“Ab”\n"
    )


def test_scores_are_explained_as_they_were_made() -> None:
    answer = qa.Answer("q", "q", "t", (), (), True, "m")
    when = datetime(2026, 11, 23, tzinfo=UTC)
    for reranker, words in (("", "word by word"), ("openai:big", "the place that openai:big gave")):
        made = qa.Provenance(when, "0", {"reranker": reranker}, "", {})
        shown = under.view(replace(answer, provenance=made), Path("/x"), None, [])
        assert words in shown["meaning"]


def test_examples_are_questions_that_the_documents_answer(indexed: Path) -> None:
    with qa.Engine.open(indexed) as engine:
        found = examples.questions(engine, engine.documents())
        assert len(found) == examples.MOST
        assert not any(engine.ask(question).abstained for question in found)
