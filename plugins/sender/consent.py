"""Words that end a business's messages, and begin them again: the whole message has to be one of them."""

import re
import unicodedata
from collections.abc import Iterable

STOP = frozenset({
    "stop", "stop all", "stop promo", "stop pesan", "stop kirim pesan", "stop berlangganan", "stop wa",
    "berhenti", "berhenti berlangganan", "berhenti langganan", "unsub", "unsubscribe", "unreg", "opt out",
    "optout", "jangan kirim pesan lagi", "jangan kirim lagi", "jangan wa lagi", "please stop", "tolong stop",
    "tolong berhenti", "please unsubscribe", "unsubscribe me", "unsubscribe please", "please unsubscribe me",
    "stop please", "stop chat", "stop promosi", "stop spam", "stop messaging me", "stop sending me messages",
    "please stop messaging me", "berhenti kirim pesan", "berhenti kirim promo", "jangan chat lagi",
    "jangan kirim pesan", "jangan kirim promo lagi", "jangan hubungi lagi", "jangan hubungi saya lagi",
    "jangan chat saya lagi", "jangan wa saya lagi",
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
CALLED = frozenset({"kak", "kakak", "min", "admin", "gan", "sis"})
"""What people call a shop, after the word that they mean."""
LONGEST = 60


def normal(text: str | None) -> str:
    """Return a text as it is compared: lower case, without accents, signs and spare blanks.

    >>> normal(" *Berhenti!!* 🙏")
    'berhenti'
    """
    if not text or len(text) > LONGEST:
        return ""
    kept = text.casefold()
    if not kept.isascii():
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
    if _plain(said) in STOP or said in {normal(word) for word in more}:
        return "stop"
    return "start" if said in START else None


def _plain(said: str) -> str:
    """Return a normal text without who is called at its end, and a word that is only repeated once.

    >>> _plain("stop stop kak")
    'stop'
    """
    words = said.split()
    while len(words) > 1 and words[-1] in CALLED:
        words.pop()
    return words[0] if len(set(words)) == 1 else " ".join(words)


def answer(verb: str, language: str | None, own: str = "") -> str:
    """Return what is answered, once."""
    if own and verb == "stop":
        return own
    return TEXTS.get(language or "id", TEXTS["id"])[verb]
