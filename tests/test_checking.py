"""Verdicts: what a citation holds up, and the reason when it does not."""

from datetime import date

import pytest

from qa.checking import check, grade, known_names, missing, related, unmet
from qa.figures import numbers
from qa.types import Citation

QUOTE = (
    "On 7 June 2019, after President Donald Trump had threatened tariffs, Mexico promised to send "
    "6,000 members of the National Guard to its border with Guatemala."
)


def cited(quote: str = QUOTE) -> list[Citation]:
    return [Citation(1, "d", "Mexico's controls", date(2023, 12, 6), "f", 0, len(quote), quote)]


def test_a_verbatim_sentence_is_supported() -> None:
    assert check(QUOTE, cited(), 1.0) == ("supported", ())


def test_a_paraphrase_with_the_same_facts_is_supported() -> None:
    said = "Mexico promised 6000 Guard members for the Guatemalan border in June 2019."
    assert check(said, cited(), 0.8)[0] == "supported"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("Mexico promised to send 7,000 members of the National Guard.", "7,000"),
        ("On 8 June 2019 Mexico promised to send the National Guard.", "8 June 2019"),
        ("Mexico promised Joe Biden to send the National Guard.", "Joe"),
        ("The United Nations asked Mexico to send the National Guard.", "United"),
    ],
)
def test_a_number_or_name_that_is_not_quoted_is_unsupported_and_named(
    statement: str, reason: str
) -> None:
    verdict, reasons = check(statement, cited(), 0.95)
    assert verdict == "unsupported"
    assert any(r.startswith(f"{reason} is not in the quoted passage") for r in reasons)


def test_a_name_at_the_beginning_of_a_sentence_is_a_name_too() -> None:
    names = known_names(["The marcher Rivera waited. Others said Rivera had left."])
    verdict, reasons = check("Rivera promised to send 6,000 members.", cited(), 0.95, names)
    assert verdict == "unsupported"
    assert reasons[0] == "Rivera is not in the quoted passage"


@pytest.mark.parametrize(
    ("statement", "quote"),
    [
        ("2 people died.", "At least 12 people died."),
        ("Seven people died.", "At least three people died in the storm."),
        ("The fund holds 5 million kroner.", "The fund holds 5 thousand kroner."),
        ("Players came from Australia.", "Players came from Austria."),
    ],
)
def test_what_only_looks_alike_is_not_said(statement: str, quote: str) -> None:
    assert check(statement, cited(quote), 0.95)[0] == "unsupported"


@pytest.mark.parametrize(
    ("statement", "quote"),
    [
        ("The ticket costs $1.", "The ticket costs $499, a record."),
        ("1% of the land is farmed.", "77% of the land is farmed by one family."),
        ("The chain has 2 shops.", "The chain of Ames and Boone has 24 shops, the second largest."),
        ("2 GB are built in.", "Of the two models one has 20 GB built in."),
        ("There are two roommates.", "Ann and Bo live with six roommates."),
        ("Some 13 million people live there.", "On 13 million hectares live 36 million people."),
        ("The rate was 18%.", "Of those under 18 years of age the rate was 19.3%."),
        ("The office has 12 clerks.", "On 12 May 1999 the office had some clerks."),
        ("The office has 6 clerks.", "The office has clerks."),  # published on 6 December
        ("Three versions were sold.", "Two versions of the Player 3 were sold."),
        ("More than 42 died.", "More than 43 died."),
        ("The rate rose 5 per cent.", "The rate rose 5 percentage points, to 12 per cent."),
        ("Three people died.", "On the third day of the siege people died."),
        ("The mayor won her third term.", "The mayor won a term, and three clerks left."),
        ("Five clerks left.", "Under Section 5 some clerks left."),
    ],
)
def test_a_number_of_something_else_is_not_said(statement: str, quote: str) -> None:
    assert check(statement, cited(quote), 0.95)[0] == "unsupported"


@pytest.mark.parametrize(
    ("statement", "quote"),
    [
        ("The law needs 1 vote.", "The law needs one more vote."),
        ("The law needs 1 vote.", "The law needs a single vote."),
        ("He is in season 2.", "He is in the second season."),
        ("She won it 2 times.", "She won it twice."),
        ("The two presidents met.", "Joe Biden and López Obrador met."),
        ("It costs 1 million pesos.", "It costs a million pesos."),
        ("Half of it is gone.", "50% of it is gone."),
        ("It rose by 5 percentage points.", "It rose by 5 % points."),
        ("The share is 15 per cent.", "The share is 15 to 20 per cent."),
        ("On the 12th the clerks met.", "On 12 May 1999 the clerks met."),
        ("It made $350 million.", "It made 350 million worldwide."),
        ("The house has 5 rooms.", "The house has 5 large rooms, and 3 baths."),
        ("Nearly 6,000 people came.", "Some 5,900 people came."),
        ("He won a third title.", "He has won three titles."),
        ("On the 12th the 12 clerks met.", "On 12 May 1999 all 12 clerks met."),
        ("He played in season 3.", "He played in the third season."),
        ("In 2009 students met.", "In December 2009, the students met."),
    ],
)
def test_a_number_said_otherwise_is_said(statement: str, quote: str) -> None:
    assert not missing(statement, cited(quote))


def test_a_part_of_a_sentence_does_not_prove_itself() -> None:
    quote = "The mayor denied that the council had cut the budget."
    assert check("the council had cut the budget", cited(quote), 0.5)[0] != "supported"


@pytest.mark.parametrize(
    ("word", "other", "same"),
    [
        ("mexican", "mexico", True),
        ("cubans", "cuba", True),
        ("venezuelans", "venezuela", True),
        ("guatemalan", "guatemala", True),
        ("australia", "austria", False),
        ("marta", "martin", False),
    ],
)
def test_a_people_is_known_by_its_country(word: str, other: str, same: bool) -> None:
    assert related(word, other) is same


@pytest.mark.parametrize(
    ("statement", "quote", "verdict"),
    [
        ("The town fell to the Soviet Union.", "The town fell to the USSR.", "supported"),
        ("It was ordered by the UK.", "It was ordered by the United Kingdom.", "supported"),
        ("It was ordered by the UK.", "It was ordered by the United Nations.", "unsupported"),
        ("It was ordered by America.", "He told us that it was ordered.", "unsupported"),
        ("It was ordered by America.", "He said the U.S. ordered it.", "supported"),
        ("He fought in World War 2.", "He fought in World War II.", "supported"),
        ("He fought in World War II.", "He fought in World War 2.", "supported"),
        ("He fought in World War II.", "He fought in World War I.", "unsupported"),
        ("In World War 2 he led 2 men.", "In World War II he led 3 men.", "unsupported"),
        ("Emma's brother was Richard.", "Emma was the sister of Richard.", "supported"),
        ("Her brother was a doctor.", "Her sister was a doctor.", "unsupported"),
        ("The 4-week period ended.", "They did not until the 4-week period ended.", "supported"),
        (
            "A period of 4 weeks passes.",
            "He cannot go until a period of 4 weeks passes.",
            "supported",
        ),
        ("Only Iberia was not taken.", "The conquest was whole, except Iberia.", "supported"),
    ],
)
def test_two_names_for_the_same_are_one(statement: str, quote: str, verdict: str) -> None:
    assert check(statement, cited(quote), 0.9)[0] == verdict


@pytest.mark.parametrize(
    ("statement", "quote", "verdict"),
    [
        ("Nobody opened the bridge.", "The bridge was opened.", "unsupported"),
        ("Nobody opened the bridge.", "Nobody had opened the bridge.", "supported"),
        ("The codes are mandatory.", "The codes are non-mandatory.", "unsupported"),
        ("The codes are not mandatory.", "These are non-mandatory codes.", "supported"),
        (
            "No nominee was ever questioned before 1925.",
            "Before 1925, nominees were never questioned.",
            "supported",
        ),
        (
            "The Kuo family does not want blood shed in the house.",
            "The Kuo family does not wish to shed blood in the house.",
            "supported",
        ),
        (
            "The change was not accompanied by another.",
            "They opposed the change unless it was accompanied by another.",
            "unsupported",
        ),
        (
            "The race was won by Denny Hamlin and not by Martin Truex.",
            "Martin Truex won the race that Denny Hamlin had led.",
            "unsupported",
        ),
        (
            "The parents were not at a barbecue but at home.",
            "The parents were away from home, at a barbecue.",
            "unsupported",
        ),
        (
            "The bridge was not opened until the war ended.",
            "The bridge was opened before the war ended.",
            "unsupported",
        ),
        ("It was not revived until 1950.", "It was revived in 1950.", "supported"),
        ("It did not last until 1950.", "It lasted until 1950.", "unsupported"),
        (
            "Our first impulse is to jump rather than shrink away from it.",
            "Our first impulse is to shrink away from it. One could jump.",
            "unsupported",
        ),
        (
            "She is a fighter instead of an alchemist.",
            "She is not an alchemist but a fighter.",
            "supported",
        ),
        (
            "The two never argued about the fish.",
            "The two argued about the fish; one said that they did not know of the fish.",
            "unsupported",
        ),
        (
            "Of the members, 7 percent expressed belief.",
            "Of the members, 7 percent expressed belief, 72 percent disbelief.",
            "supported",
        ),
        (
            "Mike Pettine, fired by the Browns in 2014, was hired hours after they lost.",
            "In 2014, the Browns hired Mike Pettine. Pettine was fired hours after they lost.",
            "unsupported",
        ),
        ("Exports rose and imports fell.", "Exports fell and imports rose.", "unsupported"),
    ],
)
def test_a_negation_may_be_worded_otherwise(statement: str, quote: str, verdict: str) -> None:
    assert check(statement, cited(quote), 0.9)[0] == verdict


@pytest.mark.parametrize(
    ("statement", "quote", "verdict"),
    [
        (
            "Once Romeo had met her, they agreed to marry.",
            "Romeo met her. They agreed to marry.",
            "supported",
        ),
        (
            "Although Dick Turpin was real, his exploits were imaginary.",
            "The imaginary exploits of the real Dick Turpin were told.",
            "supported",
        ),
        (
            "Fitzgerald caught a pass of 13 yards.",
            "There was a Larry Fitzgerald 13-yard pass, which he caught.",
            "supported",
        ),
        (
            "The three new tenants came to his house.",
            "He welcomes the new tenants Amar, Prem and Shilpy to his house.",
            "supported",
        ),
        (
            "The four new tenants came to his house.",
            "He welcomes the new tenants Amar, Prem and Shilpy to his house.",
            "unsupported",
        ),
        (
            "According to Anthony, the men were against the vote.",
            "Anthony and Stanton also warned that the men were against the vote.",
            "supported",
        ),
        (
            "Lothian Council was used for the offices.",
            "The building of Lothian Council on George Bridge was used for the offices.",
            "supported",
        ),
    ],
)
def test_names_and_numbers_may_stand_in_other_words(
    statement: str, quote: str, verdict: str
) -> None:
    assert check(statement, cited(quote), 0.9)[0] == verdict


def test_initials_stand_for_a_name() -> None:
    said = "The UN asked for 6,000 members."
    quote = "The United Nations asked for 6,000 members of the Guard."
    assert check(said, cited(quote), 0.9)[0] == "supported"


@pytest.mark.parametrize(
    ("statement", "quote", "verdict"),
    [
        ("The ducks leave at 5:00 p.m.", "The ducks leave at 5 p.m.", "supported"),
        ("The ducks leave at 5:05 p.m.", "The ducks leave at 5:00 p.m.", "unsupported"),
        ("He played there in the 70's.", "He played there in the early 1970s.", "supported"),
        ("The Reds won 23-17.", "The Reds won 23–16, with 17 seconds left.", "unsupported"),
        ("The war lasted 1914-1918.", "The war lasted from 1914 to 1918.", "supported"),
    ],
)
def test_a_clock_time_a_decade_and_a_range_are_one_number(
    statement: str, quote: str, verdict: str
) -> None:
    assert check(statement, cited(quote), 0.85)[0] == verdict


@pytest.mark.parametrize(
    ("statement", "quote"),
    [
        (
            "An MSP may introduce a bill.",
            "A member of the Scottish Parliament may do it.",
        ),
        ("The USSR had become a power.", "The Soviet Union had become a power."),
        ("Otto von Bismark resigned.", "Otto von Bismarck resigned."),
    ],
)
def test_initials_of_a_phrase_and_a_slip_of_one_letter_are_the_name(
    statement: str, quote: str
) -> None:
    assert not missing(statement, cited(quote))


def test_a_name_is_not_made_of_the_first_letters_of_any_words() -> None:
    assert missing("The mayors met Tim.", cited("There two Italian mayors met."))
    assert not missing("An MSP may do it.", cited("A member of the Scottish Parliament may do it."))


def test_what_replaces_a_word_counts_more_where_the_rest_is_verbatim() -> None:
    quote = cited("The man left the hall before noon.")
    copied = grade("The mayor left the hall before noon.", quote, 0.7, strange=["mayor"])
    free = grade("By midday the mayor was out of there.", quote, 0.7, strange=["mayor"])
    assert copied.score < free.score
    assert copied.verdict == "partial"


def test_a_missing_number_is_the_surest_sign() -> None:
    number = grade("Mexico promised to send 7,000 members of the Guard.", cited(), 0.95)
    name = grade("Canada promised to send 6,000 members of the Guard.", cited(), 0.95)
    assert number.verdict == name.verdict == "unsupported"
    assert number.score < name.score


def test_a_statement_without_a_citation_is_unsupported() -> None:
    assert check("Mexico agreed.", [], 0.0) == ("unsupported", ("no passage says this",))


def test_what_is_said_only_in_part_is_partial() -> None:
    assert check("mexico would send guards to stop the caravans", cited(), 0.5)[0] == "partial"


def test_what_is_not_said_is_unsupported() -> None:
    assert check("the harvest was poor this year", cited(), 0.2)[0] == "unsupported"


def test_an_answer_to_a_question_the_passages_do_not_speak_of_is_partial_at_most() -> None:
    said = "Mexico sent 6,000 members of the National Guard."
    verdict, reasons = check(said, cited(), 0.9, unspoken=["tanks"])
    assert verdict == "partial"
    assert reasons == ("the passages do not speak of “tanks”",)
    _, reasons = check(said, cited(), 0.9, unspoken=["tanks", "planes"])
    assert reasons == ("the passages do not speak of “tanks”, “planes”",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("6,000 people", {"6000"}),
        ("1.50 and 1.5 per cent", {"1.5"}),
        ("three or four months", {"3", "4"}),
        ("on 07 June", {"7"}),
        ("2,5 million", {"2500000"}),
        ("2.150 pesos", {"2150", "2.15"}),
        ("five thousand", {"5000"}),
        ("nothing", set()),
    ],
)
def test_numbers_are_compared_by_value(text: str, found: set[str]) -> None:
    assert numbers(text) == found


def test_the_date_of_the_document_may_be_said() -> None:
    assert (
        check("In December 2023 Mexico had promised 6,000 members.", cited(), 0.9)[0] == "supported"
    )


PROMISED = "How many members of the National Guard did Mexico promise to send to the border?"


@pytest.mark.parametrize(
    ("question", "quote", "reason"),
    [
        (
            "Who suggested that imperialism was the lowest form of capitalism?",
            "Lenin suggested that imperialism was the highest form of capitalism.",
            "the source says “highest”, not “lowest”",
        ),
        (
            "Who never converted to Islam?",
            "The western khanates converted to Islam.",
            "the source says “converted” without “not”",
        ),
        (PROMISED.replace("Guard", "Guard in 2021"), QUOTE, "2021 is not in the passage"),
        (PROMISED, QUOTE, ""),
        (
            "What if the election is less than six months away?",
            "Unless held six months before, the election is in addition to the others.",
            "",
        ),
    ],
)
def test_what_a_question_takes_for_granted_and_the_quotation_denies(
    question: str, quote: str, reason: str
) -> None:
    assert unmet(question, cited(quote), quote) == ([reason] if reason else [])


def test_even_a_verbatim_sentence_is_partial_where_the_question_does_not_fit() -> None:
    graded = grade(QUOTE, cited(), 1.0, misfits=["the source says “highest”, not “lowest”"])
    assert (graded.verdict, graded.ceiling) == ("partial", "partial")
    assert graded.reasons[0].startswith("the question does not fit: the source says “highest”")


def test_a_contradiction_leaves_no_better_verdict_to_a_judge() -> None:
    wrong = grade("Mexico promised to send 7,000 members of the National Guard.", cited(), 0.9)
    vague = grade("Mexico made a promise.", cited(), 0.2)
    assert (wrong.verdict, wrong.ceiling) == ("unsupported", "unsupported")
    assert (vague.verdict, vague.ceiling) == ("unsupported", "supported")
