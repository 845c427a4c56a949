"""Lists, addresses and bodies of calls, and times of day, out of a flow's nodes and fields."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from engine import templates
from engine.gateways import BUTTON_TITLE, BUTTONS

Json = dict[str, Any]
SHOWN = 300  # characters of an answer in what people are told


def listed(node: Json) -> str:
    """Return the options of a menu as numbered lines."""
    return "\n".join(f"{option['id']}. {option['title']}" for option in node["options"])


def buttons(node: Json) -> list[Json] | None:
    """Return the options of a menu as buttons; None where they are too many, too long or alike."""
    titles = [option["title"] for option in node["options"]]
    differ = {title.strip().casefold() for title in titles}
    if len(titles) > BUTTONS or len(differ) < len(titles) or not all(differ):
        return None
    if any(len(title) > BUTTON_TITLE for title in titles):
        return None
    return [{"id": _button(node, option), "title": option["title"]} for option in node["options"]]


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


def summary(place: str, fields: Json) -> str:
    """Return what was answered until now, and the last words, a line each."""
    hidden = ("message", "choice", "error")
    said = [f"- {name}: {str(value)[:SHOWN]}" for name, value in fields.items() if name not in hidden]
    last = fields.get("message")
    return "\n".join([place, *said, *([f"> {last[:200]}"] if last else ())])


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
