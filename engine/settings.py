"""At start: what file, environment and settings page say becomes documents, if it changed."""

import hashlib
from functools import partial
from typing import Any

from argon2 import PasswordHasher
from argon2.low_level import Type

from engine import credentials, times
from engine.config import Config, WorkspaceConfig
from engine.documents import where
from engine.events import content_hash, event, requested
from engine.ids import event_id
from engine.plugins import Plugin
from engine.workspace import Workspace

Document = dict[str, Any]
PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
"""argon2id with the OWASP Password Storage Cheat Sheet's m=19 MiB, t=2, p=1."""
DEFAULTS = {"name": "ReplyAI", "language": "id", "timezone": "Asia/Jakarta", "region": "ID"}


def apply(workspace: Workspace, config: Config) -> None:
    """Bring a workspace's documents in line with *config*, in one event; make the first admin."""
    wanted = config.workspaces.get(workspace.name) or WorkspaceConfig(workspace.name)
    documents = workspace.reading()
    found: dict[str, list[Document]] = {
        "workspace": _workspace(documents, wanted),
        "plugin": [
            d for plugin in workspace.registry.plugins.values() if (d := _plugin(documents, plugin, wanted))
        ],
        "account": _accounts(workspace, documents, wanted),
    }
    changed = {collection: new for collection, new in found.items() if new}
    if changed:
        data = {"documents": changed}
        key = f"{_changes_before(documents)}/{content_hash(data)[:32]}"
        done = workspace.submit([event("settings.changed", key, data, origin="system")]).result()[0]
        if done.get("error"):
            raise RuntimeError(f"the settings could not be taken over: {done['error']}")
    documents.connection.close()
    if workspace.name == "main":
        _first_admin(workspace, config)


def _changes_before(documents: Any) -> int:
    """Return how often settings changed before: so the same change has the same id again after a crash."""
    prefix = event_id(None, "settings.changed", "")
    found = documents.connection.execute(
        "SELECT count(*) FROM journal WHERE event_id >= ? AND event_id < ?", (prefix, prefix[:-1] + "0")
    )
    return int(found.fetchone()[0])


def _get(documents: Any, collection: str, id: str) -> Document:
    found: Document = documents.table(collection).get(doc_id=id) or {}
    return found


def _workspace(documents: Any, wanted: WorkspaceConfig) -> list[Document]:
    before = _get(documents, "workspace", "main")
    fields = {key: before.get(key, default) for key, default in DEFAULTS.items()}
    sources = {key: wanted.sources[key] for key in wanted.settings if key in wanted.sources}
    fields.update(wanted.settings, sources=sources, created_at=before.get("created_at") or times.now())
    differs = any(before.get(key) != value for key, value in fields.items())
    return [{"id": "main", **fields}] if differs else []


def _plugin(documents: Any, plugin: Plugin, wanted: WorkspaceConfig) -> Document | None:
    """Return a plugin's document as it is to be now, or None where it is so already."""
    before = _get(documents, "plugin", plugin.name)
    page = before.get("page", {})
    fixed = dict(wanted.plugins.get(plugin.name, {}))
    enabled = fixed.pop("enabled", page.get("enabled", plugin.default))
    if before.get("switched_off"):
        enabled = False
    settings = {**(plugin.defaults() if plugin.module else {}), **page.get("settings", {}), **fixed}
    sources = dict.fromkeys(page.get("settings", {}), "page")
    if "enabled" in page:
        sources["enabled"] = "page"
    for key in wanted.plugins.get(plugin.name, {}):
        sources[key] = wanted.sources.get(f"plugins.{plugin.name}.{key}", "replyai.toml")
    document = {
        "id": plugin.name,
        "enabled": bool(enabled) and plugin.module is not None,
        "settings": settings,
        "sources": sources,
        "page": page,
        "version": plugin.version,
        "summary": plugin.summary,
        "error": plugin.error,
    }
    differs = any(before.get(key) != value for key, value in document.items())
    return document if differs else None


def split_secrets(schema: Any, values: Document) -> tuple[Document, dict[str, str]]:
    """Return a gateway account's (settings, secrets), told apart by the schema's ``secret`` fields."""
    secret = {name for name, field in schema().fields.items() if field.metadata.get("secret")}
    settings = {key: value for key, value in values.items() if key not in secret}
    return settings, {key: str(value) for key, value in values.items() if key in secret and value}


def _accounts(workspace: Workspace, documents: Any, wanted: WorkspaceConfig) -> list[Document]:
    """Return the accounts of the file that are new or changed, their secrets stored before."""
    gateways = workspace.registry.gateways()
    found = []
    for name, values in wanted.accounts.items():
        given = dict(values)
        gateway, title = given.pop("gateway"), given.pop("title", None)
        settings, secrets = split_secrets(gateways[gateway].settings, given)
        if secrets != workspace.secrets.get(name):
            workspace.secrets.put(name, dict(secrets))
        before = _get(documents, "account", name)
        fields = {
            "name": name,
            "gateway": gateway,
            "title": title or before.get("title") or name,
            "settings": settings,
            "secrets": sorted(secrets),
            "source": "file",
            "removed_at": None,
        }
        new: Document = {} if before else {"me": None}
        if not before or before.get("removed_at") or before.get("settings") != settings:
            new |= {"state": "unknown", "state_at": times.now(), "state_reason": None}
        if any(before.get(key) != value for key, value in fields.items()):
            found.append({"id": name, **fields, **new, "created_at": before.get("created_at") or times.now()})
    for before in documents.table("account").all():
        if (
            before["source"] == "file"
            and before["id"] not in wanted.accounts
            and not before.get("removed_at")
        ):
            found.append({**before, "source": "api", "removed_at": times.now(), "state": "disconnected"})
    return found


def _first_admin(workspace: Workspace, config: Config) -> None:
    admin = _admin(workspace, config) if config.admin_email and config.admin_password else None
    workspace.writer.do(partial(_forget_env_tokens, keep=config.api_token)).result()
    if config.api_token:
        key = hashlib.sha256(config.api_token.encode()).hexdigest()
        data = {"name": "REPLYAI_API_TOKEN", "env": True}
        agent = admin or "system"
        workspace.writer.do(lambda c: credentials.put(c, "token", key, agent, data, None)).result()


def _forget_env_tokens(connection: Any, keep: str | None) -> None:
    """Delete the tokens of earlier values of REPLYAI_API_TOKEN: a leaked one is changed by changing it."""
    kept = hashlib.sha256(keep.encode()).hexdigest() if keep else None
    for token in credentials.of_kind(connection, "token"):
        if token["data"].get("env") and token["key"] != kept:
            credentials.delete(connection, "token", token["key"], None)


def _admin(workspace: Workspace, config: Config) -> str | None:
    email = str(config.admin_email).strip().lower()
    documents = workspace.reading()
    found = documents.table("agent").search(where("email") == email)
    if found:
        agent = str(found[0]["id"])
    else:
        name = email.partition("@")[0].replace(".", " ").title()
        data = {"name": name, "email": email, "role": "admin"}
        asked = requested(None, [{"type": "agent.invite", "data": data}], f"admin/{email}")
        done = workspace.submit([asked]).result()[0]["actions"][0]
        if done["status"] != "done":
            raise ValueError(f"REPLYAI_ADMIN_EMAIL: {done['reason']}")
        agent = done["result"]["agent"]
    has_password = credentials.get(documents.connection, "password", agent)
    documents.connection.close()
    if not has_password:
        hash = PASSWORDS.hash(str(config.admin_password))
        workspace.writer.do(
            lambda c: credentials.put(c, "password", agent, agent, {"hash": hash}, None)
        ).result()
    return agent
