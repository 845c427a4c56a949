"""Words that end a business's messages, and begin them again: the whole message has to be one of them."""

import re
import unicodedata
from collections.abc import Iterable

STOP = frozenset({
    "stop", "stop all", "stop promo", "stop pesan", "stop kirim pesan", "stop berlangganan", "stop wa",
    "berhenti", "berhenti berlangganan", "berhenti langganan", "unsub", "unsubscribe", "unreg", "opt out",
    "optout", "jangan kirim pesan lagi", "jangan kirim lagi", "jangan wa lagi", "please stop", "tolong stop",
    "tolong berhenti",
})  # fmt: skip
START = frozenset({
    "start", "mulai", "unstop", "subscribe", "opt in", "optin", "langganan", "berlangganan", "mulai lagi",
})  # fmt: skip
TEXTS = {
    "id": {
        "stop": "Baik, kami tidak akan mengirim pesan otomatis lagi. Balas MULAI bila Anda berubah pikiran.",
        "start": "Baik, Anda akan menerima pesan kami lagi. Balas BERHENTI untuk menghentikannya.",
    },
    "en": {
        "stop": "All right, we will send no more automatic messages. Answer START if you change your mind.",
        "start": "All right, you will get our messages again. Answer STOP to end them.",
    },
}
LONGEST = 60


def normal(text: str | None) -> str:
    """Return a text as it is compared: lower case, without accents, signs and spare blanks.

    >>> normal(" *Berhenti!!* 🙏")
    'berhenti'
    """
    if not text or len(text) > LONGEST:
        return ""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", kept).split())


def asks(text: str | None, more: Iterable[str] = ()) -> str | None:
    """Return ``stop`` or ``start`` where the whole message says so, else None.

    more: further words for stop.
    """
    said = normal(text)
    if not said:
        return None
    if said in STOP or said in {normal(word) for word in more}:
        return "stop"
    return "start" if said in START else None


def answer(verb: str, language: str | None, own: str = "") -> str:
    """Return what is answered, once."""
    if own and verb == "stop":
        return own
    return TEXTS.get(language or "id", TEXTS["id"])[verb]
