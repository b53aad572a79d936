"""Gone, ready, free, unchanged: whenever a page says one of them, the API server agrees.

Histories at random, on the real API server. After every step the portal has looked once, as it
does by itself each minute; then an administrator who knows nothing of the portal looks too.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from onboarding.demo.scenario import acting
from onboarding.domain.lifecycle import ENDED, NamespaceState
from onboarding.domain.quantities import check_quantity, quantity
from onboarding.domain.refusals import Invalid
from onboarding.models import Cluster, ManagedNamespace, User
from onboarding.plan.build import Ingredients, build_plan
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import Plan, load_plan
from onboarding.queries.namespaces import in_force
from onboarding.services.clock import database_now
from onboarding.services.observe import observe
from onboarding.services.preview import change_wish
from onboarding.services.submit import submit
from tests.support.histories import LISTS, History
from tests.support.live_portal import wait_for
from tests.support.raw_api import RawApi
from tests.web.sights import words

pytestmark = pytest.mark.django_db

HISTORIES, STEPS = 10, 30
REQUEST_MARK = "bulkhead.dev/request"


@pytest.fixture
def history(dev_eu: Cluster, admin: RawApi, request: pytest.FixtureRequest) -> Iterator[History]:
    """A history of its own, of which nothing is left on the cluster for other tests to see."""
    seed: int = request.param
    prefix = f"tale-{seed}-{dev_eu.public_id.lower()}"
    history = History(dev_eu, admin, Random(seed), prefix=prefix)
    yield history
    for name in history.names:
        history.breaker.delete(f"/api/v1/namespaces/{name}")
    wait_for(lambda: not any(map(history.is_there, history.names)), "the history is forgotten")


@pytest.fixture
def frank_reads(frank: User) -> Client:
    client = Client()
    client.force_login(frank)
    return client


@pytest.fixture
def alice_reads(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.mark.parametrize("history", range(HISTORIES), indirect=True)
def test_words_on_pages_are_earned(
    history: History, frank_reads: Client, alice_reads: Client
) -> None:
    for _ in range(STEPS):
        history.step()
        observe(history.cluster.pk, clock=database_now)
        check_words(history, frank_reads, alice_reads)
    over = [row.pk for row in history.rows(*ENDED)]
    history.tell(f"close_cluster: {history.close_cluster()}")
    check_words(history, frank_reads, alice_reads)
    assert {row.state for row in history.rows() if row.pk not in over} <= {NamespaceState.LOST}


def check_words(history: History, frank_reads: Client, alice_reads: Client) -> None:
    said = [*states_said(history, frank_reads), *names_said(history, alice_reads)]
    wrong = [claim for claim, is_so in said if not is_so]
    assert not wrong, "\n".join([*history.told, "THEN:", *wrong])


def states_said(history: History, reader: Client) -> list[tuple[str, bool]]:
    """What the list says of each namespace, and whether the API server agrees."""
    answer = reader.get(reverse("namespace-list"), {"state": "all", "q": history.prefix})
    cells = dict(_cells(answer.content.decode()))
    judges = {
        "Ready": is_ready,
        "Ready Outdated": is_as_approved,
        "Gone": is_gone,
        "Never created": is_not_of,
    }
    said = []
    for row in history.rows():
        state = cells[row.public_id]
        if judge := judges.get(state):
            said.append((f"{row.name} is called {state}", judge(history, row)))
        if state.startswith("Ready") and says_nothing_would_change(history, row):
            said.append((f"{row.name} would not change", is_ready(history, row)))
    return said


def names_said(history: History, reader: Client) -> list[tuple[str, bool]]:
    """What the form says of names, and whether the API server agrees."""
    said = []
    for name in [*history.names[-6:], f"{history.prefix}-new"]:
        query = {"name": name, "cluster": history.cluster.name}
        text = words(reader.get(reverse("name-check"), query).content.decode())
        if f"{name} is free" in text:
            said.append((f"{name} is called free", not history.is_there(name)))
    return said


def _cells(html: str) -> list[tuple[str, str]]:
    """The public id and the words of the state of each row of the list."""
    rows = re.findall(r"<tr.*?</tr>", html, re.DOTALL)
    found = [
        (
            re.search(r'href="/namespaces/(\w+)/"', row),
            re.search(r'data-label="State">(.*?)</td>', row, re.DOTALL),
        )
        for row in rows
    ]
    return [(link[1], words(cell[1])) for link, cell in found if link and cell]


def is_gone(history: History, row: ManagedNamespace) -> bool:
    """The namespace that was made is not there, nor another one with the marks of this row."""
    live = history.admin.get(f"/api/v1/namespaces/{row.name}")
    if live.status == 404:
        return True
    return live.body["metadata"]["uid"] != row.uid and is_not_of(history, row)


def is_not_of(history: History, row: ManagedNamespace) -> bool:
    """What has the name, if anything, carries no mark of a request for this row."""
    live = history.admin.get(f"/api/v1/namespaces/{row.name}").body
    mark = (live.get("metadata", {}).get("annotations") or {}).get(REQUEST_MARK)
    return mark not in {revision.request.label for revision in row.revisions.all()}


def is_ready(history: History, row: ManagedNamespace) -> bool:
    """Everything today's facts ask for is stored so, and nothing beside it that nobody knows of."""
    return holds_just(history, row, todays_plan(row))


def is_as_approved(history: History, row: ManagedNamespace) -> bool:
    """The same, of what was approved with the facts of another day."""
    revision = in_force(row)
    assert revision is not None
    return holds_just(history, row, load_plan(revision.plan))


def holds_just(history: History, row: ManagedNamespace, plan: Plan) -> bool:
    """The plan is stored, and no policy or binding beside it but those somebody acknowledged."""
    live = history.admin.get(f"/api/v1/namespaces/{row.name}").body
    if live.get("metadata", {}).get("uid") != row.uid or "deletionTimestamp" in live["metadata"]:
        return False
    listed = {kind: _by_name(history, path, row.name) for kind, path in LISTS.items()}
    names = {(one.key.kind, one.key.name) for one in plan.objects}
    known = row.deviations.filter(kind="foreign", acknowledged_at__isnull=False)
    acknowledged = {*known.values_list("uid", flat=True)}
    foreign = [
        name
        for kind in ("NetworkPolicy", "RoleBinding")
        for name, one in listed[kind].items()
        if (kind, name) not in names and one["metadata"]["uid"] not in acknowledged
    ]
    stored = {**listed, "Namespace": {row.name: live}}
    return not foreign and all(
        _holds(one.manifest, stored[one.key.kind].get(one.key.name)) for one in plan.objects
    )


def _by_name(history: History, path: str, namespace: str) -> dict[str, Any]:
    items = history.admin.get(path.format(namespace)).body["items"]
    return {item["metadata"]["name"]: item for item in items}


def todays_plan(row: ManagedNamespace) -> Plan:
    revision = in_force(row)
    assert revision is not None
    cluster = Cluster.objects.get(pk=row.cluster_id)
    facts, group = cluster.known_facts(), type(row.team).objects.get(pk=row.team_id).access_group
    return build_plan(revision.wanted, Ingredients(load_catalogue(), facts, group))


def says_nothing_would_change(history: History, row: ManagedNamespace) -> bool:
    """Send the same answers again, and take it back."""
    revision = in_force(row)
    assert revision is not None
    key, now = f"same-{len(history.told)}-{row.pk}", database_now()
    with transaction.atomic():
        try:
            wish = change_wish(row, revision.wanted, why="It is time.")
            submit(wish, by=acting("alice"), form_key=key, now=now)
        except Invalid as refused:
            return "Nothing would change" in str(refused)
        transaction.set_rollback(True)
    return False


def _holds(wanted: Any, live: Any) -> bool:
    """Everything wanted stands in what is stored; absent and empty are the same."""
    if wanted in (None, [], {}) and live in (None, [], {}):
        return True
    if isinstance(wanted, dict):
        own = {part: value for part, value in wanted.items() if part not in {"apiVersion", "kind"}}
        return isinstance(live, dict) and all(_holds(v, live.get(k)) for k, v in own.items())
    if isinstance(wanted, list):
        same = isinstance(live, list) and len(wanted) == len(live)
        return same and all(_holds(one, other) for one, other in zip(wanted, live, strict=True))
    return _amount(wanted) == _amount(live)


def _amount(value: Any) -> Decimal | str:
    return str(value) if check_quantity(str(value)) else quantity(str(value))
