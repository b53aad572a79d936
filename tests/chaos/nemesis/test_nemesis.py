"""Every call of every scenario, answered wrongly in every way: nothing false is said, all recovers.

The real gateway reads each answer off a line that a nemesis holds; the cluster behind it is the one
in memory, so that thousands of answers take seconds. tests/cluster/test_wrong_answers.py gives the
same answers to each verb in front of the real API server.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from onboarding.cluster import paging, responses
from onboarding.models import Cluster
from tests.chaos.nemesis.player import Made, Prepared, Told
from tests.chaos.nemesis.scenarios import SCENARIOS, Scenario, settle_in, with_gate
from tests.chaos.nemesis.wrong_answers import FAULTS, LIES, Wrong
from tests.support.fake_cluster import FakeCluster

MEBIBYTE = 1024 * 1024
LEAST_ANSWERS = 40  # to every call


@pytest.fixture(params=SCENARIOS, ids=str)
def prepared(
    request: pytest.FixtureRequest, fake: FakeCluster, cluster: Cluster, cast: object, now: datetime
) -> Prepared:
    scenario: Scenario = request.param
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    fake.lingering = True
    settle_in(fake, now)
    with_gate(cluster)
    row = scenario.prepare(fake, now)
    # What is large is small here: the bounds are the same, and runs take no memory.
    patch.setattr(responses, "LARGEST_ANSWER", MEBIBYTE)
    patch.setattr(paging, "LARGEST_PAGE", MEBIBYTE)
    patch.setattr("onboarding.cluster.gateway.PAGE_SIZE", scenario.page_size)
    return Prepared(scenario, row, fake, now + timedelta(minutes=10), patch)


def test_g36_no_fault_of_the_line_is_taken_for_a_fact(prepared: Prepared) -> None:
    usual = prepared.run()
    assert usual.problems(timedelta()) == []
    at_each_call, found = prepared.made_of(FAULTS), list[str]()
    assert [len(made) >= LEAST_ANSWERS for _, made in at_each_call] == [True] * len(usual.asked)
    for at, (truth, made) in enumerate(at_each_call):
        where = f"at {at}, {usual.asked[at].method} {usual.asked[at].path}"
        for wrong, one in made.items():
            if not one.is_fault and one != truth:
                found.append(f"{wrong} {where} is taken for a fact: {one}")
        for wrong in one_of_each(made, at):
            found += told(prepared.run(wrong, at=at), usual, f"{wrong} {where}")
    assert found == []


def one_of_each(made: dict[Wrong, Made], at: int) -> Iterator[Wrong]:
    """Yield one of the answers of which the gateway makes the same; another one at each call."""
    alike = defaultdict(list)
    for wrong, one in made.items():
        alike[one].append(wrong)
    for wrongs in alike.values():
        yield wrongs[at % len(wrongs)]


def told(run: Told, usual: Told, what: str) -> list[str]:
    return [f"{what}: {problem} {run.states}" for problem in run.problems(usual.took)]


def test_no_lie_is_believed_alone(prepared: Prepared) -> None:
    usual, found = prepared.run(), list[str]()
    for at, ask in enumerate(usual.asked):
        for wrong in [one for one in LIES if one.fits(ask)]:
            where = f"{wrong} at {at}, {ask.method} {ask.path}"
            found += told(prepared.run(wrong, at=at), usual, where)
    assert found == []
