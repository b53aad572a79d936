"""`python -m onboarding.reachability`: the same answer for people and for pipelines."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from onboarding.reachability.cli import main

ROOT = Path(__file__).parents[2]
ARTICLE = str(ROOT / "tests/data/article")
BEFORE, AFTER = (str(ROOT / "tests/data/reachability" / name) for name in ("before", "after"))
ASKED = ("--from", "payments-prod/web", "--to", "payments-prod/db", "--port", "5432")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def document(run: Run) -> Callable[..., Any]:
    def document(*arguments: str) -> Any:
        code, out, _ = run(*arguments, "-o", "json")
        assert code == 0
        return json.loads(out)

    return document


def pairs(records: list[dict[str, Any]], verdict: str = "allowed") -> set[tuple[str, str]]:
    return {(one["from"], one["to"]) for one in records if one["verdict"] == verdict}


def test_the_articles_three_steps_let_the_controller_in_and_nothing_else(
    document: Callable[..., Any],
) -> None:
    said = document(ARTICLE)
    touching = {pair for pair in pairs(said["records"]) if any("ns-app1" in end for end in pair)}
    assert touching == {("ingress-nginx/ctrl", "ns-app1/web")}
    assert (said["schema"], said["complete"], said["foreign"]) == (
        "bulkhead.reachability/v1",
        True,
        [],
    )


def test_every_pair_protocol_and_port_has_exactly_one_record(document: Callable[..., Any]) -> None:
    said = document(BEFORE)
    ids = {one["id"]: one["kind"] for one in said["endpoints"]}
    assert set(ids.values()) == {"Pod", "Deployment", "addresses"}
    ranges: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for one in said["records"]:
        key = (one["from"], one["to"], one["protocol"])
        ranges.setdefault(key, []).append((one["port"], one["endPort"]))
    expected = {
        (source, target, protocol)
        for source in ids
        for target in ids
        for protocol in ("TCP", "UDP", "SCTP")
        if (source != target or ids[source] == "Deployment")
        and "addresses" not in (ids[source], ids[target])
    }
    outside = {key for key in ranges if "addresses" in (ids[key[0]], ids[key[1]])}
    assert set(ranges) - outside == expected
    assert not any(ids[key[0]] == ids[key[1]] == "addresses" for key in outside)
    for found in ranges.values():
        starts, ends = zip(*found, strict=True)
        assert (starts[0], ends[-1]) == (1, 65535)
        assert all(end + 1 == start for end, start in zip(ends, starts[1:], strict=False))


def test_a_record_holds_verdict_and_the_deciding_rules(document: Callable[..., Any]) -> None:
    [record] = document(AFTER, *ASKED)["records"]
    reason = record.pop("reason")
    assert record == {
        "from": "payments-prod/Deployment/web",
        "to": "payments-prod/db",
        "protocol": "TCP",
        "port": 5432,
        "endPort": 5432,
        "verdict": "allowed",
        "certainty": "certain",
        "complete": True,
        "caveat": "",
        "egress": side("Egress", "payments-prod/deny-all", "payments-prod/allow-web-out"),
        "ingress": side("Ingress", "payments-prod/allow-db-in", "payments-prod/deny-all"),
    }
    assert "payments-prod/allow-db-in ingress[0]" in reason


def side(direction: str, *isolating: str) -> dict[str, Any]:
    """One end that the policy that is no deny-all lets through."""
    [policy] = [name for name in isolating if not name.endswith("deny-all")]
    allowing = [{"policy": policy, "direction": direction, "rule": 0}]
    return {"isolating": [*isolating], "allowing": allowing, "exempt": ""}


@pytest.mark.parametrize("arguments", [(BEFORE,), (BEFORE, "--diff", AFTER)], ids=["one", "two"])
def test_yaml_is_the_same_document_as_json(run: Run, arguments: tuple[str, ...]) -> None:
    (_, as_json, _), (_, as_yaml, _) = (run(*arguments, "-o", form) for form in ("json", "yaml"))
    assert yaml.safe_load(as_yaml) == json.loads(as_json)


def test_a_single_question_is_answered_in_a_sentence_with_both_sides(run: Run) -> None:
    code, out, err = run(BEFORE, *ASKED)
    assert (code, err) == (0, "")
    assert "BLOCKED: payments-prod/Deployment/web cannot reach payments-prod/db on TCP 5432" in out
    assert "allowed by payments-prod/allow-web-out egress[0]" in out
    assert "isolated by payments-prod/deny-all; no rule allows this" in out


@pytest.mark.parametrize(
    ("who", "ids"),
    [
        ("payments-prod", {"payments-prod/Deployment/web", "payments-prod/db"}),
        ("payments-prod/web", {"payments-prod/Deployment/web"}),
        ("payments-prod/Deployment/web", {"payments-prod/Deployment/web"}),
        ("8.8.8.8", {"8.8.8.8/32"}),
        ("10.9.9.1/8", {"10.0.0.0/8"}),
    ],
)
def test_senders_are_named_in_many_ways(
    document: Callable[..., Any], who: str, ids: set[str]
) -> None:
    said = document(BEFORE, "--from", who)
    assert {one["from"] for one in said["records"]} == ids


def test_an_address_of_a_pod_means_that_pod(document: Callable[..., Any]) -> None:
    said = document(ARTICLE, "--from", "10.1.0.3", "--to", "ns-app1/web")
    assert {one["from"] for one in said["records"]} == {"ns-app1/db"}


def test_the_address_of_a_node_means_the_node_also_where_only_pods_mention_it(
    document: Callable[..., Any],
) -> None:
    said = document(ARTICLE, "--from", "10.0.0.1", "--to", "ns-app1/api", "--port", "80")
    assert [(one["from"], one["verdict"]) for one in said["records"]] == [
        ("Node/10.0.0.1", "allowed")
    ]
    assert not any(one["kind"] == "Node" for one in document(ARTICLE)["endpoints"])


def test_a_port_can_be_asked_for_by_its_name_on_the_receiver(document: Callable[..., Any]) -> None:
    said = document(BEFORE, "--to", "payments-prod", "--port", "sql")
    assert {(one["to"], one["port"]) for one in said["records"]} == {("payments-prod/db", 5432)}
    assert (
        "not answered, because they have no port of this name: 1 of the receivers" in said["notes"]
    )


def test_one_namespace_is_answered_in_both_directions(document: Callable[..., Any]) -> None:
    every = document(ARTICLE)["records"]
    around = document(ARTICLE, "--namespace", "ns-app2")["records"]
    assert around
    by_pair = sorted(map(json.dumps, around))
    assert by_pair == sorted(
        json.dumps(one) for one in every if "ns-app2/other" in (one["from"], one["to"])
    )


def test_the_table_counts_what_it_does_not_list(run: Run) -> None:
    _, shown, _ = run(ARTICLE)
    assert shown.endswith(
        "19 pairs with something allowed, 35 blocked on every port (--all lists them)\n"
    )
    _, everything, _ = run(ARTICLE, "--all")
    assert everything.count("blocked every port: blocked at the") == 35
    ends = f"{'ingress-nginx/ctrl':<21}{'ns-app1/web':<21}"
    assert f"\n{ends}every port: by ns-app1/allow-ingress-app1 ingress[0]\n" in shown


def test_a_difference_shows_only_the_path_that_opened(
    document: Callable[..., Any], run: Run
) -> None:
    [change] = document(BEFORE, "--diff", AFTER)["records"]
    assert (change["from"], change["to"]) == ("payments-prod/Deployment/web", "payments-prod/db")
    assert (change["protocol"], change["port"], change["endPort"]) == ("TCP", 5432, 5432)
    assert (change["before"]["verdict"], change["after"]["verdict"]) == ("blocked", "allowed")
    _, out, _ = run(AFTER, "--diff", BEFORE)
    assert "closed   payments-prod/Deployment/web -> payments-prod/db  TCP 5432" in out
    assert out.endswith("\n1 closed\n")


def test_a_pod_that_comes_or_goes_is_a_difference(
    document: Callable[..., Any], tmp_path: Path
) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\n"
    for folder, names in (("old", ("web", "gone")), ("new", ("web", "come"))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.yaml").write_text(pod % name)
    said = document(str(tmp_path / "old"), "--diff", str(tmp_path / "new"))
    worlds = {one["id"]: one["in"] for one in said["endpoints"]}
    assert (worlds["default/gone"], worlds["default/come"], worlds["default/web"]) == (
        "before",
        "after",
        "both",
    )
    for one in said["records"]:
        ends = {one["from"], one["to"]}
        assert (one["before"] is None) == ("default/come" in ends)
        assert (one["after"] is None) == ("default/gone" in ends)


def test_an_answer_that_becomes_certain_is_a_difference(run: Run, tmp_path: Path) -> None:
    peers = {"old": "ipBlock: {cidr: 10.0.0.0/8}", "new": "podSelector: {}"}
    for folder, peer in peers.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "all.yaml").write_text(
            "{apiVersion: v1, kind: Pod, metadata: {name: web}, status: {podIP: 10.1.0.1}}\n---\n"
            "{apiVersion: v1, kind: Pod, metadata: {name: api}, status: {podIP: 10.1.0.2}}\n---\n"
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n"
            f"spec: {{podSelector: {{}}, ingress: [{{from: [{{{peer}}}]}}]}}\n"
        )
    old, new = (str(tmp_path / folder) for folder in peers)
    _, told, _ = run(old, "--diff", new, "--from", "default/web", "--to", "default/api")
    assert "settled  default/web -> default/api  every port: by default/p ingress[0]" in told
    assert told.endswith("\n1 settled\n")


def test_pod_ranges_say_where_pods_without_an_address_may_be(
    document: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "all.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: web}}\n---\n"
        "{apiVersion: v1, kind: Pod, metadata: {name: api}}\n---\n"
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n"
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}]}\n"
    )
    asked = (str(tmp_path), "--from", "default/web", "--to", "default/api", "--port", "1")
    verdicts = {
        cidr: document(*asked, "--pod-range", cidr)["records"][0]["verdict"]
        for cidr in ("10.1.0.0/16", "10.2.0.0/16")
    }
    assert verdicts == {"10.1.0.0/16": "allowed", "10.2.0.0/16": "blocked"}


def test_policies_alone_can_be_answered_for_pods_they_speak_of(
    document: Callable[..., Any],
) -> None:
    policy = f"{AFTER}/allow-db-in.yaml"
    assert document(policy)["records"] == []
    said = document(policy, "--assume-pods", "--port", "5432")
    assert ("payments-prod/assumed/app=web", "payments-prod/assumed/app=db") in pairs(
        said["records"]
    )


def test_policies_of_other_makers_make_the_answer_incomplete(
    run: Run, document: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: web}}\n---\n"
        "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c}}\n"
    )
    said = document(str(tmp_path))
    assert (said["complete"], said["foreign"]) == (False, ["CiliumNetworkPolicy c"])
    assert "INCOMPLETE: " in run(str(tmp_path))[1].splitlines()[1]


def test_findings_stand_in_the_document_and_alone_where_only_they_are_wanted(
    document: Callable[..., Any],
) -> None:
    said = document(ARTICLE, "--lint-only")
    assert said["records"] == []
    assert {"code", "severity", "message", "policy"} <= said["findings"][0].keys()


@pytest.mark.parametrize(
    ("folder", "expected", "code"),
    [(BEFORE, "blocked", 0), (BEFORE, "allowed", 1), (AFTER, "allowed", 0), (AFTER, "blocked", 1)],
)
def test_a_pipeline_can_expect_an_answer(run: Run, folder: str, expected: str, code: int) -> None:
    said, _, err = run(folder, *ASKED, "--expect", expected)
    assert said == code
    assert bool(err) == bool(code)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "payments-prod/wep"), "did you mean payments-prod/web or"),
        (("--from", "payments"), "there is no such pod"),
        (("--port", "70000"), "a number from 1 to 65535"),
        (("--port", "80/ICMP"), "a port is e.g. 8080/TCP"),
        (("--expect", "allowed"), "--expect needs --from, --to and --port"),
        (("--from", "payments-prod/db", "--to", "payments-prod/db"), "can always reach itself"),
        (("--from", "1.1.1.1", "--to", "8.8.8.8"), "a pod at one end"),
        (("--namespace", "payments-prod", "--to", "1.1.1.1"), "cannot be combined"),
        (("--pod-range", "x"), "--pod-range x: is not a CIDR"),
        (("--diff", AFTER, "--from", "nobody/here"), "is in neither of the two"),
        (("--diff", AFTER, "--port", "sql"), "needs a port number"),
        (("--diff", AFTER, *ASKED, "--expect", "allowed"), "cannot be combined"),
        ((*ASKED[:4], "--port", "nope", "--expect", "blocked"), "nothing is as expected"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = run(BEFORE, *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_one_broken_file_means_no_answer_at_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text((ROOT / f"{BEFORE}/payments.yaml").read_text())
    printed = (Path(ARTICLE) / "step2-as-printed.txt").read_text()
    (tmp_path / "b.yaml").write_text(printed)
    code, out, err = run(str(tmp_path))
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path}/b.yaml:17: this is not valid YAML: ")
    assert err.endswith("\nnothing was answered\n")


def test_both_sides_of_a_difference_tell_their_mistakes_at_once(run: Run, tmp_path: Path) -> None:
    code, _, err = run(str(tmp_path / "a"), "--diff", str(tmp_path / "b"))
    assert code == 2
    assert "2 mistakes" in err


def in_a_process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "onboarding.reachability", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **options)


def test_standard_input_is_read_and_django_is_not_needed() -> None:
    text = Path(BEFORE, "payments.yaml").read_text()
    blocker = (
        "import sys; sys.modules['django'] = None; from onboarding.reachability.cli import main; "
    )
    command = [sys.executable, "-c", f"{blocker}sys.exit(main(['-', '--port', '5432']))"]
    done = subprocess.run(
        command, cwd=ROOT, input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 pods, 1 namespace, 2 policies\n")


def test_a_reader_that_goes_away_gets_no_complaint() -> None:
    command = (
        f"{shlex.quote(sys.executable)} -m onboarding.reachability {ARTICLE} -o json | head -1"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def examples() -> list[Any]:
    """Each `$ python -m onboarding.reachability …` of the page, with the lines shown below it."""
    page = (ROOT / "docs/reachability.md").read_text()
    blocks = re.findall(
        r"```console\n\$ python -m onboarding\.reachability (.*?)\n(.*?)```", page, re.DOTALL
    )
    return [pytest.param(*block, id=block[0]) for block in blocks]


@pytest.mark.parametrize(("arguments", "shown"), examples())
def test_the_documentation_shows_what_is_really_printed(arguments: str, shown: str) -> None:
    done = in_a_process(*shlex.split(arguments))
    assert done.stdout + done.stderr == shown


def test_the_documentation_names_every_field_of_a_document(document: Callable[..., Any]) -> None:
    page = (ROOT / "docs/reachability.md").read_text()
    for said in (document(AFTER), document(BEFORE, "--diff", AFTER)):
        fields = {*said, *said["endpoints"][0], *said["records"][0]}
        missing = [name for name in sorted(fields) if f"`{name}`" not in page]
        assert missing == []
