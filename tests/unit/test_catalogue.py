"""The catalogue: the shipped one loads, and each mistake is named with its file and line."""

import shutil
from pathlib import Path

import pytest

from onboarding.domain.catalogue import Catalogue
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import PROVISIONING, Phase
from onboarding.domain.quantities import quantity
from onboarding.domain.spec import RequestKind
from onboarding.plan.catalogue_files import CATALOGUE_DIR, BadCatalogue, load_catalogue
from tests.support.shipped_roles import rules_of

TEMPLATES = {
    "namespace": Phase.CREATE,
    "deny-all": Phase.FENCE,
    "allow-internal-ingress": Phase.BASELINE,
    "allow-internal-egress": Phase.BASELINE,
    "allow-dns": Phase.BASELINE,
    "allow-ingress": Phase.BASELINE,
    "egress-internet": Phase.BASELINE,
    "egress-open": Phase.BASELINE,
    "quota": Phase.BOUND,
    "limits": Phase.BOUND,
    "team-access": Phase.GRANT,
    "team-shell": Phase.GRANT,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped catalogue to make mistakes in."""
    return Path(shutil.copytree(CATALOGUE_DIR, tmp_path / "catalogue"))


def edit(file: Path, old: str, new: str) -> int:
    """Replace the first mention and return its line, counted from 1."""
    source = file.read_text()
    assert old in source
    file.write_text(source.replace(old, new, 1))
    return source[: source.index(old)].count("\n") + 1


def complaints(folder: Path) -> list[str]:
    with pytest.raises(BadCatalogue) as caught:
        load_catalogue(folder)
    assert str(caught.value).splitlines() == [str(mistake) for mistake in caught.value.mistakes]
    return [str(mistake) for mistake in caught.value.mistakes]


def test_the_shipped_catalogue_loads() -> None:
    catalogue = load_catalogue()
    assert {slug: Phase(one.phase) for slug, one in catalogue.templates.items()} == TEMPLATES
    assert [*catalogue.sizes] == ["small", "medium", "large"]
    assert set(catalogue.kind_lanes) == set(RequestKind)
    assert Lane.SECURITY in catalogue.data_classes["restricted"].lanes
    assert catalogue.templates["egress-open"].max_days == 30


def test_every_template_belongs_to_a_phase_of_provisioning_and_says_why() -> None:
    for template in load_catalogue().templates.values():
        assert Phase(template.phase) in PROVISIONING
        assert template.why


@pytest.mark.parametrize("slug", ["egress-internet", "egress-open", "allow-ingress"])
def test_every_template_that_opens_a_path_to_elsewhere_asks_the_network_lane(slug: str) -> None:
    assert Lane.NETWORK in load_catalogue().templates[slug].lanes


def test_a_shell_is_granted_in_development_alone() -> None:
    environments = load_catalogue().environments
    granted = {slug: one.access for slug, one in environments.items()}
    assert granted == {"development": ("shell",), "test": (), "production": ()}


def test_production_demands_the_restricted_level() -> None:
    environments = load_catalogue().environments
    levels = {slug: one.pod_security for slug, one in environments.items()}
    assert levels == {"development": "baseline", "test": "baseline", "production": "restricted"}


def test_every_size_counts_everything_that_a_team_may_make() -> None:
    """Whatever kind the shipped role lets a team create, or the cluster's store can be filled."""
    for size in load_catalogue().sizes.values():
        assert made_by_teams() <= {*size.quota}
        assert {"requests.ephemeral-storage", "limits.ephemeral-storage"} <= {*size.quota}


def made_by_teams() -> set[str]:
    """The names under which a quota counts what bulkhead:developer may create."""
    found = set()
    for rule in rules_of("bulkhead:developer"):
        if "create" in rule["verbs"]:  # type: ignore[operator]
            [group], kinds = rule["apiGroups"], rule["resources"]  # type: ignore[misc]
            plain = [kind for kind in kinds if "/" not in kind]  # type: ignore[union-attr]
            found |= {f"count/{kind}.{group}" if group else kind for kind in plain}
    return found


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_what_names_no_amount_fits_as_often_as_pods_are_allowed(size: str) -> None:
    bounds = load_catalogue().sizes[size]
    pods = quantity(bounds.quota["pods"])
    for part, defaults in (
        ("limits", bounds.default_limits),
        ("requests", bounds.default_requests),
    ):
        one, most = defaults["ephemeral-storage"], bounds.quota[f"{part}.ephemeral-storage"]
        assert quantity(one) * pods <= quantity(most)


def test_a_catalogue_may_know_no_access_at_all(folder: Path) -> None:
    file = folder / "environments.yaml"
    edit(file, ", access: [shell]", "")
    lines = file.read_text().splitlines()
    file.write_text("\n".join(one for one in lines if not one.startswith("  shell:")))
    assert load_catalogue(folder).access == {}


def test_one_catalogue_is_read_once() -> None:
    loaded = load_catalogue()
    assert isinstance(loaded, Catalogue)
    assert load_catalogue() is loaded


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("templates/quota.yaml", "phase: bound", "phase: later", "no phase 'later'"),
        ("templates/quota.yaml", "slug: quota", "slug: quotas", "slug and file name differ"),
        ("templates/quota.yaml", "version: 2", "version: one", "whole-number version"),
        ("templates/quota.yaml", "why: ", "because: ", "unknown field because"),
        ("templates/quota.yaml", "{type: quantities", "{type: text", "needs a type out of"),
        ("templates/quota.yaml", "hard: {type", "soft: {type", "soft is never used"),
        ("templates/deny-all.yaml", "kind: NetworkPolicy", "sort: x", "needs a kind"),
        ("templates/allow-ingress.yaml", "[network]", "[firewall]", "lanes are a list out of"),
        ("sizes.yaml", "4Gi", "4 gigs", "small: quota: requests.memory"),
        ("sizes.yaml", 'pods: "20"', "pods: 20", "small: quota: pods"),
        ("sizes.yaml", "cpu: 500m", "cpu: half", "small: default_limits: cpu"),
        ("sizes.yaml", "16Gi", "16 gigs", "medium: quota: limits.memory"),
        ("environments.yaml", "restricted,", "privileged,", "is one of baseline, restricted"),
        ("environments.yaml", ", pod_security: baseline}", "}", "test: pod_security is one of"),
        ("environments.yaml", "egress-open", "egress-all", "no template egress-all"),
        ("environments.yaml", "template: team-shell", "template: team-sh", "no template team-sh"),
        ("environments.yaml", ', note: "open a', ', title: "open a', "needs a template and a note"),
        ("environments.yaml", "access: [shell]", "access: [root]", "no access root"),
        ("environments.yaml", "access: [shell]", "access: shell", "access is a list"),
        ("environments.yaml", "[security]", "[safety]", "lanes are a list out of"),
        ("environments.yaml", "lifetimes: [", "lifetimes: {}\nold: [", "list of days"),
        ("environments.yaml", "onboard: [platform]", "onboard: platform", "lanes are a list"),
        ("reserved_names.yaml", "- kube\n", '- "Kube!"\n', "is not a valid pattern"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(
    folder: Path, file: str, old: str, new: str, complaint: str
) -> None:
    line = edit(folder / file, old, new)
    said = complaints(folder)
    assert any(one.startswith(f"{file}:") and complaint in one for one in said), said
    named = [int(one.split(":")[1]) for one in said if complaint in one]
    assert abs(named[0] - line) <= 4, (said, line)


def test_a_size_names_what_it_is_described_by(folder: Path) -> None:
    edit(folder / "sizes.yaml", '    services: "20"\n', "")
    assert complaints(folder) == ["sizes.yaml:7: small: quota: services is missing"]


def test_a_slot_that_nobody_declared_is_a_mistake(folder: Path) -> None:
    edit(folder / "templates/quota.yaml", "{$slot: hard}", "{$slot: harder}")
    said = " ".join(complaints(folder))
    assert "slot harder is used but not declared" in said
    assert "slot hard is never used" in said


def test_a_file_that_is_no_yaml_is_named_with_its_line(folder: Path) -> None:
    (folder / "sizes.yaml").write_text("small:\n  title: [\n")
    assert any(one.startswith("sizes.yaml:3: is not valid YAML") for one in complaints(folder))


@pytest.mark.parametrize("file", ["sizes.yaml", "environments.yaml", "reserved_names.yaml"])
def test_a_missing_file_is_a_mistake(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert any(one.startswith(f"{file}:0: cannot be read") for one in complaints(folder))


@pytest.mark.parametrize("file", ["sizes.yaml", "environments.yaml", "reserved_names.yaml"])
def test_a_file_of_another_shape_is_a_mistake(folder: Path, file: str) -> None:
    (folder / file).write_text("just words\n")
    assert any(one.startswith(f"{file}:0: is ") for one in complaints(folder))


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    edit(folder / "templates/quota.yaml", "phase: bound", "phase: later")
    edit(folder / "sizes.yaml", "4Gi", "4 gigs")
    edit(folder / "environments.yaml", "egress-open", "egress-all")
    assert len(complaints(folder)) == 3
