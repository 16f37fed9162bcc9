"""Streamlit that takes a page for gone after two seconds without a look, as a launcher of a server."""

from __future__ import annotations

import sys
from pathlib import Path

LEASE = 2.0  # seconds

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from streamlit.web.cli import main

    from views.shared import job_panel

    job_panel.LEASE = LEASE
    main()
