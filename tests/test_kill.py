"""What was answered is kept once and nothing is sent twice, however often everything is killed."""

import os
import random

import pytest

from tests.kill import NAMED, TOLD, storm, wrong

KILLS = 32


@pytest.mark.slow
def test_thirty_kills_lose_nothing_and_double_nothing() -> None:
    """2,000 webhooks and 200 sends under 32 SIGKILLs of tree, engine, web, workers and Redis.

    The seed is printed; ``REPLYAI_KILL_SEED`` runs the same plan again.
    """
    seed = int(os.environ.get("REPLYAI_KILL_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"\nseed {seed}: REPLYAI_KILL_SEED={seed} ./test tests/test_kill.py")
    verdict = storm(seed, webhooks=2000, sends=200, kills=KILLS)
    print({name: verdict[name] for name in TOLD})
    assert wrong(verdict) == {}
    assert sum(verdict["kills"].values()) >= 30
    kills = set(verdict["kills"])
    assert set(NAMED) <= kills
    for stage in (
        {"received"},
        {"pre_append", "in_transaction", "flushed"},
        {"pre_reply"},
        {"handed_out", "dequeued", "pre_http"},
    ):
        assert stage & kills, f"{stage} was aimed at and never hit"
