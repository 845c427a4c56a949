"""Numbers, plugins and the workspace itself, as set from the UI, the API or the command line."""

from typing import Any

from engine import schemas
from engine.actions import Refused, handles
from engine.documents import where
from engine.facts.statuses import put as set_status
from engine.handlers.lookup import existing
from engine.transaction import Transaction

Data = dict[str, Any]


@handles("account.put", schemas.AccountPut, past="account.saved", permission="account.write")
def put_account(data: Data, tx: Transaction) -> Data:
    """Add a number or change how it is reached."""
    id = data["name"]
    before = tx.get("account", id)
    if before and before["source"] == "file" and data["source"] != "file":
        raise Refused(f"{id} is set in replyai.toml and is changed there")
    if before and before["gateway"] != data["gateway"]:
        raise Refused(
            f"{id} is on the gateway {before['gateway']}; remove it first to move it to {data['gateway']}"
        )
    fields = {
        "name": id,
        "gateway": data["gateway"],
        "title": data["title"] or (before or {}).get("title") or id,
        "settings": data["settings"],
        "secrets": sorted(data["secrets"]),
        "source": data["source"],
        "removed_at": None,
    }
    told = {"state": "unknown", "state_at": tx.at, "state_reason": None, "state_told_at": None}
    if not before:
        tx.insert("account", {"id": id, **fields, **told, "me": None, "created_at": tx.at})
    elif before.get("removed_at") or before.get("settings") != data["settings"]:
        tx.update("account", id, {**fields, **told})  # what was told before was told of something else
    else:
        tx.update("account", id, fields)
    return {"account": id}


@handles("account.remove", schemas.OfAccount, past="account.removed", permission="account.write")
def remove_account(data: Data, tx: Transaction) -> None:
    """Take a number out; its conversations stay, and the number's document while it has any."""
    account = existing(tx, "account", data["account"])
    if account["source"] == "file":
        raise Refused(f"{account['id']} is set in replyai.toml and is removed there")
    waiting = (where("account") == account["id"]) & (where("status") == "queued")
    for message in tx.documents.table("message").search(waiting):
        set_status(tx, message, "failed", error={"code": None, "reason": "the number was removed"})
    if tx.documents.table("conversation").contains(where("account") == account["id"]):
        tx.update("account", account["id"], {"removed_at": tx.at, "state": "disconnected", "secrets": []})
    else:
        tx.remove("account", account["id"])


@handles("account.state", schemas.AccountState)
def set_state(data: Data, tx: Transaction) -> None:
    """Say how a number's connection is; only its own gateway's plugin may."""
    account = existing(tx, "account", data["account"])
    if account["gateway"] != tx.asking[0]:
        raise Refused(f"{account['id']} is not on {tx.asking[0]}")
    told = {"state": data["state"], "state_at": tx.at, "state_reason": None, "state_told_at": None}
    tx.update("account", account["id"], told)


@handles("plugin.set", schemas.PluginSet, past="plugins.switched", permission="plugin.write")
def set_plugin(data: Data, tx: Transaction) -> Data:
    """Switch a plugin or change its settings; what a file or the environment fixes is refused."""
    plugin = existing(tx, "plugin", data["plugin"])
    sources, page = plugin.get("sources", {}), dict(plugin.get("page", {}))
    settings = dict(plugin.get("settings", {}))
    wanted = dict(data.get("settings", {}))
    asked = [*wanted, *(["enabled"] if "enabled" in data else [])]
    for key in asked:
        if key == "enabled" and data["enabled"] and plugin.get("switched_off"):
            continue  # a person lifts what the engine switched off, wherever it was switched on
        if sources.get(key, "default") not in ("default", "page"):
            raise Refused(f"{key} of {plugin['id']} is set in {sources[key]} and is changed there")
        sources = {**sources, key: "page"}
    fields: Data = {"sources": sources}
    if "enabled" in data:
        if sources.get("enabled") == "page":
            page["enabled"] = data["enabled"]
        fields["enabled"] = data["enabled"]
        fields["switched_off"] = None
    if wanted:
        page["settings"] = {**page.get("settings", {}), **wanted}
        fields["settings"] = {**settings, **wanted}
    tx.update("plugin", plugin["id"], {**fields, "page": page})
    return {"enabled": fields.get("enabled", plugin["enabled"])}


@handles("workspace.update", schemas.WorkspaceUpdate, past="workspace.updated", permission="workspace.write")
def update_workspace(data: Data, tx: Transaction) -> None:
    """Change what a workspace says of itself."""
    workspace = existing(tx, "workspace", "main")
    if "timezone" in data:
        _check_zone(data["timezone"])
    tx.update("workspace", workspace["id"], data)


def _check_zone(name: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Refused(f"there is no time zone {name!r}; an example is Asia/Jakarta") from error
