"""``replyai search``: find messages, and what plugins keep in conversations, by their words."""

from typing import TYPE_CHECKING, Any

import click

from engine import config
from engine.cli.link import running

if TYPE_CHECKING:
    from engine.plugins import Registry
    from engine.store import Reading

_PATIENCE = 3600.0  # seconds; about twenty for each million messages


class NothingAsked(Exception):
    """There is nothing to look for; the text says what can be done."""


@click.command()
@click.argument("words", nargs=-1)
@click.option("--rebuild", is_flag=True, help="Make the index anew from the messages and contacts.")
@click.option("--in", "only", help="Only in this collection: message, or one of a plugin such as note.")
@click.option("--limit", default=20, show_default=True, help="How many at most.")
@click.option("--workspace", default="main", show_default=True, help="Which workspace.")
def search(words: tuple[str, ...], rebuild: bool, only: str | None, limit: int, workspace: str) -> None:
    """Print the newest messages, and plugins' documents in conversations, that have all WORDS, as JSON Lines.

    The last word may be a beginning; words in quotes stand side by side. Quote them for the shell too.
    The index is always up to date; --rebuild is for a file that was repaired or changed by hand, and
    holds up writing while it runs.

    \b
    Example:  replyai search 'belum sampai'
              replyai search '"nomor resi"'
              replyai search --in note janji
              replyai search --rebuild
    """
    settings = config.load()
    if rebuild:
        with running(settings, _PATIENCE) as client:
            names = client.request("search.rebuild", workspace=workspace)
        click.echo(f"made anew: {', '.join(names)}")
    elif words:
        _print(settings, " ".join(words), only, limit, workspace)
    else:
        raise NothingAsked("say what to look for, or --rebuild")


def _print(settings: config.Config, text: str, only: str | None, limit: int, workspace: str) -> None:
    import orjson

    from engine import plugins
    from engine.store import Reading

    registry = plugins.load(settings.plugins_dir)
    documents = Reading(settings.workspace_folder(workspace) / "replyai.db", registry.collections)
    try:
        kinds = _kinds(registry, documents)
        if only is not None and only not in kinds:
            raise NothingAsked(f"--in takes one of: {', '.join(kinds)}")
        found = []
        for kind in [only] if only else kinds:
            hits = documents.table(kind).find(text, limit=limit)[0]
            found += [{"collection": kind, **hit.document} for hit in hits]
        found.sort(key=lambda each: each.get("at") or each.get("created_at") or "", reverse=True)
        for each in found[:limit]:
            click.echo(orjson.dumps(each).decode())
    finally:
        documents.connection.close()


def _kinds(registry: "Registry", documents: "Reading") -> list[str]:
    """Return what is searched: messages, and collections of enabled plugins that belong to conversations."""
    stored: dict[Any, Any] = {document.doc_id: document for document in documents.table("plugin").all()}
    names = ["message"]
    for plugin in registry.loaded():
        if stored.get(plugin.name, {}).get("enabled", plugin.default):
            names += [each.name for each in plugin.collections if each.is_in_conversations and each.search]
    return names
