"""The reference for the gallery's speed: a slider and as many pictures, each with a word and a button."""

import numpy as np
import streamlit as st

st.set_page_config(layout="wide")
n = st.select_slider("Prune ratio", [i / 10 for i in range(11)], 0.5)
rng = np.random.default_rng(int(10 * n))
st.markdown("354 pictures")
for row in range(2):
    for number, column in enumerate(st.columns(5)):
        column.image(rng.integers(0, 255, (112, 112, 3), np.uint8))
        column.markdown("one word")
        column.button("Look closer", key=f"{row} {number}")
