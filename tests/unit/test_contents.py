"""What goes with a namespace is counted once, whoever owns it, and unknown is not nothing."""

from decimal import Decimal

import pytest

from onboarding.domain.contents import (
    LARGEST_CLAIMS,
    WORKLOAD_KINDS,
    Contents,
    Inventory,
    load_contents,
)
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.quantities import amount, spelled

PLACE = "payments-prod"


def workload(name: str, *, owned: bool = False) -> Manifest:
    owners: list[Json] = [{"kind": "Deployment", "name": "web", "controller": True}]
    metadata: Manifest = {"namespace": PLACE, "name": name}
    return {"metadata": {**metadata, "ownerReferences": owners} if owned else metadata}


def claim(name: str, size: str, *, bound: bool = True) -> Manifest:
    status: Manifest = {"phase": "Bound", "capacity": {"storage": size}} if bound else {}
    return {
        "metadata": {"namespace": PLACE, "name": name},
        "spec": {"resources": {"requests": {"storage": size}}},
        "status": status,
    }


def service(name: str, kind: str = "ClusterIP") -> Manifest:
    return {"metadata": {"namespace": PLACE, "name": name}, "spec": {"type": kind}}


def test_what_another_controller_made_is_not_counted_again() -> None:
    inventory = Inventory()
    for kind in WORKLOAD_KINDS:
        inventory.take(kind, [])
    inventory.take("Deployment", [workload("web"), workload("api")])
    inventory.take("ReplicaSet", [workload("web-1", owned=True), workload("alone")])
    assert inventory.contents_of(PLACE).workloads == {"Deployment": 2, "ReplicaSet": 1}


def test_claims_are_added_up_and_the_largest_named() -> None:
    inventory = Inventory()
    claims = [claim("small", "1Gi"), claim("data", "120Gi"), claim("new", "2Gi", bound=False)]
    inventory.take("PersistentVolumeClaim", claims)
    found = inventory.contents_of(PLACE).claims
    assert found is not None
    assert (found.count, spelled(found.size)) == (3, "123Gi")
    assert [(one.name, one.bound) for one in found.largest] == [
        ("data", True), ("new", False), ("small", True),
    ]  # fmt: skip


def test_of_many_claims_only_the_largest_are_kept() -> None:
    inventory = Inventory()
    inventory.take("PersistentVolumeClaim", (claim(f"c{n}", f"{n + 1}Gi") for n in range(100)))
    found = inventory.contents_of(PLACE).claims
    assert found is not None
    assert (found.count, len(found.largest)) == (100, LARGEST_CLAIMS)
    assert found.largest[0].name == "c99"


@pytest.mark.parametrize(
    ("kind", "manifest"),
    [("Deployment", workload("web")), ("PersistentVolumeClaim", claim("data", "1Gi")),
     ("Service", service("web"))],
)  # fmt: skip
def test_a_list_that_is_read_again_counts_once(kind: str, manifest: Manifest) -> None:
    inventory = Inventory()
    for other in (*WORKLOAD_KINDS, "PersistentVolumeClaim", "Service"):
        inventory.take(other, [])
    inventory.take(kind, [manifest, manifest])
    once = inventory.contents_of(PLACE).dump()
    inventory.take(kind, [manifest, manifest])
    assert inventory.contents_of(PLACE).dump() == once


def test_a_quota_that_is_read_again_is_there_once() -> None:
    quota: Manifest = {"metadata": {"namespace": PLACE, "name": "quota"}, "status": {}}
    inventory = Inventory()
    for _ in range(2):
        inventory.take("ResourceQuota", [quota])
    assert inventory.quotas_of(PLACE) == [{"name": "quota", "hard": {}, "used": {}}]
    assert Inventory().quotas_of(PLACE) is None


def test_what_was_not_read_is_unknown_and_what_is_empty_is_nothing() -> None:
    inventory = Inventory()
    inventory.take("Service", [])
    contents = inventory.contents_of(PLACE)
    assert (contents.services, contents.claims, contents.workloads) == ({}, None, None)


def test_what_is_stored_reads_back_the_same() -> None:
    inventory = Inventory()
    for kind in WORKLOAD_KINDS:
        inventory.take(kind, [workload("web")] if kind == "Deployment" else [])
    inventory.take("PersistentVolumeClaim", [claim("data", "120Gi")])
    inventory.take("Service", [service("web"), service("edge", "LoadBalancer")])
    contents = inventory.contents_of(PLACE)
    assert load_contents(contents.dump()) == contents
    assert load_contents(None) == Contents()


@pytest.mark.parametrize(
    ("written", "value"),
    [("3500m", "3.5"), ("14Gi", str(14 * 1024**3)), ("1e3", "1000"), ("250u", "0.00025"),
     ("0", "0"), ("100n", "1e-7")],
)  # fmt: skip
def test_what_servers_write_as_amounts_is_read(written: str, value: str) -> None:
    assert amount(written) == Decimal(value)


@pytest.mark.parametrize("written", ["", "much", "NaN", "Infinity", "12Qi", "xu"])
def test_what_is_no_amount_is_unknown(written: str) -> None:
    assert amount(written) is None


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0"), (1024**3 * 120, "120Gi"), (1536 * 1024**2, "1.5Gi")]
)
def test_sizes_read_as_kubernetes_writes_them(size: int, words: str) -> None:
    assert spelled(size) == words
