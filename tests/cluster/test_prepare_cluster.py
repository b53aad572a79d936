"""`manage.py prepare_cluster` on the real server: what it installs, stores, checks, refuses."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.utils import timezone

from onboarding.cluster.errors import ClusterError
from onboarding.cluster.gateway import Gateway
from onboarding.cluster.installation import load_manifests, serves_fence_gate
from onboarding.cluster.kinds import KINDS, Resource
from onboarding.domain.objects import Key, Manifest, copied, key_of, text
from onboarding.models import Cluster, ClusterGuards, ClusterObservation, ManagedNamespace
from onboarding.services.credentials import encrypted_token, open_gateway, stored_token
from tests.cluster.conftest import MANIFESTS, Prepared, Registration, eventually
from tests.support.live_portal import fresh, onboard

pytestmark = pytest.mark.django_db

RBAC = "/apis/rbac.authorization.k8s.io/v1"
POLICY = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/bulkhead-confined"
INGRESS = "ingress-nginx:app.kubernetes.io/name=ingress-nginx"
KEY = b"k" * 32


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.BULKHEAD_CREDENTIAL_KEYS = [KEY]


def prepare(prepared: Prepared, name: str = "kind-dev", **options: Any) -> list[str]:
    """Run the command and return the lines it printed. Raise CommandError as a shell would see."""
    said = StringIO()
    try:
        call_command(
            "prepare_cluster", name, kubeconfig=prepared.kubeconfig, stdout=said, **options
        )
    finally:
        print(said.getvalue())
    return said.getvalue().splitlines()


def lines_about_objects(lines: list[str]) -> dict[str, str]:
    kinds = {text(manifest, "kind") for manifest in load_manifests(MANIFESTS)}
    about = [line for line in lines if line.split(" ")[0] in kinds]
    return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in about}


def versions(prepared: Prepared) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for manifest in load_manifests(MANIFESTS):
        key = key_of(manifest)
        found[key] = text(prepared.admin.get(key) or {}, "metadata", "resourceVersion")
    return found


def test_it_registers_the_cluster_with_what_a_plan_must_know(prepared: Prepared) -> None:
    prepare(prepared, ingress=[INGRESS], pod_range=["10.244.0.0/16"], group_prefix="oidc:")
    facts = Cluster.objects.get(name="kind-dev").known_facts()
    assert (facts.dns_namespace, facts.dns_labels) == ("kube-system", {"k8s-app": "kube-dns"})
    assert "10.244.0.0/16" in facts.ranges
    assert facts.group_prefix == "oidc:"
    source = facts.ingress["ingress-nginx"]
    assert source.pod_labels == {"app.kubernetes.io/name": "ingress-nginx"}


def test_it_reads_the_service_range_from_the_server(prepared: Prepared) -> None:
    prepare(prepared)
    listed = prepared.raw.get("/apis/networking.k8s.io/v1/servicecidrs").body["items"]
    ranges = [cidr for item in listed for cidr in item["spec"]["cidrs"]]
    assert Cluster.objects.get().facts["service_ranges"] == ranges


def test_the_stored_credential_is_sealed_and_opens_the_door(prepared: Prepared) -> None:
    prepare(prepared)
    cluster = Cluster.objects.get()
    assert b"eyJ" not in bytes(cluster.credential)
    assert cluster.credential_version == 1
    assert open_gateway(cluster).get(Key("Namespace", "", "kube-system")) is not None


def test_running_it_twice_changes_nothing(prepared: Prepared) -> None:
    prepare(prepared, ingress=[INGRESS])
    before, row = versions(prepared), Cluster.objects.values().get()
    lines = prepare(prepared, ingress=[INGRESS])
    assert set(lines_about_objects(lines).values()) == {"unchanged"}
    assert "cluster kind-dev unchanged" in lines
    assert "ingress source ingress-nginx unchanged" in lines
    assert (versions(prepared), Cluster.objects.values().get()) == (before, row)


def test_options_left_out_keep_what_is_stored(prepared: Prepared) -> None:
    prepare(prepared, group_prefix="oidc:", dns="dns-system:app=coredns", node_range=["10.9.0.1"])
    before = Cluster.objects.get().facts
    prepare(prepared)
    assert Cluster.objects.get().facts == before


def test_a_missing_object_is_created_and_a_changed_one_configured(prepared: Prepared) -> None:
    prepared.cluster_admin.delete(f"{RBAC}/clusterroles/bulkhead:viewer-core")
    prepared.cluster_admin.merge(f"{RBAC}/clusterroles/bulkhead:developer-core", {"rules": []})
    said = lines_about_objects(prepare(prepared))
    assert said.pop("ClusterRole bulkhead:viewer-core") == "created"
    assert said.pop("ClusterRole bulkhead:developer-core") == "configured"
    assert set(said.values()) == {"unchanged"}


@pytest.mark.parametrize(
    "weakened",
    [
        {"failurePolicy": "Ignore"},
        {"matchConstraints": {"excludeResourceRules": [
            {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]},
        ]}},
        {"matchConstraints": {"namespaceSelector": {"matchLabels": {"never": "true"}}}},
        {"validations": [{"expression": "true"}]},
    ],
)  # fmt: skip
def test_a_weakened_admission_policy_is_repaired(prepared: Prepared, weakened: Any) -> None:
    before = prepared.raw.get(POLICY).body["spec"]
    assert prepared.cluster_admin.merge(POLICY, {"spec": weakened}).status == 200
    said = lines_about_objects(prepare(prepared))
    assert said["ValidatingAdmissionPolicy bulkhead-confined"] == "configured"
    assert prepared.raw.get(POLICY).body["spec"] == before


def test_what_apply_cannot_take_back_ends_the_run(prepared: Prepared) -> None:
    before = prepared.raw.get(POLICY).body["spec"]["matchConditions"]
    never: Manifest = {"name": "never", "expression": "false"}
    prepared.cluster_admin.merge(POLICY, {"spec": {"matchConditions": [*before, never]}})
    try:
        with pytest.raises(CommandError, match="somebody else holds the fields"):
            prepare(prepared)
        assert not Cluster.objects.exists()
    finally:
        prepared.cluster_admin.merge(POLICY, {"spec": {"matchConditions": before}})


def test_a_token_past_half_of_its_life_is_replaced(prepared: Prepared, settings: Any) -> None:
    prepare(prepared)
    cluster = Cluster.objects.get()
    assert cluster.credential_expires_at is not None
    Cluster.objects.update(credential_expires_at=cluster.credential_expires_at.replace(year=2020))
    lines = prepare(prepared)
    assert Cluster.objects.get().credential_version == 2
    assert any(line.startswith("credential stored") for line in lines)


def test_a_token_whose_stored_times_make_no_sense_is_replaced(prepared: Prepared) -> None:
    """As a process whose clock was two days ahead stored them."""
    prepare(prepared)
    row = Cluster.objects.get()
    assert row.credential_expires_at is not None
    token, issued_at = stored_token(row)
    ahead = timedelta(days=2)
    row.credential = encrypted_token(row, token, issued_at=issued_at + ahead)
    row.credential_expires_at += ahead
    row.save()
    lines = prepare(prepared)
    assert any(line.startswith("credential stored") for line in lines)
    ends_at = Cluster.objects.get().credential_expires_at
    assert ends_at is not None
    assert ends_at - timezone.now() < timedelta(hours=24)


def test_a_token_nobody_can_unseal_is_replaced(prepared: Prepared, settings: Any) -> None:
    prepare(prepared)
    settings.BULKHEAD_CREDENTIAL_KEYS = [b"n" * 32]
    prepare(prepared)
    assert open_gateway(Cluster.objects.get()).list("Namespace")


def test_the_self_check_names_every_right_it_asked_about(prepared: Prepared) -> None:
    lines = prepare(prepared)
    checked = [line for line in lines if line.startswith("ok ")]
    assert any("granted  networkpolicies.networking.k8s.io: get list" in line for line in checked)
    assert any("refused  secrets: get list" in line for line in checked)
    assert not any(line.startswith("WRONG") for line in lines)
    assert lines[-1] == f"{len(checked)} lines, 0 wrong"


@pytest.fixture
def too_much(prepared: Prepared) -> Iterator[None]:
    """The portal may read secrets, because somebody bound its account to another role."""
    name, admin = "test-too-much", prepared.cluster_admin
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    admin.post(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": [rule]})
    account = {"kind": "ServiceAccount", "name": "bulkhead", "namespace": "bulkhead-system"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    bound = {"metadata": {"name": name}, "roleRef": role, "subjects": [account]}
    admin.post(f"{RBAC}/clusterrolebindings", bound)
    secret = "/api/v1/namespaces/default/secrets/absent"
    eventually(lambda: prepared.as_portal.get(secret).status == 404, "the right is in force")
    yield
    for kind in ("clusterrolebindings", "clusterroles"):
        admin.delete(f"{RBAC}/{kind}/{name}")
    eventually(lambda: prepared.as_portal.get(secret).status == 403, "the right is gone")


@pytest.mark.usefixtures("too_much")
def test_a_right_too_many_fails_the_run(prepared: Prepared) -> None:
    said = StringIO()
    with pytest.raises(CommandError, match="not as it must be"):
        call_command("prepare_cluster", "x", kubeconfig=prepared.kubeconfig, stdout=said)
    wrong = [line for line in said.getvalue().splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 1
    assert wrong[0].endswith("- granted: get")


def test_one_cluster_is_not_registered_under_two_names(prepared: Prepared) -> None:
    prepare(prepared)
    with pytest.raises(CommandError, match="this is the cluster registered as kind-dev"):
        prepare(prepared, "second-name")
    assert Cluster.objects.count() == 1


def test_a_name_is_not_moved_to_another_cluster(prepared: Prepared) -> None:
    Cluster.objects.create(name="kind-dev", facts={"uid": "another"})
    with pytest.raises(CommandError, match="registered for another cluster"):
        prepare(prepared)


def test_without_a_key_nothing_is_installed_or_registered(
    prepared: Prepared, settings: Any
) -> None:
    settings.BULKHEAD_CREDENTIAL_KEYS = []
    with pytest.raises(CommandError, match="BULKHEAD_CREDENTIAL_KEYS is not set"):
        prepare(prepared)
    assert not Cluster.objects.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ingress": ["Bad_Name"]}, "is not namespace:label=value"),
        ({"ingress": ["web:app"]}, "is not namespace:label=value"),
        ({"ingress": ["web:a=b c"]}, "is not namespace:label=value"),
        ({"dns": ":k=v"}, "is not namespace:label=value"),
        ({"dns": "kube-system:k8s..io/app=dns"}, "is not namespace:label=value"),
        ({"dns": "kube-system:a=1,b=2,c=3,d=4,e=5"}, "dns_labels: must be a mapping"),
        ({"ingress": ["web:a=1,b=2,c=3,d=4,e=5"]}, "pod_labels: must be a mapping"),
        ({"pod_range": [f"20.{n}.0.0/16" for n in range(0, 128, 2)]}, "ranges: must be a list"),
        ({"pod_range": ["10.0.0.1/8"]}, "write ranges like 10.0.0.0/8"),
        ({"node_range": ["everything"]}, "write ranges like 10.0.0.0/8"),
        ({"group_prefix": "system:"}, "cannot be a prefix of groups"),
        ({"group_prefix": "bulkhead:"}, "cannot be a prefix of groups"),
        ({"group_prefix": " x"}, "cannot be a prefix of groups"),
    ],
)
def test_a_bad_option_is_named_and_nothing_is_registered(
    prepared: Prepared, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        prepare(prepared, **options)
    assert not Cluster.objects.exists()


def test_where_the_server_can_hold_pods_back_the_gate_is_installed(prepared: Prepared) -> None:
    said = lines_about_objects(prepare(prepared))
    assert said["MutatingAdmissionPolicy bulkhead-fence-gate"] == "unchanged"
    assert Cluster.objects.get().has_fence_gate


def test_a_server_that_is_too_old_for_the_gate_gets_none_of_it(
    prepared: Prepared, without_gate: None
) -> None:
    lines = prepare(prepared)
    assert "fence-gate" not in "".join(lines_about_objects(lines))
    assert any("Kubernetes 1.36 and newer do" in line for line in lines)
    assert "ok     refused  pods: patch" in lines
    assert Cluster.objects.get().facts["fence_gate"] is False


@pytest.fixture
def without_gate(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A version the server does not serve stands for one that it does not serve yet."""
    unknown = Resource("admissionregistration.k8s.io", "v9", "mutatingadmissionpolicies", False)
    with monkeypatch.context() as patched:
        patched.setitem(KINDS, "MutatingAdmissionPolicy", unknown)  # type: ignore[arg-type]
        prepared.cluster_admin.delete(f"{RBAC}/clusterrolebindings/bulkhead:fence-gate")
        yield
    prepare(prepared)


def test_a_gate_that_is_known_is_not_forgotten_while_pods_are_held_back(
    prepared: Prepared, without_gate: None, registration: Registration
) -> None:
    cluster = registration.write()
    Cluster.objects.update(name="kind-dev")
    with pytest.raises(CommandError, match="still holds pods back"):
        prepare(prepared)
    cluster.refresh_from_db()
    assert cluster.has_fence_gate


def test_one_answer_of_something_in_front_takes_no_gate_away(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [ClusterError("not found, says a proxy", status=404)]

    def in_front(gateway: Gateway, kind: str, namespace: str = "") -> list[Manifest]:
        if answers:
            raise answers.pop()
        return ask(gateway, kind, namespace)

    ask = Gateway.list
    monkeypatch.setattr(Gateway, "list", in_front)
    assert serves_fence_gate(prepared.admin)


def test_no_pod_is_held_back_before_workers_know_that_they_have_to_let_it_go(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    guards = POLICY.rpartition("/")[0]
    known: list[bool] = []
    for name in ("bulkhead-fence-gate-there", "bulkhead-fence-gate"):
        kind = "validating" if name.endswith("there") else "mutating"
        path = f"{guards.rpartition('/')[0]}/{kind}admissionpolicybindings/{name}"
        assert prepared.cluster_admin.delete(path).status == 200

    def noted(gateway: Gateway, manifest: Manifest, **options: Any) -> Manifest:
        if "bulkhead-fence-gate" in key_of(manifest).name:
            known.append(Cluster.objects.filter(facts__fence_gate=True).exists())
        return apply(gateway, manifest, **options)

    apply = Gateway.apply
    monkeypatch.setattr(Gateway, "apply", noted)
    prepare(prepared)
    assert known == [True, True]


def test_a_gate_that_comes_later_has_every_namespace_looked_at_at_once(
    prepared: Prepared, cast: object, registration: Registration
) -> None:
    cluster = registration.write()
    Cluster.objects.update(name="kind-dev", facts={**cluster.facts, "fence_gate": False})
    row = onboard(Cluster.objects.get(), "payments-later")
    hour = timezone.now() + timedelta(hours=1)
    for is_due in (True, False):  # the second time the gate is nothing new
        ManagedNamespace.objects.filter(pk=row.pk).update(next_at=hour)
        prepare(prepared)
        assert (fresh(row).next_at < timezone.now()) == is_due  # type: ignore[operator]


def test_a_bad_cluster_name_is_refused(prepared: Prepared) -> None:
    with pytest.raises(CommandError, match="is not a valid name for a cluster"):
        prepare(prepared, "Production Cluster")


def test_a_kubeconfig_comes_by_standard_input(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(prepared.kubeconfig.read_text()))
    call_command("prepare_cluster", "kind-dev", kubeconfig=Path("-"), stdout=StringIO())
    assert open_gateway(Cluster.objects.get()).get(Key("Namespace", "", "kube-system"))


def test_a_kubeconfig_that_starts_programs_is_refused(prepared: Prepared, tmp_path: Path) -> None:
    tree = yaml.safe_load(prepared.kubeconfig.read_text())
    tree["users"][0]["user"] = {"exec": {"command": "touch", "args": [str(tmp_path / "ran")]}}
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(tree))
    with pytest.raises(CommandError, match='"exec" in its user is not accepted'):
        call_command("prepare_cluster", "kind-dev", kubeconfig=file)
    assert not (tmp_path / "ran").exists()


def test_print_shows_all_manifests_and_touches_nothing() -> None:
    said = StringIO()
    call_command("prepare_cluster", "kind-dev", print=True, stdout=said)
    assert [tree for tree in yaml.safe_load_all(said.getvalue()) if tree] == load_manifests(
        MANIFESTS
    )
    assert not Cluster.objects.exists()


def test_policies_of_an_earlier_release_are_brought_up_to_date(prepared: Prepared) -> None:
    """That one exempted two controllers always, had fewer lines, and knew fewer kinds."""
    name = "bulkhead-owned-resources"
    path = f"{POLICY.rpartition('/')[0]}/{name}"
    before = prepared.raw.get(path).body["spec"]
    shipped = next(one for one in load_manifests(MANIFESTS) if key_of(one).name == name)
    older: Any = copied(shipped)
    exempt = {"name": "not-namespace-teardown", "expression": "request.operation != 'DELETE'"}
    older["spec"]["matchConditions"].append(exempt)
    older["spec"]["matchConstraints"]["resourceRules"] = before["matchConstraints"][
        "resourceRules"
    ][:2]
    older["spec"]["validations"][0]["expression"] = "false"
    older["spec"].pop("variables")
    prepared.admin.apply(older)
    said = lines_about_objects(prepare(prepared))
    assert said[f"ValidatingAdmissionPolicy {name}"] == "configured"
    assert prepared.raw.get(path).body["spec"] == before


def test_what_is_aggregated_into_a_role_of_all_teams_fails_the_run(prepared: Prepared) -> None:
    shell = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}
    labels = {"bulkhead.dev/aggregate-to-developer": "true"}
    wide = {"metadata": {"name": "test-wide", "labels": labels}, "rules": [shell]}
    assert prepared.break_glass.post(f"{RBAC}/clusterroles", wide).status == 201
    role, said = f"{RBAC}/clusterroles/bulkhead:developer", StringIO()
    eventually(lambda: shell in prepared.raw.get(role).body["rules"], "it is aggregated")
    with pytest.raises(CommandError, match="not as it must be"):
        call_command("prepare_cluster", "x", kubeconfig=prepared.kubeconfig, stdout=said)
    assert "WRONG  ClusterRole bulkhead:developer gives more than is shipped" in said.getvalue()
    prepared.cluster_admin.delete(f"{RBAC}/clusterroles/test-wide")
    eventually(lambda: shell not in prepared.raw.get(role).body["rules"], "it is gone")


def test_pages_know_at_once_what_a_run_found(prepared: Prepared) -> None:
    prepare(prepared)
    row = ClusterGuards.objects.get(cluster__name="kind-dev")
    assert (row.differing, row.failing, row.unread, row.since) == ([], [], "", None)


def test_a_cluster_that_was_built_anew_takes_the_place_and_waits_for_a_person(
    prepared: Prepared,
) -> None:
    former = Cluster.objects.create(name="kind-dev", facts={"uid": "another"})
    look = ClusterObservation.objects.create(
        cluster=former, seen_at=timezone.now() + timedelta(minutes=1)
    )
    prepare(prepared, replace=True)
    prepare(prepared)
    look.refresh_from_db()
    assert (look.seen_at, look.fencing_token) == (None, 1)
    cluster = Cluster.objects.get()
    assert cluster.facts["uid"] != "another"
    assert [(one.kind, one.settled_at) for one in cluster.breaks.all()] == [("cluster-new", None)]
