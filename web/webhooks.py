"""Webhooks in: checked on the very bytes, answered 2xx only after the commit that holds them."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from engine import NotUnderstood, where
from engine.client import EngineError
from engine.crash import point
from engine.gateways import NotJson
from engine.secrets import Secrets

from . import metrics
from .engine_link import View
from .parts import parts
from .permissions import public

blueprint = Blueprint("webhooks", __name__)
log = structlog.get_logger("web.webhooks")

Answer = tuple[int, dict[str, Any]]
SIGNALS = ("presence.changed",)


@blueprint.route("/webhooks/<gateway>/<account>", methods=["POST"])
@public
def receive(gateway: str, account: str) -> tuple[dict[str, Any], int]:
    """Take one webhook of an account's gateway."""
    limit = int(parts().setting("webhook_max_bytes", 8 * 1024 * 1024))
    raw = _body(limit)
    if raw is None:
        status, body = _refuse(gateway, "too_large", 413, f"at most {limit} bytes")
    else:
        status, body = ingest(gateway, account, request.headers, raw)
    return body, status


def _body(limit: int) -> bytes | None:
    """Return the request's body, in chunks or not; None where it is longer than *limit*."""
    request.max_content_length = limit + 1  # werkzeug cuts a chunked body there and says nothing
    try:
        raw = request.stream.read()
    except RequestEntityTooLarge:
        return None
    return raw if len(raw) <= limit else None


@blueprint.get("/webhooks/<gateway>/<account>")
@public
def confirm(gateway: str, account: str) -> Any:
    """Answer the GET by which some gateways check that an address is ours; 405 for the others."""
    adapter = parts().registry.gateways().get(gateway)
    check = getattr(adapter, "verify_get", None)
    place = find_account(gateway, account)
    if adapter is None or place is None:
        status, body = _refuse(gateway, "unknown", 404, "there is no such account")
        return body, status
    if check is None:
        return _refuse(gateway, "method", 405, "POST webhooks here")[1], 405, {"Allow": "POST"}
    answer = check(request.args, _secrets(place[0]).get(account))
    if answer is None:
        return _refuse(gateway, "signature", 403, "the verification token is wrong")[1], 403
    return answer, 200, {"Content-Type": "text/plain; charset=utf-8"}


receive.replyai_no_csrf = True  # type: ignore[attr-defined]


def ingest(gateway: str, account: str, headers: Mapping[str, str], raw: bytes) -> Answer:
    """Take one webhook body; return (status, JSON).

    404 unknown account, 401 signature, 400 no JSON, 200 committed (or kept in quarantine). Raises
    EngineAway (503) where the engine does not answer.
    """
    place = find_account(gateway, account)
    if place is None:
        return _refuse(gateway, "unknown", 404, "there is no such account")
    workspace, document = place
    adapter = parts().registry.gateways()[gateway]
    if not _is_signed(adapter, headers, raw, _secrets(workspace).get(account)):
        return _refuse(gateway, "signature", 401, "the signature is wrong or missing")
    try:
        events = adapter.parse(raw, account)
    except Exception as error:
        return _unread(workspace, gateway, account, raw, error)
    return _submit(workspace, gateway, account, raw, events, document)


def _unread(workspace: str, gateway: str, account: str, raw: bytes, error: Exception) -> Answer:
    """Answer for a body that its adapter could not read: 400 where it is no JSON, else quarantine."""
    if isinstance(error, NotJson) or not is_json(raw):
        return _refuse(gateway, "no_json", 400, "the body is no JSON")
    if isinstance(error, NotUnderstood):
        return _quarantine(workspace, gateway, account, raw, str(error))
    log.error("a webhook could not be read", gateway=gateway, exc_info=error)
    return _quarantine(workspace, gateway, account, raw, f"the adapter failed: {type(error).__name__}")


def _submit(
    workspace: str,
    gateway: str,
    account: str,
    raw: bytes,
    events: list[dict[str, Any]],
    document: dict[str, Any],
) -> Answer:
    for event in events:
        if event["type"] in SIGNALS:
            _signal(workspace, document["id"], event)
    facts = [event for event in events if event["type"] not in SIGNALS]
    if not facts:
        metrics.webhooks.labels(gateway, "signal").inc()
        return 200, {"status": "ok", "events": 0}
    point("received")
    try:
        kept = {"gateway": gateway, "account": account, "body": raw, "reason": None}
        results = parts().client.submit(workspace, facts, raw=kept)
    except (EngineError, TypeError, ValueError, OverflowError) as error:
        return _quarantine(workspace, gateway, account, raw, f"the engine refused it: {error}")
    known = all(result.get("duplicate") for result in results)
    metrics.webhooks.labels(gateway, "duplicate" if known else "stored").inc()
    return 200, {"status": "ok", "events": len(facts), "duplicate": known}


def _quarantine(workspace: str, gateway: str, account: str, raw: bytes, reason: str) -> Answer:
    """Keep what cannot be understood where an integrator sees it; the gateway is told all is well."""
    reason = reason.encode("utf-8", "replace").decode()[:500]
    kept = {"gateway": gateway, "account": account, "body": raw, "reason": reason}
    parts().client.submit(workspace, [], raw=kept)
    metrics.webhooks.labels(gateway, "quarantine").inc()
    return 200, {"status": "quarantined", "reason": reason}


def _refuse(gateway: str, result: str, status: int, message: str) -> Answer:
    known = gateway if gateway in parts().registry.gateways() else "unknown"
    metrics.webhooks.labels(known, result).inc()
    return status, {"error": {"code": result, "message": message, "fields": {}}}


def _is_signed(adapter: Any, headers: Mapping[str, str], raw: bytes, secrets: Mapping[str, str]) -> bool:
    try:
        return bool(adapter.verify(headers, raw, secrets))
    except Exception:
        log.exception("a signature could not be checked", gateway=adapter.name)
        return False


def is_json(raw: bytes) -> bool:
    """Return whether *raw* is JSON, however odd; of depth and lone surrogates the adapter decides."""
    try:
        orjson.loads(raw)
        return True
    except orjson.JSONDecodeError:
        pass
    try:
        json.loads(raw)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return False
    except (RecursionError, ValueError):
        return True  # nested too deeply, or a number too long: well-formed, but not to be read
    return True


def find_account(gateway: str, account: str) -> tuple[str, dict[str, Any]] | None:
    """Return (workspace, document) of an account on *gateway*, in whichever workspace it is; or None."""
    held = parts()
    for workspace in held.workspaces():
        known = held.known.get((workspace, "accounts"), lambda w=workspace: _accounts(w))
        if account not in known and len(account) < 64:
            known = _accounts(workspace)
        document = known.get(account)
        if document and document["gateway"] == gateway and not document.get("removed_at"):
            return (workspace, document) if gateway_on(workspace, gateway) else None
    return None


def gateway_on(workspace: str, gateway: str) -> bool:
    """Return whether the gateway is there and its plugin is on."""
    held = parts()
    return gateway in held.registry.gateways() and gateway not in held.reads.hidden(workspace)


def _accounts(workspace: str) -> dict[str, dict[str, Any]]:
    def rows(view: View) -> dict[str, dict[str, Any]]:
        return {row.doc_id: {**row, "id": row.doc_id} for row in view.db.table("account").all()}

    found: dict[str, dict[str, Any]] = parts().reads.run(workspace, None, rows)
    return found


_stores: dict[tuple[str, str | None], Secrets] = {}


def _secrets(workspace: str) -> Secrets:
    config = parts().config
    key = str(config.data / "w" / workspace), config.secret_key
    if key not in _stores:
        _stores[key] = Secrets(key[0], config.secret_key)
    return _stores[key]


def _signal(workspace: str, account: str, event: dict[str, Any]) -> None:
    """Tell the browsers what matters only now: a customer types."""
    chat = event["data"].get("peer", {}).get("chat_id")
    query = (where("account") == account) & (where("chat") == chat)

    def find(view: View) -> str | None:
        found = view.db.table("conversation").get(query)
        return found.doc_id if found else None

    conversation = parts().reads.run(workspace, None, find)
    if conversation:
        data = {"conversation": conversation, "state": event["data"].get("state")}
        parts().client.signal(workspace, "presence", data)
