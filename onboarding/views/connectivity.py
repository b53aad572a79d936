"""Namespace → Connectivity: who can talk to it, and a tester for one pair. Reads, never writes.

What it says comes from what workers last observed and from what was approved; nothing here asks a
cluster. A question is part of the address, so an answer can be sent to somebody.
"""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from onboarding.domain.facts import ClusterFacts
from onboarding.forms.path_question import PathQuestionForm
from onboarding.models import ManagedNamespace
from onboarding.pages.connectivity import build_connectivity
from onboarding.pages.namespace import build_namespace_page
from onboarding.pages.path_answer import PathAnswer, build_answer
from onboarding.queries.advice import advise
from onboarding.queries.connectivity import Connectivity, picture_of_namespace
from onboarding.queries.namespaces import load_namespace
from onboarding.queries.paths import End, reply_to
from onboarding.reachability.model import Pod, World
from onboarding.reachability.neighbourhood import PartyKind
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow

ASKED = frozenset({"from", "to", "port"})
MOST_KNOWN_ENDS = 60


@dataclass(frozen=True)
class Tester:
    """The form, what can be typed in it, and the answer, if there was a question in order."""

    form: PathQuestionForm
    known_ends: list[str]
    answer: PathAnswer | None

    @property
    def is_wrong(self) -> bool:
        """Tell whether something was asked that cannot be."""
        return self.form.is_bound and not self.form.is_valid()


@allow(Who.READERS)
def namespace_connectivity(request: SignedIn, public_id: str) -> HttpResponse:
    """Show who can reach the namespace and whom it can reach; ?from=&to=&port= asks about one."""
    row = load_namespace(request.permissions, public_id)
    picture = picture_of_namespace(row)
    context = {
        "head": build_namespace_page(row, request.permissions, tab="connectivity"),
        "ns": row,
        "now": database_now(),
        "picture": picture,
    }
    status = 200
    if picture:
        tester = _tester(request, row, picture)
        context |= {"connectivity": build_connectivity(picture), "tester": tester}
        status = 422 if tester.is_wrong else 200
    return render(request, "namespaces/namespace_connectivity.html", context, status=status)


def _tester(request: SignedIn, row: ManagedNamespace, picture: Connectivity) -> Tester:
    facts = row.cluster.known_facts()
    world = picture.estate.world
    form = PathQuestionForm(
        request.GET if ASKED & request.GET.keys() else None,
        own=row.name,
        world=world,
        ranges=(*world.pod_ranges, *world.service_ranges),
    )
    answer = None
    if form.is_bound and form.is_valid():
        reply = reply_to(form.question(), world)
        is_blocked = any(not pair.verdict.allowed for pair in reply.pairs)
        answer = build_answer(reply, row, advise(row, reply) if is_blocked else None)
    return Tester(form, _known_ends(row, picture, facts, world), answer)


def _known_ends(
    row: ManagedNamespace, picture: Connectivity, facts: ClusterFacts, world: World
) -> list[str]:
    """Return what can be typed: the namespace's own pods, and peers that the table names."""
    own = (_end_of(pod) for pod in world.pods if pod.namespace == row.name)
    sources = (
        End(source.namespace, tuple(sorted(source.pod_labels.items())))
        for source in facts.ingress.values()
    )
    dns = End(facts.dns_namespace, tuple(sorted(facts.dns_labels.items())))
    peers = (
        End(line.peer.namespaces[0])
        for line in picture.neighbourhood.lines
        if line.peer.kind is PartyKind.NAMESPACE
    )
    every = dict.fromkeys(map(str, (End(row.name), *own, *sources, dns, *peers)))
    return list(every)[:MOST_KNOWN_ENDS]


def _end_of(pod: Pod) -> End:
    return End(pod.namespace, tuple(sorted(pod.labels.items())))
