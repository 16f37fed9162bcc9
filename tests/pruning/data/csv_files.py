"""CSV files as visitors bring them: right, broken, huge, wrongly encoded, binary, cut short and hostile."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence

CsvFile = tuple[str, bytes, str | None]  # its name, its bytes, and a piece of the refusal or None if it is right

MARKUP = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://example.org","b")'


def lines(count: int = 24, separator: str = ",", labels: Sequence[str] = ("a", "b"), decimal: str = ".") -> list[str]:
    """Lines of two numbers and a label, the labels taking turns."""
    rows = ((i % 7 + i / 10, i * i % 11 - 3.5, labels[i % len(labels)]) for i in range(count))
    return [
        separator.join([f"{x:.1f}".replace(".", decimal), f"{y}".replace(".", decimal), name]) for x, y, name in rows
    ]


def text(rows: Sequence[str], end: str = "\n") -> bytes:
    return "".join(row + end for row in rows).encode()


def with_line(number: int, line: str) -> bytes:
    """A right file of 24 lines with another line in place of one of them, counted from 1."""
    rows = lines()
    rows[number - 1] = line
    return text(rows)


def csv_files() -> list[CsvFile]:
    """All of them, the same each time; no two have the same name or the same bytes."""
    groups = (
        _right,
        _separated,
        _encoded,
        _labelled,
        _hostile,
        _columns,
        _numbers,
        _misnamed,
        _quotes,
        _amounts,
        _binary,
    )
    return [file for group in groups for file in group()]


def _right() -> Iterator[CsvFile]:
    plain = lines()
    yield "plain", text(plain), None
    yield "with a header", text(["x,y,label", *plain]), None
    yield "with a header in quotes", text(['"x, in cm","y, in cm","label"', *plain]), None
    yield "with a header of spreadsheet letters", text(["A,B,C", *plain]), None
    yield "with a header without a name for the label", text(["x,y,", *plain]), None
    yield "with blank lines", text(["", *plain[:5], "", "   ", *plain[5:], "", ""]), None
    yield "with spaces around cells", text([row.replace(",", " , ") + "  " for row in plain]), None
    yield "with tabs around cells", text([f" {row}\t" for row in plain]), None
    yield "with every cell in quotes", text([",".join(f'"{cell}"' for cell in row.split(",")) for row in plain]), None
    yield (
        "with spaces around quotes",
        text([", ".join(f'"{cell}" ' for cell in row.split(",")) for row in plain]),
        None,
    )
    yield "with some labels in quotes", text([*plain, '1,2,"a"', '1,2,"b"']), None
    yield "ended by CRLF", text(plain, "\r\n"), None
    yield "ended by CR", text(plain, "\r"), None
    yield "ended in three ways", text(plain[:9]) + text(plain[9:14], "\r") + text(plain[14:], "\r\n"), None
    yield "without a last line end", text(plain)[:-1], None
    yield "with exponents", text([*plain, "1e0,2E-1,a", "-1.5e+2,.5,b", "+3,4.,a"]), None
    yield "with integers", text([f"{i},{i * i},{'ab'[i % 2]}" for i in range(20)]), None
    yield "with many digits", with_line(4, "3.14159265358979323846264338327950288419716939937510,1,b"), None
    yield "with the largest numbers", with_line(4, "1000000000,-1000000000,b"), None
    yield "with tiny numbers", text([f"{i % 5}e-300,{i % 3}e-320,{'ab'[i % 2]}" for i in range(20)]), None
    yield "with all points twice", text(plain * 2), None
    yield "with years", text([f"{2000 + i / 1000},{i % 4},{'ab'[i % 2]}" for i in range(20)]), None
    yield "of 5,000 points", text(lines(5000)), None
    yield "of 5,000 points and a header", text(["x,y,label", *lines(5000)]), None
    yield "of 20 points", text(lines(20)), None
    yield "of just 1 MiB", text(plain).ljust(2**20, b"\n"), None
    yield "with a line of 1,000 characters", with_line(3, f"1.{'0' * 994},2,b"), None


def _separated() -> Iterator[CsvFile]:
    yield "by semicolons", text(lines(separator=";")), None
    yield "by semicolons with decimal commas", text(lines(separator=";", decimal=",")), None
    yield "by semicolons with a header", text(["x;y;class", *lines(separator=";", decimal=",")]), None
    yield "by tabs", text(lines(separator="\t")), None
    yield "by tabs with decimal commas", text(lines(separator="\t", decimal=","), "\r\n"), None
    yield "by tabs with a header", text(["x\ty\tclass", *lines(separator="\t")]), None
    yield "by semicolons, labels with commas", text(lines(separator=";", labels=["a,b", "c,d"])), None
    yield "by commas, labels with semicolons", text(lines(labels=["a;b", "c"])), None
    yield "by commas, labels with two semicolons", text(lines(labels=["a;1;b", "c"])), None
    yield "by semicolons, a header with commas", text(["x, in cm;y, in cm;label", *lines(separator=";")]), None
    four = [f"{row};1" for row in lines(separator=";")]
    yield "four columns by semicolons", text(four), "4 instead of 3 columns separated by semicolons"
    yield "by commas, labels with commas in quotes", text(lines(labels=['"a,b"', '"c,d"'])), None
    yield (
        "by semicolons, then by commas",
        text([*lines(separator=";")[:9], *lines()]),
        "Line 1, “0.0;-3.5;a”, has 1 instead of 3 columns separated by commas",
    )
    yield "by commas with decimal commas", text(lines(decimal=",")), "5 instead of 3 columns separated by commas"
    yield "by spaces", text(lines(separator=" ")), None
    yield "by spaces, a label with one", text([*lines(separator=" "), "1 2 a b"]), "Line 25, “1 2 a b”, has 4 instead"
    yield "by vertical bars", text(lines(separator="|")), "1 instead of 3 columns separated by commas"
    yield (
        "with thousands marked by points",
        text(["1.234,5;1;a", *lines(separator=";", decimal=",")]),
        None,
    )
    yield (
        "with a line that names the separator",
        text(["sep=;", *lines(separator=";")]),
        None,
    )


def _encoded() -> Iterator[CsvFile]:
    umlauts = "\n".join(["x,y,größe", *lines(labels=["groß", "klein"])])
    start = text(lines()[:12])
    yield "in UTF-8", umlauts.encode(), None
    yield "in UTF-8 with a byte order mark", umlauts.encode("utf-8-sig"), None
    yield "with a byte order mark and no header", b"\xef\xbb\xbf" + text(lines()), None
    yield "with a mark, CRLF and semicolons", b"\xef\xbb\xbf" + text(lines(separator=";"), "\r\n"), None
    yield "in Latin-1", umlauts.encode("latin-1"), "Line 1 of the file, “x,y,gr��e”, is not in UTF-8"
    yield (
        "in Latin-1 from line 13 on",
        start + "1,2,groß\n".encode("latin-1"),
        "Line 13 of the file, “1,2,gro�”, is not",
    )
    yield "in Latin-1 with CR", start.replace(b"\n", b"\r") + b"1,2,\xe9\r", "Line 13 of the file, “1,2,�”"
    yield "in Latin-1 with CRLF", start.replace(b"\n", b"\r\n") + b"1,2,\xe9\r\n", "Line 13 of the file, “1,2,�”"
    yield "in Latin-1 behind a mark", b"\xef\xbb\xbf" + start + b"1,2,\xe9", "Line 13 of the file, “1,2,�”"
    yield "in UTF-16, little end first", b"\xff\xfe" + umlauts.encode("utf-16-le"), None
    yield "in UTF-16, big end first", b"\xfe\xff" + umlauts.encode("utf-16-be"), None
    yield "in UTF-16, cut in a character", b"\xff\xfe" + umlauts.encode("utf-16-le")[:-1], "The file is not in UTF-16"
    yield "in UTF-16 without a mark", text(lines()).decode().encode("utf-16-le"), "Line 1, “0�.�0�"
    yield "in UTF-32", text(lines()).decode().encode("utf-32"), None
    yield "cut in the middle of a character", umlauts.encode()[:7], "Line 1 of the file, “x,y,gr�”"
    yield (
        "with surrogates",
        with_line(6, "").replace(b"\n\n", b"\n1,2,\xed\xa0\x80\n"),
        "Line 6 of the file, “1,2,���”",
    )
    yield "with overlong bytes", start + b"1,2,\xc0\xaf\n", "Line 13 of the file"
    yield "with a mark inside", with_line(5, "\ufeff1,2,a"), "Line 5 has “�1” as its x"


def _labelled() -> Iterator[CsvFile]:
    for name, labels in {
        "zero and one": ["0", "1"],
        "numbers of two digits": ["10", "9", "2"],
        "decimal numbers": ["0.5", "-1.5"],
        "five classes": ["a", "b", "c", "d", "e"],
        "words": ["setosa", "Versicolor", "virginica iris"],
        "Chinese": ["猫", "狗"],
        "emoji": ["🐈", "🐕"],
        "Arabic": ["قط", "كلب"],
        "40 characters": ["a" * 40, "b"],
        "true and false": ["TRUE", "FALSE"],
        "inf and zero": ["inf", "0"],
        "capitals and small letters": ["a", "A"],
        "marks and spaces": ["a b", "?!", "-"],
        "inches": ['5" disk', '3" disk'],
        "doubled quotes": ['"say ""a"""', "b"],
    }.items():
        yield f"labels: {name}", text(lines(labels=labels)), None
    yield "a label of 41 characters", with_line(3, f"1,2,{'a' * 41}"), f"Line 3 has “{'a' * 40}…” as its label"
    yield "no label", with_line(7, "1,2,"), "Line 7 has nothing as its label; 1 to 40 printable characters are needed"
    yield "a label of spaces", with_line(7, "1,2,   "), "Line 7 has nothing as its label"
    yield "a label of empty quotes", with_line(7, '1,2,""'), "Line 7 has nothing as its label"


def _hostile() -> Iterator[CsvFile]:
    for name, label in {
        "markup": MARKUP,
        "an image": "<img src=x onerror=alert(1)>",
        "Markdown": "![a](http://example.org/a.png)",
        "LaTeX": "$$\\frac{1}{0}$$",
        "a formula": '"' + FORMULA.replace('"', '""') + '"',
        "a formula with a plus": "+1+1",
        "a command": "@SUM(1+1)*cmd|' /C calc'!A0",
        "a path": "../../../../etc/passwd",
        "a query": "'; DROP TABLE points; --",
        "a template": "{{7*7}} ${7*7} %s {0}",
    }.items():
        yield f"a label that is {name}", text(lines(labels=[label, "b"])), None
    yield "a header of markup", text([f"{MARKUP},<b>y</b>,c", *lines()]), None
    yield "a cell of markup", with_line(5, f"{MARKUP},1,a"), f"Line 5 has “{MARKUP}” as its x"
    yield "a cell with a formula", with_line(5, "1,=1+1,a"), "Line 5 has “=1+1” as its y"
    yield "a label that turns the text round", with_line(3, "1,2,a\u202eb"), "Line 3 has “a�b” as its label"
    yield "a label with an invisible space", with_line(3, "1,2,a\u200bb"), "Line 3 has “a�b” as its label"
    yield "a label with a bell", with_line(3, "1,2,a\x07"), "Line 3 has “a�” as its label"
    yield "a label with an escape", with_line(3, "1,2,\x1b[31ma"), "Line 3 has “�[31ma” as its label"
    yield "a label with a line separator", with_line(3, "1,2,a\u2028b"), "Line 3 has “a�b” as its label"
    yield "a number of a thousand digits", with_line(8, f"{'1' * 990},2,a"), f"Line 8 has “{'1' * 40}…” as its x"
    yield "an endless exponent", with_line(8, "1e999999999,2,a"), "Line 8 has “1e999999999” as its x"
    yield "a comma in a quoted number", with_line(8, '"1,5",2,a'), "and line 8 has “1,5”, with a decimal comma"
    yield "a line of a mebibyte", b"1," + b"2" * (2**20 - 2), "1,048,576 characters; at most 1,000 are read"
    yield "a line of 1,001 characters", with_line(3, f"1.{'0' * 995},2,b"), "Line 3, “1.00"
    yield "half a mebibyte of commas", b"," * 2**19, "524,288 characters"
    yield "half a mebibyte of quotation marks", b'"' * 2**19, "524,288 characters"
    yield "a mebibyte of line ends", b"\n" * 2**20, "The file is empty"
    yield "a mebibyte of carriage returns", b"\r" * (2**20 - 1) + b"a", "Line 1048576, “a”, has 1 instead of 3"
    yield "a mebibyte of short lines", b"1\n" * 2**19, "Line 1, “1”, has 1 instead of 3 columns"
    yield "a mebibyte of points", b"1,2,a\n" * (2**20 // 6), "Line 5001 is one point too many"


def _columns() -> Iterator[CsvFile]:
    yield "two columns", text([row[:-2] for row in lines()]), "has 2 instead of 3 columns separated by commas"
    yield "four columns", text([f"{row},1" for row in lines()]), "Line 1, “0.0,-3.5,a,1”, has 4 instead of 3 columns"
    yield "an index before the columns", text([f"{i},{row}" for i, row in enumerate(lines())]), "has 4 instead of 3"
    yield "a header of two columns", text(["x,y", *lines()]), "Line 1, “x,y”, has 2 instead of 3 columns"
    yield "a title above the header", text(["My points", "x,y,label", *lines()]), "Line 1, “My points”, has 1 instead"
    yield "two headers", text(["x,y,label", "cm,cm,", *lines()]), "Line 2 has “cm” as its x"
    yield "a short line", with_line(11, "1,a"), "Line 11, “1,a”, has 2 instead of 3 columns"
    yield "a long line", with_line(11, "1,2,3,a"), "Line 11, “1,2,3,a”, has 4 instead of 3 columns"
    yield "a line that ends with a comma", with_line(2, "1,2,a,"), None
    yield "cut short", text(lines(30))[:-4], "Line 30, “3.9,"
    yield "the label in front", text(["a,1,2", *lines()]), "Line 1 has “a” as its x"


def _numbers() -> Iterator[CsvFile]:
    wanted = "a number from -1,000,000,000 to 1,000,000,000 is needed"
    for cell in [
        "abc",
        "nan",
        "-inf",
        "Infinity",
        "1_000",
        "0x10",
        "1e",
        "--1",
        "1 2",
        "1.2.3",
        "$5",
        "50%",
        "٣",
    ]:
        yield f"{cell} as x", with_line(9, f"{cell},2,a"), f"Line 9 has “{cell}” as its x; {wanted}"
    for cell in ["#DIV/0!", "NA", "1e10", "-1000000001", "1e400"]:
        yield f"{cell} as y", with_line(9, f"1,{cell},a"), f"Line 9 has “{cell}” as its y; {wanted}"
    yield "nothing as x", with_line(9, ",2,a"), "Line 9 has nothing as its x"
    yield "nothing as y", with_line(9, "1, ,a"), "Line 9 has nothing as its y"
    yield "an empty row of a spreadsheet", with_line(24, ",,"), None
    yield "nan in the first line", text(["nan,nan,a", *lines()]), "Line 1 has “nan” as its x"
    yield "nothing in the first line", text([",,a", *lines()]), "Line 1 has nothing as its x"
    yield "NA in the first line", text(["NA,NA,a", *lines()]), "Line 1 has “NA” as its x"
    yield "dashes in the first line", text(["-,-,a", *lines()]), "Line 1 has “-” as its x"
    yield (
        "a fault behind blank lines",
        text(["", "x,y,c", "", *lines(), "", "oh,1,a"], "\r\n"),
        "Line 29 has “oh” as its x",
    )
    yield (
        "one x for all",
        text([f"5,{i},{'ab'[i % 2]}" for i in range(20)]),
        "Every x is (nearly) the same, from 5 (line 1)",
    )
    yield (
        "one y for all",
        text([f"{i},0,{'ab'[i % 2]}" for i in range(20)]),
        "Every y is (nearly) the same, from 0 (line 1)",
    )
    close = [f"{i},{7 + i * 1e-11:.12f},{'ab'[i % 2]}" for i in range(20)]
    yield "nearly one y for all", text(close), "Every y is (nearly) the same, from 7 (line 1) to 7 (line 20)"


def _misnamed() -> Iterator[CsvFile]:
    """Files with another form of text in them, whatever their name says."""
    yield (
        "a web page",
        b"<!DOCTYPE html>\n<html><body>1,2,a</body></html>\n",
        "Line 1, “<!DOCTYPE html>”, has 1 instead",
    )
    yield "JSON", b'[\n  {"x": 1, "y": 2, "label": "a"}\n]\n', "Line 1, “[”, has 1 instead of 3 columns"
    yield "a program", b"import os\nos.remove('a')\n", "Line 1, “import os”, has 1 instead of 3 columns"
    yield "prose", b"Dear all, here are the points, as promised.\nBest\n", "Line 2, “Best”, has 1 instead"


def _quotes() -> Iterator[CsvFile]:
    yield (
        "a quote left open",
        with_line(6, '1,2,"a'),
        'Line 6, “1,2,"a”, has an opening quotation mark and no closing one',
    )
    yield "a quote left open in the first line", with_line(1, '"1,2,a'), 'Line 1, “"1,2,a”, has an opening quotation'
    yield "a quote left open in the last line", text(lines())[:-2] + b'"', 'Line 24, “4.3,-2.5,"”, has an opening'
    yield "a line break in quotes", with_line(6, '1,2,"a\nb"'), 'Line 6, “1,2,"a”, has an opening quotation mark'


def _amounts() -> Iterator[CsvFile]:
    spread = text(lines())
    yield "empty", b"", "The file is empty; 20 to 5,000 lines of x, y and label are needed"
    yield "a mark alone", b"\xef\xbb\xbf", "The file is empty"
    yield "spaces and line ends", b" \n\t\r\n  ", "The file is empty"
    yield "a header alone", b"x,y,label\n", "The file up to line 1 has too few points, 0; at least 20 are needed"
    yield "one point", b"1,2,a\n", "The file up to line 1 has too few points, 1"
    yield "19 points", text(["x,y,label", *lines(19)]), "The file up to line 20 has too few points, 19"
    yield "5,001 points", text(lines(5001)), "Line 5001 is one point too many; at most 5,000 are read"
    yield "5,001 points and a header", text(["x,y,label", *lines(5001)]), "Line 5002 is one point too many"
    yield "5,001 points and blank lines", text(lines(5001), "\n\n"), "Line 10001 is one point too many"
    yield "one byte over a mebibyte", spread.ljust(2**20 + 1, b"\n"), "has 1,048,577 bytes; at most 1,048,576 (1 MiB)"
    yield "one class", text(lines(labels=["a"])), "up to line 24 has no class but “a”; 2 to 5 classes are needed"
    yield (
        "six classes",
        text(lines(labels=list("abcdef"))),
        "Class “f” (line 6) is one too many beside “a”, “b”, “c”, “d”, “e”",
    )
    yield (
        "a class for each point",
        text(lines(labels=[f"{i / 9:.3f}" for i in range(24)])),
        "Class “0.556” (line 6) is one",
    )
    yield (
        "a class of three",
        text([*lines(), "1,2,c", "2,1,c", "3,3,c"]),
        "Class “c” (line 25) has too few points, 3; each",
    )
    yield "a mistyped label", with_line(13, "1,2,aa"), "Class “aa” (line 13) has too few points, 1"
    yield "a class of four", text([*lines(), "1,2,c", "2,1,c", "3,3,c", "4,1,c"]), None


def _binary() -> Iterator[CsvFile]:
    pixels = struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr(zipfile.ZipInfo("xl/workbook.xml"), "<workbook/>")
    yield "a PNG picture", b"\x89PNG\r\n\x1a\n" + pixels, "Line 1 begins as a PNG picture does, where CSV is needed"
    yield "an Excel workbook", book.getvalue(), "Line 1 begins as an Excel workbook or another ZIP archive does"
    yield "a PDF document", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "Line 1 begins as a PDF document does"
    yield (
        "an old Excel workbook",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504),
        "begins as an old Excel workbook does",
    )
    yield "a JPEG picture", b"\xff\xd8\xff\xe0\x00\x10JFIF\0", "Line 1 begins as a JPEG picture does"
    yield "a compressed file", b"\x1f\x8b\x08" + zlib.compress(text(lines())), "begins as a compressed file does"
    yield "zeros", bytes(1000), "holds a byte that is zero"
    yield "a mebibyte of zeros", bytes(2**20), "Line 1, “��"
    yield "every byte", bytes(range(256)), "Line 3 of the file"
    yield "a zero in a label", with_line(4, "1,2,a\0"), "Line 4, “1,2,a�”, holds a byte that is zero"
    yield "a zero in a number", with_line(4, "1\0,2,a"), "Line 4, “1�,2,a”, holds a byte that is zero"
