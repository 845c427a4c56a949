"""Imports: the documents of an export put into an empty workspace, as the journal's first events."""

import json
import secrets as randomness
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import orjson

from engine.backup import take
from engine.config import Config
from engine.documents import Collection
from engine.events import event
from engine.exports import ABOUT, LEFT_OUT, VERSION
from engine.workspace import Workspace

PART = 1 << 20
"""How many bytes of documents one event holds, about."""
SENT_BEFORE = "imported while it waited to be sent: it may have been sent from where it was exported"
Document = dict[str, Any]
Named = tuple[str, Document]
Submit = Callable[[Document], Any]


class ImportRefused(Exception):
    """Nothing was imported; the text says why."""


def read(file: Path, known: Mapping[str, Collection]) -> Iterator[Named]:
    """Yield ``(collection, document)`` of an export in JSON Lines or TinyDB's form.

    known: the collections that there are, by name; documents of older versions are upgraded.
    Raises ImportRefused, naming the place.
    """
    with file.open("rb") as lines:
        head, entries = _opened(file, lines)
        if head.get("replyai", VERSION) > VERSION:
            raise ImportRefused(f"{file} was written by a newer ReplyAI (format {head['replyai']})")
        versions = head.get("versions", {})
        for place, name, document in entries:
            yield _checked(f"{file}, {place}", name, document, known, versions)


def _opened(file: Path, lines: IO[bytes]) -> tuple[Document, Iterator[tuple[str, Any, Any]]]:
    """Return what an export says of itself, and its entries as (place, collection, document)."""
    try:
        head = orjson.loads(lines.readline())
    except ValueError:
        head = None
    if isinstance(head, dict) and isinstance(head.get("replyai"), int):
        return head, _lines(file, lines)
    try:
        tables = json.loads(file.read_bytes())
        head = tables.pop(ABOUT, {"1": {}})["1"]
        entries = [(f"{t} {n}", t, document) for t, found in tables.items() for n, document in found.items()]
    except (ValueError, AttributeError, TypeError, KeyError):
        raise ImportRefused(
            f"{file} is no export: it takes the files of `replyai export`, jsonl or tinydb"
        ) from None
    return head, iter(entries)


def _lines(file: Path, lines: IO[bytes]) -> Iterator[tuple[str, Any, Any]]:
    for number, line in enumerate(lines, 2):
        try:
            entry = orjson.loads(line)
            yield f"line {number}", entry["collection"], entry["document"]
        except (ValueError, KeyError, TypeError):
            raise ImportRefused(
                f'{file}, line {number}: it takes {{"collection": …, "document": …}}'
            ) from None


def _checked(
    place: str, name: Any, document: Any, known: Mapping[str, Collection], versions: dict[str, int]
) -> Named:
    if not isinstance(name, str) or name not in known:
        raise ImportRefused(f"{place}: no collection {name!r} is known here; is its plugin installed?")
    if not isinstance(document, dict) or not isinstance(document.get("id"), str) or not document["id"]:
        raise ImportRefused(f'{place}: it takes an object with a text "id"')
    version = versions.get(name, known[name].version)
    if version > known[name].version:
        raise ImportRefused(f"{place}: {name} is of a newer {known[name].owner} (version {version})")
    return name, known[name].upgraded(document, version)


def events(found: Iterable[Named], id: str) -> Iterator[Document]:
    """Yield the events that import what was *found*, of about 1 MB each; *id* names the import.

    What waited to be sent where it was exported is *unconfirmed* here: it is for a person to say.
    """
    part, documents, size = 0, {}, 0  # type: tuple[int, dict[str, list[Document]], int]
    for name, document in found:
        if name in LEFT_OUT:
            continue
        documents.setdefault(name, []).append(_here(name, document))
        size += len(orjson.dumps(document))
        if size >= PART:
            yield _event(id, part, documents)
            part, documents, size = part + 1, {}, 0
    if documents:
        yield _event(id, part, documents)


def _event(id: str, part: int, documents: dict[str, list[Document]]) -> Document:
    data = {"import": id, "part": part, "documents": documents}
    return event("documents.imported", f"{id}/{part}", data, origin="history")


def _here(name: str, document: Document) -> Document:
    if name == "message" and document.get("status") in ("queued", "sending"):
        return {**document, "status": "unconfirmed", "error": {"code": None, "reason": SENT_BEFORE}}
    if name == "workspace":
        return {key: value for key, value in document.items() if key != "epoch"}
    return document


def load(file: Path, known: Mapping[str, Collection], submit: Submit) -> int:
    """Import *file*, each event by *submit*; return how many documents. All is read before the first."""
    for _ in read(file, known):
        pass
    count = 0
    for imported in events(read(file, known), randomness.token_hex(8)):
        submit(imported)
        count += sum(map(len, imported["data"]["documents"].values()))
    return count


def into_new(config: Config, registry: Any, workspace: str, file: Path) -> int:
    """Import *file* into a workspace that is not there yet, with nothing running; return how many documents.

    The workspace appears once all of it is there. Raises ImportRefused where it is there already,
    AlreadyRunning or Running where the folder is in use.
    """
    folder, staging = config.workspace_folder(workspace), config.data / ".importing"
    with closing(take(config.data)):
        if folder.exists():
            raise ImportRefused(
                f"{config.data} has a workspace {workspace}; start ReplyAI to import into it while it is "
                "empty, or set REPLYAI_DATA to an empty folder"
            )
        shutil.rmtree(staging, ignore_errors=True)
        try:
            count = _into(Workspace(workspace, staging, registry, None, lambda frames: None), file)
            folder.parent.mkdir(exist_ok=True)
            staging.replace(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return count


def _into(made: Workspace, file: Path) -> int:
    known = {collection.name: collection for collection in made.registry.collections}
    made.writer.start()
    try:
        return load(file, known, lambda imported: made.submit([imported]).result())
    finally:
        made.writer.stop()
        made.writer.join()
