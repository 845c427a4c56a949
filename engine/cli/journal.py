"""``replyai journal`` and ``replyai tail``: what happened, as JSON Lines."""

import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import click

from engine.cli.place import NotThere, Place, opened, workspace_option

PAUSE = 0.2  # seconds between two looks at the file

_conversation = click.option("--conversation", metavar="ID", help="Only what is about this conversation.")
_types = click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    help='Only events or actions of this type, such as "labels.add" or "message.*". May be repeated.',
)


@click.command()
@click.option("--since", metavar="TIME", help="From this time on: 2026-11-24, 2026-11-24T09:30, 2h.")
@click.option("--until", metavar="TIME", help="Before this time.")
@_conversation
@_types
@workspace_option
def journal(
    since: str | None, until: str | None, conversation: str | None, types: tuple[str, ...], workspace: str
) -> None:
    """Print the journal, one transaction a line as JSON.

    Each line has the event, the actions that it caused with who asked for them and why, and
    what changed in which document. ReplyAI may run or not.

    \b
    Example:  replyai journal --since 2h --type 'labels.*' | jq .actions
    """
    from engine import journal as rows

    with opened(workspace) as place:
        after, last = place.moment(since), place.moment(until)
        first = rows.seq_before(place.connection, after) if after else 0
        end = rows.seq_before(place.connection, last) if last else None
        for row in rows.rows(place.connection, first, end, _subject(place, conversation)):
            if _wanted(row, types):
                click.echo(row.body)


@click.command()
@click.option("-n", "--lines", default=10, show_default=True, help="How many of the last rows to begin with.")
@_conversation
@_types
@workspace_option
def tail(lines: int, conversation: str | None, types: tuple[str, ...], workspace: str) -> None:
    """Print the last rows of the journal, then each new one as it comes, until you press Ctrl-C.

    \b
    Example:  replyai tail --type message.received | jq -r .event.data.message.text
    """
    with opened(workspace) as place:
        try:
            for row in follow(place, lines, _subject(place, conversation), types):
                click.echo(row.body)
        except KeyboardInterrupt:
            return


def follow(
    place: Place,
    lines: int,
    subject: tuple[str, str] | None,
    types: tuple[str, ...],
    pause: Callable[[float], Any] = time.sleep,
) -> Iterator[Any]:
    """Yield the last *lines* rows that are wanted, then those to come; it looks again after each pause."""
    from engine import journal as rows

    last = rows.last_seq(place.connection)
    yield from _last(place, lines, subject, types, last)
    while True:
        newest = rows.last_seq(place.connection)
        for row in rows.rows(place.connection, last, newest, subject):
            if _wanted(row, types):
                yield row
        last = newest
        pause(PAUSE)


def _last(
    place: Place, lines: int, subject: tuple[str, str] | None, types: tuple[str, ...], until: int
) -> list[Any]:
    """Return the last wanted rows; the journal is read backwards in pieces that double."""
    from engine import journal as rows

    reach = max(lines, 1)
    while True:
        after = max(0, until - reach)
        found = [row for row in rows.rows(place.connection, after, until, subject) if _wanted(row, types)]
        if len(found) >= lines or after == 0:
            return found[len(found) - min(lines, len(found)) :]
        reach *= 2


def _subject(place: Place, conversation: str | None) -> tuple[str, str] | None:
    if conversation is None:
        return None
    if place.documents.table("conversation").get(doc_id=conversation) is None:
        raise NotThere(f"there is no conversation {conversation}")
    return "conversation", conversation


def _wanted(row: Any, types: tuple[str, ...]) -> bool:
    if not types:
        return True
    transaction = row.transaction
    said = [transaction["event"]["type"], *(done["type"] for done in transaction["actions"])]
    return any(fnmatchcase(one, pattern) for one in said for pattern in types)
