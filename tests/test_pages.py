"""The HTML pages on a real engine: what the inbox shows, its fragments, and nothing inline anywhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from web.pages.shape import Place, bubble

from .web_stack import ANDI, DEWI, Browser, Stack, running

PAGES = [
    "/inbox",
    "/inbox?tab=all",
    "/settings",
    "/settings/team",
    "/settings/numbers",
    "/settings/plugins",
    "/settings/tokens",
    "/settings/quarantine",
    "/settings/labels",
    "/simulator",
    "/api/docs",
]
OPEN_PAGES = ["/login", "/nowhere"]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        found.agent("Sari", "admin")
        found.agent("Budi")
        found.writes(DEWI, "Halo kak, paket *hampers* masih ada?")
        found.writes(DEWI, "<b>Alamatnya</b> https://toko.example/peta")
        found.writes(ANDI, "Pagi")
        yield found


@pytest.fixture(scope="module")
def sari(stack: Stack) -> Browser:
    return stack.signed_in("Sari")


@pytest.fixture(scope="module")
def budi(stack: Stack) -> Browser:
    return stack.signed_in("Budi")


class Inline(HTMLParser):
    """Collects what the content security policy would refuse, and labels that point nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [f"<{tag} {name}>" for name in given if name == "style" or re.match(r"on\w+$", name)]
        if tag == "style" or (
            tag == "script" and "src" not in given and given.get("type") != "application/json"
        ):
            self.found.append(f"<{tag}>")
        target = given.get("src") or given.get("href") or ""
        is_elsewhere = target.startswith(("http:", "https:", "//", "javascript:"))
        if is_elsewhere and "noopener" not in (given.get("rel") or ""):
            self.found.append(f"<{tag} {target}>")
        self.ids += [given["id"]] if given.get("id") else []
        self.targets += [given["for"]] if tag == "label" and given.get("for") else []


def read_page(html: str) -> Inline:
    parser = Inline()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("path", [*PAGES, *OPEN_PAGES, "an open conversation"])
def test_nothing_is_inline_and_ids_are_unique(stack: Stack, sari: Browser, path: str) -> None:
    if path == "an open conversation":
        path = f"/inbox/{stack.conversation(DEWI)['id']}"
    browser = stack.browser() if path in OPEN_PAGES else sari
    answer = browser.client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == (404 if path == "/nowhere" and browser is sari else answer.status_code)
    assert answer.status_code in (200, 302, 303, 401, 404), answer.text[:500]
    page = read_page(answer.text)
    assert page.found == []
    assert sorted({id for id in page.ids if page.ids.count(id) > 1}) == []
    assert set(page.targets) <= set(page.ids)


def test_the_list_shows_who_wrote_last_first_and_counts(sari: Browser) -> None:
    html = sari.client.get("/inbox?tab=unassigned").text
    assert re.findall(r'data-count="unassigned">(\d+)<', html) == ["2"]
    rows = re.findall(r'<a class="row unread[^>]*data-conversation="(\w+)"', html, re.S)
    assert len(rows) == 2


def test_a_thread_is_safe_and_has_its_unread_line(stack: Stack, sari: Browser) -> None:
    conversation = stack.conversation(DEWI)
    html = sari.client.get(f"/inbox/{conversation['id']}").text
    assert "<strong>hampers</strong>" in html
    assert "&lt;b&gt;Alamatnya&lt;/b&gt;" in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert "data-unread-line" in html
    assert html.count('data-message="') == 2


def test_fragments_give_rows_messages_counts_and_header_in_one_answer(stack: Stack, sari: Browser) -> None:
    conversation = stack.conversation(ANDI)
    message = next(m for m in stack.all("message") if m["conversation"] == conversation["id"])
    path = f"/inbox/fragments?tab=all&rows={conversation['id']}&messages={message['id']}&counts=1&header=1"
    answer = sari.client.get(f"{path}&conversation={conversation['id']}").json
    assert set(answer) == {"seq", "counts", "rows", "messages", "header", "panel"}
    assert f'data-conversation="{conversation["id"]}"' in answer["rows"][conversation["id"]]
    assert "Pagi" in answer["messages"][message["id"]]
    assert answer["counts"]["all"] == 2
    other = sari.client.get(f"/inbox/fragments?tab=mine&rows={conversation['id']}").json
    assert other["rows"] == {conversation["id"]: None}


def test_the_second_to_take_is_told_who_has_it(stack: Stack, sari: Browser, budi: Browser) -> None:
    conversation = stack.conversation(ANDI)["id"]
    take = {"type": "conversation.take", "data": {"conversation": conversation}}
    first = budi.client.post("/inbox/act", json=take, headers={"X-CSRF-Token": budi.csrf})
    assert first.status_code == 200, first.text
    header = {"X-CSRF-Token": sari.csrf, "Accept-Language": "en"}
    second = sari.client.post("/inbox/act", json=take, headers=header)
    assert second.status_code == 409
    assert "Budi" in second.json["message"]


@pytest.mark.parametrize("wanted", ["0813-0000-4521", "+62 813 0000", "81300004521", "08130000"])
def test_a_number_is_found_however_it_is_typed(stack: Stack, sari: Browser, wanted: str) -> None:
    page = sari.client.get("/inbox/rows", query_string={"tab": "all", "q": wanted}).text
    assert re.findall(r'data-conversation="(\w+)"', page) == [stack.conversation(DEWI)["id"]]
    found = sari.client.get("/api/conversations", query_string={"q": wanted}).json["items"]
    assert [each["id"] for each in found] == [stack.conversation(DEWI)["id"]]


def test_what_an_agent_may_not_see_is_in_no_page(stack: Stack, budi: Browser) -> None:
    for path in (
        "/settings/team",
        "/settings/numbers",
        "/settings/plugins",
        "/settings/tokens",
        "/settings/quarantine",
    ):
        assert budi.client.get(path).status_code == 403, path


def test_scripts_are_small_modules() -> None:
    for script in (Path(__file__).parent.parent / "web" / "static" / "js").glob("*.js"):
        assert len(script.read_text().splitlines()) < 300, script.name


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    root = Path(__file__).parent.parent
    there = set(re.findall(r'<symbol id="([\w-]+)"', (root / "web" / "static" / "icons.svg").read_text()))
    for file in [
        *root.glob("web/templates/**/*.html"),
        *root.glob("plugins/*/templates/**/*.html"),
        *root.glob("web/static/js/*.js"),
    ]:
        assert set(re.findall(r'icon\("([\w-]+)"', file.read_text())) <= there, file.name


def test_a_colleague_who_looks_does_not_make_it_read(stack: Stack) -> None:
    chat = "6281300007777@c.us"
    stack.writes(chat, "Halo")
    id, agents = stack.conversation(chat)["id"], {each["name"]: each["id"] for each in stack.all("agent")}
    stack.ask("conversation.assign", conversation=id, agent=agents["Sari"])
    stack.ask("conversation.read", by=agents["Budi"], conversation=id)
    assert stack.conversation(chat)["unread"] == 1
    stack.ask("conversation.read", by=agents["Sari"], conversation=id)
    assert stack.conversation(chat)["unread"] == 0
    stack.ask("conversation.assign", conversation=id, agent=None)
    stack.ask("conversation.mark_unread", conversation=id)
    stack.ask("conversation.read", by=agents["Budi"], conversation=id)
    assert stack.conversation(chat)["unread"] == 0


def test_rows_of_all_conversations_say_who_has_them(stack: Stack, sari: Browser) -> None:
    chat = "6281300007778@c.us"
    stack.writes(chat, "Halo")
    id, agents = stack.conversation(chat)["id"], {each["name"]: each["id"] for each in stack.all("agent")}
    for agent, words in ((None, "Belum ada"), ("Sari", "Anda"), ("Budi", "Budi")):
        stack.ask("conversation.assign", conversation=id, agent=agents.get(agent))
        row = sari.look("/inbox?tab=all").text.split(f'id="row-{id}"')[1].split("</a>")[0]
        assert words in row.split('class="who"')[1]


def test_the_composer_says_who_wants_no_more_messages_and_who_noted_it(stack: Stack, sari: Browser) -> None:
    conversation = stack.conversation(DEWI)
    hint = "data-opted-out hidden"
    page = sari.look(f"/inbox/{conversation['id']}").text
    assert hint in page
    agents = {each["name"]: each["id"] for each in stack.all("agent")}
    stack.ask(
        "contact.opt_out", by=agents["Budi"], contact=conversation["contact"], reason="phone", source="agent"
    )
    page = sari.look(f"/inbox/{conversation['id']}").text
    assert hint not in page
    assert page.count("oleh Budi") == 2  # at the composer and in the panel
    stack.ask("contact.opt_in", contact=conversation["contact"], reason="again")


@pytest.mark.parametrize(
    ("author", "why", "shown"),
    [
        ({"kind": "agent", "name": "Budi"}, None, "Budi"),
        ({"kind": "bot", "name": "flowbuilder"}, "flow “Sambutan”: first message", "Bot · Sambutan"),
        ({"kind": "bot", "name": "assignment"}, "closed until 08:00", "Automatic"),
    ],
)
def test_what_wrote_is_called_by_no_plugins_name(
    stack: Stack, author: dict[str, str], why: str | None, shown: str
) -> None:
    message = {"id": "m", "direction": "out", "author": author, "why": why, "at": "2026-11-24T08:00:00Z"}
    with stack.app.test_request_context(headers={"Accept-Language": "en"}):
        assert bubble(message, Place.of({}, "en", "x"))["by"] == shown
