"""The glossary page: every word of the other pages, to read from top to bottom or to look up."""

import streamlit as st

from views.depth import explained
from views.glossary import GROUPS, TERMS, matching

WIDTH = 760  # pixels: longer lines are hard to read

st.title("Glossary", anchor=False)
page = st.container(width=WIDTH)
with page:
    st.markdown("What the words of the other pages mean, how each number is computed, and where it comes from.")
    text = st.text_input(
        "Find a term", key="find", type="search", placeholder="entropy, ECE, Guo", live=True, bind="query-params"
    )
    st.caption(
        "In the formulas: S samples, N examples, C classes, B bins; p̄ is the mean prediction, y the true label, "
        "z are logits, ln is the natural logarithm."
    )
    found = matching(text or "")
    if not found:
        st.info(f"None of the {len(TERMS)} terms has all these words. Try one word, or its beginning.")
    for group in GROUPS:
        terms = [term for term in found if term.group == group]
        if terms:
            st.header(group, anchor=False)
            st.markdown("\n\n".join(f"### {term.name}\n\n{explained(term)}" for term in terms))
