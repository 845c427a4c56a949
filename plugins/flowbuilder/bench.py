"""``replyai bench flows``: what a bot's answer costs, against errbot and opsdroid, and with very many flows.

Ours is measured from the normalised event to the actions, through the engine's own call of hooks (isolation,
schemas and documents decoded afresh included) and the read of the session; nothing is written.
"""

import subprocess
import venv
from pathlib import Path
from statistics import median

from engine.bench import Hearing, chat_of, row, seconds, written

from .checking import loaded
from .compiled import hash_of
from .peers import REQUIREMENTS

AT = "2031-01-01T00:00:00.000000Z"
PEERS = Path(__file__).with_name("peers.py")
MANY_FLOWS, MANY_SESSIONS = 1_000, 100_000


def keywords(number):
    """Return a flow that answers so many keywords, each by one message, after which it ends."""
    options = [{"id": str(n + 1), "title": f"keyword{n}"} for n in range(number)]
    answers = [{"id": f"a{n}", "kind": "message", "text": f"answer {n}"} for n in range(number)]
    to = {f"option.{n + 1}": f"a{n}" for n in range(number)}
    menu = {"id": "menu", "kind": "menu", "text": "?", "options": options, "list_options": False, "to": to}
    return _flow("Keywords", [menu, *answers])


def _flow(name, nodes, word="hello"):
    triggers = [{"on": "keyword", "way": "exact", "words": [word]}]
    return {"name": name, "language": "en", "start": nodes[0]["id"], "triggers": triggers, "nodes": nodes}


def _begun(hearing, definition):
    """Publish a flow, have a customer begin it and return the call that answers the n-th keyword."""
    saved = hearing.ask("flowbuilder.save", definition=definition)
    hearing.ask("flowbuilder.publish", flow=saved["result"]["flow"])
    hearing.writes(1, "hello")
    (message,) = [m for m in hearing.all("message") if m["text"] == "hello"]
    return message


def _caller(hearing, message, text):
    """Return the call that decides on *text* from the customer of *message*."""
    told = {**message, "id": f"BENCH{text}".ljust(26, "x"), "text": text, "gateway_id": text, "at": AT}
    hearing.fill("message", [told])
    event = {**written(chat_of(1), f"BENCH-{text}", text), "at": AT}
    return hearing.caller(event, told, [("flow_session", message["conversation"])])


def _rate(calls, seconds_long):
    """Return the calls per second of all of them in turn."""
    for call in calls:
        if not any(wanted["type"] == "flowbuilder.move" for wanted in call()):
            raise RuntimeError("the flow gave no answer")
    rounds = max(1, int(seconds_long * 5_000 / len(calls)))

    def all_of_them():
        for _ in range(rounds):
            for call in calls:
                call()

    return rounds * len(calls) / seconds(all_of_them)


def _environment(bench, peer):
    """Make the peer's own environment; return its Python."""
    bench.say(f"installing {peer} in an environment of its own")
    folder = bench.folder / peer
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", *REQUIREMENTS[peer]], check=True, capture_output=True
    )
    return python


def _peer(python, peer, number, seconds_long):
    told = subprocess.run(
        [python, PEERS, peer, str(number), str(seconds_long)], capture_output=True, text=True, timeout=300
    )
    if told.returncode:
        raise RuntimeError(f"{peer}: {told.stderr.strip().splitlines()[-1:]}")
    return float(told.stdout.split()[-1])


def against_peers(bench):
    """Answering ten and a hundred keywords, in turn with errbot and opsdroid."""
    pythons = {peer: _environment(bench, peer) for peer in ("errbot", "opsdroid")}
    rounds, length = (1, 0.5) if bench.quick else (5, 2.0)
    for number in (10, 100):
        bench.say(f"answering {number} keywords")
        hearing = Hearing(bench.folder / f"keywords{number}", "flowbuilder")
        try:
            message = _begun(hearing, keywords(number))
            calls = [_caller(hearing, message, f"keyword{n}") for n in range(number)]
            found = [
                (_rate(calls, length), *(_peer(pythons[peer], peer, number, length) for peer in pythons))
                for _ in range(rounds)
            ]
        finally:
            hearing.close()
        ours, errbot, opsdroid = (median(column) for column in zip(*found, strict=True))
        yield row(f"{number} keywords: ours", ours, "/s")
        yield row(f"{number} keywords: errbot {REQUIREMENTS['errbot'][0].partition('==')[2]}", errbot, "/s")
        yield row(
            f"{number} keywords: opsdroid {REQUIREMENTS['opsdroid'][0].partition('==')[2]}", opsdroid, "/s"
        )
        target = {"errbot": "≥ 3", "opsdroid": "≥ 2"} if number == 10 else {"errbot": "", "opsdroid": "≥ 10"}
        yield row(f"{number} keywords: ours over errbot", ours / errbot, "×", target["errbot"])
        yield row(f"{number} keywords: ours over opsdroid", ours / opsdroid, "×", target["opsdroid"])


def _crowd(hearing, flows, sessions):
    """Put very many published flows and open sessions beside the one that is measured."""
    definitions = [loaded(_flow(f"Flow {n}", [SMALL], f"word{n}")) for n in range(flows)]
    hearing.fill("flow_version", (_version(n, d) for n, d in enumerate(definitions)))
    hearing.fill("flow", (_published(n, d) for n, d in enumerate(definitions)))
    hearing.fill("flow_session", (_session(n, n % flows, definitions[n % flows]) for n in range(sessions)))
    hearing.ask("flowbuilder.save", definition=_flow("Last", [SMALL], "last"))  # what follows sees them all


SMALL = {"id": "q", "kind": "ask", "text": "?", "field": "x"}


def _version(number, definition):
    made = {"id": f"version{number}", "flow": f"flow{number}", "number": 1, "definition": definition}
    return {**made, "hash": hash_of(definition), "published_at": AT}


def _published(number, definition):
    made = {
        "id": f"flow{number}",
        "name": definition["name"],
        "enabled": True,
        "published": f"version{number}",
    }
    return {
        **made,
        "number": 1,
        "hash": hash_of(definition),
        "draft": definition,
        "draft_rev": 1,
        "created_at": AT,
    }


def _session(number, flow, definition):
    made = {"id": f"conversation{number}", "conversation": f"conversation{number}", "flow": f"flow{flow}"}
    where = {
        "version": f"version{flow}",
        "number": 1,
        "hash": hash_of(definition),
        "node": "q",
        "state": "asking",
    }
    rest = {
        "started_at": AT,
        "asked_at": AT,
        "due": None,
        "tries": 0,
        "misses": 0,
        "unasked": 0,
    }
    return {**made, **where, **rest, "fields": {}, "rev": 1, "pending": []}


def with_many(bench):
    """The same with ten flows and ten sessions, and with a thousand and a hundred thousand."""
    flows, sessions = (50, 500) if bench.quick else (MANY_FLOWS, MANY_SESSIONS)
    bench.say(f"{flows:,} flows and {sessions:,} open sessions")
    few, many = (Hearing(bench.folder / name, "flowbuilder") for name in ("few", "many"))
    try:
        _crowd(few, 10, 10)
        _crowd(many, flows, sessions)
        answers, begins = [], []
        for hearing in (few, many):
            message = _begun(hearing, keywords(10))
            answers.append([_caller(hearing, message, f"keyword{n}") for n in range(10)])
            hearing.writes(2, "nothing known")
            (unknown,) = [m for m in hearing.all("message") if m["text"] == "nothing known"]
            begins.append([_caller(hearing, unknown, f"word{n}") for n in range(10)])
        for what, (left, right) in (("answer in a session", answers), ("begin by a keyword", begins)):
            pairs = [(_rate(left, 0.5), _rate(right, 0.5)) for _ in range(1 if bench.quick else 9)]
            ratio = median(one / other for one, other in pairs)
            yield row(f"{what}: {flows:,} flows and {sessions:,} sessions over 10", ratio, "×", "≤ 1.3")
    finally:
        few.close()
        many.close()


FIGURES = (against_peers, with_many)
