"""A recorded day in which every plugin has something to do; later plugins add their part to PARTS."""

import types
from pathlib import Path
from typing import Any

from engine import action, handles, hookimpl, schemas, settings, times
from engine.clock import due_timers, fired
from engine.config import Config, WorkspaceConfig
from engine.events import event, requested
from engine.plugins import Plugin, Registry, load
from tests.world import ANDI, DEWI, SHOP, World, peer_of, written

MORNING = "2031-03-03T01:00:00.000000Z"
BUDI, LID = "6281900007777@c.us", "88123@lid"


class Day(World):
    """A world whose clock goes only when told: `later` fires what became due, in order."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        super().__init__(folder, registry)
        self.time = MORNING
        self.workspace.store.now = self.now  # type: ignore[method-assign]
        self.workspace.clock._now = lambda: MORNING  # only `later` fires timers
        self.config = Config(data=folder.parent.parent, workspaces={"main": WorkspaceConfig("main")})
        settings.apply(self.workspace, self.config)

    def now(self) -> str:
        self.time = times.add(self.time, 0.0015)
        return self.time

    def later(self, seconds: float) -> None:
        end = times.add(self.time, seconds)
        while True:
            due, _ = due_timers(self.documents, self.workspace.enabled, end)
            if not due:
                break
            self.time = max(self.time, due[0]["due"])
            self.submit(fired(due[0]))
        self.time = max(self.time, end)

    def restarts_with(self, **plugins: dict[str, Any]) -> None:
        """Start again with another replyai.toml."""
        wanted = WorkspaceConfig("main", plugins=plugins)
        settings.apply(self.workspace, Config(data=self.config.data, workspaces={"main": wanted}))


def moody() -> Plugin:
    """A plugin that uses chance, timers, jobs and its own past, and fails at a word."""
    module = types.ModuleType("test_moody")

    def received(event: Any, message: Any, conversation: Any, documents: Any, rng: Any) -> Any:
        if "boom" in (message["text"] or ""):
            raise ValueError("I do not like that word")
        if event["origin"] == "live" and "halo" in (message["text"] or "").lower():
            text = rng.choice(["Halo juga", "Selamat datang", "Apa kabar"])
            yield action("message.send", conversation=conversation["id"], text=text, why="they said hello")
            due = times.add(event["at"], rng.randint(60, 600))
            yield action("timer.set", name=f"care/{conversation['id']}", due=due, data={"of": message["id"]})
            yield action("job.run", name="moody.look", args={"message": message["id"]})
            known = len(documents.table("contact"))
            yield action("signal.send", type="known", data={"contacts": known})
            yield action("moody.sulk", conversation=conversation["id"])

    def timer_fired(event: Any) -> Any:
        message = event["data"]["data"]["of"]
        yield action("nobody.knows", message=message)
        yield action("conversation.mark_unread", conversation=event["data"]["name"].partition("/")[2])

    def sulk(data: Any, tx: Any) -> Any:
        tx.update("conversation", data["conversation"], {"moody.sulks": True})
        raise RuntimeError("not today")

    sulk.__module__ = module.__name__
    module.sulk = handles("moody.sulk", schemas.OfConversation)(sulk)  # type: ignore[attr-defined]
    module.message_received = hookimpl(received)  # type: ignore[attr-defined]
    module.timer_fired = hookimpl(timer_fired)  # type: ignore[attr-defined]
    return Plugin("moody", order=50, module=module)


def of_the_core(day: Day) -> None:
    """Everything that comes in, and all that people do with conversations."""
    rina, budi = day.agent("Rina", "admin"), day.agent("Budi")
    day.writes(DEWI, "Halo, apakah masih ada?", push_name="Dewi")
    day.writes(DEWI, "pesan lama", id="OLD1", origin="history")
    day.submit(written(DEWI, "Halo", "RAW1"), raw={"gateway": "simulator", "account": SHOP, "body": b"{1}"})
    day.submit(written(DEWI, "Halo", "RAW1"))
    day.submit(event("identity.linked", "l1", {"peer": peer_of(DEWI, lid=LID)}, account=SHOP))
    day.writes(LID, "dari LID", lid=LID)
    day.submit(event("contact.upserted", "c1", {"peer": peer_of(ANDI, book_name="Andi W")}, account=SHOP))
    day.echo_comes(ANDI, "dari ponsel", "PH1")
    day.submit(event("session.state", "s1", {"state": "disconnected", "reason_code": 401}, account=SHOP))
    day.submit(event("message.received", "bad", {"message": {}}, account=SHOP))
    a_file_comes(day)
    what_happens_to_messages(day)
    conversation = day.conversation(DEWI)["id"]
    day.ask("conversation.take", by=rina, conversation=conversation)
    day.ask("conversation.take", by=budi, conversation=conversation)
    until = times.add(day.time, 3600)
    day.ask("conversation.snooze", by=rina, conversation=conversation, until=until)
    day.later(4000)
    assert day.conversation(DEWI)["status"] == "open"
    again = [{"type": f"conversation.{verb}", "data": {"conversation": conversation}} for verb in AGAIN]
    day.submit(requested(rina, again, "several"))
    day.ask("conversation.resolve", by=rina, conversation=conversation)
    day.writes(DEWI, "satu lagi")
    day.ask("contact.update", contact=day.conversation(DEWI)["contact"], name="Bu Dewi")
    day.ask("agent.deactivate", agent=budi)
    day.ask("workspace.update", name="Toko Dewi")
    day.ask("account.put", name=SHOP, gateway="simulator", title="Toko Utama")  # it is connected again


AGAIN = ("resolve", "reopen", "mark_unread", "read")


def a_file_comes(day: Day) -> None:
    media = {"kind": "image", "mime": "image/jpeg", "ref": {"url": "http://x/1.jpg"}, "caption": "rusak"}
    data = {"message": {"id": "IMG1", "kind": "image", "media": media}, "peer": peer_of(ANDI)}
    day.submit(event("message.received", f"{ANDI}/IMG1", data, account=SHOP))
    (message,) = [m for m in day.messages(ANDI) if m["gateway_id"] == "IMG1"]
    stored = {"id": "m-1", "hash": "ab" * 32, "mime": "image/jpeg", "filename": "1.jpg", "size": 3}
    day.job_ends(message["id"], outcome="fetched", **stored)


def what_happens_to_messages(day: Day) -> None:
    of_dewi = {"target_id": "RAW1", "peer": peer_of(DEWI)}
    for type, more in (
        ("message.reaction", {"emoji": "👍", "by": "contact"}),
        ("message.edited", {"text": "Halo!"}),
        ("message.deleted", {"by": "contact"}),
        ("message.reaction", {"emoji": None, "by": "contact"}),
    ):
        day.submit(event(type, f"{type}/{more}", {**of_dewi, **more}, account=SHOP))


def of_labels(day: Day) -> None:
    complaint, old = day.label("Keluhan"), day.label("Lama")
    day.ask("labels.put_rule", label=complaint, pattern="rusak")
    day.writes(BUDI, "barang rusak", push_name="Budi")
    id = day.conversation(BUDI)["id"]
    assert day.conversation(BUDI)["labels"] == [complaint]
    day.ask("labels.add", conversation=id, label=old)
    day.ask("labels.archive", label=old)
    day.ask("labels.remove", conversation=id, label=complaint)
    day.ask("labels.update", label=complaint, name="Komplain")
    day.ask("labels.create", name="Komplain", color="#000000")
    paid, transferred = day.label("Lunas"), day.label("Transfer")
    when = {"all": [{"field": "text", "op": "matches", "value": "trf|transfer"}, {"not": LATER}]}
    day.ask("labels.put_rule", label=transferred, when=when)
    day.ask("labels.reorder", labels=[transferred, paid])
    day.writes(BUDI, "sudah TRF ya")
    day.ask("labels.merge", label=transferred, into=paid)
    assert day.conversation(BUDI)["labels"] == [old, paid]
    day.ask("labels.restore", label=old)
    several = [{"type": "labels.remove", "data": {"conversation": id, "label": each}} for each in (old, paid)]
    day.submit(requested(day.agent("Lia"), several, "bulk"))


LATER = {"field": "text", "op": "words", "value": "besok, nanti"}


def of_notes(day: Day) -> None:
    """Written, with a mention; changed, pinned; reminded of when it was resolved; taken away."""
    ratna, joko = day.agent("Ratna"), day.agent("Joko", "supervisor")
    id = day.conversation(ANDI)["id"]
    text = "Janji bayar tanggal 10. @Joko **cek** ya"
    note = day.ask("notes.add", by=ratna, conversation=id, text=text, client_id="n-1")["result"]["note"]
    assert day.get("note", note)["offer"]["words"] == "tanggal 10"
    day.ask("notes.add", by=ratna, conversation=id, text="@Nobody", mentions=["nobody"])
    day.ask("notes.seen", by=joko, conversation=id)
    day.ask("notes.edit", by=joko, note=note, text="Janji bayar besok jam 9", version=1)
    day.ask("notes.edit", by=ratna, note=note, text="Terlambat", version=1)
    day.ask("notes.pin", by=joko, note=note)
    day.ask("notes.remind", by=ratna, note=note, at=times.add(day.time, 900))
    day.ask("conversation.resolve", by=joko, conversation=id)
    day.later(1000)
    assert day.conversation(ANDI)["assignee"] == ratna and day.get("note", note)["reminder"] == "due"
    day.ask("notes.done", by=ratna, note=note)
    other = day.ask(
        "notes.add", by=joko, conversation=id, text="Salah tulis", remind_at=times.add(day.time, 60)
    )
    day.ask("notes.unpin", by=joko, note=note)
    day.ask("notes.delete", by=ratna, note=other["result"]["note"])
    day.ask("notes.delete", by=joko, note=other["result"]["note"])
    day.later(100)


CITA, DITA, BARE = "6281500003333@c.us", "6281500005555@c.us", "6281500004444@c.us"


def of_the_flow_builder(day: Day) -> None:
    """Menus, questions, gathered texts, chance, a service, time-outs, a person, versions."""
    agent = day.agent("Wati")
    to = {"option.1": "s", "option.2": "q", "timeout": "late"}
    nodes = [
        {"id": "m", "kind": "menu", "text": "Halo {{name}}", "timeout": 30, "to": to,
         "options": [{"id": "1", "title": "Satu"}, {"id": "2", "title": "Dua"}]},
        {"id": "s", "kind": "split", "paths": [{"id": "a"}, {"id": "b"}],
         "to": {"path.a": "h", "path.b": "h"}},
        {"id": "h", "kind": "http", "url": "https://toko.example/", "save": {"s": "s"}, "to": {"next": "w"}},
        {"id": "w", "kind": "wait", "minutes": 5, "to": {"next": "l"}},
        {"id": "l", "kind": "label", "add": ["Komplain", "nix"], "to": {"next": "m"}},
        {"id": "q", "kind": "ask", "text": "Kota?", "field": "contact.city", "to": {"next": "p"}},
        {"id": "p", "kind": "hand_over", "text": "Sebentar", "note": "{{contact.city}}"},
        {"id": "late", "kind": "end", "text": "Sampai nanti"},
    ]  # fmt: skip
    words = {"on": "keyword", "way": "fuzzy", "words": ["katalog"]}
    flow = {"name": "Katalog", "start": "m", "triggers": [words], "nodes": nodes}
    id = day.ask("flowbuilder.save", by=agent, definition=flow)["result"]["flow"]
    day.ask("flowbuilder.publish", flow=id)
    day.writes(CITA, "katalok", push_name="Cita")
    day.writes(CITA, "apa?")
    day.writes(CITA, "maksudnya")
    day.later(4)
    day.writes(CITA, "1")
    (job,) = [j for j in day.all("job") if j["name"] == "flowbuilder.http"]
    result = {"ok": True, "values": {"s": "x"}}
    day.submit(event("job.finished", job["id"], {"job": job["id"], "result": result}, origin="job"))
    day.later(301)
    day.ask("flowbuilder.save", flow=id, definition={**flow, "language": "en"})
    day.ask("flowbuilder.publish", flow=id)
    day.answers(CITA, "dengan Wati", by=agent)
    day.ask("flowbuilder.resume", by=agent, conversation=day.conversation(CITA)["id"])
    day.later(1801)
    day.writes(CITA, "katalog")
    day.writes(CITA, "2")
    day.writes(CITA, "Bogor")
    day.later(4)
    day.writes(ANDI, "katalog")
    day.writes(DITA, "katalog")
    presses(day, DITA, "m/2", "Dua")
    presses(day, DITA, "m/1", "Satu")  # the menu is behind: what the button says is the answer
    without_buttons(day)
    day.ask("flowbuilder.roll_back", flow=id, number=1)
    day.ask("flowbuilder.switch", flow=id, enabled=False)
    assert day.all("flow_stat") and day.all("flow_miss")


def presses(day: Day, chat: str, button: str, title: str) -> None:
    """Have a customer press a button of the bot's."""
    menu = [m for m in day.messages(chat) if m.get("buttons")][-1]
    assert {"id": button, "title": title} in menu["buttons"]
    answer = {"id": button, "title": title, "kind": "buttons"}
    said = {"id": f"B-{day.time}", "kind": "interactive", "text": title, "interactive": answer}
    data = {"message": said, "peer": peer_of(chat)}
    day.submit(event("message.received", f"{chat}/{said['id']}", data, account=SHOP))


def without_buttons(day: Day) -> None:
    """The same menu on a number whose gateway has no buttons: its options are numbered lines."""
    day.ask("account.put", name="tanpa", gateway="waha", title="Tanpa tombol")
    for text in ("katalog", "2", "Depok"):
        data = {"message": {"id": f"T-{text}", "kind": "text", "text": text}, "peer": peer_of(BARE)}
        day.submit(event("message.received", f"{BARE}/{text}", data, account="tanpa"))
    day.later(4)
    said = [m for m in day.messages(BARE) if m["author"]["kind"] == "bot"]
    assert said[0]["text"].endswith("\n\n1. Satu\n2. Dua") and not any("buttons" in m for m in said)


def settle(day: Day, chat: str) -> None:
    """Let all calls that are under way end well."""
    while jobs := [j for j in day.all("job") if j["state"] == "queued" and j["queue"] == "send"]:
        message = jobs[0]["args"]["message"]
        day.job_ends(message, outcome="sent", gateway_id=f"OUT-{message[:8]}")
        day.status_comes(chat, f"OUT-{message[:8]}", "delivered")


def of_the_sender(day: Day) -> None:
    """Sent; tried again; not known and found; refused; taken back; Redis emptied; a worker lost."""
    rina = day.agent("Sari", "supervisor")
    for _ in range(2):  # a reply that is too old by now is taken back when its timer fires
        settle(day, DEWI)
        day.later(1)
    settle(day, DEWI)
    one = day.answers(DEWI, "Baik", by=rina, client_id="c-1")
    two = day.answers(DEWI, "Sekali lagi", by=rina)
    day.echo_comes(DEWI, "Baik", "G1", origin="echo_api")
    day.status_comes(DEWI, "G1", "read")
    day.job_ends(one["id"], outcome="sent", gateway_id="G1")
    day.job_ends(two["id"], outcome="not_sent", reason="connection refused")
    day.later(10)
    day.job_ends(two["id"], outcome="unknown", reason="timed out")
    day.later(3)
    day.job_ends(two["id"], outcome="absent")
    day.later(11)
    day.job_ends(two["id"], outcome="sent", gateway_id="G2")
    three = day.answers(ANDI, "Tidak akan sampai", by=rina)
    four = day.answers(ANDI, "Batal", by=rina)
    day.ask("message.cancel", by=rina, message=four["id"])
    day.job_ends(three["id"], outcome="refused", reason="not on WhatsApp", code="404")
    day.ask("message.retry", by=rina, message=three["id"])
    expires(day, three["id"], "won")
    expires(day, three["id"], "lost")
    day.echo_comes(ANDI, "sesuatu", "PARK1")
    day.later(130)
    day.ask("message.resolve_unconfirmed", by=rina, message=three["id"], verdict="send_again")
    day.submit(event("redis.epoch", "e2", {"epoch": "e2"}, origin="system"))
    day.ask("message.resolve_unconfirmed", by=rina, message=three["id"], verdict="sent")
    day.later(700)


PACED = "gudang"


def of_pacing(day: Day) -> None:
    """A number at a person's pace: typing, opt-out, caps, a late reply, a pause, a clock put forward."""
    day.ask("account.put", name=PACED, gateway="waha", title="Gudang")
    chats = [f"62813777{number:05}@c.us" for number in range(4)]
    for number, chat in enumerate(chats):
        data = {"message": {"id": f"P{number}", "kind": "text", "text": "Haloo"}, "peer": peer_of(chat)}
        day.submit(event("message.received", f"{chat}/P{number}", data, account=PACED))
    rina = day.agent("Wulan")
    for _ in range(12):
        day.later(40)
        calls_end(day)
    day.ask("message.send", by=rina, conversation=day.conversation(chats[0])["id"], text="Sebentar, Kak")
    day.submit(event("clock.jumped", "j1", {"seconds": 90.0}, origin="system"))
    day.later(95)
    calls_end(day)
    stop = {"message": {"id": "P9", "kind": "text", "text": "STOP"}, "peer": peer_of(chats[1])}
    day.submit(event("message.received", f"{chats[1]}/P9", stop, account=PACED))
    day.ask("sender.set_pacing", account=PACED, preset="careful", numbers={"per_hour": 1})
    again = {"message": {"id": "P10", "kind": "text", "text": "Haloo lagi"}, "peer": peer_of(chats[2])}
    day.submit(event("message.received", f"{chats[2]}/P10", again, account=PACED))
    day.later(700)
    calls_end(day)
    for state in ("disconnected", "connected"):
        told = {"state": state, "reason_code": 463 if state == "disconnected" else None}
        day.submit(event("session.state", f"p/{state}", told, account=PACED))
    day.ask("sender.resume", account=PACED)
    day.later(4000)
    calls_end(day)


def of_the_connection(day: Day) -> None:
    """A number that goes away: what is written waits, a call that meets the dead line too; then all leave."""
    chat, wulan = "6281377700000@c.us", next(a["id"] for a in day.all("agent") if a["name"] == "Wulan")
    day.ask("sender.set_pacing", account=PACED, preset="normal")
    conversation = day.conversation(chat)["id"]

    def becomes(state: str, n: int) -> None:
        told = {"state": state, "reason_code": None}
        day.submit(event("session.state", f"line/{state}/{n}", told, account=PACED))

    def says(text: str) -> str:
        done = day.ask("message.send", by=wulan, conversation=conversation, text=text)
        return str(done["result"]["message"])

    becomes("connected", 1)
    said = [says("Halo lagi")]
    becomes("disconnected", 1)
    day.job_ends(said[0], outcome="not_sent", reason="the WAHA session is not connected")
    said += [says("Satu"), says("Dua")]
    day.later(5000)
    assert {day.get("message", id)["status"] for id in said} == {"queued"}
    becomes("connected", 2)
    for _ in said:
        day.later(5)
        calls_end(day)
    assert [day.get("message", id)["status"] for id in said] == ["sent"] * 3
    becomes("disconnected", 2)
    says("Tiga")
    heard = {"message": {"id": "P11", "kind": "text", "text": "Ada?"}, "peer": peer_of(chat)}
    later = times.add(day.time, 300)
    day.submit(event("message.received", f"{chat}/P11", heard, account=PACED, occurred_at=later))
    assert day.get("account", PACED)["state"] == "connected"
    calls_end(day)


def calls_end(day: Day) -> None:
    """Let workers end what they were given for the paced number."""
    while jobs := [j for j in day.all("job") if j["state"] == "queued" and j["name"].startswith("sender.")]:
        result = {"outcome": "sent", "gateway_id": f"PACED-{jobs[0]['id'][:12]}"}
        told = {"job": jobs[0]["id"], "result": result}
        day.submit(event("job.finished", jobs[0]["id"], told, origin="job"))


def expires(day: Day, message: str, mark: str) -> None:
    job = day.job_of(message)["id"]
    day.submit(event("job.expired", f"{job}/{mark}", {"job": job, "mark": mark}, origin="system"))


def of_assignment(day: Day) -> None:
    """People come and go, a queue with hours and response times, a supervisor in the end."""
    surya, yanti = day.agent("Surya"), day.agent("Yanti")
    lead = day.agent("Lintang", "supervisor")
    team = str(day.ask("team.create", name="Layanan")["result"]["team"])
    for agent in (surya, yanti):
        day.ask("agent.update", agent=agent, teams=[team])
    hours = {name: [["08:00", "17:00"]] for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    rules = {"hours": hours, "country": "", "answer_minutes": 4, "first_minutes": 10, "escalate_after": 2}
    told = {"queue_text": "Nomor {position}", "closed_text": "Buka {opens}", "escalate_breach": True}
    day.ask("assignment.set_team", team=team, strategy="round_robin", accounts=[SHOP], **rules, **told)
    for number in range(4):
        day.writes(f"62811{number:08}@c.us", "permisi")
    is_there(day, surya, "online")
    day.ask("assignment.set_agent", agent=yanti, capacity=1, skills=["en"])
    day.ask(
        "agent.availability", by=yanti, agent=yanti, available="available", until=times.add(day.time, 3000)
    )
    conversation = day.conversation("6281100000001@c.us")["id"]
    day.ask("assignment.set_priority", by=surya, conversation=conversation, priority=3)
    day.answers("6281100000001@c.us", "Sebentar", by=surya)
    day.ask("conversation.snooze", by=surya, conversation=conversation, until=times.add(day.time, 1000))
    is_there(day, surya, "offline")
    is_there(day, lead, "online")
    day.later(2000)
    day.ask("conversation.hand_over", conversation=conversation, team=team, skill="en", note="mau grosir")
    for state in ("away", "online", "offline"):
        is_there(day, lead, state)
    day.ask("agent.deactivate", agent=surya)
    day.later(40000)
    day.writes("6281100000009@c.us", "malam")
    day.later(40000)
    day.ask("plugin.set", plugin="assignment", enabled=False)
    day.writes("6281100000010@c.us", "permisi")
    day.ask("plugin.set", plugin="assignment", enabled=True)
    for strategy in ("sticky", "skills", "load", "manual"):
        day.ask("assignment.set_team", team=team, strategy=strategy, queue_text="", closed_text="")
    settle(day, "6281100000001@c.us")


def is_there(day: Day, agent: str, state: str) -> None:
    key, data = f"{agent}/{day.time}", {"agent": agent, "state": state}
    day.submit(event("agent.presence", key, data, origin="system"))


def of_contacts(day: Day) -> None:
    """An address book; a hidden number that shows itself; two made one by hand and parted; suggestions."""
    tini = day.agent("Tini")
    hidden, shown = "777000111@lid", "6281777000111@c.us"
    state = {"state": "connected", "reason_code": "WORKING"}
    day.submit(event("session.state", "paired", state, account=SHOP))
    entries = [peer_of(shown, book_name="Ibu Tujuh"), peer_of("6281777000222@c.us", book_name="Pak Delapan")]
    page = {"outcome": "listed", "contacts": entries, "listed": 2, "next": "2", "total": None}
    reads(day, page)
    reads(day, {"outcome": "listed", "contacts": [], "listed": 0, "next": None, "total": None})
    day.writes(hidden, "siapa saya?", lid=hidden)
    day.answers(hidden, "Silakan", by=tini)
    day.writes(shown, "saya")
    day.submit(event("identity.linked", "l7", {"peer": peer_of(shown, lid=hidden)}, account=SHOP))
    made = day.ask("contacts.create", by=tini, phone="0812 3456 7890", name="Ibu Tujuh")["result"]["contact"]
    kept = day.conversation(shown)["contact"]
    pair = {"id": "pair-1", "contact": made, "other": kept, "score": 99, "reasons": ["name"]}
    day.ask("contacts.look", by=tini)
    for job in [j["id"] for j in day.all("job") if j["name"] == "contacts.pairs"]:
        told = {"job": job, "result": {"outcome": "looked", "pairs": [pair]}}
        day.submit(event("job.finished", job, told, origin="job"))
    done = day.ask("contacts.merge", by=tini, contact=made, into=kept, choose=["phone"])
    day.ask("contacts.undo_merge", by=tini, merge=done["result"]["merge"])
    day.ask("contacts.sync", by=tini, account=SHOP)
    reads(day, {"outcome": "listed", "contacts": [], "listed": 1, "next": None, "total": None})
    reads(day, {"outcome": "listed", "removed": [kept]})
    day.ask("conversation.start", by=tini, contact=made, account=SHOP, text="Halo Ibu Tujuh")
    settle(day, shown)


def reads(day: Day, result: dict[str, Any]) -> None:
    """Have the worker tell what it read of the address book."""
    (job,) = [j["id"] for j in day.all("job") if j["name"].startswith("book.") and j["state"] == "queued"]
    day.submit(event("job.finished", job, {"job": job, "result": result}, origin="job"))


def of_plugins_and_settings(day: Day) -> None:
    """Switched from the page and by file; one that got stuck; one that fails until it is off."""
    day.ask("plugin.set", plugin="labels", enabled=False)
    day.writes(BUDI, "rusak lagi")
    day.ask("plugin.set", plugin="labels", enabled=True)
    day.restarts_with(sender={"attempts": 2, "enabled": False})
    waiting = day.answers(BUDI, "menunggu", by=day.agent("Tono"))
    assert waiting["status"] == "queued"
    day.restarts_with(sender={"attempts": 2})
    stuck = {"plugin": "labels", "hook": "message_received", "event": "toko/message.received/x"}
    day.submit(event("plugin.stuck", "1/2", stuck, origin="system"))
    for number in range(6):
        day.writes(BUDI, f"boom {number}")
    assert not day.get("plugin", "moody")["enabled"]
    day.job_ends(waiting["id"], outcome="sent", gateway_id="G9")


def of_contact_data(day: Day) -> None:
    """Fields of all kinds, a segment, an import that is stopped, goes on and is undone, an export."""
    sari = day.agent("Lina", "supervisor")
    for label, type in (("Kota", "text"), ("Lahir", "date"), ("Belanja", "money"), ("Sementara", "text")):
        day.ask("contacts.create_field", by=sari, label=label, type=type, currency="IDR")
    fields = {each["key"]: each["id"] for each in day.all("contact_field")}
    day.ask("contacts.order_fields", by=sari, fields=[fields["belanja"]])
    day.ask("contacts.change_field", by=sari, field=fields["kota"], label="Kota asal")
    dewi = day.conversation(DEWI)["contact"]
    day.ask("contacts.set_fields", by=sari, contact=dewi, fields={"kota": "Solo", "lahir": "1990-08-17"})
    day.ask("contacts.set_fields", by=sari, contact=dewi, fields={"lahir": "kemarin"})
    for key in ("kota", "sementara"):
        day.ask("contacts.archive_field", by=sari, field=fields[key])
    day.ask("contacts.restore_field", by=sari, field=fields["kota"])
    condition = {"field": "contacts.kota", "op": "is", "value": "Solo"}
    segment = day.ask("contacts.create_segment", by=sari, name="Solo", condition=condition)["result"][
        "segment"
    ]
    day.ask("contacts.change_segment", by=sari, segment=segment, name="Dari Solo")
    day.ask("contacts.record_export", by=sari, format="csv", segment=segment, count=1)
    day.ask("contacts.remove_segment", by=sari, segment=segment)
    an_import(day, sari, dewi)


def an_import(day: Day, by: str, dewi: str) -> None:
    label = day.label("Dari berkas")
    told = {"file": "file-of-lina", "name": "a.csv", "size": 9, "format": "csv", "encoding": "utf-8"}
    mapping: list[str | None] = ["name", "phone", "kota"]
    told |= {"delimiter": ",", "columns": ["Nama", "HP", "Kota"], "mapping": mapping}
    id = day.ask("contacts.add_import", by=by, **told)["result"]["import"]
    options = {"region": None, "duplicates": "fill", "comma": True, "month_first": False}
    options |= {"label": label, "consent": "in the shop"}
    day.ask("contacts.check_import", by=by, **{"import": id, "mapping": mapping, "options": options})
    counts = {"rows": 3, "create": 2, "update": 1, "skip": 0, "bad": 0}
    works(day, "contacts.check", outcome="checked", **counts)
    day.ask("contacts.start_import", by=by, **{"import": id})
    day.ask("contacts.stop_import", by=by, **{"import": id})
    works(day, "contacts.rows", outcome="read", rows=[], position=0, last=False)  # too late
    day.ask("contacts.start_import", by=by, **{"import": id})
    phones = ["+6281900000001", "+6281900000002", "+" + DEWI.partition("@")[0]]
    rows = [
        {"line": n, "phones": [p], "name": f"Orang {n}", "fields": {"kota": "Bogor"}}
        for n, p in enumerate(phones)
    ]
    works(day, "contacts.rows", outcome="read", rows=rows[:1], position=10, last=False)
    works(day, "contacts.rows", outcome="read", rows=rows[1:], position=30, last=True)
    assert day.get("contact_import", id)["done"] == {"rows": 3, "created": 2, "updated": 1, "skipped": 0}
    day.writes("6281900000001@c.us", "Selamat pagi")
    assert all(label in day.conversation(chat)["labels"] for chat in ("6281900000001@c.us", DEWI))
    works(day, "contacts.forget", outcome="forgotten")
    day.ask("contacts.undo_import", by=by, **{"import": id})
    day.later(1)
    assert (day.get("contact_import", id)["undone"], day.get("contact_import", id)["kept"]) == (1, 1)
    day.later(31 * 86400)
    assert (
        day.get("contact_import", id)["forgotten_at"] and day.get("contact", dewi)["contacts.kota"] == "Solo"
    )


def works(day: Day, name: str, **result: Any) -> None:
    """Have a worker tell what came of the job of a name."""
    job = next(job for job in day.all("job") if job["name"] == name and job["state"] == "queued")
    day.submit(event("job.finished", job["id"], {"job": job["id"], "result": result}, origin="job"))


def of_campaigns(day: Day) -> None:
    """A broadcast to a segment that is paused and goes on, one of a file that is stopped, and answers."""
    sari = next(agent["id"] for agent in day.all("agent") if agent["role"] == "admin")
    day.ask("sender.set_pacing", account=SHOP, preset="official")
    done = day.ask("contacts.create_segment", by=sari, name="Penerima", condition={"all": []})
    texts = [{"text": "[[Halo|Hai]] {{name|Kak}}!", "weight": 2}, {"text": "{{first_name|Kak}}, mampir ya"}]
    data = {"name": "Promo", "account": SHOP, "segment": done["result"]["segment"], "texts": texts}
    id = day.ask("campaigns.create", by=sari, **data)["result"]["campaign"]
    day.later(1)
    day.ask("campaigns.change", by=sari, campaign=id, strangers=True)
    day.ask("campaigns.schedule", by=sari, campaign=id, at=times.add(day.time, 60))
    day.ask("campaigns.unschedule", by=sari, campaign=id)
    day.ask("campaigns.schedule", by=sari, campaign=id, at=times.add(day.time, 60))
    day.later(90)
    for verb in ("pause", "resume"):
        day.ask(f"campaigns.{verb}", by=sari, campaign=id)
    sends_all(day)
    assert day.get("campaign", id)["state"] == "done", day.get("campaign", id)
    message = next(m for m in day.all("message") if m.get("sender.campaign") and m["status"] == "sent")
    chat = day.get("conversation", message["conversation"])["chat"]
    day.status_comes(chat, message["gateway_id"], "read")
    day.writes(chat, "Mau!")
    assert day.get("campaign", id)["counts"]["replied"] == 1
    a_file_of_people(day, sari)


def sends_all(day: Day) -> None:
    """Have the worker say that each message was sent, until none waits."""
    count = 0
    while jobs := [j for j in day.all("job") if j["state"] == "queued" and j["name"] == "sender.send"]:
        for job in jobs:
            count += 1
            result = {"outcome": "sent", "gateway_id": f"CAMPAIGN{count}"}
            day.submit(event("job.finished", job["id"], {"job": job["id"], "result": result}, origin="job"))


def a_file_of_people(day: Day, by: str) -> None:
    data = {"name": "Dari berkas", "account": SHOP, "texts": [{"text": "Kode {{kode}}"}]}
    id = day.ask("campaigns.create", by=by, **data)["result"]["campaign"]
    rows = [{"phone": f"+62819111{n:05}", "fields": {"kode": str(n)} if n else {}} for n in range(30)]
    day.ask("campaigns.add_rows", by=by, campaign=id, rows=rows, first=True, file="maret.csv")
    day.ask("campaigns.add_rows", by=by, campaign=id, rows=rows[:3])
    day.ask("campaigns.change", by=by, campaign=id, texts=[{"text": "Kode {{kode|baru}}"}], strangers=True)
    day.later(1)
    day.ask("campaigns.start", by=by, campaign=id)
    contact = next(c["id"] for c in day.all("contact") if c["phone"] == rows[29]["phone"])
    day.ask("contact.opt_out", by=by, contact=contact, reason="asked on the phone")
    day.ask("campaigns.stop", by=by, campaign=id)
    sends_all(day)
    draft = day.ask("campaigns.create", by=by, **data)["result"]["campaign"]
    day.ask("campaigns.add_rows", by=by, campaign=draft, rows=rows[:2], first=True)
    day.ask("campaigns.make", by=by, campaign=draft)
    day.later(1)
    day.ask("campaigns.remove", by=by, campaign=draft)
    day.later(1)


PARTS = {
    "core": of_the_core,
    "simulator": World.with_shop,
    "labels": of_labels,
    "notes": of_notes,
    "flowbuilder": of_the_flow_builder,
    "sender": of_the_sender,
    "assignment": of_assignment,
    "contacts": lambda day: (of_contacts(day), of_contact_data(day)),
    "waha": lambda day: None,  # only an adapter: it has no hooks
    "campaigns": of_campaigns,
    "pacing": of_pacing,  # after those whose jobs are told apart by their name
    "connection": of_the_connection,
    "all": of_plugins_and_settings,
}
FIRST = ("simulator", "core")


def registered() -> Registry:
    """Return the plugins of such a day."""
    return Registry([*load().plugins.values(), moody()])


def recorded(folder: Path, registry: Registry | None = None) -> Day:
    """Return a world after such a day."""
    day = Day(folder, registry or registered())
    for name in (*FIRST, *(part for part in PARTS if part not in FIRST)):
        PARTS[name](day)  # type: ignore[operator]
    return day
