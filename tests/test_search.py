"""Words find messages and names, in the same transaction in which they were written."""

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from engine.documents import Collection, Database, create_tables, fulltext
from engine.events import event
from engine.schemas import COLLECTIONS
from engine.store import Reading, Store
from tests.world import ANDI, DEWI, SHOP, World, peer_of

SEARCHED = [collection for collection in COLLECTIONS if collection.texts]


def texts(shop: World, words: str, **how) -> list[str]:
    found, _ = shop.documents.table("message").find(words, **how)
    return [hit.document["text"] for hit in found]


@pytest.fixture
def store(tmp_path: Path):
    store = Store(tmp_path / "replyai.db", COLLECTIONS)
    yield store
    store.close()


def put(store: Store, id: str, text: str | None) -> None:
    store.documents.table("message").insert({"id": id, "conversation": "c", "text": text})


def ids(store: Store, words: str) -> list[str]:
    return [hit.document["id"] for hit in store.documents.table("message").find(words)[0]]


def test_what_a_customer_wrote_is_found_the_newest_first(shop: World) -> None:
    shop.writes(DEWI, "Paket saya belum sampai")
    shop.writes(ANDI, "Apakah paket sudah dikirim?")
    assert texts(shop, "paket") == ["Apakah paket sudah dikirim?", "Paket saya belum sampai"]
    assert texts(shop, "belum paket") == ["Paket saya belum sampai"]
    assert texts(shop, "paket zebra") == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("terima kasih", True),
        ("terima kas", True),  # the last word may be a beginning
        ("ter kasih", False),
        ('"terima kasih"', True),
        ('"kasih terima"', False),
        ('"terima ka', True),  # while it is typed
        ("CAFÉ cafe", True),  # letters without their accents, large or small
        ("Café’s", False),
        ("latte", False),
    ],
)
def test_words_beginnings_and_phrases(store: Store, words: str, found: bool) -> None:
    with store.transaction():
        put(store, "m1", "Terima kasih kak, sampai jumpa di café")
    assert ids(store, words) == (["m1"] if found else [])


TYPED = (
    *('"', '""', '"""', "*", "a*b", "NEAR(", "NEAR(a b, 2)", "text:x", "c0:x", "{c0}:x", "^x", "-x", "x AND"),
    *(
        "OR",
        "NOT x",
        "(",
        ")",
        "'; DROP TABLE doc_message; --",
        "\0",
        "a\0b",
        "\ud800",
        "🙏",
        "👍🏽 ok",
        "日本語",
    ),
    *("日", "مرحبا", "\u202eabc", "é", "e\u0301", "x" * 5000, "a " * 500, "", " ", "\x02\x03", "%_", "\\"),
)


@pytest.mark.parametrize("words", TYPED)
def test_nothing_that_is_typed_is_an_error(store: Store, words: str) -> None:
    with store.transaction():
        put(store, "m1", "Halo")
    assert ids(store, words) == []
    assert store.documents.table("contact").find(words, part=True) == ([], None)


@pytest.mark.parametrize("word", ["日本語", "مرحبا", "नमस्ते", "ok", "2026", "Ünïcödé", "O'Brien", "a-b"])
def test_words_of_any_script_are_found(store: Store, word: str) -> None:
    with store.transaction():
        put(store, "m1", f"🙏 {word}: halo")
    assert ids(store, word) == ["m1"]


def test_the_beginning_of_a_frequent_word_is_found_as_well_as_that_of_many_words(store: Store) -> None:
    with store.transaction():
        for number in range(300):
            put(store, f"m{number:03}", f"toko pesanan{'' if number % 2 else number} Pesawat-terbang")
    assert len(ids(store, "pesaw")) == 50
    assert (
        ids(store, "pesana") == ids(store, "toko pesanan") == [f"m{number}" for number in range(299, 249, -1)]
    )
    assert ids(store, "pesanan29") == [f"m{number}" for number in (298, 296, 294, 292, 290)]
    assert ids(store, '"toko pesanan12') == ["m128", "m126", "m124", "m122", "m120", "m012"]
    assert ids(store, "toko-pesanan128 pesawat-terb") == ["m128"]
    assert ids(store, "pesanan129x") == []


def test_what_was_rolled_back_is_not_found(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction():
        put(store, "m1", "zebra")
        raise RuntimeError("the disk")
    with store.transaction():
        put(store, "m2", "gajah")
        with pytest.raises(RuntimeError), store.savepoint("action"):
            put(store, "m3", "zebra")
            store.documents.table("message").update({"text": "zebra"}, doc_ids=["m2"])
            raise RuntimeError("a handler")
    assert (ids(store, "zebra"), ids(store, "gajah")) == ([], ["m2"])
    assert fulltext.check(store.connection, SEARCHED) == []


def test_words_that_are_left_are_there_when_somebody_looks_also_after_that_was_undone(store: Store) -> None:
    store.documents.leave_words()
    with store.transaction():
        put(store, "m1", "zebra")
    assert fulltext.check(store.connection, SEARCHED) != []
    with store.transaction():
        with pytest.raises(RuntimeError), store.savepoint("action"):
            assert ids(store, "zebra") == ["m1"]
            raise RuntimeError("a handler")
        put(store, "m2", "gajah")
        assert (ids(store, "zebra"), ids(store, "gajah")) == (["m1"], ["m2"])
        put(store, "m3", "gajah")
    assert ids(store, "gajah") == ["m3", "m2"]
    assert fulltext.check(store.connection, SEARCHED) == []


def test_a_hit_is_there_when_the_message_is_and_not_before(store: Store) -> None:
    reader = Reading(store.path, COLLECTIONS)
    with store.transaction():
        put(store, "m1", "zebra")
        assert reader.table("message").find("zebra")[0] == []
    assert len(reader.table("message").find("zebra")[0]) == len(reader.table("message")) == 1
    reader.connection.close()


def test_an_edited_message_is_found_by_what_it_says_now(shop: World) -> None:
    shop.writes(DEWI, "Alamat saya Jalan Mawar", id="A1")
    edit = {"target_id": "A1", "text": "Alamat saya Jalan Melati", "peer": peer_of(DEWI)}
    shop.submit(event("message.edited", "E1", edit, account=SHOP))
    assert (texts(shop, "mawar"), texts(shop, "melati")) == ([], ["Alamat saya Jalan Melati"])


def test_a_message_that_its_author_took_back_is_found_as_agents_still_see_it(shop: World) -> None:
    shop.writes(DEWI, "Salah kirim", id="A1")
    gone = {"target_id": "A1", "by": "contact", "peer": peer_of(DEWI)}
    shop.submit(event("message.deleted", "D1", gone, account=SHOP))
    (hit,), _ = shop.documents.table("message").find("salah")
    assert hit.document["deleted_at"]


def test_only_a_changed_text_is_written_into_the_index(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.transaction():
        put(store, "m1", "zebra")
    written = []
    monkeypatch.setattr(fulltext.TextIndex, "put", lambda index, connection, pos, before: written.append(pos))
    with store.transaction():
        store.documents.table("message").update({"status": "read"}, doc_ids=["m1"])
    assert written == []


def test_a_removed_message_leaves_no_trace_in_the_file(store: Store) -> None:
    for number in range(50):
        with store.transaction():
            put(store, f"m{number}", f"halo rahasiadewi{number}")
    with store.transaction():
        store.documents.table("message").remove(doc_ids=[f"m{number}" for number in range(50)])
    assert ids(store, "halo") == []
    with store.transaction():
        fulltext.purge(store.connection, SEARCHED)
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"rahasiadewi" not in store.path.read_bytes()


def test_after_a_day_of_changes_the_index_says_what_a_new_one_says(store: Store) -> None:
    rng, animals = random.Random(4), ["zebra", "gajah", "kancil", "harimau", None]
    table = store.documents.table("message")
    for number in range(300):
        with store.transaction():
            put(store, f"m{number}", rng.choice(animals))
            for _ in range(2):
                chosen = [f"m{rng.randrange(number + 1)}"]
                table.update({"text": f"{rng.choice(animals)} {rng.choice(animals)}"}, doc_ids=chosen)
            table.remove(doc_ids=[f"m{rng.randrange(number + 1)}"])
    before = {words: ids(store, words) for words in ("zebra", "ga", '"zebra kancil"', "harimau gajah")}
    assert fulltext.check(store.connection, SEARCHED) == [] and before["zebra"]
    with store.transaction():
        fulltext.rebuild(store.connection, SEARCHED)
    assert {words: ids(store, words) for words in before} == before


def test_a_workspace_from_before_is_filled_at_its_first_start(tmp_path: Path) -> None:
    old = Store(tmp_path / "replyai.db", [replace(each, search=(), infix=()) for each in COLLECTIONS])
    with old.transaction():
        put(old, "m1", "zebra")
        put(old, "m2", None)
    old.close()
    new = Store(tmp_path / "replyai.db", COLLECTIONS)
    assert ids(new, "zebra") == ["m1"]
    assert fulltext.check(new.connection, SEARCHED) == []
    new.close()


def test_a_collection_that_declares_other_fields_gets_another_index(store: Store) -> None:
    note = Collection("note", search=("title",), owner="notes")
    for fields in (("title",), ("title", "text"), ()):
        with store.transaction():
            create_tables(store.connection, [replace(note, search=fields)])
        documents = Database(
            connection=store.connection, collections=[replace(note, search=fields)], string_ids=True
        )
        with store.transaction():
            documents.table("note").upsert({"id": "n1", "title": "Senin", "text": "Libur"})
            documents.settle()
        if fields:
            assert len(documents.table("note").find("senin")[0]) == 1
            assert len(documents.table("note").find("libur")[0]) == len(fields) - 1
    tables = store.connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%search_note%'")
    assert tables.fetchall() == []
    with pytest.raises(ValueError, match="declares no search fields"):
        documents.table("note").find("senin")


def test_what_belongs_to_a_plugin_that_is_off_is_not_found(store: Store) -> None:
    collections = [
        Collection("note", search=("text",), owner="notes"),
        Collection("page", search=("text", "notes.text"), owner="core"),
    ]
    with store.transaction():
        create_tables(store.connection, collections)
        documents = Database(connection=store.connection, collections=collections, string_ids=True)
        documents.table("note").insert({"id": "n1", "text": "zebra"})
        documents.table("page").insert({"id": "p1", "text": "gajah", "notes.text": "zebra"})
        documents.settle()
    for off, hits in ((frozenset(), (1, 1, 1)), (frozenset({"notes"}), (0, 0, 1))):
        seen = Database(
            connection=store.connection, collections=collections, string_ids=True, read_only=True, hidden=off
        )
        asked = (("note", "zebra"), ("page", "zebra"), ("page", "gajah"))
        assert tuple(len(seen.table(name).find(words)[0]) for name, words in asked) == hits


def test_pages_of_hits_go_on_where_the_last_one_ended(store: Store) -> None:
    with store.transaction():
        for number in range(25):
            put(store, f"m{number:02}", "zebra")
    table, found, after = store.documents.table("message"), [], None
    while True:
        hits, after = table.find("zebra", after=after, limit=10)
        found += [hit.document["id"] for hit in hits]
        if after is None:
            break
    assert found == [f"m{number:02}" for number in reversed(range(25))]
    for wrong in ("zzz", "", "cG9zOng"):
        with pytest.raises(ValueError, match="cursor"):
            table.find("zebra", after=wrong)


def test_a_search_that_may_show_little_ends_and_says_where_to_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.documents.finding.LOOK", 10)
    with store.transaction():
        for number in range(25):
            put(store, f"m{number:02}", "zebra")
    table, found, after, rounds = store.documents.table("message"), [], None, 0
    while rounds == 0 or after:
        accept = lambda document: document["id"] in ("m03", "m20")  # noqa: E731
        hits, after = table.find("zebra", after=after, accept=accept)
        found += [hit.document["id"] for hit in hits]
        rounds += 1
    assert (found, rounds) == (["m20", "m03"], 3)


def test_one_search_may_ask_another(store: Store) -> None:
    with store.transaction():
        for number in range(5):
            put(store, f"m{number}", f"zebra gajah{number}")
    find = store.documents.table("message").find

    def accept(document: dict) -> bool:
        wanted = document["text"].split()[1]
        return len(find(wanted, accept=lambda each: each["id"] > "m1")[0]) == 1

    assert [hit.document["id"] for hit in find("zebra", accept=accept)[0]] == ["m4", "m3", "m2"]
    for _ in store.documents.table("message").search(lambda document: True):
        assert len(find("zebra", accept=lambda each: True, limit=1)[0]) == 1


def test_what_goes_wrong_in_the_question_is_told_as_it_is(store: Store) -> None:
    def accept(document: dict) -> bool:
        raise LookupError("no such conversation")

    with store.transaction():
        put(store, "m1", "zebra")
    with pytest.raises(LookupError, match="no such conversation"):
        store.documents.table("message").find("zebra", accept=accept)


def test_words_are_marked_and_a_text_with_marks_of_its_own_does_no_harm(store: Store) -> None:
    with store.transaction():
        put(store, "m1", "a \x02b\x03 \x03 zebra\x02 c")
        put(store, "m2", "kata " * 100 + "Zebra" + " kata" * 100)
    long, odd = (hit.snippet for hit in store.documents.table("message").find("zebra")[0])
    assert "".join(text for text, _ in odd) == "a b  zebra c"
    assert ("Zebra", True) in long
    assert len(re.findall(r"kata", "".join(text for text, _ in long))) < 30


def test_names_and_numbers_are_found_by_any_part_of_them(shop: World) -> None:
    shop.writes(DEWI, "Halo", push_name="Dewi Lestari")
    find = shop.documents.table("contact").find
    for part in ("ewi", "Lest", "wi le", "813000", "4521", "+6281"):
        assert [hit.document["name"] for hit in find(part, part=True)[0]] == ["Dewi Lestari"], part
    assert find("ew", part=True)[0] == [], "three characters or more"
    assert len(find("lestari")[0]) == 1
