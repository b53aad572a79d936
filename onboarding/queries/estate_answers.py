"""Who can reach whom, over every namespace a person may see: the Reachability page's question.

The engine is the command line's (`reachability/asking.py`), on what workers last observed. What is
not certain, or was not worked out, is an answer of its own and counts neither as yes nor as no.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from onboarding.domain.lifecycle import ENDED
from onboarding.domain.refusals import Invalid
from onboarding.models import Cluster, ManagedNamespace
from onboarding.queries.clusters import Freshness, sight_of
from onboarding.queries.estate_facts import InForce, approved_of
from onboarding.queries.namespaces import visible_to
from onboarding.queries.observed import ObservedWorld, observed_worlds
from onboarding.queries.permissions import Permissions
from onboarding.reachability.answering import Asking, ReportOptions
from onboarding.reachability.asking import Asked, PortAsked, Query
from onboarding.reachability.members import BadQuestion, network_of
from onboarding.reachability.model import Direction
from onboarding.reachability.named_ends import INTERNET
from onboarding.reachability.reading import Loaded
from onboarding.reachability.survey import NamespaceReach, Reach, Survey, survey

# About a second of work: to explain a pair takes from a tenth to a third of a millisecond.
MOST_PAIRS = 4000
WEB_ENTRY = "web entry"
_STRONGER = (Reach.CAN, Reach.UNSURE, Reach.CANNOT)


class Doubt(StrEnum):
    """Why nothing certain is said of a namespace, besides what the engine says."""

    NONE = ""
    NEVER_LOOKED = "never-looked"
    NOT_THERE = "not-there"
    APPROVED_SINCE = "approved-since"
    OLD_LOOK = "old-look"
    NOT_LOOKED_AT = "not-looked-at"
    LEFT_OUT = "left-out"


_DOUBTS = {
    Freshness.NOW: Doubt.NONE,
    Freshness.UNSEEN: Doubt.NEVER_LOOKED,
    Freshness.FAILED: Doubt.OLD_LOOK,
    Freshness.OLD: Doubt.NOT_LOOKED_AT,
}


@dataclass(frozen=True)
class EstateQuestion:
    """From whom to whom: "" for every namespace one may see. No port: every port.

    An end is written as for the command line, or WEB_ENTRY: the ingress sources of each cluster.
    """

    source: str = ""
    destination: str = ""
    port: PortAsked | None = None
    cluster: str = ""

    def by(self, own: Collection[str]) -> Direction:
        """Return which end's namespaces are answered for, one by one: of two, one's own."""
        if not self.source or not self.destination:
            is_receiver = not self.destination
        else:
            is_receiver = not _is_namespace(self.source) or (
                name_in(self.source) not in own and name_in(self.destination) in own
            )
        return Direction.INGRESS if is_receiver else Direction.EGRESS

    def ends(self, by: Direction) -> tuple[str, str]:
        """Return what stands at the end that is answered for, and at the other one."""
        both = (self.source, self.destination)
        return both if by is Direction.EGRESS else (both[1], both[0])


@dataclass(frozen=True)
class EstateRow:
    """The answer for one namespace on one cluster; `row` is None where Bulkhead does not manage it.

    `found` is what the engine says by the last look, None where there is nothing to say it of.
    """

    cluster: Cluster
    name: str
    reach: Reach
    found: NamespaceReach | None = None
    doubt: Doubt = Doubt.NONE
    row: ManagedNamespace | None = None
    approved: InForce | None = None


@dataclass(frozen=True)
class LookedAt:
    """What one cluster's answers were made from. `lacks` are ends that are not known there.

    `sight` tells whether they tell of now.
    """

    cluster: Cluster
    seen_at: datetime | None
    trouble: str = ""
    foreign: tuple[str, ...] = ()
    lacks: str = ""
    sight: Freshness = Freshness.UNSEEN

    @property
    def is_old(self) -> bool:
        """Tell whether nobody has looked for long, though no look failed."""
        return self.sight is Freshness.OLD


@dataclass(frozen=True)
class EstateAnswer:
    """Every row, by name, and the looks they rest on."""

    rows: tuple[EstateRow, ...]
    looks: tuple[LookedAt, ...]
    by: Direction = Direction.EGRESS

    @property
    def managed(self) -> tuple[EstateRow, ...]:
        """Return the rows of namespaces that Bulkhead manages."""
        return tuple(one for one in self.rows if one.row)

    @property
    def others(self) -> tuple[EstateRow, ...]:
        """Return the rows of the others, which only those see who see everything."""
        return tuple(one for one in self.rows if not one.row)


def ask_estate(
    permissions: Permissions, question: EstateQuestion, *, now: datetime
) -> EstateAnswer:
    """Return the answer. Raise Invalid, with its field, for what cannot be asked.

    Five queries, and one for each cluster whose picture is not in memory.
    """
    rows = visible_to(permissions).exclude(state__in=sorted(ENDED)).filter(cluster__closed_at=None)
    if question.cluster:
        rows = rows.filter(cluster__name=question.cluster)
    namespaces = [*rows.order_by("name", "id").prefetch_related("cluster__ingress_sources")]
    clusters = {row.cluster_id: row.cluster for row in namespaces}
    names = {row.name for row in namespaces}
    _check_seen(permissions, question, names)
    by = question.by(names)
    worlds = observed_worlds(clusters.values())
    approved = approved_of(namespaces)
    budget, found, looks = MOST_PAIRS, list[EstateRow](), list[LookedAt]()
    for key, cluster in sorted(clusters.items(), key=lambda item: item[1].name):
        seen = worlds.get(key)
        own = {row.name: row for row in namespaces if row.cluster_id == key}
        sight = sight_of(seen.seen_at, seen.trouble, now=now) if seen else Freshness.UNSEEN
        place = _Place(cluster, seen, own, approved, by, permissions.sees_everything, sight)
        lacks = place.lacks(question)
        looks.append(_look(cluster, seen, lacks, sight))
        if not lacks:
            answers, spent = place.answers(question, most=budget)
            found += answers
            budget -= spent
    _check_known(question, looks)
    ordered = sorted(found, key=lambda one: (one.name, one.cluster.name))
    return EstateAnswer(tuple(ordered), tuple(looks), by)


def known_namespaces(permissions: Permissions) -> list[tuple[str, str]]:
    """Return (name, cluster) of every namespace a person may ask about, by name. One query."""
    rows = visible_to(permissions).exclude(state__in=sorted(ENDED)).filter(cluster__closed_at=None)
    return [*rows.order_by("name", "id").values_list("name", "cluster__name")]


@dataclass(frozen=True)
class _Place:
    """One cluster: what was seen there, and the namespaces on it that are asked about."""

    cluster: Cluster
    seen: ObservedWorld | None
    own: Mapping[str, ManagedNamespace]
    approved: Mapping[int, InForce]
    by: Direction
    sees_all: bool
    sight: Freshness

    def lacks(self, question: EstateQuestion) -> str:
        """Return a namespace that is asked about and not known on this cluster, else ""."""
        known = {*self.own, *(self.seen.world.namespaces if self.seen else ())}
        ends = (question.source, question.destination)
        named = (name_in(end) for end in ends if _is_namespace(end))
        if WEB_ENTRY in ends and not self._sources():
            return WEB_ENTRY
        return next((name for name in named if name not in known), "")

    def answers(self, question: EstateQuestion, *, most: int) -> tuple[list[EstateRow], int]:
        """Return the rows, and how many pairs were looked at for them."""
        names = self._names(question)
        if self.seen is None:
            return [self._row(name, None, Doubt.NEVER_LOOKED) for name in names], 0
        there = [name for name in names if self._is_there(name)]
        surveys, spent = list[Survey](), 0
        for query in self._queries(question):
            found = survey(self._asked(query), there, by=self.by, most=most - spent)
            surveys.append(found)
            spent += found.spent
        return [self._answered(name, surveys) for name in names], spent

    def _names(self, question: EstateQuestion) -> list[str]:
        """Return the namespaces that have a row: not one that is itself the other end."""
        ours, theirs = question.ends(self.by)
        if ours:
            return [name_in(ours)]
        other = name_in(theirs)
        managed = [name for name in self.own if name != other]
        world = self.seen.world.namespaces if self.seen and self.sees_all else ()
        return managed + [name for name in sorted(world) if name not in self.own and name != other]

    def _is_there(self, name: str) -> bool:
        """Tell whether what was seen under the name is what the row stands for."""
        row, seen = self.own.get(name), self.seen
        if seen is None or name not in seen.uids:
            return False
        return row is None or (bool(row.uid) and seen.uids[name] == row.uid)

    def _queries(self, question: EstateQuestion) -> Iterator[Query]:
        sources = self._sources() if question.source == WEB_ENTRY else [question.source]
        takers = self._sources() if question.destination == WEB_ENTRY else [question.destination]
        for source in sources:
            for taker in takers:
                yield Query(source=source, destination=taker, port=question.port)

    def _sources(self) -> list[str]:
        """Return the cluster's ingress sources as ends."""
        facts = self.cluster.known_facts()
        return [
            f"{one.namespace}/{','.join(f'{k}={v}' for k, v in sorted(one.pod_labels.items()))}"
            for one in facts.ingress.values()
            if self.seen and one.namespace in self.seen.world.namespaces
        ]

    def _asked(self, query: Query) -> Asked:
        world = self.seen.world if self.seen else None
        if world is None:
            raise ValueError("A cluster that was never looked at cannot be asked about.")
        try:
            return Asking(Loaded(world, ()), ReportOptions(query, assumes_pods=True)).asked
        except BadQuestion as error:
            raise Invalid(str(error), field="to") from error

    def _answered(self, name: str, surveys: Iterable[Survey]) -> EstateRow:
        if not self._is_there(name):
            return self._row(name, None, Doubt.NOT_THERE)
        found = [one.answers[name] for one in surveys if name in one.answers]
        if not found or any(name in one.left_out for one in surveys):
            return self._row(name, None, Doubt.LEFT_OUT)
        strongest = min(found, key=lambda one: _STRONGER.index(one.reach))
        return self._row(name, strongest, self._doubt(name))

    def _doubt(self, name: str) -> Doubt:
        row, seen = self.own.get(name), self.seen
        approved = self.approved.get(row.pk) if row else None
        if seen and approved and approved.at > seen.seen_at:
            return Doubt.APPROVED_SINCE
        return _DOUBTS[self.sight]

    def _row(self, name: str, found: NamespaceReach | None, doubt: Doubt) -> EstateRow:
        row = self.own.get(name)
        return EstateRow(
            self.cluster,
            name,
            reach=Reach.UNSURE if doubt or found is None else found.reach,
            found=found,
            doubt=doubt,
            row=row,
            approved=self.approved.get(row.pk) if row else None,
        )


def _look(cluster: Cluster, seen: ObservedWorld | None, lacks: str, sight: Freshness) -> LookedAt:
    if seen is None:
        return LookedAt(cluster, None, lacks=lacks)
    foreign = tuple(str(one) for one in seen.world.foreign)
    return LookedAt(cluster, seen.seen_at, seen.trouble, foreign, lacks, sight)


def name_in(end: str) -> str:
    """Return the namespace an end names."""
    return end.partition("/")[0]


def _is_namespace(end: str) -> bool:
    """Tell whether an end names a namespace, alone or with labels."""
    is_word = end in {"", INTERNET, WEB_ENTRY}
    return not is_word and network_of(end) is None


def _check_seen(permissions: Permissions, question: EstateQuestion, own: set[str]) -> None:
    """Raise Invalid unless one end at least is a namespace the person may see, or all of those."""
    ends = [end for end in (question.source, question.destination) if not end or _is_namespace(end)]
    if not ends:
        raise Invalid("One of the two ends has to be a namespace, or every namespace.", field="to")
    if question.source == question.destination == "":
        raise Invalid(
            "Name one of the two ends: every pair at once is too much to read.", field="to"
        )
    if permissions.sees_everything:
        return
    if not any(not end or name_in(end) in own for end in ends):
        raise Invalid("One of the two ends has to be a namespace you may see.", field="to")


def _check_known(question: EstateQuestion, looks: Collection[LookedAt]) -> None:
    """Raise Invalid where no cluster knows an end."""
    lacks = next((look.lacks for look in looks), "")
    if not lacks or not all(look.lacks for look in looks):
        return
    words = f"No namespace {lacks} is known here."
    if lacks == WEB_ENTRY:
        words = "No web entry was seen on the clusters here."
    raise Invalid(words, field=_field(question, lacks))


def _field(question: EstateQuestion, name: str) -> str:
    return "from" if name_in(question.source) == name else "to"
