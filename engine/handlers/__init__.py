"""What the core's actions do to documents. They work with every plugin off."""

from types import ModuleType


def modules() -> tuple[ModuleType, ...]:
    """Return the modules whose functions carry out the core's actions."""
    from engine.handlers import conversations, installation, messages, people, timing

    return conversations, messages, people, installation, timing
