"""What may be asked for, by which way in, and what is told of a request that is shaped wrongly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.client import EngineAway
from web.security import SAFE

from .test_web_security import routes
from .web_stack import DEWI, PASSWORD, Browser, Stack, running

HANDLERS = '''
"""An action that fails, and one whose code is wrong before it."""
from engine import ActionSchema, handles

@handles("bad.fail", ActionSchema, permission="conversation.write")
def fail(data, tx):
    """Fail."""
    raise KeyError("colour")
'''
ROUTES = '''
"""A page with a mistake in it."""
from flask import Blueprint
from web import requires

blueprint = Blueprint("bad_pages", __name__)

@blueprint.get("/bad")
@requires()
def page():
    """Add a number to a text."""
    return "1" + 1
'''


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    plugins = tmp_path_factory.mktemp("plugins")
    bad(plugins / "bad")
    with running(plugins) as found:
        found.app.testing = False
        for name, role in (("Ayu", "admin"), ("Sari", "agent"), ("Ivan", "integrator")):
            found.agent(name, role)
        found.writes(DEWI, "Halo")
        yield found


def bad(folder: Path) -> None:
    folder.mkdir()
    (folder / "plugin.toml").write_text('name = "bad"\nversion = "1"\nsummary = "Fails."\n')
    (folder / "__init__.py").write_text('"""Fails."""\n')
    (folder / "handlers.py").write_text(HANDLERS)
    (folder / "routes.py").write_text(ROUTES)


@pytest.fixture(scope="module")
def sari(stack: Stack) -> Browser:
    return stack.signed_in("Sari")


@pytest.fixture(scope="module")
def ayu(stack: Stack) -> Browser:
    return stack.signed_in("Ayu")


def asks(browser: Browser, body: Any) -> Any:
    return browser.client.post("/inbox/act", json=body, headers={"X-CSRF-Token": browser.csrf})


@pytest.mark.parametrize(
    "body",
    [
        [1],
        "x",
        7,
        None,
        {"type": ["conversation.take"], "data": {}},
        {"type": "conversation.take", "data": [1]},
        {"type": "conversation.take", "data": "abc"},
        {"type": "conversation.take", "data": {"conversation": "DEWI"}, "client_id": {"a": 1}},
        {"type": "conversation.take", "data": {"conversation": "DEWI"}, "client_id": "x" * 201},
        {"type": "conversation.take", "data": {"conversation": ["DEWI"]}},
        {"type": "message.send", "data": {"conversation": "DEWI", "kind": "location", "text": "here"}},
        {"type": "message.send", "data": {"conversation": "DEWI", "kind": "image", "text": "here"}},
        {"type": "message.send", "data": {"conversation": "DEWI", "text": "a", "media": {"token": 7}}},
    ],
)
def test_a_wrong_shape_is_told_as_such(stack: Stack, sari: Browser, body: Any) -> None:
    id = stack.conversation(DEWI)["id"]
    if isinstance(body, dict) and isinstance(body["data"], dict):
        body["data"] = {key: id if value == "DEWI" else value for key, value in body["data"].items()}
    answer = asks(sari, body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json["error"]["message"] and "Unicode" not in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/accounts", {"name": "w2", "gateway": "waha", "url": "http://x", "settings": "abc"}),
        ("/accounts", {"name": "w2", "gateway": "waha", "url": "http://x", "settings": [1]}),
        ("/accounts", {"name": "w3", "gateway": "simulator", "webhook_secret": {"a": 1}}),
        ("/accounts", {"name": "w3", "gateway": ["simulator"]}),
        ("/accounts", [1]),
        ("/conversations/DEWI/actions", {"type": "assign", "data": {"agent": ["x"]}}),
        ("/conversations/DEWI/actions", {"type": "take", "data": "abc"}),
        ("/conversations/DEWI/actions", {"type": "take", "client_id": {"a": 1}}),
        ("/conversations/DEWI/actions", {"type": ["take"]}),
        ("/conversations/DEWI/actions", "x"),
        ("/conversations/DEWI/messages", {"text": "here", "kind": "location"}),
        ("/conversations/DEWI/messages", {"text": "x", "client_id": {"a": 1}}),
        ("/conversations/DEWI/messages", {"text": "x", "media": [1]}),
        ("/tokens", [1]),
        ("/agents", "x"),
        ("/teams", {"name": ["x"]}),
        ("/labels", [1]),
    ],
)
def test_the_api_tells_a_wrong_shape_as_such(stack: Stack, path: str, body: Any) -> None:
    path = path.replace("DEWI", stack.conversation(DEWI)["id"])
    status, answer = stack.api("system")("POST", path, json=body)
    assert status in (400, 422), (status, answer)
    assert "Unicode" not in answer["error"]["message"]


@pytest.mark.parametrize("who", ["Ayu", "Ivan"])
@pytest.mark.parametrize(
    "action",
    [
        {"type": "account.put", "data": {"name": "leak", "gateway": "simulator"}},
        {"type": "account.remove", "data": {"account": "toko"}},
        {"type": "plugin.set", "data": {"plugin": "sender", "enabled": False}},
        {"type": "agent.invite", "data": {"name": "X", "email": "x@toko.example", "role": "admin"}},
        {"type": "workspace.update", "data": {"name": "X"}},
    ],
)
def test_the_inbox_changes_no_settings(stack: Stack, who: str, action: dict[str, Any]) -> None:
    assert asks(stack.signed_in(who), action).status_code == 403


def test_what_the_inbox_is_for_still_works(stack: Stack, sari: Browser) -> None:
    id = stack.conversation(DEWI)["id"]
    sent = {"type": "message.send", "data": {"conversation": id, "text": "Ya, buka."}, "client_id": "a-1"}
    named = {"type": "contact.update", "data": {"contact": stack.conversation(DEWI)["contact"], "name": "D"}}
    for action in ({"type": "conversation.take", "data": {"conversation": id}}, sent, named):
        assert asks(sari, action).status_code == 200


@pytest.fixture
def settings(stack: Stack) -> Any:
    """Ask for an action as a settings page of a plugin may: through `web.act`, as the admin."""

    def ask(type: str, **data: Any) -> str:
        from web import act
        from web.errors import Problem

        with stack.app.test_request_context("/api", headers=stack.api("system").headers):
            stack.app.preprocess_request()
            try:
                act([{"type": type, "data": data}])
            except Problem as problem:
                return f"{problem.status} {sorted(problem.fields)}"
        return "done"

    return ask


def test_a_gateways_own_schema_takes_its_settings_whatever_the_way_in(stack: Stack, settings: Any) -> None:
    put = {"name": "w4", "gateway": "waha"}
    good = {"url": "http://localhost:3000"}
    assert settings("account.put", **put, settings={**good, "api_key": "TOPSECRET"}) == "422 ['api_key']"
    assert settings("account.put", **put, settings=good) == "422 ['settings']"  # it lacks its secret
    secrets = ["webhook_secret"]
    for wrong in ({"url": "nowhere"}, {}, {**good, "speed": 9}, {**good, "session": "a b"}):
        assert settings("account.put", **put, settings=wrong, secrets=secrets) == "422 ['settings']"
    assert settings("account.put", **put, settings=good, secrets=secrets, source="file") == "422 ['source']"
    assert settings("account.put", name="w4", gateway="pigeon") == "422 ['gateway']"
    assert "w4" not in {each["id"] for each in stack.all("account")}
    assert settings("account.put", **put, settings=good, secrets=secrets) == "done"
    assert stack.rows("SELECT count(*) FROM journal WHERE body LIKE '%TOPSECRET%'") == [(0,)]


def test_a_plugins_own_schema_takes_its_settings_whatever_the_way_in(stack: Stack, settings: Any) -> None:
    for wrong in ({"attempts": "many"}, {"attempts": 99}, {"speed": 9}):
        assert settings("plugin.set", plugin="sender", settings=wrong) == "422 ['settings']"
    assert settings("plugin.set", plugin="sender", settings={"attempts": "4"}) == "done"
    (sender,) = [each for each in stack.all("plugin") if each["id"] == "sender"]
    assert sender["settings"]["attempts"] == 4


def test_an_action_that_fails_is_final(stack: Stack, sari: Browser) -> None:
    answer = asks(sari, {"type": "bad.fail", "data": {}})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "action_failed")


def test_a_mistake_in_the_code_is_not_told_as_a_mistake_of_the_asker(sari: Browser) -> None:
    assert sari.client.get("/bad").status_code == 500


def test_a_role_that_changes_while_the_engine_goes_away_breaks_no_page(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    rina = stack.agent("Rina")
    browser = stack.signed_in("Rina")
    cookie = browser.cookie()
    stack.ask("agent.update", agent=rina, role="supervisor")

    def away(*_: Any, **__: Any) -> None:
        raise EngineAway("restarting")

    for name in ("credential_put", "credential_delete"):
        monkeypatch.setattr(stack.held.client, name, away)
    stack.held.known.drop("main", "session")
    assert browser.client.get("/inbox").status_code == 200
    assert browser.cookie() == cookie
    monkeypatch.undo()
    assert browser.client.get("/inbox").status_code == 200
    assert browser.cookie() != cookie


def test_a_number_that_is_removed_leaves_no_secret_on_disk(stack: Stack, ayu: Browser) -> None:
    secrets = stack.data / "w/main/secrets.json"
    for remove in (
        lambda name: stack.api("system")("DELETE", f"/accounts/{name}")[0] == 204,
        lambda name: ayu.post(f"/settings/numbers/{name}/remove").status_code == 303,
    ):
        made = {"name": "gone", "gateway": "simulator", "webhook_secret": "hush hush hush"}
        assert stack.api("system")("POST", "/accounts", json=made)[0] == 201
        assert "hush hush hush" in secrets.read_text()
        assert remove("gone")
        assert "hush hush hush" not in secrets.read_text()
        assert "gone" not in {each["id"] for each in stack.all("account")}


def test_who_is_switched_off_has_no_token_and_no_link_when_switched_on_again(stack: Stack) -> None:
    nia = stack.agent("Nia", "integrator")
    token, link = stack.api(nia), stack.link("invite", nia)
    assert token("GET", "/accounts")[0] == 200
    for active in (False, True):
        assert stack.api("system")("PATCH", f"/agents/{nia}", json={"active": active})[0] == 200
        assert token("GET", "/accounts")[0] == 401
    assert stack.browser().look(link).status_code == 404
    assert stack.browser().sign_in("nia@toko.example", PASSWORD).status_code == 303


@pytest.mark.parametrize("body", [[1], "x", 7, None, {"data": "abc"}, {"settings": [1]}, {"type": {}}])
def test_no_route_breaks_on_an_odd_body(stack: Stack, body: Any) -> None:
    program = stack.api("system")
    for endpoint, method, path in routes(stack.app):
        if method not in SAFE:
            answer = program.client.open(path, method=method, headers=program.headers, json=body)
            assert answer.status_code < 500, (endpoint, method, path, answer.text)
            answer.close()
