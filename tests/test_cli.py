"""The command `replyai`: what it prints, and that a mistake is one line and exit code 1."""

import io
import json
import os
import sqlite3
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine import __version__, config, plugins, times
from engine.cli import cli, main
from engine.client import Client
from engine.process import Engine
from engine.secrets import Secrets
from engine.store import Store
from tests.processes import data_folder
from tests.test_flows_running import SHOP
from tests.world import DEWI, written

PAYLOADS = Path(__file__).parent / "payloads" / "waha"


@pytest.fixture
def replyai(tmp_path, monkeypatch, capsys):
    """Return a function that runs the command and returns (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    for name in ("REDIS_URL", "REPLYAI_CONFIG", "REPLYAI_SECRET_KEY", "REPLYAI_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REPLYAI_DATA", str(tmp_path / "data"))

    def run(*arguments: str, given: bytes = b""):
        monkeypatch.setattr(sys, "argv", ["replyai", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
def test_every_command_explains_itself_with_an_example(path):
    said = CliRunner().invoke(cli, [*path, "--help"])
    assert said.exit_code == 0
    assert "Example:" in said.output
    assert f"replyai {path[0]}" in said.output


def test_the_promised_commands_are_there():
    promised = {"serve", "web", "engine", "worker", "demo", "parse", "plugins", "doctor"}
    promised |= {"backup", "restore", "export", "import", "erase"}
    assert promised <= set(cli.commands)
    assert {"list", "enable", "disable"} <= set(cli.commands["plugins"].commands)


def test_the_version(replyai):
    assert replyai("--version") == (0, f"ReplyAI {__version__}\n", "")


def test_a_flow_that_nobody_takes_in_is_not_called_ok(replyai, tmp_path):
    file = tmp_path / "menu.json"
    file.write_text(json.dumps(SHOP))
    code, out, wrong = replyai("flow", "import", str(file), "--publish")
    assert (code, out) == (1, "")
    assert "there is no workspace" in wrong
    assert replyai("flow", "check", str(file)) == (0, f"{file}: ok, {len(SHOP['nodes'])} nodes\n", "")


# parse


def test_parse_prints_an_event_a_line_without_at(replyai):
    code, out, err = replyai("parse", "waha", str(PAYLOADS / a_message()))
    events = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert events
    assert all("at" not in event and event["id"] for event in events)


def a_message() -> str:
    return next(
        path.name for path in sorted(PAYLOADS.glob("*message*.json")) if '"payload"' in path.read_text()
    )


def test_parse_reads_standard_input_and_takes_an_account(replyai):
    code, out, _ = replyai("parse", "waha", "--account", "cs", given=(PAYLOADS / a_message()).read_bytes())
    assert code == 0
    assert all(json.loads(line)["account"] == "cs" for line in out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["parse", "waha"], b"hello", "standard input: waha does not understand it"),
        (["parse", "waha"], b"[]", "standard input: waha does not understand it"),
        (["parse", "waha"], b"{}", "standard input: waha does not understand it"),
        (["parse", "waha"], b"", "standard input: waha does not understand it"),
        (["parse", "whaa"], b"{}", "there is no gateway whaa"),
        (["parse", "waha", "gone.json"], b"", "gone.json: No such file or directory"),
        (["parse", "waha", "."], b"", ".: Is a directory"),
        (["plugins", "enable", "lables"], b"", "did you mean labels?"),
        (["plugins", "disable", "labels"], b"", "nothing is running on"),
        (["demo"], b"", "nothing is running on"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line_and_exit_code_1(replyai, arguments, given, said):
    code, out, err = replyai(*arguments, given=given)
    assert (code, out) == (1, "")
    assert err.startswith("replyai: ")
    assert err.count("\n") == 1
    assert said in err


# plugins


def test_the_list_of_plugins_says_what_is_on_and_since_where(replyai, tmp_path):
    (tmp_path / "replyai.toml").write_text("[plugins.labels]\nenabled = false\n")
    code, out, _ = replyai("plugins", "list")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert lines["labels"].split()[1:5] == ["off", "replyai.toml,", "line", "2"]
    assert lines["sender"].split()[1:3] == ["on", "default"]


def test_a_plugin_that_the_file_fixes_is_not_switched(replyai, tmp_path):
    (tmp_path / "replyai.toml").write_text("[plugins.labels]\nenabled = false\n")
    _, _, err = replyai("plugins", "enable", "labels")
    assert "plugins.labels.enabled is set in replyai.toml, line 2; change it there" in err


def test_a_plugin_is_switched_through_the_running_engine(replyai, tmp_path):
    from engine import config, plugins

    with_short_path = Path(os.path.relpath(tmp_path / "data"))
    engine = Engine(config.load({}, data=with_short_path), plugins.load())
    engine.start()
    try:
        assert replyai("plugins", "disable", "labels") == (0, "labels is off\n", "")
        assert ["labels", "off", "settings", "page"] in [
            line.split()[:4] for line in replyai("plugins", "list")[1].splitlines()
        ]
        assert replyai("plugins", "enable", "labels")[1] == "labels is on\n"
    finally:
        engine.stop()


# doctor


def test_the_doctor_finds_a_fresh_installation_well(replyai):
    code, out, _ = replyai("doctor")
    assert code == 0, out
    assert "✗" not in out
    assert out.endswith("All is well.\n")


@pytest.fixture
def workspace(tmp_path):
    """A workspace's folder with a database in it."""
    folder = tmp_path / "data" / "w" / "main"
    store = Store(folder / "replyai.db", ())
    store.connection.close()
    return folder


def test_the_doctor_finds_secrets_that_others_can_read(replyai, workspace):
    Secrets(workspace).put("cs", {"api_key": "kunci"})
    assert replyai("doctor")[0] == 0
    (workspace / "secrets.json").chmod(0o644)
    code, out, _ = replyai("doctor")
    assert code == 1
    assert "others can read" in out
    assert "chmod 600" in out


def test_the_doctor_finds_a_wrong_key(replyai, workspace, monkeypatch):
    Secrets(workspace, "benar").put("cs", {"api_key": "kunci"})
    monkeypatch.setenv("REPLYAI_SECRET_KEY", "salah")
    code, out, _ = replyai("doctor")
    assert code == 1
    assert "another REPLYAI_SECRET_KEY" in out


def test_the_doctor_finds_a_broken_database(replyai, workspace):
    path = workspace / "replyai.db"
    for beside in workspace.glob("replyai.db-*"):
        beside.unlink()
    path.write_bytes(b"not a database" * 1000)
    code, out, _ = replyai("doctor")
    assert code == 1
    assert "Database of main" in out
    assert "restore it from a backup" in out


def test_the_doctor_finds_a_clock_that_was_set_back(replyai, workspace):
    connection = sqlite3.connect(workspace / "replyai.db")
    ahead = times.add(times.now(), 3600)
    connection.execute("INSERT INTO journal VALUES (1, ?, 'e', '{}', x'00')", (ahead,))
    connection.commit()
    connection.close()
    code, out, _ = replyai("doctor")
    assert code == 1
    assert "in the future" in out


def test_the_doctor_finds_a_redis_that_is_away_and_a_mistake_in_the_settings(replyai, tmp_path, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    (tmp_path / "replyai.toml").write_text("[plugins.labels]\nenabeld = true\n")
    code, out, _ = replyai("doctor")
    assert code == 1
    assert "replyai.toml, line 2: plugins.labels.enabeld" in out
    assert "Redis cannot be reached" in out


def test_the_doctor_finds_a_folder_that_cannot_be_written(replyai, monkeypatch):
    monkeypatch.setenv("REPLYAI_DATA", "/proc/replyai")
    code, out, _ = replyai("doctor")
    assert code == 1
    assert "Data folder: /proc" in out


# keep


@pytest.fixture
def running():
    """Run an engine on a folder of its own; return the folder."""
    with data_folder() as data:
        engine = Engine(config.load({}, data), plugins.load())
        engine.start()
        yield data
        engine.stop()


def test_a_contact_leaves_by_export_and_import_and_is_erased(replyai, running, monkeypatch, tmp_path):
    monkeypatch.setenv("REPLYAI_DATA", str(running))
    client = Client(running / "engine.sock")
    client.submit("main", [written(DEWI, "Halo", "M1", push_name="Dewi")])
    code, out, err = replyai("export", str(tmp_path / "day.jsonl"))
    assert (code, err) == (0, "") and "documents as of transaction" in out
    code, _, err = replyai("import", str(tmp_path / "day.jsonl"))
    assert code == 1 and err.startswith("replyai: the workspace has conversations already")
    code, out, err = replyai("erase", "--yes", "+6281300004521")
    assert (code, err) == (0, "") and out.startswith("Erased: 1 messages of 1 conversations, 0 media")
    assert replyai("erase", "--yes", "+62999")[2].startswith("replyai: there is no contact +62999")
    client.close()
    monkeypatch.setenv("REPLYAI_DATA", str(tmp_path / "other"))
    code, out, err = replyai("import", str(tmp_path / "day.jsonl"))
    assert (code, err) == (0, "") and out.endswith("documents imported into main\n")
    code, out, _ = replyai("doctor", "--verify")
    assert out.count("✓ Verify main") == 3


def test_an_export_goes_into_an_empty_running_workspace(replyai, running, monkeypatch, tmp_path):
    monkeypatch.setenv("REPLYAI_DATA", str(running))
    lines = ['{"replyai": 1}', '{"collection": "contact", "document": {"id": "dewi", "name": "Dewi"}}']
    (tmp_path / "day.jsonl").write_text("\n".join(lines))
    code, out, err = replyai("import", str(tmp_path / "day.jsonl"))
    assert (code, out, err) == (0, "1 documents imported into main\n", "")
    assert replyai("export", "--format", "tinydb", str(tmp_path / "day.json"))[0] == 0
    assert json.loads((tmp_path / "day.json").read_text())["contact"]["1"]["name"] == "Dewi"


def test_what_needs_a_workspace_says_where_it_was_looked_for(replyai, tmp_path):
    data = tmp_path / "data"
    assert f"nothing to back up in {data}" in replyai("backup", str(tmp_path / "b"))[2]
    assert f"no workspace main in {data}" in replyai("export", str(tmp_path / "e"))[2]
    assert "nothing is running" in replyai("erase", "--yes", "+62813")[2]


def test_the_help_lists_the_commands_of_plugins_each_time() -> None:
    for _ in range(2):
        said = CliRunner().invoke(cli, ["--help"])
        assert "\n  flow " in said.output and "\n  replay " in said.output
