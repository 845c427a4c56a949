"""What Settings → Plugins and Settings → Numbers say of each plugin is there in Indonesian."""

from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from engine import plugins
from tests.test_pages_words import PO, translated

FOLDER = Path(__file__).parent.parent / "plugins"
REGISTRY = plugins.load(None)


def said(name: str) -> set[str]:
    """Return a plugin's summary, and the title, description and choices of each of its settings."""
    plugin = REGISTRY.plugins[name]
    found = {plugin.summary}
    schemas = [plugin.settings_schema, getattr(REGISTRY.gateways().get(name), "settings_schema", None)]
    for schema in [each for each in schemas if each is not None]:
        for key, field in (schema() if isinstance(schema, type) else schema).fields.items():
            found.add(field.metadata.get("title") or key.replace("_", " ").capitalize())
            found.add(field.metadata.get("description") or "")
    return found - {""}


@pytest.mark.parametrize("name", sorted(REGISTRY.plugins))
def test_summary_and_settings_of_a_plugin_are_translated(name: str) -> None:
    own = FOLDER / name / "translations" / "id" / "LC_MESSAGES" / "messages.po"
    assert sorted(said(name) - translated(own) - translated(PO)) == []


@pytest.mark.parametrize("name", sorted(REGISTRY.plugins))
def test_a_plugins_compiled_catalogue_is_of_its_source(name: str) -> None:
    own = FOLDER / name / "translations" / "id" / "LC_MESSAGES" / "messages.po"
    compiled = own.with_suffix(".mo").read_bytes()
    with own.open("rb") as file:
        texts = [m.string if isinstance(m.string, str) else m.string[0] for m in read_po(file) if m.id]
    assert [text for text in texts if text and text.encode() not in compiled] == []
