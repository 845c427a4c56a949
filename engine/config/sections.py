"""Check one section of the settings against its schema, and say what is wrong in one line."""

import json
from collections.abc import Container, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from engine.config.model import ConfigError, Sources

Fields = dict[str, fields.Field[Any]]


class EnvText(str):
    """A value from the environment: text, whatever the key takes."""


def keys_of(*schemas: type[Schema] | Schema | None) -> Fields:
    """Return the keys that *schemas* take together, by the name that stands in the file."""
    found: Fields = {}
    for schema in schemas:
        if schema is None:
            continue
        made = schema() if isinstance(schema, type) else schema
        found |= {field.data_key or name: field for name, field in made.load_fields.items()}
    return found


def check(
    values: Mapping[str, Any], takes: Fields, path: str, sources: Sources, top: Container[str] = ()
) -> dict[str, Any]:
    """Return *values* as the types that *takes* says; raise `ConfigError` for the first wrong one.

    path: the section's dotted name, "" at the top. top: the keys that stand at the top, for a hint.
    """
    for key, value in values.items():
        if key not in takes and key in top:
            dotted = f"{path}.{key}"
            said = f"{dotted} = {shown(value)}: a top-level key belongs above the first [section]"
            raise ConfigError(f"{source_of(dotted, sources)}: {said}")
    return {key: _value(key, value, takes, path, sources) for key, value in values.items()}


def _value(key: str, value: Any, takes: Fields, path: str, sources: Sources) -> Any:
    dotted = f"{path}.{key}" if path else key
    where = source_of(dotted, sources)
    if key not in takes:
        raise ConfigError(f"{where}: {unknown(dotted, key, value, takes)}")
    field = takes[key]
    given = _from_environment(value, field) if isinstance(value, EnvText) else value
    try:
        if isinstance(field, fields.Number) and _is_no_number(given, field):
            raise ValidationError("")
        loaded = field.deserialize(given)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_wrong(dotted, given, field, error)}") from None
    return loaded if _is_plain(loaded) else given


def source_of(dotted: str, sources: Sources) -> str:
    """Return where *dotted*, or the first key below it, was set."""
    if dotted in sources:
        return sources[dotted]
    below = (where for key, where in sources.items() if key.startswith(dotted + "."))
    return next(below, "settings")


def unknown(dotted: str, key: str, value: Any, takes: Fields) -> str:
    """Return what to say of a key that is not known: what it got, what is taken, the nearest."""
    known = sorted(takes)
    close = nearest(key, known)
    hidden = _may_be_secret(close, takes)
    got = f" = {shown(value, hidden)}"
    listed = f"its section takes {', '.join(known)}" if known else "its section takes no keys"
    return f"{dotted}{got}: there is no such key; {listed}{did_you_mean(close)}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the one of *known* that *word* was most likely meant to be, or None."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.5)), None)


def did_you_mean(close: str | None) -> str:
    """Return the end of a message that offers *close*, or nothing."""
    return f"; did you mean {close}?" if close else ""


def shown(value: Any, hidden: bool = False) -> str:
    """Return *value* as it would stand in the file, cut to fit a line; secrets only by length."""
    if isinstance(value, dict):
        return "a table"
    if hidden:
        return f"(hidden, {len(str(value))} characters)"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def describe(field: fields.Field[Any]) -> str:
    """Return what *field* takes, in words."""
    for validator in field.validators:
        if isinstance(validator, validate.OneOf):
            return " or ".join(str(choice) for choice in validator.choices)
    if isinstance(field, fields.Number):
        kind = "a whole number" if isinstance(field, fields.Integer) else "a number"
        return kind + _range(field)
    if isinstance(field, fields.List):
        return f"a list, each {describe(field.inner)}"
    names: list[tuple[type[fields.Field[Any]], str]] = [
        (fields.Boolean, "true or false"),
        (fields.Url, "an address such as https://example.com"),
        (fields.Email, "an e-mail address"),
        (fields.Mapping, "a table"),
    ]
    return next((text for kind, text in names if isinstance(field, kind)), "a text")


def _range(field: fields.Field[Any]) -> str:
    for validator in field.validators:
        if isinstance(validator, validate.Range):
            low, high = validator.min, validator.max
            if low is not None and high is not None:
                return f" from {low} to {high}"
            return f" of at least {low}" if low is not None else f" of at most {high}"
    return ""


def _wrong(dotted: str, value: Any, field: fields.Field[Any], error: ValidationError) -> str:
    got = f"{dotted} = {shown(value, _is_secret(field))}"
    first = str(_first(error.messages)).rstrip(".")
    takes = first if first.startswith(("it takes", "PostgreSQL")) else f"it takes {describe(field)}"
    if isinstance(field, fields.String) and _is_rule_of_its_own(field, first):
        takes = f"{takes}: {first}"
    choices = [c for v in field.validators if isinstance(v, validate.OneOf) for c in v.choices]
    return f"{got}: {takes}{did_you_mean(nearest(str(value), [str(choice) for choice in choices]))}"


def _is_rule_of_its_own(field: fields.Field[Any], message: str) -> bool:
    own = [v for v in field.validators if not isinstance(v, (validate.OneOf, validate.URL, validate.Email))]
    return bool(own) and not message.startswith(("it takes", "Not a valid", "PostgreSQL"))


def _first(messages: Any) -> Any:
    while isinstance(messages, (dict, list)) and messages:
        messages = next(iter(messages.values())) if isinstance(messages, dict) else messages[0]
    return messages


def _may_be_secret(close: str | None, takes: Fields) -> bool:
    """A misspelt key shows its value only where it is surely not that of a secret."""
    if close is not None:
        return _is_secret(takes[close])
    return any(_is_secret(field) for field in takes.values())


def _is_secret(field: fields.Field[Any]) -> bool:
    return bool(field.metadata.get("secret"))


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, list, dict))


def _is_no_number(value: Any, field: fields.Field[Any]) -> bool:
    """`true` and, for whole numbers, 1.5 are taken by marshmallow; here they are mistakes."""
    whole = isinstance(field, fields.Integer)
    return isinstance(value, bool) or (whole and isinstance(value, float) and not value.is_integer())


def _from_environment(text: str, field: fields.Field[Any]) -> Any:
    """Return *text* as a list or table where *field* takes one: JSON, or words with commas."""
    if not isinstance(field, (fields.List, fields.Mapping)):
        return str(text)
    try:
        return json.loads(text)
    except ValueError:
        split = [part.strip() for part in text.split(",") if part.strip()]
        return split if isinstance(field, fields.List) else str(text)
