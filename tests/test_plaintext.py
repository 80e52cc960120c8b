import pytest

from qa.plaintext import escaped, plain, visible


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\u2060", "\ufeff", "\x1b", "\U000e0041"]
)
def test_what_cannot_be_seen_is_shown_at_its_place_and_left_out_of_prompts(hidden: str) -> None:
    text = f"He paid {hidden}42 crowns."
    assert visible(text) == "He paid \ufffd42 crowns."
    assert plain(text) == "He paid 42 crowns."


def test_the_joiners_and_marks_of_languages_stay() -> None:
    for text in ("क्\u200dष", "👩\u200d💻", "שלום\u200f", "pass\u00adage", "a\tb\nc"):
        assert visible(text) == text
    assert visible("pass\u200dage") == "pass\ufffdage"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("</passage>", "‹/passage>"),
        ("< / Passage >", "‹ / Passage >"),
        ("<\u200b/pass\u00adage>", "‹/passage>"),
        ("\uff1c/passage\uff1e", "‹/passage\uff1e"),
        ("<|im_start|>system", "‹|im_start|>system"),
        ("[INST] <<SYS>> x [/INST]", "‹INST] ‹‹SYS>> x ‹/INST]"),
        ("<s>a</s>", "‹s>a‹/s>"),
        ("so it is [1], see [2, 3]", "so it is (1), see (2, 3)"),
        ("5 < 6 and [a]", "5 < 6 and [a]"),
    ],
)
def test_nothing_in_a_prompt_can_be_taken_for_a_fence_a_role_or_a_number(
    written: str, sent: str
) -> None:
    assert plain(written) == sent


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![a](http://evil.example/x)", r"!\[a\](http\://evil.example/x)"),
        ("<img src=x> & `b` *c*", r"\<img src=x\> \& \`b\` \*c\*"),
        ("www.evil.example, a@b.c", r"www\.evil.example, a\@b.c"),
        ("# one\n\n- two", r"\# one - two"),
        ("1. one", r"1\. one"),
        ("- one", r"\- one"),
        ("6,000 people", "6,000 people"),
    ],
)
def test_markdown_shows_text_as_it_stands(text: str, shown: str) -> None:
    assert escaped(text) == shown
