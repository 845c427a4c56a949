"""Whether Redis, engine and web server are up, and the line that says so."""

import http.client
import socket
from typing import Any

import redis

from engine.config import Config
from engine.supervisor.signin import make_link

_PATIENCE = 0.5  # seconds; the supervisor does nothing else meanwhile


def redis_answers(client: "redis.Redis[bytes]") -> bool:
    """Whether Redis is up and has loaded its data; a refusal is an answer too."""
    try:
        return bool(client.ping())
    except (redis.BusyLoadingError, redis.ConnectionError, redis.TimeoutError, OSError) as error:
        return isinstance(error, redis.AuthenticationError)
    except redis.ResponseError:
        return True


def engine_problem(config: Config) -> str | None:
    """Return None where the engine answers, else why not."""
    from engine.client import EngineAway

    try:
        client = _client(config)
        try:
            client.ping()
        finally:
            client.close()
    except (EngineAway, OSError) as error:
        return str(error) or type(error).__name__
    return None


def web_answers(listener: socket.socket) -> bool:
    """Whether the web server answers a request, with whatever status."""
    host, port = listener.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(here, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def first_words(config: Config, registry: Any) -> str:
    """Return the line that says where to go, with a one-time link where one could be made."""
    client = _client(config)
    try:
        link = make_link(config, client, registry)
    except Exception as error:  # whatever it is, all else is up
        return f"ReplyAI is ready: {config.address} (no sign-in link: {type(error).__name__}: {error})"
    finally:
        client.close()
    return f"ReplyAI is ready: {link} (signs you in once, within an hour)"


def _client(config: Config) -> Any:
    from engine.client import Client

    return Client(config.data / "engine.sock", timeout=_PATIENCE)
