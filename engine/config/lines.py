"""Where in a TOML text each key stands, so that an error can name the line.

`tomllib` gives the values but not their places. The text has passed `tomllib` before it
comes here, so this scanner need not find mistakes.
"""

import tomllib
from typing import Any

Path = tuple[str, ...]


def locate(text: str) -> dict[Path, int]:
    """Return the line (from 1) of each key of *text*; a table's is its header's or first key's.

    Keys in inline tables are found too; those of ``[[arrays of tables]]`` only once.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._blank("\n \t\r"):
            if self._peek() == "[":
                self.at += 2 if self.text.startswith("[[", self.at) else 1
                table = self._key((), "]")
                self._until("\n")
            else:
                self._pair(table)
                self._until("\n")

    def _pair(self, table: Path) -> None:
        path = self._key(table, "=")
        self._blank(" \t")
        self._value(path)

    def _key(self, table: Path, end: str) -> Path:
        start = self.at
        while self._peek() != end:
            self._string() if self._peek() in "\"'" else self._step()
        path = table + _names(self.text[start : self.at])
        line = self.text.count("\n", 0, start) + 1
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)
        self._step()
        return path

    def _value(self, path: Path) -> None:
        if self._peek() == "{":
            self._inline(path)
        elif self._peek() == "[":
            self._array(path)
        elif self._peek() in "\"'":
            self._string()
        else:
            while self.at < len(self.text) and self._peek() not in ",]}#\n":
                self._step()

    def _inline(self, path: Path) -> None:
        self._step()
        while self._blank(" \t\r\n,") and self._peek() != "}":
            self._pair(path)
        self._step()

    def _array(self, path: Path) -> None:
        self._step()
        while self._blank(" \t\r\n,") and self._peek() != "]":
            self._value(path)
        self._step()

    def _string(self) -> None:
        quote = self._peek()
        triple = self.text.startswith(quote * 3, self.at)
        end = quote * 3 if triple else quote
        self.at += len(end)
        while not self.text.startswith(end, self.at):
            self.at += 2 if quote == '"' and self._peek() == "\\" else 1
        self.at += len(end)
        while triple and self._peek() == quote:  # """a quote before the end""""
            self._step()

    def _blank(self, characters: str) -> bool:
        """Skip blanks and comments; return whether anything is left."""
        while self.at < len(self.text):
            if self._peek() == "#":
                self._until("\n")
            elif self._peek() in characters:
                self._step()
            else:
                return True
        return False

    def _until(self, character: str) -> None:
        found = self.text.find(character, self.at)
        self.at = len(self.text) if found < 0 else found

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _step(self) -> None:
        self.at += 1


def _names(dotted: str) -> Path:
    """Return the names of a dotted key as it is written, quotes and all."""
    node: Any = tomllib.loads(f"{dotted.strip()} = 0")
    names: list[str] = []
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        names.append(name)
    return tuple(names)
