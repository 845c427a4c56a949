"""The calls of services that flows make; run by workers only."""

import orjson

from engine.gateways import CallFailed, call

TEXT_LIMIT = 4_000


def http(args, context):
    """Make one call: ``{"ok": true, "values": {path: value}}`` or ``{"ok": false, "reason": …}``.

    Only addresses of the open internet are called, on the ports 80 and 443, and those that the setting
    ``inside`` names; the reason tells nothing of the network, since a flow can show it to a customer.
    """
    try:
        answer = call(
            args["method"],
            args["url"],
            json=args["body"],
            headers=args["headers"],
            deadline=context.remaining(),
            inside=_inside(context),
        )
    except CallFailed as failure:
        return {
            "ok": False,
            "reason": f"the service answered {failure.status}" if failure.status else "no answer",
        }
    return {"ok": True, "values": values(answer.body, args["paths"])}


def _inside(context):
    """Return the ``host:port`` of the own network that the integrator allows."""
    plugin = context.get("plugin", "flowbuilder") or {}
    return frozenset((plugin.get("settings") or {}).get("inside") or ())


def values(body, paths):
    """Return the parts of a JSON body that *paths* name; nothing where it is no JSON."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return {path: found for path in paths if (found := at_path(data, path)) is not None}


def at_path(data, path):
    """Return the text, number or truth that stands at ``a.0.b`` of JSON data, or None."""
    for part in path.split("."):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    if isinstance(data, dict | list):
        return None
    return data[:TEXT_LIMIT] if isinstance(data, str) else data
