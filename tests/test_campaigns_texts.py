"""What one person is told, whose file it is, and the picture of a schedule."""

from collections import Counter
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engine import times
from plugins.campaigns import chart, table, texts
from plugins.sender import pacing, preview, rules
from tests.schedules import drawing

ROOT = Path(__file__).parent.parent
DEWI = {"name": "Dewi", "kota_asal": "Solo"}
NOON = "2031-03-03T05:00:00.000000Z"


def campaign(*weights: int) -> dict:
    said = [{"id": "abcd"[n], "text": f"Teks {n}", "weight": weight} for n, weight in enumerate(weights)]
    return {"id": "promo", "texts": said}


def test_alternatives_are_the_authors_own_and_hold_gaps() -> None:
    text = "[[Halo {{name|Kak}}|Hai]], [[satu|dua]]"
    found = Counter(texts.chosen(text, "promo", n) for n in range(400))
    parts = [f"{one}, {two}" for one in ("Halo {{name|Kak}}", "Hai") for two in ("satu", "dua")]
    assert set(found) == set(parts) and min(found.values()) > 60
    assert texts.chosen(text, "promo", 7) == texts.chosen(text, "promo", 7)


@pytest.mark.parametrize("text", ["[Halo|Hai]", "Halo ]] [[", "a[0][1]", "{{name|Kak}}"])
def test_what_is_no_alternative_stays(text: str) -> None:
    assert texts.chosen(text, "promo", 1) == text


def test_a_value_is_not_read_as_an_alternative() -> None:
    plan = {"id": "promo", "texts": [{"id": "a", "text": "Halo {{name}}", "weight": 1}]}
    assert texts.written(plan, "a", 1, {"name": "[[x|y]]"}) == ("Halo [[x|y]]", [])


def test_texts_are_divided_by_weight() -> None:
    found = Counter(texts.variant_of(campaign(3, 1), n) for n in range(4000))
    assert found.total() == 4000 and 2850 < found["a"] < 3150


def test_whom_nobody_named_has_no_name() -> None:
    nobody = {"name": "+62 813", "names": {}, "phone": "+62813"}
    assert texts.values_of(nobody, {}, [], "id")["name"] == ""
    dewi = {"name": "Dewi Lestari", "names": {"profile": "Dewi Lestari"}, "phone": "+62813"}
    assert texts.values_of(dewi, {}, [], "id")["first_name"] == "Dewi"
    assert texts.values_of(dewi, {"name": "Bu Dewi", "kota": " "}, [], "id")["name"] == "Bu Dewi"


def test_a_row_gives_the_first_name_too() -> None:
    dewi = {"name": "Dewi Lestari", "names": {"profile": "Dewi Lestari"}, "phone": "+62813"}
    assert texts.values_of(dewi, {"name": "Ibu Ratna"}, [], "id")["first_name"] == "Ibu"


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (
            b"\xef\xbb\xbfNo. HP;Nama;Kota asal\n0813-1111-2222;Dewi;Solo\n",
            {"name": "Dewi", "kota_asal": "Solo"},
        ),
        ("phone\tcafé\n+6281311112222\tya\n".encode("cp1252"), {"cafe": "ya"}),
        ("nomor,1x\n81311112222,a\n".encode("utf-16"), {"column_2": "a"}),
    ],
)
def test_files_as_spreadsheets_write_them(raw: bytes, fields: dict) -> None:
    assert table.read(raw, "ID")["rows"] == [{"phone": "+6281311112222", "fields": fields}]


@pytest.mark.parametrize(
    ("raw", "code"),
    [(b"", "empty"), (b"\n\n", "empty"), (b"a,b\n1,2\n", "no_phone"), (b"nomor\n\0\n", "binary")],
)
def test_files_that_cannot_be_read(raw: bytes, code: str) -> None:
    with pytest.raises(table.NoTable) as wrong:
        table.read(raw, "ID")
    assert wrong.value.code == code


def test_a_number_that_a_spreadsheet_cut_short_is_bad() -> None:
    found = table.read(b"nomor\n6.28E+12\n081311112222\n", "ID")
    assert len(found["rows"]) == 1 and found["bad"] == [{"line": 2, "value": "6.28E+12"}]


def test_the_picture_has_its_days_and_ends_where_the_last_leaves() -> None:
    number = {**rules.RULES["normal"], "reply_share": 0}
    people = [preview.Planned(80, ("Asia/Jakarta",)) for _ in range(60)]
    draw = drawing("shop", "toko")
    planned = preview.preview(number, pacing.new_pace("toko"), people, NOON, "Asia/Jakarta", draw)
    made = chart.picture(planned, "Asia/Jakarta")
    assert made and made["count"] == 60 and made["never"] == 0
    assert [day["count"] for day in made["days"]] == [20, 32, 8], "a number that warms up"
    assert times.format(made["last"]) == max(each for each in planned if each)
    assert len(made["lines"]) == 2 and made["line"].startswith("M0.0 160.0") and "600.0 0.0" in made["line"]
    assert all(7 <= day["first"].hour < 21 for day in made["days"]), "nobody is written to at night"
    assert chart.picture([None], "Asia/Jakarta") is None


def test_a_preview_that_is_cut_says_who_is_not_reached() -> None:
    people = [preview.Planned(10, (), stranger=True) for _ in range(8)]
    number = {**rules.RULES["normal"], "reply_share": 0}
    until = times.add(NOON, 86400 / 2)
    draw = drawing("shop", "toko")
    found = preview.preview(number, pacing.new_pace("toko"), people, NOON, "UTC", draw, until=until)
    assert [each is None for each in found] == [False] * 5 + [True] * 3


def test_nothing_is_left_in_english() -> None:
    done = set()
    for folder in (ROOT / "web", ROOT / "plugins" / "campaigns"):
        with (folder / "translations/id/LC_MESSAGES/messages.po").open("rb") as file:
            done |= {message.id for message in read_po(file, locale="id") if message.string}
    keywords = {"_": None, "lazy_gettext": None, "ngettext": (1, 2)}
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    found = {each[2] for each in extract_from_dir(ROOT / "plugins" / "campaigns", methods, keywords=keywords)}
    assert sorted(map(str, found - done)) == []
