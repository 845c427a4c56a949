"""The pages and the REST of contacts: who sees whom, numbers as they are typed, joining and its way back."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.events import event, requested

from .web_stack import ANDI, DEWI, Stack, running
from .world import written

LID = "98765432101234@lid"


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as found:
        found.ask("agent.update", agent=found.agent("Sari", "admin"), language="en")
        found.writes(DEWI, "Halo")
        found.writes(ANDI, "Pagi")
        yield found


def contact(stack: Stack, chat: str) -> dict[str, Any]:
    (found,) = [c for c in stack.all("contact") if chat in c["aliases"]]
    return found


def test_a_number_is_told_while_it_is_typed_and_made_once(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    told = sari.client.get("/contacts/number?text=0813-0000-4521").json
    assert told["phone"] == "+6281300004521" and told["taken"]["id"] == contact(stack, DEWI)["id"]
    assert "+62 813-0000-4521" in told["shown"]
    assert "is not a phone number" in sari.client.get("/contacts/number?text=08").json["error"]
    made = sari.post("/contacts", {"phone": "0819 0000 7777", "name": "Budi"})
    assert made.status_code == 303
    assert "Budi" in sari.client.get(made.headers["Location"]).text
    again = sari.post("/contacts", {"phone": "+62 819 0000 7777"})
    assert "+6281900007777 is the number of Budi already." in again.text


def test_the_list_goes_by_name_has_a_cursor_and_finds_numbers_as_they_are_written(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    for number in range(60):
        stack.ask("contacts.create", phone=f"+62819{number:08}", name=f"Orang {number:02}")
    first = sari.client.get("/contacts").text
    assert first.count("contact-row") == 50 and "data-more" in first
    found = sari.client.get("/contacts/rows?q=0813").text
    assert found.count("data-contact=") == 1 and contact(stack, DEWI)["id"] in found
    assert "Nobody fits" in sari.client.get("/contacts/rows?q=zzzz").text
    status, listed = stack.api(stack.agent("Tono"))("GET", "/contacts?limit=10")
    assert status == 200 and len(listed["items"]) == 10 and listed["next"]


def test_small_letters_and_big_ones_stand_together(stack: Stack) -> None:
    names = ["zainal", "Agus", "budi", "Andi", "Zaki", "Budi"]
    for number, name in enumerate(names):
        stack.ask("contacts.create", phone=f"+62819{number:08}", name=name)
    program, found, cursor = stack.api("system"), [], ""
    while cursor is not None:
        _, page = program("GET", f"/contacts?limit=3{cursor and f'&cursor={cursor}'}")
        found += [each["name"] for each in page["items"] if each["name"] in names]
        cursor = page["next"]
    assert found == ["Agus", "Andi", "budi", "Budi", "zainal", "Zaki"]


def test_an_agent_sees_who_has_no_talk_and_not_whom_another_team_talks_with(stack: Stack) -> None:
    team = stack.team("Gudang")
    stack.ask("conversation.assign", conversation=stack.conversation(DEWI)["id"], agent=None, team=team)
    stack.ask("contacts.create", phone="+6281900007777", name="Budi")
    stack.agent("Tono")
    tono = stack.signed_in("Tono")
    page = tono.client.get("/contacts").text
    assert "Budi" in page and contact(stack, ANDI)["id"] in page and contact(stack, DEWI)["id"] not in page
    hidden = contact(stack, DEWI)["id"]
    assert tono.client.get(f"/contacts/{hidden}").status_code == 404
    assert tono.client.get(f"/why/contact/{hidden}").status_code == 404
    merging = {"other": hidden}
    assert tono.post(f"/contacts/{contact(stack, ANDI)['id']}/merge", merging).status_code == 404


def test_whom_an_agent_may_not_see_is_named_nowhere(stack: Stack) -> None:
    team = stack.team("Direksi")
    stack.ask("contact.update", contact=contact(stack, DEWI)["id"], name="Bu Rahasia")
    other = stack.ask("contacts.create", phone="+6281900007777", name="Rahasia")["contact"]
    merge = stack.ask("contacts.merge", contact=other, into=contact(stack, DEWI)["id"])["merge"]
    stack.ask("conversation.assign", conversation=stack.conversation(DEWI)["id"], agent=None, team=team)
    tono = stack.agent("Tono")
    program, browser = stack.api(tono), stack.signed_in("Tono")
    told = browser.client.get("/contacts/number?text=0813-0000-4521").json
    assert told["taken"]["id"] is None and "Rahasia" not in told["taken"]["name"]
    status, refused = program("POST", "/contacts", json={"phone": "0813-0000-4521"})
    assert status == 409 and "Rahasia" not in str(refused)
    assert program("GET", "/contacts/merges")[1]["items"] == []
    assert program("POST", f"/contacts/merges/{merge}/undo")[0] == 404
    assert len(stack.api("system")("GET", "/contacts/merges")[1]["items"]) == 1


def test_an_agent_finds_their_own_among_any_number_of_others(stack: Stack) -> None:
    """What others' teams have is neither found nor counted among the hits."""
    team, tono = stack.team("Gudang"), stack.agent("Tono")
    stack.ask("contact.update", contact=contact(stack, DEWI)["id"], name="Zulaikha Pelanggan")
    others = [f"62819{number:08}@c.us" for number in range(450)]
    book = [{"chat_id": chat, "kind": "user", "book_name": f"Pelanggan {chat}"} for chat in others]
    stack.submit([event("contact.book", "b1", {"contacts": book}, account="toko")])
    for start in range(0, len(others), 50):
        stack.submit([written(chat, "halo", chat) for chat in others[start : start + 50]])
    talks = [each["id"] for each in stack.all("conversation") if each["chat"] in others]
    given = [{"conversation": id, "agent": None, "team": team} for id in talks]
    asked = [{"type": "conversation.assign", "data": each} for each in given]
    for start in range(0, len(asked), 50):
        stack.submit([requested(None, asked[start : start + 50])])
    program = stack.api(tono)
    _, found = program("GET", "/contacts?q=Pelanggan")
    assert [each["name"] for each in found["items"]] == ["Zulaikha Pelanggan"]
    _, first = program("GET", "/contacts?limit=1")
    _, second = program("GET", f"/contacts?limit=5&cursor={first['next']}")
    assert len(first["items"]) == 1 and second["items"][-1]["name"] == "Zulaikha Pelanggan"


def test_joining_is_shown_before_done_and_undone_and_old_addresses_lead_on(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    dewi, andi = contact(stack, DEWI)["id"], contact(stack, ANDI)["id"]
    stack.ask("contact.update", contact=dewi, name="Bu Dewi")
    stack.ask("contact.update", contact=andi, name="Dewi Baru")
    shown = sari.client.get(f"/contacts/{dewi}/merge?other={andi}").text
    assert "Bu Dewi" in shown and "Dewi Baru" in shown and 'name="choose:names.agent"' in shown
    done = sari.post(f"/contacts/{dewi}/merge", {"other": andi, "choose:names.agent": "names.agent"})
    assert done.status_code == 303
    one = contact(stack, ANDI)
    assert (one["id"], one["name"]) == (dewi, "Dewi Baru")
    assert sari.client.get(f"/contacts/{andi}").headers["Location"].endswith(f"/contacts/{dewi}")
    assert "Bu Dewi" in sari.client.get("/contacts/duplicates").text
    (merge,) = stack.all("contact_merge")
    assert sari.post(f"/contacts/merges/{merge['id']}/undo", {}).status_code == 303
    assert (contact(stack, DEWI)["name"], contact(stack, ANDI)["name"]) == ("Bu Dewi", "Dewi Baru")
    assert "This was undone already." in sari.post(f"/contacts/merges/{merge['id']}/undo", {}).text


def test_a_merged_talk_is_at_its_new_address_for_pages_programs_and_actions(stack: Stack) -> None:
    sari, program = stack.signed_in("Sari"), stack.api("system")
    stack.writes(LID, "dari LID")
    old, new = stack.conversation(LID)["id"], stack.conversation(DEWI)["id"]
    peer = {"chat_id": DEWI, "kind": "user", "lid": LID}
    stack.submit([event("identity.linked", "l1", {"peer": peer}, account="toko")])
    assert sari.client.get(f"/inbox/{old}?tab=all").headers["Location"].endswith(f"/inbox/{new}?tab=all")
    assert f'data-thread="{new}"' in sari.client.get(f"/inbox/{old}/thread").text
    assert program("GET", f"/conversations/{old}")[1]["id"] == new
    stack.ask("message.send", conversation=old, text="sampai juga")
    assert stack.conversation(DEWI)["last_message"]["text"] == "sampai juga"


def test_the_rest_makes_joins_parts_and_writes_first(stack: Stack) -> None:
    program = stack.api("system")
    status, made = program("POST", "/contacts", json={"phone": "0819-0000-7777", "name": "Budi"})
    assert status == 201 and made["phone"] == "+6281900007777"
    assert program("POST", "/contacts", json={"phone": "0819-0000-7777"})[0] == 409
    id, other = made["id"], contact(stack, ANDI)["id"]
    _, preview = program("POST", f"/contacts/{id}/merge/preview", json={"other": other})
    assert len(preview["aliases"]) == 2 and len(stack.all("contact")) == 3
    _, merge = program("POST", f"/contacts/{id}/merge", json={"other": other})
    _, merges = program("GET", "/contacts/merges")
    assert [m["id"] for m in merges["items"]] == [merge["id"]] and "before" not in merges["items"][0]
    assert program("POST", f"/contacts/merges/{merge['id']}/undo")[1]["state"] == "undone"
    first = {"account": "toko", "text": "Halo Pak Budi"}
    assert program("POST", f"/contacts/{id}/messages", json={**first, "cold": False})[0] == 422
    status, sent = program("POST", f"/contacts/{id}/messages", json={**first, "cold": True})
    assert status == 201, sent
    assert stack.conversation("6281900007777@c.us")["id"] == sent["conversation"]
    assert len(program("POST", f"/contacts/{id}/numbers", json={"phone": "081400001111"})[1]["aliases"]) == 2
    assert program("GET", "/contacts/duplicates") == (200, {"items": [], "next": None})
    assert program("GET", "/contacts/syncs") == (200, {"items": [], "next": None})


def test_who_is_written_to_first_has_to_expect_it(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    id = stack.ask("contacts.create", phone="+6281900007777", name="Budi")["contact"]
    asked = {"account": "toko", "text": "Halo", "chat": "6281900007777@c.us"}
    refused = sari.post(f"/contacts/{id}/write", asked)
    assert "Say first that this person expects your message." in refused.text
    done = sari.post(f"/contacts/{id}/write", {**asked, "cold": "1"})
    assert done.headers["Location"].endswith(stack.conversation("6281900007777@c.us")["id"])


def test_the_page_of_a_person_says_what_happened(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    id = contact(stack, DEWI)["id"]
    sari.post(f"/contacts/{id}/name", {"name": "Bu Dewi"})
    told = sari.client.get(f"/why/contact/{id}").text
    assert "renamed the contact" in told and "Name: Bu Dewi" in told and "Halo" not in told
    page = sari.client.get(f"/contacts/{id}").text
    assert "Your team" in page and "shown" in page
    assert "contact-section" in sari.client.get(f"/inbox/{stack.conversation(DEWI)['id']}").text


def test_off_there_is_no_trace(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    stack.ask("plugin.set", plugin="contacts", enabled=False)
    stack.held.known.drop("main", "hidden")
    id = contact(stack, DEWI)["id"]
    for path in ("/contacts", f"/contacts/{id}", "/contacts/duplicates", "/api/contacts/merges"):
        assert sari.client.get(path).status_code == 404, path
    page = sari.client.get(f"/inbox/{stack.conversation(DEWI)['id']}").text
    assert "/contacts" not in page and "contact-section" not in page
    assert "/contacts" not in sari.client.get("/settings/numbers").text
    assert sari.client.get("/api/contacts").json["items"]
    assert "/api/contacts/merges" not in sari.client.get("/api/openapi.json").json["paths"]


def test_the_labels_of_talks_and_why_a_book_could_not_be_read_are_told_in_the_list(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    label = stack.ask("labels.create", name="Grosir")["label"]
    stack.ask("labels.add", conversation=stack.conversation(DEWI)["id"], label=label)
    state = {"state": "connected", "reason_code": "WORKING"}
    stack.submit([event("session.state", "s1", state, account="toko")])
    assert "Reading the address book of" in sari.client.get("/contacts").text
    (job,) = [j["id"] for j in stack.all("job") if j["name"] == "book.list"]
    told = {"outcome": "failed", "reason": "http://localhost:3000: connection refused"}
    stack.submit([event("job.finished", job, {"job": job, "result": told}, origin="job")])
    page = sari.client.get("/contacts").text
    assert "could not be read" in page and "The number's service is not running." in page.replace(
        "&#39;", "'"
    )
    assert "Grosir" in page
    stack.ask("plugin.set", plugin="labels", enabled=False)
    stack.held.known.drop("main", "hidden")
    assert "Grosir" not in sari.client.get("/contacts").text
