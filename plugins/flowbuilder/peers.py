"""What is measured against: errbot and opsdroid answering keywords, in an environment of their own.

``python peers.py errbot|opsdroid KEYWORDS SECONDS`` prints the messages per second. It runs in the peer's
own environment and imports nothing of ours.
"""

import asyncio
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

REQUIREMENTS = {"errbot": ("errbot==6.2.1", "pytest"), "opsdroid": ("opsdroid==0.31.0", "setuptools<80")}


def errbot(keywords: int, seconds: float) -> float:
    """Return how many messages errbot's callback answers in a second."""
    from errbot.backends.test import TestBot

    folder = Path(tempfile.mkdtemp())
    commands = "\n".join(
        f"    @re_botcmd(pattern=r'^keyword{n}$', prefixed=False)\n"
        f"    def answer{n}(self, msg, match):\n        return 'answer {n}'\n"
        for n in range(keywords)
    )
    (folder / "shop.plug").write_text("[Core]\nName = Shop\nModule = shop\n[Python]\nVersion = 3\n")
    (folder / "shop.py").write_text(
        f"from errbot import BotPlugin, re_botcmd\n\nclass Shop(BotPlugin):\n{commands}"
    )
    bot = TestBot(extra_plugin_dir=str(folder), loglevel=logging.ERROR, extra_config={"BOT_ASYNC": False})
    bot.start(timeout=60)
    return _errbot_rate(bot, keywords, seconds)


def _errbot_rate(bot: object, keywords: int, seconds: float) -> float:
    from errbot.backends.base import Message
    from errbot.backends.test import TestPerson

    backend = bot.bot
    person = TestPerson("customer")
    answered = backend.outgoing_message_queue
    messages = [Message(f"keyword{n}", frm=person, to=backend.bot_identifier) for n in range(keywords)]
    backend.callback_message(messages[0])
    if answered.qsize() != 1:
        raise RuntimeError(f"errbot gave {answered.qsize()} answers to one message")
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        backend.callback_message(messages[count % keywords])
        count += 1
    return count / (time.perf_counter() - started)


def opsdroid(keywords: int, seconds: float) -> float:
    """Return how many messages opsdroid's parse answers in a second."""
    return asyncio.run(_opsdroid(keywords, seconds))


async def _opsdroid(keywords: int, seconds: float) -> float:
    import builtins

    builtins._ = str  # what its own command line installs for translations
    from opsdroid.core import OpsDroid
    from opsdroid.events import Message
    from opsdroid.matchers import match_regex

    answered: list[str] = []

    class Connector:
        name = "test"
        configuration: dict = {}

        async def send(self, event: object) -> None:
            answered.append(event.text)

    with OpsDroid() as droid:
        for number in range(keywords):

            async def answer(opsdroid: object, config: dict, message: Message, number: int = number) -> None:
                await message.respond(f"answer {number}")

            skill = match_regex(f"^keyword{number}$")(answer)
            skill.config = {"name": f"skill{number}"}
            droid.skills.append(skill)
        connector = Connector()
        texts = [f"keyword{n}" for n in range(keywords)]

        async def told(number: int) -> None:
            event = Message(
                text=texts[number % keywords], user="customer", target="room", connector=connector
            )
            await droid.parse(event)

        await told(0)
        if len(answered) != 1:
            raise RuntimeError(f"opsdroid gave {len(answered)} answers to one message")
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            await told(count)
            count += 1
        return count / (time.perf_counter() - started)


if __name__ == "__main__":
    peer, keywords, seconds = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    print(globals()[peer](int(keywords), float(seconds)), flush=True)
    os._exit(0)  # errbot's threads do not end by themselves
