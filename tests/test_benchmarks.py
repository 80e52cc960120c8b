"""The retrieval benchmarks: what they read, and that they run."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY

from qa import checking
from qa.models.minilm import MiniLM

BENCHMARKS = REPOSITORY / "benchmarks"


@pytest.fixture
def retrieval_sets(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("retrieval_sets")


@pytest.fixture
def speed(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module("speed")
    monkeypatch.setattr(module, "WARM_UP", 1)
    return module


@pytest.fixture
def synthetic(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("synthetic")


def squad(path: Path, *questions: tuple[str, str, bool]) -> Path:
    qas = [
        {"id": i, "question": text, "answers": [{"text": "x", "answer_start": 0}] if known else []}
        for i, text, known in questions
    ]
    paragraphs = [{"context": "Ships sail.", "qas": qas}, {"context": "Trains run.", "qas": []}]
    path.write_text(json.dumps({"data": [{"title": "On_travel", "paragraphs": paragraphs}]}))
    return path


def write_beir(folder: Path) -> Path:
    """Four documents, of which two are equal; three queries, one of them only in training."""
    (folder / "qrels").mkdir(parents=True)
    texts = {
        "1": "The ferry to the islands sails at noon.",
        "2": "Bread is baked before dawn.",
        "3": "The council raised the water tariff in March.",
        "4": "Bread is baked before dawn.",
    }
    corpus = [{"_id": i, "title": "", "text": text} for i, text in texts.items()]
    asked = {"a": "When does the ferry sail?", "b": "Who bakes bread?", "c": "Which tariff?"}
    queries = [{"_id": i, "text": text} for i, text in asked.items()]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    rows = ["query-id\tcorpus-id\tscore", "a\t1\t2", "a\t3\t0", "b\t4\t1"]
    (folder / "qrels" / "test.tsv").write_text("\n".join(rows) + "\n")
    return folder


def test_squad_asks_what_its_paragraphs_answer(tmp_path: Path, retrieval_sets: Any) -> None:
    path = squad(tmp_path / "s.json", ("1", " What  sails? ", True), ("2", "Who flies?", False))
    data = retrieval_sets.read([path])
    assert [(d.title, d.text) for d in data.documents] == [
        ("On travel", "Ships sail."),
        ("On travel", "Trains run."),
    ]
    assert [(q.text, q.gold) for q in data.questions] == [
        ("What sails?", {data.documents[0].id: 1})
    ]


def test_a_translation_asks_in_place_of_the_question_with_its_id(
    tmp_path: Path, retrieval_sets: Any
) -> None:
    path = squad(tmp_path / "en.json", ("1", "What sails?", True))
    spanish = squad(tmp_path / "es.json", ("1", "¿Qué navega?", True))
    data = retrieval_sets.read([path], questions=spanish)
    assert [q.text for q in data.questions] == ["¿Qué navega?"]
    assert data.questions[0].gold == {data.documents[0].id: 1}


def test_clapnq_rows_without_an_answer_only_add_documents(
    tmp_path: Path, retrieval_sets: Any
) -> None:
    rows = [
        {
            "id": str(n),
            "input": f"question {n}",
            "passages": [{"title": "T", "text": f"text {n}"}],
            "output": [{"answer": answer, "selected_sentences": []}],
        }
        for n, answer in enumerate(["yes", ""])
    ]
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    data = retrieval_sets.read([path])
    assert len(data.documents) == 2
    assert [(q.text, q.gold) for q in data.questions] == [("question 0", {"c/0-0": 1})]


def test_rows_of_questions_with_passages_are_one_collection(
    tmp_path: Path, retrieval_sets: Any
) -> None:
    rows = [
        {"question": "q1", "passages": [{"text": "a"}, {"text": "b"}], "gold": [1]},
        {"question": "q2", "passages": [{"text": "a"}, {"text": "c"}], "gold": [0]},
        {"question": "q3", "passages": [{"text": "d"}]},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    data = retrieval_sets.read([path])
    texts = {d.id: d.text for d in data.documents}
    assert sorted(texts.values()) == ["a", "b", "c", "d"]
    assert [(q.text, [texts[i] for i in q.gold]) for q in data.questions] == [
        ("q1", ["b"]),
        ("q2", ["a"]),
    ]


def test_beir_asks_the_test_queries_and_equal_documents_are_one(
    tmp_path: Path, retrieval_sets: Any
) -> None:
    data = retrieval_sets.read([write_beir(tmp_path / "set")])
    assert [d.id for d in data.documents] == ["set/1", "set/2", "set/3"]
    assert {q.id: q.gold for q in data.questions} == {"a": {"set/1": 2}, "b": {"set/2": 1}}
    assert data.sample(1).questions == data.sample(1).questions


def test_synthetic_passages_differ_and_their_words_keep_their_vectors(synthetic: Any) -> None:
    base = [
        ("Sea", "The ferry to the islands sails at noon, unless it storms. " * 20),
        ("Land", "Bread is baked before dawn; the council raised the tariff. " * 20),
    ]
    mixer = synthetic.Mixer(base)
    records = [synthetic.record(n, base) for n in range(40)]
    assert len({r["text"] for r in records}) == 40
    assert records == [synthetic.record(n, base) for n in range(40)]
    texts = [f"{r['title']} (1 May 2020)\n{r['text']}" for r in records]
    read = mixer.words(texts)
    real = {w.text: w for w in MiniLM().words([f"{title}\n{text}" for title, text in base])}
    known = {
        (vector.tobytes(), words.text[slice(*span)])
        for words in real.values()
        for vector, span in zip(words.vectors, words.spans, strict=True)
    }
    for text, words in zip(texts, read, strict=True):
        assert abs(np.linalg.norm(words.whole) - 1) < 1e-5
        assert len(words.spans) > 50
        for vector, span in zip(words.vectors, words.spans, strict=True):
            assert (vector.tobytes(), text[slice(*span)]) in known
    assert np.allclose(mixer.embed(["Who sails?"]), MiniLM().embed(["Who sails?"]), atol=1e-5)


def test_the_quality_of_a_small_set_is_measured(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            str(BENCHMARKS / "quality.py"),
            str(write_beir(tmp_path / "set")),
            *("--home", str(tmp_path / "home")),
        ],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert (
        "| 3 documents, 2 questions | dense alone | lexical alone | `Engine.search` |" in run.stdout
    )
    perfect = "1.000 (0.158 to 1.000)"  # .025 ** (1 / 2): two questions show no more
    assert f"| MRR@10 | {perfect} | {perfect} | {perfect} |" in run.stdout
    assert f"| nDCG@10 | {perfect} | {perfect} | {perfect} |" in run.stdout


def test_the_speed_of_a_small_collection_is_measured(
    tmp_path: Path, retrieval_sets: Any, speed: Any
) -> None:
    data = retrieval_sets.read([write_beir(tmp_path / "set")])
    home = speed.built(data, 400, tmp_path / "cache")
    measured = speed.measure(home, [q.text for q in data.questions])
    assert measured["passages"] == 400
    assert measured["recall"] == 1.0
    assert [len(seconds) for seconds in measured["latencies"].values()] == [1] * len(
        measured["latencies"]
    )
    assert speed.first_query(home, data.questions[0].text) > 0
    assert "| resident memory, MB |" in speed._speeds([measured | {"cold": 1.0}])


def test_a_folder_is_measured_as_a_server_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    server = importlib.import_module("server")
    vectors = server._unit(np.random.default_rng(0).normal(size=(300, server.DIMENSIONS)))
    measured = server._measured(tmp_path, "", vectors, vectors[:10])
    assert measured["of the 50 nearest, found"] == "100.0%"
    assert "first query of a new process, imports and opening included" in measured


@pytest.mark.parametrize(
    ("question", "answer", "statement"),
    [
        ("Who ruled the duchy of Normandy?", "Richard I", "Richard I ruled the duchy of Normandy."),
        ("When was the Duchy founded?", "911", "The Duchy was founded in 911."),
        ("France laid siege to it in what year?", "1622", "France laid siege to it in 1622."),
        ("What were the armies too weak to stop?", "outlaws", None),
        ("Why did the king leave Paris?", "the plague", None),
    ],
)
def test_a_question_and_its_answer_become_a_statement_where_no_word_moves(
    monkeypatch: pytest.MonkeyPatch, question: str, answer: str, statement: str | None
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    assert importlib.import_module("restated").stated(question, answer) == statement


def test_the_weights_of_the_verdicts_are_those_of_the_signs_that_are_fitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    fitting = importlib.import_module("fit_verdicts")
    assert set(checking.WEIGHTS) == {"true", *fitting.SIGNS}
    signs = np.array([[1.0] * len(fitting.SIGNS), [0.0] * len(fitting.SIGNS)] * 20)
    weights = fitting.fit([signs], [np.array([0.0, 1.0] * 20)])
    assert weights["true"] > 0 > weights["negated"]
