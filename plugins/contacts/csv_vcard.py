"""Files of contacts: CSV of any spreadsheet and vCards, read into one table and written again.

A table is ``{"columns": [title, …], "rows": [(line, [cell, …]), …]}``; lines count from 1, as an editor
shows them. vCard: RFC 2426 (3.0) and RFC 6350 (4.0); CSV: RFC 4180.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import vobject

Row = tuple[int, list[str]]
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252", "latin-1")
DELIMITERS = (",", ";", "\t", "|")
LOOK = 50  # rows from which the delimiter is told
TABLE_WIDTH = 100  # columns
CARD_COLUMNS = ("Name", "Phone", "Phone 2", "Phone 3", "Organisation", "Email", "Birthday", "Note")
PHONES = 3
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LARGEST_CARD = 65536  # letters; a photo makes one larger, and is left out before
_CARD = re.compile(r"^BEGIN:VCARD[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_EDGE = re.compile(r"^(?P<what>BEGIN|END):VCARD[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_IMAGE = re.compile(
    r"^(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:].*\n(?:[ \t].*\n|[A-Za-z0-9+/=]+\n)*", re.I | re.M
)
_MARKED = re.compile(r"([;,\t|\n\r])'([=+\-@])")
_PARTS = re.compile(r"[;,\t|\n\r]([=+\-@])")


class NoTable(ValueError):
    """A file is no table of contacts. code: ``empty``, ``binary`` or ``wide``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def decoded(raw: bytes) -> tuple[str, str]:
    """Return (text, encoding) of a file: UTF-8 or UTF-16 by its mark, UTF-8, else Windows' Western one.

    Raises NoTable where it is no text.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace"), "utf-16"
    if b"\0" in raw[:4096]:
        raise NoTable("binary")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding), "utf-8" if encoding == "utf-8-sig" else encoding
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def _without_nul(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text


def read(raw: bytes, skip: int = 0) -> dict[str, Any]:
    """Return a file's table, and what it was: ``format`` (csv or vcard), ``encoding``, ``delimiter``.

    skip: so many rows are left out. ``lines``: how many rows there may be at most. Raises NoTable.
    """
    text, encoding = decoded(raw)
    text = _without_nul(text)
    if _CARD.match(text.lstrip()[:40]):
        return {"format": "vcard", "encoding": encoding, "delimiter": None, **_cards(text, skip)}
    delimiter = delimiter_of(text)
    return {"format": "csv", "encoding": encoding, "delimiter": delimiter, **_table(text, delimiter, skip)}


def delimiter_of(text: str) -> str:
    """Return what stands between a CSV's cells: that which cuts its first rows into the most equal parts."""
    told = _told(text)
    if told:
        return told
    head = "\n".join(text[:200_000].splitlines()[:LOOK])
    best, most = ",", (0, 0.0)
    for delimiter in DELIMITERS:
        widths = [len(cells) for cells in csv.reader(io.StringIO(head), delimiter=delimiter) if cells]
        if not widths or widths[0] < 2:
            continue
        same = sum(width == widths[0] for width in widths) / len(widths)
        if (round(same * 10), widths[0]) > most:
            best, most = delimiter, (round(same * 10), widths[0])
    return best


def _told(text: str) -> str | None:
    """Return the delimiter that a first line ``sep=;`` tells, where it is one that can be."""
    found = re.match(r"sep=(.)\r?\n", text)
    return found[1] if found and found[1] not in "\"\0 '" and not found[1].isalnum() else None


def _table(text: str, delimiter: str, skip: int) -> dict[str, Any]:
    csv.field_size_limit(1 << 25)
    rows = _rows(text, delimiter)
    columns = next(rows, (0, []))[1]
    if not columns:
        raise NoTable("empty")
    if len(columns) > TABLE_WIDTH:
        raise NoTable("wide")
    titles = [title.strip() or f"#{place}" for place, title in enumerate(columns, 1)]
    return {"columns": titles, "rows": itertools.islice(rows, skip, None), "lines": text.count("\n")}


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows that are not empty with the line at which each begins."""
    begun = 1 if re.match(r"sep=.?\r?\n", text) else 0
    lines = io.StringIO(text.partition("\n")[2] if begun else text, newline="")
    reader = csv.reader(lines, delimiter=delimiter)
    line = begun + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = begun + reader.line_num + 1


def _cards(text: str, skip: int) -> dict[str, Any]:
    rows, lines = _card_rows(text, skip), sum(1 for _ in _CARD.finditer(text))
    return {"columns": list(CARD_COLUMNS), "rows": rows, "lines": lines}


def _card_rows(text: str, skip: int) -> Iterator[Row]:
    """Yield the cards in one pass, from BEGIN to END; one without an END before the next BEGIN is bad."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    line, at, place = 1, 0, -1
    begun = False
    for edge in _EDGE.finditer(text):
        is_end = edge["what"].upper() == "END"
        if begun and place >= skip:
            yield line, _card(text[at : edge.end()]) if is_end else []
        begun = not is_end
        if begun:
            line += text.count("\n", at, edge.start())
            at, place = edge.start(), place + 1
    if begun and place >= skip:
        yield line, []


def _card(text: str) -> list[str]:
    """Return the cells of one card; none of one that cannot be read."""
    text = _IMAGE.sub("", text)
    if len(text) > LARGEST_CARD:
        return []
    try:
        card = vobject.readOne(text, allowQP="QUOTED-PRINTABLE" in text.upper())
        said = card.contents
    except Exception:  # vobject raises whatever comes up, for what is no card
        return []
    phones = sorted(said.get("tel", []), key=_rank)[:PHONES]
    numbers = [_number(str(phone.value)) for phone in phones]
    more = [_first(said, name) for name in ("org", "email", "bday", "note")]
    return [_called(said), *(numbers + [""] * PHONES)[:PHONES], *more]


def _rank(phone: Any) -> int:
    """Return a number's place: the preferred one first, then mobile ones (RFC 2426 and 6350)."""
    kinds = [kind.lower() for kind in phone.params.get("TYPE", [])]
    if "pref" in kinds or phone.params.get("PREF") == ["1"]:
        return 0
    return 1 if "cell" in kinds else 2


def _number(text: str) -> str:
    return text.removeprefix("tel:").partition(";")[0]


def _called(said: dict[str, Any]) -> str:
    if _first(said, "fn"):
        return _first(said, "fn")
    parts = said["n"][0].value if said.get("n") else None
    names = [getattr(parts, name, "") for name in ("given", "additional", "family")]
    return " ".join(str(name) for name in names if name) or (str(parts) if isinstance(parts, str) else "")


def _first(said: dict[str, Any], name: str) -> str:
    value = said[name][0].value if said.get(name) else ""
    return " ".join(map(str, value)).strip() if isinstance(value, list) else str(value).strip()


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV injection).

    Nor a part of it, should a spreadsheet cut it where it has another separator.
    """
    cell = _PARTS.sub(lambda found: f"{found[0][0]}'{found[1]}", cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def bare(cell: str) -> str:
    """Return a cell without the marks that `safe` put into it."""
    cell = _MARKED.sub(lambda found: found[1] + found[2], cell)
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def csv_lines(rows: Iterable[Iterable[str]], first: bool = True) -> str:
    """Return rows as CSV that spreadsheets open as UTF-8: the first part begins with its mark."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return ("\ufeff" if first else "") + out.getvalue()


def card(name: str, phones: Iterable[str], notes: Iterable[tuple[str, str]] = ()) -> str:
    """Return one vCard 3.0; *notes*: what else is known, as (title, value)."""
    note = "\n".join(f"{title}: {value}" for title, value in notes)
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(name)}", f"N:;{_escaped(name)};;;"]
    lines += [f"TEL;TYPE=CELL:{phone}" for phone in phones]
    lines += [f"NOTE:{_escaped(note)}"] if note else []
    return "".join(f"{_fold(line)}\r\n" for line in [*lines, "END:VCARD"])


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("\r\n", "\n").replace("\r", "\n")
    return text.replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")


def _fold(line: str) -> str:
    """Return a line cut after at most 75 bytes, each next one begun with a space (RFC 2426, 2.6)."""
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode()) > 74:
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join([*pieces, piece])
