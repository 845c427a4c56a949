"""``replyai explain``: why something is as it is."""

from collections.abc import Iterator
from typing import Any

import click
import orjson

from engine.cli.place import opened, workspace_option

LONGEST = 120


@click.command()
@click.argument("id", metavar="CONVERSATION|MESSAGE|CONTACT|ACTION")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@workspace_option
def explain(id: str, as_json: bool, workspace: str) -> None:
    """Tell why a conversation, message, contact or action is as it is.

    In order: each event, who asked for what with which reason, what came of it, what changed.
    It takes an id, as the API and the journal show it; for a conversation also its number.

    \b
    Example:  replyai explain +6281300004521
              replyai explain 3mpqwk5nb4xeqzt6jvp2slcd7a --json
    """
    from engine import explain as reasons

    with opened(workspace) as place:
        found = reasons.explain(place.documents, place.connection, id)
        if as_json:
            click.echo(orjson.dumps(found).decode())
            return
        for line in told(place.documents, found):
            click.echo(line)


def told(documents: Any, found: dict[str, Any]) -> Iterator[str]:
    """Yield an explanation as lines for people."""
    contact = found["contact"]
    phone = f" ({contact['phone']})" if contact and contact.get("phone") else ""
    of = f" with {contact['name']}{phone}" if contact else ""
    yield f"{found['kind'].capitalize()} {found['id']}{of}"
    for step in found["steps"]:
        yield ""
        yield from _step(documents, step)


def _step(documents: Any, step: dict[str, Any]) -> Iterator[str]:
    from engine.explain import names_in, shown

    event = step["event"]
    by = names_in(documents, {"agent": event["agent"]})["agent"] if event["agent"] else event["origin"]
    at = step["at"][:19].replace("T", " ")
    yield f"{click.style(at, bold=True)}  {event['type']} ({by}), row {step['seq']}"
    if step["said"]:
        yield f"    “{_cut(step['said'])}”"
    for done in step["actions"]:
        yield from _action(by, names_in(documents, done["data"]), done)
    for change in step["changes"]:
        fields = shown(documents, change)
        if change.get("new") or fields:
            yield f"    = {change['collection']} {_pairs(fields) if fields else 'begins'}"
    for error in step["errors"]:
        yield f"    ! {error.get('plugin', 'core')}: {error['error']}"


def _action(by: str, data: dict[str, Any], done: dict[str, Any]) -> Iterator[str]:
    asked = by if done["plugin"] == "agent" else f"{done['plugin']} on {done['hook']}"
    ended = "" if done["status"] == "done" else f": {done['status']}, {done.get('reason')}"
    rest = {key: value for key, value in data.items() if key != "conversation" and value is not None}
    yield f"    → {asked}: {done['type']} {_pairs(rest)}".rstrip() + ended
    if done["why"]:
        yield f"      because {done['why']}"


def _pairs(fields: dict[str, Any]) -> str:
    return _cut(", ".join(f"{key} {_plain(value)}" for key, value in fields.items()))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "+".join(value) or "none"
    return "none" if value is None else orjson.dumps(value).decode()


def _cut(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LONGEST else one_line[: LONGEST - 1] + "…"
