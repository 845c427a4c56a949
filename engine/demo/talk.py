"""What is said in the demo, in Indonesian and English."""

from typing import Any

AGENTS = (
    ("Sari Lestari", "sari@demo.example", "admin", "id"),
    ("Budi Santoso", "budi@demo.example", "agent", "id"),
    ("Rina Halim", "rina@demo.example", "supervisor", "en"),
    ("Tomas Wijaya", "tomas@demo.example", "agent", "en"),
)
LABELS = (
    ("Prospek panas", "#d4380d"),
    ("Menunggu bayar", "#b7791f"),
    ("VIP", "#6941c6"),
    ("Grosir", "#1570cd"),
    ("Komplain", "#b42318"),
    ("Baru", "#0b6e5c"),
)
NAMES = (
    "Dewi Wulandari",
    "Andi Pratama",
    "Toko Sinar Jaya",
    "Maria Chen",
    "Rudi Hartono",
    "Lina Kusuma",
    "Siti Nurhaliza",
    "James Tan",
    "Bambang Sutrisno",
    "Putri Ayu",
    "Agus Setiawan",
    "Emily Wong",
    "Yusuf Rahman",
    "Ratna Sari",
    "Hendra Gunawan",
    "Sophie Martin",
    "Fitri Handayani",
    "Joko Susilo",
    "Michael Lee",
    "Nurul Aini",
    "Dimas Anggara",
    "Kartika Dewi",
    "Warung Bu Tini",
    "David Miller",
    "Eko Prasetyo",
    "Wati Suryani",
    "Rizky Ramadhan",
    "Anna Schmidt",
    "Indah Permata",
    "Surya Dharma",
    "Novi Anggraini",
    "Daniel Kim",
    "Taufik Hidayat",
    "Melati Puspita",
    "Galih Saputra",
    "Olivia Brown",
    "Yanti Marlina",
    "Arif Budiman",
    "Cahaya Abadi",
    "Priya Nair",
    "Slamet Riyadi",
    "Dian Sastro",
    "Bayu Nugroho",
    "Lucas Meyer",
    "Rini Astuti",
    "Fajar Hakim",
    "Gita Savitri",
    "Chloe Davis",
    "Hasan Basri",
    "Ika Natalia",
    "Kevin Sanjaya",
    "Grace Lim",
    "Lukman Hakim",
    "Mega Utami",
    "Nanda Pratiwi",
    "Noah Wilson",
    "Oki Setiana",
    "Reza Firmansyah",
    "Tika Rahmawati",
    "Zahra Putri",
)

ENGLISH = frozenset((
    "Maria Chen", "James Tan", "Emily Wong", "Sophie Martin", "Michael Lee", "David Miller", "Anna Schmidt",
    "Daniel Kim", "Olivia Brown", "Priya Nair", "Lucas Meyer", "Chloe Davis", "Grace Lim", "Noah Wilson",
))  # fmt: skip

# What differs where a script is used again; one choice of each per conversation.
WORDS: dict[str, tuple[str, ...]] = {
    "barang": (
        "hampers nastar",
        "kue lapis",
        "paket kopi",
        "toples kastengel",
        "sambal bawang",
        "keripik tempe",
    ),
    "lain": ("cokelat", "teh melati", "madu hutan", "kacang mete", "brownies", "selai nanas"),
    "harga": ("85rb", "120rb", "145rb", "210rb", "250rb", "320rb"),
    "jumlah": ("12", "20", "35", "40", "60", "75"),
    "kota": ("Sleman", "Makassar", "Bekasi", "Malang", "Denpasar", "Padang", "Semarang", "Pontianak"),
    "jalan": ("Jl. Melati 8", "Jl. Kenanga 21", "Jl. Diponegoro 104", "Jl. Anggrek 3B", "Gg. Mawar 17"),
    "hari": ("Jumat", "Sabtu", "Senin", "Selasa", "Kamis"),
    "item": ("gift box", "cookie tin", "coffee set", "snack box", "tea sampler"),
    "colour": ("gold", "dark green", "navy", "burgundy", "silver"),
    "city": ("Bandung", "Surabaya", "Singapore", "Ubud", "Medan"),
    "time": ("9", "8", "10"),
}

# Each line is (who, text); a text that begins with [parcel], [receipt], [catalogue] or [snack] is a picture.
INDONESIAN_SCRIPTS: tuple[dict[str, Any], ...] = (
    {
        "taken": True,
        "unread": 2,
        "labels": [0, 1],
        "lines": [
            ("in", "Halo kak, {barang} yang {harga} masih ada?"),
            ("out", "Halo {name} 👋 Masih ada {jumlah}, Kak. Mau dikirim ke mana?"),
            ("in", "Ke {jalan}, {kota}"),
            ("in", "Kalau transfer sekarang, sampai {hari}?"),
        ],
    },
    {
        "taken": False,
        "unread": 3,
        "labels": [4],
        "lines": [
            ("in", "Pesanan {barang} saya belum sampai"),
            ("in", "Sudah 5 hari lho, katanya {hari} kemarin"),
            ("in", "[receipt] Ini bukti transfernya"),
        ],
    },
    {
        "taken": True,
        "labels": [3],
        "lines": [
            ("in", "Pagi, saya mau pesan {jumlah} {barang} untuk toko saya"),
            ("out", "Pagi {name}, untuk {jumlah} kami beri harga grosir, {harga} per paket."),
            ("in", "[parcel] Dibungkus seperti yang ini ya"),
            ("out", "Bisa. Invoice sudah saya kirim lewat e-mail 🙏"),
        ],
    },
    {
        "taken": True,
        "labels": [0],
        "lines": [
            ("in", "Boleh minta katalog terbaru?"),
            ("out", "[catalogue] Ini katalog bulan ini, Kak {name}"),
            ("in", "Wah bagus-bagus. {barang} ada yang isi lebih banyak?"),
            ("out", "Ada, Kak, yang {harga}. Mau saya simpankan?"),
        ],
    },
    {
        "taken": True,
        "status": "resolved",
        "labels": [1],
        "lines": [
            ("in", "Kak, ongkir ke {kota} berapa?"),
            ("out", "Ke {kota} 38rb untuk 1 kg, Kak {name}. Estimasi 3 sampai 4 hari."),
            ("in", "Oke, saya pesan {barang} dua ya"),
            ("out", "Siap. Terima kasih sudah berbelanja 🙏"),
        ],
    },
    {
        "taken": False,
        "unread": 1,
        "labels": [5],
        "lines": [("in", "Halo, saya lihat {barang} di Instagram. Bisa kirim ke {kota}?")],
    },
    {
        "taken": True,
        "unread": 1,
        "labels": [1],
        "lines": [
            ("in", "Total pesanan {barang} tadi jadi berapa, Kak?"),
            ("out", "Jadi {harga} sudah dengan ongkir, Kak {name}. Bisa transfer ke BCA kami ya."),
            ("in", "[receipt] Sudah saya transfer ya, mohon dicek"),
        ],
    },
    {
        "taken": True,
        "status": "resolved",
        "labels": [],
        "lines": [
            ("in", "Tokonya buka hari {hari}?"),
            ("out", "Buka, Kak, pukul 09.00 sampai 17.00."),
            ("in", "Siap, nanti saya mampir. Makasih!"),
        ],
    },
    {
        "taken": True,
        "labels": [2],
        "lines": [
            ("in", "Mbak, kartu ucapannya bisa ditulis tangan?"),
            ("out", "Bisa, {name}. Mau ditulis apa?"),
            ("in", "“Selamat ulang tahun, Ibu. Dari kami di {kota}.”"),
            ("out", "Baik, kami kirim fotonya sebelum dikemas ✨"),
        ],
    },
    {
        "taken": False,
        "unread": 2,
        "labels": [4],
        "lines": [
            ("in", "Kak, {barang} yang saya terima kok pecah satu"),
            ("in", "Bisa diganti? Alamat saya masih di {jalan}"),
        ],
    },
    {
        "taken": True,
        "labels": [3],
        "lines": [
            ("in", "Untuk acara kantor {jumlah} orang, cocoknya yang mana ya?"),
            ("out", "Paling sering {barang}, Kak. Bisa dicampur dengan {lain}."),
            ("in", "Boleh, saya tanya atasan dulu"),
            ("out", "Baik, saya tunggu kabarnya sampai {hari} ya 😊"),
        ],
    },
    {
        "taken": True,
        "unread": 1,
        "labels": [],
        "lines": [
            ("in", "Resi saya berapa ya, Kak?"),
            ("out", "JX8812{jumlah}0977, Kak {name}. Sekarang di {kota}."),
            ("in", "Oh sudah dekat. Terima kasih infonya 🙏"),
        ],
    },
    {
        "taken": False,
        "unread": 1,
        "labels": [],
        "lines": [("in", "Selamat siang, {lain} yang tanpa gula ada?")],
    },
    {
        "taken": True,
        "status": "resolved",
        "labels": [0],
        "lines": [
            ("in", "Kemarin pesan {barang}, enak sekali! Anak-anak suka"),
            ("out", "Wah, terima kasih, Kak {name} 🥰 Boleh kami pasang ulasannya?"),
            ("in", "Boleh banget"),
        ],
    },
    {
        "taken": True,
        "labels": [5],
        "lines": [
            ("in", "Bisa bayar di tempat untuk {kota}?"),
            ("out", "Untuk {kota} bisa, Kak, sampai {harga}."),
            ("in", "Oke, {barang} satu dan {lain} satu ya"),
            ("out", "Siap, saya buatkan pesanannya sekarang."),
        ],
    },
    {
        "taken": False,
        "unread": 1,
        "labels": [3],
        "lines": [("in", "Permisi, saya mau jadi reseller {barang} di {kota}. Syaratnya apa?")],
    },
)
ENGLISH_SCRIPTS: tuple[dict[str, Any], ...] = (
    {
        "taken": False,
        "unread": 1,
        "labels": [5],
        "lines": [("in", "Hi! Do you ship the {item} to {city}?")],
    },
    {
        "taken": True,
        "labels": [2],
        "lines": [
            ("in", "Hello, I ordered the {item} last week. Could I change the ribbon to {colour}?"),
            ("out", "Hi {name}, of course. It has not been packed yet, so {colour} it is ✨"),
            ("in", "You are the best. How much extra?"),
            ("out", "Nothing at all, it is on us."),
        ],
    },
    {
        "taken": True,
        "unread": 1,
        "labels": [],
        "lines": [
            ("in", "Is the {item} halal certified?"),
            ("out", "Yes, all our products are. I can send you the certificate."),
            ("in", "[snack] Great. And this one too?"),
        ],
    },
    {
        "taken": True,
        "status": "resolved",
        "labels": [],
        "lines": [
            ("in", "What time do you open tomorrow?"),
            ("out", "We open at {time} and close at 5, Monday to Saturday."),
            ("in", "Perfect, thank you!"),
        ],
    },
    {
        "taken": True,
        "labels": [3],
        "lines": [
            ("in", "We need {jumlah} of the {item} for a conference in {city}. Is that possible?"),
            ("out", "It is, {name}. From 30 on there are 12 percent off. Shall I send an offer?"),
            ("in", "Yes please, to my company address"),
        ],
    },
    {
        "taken": True,
        "unread": 1,
        "labels": [1],
        "lines": [
            ("in", "Can I pay by bank transfer?"),
            ("out", "You can. The {item} stays reserved for you until tomorrow evening."),
            ("in", "[receipt] Done, here is the slip"),
        ],
    },
    {
        "taken": False,
        "unread": 2,
        "labels": [4],
        "lines": [
            ("in", "My parcel says delivered but nothing is here"),
            ("in", "It was the {item} to {city}. Can you check?"),
        ],
    },
)

# Who says what to the team, about which conversation: agents and conversations by their number.
NOTES = (
    (0, 1, "Janji bayar **tanggal 25**, @Budi Santoso tolong dicek ya"),
    (2, 4, "Regular customer, ships to the office. @Sari Lestari has the address."),
    (1, 7, "Sudah minta bukti transfer dua kali."),
    (3, 12, "Wants the *blue* one; call back tomorrow at 9am"),
)
FIELDS = (("Kota", "text", ()), ("Ulang tahun", "date", ()), ("Jenis", "choice", ("Eceran", "Grosir")))
