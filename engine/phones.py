"""Phone numbers as people write them, and in the one form in which they are kept (E.164)."""

import phonenumbers

REGION = "ID"


def e164(text: str, region: str | None = None) -> str:
    """Return *text* as E.164: ``0812 0000 1123`` is ``+6281200001123`` where the region is ``ID``.

    ``62812…`` without a plus is taken with its country's code, where it is no number of the region.
    ValueError, in words, for what is no number.
    """
    digits = "".join(letter for letter in text if letter in "0123456789")
    if not digits or any(letter.isalpha() for letter in text):
        raise ValueError(f"{text.strip()!r} is not a phone number")
    tries: list[tuple[str, str | None]] = [(text, region or REGION)]
    if not text.strip().startswith(("+", "0")):
        tries.append((f"+{digits}", None))
    for written, where in tries:
        try:
            found = phonenumbers.parse(written, where)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(found):
            return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))
    raise ValueError(
        f"{text.strip()!r} is not a phone number that exists; begin with + and the country's code"
    )


def chat_of(phone: str) -> str:
    """Return the WhatsApp chat of an E.164 number."""
    return f"{phone.lstrip('+')}@c.us"


def country_of(phone: str | None) -> str | None:
    """Return the country (``ID``) of an E.164 number, or None."""
    try:
        found: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(phone or "", None))
        return found
    except phonenumbers.NumberParseException:
        return None
