"""Flows run: what a customer gets to read, in which order, and where it ends."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.flowbuilder import checking, transcripts

ROOT = Path(__file__).parent.parent
README = (ROOT / "plugins" / "flowbuilder" / "README.md").read_text()
SHOP = json.loads(re.findall(r"```json\n(.*?)```", README, re.S)[0])
AGAIN = "Maaf, saya belum mengerti. Silakan pilih salah satu:\n\n1. Harga\n2. Lokasi"


def flow(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    trigger = {"on": "keyword", "way": "exact", "words": ["halo"]}
    return {"name": "Uji", "start": nodes[0]["id"], "triggers": [trigger], "nodes": list(nodes), **more}


def talk(definition: dict[str, Any], text: str, **about: Any) -> transcripts.Chat:
    """Run a transcript's steps, written as YAML."""
    return transcripts.run({"talk": yaml.safe_load(text), **about}, definition)


def ask(**more: Any) -> dict[str, Any]:
    node = {"id": "q", "kind": "ask", "text": "?", "field": "x", "to": {"next": "ok"}, **more}
    return flow(node, {"id": "ok", "kind": "message", "text": "= {{x}}"})


def test_the_readmes_flow_and_its_test():
    assert checking.check(SHOP) == []
    transcript = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", README, re.S)[0])
    transcripts.run(transcript, SHOP)


def test_a_menu_is_answered_by_number_title_word_and_with_typing_errors():
    for text in ("1", "1.", "no 1", "harga", "Harga!", "hrga", "mau tanya harga dong", "(1)"):
        talk(SHOP, f"""
            - customer: halo
            - bot: {{contains: mau apa}}
            - customer: "{text}"
            - bot: Mulai Rp 50.000.
            - bot: {{contains: mau apa}}
            """)  # fmt: skip


def test_a_service_that_never_answers_goes_the_way_of_errors():
    call = {"id": "h", "kind": "http", "url": "https://toko.example/", "to": {"error": "maaf"}}
    sorry = {"id": "maaf", "kind": "message", "text": "Maaf, coba lagi nanti. ({{error}})"}
    talk(flow(call, sorry), """
        - customer: halo
        - wait: 6 minutes
        - bot: Maaf, coba lagi nanti. (no answer)
        """)  # fmt: skip
    talk(flow({**call, "to": {}}), """
        - customer: halo
        - wait: 6 minutes
        - bot: {contains: belum bisa membantu}
        - expect: {handed_over: true, ended: stuck}
        """)  # fmt: skip


def test_what_is_no_option_shows_the_menu_again_and_then_a_person_comes():
    talk(SHOP, f"""
        - customer: halo
        - bot: {{contains: mau apa}}
        - customer: apa kabar
        - bot: {json.dumps(AGAIN)}
        - customer: "9"
        - bot: {json.dumps(AGAIN)}
        - customer: zzz
        - bot: {{contains: belum bisa membantu}}
        - expect: {{handed_over: true, ended: stuck}}
        """)  # fmt: skip


def test_free_text_where_a_choice_was_expected_has_its_branch():
    menu = {"id": "m", "kind": "menu", "text": "?", "options": [{"id": "1", "title": "A"}],
            "to": {"option.1": "a", "other": "o"}}  # fmt: skip
    definition = flow(
        menu, {"id": "a", "kind": "message", "text": "A"}, {"id": "o", "kind": "end", "text": "lain"}
    )
    talk(definition, """
        - customer: halo
        - bot: {contains: "1. A"}
        - customer: sesuatu yang lain
        - bot: lain
        - expect: {ended: end, resolved: true}
        """)  # fmt: skip


def test_words_that_work_everywhere():
    talk(SHOP, """
        - customer: halo
        - bot: {contains: mau apa}
        - customer: Menu
        - bot: {contains: mau apa}
        - customer: kembali
        - bot: {contains: mau apa}
        - customer: BATAL!
        - bot: {contains: dibatalkan}
        - expect: {ended: cancelled, resolved: true}
        - customer: apa saja
        - no_bot: true
        - customer: menu
        - bot: {contains: mau apa}
        - customer: agen
        - bot: {contains: sambungkan}
        - expect: {ended: person, handed_over: true}
        """)  # fmt: skip


@pytest.mark.parametrize(
    ("more", "text", "kept"),
    [
        ({}, "  Budi ", "Budi"),
        ({"type": "number"}, "Rp 1.500.000", "1500000"),
        ({"type": "number"}, "150rb", "150000"),
        ({"type": "number"}, "2,5", "2.5"),
        ({"type": "number", "min": 1, "max": 9}, "9", "9"),
        ({"type": "date"}, "25/12/2026", "2026-12-25"),
        ({"type": "date"}, "25 des", "2026-12-25"),
        ({"type": "date"}, "besok", "2026-11-25"),
        ({"type": "date"}, "2026-12-01", "2026-12-01"),
        ({"type": "email"}, "Dewi@Toko.example", "dewi@toko.example"),
        ({"type": "phone"}, "0812-3456-7890", "+6281234567890"),
        ({"type": "choice", "choices": ["Merah", "Biru"]}, "2", "Biru"),
        ({"type": "choice", "choices": ["Merah", "Biru"]}, "mrah", "Merah"),
        ({"type": "regex", "pattern": r"[a-z]{2}\d+"}, "AB12", "AB12"),
    ],
)
def test_an_answer_is_read_and_kept(more: dict[str, Any], text: str, kept: str):
    chat = talk(
        ask(**more),
        f"[{{customer: halo}}, {{bot: {{contains: '?'}}}}, {{customer: '{text}'}}, {{bot: '= {kept}'}}]",
    )
    assert chat.kept()["x"] == kept


@pytest.mark.parametrize(
    ("more", "text", "said"),
    [
        ({"type": "number"}, "banyak", "angka"),
        ({"type": "number"}, "1.2.3", "angka"),
        ({"type": "number", "min": 1, "max": 9}, "10", "1 sampai 9"),
        ({"type": "date"}, "31/02/2026", "tanggal"),
        ({"type": "email"}, "dewi@", "email"),
        ({"type": "phone"}, "0812", "telepon"),
        ({"type": "choice", "choices": ["Merah", "Biru"]}, "hijau", "2. Biru"),
        ({"type": "regex", "pattern": r"\d+", "error": "Tolong, {{name}}!"}, "x", "Tolong, Dewi!"),
        ({}, "", "teks"),
    ],
)
def test_an_answer_that_does_not_fit_is_asked_for_again_and_then_a_person_comes(
    more: dict[str, Any], text: str, said: str
):
    steps = f"""
        - customer: halo
        - bot: {{contains: "?"}}
        - customer: "{text}"
        - bot: {{contains: "{said}"}}
        - customer: "{text}"
        - bot: {{contains: belum bisa membantu}}
        - expect: {{handed_over: true}}
        """
    talk(ask(tries=2, **more), steps)


def test_a_question_has_a_time_and_a_branch_for_it():
    node = {
        "id": "q",
        "kind": "ask",
        "text": "?",
        "field": "x",
        "timeout": 30,
        "to": {"next": "ok", "timeout": "late"},
    }
    definition = flow(
        node,
        {"id": "ok", "kind": "end", "text": "ok"},
        {"id": "late", "kind": "message", "text": "Masih di sana?", "to": {"next": "q"}},
    )
    talk(definition, """
        - customer: halo
        - bot: "?"
        - wait: 29 minutes
        - no_bot: true
        - wait: 1 minute
        - bot: Masih di sana?
        - bot: "?"
        - customer: ya
        - bot: ok
        """)  # fmt: skip


def test_nagging_without_an_answer_has_an_end():
    node = {
        "id": "q",
        "kind": "ask",
        "text": "?",
        "field": "x",
        "timeout": 1,
        "to": {"next": "ok", "timeout": "q"},
    }
    chat = transcripts.chat_of(flow(node, {"id": "ok", "kind": "end"}), {})
    chat.writes("halo")
    chat.waits(7 * 86400)
    assert chat.ended == "loop" and len(chat.said) <= 22


def test_an_expired_session_starts_over_by_its_trigger_and_says_nothing_itself():
    talk(SHOP, """
        - customer: halo
        - bot: {contains: mau apa}
        - wait: 24 hours
        - no_bot: true
        - expect: {ended: expired, resolved: true}
        - customer: "1"
        - no_bot: true
        - customer: halo
        - bot: {contains: mau apa}
        """)  # fmt: skip


def test_conditions_fields_labels_and_hours():
    nodes = [
        {"id": "s", "kind": "set", "field": "contact.city", "value": "Bogor", "to": {"next": "l"}},
        {"id": "l", "kind": "label", "add": ["vip"], "to": {"next": "c"}},
        {"id": "c", "kind": "condition", "to": {"case.a": "a", "else": "b"}, "cases": [
            {"id": "a", "when": {"all": [{"field": "labels", "op": "has", "value": "vip"},
                                         {"field": "city", "op": "is", "value": "Bogor"},
                                         {"field": "open", "op": "is", "value": True}]}}]},
        {"id": "a", "kind": "end", "text": "buka", "goal": True},
        {"id": "b", "kind": "end", "text": "tutup", "then": "queue"},
    ]  # fmt: skip
    steps = "[{customer: halo}, {bot: buka}, {expect: {labels: [vip], fields: {city: Bogor}, ended: goal}}]"
    talk(flow(*nodes), steps)
    talk(
        flow(*nodes), "[{customer: halo}, {bot: tutup}, {expect: {ended: end, resolved: false}}]", open=False
    )


def test_a_wait_is_a_timer_and_until_is_the_workspaces_clock():
    definition = flow(
        {"id": "w", "kind": "wait", "until": "09:00", "to": {"next": "m"}},
        {"id": "m", "kind": "message", "text": "pagi"},
    )
    talk(definition, """
        - customer: halo
        - wait: 15 hours
        - no_bot: true
        - customer: halo lagi
        - no_bot: true
        - wait: 1 hour
        - bot: pagi
        """, at="2026-11-24T10:00:00Z")  # fmt: skip


def test_a_service_answers_or_fails():
    http = {"id": "h", "kind": "http", "url": "https://toko.example/o/{{x}}?q={{x}}",
            "save": {"state": "order.state"},
            "body": {"id": "{{x}}"}, "to": {"next": "ok", "error": "bad"}}  # fmt: skip
    definition = flow(
        {"id": "q", "kind": "ask", "text": "?", "field": "x", "to": {"next": "h"}}, http,
        {"id": "ok", "kind": "end", "text": "Status: {{state}}"},
        {"id": "bad", "kind": "end", "text": "Gagal"},
    )  # fmt: skip
    begin = "[{customer: halo}, {bot: '?'}, {customer: 'a/b c'}, {service: %s}, {bot: '%s'}]"
    chat = talk(definition, begin % ("{order.state: dikirim}", "Status: dikirim"))
    (call,) = [step for step in chat.did if step["do"] == "http"]
    assert call["url"] == "https://toko.example/o/a%2Fb%20c?q=a%2Fb%20c"
    assert call["body"] == {"id": "a/b c"} and call["paths"] == ["order.state"]
    talk(definition, begin % ("error", "Gagal"))


def test_a_split_is_drawn_by_weight():
    nodes = [{"id": "s", "kind": "split", "paths": [{"id": "a", "weight": 1}, {"id": "b", "weight": 3}],
              "to": {"path.a": "a", "path.b": "b"}},
             {"id": "a", "kind": "end", "text": "A"}, {"id": "b", "kind": "end", "text": "B"}]  # fmt: skip
    drawn = []
    for seed in range(200):
        chat = transcripts.chat_of(flow(*nodes), {"seed": seed})
        chat.writes("halo")
        drawn += chat.said
    assert 0.65 < drawn.count("B") / 200 < 0.85


def test_a_person_who_takes_over_is_told_what_was_said():
    definition = flow(
        {"id": "q", "kind": "ask", "text": "?", "field": "kota", "to": {"next": "p"}},
        {"id": "p", "kind": "hand_over", "text": "Sebentar ya", "team": "sales"},
    )
    chat = talk(definition, """
        - customer: halo
        - bot: "?"
        - customer: Bogor
        - bot: Sebentar ya
        - expect: {handed_over: true, team: sales, ended: person}
        """)  # fmt: skip
    assert chat.did[-1]["note"] == "Uji, p\n- kota: Bogor\n> Bogor"


def test_going_to_another_flow_and_back_for_ever_is_stopped():
    said = {"id": "a", "kind": "message", "text": "hai", "to": {"next": "g"}}
    chat = transcripts.chat_of(flow(said, {"id": "g", "kind": "goto", "flow": "Uji"}), {})
    chat.around.library = lambda name: chat.flow
    chat.writes("halo")
    assert chat.ended == "loop" and chat.said == []


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("[{customer: halo}, {bot: hai}]", "step 2: the bot says"),
        ("[{customer: halo}]", "the bot also says"),
        ("[{customer: halo}, {bot: {contains: mau}}, {expect: {handed_over: true}}]", "handed_over is False"),
        ("[{customer: pagi}, {bot: x}]", "the bot says nothing"),
    ],
)
def test_a_transcript_that_does_not_hold_fails(steps: str, says: str):
    with pytest.raises(transcripts.Unexpected, match=re.escape(says)):
        talk(SHOP, steps)


@pytest.mark.parametrize(
    "steps", ["[{say: x}]", "[{wait: soon}]", "[{bot: {like: x}}]", "[{expect: {mood: good}}]"]
)
def test_a_transcript_that_cannot_be_read_says_so(steps: str):
    with pytest.raises((transcripts.BadTranscript, transcripts.Unexpected)):
        talk(SHOP, steps)
