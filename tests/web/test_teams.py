"""Teams, roles and settings of clusters, as platform admins edit them in the portal."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.demo.scenario import demo_spec
from onboarding.models import Cluster, ManagedNamespace, Membership, RoleAssignment, Team, User
from onboarding.services.clock import database_now
from onboarding.services.cluster_settings import version_of_settings
from onboarding.services.teams import version_of_group
from tests.support.asked_again import confirmed
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def admin(client_for: SignIn, pat: User) -> Client:
    return confirmed(client_for(pat))


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


def read(admin: Client, url: str) -> str:
    return admin.get(url).content.decode()


def of(team: Team, rest: str = "") -> str:
    return f"/teams/{team.public_id}/{rest}"


def settings_of(cluster: Cluster, **differing: object) -> dict[str, object]:
    source = cluster.ingress_sources.get()
    known: dict[str, object] = {
        "dns_namespace": "kube-system",
        "dns_labels": "k8s-app=kube-dns",
        "ranges": "10.96.0.0/16",
        "group_prefix": "",
        f"source_{source.pk}_namespace": source.namespace,
        f"source_{source.pk}_labels": "app.kubernetes.io/name=ingress-nginx",
        "new_slug": "",
        "new_namespace": "",
        "new_labels": "",
        "version": version_of_settings(cluster),
    }
    return known | differing


@pytest.mark.parametrize("person", ["alice", "bob", "charlie", "dana", "erin", "frank"])
def test_nobody_else_opens_or_sends_them(
    client_for: SignIn, cast: dict[str, User], payments: Team, cluster: Cluster, person: str
) -> None:
    browser, bob = confirmed(client_for(cast[person])), cast["bob"].pk
    for url in ("/teams/new/", of(payments, "group/"), "/roles/", "/clusters/register/",
                f"/clusters/{cluster.public_id}/settings/"):  # fmt: skip
        assert browser.get(url).status_code == 403
    for url in (of(payments), of(payments, f"people/{bob}/"), "/roles/", f"/roles/{bob}/take/"):
        assert browser.post(url, {"person": person, "role": "lead"}).status_code == 403


def test_teams_without_an_active_lead_stand_first(
    admin: Client, payments: Team, alice: User
) -> None:
    assert "has no active lead" not in read(admin, "/teams/")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    page = read(admin, "/teams/")
    assert page.index("1 team has no active lead") < page.index("<table")
    assert [team.slug for team in admin.get("/teams/?lead=none").context["page"].rows] == [
        "payments"
    ]


def test_a_row_counts_what_belongs_to_the_team(
    admin: Client, prod: ManagedNamespace, payments: Team, erin: User
) -> None:
    Membership.objects.create(team=payments, user=erin, role="lead")
    rows = {team.slug: team for team in admin.get("/teams/").context["page"].rows}
    row = rows["payments"]
    assert (row.members, row.live, row.open_requests) == (3, 1, 0)
    assert [one.user.label for one in row.leading] == ["Alice", "Erin"]


@pytest.mark.parametrize("query", ["?lead=maybe", "?state=x", "?after=x"])
def test_a_filter_it_does_not_know_is_refused(admin: Client, query: str) -> None:
    assert admin.get(f"/teams/{query}").status_code == 422


def test_the_list_takes_as_many_statements_for_many(admin: Client, alice: User) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as made:
            admin.get("/teams/")
        return len(made)

    few = statements()
    for number in range(60):
        team = Team.objects.create(slug=f"t{number:02}", access_group=f"g{number}")
        Membership.objects.create(team=team, user=alice, role="lead")
    assert statements() == few <= 16
    assert "1 to 50 of 62 teams" in read(admin, "/teams/")


def test_a_team_is_made_with_its_first_lead(admin: Client, dana: User) -> None:
    form = {"slug": "ledger", "access_group": "team-ledger", "person": "Dana@example.com"}
    answer = admin.post("/teams/new/", form, follow=True)
    assert "Team ledger is there." in answer.content.decode()
    assert Membership.objects.get(team__slug="ledger").user == dana


@pytest.mark.parametrize(
    ("differing", "words"),
    [
        ({"slug": "Ledger"}, "lowercase"),
        ({"slug": "payments"}, "There is a team payments already"),
        ({"access_group": "system:masters"}, "system:"),
        ({"person": "nobody"}, "Nobody has this user name or address"),
    ],
)
def test_a_team_that_cannot_be_is_refused_whole(
    admin: Client, payments: Team, differing: dict[str, str], words: str
) -> None:
    form = {"slug": "ledger", "access_group": "team-ledger", "person": "", **differing}
    answer = admin.post("/teams/new/", form)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Team.objects.filter(slug="ledger").exists()


def test_somebody_is_added_made_lead_and_taken_out(
    admin: Client, payments: Team, dana: User
) -> None:
    admin.post(of(payments), {"person": "dana", "role": "member"})
    assert dana.memberships.get().role == "member"
    admin.post(of(payments, f"people/{dana.pk}/"), {"role": "lead"})
    assert dana.memberships.get().role == "lead"
    admin.post(of(payments, f"people/{dana.pk}/"), {"role": "out"})
    assert not dana.memberships.exists()


def invited_lead(team: Team) -> User:
    ina = User(username="ina", first_name="Ina", email="ina@example.com")
    ina.set_unusable_password()
    ina.save()
    ina.memberships.create(team=team, role="lead")
    return ina


def test_the_only_lead_goes_only_when_that_is_confirmed(
    admin: Client, payments: Team, alice: User
) -> None:
    url = of(payments, f"people/{alice.pk}/")
    answer = admin.post(url, {"role": "out"})
    assert answer.status_code == 422
    assert "Alice is the only active lead" in answer.content.decode()
    assert alice.memberships.exists()
    ina = invited_lead(payments)  # who has set no password leads nothing yet
    assert admin.post(url, {"role": "out"}).status_code == 422
    assert admin.post(of(payments, f"people/{ina.pk}/"), {"role": "out"}).status_code == 302
    assert admin.post(url, {"role": "out", "anyway": "1"}).status_code == 302
    assert not alice.memberships.exists()


def test_a_stranger_is_not_of_the_team(admin: Client, payments: Team, charlie: User) -> None:
    url = of(payments, f"people/{charlie.pk}/")
    assert admin.post(url, {"role": "lead"}).status_code == 404
    assert admin.post(of(payments), {"person": "charlie", "role": "king"}).status_code == 422


def test_another_group_names_what_becomes_outdated_before_it_is_saved(
    admin: Client, payments: Team, prod: ManagedNamespace
) -> None:
    url = of(payments, "group/")
    form = {"access_group": "team-pay", "version": version_of_group(payments)}
    answer = admin.post(url, form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "1 namespace becomes outdated by this" in page
    assert "payments-prod" in page
    assert Team.objects.get(pk=payments.pk).access_group == "team-payments"
    assert admin.post(url, {**form, "anyway": "on"}).status_code == 302
    assert Team.objects.get(pk=payments.pk).access_group == "team-pay"


def test_a_group_saved_meanwhile_is_shown_beside_what_was_typed(
    admin: Client, payments: Team
) -> None:
    form = {"access_group": "team-typed", "version": version_of_group(payments)}
    Team.objects.filter(pk=payments.pk).update(access_group="team-theirs")
    answer = admin.post(of(payments, "group/"), form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'value="team-typed"' in page
    assert "Saved now: team-theirs" in page
    assert Team.objects.get(pk=payments.pk).access_group == "team-theirs"


def test_a_page_that_says_member_does_not_change_who_leads_by_now(
    admin: Client, payments: Team, bob: User
) -> None:
    assert 'name="was" value="member"' in read(admin, of(payments))
    bob.memberships.update(role="lead")
    url = of(payments, f"people/{bob.pk}/")
    answer = admin.post(url, {"role": "out", "was": "member"})
    assert answer.status_code == 409
    assert bob.memberships.get().role == "lead"


def test_a_session_left_open_edits_no_team(client_for: SignIn, pat: User, payments: Team) -> None:
    answer = client_for(pat).post(of(payments), {"person": "dana", "role": "lead"})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")


def test_roles_say_who_gives_which_approval_and_where_there_is_one_only(admin: Client) -> None:
    page = read(admin, "/roles/")
    for words in ("Network approver", "Dana", "One person only", "Platform admin", "Frank"):
        assert words in page


def test_an_approval_that_nobody_gives_is_said(admin: Client, dana: User) -> None:
    User.objects.filter(pk=dana.pk).update(is_active=False)
    page = read(admin, "/roles/")
    assert "Nobody gives the network approval" in page
    assert "1 account that is switched off has it too" in page


def test_who_is_only_invited_gives_no_approval(admin: Client, dana: User) -> None:
    dana.set_unusable_password()
    dana.save()
    page = read(admin, "/roles/")
    assert "Nobody gives the network approval" in page
    assert "has set no password yet" in page


def test_holders_without_the_key_that_is_demanded_are_named(
    admin: Client, settings: pytest.MonkeyPatch
) -> None:
    settings.SIGNED_LANES = frozenset({"network"})  # type: ignore[attr-defined]
    page = read(admin, "/roles/")
    assert "no confirmed approval key" in page
    assert "nobody can give the network approval" in page


def test_a_role_is_given_and_taken(admin: Client, bob: User) -> None:
    answer = admin.post("/roles/", {"person": "bob", "role": "network"}, follow=True)
    assert "Bob is network approver now." in answer.content.decode()
    assert RoleAssignment.objects.filter(user=bob, role="network").exists()
    admin.post(f"/roles/{bob.pk}/take/", {"role": "network"})
    assert not RoleAssignment.objects.filter(user=bob).exists()


def test_the_only_approver_loses_the_role_only_when_that_is_confirmed(
    admin: Client, dana: User
) -> None:
    answer = admin.post(f"/roles/{dana.pk}/take/", {"role": "network"})
    assert answer.status_code == 422
    assert "Nobody could give the network approval any more" in answer.content.decode()
    assert dana.role_assignments.exists()
    admin.post(f"/roles/{dana.pk}/take/", {"role": "network", "anyway": "1"})
    assert not dana.role_assignments.exists()


def test_the_last_admin_stays_whatever_is_confirmed(admin: Client, pat: User) -> None:
    form = {"role": "platform-admin", "anyway": "1"}
    assert admin.post(f"/roles/{pat.pk}/take/", form).status_code == 409
    assert pat.role_assignments.count() == 2


def test_who_is_named_twice_has_to_be_named_by_user_name(admin: Client, bob: User) -> None:
    User.objects.create_user("x@example.com", "other@example.com")
    User.objects.create_user("other", "x@example.com")
    answer = admin.post("/roles/", {"person": "x@example.com", "role": "auditor"})
    assert "Two people fit" in answer.content.decode()


def test_settings_of_a_cluster_are_saved(admin: Client, cluster: Cluster) -> None:
    url = f"/clusters/{cluster.public_id}/settings/"
    form = settings_of(cluster, ranges="10.96.0.0/16\n10.244.0.0/16", new_slug="edge",
                       new_namespace="edge", new_labels="app=edge tier=front")  # fmt: skip
    answer = admin.post(url, form, follow=True)
    assert "The settings of dev-eu are saved." in answer.content.decode()
    cluster.refresh_from_db()
    assert cluster.facts["ranges"] == ["10.96.0.0/16", "10.244.0.0/16"]
    labels = {"app": "edge", "tier": "front"}
    assert cluster.ingress_sources.get(slug="edge").pod_labels == labels


def test_settings_saved_meanwhile_are_shown_beside_what_was_typed(
    admin: Client, cluster: Cluster
) -> None:
    url, form = (
        f"/clusters/{cluster.public_id}/settings/",
        settings_of(cluster, ranges="10.9.0.0/16"),
    )
    theirs = {**cluster.facts, "ranges": ["10.0.0.0/8", "172.16.0.0/12"]}
    Cluster.objects.update(facts=theirs)
    answer = admin.post(url, form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "10.9.0.0/16</textarea>" in page
    assert "Saved now: 10.0.0.0/8 172.16.0.0/12" in page
    assert Cluster.objects.get(pk=cluster.pk).facts == theirs
    again = {**form, "version": answer.context["form"]["version"].value(), "anyway": "on"}
    assert admin.post(url, again).status_code == 302
    assert Cluster.objects.get(pk=cluster.pk).facts["ranges"] == ["10.9.0.0/16"]


def test_only_what_differs_is_said_to_be_saved_otherwise(admin: Client, cluster: Cluster) -> None:
    form = settings_of(cluster, ranges="10.96.0.0/16\r\n10.244.0.0/16")
    Cluster.objects.update(
        facts={**cluster.facts, "ranges": ["10.96.0.0/16", "10.244.0.0/16"], "group_prefix": "x:"}
    )
    page = admin.post(f"/clusters/{cluster.public_id}/settings/", form).context["form"]
    assert set(page.errors) == {"__all__", "group_prefix"}


def test_a_source_that_came_or_went_meanwhile_is_no_unknown_field(
    admin: Client, cluster: Cluster
) -> None:
    url, form = f"/clusters/{cluster.public_id}/settings/", settings_of(cluster)
    cluster.ingress_sources.all().delete()
    cluster.ingress_sources.create(slug="edge", namespace="edge", pod_labels={"app": "edge"})
    answer = admin.post(url, form)
    assert answer.status_code == 409
    assert "app=edge" in answer.content.decode()
    assert cluster.ingress_sources.get().slug == "edge"


@pytest.mark.parametrize("drops_it_too", [False, True])
def test_what_was_typed_for_a_source_that_is_gone_is_kept_to_be_copied(
    admin: Client, cluster: Cluster, drops_it_too: bool
) -> None:
    url, form = f"/clusters/{cluster.public_id}/settings/", settings_of(cluster)
    start = f"source_{cluster.ingress_sources.get().pk}_"
    form |= {f"{start}namespace": "edge-typed", f"{start}labels": "app=typed"}
    form |= {f"{start}remove": "on"} if drops_it_too else {}
    cluster.ingress_sources.all().delete()
    answer = admin.post(url, form)
    assert answer.status_code == 409
    kept = [("Its namespace", "edge-typed"), ("Labels of its pods", "app=typed")]
    assert answer.context["form"].of_removed == ([] if drops_it_too else kept)
    page = answer.content.decode()
    assert [text in page for _label, text in kept] == [not drops_it_too] * 2


@pytest.mark.parametrize(
    ("differing", "words"),
    [
        ({"ranges": "0.0.0.0/0"}, "Internal address ranges"),
        ({"dns_labels": "kube-dns"}, "is no label. Write key=value."),
        ({"dns_labels": ""}, "required"),
        ({"new_slug": "edge"}, "needs a name, a namespace and labels"),
        ({"new_slug": "ingress-nginx", "new_namespace": "a", "new_labels": "a=b"},
         "There is a source of this name already"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(
    admin: Client, cluster: Cluster, differing: dict[str, str], words: str
) -> None:
    url, before = f"/clusters/{cluster.public_id}/settings/", cluster.facts
    answer = admin.post(url, settings_of(cluster, **differing))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    cluster.refresh_from_db()
    assert cluster.facts == before


def test_settings_name_what_becomes_outdated_before_they_are_saved(
    admin: Client, cluster: Cluster, prod: ManagedNamespace
) -> None:
    url, form = f"/clusters/{cluster.public_id}/settings/", settings_of(cluster)
    source = cluster.ingress_sources.get()
    form[f"source_{source.pk}_remove"] = "on"
    answer = admin.post(url, form)
    assert answer.status_code == 422
    assert "payments-prod" in answer.content.decode()
    assert cluster.ingress_sources.exists()
    assert admin.post(url, {**form, "anyway": "on"}).status_code == 302
    assert not cluster.ingress_sources.exists()


def test_a_closed_cluster_has_no_settings(admin: Client, cluster: Cluster) -> None:
    Cluster.objects.update(closed_at=database_now())
    assert admin.get(f"/clusters/{cluster.public_id}/settings/").status_code == 409


def test_address_and_credential_are_no_settings(admin: Client, cluster: Cluster) -> None:
    url = f"/clusters/{cluster.public_id}/settings/"
    assert "prepare_cluster dev-eu --kubeconfig FILE" in read(admin, url)
    form = settings_of(cluster, api_server="https://evil.example")
    assert admin.post(url, form).status_code == 400
    assert "prepare_cluster NAME" in read(admin, "/clusters/register/")
