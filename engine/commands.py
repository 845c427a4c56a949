"""What plugins' commands are made of: reading a workspace, and having its engine do something."""

from typing import Any

from engine import config
from engine.actions import Action
from engine.cli.link import running
from engine.cli.place import NotThere, Place, opened, workspace_option
from engine.events import requested

__all__ = ["NotDone", "NotThere", "Place", "ask", "opened", "workspace_option"]


class NotDone(Exception):
    """An action was refused or failed; the text says why."""


def ask(workspace: str, actions: list[Action]) -> list[dict[str, Any]]:
    """Have the running engine do *actions*, all in one transaction; return what came of each.

    NotDone where one of them was not done; an error in words where nothing is running.
    """
    with running(config.load()) as client:
        (result,) = client.submit(workspace, [requested(None, actions)])
    for done in result["actions"]:
        if done["status"] != "done":
            raise NotDone(done["reason"] or f"{done['type']} was {done['status']}")
    found: list[dict[str, Any]] = result["actions"]
    return found
