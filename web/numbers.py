"""Phone numbers as people type them into a search."""

from typing import Any

import phonenumbers

SHORTEST = 3


def typed(text: str, region: str | None) -> tuple[str, ...]:
    """Return the digits that a stored number may contain for *text*; nothing for fewer than three.

    region: the workspace's country (``ID``): ``0811…``, as it is written there, is ``62811…``.
    """
    digits = "".join(letter for letter in text if letter in "0123456789")
    if len(digits) < SHORTEST:
        return ()
    code = phonenumbers.country_code_for_region(region or "ID")
    is_local = digits.startswith("0") and not digits.startswith("00")
    return (digits, f"{code}{digits[1:]}") if is_local and code else (digits,)


def region_of(view: Any) -> str:
    """Return the workspace's country."""
    return (view.db.table("workspace").get(doc_id="main") or {}).get("region") or "ID"
