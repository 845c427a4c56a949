"""From a marshmallow schema to a form's fields, and from a form back to the schema's data."""

import re
from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from marshmallow import Schema, fields, missing, validate
from werkzeug.datastructures import MultiDict

Data = dict[str, Any]


def describe(
    schema: type[Schema] | Schema,
    values: Data,
    sources: Data | None = None,
    *,
    kept: Collection[str] = (),
    wrong: Data | None = None,
) -> list[Data]:
    """Return a form's fields: ``name, title, help, kind, value, secret, required, place, fixed, wrong, …``.

    sources: where each value comes from (``default``, ``page``, or words); one from elsewhere is fixed.
    kept: names of secrets that are stored already; wrong: field → marshmallow's messages.
    """
    made = schema() if isinstance(schema, type) else schema
    found = []
    for name, field in made.fields.items():
        secret = bool(field.metadata.get("secret"))
        source = (sources or {}).get(name)
        found.append({
            **_field(name, field, values),
            "secret": secret,
            "keep": secret and name in kept,
            "required": field.required and name not in kept,
            "place": place_words(source),
            "fixed": source not in (None, "default", "page"),
            "wrong": wrong_words((wrong or {}).get(name)),
        })  # fmt: skip
    return found


def _field(name: str, field: fields.Field[Any], values: Data) -> Data:
    default = field.load_default if field.load_default is not missing else None
    value = values.get(name, default() if callable(default) else default)
    return {
        "name": name,
        "title": translated(field.metadata.get("title") or name.replace("_", " ").capitalize()),
        "help": translated(field.metadata.get("description")),
        "kind": _kind(field),
        "options": list(getattr(field.validate, "choices", ())),
        "limits": _limits(field),
        "value": _as_text(value),
    }


def translated(text: str | None) -> str:
    """Return a text of a plugin in the reader's language, where the plugin's translations have it."""
    return _(text) if text else ""


def _as_text(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else value


def _kind(field: fields.Field[Any]) -> str:
    if getattr(field.validate, "choices", None):
        return "select"
    if isinstance(field, fields.Boolean):
        return "boolean"
    if isinstance(field, fields.Number):
        return "number"
    return "url" if isinstance(field, fields.Url) else "text"


def _limits(field: fields.Field[Any]) -> Data:
    """Return what a number's input may say of itself: ``min, max, step``."""
    if not isinstance(field, fields.Number):
        return {}
    checks = [each for each in field.validators if isinstance(each, validate.Range)]
    found = {"min": checks[0].min, "max": checks[0].max} if checks else {}
    return {**found, "step": "1" if isinstance(field, fields.Integer) else "any"}


def place_words(source: str | None) -> str:
    """Return in words where a value was set: in a file, in the environment, here; "" for a default."""
    if source in (None, "default"):
        return ""
    if source == "page":
        return _("set on this page")
    kind, _comma, name = str(source).partition(", ")
    if kind == "environment" and name:
        return _("set by the environment variable %(name)s", name=name)
    found = re.fullmatch(r"(?P<file>.+), line (?P<line>\d+)", str(source))
    if found:
        return _("set in %(file)s, line %(line)s", **found.groupdict())
    return _("set in %(place)s", place=source)


def wrong_words(messages: Any) -> str:
    """Return marshmallow's messages on one field in the language of this request."""
    if not messages:
        return ""
    listed = messages if isinstance(messages, list) else [messages]
    return " ".join(_in_words(str(each)) for each in listed)


def _in_words(message: str) -> str:
    known = {
        "Missing data for required field.": _("This is needed."),
        "Field may not be null.": _("This is needed."),
        "Not a valid URL.": _("This is not an address that begins with http:// or https://."),
        "Not a valid email address.": _("This is not an e-mail address."),
        "Not a valid integer.": _("This takes a whole number."),
        "Not a valid number.": _("This takes a number."),
        "String does not match expected pattern.": _("A character in it is not allowed here."),
    }
    between = re.fullmatch(r"Must be .* equal to (?P<min>\S+) and .* equal to (?P<max>\S+)\.", message)
    if between:
        return _("It has to be between %(min)s and %(max)s.", **between.groupdict())
    return known.get(message, message)


def collect(schema: type[Schema] | Schema, form: MultiDict[str, str]) -> Data:
    """Return what a form says for *schema*'s fields; what is empty or not in the form is left out."""
    made = schema() if isinstance(schema, type) else schema
    found: Data = {}
    for name, field in made.fields.items():
        text = form.get(name)
        if isinstance(field, fields.Boolean):
            if text is not None or form.get(f"{name}__shown"):
                found[name] = text is not None
        elif text and isinstance(field, fields.List):
            found[name] = [each.strip() for each in text.split(",") if each.strip()]
        elif text and text.strip():
            found[name] = text.strip()
    return found
