"""The demo's pictures, drawn here: a wrapped parcel, a transfer's receipt, a catalogue, a snack box."""

import io
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

COLORS = ("#d4380d", "#b7791f", "#6941c6", "#1570cd", "#0b6e5c")
CREAM, INK, PAPER, LINE = "#fff4d6", "#22302b", "#ffffff", "#d6ddda"
GOODS = ("Nastar", "Kastengel", "Kue lapis", "Paket kopi", "Sambal bawang", "Hampers")


def _png(image: Image.Image) -> bytes:
    body = io.BytesIO()
    image.save(body, "PNG")
    return body.getvalue()


def _text(draw: ImageDraw.ImageDraw, at: tuple[int, int], said: str, size: int, fill: str = INK) -> None:
    draw.text(at, said, font=ImageFont.load_default(size=size), fill=fill)


def _bow(draw: ImageDraw.ImageDraw, x: int, y: int, half: int) -> None:
    for side in (-1, 1):
        middle = x + side * half
        draw.ellipse((middle - half, y - half // 2, middle + half, y + half), outline=CREAM, width=half // 3)


def parcel(number: int) -> bytes:
    """Return a PNG of a wrapped parcel, a different one for each number."""
    image = Image.new("RGB", (720, 540), "#f4ece1")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 400, 720, 540), fill="#d9c7ae")
    draw.rounded_rectangle((170, 150, 550, 450), 24, fill=COLORS[number % len(COLORS)])
    draw.rectangle((335, 150, 385, 450), fill=CREAM)
    draw.rectangle((170, 275, 550, 320), fill=CREAM)
    _bow(draw, 360, 120, 62)
    return _png(image)


def receipt(number: int) -> bytes:
    """Return a PNG of a bank transfer's receipt, with another amount for each number."""
    image = Image.new("RGB", (540, 720), "#e8eef7")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((40, 40, 500, 680), 22, fill=PAPER)
    draw.ellipse((225, 76, 315, 166), fill="#0b8a52")
    draw.line(((248, 122), (264, 140), (294, 104)), fill=PAPER, width=10)
    _text(draw, (152, 190), "Transfer berhasil", 30)
    _text(draw, (146, 240), f"Rp {85 + number * 7 % 240}.000", 48, "#0b6e5c")
    lines = (("Dari", f"**** {4100 + number}"), ("Ke", "Toko Utama"), ("Bank", "BCA"), ("Berita", "pesanan"))
    for row, (name, value) in enumerate((*lines, ("No. ref.", f"FT25{number:04}8831"))):
        top = 340 + row * 62
        draw.line(((80, top - 14), (460, top - 14)), fill=LINE, width=2)
        _text(draw, (80, top), name, 22, "#667085")
        _text(draw, (230, top), value, 22)
    return _png(image)


def catalogue(number: int) -> bytes:
    """Return a PNG of a catalogue's page: six products with their prices."""
    image = Image.new("RGB", (720, 760), "#faf6ef")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 720, 100), fill="#0b6e5c")
    _text(draw, (36, 28), "Katalog bulan ini", 40, PAPER)
    for place, name in enumerate(GOODS):
        left, top = 36 + place % 3 * 222, 130 + place // 3 * 310
        color = COLORS[(number + place) % len(COLORS)]
        draw.rounded_rectangle((left, top, left + 204, top + 284), 16, fill=PAPER, outline=LINE, width=2)
        draw.rounded_rectangle((left + 42, top + 46, left + 162, top + 176), 14, fill=color)
        draw.rectangle((left + 42, top + 66, left + 162, top + 92), fill=CREAM)
        _text(draw, (left + 18, top + 200), name, 24)
        _text(draw, (left + 18, top + 236), f"Rp {85 + place * 35}.000", 22, "#667085")
    return _png(image)


def snack(number: int) -> bytes:
    """Return a PNG of an open snack box seen from above."""
    image = Image.new("RGB", (720, 540), "#dfe7e3")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((110, 70, 610, 470), 28, fill="#c9a878")
    draw.rounded_rectangle((130, 90, 590, 450), 20, fill="#f7ead3")
    for row in range(3):
        for column in range(4):
            x, y = 190 + column * 113, 150 + row * 120
            color = ("#d99a3d", "#8c5a2b", "#e7c06a", "#a8412f")[(row + column + number) % 4]
            draw.ellipse((x - 42, y - 42, x + 42, y + 42), fill=color)
            draw.ellipse((x - 12, y - 12, x + 12, y + 12), fill="#f4dfb4")
    return _png(image)


PICTURES: dict[str, Callable[[int], bytes]] = {
    "parcel": parcel, "receipt": receipt, "catalogue": catalogue, "snack": snack,
}  # fmt: skip
