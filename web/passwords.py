"""Passwords: argon2id (19 MiB, 2 passes, 1 lane: OWASP Password Storage Cheat Sheet)."""

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from .parts import parts

SHORTEST, LONGEST = 12, 1024

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$NBhTGQHN5n8wKnMH25GLow$moydVfbtzcXZckE5R7k7yHLb+YaPiPxWuyBuC1HdIeM"
"""What a password is compared with where there is nobody: of today's parameters, so that it takes as long."""

_COMMON = """
123456789012 1234567890123 12345678901234 123456123456 1234567891011 121212121212 111111111111
000000000000 123123123123 1q2w3e4r5t6y qwertyuiop12 qwertyuiop123 qwerty123456 qwerty12345678
password1234 password12345 password123456 passwordpassword administrator administrator1 admin1234567
adminadminadmin letmeinletmein welcome12345 welcome123456 iloveyou1234 iloveyouiloveyou sayangsayang
sayangku1234 indonesia123 indonesia1945 bismillah123 bismillah1234 rahasia12345 rahasiarahasia
katasandi123 katasandi1234 jakarta12345 abcdefghijkl abcd12345678 abc123abc123 asdfghjkl123
asdfghjklasdf zxcvbnm12345 changemeplease changeme1234 replyaireplyai whatsapp1234 whatsapp12345
monkey123456 dragon123456 football1234 superman1234 sunshine1234 princess1234 trustno1trustno1
"""


def weakness(password: str, *about: str) -> str | None:
    """Return why *password* may not be used (``short``, ``long``, ``common``), or None.

    about: the person's name and address, which a password may not be made of.
    """
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    plain = password.lower()
    if (
        plain in _COMMON.split()
        or len(set(plain)) < 4
        or any(len(a) > 3 and plain == a.lower() for a in about)
    ):
        return "common"
    return None


def hashed(password: str) -> str:
    """Return the password's hash, made in a thread."""
    found: str = parts().reads.threaded(lambda: _hasher.hash(password))
    return found


def verify(stored: str | None, password: str) -> bool:
    """Return whether *password* is the one of *stored*; as slow where there is none."""
    found: bool = parts().reads.threaded(lambda: _verify(stored, password))
    return found


def _verify(stored: str | None, password: str) -> bool:
    try:
        _hasher.verify(stored or NOBODY, password[: LONGEST + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Return whether *stored* was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)
