"""Where a platform admin decides what holds after a restore, and who is told meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.models import (
    Cluster,
    ClusterObservation,
    HistoryBreak,
    ManagedNamespace,
    User,
)
from onboarding.queries.after_restore import differences_on, shown_of
from tests.support.behind_the_portal import without_guards
from tests.web.sights import looked_at, words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
BANNER = "Nothing is changed on dev-eu"


@pytest.fixture
def gone(alice: User, cluster: Cluster) -> ManagedNamespace:
    """In force here, and not on the cluster that was looked at since the break was found."""
    row = ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))
    HistoryBreak.objects.create(
        cluster=cluster,
        kind="database-older",
        known="",
        found_at=timezone.now() - timedelta(hours=1),
    )
    looked_at(cluster)
    ManagedNamespace.objects.filter(pk=row.pk).update(uid="a-uid", known_uid="a-uid")
    return row


def url_on(cluster: Cluster) -> str:
    return f"/clusters/{cluster.public_id}/after-restore/"


def decided(cluster: Cluster) -> dict[str, str]:
    """The form of the page, filled in."""
    shown = shown_of(differences_on(cluster))
    return {"payments-prod": "record-gone", "what.was.shown": shown}


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return words(answer)


def test_everybody_is_told_on_every_page_and_admins_where_to_decide(
    client_for: SignIn, cast: dict[str, User], gone: ManagedNamespace
) -> None:
    told = {name: page(client_for(person), "/requests/") for name, person in cast.items()}
    assert {name for name, text in told.items() if BANNER in text} == {*cast}
    assert {name for name, text in told.items() if "Decide what holds" in text} == {"pat"}


def test_the_page_names_each_that_differs_with_its_choices(
    client_for: SignIn, pat: User, gone: ManagedNamespace
) -> None:
    text = page(client_for(pat), url_on(gone.cluster))
    assert "The database is older than what it told the cluster" in text
    assert "Approved here, and not on the cluster." in text
    assert "It was removed: record that" in text
    assert "Make it again, empty" in text


def test_nothing_is_decided_without_a_choice_for_each(
    client_for: SignIn, pat: User, gone: ManagedNamespace
) -> None:
    answer = client_for(pat).post(url_on(gone.cluster), {})
    assert answer.status_code == 422
    assert "Decide what holds for this namespace." in words(answer)
    assert HistoryBreak.objects.get().settled_at is None


def test_what_was_chosen_holds_and_the_banner_goes(
    client_for: SignIn, pat: User, gone: ManagedNamespace
) -> None:
    client = client_for(pat)
    answer = client.post(url_on(gone.cluster), decided(gone.cluster), follow=True)
    assert "Workers write to the cluster again" in words(answer)
    gone.refresh_from_db()
    assert gone.state == "gone"
    assert BANNER not in page(client, "/")


def test_a_choice_counts_for_what_was_shown(
    client_for: SignIn, pat: User, gone: ManagedNamespace
) -> None:
    answer = client_for(pat).post(url_on(gone.cluster), {"payments-prod": "record-gone"})
    assert answer.status_code == 409
    assert "Something else differs by now" in words(answer)
    assert HistoryBreak.objects.get().settled_at is None


def test_where_a_person_has_to_decide_nobody_is_told_that_work_goes_on(
    client_for: SignIn, alice: User, gone: ManagedNamespace
) -> None:
    with without_guards():
        ManagedNamespace.objects.update(state="wanted", observed_generation=0)
    request = gone.revisions.get().request
    told = page(client_for(alice), f"/requests/{request.public_id}/")
    assert "once a platform admin has decided what holds after a restore" in told
    assert "the work goes on" not in told


def test_before_the_next_look_there_is_nothing_to_press(
    client_for: SignIn, pat: User, gone: ManagedNamespace
) -> None:
    ClusterObservation.objects.update(seen_at=timezone.now() - timedelta(hours=3))
    client = client_for(pat)
    assert "Wait for the next complete look." in page(client, url_on(gone.cluster))
    answer = client.post(url_on(gone.cluster), decided(gone.cluster))
    assert answer.status_code == 409


def test_without_a_break_there_is_nothing_to_decide(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    assert "Nothing is to be decided" in page(client_for(pat), url_on(cluster))
