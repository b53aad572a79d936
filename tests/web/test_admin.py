"""The admin site: who enters, what it records, what it refuses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.test import Client

from onboarding.demo.scenario import demo_spec
from onboarding.models import (
    Cluster,
    Event,
    IngressSource,
    ManagedNamespace,
    Membership,
    RoleAssignment,
    Team,
    User,
)
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
ADMIN = "/admin/onboarding"


Fields = dict[str, Any]


def inline(prefix: str, rows: list[Fields] | None = None, *, had: int = 0) -> Fields:
    shown = rows or []
    found: Fields = {f"{prefix}-TOTAL_FORMS": len(shown), f"{prefix}-INITIAL_FORMS": had}
    for number, row in enumerate(shown):
        found |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return found


def recorded(action: str) -> dict[str, Any]:
    event = Event.objects.filter(action=action, via="admin").latest("id")
    loaded: dict[str, Any] = json.loads(bytes(event.canonical))
    return {"actor": event.actor, **loaded["body"]}


@pytest.mark.parametrize("person", ["alice", "bob", "charlie", "dana", "erin", "frank"])
def test_nobody_else_enters_even_as_staff(
    client_for: SignIn, cast: dict[str, User], person: str
) -> None:
    User.objects.filter(pk=cast[person].pk).update(is_staff=True, is_superuser=True)
    browser = client_for(cast[person])
    assert browser.get("/admin/").status_code == 302
    assert browser.get(f"{ADMIN}/user/").status_code == 302


def test_pat_enters_without_djangos_staff_flag(client_for: SignIn, pat: User) -> None:
    assert not pat.is_staff
    assert client_for(pat).get("/admin/").status_code == 200


def test_pat_adds_a_team_and_history_knows(client_for: SignIn, pat: User, alice: User) -> None:
    people = inline("memberships", [{"user": alice.pk, "role": "lead"}])
    form = {"slug": "ledger", "access_group": "team-ledger", **people}
    assert client_for(pat).post(f"{ADMIN}/team/add/", form).status_code == 302
    assert Membership.objects.get(team__slug="ledger").user == alice
    assert Event.objects.filter(action="admin:row:added", via="admin", actor="Pat").count() == 2


@pytest.mark.parametrize(
    "group", ["system:masters", " team", "System:authenticated", "a b", "bulkhead:break-glass"]
)
def test_groups_of_kubernetes_are_refused(client_for: SignIn, pat: User, group: str) -> None:
    form = {"slug": "ledger", "access_group": group, **inline("memberships")}
    client_for(pat).post(f"{ADMIN}/team/add/", form)
    assert not Team.objects.filter(access_group__iexact=group).exists()


def test_a_group_belongs_to_one_team(client_for: SignIn, pat: User, payments: Team) -> None:
    form = {"slug": "ledger", "access_group": payments.access_group, **inline("memberships")}
    assert client_for(pat).post(f"{ADMIN}/team/add/", form).status_code == 200
    assert not Team.objects.filter(slug="ledger").exists()


def test_a_changed_group_is_recorded_with_before_and_after(
    client_for: SignIn, pat: User, search: Team
) -> None:
    rows = [
        {"id": m.pk, "team": search.pk, "user": m.user_id, "role": m.role}
        for m in search.memberships.all()
    ]
    form = {"access_group": "team-finders", **inline("memberships", rows, had=len(rows))}
    client_for(pat).post(f"{ADMIN}/team/{search.pk}/change/", form)
    body = recorded("admin:row:changed")
    assert body["changed"]["access_group"] == {"before": "team-search", "after": "team-finders"}


def test_a_role_is_given_and_taken_with_an_event_each(
    client_for: SignIn, pat: User, bob: User
) -> None:
    url, person = (
        f"{ADMIN}/user/{bob.pk}/change/",
        {"username": "bob", "first_name": "Bob", "email": "bob@example.com", "is_active": "on"},
    )
    browser = client_for(pat)
    browser.post(url, {**person, **inline("role_assignments", [{"role": "auditor"}])})
    given = RoleAssignment.objects.get(user=bob)
    assert recorded("admin:row:added")["row"] == "roleassignment: Bob, Auditor"
    row = {"id": given.pk, "user": bob.pk, "role": "auditor", "DELETE": "on"}
    browser.post(url, {**person, **inline("role_assignments", [row], had=1)})
    assert not RoleAssignment.objects.filter(user=bob).exists()
    assert recorded("admin:row:removed")["row"] == "roleassignment: Bob, Auditor"


def test_nobody_types_a_password_for_somebody_else(
    client_for: SignIn, pat: User, bob: User
) -> None:
    secret = "correct-horse-battery"
    form = {"usable_password": "true", "password1": secret, "password2": secret}
    answer = client_for(pat).post(f"{ADMIN}/user/{bob.pk}/password/", form)
    bob.refresh_from_db()
    assert (answer.status_code, bob.check_password(secret)) == (403, False)


def test_accounts_are_made_switched_off_and_on_on_the_page_of_people(
    client_for: SignIn, pat: User, bob: User
) -> None:
    browser, url = client_for(pat), f"{ADMIN}/user/{bob.pk}/change/"
    assert browser.get(f"{ADMIN}/user/add/").status_code == 403
    page = browser.get(url).content.decode()
    assert 'name="is_active"' not in page
    assert 'name="password' not in page
    browser.post(url, {"username": "bob", "first_name": "Bob", "email": "bob@example.com",
                       **inline("role_assignments")})  # fmt: skip
    bob.refresh_from_db()
    assert bob.is_active


def test_the_last_platform_admin_stays_one(client_for: SignIn, pat: User) -> None:
    rows = [
        {"id": one.pk, "user": pat.pk, "role": one.role, "DELETE": "on"}
        for one in pat.role_assignments.all()
    ]
    form = {"username": "pat", "first_name": "Pat", "email": "pat@example.com"}
    form |= inline("role_assignments", rows, had=len(rows))
    answer = client_for(pat).post(f"{ADMIN}/user/{pat.pk}/change/", form)
    assert answer.status_code == 409
    assert pat.role_assignments.count() == 2


def test_people_are_not_removed(client_for: SignIn, pat: User, bob: User) -> None:
    url = f"{ADMIN}/user/{bob.pk}/delete/"
    assert client_for(pat).post(url, {"post": "yes"}).status_code == 403


def test_removing_a_team_records_who_left_it(client_for: SignIn, pat: User, search: Team) -> None:
    client_for(pat).post(f"{ADMIN}/team/{search.pk}/delete/", {"post": "yes"})
    assert not Team.objects.filter(pk=search.pk).exists()
    assert Event.objects.filter(action="admin:row:removed", team="search").count() == 2


def facts(**differing: Any) -> dict[str, Any]:
    return {"dns_namespace": "kube-system", "dns_labels": '{"k8s-app": "kube-dns"}',
            "ranges": "10.96.0.0/16\n10.244.0.0/16", "group_prefix": "", **differing}  # fmt: skip


def sources(cluster: Cluster) -> dict[str, Any]:
    rows = [
        {"id": s.pk, "cluster": cluster.pk, "slug": s.slug, "namespace": s.namespace,
         "pod_labels": json.dumps(s.pod_labels)}
        for s in cluster.ingress_sources.all()
    ]  # fmt: skip
    return inline("ingress_sources", rows, had=len(rows))


def test_pat_corrects_the_facts_of_a_cluster(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    url = f"{ADMIN}/cluster/{cluster.pk}/change/"
    answer = client_for(pat).post(url, {**facts(), **sources(cluster)})
    assert answer.status_code == 302, answer.context["errors"]
    cluster.refresh_from_db()
    assert cluster.facts["ranges"] == ["10.96.0.0/16", "10.244.0.0/16"]
    assert "ranges" in recorded("admin:row:changed")["changed"]
    assert bytes(cluster.credential or b"") == b"sealed"


@pytest.mark.parametrize(
    "wrong",
    [{"ranges": "0.0.0.0/0"}, {"ranges": "ten"}, {"group_prefix": "system:"},
     {"dns_labels": "{}"}, {"dns_namespace": "Kube_System"},
     {"dns_labels": '{"k8s..io/app": "dns"}'}, {"dns_labels": '["k8s-app"]'},
     {"dns_labels": '{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}'},
     {"ranges": " ".join(f"20.{n}.0.0/16" for n in range(0, 128, 2))},
     {"ranges": "10.0.0.1/8"}],
)  # fmt: skip
def test_facts_that_would_make_wrong_plans_are_refused(
    client_for: SignIn, pat: User, cluster: Cluster, wrong: dict[str, str]
) -> None:
    before = cluster.facts
    client_for(pat).post(
        f"{ADMIN}/cluster/{cluster.pk}/change/", {**facts(**wrong), **sources(cluster)}
    )
    cluster.refresh_from_db()
    assert cluster.facts == before


def test_a_prefix_that_makes_a_teams_group_too_long_is_refused_from_both_sides(
    client_for: SignIn, pat: User, cluster: Cluster, payments: Team
) -> None:
    Team.objects.filter(pk=payments.pk).update(access_group="g" * 100)
    url = f"{ADMIN}/cluster/{cluster.pk}/change/"
    client_for(pat).post(url, {**facts(group_prefix="p" * 60), **sources(cluster)})
    cluster.refresh_from_db()
    assert cluster.facts["group_prefix"] == ""
    Cluster.objects.update(facts={**cluster.facts, "group_prefix": "p" * 60})
    form = {"slug": "ledger", "access_group": "h" * 100, **inline("memberships")}
    assert "On cluster dev-eu" in client_for(pat).post(f"{ADMIN}/team/add/", form).content.decode()


@pytest.mark.parametrize("labels", ["{}", '{"k8s..io/app": "x"}', "[]", "7"])
def test_an_ingress_source_names_its_pods(
    client_for: SignIn, pat: User, cluster: Cluster, labels: str
) -> None:
    row = {"slug": "open", "namespace": "open", "pod_labels": labels}
    form = {**facts(), **sources(cluster)}
    form |= {"ingress_sources-TOTAL_FORMS": 2}
    form |= {f"ingress_sources-1-{name}": value for name, value in row.items()}
    client_for(pat).post(f"{ADMIN}/cluster/{cluster.pk}/change/", form)
    assert not IngressSource.objects.filter(slug="open").exists()


# A fact that moves makes what was rendered with the old one outdated, at once.


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


def outdated_objects(row: ManagedNamespace) -> list[str]:
    row.refresh_from_db()
    return [entry.get("object", entry.get("trouble")) for entry in row.outdated or []]


def test_another_access_group_makes_the_teams_namespaces_outdated(
    client_for: SignIn, pat: User, payments: Team, prod: ManagedNamespace
) -> None:
    people = [
        {"id": m.pk, "team": payments.pk, "user": m.user_id, "role": m.role}
        for m in payments.memberships.all()
    ]
    form = {"access_group": "team-pay", **inline("memberships", people, had=len(people))}
    answer = client_for(pat).post(f"{ADMIN}/team/{payments.pk}/change/", form)
    assert answer.status_code == 302
    assert outdated_objects(prod) == ["RoleBinding team-developer"]


def test_other_facts_make_the_clusters_namespaces_outdated(
    client_for: SignIn, pat: User, cluster: Cluster, prod: ManagedNamespace
) -> None:
    form = facts(dns_labels='{"k8s-app": "coredns"}', group_prefix="oidc:")
    url = f"{ADMIN}/cluster/{cluster.pk}/change/"
    assert client_for(pat).post(url, {**form, **sources(cluster)}).status_code == 302
    assert outdated_objects(prod) == ["NetworkPolicy allow-dns", "RoleBinding team-developer"]


def test_an_ingress_source_that_is_removed_makes_them_outdated(
    client_for: SignIn, pat: User, cluster: Cluster, prod: ManagedNamespace
) -> None:
    form = {**facts(), **sources(cluster), "ingress_sources-0-DELETE": "on"}
    url = f"{ADMIN}/cluster/{cluster.pk}/change/"
    assert client_for(pat).post(url, form).status_code == 302
    assert outdated_objects(prod) == ["“ingress-nginx” is not an ingress source of dev-eu."]


def test_where_the_credential_is_sent_is_not_changed_here(
    client_for: SignIn, pat: User, cluster: Cluster
) -> None:
    url = f"{ADMIN}/cluster/{cluster.pk}/change/"
    elsewhere = {"api_server": "https://evil.example", "ca_pem": "mine", "name": "evil"}
    answer = client_for(pat).post(url, {**facts(), **sources(cluster), **elsewhere})
    assert answer.status_code == 302
    known = Cluster.objects.values_list("api_server", "ca_pem", "name").get()
    assert known == (cluster.api_server, cluster.ca_pem, cluster.name)


def test_the_credential_is_never_shown(client_for: SignIn, pat: User, cluster: Cluster) -> None:
    page = client_for(pat).get(f"{ADMIN}/cluster/{cluster.pk}/change/").content.decode()
    assert "sealed" not in page
    assert 'name="credential' not in page


@pytest.mark.parametrize("model", ["request", "decision", "event", "revision"])
def test_the_record_can_be_read_and_not_written(
    client_for: SignIn, pat: User, cluster: Cluster, model: str
) -> None:
    onboarded(demo_spec("payments-prod", cluster=cluster.name))
    browser = client_for(pat)
    row = apps.get_model("onboarding", model).objects.latest("pk").pk
    assert browser.get(f"{ADMIN}/{model}/").status_code == 200
    assert browser.get(f"{ADMIN}/{model}/{row}/change/").status_code == 200
    for address in ("add/", f"{row}/delete/"):
        assert browser.post(f"{ADMIN}/{model}/{address}", {"post": "yes"}).status_code == 403
    answer = browser.post(f"{ADMIN}/{model}/{row}/change/", {"state": "approved"})
    assert answer.status_code == 403


@pytest.mark.parametrize("model", ["team", "user", "cluster"])
def test_nothing_is_removed_in_bulk(client_for: SignIn, pat: User, model: str) -> None:
    page = client_for(pat).get(f"{ADMIN}/{model}/").content.decode()
    assert "delete_selected" not in page


def person_form(**fields: str) -> dict[str, Any]:
    return {"username": "second", "is_active": "on", **fields, **inline("role_assignments")}


def field_errors(answer: Any) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = answer.context["adminform"].form.errors
    return errors


@pytest.mark.parametrize("address", ["bob@example.com", "BOB@Example.com"])
def test_a_second_account_with_an_address_is_an_error_at_its_field(
    client_for: SignIn, pat: User, bob: User, address: str
) -> None:
    second = User.objects.create_user("second", "second@example.com")
    url = f"{ADMIN}/user/{second.pk}/change/"
    answer = client_for(pat).post(url, person_form(email=address))
    assert "Bob, who is active, has this address" in field_errors(answer)["email"][0]
    second.refresh_from_db()
    assert second.email == "second@example.com"


def test_a_new_address_is_the_accounts_and_the_old_one_is_not(
    client_for: SignIn, pat: User, bob: User
) -> None:
    EmailAddress.objects.create(user=bob, email="bob@example.com", verified=True, primary=True)
    form = person_form(username="bob", email="robert@example.com", first_name="Bob")
    assert client_for(pat).post(f"{ADMIN}/user/{bob.pk}/change/", form).status_code == 302
    row = EmailAddress.objects.get(user=bob)
    assert (row.email, row.verified, row.primary) == ("robert@example.com", False, True)


def test_bob_keeps_his_own_address(client_for: SignIn, pat: User, bob: User) -> None:
    form = person_form(username="bob", email="BOB@example.com", first_name="Robert")
    assert client_for(pat).post(f"{ADMIN}/user/{bob.pk}/change/", form).status_code == 302
