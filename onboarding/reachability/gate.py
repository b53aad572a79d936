"""`--expect`: whether an answer is as expected, is not, or cannot be told.

Used by both commands. A gate opens only for what is certain and complete; in doubt it stays shut,
with a code of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from onboarding.domain.objects import text
from onboarding.reachability.answering import Asking, ReportOptions
from onboarding.reachability.asking import QueryAnswer
from onboarding.reachability.members import BadQuestion
from onboarding.reachability.model import Certainty
from onboarding.reachability.reading import Loaded


class ExitCode(IntEnum):
    """What a command ends with; documented in docs/reachability.md."""

    ANSWERED = 0
    NOT_AS_EXPECTED = 1
    BAD_INPUT = 2
    CANNOT_TELL = 3


@dataclass(frozen=True)
class Judgement:
    """The code of a gate, and a sentence for each answer that keeps it shut."""

    code: ExitCode
    sentences: tuple[str, ...] = ()


def judge_answers(loaded: Loaded, wish: ReportOptions, expected: str) -> Judgement:
    """Return whether every answer is the expected one for certain. Raise BadQuestion."""
    asking = Asking(loaded, wish)
    answers = [*asking.asked.answers()]
    if not answers:
        raise BadQuestion("--expect: nothing was asked about, so nothing is as expected")
    certain = [one for one in answers if one.record.verdict.certainty is Certainty.CERTAIN]
    if failed := [line for one in certain for line in _contradicting(one, expected)]:
        return Judgement(ExitCode.NOT_AS_EXPECTED, tuple(failed))
    doubts = [*_doubts(asking, answers)]
    code = ExitCode.CANNOT_TELL if doubts else ExitCode.ANSWERED
    return Judgement(code, tuple(doubts))


def _contradicting(answer: QueryAnswer, expected: str) -> Iterator[str]:
    verdict = answer.record.verdict
    if verdict.allowed == (expected == "allowed"):
        return
    for pair in _pairs(answer):
        yield f"not {expected}: {pair}: {verdict.reason}"


def _doubts(asking: Asking, answers: list[QueryAnswer]) -> Iterator[str]:
    """Yield why the answers do not settle what was asked."""
    if trouble := text(asking.wish.observed or {}, "trouble"):
        yield f"cannot tell: what was seen on the cluster is old, because {trouble}"
    for member in asking.asked.without_port():
        yield f"cannot tell: {member.id} has no port of this name"
    for answer in answers:
        verdict = answer.record.verdict
        if verdict.certainty is not Certainty.CERTAIN:
            for pair in _pairs(answer):
                yield f"cannot tell: {pair}, but {verdict.certainty.words}: {verdict.caveat}"


def _pairs(answer: QueryAnswer) -> Iterator[str]:
    record = answer.record
    said = "allowed" if record.verdict.allowed else "blocked"
    port = f"{record.protocol.value} {record.first}"
    for source, destination in answer.pairs:
        yield f"{source.id} to {destination.id} on {port} is {said}"
