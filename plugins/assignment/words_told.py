"""Times as they are told: to customers in their language, and in reasons."""

MONTHS = {
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def moment(when, language):
    """Return a moment as ``25 Nov pukul 10.00``; in English, where it is the language, ``25 Nov, 10:00``."""
    if str(language or "").partition("-")[0].lower() == "en":
        return f"{when.day} {MONTHS['en'][when.month - 1]}, {when:%H:%M}"
    return f"{when.day} {MONTHS['id'][when.month - 1]} pukul {when:%H.%M}"


def minutes(number):
    """Return ``1 minute`` or ``5 minutes``."""
    return f"{number} minute{'' if number == 1 else 's'}"
