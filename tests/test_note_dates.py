"""Days that notes speak of, in two languages: what is found, and what is left alone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from plugins.notes.dates import find

# A Wednesday morning in Jakarta.
NOW = datetime(2026, 11, 18, 10, 30, tzinfo=ZoneInfo("Asia/Jakarta"))

FOUND = {
    "Janji bayar tanggal 25": "2026-11-25 09:00",
    "janji bayar tgl 25 jam 16.00": "2026-11-25 16:00",
    "tgl. 5 ya": "2026-12-05 09:00",
    "transfer tanggal 31": "2026-12-31 09:00",
    "tanggal 1 Januari kami tutup": "2027-01-01 09:00",
    "Janji transfer besok": "2026-11-19 09:00",
    "besok pagi": "2026-11-19 09:00",
    "besok sore jam 4 diambil": "2026-11-19 16:00",
    "jam 4 sore besok": "2026-11-19 16:00",
    "besok malam": "2026-11-19 19:00",
    "lusa diambil": "2026-11-20 09:00",
    "besok lusa dikirim": "2026-11-20 09:00",
    "minggu depan hubungi lagi": "2026-11-23 09:00",
    "Jumat ditelepon": "2026-11-20 09:00",
    "hari Jumat jam 14.30": "2026-11-20 14:30",
    "Jumat depan": "2026-11-27 09:00",
    "Jum'at siang": "2026-11-20 13:00",
    "senin depan jam 8 pagi": "2026-11-23 08:00",
    "hari Minggu saja": "2026-11-22 09:00",
    "Minggu pagi": "2026-11-22 09:00",
    "hari Minggu depan": "2026-11-29 09:00",
    "bayar 25/12": "2026-12-25 09:00",
    "bayar 25/12/2026 jam 10": "2026-12-25 10:00",
    "25-11-2026": "2026-11-25 09:00",
    "25 Desember": "2026-12-25 09:00",
    "25 november pukul 13.30 wib": "2026-11-25 13:30",
    "3 hari lagi": "2026-11-21 09:00",
    "dalam dua minggu": "2026-12-02 09:00",
    "2 jam lagi": "2026-11-18 12:30",
    "30 menit lagi telepon": "2026-11-18 11:00",
    "seminggu lagi": "2026-11-25 09:00",
    "nanti sore": "2026-11-18 16:00",
    "nanti jam 5 sore": "2026-11-18 17:00",
    "malam ini telepon": "2026-11-18 19:00",
    "hari ini jam 17": "2026-11-18 17:00",
    "akhir bulan": "2026-11-30 09:00",
    "bulan depan": "2026-12-01 09:00",
    "promised to pay on the 25th": "2026-11-25 09:00",
    "on the 3rd of December": "2026-12-03 09:00",
    "by 25th please": "2026-11-25 09:00",
    "tomorrow 9am": "2026-11-19 09:00",
    "call tomorrow at 3 pm": "2026-11-19 15:00",
    "9am tomorrow": "2026-11-19 09:00",
    "the day after tomorrow": "2026-11-20 09:00",
    "on Monday": "2026-11-23 09:00",
    "next Friday": "2026-11-27 09:00",
    "Friday afternoon": "2026-11-20 14:00",
    "December 25": "2026-12-25 09:00",
    "Dec 24th at 10:30": "2026-12-24 10:30",
    "in 3 days": "2026-11-21 09:00",
    "in two weeks": "2026-12-02 09:00",
    "next week": "2026-11-23 09:00",
    "tonight": "2026-11-18 19:00",
    "this afternoon": "2026-11-18 14:00",
    "today at 5pm": "2026-11-18 17:00",
    "end of the month": "2026-11-30 09:00",
    "ship on 2026-12-01": "2026-12-01 09:00",
}

LEFT_ALONE = [
    "harga 25.000",
    "Rp 25.000,50",
    "total 125.000 ya",
    "ongkir 25rb",
    "may I call",
    "you may pay 1",
    "she ordered 25 may i know why",
    "pesan 3 may be more",
    "march on",
    "mar 20rb",
    "1",
    "pesan 2 pcs",
    "nomor 0812-3456-7890",
    "ukuran 1/2 kg",
    "buka 24/7",
    "10/10 mantap",
    "jam buka 8-17",
    "toko buka jam 8",
    "kemarin sudah bayar",
    "tanggal 25 kemarin",
    "Jumat lalu",
    "last Friday",
    "sejak Senin",
    "setiap Senin",
    "minggu ini ramai",
    "sudah 2 minggu",
    "seminggu sekali",
    "3 hari yang lalu",
    "hari ini",
    "paket 25x30 cm",
    "versi 1.2",
    "dia lahir 25/12/1990",
    "resi 2026-11-1234",
    "no 25, blok C",
    "diskon 25%",
    "12.30",
    "meet at 5",
    "meja 12/11",
    "tanggal 45",
    "31/02/2027",
]


@pytest.mark.parametrize(("text", "moment"), FOUND.items(), ids=str)
def test_a_day_to_come_is_found(text: str, moment: str) -> None:
    (found, *_more) = find(text, NOW)
    assert found.at.strftime("%Y-%m-%d %H:%M") == moment
    assert text[found.start : found.end].strip()


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_day_to_come_is_left_alone(text: str) -> None:
    assert find(text, NOW) == []


def test_two_days_come_in_their_order() -> None:
    found = find("DP besok, sisanya tanggal 30 jam 15.00", NOW)
    assert [each.at.strftime("%d %H") for each in found] == ["19 09", "30 15"]


def test_the_zone_is_that_of_the_moment() -> None:
    (found,) = find("besok jam 9", NOW.astimezone(ZoneInfo("Asia/Jayapura")))
    assert str(found.at) == "2026-11-19 09:00:00+09:00"


def test_a_day_whose_hour_has_passed_is_not_found() -> None:
    assert find("tanggal 18", NOW) == []
    (found,) = find("tanggal 18 jam 15", NOW)
    assert found.at.hour == 15


def test_a_long_text_is_looked_through_at_once() -> None:
    import time

    text = "besok 25/12 jam 9 harga 25.000 tanggal 3 may be senin lalu " * 170
    began = time.perf_counter()
    find(text, NOW)
    assert time.perf_counter() - began < 1
