"""The tables of a chart on their way to the browser: what is read there is what was put in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from views.charts.vega import Chart

TABLE = pd.DataFrame(
    {
        "ratio": [0.0, 0.5, np.nan],
        "name": ["dense", "prüned", ""],
        "bin": np.array([3, 1, 2]),
        "chosen": [True, False, True],
        "maybe": pd.array([0.25, None, 1.0], dtype=object),
    }
)


def read(stream: bytes) -> pa.Table:
    return pa.ipc.open_stream(stream).read_all()


def test_every_column_arrives_and_nothing_else():
    """No number is a missing one, a row's own name stays behind, and text is text."""
    (found,) = map(read, Chart("{}", {"rows": TABLE[::-1]}).packed.values())
    assert found.to_pydict() == {
        "ratio": [None, 0.5, 0.0],
        "name": ["", "prüned", "dense"],
        "bin": [2, 1, 3],
        "chosen": [True, False, True],
        "maybe": [1.0, None, 0.25],
    }
    assert not found.schema.metadata


@pytest.mark.parametrize("table", [TABLE, TABLE[:0], pd.concat([TABLE, TABLE])], ids=["plain", "empty", "twice"])
def test_values_are_those_that_the_page_would_write_itself(table):
    """Of the data frame itself, index aside."""
    from streamlit.dataframe_util import convert_pandas_df_to_arrow_bytes

    theirs = read(convert_pandas_df_to_arrow_bytes(table.reset_index(drop=True)))
    assert read(Chart("{}", {"rows": table}).packed["rows"]).equals(theirs.replace_schema_metadata())


def test_a_chart_that_is_kept_is_packed_once():
    """The same bytes, not equal ones."""
    chart = Chart("{}", {"rows": TABLE})
    assert chart.packed["rows"] is chart.packed["rows"]
