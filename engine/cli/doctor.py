"""``replyai doctor``."""

import sys

import click


@click.command()
def doctor() -> None:
    """Look for what is wrong with this installation.

    It says what to do about each finding, changes nothing and may be run while ReplyAI
    runs. The exit code is 1 where something is wrong.

    \b
    Example:  replyai doctor
    """
    from engine.doctor import examine

    wrong = 0
    for finding in examine():
        mark = click.style("✓", fg="green") if finding.ok else click.style("✗", fg="red")
        click.echo(f"{mark} {finding.text}")
        if finding.advice:
            click.echo(f"  → {finding.advice}")
        wrong += not finding.ok
    click.echo("All is well." if not wrong else f"{wrong} thing{'s' if wrong > 1 else ''} to look at.")
    sys.exit(1 if wrong else 0)
