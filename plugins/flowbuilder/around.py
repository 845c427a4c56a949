"""What a flow may know besides what it was told: time, contact, place; looked up only when it is named."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from engine import times

from .compiled import Flow

Json = dict[str, Any]


@dataclass
class Around:
    """What a flow may know besides: all of it comes from the event and the documents.

    load: gives the fields of contact and conversation (``name``, ``phone``, ``labels``, …) when one is
    needed; place: gives the workspace's time zone, the region of phone numbers without a country, and
    whether the shop is open; library: a flow's name or id → the flow.
    """

    at: str
    load: Callable[[], Json] = dict
    place: Callable[[], tuple[str, str, bool]] = lambda: ("Asia/Jakarta", "ID", True)
    rng: Random = field(default_factory=lambda: Random(0))
    library: Callable[[str], Flow | None] = lambda name: None

    @cached_property
    def fields(self) -> Json:
        """The fields of contact and conversation."""
        return self.load()

    @cached_property
    def _place(self) -> tuple[str, str, bool]:
        return self.place()

    @property
    def region(self) -> str:
        """The country whose phone numbers need no country code."""
        return self._place[1]

    @property
    def is_open(self) -> bool:
        """Whether the shop is open."""
        return self._place[2]

    @property
    def local(self) -> datetime:
        """The time in the workspace's zone."""
        return times.parse(self.at).astimezone(ZoneInfo(self._place[0]))


class Fields(Mapping[str, Any]):
    """What texts and conditions of a flow may name; looked up only when it is named."""

    _MORE = ("open", "today", "time", "language")

    def __init__(self, flow: Flow, kept: Json, around: Around) -> None:
        self.flow = flow
        self.kept = kept
        self.around = around

    def __getitem__(self, name: str) -> Any:
        if name in self.kept:
            return self.kept[name]
        if name in self._MORE:
            return self._more(name)
        return self.around.fields[name]

    def _more(self, name: str) -> Any:
        if name in ("language", "open"):
            return self.flow.language if name == "language" else self.around.is_open
        local = self.around.local
        return local.date().isoformat() if name == "today" else f"{local:%H:%M}"

    def __iter__(self) -> Iterator[str]:
        return iter({**self.around.fields, **dict.fromkeys(self._MORE), **self.kept})

    def __len__(self) -> int:
        return len(list(iter(self)))
