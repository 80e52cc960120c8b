"""Where in the evidence a statement is said: the sentences that are cited for it."""

from datetime import date

from qa import attribution, splitting
from qa.models.minilm import MiniLM
from qa.types import Citation, Document, Evidence, Hit

BATTALION = (
    "The regiment was sent to the islands in the spring of 1943. Its orders were to hold the "
    "harbour. Supplies were short from the first week. The men built walls of stone along the "
    "shore. {rest}The bulk of the battalion was captured on 16 November, after the battle."
)
STATEMENT = "The bulk of the battalion was captured on 16 November 1943, after the battle."


def cited(statement: str, text: str) -> tuple[Citation, ...]:
    reader = MiniLM()
    document = Document("d", "news.txt", "The regiment", date(2020, 1, 1), text, "")
    (passage,) = splitting.split(document, reader.count, 180)
    (words,) = reader.words([splitting.searchable(passage)])
    found, _, _ = attribution.attribute(
        statement,
        [Evidence(1, Hit(passage, 1.0))],
        {passage.id: words},
        reader,
        lambda terms: dict.fromkeys(terms, 2.0),
    )
    return found


def test_the_year_that_a_date_leaves_out_is_cited_from_where_it_was_last_given() -> None:
    quotes = [c.quote for c in cited(STATEMENT, BATTALION.format(rest=""))]
    assert any("captured on 16 November" in quote for quote in quotes)
    assert any("spring of 1943" in quote for quote in quotes)


def test_a_year_is_not_taken_from_before_another_one() -> None:
    text = BATTALION.format(rest="In 1944 the walls were raised. ")
    assert not any("spring of 1943" in c.quote for c in cited(STATEMENT, text))
