"""`--expect`: a gate is green only for what is certain and complete."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onboarding.reachability.answering import ReportOptions
from onboarding.reachability.asking import Query, read_port
from onboarding.reachability.cli import main
from onboarding.reachability.gate import ExitCode, judge_answers
from onboarding.reachability.model import Certainty
from onboarding.reachability.reading import load
from tests.support.gate_cases import ADMIN, CASES, CILIUM, SCAN, WORLD, GateCase, other
from tests.support.gate_runs import arguments, written

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Say:
    """Answer a question about objects: exit code, standard output, standard error."""

    def say(objects: list[dict[str, Any]], *more: str) -> tuple[int, str, str]:
        code = main([written(tmp_path, objects), *more])
        return code, *capsys.readouterr()

    return say


@pytest.mark.parametrize("one", CASES, ids=str)
def test_the_gate_ends_with_the_code_that_is_due_and_says_why(one: GateCase, say: Say) -> None:
    code, _, err = say(one.objects, *arguments(one))
    assert code == one.code
    assert one.words in err
    assert bool(err) == bool(code)


def test_no_record_that_is_incomplete_says_certain(say: Say) -> None:
    _, out, _ = say([*WORLD, other(*CILIUM, "scan")], "-o", "json")
    records = json.loads(out)["records"]
    touching = {"scan/s" in (one["from"], one["to"]): set() for one in records}
    for one in records:
        touching["scan/s" in (one["from"], one["to"])].add((one["certainty"], one["complete"]))
    assert touching == {True: {("incomplete", False)}, False: {("certain", True)}}


def test_the_answer_says_which_policy_is_not_understood(say: Say) -> None:
    source, destination, port = SCAN
    question = ("--from", source, "--to", destination, "--port", port)
    _, out, _ = say([*WORLD, ADMIN], *question)
    assert "certainty  incomplete: not everything that decides this is known" in out
    assert "but        not understood, and could decide otherwise: AdminNetworkPolicy x" in out


def test_a_difference_tells_what_became_incomplete(say: Say, tmp_path: Path) -> None:
    after = tmp_path / "after"
    after.mkdir()
    written(after, [*WORLD, other(*CILIUM, "scan")])
    _, out, _ = say(WORLD, "--diff", str(after))
    assert "unsure" in out


def test_what_was_seen_before_a_look_failed_passes_no_gate(tmp_path: Path) -> None:
    source, destination, port = SCAN
    loaded = load(written(tmp_path, WORLD))
    fresh = ReportOptions(Query(source, destination, port=read_port(port)))
    old = replace(fresh, observed={"trouble": "it cannot be reached"})
    assert judge_answers(loaded, fresh, "blocked").code is ExitCode.ANSWERED
    judged = judge_answers(loaded, old, "blocked")
    assert judged.code is ExitCode.CANNOT_TELL
    assert "it cannot be reached" in judged.sentences[0]


def test_a_service_is_asked_about_by_its_pods(say: Say) -> None:
    selected = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    front = {"apiVersion": "v1", "kind": "Service", "spec": selected}
    front["metadata"] = {"name": "front", "namespace": "shop"}
    code, _, err = say([*WORLD, front], "--to", "shop/front")
    assert code == ExitCode.BAD_INPUT
    assert "this is a Service; policies apply to its pods" in err


def test_the_documentation_lists_every_code_and_certainty() -> None:
    text = (Path(__file__).parents[2] / "docs/reachability.md").read_text()
    rows = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")}
    assert {str(code.value) for code in ExitCode} <= rows
    assert all(f"`{one.value}`: {one.words}" in text for one in Certainty)
