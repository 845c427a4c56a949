"""The API's description, without what plugins that are off would add."""

import copy
from typing import Any

from flask import Blueprint, current_app, g

from ..parts import parts
from ..permissions import public
from ..slots import render, url

blueprint = Blueprint("api_docs", __name__, url_prefix="/api")


@blueprint.get("/openapi.json")
@public
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of what this workspace answers now."""
    spec: dict[str, Any] = copy.deepcopy(current_app.extensions["replyai_api"].spec.to_dict())
    hidden = parts().reads.hidden(g.workspace)
    off = {name for name, owner in parts().owners.items() if owner in hidden}
    spec["tags"] = [tag for tag in spec.get("tags", []) if tag["name"] not in off]
    spec["paths"] = {path: item for path, item in spec["paths"].items() if not _tags(item) & off}
    spec["servers"] = [{"url": url("") or "/"}]
    return spec


def _tags(item: dict[str, Any]) -> set[str]:
    operations = (each for each in item.values() if isinstance(each, dict))
    return {tag for operation in operations for tag in operation.get("tags", [])}


@blueprint.get("/docs")
@public
def page() -> str:
    """The page that shows the description."""
    return render("api_docs.html", spec_url=url("/api/openapi.json"))
