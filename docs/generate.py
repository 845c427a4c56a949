"""Write docs/hooks.md and the reference in docs/flows.md: ``python -m docs.generate``."""

import inspect
from pathlib import Path

from docs import flows
from engine import hookspecs

PAGE = Path(__file__).parent / "hooks.md"
HEAD = """# Hooks

Made by `python -m docs.generate` from `engine/hookspecs.py`; edit the docstrings there.

"""


def page() -> str:
    """Return the page that documents every hook."""
    parts = [HEAD, inspect.getdoc(hookspecs) or "", "\n"]
    for name, function in vars(hookspecs).items():
        if hasattr(function, "replyai_spec"):
            arguments = ", ".join(inspect.signature(function).parameters)
            note = " The first answer counts." if function.replyai_spec.get("firstresult") else ""
            parts += [f"\n## `{name}`\n\nTakes any of: {arguments or 'nothing'}.{note}\n\n"]
            parts += [inspect.getdoc(function) or "", "\n"]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
    flows.PAGE.write_text(flows.page())
