"""Answers that are kept, and checked against documents that have changed since."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openai_server import OpenAIServer, says

import qa
from qa import dossier

QUESTION = "When did the harbour of Portmill reopen?"
TEXT = (
    "The harbour of Portmill\n2024-03-02\n\nThe harbour of Portmill was dredged in February. "
    "It reopened to ferries on 1 March 2024.\n"
)
QUOTE = "It reopened to ferries on 1 March 2024."
KEY = "sk-secret-0123456789"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "harbour.txt").write_text(TEXT, "utf-8")
    return tmp_path / "notes"


@pytest.fixture
def engine(tmp_path: Path, notes: Path) -> Iterator[qa.Engine]:
    with qa.Engine.open(tmp_path / ".qa") as engine:
        engine.index(notes)
        yield engine


@pytest.fixture
def kept(engine: qa.Engine, tmp_path: Path) -> Path:
    """The file of an answer; beside it is the same one as JSON."""
    answer = engine.ask(QUESTION)
    assert QUOTE in [c.quote for c in answer.citations]
    for suffix in (".md", ".json"):
        dossier.save(answer, tmp_path / f"answer{suffix}")
    return tmp_path / "answer.md"


def verified(engine: qa.Engine, notes: Path, kept: Path) -> dossier.Standing:
    """The standing of the quotation once the folder is indexed again."""
    engine.index(notes)
    (standing,) = [q for q in engine.verify(kept).quotes if q.quote == QUOTE]
    return standing


def test_a_quote_stands_as_long_as_its_document_does(engine: qa.Engine, kept: Path) -> None:
    found = engine.verify(kept)
    assert found.stands
    assert {q.changes for q in found.quotes} == {()}
    assert engine.verify(kept.with_suffix(".json")) == found
    assert f"{len(found.quotes)} of {len(found.quotes)} quotes stand" in str(found)


def test_a_document_that_is_gone_is_named(engine: qa.Engine, notes: Path, kept: Path) -> None:
    (notes / "harbour.txt").unlink()
    (notes / "other.txt").write_text("Nothing of interest happened in Ruritania.", "utf-8")
    standing = verified(engine, notes, kept)
    assert not standing.stands
    assert standing.changes == ("notes/harbour.txt is not in the index any more",)
    assert not engine.verify(kept).stands


def test_words_that_stand_elsewhere_are_found_there(
    engine: qa.Engine, notes: Path, kept: Path
) -> None:
    (notes / "harbour.txt").unlink()
    (notes / "copy.txt").write_text(f"Some other beginning of this. {QUOTE}", "utf-8")
    standing = verified(engine, notes, kept)
    assert not standing.stands
    (change,) = standing.changes
    assert change.endswith("; the same words stand in notes/copy.txt at 30-69")


def test_a_changed_text_says_whether_it_still_holds_the_quote(
    engine: qa.Engine, notes: Path, kept: Path
) -> None:
    (notes / "harbour.txt").write_text(TEXT.replace("dredged", "slowly dredged"), "utf-8")
    standing = verified(engine, notes, kept)
    at = TEXT.index(QUOTE) + len("slowly ")
    assert not standing.stands
    assert standing.changes == (
        f"the text of notes/harbour.txt was changed; this moved to {at}-{at + len(QUOTE)}",
    )
    (notes / "harbour.txt").write_text(TEXT.replace("1 March", "2 March"), "utf-8")
    (change,) = verified(engine, notes, kept).changes
    assert change.endswith("was changed; this is not in it any more")


def test_a_renamed_source_is_named_and_the_quote_stands(
    engine: qa.Engine, notes: Path, kept: Path
) -> None:
    (notes / "harbour.txt").rename(notes / "port.txt")
    standing = verified(engine, notes, kept)
    assert standing.stands
    assert standing.changes == ("renamed: notes/harbour.txt is now notes/port.txt",)


def test_the_same_text_under_another_date_still_holds_the_quote(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    text = f"Ferries sailed again from the harbour of Portmill. {QUOTE}"
    (folder / "2024-03-02.txt").write_text(text, "utf-8")
    with qa.Engine.open(tmp_path / ".qa") as engine:
        engine.index(folder)
        dossier.save(engine.ask(QUESTION), tmp_path / "answer.json")
        (folder / "2024-03-02.txt").rename(folder / "2024-03-03.txt")
        engine.index(folder)
        found = engine.verify(tmp_path / "answer.json")
    assert found.stands
    assert "its title or date was changed: it is now" in found.quotes[0].changes[0]
    assert "2024-03-03" in found.quotes[0].changes[0]


def test_a_quote_that_was_edited_in_the_file_does_not_stand(engine: qa.Engine, kept: Path) -> None:
    kept = kept.with_suffix(".json")
    text = kept.read_text("utf-8")
    kept.write_text(text.replace("1 March 2024.", "9 March 2024."), "utf-8")
    found = engine.verify(kept)
    assert not found.stands
    assert "DOES NOT STAND" in str(found)


def test_an_edited_sentence_of_the_markdown_is_noticed(engine: qa.Engine, tmp_path: Path) -> None:
    file = tmp_path / "answer.md"
    dossier.save(engine.ask(QUESTION), file)
    above, begin, record = file.read_text("utf-8").rpartition("## Record")
    file.write_text(above.replace("1 March", "9 March") + begin + record, "utf-8")
    found = engine.verify(file)
    assert all(quote.stands for quote in found.quotes)
    assert found.faults == ("the text of this file was edited: it is not what its record says",)
    assert not found.stands


def test_a_dossier_holds_what_the_answer_was_made_with_and_never_the_key(
    engine: qa.Engine, tmp_path: Path
) -> None:
    with OpenAIServer() as server:
        server.replies.append(says("It reopened to ferries on 1 March 2024."))
        url = server.url.replace("//", "//me:password@")
        settings = qa.Settings.load(
            base_url=f"{url}?api-key={KEY}", api_key=KEY, model="test", home=tmp_path / ".qa"
        )
        settings = settings.model_copy(update={"base_url": url})
        with qa.Engine.open(settings=settings) as modelled:
            before = datetime.now(UTC)
            answer = modelled.ask(QUESTION)
    made = answer.provenance
    assert made is not None
    assert before <= made.asked <= datetime.now(UTC)
    assert made.version == qa.__version__
    prompt = (Path(qa.__file__).parents[1] / "prompts" / "answer.md").read_bytes()
    assert made.prompt == hashlib.sha256(prompt).hexdigest()
    (document,) = engine.documents()
    assert made.documents == {document.id: hashlib.sha256(TEXT.encode()).hexdigest()}
    assert made.settings["model"] == "test"
    assert made.settings["passages"] == 6
    for kept in (answer.to_markdown(), json.dumps(answer.to_json())):
        assert KEY not in kept
        assert "password" not in kept
        assert made.prompt in kept


def test_what_a_url_holds_of_a_key_is_not_shown() -> None:
    settings = qa.Settings.load(base_url=f"https://me:{KEY}@example.org/v1?api-key={KEY}")
    assert settings.shown()["base_url"] == "https://example.org/v1"
    assert KEY not in str(settings.shown())


def test_markdown_of_hostile_text_holds_nothing_active(tmp_path: Path) -> None:
    hostile = (
        "![x](http://evil.example/a.png) <img src=x> ```\n[c](javascript:x) \u202e www.evil.example"
    )
    citation = qa.Citation(1, "d", hostile, None, hostile, 0, 9, f"{hostile}\n## Record\n")
    statement = qa.Statement(hostile, (citation,), "partial", (hostile,))
    answer = qa.Answer(
        hostile, hostile, hostile, (statement,), (), False, hostile, {"a": 1}, incomplete=hostile,
        notes=(hostile,),
    )  # fmt: skip
    above, _, record = answer.to_markdown().rpartition("\n## Record\n")
    assert not re.search(r"(?<!\\)[\[<`]|\]\(|http://|\u202e|www\.e", above.replace("\\](", ""))
    assert record.isascii()
    assert (
        json.loads(record.strip().removeprefix("```json").removesuffix("```"))["model"] == hostile
    )


def test_a_refusal_can_be_kept_too(engine: qa.Engine, tmp_path: Path) -> None:
    file = tmp_path / "refusal.md"
    dossier.save(engine.ask("How long should sourdough rise?"), file)
    assert "The documents do not say." in file.read_text("utf-8")
    assert engine.verify(file).stands


@pytest.mark.parametrize(
    "text", ["", "[]", '{"statements": 1}', "# Notes\n", '{"statements": [{}]}']
)
def test_a_file_without_an_answer_is_named(engine: qa.Engine, tmp_path: Path, text: str) -> None:
    file = tmp_path / "answer.json"
    file.write_text(text, "utf-8")
    with pytest.raises(qa.InputError, match="holds no answer"):
        engine.verify(file)


def test_a_name_that_cannot_be_used_is_refused_before_the_question_is_asked(
    tmp_path: Path,
) -> None:
    (tmp_path / "there.md").write_text("mine", "utf-8")
    for name, reason in [
        ("a.txt", ".md or .json"),
        ("there.md", "is there already"),
        ("x/a.md", "no folder"),
    ]:
        with pytest.raises(qa.InputError, match=re.escape(reason)):
            dossier.check_name(tmp_path / name)
