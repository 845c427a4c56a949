"""A hook that never returns: the engine is ended, the plugin skipped, and off the second time."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from engine import plugins
from engine.store import Reading
from tests.fakes.waha import FakeWaha, sign
from tests.processes import Serving, data_folder, until

SECRET = "a-secret-of-the-shop"
ENDLESS = '''
"""Never returns on some messages."""
from engine import hookimpl

@hookimpl
def message_received(message):
    """Loop for ever where the text says so."""
    while "loop" in message["text"]:
        pass
'''


def posted(address: str, body: Any) -> bool:
    """Post one webhook as WAHA does; whether it was answered 2xx."""
    raw = json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/webhooks/waha/toko", raw, sign(raw, SECRET))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def database(data: Path, registry: plugins.Registry) -> Reading:
    return Reading(data / "w" / "main" / "replyai.db", registry.collections)


@pytest.mark.slow
def test_a_hook_that_never_returns_costs_seconds_and_no_message() -> None:
    with data_folder() as data, FakeWaha() as waha:
        folder = data / "mine" / "endless"
        folder.mkdir(parents=True)
        (folder / "plugin.toml").write_text('name = "endless"\nversion = "1"\nsummary = "Loops."\n')
        (folder / "__init__.py").write_text(ENDLESS)
        (data / "replyai.toml").write_text(
            f'plugins_dir = "{folder.parent}"\n[accounts.toko]\ngateway = "waha"\nurl = "{waha.url}"\n'
            f'api_key = "{waha.api_key}"\nwebhook_secret = "{SECRET}"\n'
        )
        serving = Serving(data)
        try:
            address, _ = serving.ready()
            for number, seen in ((1, "has not returned"), (2, "has not returned")):
                body = waha.message("6281300004521@c.us", f"loop {number}", f"LOOP{number}")
                until(lambda body=body: posted(address, body), 60, f"message {number}")
                assert serving.output.count(seen) == number
            documents = database(data, plugins.load(folder.parent))
            texts = sorted(m["text"] for m in documents.table("message").all())
            plugin: Any = documents.table("plugin").get(doc_id="endless")
            assert texts == ["loop 1", "loop 2"]
            assert plugin["enabled"] is False and "second time" in plugin["switched_off"]["reason"]
            third = waha.message("6281300004521@c.us", "loop 3", "LOOP3")
            assert posted(address, third), "the plugin is off: nothing is held up any more"
            documents.connection.close()
        finally:
            serving.stop()
            serving.kill()


AT_START = '''
"""Never returns when it hears that a plugin was switched."""
from engine import hookimpl

@hookimpl
def plugins_switched(event):
    """Loop for ever."""
    while True:
        pass
'''


@pytest.mark.slow
def test_a_plugin_that_sticks_at_start_does_not_keep_everything_from_starting() -> None:
    with data_folder() as data:
        folder = data / "mine" / "tarpit"
        folder.mkdir(parents=True)
        (folder / "plugin.toml").write_text('name = "tarpit"\nversion = "1"\nsummary = "Sticks."\n')
        (folder / "__init__.py").write_text(AT_START)
        (data / "replyai.toml").write_text(f'plugins_dir = "{folder.parent}"\n')
        serving = Serving(data)
        try:
            serving.ready(60)
            assert serving.output.count("has not returned") >= 1
            documents = database(data, plugins.load(folder.parent))
            assert {p["plugin"] for p in documents.table("problem").all()} == {"tarpit"}
            documents.connection.close()
        finally:
            serving.stop()
            serving.kill()
