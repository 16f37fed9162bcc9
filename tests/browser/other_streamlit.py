"""Streamlit that says it is another version, as a launcher of a server."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import streamlit
    from streamlit.web.cli import main

    streamlit.__version__ = os.environ["EXPLORER_TEST_VERSION"]
    main()
