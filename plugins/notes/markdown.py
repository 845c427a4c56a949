"""A note's Markdown as safe HTML: CommonMark without HTML of its own, then an allow-list of tags."""

import re
from collections.abc import Mapping
from functools import cache
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from .mentions import TOKEN

TAGS = {
    "p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel"}
_SPAN = "\u2060at\u2060{}\u2060"  # in the place of a mention while Markdown is read
_MENTION = re.compile(_SPAN.format("([A-Za-z0-9_.-]+)"))
_TAG = re.compile(r"(<[^>]*>)")


def html(text: str | None, names: Mapping[str, str]) -> Markup:
    """Return a stored text as HTML; *names*: agent's id → the name that a mention shows now."""
    if not text:
        return Markup("")
    said = _reader().render(TOKEN.sub(lambda match: _SPAN.format(match[1]), text))
    clean = nh3.clean(
        said,
        tags=TAGS,
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    parts = _TAG.split(clean)  # in tags, such as a link's address, nothing is put
    return Markup("".join(part if part[:1] == "<" else _named(part, names) for part in parts))


def words(said: str) -> str:
    """Return the plain words of HTML that `html` has made."""
    return " ".join(unescape(_TAG.sub(" ", said)).split())


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
    reader.enable(["table", "strikethrough", "linkify"])
    reader.linkify.set({"fuzzy_link": False})  # “toko.id” is a name, not always an address
    return reader


def _named(text: str, names: Mapping[str, str]) -> str:
    return _MENTION.sub(lambda match: _mention(match[1], names), text)


def _mention(id: str, names: Mapping[str, str]) -> str:
    return f'<span class="mention" data-agent="{escape(id)}">@{escape(names.get(id, "?"))}</span>'
