"""``python -m engine.cli`` is ``replyai``."""

from engine.cli import main

main()
