"""Signing in, sessions, one-time links."""

import re

import pytest

from engine import times
from tests.web_stack import PASSWORD, running
from web import passwords
from web.limits import PER_ACCOUNT, PER_ADDRESS, WINDOW, Limits
from web.sessions import digest


@pytest.fixture
def stack():
    with running() as found:
        yield found


def test_a_right_password_begins_a_session(stack):
    stack.agent("Sari")
    browser = stack.browser()
    answer = browser.sign_in("SARI@toko.example ")
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    (session,) = stack.rows("SELECT key, data FROM credential WHERE kind = 'session'")
    assert browser.cookie() not in session[0] + session[1]
    assert session[0] == digest(browser.cookie())


def test_behind_tls_the_cookie_is_bound_to_the_host(stack):
    stack.agent("Sari")
    client = stack.app.test_client()
    page = client.get("/login", base_url="https://chat.example.com")
    token = re.search(r'name="csrf[-_]token"[^>]*?(?:value|content)="([^"]+)"', page.text)[1]
    answer = client.post(
        "/login",
        data={"email": "sari@toko.example", "password": PASSWORD, "csrf_token": token},
        base_url="https://chat.example.com",
    )
    assert answer.status_code == 303
    assert any(
        c.startswith("__Host-replyai_session=") and "Secure" in c
        for c in answer.headers.getlist("Set-Cookie")
    )


@pytest.mark.parametrize("email", ["sari@toko.example", "nobody@toko.example", ""])
def test_wrong_ones_are_told_the_same(stack, email):
    stack.agent("Sari")
    answer = stack.browser().sign_in(email, "wrong password")
    assert answer.status_code == 401
    assert answer.headers.get("Set-Cookie") is None or "replyai_session=" not in answer.headers["Set-Cookie"]


def test_an_unknown_person_costs_as_much_as_a_wrong_password(stack, monkeypatch):
    verified = []
    real = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda *a: verified.append(a[0]) or real(*a))
    stack.browser().sign_in("nobody@toko.example", "wrong password")
    assert verified == [None]
    assert not passwords.is_outdated(passwords.NOBODY), "it takes as long as a password of today"


def test_wrong_sign_ins_are_limited_whatever_address_is_claimed(stack):
    stack.agent("Sari")
    statuses = []
    for n in range(100):
        browser = stack.browser()
        browser.look("/login")
        headers = {"X-Forwarded-For": f"10.0.0.{n}", "X-Real-IP": f"10.0.1.{n}", "X-CSRF-Token": browser.csrf}
        form = {"email": "sari@toko.example", "password": "wrong password"}
        statuses.append(browser.client.post("/login", data=form, headers=headers).status_code)
    assert statuses.count(401) == PER_ACCOUNT
    assert statuses.count(429) == 100 - PER_ACCOUNT
    assert stack.browser().sign_in("sari@toko.example").status_code == 429


def test_many_accounts_from_one_address_are_limited_too():
    limits = Limits(None)
    waits = [limits.wait(f"p{n}@toko.example", "10.0.0.1") for n in range(PER_ADDRESS + 5)]
    assert [wait > 0 for wait in waits] == [False] * PER_ADDRESS + [True] * 5
    assert limits.wait("p@toko.example", "10.0.0.2") == 0


def test_right_sign_ins_of_a_whole_office_are_not_counted():
    limits = Limits(None)
    for n in range(PER_ADDRESS + 10):
        assert limits.wait(f"p{n}@toko.example", "10.0.0.1") == 0
        limits.forgive(f"p{n}@toko.example", "10.0.0.1")
    for n in range(PER_ADDRESS):
        assert limits.wait(f"q{n}@toko.example", "10.0.0.1") == 0
    assert limits.wait("q@toko.example", "10.0.0.1") > 0


def test_changing_the_password_again_and_again_locks_nobody_out(stack):
    stack.agent("Sari")
    old, new = PASSWORD, "eleven loud pelicans"
    browser = stack.signed_in("Sari")
    for _ in range(PER_ACCOUNT + 2):
        answer = browser.post("/settings/password", {"old": old, "new": new})
        assert answer.status_code == 303
        browser.csrf, old, new = browser.session_csrf(), new, old
    assert stack.browser().sign_in("sari@toko.example", old).status_code == 303


def test_the_window_passes():
    now = [1000.0]
    limits = Limits(None, clock=lambda: now[0])
    for _ in range(PER_ACCOUNT):
        assert limits.wait("sari", "10.0.0.1") == 0
    assert limits.wait("sari", "10.0.0.1") > 0
    now[0] += WINDOW + 1
    assert limits.wait("sari", "10.0.0.1") == 0


def test_the_session_id_is_another_after_signing_in(stack):
    stack.agent("Sari")
    browser = stack.signed_in("Sari")
    first = browser.cookie()
    browser.client.set_cookie("replyai_session", first)
    csrf = browser.csrf
    answer = browser.post(
        "/login", {"email": "sari@toko.example", "password": PASSWORD}, headers={"X-CSRF-Token": csrf}
    )
    assert answer.status_code == 303
    assert browser.cookie() != first
    browser.client.set_cookie("replyai_session", first)
    assert browser.client.get("/api/conversations").status_code == 401


def test_a_session_is_dead_after_signing_out(stack):
    stack.agent("Sari")
    browser = stack.signed_in("Sari")
    old = browser.cookie()
    assert browser.client.get("/api/conversations").status_code == 200
    assert browser.post("/logout").status_code == 303
    browser.client.set_cookie("replyai_session", old)
    assert browser.client.get("/api/conversations").status_code == 401


def test_a_new_role_gets_a_new_session_id(stack):
    sari = stack.agent("Sari")
    browser = stack.signed_in("Sari")
    first = browser.cookie()
    stack.ask("agent.update", agent=sari, role="supervisor")
    stack.held.known.drop("main")
    assert browser.client.get("/api/agents").status_code == 200
    assert browser.cookie() != first
    assert browser.client.get("/api/agents").status_code == 200


def test_who_is_switched_off_is_out_at_once(stack):
    admin = stack.agent("Ayu", "admin")
    sari = stack.agent("Sari")
    browser, program = stack.signed_in("Sari"), stack.api(sari)
    assert program("GET", "/conversations")[0] == 200
    assert stack.api(admin)("PATCH", f"/agents/{sari}", json={"active": False})[0] == 200
    assert browser.client.get("/api/conversations").status_code == 401
    assert program("GET", "/conversations")[0] == 401
    assert stack.browser().sign_in("sari@toko.example").status_code == 401


def test_a_person_is_signed_out_everywhere(stack):
    sari = stack.agent("Sari")
    here, there = stack.signed_in("Sari"), stack.signed_in("Sari")
    assert here.client.get("/api/conversations").status_code == 200
    headers = {"X-CSRF-Token": there.csrf}
    assert there.client.delete(f"/api/agents/{sari}/sessions", headers=headers).status_code == 204
    assert here.client.get("/api/conversations").status_code == 401
    other = stack.api(stack.agent("Citra"))
    assert other("DELETE", f"/agents/{sari}/sessions")[0] == 403


@pytest.mark.parametrize(("data", "ends"), [({"last_seen": -13 * 3600}, 3600), ({"last_seen": -60}, -1)])
def test_an_idle_or_old_session_is_over(stack, data, ends):
    sari, now = stack.agent("Sari"), times.now()
    seen = {"csrf": "x", "role": "agent", "last_seen": times.add(now, data["last_seen"]), "ends": now}
    stack.held.client.credential_put("main", "session", digest("old"), sari, seen, times.add(now, ends))
    client = stack.app.test_client()
    client.set_cookie("replyai_session", "old")
    assert client.get("/api/conversations").status_code == 401


def test_a_weak_hash_is_replaced_at_the_next_sign_in(stack):
    from argon2 import PasswordHasher

    sari = stack.agent("Sari")
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    stack.held.client.credential_put("main", "password", sari, sari, {"hash": weak})
    stack.signed_in("Sari")
    ((stored,),) = stack.rows("SELECT data FROM credential WHERE kind = 'password'")
    assert "m=19456,t=2,p=1" in stored


@pytest.mark.parametrize("password", ["short", "password1234", "aaaaaaaaaaaaaaaa", "sari@toko.example"])
def test_easy_passwords_are_refused(password):
    assert passwords.weakness(password, "Sari", "sari@toko.example")


def first_admin(**other):
    form = {"workspace": "Toko Dewi", "name": "Ayu", "email": "ayu@toko.example", "password": PASSWORD}
    return {**form, "language": "id", "account": "simulator", "timezone": "Asia/Makassar", **other}


def test_the_first_run_makes_the_workspace_and_its_admin(stack):
    link, browser = stack.link("first_run"), stack.browser()
    for _ in range(3):  # looking, as chat programs do, does not use it up
        assert browser.look(link).status_code == 200
    assert browser.post(link, first_admin(password="short")).status_code == 422
    assert browser.post(link, first_admin()).status_code == 303
    assert browser.client.get("/api/agents").json["items"][0]["name"] == "Ayu"
    assert {a["gateway"] for a in stack.all("account")} == {"waha", "simulator"}
    assert stack.all("workspace")[0]["name"] == "Toko Dewi"
    assert stack.all("workspace")[0]["timezone"] == "Asia/Makassar"  # the browser's
    assert stack.browser().look(link).status_code == 404
    assert stack.browser().sign_in("ayu@toko.example").status_code == 303


@pytest.mark.parametrize("account", ["waha", "pigeon"])
def test_the_first_run_makes_no_number_that_lacks_what_it_needs(stack, account):
    link, browser = stack.link("first_run"), stack.browser()
    browser.look(link)
    assert browser.post(link, first_admin(account=account)).status_code == 422
    assert {a["id"] for a in stack.all("account")} == {"toko"}
    assert browser.post(link, first_admin(account="later")).status_code == 303
    assert {a["id"] for a in stack.all("account")} == {"toko"}


def test_a_second_first_run_is_refused_and_its_link_stays(stack):
    stack.agent("Ayu", "admin")
    link, browser = stack.link("first_run"), stack.browser()
    browser.look(link)
    assert browser.post(link, first_admin()).status_code == 409
    assert len(stack.all("agent")) == 1


def test_a_sign_in_link_works_once_and_only_when_pressed(stack):
    stack.agent("Ayu", "admin")
    link, browser = stack.link("sign_in"), stack.browser()
    assert browser.look(link).status_code == 200
    assert browser.client.get("/api/agents").status_code == 401
    assert browser.post(link).status_code == 303
    assert browser.client.get("/api/agents").status_code == 200
    other = stack.browser()
    assert other.look(link).status_code == 404


def test_an_invited_person_sets_a_password(stack):
    admin = stack.agent("Ayu", "admin")
    who = {"name": "Budi", "email": "budi@toko.example", "role": "agent"}
    status, made = stack.api(admin)("POST", "/agents", json=who)
    assert status == 201
    browser = stack.browser()
    assert browser.look(made["link"]).status_code == 200
    assert browser.post(made["link"], {"password": "a fine day for tea"}).status_code == 303
    assert stack.browser().sign_in("budi@toko.example", "a fine day for tea").status_code == 303
    assert browser.look(made["link"]).status_code == 404


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(stack, next):
    stack.agent("Sari")
    browser = stack.browser()
    browser.look("/login")
    form = {"email": "sari@toko.example", "password": PASSWORD, "next": next}
    assert browser.post("/login", form).headers["Location"] == "/"


def test_nobody_signed_in_is_led_to_the_sign_in_page(stack):
    client = stack.app.test_client()
    answer = client.get("/media/x", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert client.get("/api/conversations").headers["WWW-Authenticate"] == "Bearer"


def test_tokens_are_shown_once_and_kept_as_a_hash(stack):
    program = stack.api(stack.agent("Ira", "integrator"))
    status, made = program("POST", "/tokens", json={"name": "CI", "days": 30})
    assert status == 201 and made["token"].startswith("rai_") and len(made["token"]) > 43
    dump = "".join(map(str, stack.rows("SELECT kind, key, data FROM credential")))
    journal = "".join(map(str, stack.rows("SELECT body FROM journal")))
    assert made["token"] not in dump + journal
    assert "token" not in program("GET", "/tokens")[1]["items"][0]
    own = stack.app.test_client()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert own.get("/api/accounts", headers=headers).status_code == 200
    assert program("DELETE", f"/tokens/{made['id']}")[0] == 204
    assert own.get("/api/accounts", headers=headers).status_code == 401


def test_the_systems_token_acts_as_an_admin(stack):
    assert stack.api("system")("GET", "/agents")[0] == 200


def test_a_workspace_is_found_by_its_host(stack):
    import dataclasses

    cabang = dataclasses.replace(stack.config.workspaces["cabang"], host="cabang.example")
    stack.config.workspaces["cabang"] = cabang
    stack.agent("Budi", workspace="cabang")
    headers = {"Authorization": f"Bearer {stack.token(stack.all('agent', 'cabang')[0]['id'], 'cabang')}"}
    client = stack.app.test_client()
    assert (
        client.get("/api/conversations", headers=headers, base_url="http://cabang.example:8000").status_code
        == 200
    )
    assert client.get("/w/cabang/api/conversations", headers=headers).status_code == 200
    assert client.get("/api/conversations", headers=headers).status_code == 401


def test_one_workspaces_session_is_nothing_in_another(stack):
    stack.agent("Sari")
    browser = stack.signed_in("Sari")
    assert browser.client.get("/w/main/api/conversations").status_code == 200
    assert browser.client.get("/w/cabang/api/conversations").status_code == 401
    assert browser.client.get("/w/nowhere/api/conversations").status_code == 404


def test_sign_in_speaks_the_workspaces_language_where_the_browsers_is_neither(stack):
    stack.ask("workspace.update", language="id")
    stack.held.known.drop("main", "language")
    browser = stack.browser()
    assert "Kata sandi" in browser.client.get("/login", headers={"Accept-Language": "de-DE,fr;q=0.5"}).text
    assert "Password" in browser.client.get("/login", headers={"Accept-Language": "en-GB"}).text


def test_who_was_switched_off_is_told_so_but_only_who_knows_the_password(stack):
    agent = stack.agent("Sari")
    stack.ask("agent.deactivate", agent=agent)
    told = {"headers": {"Accept-Language": "en"}}
    browser = stack.browser()
    browser.look("/login")
    headers = {"X-CSRF-Token": browser.csrf, "Accept-Language": "en"}
    for password, said in ((PASSWORD, "You have been switched off"), ("wrong", "password is wrong")):
        form = {"email": "sari@toko.example", "password": password}
        answer = browser.client.post("/login", data=form, headers=headers)
        assert answer.status_code == 401 and said in answer.text
    assert "You have been switched off" in browser.client.get("/login?why=off", **told).text


def test_the_lock_is_told_once_in_minutes(stack):
    stack.agent("Sari")
    browser = stack.browser()
    browser.look("/login")
    headers = {"X-CSRF-Token": browser.csrf, "Accept-Language": "en"}
    form = {"email": "sari@toko.example", "password": "wrong"}
    answers = [browser.client.post("/login", data=form, headers=headers) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert answers[-1].text.count("Too many wrong tries") == 1
    assert "Try again in 15 minutes." in answers[-1].text


def test_errors_speak_our_words_in_the_readers_language(stack):
    page = {"Accept": "text/html", "Accept-Language": "id"}
    missing = stack.browser().client.get("/nowhere", headers=page)
    assert missing.status_code == 404 and "requested URL" not in missing.text
    told = stack.browser().client.put("/api/openapi.json").json["error"]
    assert told["message"] == "This address does not take this kind of request."
