"""Made-up texts of 200 characters: words as often as in a language, some of them in most texts."""

import random
from functools import cache

LENGTH = 200
COMMON = ("pesanan", "terima", "kasih", "sudah", "barang")
RARE = "kodeunik77"
_RARE_EVERY = 50_000
_WORDS, _SAID = 30_000, 1_000_003  # the second is a prime: texts begin at ever other places
_EACH = 31
_SYLLABLES = ("ka", "ri", "sa", "mu", "te", "ba", "do", "li", "pe", "na", "ju", "wo", "ge", "hi")


def text_of(number: int) -> str:
    """Return the text of a number, always the same."""
    said = _said()
    start = number * _EACH % (_SAID - _EACH)
    mixed = number * 0x9E3779B1 >> 7
    common = [word for bit, word in enumerate(COMMON) if mixed >> bit & 3]  # in three of four
    if number % _RARE_EVERY == 0:
        common = ["terima", "kasih", RARE]
    return " ".join((*common, *said[start : start + _EACH]))[:LENGTH].ljust(LENGTH, "a")


@cache
def _said() -> list[str]:
    """Return a million words, the n-th most common one about 1/n as often as the first."""
    rng = random.Random(7)
    words = ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(_WORDS)]
    return rng.choices(words, weights=[1 / (rank + 10) for rank in range(_WORDS)], k=_SAID)
