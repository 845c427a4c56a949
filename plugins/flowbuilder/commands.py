"""``replyai flow``: flows as files, checked and tested without anything running."""

import sys
import time
from pathlib import Path

import click
import orjson

from engine import action, where
from engine.commands import NotDone, ask, opened, workspace_option

from . import checking, transcripts

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class NoFlow(Exception):
    """A flow that is asked for is not there, or a file is none; the text says so in a line."""


@click.group()
def flow() -> None:
    """Flows as files: export, import, check and test them."""


@flow.command("list")
@workspace_option
def list_(workspace: str) -> None:
    """Print the flows: name, version, whether it is on.

    \b
    Example:  replyai flow list
    """
    with opened(workspace) as place:
        for each in place.documents.table("flow").all():
            if not each.get("removed_at"):
                state = "on" if each["enabled"] else "off"
                number = f"v{each['number']}" if each["number"] else "draft"
                click.echo(f"{each['name']}\t{number}\t{state}")


@flow.command()
@click.argument("name")
@click.option("--draft", is_flag=True, help="The draft, not the published version.")
@workspace_option
def export(name: str, draft: bool, workspace: str) -> None:
    """Print the flow NAME as JSON, which reads well in a diff.

    \b
    Example:  replyai flow export "Menu toko" > menu-toko.json
    """
    with opened(workspace) as place:
        found = _named(place.documents, name)
        if draft or not found["published"]:
            definition = found["draft"]
        else:
            definition = place.documents.table("flow_version").get(doc_id=found["published"])["definition"]
    click.echo(orjson.dumps(definition, option=orjson.OPT_INDENT_2).decode())


def _named(documents, name):
    flows = [f for f in documents.table("flow").search(where("name") == name) if not f.get("removed_at")]
    if not flows:
        known = ", ".join(f["name"] for f in documents.table("flow").all() if not f.get("removed_at"))
        raise NoFlow(f"there is no flow {name!r}; there are {known or 'none'}")
    return flows[0]


@flow.command("import")
@click.argument("file", type=FILE)
@click.option("--publish", is_flag=True, help="Publish it as well.")
@workspace_option
def import_(file: Path, publish: bool, workspace: str) -> None:
    """Make the flow in FILE the draft of the flow of its name, or a new one.

    \b
    Example:  replyai flow import menu-toko.json --publish
    """
    definition = _definition(file)
    if publish and _has_errors(file, definition):
        sys.exit(1)
    with opened(workspace) as place:
        flows = place.documents.table("flow").search(where("name") == definition.get("name"))
        known = next((str(f.doc_id) for f in flows if not f.get("removed_at")), None)
    try:
        (done,) = ask(workspace, [action("flowbuilder.save", flow=known, definition=definition)])
        if publish:
            (done,) = ask(workspace, [action("flowbuilder.publish", flow=done["result"]["flow"])])
    except NotDone as error:
        raise NoFlow(f"{file}: {error}") from None
    number = done["result"].get("number")
    click.echo(f"{definition['name']}: " + (f"published as version {number}" if number else "saved as draft"))


@flow.command()
@click.argument("files", type=FILE, nargs=-1, required=True)
def check(files: tuple[Path, ...]) -> None:
    """Say what is wrong with the flows in FILES; the exit code is 1 where one has errors.

    \b
    Example:  replyai flow check flows/*.json
    """
    bad = [file for file in files if _report(file, _definition(file))]
    sys.exit(1 if bad else 0)


def _report(file: Path, definition) -> bool:
    """Print what is wrong, or that nothing is; return whether there are errors."""
    bad = _has_errors(file, definition)
    if not bad:
        click.echo(f"{file}: ok, {len(definition['nodes'])} nodes")
    return bad


def _has_errors(file: Path, definition) -> bool:
    """Print what is wrong; return whether there are errors."""
    problems = checking.check(definition)
    for problem in problems:
        click.echo(f"{file}: {problem.level}: {problem.node or 'flow'}: {problem.message}")
    return any(problem.level == "error" for problem in problems)


def _definition(file: Path):
    try:
        found = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise NoFlow(f"{file}: {error}") from None
    if not isinstance(found, dict):
        raise NoFlow(f"{file}: a flow is a JSON object")
    return found


@flow.command()
@click.argument("files", type=FILE, nargs=-1, required=True)
def test(files: tuple[Path, ...]) -> None:
    """Run the transcripts (YAML) in FILES; the exit code is 1 where a flow does something else.

    \b
    Example:  replyai flow test tests/*.yaml
    """
    failed = 0
    started = time.perf_counter()
    for file in files:
        why = _tested(file)
        failed += why is not None
        click.echo(f"{file}: {why or 'ok'}")
    took = (time.perf_counter() - started) * 1000
    click.echo(f"{len(files) - failed} passed, {failed} failed in {took:.0f} ms")
    sys.exit(1 if failed else 0)


def _tested(file: Path) -> str | None:
    """Return why a transcript fails, or None."""
    try:
        transcript = transcripts.read(file)
        transcripts.run(transcript, transcripts.definition_of(transcript, file))
    except (transcripts.BadTranscript, transcripts.Unexpected, transcripts.BadFlow) as error:
        return str(error)
    return None
