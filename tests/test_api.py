"""The API as programs use it."""

import io
import json

import pytest
from PIL import Image

from engine.events import event
from tests.web_stack import ANDI, DEWI, running

CITA = "6281500003333@c.us"


@pytest.fixture(scope="module")
def stack():
    with running() as found:
        found.ayu, found.sari = found.agent("Ayu", "admin"), found.agent("Sari")
        found.writes(DEWI, "Apakah buka?")
        found.writes(ANDI, "Harga berapa?")
        yield found


@pytest.fixture
def admin(stack):
    return stack.api(stack.ayu)


@pytest.fixture
def sari(stack):
    return stack.api(stack.sari)


def test_the_inbox_is_listed_newest_first_with_the_fields_of_the_contract(stack, admin):
    status, found = admin("GET", "/conversations")
    assert status == 200
    assert [c["last_message"]["text"] for c in found["items"][:2]] == ["Harga berapa?", "Apakah buka?"]
    fields = {"id", "account", "contact", "status", "handler", "assignee", "team", "labels", "unread"}
    assert fields | {"last_message_at"} <= set(found["items"][0])
    assert found["next"] is None


def test_a_list_goes_on_where_it_ended(admin):
    first = admin("GET", "/conversations?limit=1")[1]
    second = admin("GET", f"/conversations?limit=1&cursor={first['next']}")[1]
    assert len(first["items"]) == len(second["items"]) == 1
    assert first["items"][0]["id"] != second["items"][0]["id"]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=zzz", "status=odd", "unread=maybe", "cursor=%00"]
)
def test_a_wrong_filter_is_told(admin, query):
    status, answer = admin("GET", f"/conversations?{query}")
    assert status == 422
    assert answer["error"]["message"] and answer["error"]["fields"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=open", 2),
        ("status=resolved", 0),
        ("handler=queue", 2),
        ("assignee=none", 2),
        ("assignee=me", 0),
        ("team=none", 2),
        ("unread=true", 2),
        ("unread=false", 0),
        ("account=toko", 2),
        ("account=other", 0),
        ("q=dew", 2),
        ("q=62813", 1),
        ("q=(", 0),
        ("status=open&unread=true&account=toko&assignee=none", 2),
    ],
)
def test_filters(stack, query, count):
    with running() as fresh:
        fresh.writes(DEWI, "a")
        fresh.writes(ANDI, "b")
        status, found = fresh.api("system")("GET", f"/conversations?{query}")
    assert (status, len(found["items"])) == (200, count)


def test_a_double_post_is_one_message(stack, sari):
    path = f"/conversations/{stack.conversation(DEWI)['id']}/messages"
    sent = {"text": "Buka sampai jam 9.", "client_id": "c-1"}
    (one, first), (two, second) = sari("POST", path, json=sent), sari("POST", path, json=sent)
    assert (one, two) == (201, 200)
    assert first["id"] == second["id"]
    assert first["direction"] == "out" and first["status"] in ("queued", "sending")
    assert first["author"] == {"kind": "agent", "id": stack.sari, "name": "Sari"}
    assert sari("POST", path, json={**sent, "text": "Tutup."})[0] == 409
    assert [m["text"] for m in sari("GET", path)[1]["items"]] == ["Buka sampai jam 9.", "Apakah buka?"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": ""}, 409),
        ({}, 409),
        ({"text": 7}, 422),
        ({"text": "x" * 70_000}, 422),
        ({"text": "x", "odd": 1}, 422),
        ({"text": "x", "reply_to": "nothing"}, 409),
        ({"text": "x", "media": {"id": "made up", "hash": "a" * 64}}, 422),
    ],
)
def test_what_cannot_be_sent_is_told(stack, sari, body, status):
    path = f"/conversations/{stack.conversation(DEWI)['id']}/messages"
    assert sari("POST", path, json=body)[0] == status


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[" * 20_000,
        b'{"text": "\\ud800"}',
        b'{"text": "a\\u0000b"}',
        b'{"text": NaN}',
        b"null",
        b"[]",
        b"7",
        b'{"text": ' + b"9" * 5000 + b"}",
        b'{"text": "x", "media": ' + b'{"a":' * 3000 + b"1" + b"}" * 3001,
    ],
)
def test_no_body_is_a_500(stack, sari, raw):
    path = f"/conversations/{stack.conversation(DEWI)['id']}/messages"
    status, _ = sari("POST", path, data=raw, content_type="application/json")
    assert 400 <= status < 500
    status, _ = sari("POST", path.replace("messages", "actions"), data=raw, content_type="application/json")
    assert 400 <= status < 500


def test_two_agents_take_at_once_and_one_is_told_who_has_it(stack):
    with running() as fresh:
        fresh.writes(DEWI, "halo")
        sari, budi = fresh.api(fresh.agent("Sari")), fresh.api(fresh.agent("Budi"))
        path = f"/conversations/{fresh.conversation(DEWI)['id']}/actions"
        status, done = sari("POST", path, json={"type": "take"})
        assert status == 200 and done["conversation"]["handler"] == "agent"
        status, answer = budi("POST", path, json={"type": "conversation.take", "data": {}})
        assert status == 409
        assert answer["error"]["message"] == "already taken by Sari"


def test_an_action_that_there_is_not_is_told(stack, sari):
    path = f"/conversations/{stack.conversation(DEWI)['id']}/actions"
    assert sari("POST", path, json={"type": "explode"})[0] == 422
    assert sari("POST", path, json={"type": "timer.set", "data": {"name": "x", "due": "y"}})[0] == 403
    assert sari("POST", path, json={"type": "agent.invite"})[0] == 403


def test_what_an_agent_may_not_see_is_not_there():
    with running() as fresh:
        sales, care = fresh.team("Sales"), fresh.team("Care")
        fresh.writes(DEWI, "halo")
        fresh.writes(ANDI, "halo")
        dewi = fresh.conversation(DEWI)
        fresh.ask("conversation.assign", conversation=dewi["id"], agent=None, team=sales)
        care_agent = fresh.api(fresh.agent("Citra", teams=(care,)))
        sales_agent = fresh.api(fresh.agent("Sari", teams=(sales,)))
        seen = {c["id"] for c in care_agent("GET", "/conversations")[1]["items"]}
        assert dewi["id"] not in seen and len(seen) == 1
        assert len(sales_agent("GET", "/conversations")[1]["items"]) == 2
        message = next(m["id"] for m in fresh.all("message") if m["conversation"] == dewi["id"])
        path = f"/conversations/{dewi['id']}"
        for method, where, body in [
            ("GET", path, None),
            ("GET", f"{path}/messages", None),
            ("POST", f"{path}/messages", {"text": "x"}),
            ("POST", f"{path}/actions", {"type": "take"}),
            ("POST", f"/messages/{message}/retry", None),
            ("GET", f"/messages/{message}", None),
            ("GET", f"/contacts/{dewi['contact']}", None),
            ("PATCH", f"/contacts/{dewi['contact']}", {"name": "x"}),
        ]:
            assert care_agent(method, where, json=body)[0] == 404, (method, where)
        assert sales_agent("GET", path)[0] == 200
        assert [c["id"] for c in care_agent("GET", "/contacts")[1]["items"]] == [
            fresh.conversation(ANDI)["contact"]
        ]


def test_a_contact_gets_the_teams_own_name(stack, sari):
    contact = stack.conversation(ANDI)["contact"]
    assert sari("PATCH", f"/contacts/{contact}", json={"name": "Pak Andi"})[1]["name"] == "Pak Andi"
    assert "Pak Andi" in [c["name"] for c in sari("GET", "/contacts")[1]["items"]]
    assert [c["id"] for c in sari("GET", "/contacts?q=pak%20an")[1]["items"]] == [contact]


def test_an_account_is_added_and_its_secret_is_seen_nowhere(stack, admin, sari):
    wanted = {
        "name": "kedua",
        "gateway": "waha",
        "url": "http://localhost:3001",
        "webhook_secret": "hush hush",
    }
    status, made = admin("POST", "/accounts", json=wanted)
    assert status == 201
    assert made["secrets"] == ["webhook_secret"] and made["settings"] == {"url": "http://localhost:3001"}
    assert made["webhook_url"].endswith("/webhooks/waha/kedua")
    everything = str(stack.rows("SELECT body FROM journal")) + str(admin("GET", "/accounts"))
    assert "hush hush" not in everything
    assert "hush hush" in (stack.data / "w/main/secrets.json").read_text()
    assert "settings" not in sari("GET", "/accounts/kedua")[1]
    assert admin(
        "POST", "/accounts", json={**wanted, "webhook_secret": None, "url": "http://localhost:3002"}
    )[0]
    assert stack.posts({"event": "x", "session": "y", "payload": {}}, "kedua", "hush hush").status_code == 200
    assert admin("DELETE", "/accounts/kedua")[0] == 204
    assert stack.posts({}, "kedua", "hush hush").status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"gateway": "nothing"}, 422),
        ({"url": "no url"}, 422),
        ({"webhook_secret": ""}, 422),
        ({"name": "Not A Name"}, 422),
        ({"name": "toko"}, 409),
        ({"name": "cabang"}, 409),
        ({"speed": 9}, 422),
    ],
)
def test_a_wrong_account_is_refused(admin, change, status):
    wanted = {
        "name": "baru",
        "gateway": "waha",
        "url": "http://localhost:3001",
        "webhook_secret": "hush hush",
    }
    assert admin("POST", "/accounts", json={**wanted, **change})[0] == status


def test_the_last_admin_stays(stack):
    with running() as fresh:
        ayu = fresh.agent("Ayu", "admin")
        assert fresh.api(ayu)("PATCH", f"/agents/{ayu}", json={"role": "agent"})[0] == 409
        assert fresh.api(ayu)("PATCH", f"/agents/{ayu}", json={"active": False})[0] == 409


def test_people_change_their_own_language_and_no_more(stack, sari):
    assert sari("PATCH", f"/agents/{stack.sari}", json={"language": "en", "theme": "dark"})[0] == 200
    assert sari("PATCH", f"/agents/{stack.sari}", json={"role": "admin"})[0] == 403
    assert sari("PATCH", f"/agents/{stack.ayu}", json={"language": "en"})[0] == 403


def test_a_plugin_that_is_off_has_no_routes_and_no_description(stack, admin):
    assert "/api/labels" in admin("GET", "/openapi.json")[1]["paths"]
    assert admin("PATCH", "/plugins/labels", json={"enabled": False})[0] == 200
    assert admin("GET", "/labels")[0] == 404
    assert not any(path.startswith("/api/labels") for path in admin("GET", "/openapi.json")[1]["paths"])
    assert admin("GET", "/conversations")[1]["items"][0]["labels"] == []
    assert admin("PATCH", "/plugins/labels", json={"enabled": True})[0] == 200
    assert admin("GET", "/labels")[0] == 200


def test_labels_go_on_and_off_and_filter(stack):
    with running() as fresh:
        admin = fresh.api(fresh.agent("Ayu", "admin"))
        fresh.writes(DEWI, "halo")
        fresh.writes(ANDI, "halo")
        label = fresh.ask("labels.create", name="VIP", color="#aa0000")["label"]
        id = fresh.conversation(DEWI)["id"]
        path = f"/conversations/{id}/actions"
        status, done = admin("POST", path, json={"type": "labels.add", "label": label})
        assert (status, done["conversation"]["labels"]) == (200, [label])
        assert [c["id"] for c in admin("GET", f"/conversations?label={label}")[1]["items"]] == [id]
        assert admin("POST", path, json={"type": "labels.remove", "data": {"label": label}})[0] == 200
        assert admin("GET", f"/conversations?label={label}")[1]["items"] == []


def test_a_message_with_buttons(stack, sari):
    stack.ask("account.put", name="coba", gateway="simulator")
    data = {"message": {"id": "B1", "kind": "text", "text": "Halo"}, "peer": {"chat_id": CITA}}
    stack.submit([event("message.received", f"{CITA}/B1", data, account="coba")])
    options = [{"id": "1", "title": "Ya"}, {"id": "2", "title": "Tidak"}]
    wanted = {"text": "Jadi?\n\n1. Ya\n2. Tidak", "buttons": {"text": "Jadi?", "options": options}}
    for chat, text, shown in ((CITA, "Jadi?", options), (DEWI, wanted["text"], None)):
        path = f"/conversations/{stack.conversation(chat)['id']}/messages"
        status, message = sari("POST", path, json={**wanted, "client_id": f"buttons-{chat}"})
        assert (status, message["text"], message.get("buttons")) == (201, text, shown)
        assert sari("POST", path, json={**wanted, "client_id": f"buttons-{chat}"})[0] == 200
        listed = sari("GET", path)[1]["items"][0]
        assert listed.get("buttons") == shown and ("buttons" in listed) == bool(shown)
        long = {"text": "?", "options": [{"id": "1", "title": "x" * 21}]}
        status, answer = sari("POST", path, json={**wanted, "buttons": long})
        assert status == 422 and "title" in answer["error"]["fields"]["json"]["buttons"]["options"]["0"]


def test_openapi_names_what_there_is(stack, admin):
    spec = admin("GET", "/openapi.json")[1]
    assert spec["openapi"].startswith("3.1")
    for path in ("/api/conversations", "/api/conversations/{id}/messages", "/api/accounts", "/api/contacts"):
        assert path in spec["paths"]
    assert spec["paths"]["/api/conversations"]["get"]["summary"]


def test_an_error_is_json_in_one_shape(stack, admin):
    for status, answer in (admin("GET", "/conversations/nothing"), admin("GET", "/nothing")):
        assert status == 404
        assert set(answer["error"]) == {"code", "message", "fields"}
    assert admin("DELETE", "/conversations")[0] == 405


def picture(kind="PNG", size=(8, 6)) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind)
    file.seek(0)
    return file


def upload(program, file, name):
    answer = program.client.post("/media", data={"file": (file, name)}, headers=program.headers)
    return answer.status_code, answer.get_json()


def test_a_picture_is_sent_and_shown_to_who_may_see_it(stack):
    with running() as fresh:
        sales = fresh.team("Sales")
        sari = fresh.api(fresh.agent("Sari", teams=(sales,)))
        citra = fresh.api(fresh.agent("Citra"))
        fresh.writes(DEWI, "ada foto?")
        id = fresh.conversation(DEWI)["id"]
        status, media = upload(sari, picture(), "../../etc/foto\u202e.png")
        assert status == 201
        assert (media["mime"], media["kind"], media["width"], media["height"]) == ("image/png", "image", 8, 6)
        assert "/" not in media["filename"] and "\u202e" not in media["filename"]
        assert sari.client.get(f"/media/{media['id']}", headers=sari.headers).status_code == 404
        status, sent = sari("POST", f"/conversations/{id}/messages", json={"text": None, "media": media})
        assert status == 201 and sent["kind"] == "image" and "token" not in sent["media"]
        shown = sari.client.get(f"/media/{media['id']}", headers=sari.headers)
        assert shown.status_code == 200 and shown.data == picture().getvalue()
        assert shown.headers["Content-Disposition"].startswith("inline")
        assert "sandbox" in shown.headers["Content-Security-Policy"]
        assert shown.headers["Cache-Control"].startswith("private")
        part = sari.client.get(f"/media/{media['id']}", headers={**sari.headers, "Range": "bytes=0-3"})
        assert (part.status_code, part.data) == (206, picture().getvalue()[:4])
        saved = sari.client.get(f"/media/{media['id']}?download=1", headers=sari.headers)
        assert saved.headers["Content-Disposition"].startswith("attachment")
        fresh.ask("conversation.assign", conversation=id, agent=None, team=sales)
        assert citra.client.get(f"/media/{media['id']}", headers=citra.headers).status_code == 404
        assert sari.client.get(f"/media/{media['id']}", headers=sari.headers).status_code == 200


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.png"),
        (b"<!doctype html><script>alert(1)</script>", "a.jpg"),
        (b"%PDF-1.4 <script>", "a.gif"),
        (b"\x89PNG\r\n\x1a\n broken", "a.png"),
    ],
)
def test_what_only_pretends_to_be_a_picture_is_never_shown_in_the_page(stack, sari, body, name):
    status, media = upload(sari, io.BytesIO(body), name)
    assert status == 201 and not media["mime"].startswith("image/")
    path = f"/conversations/{stack.conversation(DEWI)['id']}/messages"
    assert sari("POST", path, json={"media": media})[0] == 201
    shown = sari.client.get(f"/media/{media['id']}", headers=sari.headers)
    assert shown.headers["Content-Disposition"].startswith("attachment")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.content_type.split(";")[0] not in ("text/html", "image/svg+xml")


def test_media_cannot_be_made_up(stack, sari):
    path = f"/conversations/{stack.conversation(DEWI)['id']}/messages"
    media = upload(sari, picture(), "foto.png")[1]
    for forged in ({**media, "token": ""}, {**media, "token": media["token"] + "x"}, {"id": media["id"]}):
        assert sari("POST", path, json={"media": forged})[0] == 422
    assert (
        sari("POST", path, json={"media": {**media, "hash": "0" * 64}})[1]["media"]["hash"] == media["hash"]
    )


def test_an_upload_that_is_none_is_told(sari):
    answer = sari.client.post("/media", data={"x": "y"}, headers=sari.headers)
    assert answer.status_code == 422
    assert json.loads(answer.text)["error"]["fields"] == {"file": ["Missing data for required field."]}
