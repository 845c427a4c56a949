"""A workspace whose hooks are called by themselves: what deciding costs, without writing."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from engine.bench.filling import chat_of
from engine.bench.patterns import ACCOUNT, written
from engine.events import Event, requested
from engine.plugins import Plugin, Registry, load
from engine.transaction import Transaction
from engine.workspace import Workspace

Document = dict[str, Any]


class Hearing:
    """A scratch workspace with the gateways' simulator and *plugins* alone.

    documents: read and written without the journal, to make many of them quickly.
    """

    def __init__(self, folder: Path, *plugins: str) -> None:
        found = load().plugins
        wanted: list[Plugin] = [found[name] for name in ("simulator", *plugins)]
        self.workspace = Workspace("main", folder, Registry(wanted), None, lambda frames: None)
        self.workspace.start()
        self.ask("account.put", name=ACCOUNT, gateway="simulator")

    def ask(self, type: str, **data: Any) -> Document:
        """Have an action done; return what came of it."""
        results = self.workspace.submit([requested(None, [{"type": type, "data": data}])]).result()
        done: Document = results[0]["actions"][0]
        return done

    def writes(self, customer: int, text: str) -> None:
        """Have a customer write, in full."""
        self.workspace.submit([written(chat_of(customer), f"HEAR-{customer}-{text}", text)]).result()

    def fill(self, collection: str, documents: Iterable[Document]) -> None:
        """Put documents there in bulk."""
        with self.workspace.store.transaction():
            self.workspace.store.documents.table(collection).insert_multiple(documents)

    def all(self, collection: str) -> list[Document]:
        """Return the documents of a collection."""
        return list(self.workspace.store.documents.table(collection).all())

    def caller(
        self, event: Event, message: Document, reads: Iterable[tuple[str, str]] = ()
    ) -> Callable[[], list[Any]]:
        """Return what calls the hooks of a recorded *event* about *message* once, and gives their actions.

        reads: (collection, id) of documents that are read from the file in each call.
        From the first call on a transaction is open, as in production: nothing can be asked for any more.
        """
        hooks, store = self.workspace.pipeline.hooks, self.workspace.store
        heard = [(event["type"], event["data"])]
        (conversation,) = [each for each in self.all("conversation") if each["id"] == message["conversation"]]
        about = {
            "message": message["id"],
            "conversation": conversation["id"],
            "contact": conversation["contact"],
        }
        reads = list(reads)

        def call() -> list[Any]:
            if not store.connection.in_transaction:
                store.connection.execute("BEGIN")
            for subject in reads:
                store.working.unread(*subject)
            tx = Transaction(store, event)
            tx.about.update(about)
            return [wanted for _, _, wanted in hooks.call_all(tx, heard, [], 1000)]

        return call

    def close(self) -> None:
        """End."""
        self.workspace.store.rollback()
        self.workspace.stop()
