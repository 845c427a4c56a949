"""Files of contacts: what spreadsheets and old phones write, and what does harm."""

import csv
import io
import time

from plugins.contacts import csv_vcard


def test_no_cell_is_taken_for_a_formula_and_comes_back_as_it_was():
    for cell in ("=1+1", "+62812", "-5", "@x", "a", "a;=1+1", "Budi\t@x", "x|-y", "baris\n=2"):
        line = csv_vcard.csv_lines([[cell, "b"]], first=False)
        for delimiter in ",;\t|":
            cut = next(csv.reader(io.StringIO(line), delimiter=delimiter))
            assert not any(part.startswith(("=", "+", "-", "@")) for part in cut)
        assert csv_vcard.bare(next(csv.reader(io.StringIO(line)))[0]) == cell


def cards(text):
    return [cells for _line, cells in csv_vcard.read(text.encode())["rows"]]


def test_a_card_of_an_old_phone_is_read_over_its_soft_line_breaks():
    name = "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=42=75=64=69=20=\r\n=53=61=6E=74=6F=73=6F"
    (cells,) = cards(f"BEGIN:VCARD\r\nVERSION:2.1\r\n{name}\r\nTEL;CELL:0812345678\r\nEND:VCARD\r\n")
    assert cells[:2] == ["Budi Santoso", "0812345678"]


def test_cards_that_do_not_end_are_bad_at_no_cost():
    good = "BEGIN:VCARD\nVERSION:3.0\nFN:Andi\nTEL:+6281200001123\nEND:VCARD\n"
    began = time.perf_counter()
    found = cards("BEGIN:VCARD\n" * 100_000 + good + "BEGIN:VCARD\nFN:Budi\n")
    assert time.perf_counter() - began < 3
    assert [cells[:2] for cells in found if cells] == [["Andi", "+6281200001123"]] and len(found) == 100_002


def test_a_card_may_have_a_photo_and_no_more_than_64_kb_besides():
    photo = "PHOTO;ENCODING=b;TYPE=JPEG:" + "\n ".join(["/9j/4AAQ" * 9] * 2000)
    text = "BEGIN:VCARD\nVERSION:3.0\nFN:Andi\n{}\nTEL:+6281200001123\nEND:VCARD\n"
    assert cards(text.format(photo))[0][:2] == ["Andi", "+6281200001123"]
    assert cards(text.format("NOTE:" + "x" * 70_000)) == [[]]


def test_an_odd_first_line_or_byte_harms_no_table():
    assert csv_vcard.read(b'sep="\r\nNama,HP\r\nAndi,1\r\n')["columns"] == ["Nama", "HP"]
    late = "Nama,HP\n" + "Budi,1\n" * 700 + "An\0di,2\n"
    assert list(csv_vcard.read(late.encode())["rows"])[-1][1] == ["Andi", "2"]
