"""Passages by the words they share with a query: BM25 (Robertson and Walker 1994), in tantivy.

Derived from the catalog; the only tantivy import. A commit is atomic: a reader in another process
sees the commit before or the one after.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import takewhile
from math import log
from pathlib import Path
from shutil import copytree
from typing import Any
from unicodedata import normalize

from qa.errors import unusable

_HEAP = 50_000_000  # bytes for the writer's buffers
_STOP_WORDS = """
a an the this that these those such i me my mine you your yours he him his she her hers it its we us
our ours they them their theirs myself himself herself itself ourselves themselves who whom whose
which what when where why how am is are was were be been being do does did doing done have has had
having will would shall should can could may might must ought and or but nor so yet if then else
than as at by for from in into of off on onto out over to up upon with within without about above
across after against along among around before behind below beneath beside between beyond down
during except inside near outside past since through throughout toward towards under until via not
no only own same too very just also again ever there here all any both each few more most other some
many much one s t d ll m re ve don doesn didn isn wasn aren weren won wouldn shouldn couldn hasn
haven hadn
"""
_BEGINNING = 5  # letters that two words must share to be taken for relatives
_TERMS = 200  # of a query; a question that long holds nothing more to find


class LexicalIndex:
    """Ids and analysed text, searched by BM25."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates the index. Raises StoreError when tantivy cannot."""
        import tantivy

        with _translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._schema = (
                tantivy.SchemaBuilder()
                .add_text_field("id", stored=True, tokenizer_name="raw")
                .add_text_field("text", tokenizer_name="qa", index_option="position")
                .build()
            )
            self._index = tantivy.Index(self._schema, str(folder))
            self._index.register_tokenizer("qa", _analyzer())
        self._folder = folder

    def close(self) -> None:
        """Nothing to let go of; here because every derived index has it."""

    def ids(self) -> set[str]:
        """The id of every text held."""
        import tantivy

        with _translated(self._folder):
            self._index.reload()
            searcher = self._index.searcher()
            found = searcher.search(tantivy.Query.all_query(), max(1, searcher.num_docs))
            return {searcher.doc(address)["id"][0] for _, address in found.hits}

    def add(self, rows: Iterable[tuple[str, str]]) -> None:
        """Adds (id, text) rows in one commit."""
        import tantivy

        with self._writer() as writer:
            for identity, text in rows:
                writer.add_document(tantivy.Document(id=identity, text=text))

    def remove(self, ids: Iterable[str]) -> None:
        """Removes rows in one commit."""
        with self._writer() as writer:
            for identity in ids:
                writer.delete_documents_by_term("id", identity)

    def search(
        self, query: str, k: int, ids: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` best ids, of some where they are given, with their BM25 scores, best first; none
        when no word is left. Words in quotation marks must all be there, if any row has them."""
        terms = list(dict.fromkeys(analyse(normalize("NFC", query))))[:_TERMS]
        if not terms:
            return []
        quoted = {term for phrase in phrases(query) for term in analyse(phrase)}
        with _translated(self._folder):
            searcher = self._index.searcher()
            hits = searcher.search(self._wanted(terms, quoted, ids), k).hits
            if quoted and not hits:
                hits = searcher.search(self._wanted(terms, set(), ids), k).hits
            return [(searcher.doc(address)["id"][0], score) for score, address in hits]

    def _wanted(self, terms: Sequence[str], quoted: set[str], ids: Sequence[str] | None) -> Any:
        """A query for any of the terms, and all of those `quoted`, in any row or some."""
        from tantivy import Occur, Query

        clauses = [
            (
                Occur.Must if term in quoted else Occur.Should,
                Query.term_query(self._schema, "text", term),
            )
            for term in terms
        ]
        if ids is not None:
            these = Query.term_set_query(self._schema, "id", list(ids))
            clauses.append((Occur.Must, Query.const_score_query(these, 0.0)))
        return Query.boolean_query(clauses)

    def rarity(self, terms: Sequence[str]) -> dict[str, float]:
        """Inverse document frequency of index terms: ln(1 + (N - n + 0.5) / (n + 0.5))."""
        with _translated(self._folder):
            searcher = self._index.searcher()
            counted = {term: searcher.doc_freq("text", term) for term in set(terms)}
            rows = max(searcher.num_docs, *counted.values(), 1)
        return {term: log(1 + (rows - n + 0.5) / (n + 0.5)) for term, n in counted.items()}

    def cognate(self, word: str) -> str | None:
        """The index term that shares most of its beginning with a word, five letters at least."""
        folded = "".join(_folder().analyze(word))
        if len(folded) < _BEGINNING:
            return None
        with _translated(self._folder):
            found = self._index.searcher().terms_with_prefix("text", folded[:_BEGINNING])
        terms = [term for term, _ in found]
        return max(terms, key=lambda t: (_shared(t, folded), -len(t)), default=None)

    @contextmanager
    def _writer(self) -> Iterator[Any]:
        with _translated(self._folder):
            writer = self._index.writer(_HEAP, 1)
            yield writer
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()


def copy_texts(source: Path, target: Path) -> None:
    """Copies an index that readers may have open: its files do not change while nobody writes.

    Raises StoreError when it cannot be copied.
    """
    with _translated(source):
        copytree(source, target)


def _shared(one: str, other: str) -> int:
    """Number of letters that both begin with."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def phrases(query: str) -> list[str]:
    """What stands in quotation marks that open and close."""
    found = re.findall(r'"([^"]+)"|“([^”]+)”|«([^»]+)»', query)
    return [phrase for marks in found for phrase in marks if analyse(phrase)]


def analyse(text: str) -> list[str]:
    """Index terms of `text`: lowercase, ASCII-folded, without English function words, stemmed."""
    terms: list[str] = _analyzer().analyze(text)
    return terms


@cache
def _analyzer() -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    return (
        TextAnalyzerBuilder(Tokenizer.simple())
        .filter(Filter.remove_long(40))
        .filter(Filter.lowercase())
        .filter(Filter.ascii_fold())
        .filter(Filter.custom_stopword(_STOP_WORDS.split()))
        .filter(Filter.stemmer("english"))
        .build()
    )


@cache
def _folder() -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    simple = TextAnalyzerBuilder(Tokenizer.simple())
    return simple.filter(Filter.lowercase()).filter(Filter.ascii_fold()).build()


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        raise unusable("the lexical index in", folder, error) from error
