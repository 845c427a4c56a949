"""``replyai backup``, ``restore``, ``export``, ``import`` and ``erase``."""

from pathlib import Path

import click

from engine import config
from engine.cli.link import NotRunning, running

_PATIENCE = 3600.0  # seconds: a large file is rewritten
_workspace = click.option("--workspace", default="main", show_default=True, help="Which workspace.")


class NoWorkspace(Exception):
    """There is no workspace of this name; the text says where it was looked for."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Write a backup of everything to the new folder FOLDER.

    ReplyAI may run meanwhile. Messages, media, gateways' keys and replyai.toml are in it, so
    keep it as safe as the data itself. It is whole once it has a manifest.json.

    \b
    Example:  replyai backup /backups/2026-11-24
    """
    from engine.backup import make

    manifest = make(config.load(), folder)
    for name, found in manifest["workspaces"].items():
        click.echo(f"{name}: up to transaction {found['seq']:,}")
        for hash in found["damaged"]:
            click.echo(f"  the medium {hash} is not what was stored under that name", err=True)
    click.echo(f"{len(manifest['files']):,} files in {folder}; `replyai restore {folder}` puts them back")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def restore(folder: Path) -> None:
    """Put the backup in FOLDER into an empty data folder.

    Every file is checked before anything is written. Messages that were being sent when the
    backup was made are shown as unconfirmed afterwards: nothing is sent twice.

    \b
    Example:  REPLYAI_DATA=/srv/replyai replyai restore /backups/2026-11-24
    """
    from engine.backup import restore as put_back

    settings = config.load()
    manifest = put_back(settings, folder)
    where = ", ".join(f"{name} at {found['seq']:,}" for name, found in manifest["workspaces"].items())
    click.echo(f"Restored {where} from {manifest['at']} into {settings.data}")


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", type=click.Choice(["jsonl", "csv", "tinydb"]), default="jsonl", show_default=True
)
@_workspace
def export(target: Path, format_: str, workspace: str) -> None:
    """Write a workspace's documents to TARGET: a file, or with csv a folder.

    All are as they were at one moment; ReplyAI may run meanwhile. Passwords, tokens and keys
    are never in an export, and the media's own bytes are not either: `replyai backup` has all.

    \b
    Example:  replyai export --format tinydb today.json
              python -c 'import tinydb; print(tinydb.TinyDB("today.json").tables())'
    """
    from engine import exports, plugins

    settings = config.load()
    database = settings.workspace_folder(workspace) / "replyai.db"
    if not database.exists():
        raise NoWorkspace(f"there is no workspace {workspace} in {settings.data}; set REPLYAI_DATA")
    collections = plugins.load(settings.plugins_dir).collections
    done = exports.write(database, workspace, collections, format_, target)
    click.echo(f"{done['documents']:,} documents as of transaction {done['seq']:,} in {target}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_workspace
def import_(file: Path, workspace: str) -> None:
    """Import FILE, an export in jsonl or tinydb form, into an empty workspace.

    Where ReplyAI runs it goes into the running workspace, which must have no conversations yet;
    else into a data folder that does not have the workspace. Messages that waited to be sent
    are unconfirmed after it.

    \b
    Example:  REPLYAI_DATA=/srv/replyai replyai import today.jsonl
    """
    from engine import imports, plugins

    settings = config.load()
    registry = plugins.load(settings.plugins_dir)
    try:
        with running(settings, patience=_PATIENCE) as client:
            known = {collection.name: collection for collection in registry.collections}
            count = imports.load(file, known, lambda event: client.submit(workspace, [event]))
    except NotRunning:
        count = imports.into_new(settings, registry, workspace, file)
    click.echo(f"{count:,} documents imported into {workspace}")


@click.command()
@click.argument("contact")
@_workspace
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(contact: str, workspace: str, yes: bool) -> None:
    """Erase all that is personal of CONTACT, an id or a phone number, for good.

    Names, number, texts, media and what plugins noted are gone from documents, journal, raw
    webhooks and the file's free pages; that there was a conversation, and when, stays. Writing
    waits while the file is rewritten. Backups and exports made before are not touched.

    \b
    Example:  replyai erase +6281300004521
    """
    if not yes:
        click.confirm(f"Erase {contact} from {workspace} for good?", abort=True)
    with running(config.load(), patience=_PATIENCE) as client:
        done = client.request("erase", workspace=workspace, contact=contact)
    click.echo(
        f"Erased: {done['messages']:,} messages of {done['conversations']:,} conversations, "
        f"{done['media']:,} media, {done['rows']:,} rows of the journal, {done['raw']:,} raw webhooks"
    )
    if not done["clean"]:
        click.echo("The file's old pages are still being read; they are cleared within the hour.")
