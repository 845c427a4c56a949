"""Lists, addresses and bodies of calls, and times of day, out of a flow's nodes and fields."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from engine import templates
from engine.gateways import BUTTON_TITLE, BUTTONS, BUTTONS_TEXT

Json = dict[str, Any]


def listed(node: Json) -> str:
    """Return the options of a menu as numbered lines."""
    return "\n".join(f"{option['id']}. {option['title']}" for option in node["options"])


def buttons(node: Json, text: str) -> Json | None:
    """Return the options of a menu as buttons below *text*; None where they are too many, long or alike."""
    options = node["options"]
    if len(options) > BUTTONS or not text.strip() or len(text) > BUTTONS_TEXT:
        return None
    titles = {option["title"].strip().casefold() for option in options}
    if len(titles) < len(options) or any(len(option["title"]) > BUTTON_TITLE for option in options):
        return None
    made = [{"id": _button(node, option), "title": option["title"]} for option in options]
    return {"text": text, "options": made} if all(titles) else None


def _button(node: Json, option: Json) -> str:
    return f"{node['id']}/{option['id']}"


def pressed(node: Json, button: str | None, title: str) -> Json | None:
    """Return the option of a menu whose button was pressed; None where it was one of another menu."""
    if button is None:
        return None
    return next((o for o in node["options"] if _button(node, o) == button and o["title"] == title), None)


def numbered(choices: list[str]) -> str:
    """Return choices as numbered lines."""
    return "\n".join(f"{number}. {title}" for number, title in enumerate(choices, 1))


def next_time(now: datetime, text: str) -> datetime:
    """Return the next moment at which the clock there says *text* (``09:00``)."""
    hour, minute = map(int, text.split(":"))
    for days in (0, 1):
        said = datetime.combine(now.date() + timedelta(days), time(hour, minute), now.tzinfo)
        for moment in (said, said.replace(fold=1)):  # an hour that comes twice in autumn
            if moment.astimezone(UTC) > now.astimezone(UTC):
                return moment
    raise AssertionError(text)


def quoted(value: Any) -> str:
    """Return a value as a part of an address."""
    return quote(str(value if value is not None else ""), safe="")


def filled(body: Any, fields: Json) -> Any:
    """Fill the texts inside a JSON body."""
    if isinstance(body, str):
        return templates.fill(body, fields)
    if isinstance(body, list):
        return [filled(inner, fields) for inner in body]
    if isinstance(body, dict):
        return {key: filled(inner, fields) for key, inner in body.items()}
    return body
