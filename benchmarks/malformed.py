"""What becomes of 1,000 files that are broken, or made to do harm, when their folder is indexed.

usage: python benchmarks/malformed.py [--files N] [--only KIND] [--keep FOLDER]

The files are made anew with a fixed seed. Embedding is left out of it (each text gets a vector
drawn from its hash); all else is as in `qa index`. Where strace is there, it lists each file that
any of the processes opens and each address it connects to. Writes docs/benchmarks.md.
"""

import argparse
import base64
import hashlib
import io
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import numpy as np
import tables

import qa
from qa.catalog import Catalog
from qa.models import Vectors

FORMATS = tables.ROOT / "tests" / "fixtures" / "formats"
CORPUS = tables.ROOT / "corpus"
SECRET = "the words of a file that nobody gave"
MB = 1_000_000
Make = Callable[[Path], None]
"""Makes a file at a path."""
Made = tuple[str | bytes, bytes | Make]
"""A file's name, and its bytes or what makes it."""


def main() -> None:
    """Makes the files, indexes them, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--only", default="", help="kinds whose name holds this; writes no table")
    parser.add_argument("--keep", type=Path, help="a folder to leave files and index in")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        _index(args.run)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)).resolve()
        (folder / "outside").mkdir(parents=True)
        (folder / "outside" / "secret.txt").write_text(SECRET)
        random.seed(0)
        kinds = _made(folder, args.files, args.only)
        opened = _traced(folder)
        result = json.loads((folder / "result.json").read_text())
        for failure in result["failed"] if args.only else []:
            print(f"{failure['source']}: {failure['error'][:300]}", file=sys.stderr)
        text = _table(kinds, result) + "\n\n" + _remarks(folder, result, opened)
    if args.only:
        print(text)
    else:
        tables.write("malformed", text, "docs/benchmarks.md")


# --- the run -------------------------------------------------------------------------------------


class HashingEmbedder:
    """A vector drawn from the hash of each text."""

    name = "hashing"
    dimensions = 16

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, one a text."""
        digests = [hashlib.sha512(text.encode("utf-8", "replace")).digest() for text in texts]
        rows = np.array([np.frombuffer(d, np.uint8)[:16] for d in digests], np.float32) - 127.5
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def _index(folder: Path) -> None:
    """Indexes the files twice, and writes what became of them, seconds a file and memory."""
    steps, ended = list[tuple[str, float]](), Event()
    peak, disturbed = [0, 0], folder / "corpus" / _slug("changing and vanishing")

    def sample() -> None:
        while not ended.wait(0.05):
            resident = _resident()
            peak[:] = max(peak[0], resident[0]), max(peak[1], sum(resident))

    def disturb() -> None:
        files = sorted(disturbed.glob("*")) if disturbed.exists() else []
        while not ended.wait(0.02):
            for number, path in enumerate(files):
                _disturb(path, number)

    threads = [Thread(target=sample, daemon=True), Thread(target=disturb, daemon=True)]
    for thread in threads:
        thread.start()
    settings = qa.Settings(home=folder / "home", api_key="", base_url="")
    with qa.Engine.open(settings=settings, embedder=HashingEmbedder()) as engine:
        report = engine.index(
            folder / "corpus",
            progress=lambda step: steps.append((step.name, time.perf_counter())),
        )
    ended.set()
    for thread in threads:
        thread.join()
    seconds = Counter[str]()
    for (name, began), (_, after) in pairwise(steps):
        seconds[name] += after - began
    catalog = Catalog(folder / "home" / "catalog.sqlite3")
    result = report.to_json() | {
        "slowest": seconds,
        "held": [os.path.relpath(file, folder) for file in catalog.files()],
        "secret": any(SECRET in document.text for document in catalog.documents()),
        "peak": peak,
    }
    catalog.close()
    (folder / "result.json").write_text(json.dumps(result))


def _resident() -> list[int]:
    """Bytes of memory that this process holds, and each of its children."""
    children, found = list[str](), []
    for task in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # a thread that has ended meanwhile
            children += task.read_text().split()
    for process in ("self", *children):
        try:
            pages = Path(f"/proc/{process}/statm").read_text().split()[1]
        except (OSError, IndexError):
            continue
        found.append(int(pages) * os.sysconf("SC_PAGE_SIZE"))
    return found or [0]


def _disturb(path: Path, number: int) -> None:
    """Does to a file what others do while it is read: it grows, shrinks, goes and comes back."""
    words = b"A line that was written a moment ago.\n"
    if number % 3 == 0 and (not path.exists() or path.stat().st_size < MB):
        with path.open("ab") as file:
            file.write(words * 99)
    elif number % 3 == 1:
        path.write_bytes(words * random.randrange(3000))
    elif path.exists():
        path.unlink()
    else:
        path.write_bytes(words)


def _traced(folder: Path) -> str | None:
    """Runs the indexing in a process of its own; what it and its workers opened and connected to,
    None where that cannot be traced."""
    command = [sys.executable, __file__, "--run", str(folder)]
    strace, log = shutil.which("strace"), folder / "strace.log"
    if strace:
        calls = "trace=open,openat,openat2,creat,connect,execve"
        options = ["-f", "--seccomp-bpf", "-qq", "-s", "4096", "-e", calls, "-o", str(log)]
        command = [strace, *options, *command]
    subprocess.run(command, check=True, cwd=folder)
    return log.read_text("utf-8", "replace") if strace else None


# --- the table -----------------------------------------------------------------------------------


def _table(kinds: dict[str, list[str]], result: dict[str, object]) -> str:
    rows, total = [], Counter[str]()
    held, failed = set(result["held"]), [f["source"] for f in result["failed"]]  # type: ignore
    seconds: dict[str, float] = result["slowest"]  # type: ignore[assignment]
    for kind, files in kinds.items():
        listed = [f for f in files if any(source.startswith(f) for source in failed)]
        known = [f for f in files if f in held]
        silent = sorted(set(files) - set(listed) - set(known))
        for file in silent:
            print(f"neither indexed nor listed: {file}", file=sys.stderr)
        slowest = max((seconds.get(file, 0.0) for file in files), default=0.0)
        counts = [len(files), len(known), len(listed), len(silent)]
        total.update(dict(zip(("files", "known", "listed", "silent"), counts, strict=True)))
        rows.append([kind, *map(str, counts), f"{slowest:.1f}"])
    whole = f"**{max(seconds.values(), default=0):.1f}**"
    rows.append(["**all**", *(f"**{total[n]}**" for n in ("files", "known", "listed", "silent"))])
    rows[-1].append(whole)
    head = ["kind", "files", "indexed", "listed with a reason", "neither", "slowest, s"]
    return tables.table(head, rows)


def _remarks(folder: Path, result: dict[str, object], opened: str | None) -> str:
    own, every = (int(n) / MB for n in result["peak"])  # type: ignore[attr-defined]
    lines = [
        f"{result['seconds']:.0f} seconds in all; at most {own:,.0f} MB in the process that "
        f"indexes, {every:,.0f} MB with its workers. A file may be indexed in part and listed for "
        "the rest."
    ]
    if opened is None:
        lines.append("What was opened was not traced: strace is not there.")
    else:
        stray, places = _stray(folder, opened)
        for path in stray:
            print(f"opened: {path}", file=sys.stderr)
        lines.append(
            f"Of {opened.count('open')} files that strace saw opened, {len(stray)} were neither in "
            f"the folder nor the system's, Python's or the index's own; {places} network addresses "
            "were connected to."
        )
    if result["secret"]:
        lines.append("**The text of a file outside the folder was indexed.**")
    if os.geteuid() == 0:
        lines.append("Run as root, for whom no file is closed: permissions were not tested.")
    return " ".join([*lines, tables.machine("lxml", "pypdfium2", "python-docx", "trafilatura")])


def _stray(folder: Path, opened: str) -> tuple[list[str], int]:
    """Files opened by name outside of all places that are expected, and the number of network
    addresses connected to."""
    allowed = [folder / "corpus", folder / "home", folder / "result.json", tables.ROOT / "qa"]
    allowed += [tables.ROOT / "benchmarks", *map(Path, (sys.prefix, sys.base_prefix))]
    allowed += [Path(entry) for entry in sys.path if entry]
    allowed += map(Path, ("/usr", "/lib", "/lib64", "/proc", "/sys", "/dev", "/etc/ld.so.cache"))
    allowed += [Path.home() / ".cache" / "qa", Path("/var/tmp")]  # vocabularies, SQLite
    allowed += map(Path, ("/etc/localtime", "/etc/ld.so.preload", "/etc/mime.types", "/etc/ssl"))
    paths = re.findall(r'open\w*\((?:AT_FDCWD, )?"((?:[^"\\]|\\.)+)"', opened)
    absolute = {os.path.normpath(folder / path) for path in paths}
    stray = sorted(p for p in absolute if not any(Path(p).is_relative_to(a) for a in allowed))
    return stray, len(set(re.findall(r"connect\(.*?sin6?_port=.*", opened)))


# --- the files -----------------------------------------------------------------------------------


def _made(folder: Path, files: int, only: str) -> dict[str, list[str]]:
    """Makes the files, a folder for each kind; the names of each kind's files."""
    outside = folder / "outside" / "secret.txt"
    kinds: dict[str, list[Made]] = {
        "zip bombs as .docx": list(_bombs()),
        "entities and references in .docx": list(_references(outside)),
        "nested and huge HTML": list(_pages()),
        "HTML with references": list(_linking(outside)),
        "PDF, broken structure": list(_broken_pdfs()),
        "PDF, bombs and loops": list(_pdf_bombs()),
        "PDF, encrypted": list(_encrypted()),
        "empty": [(f"empty{s}", b"") for s in _SUFFIXES]
        + [(f"x{s}", b" \n\r ") for s in _SUFFIXES],
        "links": list(_links(outside)),
        "names": list(_names()),
        "pipes, sockets, devices": list(_irregular()),
        "huge, one line": list(_huge()),
        "encodings": list(_encodings()),
        "YAML, JSON and CSV": list(_data()),
        "e-mail": list(_mails()),
        "changing and vanishing": [(f"{n}.txt", b"Some words.\n" * 99) for n in range(12)],
        "closed to the reader": list(_closed()),
        "another suffix": list(_renamed()),
    }
    rest = files - sum(map(len, kinds.values()))
    goldens = _goldens()
    for kind, damage in (("cut", _cut), ("bits flipped", _flipped)):
        each = max(1, rest // 2 if kind == "cut" else rest - rest // 2)
        kinds[kind] = [
            (f"{n}-{golden.name}", damage(golden.read_bytes()))
            for n in range(each)
            for golden in [goldens[n % len(goldens)]]
        ]
    return {
        kind: [_put(folder, kind, name, made) for name, made in some]
        for kind, some in sorted(kinds.items())
        if only in kind and some
    }


def _put(folder: Path, kind: str, name: str | bytes, made: bytes | Make) -> str:
    place = folder / "corpus" / _slug(kind)
    place.mkdir(parents=True, exist_ok=True)
    path = place / (os.fsdecode(name) if isinstance(name, bytes) else name)
    if isinstance(made, bytes):
        path.write_bytes(made)
    else:
        made(path)
    return str(path.relative_to(folder)).encode("utf-8", "backslashreplace").decode()


def _slug(kind: str) -> str:
    return re.sub(r"\W+", "-", kind)


_SUFFIXES = (".txt", ".md", ".jsonl", ".csv", ".html", ".pdf", ".docx", ".eml")
_TEXT = b"The ferry of Velmora leaves at nine. It takes forty passengers. "


def _goldens() -> list[Path]:
    """One whole file of each kind, and more where there are more."""
    found = sorted(FORMATS.iterdir())
    missing = set(_SUFFIXES) - {path.suffix for path in found}
    return found + [max(CORPUS.glob(f"*{suffix}")) for suffix in sorted(missing)]


def _cut(data: bytes) -> bytes:
    return data[: random.randrange(len(data))]


def _flipped(data: bytes) -> bytes:
    flipped = bytearray(data)
    for _ in range(random.choice((1, 3, 10, 100))):
        flipped[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _renamed() -> Iterator[Made]:
    for number, path in enumerate(_goldens()):
        for suffix in random.sample(_SUFFIXES, 4):
            yield f"{number}-{path.stem}{suffix}", path.read_bytes()


def _zip(parts: dict[str, bytes], level: int = 9) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _docx(**changed: bytes) -> bytes:
    """council.docx with other parts, named with `__` for a slash and `_` for a dot."""
    with zipfile.ZipFile(FORMATS / "council.docx") as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    return _zip(parts | {n.replace("__", "/").replace("_", "."): d for n, d in changed.items()})


_W = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
_W_END = b"</w:body></w:document>"
_P = b"<w:p><w:r><w:t>ha</w:t></w:r></w:p>"


def _bombs() -> Iterator[Made]:
    inner = _zip({"word/document.xml": bytes(150 * MB)})
    yield "zeros.docx", _docx(word__document_xml=bytes(150 * MB))
    yield "larger.docx", _docx(word__document_xml=bytes(250 * MB))
    yield "paragraphs.docx", _docx(word__document_xml=_W + _P * (190 * MB // len(_P)) + _W_END)
    yield "words.docx", _docx(word__document_xml=_W + _P.replace(b"ha", b"ha " * 60 * MB) + _W_END)
    yield "elements.docx", _docx(word__document_xml=_W + b"<a/>" * 45 * MB + _W_END)
    yield "depth.docx", _docx(word__document_xml=_W + b"<w:p>" * 100_000 + _W_END)
    tables = b"<w:tbl><w:tr><w:tc>" * 200 + _P + b"</w:tc></w:tr></w:tbl>" * 200
    yield "tables.docx", _docx(word__document_xml=_W + tables + _W_END)
    yield "attribute.docx", _docx(word__document_xml=_W[:-9] + b'<w:p a="' + b"a" * 150 * MB)
    styles = b"".join(
        b'<w:style w:styleId="s%d"><w:name w:val="n"/></w:style>' % n for n in range(10**6)
    )
    yield "styles.docx", _docx(word__styles_xml=_W.replace(b"document", b"styles", 1)[:-8] + styles)
    yield "nested.docx", _zip({f"{n}.docx": inner for n in range(99)})
    yield "nested-in-word.docx", _docx(word__embeddings__1_docx=inner)
    yield "entries.docx", _zip({f"word/{n}.xml": b"" for n in range(100_000)}, 1)
    lying = bytearray(_docx(word__document_xml=bytes(50 * MB)))
    at = lying.index(b"PK\1\2")
    while (at := lying.find(b"PK\1\2", at + 1)) > 0:
        lying[at + 24 : at + 28] = (1000).to_bytes(4, "little")  # unpacked size
    yield "lying.docx", bytes(lying)
    whole = _docx()
    yield "twice.docx", whole + whole
    yield "prefixed.docx", b"%PDF-1.4\n" + whole
    yield "comment.docx", whole[:-2] + (60_000).to_bytes(2, "little") + b"x" * 60_000


def _references(outside: Path) -> Iterator[Made]:
    link = outside.as_uri().encode()
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    heads = {
        "laughs": b'<!DOCTYPE x [<!ENTITY l0 "ha">' + laughs + b"]>",
        "file": b'<!DOCTYPE x [<!ENTITY l9 SYSTEM "' + link + b'">]>',
        "parameter": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "' + link + b'"> %p;]>',
        "dtd": b'<!DOCTYPE x SYSTEM "' + link + b'">',
        "http": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        "quadratic": b'<!DOCTYPE x [<!ENTITY l9 "' + b"ha" * 100_000 + b'">]>',
    }
    with zipfile.ZipFile(FORMATS / "council.docx") as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    for part in ("word/document.xml", "word/styles.xml", "docProps/core.xml"):
        for name, head in heads.items():
            said = b"&l9;" * (10_000 if name == "quadratic" else 1)
            data = (
                parts[part]
                .replace(b"?>", b"?>" + head, 1)
                .replace(b"Wells<", b"Wells" + said + b"<")
            )
            yield f"{name}-{part.replace('/', '-')}.docx", _zip(parts | {part: data})
    relations = "word/_rels/document.xml.rels"
    for number, target in enumerate((link, b"http://127.0.0.1:9/x", b"../../../../etc/passwd")):
        for mode in (b'TargetMode="External" ', b""):
            more = (
                b'<Relationship Id="x%d" %sType="http://x/footnotes" Target="%s"/></Relationships>'
            )
            data = parts[relations].replace(b"</Relationships>", more % (number, mode, target))
            name = f"target-{number}-{'external' if mode else 'internal'}.docx"
            yield name, _zip(parts | {relations: data})


def _page(body: bytes, head: bytes = b"") -> bytes:
    return b"<!doctype html><html><head>" + head + b"</head><body>" + body + b"</body></html>"


def _pages() -> Iterator[Made]:
    said = b"<p>" + _TEXT * 20 + b"</p>"
    for tag in (b"div", b"b", b"ul><li", b"table><tr><td", b"blockquote", b"font"):
        for levels in (200, 10_000, 100_000):
            yield f"{levels}-{tag[:2].decode()}.html", _page((b"<" + tag + b">") * levels + said)
    yield "attribute.html", _page(b'<p title="' + b"a" * 50 * MB + b'">' + said)
    yield (
        "attributes.html",
        _page(b"<p " + b" ".join(b"a%d=1" % n for n in range(300_000)) + b">" + said),
    )
    yield "siblings.html", _page(said + b"<p>ha</p>" * 300_000)
    yield "tags.html", _page(said + b"<" * 5 * MB)
    yield "comments.html", b"<!---->" * 290 + _page(said)
    yield "comments.txt", b"<!---->" * 290 + b"words"
    yield "comment.html", _page(said + b"<!--" + b"-" * 20 * MB)
    yield "entities.html", _page(said + b"&amp;" * 3 * MB)
    yield "numbers.html", _page(said + b"&#x110000;&#0;&#xd800;" * 10_000)
    yield (
        "json.html",
        _page(said, b'<script type="application/ld+json">' + b"[" * 10**6 + b"</script>"),
    )
    many = json.dumps([[n] for n in range(500_000)]).encode()
    yield "objects.html", _page(said, b'<script type="application/ld+json">' + many + b"</script>")
    yield "cells.html", _page(b"<table>" + b"<tr>" + b"<td>ha" * 200_000 + b"</table>" + said)
    yield "charset.html", _page(said, b'<meta charset="idna">')
    yield "charset2.html", _page(said, b'<meta charset="utf-7">') + b"+ADw-script+AD4-"
    yield "breaks.html", _page(said + b"<br>" * 300_000)
    yield "frames.html", _page(b"<frameset>" * 50_000 + said)


def _linking(outside: Path) -> Iterator[Made]:
    said = b"<p>" + _TEXT * 20 + b"</p>"
    for name, link in (("file", outside.as_uri().encode()), ("http", b"http://127.0.0.1:9/x")):
        tags = b'<base href="%s"><link rel=stylesheet href="%s"><script src="%s"></script>' % (
            (link,) * 3
        )
        body = b'<img src="%s"><iframe src="%s"></iframe><object data="%s"></object>' % (
            (link,) * 3
        )
        yield f"tags-{name}.html", _page(body + said, tags)
        yield (
            f"refresh-{name}.html",
            _page(said, b'<meta http-equiv=refresh content="0;url=%s">' % link),
        )
        doctype = b'<!DOCTYPE html SYSTEM "%s" [<!ENTITY x SYSTEM "%s">]><html>' % (link, link)
        yield f"doctype-{name}.html", doctype + said + b"<p>&x;</p></html>"
        include = (
            b'<html xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="%s" parse="text"/>'
        )
        yield f"include-{name}.html", include % link + said
        yield f"canonical-{name}.html", _page(said, b'<link rel=canonical href="%s">' % link)
        yield f"stylesheet-{name}.html", b'<?xml-stylesheet href="%s"?>' % link + _page(said)


def _pdf(*objects: bytes, root: int = 1, tail: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1."""
    out, places = b"%PDF-1.7\n", []
    chunks = [out]
    length = len(out)
    for number, body in enumerate(objects, start=1):
        chunks.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        places.append(length)
        length += len(chunks[-1])
    chunks.append(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    chunks += [b"%010d 00000 n \n" % place for place in places]
    chunks.append(b"trailer\n<</Size %d/Root %d 0 R%s>>\n" % (len(objects) + 1, root, tail))
    chunks.append(b"startxref\n%d\n%%%%EOF\n" % length)
    return b"".join(chunks)


def _stream(data: bytes, filters: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), filters, data)


_CATALOG, _TREE = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
_SHEET = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
    b"/Resources<</Font<</F 5 0 R>>/XObject<</X 4 0 R>>>>>>"
)
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def pages_pdf(lines: Sequence[bytes], pages: int) -> bytes:
    """A PDF whose pages all show the same lines."""
    kids = b" ".join(b"%d 0 R" % n for n in range(6, 6 + pages))
    tree = _TREE.replace(b"3 0 R", kids).replace(b"Count 1", b"Count %d" % pages)
    shown = b"".join(
        b"BT /F 11 Tf 72 %d Td (%s) Tj ET\n" % (780 - 14 * n, line) for n, line in enumerate(lines)
    )
    content = _stream(zlib.compress(shown), b"/Filter/FlateDecode")
    return _pdf(_CATALOG, tree, _SHEET, content, _FONT, *[_SHEET] * pages)


def _one_page(content: bytes) -> bytes:
    return _pdf(_CATALOG, _TREE, _SHEET, content, _FONT)


def _pdf_bombs() -> Iterator[Made]:
    show = b"BT /F 12 Tf 72 700 Td (The ferry leaves at nine.) Tj ET\n"
    flate = b"/Filter/FlateDecode"
    yield "whole.pdf", _one_page(_stream(show))
    yield "zeros.pdf", _one_page(_stream(zlib.compress(bytes(900 * MB), 9), flate))
    twice = zlib.compress(zlib.compress(bytes(900 * MB), 9), 9)
    yield "twice.pdf", _one_page(_stream(twice, b"/Filter[/FlateDecode/FlateDecode]"))
    yield "shows.pdf", _one_page(_stream(zlib.compress(show * 2 * MB, 9), flate))
    yield (
        "letters.pdf",
        _one_page(_stream(zlib.compress(show.replace(b"ferry", b"f" * 30 * MB)), flate)),
    )
    yield "saves.pdf", _one_page(_stream(zlib.compress(b"q " * 20 * MB + show, 9), flate))
    yield (
        "form.pdf",
        _one_page(_stream(b"/X Do " + show, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")),
    )
    image = b"/Type/XObject/Subtype/Image/Width 60000/Height 60000"
    image += b"/BitsPerComponent 8/ColorSpace/DeviceRGB"
    yield "image.pdf", _one_page(_stream(zlib.compress(bytes(MB)), image + flate))
    kids = b" ".join(b"%d 0 R" % n for n in range(3, 100_003))
    empty = [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"] * 100_000
    tree = b"<</Type/Pages/Kids[" + kids + b"]/Count 100000>>"
    yield "pages.pdf", _pdf(_CATALOG, tree, *empty)
    yield (
        "count.pdf",
        _pdf(
            _CATALOG, _TREE.replace(b"Count 1", b"Count 2147483647"), _SHEET, _stream(show), _FONT
        ),
    )
    same = b"<</Type/Pages/Kids[" + b"3 0 R " * 100_000 + b"]/Count 100000>>"
    yield "same-page.pdf", _pdf(_CATALOG, same, _SHEET, _stream(show), _FONT)
    yield "own-child.pdf", _pdf(_CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 99>>")
    ring = b"<</Type/Pages/Kids[%d 0 R %d 0 R]/Count 1000000/Parent %d 0 R>>"
    yield "ring.pdf", _pdf(_CATALOG, ring % (3, 3, 3), ring % (2, 2, 2))
    chain = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (n + 1) for n in range(2, 50_000)]
    yield "chain.pdf", _pdf(_CATALOG, *chain, _SHEET)
    wide = [
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (b"%d 0 R " % (n + 1) * 10, 10**9)
        for n in range(2, 12)
    ]
    yield "wide.pdf", _pdf(_CATALOG, *wide, b"<</Type/Page>>")
    yield "arrays.pdf", _one_page(_stream(b"[" * 10**6 + show))
    yield "dictionary.pdf", _pdf(b"<</A " * 100_000, _TREE)
    yield "reference.pdf", _pdf(b"2 0 R", b"1 0 R")
    yield "length.pdf", _one_page(b"<</Length 4 0 R>>stream\n" + show + b"endstream")
    title = b"/Info<</Title(" + b"T" * 20 * MB + b")>>"
    yield "title.pdf", _pdf(_CATALOG, _TREE, _SHEET, _stream(show), _FONT, tail=title)
    yield "previous.pdf", _pdf(_CATALOG, _TREE, _SHEET, _stream(show), _FONT, tail=b"/Prev 9")
    script = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(while\\(1\\);)>>>>"
    yield "slow.pdf", pages_pdf([b"The ferry leaves at nine."] * 20_000, 5_000)
    yield "script.pdf", _pdf(script, _TREE, _SHEET, _stream(show), _FONT)
    launch = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/Launch/F(/bin/true)>>>>"
    yield "launch.pdf", _pdf(launch, _TREE, _SHEET, _stream(show), _FONT)


def _broken_pdfs() -> Iterator[Made]:
    whole = (FORMATS / "report.pdf").read_bytes()
    start = whole.rindex(b"startxref")
    for place in (b"0", b"-1", b"9", b"99999999999999999999", b"x", str(start).encode()):
        yield f"start-{place[:5].decode()}.pdf", whole[:start] + b"startxref\n" + place + b"\n%%EOF"
    yield "none.pdf", whole[:start]
    for number in range(20):
        at = whole.rindex(b"xref\n", 0, start) + random.randrange(
            start - whole.rindex(b"xref\n", 0, start)
        )
        yield (
            f"entry-{number}.pdf",
            whole[:at] + bytes(random.choices(b"0123456789 nf\n", k=30)) + whole[at + 30 :],
        )
    for number in range(10):
        at, to = sorted(random.sample(range(len(whole)), 2))
        yield f"hole-{number}.pdf", whole[:at] + whole[to:]
    yield "head.pdf", b"%PDF-" + bytes(2000)
    yield "noise.pdf", b"%PDF-1.7\n" + random.randbytes(100_000)
    yield "backwards.pdf", b"%PDF-1.7\n" + whole[::-1]


def _encrypted() -> Iterator[Made]:
    data = (FORMATS / "encrypted.pdf").read_bytes()
    yield "whole.pdf", data
    for number in range(9):
        yield f"{number}.pdf", _flipped(data)
    for key in (b"/V 9", b"/R 99", b"/Length -1"):
        broken = re.sub(key.split()[0] + rb"\s*\d+", key, data)
        yield f"{key[1:2].decode()}.pdf", broken


def _links(outside: Path) -> Iterator[Made]:
    def to(target: str | Path) -> Make:
        return lambda path: path.symlink_to(target)

    yield "self.txt", to("self.txt")
    yield "there.txt", to("back.txt")
    yield "back.txt", to("there.txt")
    yield "gone.txt", to("nowhere.txt")
    yield "outside.txt", to(outside)
    yield "relative.txt", to("../../outside/secret.txt")
    yield "hop.txt", to("outside.txt")
    yield "system.txt", to("/etc/passwd")
    yield "zero.txt", to("/dev/zero")
    yield "folder", to(outside.parent)
    yield "above", to("..")
    yield "inside.txt", to("real.txt")
    yield "real.txt", _TEXT


def _names() -> Iterator[Made]:
    strange = ["new\nline", "\N{GRINNING FACE}", "tab\t", "-rf", "a'b\"c", "%s%n", "\u202etxt.exe"]
    strange += ["\x1b[31mred", "a\\b", "x" * 250, " ", "~", "a:b", "a#b", "$(id)", "\u0301", "CON"]
    for number, name in enumerate([f"{stem}.txt" for stem in strange] + ["[bold]x.md", "a.TXT"]):
        yield name, _TEXT + b"%d" % number
    for number, raw in enumerate((b"\xff\xfe.txt", b"caf\xe9.txt", b"\xed\xa0\x80.md")):
        yield raw, _TEXT + b"raw %d" % number


def _irregular() -> Iterator[Made]:
    def listening(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as one:
            before = os.getcwd()
            os.chdir(path.parent)  # a socket's path has at most 108 bytes
            one.bind(path.name)
            os.chdir(before)

    for suffix in (".txt", ".pdf", ".docx"):
        yield f"pipe{suffix}", os.mkfifo
        yield f"socket{suffix}", listening
    if os.geteuid() == 0:
        yield "zero.txt", lambda path: os.mknod(path, 0o20666, os.makedev(1, 5))
        yield "random.html", lambda path: os.mknod(path, 0o20666, os.makedev(1, 9))


def _huge() -> Iterator[Made]:
    def repeated(unit: bytes, size: int, head: bytes = b"", tail: bytes = b"") -> Make:
        def make(path: Path) -> None:
            with path.open("wb") as file:
                file.write(head)
                block = unit * (MB // len(unit))
                for _ in range(size // MB):
                    file.write(block)
                file.write(tail)

        return make

    coded = base64.b64encode(random.randbytes(75)) * 400
    mail = b"From: a@b.example\nSubject: Eels\nMIME-Version: 1.0\n"
    mail += b"Content-Type: multipart/mixed; boundary=x\n\n"
    mail += b"--x\nContent-Type: text/plain\n\nEels.\n--x\nContent-Type: image/tiff\n"
    mail += (
        b"Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=a.tiff\n\n"
    )
    for size in (210 * MB, 60 * MB):
        name = f"{size // MB}"
        yield f"{name}-words.txt", repeated(_TEXT, size)
        yield f"{name}-letters.txt", repeated(b"a", size)
        yield f"{name}.md", repeated(_TEXT, size, b"# Title\n\n")
        yield f"{name}.jsonl", repeated(_TEXT, size, b'{"text": "', b'"}')
        yield f"{name}-array.jsonl", repeated(b"[1],", size, b"[", b"1]")
        yield f"{name}.csv", repeated(_TEXT, size, b'title,text\nA,"', b'"\n')
        yield f"{name}.eml", repeated(coded, size, mail, b"\n--x--\n")
        yield f"{name}.html", repeated(_TEXT, size, b"<html><body><p>")
        yield f"{name}.pdf", repeated(b"% comment\n", size, b"%PDF-1.7\n")
    yield "sparse.txt", lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 10**12)
    yield "2-words.txt", repeated(_TEXT, 2 * MB)
    yield "records.jsonl", repeated(b'{"text": "ha"}\n', 5 * MB)
    yield "broken.jsonl", repeated(b"{\n", 5 * MB)


def _encodings() -> Iterator[Made]:
    words = "López Obrador pidió ayuda. ¿Qué dijo el señor Peña? " * 20
    for encoding in ("utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp500", "shift_jis", "cp1250"):
        for suffix in (".txt", ".md"):
            yield f"{encoding}{suffix}", words.encode(encoding, "replace")
    yield "nul.txt", _TEXT + b"\0" + _TEXT
    yield "nul.jsonl", b'{"text": "a\\u0000b"}\n{"text": "\0"}\n'
    yield "surrogate.jsonl", b'{"text": "\\ud800 half"}\n'
    yield "surrogate.txt", b"\xed\xa0\x80 half a pair"
    yield "overlong.txt", b"\xc0\xaf overlong"
    yield "noise.txt", random.randbytes(50_000)
    yield "noise.md", random.randbytes(2 * MB)
    yield "high.txt", bytes(range(128, 256)) * 30_000
    yield "odd.txt", words.encode("utf-16") + b"x"
    yield "marks.txt", ("a" + "\u0301\u0316" * 500_000).encode()
    yield "few-marks.txt", ("a" + "\u0301\u0316" * 15_000).encode()
    yield "joined.txt", ("\N{ZERO WIDTH JOINER}" * 300_000 + "x").encode()
    yield "controls.txt", bytes(range(1, 32)) * 1000 + _TEXT


def _data() -> Iterator[Made]:
    def front(yaml: str) -> bytes:
        return f"---\n{yaml}\n---\n".encode() + _TEXT

    laughs = "\n".join(
        ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60))]
    )
    merges = "\n".join(
        [
            "a0: &a0 {x: 1}",
            *(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 12)),
        ]
    )
    yield "laughs.md", front(laughs + "\ntitle: *a59")
    yield "merges.md", front(merges)
    yield "self.md", front("a: &a [*a]\ntitle: T")
    yield "deep.md", front("a: " + "[" * 20_000)
    yield "deep-map.md", front("a: " + "{a: " * 5_000)
    yield "python.md", front("a: !!python/object/apply:os.system ['true']")
    yield "number.md", front("a: " + ":".join(["1"] * 20_000))
    yield "long.md", front("\n".join(f"a{n}: {n}" for n in range(200_000)))
    yield "open.md", b"---\n" + _TEXT * 10_000
    yield "deep.jsonl", b"[" * 10**6 + b'\n{"text": "ha"}\n'
    yield "maps.jsonl", b'{"a":' * 500_000 + b"\n"
    yield "number.jsonl", b'{"text": "x", "n": ' + b"9" * MB + b"}\n"
    yield "float.jsonl", b'{"text": "x", "date": 1e999, "title": NaN}\n'
    yield "id.jsonl", b'{"id": "' + b"i" * MB + b'", "text": "x"}\n' * 2
    yield "date.jsonl", b'{"text": "x", "date": "' + b"2023-" * MB + b'"}\n'
    yield "types.jsonl", b'{"text": ["x"], "title": {}}\n{"text": null}\n3\n"x"\nnull\n'
    yield "columns.csv", b",".join(b"c%d" % n for n in range(200_000)) + b"\n" + b"x," * 200_000
    yield "quotes.csv", b'title,text\n"a,' + b'"' * 3 * MB
    yield "nul.csv", b"title,text\na,\0b\n"
    yield "ragged.csv", b"title,text\n" + b"a,b,c\n" * 100_000
    yield "same.csv", b",".join([b"text"] * 10_000) + b"\n" + b",".join([b"x"] * 10_000)
    yield "commas.txt", b"ab," * 300_000
    yield "dates.txt", b"date " + b"2023-12-25 " * 100_000
    yield "dots.txt", b"a. " * 300_000
    yield "spaces.txt", b"date" + b" " * 3 * MB + b"x"
    yield "lines.txt", b"\n" * 3 * MB + b"x"
    yield "hashes.md", b"# " * 10**6 + b"\n\nText."
    yield "brackets.md", b"[" * 10**6 + b"\n\nText."


def _mails() -> Iterator[Made]:
    head = b"From: a@b.example\nSubject: Eels\nMIME-Version: 1.0\n"
    text = b"Content-Type: text/plain\n\nThere are eels in the river.\n"
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)
    )
    yield "deep.eml", head + deep + text
    messages = b"Content-Type: message/rfc822\n\n" * 3000
    yield "messages.eml", head + messages + text
    parts = b"--x\n" + text
    yield (
        "parts.eml",
        head + b"Content-Type: multipart/mixed; boundary=x\n\n" + parts * 100_000 + b"--x--",
    )
    yield "headers.eml", head + b"X-A: b\n" * 300_000 + text
    yield "long-header.eml", b"Subject: " + b"a" * 10 * MB + b"\n" + text
    yield "folded.eml", b"Subject: a\n" + b" a\n" * 300_000 + text
    yield "brackets.eml", b"From: " + b"(" * 50_000 + b"\n" + text
    yield "groups.eml", b"To: " + b"a:" * 50_000 + b"\n" + text
    yield "addresses.eml", b"To: " + b"a@b.example, " * 50_000 + b"\n" + text
    yield "quoted.eml", b'From: "' + b"\\" * 100_000 + b"\n" + text
    yield "words.eml", b"Subject: " + b"=?utf-8?q?=41?= " * 30_000 + b"\n" + text
    yield "charset.eml", head + b"Content-Type: text/plain; charset=" + b"x" * 10_000 + b"\n\nEels."
    yield "idna.eml", head + b"Content-Type: text/plain; charset=idna\n\n" + b"a." * 100_000
    yield "base64.eml", head + b"Content-Transfer-Encoding: base64\n\n" + b"@" * 100_000
    yield "quopri.eml", head + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 3 * MB
    yield "uu.eml", head + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 666 x\n" + b"M" * MB
    parameters = b"; ".join(b"a*%d*=x" % n for n in range(20_000))
    yield "parameters.eml", head + b"Content-Type: text/plain; " + parameters + b"\n\nEels."
    yield "date.eml", b"Date: " + b"9" * 10_000 + b"\n" + head + text
    yield (
        "body.eml",
        head + b"Content-Type: message/external-body; access-type=local-file; name=/etc/passwd\n\n",
    )


def _closed() -> Iterator[Made]:
    if os.geteuid() == 0:
        return

    def closed(path: Path) -> None:
        path.write_bytes(_TEXT)
        path.chmod(0)

    for suffix in _SUFFIXES:
        yield f"closed{suffix}", closed


if __name__ == "__main__":
    main()
