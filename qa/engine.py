"""The engine: open a home folder, index documents into it, search it, ask it."""

import hashlib
import os
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock
from types import TracebackType
from typing import Self

import qa
from qa import (
    answering,
    attribution,
    checking,
    conflicts,
    dossier,
    indexing,
    loading,
    matching,
    prices,
    prompts,
    questions,
    retrieval,
    splitting,
)
from qa.catalog import Catalog
from qa.collection import Collection
from qa.dense import Server
from qa.dossier import Verification
from qa.errors import InputError, ModelError
from qa.judging import Checked, Judge
from qa.lexical import phrases
from qa.models import ChatModel, Embedder, Reader, Reply, Vectors, Words
from qa.models.stopping import Stoppable
from qa.questions import Asked, Matched, Query
from qa.reranking import ListwiseReranker, Reranked, Reranker
from qa.retrieval import Fused, Ranking
from qa.scope import Scope
from qa.settings import Settings
from qa.sketches import project, unpack
from qa.types import (
    EVERYTHING,
    Answer,
    Citation,
    Conflict,
    Document,
    Evidence,
    Failure,
    Filters,
    Hit,
    IndexReport,
    Passage,
    Progress,
    Provenance,
    Statement,
    Turn,
)

CANDIDATES = 50  # passages that each index proposes
RERANKED = 20  # of them are compared word by word; more gained nothing
LONGEST_QUESTION = 4_000  # characters
QUOTING = "none (quotes)"  # Answer.model when no language model is configured
_READ = 256  # passages whose words are kept in memory, 0.2 MB each

History = Sequence[Turn | tuple[str, str]]
"""Earlier questions with their answers, oldest first."""


class Engine:
    """An index and what answers from it. Safe to share between threads; close it, or use `with`."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        embedder: Embedder,
        reader: Reader,
        model: ChatModel | None,
        reranker: Reranker | None = None,
    ) -> None:
        """For tests and special cases; `Engine.open` builds the parts."""
        self.settings = settings
        self.embedder = embedder
        self.model = model
        self.reranker = reranker
        self._home = settings.home
        self._catalog = catalog
        self._reader = reader
        self._server = Server(settings.chroma_url) if settings.chroma_url else None
        self._collection = Collection(
            catalog, settings.home, embedder, self._server, settings.exact_passages
        )
        self._words: dict[str, Words] = {}
        self._lock = Lock()

    @classmethod
    def open(
        cls,
        home: str | Path | None = None,
        *,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        model: ChatModel | None = None,
        reranker: Reranker | None = None,
    ) -> Self:
        """Opens the index in `home` (created when it is not there) with parts from the settings.

        Raises InputError for an unusable setting and StoreError for an unusable folder.
        """
        from qa.models.minilm import MiniLM

        settings = settings or Settings.load()
        if home is not None:
            settings = settings.model_copy(update={"home": Path(os.path.expanduser(home))})
        reader = MiniLM()
        if embedder is None:
            embedder = reader if settings.embedder == "minilm" else _embedder(settings)
        if model is None and settings.gguf:
            from qa.models.gguf import GGUF, fitted

            settings = fitted(settings)
            model = GGUF.configured(settings)
        elif model is None and settings.generates:
            from qa.models.openai_compatible import OpenAICompatible

            model = OpenAICompatible.configured(settings)
        if reranker is None and settings.reranker:
            reranker = _reranker(settings)
        catalog = Catalog(settings.home / "catalog.sqlite3")
        return cls(settings, catalog, embedder, reader, model, reranker)

    def close(self) -> None:
        """Closes every store."""
        self._collection.close()
        if self._server:
            self._server.close()
        self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- documents ---------------------------------------------------------------------------

    def index(
        self,
        *paths: str | Path,
        progress: Callable[[Progress], None] | None = None,
        wait: float = 0,
        keep_missing: bool = False,
    ) -> IndexReport:
        """Brings the index up to date with files and folders.

        Only what changed is read, and only passages with new text are embedded. Documents whose
        files are no longer in a folder are removed, unless told to `keep_missing`. `progress` is
        called at each file and batch; what it raises ends the run, and the next one goes on from
        there. Raises InputError for a path that does not exist, BusyError when another process
        writes for longer than `wait` seconds, and UnreachableError when vectors belong on a server
        that does not answer; files that cannot be read are in the report's `failed`.
        """
        if not paths or "" in paths:  # as a path it would be the current folder
            raise InputError("no path given: name a folder or file, such as corpus")
        with indexing.writing(self._home, wait):
            self._collection.close()
            return indexing.update(
                self._catalog,
                self._home,
                [Path(os.path.expanduser(path)) for path in paths],
                self.embedder,
                indexing.Splitter(self.settings.passage_tokens, self._reader.count),
                progress or (lambda now: None),
                keep_missing,
                self._server,
            )

    def documents(self) -> list[Document]:
        """Every document, newest first."""
        return self._catalog.documents()

    def document(self, document_id: str) -> Document:
        """One document. Raises InputError when it is not in the index."""
        if document := self._catalog.document(document_id):
            return document
        raise InputError(
            f"no document {document_id!r} in the index: Engine.documents() lists what it holds"
        )

    def passages(self, document_id: str) -> list[Passage]:
        """The passages of a document, in order. Raises InputError when it is not in the index."""
        self.document(document_id)
        return [stored.passage for stored in self._catalog.passages_of(document_id)]

    def files(self) -> dict[str, tuple[str, ...]]:
        """Each file that was indexed, by its absolute path, and the ids of its documents."""
        return {file: ids for file, (_, ids) in self._catalog.files().items()}

    def counts(self) -> tuple[int, int]:
        """Number of documents and of passages."""
        return self._catalog.counts()

    def passage_counts(self) -> dict[str, int]:
        """The number of passages of each document that has any, by its id."""
        return self._catalog.passage_counts()

    def remove(self, document_id: str) -> None:
        """Takes a document out of the index; its files stay. Raises InputError when it is not
        there."""
        self.document(document_id)
        with indexing.writing(self._home):
            self._collection.close()
            indexing.remove(self._catalog, self._home, self.embedder, document_id, self._server)

    def verify(self, file: str | Path) -> Verification:
        """Whether each quote of a dossier still stands in the documents at its offsets, and what
        changed. Raises InputError for a file that holds none."""
        path = Path(os.path.expanduser(file))
        return dossier.verify(path, self._catalog.document, self._catalog.documents)

    # --- questions ---------------------------------------------------------------------------

    def search(self, query: str, k: int = 10, filters: Filters = EVERYTHING) -> list[Hit]:
        """The `k` best passages for a query, best first, by meaning and by words; those with what
        it puts in quotation marks only. Raises InputError for filters that allow nothing."""
        self._scope(filters)
        query = _usable(query)
        ((_, hits),) = self._find([Query(query)], k, filters)
        return self._reranked(query, hits[: max(k, RERANKED)]).hits[:k]

    def ask(self, question: str, history: History = (), filters: Filters = EVERYTHING) -> Answer:
        """The answer to a question, each sentence cited and checked.

        Raises InputError for an empty or oversized question, an empty index or filters that allow
        nothing, ModelError when a configured model gives no usable reply.
        """
        *_, answer = self.stream(question, history, filters)
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self,
        question: str,
        history: History = (),
        filters: Filters = EVERYTHING,
        stop: Event | None = None,
    ) -> Iterator[str | Statement | Answer]:
        """The same, as it comes about: pieces of text, a Statement for each finished sentence,
        and the Answer at the end. Another thread may set `stop`: what a model has written until
        then is the answer, marked incomplete, and ModelError is raised when that is nothing."""
        question, clock, asked = _usable(question), _Clock(), datetime.now(UTC)
        model = Stoppable(self.model, stop) if self.model and stop else self.model
        table = prices.load(self.settings) if model else {}
        if not self.counts()[0]:
            raise InputError(f"the index in {self._home} is empty: run `qa index corpus`")
        searched = self._searched(filters)
        with clock("condense"):
            query = questions.condense(question, _turns(history), model)
            query = questions.in_english(query, self._collection.cognate)
        with clock("retrieve"):
            found = self._find(questions.parts(query), RERANKED, filters)
            hits = retrieval.distinct(retrieval.interleave([hits for _, hits in found]))
            ordered = self._reranked(query.text, hits[:RERANKED], stop)
            budget = self.settings.evidence_tokens if model else None
            evidence = retrieval.select(ordered.hits, self.settings.passages, budget)
        with clock("read"):
            read = self._read(evidence)
            matched = [(one, matching.compare(one.target, evidence, read)) for one, _ in found]
        with clock("draft"):
            draft = answering.draft(
                query.text, matched, evidence, model, self._reader, self.settings
            )
        judge = Judge(query.text, model if self.settings.judge and draft.model else None)
        written = _Written(strict=self.settings.strict and bool(draft.model))
        with clock("write"):
            checked = self._checked(draft, matched, evidence, read, clock)
            yield from written.take(judge.judged(checked))
        if draft.faults and not (written.statements or written.withheld):
            raise ModelError(draft.faults[0])
        with clock("compare"):
            disputed = conflicts.conflicts(matched, read, written.citations)
            disputed = conflicts.numbered(disputed, written.numbers)
        if not draft.model:
            yield from written.quote(disputed)
        usage = Counter(query.usage) + Counter(draft.usage) + Counter(judge.usage)
        yield Answer(
            question=question,
            query=query.text,
            text=written.text or _refusal(searched, query.text),
            statements=tuple(written.statements),
            evidence=retrieval.renumbered(evidence, written.numbers),
            abstained=not written.statements,
            model=draft.model or QUOTING,
            usage=dict(usage + Counter(ordered.usage)),
            timings=clock.stages(judge.seconds),
            filters=filters,
            searched=searched,
            incomplete=" ".join(draft.faults),
            notes=(*ordered.notes, *draft.notes, *judge.notes, *written.notes),
            conflicts=disputed,
            cost=prices.cost(table, (draft.model, usage), (ordered.model, ordered.usage)),
            provenance=Provenance(
                asked,
                qa.__version__,
                self.settings.shown(),
                prompts.digest("answer") if draft.model else "",
                self._catalog.hashes(e.hit.passage.document_id for e in evidence),
                prompts.digest("judge") if judge.model else "",
            ),
        )

    def _checked(
        self,
        draft: Reply,
        matched: Sequence[Matched],
        evidence: Sequence[Evidence],
        read: Mapping[str, Words],
        clock: "_Clock",
    ) -> Iterator[str | Checked]:
        """The pieces of a draft, and each sentence as soon as it is complete, with its citations,
        under the numbers of the evidence, and its verdict."""
        # A quoted draft answers only what the passages speak of; of a model that is checked.
        doubts = answering.unspoken_of(matched, self._reader) if draft.model else []
        asked = [one.query.question for one, _ in matched]
        alone = len(asked) == 1 and not questions.asks_whether(asked[0])
        names = checking.known_names(e.hit.passage.text for e in evidence)
        for piece in answering.written(draft):
            if not isinstance(piece, answering.Sentence):
                yield piece
                continue
            with clock("attribute"):
                citations, said, strange = attribution.attribute(
                    piece, evidence, read, self._reader, self._collection.rarity, matched
                )
                misfits = list[str]()
                if draft.model and alone:
                    cited = {c.number for c in citations}
                    around = " ".join(e.hit.passage.text for e in evidence if e.number in cited)
                    misfits = checking.unmet(asked[0], citations, around)
                grade = checking.grade(piece, citations, said, names, doubts, strange, misfits)
                verdict, reasons, ceiling = grade.verdict, grade.reasons, grade.ceiling
                if ceiling == "supported" and isinstance(piece, answering.Fragment):
                    ceiling = "partial"
                if verdict == "supported" and isinstance(piece, answering.Fragment):
                    verdict, reasons = "partial", ("the reply broke off in this sentence",)
            yield Checked(Statement(str(piece), citations, verdict, reasons), ceiling)

    def _scope(self, filters: Filters) -> Scope | None:
        if filters.since and filters.until and filters.since > filters.until:
            raise InputError(
                f"no day is from {filters.since} to {filters.until}: turn the two around"
            )
        scope = self._collection.scope(filters)
        if scope is not None and not scope.documents and self.counts()[0]:
            raise InputError(f"no document is {filters}: `qa documents` lists what there is")
        return scope

    def _find(
        self, queries: Sequence[Query], k: int, filters: Filters
    ) -> list[tuple[Asked, list[Hit]]]:
        """Each query with its words, and what is found for it, all from one generation of the
        index: at least `k` hits, if there are."""
        read = self._read_queries([query.text for query in queries])
        wanted = [(q.text, vector) for q, (vector, _) in zip(queries, read, strict=True)]
        # What a query quotes may stand far down; else the best are all that is ever shown.
        most = None if any(phrases(query.question) for query in queries) else max(k, RERANKED)

        def fused(dense: Ranking, lexical: Ranking) -> list[Fused]:
            return retrieval.fuse(dense, lexical, self.settings.dense_weight)[:most]

        found = self._collection.search(wanted, max(k, CANDIDATES), fused, filters)
        return [
            self._ranked(query, words, hits)
            for query, (_, words), hits in zip(queries, read, found, strict=True)
        ]

    def _ranked(self, query: Query, words: Words, hits: list[Hit]) -> tuple[Asked, list[Hit]]:
        hits = retrieval.holding(hits, phrases(query.question)) or hits
        asked = questions.asked(query, words, self._collection.rarity)
        sketches = self._collection.sketches([h.passage.id for h in hits[:RERANKED]])
        short = project(words.vectors)
        said = matching.said(asked.target, short, (unpack(s) for s in sketches.values()))
        hits = retrieval.rerank(hits, dict(zip(sketches, said, strict=True)))
        return asked, retrieval.dated(hits, query.text)

    def _reranked(self, question: str, hits: list[Hit], stop: Event | None = None) -> Reranked:
        reranker = self.reranker
        if stop and isinstance(reranker, ListwiseReranker):
            reranker = reranker.until(stop)
        return reranker.rerank(question, hits) if reranker else Reranked(hits)

    def _read_queries(self, texts: Sequence[str]) -> list[tuple[Vectors, Words]]:
        def read() -> list[tuple[Vectors, Words]]:
            return [self._read_query(text) for text in texts]

        if self._collection.opened:
            return read()
        with ThreadPoolExecutor(1) as pool:  # the model loads while the indexes are opened
            reading = pool.submit(read)
            self._collection.follow()
            return reading.result()

    def _read_query(self, text: str) -> tuple[Vectors, Words]:
        (words,) = self._reader.words([text])
        if self.embedder is self._reader:
            return words.whole, words
        return self.embedder.embed([text])[0], words

    def _read(self, evidence: Sequence[Evidence]) -> dict[str, Words]:
        """The words of each passage, from memory where they were read before."""
        passages = {e.hit.passage.id: splitting.searchable(e.hit.passage) for e in evidence}
        with self._lock:
            known = {i: self._words[i] for i in passages if i in self._words}
        new = [i for i in passages if i not in known]
        known |= zip(new, self._reader.words([passages[i] for i in new]), strict=True)
        with self._lock:
            self._words.update(known)
            while len(self._words) > _READ:
                del self._words[next(iter(self._words))]
        return known

    def _searched(self, filters: Filters) -> str:
        """What the filters let a search see, in words. Raises InputError when that is nothing."""
        scope, (documents, passages) = self._scope(filters), self.counts()
        if scope is None:
            return f"{passages} passages of {documents} documents"
        return f"{len(scope.documents)} of {documents} documents, those {filters}"


def ask(
    question: str,
    corpus: str | Path = "corpus",
    *,
    home: str | Path | None = None,
    history: History = (),
    settings: Settings | None = None,
) -> Answer:
    """The answer to a question from the documents in a file or folder.

    The corpus is indexed first, which is quick when nothing changed. Each corpus has an index of
    its own beside the home folder; give `home` to share one with `qa` or an Engine. To ask many
    questions keep an Engine open. Raises InputError for an unusable question or corpus, ModelError
    when a configured model gives no usable reply.
    """
    settings = settings or Settings.load()
    if home is None:
        name = hashlib.sha256(str(Path(corpus).absolute()).encode()).hexdigest()[:8]
        home = settings.home.with_name(f"{settings.home.name}-{name}")
    with Engine.open(home, settings=settings) as engine:
        report = engine.index(corpus)
        if not report.documents:
            raise InputError(f"{corpus} holds no readable document{_listed(report.failed)}")
        return engine.ask(question, history)


def _listed(failures: Sequence[Failure]) -> str:
    if not failures:
        return f": add {', '.join(loading.LOADERS)} files"
    return "".join(f"\n  {failure.source}: {failure.error}" for failure in failures[:5])


def _refusal(searched: str, query: str) -> str:
    comma = "," if "," in searched else ""  # it ends in what the filters allow
    return f"{answering.REFUSAL} Searched {searched}{comma} for \u201c{query}\u201d."


@dataclass(slots=True)
class _Written:
    """The statements of an answer as they come about. `numbers` maps numbers of the evidence to
    those that readers see; `strict` withholds what the documents do not back."""

    strict: bool
    statements: list[Statement] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    withheld: int = 0

    def take(self, events: Iterable[str | Checked]) -> Iterator[str | Statement]:
        """Pieces of text, unless each must be checked first, and each statement that is kept."""
        for event in events:
            if isinstance(event, str):
                if not self.strict:
                    yield event
            elif self.strict and event.statement.verdict == "unsupported":
                self.withheld += 1
            else:
                if self.strict:
                    yield f"{event.statement.text} "
                cited = attribution.numbered(event.statement.citations, self.numbers)
                self.statements.append(replace(event.statement, citations=cited))
                yield self.statements[-1]

    def quote(self, disputed: Sequence[Conflict]) -> Iterator[str | Statement]:
        """The side of each conflict that is not quoted yet, once."""
        said = {statement.text for statement in self.statements}
        sides = {" ".join(side.quote.split()): side for one in disputed for side in one.sides}
        for text, side in sides.items():
            if text not in said:
                self.statements.append(Statement(text, (side,), "supported"))
                yield f"{text}\n\n"
                yield self.statements[-1]

    @property
    def text(self) -> str:
        return " ".join(statement.text for statement in self.statements)

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(citation for s in self.statements for citation in s.citations)

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.withheld:
            return ()
        what, it = ("1 sentence was", "it")
        if self.withheld > 1:
            what, it = f"{self.withheld} sentences were", "them"
        return (f"{what} withheld, because the documents do not back {it} (QA_STRICT).",)


class _Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def stages(self, judging: float) -> dict[str, float]:
        """The seconds, those of writing without what was attributed and judged meanwhile as part
        of the draft."""
        stages = self.seconds | ({"judge": judging} if judging else {})
        writing = stages.pop("write") - stages.get("attribute", 0.0) - judging
        return stages | {"draft": stages["draft"] + writing}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        spent = time.perf_counter() - began
        self.seconds[stage] = self.seconds.get(stage, 0.0) + spent


def _usable(question: str) -> str:
    question = " ".join(unicodedata.normalize("NFC", question).split())
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in question):
        raise InputError("the question holds characters that cannot be read: type it again")
    if not question:
        raise InputError("the question is empty: ask something about your documents")
    if len(question) > LONGEST_QUESTION:
        raise InputError(
            f"the question has {len(question):,} characters: ask it in at most "
            f"{LONGEST_QUESTION:,}, and index long texts as documents"
        )
    return question


def _turns(history: History) -> list[Turn]:
    return [turn if isinstance(turn, Turn) else Turn(*turn) for turn in history]


def _reranker(settings: Settings) -> Reranker:
    if not settings.generates:
        raise InputError(
            f"QA_RERANKER={settings.reranker!r} has no service: set OPENAI_BASE_URL or "
            "OPENAI_API_KEY, or unset it"
        )
    from qa.models.openai_compatible import OpenAICompatible

    other = settings.model_copy(update={"model": settings.reranker})
    return ListwiseReranker(OpenAICompatible.configured(other))


def _embedder(settings: Settings) -> Embedder:
    service, _, model = settings.embedder.partition(":")
    if service != "openai" or not model:
        raise InputError(
            f"QA_EMBEDDER={settings.embedder!r} is not known: use minilm, or openai:MODEL"
        )
    from qa.models.openai_compatible import OpenAIEmbedder

    embedder: Embedder = OpenAIEmbedder.configured(settings, model)
    return embedder
