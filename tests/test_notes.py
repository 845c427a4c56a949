"""Notes: written, changed, pinned, mentioned in, reminded of; by the handlers, the clock and the API."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engine import config as configuration
from engine import erasure, exports, imports, retention, times
from engine import plugins as installed
from engine.cli import main
from engine.store import Reading
from plugins.notes import markdown, mentions
from tests.day import Day
from tests.test_pages_words import KEYWORDS, METHODS
from tests.web_stack import ANDI, DEWI, Program, Stack, running
from tests.world import World

PLUGIN = Path(__file__).parent.parent / "plugins" / "notes"


def writes(shop: World, by: str | None, text: str, chat: str = DEWI, **more: object) -> dict:
    """Have somebody write a note; return it."""
    done = shop.ask("notes.add", by=by, conversation=shop.conversation(chat)["id"], text=text, **more)
    assert done["status"] == "done", done
    return shop.get("note", done["result"]["note"])


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    """A Monday morning at the shop, whose clock goes only when told."""
    folder = tmp_path / "w" / "main"
    folder.mkdir(parents=True)
    world = Day(folder, installed.load())
    world.with_shop()
    world.writes(DEWI, "Halo")
    yield world
    world.close()


# Writing and changing


def test_a_note_is_kept_with_who_wrote_it_and_no_message_is_made(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    sari = shop.agent("Sari")
    note = writes(shop, sari, "  Pelanggan lama  ")
    assert (note["text"], note["author"]["name"], note["version"]) == ("Pelanggan lama", "Sari", 1)
    assert note["contact"] == shop.conversation(DEWI)["contact"]
    assert [m["text"] for m in shop.messages(DEWI)] == ["Halo"]
    assert shop.conversation(DEWI)["last_message"]["text"] == "Halo"


def test_an_edit_keeps_what_was_said_and_a_late_one_is_refused(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    sari, rina = shop.agent("Sari"), shop.agent("Rina", "supervisor")
    note = writes(shop, sari, "Janji bayar")
    assert shop.ask("notes.edit", by=rina, note=note["id"], text="Sudah bayar", version=1)["status"] == "done"
    late = shop.ask("notes.edit", by=sari, note=note["id"], text="Belum bayar", version=1)
    assert (late["status"], late["reason"]) == ("refused", "this note was changed meanwhile by Rina")
    now = shop.get("note", note["id"])
    assert (now["text"], now["version"], now["edited_by"]) == ("Sudah bayar", 2, rina)
    assert [(past["text"], past["by"]) for past in now["history"]] == [("Janji bayar", sari)]


def test_only_who_wrote_a_note_or_leads_changes_it(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    note = writes(shop, sari, "Milik Sari")
    for type, more in (("notes.edit", {"text": "x"}), ("notes.delete", {})):
        done = shop.ask(type, by=budi, note=note["id"], **more)
        assert (done["status"], done["reason"]) == (
            "refused",
            "only who wrote a note, or a supervisor, can change it",
        )
    assert shop.ask("notes.pin", by=budi, note=note["id"])["status"] == "done"


def test_a_deleted_note_keeps_its_place_and_says_nothing(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    due = times.add(times.now(), 3600)
    note = writes(shop, sari, "Salah @Budi", remind_at=due)
    shop.ask("notes.edit", by=sari, note=note["id"], text="Salah lagi @Budi")
    shop.ask("notes.delete", by=sari, note=note["id"])
    now = shop.get("note", note["id"])
    assert (now["text"], now["history"], now["pinned"], now["reminder"]) == (None, [], False, None)
    assert now["deleted_at"] and now["conversation"] == shop.conversation(DEWI)["id"]
    assert shop.all("mention") == [] and not [t for t in shop.all("timer") if t["plugin"] == "notes"]
    assert shop.ask("notes.edit", by=sari, note=note["id"], text="x")["reason"] == "this note was deleted"
    assert budi


def test_another_plugin_may_leave_a_note(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    note = writes(shop, None, "Dari bot: besok")
    assert note["author"]["kind"] == "bot" and note["offer"] is None
    id, soon = note["conversation"], times.add(times.now(), 600)
    assert shop.ask("notes.add", conversation=id, text="Telepon", remind_at=soon)["status"] == "refused"
    sari = shop.agent("Sari")
    shop.ask("conversation.take", by=sari, conversation=id)
    assert writes(shop, None, "Telepon", remind_at=soon)["remind_for"] == sari


# Mentions


AGENTS = [
    {"id": "s1", "name": "Sari"},
    {"id": "s2", "name": "Sari Dewi"},
    {"id": "b1", "name": "Budi Santoso"},
    {"id": "b2", "name": "Budi Hartono"},
    {"id": "t1", "name": "Tomas"},
    {"id": "t2", "name": "tomas"},
]


@pytest.mark.parametrize(
    ("typed", "chosen", "kept"),
    [
        ("@Sari Dewi tolong", (), "@[s2] tolong"),
        ("halo @sari dewi, @SARI DEWI!", (), "halo @[s2], @[s2]!"),
        ("@Budi Hartono", (), "@[b2]"),
        ("@Santoso", (), "@Santoso"),
        ("@Tomas", (), "@Tomas"),
        ("@Tomas", ("t2",), "@[t2]"),
        ("@Sarinah dan a@sari.id", (), "@Sarinah dan a@sari.id"),
        ("(@Budi Santoso)", (), "(@[b1])"),
        ("sudah @[b1] sekali", (), "sudah @[b1] sekali"),
    ],
)
def test_names_become_ids(typed: str, chosen: tuple[str, ...], kept: str) -> None:
    assert mentions.stored(typed, AGENTS, chosen) == kept


def test_a_first_name_will_do_where_one_alone_has_it() -> None:
    assert mentions.stored("@Budi cek", AGENTS[:3]) == "@[b1] cek"
    assert mentions.stored("@Budi cek", AGENTS) == "@Budi cek"


def test_who_is_named_has_an_unread_mention_until_the_conversation_is_opened(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    note = writes(shop, sari, "@Budi dan @Sari lihat ini @Budi")
    (mention,) = shop.all("mention")
    assert (mention["agent"], mention["by"], mention["unread"]) == (budi, sari, True)
    assert note["mentions"] == [budi, sari]
    shop.ask("notes.seen", by=sari, conversation=note["conversation"])
    assert shop.get("mention", mention["id"])["unread"]
    shop.ask("notes.seen", by=budi, conversation=note["conversation"])
    read = shop.get("mention", mention["id"])
    assert not read["unread"] and read["read_at"]


def test_an_edit_tells_only_who_is_new_in_it(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    sari, budi, tono = (shop.agent(name) for name in ("Sari", "Budi", "Tono"))
    note = writes(shop, sari, "@Budi")
    (first,) = shop.all("mention")
    shop.ask("notes.edit", by=sari, note=note["id"], text="@Budi @Tono")
    assert {m["agent"] for m in shop.all("mention")} == {budi, tono}
    shop.ask("notes.edit", by=sari, note=note["id"], text="@Tono")
    assert [m["agent"] for m in shop.all("mention")] == [tono] and first["agent"] == budi


def test_who_may_not_see_the_conversation_cannot_be_mentioned(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    sari, budi = shop.agent("Sari", "supervisor"), shop.agent("Budi")
    team = shop.ask("team.create", name="Gudang")["result"]["team"]
    id = shop.conversation(DEWI)["id"]
    shop.ask("conversation.assign", by=sari, conversation=id, agent=None, team=team)
    refused = shop.ask("notes.add", by=sari, conversation=id, text="@Budi")
    assert refused["reason"] == "Budi may not see this conversation and cannot be mentioned"
    assert shop.ask("notes.add", by=sari, conversation=id, text="@[nobody]")["status"] == "refused"
    shop.ask("agent.update", agent=budi, teams=[team])
    assert shop.ask("notes.add", by=sari, conversation=id, text="@Budi")["status"] == "done"


# Reminders, by a clock that goes only when told


def test_a_day_that_is_named_is_offered_and_one_click_sets_it(day: Day) -> None:
    sari = day.agent("Sari")
    note = writes(day, sari, "Janji bayar tanggal 25 jam 16.00")
    assert note["offer"] == {"at": "2031-03-25T09:00:00.000000Z", "words": "tanggal 25 jam 16.00"}
    day.ask("notes.remind", by=sari, note=note["id"], at=note["offer"]["at"])
    now = day.get("note", note["id"])
    assert (now["reminder"], now["remind_at"], now["remind_for"], now["offer"]) == (
        "set",
        "2031-03-25T09:00:00.000000Z",
        sari,
        None,
    )


def test_an_offer_can_be_declined_and_the_finding_switched_off(day: Day) -> None:
    sari = day.agent("Sari")
    note = writes(day, sari, "besok jam 9")
    day.ask("notes.done", by=sari, note=note["id"])
    assert day.get("note", note["id"])["offer"] is None
    day.ask("plugin.set", plugin="notes", settings={"find_dates": False})
    assert writes(day, sari, "besok jam 9")["offer"] is None


def test_a_reminder_brings_a_resolved_conversation_back_to_its_author(day: Day) -> None:
    sari, rina = day.agent("Sari"), day.agent("Rina", "supervisor")
    note = writes(day, sari, "Telepon", remind_at=times.add(day.time, 3600))
    id = note["conversation"]
    day.ask("conversation.take", by=rina, conversation=id)
    day.ask("conversation.resolve", by=rina, conversation=id)
    day.later(3500)
    assert day.get("note", note["id"])["reminder"] == "set"
    day.later(200)
    now, conversation = day.get("note", note["id"]), day.conversation(DEWI)
    assert (now["reminder"], now["due_for"]) == ("due", sari)
    assert (conversation["status"], conversation["assignee"], conversation["unread"]) == ("open", sari, 1)
    day.ask("notes.done", by=sari, note=note["id"])
    assert (day.get("note", note["id"])["reminder"], day.get("note", note["id"])["done_for"]) == (
        "done",
        sari,
    )


def test_a_reminder_only_rings_where_its_author_may_not_see_the_conversation_any_more(day: Day) -> None:
    sari, rina = day.agent("Sari"), day.agent("Rina", "supervisor")
    note = writes(day, sari, "Telepon", remind_at=times.add(day.time, 600))
    team = day.ask("team.create", name="Accounts")["result"]["team"]
    day.ask("conversation.assign", by=rina, conversation=note["conversation"], agent=rina, team=team)
    day.ask("conversation.resolve", by=rina, conversation=note["conversation"])
    day.ask("conversation.read", by=rina, conversation=note["conversation"])
    day.later(700)
    assert day.get("note", note["id"])["due_for"] == sari
    stays = day.conversation(DEWI)
    assert (stays["status"], stays["assignee"], stays["unread"]) == ("resolved", rina, 0)


@pytest.mark.parametrize("off", ["contact.block", "agent.deactivate"])
def test_a_reminder_brings_nothing_back_of_the_blocked_nor_to_who_has_left(day: Day, off: str) -> None:
    sari = day.agent("Sari")
    note = writes(day, sari, "Telepon", remind_at=times.add(day.time, 600))
    day.ask("conversation.resolve", by=sari, conversation=note["conversation"])
    who = {"contact": note["contact"], "reason": "spam"} if off == "contact.block" else {"agent": sari}
    day.ask(off, **who)
    day.later(700)
    assert day.get("note", note["id"])["reminder"] == "due"
    assert day.conversation(DEWI)["status"] == "resolved"


def test_an_open_conversation_stays_with_who_has_it_and_is_unread(day: Day) -> None:
    sari, rina = day.agent("Sari"), day.agent("Rina", "supervisor")
    note = writes(day, sari, "Telepon", remind_at=times.add(day.time, 60))
    day.ask("conversation.take", by=rina, conversation=note["conversation"])
    day.ask("conversation.read", by=rina, conversation=note["conversation"])
    day.later(100)
    assert (day.conversation(DEWI)["assignee"], day.conversation(DEWI)["unread"]) == (rina, 1)


def test_a_reminder_that_is_moved_or_cancelled_does_not_come_at_its_old_time(day: Day) -> None:
    sari = day.agent("Sari")
    note = writes(day, sari, "Telepon", remind_at=times.add(day.time, 60))
    day.ask("notes.remind", by=sari, note=note["id"], at=times.add(day.time, 600))
    day.later(100)
    assert day.get("note", note["id"])["reminder"] == "set"
    day.ask("notes.done", by=sari, note=note["id"])
    day.later(1000)
    assert day.get("note", note["id"])["reminder"] == "done"
    for at in (times.add(day.time, -1), "2091-01-01T00:00:00Z", "soon"):
        assert day.ask("notes.remind", by=sari, note=note["id"], at=at)["status"] == "refused"


def test_nobody_takes_anothers_reminder_away(day: Day) -> None:
    sari, budi, rina = day.agent("Sari"), day.agent("Budi"), day.agent("Rina", "supervisor")
    note = writes(day, sari, "Telepon", remind_at=times.add(day.time, 600))
    for type, more in (("notes.remind", {"at": times.add(day.time, 900)}), ("notes.done", {})):
        done = day.ask(type, by=budi, note=note["id"], **more)
        assert done["reason"] == "Sari has a reminder on this note"
    assert day.ask("notes.done", by=rina, note=note["id"])["status"] == "done"
    assert day.ask("notes.remind", by=budi, note=note["id"], at=times.add(day.time, 900))["status"] == "done"
    assert day.get("note", note["id"])["remind_for"] == budi


def test_while_notes_are_off_a_reminder_waits(day: Day) -> None:
    sari = day.agent("Sari")
    note = writes(day, sari, "Telepon", remind_at=times.add(day.time, 60))
    day.ask("plugin.set", plugin="notes", enabled=False)
    day.later(100)
    day.ask("plugin.set", plugin="notes", enabled=True)
    assert day.get("note", note["id"])["reminder"] == "set"
    day.later(1)
    assert day.get("note", note["id"])["reminder"] == "due"


# What is erased


def test_a_contacts_notes_go_with_the_contact(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    shop.writes(ANDI, "Pagi")
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    note = writes(shop, sari, "Bu Dewi suka durian, @Budi", remind_at=times.add(times.now(), 3600))
    shop.ask("notes.edit", by=sari, note=note["id"], text="Bu Dewi suka rambutan")
    other = writes(shop, sari, "Pak Andi suka durian @Budi", ANDI)
    contact = shop.conversation(DEWI)["contact"]
    shop.workspace.writer.do(lambda _: erasure.erase_contact(shop.workspace.pipeline, contact)).result()
    assert [n["id"] for n in shop.all("note")] == [other["id"]]
    assert [m["note"] for m in shop.all("mention")] == [other["id"]] and budi
    assert not [t for t in shop.all("timer") if t["plugin"] == "notes"]
    told = str(shop.journal())
    assert "rambutan" not in told and "Bu Dewi" not in told and "Pak Andi suka durian" in told


def test_notes_go_out_with_an_export_and_come_back_findable(shop: World, tmp_path: Path) -> None:
    shop.writes(DEWI, "Halo")
    sari = shop.agent("Sari")
    writes(shop, sari, "Suka rambutan @Sari", remind_at=times.add(times.now(), 3600))
    target = tmp_path / "shop.jsonl"
    exports.write(shop.workspace.store.path, "main", shop.registry.collections, "jsonl", target)
    config = configuration.load({}, data=tmp_path / "other")
    imports.into_new(config, shop.registry, "main", target)
    there = Reading(tmp_path / "other" / "w" / "main" / "replyai.db", shop.registry.collections)
    assert [dict(n) for n in there.table("note").all()] == shop.all("note")
    assert len(there.table("note").find("rambutan")[0]) == 1
    assert [t["name"] for t in there.table("timer").all()] == [t["name"] for t in shop.all("timer")]
    there.connection.close()


def test_what_messages_say_is_let_go_by_age_and_notes_stay(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    note = writes(shop, shop.agent("Sari"), "Pelanggan lama")
    shop.workspace.expire(times.add(times.now(), 60), 100).result()
    assert shop.messages(DEWI)[0]["text"] is None and shop.get("note", note["id"])["text"] == "Pelanggan lama"


def test_notes_are_let_go_by_their_own_age(day: Day) -> None:
    sari = day.agent("Sari")
    day.agent("Budi")
    old = writes(day, sari, "Lama @Budi", remind_at=times.add(day.time, 5 * 86400))
    day.later(2 * 86400)
    kept = writes(day, sari, "Baru @Budi")
    day.ask("plugin.set", plugin="notes", settings={"keep_days": 1})
    retention.keep(day.workspace, {}, day.time)
    assert [n["id"] for n in day.all("note")] == [kept["id"]]
    assert [m["note"] for m in day.all("mention")] == [kept["id"]]
    day.later(5 * 86400)
    assert not [p for p in day.all("problem") if p["plugin"] == "notes"] and old


# Markdown


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](http://a/b.png)",
    '[x](http://a "onmouseover=alert(1)")',
    '[x](http://a "\u2060at\u2060b1\u2060")',
    '[x](http://a/" onclick="alert(1))',
    "```\n</code></pre><script>alert(1)</script>\n```",
    "`<script>alert(1)</script>`",
    "<a href='http://a' onclick='alert(1)'>x</a>",
    "<iframe src=//a></iframe>",
    "<style>*{display:none}</style>",
    "<form action=//a><input></form>",
    "@[b1<script>]",
    "<!--x--><math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "[a]: javascript:alert(1)\n\n[a]",
    "| a |\n|---|\n| <script>alert(1)</script> |",
]
SAFE_TAG = re.compile(
    r"</?(p|br|em|strong|s|code|pre|blockquote|ul|ol|li|hr|h[1-6]|table|thead|tbody|tr|th|td)>"
    r"|</a>|</span>|<ol start=\"\d+\">|<span class=\"mention\" data-agent=\"[\w.-]+\">"
    r"|<a href=\"(https?://|mailto:|tel:)[^\"<>]*\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">"
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_markdown_stays_words(attack: str) -> None:
    made = markdown.html(attack, {"b1": '"><script>alert(1)</script>'})
    assert "<" not in SAFE_TAG.sub("", made), made


def test_markdown_is_shown_and_links_lead_out_safely() -> None:
    made = markdown.html("**Janji** _bayar_ @[b1]\nhttps://toko.id/a_b\n\n- satu\n- dua", {"b1": "Budi <3"})
    assert "<strong>Janji</strong> <em>bayar</em>" in made and "<li>dua</li>" in made
    assert '<span class="mention" data-agent="b1">@Budi &lt;3</span><br>' in made
    assert 'href="https://toko.id/a_b" target="_blank" rel="noopener noreferrer nofollow"' in made
    assert markdown.words(made) == "Janji bayar @Budi <3 https://toko.id/a_b satu dua"


# The API, the pages, search


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        found.ayu = found.agent("Ayu", role="admin")  # type: ignore[attr-defined]
        found.sari = found.agent("Sari")  # type: ignore[attr-defined]
        for name in ("Ayu", "Sari"):
            found.ask("agent.update", agent=getattr(found, name.lower()), language="en")
        found.writes(DEWI, "Halo, masih ada?")
        found.writes(ANDI, "Selamat pagi")
        yield found


@pytest.fixture(scope="module")
def ayu(stack: Stack) -> Program:
    return stack.api(stack.ayu)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def sari(stack: Stack) -> Program:
    return stack.api(stack.sari)  # type: ignore[attr-defined]


def noted(program: Program, stack: Stack, text: str, chat: str = DEWI, **more: object) -> dict:
    body = {"conversation": stack.conversation(chat)["id"], "text": text, **more}
    status, note = program("POST", "/notes", json=body)
    assert status == 201, note
    return dict(note)


def pages(program: Program, path: str) -> list[dict]:
    """Return a list's items, fetched two at a time."""
    found: list[dict] = []
    asked = f"{path}{'&' if '?' in path else '?'}limit=2"
    cursor = ""
    while True:
        status, page = program("GET", asked + cursor)
        assert status == 200 and len(page["items"]) <= 2, page
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_notes_are_made_once_listed_in_pages_changed_and_deleted(
    stack: Stack, ayu: Program, sari: Program
) -> None:
    first = noted(sari, stack, "**Satu** @Ayu", ANDI, client_id="c-1")
    assert noted(sari, stack, "**Satu** @Ayu", ANDI, client_id="c-1")["id"] == first["id"]
    assert (first["plain"], first["excerpt"], first["mentions"]) == (
        "**Satu** @Ayu",
        "Satu @Ayu",
        [stack.ayu],  # type: ignore[attr-defined]
    )
    more = [noted(sari, stack, f"nomor {n}", ANDI)["id"] for n in range(4)]
    id = stack.conversation(ANDI)["id"]
    assert [n["id"] for n in pages(ayu, f"/notes?conversation={id}")] == [*reversed(more), first["id"]]
    path = f"/notes/{first['id']}"
    assert ayu("PATCH", path, json={"text": "Dua", "version": 1})[1]["history"][0]["text"].startswith(
        "**Satu**"
    )
    status, late = sari("PATCH", path, json={"text": "Tiga", "version": 1})
    assert status == 409 and late["error"]["message"] == "Ayu changed this note meanwhile. Look at it first."
    assert ayu("PUT", f"{path}/pin")[1]["pinned"] is True
    contact = stack.conversation(ANDI)["contact"]
    assert [n["id"] for n in sari("GET", f"/notes?contact={contact}")[1]["items"]] == [first["id"]]
    assert ayu("DELETE", f"{path}/pin")[1]["pinned"] is False
    assert sari("DELETE", path)[0] == 204 and sari("GET", path)[1]["text"] is None
    assert ayu("GET", "/notes?cursor=nonsense&conversation=" + id)[0] == 422


def test_mentions_and_reminders_are_listed_for_who_asks(stack: Stack, ayu: Program, sari: Program) -> None:
    notes = [noted(ayu, stack, f"@Sari lihat {n}")["id"] for n in range(3)]
    assert [m["note"] for m in pages(sari, "/notes/mentions?unread=true")] == notes[::-1]
    assert ayu("GET", "/notes/mentions?unread=true")[1]["items"] == []
    id = stack.conversation(DEWI)["id"]
    assert sari("POST", "/notes/mentions/read", json={"conversation": id})[0] == 204
    assert sari("GET", "/notes/mentions?unread=true")[1]["items"] == []
    assert sari("GET", "/notes/mentions")[1]["items"][0]["excerpt"] == "@Sari lihat 2"
    for n, note in enumerate(notes):
        at = times.add(times.now(), 3600 * (n + 1))
        assert sari("PUT", f"/notes/{note}/reminder", json={"at": at})[1]["reminder"] == "set"
    assert [n["id"] for n in pages(sari, "/notes/reminders?state=set")] == notes
    assert sari("DELETE", f"/notes/{notes[0]}/reminder")[1]["reminder"] == "done"
    assert sari("PUT", f"/notes/{notes[1]}/reminder", json={"at": "2020-01-01T00:00:00Z"})[0] == 409


@pytest.mark.parametrize("wrong", [{}, {"text": " "}, {"text": "x" * 10_001}, {"text": "a", "b": 1}], ids=str)
def test_what_is_no_note_is_422(stack: Stack, sari: Program, wrong: dict) -> None:
    body = {"conversation": stack.conversation(DEWI)["id"], **wrong}
    assert sari("POST", "/notes", json=body)[0] == 422


def test_what_an_agent_may_not_see_is_not_found_and_not_changed(stack: Stack, ayu: Program) -> None:
    chat = "6281300009999@c.us"
    stack.writes(chat, "Halo gudang")
    team, tono = stack.team("Gudang"), stack.agent("Tono")
    note = noted(ayu, stack, "rahasia gudang", chat)
    stack.ask(
        "conversation.assign",
        by=stack.ayu,
        conversation=note["conversation"],
        agent=None,
        team=team,  # type: ignore[attr-defined]
    )
    other = stack.api(tono)
    path = f"/notes/{note['id']}"
    assert other("GET", path)[0] == 404 and other("PATCH", path, json={"text": "x"})[0] == 404
    for part in ("pin", "reminder"):
        assert other("DELETE", f"{path}/{part}")[0] == 404
    assert other("GET", f"/notes?conversation={note['conversation']}")[0] == 404
    assert other("GET", "/search?q=rahasia")[1]["items"] == []
    visible = stack.conversation(DEWI)["id"]
    sly = {"type": "notes.pin", "data": {"note": note["id"]}}
    status, _answer = other("POST", f"/conversations/{visible}/actions", json=sly)
    assert status in (404, 422)
    refused = ayu("POST", "/notes", json={"conversation": note["conversation"], "text": "@Tono"})
    assert refused[0] == 409 and "Tono may not see this conversation" in refused[1]["error"]["message"]


def test_notes_are_found_beside_messages(stack: Stack, ayu: Program) -> None:
    stack.writes(DEWI, "durian montong satu")
    notes = [noted(ayu, stack, f"durian nomor {n} untuk @Sari")["id"] for n in range(3)]
    hits = pages(ayu, "/search?q=durian")
    assert {h["collection"] for h in hits} == {"message", "note"} and len(hits) == 4
    assert "@Sari" in next(h["snippet"] for h in hits if h["id"] == notes[0])
    only = ayu("GET", "/search?q=durian&collection=note")[1]["items"]
    assert [h["id"] for h in only] == notes[::-1]
    page = stack.signed_in("Ayu").look("/inbox/rows?tab=all&q=durian").text
    assert page.count("beside-hit") == 3 and f"at={notes[0]}" in page


def test_the_command_line_finds_notes_where_they_are_on(
    stack: Stack, ayu: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REPLYAI_DATA", str(stack.data))
    monkeypatch.delenv("REPLYAI_CONFIG", raising=False)
    noted(ayu, stack, "salak pondoh")

    def replyai(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["replyai", "search", *arguments])
        with pytest.raises(SystemExit):
            main()
        said = capsys.readouterr()
        return said.out + said.err

    assert '"collection":"note"' in replyai("salak") and "pondoh" in replyai("--in", "note", "salak")
    assert replyai("--in", "message", "salak") == ""
    assert "--in takes one of: message, note" in replyai("--in", "label", "salak")
    stack.ask("plugin.set", plugin="notes", enabled=False)
    assert replyai("salak") == ""
    stack.ask("plugin.set", plugin="notes", enabled=True)
    stack.held.known.drop("main", "hidden")


def test_what_was_done_with_notes_is_told_in_words(stack: Stack, ayu: Program) -> None:
    note = noted(ayu, stack, "kedondong", ANDI)
    ayu("PUT", f"/notes/{note['id']}/pin")
    ayu("POST", "/notes/mentions/read", json={"conversation": note["conversation"]})
    told = stack.signed_in("Ayu").look(f"/inbox/{note['conversation']}/why").text
    assert "wrote a note" in told and "notes." not in told and "kedondong" not in told
    offered = stack.signed_in("Ayu")
    offered.look("/inbox")
    made = offered.client.post(
        "/api/notes/offer", json={"text": "besok jam 9"}, headers={"X-CSRF-Token": offered.csrf}
    )
    assert made.json["words"] == "besok jam 9" and made.json["when"].endswith("09:00")


def thread_of(page: str) -> str:
    """Return a page's thread without the list and the panel beside it."""
    return page[page.index('id="messages"') : page.index('id="spoken"')] if 'id="spoken"' in page else page


def numbers_in(windows: list[str]) -> list[int]:
    return [int(n) for n in re.findall(r"(?:pesan|catatan) (\d+)(?=<)", "".join(windows))]


def test_a_thread_is_windowed_with_its_notes_and_none_is_lost(stack: Stack, ayu: Program) -> None:
    chat = "6281300005555@c.us"
    wanted = []
    for n in range(130):
        stack.writes(chat, f"pesan {n}")
        if n % 2:
            wanted.append(noted(ayu, stack, f"catatan {n}", chat)["id"])
    browser, id = stack.signed_in("Ayu"), stack.conversation(chat)["id"]
    stack.ask("conversation.read", by=stack.ayu, conversation=id)  # type: ignore[attr-defined]
    windows = [thread_of(browser.look(f"/inbox/{id}?tab=all").text)]
    while mark := re.search(r'data-older="([^"]+)"', windows[0]):
        windows.insert(0, browser.look(f"/inbox/{id}/older?before={mark[1]}").text)
    assert len(windows) >= 2
    seen = [each for window in windows for each in re.findall(r' id="([em])-([a-z2-7]{26})"', window)]
    assert len(seen) == len(set(seen)) and len([1 for kind, _id in seen if kind == "m"]) == 130
    assert {id for kind, id in seen if kind == "e"} == set(wanted)
    assert numbers_in(windows) == sorted(numbers_in(windows)) and len(numbers_in(windows)) == 130 + 65


def test_a_thread_is_opened_at_a_note_in_its_middle(stack: Stack, ayu: Program) -> None:
    chat = "6281300005555@c.us"
    browser, id = stack.signed_in("Ayu"), stack.conversation(chat)["id"]
    (note,) = [n for n in stack.all("note") if n["text"] == "catatan 61"]
    text = browser.look(f"/inbox/{id}?tab=all&at={note['id']}").text
    assert f'data-sought="{note["id"]}"' in text and f'id="e-{note["id"]}"' in text
    windows = [thread_of(text)]
    while mark := re.search(r'data-newer="([^"]+)"', windows[-1]):
        windows.append(browser.look(f"/inbox/{id}/newer?after={mark[1]}").text)
    while mark := re.search(r'data-older="([^"]+)"', windows[0]):
        windows.insert(0, browser.look(f"/inbox/{id}/older?before={mark[1]}").text)
    assert numbers_in(windows) == sorted(numbers_in(windows)) and len(numbers_in(windows)) == 130 + 65


def test_off_leaves_no_trace(stack: Stack, ayu: Program) -> None:
    noted(ayu, stack, "durian terakhir @Sari")
    browser, id = stack.signed_in("Sari"), stack.conversation(DEWI)["id"]
    before = browser.look(f"/inbox/{id}?tab=all").text
    assert all(part in before for part in ('data-mode="note"', 'class="beside note', 'data-count="notes"'))
    stack.ask("plugin.set", plugin="notes", enabled=False)
    stack.held.known.drop("main", "hidden")
    try:
        text = browser.look(f"/inbox/{id}?tab=all").text
        for trace in (
            "note-composer",
            'class="beside',
            "notes.js",
            "/notes",
            'role="tablist"',
            "notes-section",
        ):
            assert trace not in text, trace
        assert "durian terakhir" not in text and ayu("GET", "/notes/mentions")[0] == 404
        assert "terakhir" not in browser.look("/inbox/rows?tab=all&q=terakhir").text
        assert ayu("GET", "/search?q=terakhir")[1]["items"] == []
        spec = ayu("GET", "/openapi.json")[1]
        assert not [path for path in spec["paths"] if "notes" in path]
        assert not [name for name in spec["components"]["schemas"] if "Note" in name or "Mention" in name]
    finally:
        stack.ask("plugin.set", plugin="notes", enabled=True)
        stack.held.known.drop("main", "hidden")
    assert "durian terakhir" in browser.look(f"/inbox/{id}?tab=all").text


def test_the_page_of_what_waits_counts_and_pages(stack: Stack, ayu: Program) -> None:
    for n in range(32):
        noted(ayu, stack, f"@Sari tugas {n}")
    browser = stack.signed_in("Sari")
    page = browser.look("/notes").text
    assert "tugas 31" in page and "tugas 0<" not in page
    more = re.search(r'hx-get="([^"]+after=[^"]+)"', page)
    assert more and "tugas 0<" in browser.look(more[1].replace("&amp;", "&")).text
    assert browser.client.get("/notes/count").json["count"] >= 32
    assert browser.look("/notes/due").status_code == browser.look("/notes/coming").status_code == 200
    assert browser.look("/notes/other").status_code == 404


def test_every_word_is_there_in_indonesian() -> None:
    known = set()
    for folder in (PLUGIN, PLUGIN.parent.parent / "web"):
        with (folder / "translations" / "id" / "LC_MESSAGES" / "messages.po").open("rb") as file:
            known |= {m.id for m in read_po(file, locale="id") if m.id and m.string}
    found = {line[2] for line in extract_from_dir(PLUGIN, METHODS, keywords=KEYWORDS)}
    assert len(found) > 40 and sorted(map(str, found - known)) == []
