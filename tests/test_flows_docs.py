"""docs/flows.md: its reference is the code's, and its example runs."""

import json
import re

import yaml

from docs import flows
from plugins.flowbuilder import checking, transcripts

PAGE = flows.PAGE.read_text()


def test_the_reference_is_of_this_source() -> None:
    assert flows.page() == PAGE, "run python -m docs.generate"


def test_the_example_and_its_test() -> None:
    (definition,) = re.findall(r"```json\n(.*?)```", PAGE, re.S)
    (transcript,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    flow = json.loads(definition)
    assert checking.check(flow) == []
    transcripts.run(yaml.safe_load(transcript), flow)


def test_every_step_and_fact_of_a_transcript_is_there() -> None:
    steps = PAGE[PAGE.index("## Transcripts") : PAGE.index("## Back-test")]
    assert [step for step in transcripts.STEPS if f"`{step}: " not in steps] == []
    assert [fact for fact in transcripts._FACTS if f"`{fact}`" not in steps] == []
