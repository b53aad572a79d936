"""The tester of a namespace's Connectivity page: its form, its answer, and what can be done then.

Also for the service that keeps a member's suggestion: what is suggested is worked out here, anew.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from onboarding.domain.facts import ClusterFacts
from onboarding.domain.lanes import Lane
from onboarding.forms.path_question import PathQuestionForm
from onboarding.models import ManagedNamespace, User
from onboarding.pages.path_answer import PathAnswer, build_answer, path_words
from onboarding.queries.advice import advise
from onboarding.queries.clusters import Freshness, sight_of
from onboarding.queries.connectivity import Connectivity
from onboarding.queries.leads import leads_of
from onboarding.queries.paths import End, reply_to
from onboarding.queries.permissions import Permissions
from onboarding.queries.suggestions import may_suggest
from onboarding.queries.whom_to_ask import approvers_of
from onboarding.reachability.model import Pod, Protocol, World
from onboarding.reachability.neighbourhood import PartyKind
from onboarding.templatetags.wording import exact

ASKED = frozenset({"from", "to", "port"})
MOST_KNOWN_ENDS = 60


@dataclass(frozen=True)
class Tester:
    """The form, what can be typed in it, and the answer, if there was a question in order.

    `answers` are what the answer's advice asks for, fields of the change form; `path` is the
    question in words. `leads` or `approvers` are whom the reader can ask, where that helps.
    """

    form: PathQuestionForm
    known_ends: list[str]
    answer: PathAnswer | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    leads: list[User] = field(default_factory=list)
    approvers: list[User] = field(default_factory=list)
    may_suggest: bool = False
    form_key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_wrong(self) -> bool:
        """Tell whether something was asked that cannot be."""
        return self.form.is_bound and not self.form.is_valid()


def build_tester(
    row: ManagedNamespace,
    picture: Connectivity,
    permissions: Permissions,
    query: Mapping[str, str],
    *,
    now: datetime,
) -> Tester:
    """Return the tester with the answer to the question in `query`, if there is one."""
    facts, world = row.cluster.known_facts(), picture.estate.world
    # A link may leave out who asks: the page's own namespace.
    usual = {"from": row.name, "protocol": Protocol.TCP.value}
    given = usual | {name: query[name] for name in query}
    form = PathQuestionForm(
        given if ASKED & query.keys() else None,
        own=row.name,
        world=world,
        ranges=(*world.pod_ranges, *world.service_ranges),
    )
    ends = _known_ends(row, picture, facts, world)
    if not form.is_bound or not form.is_valid():
        return Tester(form, ends)
    reply = reply_to(form.question(), world)
    is_blocked = any(not pair.verdict.allowed for pair in reply.pairs)
    advice = advise(row, reply) if is_blocked else None
    answer = build_answer(reply, row, advice, caution=_caution(picture, now))
    answers = advice.answers if advice else {}
    is_lead = row.team_id in permissions.leads
    return Tester(
        form,
        ends,
        answer,
        answers=answers,
        path=path_words(form.question()),
        leads=leads_of(row.team) if answers and not is_lead else [],
        approvers=approvers_of(Lane.NETWORK) if answer.asks_approvers else [],
        may_suggest=bool(answers) and may_suggest(permissions, row),
    )


def _caution(picture: Connectivity, now: datetime) -> str:
    """Return that nobody knows whether it is still so, "" where that was seen lately."""
    words = {
        Freshness.FAILED: _(
            "Unknown now: as last seen at %(at)s; the last look at the cluster failed."
        ),
        Freshness.OLD: _(
            "Unknown now: as last seen at %(at)s; nobody has looked at the cluster since."
        ),
    }
    sight = sight_of(picture.seen_at, picture.trouble, now=now)
    if picture.seen_at is None or sight not in words:
        return ""
    return words[sight] % {"at": exact(picture.seen_at)}


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
