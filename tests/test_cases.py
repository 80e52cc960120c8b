"""Cases: what a file may hold, and how each line that cannot be used is named."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import qa
from qa.evaluation import Case, Claim, Filters, Gold, check_gold, load_cases, read_cases, schema
from qa.evaluation.cases import TAGS

FIRST = '{"id": "a", "question": "x", "answerable": false}'
FULL = Case(
    question="and then?",
    id="full",
    history=(("who?", "he"), ("why?", "because")),
    must_include=(("6,000", "six thousand"), ("Darién",)),
    must_not_include=("7,000",),
    answers=("6,000",),
    references=("About 6,000 people crossed it on foot.",),
    gold=(Gold("a.txt", "He said so."), Gold("b.txt", relevance=2)),
    filters=Filters(date(2023, 12, 1), date(2023, 12, 31), ("a.txt",)),
    tags=("follow-up-3",),
)


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2, line: broken JSON"),
        ("[]", "line 2, line: not a case"),
        ('{"question": "x", "answer": "y"}', "unknown field 'answer': did you mean 'answers'?"),
        ('{"question": "x", "colour": "y"}', "unknown field 'colour': use question, id, history"),
        ('{"question": "x", "gold": [{"document": "a", "quot": "b"}]}', "gold[0].quot: unknown"),
        ('{"question": 3}', "line 2, question: "),
        ('{"must_include": [["x"]]}', "question: no field 'question': add it"),
        ('{"question": " ", "must_include": [["x"]]}', "the question is empty"),
        ('{"question": "x"}', 'a case without an answer: add "must_include"'),
        ('{"question": "x", "must_include": [[]]}', "must_include[0]"),
        ('{"question": "x", "must_include": [[""]]}', "must_include[0][0]"),
        ('{"question": "x", "must_include": ["y"]}', "must_include[0]"),
        ('{"question": "x", "answers": ["y"], "history": [["only one"]]}', "history[0]"),
        ('{"question": "x", "answers": ["y"], "answerable": false}', "but there is an answer"),
        ('{"question": "x", "answers": ["y"], "filters": {"since": "May"}}', "filters.since"),
        (
            '{"question": "x", "answers": ["y"], "filters": {"since": "2024-01-01", "until": '
            '"2023-01-01"}}',
            "turn them around",
        ),
        ('{"id": "a", "question": "x", "answerable": false}', "'a' is used in line 1"),
        (
            '{"question": "x", "history": [["a", "b"]], "claims": [{"text": "t", "supported": '
            "true}]}",
            "need a question without history",
        ),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_the_others_are_kept(
    tmp_path: Path, line: str, reason: str
) -> None:
    path = written(tmp_path, FIRST, line, '{"question": "z", "answers": ["w"]}')
    file = read_cases(path)
    assert [case.id for case in file.cases] == ["a", "line-3"]
    assert {problem.line for problem in file.problems} == {2}
    assert reason in str(file.problems[0])
    with pytest.raises(qa.InputError, match="line 2"):
        load_cases(path)


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_a_file_without_cases_says_what_to_write(tmp_path: Path, content: str) -> None:
    with pytest.raises(qa.InputError, match="holds no cases: write"):
        read_cases(written(tmp_path, content))


def test_a_case_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(FULL.to_json()))
    assert read_cases(path).cases == (FULL,)


def test_the_schema_names_every_field_and_allows_no_other() -> None:
    published = schema()
    assert set(published["properties"]) == set(Case.__dataclass_fields__)
    assert published["additionalProperties"] is False
    assert published["required"] == ["question"]
    assert all("description" in field for field in published["properties"].values())
    assert all(tag in published["properties"]["tags"]["description"] for tag in TAGS)


def document(source: str, text: str) -> qa.Document:
    return qa.Document("d", source, "t", None, text, "sha")


def test_gold_is_looked_up_in_the_documents(tmp_path: Path) -> None:
    cases = [
        replace(FULL, id=name, gold=(gold,))
        for name, gold in {
            "right": Gold("a.txt", "He  said\nso, twice."),
            "folder": Gold("deep/a.txt", "He said so"),
            "whole": Gold("a.txt"),
            "typo": Gold("b.txt", "He said so"),
            "changed": Gold("a.txt", "Then he said so, three times."),
            "strange": Gold("a.txt", "zebra"),
        }.items()
    ]
    path = written(tmp_path, *(json.dumps(case.to_json()) for case in cases))
    held = [document("x/deep/a.txt", "Then he left. He said so,\ntwice.")]
    file = check_gold(read_cases(path), held)
    assert [case.id for case in file.cases] == ["right", "folder", "whole"]
    lines = [str(problem) for problem in file.problems]
    assert lines[0].startswith("line 4, gold[0].document: 'b.txt' is not in the index: did you")
    assert "line 5, gold[0].quote: is not in a.txt" in lines[1]
    assert "only as far as 'Then he '" not in lines[1]  # too little to be a help
    assert "copy it from the document" in lines[2]


def test_a_copy_is_named_by_the_document_that_is_kept(tmp_path: Path) -> None:
    case = replace(FULL, gold=(Gold("copy.txt", "He left."),))
    path = written(tmp_path, json.dumps(case.to_json()))
    held = replace(document("x/a.txt", "He left."), also_in=("x/copy.txt",))
    (problem,) = check_gold(read_cases(path), [held]).problems
    assert "is the same as x/a.txt: name that one" in str(problem)


def test_a_quote_that_goes_astray_says_where(tmp_path: Path) -> None:
    case = replace(FULL, gold=(Gold("a.txt", "He was said to have left on Monday."),))
    path = written(tmp_path, json.dumps(case.to_json()))
    held = [document("a.txt", "He was said to have left on Sunday.")]
    (problem,) = check_gold(read_cases(path), held).problems
    assert "only as far as 'He was said to have left on '" in str(problem)


def test_claims_alone_make_a_case(tmp_path: Path) -> None:
    path = written(
        tmp_path, '{"question": "x", "claims": [{"text": "He left.", "supported": false}]}'
    )
    assert read_cases(path).cases[0].claims == (Claim("He left.", False),)
