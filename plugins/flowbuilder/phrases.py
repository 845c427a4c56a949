"""What a bot says by itself, in the language of its flow, and the words that work everywhere in it."""

LANGUAGES = ("id", "en")

PHRASES: dict[str, dict[str, str]] = {
    "id": {
        "again": "Maaf, saya belum mengerti. Silakan pilih salah satu:",
        "text": "Mohon dijawab dengan teks.",
        "number": "Mohon dijawab dengan angka.",
        "number_range": "Mohon dijawab dengan angka dari {min} sampai {max}.",
        "date": "Mohon dijawab dengan tanggal, misalnya 25/12/2026.",
        "email": "Mohon dijawab dengan alamat email, misalnya nama@contoh.com.",
        "phone": "Mohon dijawab dengan nomor telepon, misalnya 0812 3456 7890.",
        "regex": "Jawaban belum sesuai. Mohon coba lagi.",
        "choice": "Silakan pilih salah satu:",
        "cancelled": "Baik, dibatalkan. Ketik *menu* bila ingin mulai lagi.",
        "person": "Baik, kami sambungkan dengan tim kami. Mohon tunggu sebentar.",
        "stuck": "Maaf, saya belum bisa membantu. Kami sambungkan dengan tim kami.",
    },
    "en": {
        "again": "Sorry, I did not understand. Please choose one:",
        "text": "Please answer with a text.",
        "number": "Please answer with a number.",
        "number_range": "Please answer with a number from {min} to {max}.",
        "date": "Please answer with a date, for example 25/12/2026.",
        "email": "Please answer with an e-mail address, for example name@example.com.",
        "phone": "Please answer with a phone number, for example 0812 3456 7890.",
        "regex": "That does not fit. Please try again.",
        "choice": "Please choose one:",
        "cancelled": "All right, cancelled. Type *menu* to start again.",
        "person": "All right, we are connecting you with our team. One moment, please.",
        "stuck": "Sorry, I cannot help with that. We are connecting you with our team.",
    },
}

WORDS: dict[str, tuple[str, ...]] = {
    "cancel": ("batal", "batalkan", "cancel", "keluar", "exit"),
    "menu": ("menu", "menu utama", "main menu", "mulai", "start"),
    "person": (
        "agen",
        "agent",
        "cs",
        "admin",
        "operator",
        "bicara dengan orang",
        "human",
        "talk to a person",
    ),
    "back": ("kembali", "back"),
}
"""what a word does → the words, if a flow does not have its own"""


def phrase(language: str, name: str, **fields: object) -> str:
    """Return what a bot says by itself; in English for a language that is not known."""
    return PHRASES.get(language, PHRASES["en"])[name].format(**fields)
