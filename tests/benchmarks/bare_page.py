"""The reference for the page's speed: Streamlit with one slider and nine charts of the same sizes."""

import base64
import io

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

st.set_page_config(layout="wide")
n = st.select_slider("Prune ratio", [i / 10 for i in range(11)], 0.5)
rng = np.random.default_rng(int(10 * n))


def picture() -> str:
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 2, (40, 40, 3), np.uint8) * 255).resize((320, 320)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def plane() -> alt.LayerChart:
    box = pd.DataFrame({"x": [0], "x2": [1], "y": [0], "y2": [1], "url": [picture()]})
    image = (
        alt.Chart(box).mark_image(aspect=False, aria=False).encode(x="x:Q", x2="x2", y="y:Q", y2="y2", url="url:N")
    )
    points = pd.DataFrame(rng.random((150, 2)), columns=["x", "y"])
    return (image + alt.Chart(points).mark_circle().encode(x="x:Q", y="y:Q")).properties(height=380)


def lines(rows: int, height: int) -> alt.Chart:
    data = pd.DataFrame({"x": np.linspace(0, 1, rows), "y": rng.random(rows)})
    return alt.Chart(data).mark_line(point=True).encode(x="x:Q", y="y:Q").properties(height=height)


st.markdown("Pruned to 1")
pictures, curves = st.columns([2, 1])
for column in pictures.columns(2):
    column.altair_chart(plane(), alt="Pruned plane")
pictures.altair_chart(lines(2, 62))
for _ in range(3):
    curves.altair_chart(lines(11, 165))
for column in st.columns(3):
    column.altair_chart(lines(15, 320))
st.table(pd.DataFrame(rng.random((17, 5))).astype(str))
