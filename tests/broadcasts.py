"""A shop that sends broadcasts: customers, segments, campaigns, and what the gateway saw of them."""

from typing import Any

from tests.paced import Paced
from tests.world import SHOP


class Broadcast(Paced):
    """A shop whose number holds nothing back, with customers and a segment of all of them."""

    def people(self, count: int, wrote: bool = True) -> list[str]:
        """Have so many customers, who wrote once; return their chats."""
        chats = [f"62812{number:08}@c.us" for number in range(count)]
        for chat in chats if wrote else ():
            self.writes(chat, "Halo", push_name=f"Pembeli {chat[-8:-5]}")
        return chats

    def segment(self, name: str = "Semua", condition: Any = None) -> str:
        done = self.ask("contacts.create_segment", name=name, condition=condition or {"all": []})
        return str(done["result"]["segment"])

    def campaign(self, *texts: str, segment: str | None = None, name: str = "Promo Maret") -> str:
        """Write a campaign for a segment (default: of everybody) and wait until its audience is made."""
        data = {"name": name, "account": SHOP, "texts": [{"text": text} for text in texts]}
        done = self.ask("campaigns.create", segment=segment or self.segment(name), **data)
        self.later(1)
        return str(done["result"]["campaign"])

    def does(self, verb: str, id: str, **data: Any) -> dict[str, Any]:
        done = self.ask(f"campaigns.{verb}", campaign=id, **data)
        assert done["status"] == "done", done
        return done

    def counts(self, id: str) -> dict[str, int]:
        return {state: n for state, n in self.get("campaign", id)["counts"].items() if n}

    def told(self) -> dict[str, int]:
        """How often each chat was written to by a campaign, as the gateway saw it."""
        chats = [self.get("conversation", m["conversation"])["chat"] for _at, m in self.calls]
        return {chat: chats.count(chat) for chat in chats}
