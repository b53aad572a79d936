"""Addresses as spans of integers, and the outside world cut where ipBlocks cut it.

Two external addresses that lie in exactly the same blocks cannot be told apart by any policy, so
the outside is a handful of classes whatever its size.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from onboarding.reachability.model import Block, Network

# Where a pod or node of unknown address may be: RFC 1918, RFC 6598, RFC 4193.
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_LAST = {4: 2**32 - 1, 6: 2**128 - 1}


@dataclass(frozen=True, order=True)
class Span:
    """Addresses `first` to `last`, both included, of IP `version` 4 or 6."""

    version: int
    first: int
    last: int

    def __str__(self) -> str:
        """Return a CIDR where the span is one, else e.g. `10.0.0.1-10.0.0.9`."""
        kind = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        size = self.last - self.first + 1
        if size & (size - 1) == 0 and self.first % size == 0:
            bits = 32 if self.version == 4 else 128
            return f"{kind(self.first)}/{bits - size.bit_length() + 1}"
        return f"{kind(self.first)}-{kind(self.last)}"

    def overlaps(self, other: "Span") -> bool:
        """Tell whether the two share an address."""
        if self.version != other.version:
            return False
        return self.first <= other.last and other.first <= self.last


def span_of(network: Network) -> Span:
    """Return a network's span."""
    return Span(network.version, int(network.network_address), int(network.broadcast_address))


@lru_cache(maxsize=4096)
def spans_of(texts: tuple[str, ...]) -> tuple[Span, ...]:
    """Return the spans of addresses or CIDRs. Raise ValueError for what is neither."""
    return tuple(span_of(ipaddress.ip_network(one, strict=False)) for one in texts)


@lru_cache(maxsize=4096)
def spans_in(block: Block) -> tuple[Span, ...]:
    """Return what a block covers: its CIDR without what it excludes, in order."""
    whole, found = span_of(block.cidr), []
    start = whole.first
    for hole in sorted(span_of(network) for network in block.excluded):
        if hole.first > start:
            found.append(Span(whole.version, start, hole.first - 1))
        start = max(start, hole.last + 1)
    if start <= whole.last:
        found.append(Span(whole.version, start, whole.last))
    return tuple(found)


def is_any_inside(spans: Sequence[Span], others: Sequence[Span]) -> bool:
    """Tell whether the two lists share an address."""
    return any(one.overlaps(other) for one in spans for other in others)


def cut_outside(blocks: Sequence[Block]) -> dict[int, tuple[Span, ...]]:
    """Return every address class as {bits of the blocks that hold it, its spans}.

    Bit i stands for `blocks[i]`. The two families are never mixed in one class: a family's tag sits
    above the blocks' bits. Every address of both families is in exactly one class.
    """
    classes: dict[int, list[Span]] = defaultdict(list)
    for version in (4, 6):
        tag = 1 << (len(blocks) + (version == 6))
        for holders, span in _pieces(blocks, version):
            classes[holders | tag].append(span)
    return {holders: tuple(_joined(spans)) for holders, spans in classes.items()}


def _pieces(blocks: Sequence[Block], version: int) -> Iterator[tuple[int, Span]]:
    """Sweep one family from its first address to its last, with the blocks open at each place."""
    flips: dict[int, int] = defaultdict(int)
    for number, block in enumerate(blocks):
        if block.cidr.version != version:
            continue
        for span in spans_in(block):
            flips[span.first] ^= 1 << number
            flips[span.last + 1] ^= 1 << number
    flips.setdefault(0, 0)
    flips[_LAST[version] + 1] = 0
    holders, places = 0, sorted(flips)
    for first, following in pairwise(places):
        holders ^= flips[first]
        yield holders, Span(version, first, following - 1)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Join spans that touch; they come in order."""
    held: Span | None = None
    for span in spans:
        if held and held.version == span.version and held.last + 1 == span.first:
            held = Span(span.version, held.first, span.last)
            continue
        if held:
            yield held
        held = span
    if held:
        yield held
