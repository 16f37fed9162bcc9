"""Page set-up and navigation; nothing else."""

import streamlit as st

st.set_page_config(page_title="Pruning × Uncertainty Explorer", page_icon="🌗", layout="wide")

st.navigation(
    [
        st.Page("views/moons.py", title="Moons", icon=":material/nightlight:", default=True),
        st.Page("views/images.py", title="Images", icon=":material/image_search:"),
        st.Page("views/glossary_page.py", title="Glossary", icon=":material/menu_book:"),
    ],
    position="top",
).run()
