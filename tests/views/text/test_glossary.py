"""The glossary: its words hold together and cover the pages; the page finds them; the popover shows them."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning.data.splits import TRAIN_SHARE, VAL_SHARE, sizes
from pruning.model.cost import latency
from pruning.options import Criterion, Scope, Strategy
from uncertainty.calibration import negative_log_likelihood
from uncertainty.floor import HIGH, LOW, N_DRAWS
from uncertainty.options import Score
from views.controls.moons import SETTINGS
from views.shared.glossary_popover import anchor, draw_depth, explained
from views.text import figure_table
from views.text.glossary import GROUPS, TERMS, Term, matching, term
from views.text.papers import ADDRESSES, linked

PAGE = Path(__file__).parents[3] / "views" / "pages" / "glossary.py"
OPTIONS = tuple(chain(Strategy, Criterion, Scope, Score))
each_term = pytest.mark.parametrize("each", TERMS, ids=lambda each: each.name)


def names(terms: tuple[Term, ...]) -> list[str]:
    return [each.name for each in terms]


def test_every_name_stands_for_one_term():
    """No two terms share a name, whatever its capitals."""
    assert len({each.name.casefold() for each in TERMS}) == len(TERMS)


def test_every_group_has_terms():
    """A term is in one of the groups of the page, and no group is empty."""
    assert {each.group for each in TERMS} == set(GROUPS)


@each_term
def test_a_term_says_something(each):
    """It has a sentence that ends, and no text that Markdown would take for its own."""
    assert each.sentence.endswith((".", "?"))
    for text in (each.name, each.sentence, each.source, *each.see):
        assert text == text.strip()
        assert not re.search(r"[*_$`<>|\[\]\\]|:\w", text), text
        assert not re.search(r"\d %", text), "a line may break between the number and its sign"


@each_term
def test_related_terms_exist(each):
    """What a term points to is in the glossary, once, and is not the term itself."""
    assert set(each.see) <= set(names(TERMS)) - {each.name}
    assert len(set(each.see)) == len(each.see)


@each_term
def test_a_formula_is_balanced(each):
    """Braces, \\bigl and \\bigr, and spaces at the ends come out even; dollars are for who shows it."""
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", each.formula):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    commands = re.findall(r"\\([a-zA-Z]+|[{}])", each.formula)
    for opening, closing in (("bigl", "bigr"), ("Bigl", "Bigr"), ("left", "right"), ("{", "}")):
        assert commands.count(opening) == commands.count(closing)
    assert "$" not in each.formula
    assert each.formula == each.formula.strip()


@pytest.mark.parametrize("label", [row.label for row in figure_table.ROWS])
def test_every_figure_of_the_tables_is_explained(label):
    """A label of the table is a term, and typing it finds that term."""
    assert term(label) in matching(label)


@pytest.mark.parametrize("member", OPTIONS, ids=lambda member: member.label)
def test_every_option_is_explained(member):
    """Each strategy, criterion, scope and score is a term under the label that the pages show."""
    assert term(member.label) in matching(member.label)


def test_an_option_is_explained_by_its_own_sentence():
    """The sentence of a tooltip and that of the glossary are one; two scores have longer words elsewhere."""
    longer = {Score.ENTROPY, Score.INFORMATION}
    for member in set(OPTIONS) - longer:
        assert term(member.label).sentence == member.help
    for member in longer:
        assert term(member.label).group == "Uncertainty"


def test_no_sentence_of_the_tables_is_repeated():
    """The glossary says more than the list under the table, or says it otherwise."""
    assert not {row.meaning for row in figure_table.ROWS} & {each.sentence for each in TERMS}


@pytest.mark.parametrize(
    ("strategy", "formula"),
    [
        (Strategy.ONE_SHOT_RANDOM, r"\theta^\ast \to m, \quad m \odot \theta' \xrightarrow{\text{train}} \theta"),
        (
            Strategy.ITERATIVE,
            r"\theta^{(i-1)} \to m_i, \quad m_i \odot \theta_k \xrightarrow{\text{train}} \theta^{(i)}",
        ),
        (Strategy.PRUNE_ONLY, r"\theta^\ast \to m, \quad m \odot \theta^\ast = \theta"),
        (Strategy.RANDOM_MASK, r"\text{chance} \to m, \quad m \odot \theta_k \xrightarrow{\text{train}} \theta"),
    ],
)
def test_the_formula_of_a_strategy_is_its_recipe(strategy, formula):
    """Where the mask comes from, what the kept units start with, whether anything is trained."""
    assert term(strategy.label).formula == formula


def test_no_two_strategies_have_one_formula():
    """The four decisions tell every strategy from the others, so their formulas do."""
    assert len({term(strategy.label).formula for strategy in Strategy}) == len(Strategy)


def test_numbers_in_the_sentences_are_those_of_the_code():
    """Draws and band of the floor, shares of the splits, bins, the dearest example, and the passes of a latency."""
    floor, splits = term("Floor").sentence, term("Splits").sentence
    assert f"{N_DRAWS} draws" in floor
    assert f"{100 * (HIGH - LOW):.0f}\u00a0%" in floor
    shares = (TRAIN_SHARE, VAL_SHARE, 1 - TRAIN_SHARE - VAL_SHARE)
    assert "{:.0f}, {:.0f} and {:.0f}\u00a0%".format(*(100 * share for share in shares)) in splits
    usual = next(n for n in range(20, 200) if sizes(n)[2] == round(VAL_SHARE * n))
    assert f"of fewer than {usual} more are kept" in splits
    assert max(sizes(n)[2] / n for n in range(20, 200)) == 0.25
    (bins,) = (control for control in SETTINGS["Measurement"] if control.name == "bins")
    assert f"{bins.default} unless" in term("Reliability diagram").sentence
    dearest = negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1]))
    assert f"costs {dearest:.1f} at most" in term("NLL").sentence
    assert np.log(2.0**126) == pytest.approx(dearest)
    assert latency.__defaults__ == (11,)
    assert "11 passes" in term("Measured latency").sentence


def test_an_unknown_name_is_refused_with_the_legal_ones():
    """A popover that asks for what is not there says what there is."""
    with pytest.raises(ValueError, match=r"term 'Ece' is unknown; choose one of: .* · ECE · "):
        term("Ece")


# Finding


@pytest.mark.parametrize("text", ["", "   "])
def test_no_word_finds_everything(text):
    """An empty field hides nothing."""
    assert matching(text) == TERMS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("risk-coverage", "Risk–coverage curve"),
        ("Risk–coverage curve", "Risk–coverage curve"),
        ("FPR@95", "FPR@95TPR"),
        ("speed up", "Theoretical speed-up"),
        ("bald", "Mutual information"),
        ("aleatoric", "Expected entropy"),
        ("epistemic", "Mutual information"),
        ("nats", "Predictive entropy"),
        ("selective", "Score"),
        ("patience", "Early-stop epoch"),
        ("BRÖCKER", "Floor"),
        ("houlsby 2011", "Expected entropy"),
    ],
)
def test_a_term_is_found_by_what_people_type(text, found):
    """By another name, a plain hyphen, another case, its author and year."""
    assert found in names(matching(text))


def test_a_word_is_found_from_its_beginning():
    """`ntropy` finds nothing though it is in many words; `calib` finds more than `calibration`."""
    assert matching("entropy")
    assert matching("ntropy") == ()
    assert set(matching("calibration")) < set(matching("calib"))


def test_every_word_narrows():
    """All words have to be there, in any order."""
    assert names(matching("guo ece")) == names(matching("ECE Guo")) == ["ECE"]


@pytest.mark.parametrize("text", ["zebra", "[a-z]+", ".*", "\\", "entropy zebra", "☃" * 500])
def test_what_is_not_there_finds_nothing(text):
    """Whatever a stranger types is text, never a pattern."""
    assert matching(text) == ()


# What is shown


def test_a_term_is_shown_in_full():
    """Sentence, formula between dollars on lines of their own, source, related terms."""
    shown = explained(Term("A", "Size", "It is.", r"\frac12", "Nobody 1900", ("B", "C, d")))
    see = "[B](glossary#b) · [C, d](glossary#c-d)"
    assert shown == f"It is.\n\n$$\n\\frac12\n$$\n\n:small[Nobody 1900]  \n:small[See also: {see}]"


def test_a_paper_that_can_be_read_is_a_link():
    """Every citation in a source whose address is known, and nothing else of it."""
    text = "Naeini et al. 2015; Guo et al. 2017, equation 3"
    naeini, guo = "https://doi.org/10.1609/aaai.v29i1.9602", "https://arxiv.org/abs/1706.04599"
    assert linked(text) == f"[Naeini et al. 2015]({naeini}); [Guo et al. 2017]({guo}), equation 3"
    assert linked("Hellinger 1909") == "Hellinger 1909"


def test_an_address_of_a_paper_does_not_end_its_link():
    """A closing bracket would: it is written otherwise."""
    assert not any(set("() <>") & set(address) for address in ADDRESSES.values())


def test_every_term_has_an_address_of_its_own():
    """See also leads to one place each."""
    places = [anchor(each.name) for each in TERMS]
    assert len(set(places)) == len(places)
    assert all(places)


def test_what_a_term_lacks_leaves_no_trace():
    """Without formula, source and relatives there is the sentence alone."""
    assert explained(Term("A", "Size", "It is.")) == "It is."


def test_the_popover_holds_the_named_terms_in_one_element():
    """Two popovers on one page, each with a single piece of Markdown: names in bold, formulas, sources."""

    def page():
        import streamlit as st

        from views.shared.glossary_popover import draw_depth

        for column, terms in zip(st.columns(2), [("ECE", "Floor"), ("AUROC",)], strict=True):
            draw_depth(column, *terms)

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    first, second = (element.value for element in app.markdown)
    assert first.startswith("**ECE**  \nExpected calibration error")
    assert "\n\n**Floor**  \n" in first
    assert f"$$\n{term('ECE').formula}\n$$" in first
    assert "Hanley & McNeil 1982" in second
    assert len(app.get("popover")) == 2


def test_the_popover_refuses_a_name_that_is_none():
    """A slip in a page is an error before anything is drawn, not an empty popover."""
    with pytest.raises(ValueError, match="term 'Heat' is unknown"):
        draw_depth(Mock(spec=()), "ECE", "Heat")


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=60)


def headings(app: AppTest) -> list[str]:
    """The names of the terms that are shown."""
    return [element.value for element in app.subheader]


def test_the_page_shows_every_term_in_its_group(app):
    """Groups come in order, each with its own terms and nothing else."""
    app.run()
    assert not app.exception
    assert [header.value for header in app.header] == list(GROUPS)
    assert headings(app) == [each.name for group in GROUPS for each in TERMS if each.group == group]


def test_the_page_shows_what_is_looked_for(app):
    """Only the groups and terms that match are left; clearing the field brings all back."""
    app.run()
    app.text_input(key="find").set_value("wilson").run()
    assert headings(app) == ["Wilson interval"]
    assert [header.value for header in app.header] == ["Out of distribution"]
    assert not app.info
    app.text_input(key="find").set_value("").run()
    assert len(headings(app)) == len(TERMS)


def test_a_link_can_look_for_a_term(app):
    """The field is in the address, so that a term can be handed out."""
    app.query_params["find"] = "brier"
    app.run()
    assert app.text_input(key="find").value == "brier"
    assert "Brier score" in headings(app)
    assert len(headings(app)) < len(TERMS)


def test_a_word_that_is_nowhere_gets_a_sentence(app):
    """No empty page: it says that nothing has the word, and what to do."""
    app.run()
    app.text_input(key="find").set_value("zebra").run()
    assert not app.exception
    assert headings(app) == []
    assert not app.header
    assert app.info[0].value.startswith(f"None of the {len(TERMS)} terms has all these words.")
