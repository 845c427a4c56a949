"""``replyai plugins``: which there are, which are on, and switching them."""

from typing import Any

import click

from engine import config
from engine.cli.link import running
from engine.config.sections import did_you_mean, nearest


class NotSwitched(Exception):
    """The plugin was not switched; the text says why."""


_workspace = click.option("--workspace", default="main", show_default=True, help="Which workspace.")


@click.group()
def plugins() -> None:
    """List plugins and switch them on or off.

    \b
    Example:  replyai plugins list
              replyai plugins disable labels
    """


@plugins.command("list")
@_workspace
def list_(workspace: str) -> None:
    """List the installed plugins: on or off, since where, and what each does.

    \b
    Example:  replyai plugins list
    """
    settings, registry = _installed()
    stored = _stored(settings, registry, workspace)
    width = max(len("PLUGIN"), *(len(name) for name in registry.plugins)) if registry.plugins else 6
    click.echo(f"{'PLUGIN':{width}}  STATE  {'SET BY':<24}  WHAT IT DOES")
    for name, plugin in sorted(registry.plugins.items()):
        on, where = _state(settings, stored.get(name), plugin, workspace)
        summary = f"cannot be loaded: {plugin.error}" if plugin.error else plugin.summary
        click.echo(f"{name:{width}}  {'on' if on else 'off':<5}  {where:<24}  {summary}")


@plugins.command()
@click.argument("name")
@_workspace
def enable(name: str, workspace: str) -> None:
    """Switch the plugin NAME on, at once, in the running ReplyAI.

    \b
    Example:  replyai plugins enable labels
    """
    _switch(name, True, workspace)


@plugins.command()
@click.argument("name")
@_workspace
def disable(name: str, workspace: str) -> None:
    """Switch the plugin NAME off; it leaves no trace in the pages, and its data stays.

    \b
    Example:  replyai plugins disable labels
    """
    _switch(name, False, workspace)


def _installed() -> tuple[config.Config, Any]:
    from engine import plugins as installed

    settings = config.load()
    return settings, installed.load(settings.plugins_dir)


def _switch(name: str, on: bool, workspace: str) -> None:
    settings, registry = _installed()
    if name not in registry.plugins:
        known = ", ".join(sorted(registry.plugins))
        close = did_you_mean(nearest(name, registry.plugins))
        raise NotSwitched(f"there is no plugin {name}; there are {known}{close}")
    fixed = _from_config(settings, workspace, name)
    if fixed is not None:
        raise NotSwitched(f"plugins.{name}.enabled is set in {fixed[1]}; change it there and start again")
    _ask(settings, name, on, workspace)
    click.echo(f"{name} is {'on' if on else 'off'}")


def _ask(settings: config.Config, name: str, on: bool, workspace: str) -> None:
    from engine.actions import action
    from engine.events import requested

    event = requested(None, [action("plugin.set", plugin=name, enabled=on)])
    with running(settings) as client:
        (result,) = client.submit(workspace, [event])
    for done in result["actions"]:
        if done["type"] == "plugin.set" and done["status"] != "done":
            raise NotSwitched(f"{name} was not switched: {done['reason']}")


def _state(settings: config.Config, stored: Any, plugin: Any, workspace: str) -> tuple[bool, str]:
    fixed = _from_config(settings, workspace, plugin.name)
    if fixed is not None:
        return fixed
    if stored is not None and "enabled" in stored:
        source = (stored.get("sources") or {}).get("enabled", "default")
        if stored.get("switched_off"):
            return bool(stored["enabled"]), "switched off by itself"
        return bool(stored["enabled"]), {"page": "settings page"}.get(source, source)
    return bool(plugin.default), "default"


def _from_config(settings: config.Config, workspace: str, name: str) -> tuple[bool, str] | None:
    found = settings.workspaces.get(workspace)
    value = found.plugins.get(name, {}).get("enabled") if found else None
    if found is None or value is None:
        return None
    return str(value).lower() in ("true", "1", "yes", "on"), found.sources.get(
        f"plugins.{name}.enabled", "settings"
    )


def _stored(settings: config.Config, registry: Any, workspace: str) -> dict[str, Any]:
    from engine.documents import Database
    from engine.store import open_read

    path = settings.workspace_folder(workspace) / "replyai.db"
    if not path.exists():
        return {}
    connection = open_read(path)
    try:
        documents = Database(
            connection=connection, collections=registry.collections, string_ids=True, read_only=True
        )
        return {str(document.doc_id): dict(document) for document in documents.table("plugin").all()}
    finally:
        connection.close()
