"""What a worker does with one job: prove that it may call, call, tell what came of it."""

import secrets as randomness
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import redis as redis_client

from engine import book, media, times
from engine.config import Config
from engine.crash import point
from engine.plugins import Registry
from engine.redis import Keys, installation
from engine.secrets import Secrets
from engine.store import Reading

MARK_SECONDS = 30 * 86400
MARK_DURABLE_MS = 2000
NOT_DURABLE = "the mark could not be made durable"
TELL_PAUSES = (0.1, 0.2, 0.5, 1, 2, 3, 5, 5, 5, 5)
Document = dict[str, Any]


class NotAMessage(LookupError):
    """What was to be sent to a customer is no message of ours: it is not sent."""


class OnlyMessages:
    """A gateway's adapter that sends and looks for documents of the collection ``message`` and nothing else.

    So what the team writes for itself reaches no customer, whatever a plugin hands over: what is given
    has to be an outgoing message, of the conversation and with the text that are stored.
    """

    def __init__(self, adapter: Any, context: "Context") -> None:
        self._adapter = adapter
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def send(self, message: Document, *rest: Any) -> Any:
        """Send *message* as `engine.Gateway.send` does; NotAMessage where it is none."""
        self._check(message)
        return self._adapter.send(message, *rest)

    def find(self, message: Document, *rest: Any) -> Any:
        """Look for *message* as `engine.Gateway.find` does; NotAMessage where it is none."""
        self._check(message)
        return self._adapter.find(message, *rest)

    def _check(self, message: Document) -> None:
        stored = self._context.get("message", str(message.get("id")))
        if stored is None or stored["direction"] != "out":
            raise NotAMessage(f"{message.get('id')} is no message that can be sent")
        if any(message.get(key) != stored.get(key) for key in ("conversation", "account", "text")):
            raise NotAMessage(f"{message['id']} is not what is stored of this message")


class Context:
    """What a job's function works with, besides its arguments.

    documents: the workspace's documents, read-only, as they are now.   job: the id of this attempt.
    """

    def __init__(self, config: Config, registry: Registry, job: Document, opened: "Opened") -> None:
        self.folder = config.data / "w" / job["workspace"]
        self.documents = opened.reading(self.folder / "replyai.db", registry)
        self.job = str(job["id"])
        self._registry = registry
        self._secrets = Secrets(self.folder, config.secret_key)
        self._until = time.monotonic() + job["deadline"]

    def get(self, collection: str, id: str) -> Document | None:
        """Return a document or None."""
        found: Any = self.documents.table(collection).get(doc_id=id)
        return found  # type: ignore[no-any-return]

    def gateway(self, account: str) -> tuple[Any, Document, dict[str, str]]:
        """Return (adapter, account document, its secrets); LookupError where there is none."""
        document = self.get("account", account)
        adapter = self._registry.gateways().get(document["gateway"]) if document else None
        if document is None or adapter is None:
            raise LookupError(f"the number {account} or its gateway is not there")
        return OnlyMessages(adapter, self), document, self._secrets.get(account)

    def remaining(self) -> float:
        """Return the seconds that this job still has, at least a tenth."""
        return max(0.1, float(self._until) - time.monotonic())

    @property
    def late(self) -> bool:
        """Whether this job's time is over, as after a stop of the whole process."""
        return bool(time.monotonic() >= self._until)

    def media_path(self, hash: str) -> Path:
        """Return where the bytes of a medium lie."""
        return media.path(self.folder, hash)

    def save_media(self, body: bytes, mime: str | None, filename: str | None) -> Document:
        """Keep *body*; return ``{hash, mime, filename, size, width, height, kind}``."""
        row = self.documents.connection.execute("SELECT value FROM meta WHERE key = 'media_salt'").fetchone()
        return media.save(self.folder, row[0], body, mime, filename)


class Opened:
    """Files of workspaces that a worker holds open from job to job; one that was replaced is opened anew."""

    def __init__(self) -> None:
        self._held: dict[Path, tuple[int, Reading]] = {}

    def reading(self, path: Path, registry: Registry) -> Reading:
        """Return the documents in *path* as they are now, whenever they are asked for."""
        number = path.stat().st_ino if path.exists() else 0
        held = self._held.get(path)
        if held is None or held[0] != number:
            if held is not None:
                held[1].connection.close()
            held = self._held[path] = number, Reading(path, registry.collections)
        return held[1]

    def close(self) -> None:
        """Let the files go."""
        for _number, reading in self._held.values():
            reading.connection.close()
        self._held.clear()


def fetch_media(args: Document, context: Context) -> Document:
    """Fetch the file of a message that came in: ``{outcome: fetched | failed, id, hash, …}``."""
    message = context.get("message", args["message"])
    if message is None or not message.get("media"):
        return {"outcome": "failed", "reason": "the message is gone"}
    adapter, account, secrets = context.gateway(message["account"])
    ref = message["media"]
    try:
        found = adapter.fetch_media(ref["ref"], account, secrets, context.remaining())
    except Exception as error:
        return {"outcome": "failed", "reason": str(error)[:300]}
    saved = context.save_media(found["body"], found.get("mime") or ref.get("mime"), ref.get("filename"))
    return {"outcome": "fetched", "id": randomness.token_urlsafe(18), **saved}


CORE_JOBS: dict[str, Callable[[Document, Context], Document]] = {
    "media.fetch": fetch_media,
    "book.list": book.list_page,
    "book.gone": book.gone,
}


def may_call(client: "redis_client.Redis[bytes]", keys: Keys, job: Document) -> str | None:
    """Take the mark of this attempt, durably; return None where it may call, else why not."""
    key = keys.mark(job["id"])
    value = orjson.dumps({"at": times.now(), "deadline": job["deadline"]})
    with client.pipeline(transaction=True) as pipe:
        pipe.set(key, value, nx=True, ex=MARK_SECONDS)
        pipe.get(keys.epoch(job["workspace"]))
        won, epoch = pipe.execute()  # WAITAOF comes apart: in one go with these it waits for a tick of 100 ms
    if not won:
        return "another worker or the engine has the mark"
    if job["queue"] != "send":
        return None
    if (epoch or b"").decode() != job["epoch"]:
        return "the job is of an earlier epoch"
    return None if durable(client) else NOT_DURABLE


def durable(client: "redis_client.Redis[bytes]") -> bool:
    """Whether what this client wrote last is on Redis' disk now (WAITAOF, Redis 7.2)."""
    try:
        local: Any = client.execute_command("WAITAOF", 1, 0, MARK_DURABLE_MS)
        return bool(local[0] >= 1)
    except redis_client.ResponseError:
        settings = client.config_get("append*")
        return bool(settings.get("appendonly") == "yes" and settings.get("appendfsync") == "always")


def perform(
    config: Config,
    registry: Registry,
    client: "redis_client.Redis[bytes]",
    job: Document,
    opened: Opened | None = None,
) -> None:
    """Run one attempt of a job, at most once; tell the engine what came of it.

    opened: files that stay open for the next job.
    """
    point("dequeued")
    keys = Keys(installation(config))
    refusal = may_call(client, keys, job)
    if refusal == NOT_DURABLE:
        tell(client, keys, job, {"outcome": "not_sent", "reason": refusal})
    if refusal:
        return
    point("pre_http")
    held = opened or Opened()
    try:
        result = _run(config, registry, job, held)
    finally:
        if opened is None:
            held.close()
    point("post_http")
    tell(client, keys, job, result)


def _run(config: Config, registry: Registry, job: Document, opened: Opened) -> Document:
    function = registry.jobs().get(job["name"])
    if function is None:
        return {"outcome": "not_sent", "reason": f"no plugin here has the job {job['name']}"}
    try:
        context = Context(config, registry, job, opened)
    except Exception as error:
        return {"outcome": "not_sent", "reason": str(error)[:300]}
    try:
        result: Document = function(job["args"], context)
        orjson.dumps(result)
        return result
    except LookupError as error:
        return {"outcome": "not_sent", "reason": str(error)[:300]}
    except Exception as error:
        return {"outcome": "unknown", "reason": f"{type(error).__name__}: {error}"[:300]}


def tell(client: "redis_client.Redis[bytes]", keys: Keys, job: Document, result: Document) -> None:
    """Put a result where the engine reads it; Redis may be away for a while."""
    fields: Any = {"workspace": job["workspace"], "job": job["id"], "result": orjson.dumps(result)}
    for pause in (*TELL_PAUSES, None):
        try:
            client.xadd(keys.results, fields)
            return
        except (redis_client.ConnectionError, redis_client.TimeoutError, redis_client.BusyLoadingError):
            if pause is None:
                raise
            time.sleep(pause)


class _Environment:
    """What a worker process keeps from job to job, made at its first."""

    def __init__(self) -> None:
        from engine import plugins
        from engine.config import load
        from engine.redis import connect

        self.config = load()
        self.registry = plugins.load(self.config.plugins_dir)
        self.client = connect(self.config)
        self.opened = Opened()


_environment: _Environment | None = None


def run(job: Document) -> None:
    """Run one job in this worker process; RQ calls it by name with the job as JSON."""
    global _environment
    if _environment is None:
        _environment = _Environment()
    held = _environment
    perform(held.config, held.registry, held.client, job, held.opened)
