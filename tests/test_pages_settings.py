"""The settings pages: they render for whoever may see them, and their forms do what they say."""

import re

import pytest

from engine import times
from tests.web_stack import PASSWORD, running

PAGES = (
    "/settings",
    "/settings/team",
    "/settings/numbers",
    "/settings/plugins",
    "/settings/tokens",
    "/settings/quarantine",
)
NEW_PASSWORD = "eleven loud pelicans"


def english(stack, name, role):
    stack.ask("agent.update", agent=stack.agent(name, role), language="en")


@pytest.fixture(scope="module")
def stack():
    with running() as stack:
        for name, role in (("Ayu", "admin"), ("Joko", "agent"), ("Ivan", "integrator"), ("Rina", "agent")):
            english(stack, name, role)
        yield stack


@pytest.fixture(scope="module")
def ayu(stack):
    return stack.signed_in("Ayu")


def look(browser, path):
    answer = browser.look(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def done(answer):
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def one(stack, collection, **wanted):
    (found,) = [each for each in stack.all(collection) if wanted.items() <= each.items()]
    return found


def assert_bare(page):
    """Nothing that the Content-Security-Policy would stop, no id twice, and a label on every field."""
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for form in re.findall(r'<form[^>]*method="post".*?</form>', page, re.S):
        assert 'name="csrf_token"' in form
    for field in re.findall(r"<(?:input|select)[^>]*>", page):
        named = re.search(r'\sid="([^"]+)"', field)
        labelled = named and f'for="{named[1]}"' in page
        inside = re.search(r'type="(hidden|radio|checkbox)"|\shidden[\s>]', field)
        assert labelled or inside or "aria-label=" in field, field


@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders_for_an_admin(stack, ayu, path):
    page = look(ayu, path)
    assert_bare(page)
    assert f'href="{path}" class="on" aria-current="page"' in page
    for each in PAGES:
        assert f'href="{each}"' in page


def test_a_role_sees_only_its_own_sections(stack):
    joko, ivan = stack.signed_in("Joko"), stack.signed_in("Ivan")
    page = look(joko, "/settings")
    assert 'action="/settings/me"' in page
    assert 'action="/settings/workspace"' not in page
    assert not any(f'href="{path}"' in page for path in PAGES[1:])
    assert [joko.client.get(path).status_code for path in PAGES[1:]] == [403] * 5
    team = look(ivan, "/settings/team")
    assert 'name="role"' not in team
    assert "Integrator" in team


def test_a_plugins_page_is_in_the_list_while_it_is_on(stack, ayu):
    assert 'href="/settings/labels"' in look(ayu, "/settings")
    assert done(ayu.post("/settings/plugins/labels", {"enabled": "false"})).startswith("/settings/plugins")
    assert 'href="/settings/labels"' not in look(ayu, "/settings")
    page = look(ayu, "/settings/plugins")
    assert re.search(r'aria-checked="false" aria-label="labels"', page)
    done(ayu.post("/settings/plugins/labels", {"enabled": "true"}))
    assert 'href="/settings/labels"' in look(ayu, "/settings")


def test_an_invitation_shows_a_link_with_which_the_person_signs_in(stack, ayu):
    look(ayu, "/settings/team")
    form = {"name": "Sari <i>", "email": "sari@toko.example", "role": "agent"}
    answer = ayu.post("/settings/team/invite", form)
    assert_bare(answer.text)
    assert "Sari &lt;i&gt;" in answer.text
    path = re.search(r'id="invite-link"[^>]*value="[^"]*?(/start/[^"]+)"', answer.text)[1]
    sari = stack.browser()
    sari.look(path)
    assert sari.post(path, {"password": NEW_PASSWORD}).status_code == 303
    assert "Sari" in look(sari, "/settings")
    again = ayu.post("/settings/team/invite", form)
    assert 'role="alert"' in again.text
    assert 'value="sari@toko.example"' in again.text
    assert 'id="invite-link"' not in again.text


def test_roles_teams_and_switching_off(stack, ayu):
    joko = one(stack, "agent", name="Joko")["id"]
    done(ayu.post(f"/settings/team/{joko}", {"role": "supervisor"}))
    assert one(stack, "agent", id=joko)["role"] == "supervisor"
    done(ayu.post("/settings/teams", {"name": "Gudang"}))
    team = one(stack, "team", name="Gudang")["id"]
    done(ayu.post(f"/settings/team/{joko}/teams", {"teams": [team]}))
    assert one(stack, "agent", id=joko)["teams"] == [team]
    assert_bare(look(ayu, "/settings/team"))
    done(ayu.post(f"/settings/team/{joko}", {"do": "deactivate"}))
    assert one(stack, "agent", id=joko)["active"] is False
    assert "switched off" in look(ayu, "/settings/team")
    done(ayu.post(f"/settings/team/{joko}", {"do": "activate"}))
    link = ayu.post(f"/settings/team/{joko}/link")
    assert "/start/" in link.text


def test_the_last_admin_stays_one(stack, ayu):
    me = one(stack, "agent", name="Ayu")["id"]
    for form in ({"role": "agent"}, {"do": "deactivate"}):
        answer = ayu.post(f"/settings/team/{me}", form)
        assert "last active admin" in answer.text
        assert 'role="alert"' in answer.text
    assert one(stack, "agent", id=me)["role"] == "admin"


def test_a_number_is_added_changed_and_removed(stack, ayu):
    page = look(ayu, "/settings/numbers")
    assert 'name="webhook_secret"' in page
    short = {"gateway": "simulator", "title": "Toko Utama", "webhook_secret": "short"}
    refused = ayu.post("/settings/numbers", short)
    assert_bare(refused.text)
    assert "8 characters at least" in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert 'value="Toko Utama"' in refused.text
    done(ayu.post("/settings/numbers", {**short, "webhook_secret": "long enough by far"}))
    account = one(stack, "account", id="toko-utama")
    assert (account["title"], account["secrets"]) == ("Toko Utama", ["webhook_secret"])
    page = look(ayu, "/settings/numbers")
    assert_bare(page)
    assert "/webhooks/simulator/toko-utama" in page
    assert "long enough by far" not in page
    change = {"gateway": "simulator", "name": "toko-utama", "title": "Toko Lama", "webhook_secret": ""}
    done(ayu.post("/settings/numbers", change))
    assert one(stack, "account", id="toko-utama")["title"] == "Toko Lama"
    assert one(stack, "account", id="toko-utama")["secrets"] == ["webhook_secret"]
    done(ayu.post("/settings/numbers/toko-utama/remove"))
    assert "toko-utama" not in look(ayu, "/settings/numbers")


def test_a_number_of_the_file_is_shown_and_changed_there(stack, ayu):
    page = look(ayu, "/settings/numbers")
    card = re.search(r'<section[^>]*data-account="toko".*?</section>', page, re.S)[0]
    assert "/webhooks/waha/toko" in card
    assert "set in replyai.toml" in card
    assert "/remove" not in card
    assert 'id="e-toko-url" name="url" type="url" value="http://localhost:3000"' in card
    assert stack.registry.gateways()["waha"].title in card
    answer = ayu.post("/settings/numbers/toko/remove")
    assert 'role="alert"' in answer.text


def test_a_plugins_settings_are_checked_and_only_what_changed_is_kept(stack, ayu):
    page = look(ayu, "/settings/plugins")
    assert re.search(r'id="p-sender-attempts"[^>]*min="1" max="20" step="1"', page)
    wrong = ayu.post("/settings/plugins/sender", {"settings": "1", "attempts": "99"})
    assert_bare(wrong.text)
    assert "between 1 and 20" in wrong.text
    assert 'value="99"' in wrong.text
    done(ayu.post("/settings/plugins/sender", {"settings": "1", "attempts": "4", "deadline": "15"}))
    stored = one(stack, "plugin", id="sender")
    assert stored["settings"]["attempts"] == 4
    assert stored["page"] == {"settings": {"attempts": 4}}
    assert "set on this page" in look(ayu, "/settings/plugins")
    assert ayu.post("/settings/plugins/nothing", {"enabled": "true"}).status_code == 404


def test_a_plugin_that_failed_says_so(stack, ayu):
    failure = {"id": "problem-1", "plugin": "labels", "hook": "message_received", "error": "<b>KeyError</b>"}
    problem = {**failure, "kind": "raised", "event": "e", "at": times.now()}
    off = {"id": "labels", "enabled": False, "switched_off": {"at": times.now(), "reason": "5 failures"}}
    from engine.events import event

    documents = {"problem": [problem], "plugin": [off]}
    stack.submit([event("settings.changed", "failed", {"documents": documents}, origin="system")])
    page = look(ayu, "/settings/plugins")
    assert_bare(page)
    assert "&lt;b&gt;KeyError&lt;/b&gt;" in page
    assert "It was switched off by itself." in page
    assert "5 failures" in page
    done(ayu.post("/settings/plugins/labels", {"enabled": "true"}))
    assert "It was switched off by itself." not in look(ayu, "/settings/plugins")


def test_a_plugin_set_in_a_file_or_that_does_not_load(tmp_path):
    for name, code in (("broken", "raise RuntimeError('no such module')\n"), ("fixed", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plugin.toml").write_text(f'name = "{name}"\nversion = "1"\nsummary = "…"\n')
        (tmp_path / name / "__init__.py").write_text(code)
    with running(tmp_path) as stack:
        english(stack, "Ayu", "admin")
        ayu = stack.signed_in("Ayu")
        from engine.events import event

        fixed = {"id": "fixed", "enabled": True, "sources": {"enabled": "replyai.toml, line 12"}}
        changed = {"documents": {"plugin": [fixed]}}
        stack.submit([event("settings.changed", "file", changed, origin="system")])
        page = look(ayu, "/settings/plugins")
        assert "set in replyai.toml, line 12" in page
        assert 'aria-label="fixed" disabled' in page
        assert "no such module" in page
        assert 'aria-label="broken" disabled' in page
        refused = ayu.post("/settings/plugins/fixed", {"enabled": "false"})
        assert "replyai.toml" in refused.text
        assert 'role="alert"' in refused.text


def test_a_token_is_shown_once_and_works_until_it_is_deleted(stack, ayu):
    assert "No tokens yet" in look(ayu, "/settings/tokens")
    made = ayu.post("/settings/tokens", {"name": "Kasir", "days": "30"})
    assert_bare(made.text)
    assert made.headers["Cache-Control"] == "no-store"
    token = re.search(r'id="new-token"[^>]*value="(rai_[^"]+)"', made.text)[1]
    page = look(ayu, "/settings/tokens")
    assert token not in page
    assert "Kasir" in page
    headers = {"Authorization": f"Bearer {token}"}
    assert stack.app.test_client().get("/api/plugins", headers=headers).status_code == 200
    done(ayu.post(re.search(r"/settings/tokens/[0-9a-f]+/revoke", page)[0]))
    assert stack.app.test_client().get("/api/plugins", headers=headers).status_code == 401


def test_the_quarantine_is_newest_first_in_pages_and_escaped(stack, ayu):
    assert "Everything that came in was understood." in look(ayu, "/settings/quarantine")
    for count in range(52):
        stack.posts({"event": f"<b>odd</b>-{count:02}", "session": "toko"})
    page = look(ayu, "/settings/quarantine")
    assert_bare(page)
    shown = re.findall(r"&lt;b&gt;odd&lt;/b&gt;-(\d\d)", page)
    assert shown == [f"{count:02}" for count in range(51, 1, -1)]
    older = look(ayu, re.search(r'href="(/settings/quarantine\?before=\d+)"', page)[1])
    assert re.findall(r"odd&lt;/b&gt;-(\d\d)", older) == ["01", "00"]
    one_of_them = look(ayu, re.search(r'href="(/settings/quarantine/\d+)"', page)[1])
    assert_bare(one_of_them)
    assert "&lt;b&gt;odd&lt;/b&gt;-51" in one_of_them
    assert "<b>odd" not in one_of_them
    for strange in ("x", "-1", "9" * 30):
        assert ayu.client.get(f"/settings/quarantine?before={strange}").status_code == 200
    assert ayu.client.get(f"/settings/quarantine/{'9' * 30}").status_code == 404


def test_the_workspaces_and_ones_own_settings(stack, ayu):
    form = {"name": "Toko Melati", "language": "en", "timezone": "Asia/Makassar", "region": "SG"}
    done(ayu.post("/settings/workspace", form))
    assert form.items() <= one(stack, "workspace", id="main").items()
    page = look(ayu, "/settings")
    assert 'value="Toko Melati"' in page
    assert '<option value="SG" selected>' in page
    assert 'role="alert"' in ayu.post("/settings/workspace", {"timezone": "Mars/Base"}).text
    done(ayu.post("/settings/me", {"name": "Ayu", "language": "id", "theme": "dark"}))
    page = look(ayu, "/settings")
    assert 'data-theme="dark"' in page
    assert 'lang="id"' in page
    done(ayu.post("/settings/me", {"language": "en", "theme": "auto"}))


def test_a_new_password_signs_other_browsers_out(stack):
    rina, elsewhere = stack.signed_in("Rina"), stack.signed_in("Rina")
    for old, new, word in (("wrong", NEW_PASSWORD, "wrong"), (PASSWORD, "short", "12 characters")):
        answer = rina.post("/settings/password", {"old": old, "new": new})
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text
        assert word in answer.text
    assert (
        done(rina.post("/settings/password", {"old": PASSWORD, "new": NEW_PASSWORD})) == "/settings?saved=1"
    )
    assert look(rina, "/settings?saved=1")
    assert elsewhere.client.get("/settings").status_code == 303
    assert stack.browser().sign_in("rina@toko.example", NEW_PASSWORD).status_code == 303


def test_a_number_without_a_known_state_says_when_it_was_heard_last(stack, ayu):
    stack.writes("6281300004521@c.us", "Halo")
    assert stack.all("account")[0]["state"] == "unknown"
    page = look(ayu, "/settings/numbers")
    assert "Receiving · last webhook at" in page
    assert "Waiting for the first webhook" not in page


def test_a_number_whose_service_is_switched_off_does_not_look_as_if_it_worked(stack, ayu):
    stack.ask("plugin.set", plugin="waha", enabled=False)
    stack.held.known.drop("main", "hidden")
    page = look(ayu, "/settings/numbers")
    assert "Switched off" in page
    assert "/webhooks/waha/toko" not in page and "Receiving" not in page
    stack.ask("plugin.set", plugin="waha", enabled=True)
    stack.held.known.drop("main", "hidden")
