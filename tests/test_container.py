"""The container file, as far as it can be told without one: what it copies is there, what it starts is healthy."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".container"
LINES = (
    re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ").split("\n")
)
STEPS = [(word, rest) for word, _, rest in (line.partition(" ") for line in LINES if line.strip())]
PATIENCE = 60  # seconds


def said(word: str) -> str:
    """What follows this instruction, which is there once."""
    (found,) = (rest for each, rest in STEPS if each == word)
    return found


@pytest.fixture
def port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def test_the_app_is_started_by_a_user_who_owns_the_volumes() -> None:
    """And after all that needs root; nothing that it writes lies in the image's own folder."""
    words = [word for word, _ in STEPS]
    assert words.index("USER") > max(place for place, word in enumerate(words) if word in ("RUN", "COPY"))
    assert said("USER") not in ("root", "0")
    volumes = json.loads(said("VOLUME"))
    (made,) = (rest for word, rest in STEPS if word == "RUN" and "install --directory" in rest)
    assert f"--owner {said('USER')}" in made
    assert made.split()[-len(volumes) :] == volumes
    settings = dict(each.split("=", 1) for each in shlex.split(said("ENV")))
    assert [settings["EXPLORER_CACHE"], settings["EXPLORER_DATA"]] == volumes


def test_what_is_let_through_is_what_the_app_imports() -> None:
    """Each folder and file that the ignore file leaves exists, and every package of the app is among them."""
    lines = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    assert all((ROOT / each).exists() for each in let_through)
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages | {"streamlit_app.py", "requirements.txt", ".streamlit"} == let_through
    assert "cache/store" in lines  # what was computed here, and a folder for its owner alone


def test_what_it_starts_answers_its_health_check(port: str, tmp_path: Path) -> None:
    """The command and the check, word for word but for the port; without the server the check fails."""
    inner = said("EXPOSE")
    command, check = (
        [word.replace(inner, port) for word in json.loads(text)]
        for text in (said("CMD"), said("HEALTHCHECK").partition("CMD ")[2])
    )
    assert command[0] == check[0] == "python"

    def healthy() -> bool:
        return subprocess.run([sys.executable, *check[1:]], capture_output=True).returncode == 0

    assert not healthy()
    environment = {**os.environ, "EXPLORER_CACHE": str(tmp_path / "store"), "EXPLORER_DATA": str(tmp_path / "data")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command[1:]], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + PATIENCE
        while not healthy():
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < end, "it never became healthy"
    finally:
        process.terminate()
        process.wait(10)
