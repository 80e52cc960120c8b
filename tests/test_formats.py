"""Every format that can be read, from files that real programs made, and files made to do harm.

`fixtures/formats/` is invented: no place, person or number in it is real. report.pdf and scan.pdf
were printed by Chromium, encrypted.pdf (password: secret) and council.docx saved by LibreOffice.
"""

import io
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from conftest import HashingEmbedder, MakeEngine

import qa
from qa import loading
from qa.catalog import SCHEMA_VERSION, Catalog
from qa.loading.dates import named_date

FORMATS = Path(__file__).parent / "fixtures" / "formats"


def load(path: Path) -> loading.Loaded:
    return loading.load(path, path.name)


def read(path: Path) -> qa.Document:
    """The one document of a file that can be read whole."""
    loaded = load(path)
    assert loaded.failures == ()
    (document,) = loaded.documents
    return document


def refused(path: Path) -> str:
    """Why nothing of a file could be read."""
    loaded = load(path)
    assert loaded.documents == ()
    (failure,) = loaded.failures
    assert failure.source == path.name
    return failure.error


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[qa.Engine]:
    """An index of all the files, which answers by quoting."""
    home = tmp_path_factory.mktemp("formats") / ".qa"
    with qa.Engine.open(settings=qa.Settings(home=home, api_key="", base_url="")) as engine:
        engine.index(FORMATS)
        yield engine


# --- what each format gives ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title", "published", "origin"),
    [
        ("velmora.html", "Glassworks of Harrow Bay close", date(2023, 11, 4), "metadata"),
        ("2024-09-30-cosecha.html", "La cosecha de Peñalba", date(2024, 9, 30), "file name"),
        ("report.pdf", "Harbour of Velmora reopens", date(2023, 11, 4), "header"),
        ("council.docx", "Water council of Orsenna", date(2024, 5, 14), "header"),
        ("notes.csv", 'Lighthouse of "Old Tam" sold', date(2023, 8, 19), "metadata"),
        ("notes.csv", "Eels return to Lowmarch", date(2024, 2, 3), "url"),
        ("ferry.eml", "Fähre nach Corvane fällt aus – Ersatzboot um neun", date(2023, 12, 12),
         "metadata"),
    ],
)  # fmt: skip
def test_title_and_date_are_found_and_where_the_date_is_from(
    engine: qa.Engine, name: str, title: str, published: date, origin: str
) -> None:
    def found(documents: Iterable[qa.Document]) -> set[tuple[date | None, str | None]]:
        return {(d.published, d.published_from) for d in documents if d.title == title}

    assert found(load(FORMATS / name).documents) == {(published, origin)}
    assert found(engine.documents()) == {(published, origin)}


def test_every_passage_of_every_format_is_at_its_offsets(engine: qa.Engine) -> None:
    documents = engine.documents()
    assert len(documents) == 8
    for document in documents:
        hits = [
            h for h in engine.search(document.title, 50) if h.passage.document_id == document.id
        ]
        assert hits
        for passage in (hit.passage for hit in hits):
            assert document.text[passage.start : passage.end] == passage.text


@pytest.mark.parametrize(
    ("question", "quote", "page"),
    [
        ("What does a ferry ticket cost?", "A ticket costs 12 crowns.", 2),
        ("Who promised a second survey?", "He\npromised a second survey.", 3),
        ("How many litres an hour gave the well of Sant Aubrey in April?", "310 litres", None),
        ("How many people work at the glassworks?", "Sixty people work there.", None),
        ("What did the lighthouse cost?", "The lighthouse was sold for 90,000 crowns.", None),
        ("How many passengers does the replacement boat take?", "takes forty passengers", None),
    ],
)
def test_a_quote_is_cited_where_it_stands(
    engine: qa.Engine, question: str, quote: str, page: int | None
) -> None:
    answer = engine.ask(question)
    for citation in answer.citations:
        document = engine.document(citation.document_id)
        assert document.text[citation.start : citation.end] == citation.quote
    (cited,) = {c for c in answer.citations if quote in c.quote}
    assert cited.page == page


def test_the_page_of_a_citation_is_printed_in_json_and_beside_the_source(engine: qa.Engine) -> None:
    from qa.web import source

    answer = engine.ask("Who promised a second survey?")
    (cited,) = (c for c in answer.citations if "second survey" in c.quote)
    assert f"\n    page 3, {cited.start}-{cited.end}: " in str(answer)
    stated = [c for s in answer.to_json()["statements"] for c in s["citations"]]
    assert 3 in [c["page"] for c in stated]
    shown = source.view(
        engine.document(cited.document_id), [(cited.start, cited.end)], FORMATS.parent
    )
    assert shown["page"] == 3


def test_a_web_page_is_its_main_text_without_scripts_and_hidden_parts() -> None:
    text = read(FORMATS / "velmora.html").text
    for absent in ("HIDDEN", "SCRIPTED", "Sport", "Copyright", "margin", "**", "\\"):
        assert absent not in text
    assert "## The furnace\n\nThe furnace has burnt for 41 years & used 2*3 barrels a day." in text
    assert "- Sixty people work there.\n- Nine of them are apprentices." in text
    assert "| Year | Bottles |\n| 2021 | 810,000 |" in text
    assert text.endswith("The town wants to buy the hall.\nA vote is held in May.")


def test_a_latin_1_page_is_read_as_it_declares() -> None:
    text = read(FORMATS / "2024-09-30-cosecha.html").text
    assert "dijo la alcaldesa Íñiga Muñoz." in text
    assert "“nadie sube al monte”" in text  # written as Windows-1252, as browsers read it


def test_a_pdf_keeps_its_pages() -> None:
    document = read(FORMATS / "report.pdf")
    first, second, third = document.pages
    assert first == 0
    assert document.text[second:].startswith("Ferries\n\nFerries run four times")
    assert document.text[third:].startswith("The breakwater\n\nMayor Teodor Brandvik")
    assert [document.page(i) for i in (0, second - 1, second, third)] == [1, 1, 2, 3]
    assert document.page(len(document.text)) == 3


def test_a_word_that_a_hyphen_divides_is_joined_when_the_document_has_it_whole() -> None:
    from qa.loading import pdf

    pages = ["The commis\ufffesion met in mid\ufffewinter.", "A Commission of nine."]
    assert pdf._mended(pages)[0] == "The commission met in mid-winter."


def test_a_scanned_page_is_listed_and_the_others_are_read() -> None:
    loaded = load(FORMATS / "scan.pdf")
    (document,), (failure,) = loaded.documents, loaded.failures
    assert "page 2 has no text" in failure.error
    assert document.page(document.text.index("The breakwater")) == 3


def test_a_word_document_keeps_headings_lists_tables_and_notes() -> None:
    text = read(FORMATS / "council.docx").text
    assert "\n\n## Wells\n\nThe well of Sant Aubrey gave 310 litres" in text
    assert "heard three reports." in text  # of a link
    assert "\n\n- The spring at Lowmarch is tested each week.\n\n" in text
    assert "| Well | Litres an hour |\n| Sant Aubrey | 310 |\n| Mirepoint | 12 |" in text
    assert text.endswith("The granary has room for ninety visitors.")  # of a footnote


def test_a_csv_row_is_a_document_and_a_bad_row_is_listed() -> None:
    loaded = load(FORMATS / "notes.csv")
    tam, eels = loaded.documents
    assert (tam.title, tam.published) == ('Lighthouse of "Old Tam" sold', date(2023, 8, 19))
    assert tam.source == "notes.csv#row-2"
    assert tam.text.startswith("Region: North coast\n\nAn invented note")
    assert tam.text.endswith("crowns.\n\nThe buyer, a choir, wants to sing in it.")
    assert eels.source == "https://marsh.example/2024/02/03/eels"
    assert eels.published == date(2024, 2, 3)
    assert [f.error.partition(":")[0] for f in loaded.failures] == ["row 4", "row 5"]
    assert "'05/06/2023' is not a date" in loaded.failures[1].error


def test_the_longest_csv_column_is_the_text_where_none_is_named_so(tmp_path: Path) -> None:
    file = tmp_path / "wells.csv"
    file.write_text("town;said;year\nOrsenna;The well of Orsenna gives 310 litres an hour.;2024\n")
    assert read(file).text == (
        "town: Orsenna\nyear: 2024\n\nThe well of Orsenna gives 310 litres an hour."
    )


def test_an_open_quote_in_a_csv_is_listed_with_its_row(tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    file.write_text('title,text\nA,"One whole text."\nB,"it never ends\nC,more\n')
    loaded = load(file)
    assert [d.title for d in loaded.documents] == ["A"]
    assert loaded.failures[0].error.startswith("row 3: ")


def test_an_email_is_its_plain_text_with_subject_and_day() -> None:
    loaded = load(FORMATS / "ferry.eml")
    (document,) = loaded.documents
    assert document.title == "Fähre nach Corvane fällt aus – Ersatzboot um neun"
    assert document.published == date(2023, 12, 12)
    assert document.text.startswith("From: Ines Aldaro <ines@courier.example>\nTo: desk@")
    assert "HTML PART" not in document.text
    (failure,) = loaded.failures
    assert failure.source == "ferry.eml#timetable.pdf"


def test_an_email_of_html_alone_is_read_as_a_page(tmp_path: Path) -> None:
    file = tmp_path / "page.eml"
    file.write_bytes(
        b"From: a@b.example\nSubject: Eels\nContent-Type: text/html; charset=iso-8859-1\n\n"
        b"<html><body><p>The caf\xe9 sells eels.</p><script>x()</script></body></html>"
    )
    assert read(file).text == "From: a@b.example\n\nThe café sells eels."


# --- dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2023-12-25-caravan", date(2023, 12, 25)),
        ("notes_2023_12_25", date(2023, 12, 25)),
        ("https://news.example/2023/12/25/caravan.html", date(2023, 12, 25)),
        ("https://news.example/world/2023/dec/25/caravan", date(2023, 12, 25)),
        ("2023-13-45-caravan", None),
        ("2023-01-01-to-2023-12-31", None),
        ("file-000-2023-12-250", None),
        ("https://news.example/2023/12/", None),
        ("https://news.example/2023/12/25-ideas-for-winter", None),
    ],
)
def test_a_date_in_a_name_counts_when_it_is_whole_and_the_only_one(
    name: str, day: date | None
) -> None:
    assert named_date(name) == day


def test_a_date_is_taken_from_the_text_before_the_url_and_the_url_before_the_name(
    tmp_path: Path,
) -> None:
    def published(name: str, text: str) -> tuple[date | None, str | None]:
        (tmp_path / name).write_text(text)
        document = read(tmp_path / name)
        return document.published, document.published_from

    words = "The ferry leaves at nine.\n"
    url = "---\nurl: https://news.example/2022/02/02/ferry\n---\n"
    line, named = (date(2023, 3, 3), "header"), (date(2021, 1, 1), "file name")
    front = "---\ndate: 2023-03-04\n---\n"
    assert published("2021-01-01-a.txt", f"3 March 2023\n\n{words}") == line
    assert published("2021-01-01-b.txt", words) == named
    assert published("2021-01-01-c.md", url + words) == (date(2022, 2, 2), "url")
    assert published("2021-01-01-d.md", front + words) == (date(2023, 3, 4), "front matter")
    assert published("e.md", f"{front}# Ferry\n3 March 2023\n\n{words}")[1] == "front matter"
    assert published("f.md", f"{url}# Ferry\n3 March 2023\n\n{words}") == line
    assert published("g.md", f"{url}3 March 2023\n\n{words}") == line
    assert published("2021-01-01-h.eml", f"Subject: Ferry\n\n{words}") == named
    none = (None, None)
    # The day in the name of a file of many records is no record's.
    assert published("2021-01-01-i.jsonl", '{"text": "A"}') == none
    assert published("j.jsonl", '{"text": "A", "date": "2023-03-03"}') == (line[0], "metadata")
    assert published("k.jsonl", '{"text": "A", "url": "//x/2023/03/03/"}') == (line[0], "url")
    assert published("l.txt", words) == none


PAGE = (
    "<html><head>{}<link rel=canonical href='https://news.example/2022/02/02/ferry'></head><body>"
    f"<article><p>{'The ferry of Velmora leaves at nine. ' * 9}</p></article></body></html>"
)


@pytest.mark.parametrize(
    ("head", "published", "origin"),
    [
        ("<meta property=article:published_time content=2023-03-03T08:00:00Z>",
         date(2023, 3, 3), "metadata"),
        ('<script type="application/ld+json">[{"datePublished": "2023-03-03"}]</script>',
         date(2023, 3, 3), "metadata"),
        ("<meta property=article:modified_time content=2023-03-03>", date(2022, 2, 2), "url"),
    ],
)  # fmt: skip
def test_a_page_is_dated_by_what_it_states_and_else_by_its_url(
    tmp_path: Path, head: str, published: date, origin: str
) -> None:
    file = tmp_path / "page.html"
    file.write_text(PAGE.replace("{}", head))
    assert (read(file).published, read(file).published_from) == (published, origin)


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description
 xmp:CreateDate="2020-01-01" dc:date="2020-01-01" {}</rdf:Description></x:xmpmeta>"""


def pdf(*packets: str) -> bytes:
    """A PDF of one line, made in 2020, whose objects hold these XMP packets."""
    said = b"BT /F 12 Tf 40 100 Td (The ferry of Velmora leaves at nine.) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(said), said),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *(
            b"<</Type/Metadata/Subtype/XML/Length %d>>stream\n%s\nendstream" % (len(p), p.encode())
            for p in packets
        ),
        b"<</CreationDate(D:20200101080000Z)/ModDate(D:20200101080000Z)>>",
    ]
    data, table = b"%PDF-1.7\n", b"0000000000 65535 f \n"
    for number, each in enumerate(objects, start=1):
        table += b"%010d 00000 n \n" % len(data)
        data += b"%d 0 obj%s\nendobj\n" % (number, each)
    size = len(objects)
    trailer = b"trailer<</Size %d/Root 1 0 R/Info %d 0 R>>" % (size + 1, size)
    end = b"\nstartxref\n%d\n%%%%EOF" % len(data)
    return data + b"xref\n0 %d\n" % (size + 1) + table + trailer + end


@pytest.mark.parametrize(
    ("stated", "published"),
    [
        (['prism:publicationDate="2023-03-03">'], date(2023, 3, 3)),
        ([">\n<prism:publicationDate><rdf:Seq>\n<rdf:li>2023-03-03T08:00:00Z<"], date(2023, 3, 3)),
        (["><dcterms:issued>2023-03-03<"], date(2023, 3, 3)),
        (["><prism:coverDate>2023-03<"], None),
        (['prism:coverDate="2023-03-03">', 'prism:coverDate="2022-02-02">'], None),
        ([">"], None),
        ([], None),
    ],
)
def test_a_pdf_is_dated_by_what_its_publisher_stated_and_never_by_when_it_was_made(
    tmp_path: Path, stated: list[str], published: date | None
) -> None:
    file = tmp_path / "bulletin.pdf"
    file.write_bytes(pdf(*(XMP.replace("{}", words) for words in stated)))
    document = read(file)
    assert document.text == "The ferry of Velmora leaves at nine."
    assert document.published == published
    assert document.published_from == ("metadata" if published else None)


def test_a_word_document_is_dated_by_its_publish_date_and_never_by_when_it_was_made(
    tmp_path: Path,
) -> None:
    import docx

    def published(file: Path) -> tuple[date | None, str | None]:
        document = read(file)
        return document.published, document.published_from

    file, dated = tmp_path / "made.docx", tmp_path / "dated.docx"
    word = docx.Document()
    word.add_paragraph("The ferry of Velmora leaves at nine. It is full.")
    word.core_properties.created = word.core_properties.modified = datetime(2020, 1, 1)
    word.save(str(file))
    assert published(file) == (None, None)
    item = (
        "<CoverPageProperties xmlns='http://schemas.microsoft.com/office/2006/coverPageProps'>"
        "<PublishDate>2023-03-03T00:00:00</PublishDate></CoverPageProperties>"
    )
    types = "<Override PartName='/customXml/item9.xml' ContentType='application/xml'/></Types>"
    link = (
        "<Relationship Id='rId99' Target='../customXml/item9.xml' Type='http://schemas."
        "openxmlformats.org/officeDocument/2006/relationships/customXml'/></Relationships>"
    )
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(dated, "w") as parts:
        for name in whole.namelist():
            data = whole.read(name).decode("utf-8", "surrogateescape")
            if name == "[Content_Types].xml":
                data = data.replace("</Types>", types)
            if name == "word/_rels/document.xml.rels":
                data = data.replace("</Relationships>", link)
            parts.writestr(name, data.encode("utf-8", "surrogateescape"))
        parts.writestr("customXml/item9.xml", item)
    assert published(dated) == (date(2023, 3, 3), "metadata")


def test_a_page_without_a_stated_date_has_none(tmp_path: Path) -> None:
    file = tmp_path / "undated.html"
    file.write_text(
        "<html><head><meta name=date content='05/06/2023'></head><body><article>"
        f"<p>{'The ferry of Velmora leaves at nine. ' * 9}</p></article>"
        "<footer>Copyright 2019, printed 1 May 2020</footer></body></html>"
    )
    assert read(file).published is None


# --- content before suffix -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.pdf", "council.docx", "velmora.html"])
@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".xyz", ""])
def test_what_a_file_is_counts_more_than_its_suffix(tmp_path: Path, name: str, suffix: str) -> None:
    file = tmp_path / f"renamed{suffix}"
    file.write_bytes((FORMATS / name).read_bytes())
    assert read(file).id == read(FORMATS / name).id


def test_a_text_about_html_is_still_text(tmp_path: Path) -> None:
    file = tmp_path / "about.txt"
    file.write_text("A page begins with <html> or <!doctype html>, and %PDF- begins a PDF.\n")
    assert read(file).text == file.read_text()


# --- files that are broken or made to do harm ----------------------------------------------------


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parts:
        parts.writestr("word/document.xml", b"<w:document/>")
        for n in range(3):
            parts.writestr(f"word/media/{n}.bin", bytes(70_000_000))
    return packed.getvalue()


def entities() -> bytes:
    """A Word document whose text is a file of this machine, and a billion laughs."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(FORMATS / "council.docx") as whole,
        zipfile.ZipFile(packed, "w") as parts,
    ):
        for name in whole.namelist():
            data = whole.read(name)
            if name == "word/document.xml":
                laughs = b"".join(
                    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10)
                )
                head = (
                    b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">'
                    b'<!ENTITY l0 "ha">' + laughs + b"]>"
                )
                data = data.replace(b"?>", b"?>" + head, 1).replace(b"Wells<", b"Wells&f;&l9;<")
            parts.writestr(name, data)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("cut.docx", lambda: (FORMATS / "council.docx").read_bytes()[:4000], "not a whole .docx"),
        ("bomb.docx", bomb, "unpack to 210,000,013 bytes"),
        ("other.docx", lambda: b"PK\x05\x06" + bytes(18), "without word/document.xml"),
        ("old.docx", lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "without a password"),
        ("cut.pdf", lambda: (FORMATS / "report.pdf").read_bytes()[:900], "not a whole PDF"),
        ("empty.pdf", lambda: b"", "not a whole PDF"),
        ("locked.pdf", lambda: (FORMATS / "encrypted.pdf").read_bytes(), "asks for a password"),
        ("deep.html", lambda: b"<html>" + b"<div>" * 100_000 + b"text", "nested too deeply"),
        ("blank.html", lambda: b"<html><body></body></html>", "no main text"),
        ("none.csv", lambda: b"title,text\n", "no row below"),
        ("not.eml", lambda: b"\n\nJust words.", "not an e-mail"),
        ("void.eml", lambda: b"Subject: Nothing\n\n", "no text"),
    ],
)
def test_a_broken_or_hostile_file_is_refused_with_the_next_step(
    tmp_path: Path, name: str, make: Callable[[], bytes], reason: str
) -> None:
    (tmp_path / name).write_bytes(make())
    error = refused(tmp_path / name)
    assert reason in error
    assert ":" in error


def test_an_entity_of_a_word_document_is_not_followed(tmp_path: Path) -> None:
    file = tmp_path / "entities.docx"
    file.write_bytes(entities())
    loaded = load(file)
    text = "".join(d.text for d in loaded.documents)
    assert Path("/etc/hostname").read_text().strip() not in text
    assert "haha" not in text
    assert text or loaded.failures


@pytest.mark.parametrize("name", sorted(f.name for f in FORMATS.iterdir()))
def test_a_file_cut_anywhere_gives_a_document_or_a_reason(tmp_path: Path, name: str) -> None:
    whole = (FORMATS / name).read_bytes()
    for tenth in range(10):
        file = tmp_path / name
        file.write_bytes(whole[: len(whole) * tenth // 10])
        loaded = load(file)
        assert loaded.documents or loaded.failures


# --- around the formats --------------------------------------------------------------------------


def test_the_heavy_parsers_are_loaded_when_a_file_needs_them() -> None:
    code = "import qa.loading, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"trafilatura", "lxml", "pypdfium2", "docx"} & set(done.stdout.split())


VERSION_1 = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, published TEXT, text TEXT NOT NULL,
    sha256 TEXT NOT NULL, body INTEGER NOT NULL, scheme TEXT NOT NULL
);
CREATE TABLE sources (
    file TEXT NOT NULL, ordinal INTEGER NOT NULL, document_id TEXT NOT NULL,
    source TEXT NOT NULL, file_sha256 TEXT NOT NULL, PRIMARY KEY (file, ordinal)
);
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, tokens INTEGER NOT NULL, sha TEXT NOT NULL
);
CREATE TABLE vectors (
    embedder TEXT NOT NULL, sha TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, sha)
) WITHOUT ROWID;
CREATE TABLE stores (
    name TEXT PRIMARY KEY, folder TEXT NOT NULL, generation INTEGER NOT NULL, dirty INTEGER NOT NULL
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO meta VALUES ('generation', 7);
INSERT INTO documents VALUES ('d', 'Eels', '2024-02-03', 'Eels were counted.', 's', 0, '1/180');
INSERT INTO sources VALUES ('/eels.txt', 0, 'd', 'eels.txt', 'f');
INSERT INTO passages VALUES ('d:0-18', 'd', 0, 0, 18, 4, 'p');
PRAGMA user_version=1;
"""


def test_a_catalog_of_version_1_is_opened_and_its_files_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    with sqlite3.connect(path) as old:
        old.executescript(VERSION_1)
    old.close()
    for _ in range(2):  # the second time it is a catalog of the present version
        catalog = Catalog(path)
        (document,) = catalog.documents()
        assert (document.title, document.pages) == ("Eels", ())
        assert (document.published, document.published_from) == (date(2024, 2, 3), None)
        (row,) = catalog.passages(catalog.passage_ids()).values()
        assert (row.passage.document_id, row.passage.text) == ("d", "Eels were counted.")
        assert catalog.files() == {"/eels.txt": ("", ("d",))}
        assert catalog.generation() == 7
        catalog.close()
    with sqlite3.connect(path) as new:
        assert new.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    new.close()


TO_VERSION_2 = """
ALTER TABLE sources RENAME TO newer;
CREATE TABLE sources (
    file TEXT NOT NULL, ordinal INTEGER NOT NULL, document_id TEXT NOT NULL,
    source TEXT NOT NULL, file_sha256 TEXT NOT NULL, PRIMARY KEY (file, ordinal)
);
INSERT INTO sources SELECT file, ordinal, document_id, source, file_sha256 FROM newer;
DROP TABLE newer;
ALTER TABLE passages ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
DELETE FROM meta WHERE name = 'written by';
PRAGMA user_version=2;
"""


def test_an_index_of_version_2_learns_where_dates_are_from_and_embeds_nothing(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    (corpus / "2023-12-25-eels.txt").write_text("Eels were counted.")
    engine = make_engine()
    engine.index(corpus)
    engine.close()
    with sqlite3.connect(engine.settings.home / "catalog.sqlite3") as old:
        old.executescript(TO_VERSION_2)
    old.close()
    engine, embedder.embedded = make_engine(), []
    (document,) = engine.documents()
    assert (document.published, document.published_from) == (date(2023, 12, 25), None)
    assert engine.search("eels", 1)[0].passage.document_id == document.id
    embedder.embedded = []
    assert engine.index(corpus).unchanged == 1
    assert engine.documents()[0].published_from == "file name"
    assert embedder.embedded == []


def test_pages_are_stored(engine: qa.Engine) -> None:
    pages = {d.title: d.pages for d in engine.documents() if d.source.endswith("report.pdf")}
    assert pages == {"Harbour of Velmora reopens": read(FORMATS / "report.pdf").pages}
