"""manage.py reachability: the command line's answer, from what was last observed."""

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from onboarding.management.commands import reachability
from onboarding.models import Cluster, ClusterObservation
from onboarding.services import observe as observing
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import lived_in, look, pod

pytestmark = pytest.mark.usefixtures("cast")


@pytest.fixture
def observed(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> Cluster:
    """A cluster that was looked at once."""
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    monkeypatch.setattr(reachability, "database_now", lambda: now)
    lived_in(fake).put(pod("monitoring", "prometheus"))
    look(cluster, now)
    return cluster


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("reachability", *arguments, stdout=out)
    return out.getvalue()


def answered(*arguments: str) -> Any:
    return json.loads(run("--cluster", "dev-eu", "-o", "json", *arguments))


def refused(*arguments: str) -> CommandError:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    return error.value


def test_the_document_says_what_was_seen_when(observed: Cluster) -> None:
    said = answered()
    assert said["observed"] == {
        "cluster": "dev-eu",
        "seenAt": "2026-11-24T09:00:00Z",
        "version": 1,
        "trouble": "",
    }
    assert said["schema"] == "bulkhead.reachability/v1"
    assert {one["namespace"] for one in said["endpoints"]} == {"legacy", "monitoring", ""}


def test_observed_pods_are_named_by_their_labels(observed: Cluster) -> None:
    ids = {one["id"] for one in answered()["endpoints"] if one["namespace"]}
    assert len(ids) == 2
    assert all(one.startswith(("legacy/[", "monitoring/[")) for one in ids)


def test_one_namespace_is_answered_in_both_directions(observed: Cluster) -> None:
    records = answered("--namespace", "legacy")["records"]
    assert records
    for one in records:
        assert any(one[end].startswith("legacy/") for end in ("from", "to"))
    ends = {(one["from"], one["to"]) for one in records}
    siblings = ("legacy/[app=web]", "legacy/[app=web]")
    assert {siblings, ("monitoring/[app=web]", siblings[0])} <= ends
    assert ("monitoring/[app=web]", "0.0.0.0/0") not in ends


def test_the_table_begins_with_the_age_and_what_hinders_a_newer_look(
    observed: Cluster,
) -> None:
    observed.observation.trouble = "it cannot be reached"
    observed.observation.save()
    lines = run("--cluster", "dev-eu").splitlines()
    assert lines[0] == "observed on dev-eu, seen at 2026-11-24T09:00:00Z"
    assert "note: not newer, because: it cannot be reached" in lines


@pytest.mark.parametrize("trouble", ["it cannot be reached", ""])
def test_what_nobody_looks_at_is_certain_of_nothing(
    trouble: str, observed: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClusterObservation.objects.update(trouble=trouble)
    if not trouble:
        monkeypatch.setattr(reachability, "database_now", lambda: now + timedelta(hours=3))
    said = answered("--namespace", "legacy")
    assert {one["certainty"] for one in said["records"]} == {"incomplete"}
    assert said["observed"]["trouble"] == trouble or "nobody has looked at it since"
    assert (
        "what has changed on dev-eu since it was seen at 2026-11-24T09:00:00Z"
        in (said["records"][0]["caveat"])
    )


def test_an_expectation_that_fails_ends_with_one(observed: Cluster) -> None:
    question = ("--from", "8.8.8.8", "--to", "legacy", "--port", "9", "--expect")
    verdicts = {one["verdict"] for one in answered(*question[:-1])["records"]}
    [verdict] = verdicts
    other = "blocked" if verdict == "allowed" else "allowed"
    run("--cluster", "dev-eu", *question, verdict)
    error = refused("--cluster", "dev-eu", *question, other)
    assert error.returncode == 1
    assert f"is {verdict}" in str(error)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--cluster", "nowhere"), "nowhere: no such cluster; registered: dev-eu"),
        (("--cluster", "dev-eu"), "nothing was observed yet"),
    ],
)
def test_what_was_never_seen_cannot_be_answered(
    cluster: Cluster, arguments: tuple[str, ...], words: str
) -> None:
    error = refused(*arguments)
    assert error.returncode == 2
    assert words in str(error)


def test_a_question_about_somebody_who_is_not_there_is_refused(observed: Cluster) -> None:
    error = refused("--cluster", "dev-eu", "--from", "nobody/here")
    assert error.returncode == 2
    assert "there is no such pod" in str(error)
