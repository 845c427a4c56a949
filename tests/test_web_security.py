"""Rules that hold for every route there is."""

import re
from pathlib import Path

import pytest

from engine.schemas import ROLES
from tests.web_stack import DEWI, running
from web.permissions import ANYONE, PERMISSIONS, PUBLIC, rule_of
from web.security import POLICY, SAFE

OPEN = {
    "static",
    "auth.login",
    "auth.log_in",
    "auth.start",
    "auth.use",
    "webhooks.receive",
    "webhooks.confirm",
}
OPEN |= {"health.healthz", "metrics.metrics", "api_docs.openapi", "api_docs.page"}


@pytest.fixture(scope="module")
def stack():
    with running() as found:
        for role in ROLES:
            found.agent(role.title(), role)
        found.writes(DEWI, "halo")
        yield found


def routes(app):
    """Return (endpoint, method, path with made-up values) of every route."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", re.sub(r"<int:[^>]+>", "1", rule.rule))
        path = re.sub(r"<[^>]+>", "x", path)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, path


def test_every_route_has_a_rule(stack):
    missing = [(e, m) for e, m, _ in routes(stack.app) if rule_of(stack.app, e, m) is None]
    assert missing == []


def test_only_the_known_routes_are_open(stack):
    found = {e for e, m, _ in routes(stack.app) if rule_of(stack.app, e, m) == PUBLIC}
    assert {
        e for e in found if e.partition(".")[0] in ("static", "auth", "webhooks", "health", "metrics")
    } <= OPEN
    assert not {e for e in found if "conversation" in e or "message" in e}


def test_nobody_gets_nothing(stack):
    client = stack.app.test_client()
    for endpoint, method, path in routes(stack.app):
        if rule_of(stack.app, endpoint, method) != PUBLIC and endpoint != "feed":
            assert client.open(path, method=method).status_code in (401, 303), (method, path)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_enters_what_the_table_says_and_nothing_else(stack, role):
    browser = stack.signed_in(role)
    for endpoint, method, path in routes(stack.app):
        rule = rule_of(stack.app, endpoint, method)
        if rule == PUBLIC or endpoint in ("feed", "auth.logout"):
            continue
        answer = browser.client.open(path, method=method, headers={"X-CSRF-Token": browser.csrf}, json={})
        allowed = rule == ANYONE or role in PERMISSIONS[rule]
        if not allowed:
            assert answer.status_code == 403, (method, path, rule)
        assert answer.status_code < 500, (method, path, answer.text[:300])


def test_every_unsafe_route_wants_the_token_of_the_session(stack):
    browser = stack.signed_in("admin")
    for endpoint, method, path in routes(stack.app):
        if method in SAFE or path.startswith("/webhooks"):
            continue
        for headers in ({}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": "ÿ"}):
            answer = browser.client.open(path, method=method, headers=headers)
            assert answer.status_code == 403, (endpoint, method, path)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://"]
)
def test_an_unsafe_request_from_another_origin_is_refused(stack, origin):
    browser = stack.signed_in("admin")
    headers = {"X-CSRF-Token": browser.csrf, "Origin": origin}
    answer = browser.client.post("/api/teams", json={"name": "x"}, headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "origin")


def test_one_persons_token_is_not_anothers(stack):
    admin, agent = stack.signed_in("admin"), stack.signed_in("supervisor")
    answer = admin.client.post("/api/teams", json={"name": "x"}, headers={"X-CSRF-Token": agent.csrf})
    assert answer.status_code == 403


def test_every_answer_carries_the_headers(stack):
    browser = stack.signed_in("admin")
    for path in ("/api/conversations", "/login", "/nowhere", "/healthz", "/api/docs"):
        headers = browser.client.get(path).headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"]
        assert "no-store" in headers["Cache-Control"], path
        assert "Cookie" in headers["Vary"]


def test_the_policy_has_no_way_around_it():
    assert "unsafe" not in POLICY and "*" not in POLICY and "http" not in POLICY
    for directive in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "script-src 'self'"):
        assert directive in POLICY


def test_metrics_are_for_this_machine_or_a_token(stack):
    client = stack.app.test_client()
    away = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", **away).status_code == 401
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}, **away).status_code == 401
    headers = {"Authorization": f"Bearer {stack.token('system')}"}
    assert client.get("/metrics", headers=headers, **away).status_code == 200


def test_the_log_has_no_secret_number_or_text(stack):
    browser = stack.browser()
    browser.look("/start/a-token-that-nobody-may-see")
    browser.sign_in("agent@toko.example", "a password in the log")
    stack.writes(DEWI, "rahasia pelanggan")
    written = (stack.data / "log" / "access.log").read_text()
    assert "route=/login" in written
    for secret in ("a-token-that", "a password in", "rahasia", "6281300004521", "agent@toko"):
        assert secret not in written


def test_what_is_written_is_never_part_of_an_address() -> None:
    """Forms that scripts send do nothing by themselves: on a slow line the text stays where it is."""
    root = Path(__file__).parents[1]
    pages = [*root.glob("web/templates/**/*.html"), *root.glob("plugins/*/templates/**/*.html")]
    forms = [(page.name, form) for page in pages for form in re.findall(r"<form[^>]*>", page.read_text())]
    assert len(forms) > 20
    assert [each for each in forms if not re.search(r' method="(post|get|dialog)"', each[1])] == []
