"""``replyai doctor``."""

import sys

import click


@click.command()
@click.option(
    "--verify", is_flag=True, help="Read everything: file, journal's chain, documents made from it again."
)
def doctor(verify: bool) -> None:
    """Look for what is wrong with this installation.

    It says what to do about each finding, changes nothing and may be run while ReplyAI
    runs. The exit code is 1 where something is wrong.

    \b
    Example:  replyai doctor
              replyai doctor --verify
    """
    from engine.doctor import examine

    wrong = 0
    for finding in examine(verify):
        mark = click.style("✓", fg="green") if finding.ok else click.style("✗", fg="red")
        click.echo(f"{mark} {finding.text}")
        if finding.advice:
            click.echo(f"  → {finding.advice}")
        wrong += not finding.ok
    click.echo("All is well." if not wrong else f"{wrong} thing{'s' if wrong > 1 else ''} to look at.")
    sys.exit(1 if wrong else 0)
