"""Two believable days of a shop: four agents, labels, sixty conversations, pictures among them.

Everything goes in as one imported set of documents, as a restore would do it, and only into a
workspace that has no conversation yet.
"""

import random
import re
import secrets as randomness
from typing import Any

from engine import config as configuration
from engine import media, times
from engine.actions import action
from engine.client import Client
from engine.demo import talk
from engine.demo.hours import starts
from engine.demo.pictures import PICTURES
from engine.demo.pictures import parcel as picture
from engine.demo.talk import AGENTS, ENGLISH, ENGLISH_SCRIPTS, INDONESIAN_SCRIPTS, LABELS, NAMES, WORDS
from engine.events import event, requested
from engine.facts.messages import snippet
from engine.ids import document_id
from engine.schemas import COLLECTIONS
from engine.settings import PASSWORDS
from engine.store import Reading

Document = dict[str, Any]
ACCOUNT = "demo"
SEED = 20261124
BATCH = 400


__all__ = ["ACCOUNT", "Day", "NotEmpty", "fill", "picture"]


class NotEmpty(RuntimeError):
    """The workspace has conversations already."""


def fill(client: Client, workspace: str = "main") -> str:
    """Fill an empty *workspace*; return the password that the four agents share."""
    settings = configuration.load()
    folder = settings.workspace_folder(workspace)
    reading = Reading(folder / "replyai.db", COLLECTIONS)
    connection = reading.connection
    if connection.execute("SELECT 1 FROM doc_conversation LIMIT 1").fetchone():
        raise NotEmpty(
            f"the workspace {workspace} has conversations already; the demo fills only an empty one"
        )
    salt = connection.execute("SELECT value FROM meta WHERE key = 'media_salt'").fetchone()[0]
    zone = (reading.table("workspace").get(doc_id="main") or {}).get("timezone") or "Asia/Jakarta"
    connection.close()
    client.secret_put(workspace, ACCOUNT, {"webhook_secret": randomness.token_urlsafe(24)})
    documents = Day(times.now(), folder, salt, zone).documents()
    for collection, found in documents.items():
        for start in range(0, len(found), BATCH):
            part = {"documents": {collection: found[start : start + BATCH]}}
            client.submit(
                workspace, [event("documents.imported", f"demo/{collection}/{start}", part, origin="history")]
            )
    _of_the_team(client, workspace, documents)
    return _passwords(client, workspace, documents["agent"])


def _of_the_team(client: Client, workspace: str, documents: dict[str, list[Document]]) -> None:
    """Have the agents write notes and declare fields; a plugin that is off refuses, which does no harm."""
    agents, conversations = documents["agent"], documents["conversation"]
    for label, type, choices in talk.FIELDS:
        made = action("contacts.create_field", label=label, type=type, choices=list(choices))
        client.submit(workspace, [requested(agents[0]["id"], [made])])
    for author, number, text in talk.NOTES:
        said = action("notes.add", conversation=conversations[number]["id"], text=text)
        client.submit(workspace, [requested(agents[author]["id"], [said])])


def _passwords(client: Client, workspace: str, agents: list[Document]) -> str:
    password = "-".join(randomness.token_hex(3) for _ in range(3))
    hashed = PASSWORDS.hash(password)
    for agent in agents:
        client.credential_put(workspace, "password", agent["id"], agent["id"], {"hash": hashed})
    return password


class Day:
    """Makes the documents of the two days that end at *now*."""

    def __init__(self, now: str, folder: Any, salt: str, zone: str = "Asia/Jakarta") -> None:
        self.now = now
        self.folder = folder
        self.salt = salt
        self.zone = zone
        self.chance = random.Random(SEED)
        self.made: dict[str, list[Document]] = {
            name: []
            for name in ("team", "agent", "account", "label", "contact", "media", "message", "conversation")
        }

    def _id(self, what: str, number: int | str) -> str:
        return document_id(f"demo/{what}", "core", number)

    def documents(self) -> dict[str, list[Document]]:
        """Return collection → documents."""
        self._people()
        used = {True: 0, False: 0}
        for number, (name, at) in enumerate(zip(NAMES, starts(self.now, self.zone, len(NAMES)), strict=True)):
            scripts = ENGLISH_SCRIPTS if name in ENGLISH else INDONESIAN_SCRIPTS
            script = scripts[used[name in ENGLISH] % len(scripts)]
            used[name in ENGLISH] += 1
            self._conversation(number, name, script, at)
        return self.made

    def _people(self) -> None:
        for number, (name, email, role, language) in enumerate(AGENTS):
            agent = {"id": self._id("agent", number), "name": name, "email": email, "role": role, "teams": []}
            about = {"active": True, "language": language, "theme": "auto", "created_at": self.now}
            self.made["agent"].append({**agent, **about})
        for number, (name, color) in enumerate(LABELS):
            label = {"id": self._id("label", number), "name": name, "color": color, "order": 10 * number}
            self.made["label"].append({**label, "archived": False, "created_at": self.now})
        account = {
            "id": ACCOUNT,
            "name": ACCOUNT,
            "gateway": "simulator",
            "title": "Toko Utama",
            "settings": {},
        }
        state = {
            "state": "connected",
            "state_at": self.now,
            "state_reason": None,
            "me": {"phone": "+628110000077"},
        }
        kept = {"secrets": ["webhook_secret"], "source": "api", "removed_at": None, "created_at": self.now}
        self.made["account"].append({**account, **state, **kept})

    def _conversation(self, number: int, name: str, script: Document, started: str) -> None:
        phone = f"62813{number:04}{self.chance.randrange(1000, 9999)}"
        contact = {
            "id": self._id("contact", number),
            "name": name,
            "names": {"profile": name},
            "phone": f"+{phone}",
        }
        chat = f"{phone}@c.us"
        self.made["contact"].append({**contact, "aliases": [chat], "created_at": started})
        agent = self.made["agent"][number % len(AGENTS)] if script["taken"] else None
        conversation = {
            "id": self._id("conversation", number),
            "account": ACCOUNT,
            "chat": chat,
            "contact": contact["id"],
            "status": script.get("status", "open"),
            "handler": "nobody" if script.get("status") == "resolved" else "agent" if agent else "queue",
            "assignee": agent["id"] if agent else None,
            "team": None,
            "episode": 1,
            "unread": script.get("unread", 0),
            "labels": [self.made["label"][index]["id"] for index in script["labels"]],
            "created_at": started,
            "opened_at": started,
            "resolved_at": self.now if script.get("status") == "resolved" else None,
            "snoozed_until": None,
        }
        last = self._talk(number, name.split()[0], conversation, contact, agent, script, started)
        self.made["conversation"].append(
            {**conversation, "last_message_at": last["at"], "last_message": snippet(last)}
        )

    def _talk(
        self,
        number: int,
        first_name: str,
        conversation: Document,
        contact: Document,
        agent: Document | None,
        script: Document,
        at: str,
    ) -> Document:
        customer = {"kind": "contact", "id": contact["id"], "name": contact["name"]}
        staff = agent or self.made["agent"][0]
        answering = {"kind": "agent", "id": staff["id"], "name": staff["name"]}
        message: Document = {}
        words = {key: self.chance.choice(found) for key, found in WORDS.items()}
        for turn, (who, text) in enumerate(script["lines"]):
            at = min(times.add(at, 20 + self.chance.random() * 60), self.now)
            incoming = who == "in"
            message = {
                "id": self._id("message", f"{number}/{turn}"),
                "conversation": conversation["id"],
                "account": ACCOUNT,
                "direction": who,
                "kind": "text",
                "text": text.format(name=first_name, **words),
                "media": None,
                "reply_to": None,
                "status": "received" if incoming else "read",
                "status_at": at,
                "at": at,
                "occurred_at": at,
                "author": customer if incoming else answering,
                "why": None,
                "gateway_id": f"DEMO{number:04}{turn:04}",
                "client_id": None,
                "origin": "history",
                "error": None,
            }
            if pictured := re.match(r"\[(\w+)\] ?(.*)", message["text"]):
                self._with_picture(message, number, *pictured.groups())
            self.made["message"].append(message)
        return message

    def _with_picture(self, message: Document, number: int, kind: str, text: str) -> None:
        body = PICTURES[kind](number)
        saved = media.save(self.folder, self.salt, body, "image/png", f"{kind}-{number}.png")
        id = self._id("media", message["id"])
        self.made["media"].append({"id": id, **saved, "conversation": message["conversation"]})
        message.update(
            kind="image", text=text or None, media={"id": id, **saved, "state": "ready", "caption": text}
        )
