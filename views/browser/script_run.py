"""What Streamlit knows of the run of the page under way, and says nowhere else: of which session, and whence."""

from __future__ import annotations

from streamlit.runtime.scriptrunner import get_script_run_ctx


def session() -> str:
    """The name of the session that is drawn; empty outside of any."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def gone_back_to() -> str | None:
    """What the address says to which a visitor has gone back or forward; None where this run has another reason."""
    context = get_script_run_ctx()
    return context.query_string if context and context.is_history_navigation else None
