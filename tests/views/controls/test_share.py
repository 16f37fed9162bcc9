"""What Share hands out: a link that says everything, an address that others can open, a code that a camera reads."""

from __future__ import annotations

import re
import socket
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from views.controls import addresses as reachable
from views.controls import moons as moons_controls
from views.controls import share
from views.controls.url import link

HERE = "http://localhost:8501/"
NUMBER = "192.168.7.5"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        (HERE, True), ("http://localhost/?a=b", True), ("http://my.localhost:1/", True), ("http://127.0.0.1/", True),
        ("http://127.8.9.1/", True), ("http://[::1]:8501/", True), ("http://0.0.0.0:8501/", True),
        ("http://192.168.7.5:8501/", False), ("https://explorer.example.org/", False),
        ("http://localhost.example.org", False), ("http://[2001:db8::1]/", False),
    ],
)  # fmt: skip
def test_an_address_is_known_for_one_that_others_cannot_open(url, local):
    """A name or a number of the computer itself, however it is written."""
    assert reachable.is_local(url) == local


def test_others_get_the_same_address_with_a_number(monkeypatch):
    """Port, page and all that follows stay."""
    monkeypatch.setattr(reachable, "network_address", lambda: NUMBER)
    assert reachable.for_others("http://localhost:8501/images?a=b%20c") == f"http://{NUMBER}:8501/images?a=b%20c"
    assert reachable.for_others("https://localhost/") == f"https://{NUMBER}/"
    monkeypatch.setattr(reachable, "network_address", lambda: None)
    assert reachable.for_others(HERE) is None


class _Socket(socket.socket):
    """A socket without a way to anywhere, or with one from the number of `own`; it sends nothing."""

    own: str | None = None

    def connect(self, address: Any) -> None:
        if self.own is None:
            raise OSError("Network is unreachable")

    def getsockname(self) -> Any:
        return (self.own, 4321)

    def send(self, *_: Any) -> int:
        raise AssertionError("something was sent")


@pytest.mark.parametrize(("own", "known"), [(NUMBER, NUMBER), (None, None), ("127.0.0.1", None), ("0.0.0.0", None)])
def test_the_number_in_the_network_is_that_of_the_way_out(monkeypatch, own, known):
    """Asked of the system without a packet; none without a network, and none that is the computer's own again."""
    monkeypatch.setattr(_Socket, "own", own)
    monkeypatch.setattr(socket, "socket", _Socket)
    assert reachable.network_address() == known


def test_a_link_says_every_control():
    """Also those at their defaults, so that a later version with others opens it as it was meant."""
    said = dict(parse_qsl(link({"ratio": 0.3}, moons_controls.ALL, {"only": "ratio"})))
    assert said == {control.name: control.show(control.default) for control in moons_controls.ALL} | {
        "ratio": "0.3",
        "only": "ratio",
    }
    assert len(link({}, moons_controls.ALL)) < 700


def modules(svg: str) -> np.ndarray:
    """Which modules of a code are dark (side, side), rim included, as its path paints them."""
    root = ET.fromstring(svg)
    side = int(root.attrib["viewBox"].split()[-1])
    dark = np.zeros((side, side), bool)
    (path,) = (part for part in root.iter() if part.get("class") == "qrline")
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path.attrib["d"]):
        steps = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            dark[int(y), int(x) : int(x + steps[0])] = True
            x += steps[0]
        else:
            x, y = (steps[0], steps[1]) if command == "M" else (x + steps[0], y + steps[1])
    return dark


def test_a_code_is_black_on_white_with_its_three_finders_and_a_quiet_rim():
    """As a camera looks for it, by night too, and no longer than a projector shows well."""
    address = f"http://{NUMBER}:8501/?{link({}, moons_controls.ALL)}"
    svg = share.qr_code(address)
    dark = modules(svg)
    side = len(dark) - 8
    assert 21 <= side <= 85
    assert not dark[:4].any()
    assert not dark[:, :4].any()
    inner = dark[4:-4, 4:-4]
    ring = np.ones((7, 7), bool)
    ring[1:-1, 1:-1] = False
    ring[2:-2, 2:-2] = True
    for corner in (inner[:7, :7], inner[:7, -7:], inner[-7:, :7]):
        np.testing.assert_array_equal(corner, ring)
    assert 0.35 < inner.mean() < 0.65
    assert 'fill="#fff"' in svg
    assert 'stroke="#000"' in svg


def test_another_address_is_another_code():
    """And what is in it is text, whatever signs it has."""
    codes = {share.qr_code(f"http://h/?ratio={ratio}&a=<b>") for ratio in (0.1, 0.2)}
    assert len(codes) == 2
    assert all("<b>" not in code and "&lt;b&gt;" in code for code in codes)


# ---- on a page


def _page() -> None:
    import streamlit as st

    from views.controls import moons as moons_controls
    from views.controls import share

    share.draw_share({"ratio": moons_controls.RATIO.draw()}, moons_controls.ALL, {}, "", st.container())


def opened(
    monkeypatch: pytest.MonkeyPatch, url: str | None, number: str | None = NUMBER, listens: Any = None
) -> AppTest:
    import streamlit as st

    monkeypatch.setattr(reachable, "network_address", lambda: number)
    monkeypatch.setattr(share, "st", _WithUrl(st, url, listens))
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert not app.exception
    return app


class _WithUrl:
    """Streamlit as in a browser at this address, and with this address listened on."""

    def __init__(self, module: Any, url: str | None, listens: Any) -> None:
        self._module = module
        self.context = SimpleNamespace(url=url)
        self.get_option = lambda name: listens if name == "server.address" else module.get_option(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def addresses(app: AppTest) -> list[str]:
    return [code.value.partition("?")[0] for code in app.code]


def test_who_is_at_localhost_is_told_and_offered_an_address_for_others(monkeypatch):
    """Of the link and of the locked one, each followed by what opens it elsewhere."""
    app = opened(monkeypatch, HERE)
    there = f"http://{NUMBER}:8501/"
    assert addresses(app) == [HERE, there, HERE, there]
    told = [caption.value for caption in app.caption]
    assert len(told) == 2
    assert all("*localhost* is this computer alone" in words for words in told)


@pytest.mark.parametrize(("number", "listens"), [(None, None), (NUMBER, "localhost"), (NUMBER, "127.0.0.1")])
def test_where_nobody_else_gets_in_it_is_said_how_to_let_them(monkeypatch, number, listens):
    """No network, or a server that listens to its own computer: there is no address to offer, and no code."""
    app = opened(monkeypatch, HERE, number, listens)
    assert addresses(app) == [HERE, HERE]
    assert all("--server.address 0.0.0.0" in caption.value for caption in app.caption)
    assert [button.label for button in app.button] == []


def test_an_address_that_others_can_open_is_handed_out_as_it_is(monkeypatch):
    """With a code for each of the two links, and no word about localhost."""
    app = opened(monkeypatch, "https://explorer.example.org/")
    assert addresses(app) == ["https://explorer.example.org/"] * 2
    assert [caption.value for caption in app.caption] == []
    assert [button.label for button in app.button] == ["QR code", "QR code"]


def test_a_code_is_of_the_link_beside_its_button(monkeypatch):
    """Large, with its address and a file; of the locked link where that is asked for."""
    app = opened(monkeypatch, HERE)
    drawn: list[str] = []
    monkeypatch.setattr(share, "qr_code", lambda address: drawn.append(address) or "<svg />")
    app.button(key="qr_locked").click().run()
    assert not app.exception
    (address,) = drawn
    assert address == app.code[3].value
    assert address.startswith(f"http://{NUMBER}:8501/?")
    assert address.endswith("&only=nothing")
