"""Codes of lint: what is documented is true. Each bad example has its finding, each mended none."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from onboarding.reachability.lint import CODES, Code, Finding, Severity, check_world
from onboarding.reachability.lint.documentation import render
from onboarding.reachability.lint.stage import STAGE
from onboarding.reachability.reading import load

ARTICLE = Path(__file__).parents[1] / "data" / "article"
PAGE = Path(__file__).parents[2] / "docs" / "lint.md"
# Code → where its bad example goes wrong: policy, rule, field.
PLACES = {
    "BH001": ("payments-prod/allow-web", 0, "spec.ingress[0]"),
    "BH002": ("payments-prod/allow-web", 0, "spec.ingress[0].from[0].namespaceSelector"),
    "BH003": ("payments-prod/allow-web", 0, "spec.ingress[0].from[0].namespaceSelector"),
    "BH004": ("payments-prod/allow-web", 0, "spec.ingress[0].from[1].podSelector"),
    "BH005": ("payments-prod/allow-from-internet", 0, "spec.ingress[0].from[0].ipBlock.cidr"),
    "BH006": ("payments-prod/allow-from-office", 0, "spec.ingress[0].from[0].ipBlock"),
    "BH007": ("payments-prod/allow-internet", 0, "spec.egress[0].to[0].ipBlock"),
    "BH008": ("payments-prod/allow-offices", 0, "spec.ingress[0].from[1].ipBlock"),
    "BH009": ("payments-prod/allow-web", None, "spec.podSelector"),
    "BH010": ("payments-prod/allow-web", 0, "spec.ingress[0].from[0]"),
    "BH011": ("payments-prod/allow-edge", 0, "spec.ingress[0].from[0]"),
    "BH012": ("payments-prod/deny-incoming", None, "spec.podSelector"),
    "BH013": ("payments-prod/deny-all", None, "spec.policyTypes"),
    "BH014": ("payments-prod/allow-web", 0, "spec.egress"),
    "BH015": ("payments-prod/web", None, "spec"),
    "BH016": ("payments-prod/allow-web", 0, "spec.ingress[0].ports[0].port"),
    "BH017": ("payments-prod/allow-web", 0, "spec.ingress[0].ports[0].port"),
    "BH018": ("payments-prod/deny-outgoing", None, "spec.egress"),
    "BH019": ("payments-prod/allow-api", 0, "spec.ingress[0].from[0]"),
    "BH020": ("payments-prod/allow-web", 0, "spec.ingress[0]"),
    "BH021": ("payments-prod/allow-api", None, "spec"),
}
Play = Callable[[str], tuple[Finding, ...]]
every_code = pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Read an example on its stage as a person would from a folder, and check it."""

    def findings(example: str) -> tuple[Finding, ...]:
        (tmp_path / "stage.yaml").write_text(STAGE)
        (tmp_path / "example.yaml").write_text(example)
        return check_world(load(str(tmp_path)).world)

    return findings


@every_code
def test_the_bad_example_has_exactly_its_finding_in_its_place(code: Code, play: Play) -> None:
    [finding] = play(code.bad)
    assert finding.code is code
    assert finding.severity is code.severity
    rule = finding.rule.index if finding.rule else None
    assert (str(finding.policy), rule, finding.field) == PLACES[code.id]


@every_code
def test_the_mended_example_has_no_finding(code: Code, play: Play) -> None:
    assert play(code.mended) == ()


@every_code
def test_every_document_of_an_example_is_a_whole_object(code: Code) -> None:
    for example in (code.bad, code.mended):
        for document in yaml.safe_load_all(example):
            assert document["apiVersion"]
            assert document["metadata"]["name"]


def test_the_stage_has_no_findings_of_its_own(play: Play) -> None:
    assert play("") == ()


@every_code
def test_a_finding_tells_a_person_what_happens_and_what_to_do(code: Code, play: Play) -> None:
    [finding] = play(code.bad)
    sentences = re.split(r"(?<=[.])\s", finding.message)
    assert 2 <= len(sentences) <= 3
    assert finding.message.endswith(".")


def test_ids_and_names_are_stable_and_each_is_used_once() -> None:
    assert [code.id for code in CODES] == [f"BH{number:03}" for number in range(1, 22)]
    assert len({code.name for code in CODES}) == len(CODES)
    assert {code.id: code.name for code in CODES} == {
        "BH001": "allows-everybody",
        "BH002": "allows-every-namespace",
        "BH003": "unpinned-namespace",
        "BH004": "or-instead-of-and",
        "BH005": "whole-internet",
        "BH006": "cluster-addresses",
        "BH007": "metadata-address",
        "BH008": "two-exceptions",
        "BH009": "policy-selects-nothing",
        "BH010": "peer-selects-nothing",
        "BH011": "host-network-peer",
        "BH012": "host-network-pods",
        "BH013": "types-missing",
        "BH014": "inert-rules",
        "BH015": "both-directions",
        "BH016": "service-port",
        "BH017": "unserved-port-name",
        "BH018": "dns-missing",
        "BH019": "one-sided",
        "BH020": "mixed-environments",
        "BH021": "redundant",
    }


def test_what_opens_more_than_anybody_means_is_an_error() -> None:
    errors = {code.name for code in CODES if code.severity is Severity.ERROR}
    assert errors == {
        "allows-everybody",
        "whole-internet",
        "metadata-address",
        "mixed-environments",
    }


def test_the_page_is_what_the_codes_say() -> None:
    assert PAGE.read_text() == render(CODES), (
        "python -m onboarding.reachability.lint > docs/lint.md"
    )


def test_a_finding_is_json_with_its_place(play: Play) -> None:
    [finding] = play(CODES[0].bad)
    assert finding.to_json() == {
        "code": "BH001",
        "name": "allows-everybody",
        "severity": "error",
        "message": finding.message,
        "policy": "payments-prod/allow-web",
        "direction": "Ingress",
        "rule": 0,
        "field": "spec.ingress[0]",
    }


def test_the_article_is_told_what_it_overlooks() -> None:
    found = {(one.code.name, str(one.policy)) for one in check_world(load(str(ARTICLE)).world)}
    assert found == {
        ("dns-missing", "ns-app1/deny-all"),
        ("unpinned-namespace", "ns-app1/allow-internal-ingress"),
        ("one-sided", "ns-app1/allow-internal-ingress"),
        ("unpinned-namespace", "ns-app1/allow-ingress-app1"),
    }
