"""A big inbox stays quick: no query reads through conversations, however many there are.

REPLYAI_SCALE=1 makes it 50,000 contacts, 200,000 conversations and 500 labels, and measures: the server needs
less than 100 ms of a processor for 95 of 100 requests (so that other work on the machine does not count; the
time by the clock is printed beside it). Without it a small one shows that every query has its index.
"""

import gc
import json
import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from engine.supervisor import web_server
from tests.scale import Fill
from tests.web_stack import Browser, Stack, running
from web.visibility import sees

IS_BIG = bool(os.environ.get("REPLYAI_SCALE"))
CONTACTS, CONVERSATIONS, LABELS = (50_000, 200_000, 500) if IS_BIG else (750, 3_000, 40)
ROUNDS = 40 if IS_BIG else 1
P95_MS = 100
MOST_QUERIES = 60
VIP, PAID = ({"field": "labels", "op": "has", "value": label} for label in ("label0000", "label0001"))
NOT = json.dumps({"all": [VIP, {"field": "labels", "op": "has_not", "value": "label0001"}]})
ANY = json.dumps({"any": [PAID, {"not": VIP}]})
OPEN = [
    f"/inbox?tab={tab}&status={status}"
    for tab in ("mine", "unassigned", "all")
    for status in ("open", "resolved")
]
FILTER = [
    "/inbox/rows?tab=all&label=label0000",
    "/inbox?tab=all&label=label0000",
    f"/inbox?tab=all&label=label00{LABELS - 5:02}",
    f"/inbox?tab=all&where={quote(NOT)}",
    f"/inbox?tab=unassigned&where={quote(ANY)}",
    f"/inbox?tab=all&status=resolved&where={quote(NOT)}",
    "/inbox/fragments?counts=1&tab=all&label=label0001",
    "/labels/known",
]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        teams = [found.team(f"Tim {number}") for number in range(10)]
        found.agent("Ayu", "supervisor")
        agents = [found.agent("Sari", teams=(teams[0], teams[1]))]
        agents += [found.agent(f"Agen{number}", teams=(teams[number % 10],)) for number in range(20)]
        path = found.data / "w" / "main" / "replyai.db"
        Fill(path, found.registry, agents, teams).run(CONTACTS, CONVERSATIONS, LABELS)
        web_server.post_worker_init(None)  # as the server does when it has begun
        yield found
        gc.unfreeze()


@pytest.fixture(scope="module", params=["Ayu", "Sari"])
def person(stack: Stack, request: pytest.FixtureRequest) -> Browser:
    """A supervisor, who sees all; an agent, who sees two teams', nobody's and her own."""
    return stack.signed_in(request.param)


def pages_of(browser: Browser, path: str, most: int = 5) -> list[str]:
    """Return the addresses of a list's pages, as the page itself asks for them."""
    found = [path]
    while len(found) < most and (
        more := re.search(r'hx-get="([^"]+after=[^"]+)"', browser.look(found[-1]).text)
    ):
        found.append(more[1].replace("&amp;", "&"))
    return found


def took(browser: Browser, path: str) -> tuple[float, float]:
    """Return the milliseconds that the server takes for a page: of the processor, and by the clock."""
    worked, started = time.thread_time(), time.perf_counter()
    assert browser.client.get(path).status_code == 200
    return (time.thread_time() - worked) * 1000, (time.perf_counter() - started) * 1000


def p95(numbers: Sequence[float]) -> float:
    return statistics.quantiles(numbers, n=20)[-1]


def test_open_filter_and_page_within_100_ms(person: Browser) -> None:
    paths = [*OPEN, *FILTER, *pages_of(person, "/inbox?tab=all", 6), *pages_of(person, FILTER[0], 6)]
    first = re.findall(r'data-conversation="(\w+)"', person.look("/inbox/rows?tab=all").text)[:3]
    paths += [f"/inbox/{id}/thread" for id in first]
    for path in paths:
        took(person, path)
    times = {path: [took(person, path) for _ in range(ROUNDS)] for path in paths}
    if IS_BIG:
        for path, each in times.items():
            worked, by_clock = (p95(part) for part in zip(*each, strict=True))
            print(f"{path[:70]:<70} p95 {worked:6.1f} ms, by the clock {by_clock:6.1f} ms")
        assert p95([worked for each in times.values() for worked, _ in each]) < P95_MS


def test_no_query_reads_through_conversations_messages_or_contacts(stack: Stack, person: Browser) -> None:
    paths = [
        *OPEN,
        *FILTER,
        *pages_of(person, "/inbox?tab=all", 2),
        *pages_of(person, FILTER[0], 2),
        "/labels/counts",
    ]
    (connection,) = stack.held.reads._idle["main"]
    for path in paths:
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        took(person, path)
        connection.set_trace_callback(None)
        asked = [sql for sql in statements if sql.startswith("SELECT")]
        assert len(asked) <= MOST_QUERIES, path
        for sql in asked:
            steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
            read = [step for step in steps if re.match(r'SCAN "?doc_(conversation|message|contact)', step)]
            assert not read, (path, sql, steps)


def test_what_is_counted_from_indexes_is_what_is_there(stack: Stack, person: Browser) -> None:
    (me,) = [each for each in stack.all("agent") if each["id"] == agent_of(person)]
    seen = [each for each in stack.all("conversation") if sees(me, each)]
    for status in ("open", "resolved"):
        of_status = [each for each in seen if each["status"] == status]
        counts = person.client.get(f"/inbox/fragments?counts=1&status={status}").json["counts"]
        unassigned = sum(1 for each in of_status if each["assignee"] is None)
        mine = sum(1 for each in of_status if each["assignee"] == me["id"])
        assert (counts["all"], counts["unassigned"], counts["mine"]) == (len(of_status), unassigned, mine)
    tallied = Counter(label for each in seen if each["status"] == "open" for label in each["labels"])
    assert person.client.get("/labels/counts").json["counts"] == dict(tallied)


def test_pages_together_are_all_that_is_there_each_once_newest_first(stack: Stack, person: Browser) -> None:
    (me,) = [each for each in stack.all("agent") if each["id"] == agent_of(person)]
    condition: Any = [
        each for each in stack.all("conversation") if sees(me, each) and each["status"] == "open"
    ]
    wanted = [
        each for each in condition if "label0000" in each["labels"] and "label0001" not in each["labels"]
    ]
    path = f"/inbox/rows?tab=all&where={quote(NOT)}"
    pages = pages_of(person, path, most=30)
    shown = [id for page in pages for id in re.findall(r'data-conversation="(\w+)"', person.look(page).text)]
    newest = sorted(wanted, key=lambda each: each["last_message_at"], reverse=True)
    assert shown == [each["id"] for each in newest][: len(shown)]
    assert len(shown) == len(wanted) or len(pages) == 30


def agent_of(person: Browser) -> str:
    return re.search(r'data-agent="(\w+)"', person.look("/inbox").text)[1]  # type: ignore[index]
