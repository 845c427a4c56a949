"""``replyai search``: find messages by their words, or make the index of them anew."""

import click

from engine import config
from engine.cli.link import running

_PATIENCE = 3600.0  # seconds; about twenty for each million messages


class NothingAsked(Exception):
    """There is nothing to look for; the text says what can be done."""


@click.command()
@click.argument("words", nargs=-1)
@click.option("--rebuild", is_flag=True, help="Make the index anew from the messages and contacts.")
@click.option("--limit", default=20, show_default=True, help="How many at most.")
@click.option("--workspace", default="main", show_default=True, help="Which workspace.")
def search(words: tuple[str, ...], rebuild: bool, limit: int, workspace: str) -> None:
    """Print the newest messages that have all WORDS, as JSON Lines.

    The last word may be a beginning; words in quotes stand side by side. Quote them for the shell too.
    The index is always up to date; --rebuild is for a file that was repaired or changed by hand, and
    holds up writing while it runs.

    \b
    Example:  replyai search 'belum sampai'
              replyai search '"nomor resi"'
              replyai search --rebuild
    """
    settings = config.load()
    if rebuild:
        with running(settings, _PATIENCE) as client:
            names = client.request("search.rebuild", workspace=workspace)
        click.echo(f"made anew: {', '.join(names)}")
    elif words:
        _print(settings, " ".join(words), limit, workspace)
    else:
        raise NothingAsked("say what to look for, or --rebuild")


def _print(settings: config.Config, text: str, limit: int, workspace: str) -> None:
    import orjson

    from engine import plugins
    from engine.store import Reading

    collections = plugins.load(settings.plugins_dir).collections
    documents = Reading(settings.workspace_folder(workspace) / "replyai.db", collections)
    try:
        for found in documents.table("message").find(text, limit=limit)[0]:
            click.echo(orjson.dumps({**found.document}).decode())
    finally:
        documents.connection.close()
