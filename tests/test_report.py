"""The report of a run: everything that went wrong is in it, and nothing from elsewhere."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from test_evaluation import case, refused, result

from qa.evaluation import Gold, Run, compare, compared, to_html, to_text
from qa.evaluation.report import signed
from qa.evaluation.scores import METRICS

EVIL = '<script>alert(1)</script><img src="http://remote.example/x.png">'
CASES = [
    result("6,000 crossed the Darién; gold quote", case(id="right", tags=("single-fact",))),
    result(f"7,000 crossed. {EVIL}", case(id="unwanted", question=f"How many? {EVIL}")),
    refused(case(id="refused", history=(("Who crossed?", "Migrants did."),))),
    result("Something.", case(id="rash", answerable=False, must_include=(), gold=())),
]


def page(run: Run) -> str:
    return to_html(run, compare(run, Run((*run.results[:1], refused(run.results[1].case)))))


def test_every_wrong_case_has_what_was_expected_what_was_given_and_why() -> None:
    html = page(Run(tuple(CASES), {"file": "cases.jsonl", "model": "m"}, (("lost", "no reply"),)))
    assert "1 of 4 answers are right" in html
    for name, why in (
        ("unwanted", "no gold passage is among the first 1 hits"),
        ("refused", "no gold passage is among the first 0 hits"),
        ("rash", "it was answered, and the documents do not hold the answer"),
    ):
        article = html.split(f'id="case-{name}"')[1].split("</article>")[0]
        assert why in article
        assert "<h4>Expected</h4>" in article
        assert "<h4>Given</h4>" in article
    assert 'id="case-right"' not in html
    assert "Migrants did." in html
    assert "lost could not be asked: no reply" in html
    assert "Compared with the baseline" in html


def test_text_of_cases_and_documents_is_never_markup() -> None:
    html = page(Run(tuple(CASES)))
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_the_report_names_nothing_remote() -> None:
    html = page(Run((CASES[0], CASES[2])))
    assert not re.findall(r"https?://|//\w|@import|url\(", html)


def test_metrics_of_one_definition_share_it_and_settings_are_words() -> None:
    about = {"format": 1, "settings": {"answer_tokens": 600, "strict": False, "prices": None}}
    html = page(Run(tuple(CASES), about))
    assert html.count("share of the gold that is needed") == 1
    assert "<th>recall@1, recall@3, recall@5, recall@10</th>" in html
    assert "<td>answer tokens 600, strict no</td>" in html


def test_a_wrongly_given_answer_is_told_from_a_wrong_refusal() -> None:
    html = to_html(Run((refused(case(id="refused", gold=())), CASES[3])))
    assert "refused, though the documents hold the answer: 1" in html
    assert "answered, though the documents do not hold it: 1" in html


def test_a_difference_that_is_not_nothing_is_never_shown_as_nothing() -> None:
    assert signed(METRICS[0], -0.0004) == "\N{MINUS SIGN}0.04%"
    assert (signed(METRICS[0], 0), signed(METRICS[0], 0.021)) == ("+0.0%", "+2.1%")


def test_a_run_without_a_wrong_answer_has_a_report() -> None:
    html = to_html(Run((CASES[0],)))
    assert "1 of 1 answers are right" in html
    assert "Wrong answers" not in html


def test_the_text_names_each_failure_and_what_changed() -> None:
    run = Run(tuple(CASES))
    text = to_text(run)
    assert all(f"  {name}: " in text for name in ("unwanted", "refused", "rash"))
    better = Run(tuple(replace(r, case=replace(r.case, must_not_include=())) for r in CASES))
    assert "4 cases in both runs" in compared(compare(better, run))


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")
@pytest.mark.parametrize("width", [360, 1280])
def test_the_report_fits_its_window_and_asks_for_nothing(tmp_path: Path, width: int) -> None:
    from playwright.sync_api import sync_playwright

    long = replace(CASES[1], case=case(id="a" * 90, gold=(Gold("b" * 120 + ".txt", "c" * 200),)))
    path = tmp_path / "report.html"
    path.write_text(page(Run((CASES[0], long, *CASES[1:]))), "utf-8")
    asked = list[str]()
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        view = browser.new_page(viewport={"width": width, "height": 800})
        view.on("request", lambda request: asked.append(request.url))
        view.goto(path.as_uri())
        view.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert view.evaluate("document.documentElement.scrollWidth") <= width
        ids = "[...document.querySelectorAll('#cases code')].map(e => e.offsetHeight)"
        assert max(view.evaluate(ids)) < 150, "a long id is not broken letter by letter"
        browser.close()
    assert asked == [path.as_uri()]
