"""When a campaign's messages would leave a number, for who has them planned: the hook ``forecasts``."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine import times

from .hours import zones_of
from .pacing import day_limit, new_pace
from .picking import home
from .preview import Planned, drawing, preview
from .rules import rules_of
from .schemas import Settings

Json = Mapping[str, Any]
DEFAULTS = Settings().load({})
YEAR = 366 * 86400.0


def forecast(
    connection: Any, documents: Any, account: Json, supports: Json, planned: Iterable[Json], at: str
) -> dict[str, Any]:
    """Return what `engine.hookspecs.forecasts` describes. It takes for granted that enough people answer."""
    plugin = documents.table("plugin").get(doc_id="sender") or {}
    rules = rules_of({**DEFAULTS, **(plugin.get("settings") or {})}, account, supports)
    zone, id = home(documents), account["id"]
    stored = documents.table("sender_pace").get(doc_id=id)
    pace = {**(stored or new_pace(id)), "paused": False}
    each = [Planned(p["length"], zones_of(p["phone"], zone), stranger=p["stranger"]) for p in planned]
    how = {"until": times.add(at, YEAR)}
    found = preview({**rules, "reply_share": 0}, pace, each, at, zone, drawing(connection, id), **how)
    return {
        "times": found,
        "preset": rules["preset"],
        "day_limit": day_limit(rules, pace, at, zone),
        "new_limit": int(rules["new_per_day"]),
        "share": rules["reply_share"],
        "paused": bool(account.get("sender.paused")),
    }
