"""What a plugin's routes.py brings, on and off; limits in a real Redis."""

import pytest
from flask import render_template_string

from tests.processes import Valkey, data_folder
from tests.web_stack import running
from web.limits import PER_ACCOUNT, PER_ADDRESS, Limits

ROUTES = '''
from flask import Blueprint
from web import Slot, api_blueprint, list_response, Page, read, requires

api = api_blueprint("stamps", "/stamps", "Stamps")

@api.route("")
@requires("label.read")
@api.arguments(Page, location="query")
def stamps(page):
    """List stamps."""
    return list_response("agent", page, shape=lambda agent: {"id": agent["id"]})

blueprint = Blueprint("stamps_pages", __name__)

@blueprint.get("/stamps")
@requires("label.read")
def page():
    return "a page of stamps"

@blueprint.get("/stamps/forgotten")
def forgotten():
    return "no rule"

def people(view, conversation):
    return {"count": len(view.db.table("agent"))}

def broken(view, **args):
    raise RuntimeError("broken")

SLOTS = [
    Slot("panel.section", "stamps/panel.html", people, order=20),
    Slot("panel.section", "stamps/panel.html", broken, order=30),
    Slot("panel.section", "stamps/first.html", order=10),
]
NAV = [{"path": "/stamps", "title": "Stamps", "icon": "tag", "permission": "label.write"}]
'''


@pytest.fixture
def stack(tmp_path):
    folder = tmp_path / "stamps"
    (folder / "templates" / "stamps").mkdir(parents=True)
    (folder / "plugin.toml").write_text('name = "stamps"\nversion = "1"\nsummary = "Stamps"\n')
    (folder / "__init__.py").write_text("")
    (folder / "routes.py").write_text(ROUTES)
    (folder / "templates/stamps/panel.html").write_text("[{{ count }} of {{ conversation }}]")
    (folder / "templates/stamps/first.html").write_text("[first {{ conversation }}]")
    with running(tmp_path) as found:
        yield found


def page(stack, browser):
    """Return the place and the navigation as a page of ours would show them."""
    with browser.client:
        browser.client.get("/api/conversations")
        text = "{{ slot('panel.section', conversation='C') }}|{{ nav()|map(attribute='path')|join(',') }}"
        return render_template_string(text)


def test_a_plugin_is_there_while_it_is_on_and_gone_while_it_is_off(stack):
    stack.agent("Ayu", "admin")
    browser = stack.signed_in("Ayu")
    assert browser.client.get("/api/stamps").status_code == 200
    shown = page(stack, browser)
    places = [shown.index(text) for text in ("[first C]", "[1 of C]", "“stamps”")]
    assert places == sorted(places)  # others may have their parts between
    assert "/stamps" in shown.partition("|")[2]
    stack.ask("plugin.set", plugin="stamps", enabled=False)
    stack.held.known.drop("main", "hidden")
    for path in ("/api/stamps", "/stamps"):
        assert browser.client.get(path).status_code == 404
    assert "/api/stamps" not in browser.client.get("/api/openapi.json").json["paths"]
    shown = page(stack, browser)
    assert "first" not in shown and "/stamps" not in shown
    stack.ask("plugin.set", plugin="stamps", enabled=True)
    stack.held.known.drop("main", "hidden")
    assert browser.client.get("/stamps").text == "a page of stamps"


def test_a_route_without_a_rule_lets_nobody_in(stack):
    stack.agent("Ayu", "admin")
    assert stack.signed_in("Ayu").client.get("/stamps/forgotten").status_code == 403


def test_navigation_shows_what_the_role_may_use(stack):
    stack.agent("Sari")
    assert "/stamps" not in page(stack, stack.signed_in("Sari")).partition("|")[2]


def test_limits_are_shared_through_redis_and_hold_while_it_is_away():
    with data_folder() as data:
        server = Valkey(data).start()
        try:
            one, other = Limits(server.client()), Limits(server.client())
            for n in range(PER_ACCOUNT):
                assert (one, other)[n % 2].wait("sari@toko.example", f"10.0.0.{n}") == 0
            assert other.wait("SARI@toko.example", "10.0.0.99") > 0
            one.forgive("sari@toko.example", "10.0.0.9")
            assert one.wait("sari@toko.example", "10.0.0.98") == 0
            for n in range(PER_ADDRESS + 5):
                assert one.wait(f"p{n}@toko.example", "10.0.0.97") == 0
                one.forgive(f"p{n}@toko.example", "10.0.0.97")
        finally:
            server.kill()
        waits = [one.wait("budi@toko.example", "10.0.1.1") for _ in range(PER_ACCOUNT + 1)]
        assert waits[:-1] == [0] * PER_ACCOUNT and waits[-1] > 0
