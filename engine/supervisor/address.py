"""The web server's listening socket. The supervisor holds it, so that while the web server
is started again nobody is refused: who comes waits."""

import errno
import socket
import sys
from pathlib import Path

from engine.config import Config

_BACKLOG = 2048


class AddressError(Exception):
    """The address cannot be listened on; the text says why and what to do."""


def listen(config: Config) -> socket.socket:
    """Return a socket that listens on the config's host and port (0: a free one)."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise AddressError(f"HOST={config.host} is no address of this machine; try 127.0.0.1") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Of a socket that it is handed gunicorn does not set it: each answer would wait 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressError(_why(config, error)) from None
    return listener


def _why(config: Config, error: OSError) -> str:
    where = f"{config.host}:{config.port}"
    if isinstance(error, PermissionError):
        return f"{where} may not be used: ports below 1024 belong to root; set another, as in PORT=8000"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use by another program; set another port, as in PORT={config.port + 1}"
    return f"{where} cannot be listened on: {error.strerror}; correct HOST or PORT"


def web_command(bind: str) -> list[str]:
    """Return the command of a web server that listens on *bind* (``host:port`` or ``fd://N``)."""
    settings = Path(__file__).with_name("web_server.py")
    return [sys.executable, "-m", "gunicorn", "-c", str(settings), "--bind", bind, "web.app:create_app()"]
