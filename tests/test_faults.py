"""A broken build is caught: each of ten planted faults makes a metric fall and the gate fail.

The collection is invented: ten towns that do not exist, and a harbour's bulletins, one a day.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import Any

import pytest

from qa import attribution, checking, prompts, questions, retrieval, splitting
from qa.catalog import Catalog
from qa.collection import Collection
from qa.engine import Engine
from qa.evaluation import Case, Claim, Gold, Run, compare, evaluate, gates
from qa.models import Embedder, Reply
from qa.models.minilm import MiniLM
from qa.settings import Settings

MonkeyPatch = pytest.MonkeyPatch
Evaluate = Callable[..., Run]

TOWNS = (
    ("Valdarena", "Ofelia Brandt", "41,300", "copper"),
    ("Quimbral", "Anselm Torrecilla", "8,720", "salt"),
    ("Ostreva", "Milena Karpati", "112,600", "glass"),
    ("Puerto Ñame", "Régulo Ibarrola", "3,950", "tuna"),
    ("Hollowmere", "Edwina Thackeray", "27,480", "wool"),
    ("Zarcillo", "Benigno Uzcátegui", "66,100", "cacao"),
    ("Lindqvist", "Torsten Aalgaard", "5,230", "timber"),
    ("Marabesa", "Consuelo Piñeiro", "19,870", "rubber"),
    ("Fenwick Cross", "Dunstan Okafor", "74,050", "steel"),
    ("Tarquinia Alta", "Lucrezia Bonfanti", "12,640", "olives"),
)
BOATS = (17, 42, 63, 88, 105, 131, 154, 176)  # counted on 1 to 8 March 2023
ABSENT = (
    "What is the best recipe for lentil soup?",
    "Which planet has the most moons?",
    "How do I renew a passport?",
    "What is the boiling point of ethanol?",
    "Who composed the opera Tosca?",
    "How many strings does a violin have?",
    "Which enzyme digests starch?",
    "What does a carburettor do?",
)


def town_text(mayor: str, name: str, people: str, ware: str) -> str:
    return (
        f"{name} is a town in the lowlands, two hours by bus from the capital. "
        f"The mayor of {name} is {mayor}, a former teacher. "
        f"{name} has {people} inhabitants according to the last census. "
        f"Its factories live on {ware}, which is shipped abroad every week."
    )


def documents() -> list[dict[str, str]]:
    towns = [
        {"id": f"town-{n}", "title": name, "text": town_text(mayor, name, people, ware)}
        for n, (name, mayor, people, ware) in enumerate(TOWNS)
    ]
    days = [
        {
            "id": f"day-{n}",
            "title": "Harbour bulletin",
            "date": f"2023-03-{n:02d}",
            "text": f"The harbour office counted {boats} boats at noon.",
        }
        for n, boats in enumerate(BOATS, start=1)
    ]
    return towns + days


def cases() -> list[Case]:
    found = list[Case]()
    for n, (name, mayor, people, _) in enumerate(TOWNS):
        place = f"towns.jsonl#town-{n}"
        led = Gold(place, f"The mayor of {name} is {mayor}, a former teacher.")
        many = Gold(place, f"{name} has {people} inhabitants according to the last census.")
        wanted, counted = ((mayor.split()[1],),), ((people,),)
        earlier = ((f"Who is the mayor of {name}?", f"The mayor of {name} is {mayor}."),)
        claims = (
            Claim(f"The mayor of {name} is {mayor}.", True),
            Claim(f"{name} has 950,000 inhabitants.", False),
        )
        found += [
            Case(f"Who is the mayor of {name}?", f"mayor-{n}", must_include=wanted, gold=(led,)),
            Case(
                "and how many inhabitants does it have?",
                f"follow-{n}",
                earlier,
                counted,
                gold=(many,),
                tags=("follow-up",),
            ),
            Case(
                f"¿Cuántos habitantes tiene {name}?",
                f"spanish-{n}",
                must_include=counted,
                gold=(many,),
                tags=("spanish",),
            ),
            Case(f"Who is the mayor of {name}?", f"claims-{n}", claims=claims, tags=("claims",)),
        ]
    for n, boats in enumerate(BOATS, start=1):
        gold = Gold(f"towns.jsonl#day-{n}", f"The harbour office counted {boats} boats at noon.")
        asked = f"How many boats did the harbour office count on {n} March 2023?"
        wanted = ((str(boats),),)
        found.append(Case(asked, f"day-{n}", must_include=wanted, gold=(gold,), tags=("by-date",)))
    found += [Case(q, f"absent-{n}", answerable=False) for n, q in enumerate(ABSENT)]
    return found


def some(*kinds: str) -> list[Case]:
    return [case for case in cases() if case.id.partition("-")[0] in kinds]


@dataclass
class Reading:
    """A model that replies with the line of its prompt that shares most words with the question:
    it knows nothing that it was not shown."""

    name: str = "reading"

    def reply(self, system: str, user: str) -> Reply:
        (question,) = re.findall(r"Question: (.*)", user)
        passages = "\n".join(re.findall(r"<passage>\n.*?\n(.*?)\n</passage>", user, re.DOTALL))
        sentences = re.split(r"(?<=\.) ", passages.replace("\n", " "))
        wanted = set(re.findall(r"\w+", question.lower()))
        best = max(sentences, key=lambda s: len(wanted & set(re.findall(r"\w+", s.lower()))))
        return Reply(iter((best or "Nobody knows who that is at the moment.",)))


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return MiniLM()


@pytest.fixture(scope="module")
def build(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Engine]:
    """Indexes the collection, or other documents, into a new home."""

    def made(records: Sequence[dict[str, str]] = (), **parts: Any) -> Engine:
        folder = tmp_path_factory.mktemp("towns")
        write(folder, records or documents())
        settings = Settings(home=folder / "home", api_key="", base_url="")
        engine = Engine.open(settings=settings, embedder=embedder, **parts)
        assert not engine.index(folder / "towns.jsonl").failed
        return engine

    return made


def write(folder: Path, records: Sequence[dict[str, str]]) -> None:
    (folder / "towns.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")


@pytest.fixture(scope="module")
def engine(build: Callable[..., Engine]) -> Engine:
    return build()


@pytest.fixture(scope="module")
def sound(engine: Engine) -> Run:
    """The run of the build as it is: the baseline of every fault."""
    return evaluate(engine, cases())


def caught(faulty: Run, baseline: Run, metric: str, tag: str = "") -> None:
    """Asserts that the metric fell significantly and that a gate at its old value fails."""
    ids = {result.case.id for result in faulty.results}
    before = Run(tuple(result for result in baseline.results if result.case.id in ids))
    regressions = {d.metric.name: d for d in compare(faulty, before).regressions}
    assert metric in regressions, {n: str(d) for n, d in regressions.items()}
    fell = regressions[metric]
    (gate,) = gates(f"{metric}{':' if tag else ''}{tag}>={fell.before - 0.05:.3f}")
    assert gate.failure(before) is None
    assert gate.failure(faulty) is not None


def test_the_build_as_it_is_passes(sound: Run) -> None:
    for gate in gates("right>=0.8,refusal_recall>=0.9,verdict_accuracy>=0.9,retrieval_mrr@10>=0.8"):
        assert gate.failure(sound) is None


def test_fusion_weights_turned_around(
    build: Callable[..., Engine], monkeypatch: MonkeyPatch
) -> None:
    """Each weight below 0. Only the best twenty are read word by word, so thirty are put beside."""
    beside = [
        {"id": f"note-{n}", "title": f"Note {n}", "text": f"Nothing was sold at market {n}."}
        for n in range(30)
    ]
    larger = build([*documents(), *beside])
    baseline = evaluate(larger, some("mayor", "day"))
    fuse = retrieval.fuse

    def turned(*args: Any) -> list[retrieval.Fused]:
        return [one._replace(score=-one.score) for one in reversed(fuse(*args))]

    monkeypatch.setattr(retrieval, "fuse", turned)
    caught(evaluate(larger, some("mayor", "day")), baseline, "retrieval_mrr@10")


def test_citations_shifted_by_one(engine: Engine, sound: Run, monkeypatch: MonkeyPatch) -> None:
    attribute = attribution.attribute

    def shifted(piece: Any, evidence: Any, *rest: Any) -> Any:
        citations, *said = attribute(piece, evidence, *rest)
        after = {e.number: evidence[(n + 1) % len(evidence)] for n, e in enumerate(evidence)}
        passages = ((after[c.number], after[c.number].hit.passage) for c in citations)
        moved = tuple(attribution.cite(entry, p.start, p.start + 20) for entry, p in passages)
        return moved, *said

    monkeypatch.setattr(attribution, "attribute", shifted)
    caught(evaluate(engine, some("mayor")), sound, "citation_precision_passage")


def test_refusal_off(engine: Engine, sound: Run, monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr("qa.answering.unspoken", lambda *args: [])
    caught(evaluate(engine, some("absent")), sound, "refusal_recall")


def test_dates_dropped(build: Callable[..., Engine], sound: Run, monkeypatch: MonkeyPatch) -> None:
    searchable = splitting.searchable
    monkeypatch.setattr(
        splitting, "searchable", lambda passage: searchable(replace(passage, published=None))
    )
    caught(evaluate(build(), some("day")), sound, "right", "by-date")


def test_splitting_by_bytes(
    build: Callable[..., Engine], sound: Run, monkeypatch: MonkeyPatch
) -> None:
    split = splitting.split

    def by_bytes(document: Any, count: Any, size: int) -> Any:
        """Every 40 bytes, wherever a sentence or a word ends."""
        model, raw = split(document, count, size)[0], document.text.encode()
        cuts = [len(raw[:n].decode("utf-8", "ignore")) for n in range(0, len(raw) + 40, 40)]
        return [
            replace(model, id=f"{document.id}:{a}-{b}", text=document.text[a:b], start=a, end=b)
            for a, b in pairwise(cuts)
            if document.text[a:b].strip()
        ]

    monkeypatch.setattr(splitting, "split", by_bytes)
    caught(evaluate(build(), some("mayor", "spanish")), sound, "answer_inclusion")


def test_a_prompt_without_passages(build: Callable[..., Engine], monkeypatch: MonkeyPatch) -> None:
    written = build(model=Reading())
    baseline = evaluate(written, some("mayor"))
    load = prompts.load

    def without(name: str) -> tuple[Template, Template]:
        system, user = load(name)
        return system, Template(user.template.replace("$passages", ""))

    monkeypatch.setattr(prompts, "load", without)
    caught(evaluate(written, some("mayor")), baseline, "answer_inclusion")


def test_a_stale_index(
    build: Callable[..., Engine], embedder: Embedder, sound: Run, monkeypatch: MonkeyPatch
) -> None:
    """The documents have changed and were indexed anew, and a reader does not follow."""
    earlier = [
        record
        | {"text": re.sub(r"The mayor of (.*?) is [^,]*,", r"The mayor of \1 is Ann Poe,", t)}
        for record in documents()
        if (t := record["text"])
    ]
    stale = build(earlier)
    stale.search("Who is the mayor?")
    opened = stale._collection._refresh()
    write(folder := stale.settings.home.parent, documents())
    with Engine.open(settings=stale.settings, embedder=embedder) as writer:
        assert not writer.index(folder / "towns.jsonl").failed
    with monkeypatch.context() as fault:
        fault.setattr(Collection, "_refresh", lambda self, again=True: opened)
        fault.setattr(Catalog, "generation", lambda self: opened[0])
        caught(evaluate(stale, some("mayor")), sound, "answer_inclusion")
    assert evaluate(stale, some("mayor")).summary()["answer_inclusion"] == 1, "it does follow"


def test_one_language_lost(engine: Engine, sound: Run, monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "in_english", lambda query, cognate: query)
    caught(evaluate(engine, some("spanish")), sound, "answer_inclusion", "spanish")


def test_the_verdict_always_supported(engine: Engine, sound: Run, monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "grade", lambda *args: checking.Grade(1.0, "supported"))
    caught(evaluate(engine, some("claims")), sound, "verdict_accuracy")


def test_follow_ups_ignored(engine: Engine, sound: Run, monkeypatch: MonkeyPatch) -> None:
    condense = questions.condense
    monkeypatch.setattr(
        questions, "condense", lambda asked, history, model: condense(asked, [], model)
    )
    caught(evaluate(engine, some("follow")), sound, "followup_success")
