"""A credential that cannot be renewed, one that has ended, and clocks that differ: who is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.models import Cluster, User
from tests.web.sights import words

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SAID = "dev-eu: serviceaccounts/token is forbidden: <b>no</b>"
HOME = "The portal’s credential for dev-eu cannot be renewed"
TITLE = "The portal's credential cannot be renewed"
COMMAND = "manage.py prepare_cluster dev-eu --kubeconfig FILE"


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return words(answer)


def refused(cluster: Cluster, *, ends_in: timedelta) -> Cluster:
    """What a worker leaves whose renewal was refused."""
    now = timezone.now()
    cluster.renewal_refused_at, cluster.renewal_refused_with = now - timedelta(minutes=3), SAID
    cluster.credential_expires_at = now + ends_in
    cluster.save()
    return cluster


def off_by(cluster: Cluster, ahead: timedelta) -> Cluster:
    cluster.clock_read_at = timezone.now()
    cluster.clock_showed = cluster.clock_read_at + ahead
    cluster.save()
    return cluster


def test_platform_admins_are_told_at_home_hours_before_and_nobody_else(
    client_for: SignIn, cast: dict[str, User], cluster: Cluster
) -> None:
    refused(cluster, ends_in=timedelta(hours=11))
    told = {name for name, person in cast.items() if HOME in page(client_for(person), "/")}
    assert told == {"pat"}


def test_the_cluster_says_since_when_why_until_when_and_what_to_run(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    refused(cluster, ends_in=timedelta(hours=11, minutes=5))
    text = page(client_for(pat), f"/clusters/{cluster.public_id}/")
    for expected in (TITLE, "is forbidden: <b>no</b>", "3 min ago", COMMAND):
        assert expected in text
    assert "Work goes on until the credential ends, in 11 h" in text
    assert "Reachable" not in text.partition("Last answer")[2].partition(TITLE)[0]


def test_once_it_has_ended_nothing_is_said_to_go_on(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    refused(cluster, ends_in=-timedelta(hours=1))
    text = page(client_for(pat), f"/clusters/{cluster.public_id}/")
    assert "The credential has ended" in text
    assert "Work goes on" not in text


def test_the_list_shows_it_in_red(client_for: SignIn, pat: User, cluster: Cluster) -> None:
    refused(cluster, ends_in=timedelta(hours=11))
    html = client_for(pat).get("/clusters/").content.decode()
    badge = html.partition("Credential cannot be renewed")[0].rpartition("<span")[2]
    assert "is-danger" in badge


def test_an_ended_credential_is_not_said_to_be_renewed_by_somebody(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    cluster.credential_expires_at = timezone.now() - timedelta(hours=1)
    cluster.save()
    text = page(client_for(pat), f"/clusters/{cluster.public_id}/")
    assert f"One that has ended cannot renew itself. Run this, which stores another: {COMMAND}" in (
        text
    )


@pytest.mark.parametrize(
    ("ahead", "title"),
    [
        (timedelta(days=2), "Its clock is 2 days ahead of the database's"),
        (timedelta(minutes=-5), "Its clock is 5 min behind the database's"),
    ],
)
def test_a_clock_that_differs_is_shown_with_both_times(
    client_for: SignIn, pat: User, cluster: Cluster, ahead: timedelta, title: str
) -> None:
    off_by(cluster, ahead)
    text = page(client_for(pat), f"/clusters/{cluster.public_id}/")
    assert title in text
    for moment in (cluster.clock_showed, cluster.clock_read_at):
        assert f"{moment:%Y-%m-%d %H:%M:%S}" in text
    assert title in page(client_for(pat), "/clusters/")


def test_a_clock_that_agrees_is_no_trouble(client_for: SignIn, pat: User, cluster: Cluster) -> None:
    off_by(cluster, timedelta(seconds=-4))
    text = page(client_for(pat), f"/clusters/{cluster.public_id}/")
    assert "agreed with the database's just now" in text
    assert "Its clock is" not in text


def test_a_closed_cluster_says_nothing_of_either(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    refused(off_by(cluster, timedelta(days=2)), ends_in=timedelta(hours=1))
    Cluster.objects.update(closed_at=timezone.now(), credential=None)
    browser = client_for(pat)
    shown = [page(browser, path) for path in ("/", "/clusters/")]
    assert not any("be renewed" in text or "Its clock" in text for text in shown)
