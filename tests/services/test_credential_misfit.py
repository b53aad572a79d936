"""A credential opens only for what it was stored for; a row changed since is found out and said."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import Cluster, ClusterObservation, Event
from onboarding.services import failures
from onboarding.services.credentials import (
    CredentialMisfit,
    NoCredential,
    binding_of,
    encrypted_token,
    open_gateway,
    stored_token,
)
from onboarding.services.observe import observe
from onboarding.services.renew import renew_due
from tests.support.requests import spec_of, wanted, work_on

pytestmark = pytest.mark.usefixtures("cast")
MISFIT = ClusterCondition.CREDENTIAL_MISFIT.value
ELSEWHERE = {
    "address": {"api_server": "https://127.0.0.1:1"},
    "authority": {"ca_pem": "-----BEGIN CERTIFICATE-----"},
    "name": {"name": "dev-us"},
    "row": {"public_id": "another"},
}


@pytest.fixture
def sealed(cluster: Cluster, settings: Any, now: datetime) -> Cluster:
    """A cluster whose credential was stored for the row as it is."""
    settings.BULKHEAD_CREDENTIAL_KEYS = [b"k" * 32]
    return stored_for(cluster, now)


def stored_for(cluster: Cluster, now: datetime) -> Cluster:
    cluster.credential = encrypted_token(cluster, "secret", issued_at=now)
    cluster.credential_expires_at = now + timedelta(hours=24)
    cluster.save()
    assert stored_token(cluster)[0] == "secret"
    return cluster


def moved(cluster: Cluster, **fields: str) -> Cluster:
    """Change the row as SQL would, behind the portal's back."""
    Cluster.objects.filter(pk=cluster.pk).update(**fields)
    return Cluster.objects.get(pk=cluster.pk)


@pytest.mark.parametrize("change", ELSEWHERE.values(), ids=ELSEWHERE)
def test_it_opens_for_the_row_it_was_stored_for_alone(
    sealed: Cluster, now: datetime, change: dict[str, str]
) -> None:
    stored_for(sealed, now)
    with pytest.raises(CredentialMisfit, match="sent nowhere"):
        stored_token(moved(sealed, **change))


@pytest.mark.parametrize("change", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_door_that_is_open_already_leads_nowhere_else(
    sealed: Cluster, change: dict[str, str]
) -> None:
    door = open_gateway(sealed)
    with pytest.raises(CredentialMisfit):
        open_gateway(moved(sealed, **change))
    back = moved(sealed, **{name: getattr(sealed, name) for name in change})
    assert open_gateway(back) is door


def test_what_it_is_bound_to_cannot_be_read_in_two_ways(cluster: Cluster) -> None:
    one = Cluster(public_id="a", name='b","x":"', api_server="c")
    other = Cluster(public_id="a", name="b", api_server='","x":"c')
    assert binding_of(one) != binding_of(other)


def test_credentials_of_two_clusters_cannot_change_places(sealed: Cluster, now: datetime) -> None:
    other = Cluster(name="dev-us", api_server=sealed.api_server, ca_pem=sealed.ca_pem)
    theirs = encrypted_token(other, "other", issued_at=now)
    open_gateway(sealed)
    Cluster.objects.update(credential=theirs)
    with pytest.raises(CredentialMisfit):
        open_gateway(Cluster.objects.get())


def test_what_an_earlier_release_stored_says_what_to_run(sealed: Cluster) -> None:
    sealed.credential = b"\x01" + b"x" * 60
    with pytest.raises(NoCredential, match=r"earlier release.* prepare_cluster dev-eu"):
        stored_token(sealed)


def worker(cluster: Cluster, at: datetime) -> None:
    work_on(wanted(spec_of(), now=at), now=at)


def observer(cluster: Cluster, at: datetime) -> None:
    observe(cluster.pk, clock=lambda: at)


def renewer(_cluster: Cluster, at: datetime) -> None:
    assert renew_due(clock=lambda: at + timedelta(hours=20)) == 0


@pytest.mark.parametrize("first", [worker, observer, renewer])
def test_whoever_looks_first_sets_the_condition(
    sealed: Cluster, now: datetime, first: Callable[[Cluster, datetime], None]
) -> None:
    first(moved(sealed, api_server="https://127.0.0.1:1"), now)
    sealed.refresh_from_db()
    assert (sealed.condition, sealed.attempts) == (MISFIT, 1)
    assert "was sent nowhere" in sealed.condition_message


def test_it_is_one_event_and_one_alarm_however_many_look(
    sealed: Cluster, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    row = moved(sealed, api_server="https://127.0.0.1:1")
    for look in (renewer, observer, worker, observer, renewer):
        look(row, now + timedelta(minutes=2))
    told = Event.objects.filter(action=Action.CLUSTER_CONDITION.value)
    assert [json.loads(bytes(one.canonical))["body"]["condition"] for one in told] == [MISFIT]
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.msg["cluster"] for record in errors] == ["dev-eu"]  # type: ignore[index]


def test_a_misfit_says_nothing_of_the_line(sealed: Cluster, now: datetime) -> None:
    observer(moved(sealed, api_server="https://127.0.0.1:1"), now)
    assert ClusterObservation.objects.get().failures == 0


def test_the_row_put_back_is_well_after_the_next_answer(sealed: Cluster, now: datetime) -> None:
    failures.note_misfit(sealed, CredentialMisfit("x"), now=now)
    sealed.refresh_from_db()
    failures.note_answer(sealed, now=now)
    sealed.refresh_from_db()
    assert sealed.condition == ClusterCondition.OK.value
