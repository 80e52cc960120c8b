import unicodedata
from pathlib import Path

import pytest

from qa.errors import StoreError
from qa.lexical import LexicalIndex, analyse

TEXTS = {
    "mexico": "President López Obrador of México met the U.S. delegation on Friday.",
    "caravan": "A caravan of 6,000 migrants is walking north from Tapachula.",
    "sanctions": "Sanctions on Venezuelan oil were eased in October.",
}


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    index = LexicalIndex(tmp_path / "lexical")
    index.add(TEXTS.items())
    return index


def found(index: LexicalIndex, query: str) -> list[str]:
    return [identity for identity, _ in index.search(query, 10)]


@pytest.mark.parametrize(
    "query",
    [
        "Lopez Obrador",
        "LÓPEZ OBRADOR",
        unicodedata.normalize("NFD", "López"),
        "Mexico",
        "presidents",
    ],
)
def test_accents_case_and_endings_make_no_difference(index: LexicalIndex, query: str) -> None:
    assert found(index, query) == ["mexico"]


def test_more_and_rarer_words_in_common_come_first(index: LexicalIndex) -> None:
    assert found(index, "caravan of migrants in Venezuela in October")[0] == "caravan"
    scores = [score for _, score in index.search("sanctions October friday", 10)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 2


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "the of and",
        "?!…",
        "“”\"'`",
        "移民车队",
        "AND",
        "NOT OR",
        "text:",
        "\x00",
        "😀",
    ],
)
def test_a_query_without_a_word_of_the_index_finds_nothing(index: LexicalIndex, query: str) -> None:
    assert found(index, query) == []


@pytest.mark.parametrize(
    "query",
    [
        'caravan AND (NOT "x',
        "+caravan -migrants",
        "caravan* ~2 ^3 [a TO b]",
        "id:caravan \\",
        "caravan:",
    ],
)
def test_signs_of_a_query_language_are_no_error_and_no_command(
    index: LexicalIndex, query: str
) -> None:
    assert found(index, query) == ["caravan"]


def test_a_query_of_any_length_is_searched(index: LexicalIndex) -> None:
    assert found(index, "caravan " + " ".join(f"word{n}" for n in range(5_000))) == ["caravan"]
    assert found(index, "x" * 100_000) == []


def test_rows_are_removed_and_added(index: LexicalIndex) -> None:
    index.remove(["caravan", "no such"])
    assert found(index, "caravan") == []
    assert index.ids() == {"mexico", "sanctions"}
    index.add([("again", TEXTS["caravan"])])
    assert found(index, "caravan") == ["again"]


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    assert index.ids() == set()
    assert index.search("caravan", 5) == []
    index.remove(["no such"])


def test_an_index_that_is_opened_again_holds_the_same(index: LexicalIndex, tmp_path: Path) -> None:
    index.close()
    again = LexicalIndex(tmp_path / "lexical")
    assert again.ids() == TEXTS.keys()
    assert found(again, "caravan") == ["caravan"]


def test_rare_words_weigh_more_than_common_ones(index: LexicalIndex) -> None:
    # "in" one of three, in none, and in two of them.
    index.add([("second", "Another caravan left.")])
    caravan, sanction = analyse("caravan sanctions")
    rarity = index.rarity([caravan, sanction, "unheard"])
    assert rarity["unheard"] > rarity[sanction] > rarity[caravan] > 0


def test_a_folder_that_tantivy_cannot_read_is_reported_with_the_next_step(tmp_path: Path) -> None:
    folder = tmp_path / "lexical"
    LexicalIndex(folder).add(TEXTS.items())
    (folder / "meta.json").write_text("broken")
    with pytest.raises(StoreError, match="qa index"):
        LexicalIndex(folder)
