"""May one end reach the other: two ends as a person named them, found among what was observed.

The connectivity page's tester asks. Only policies of the two namespaces can decide, so a small
world with nothing but the two ends is asked, and `advice.py` can ask it again with other policies.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import islice, product
from typing import TypeAlias

from onboarding.reachability.assume import ASSUMED
from onboarding.reachability.cluster_addresses import caveat_on
from onboarding.reachability.endpoints import named_labels, selected_keys
from onboarding.reachability.estate import Estate
from onboarding.reachability.model import (
    Certainty,
    Pod,
    Policy,
    Protocol,
    Verdict,
    World,
)

# Pairs of pod classes tried when the words fit several, and how many of each answer are told.
MOST_PAIRS = 1024
MOST_TOLD = 3
# A class of pods: its place among the estate's endpoints and one pod of it, None for an address.
_Kind: TypeAlias = tuple[int, Pod | None]


@dataclass(frozen=True)
class End:
    """One end of a connection: an address outside, or the pods of a namespace with these labels."""

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    address: str = ""

    def __str__(self) -> str:
        """Return it as it is typed, e.g. `payments-prod/app=web`."""
        labels = ",".join(f"{key}={value}" for key, value in self.labels)
        return self.address or (f"{self.namespace}/{labels}" if labels else self.namespace)


@dataclass(frozen=True)
class Question:
    """May `source` reach `destination` on a port from 1 to 65535?"""

    source: End
    destination: End
    protocol: Protocol
    port: int


@dataclass(frozen=True)
class Pair:
    """One answer. A pod stands for all that the policies of both ends cannot tell from it.

    None stands for the address that was asked about.
    """

    source: Pod | None
    destination: Pod | None
    verdict: Verdict


@dataclass(frozen=True)
class Reply:
    """The answer: one pair where every pod the words fit answers alike, else examples of each.

    No pair: both ends are one and the same pod, and nothing stops a pod from reaching itself.
    `unseen` are the ends that no observed pod fits; they were answered for a pod with exactly the
    labels that were named. `is_cut` tells that there were too many pairs to try each.
    """

    question: Question
    world: World
    pairs: tuple[Pair, ...]
    unseen: tuple[End, ...]
    is_cut: bool = False

    @property
    def is_mixed(self) -> bool:
        """Tell whether the answer depends on which of the pods is meant."""
        return len(self.pairs) > 1


def reply_to(question: Question, world: World) -> Reply:
    """Answer a question whose namespaces are in the world."""
    named = selected_keys(world.policies)
    ends = (question.source, question.destination)
    fitting = [_fitting(end, world, named) for end in ends]
    pods = [found or _imagined(end) for end, found in zip(ends, fitting, strict=True)]
    small = _around(world, ends, pods)
    estate = Estate(small)
    senders, takers = (
        _kinds(estate, one, end.address) for end, one in zip(ends, pods, strict=True)
    )
    caveat = "; ".join(filter(None, (_caveat(world, end) for end in ends)))
    met = list(islice(_meeting(estate, senders, takers), MOST_PAIRS + 1))
    return Reply(
        question,
        small,
        pairs=_told(
            Pair(
                source,
                taker,
                _doubted(estate.verdict(sending, taking, question.protocol, question.port), caveat),
            )
            for (sending, source), (taking, taker) in met[:MOST_PAIRS]
        ),
        unseen=tuple(
            end
            for end, found in zip(ends, fitting, strict=True)
            if end.namespace and not any(pod.kind != ASSUMED for pod in found)
        ),
        is_cut=len(met) > MOST_PAIRS,
    )


def _caveat(world: World, end: End) -> str:
    """Return why nothing about an address is certain: it is none outside the cluster."""
    return caveat_on(world, ip_network(end.address)) if end.address else ""


def _doubted(verdict: Verdict, caveat: str) -> Verdict:
    if not caveat:
        return verdict
    caveats = "; ".join(filter(None, (verdict.caveat, caveat)))
    return replace(verdict, certainty=Certainty.INCOMPLETE, caveat=caveats)


def verdict_of(question: Question, world: World, source: Pod | None, taker: Pod | None) -> Verdict:
    """Return the verdict on two pods of a small world; None stands for the question's address."""
    estate = Estate(world)
    places = (
        _place(estate, source, question.source.address),
        _place(estate, taker, question.destination.address),
    )
    return estate.verdict(*places, question.protocol, question.port)


def told_labels(pod: Pod, own: str, policies: Iterable[Policy]) -> tuple[tuple[str, str], ...]:
    """Return the labels that may be told of a pod to those who may read about namespace `own`.

    Of a pod there these are the ones any policy can see; of another only those that the
    namespace's own policies ask for, because the others are its people's affair.
    """
    every = tuple(policies)
    if pod.namespace == own:
        keys = selected_keys(every)
        return tuple(sorted(label for label in pod.labels.items() if label[0] in keys))
    named = named_labels(one for one in every if one.ref.namespace == own)
    return tuple(sorted(named.intersection(pod.labels.items())))


def _fitting(end: End, world: World, named: frozenset[str]) -> tuple[Pod, ...]:
    """Return the pods the words fit. Keys that no policy names decide nothing and are left out."""
    wanted = {(key, value) for key, value in end.labels if key in named}
    return tuple(
        pod
        for pod in world.pods
        if pod.namespace == end.namespace and wanted <= set(pod.labels.items())
    )


def _imagined(end: End) -> tuple[Pod, ...]:
    if end.address:
        return ()
    return (Pod(end.namespace, str(end), dict(end.labels), kind=ASSUMED, count=2),)


def _around(world: World, ends: Iterable[End], pods: Iterable[tuple[Pod, ...]]) -> World:
    """Return the world without everything that cannot matter to the two ends."""
    names = {end.namespace for end in ends}
    # Both ends may be the same pods; by identity, because there may be thousands.
    together = {id(pod): pod for one in pods for pod in one}
    return replace(
        world,
        pods=tuple(together.values()),
        policies=tuple(one for one in world.policies if one.ref.namespace in names),
        services=(),
    )


def _told(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Return the least certain pair if all agree, else some that pass and some that do not."""
    order = list(Certainty).index
    different = {pair.verdict: pair for pair in pairs}.values()
    if not different:
        return ()
    ranked = sorted(different, key=lambda pair: order(pair.verdict.certainty), reverse=True)
    passing = [pair for pair in ranked if pair.verdict.allowed]
    stopped = [pair for pair in ranked if not pair.verdict.allowed]
    if not passing or not stopped:
        return (ranked[0],)
    return (*passing[:MOST_TOLD], *stopped[:MOST_TOLD])


def _meeting(
    estate: Estate, senders: list[_Kind], takers: list[_Kind]
) -> Iterator[tuple[_Kind, _Kind]]:
    """Yield each sender with each taker, but no pod with itself: nothing can stop that."""
    for sender, taker in product(senders, takers):
        if sender[0] != taker[0] or estate.endpoints[sender[0]].count > 1:
            yield sender, taker


def _kinds(estate: Estate, pods: tuple[Pod, ...], address: str) -> list[_Kind]:
    """Return each class of the pods as its place and one pod of it; of an address its place."""
    if address:
        return [(estate.find_address(address), None)]
    wanted = {id(pod) for pod in pods}
    found: list[_Kind] = []
    for place, endpoint in enumerate(estate.endpoints):
        found += [(place, pod) for pod in endpoint.pods if id(pod) in wanted][:1]
    return found


def _place(estate: Estate, pod: Pod | None, address: str) -> int:
    if pod is None:
        return estate.find_address(address)
    return next(place for place, one in enumerate(estate.endpoints) if pod in one.pods)
