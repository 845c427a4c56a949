"""The test chat: a draft tried out, a step at a time, by the very function that runs in production.

The page keeps the chat's state and gives it back with each step, so nothing is stored of it.
"""

from typing import Any

from . import beyond, running
from .checking import check, loaded
from .transcripts import BadTranscript, Chat, Unexpected, chat_of, seconds_of

Json = dict[str, Any]
STEPS = 400


def step(definition: Json, steps: list[Json], library: Any = lambda name: None) -> Json:
    """Run a chat's *steps* from its beginning and return where it stands.

    steps: ``{"customer": text}``, ``{"wait": "30 minutes"}``, ``{"service": {…} | "error"}`` or
    ``{"start": trigger}``; the same steps give the same chat. Returns ``{talk, node, state, visited, ended,
    waits, fields, labels, error}``: ``talk`` is what both said (``{"by": "customer" | "bot" | "time" |
    "flow", "text"}``), ``waits`` the seconds until something happens by itself, ``error`` why the last step
    was not possible. BadFlow where the draft has errors.
    """
    chat = chat_of(definition, {}, library)
    talk: list[Json] = []
    error = None
    for each in steps[:STEPS]:
        before = len(chat.did)
        try:
            _do(chat, each, talk)
        except (BadTranscript, Unexpected) as problem:
            error = str(problem)
        talk += [_told(did) for did in chat.did[before:]]
        chat.said.clear()
    return {**_standing(chat), "talk": talk, "error": error}


def _do(chat: Chat, each: Json, talk: list[Json]) -> None:
    ((name, value),) = each.items() if len(each) == 1 else ((None, None),)
    if name == "customer":
        talk.append({"by": "customer", "text": str(value)})
        chat.writes(str(value))
    elif name == "wait":
        talk.append({"by": "time", "text": str(value)})
        chat.waits(seconds_of(value))
    elif name == "service":
        ok = isinstance(value, dict)
        chat.service({"ok": True, "values": value} if ok else {"ok": False, "reason": str(value)})
    elif name == "start":
        chat.starts(str(value))
    else:
        raise BadTranscript("a step is customer, wait, service or start")


def _told(did: Json) -> Json:
    """Return what a chat shows of something that the flow did."""
    if did["do"] == "say":
        return {"by": "bot", "text": did["text"], "node": did["node"], "media": did["media"]}
    return {"by": "flow", **did}


def _standing(chat: Chat) -> Json:
    session = chat.session
    due = session["due"] if session else None
    return {
        "node": session["node"] if session else None,
        "state": session["state"] if session else None,
        "visited": chat.visits,
        "ended": chat.ended,
        "waits": running.times.seconds_between(chat.around.at, due) if due else None,
        "fields": chat.kept(),
        "labels": list(chat.around.fields.get("labels") or []),
    }


def transcript(definition: Json, steps: list[Json], file: str) -> Json:
    """Return the chat as a test: a transcript of the flow in *file*, with what the bot said to each step."""
    chat = chat_of(definition, {})
    talk: list[Json] = []
    for each in steps[:STEPS]:
        try:
            _do(chat, each, [])
        except (BadTranscript, Unexpected):
            continue
        talk.append(each)
        talk += [{"bot": text} for text in chat.said]
        chat.said.clear()
    kept = {key: value for key, value in chat.kept().items() if key not in ("message", "choice")}
    found = {"ended": chat.ended, "fields": kept, "labels": list(chat.around.fields.get("labels") or [])}
    expected = {key: value for key, value in found.items() if value}
    return {"flow": file, "talk": [*talk, *([{"expect": expected}] if expected else ())]}


def problems(definition: Any, documents: Any = None) -> list[Json]:
    """Return what is wrong with a draft, as data; with documents, also with what it names beyond itself."""
    found = check(definition)
    if documents is not None and not any(problem.level == "error" for problem in found):
        found += beyond.problems(documents, loaded(definition))
    return [problem.plain() for problem in found]
