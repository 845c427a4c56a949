"""How the pages look, without a browser: contrast of the tokens, text as safe HTML, names, times."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from web.pages import look

TOKENS = Path(__file__).parent.parent / "web" / "static" / "css" / "tokens.css"
TEXT = [
    ("text", "bg"),
    ("text", "surface"),
    ("text", "in"),
    ("text", "out"),
    ("text", "accent-soft"),
    ("text", "sunken"),
    ("muted", "bg"),
    ("muted", "surface"),
    ("muted", "accent-soft"),
    ("muted", "sunken"),
    ("muted", "hover"),
    ("faint", "bg"),
    ("faint", "surface"),
    ("faint", "in"),
    ("faint", "sunken"),
    ("faint", "hover"),
    ("out-faint", "out"),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("accent", "out"),
    ("accent", "bg"),
    ("on-accent", "accent"),
    ("danger", "surface"),
    ("danger", "bg"),
    ("danger", "danger-soft"),
    ("on-danger", "danger"),
    ("danger", "out"),
    ("warn", "surface"),
    ("warn", "warn-soft"),
    ("info", "surface"),
    ("info", "in"),
    ("bg", "text"),
]
CONTROLS = [
    ("control", "surface"),
    ("control", "bg"),
    ("accent", "surface"),
    ("info", "out"),
    ("surface", "control"),
]


def tokens(theme: int) -> dict[str, str]:
    """Return the colours of a theme (0 light, 1 dark) by token."""
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text())
    return {name: pair[theme] for name, *pair in found}


def luminance(color: str) -> float:
    """WCAG 2.2's relative luminance."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("least,pairs", [(4.5, TEXT), (3.0, CONTROLS)], ids=["text", "controls"])
def test_contrast(theme: int, least: float, pairs: list[tuple[str, str]]) -> None:
    colors = tokens(theme)
    weak = {pair: round(contrast(colors[pair[0]], colors[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in weak.items() if value < least} == {}


def mix(one: str, other: str, share: float) -> str:
    """color-mix(in srgb, one share, other)."""
    parts = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in parts)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", look.TINTS)
def test_labels_can_be_read(theme: int, name: str) -> None:
    colors, tint = tokens(theme), look.TINTS[name]
    assert contrast(mix(tint, colors["text"], 0.58), mix(tint, colors["surface"], 0.13)) >= 4.5


def test_every_palette_colour_has_its_class() -> None:
    found = dict(re.findall(r"\.tint-(\w+) \{ --c: (#\w{6}); \}", TOKENS.read_text()))
    assert found == look.TINTS


@pytest.mark.parametrize(
    "text,html",
    [
        ("*tebal* dan _miring_", "<strong>tebal</strong> dan <em>miring</em>"),
        ("~coret~ ```kode```", "<s>coret</s> <code>kode</code>"),
        ("2*3*4 a_b_c", "2*3*4 a_b_c"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("*<b>*", "<strong>&lt;b&gt;</strong>"),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_rich(text: str, html: str) -> None:
    assert str(look.rich(text)) == html


def test_links_are_of_four_kinds_and_keep_their_marks() -> None:
    html = str(look.rich('lihat https://a.id/b_c_d?x=1&y="2". atau tanya@toko.id'))
    assert 'href="https://a.id/b_c_d?x=1&amp;y="' in html
    assert 'href="mailto:tanya@toko.id"' in html
    assert "<em>" not in html
    assert "noopener" in html


@pytest.mark.parametrize(
    "name,letters",
    [
        ("Dewi Wulandari", "DW"),
        ("Maria", "M"),
        ("+62 812-0000", "62"),
        ("", "?"),
        ("👋 Budi", "B"),
        ("toko sinar jaya", "TJ"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert look.initials(name) == letters


def test_a_label_of_any_colour_gets_the_nearest_of_the_palette() -> None:
    assert look.label_tint("#ff0000") == "tint-red"
    assert look.label_tint("#1570CD") == "tint-blue"
    assert look.label_tint("#888888") == "tint-grey"
    assert look.label_tint("red; }") == "tint-grey"


def test_times_in_words() -> None:
    app = Flask("test")
    Babel(app, locale_selector=lambda: "en")
    now = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    at = look.local("2026-11-24T02:42:00.000000Z", "Asia/Jakarta")
    with app.test_request_context():
        assert look.clock(at, "id") == "09.42"
        assert look.short_time(at, now, "en") == "09:42"
        assert look.short_time(datetime(2026, 10, 12, 8, 0, tzinfo=UTC), now, "id") == "12 Okt"
        assert look.day_title(datetime(2026, 11, 23).date(), now.date(), "en") == "Yesterday"


@pytest.mark.parametrize(
    "number,shown", [("+6281300004521", "+62 813-0000-4521"), ("+14155550100", "+14155550100"), (None, "")]
)
def test_phone(number: str | None, shown: str) -> None:
    assert look.phone(number) == shown
