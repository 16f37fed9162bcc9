"""The glossary page: every word of the other pages, to read from top to bottom or to look up."""

import streamlit as st

from views.controls import state
from views.shared.glossary_popover import anchor, explained
from views.text.glossary import GROUPS, TERMS, matching

WIDTH = 760  # pixels: longer lines are hard to read

st.title("Glossary", anchor=False)
page = st.container(width=WIDTH)
with page:
    st.markdown("What the words of the other pages mean, how each number is computed, and where it comes from.")
    text = st.text_input(
        "Find a term", key=state.FIND, type="search", placeholder="entropy, ECE, Guo", live=True, bind="query-params"
    )
    st.caption(
        "In the formulas: S samples, N examples, C classes, B bins; p̄ is the mean prediction, y the true label, "
        "z are logits, ln is the natural logarithm."
    )
    found = matching(text or "")
    if not found:
        st.info(f"None of the {len(TERMS)} terms has all these words. Try one word, or its beginning.")
    groups = {group: [term for term in found if term.group == group] for group in GROUPS}
    with st.expander("Contents", icon=":material/toc:"):
        for group, terms in groups.items():
            if terms:
                st.markdown(f"**{group}**: " + " · ".join(f"[{term.name}](#{anchor(term.name)})" for term in terms))
    for group, terms in groups.items():
        if terms:
            st.header(group, anchor=False)
        for term in terms:
            st.subheader(term.name, anchor=anchor(term.name))
            st.markdown(explained(term))
