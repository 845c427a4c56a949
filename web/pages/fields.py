"""From a marshmallow schema to a form's fields, and from a form back to the schema's data."""

from typing import Any

from marshmallow import Schema, fields, missing
from werkzeug.datastructures import MultiDict

Data = dict[str, Any]


def describe(schema: type[Schema] | Schema, values: Data, sources: Data | None = None) -> list[Data]:
    """Return a form's fields: ``name, title, help, kind, value, secret, required, source, fixed``.

    sources: where each value comes from (``default``, ``page``, or words); one from elsewhere is fixed.
    """
    made = schema() if isinstance(schema, type) else schema
    return [_field(name, field, values, (sources or {}).get(name)) for name, field in made.fields.items()]


def _field(name: str, field: fields.Field[Any], values: Data, source: str | None) -> Data:
    default = field.load_default if field.load_default is not missing else None
    value = values.get(name, default() if callable(default) else default)
    return {
        "name": name,
        "title": field.metadata.get("title") or name.replace("_", " ").capitalize(),
        "help": field.metadata.get("description") or "",
        "kind": _kind(field),
        "options": list(getattr(field.validate, "choices", ())),
        "value": "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else value,
        "secret": bool(field.metadata.get("secret")),
        "required": field.required,
        "source": source,
        "fixed": source not in (None, "default", "page"),
    }


def _kind(field: fields.Field[Any]) -> str:
    if getattr(field.validate, "choices", None):
        return "select"
    if isinstance(field, fields.Boolean):
        return "boolean"
    if isinstance(field, fields.Number):
        return "number"
    return "url" if isinstance(field, fields.Url) else "text"


def collect(schema: type[Schema] | Schema, form: MultiDict[str, str], prefix: str = "") -> Data:
    """Return what a form says for *schema*'s fields; what is empty or not in the form is left out."""
    made = schema() if isinstance(schema, type) else schema
    found: Data = {}
    for name, field in made.fields.items():
        text = form.get(prefix + name)
        if isinstance(field, fields.Boolean):
            if text is not None or form.get(f"{prefix}{name}__shown"):
                found[name] = text is not None
        elif text:
            found[name] = [each.strip() for each in text.split(",")] if isinstance(field, fields.List) else text.strip()
    return found
