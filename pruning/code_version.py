"""A fingerprint of the code that decides a result: the modules it is made by and all that they import.

What cannot change a result does not count: comments, docstrings, how the text is laid out, what people read of a
choice, and every module that is not imported, such as charts, readings and readers of files. Nothing is imported by
looking.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Collection, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).parent.parent
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn")
TOLD = frozenset({"pruning.data.image_sources"})
"""Of what is downloaded: pictures are named by what they are, not by where they come from."""
IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+((?:pruning|uncertainty)[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)"
    r"|import[ \t]+((?:pruning|uncertainty)[\w.]*))",
    re.MULTILINE,
)


@cache
def code_version(*modules: str, without: frozenset[str] = frozenset()) -> str:
    """16 hexadecimal digits for these modules, all of this project's that they import, and the libraries.

    without: modules that are not looked into, nor what only they import. Imports count wherever they stand in a
    text. Raises FileNotFoundError for a module that does not exist.
    """
    digest = hashlib.sha256()
    for name in sorted(closure(modules, without)):
        digest.update(f"{name} {_decisive(_file(name))}\n".encode())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    return digest.hexdigest()[:16]


def closure(modules: Collection[str], without: Collection[str] = ()) -> set[str]:
    """The modules and whatever of this project they import, directly or not."""
    without = TOLD.union(without)
    waiting, seen = list(modules), set(without)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _imported(_file(name).read_text(encoding="utf-8"))
    return seen - without


def _imported(source: str) -> Iterator[str]:
    """The modules of this project that a text imports; a package for what it holds itself."""
    for package, names, module in IMPORT.findall(source):
        if module:
            yield module
        for name in re.findall(r"(\w+)(?:[ \t]+as[ \t]+\w+)?", names):
            inner = f"{package}.{name}"
            yield inner if _file(inner).exists() else package


def _file(name: str) -> Path:
    path = ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _decisive(file: Path) -> str:
    """A hash of what a file does: its bytecode without docstrings, and without where in the text it stands."""
    tree = ast.parse(file.read_bytes())
    for line in tree.body:
        if isinstance(line, ast.ClassDef):
            _leave_out_words(line)
    for node in ast.walk(tree):  # where a line of its own begins, a docstring or a bracket leaves an instruction
        for place in node._attributes:
            setattr(node, place, 1)
    code = compile(tree, "", "exec", dont_inherit=True, optimize=2)
    return hashlib.sha256(repr(_plain(code)).encode()).hexdigest()


def _leave_out_words(choice: ast.ClassDef) -> None:
    """Of a choice (see `uncertainty.options`) label and help, and all entries, which are named in keys."""
    kinds = {base.id for base in choice.bases if isinstance(base, ast.Name)}
    if "Entry" in kinds:
        choice.body = [line for line in choice.body if _member(line) is None]
    elif "Option" in kinds:
        for line in choice.body:
            if member := _member(line):
                member.elts[1:3] = [ast.Constant("") for _ in member.elts[1:3]]


def _member(line: ast.stmt) -> ast.Tuple | None:
    """The value, label, help and decisions of a choice, where a line of its class is one; else None."""
    return line.value if isinstance(line, ast.Assign) and isinstance(line.value, ast.Tuple) else None


def _plain(code: CodeType) -> tuple[Any, ...]:
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return code.co_name, code.co_code, names, counts, code.co_exceptiontable, [_constant(c) for c in code.co_consts]


def _constant(value: Any) -> Any:
    """A constant in a form that is written the same in every process."""
    if isinstance(value, CodeType):
        return _plain(value)
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)
