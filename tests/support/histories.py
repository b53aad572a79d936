"""A history at random: people ask and decide, workers work, others act behind the portal's back.

One act a step. What it does is drawn by a seeded generator, so that a history that fails can be
told again; `told` says in words what happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from django.db.models.functions import Now

from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST, BlockedReason, NamespaceState
from onboarding.domain.refusals import Refusal
from onboarding.models import (
    Cluster,
    Deviation,
    ManagedNamespace,
    Request,
    RoleAssignment,
    Team,
)
from onboarding.queries.deviations import standing_foreign
from onboarding.queries.namespaces import CHANGEABLE, in_force
from onboarding.services.acknowledge import acknowledge
from onboarding.services.clock import database_now
from onboarding.services.close_cluster import ask_to_close, confirm_closing
from onboarding.services.outdated import note_outdated
from onboarding.services.preview import (
    NamespaceWish,
    adopt_wish,
    change_wish,
    removal_wish,
    retire_wish,
)
from onboarding.services.reconcile import reconcile
from onboarding.services.refresh import ask_refresh
from onboarding.services.retry import try_again
from onboarding.services.submit import submit
from tests.support.live_portal import wait_for
from tests.support.raw_api import MERGE, RawApi

HOLDERS = {Lane.NETWORK: "dana", Lane.SECURITY: "erin", Lane.PLATFORM: "pat"}
LISTS = {
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "ResourceQuota": "/api/v1/namespaces/{}/resourcequotas",
    "LimitRange": "/api/v1/namespaces/{}/limitranges",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}
OPEN_HOUSE = {
    "metadata": {"name": "open-house"},
    "spec": {"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress"]},
}
ANYBODY = {
    "metadata": {"name": "anybody"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "others"}],
}
# Verb, path below the API server, body: what somebody with break-glass rights may do.
TAMPERINGS: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("DELETE", LISTS["NetworkPolicy"] + "/deny-all", None),
    ("PATCH", LISTS["NetworkPolicy"] + "/deny-all", {"spec": {"egress": [{}]}}),
    ("POST", LISTS["NetworkPolicy"], OPEN_HOUSE),
    ("DELETE", LISTS["NetworkPolicy"] + "/open-house", None),
    ("DELETE", LISTS["ResourceQuota"] + "/quota", None),
    ("PATCH", LISTS["ResourceQuota"] + "/quota", {"spec": {"hard": {"pods": "1000"}}}),
    ("POST", LISTS["RoleBinding"], ANYBODY),
    ("DELETE", LISTS["RoleBinding"] + "/anybody", None),
    ("DELETE", LISTS["RoleBinding"] + "/team-developer", None),
    ("PATCH", "/api/v1/namespaces/{}", {"metadata": {"labels": {"bulkhead.dev/team": "search"}}}),
)


class NothingToDo(Exception):
    """The act that was drawn has nothing to act on."""


@dataclass
class History:
    """What happens on one cluster. `admin` is an administrator of it, without the portal."""

    cluster: Cluster
    admin: RawApi
    random: Random
    prefix: str
    told: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    saved: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)

    def step(self) -> None:
        """Do one act at random, and let the workers work in two of three cases."""
        [act] = self.random.choices([*ACTS], [*ACTS.values()])
        try:
            self.tell(f"{act.__name__}: {act(self)}")
        except (Refusal, NothingToDo) as refused:
            self.tell(f"{act.__name__}: no, {refused}")
        if self.random.random() < 0.66:
            self.tell(f"work: {self.work()}")

    def tell(self, words: str) -> None:
        self.told.append(words)

    def work(self) -> str:
        """Let a worker look once at everything; what waits for Kubernetes goes on later."""
        past = Now() - timedelta(seconds=1)
        rows = ManagedNamespace.objects.filter(cluster=self.cluster, next_at__isnull=False)
        rows.update(next_at=past)
        Cluster.objects.filter(pk=self.cluster.pk, retry_at__isnull=False).update(retry_at=past)
        for pk in [*rows.order_by("pk").values_list("pk", flat=True)]:
            reconcile("history", clock=database_now, namespace_id=pk)
        return ", ".join(f"{row.name} {row.state} {row.reason}" for row in self.rows())

    # Who is there ------------------------------------------------------------------------------

    @property
    def breaker(self) -> RawApi:
        return self.admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")

    def rows(self, *states: NamespaceState, **fields: object) -> list[ManagedNamespace]:
        found = ManagedNamespace.objects.select_related("team", "cluster").filter(**fields)
        rows = found.filter(cluster=self.cluster).order_by("pk")
        return [*(rows.filter(state__in=states) if states else rows)]

    def any_of(self, rows: list[ManagedNamespace]) -> ManagedNamespace:
        if not rows:
            raise NothingToDo
        return self.random.choice(rows)

    def standing(self, row: ManagedNamespace) -> list[Deviation]:
        return [*standing_foreign(row).filter(acknowledged_at__isnull=True)]

    def a_new_name(self) -> str:
        self.names.append(f"{self.prefix}-{len(self.names)}")
        return self.names[-1]

    def is_there(self, name: str) -> bool:
        return self.admin.get(f"/api/v1/namespaces/{name}").status == 200

    # What people do in the portal --------------------------------------------------------------

    def sent(self, wish: NamespaceWish) -> str:
        key = f"{self.prefix}-{len(self.told)}"
        return self.approved(submit(wish, by=acting("alice"), form_key=key, now=database_now()))

    def approved(self, request: Request) -> str:
        for lane in [*request.lanes.values_list("lane", flat=True)]:
            request = approve(request, HOLDERS[Lane(lane)], Lane(lane), now=database_now())
        return f"{request.label} to {request.kind} {request.name}"

    def onboard(self) -> str:
        spec = demo_spec(self.a_new_name(), cluster=self.cluster.name)
        return self.approved(ask(spec, now=database_now()))

    def onboard_what_is_taken(self) -> str:
        """Somebody else is faster than the next look."""
        name = self.a_new_name()
        made = self.admin.post("/api/v1/namespaces", {"metadata": {"name": name}})
        assert made.status == 201, made.message
        return self.approved(ask(demo_spec(name, cluster=self.cluster.name), now=database_now()))

    def change(self) -> str:
        row = self.any_of(self.rows(*CHANGEABLE))
        revision = in_force(row)
        assert revision is not None
        size = self.random.choice(["small", "medium"])
        return self.sent(change_wish(row, revision.wanted.changed(size=size), why="It is time."))

    def retire(self) -> str:
        return self.sent(
            retire_wish(self.any_of(self.rows(*set(NamespaceState) - ENDED)), why="It is time.")
        )

    def adopt(self) -> str:
        restored = self.rows(NamespaceState.BLOCKED, reason=BlockedReason.RESTORED.value)
        return self.sent(adopt_wish(self.any_of(restored), why="It is time."))

    def acknowledge(self) -> str:
        """Alice knows of an object of others, and why it may be there."""
        found = self.any_of([row for row in self.rows() if self.standing(row)])
        one = self.random.choice(self.standing(found))
        acknowledge(one.pk, by=acting("alice"), reason="We know of it.", now=database_now())
        return f"{one} in {found.name}"

    def remove_findings(self) -> str:
        row = self.any_of([row for row in self.rows(*CHANGEABLE) if standing_foreign(row)])
        return self.sent(removal_wish(row, standing_foreign(row), why="It is time."))

    def push(self) -> str:
        row = self.any_of(self.rows(NamespaceState.BLOCKED, NamespaceState.RETRYING))
        try_again(row.pk, by=acting("alice"), now=database_now())
        return row.name

    def change_group(self) -> str:
        group = f"team-payments-{self.random.randrange(3)}"
        Team.objects.filter(slug="payments").update(access_group=group)
        note_outdated(now=database_now())
        return group

    def change_facts(self) -> str:
        label = self.random.choice(["kube-dns", "coredns"])
        row = Cluster.objects.get(pk=self.cluster.pk)
        row.facts = {**row.facts, "dns_labels": {"k8s-app": label}}
        row.save(update_fields=["facts"])
        note_outdated(now=database_now())
        return label

    def refresh(self) -> str:
        chosen = [row.pk for row in self.rows(*CHANGEABLE) if row.outdated]
        if not chosen:
            raise NothingToDo
        by, now = acting("alice"), database_now()
        key = f"{self.prefix}-{len(self.told)}"
        asked = ask_refresh(chosen, by=by, reason="New facts.", form_key=key, now=now)
        pending = asked.requests.filter(state__in=sorted(OPEN_REQUEST)).order_by("pk")
        return ", ".join(self.approved(request) for request in [*pending])

    def close_cluster(self) -> str:
        """The last act: two platform admins give the cluster up."""
        erin = acting("erin").user
        RoleAssignment.objects.get_or_create(user=erin, role=RoleAssignment.Role.PLATFORM_ADMIN)
        name, now = self.cluster.name, database_now()
        ask_to_close(
            self.cluster.pk, by=acting("pat"), reason="It burnt.", typed_name=name, now=now
        )
        lost = confirm_closing(self.cluster.pk, by=acting("erin"), typed_name=name, now=now)
        return f"{lost} namespaces are lost with it"

    # What others do on the cluster -------------------------------------------------------------

    def delete_by_hand(self) -> str:
        row = self.any_of([one for one in self.rows() if self.is_there(one.name)])
        self.breaker.delete(f"/api/v1/namespaces/{row.name}")
        return row.name

    def save(self) -> str:
        row = self.any_of(self.rows(NamespaceState.READY))
        place = f"/api/v1/namespaces/{row.name}"
        taken = [("/api/v1/namespaces", self.admin.get(place).body)]
        for path in (path.format(row.name) for path in LISTS.values()):
            taken += [(path, item) for item in self.admin.get(path).body.get("items", ())]
        self.saved[row.name] = [(path, _as_saved(item)) for path, item in taken]
        return row.name

    def restore(self) -> str:
        """Bring back a namespace from a backup, under its name, once the other one has ended."""
        if not self.saved:
            raise NothingToDo
        name = self.random.choice(sorted(self.saved))
        self.breaker.delete(f"/api/v1/namespaces/{name}")
        wait_for(lambda: not self.is_there(name), f"{name} ends")
        return f"{name} {[self.breaker.post(*one).status for one in self.saved[name]]}"

    def tamper(self) -> str:
        row = self.any_of(self.rows(*CHANGEABLE))
        verb, path, body = self.random.choice(TAMPERINGS)
        kind = MERGE if verb == "PATCH" else "application/json"
        answer = self.breaker.send(verb, path.format(row.name), body, content=kind)
        return f"{verb} {path.format(row.name)} {answer.status}"


def _as_saved(item: dict[str, Any]) -> dict[str, Any]:
    """An object as a backup holds it: without uid, version and status."""
    kept = {part: item["metadata"].get(part) for part in ("name", "labels", "annotations")}
    return {**{part: body for part, body in item.items() if part != "status"}, "metadata": kept}


# How likely each act is.
ACTS: dict[Callable[[History], str], int] = {
    History.onboard: 5,
    History.onboard_what_is_taken: 2,
    History.change: 2,
    History.retire: 4,
    History.adopt: 3,
    History.push: 3,
    History.acknowledge: 2,
    History.remove_findings: 1,
    History.change_group: 1,
    History.change_facts: 1,
    History.refresh: 2,
    History.delete_by_hand: 3,
    History.save: 4,
    History.restore: 3,
    History.tamper: 5,
}
