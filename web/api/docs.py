"""The API's description, without what plugins that are off would add."""

import copy
from collections.abc import Collection
from typing import Any

from flask import Blueprint, current_app, g

from ..parts import parts
from ..permissions import public
from ..slots import render, url

OF_PLUGIN = "x-plugin"  # in a field's metadata: the plugin that it means something with
blueprint = Blueprint("api_docs", __name__, url_prefix="/api")


@blueprint.get("/openapi.json")
@public
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of what this workspace answers now."""
    spec: dict[str, Any] = copy.deepcopy(current_app.extensions["replyai_api"].spec.to_dict())
    hidden = parts().reads.hidden(g.workspace)
    off = {name for name, owner in parts().owners.items() if owner in hidden}
    spec["components"]["schemas"] = {
        name: _without(schema, hidden) for name, schema in spec["components"].get("schemas", {}).items()
    }
    spec["tags"] = [tag for tag in spec.get("tags", []) if tag["name"] not in off]
    spec["paths"] = {path: item for path, item in spec["paths"].items() if not _tags(item) & off}
    for operation in (each for item in spec["paths"].values() for each in item.values()):
        if isinstance(operation, dict) and "parameters" in operation:
            shown = [p for p in operation["parameters"] if not _of_hidden(p, hidden)]
            operation["parameters"] = shown
    _prune(spec)
    spec["servers"] = [{"url": url("") or "/"}]
    return spec


def _of_hidden(parameter: dict[str, Any], hidden: Collection[str]) -> bool:
    """Return whether a parameter or property is for a plugin that is off (``x-plugin``)."""
    return any(part.get(OF_PLUGIN) in hidden for part in (parameter, parameter.get("schema") or {}))


def _without(schema: dict[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    properties = schema.get("properties")
    if properties is None:
        return schema
    return {**schema, "properties": {k: v for k, v in properties.items() if not _of_hidden(v, hidden)}}


def _prune(spec: dict[str, Any]) -> None:
    """Leave out the schemas that no route mentions any more."""
    schemas = spec["components"]["schemas"]
    used: set[str] = set()
    shared = [part for name, part in spec["components"].items() if name != "schemas"]
    fresh = _mentioned([spec["paths"], *shared])
    while fresh:
        used |= fresh
        fresh = _mentioned([schemas[name] for name in fresh if name in schemas]) - used
    spec["components"]["schemas"] = {name: schemas[name] for name in schemas if name in used}


def _mentioned(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"].rsplit("/", 1)[-1]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(_mentioned(each) for each in part.values()))
    return set().union(*(_mentioned(each) for each in part)) if isinstance(part, list) else set()


def _tags(item: dict[str, Any]) -> set[str]:
    operations = (each for each in item.values() if isinstance(each, dict))
    return {tag for operation in operations for tag in operation.get("tags", [])}


@blueprint.get("/docs")
@public
def page() -> str:
    """The page that shows the description."""
    return render("api_docs.html", spec_url=url("/api/openapi.json"))
