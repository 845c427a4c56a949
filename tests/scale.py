"""A big inbox, made quickly: contacts, conversations in teams and states, labels; without a journal."""

import bisect
import itertools
import random
import sqlite3
from pathlib import Path
from typing import Any

from engine import times
from engine.documents import Database
from engine.plugins import Registry

START = "2031-03-03T01:00:00.000000Z"
STATES = ("open", "snoozed", "resolved")
Document = dict[str, Any]


class Fill:
    """What a big inbox is made of: 15 of 100 conversations are open, a few labels are on very many."""

    def __init__(self, path: Path, registry: Registry, agents: list[str], teams: list[str]) -> None:
        self.connection = sqlite3.connect(str(path), isolation_level=None)
        self.documents = Database(
            connection=self.connection, collections=registry.collections, string_ids=True
        )
        self.agents, self.teams, self.rng = agents, [None, *teams], random.Random(7)

    def run(self, contacts: int, conversations: int, labels: int) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        weights = list(itertools.accumulate(1 / (place + 3) for place in range(labels)))
        self._insert("label", map(label, range(labels)))
        self._insert("contact", map(contact, range(contacts)))
        talks = [self.conversation(n, n % contacts, weights) for n in range(conversations)]
        self._insert("conversation", talks)
        self._insert("message", map(message, talks))
        self.documents.settle()
        self.connection.execute("COMMIT")
        self.connection.close()

    def _insert(self, collection: str, documents: Any) -> None:
        self.documents.table(collection).insert_multiple(documents)

    def conversation(self, number: int, contact: int, weights: list[float]) -> Document:
        (status,) = self.rng.choices(STATES, (15, 3, 82))
        taken = self.rng.random() < 0.6
        at = times.add(START, number * 7 % 400_000)
        return {
            "id": f"conversation{number:08}",
            "account": "toko",
            "chat": f"62813{number:08}@c.us",
            "contact": f"contact{contact:08}",
            "status": status,
            "handler": "nobody" if status != "open" else "agent" if taken else "queue",
            "assignee": self.rng.choice(self.agents) if taken else None,
            "team": self.rng.choice(self.teams),
            "episode": 1,
            "unread": self.rng.choice((0, 0, 0, 1, 4)) if status == "open" else 0,
            "labels": self._labels(weights),
            "last_message_at": at,
            "last_message": {"id": f"message{number:08}", "direction": "in", "kind": "text", "text": "Halo"},
            "created_at": at,
        }

    def _labels(self, weights: list[float]) -> list[str]:
        some = range(self.rng.choice((0, 1, 2, 2, 3, 4)))
        places = {bisect.bisect(weights, self.rng.random() * weights[-1]) for _ in some}
        return [f"label{place:04}" for place in sorted(places)]


def label(number: int) -> Document:
    name = {"id": f"label{number:04}", "name": f"Label {number}", "color": "#1570cd", "order": number * 10}
    return {**name, "archived": False, "created_at": START}


def contact(number: int) -> Document:
    phone = f"+62813{number:08}"
    name = f"Pelanggan {number}"
    return {
        "id": f"contact{number:08}",
        "name": name,
        "names": {"profile": name},
        "phone": phone,
        "aliases": [],
    }


def message(talk: Document) -> Document:
    same = {"conversation": talk["id"], "account": "toko", "at": talk["last_message_at"], "text": "Halo"}
    author = {"kind": "contact", "id": talk["contact"]}
    return {**talk["last_message"], **same, "status": "received", "author": author}
