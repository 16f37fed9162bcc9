"""Which columns of a file are x, y and label, and which line names them.

What is decided here is said in a note, so that whoever brought the file can see what was made of it.
"""

from __future__ import annotations

from pruning.data.csv_cells import FAILED, SEPARATORS, Line, PointsError, Sheet, quoted
from pruning.data.numerals import is_number
from pruning.data.own_points import AXES, COLUMNS

LONGEST_NAME, SIGNS = 40, "#,;\"'\t"  # of a column whose name is kept; what would make it another on its way
LABEL, N = 2, len(COLUMNS)
# What pandas takes for no value, what Excel writes for none, and the sign of the UCI repository. “Na” is sodium.
MISSING = {
    "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null", "?",
    *FAILED,
}  # fmt: skip
LABEL_NAMES = {
    "label", "labels", "class", "classes", "klasse", "category", "kategorie", "species", "target", "group", "gruppe",
    "kind", "type", "typ", "art",
}  # fmt: skip
NO_NAMES = {"", "unnamed: 0"}  # of a column that pandas wrote
INDEX_NAMES = {"index", "id", "no", "no.", "nr", "nr.", "row", "rownames"}


def arranged(sheet: Sheet, most_classes: int) -> tuple[list[Line], tuple[str, str], list[str]]:
    """The lines of points, their cells x, y and label in this order; what x and y are called; what was assumed.

    The rules are those of `pruning.points.read_points`. Raises PointsError where they leave no three columns.
    """
    lines, empty = _without_empty_cells(sheet)
    lines, index = _without_index(lines)
    for line in lines:
        if len(line.cells) != N:
            found = f"{quoted(line.text)}, has {len(line.cells)} instead of {N} columns"
            raise PointsError(
                f"Line {line.number}, {found} separated by {SEPARATORS[sheet.separator]}; x, y and label are needed."
            )
    first, body = lines[0], lines[1:]
    header = _header(first, body)
    body = body if header else lines
    label = _label_column(first if header else None, body, most_classes)
    order = [*(i for i in range(N) if i != label), label]
    said = [header] if header else []
    if label != LABEL:
        said.append(f"The label is read from column {label + 1}, and x and y from the others")
    kept = [line._replace(cells=[line.cells[i] for i in order]) for line in body]
    return kept, _axes([first.cells[i] for i in order[:LABEL]] if header else []), [*empty, *index, *said]


def _axes(names: list[str]) -> tuple[str, str]:
    """What a header calls x and y, where it does in words that need no quotes; else x and y."""
    if len(names) != LABEL or not all(map(_is_plain, names)):
        return AXES
    return names[0], names[1]


def _is_plain(name: str) -> bool:
    return _is_name(name) and len(name) <= LONGEST_NAME and name.isprintable() and not set(name) & set(SIGNS)


def _without_empty_cells(sheet: Sheet) -> tuple[list[Line], list[str]]:
    """The lines without cells that hold nothing in any line, if some have more than three or less.

    Between tabs, which are doubled to align columns, without any empty cell if every line has three others.
    """
    lines = sheet.lines
    if all(len(line.cells) == N for line in lines):
        return lines, []
    if sheet.separator == "\t" and all(sum(map(bool, line.cells)) == N for line in lines):
        kept = [line._replace(cells=list(filter(None, line.cells))) for line in lines]
        return kept, ["Tabs in a row taken for one"]
    used = {i for line in lines for i, cell in enumerate(line.cells) if cell}
    kept = [line._replace(cells=[cell for i, cell in enumerate(line.cells) if i in used]) for line in lines]
    return (kept, ["Columns without anything in them left out"]) if kept != lines else (lines, [])


def _without_index(lines: list[Line]) -> tuple[list[Line], list[str]]:
    """The lines without the column in front that pandas, R and spreadsheets number lines in."""
    first, body = lines[0], lines[1:]
    widths, front = {len(line.cells) for line in body}, [line.cells[0] for line in body]
    name, once = first.cells[0].casefold(), len(set(front)) == len(front)
    if len(widths) != 1 or not all(map(_is_whole, front)):
        return lines, []
    if widths == {N} and name in NO_NAMES and once:
        found = f"{quoted(first.text)}, has no name for the first column, which numbers the lines"
        raise PointsError(f"Line {first.number}, {found}; x, y and label are needed besides.")
    if widths != {N + 1}:
        return lines, []
    if len(first.cells) == N and once and not any(map(is_number, first.cells)):  # as R writes the names of rows
        names = first.cells
    elif len(first.cells) == N + 1 and (name in NO_NAMES or (name in INDEX_NAMES and once)):
        names = first.cells[1:]
    else:
        return lines, []
    kept = [first._replace(cells=names), *(line._replace(cells=line.cells[1:]) for line in body)]
    return kept, ["The first column left out, as it numbers the lines"]


def _header(first: Line, body: list[Line]) -> str:
    """Why the first line is no point, as a note; empty where it is one."""
    names, numbers = list(map(_is_name, first.cells)), list(map(is_number, first.cells))
    skipped = f"Line {first.number} skipped, as it names the columns: {quoted(first.text)}"
    if all(names[:LABEL]) or (sum(names) == LABEL and not any(numbers)):
        return skipped
    if not body or not all(numbers[:LABEL]):
        return ""
    if _numbers_columns(first, body):
        skipped = skipped.replace("names", "numbers")
        return f"{skipped}; a point that is written so is read from any other line"
    label, classes = first.cells[LABEL], {line.cells[LABEL] for line in body}
    counted = all(map(_is_whole, first.cells[:LABEL]))
    in_a_row = counted and int(first.cells[1]) - int(first.cells[0]) == 1
    no_point = label.casefold() in LABEL_NAMES or in_a_row or (counted and all(map(is_number, classes)))
    if names[LABEL] and label not in classes and no_point:
        return f"{skipped}; {quoted(label)} is the class of no other line"
    return ""


def _numbers_columns(first: Line, body: list[Line]) -> bool:
    """Whether a line is 0, 1, 2 or 1, 2, 3, or other numbers that rise, above points that are no whole numbers."""
    if not all(map(_is_whole, first.cells)):
        return False
    x, y, label = map(int, first.cells)
    if (x, y, label) in {(0, 1, 2), (1, 2, 3)}:
        return True
    return x < y < label and not any(all(map(_is_whole, line.cells[:LABEL])) for line in body)


def _is_whole(cell: str) -> bool:
    return cell.isascii() and cell.isdigit() and len(cell) < 10


def _is_name(cell: str) -> bool:
    """Whether a cell may name a column: with a letter or digit in it, and no number, be it missing or infinite."""
    if is_number(cell) or cell in MISSING or cell.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return False
    return any(map(str.isalnum, cell))


def _label_column(header: Line | None, body: list[Line], most: int) -> int:
    """The one column of words, if these are no more than classes may be; else the one named so; else the last."""
    numeric = [[is_number(line.cells[i]) for line in body] for i in range(N)]
    words = [i for i in range(N) if not any(numeric[i])]
    if len(words) == 1 and len({line.cells[words[0]] for line in body}) <= most:
        return words[0]
    named = [i for i in range(N) if header and header.cells[i].casefold() in LABEL_NAMES]
    return named[0] if len(named) == 1 and LABEL not in words else LABEL
