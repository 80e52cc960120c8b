import json
import os
import unicodedata
from datetime import date, datetime
from pathlib import Path

import pytest
from conftest import CORPUS

from qa.errors import InputError, LoadError
from qa.loading import discover, load, outside
from qa.loading.dates import leading_date, line_date, to_date
from qa.loading.text import decode
from qa.types import Document


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one(folder: Path, name: str, content: str | bytes) -> Document:
    loaded = load(written(folder, name, content), name)
    assert not loaded.failures
    (document,) = loaded.documents
    return document


def refusal(folder: Path, name: str, content: str | bytes) -> str:
    """Why the file could not be read."""
    loaded = load(written(folder, name, content), name)
    assert not loaded.documents
    (failure,) = loaded.failures
    assert failure.source.startswith(name)
    return failure.error


def body(document: Document) -> str:
    return document.text[document.body :]


# --- the article and the demo corpus -------------------------------------------------------------


def test_the_article_is_dated_and_its_body_begins_after_the_date() -> None:
    (article,) = load(CORPUS / "migrant-caravan-2023-12-25.txt", "article").documents
    assert article.published == date(2023, 12, 25)
    assert body(article).startswith("A massive caravan of migrants")
    assert article.title.startswith("A massive caravan of migrants")
    assert "2023-12-25" not in article.title


def test_every_demo_file_is_read_with_a_title_and_a_date() -> None:
    for path in discover([CORPUS]):
        loaded = load(path, path.name)
        assert not loaded.failures
        assert all(d.title and d.published and body(d).strip() for d in loaded.documents)


# --- titles and dates ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "title", "published", "start"),
    [
        ("a.md", "---\ntitle: T\ndate: 2023-12-25\n---\n\nBody.", "T", date(2023, 12, 25), "Body."),
        ("a.md", "---\ntitle: T\npublished: 25 Dec 2023\n---\nBody.", "T", date(2023, 12, 25), "B"),
        ("a.md", "---\ntitle: T\ndate:\n---\nBody.", "T", None, "Body."),
        ("a.md", "---\ntitle: T\n---\n# Other\n\nBody.", "T", None, "Body."),
        ("a.md", "# Caravan heads north #\n\nBody.", "Caravan heads north", None, "Body."),
        ("a.md", "# About C#\n\nBody.", "About C#", None, "Body."),
        ("a.md", "# Title\n2023-12-25\n\nBody.", "Title", date(2023, 12, 25), "Body."),
        ("a.txt", "Title\n2023-12-25\n\nBody.", "Title", date(2023, 12, 25), "Body."),
        ("a.txt", "2023-12-25\nTitle\n\nBody.", "Title", date(2023, 12, 25), "Body."),
        ("a.txt", "Title\nPublished: Dec. 25, 2023\nBody.", "Title", date(2023, 12, 25), "Body."),
        ("a.txt", "Title\n\nBody.", "Title", None, "Body."),
        ("a.txt", " date 2023-12-25 A caravan.", "A caravan.", date(2023, 12, 25), "A caravan."),
        ("a.txt", "A caravan left. It is big.", "A caravan left.", None, "A caravan left."),
        ("a.txt", "A line that goes\non here.", "A line that goes on here.", None, "A line"),
    ],
)
def test_title_date_and_body_are_told_apart(
    tmp_path: Path, name: str, content: str, title: str, published: date | None, start: str
) -> None:
    document = one(tmp_path, name, content)
    assert (document.title, document.published) == (title, published)
    assert body(document).startswith(start)


@pytest.mark.parametrize(
    "words", ["05/06/2023", "5.6.2023", "2023-02-30", "31 June 2023", "2023", "May 2023", "Monday"]
)
def test_an_ambiguous_or_impossible_date_is_no_date(words: str) -> None:
    assert line_date(words) is None
    assert leading_date(f"date {words} Text") is None


def test_dates_are_read_as_people_write_them() -> None:
    christmas = date(2023, 12, 25)
    for words in ("25 December 2023", "Dec. 25, 2023", "updated on 2023-12-25T08:00:00Z"):
        assert line_date(words) == christmas
    assert to_date(datetime(2023, 12, 25, 23, 59)) == christmas
    assert to_date(20231225) is None


def test_a_date_inside_the_text_is_not_the_date_of_publication(tmp_path: Path) -> None:
    text = "The talks were held on 2023-12-27. They ended on 28 December 2023."
    assert one(tmp_path, "a.txt", text).published is None


def test_the_time_a_file_was_saved_is_never_its_date(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "Nothing is dated here.")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (document,) = load(path, "a.txt").documents
    assert document.published is None


@pytest.mark.parametrize("stated", ["05/06/2023", "soon", "20231225"])
def test_a_stated_date_that_cannot_be_understood_is_an_error(tmp_path: Path, stated: str) -> None:
    assert "not a date" in refusal(tmp_path, "a.md", f"---\ndate: {stated}\n---\nText.")
    record = json.dumps({"text": "Text.", "date": stated})
    assert "not a date" in refusal(tmp_path, "a.jsonl", record)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", "Title\n2023-12-25\n"), ("b.txt", "2023-12-25"), ("c.md", "---\ntitle: T\n---\n")],
)
def test_a_file_of_nothing_but_a_header_is_listed(tmp_path: Path, name: str, content: str) -> None:
    assert "no text below" in refusal(tmp_path, name, content)


@pytest.mark.parametrize(
    "front", ["a: [", "a: " + "[" * 5000, "a: !!bool x", "a: !!timestamp x", "date: 2023-02-30"]
)
def test_broken_front_matter_is_listed_and_stops_nothing(tmp_path: Path, front: str) -> None:
    assert "front matter" in refusal(tmp_path, "a.md", f"---\n{front}\n---\nText.")


def test_front_matter_that_multiplies_itself_is_no_title(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60))]
    front = "\n".join([*lines, "title: *a59"])
    assert one(tmp_path, "a.md", f"---\n{front}\n---\nText.").title == "Text."


def test_front_matter_that_merges_itself_is_read_without_what_is_merged(tmp_path: Path) -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 20)]
    front = "\n".join([*lines, "title: Eels"])
    assert one(tmp_path, "a.md", f"---\n{front}\n---\nText.").title == "Eels"


def test_many_comments_in_front_are_read_in_no_time(tmp_path: Path) -> None:
    # They can be divided in 2^280 ways.
    assert one(tmp_path, "a.txt", "<!---->" * 280 + " words").text.endswith("words")
    page = "<!---->" * 280 + "<html><body><p>Words of a page.</p></body></html>"
    assert one(tmp_path, "b.txt", page).text == "Words of a page."


def test_long_runs_of_spaces_and_marks_are_read_in_no_time(tmp_path: Path) -> None:
    # Each of these took minutes with a regular expression that backtracks.
    assert one(tmp_path, "a.txt", "date" + " " * 300_000 + "x").published is None
    assert one(tmp_path, "a.md", "# " + "# " * 100_000 + "x\n\nText.").text.endswith("Text.")


# --- encodings -----------------------------------------------------------------------------------

SPANISH = "López Obrador pidió ayuda. ¿Qué dijo el señor Peña?"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_text_in_these_encodings_is_read_as_it_was_written(encoding: str) -> None:
    assert decode(SPANISH.encode(encoding)) == SPANISH


def test_short_western_text_keeps_its_names() -> None:
    for words in ("López Obrador pidió ayuda.", "café", "Müller fährt nach Köln"):
        assert decode(words.encode("cp1252")) == words


def test_text_in_another_script_is_read_when_it_is_clear() -> None:
    russian = "Москва объявила новые меры. Тысячи людей вышли на улицы, сообщает агентство. "
    assert decode((russian * 3).encode("cp1251")) == russian * 3


@pytest.mark.parametrize(
    "data",
    [
        "Łódź jest miastem. Mieszkańcy protestowali przeciwko podatkom.".encode("cp1250") * 3,
        ("Some “quoted” words, and more of them. " * 20).encode() + b"\xff end",
        SPANISH.encode() + "é".encode()[:1],
        SPANISH.encode("utf-16-le"),
        SPANISH.encode("utf-16") + b"x",
        SPANISH.encode("utf-32"),
        bytes(range(128, 256)) * 20,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    ],
    ids=["polish", "one bad byte", "cut off", "no mark", "odd", "utf-32", "high bytes", "png"],
)
def test_bytes_that_could_be_misread_are_refused_not_guessed(tmp_path: Path, data: bytes) -> None:
    assert "UTF-8" in refusal(tmp_path, "a.txt", data)


def test_line_ends_marks_and_accents_have_one_form(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Título\r\n\r\nLópez Obrador\rhabló.")
    document = one(tmp_path, "a.txt", b"\xef\xbb\xbf" + decomposed.encode())
    assert document.text == "Título\n\nLópez Obrador\nhabló."
    assert document.title == "Título"


def test_an_empty_file_is_listed(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"\n\n \r\n", b"\xef\xbb\xbf")):
        assert "empty" in refusal(tmp_path, f"{number}.txt", content)


# --- JSON lines ----------------------------------------------------------------------------------


def test_broken_lines_are_named_and_the_others_kept(tmp_path: Path) -> None:
    lines = [
        '{"text": "First."}',
        '{"text": "cut off',
        "",
        "[1, 2]",
        '{"title": "no text"}',
        '{"text": "x", "n": ' + "1" * 5000 + "}",
        '{"text": "half a pair \\ud83d"}',
        '{"text": "nul \\u0000"}',
        "[" * 100_000,
        '{"text": "Last.", "date": "2023-12-25", "url": "https://example.org/last"}',
    ]
    loaded = load(written(tmp_path, "a.jsonl", "\n".join(lines)), "a.jsonl")
    assert [d.text for d in loaded.documents] == ["First.", "Last."]
    assert loaded.documents[1].published == date(2023, 12, 25)
    assert loaded.documents[1].source == "https://example.org/last"
    assert [f.source for f in loaded.failures] == [f"a.jsonl:{n}" for n in (2, 4, 5, 6, 7, 8, 9)]
    assert loaded.failures[0].error.startswith("line 2: ")


def test_of_a_thousand_broken_lines_the_rest_is_counted(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, "a.jsonl", "{\n" * 5000 + '{"text": "Last."}'), "a.jsonl")
    assert [d.text for d in loaded.documents] == ["Last."]
    assert len(loaded.failures) == 1000
    assert loaded.failures[-1].error.startswith("4,001 more lines or rows could not be read")


def test_a_reason_is_never_as_long_as_what_it_is_about(tmp_path: Path) -> None:
    record = json.dumps({"text": "Text.", "date": "soon " * 10_000})
    error = refusal(tmp_path, "a.jsonl", record)
    assert len(error) < 500
    assert error.endswith("is not a date: write 2023-12-25")


def test_a_second_record_with_the_same_id_is_listed(tmp_path: Path) -> None:
    lines = '{"id": "a", "text": "First."}\n{"id": "a", "text": "Second."}'
    loaded = load(written(tmp_path, "a.jsonl", lines), "a.jsonl")
    assert [(d.text, d.source) for d in loaded.documents] == [("First.", "a.jsonl#a")]
    assert "used by line 1" in loaded.failures[0].error


def test_records_without_an_id_never_collide(tmp_path: Path) -> None:
    records = [{"id": 2, "text": "A."}, {"text": "B."}, {"id": None, "text": "C."}, {"text": "D."}]
    lines = "\n".join(map(json.dumps, records))
    loaded = load(written(tmp_path, "a.jsonl", lines), "a.jsonl")
    assert not loaded.failures
    assert len({d.source for d in loaded.documents}) == 4


# --- documents -----------------------------------------------------------------------------------


def test_a_document_is_known_by_what_it_says_not_by_where_it_lies(tmp_path: Path) -> None:
    first, second = one(tmp_path, "a.txt", "One text."), one(tmp_path, "b.txt", "One text.")
    assert first.id == second.id
    assert first.source != second.source
    assert one(tmp_path, "c.txt", "date 2023-12-25 One text.").id != first.id


# --- files ---------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder.resolve()).as_posix() for path in discover([folder])]


def test_hidden_files_and_files_about_the_folder_are_left_out(tmp_path: Path) -> None:
    for name in ("b.txt", ".c.txt", "README.md", "Sources.md", "sub/a.md", ".git/d.txt", "sub/.e"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path, name, "Text.")
    assert names(tmp_path) == ["b.txt", "sub/a.md"]


def test_a_hidden_folder_that_is_asked_for_is_read(tmp_path: Path) -> None:
    (tmp_path / ".notes").mkdir()
    written(tmp_path, ".notes/a.txt", "Text.")
    assert names(tmp_path / ".notes") == ["a.txt"]


def test_links_that_go_round_in_circles_end(tmp_path: Path) -> None:
    written(tmp_path, "a.txt", "Text.")
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "self.txt").symlink_to(tmp_path / "self.txt")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    assert names(tmp_path) == ["a.txt", "gone.txt", "round", "self.txt"]
    for name in ("gone.txt", "round", "self.txt"):
        loaded = load(tmp_path / name, name)
        assert not loaded.documents
        assert [f.source for f in loaded.failures] == [name]


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    data = written(tmp_path, ".data", "Text.")
    (tmp_path / "a.txt").symlink_to(data)
    assert names(tmp_path) == ["a.txt"]
    assert load(tmp_path / "a.txt", "a.txt").documents[0].text == "Text."


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "Text.")
    os.truncate(path, 10**12)
    assert "larger than 200 MB: divide it" in load(path, "a.txt").failures[0].error


def test_a_document_that_is_too_long_is_refused(tmp_path: Path) -> None:
    assert "more than 10,000,000: divide it" in refusal(tmp_path, "a.txt", "words " * 1_700_000)


def test_a_link_out_of_the_folders_given_is_told_from_one_that_stays_in_them(
    tmp_path: Path,
) -> None:
    inner, other = tmp_path / "inner", tmp_path / "other"
    for folder in (inner, other):
        folder.mkdir()
    secret = written(other, "secret.txt", "Text.")
    (inner / "link.txt").symlink_to(secret)
    (inner / "hop.txt").symlink_to("link.txt")
    (inner / "self.txt").symlink_to("self.txt")
    (inner / "near.txt").symlink_to(written(inner, "near.md", "Text."))
    assert outside(inner / "link.txt", [inner])
    assert outside(inner / "hop.txt", [inner])
    assert not outside(inner / "near.txt", [inner])
    assert not outside(inner / "self.txt", [inner])
    assert not outside(inner / "link.txt", [inner, other])
    assert not outside(inner / "link.txt", [inner / "link.txt"])
    assert not outside(inner / "link.txt", [inner, secret])


def test_one_file_named_in_several_ways_is_found_once(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    file = written(folder, "a.txt", "Text.")
    (tmp_path / "link").symlink_to(folder)
    ways = [folder, file, folder / ".." / "corpus", tmp_path / "link", tmp_path / "link" / "a.txt"]
    assert list(discover(ways)) == [file.resolve()]


@pytest.mark.parametrize("name", ["new\nline.txt", "😀.txt", "a b'\"&<.txt", "x" * 200 + ".txt"])
def test_files_with_strange_names_are_read(tmp_path: Path, name: str) -> None:
    written(tmp_path, name, "Text.")
    (path,) = discover([tmp_path])
    assert path.name == name
    assert load(path, name).documents[0].source == name


def test_a_pipe_is_listed_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (path,) = discover([tmp_path])
    assert "not a regular file" in load(path, "pipe.txt").failures[0].error


def test_an_unknown_suffix_is_listed_with_the_known_ones(tmp_path: Path) -> None:
    assert ".txt, .md, .jsonl" in refusal(tmp_path, "a.xyz", "Text.")
    assert "no suffix" in refusal(tmp_path, "a", "Text.")


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        list(discover([tmp_path / "nowhere"]))


def test_a_suffix_in_capitals_is_known(tmp_path: Path) -> None:
    assert one(tmp_path, "A.TXT", "Text.").text == "Text."


def test_nothing_but_load_errors_comes_out_of_decoding() -> None:
    with pytest.raises(LoadError):
        decode(b"\x81\x8d\x8f")
