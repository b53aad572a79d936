"""Every answer of an estate, one record per pair, protocol and range of ports that answer alike."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onboarding.reachability.endpoints import EndpointKind
from onboarding.reachability.estate import Estate
from onboarding.reachability.model import Protocol, Verdict


@dataclass(frozen=True)
class Record:
    """`source` and `destination` are places in `Estate.endpoints`; ports are inclusive.

    A record from an endpoint to itself stands for its several pods reaching each other.
    """

    source: int
    destination: int
    protocol: Protocol
    first: int
    last: int
    verdict: Verdict


def records(
    estate: Estate,
    *,
    sources: Iterable[int] | None = None,
    destinations: Iterable[int] | None = None,
    port: tuple[Protocol, int] | None = None,
) -> Iterator[Record]:
    """Yield the records in order: by source, destination, protocol, port.

    Pairs without a pod are left out, no policy speaks of them; so is a lone pod to itself, which
    cannot be blocked. With `port` only that one is answered.
    """
    everything = range(len(estate.endpoints))
    receivers = everything if destinations is None else tuple(destinations)
    for source in everything if sources is None else sources:
        for destination in receivers:
            if _is_pair(estate, source, destination):
                yield from _of_pair(estate, source, destination, port)


def _is_pair(estate: Estate, source: int, destination: int) -> bool:
    if source == destination:
        return estate.endpoints[source].count > 1
    return any(estate.endpoints[place].kind is EndpointKind.PODS for place in (source, destination))


def _of_pair(
    estate: Estate, source: int, destination: int, port: tuple[Protocol, int] | None
) -> Iterator[Record]:
    if port:
        protocol, number = port
        verdict = estate.verdict(source, destination, protocol, number)
        yield Record(source, destination, protocol, number, number, verdict)
        return
    verdicts = estate.verdicts(source, destination)
    for protocol in Protocol:
        yield from _joined(
            Record(source, destination, protocol, first, last, verdicts[number])
            for first, last, number in estate.ports.ranges(protocol)
        )


def _joined(found: Iterable[Record]) -> Iterator[Record]:
    """Join records that touch and answer alike."""
    held: Record | None = None
    for record in found:
        if held and held.verdict == record.verdict:
            held = Record(
                held.source, held.destination, held.protocol, held.first, record.last, held.verdict
            )
            continue
        if held:
            yield held
        held = record
    if held:
        yield held
