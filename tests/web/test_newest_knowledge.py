"""Pages say what is newest: no "read back and equal" and no "Reachable" against a later look."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import acting, ask, demo_spec
from onboarding.models import (
    Cluster,
    ClusterObservation,
    ManagedNamespace,
    NamespaceObservation,
    Request,
    User,
)
from onboarding.services.installation import portal_identity
from onboarding.services.preview import change_wish, retire_wish
from onboarding.services.submit import save_draft, submit
from tests.web.sights import looked_at, row_of, words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NAME = "payments-prod"
EQUAL = "read back and equal"
DIFFERS = "Differs from what was approved"
GONE: dict[str, Any] = {
    "object": f"NetworkPolicy {NAME}/deny-all",
    "fields": ["missing"],
    "by": "",
    "foreign": False,
}
USED = {"limits.memory": "14Gi", "requests.storage": "120Gi", "pods": "7"}


@pytest.fixture
def prod(alice: User, cluster: Cluster) -> ManagedNamespace:
    """Alice's medium namespace, read back ten minutes ago."""
    spec = demo_spec(NAME, cluster=cluster.name).changed(size="medium")
    row = ready(onboarded(spec))
    earlier = timezone.now() - timedelta(minutes=10)
    ManagedNamespace.objects.filter(pk=row.pk).update(verified_at=earlier)
    row.refresh_from_db()
    return row


def saw(row: ManagedNamespace, *differs: dict[str, Any], **fields: Any) -> NamespaceObservation:
    """A look 40 seconds ago met the namespace."""
    observation = looked_at(row.cluster)
    return NamespaceObservation.objects.create(
        cluster=row.cluster,
        name=row.name,
        digest="sha256:1",
        uid=fields.pop("uid", row.uid),
        differs=[*differs],
        differs_at=observation.seen_at if differs else None,
        **fields,
    )


def page(browser: Client, path: str, *, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, path
    return words(answer.content.decode())


def detail(row: ManagedNamespace, tab: str = "") -> str:
    return f"/namespaces/{row.public_id}/{tab}"


class TestFence:
    def test_as_approved_it_is_read_back_and_equal(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        saw(prod)
        text = page(client_for(bob), detail(prod))
        assert EQUAL in text
        assert "Not as approved" not in text

    def test_a_missing_policy_is_named_with_since_when_and_what_follows(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        saw(prod, GONE)
        text = page(client_for(bob), detail(prod))
        assert EQUAL not in text
        assert "NetworkPolicy deny-all is missing" in text
        assert "Since the look 40 s ago" in text
        assert "A worker restores what was approved." in text

    @pytest.mark.parametrize("tab", ["policies/", "connectivity/", "access/", "activity/",
                                     "revisions/"])  # fmt: skip
    def test_every_tab_says_it(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace, tab: str
    ) -> None:
        saw(prod, GONE)
        assert "deny-all is missing" in page(client_for(bob), detail(prod, tab))

    @pytest.mark.parametrize("path", ["/", "/namespaces/"])
    def test_lists_agree(
        self, client_for: SignIn, alice: User, prod: ManagedNamespace, path: str
    ) -> None:
        saw(prod, GONE)
        row = row_of(client_for(alice).get(path).content.decode(), NAME)
        assert DIFFERS in row
        assert "Ready" not in row

    def test_pages_of_cluster_and_team_agree(
        self, client_for: SignIn, pat: User, prod: ManagedNamespace
    ) -> None:
        saw(prod, GONE)
        browser = client_for(pat)
        assert f"{NAME} {DIFFERS}" in page(browser, f"/teams/{prod.team.public_id}/")
        assert f"{NAME} is not as approved" in page(browser, f"/clusters/{prod.cluster.public_id}/")
        [line] = browser.get("/clusters/").context["lines"]
        assert (line.live, line.problems) == (1, 1)

    def test_home_names_it_to_its_team(
        self, client_for: SignIn, alice: User, charlie: User, prod: ManagedNamespace
    ) -> None:
        saw(prod, GONE)
        assert f"{NAME} is not as approved" in page(client_for(alice), "/")
        assert NAME not in page(client_for(charlie), "/")

    def test_home_names_it_however_many_are_as_approved(
        self,
        client_for: SignIn,
        alice: User,
        prod: ManagedNamespace,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("onboarding.pages.attention_namespaces.EXAMPLES", 1)
        first = ready(onboarded(demo_spec("payments-a", cluster=prod.cluster.name)))
        saw(prod, GONE)
        ManagedNamespace.objects.filter(pk=first.pk).update(verified_at=timezone.now())
        assert f"{NAME} is not as approved" in page(client_for(alice), "/")

    def test_read_back_after_the_look_it_is_equal_again(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        saw(prod, GONE)
        ManagedNamespace.objects.filter(pk=prod.pk).update(verified_at=timezone.now())
        assert EQUAL in page(client_for(bob), detail(prod))

    def test_a_policy_nobody_approved_is_not_promised_away(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        saw(prod, {**GONE, "object": f"NetworkPolicy {NAME}/sesame", "fields": [],
                   "by": "helm (Update, 2026)", "foreign": True})  # fmt: skip
        text = page(client_for(bob), detail(prod))
        assert "sesame is there, and no approved plan contains it" in text
        assert "contains it, last written by helm" in text
        assert "restores" not in text
        assert "leaves alone what no approved plan contains" in text

    def test_a_namespace_that_was_not_there_is_said_to_be_missing(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        looked_at(prod.cluster)
        text = page(client_for(bob), detail(prod))
        assert "was not on the cluster at the last look" in text
        assert EQUAL not in text

    def test_of_one_that_is_being_deleted_no_restoring_is_promised(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        going = {"object": f"Namespace {NAME}", "fields": ["metadata.deletionTimestamp"]}
        saw(prod, {**GONE, **going})
        text = page(client_for(bob), detail(prod))
        assert "is being deleted" in text
        assert "a worker makes it again, empty" in text
        assert "restores what was approved" not in text

    def test_another_of_the_name_is_said_to_be_another(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        saw(prod, uid="another")
        assert "Another namespace had this name" in page(client_for(bob), detail(prod))

    def test_on_a_cluster_that_cannot_be_used_no_repair_is_promised(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        saw(prod, GONE)
        Cluster.objects.update(condition="unreachable")
        text = page(client_for(bob), detail(prod))
        assert "A worker restores" not in text
        assert "waits until it can be used again" in text

    def test_the_request_that_is_done_says_what_was_seen_since(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        saw(prod, GONE)
        request = Request.objects.get(name=NAME)
        text = page(client_for(bob), f"/requests/{request.public_id}/")
        assert f"Since then: {DIFFERS}" in text


class TestCluster:
    @pytest.fixture
    def hung(self, prod: ManagedNamespace) -> ClusterObservation:
        """The last look, 54 seconds ago, got no answer."""
        row = looked_at(prod.cluster, trouble="no answer within 30 s")
        row.looked_at = timezone.now() - timedelta(seconds=5)
        row.save()
        return row

    def test_list_detail_and_home_name_the_failed_look(
        self, client_for: SignIn, pat: User, hung: ClusterObservation
    ) -> None:
        browser, place = client_for(pat), hung.cluster.public_id
        row = row_of(browser.get("/clusters/"), "dev-eu")
        for text in (row, page(browser, f"/clusters/{place}/")):
            assert "Last look failed" in text
            assert "Reachable" not in text
        assert "The last look at dev-eu failed no answer within 30 s" in page(browser, "/")

    def test_list_detail_and_home_agree_on_a_condition(
        self, client_for: SignIn, pat: User, hung: ClusterObservation
    ) -> None:
        Cluster.objects.update(condition="unreachable", condition_message="does not answer in time")
        browser, place = client_for(pat), hung.cluster.public_id
        for path in ("/clusters/", f"/clusters/{place}/"):
            assert "Does not answer" in page(browser, path)
        assert "dev-eu does not answer" in page(browser, "/")

    def test_home_names_it_to_leads_with_namespaces_there_and_to_who_sees_all(
        self, client_for: SignIn, cast: dict[str, User], hung: ClusterObservation
    ) -> None:
        told = {name for name, person in cast.items() if "dev-eu failed" in page(
            client_for(person), "/")}  # fmt: skip
        assert told == {"alice", "pat", "dana", "erin", "frank"}

    def test_a_cluster_that_answered_is_reachable(
        self, client_for: SignIn, pat: User, prod: ManagedNamespace
    ) -> None:
        looked_at(prod.cluster)
        browser = client_for(pat)
        for path in ("/clusters/", f"/clusters/{prod.cluster.public_id}/"):
            assert "Reachable" in page(browser, path)
        assert "dev-eu" not in page(browser, "/")

    def test_a_role_that_may_not_read_everything_is_said_with_the_remedy(
        self, client_for: SignIn, pat: User, prod: ManagedNamespace
    ) -> None:
        row = looked_at(prod.cluster)
        ClusterObservation.objects.filter(pk=row.pk).update(unread_kinds=["Service"])
        text = page(client_for(pat), f"/clusters/{prod.cluster.public_id}/")
        assert "Not read Service" in text
        assert "prepare_cluster again" in text

    @pytest.mark.parametrize(
        ("portal", "said"),
        [("K7M2Q9", "made by another Bulkhead: K7M2Q9"), ("", "do not say which Bulkhead")],
    )
    def test_what_another_portal_made_is_listed_and_counted(
        self, client_for: SignIn, pat: User, cluster: Cluster, portal: str, said: str
    ) -> None:
        looked_at(cluster)
        NamespaceObservation.objects.create(
            cluster=cluster, name="theirs", digest="sha256:2", uid="u", portal=portal
        )
        browser = client_for(pat)
        text = page(browser, f"/clusters/{cluster.public_id}/")
        assert "unknown here theirs" in text
        assert said in text
        assert "1 marked, unknown here" in page(browser, "/clusters/")
        assert "1 namespace on dev-eu carries Bulkhead’s marks" in page(browser, "/")

    def test_what_this_portal_made_and_forgot_is_listed_with_what_can_be_done(
        self, client_for: SignIn, pat: User, cluster: Cluster
    ) -> None:
        looked_at(cluster)
        NamespaceObservation.objects.create(
            cluster=cluster,
            name="lost",
            digest="sha256:2",
            uid="u",
            portal=portal_identity(),
            labels={"bulkhead.dev/team": "payments"},
            marks={"request": "REQ-7K2M9Q", "generation": "2"},
        )
        text = page(client_for(pat), f"/clusters/{cluster.public_id}/")
        assert "lost made by this portal; its database does not know it" in text
        assert "team payments , REQ-7K2M9Q , generation 2, it is not known since when" in text
        assert "a lead of the team asks for it under its name" in text
        assert "an administrator of the cluster deletes it" in text


class TestNames:
    def test_the_check_says_what_was_seen_and_when(
        self, client_for: SignIn, alice: User, cluster: Cluster
    ) -> None:
        looked_at(cluster)
        browser = client_for(alice)
        taken = page(browser, "/requests/name-check/?name=orders-prod&cluster=dev-eu")
        assert "orders-prod is not free: a namespace of this name was seen on dev-eu 4" in taken
        free = page(browser, "/requests/name-check/?name=orders-dev&cluster=dev-eu")
        assert "The cluster itself was looked at 40 s ago" in free

    def test_before_the_first_look_free_is_said_with_its_limit(
        self, client_for: SignIn, alice: User, cluster: Cluster
    ) -> None:
        free = page(client_for(alice), "/requests/name-check/?name=orders-dev&cluster=dev-eu")
        assert "Nothing was observed on the cluster yet" in free

    def test_approvers_are_told_what_appeared_after_it_was_sent(
        self, client_for: SignIn, pat: User, cluster: Cluster, alice: User
    ) -> None:
        row = ask(demo_spec("orders-prod", cluster=cluster.name), now=timezone.now())
        browser, path = client_for(pat), f"/approvals/{row.public_id}/"
        assert "was seen on dev-eu" not in page(browser, path)
        looked_at(cluster)
        text = page(browser, path)
        assert "A namespace named orders-prod was seen on dev-eu 40 s ago" in text
        assert "ends blocked" in text


class TestContents:
    @pytest.fixture
    def full(self, prod: ManagedNamespace) -> ManagedNamespace:
        saw(
            prod,
            pods=[{"labels": {}, "ports": [], "hostNetwork": False, "count": 6}],
            contents={
                "workloads": {"Deployment": 2},
                "services": {"ClusterIP": 3},
                "claims": {"count": 1, "size": 120 * 1024**3,
                           "largest": [{"name": "data", "size": 120 * 1024**3, "bound": True}]},
            },
            quotas=[{"name": "quota", "hard": {}, "used": USED}],
        )  # fmt: skip
        return prod

    EXPECTED = ("Pods 6", "2 Deployment", "data 120Gi", "Services 3", "As observed 40 s")

    def test_the_retire_page_lists_what_goes(
        self, client_for: SignIn, alice: User, full: ManagedNamespace
    ) -> None:
        text = page(client_for(alice), detail(full, "retire/"))
        for expected in (*self.EXPECTED, "Type delete data"):
            assert expected in text

    def test_the_retire_page_begins_with_its_warning(
        self, client_for: SignIn, alice: User, full: ManagedNamespace
    ) -> None:
        html = client_for(alice).get(detail(full, "retire/")).content.decode()
        assert "autofocus" not in html

    def test_approvers_see_the_same(
        self, client_for: SignIn, pat: User, full: ManagedNamespace
    ) -> None:
        wish = retire_wish(full, confirms="delete data", why="It is time.")
        row = submit(wish, by=acting("alice"), form_key="end", now=timezone.now())
        text = page(client_for(pat), f"/approvals/{row.public_id}/")
        for expected in self.EXPECTED:
            assert expected in text

    def test_the_name_alone_does_not_send_the_removal(
        self, client_for: SignIn, alice: User, full: ManagedNamespace
    ) -> None:
        browser, path = client_for(alice), detail(full, "retire/")
        posted = {"why": "Moved.", "typed_name": NAME, "form_key": "a" * 32}
        answer = browser.post(path, posted)
        assert answer.status_code == 422
        assert "Type delete data." in words(answer.content.decode())
        answer = browser.post(path, {**posted, "confirms": "delete workloads"})
        assert "is not empty" in words(answer.content.decode())
        answer = browser.post(path, {**posted, "confirms": "delete data"})
        assert answer.status_code == 302
        assert Request.objects.filter(kind="retire").count() == 1

    def test_unknown_is_said_on_both_pages(
        self, client_for: SignIn, alice: User, pat: User, prod: ManagedNamespace
    ) -> None:
        assert "Not observed yet" in page(client_for(alice), detail(prod, "retire/"))
        row = submit(
            retire_wish(prod, why="It is time."),
            by=acting("alice"),
            form_key="end",
            now=timezone.now(),
        )
        assert "Not observed yet" in page(client_for(pat), f"/approvals/{row.public_id}/")

    def test_use_stands_beside_the_bounds(
        self, client_for: SignIn, bob: User, full: ManagedNamespace
    ) -> None:
        text = page(client_for(bob), detail(full))
        for expected in ("14Gi of 16Gi used", "7 of 40 used", "Use as observed 40 s ago"):
            assert expected in text

    def test_no_quota_on_the_cluster_is_not_use(
        self, client_for: SignIn, bob: User, full: ManagedNamespace
    ) -> None:
        NamespaceObservation.objects.update(quotas=[])
        text = page(client_for(bob), detail(full))
        assert "no quota stood there 40 s ago" in text
        assert "Use as observed" not in text

    def test_unobserved_use_is_not_shown_as_none(
        self, client_for: SignIn, bob: User, prod: ManagedNamespace
    ) -> None:
        text = page(client_for(bob), detail(prod))
        assert "What is used was not observed yet" in text
        assert "of 40 used" not in text

    def test_a_size_below_use_warns_on_the_form_and_on_the_decision_page(
        self, client_for: SignIn, alice: User, pat: User, full: ManagedNamespace
    ) -> None:
        smaller = change_wish(
            full, demo_spec(NAME, cluster="dev-eu").changed(size="small"), why="It is time."
        )
        by, at = acting("alice"), timezone.now()
        draft = save_draft(smaller, by=by, form_key="d", now=at)
        form = page(client_for(alice), f"/requests/{draft.public_id}/edit/")
        sent = submit(smaller, by=by, form_key="s", now=at)
        decision = page(client_for(pat), f"/approvals/{sent.public_id}/")
        for text in (decision, form):
            assert "The size is below what is used now" in text
            assert "limits.memory 14Gi used, 8Gi allowed: a pod that dies is not started" in text
            assert "requests.storage 120Gi used, 50Gi allowed: no volume claim" in text
            assert "Nothing is evicted" in text
