"""Settings: where they come from, and what a mistake in them is answered with."""

import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from marshmallow import Schema, fields, validate

from engine.config import ConfigError, load, write_template
from engine.config import validate as check
from engine.config.lines import locate


class LabelSettings(Schema):
    limit = fields.Integer(
        load_default=20, validate=validate.Range(1, 50), metadata={"description": "How many."}
    )
    words = fields.List(fields.String(), load_default=list, metadata={"description": "Which words."})
    mood = fields.String(
        validate=validate.OneOf(("calm", "loud")), metadata={"description": "How it sounds."}
    )
    always = fields.Boolean(load_default=False)


class WahaSettings(Schema):
    url = fields.Url(required=True, require_tld=False, metadata={"description": "Where WAHA is."})
    api_key = fields.String(required=True, metadata={"secret": True, "description": "Its key."})


def plugin(name: str, settings: type[Schema] | None = None) -> SimpleNamespace:
    return SimpleNamespace(name=name, summary=f"What {name} does.", default=True, settings_schema=settings)


@pytest.fixture
def registry() -> SimpleNamespace:
    plugins = {"labels": plugin("labels", LabelSettings), "sender": plugin("sender"), "waha": plugin("waha")}
    gateways = {"waha": SimpleNamespace(settings=WahaSettings), "simulator": SimpleNamespace(settings=None)}
    return SimpleNamespace(plugins=plugins, gateways=lambda: gateways)


@pytest.fixture
def written(tmp_path, monkeypatch, registry):
    """Return a function that loads and checks a settings file with this text."""
    monkeypatch.chdir(tmp_path)

    def load_text(text: str, **environ: str):
        Path("replyai.toml").write_text(text)
        return check(load(environ), registry)

    return load_text


def test_a_fresh_installation_has_one_workspace_and_listens_to_this_machine_only(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load({})
    assert (config.host, config.port, config.data) == ("127.0.0.1", 8000, tmp_path / "data")
    assert list(config.workspaces) == ["main"]
    assert config.address == "http://127.0.0.1:8000"


def test_environment_comes_before_the_file(written):
    config = written("port = 9000\nlanguage = 'id'\n", PORT="7000", REPLYAI__LANGUAGE="en")
    assert config.port == 7000
    assert config.sources["port"] == "environment, PORT"
    assert config.workspaces["main"].settings == {"language": "en"}
    assert config.workspaces["main"].sources == {"language": "environment, REPLYAI__LANGUAGE"}


def test_what_the_environment_says_gets_the_type_that_the_key_takes(written):
    config = written(
        "",
        REPLYAI__PLUGINS__LABELS__ENABLED="false",
        REPLYAI__PLUGINS__LABELS__LIMIT="7",
        REPLYAI__PLUGINS__LABELS__WORDS="harga, promo",
    )
    assert config.workspaces["main"].plugins["labels"] == {
        "enabled": False,
        "limit": 7,
        "words": ["harga", "promo"],
    }


def test_a_variable_reaches_a_name_with_a_hyphen(written):
    text = '[accounts.toko-kita]\ngateway = "waha"\nurl = "http://localhost:3000"\n'
    config = written(text, REPLYAI__ACCOUNTS__TOKO_KITA__API_KEY="12345")
    assert config.workspaces["main"].accounts["toko-kita"]["api_key"] == "12345"


def test_each_value_knows_its_line(written):
    config = written('name = "Toko"\n\n[plugins.labels]\n# on, please\nenabled = true\n')
    assert config.workspaces["main"].sources["plugins.labels.enabled"] == "replyai.toml, line 5"


def test_another_workspace_has_sections_of_its_own(written):
    config = written(
        '[workspaces.kedua]\nhost = "kedua.example.com"\n[workspaces.kedua.plugins.labels]\nenabled = false\n'
    )
    other = config.workspaces["kedua"]
    assert other.host == "kedua.example.com"
    assert other.plugins == {"labels": {"enabled": False}}
    assert other.sources["plugins.labels.enabled"] == "replyai.toml, line 4"


MISTAKES = [
    ("prot = 80", ["replyai.toml, line 1", "prot = 80", "no such key", "did you mean port?"]),
    ('port = "eighty"', ["line 1", 'port = "eighty"', "a whole number from 0 to 65535"]),
    ("port = true", ["port = true", "a whole number from 0 to 65535"]),
    ("port = 70000", ["port = 70000", "a whole number from 0 to 65535"]),
    ("\nlanguage = 'idn'", ["line 2", 'language = "idn"', "id or en", "did you mean id?"]),
    ("timezone = 'Jakarta'", ['timezone = "Jakarta"', "Asia/Jakarta"]),
    ("region = 'Indonesia'", ["two capital letters"]),
    ("public_url = 'chat'", ["an address such as https://"]),
    ("plugins_dir = 'gone'", ["line 1", "plugins_dir = gone", "there is no folder"]),
    ("store = 'postgresql://db/replyai'", ["PostgreSQL is not available yet"]),
    (
        "[plugins.labels]\nenabeld = true",
        ["line 2", "plugins.labels.enabeld = true", "did you mean enabled?"],
    ),
    ("[plugins]\nlabels.enabled = 'si'", ["line 2", "plugins.labels.enabled", "true or false"]),
    ("plugins.labels = {limit = 99}", ["line 1", "plugins.labels.limit = 99", "from 1 to 50"]),
    ("[plugins.labels]\nmood = 'laud'", ["calm or loud", "did you mean loud?"]),
    ("[plugins.label]\nenabled = true", ["line 1", "no plugin label", "did you mean labels?"]),
    ("[plugin.labels]\nenabled = true", ["line 1", "plugin", "did you mean plugins?"]),
    ("[plugins]\nlabels = true", ["line 2", "plugins.labels = true", "[plugins.labels]"]),
    ("[accounts.cs]\ngateway = 'whaa'", ["line 2", "no gateway whaa", "did you mean waha?"]),
    ("[accounts.cs]\ntitle = 'CS'", ["line 1", "lacks gateway", "simulator or waha"]),
    ("[accounts.cs]\ngateway = 'waha'", ["line 1", "accounts.cs lacks url", "an address"]),
    ("[accounts.CS]\ngateway = 'waha'", ["line 1", "a-z, 0-9"]),
    ("[workspaces.main]\nname = 'Toko'", ["line 1", "stand at the top"]),
    ("name = \nport = 1", ["replyai.toml", "not TOML", "line 1"]),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[text.strip()[:40] for text, _ in MISTAKES])
def test_a_mistake_is_answered_with_one_line(written, text, said):
    with pytest.raises(ConfigError) as caught:
        written(text)
    message = str(caught.value)
    assert "\n" not in message
    for part in said:
        assert part in message


def test_a_mistake_in_the_environment_names_the_variable(written):
    with pytest.raises(
        ConfigError, match=r"^environment, REPLYAI__PLUGINS__LABELS__LIMT: .* did you mean limit\?"
    ):
        written("", REPLYAI__PLUGINS__LABELS__LIMT="3")
    with pytest.raises(ConfigError, match="did you mean REPLYAI_ADMIN_PASSWORD"):
        load({"REPLYAI_ADMIN_PASWORD": "x"})


def test_no_error_shows_a_secret(written):
    section = '[accounts.cs]\ngateway = "waha"\nurl = "http://localhost:3000"\n'
    for line in ('api_kye = "s3cr3t-value"', "api_key = 12345678"):
        with pytest.raises(ConfigError) as caught:
            written(section + line)
        assert "s3cr3t-value" not in str(caught.value)
        assert "12345678" not in str(caught.value)


def test_one_name_for_two_accounts_is_refused(written):
    with pytest.raises(ConfigError, match="account cs is in workspace main already"):
        written(
            '[accounts.cs]\ngateway = "simulator"\n[workspaces.kedua.accounts.cs]\ngateway = "simulator"\n'
        )


def test_lines_are_found_in_any_way_of_writing():
    text = '''\
title = """
port = 1 # no key
"""
"a.b" . c = 2
list = [
  1, # port = 3
  {deep = 4}, "]"
]
inline = { one = { two = "}" }, three = [{ four = 4 }] }
[ accounts . "toko kita" ]
url = 'x#y'
[[hours]]
day = 1979-05-27T07:32:00Z
[plugins.labels]
odd = "quote \\" # here"
last = true'''
    assert tomllib.loads(text)
    lines = locate(text)
    expected = {
        ("title",): 1,
        ("a.b", "c"): 4,
        ("list",): 5,
        ("list", "deep"): 7,
        ("inline", "one", "two"): 9,
        ("inline", "three", "four"): 9,
        ("accounts", "toko kita", "url"): 11,
        ("hours", "day"): 13,
        ("plugins", "labels", "odd"): 15,
        ("plugins", "labels", "last"): 16,
    }
    assert {path: lines.get(path) for path in expected} == expected
    assert ("port",) not in lines


def test_the_first_file_sets_nothing_until_a_key_is_switched_on(tmp_path, registry):
    path = tmp_path / "replyai.toml"
    write_template(path, registry)
    assert path.stat().st_mode & 0o777 == 0o600
    config = check(load({}, data=tmp_path), registry)
    assert config.file == path
    assert config.workspaces["main"].settings == {}
    assert config.workspaces["main"].plugins == {}


def test_a_key_pasted_at_the_end_of_the_first_file_works(tmp_path, registry):
    path = tmp_path / "replyai.toml"
    write_template(path, registry)
    path.write_text(path.read_text() + "\nport = 8123\n[plugins.labels]\nenabled = false\n")
    config = check(load({}, data=tmp_path), registry)
    assert config.port == 8123
    assert config.workspaces["main"].plugins == {"labels": {"enabled": False}}


def test_a_top_level_key_in_a_section_is_told_where_it_belongs(tmp_path, registry):
    (tmp_path / "replyai.toml").write_text("[plugins.labels]\nenabled = false\nport = 8123\n")
    with pytest.raises(ConfigError) as caught:
        check(load({}, data=tmp_path), registry)
    said = (
        "replyai.toml, line 3: plugins.labels.port = 8123: a top-level key belongs above the first [section]"
    )
    assert str(caught.value) == said


def test_every_key_of_the_first_file_is_right_when_switched_on(tmp_path, registry):
    path = tmp_path / "replyai.toml"
    write_template(path, registry)
    lines = path.read_text().splitlines()
    (tmp_path / "my-plugins").mkdir()
    path.write_text("\n".join(line[1:] if line[:1] == "#" and line[1:2] != " " else line for line in lines))
    config = check(load({}, data=tmp_path), registry)
    assert config.workspaces["main"].plugins["labels"]["limit"] == 20
    assert set(config.workspaces["main"].accounts) == {"my-simulator", "my-waha"}
    assert "kedua" in config.workspaces


def test_the_first_file_leaves_one_that_is_there(tmp_path, registry):
    path = tmp_path / "replyai.toml"
    path.write_text("port = 1\n")
    write_template(path, registry)
    assert path.read_text() == "port = 1\n"
