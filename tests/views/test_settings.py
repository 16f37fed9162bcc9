"""The settings of the server: Streamlit knows each of them, and the browser hears of the one it is to heed."""

from __future__ import annotations

import tomllib
from pathlib import Path

from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import _populate_config_msg

FILE = Path(__file__).parents[2] / ".streamlit" / "config.toml"


def settings() -> dict[str, object]:
    """Every setting of the file by its full name."""

    def walk(prefix: str, table: dict[str, object]):
        for name, value in table.items():
            if isinstance(value, dict):
                yield from walk(f"{prefix}{name}.", value)
            else:
                yield prefix + name, value

    return dict(walk("", tomllib.loads(FILE.read_text())))


def test_every_setting_is_one_that_streamlit_has():
    """An option that a later version no longer has would be passed over with a line in the log."""
    assert [name for name in settings() if name not in config.get_config_options()] == []


def test_the_browser_is_told_to_keep_what_the_server_believes_it_keeps():
    """Each run tells it the age at which it forgets a message; no visit has so many runs."""
    told = ForwardMsg().new_session.config
    _populate_config_msg(told)
    assert told.max_cached_message_age == settings()["global.maxCachedMessageAge"] >= 100_000


def test_a_visitor_has_one_run_at_a_time():
    """What `views.browser.whole_callbacks` stands on: no older run beside a newer one."""
    assert settings()["runner.fastReruns"] is False
