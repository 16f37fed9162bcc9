"""The worksheet: what is on it, that nothing on it runs, and which guesses take each other's place."""

from __future__ import annotations

from dataclasses import replace

from views.text.worksheet import Entry, answered, page, with_guess

ENTRY = Entry(
    "Dropout off", 1, "Where is it largest?", "far from all points", {"dropout": 0.0}, "nowhere",
    "It came out otherwise.", {"Dropout rate": "0.0"},
    (("Figure", "Dense", "Pruned"), ("Accuracy", "0.960", "0.940")),
    "http://example.org/?dropout=0.0&guess=false",
)  # fmt: skip


def test_question_guess_answer_settings_figures_and_link_are_on_it():
    """In words, without anything that is asked of another address."""
    text = page([ENTRY])
    for words in (
        "1. Dropout off", "Where is it largest?", "far from all points", "nowhere. It came out otherwise.",
        "Dropout rate: 0.0", "<th>Accuracy</th><th>0.960</th><th>0.940</th>",
        '<a href="http://example.org/?dropout=0.0&amp;guess=false">',
    ):  # fmt: skip
        assert words in text
    assert "<script" not in text
    assert "src=" not in text


def test_what_a_stranger_wrote_is_text():
    """In every field; an address that is none is written and no link."""
    evil = "<script>alert(1)</script>\"'>"
    lines = ((evil, evil), (evil, evil))
    text = page([Entry(evil, 0, evil, evil, {}, evil, evil, {evil: evil}, lines, f"javascript:{evil}")])
    assert "<script" not in text
    assert "<a " not in text
    assert text.count("&lt;script&gt;") == 12


def test_a_guess_that_still_waits_is_not_on_it():
    """The numbers go on without it."""
    waiting = replace(ENTRY, story="Label noise", came="")
    assert answered([waiting, ENTRY]) == [ENTRY]
    assert "Label noise" not in page([waiting, ENTRY])
    assert "1. Dropout off" in page([waiting, ENTRY])


def test_another_guess_is_another_entry_and_the_same_one_is_not():
    """The last one stands; other settings are another question."""
    again = replace(ENTRY, turn=2)
    assert with_guess((ENTRY,), again) == (again,)
    for other in (replace(again, guess="never"), replace(again, values={"dropout": 0.1})):
        assert with_guess((ENTRY,), other) == (ENTRY, other)


def test_without_settings_of_its_own_it_says_so():
    assert "all at their defaults" in page([replace(ENTRY, settings={})])
