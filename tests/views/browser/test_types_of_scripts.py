"""The scripts of the browser's components are typed, as `tsc` checks them; and proof that a wrong type is seen."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from views.browser.component import FOLDER

ROOT = Path(__file__).parents[3]
PLACE = "views/browser"
(COMMAND,) = re.findall(rf"^.*\btsc --project {PLACE}$", (ROOT / "README.md").read_text(), re.MULTILINE)


def complaints(folder: str = PLACE) -> list[str]:
    """What `tsc` has to say of a folder; where there is none, and npm is out of reach, the test is skipped."""
    command = COMMAND.replace(f"--project {PLACE}", f"--project {folder}")
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Else npm waits for minutes where there is no network.
    patience = {"npm_config_fetch_retries": "1" if os.environ.get("CI") else "0", "npm_config_fetch_timeout": "60000"}
    environment = {**os.environ, **patience, "PATH": beside}
    ran = subprocess.run(["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True)
    found = [line for line in ran.stdout.splitlines() if re.search(r"\berror TS\d", line)]
    if ran.returncode and not found:
        pytest.skip(f"no tsc could be started; it comes by npx from requirements-dev.txt and npm: {command}")
    return found


def test_no_script_uses_anything_as_what_it_is_not():
    """Strictly, in every file, and nothing is shut up."""
    assert complaints() == []
    texts = {file.name: file.read_text() for file in FOLDER.glob("*.js")}
    assert [name for name, text in texts.items() if re.search(r"@ts-|[{<|] *any\b", text)] == []


def test_a_wrong_type_is_seen(tmp_path):
    """The check above can fail: in a file of its own, and across two."""
    for file in (*FOLDER.glob("*.js"), FOLDER / "tsconfig.json"):
        shutil.copy(file, tmp_path)
    with (tmp_path / "common.js").open("a") as common:
        common.write('/** @type {number} */\nexport const wrong = "one";\n')
    with (tmp_path / "page_tour.js").open("a") as tour:
        tour.write("keyed(1);\n")
    seen = [line.rpartition("/")[2].partition("(")[0] for line in complaints(str(tmp_path))]
    assert sorted(seen) == ["common.js", "page_tour.js"]
