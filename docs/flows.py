"""The reference of nodes, triggers and settings in docs/flows.md, from plugins/flowbuilder/nodes.py."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

from marshmallow import Schema, fields, missing, validate

from plugins.flowbuilder import nodes

PAGE = Path(__file__).parent / "flows.md"
BEGIN, END = "<!-- made by python -m docs.generate -->\n", "<!-- end of what is made -->\n"
COMMON = ("id", "kind", "title", "parent", "to", "at")
TYPES = {"Raw": "JSON", "Dict": "object", "List": "list", "Float": "number", "Integer": "whole number",
         "String": "text", "Boolean": "true or false"}  # fmt: skip


def page() -> str:
    """Return docs/flows.md with its reference as the code is now."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    return before + BEGIN + reference() + END + rest.partition(END)[2]


def reference() -> str:
    """Return the reference."""
    parts = [
        f"### `{kind}`\n\n{_doc(schema)}\n\n{_table(schema, but=COMMON)}"
        for kind, schema in nodes.KINDS.items()
    ]
    parts.append(f"### Triggers\n\n{_doc(nodes.Trigger)}\n\n{_table(nodes.Trigger)}")
    parts.append(f"### Settings of a flow\n\n{_doc(nodes.FlowSettings)}\n\n{_table(nodes.FlowSettings)}")
    return "\n" + "\n".join(parts) + "\n"


def _doc(schema: type[Schema]) -> str:
    text = " ".join((inspect.getdoc(schema) or "").split())
    return re.sub(r"(?<![`*])\*(\w+)\*", r"`\1`", text.replace("``", "`"))


def _table(schema: type[Schema], but: tuple[str, ...] = ()) -> str:
    held = {name: field for name, field in schema().fields.items() if name not in but}
    return "| field | is | default |\n| --- | --- | --- |\n" + "".join(
        f"| `{name}` | {_kind(field)} | {_default(field)} |\n" for name, field in held.items()
    )


def _kind(field: fields.Field) -> str:
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        inner = field.inner.schema
        return f"list of {{{', '.join(f'`{name}`' for name in inner.fields)}}}"
    if isinstance(field, fields.List):
        return f"list of {_kind(field.inner)}s"
    told = ", ".join(_rules(field))
    return TYPES.get(type(field).__name__, "object") + (f" ({told})" if told else "")


def _rules(field: fields.Field) -> Iterator[str]:
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            yield " \\| ".join(f"`{choice}`" for choice in rule.choices)
        if isinstance(rule, validate.Range):
            low = f"{'' if rule.min_inclusive else 'more than '}{rule.min:g}" if rule.min is not None else ""
            yield f"{low} to {rule.max:g}" if rule.max is not None else f"{low} or more"


def _default(field: fields.Field) -> str:
    if field.required:
        return "needed"
    value = field.load_default() if callable(field.load_default) else field.load_default
    return "" if value in (missing, None, "", [], {}) else f"`{json.dumps(value, ensure_ascii=False)}`"
