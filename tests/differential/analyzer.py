"""network-config-analyzer, asked about many worlds by one process in its own environment."""

import ipaddress
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devtools.peers import ANALYZER, peers_python
from tests.support.estates import Tree

SECONDS = 300


@dataclass(frozen=True)
class Connections:
    """One world's answer: everything allowed, or in `refused` why there is no answer."""

    cubes: list[dict[str, Any]]
    refused: str = ""

    def allows(self, source: str, destination: str, port: tuple[str, int]) -> bool:
        """Tell whether some cube holds these ends and this port."""
        protocol, number = port
        return any(
            protocol in cube["protocols"]
            and any(first <= number <= last for first, last in cube["ports"])
            and _holds(cube["sources"], source)
            and _holds(cube["destinations"], destination)
            for cube in self.cubes
        )


def ask_analyzer(worlds: Sequence[list[Tree]]) -> list[Connections]:
    """The analyzer's answers, in order. Makes its environment on first use."""
    answer = subprocess.run(
        [str(peers_python()), "-I", str(ANALYZER), "worlds"],
        input="".join(json.dumps(world) + "\n" for world in worlds),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    assert len(found) == len(worlds)
    return [Connections(one.get("cubes", []), one.get("refused", "")) for one in found]


def _holds(ends: list[str], end: str) -> bool:
    if "/" in end:
        return end in ends
    address = ipaddress.ip_address(end)
    return any(_spans(one, address) for one in ends if "/" not in one)


def _spans(span: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    first, _, last = span.partition("-")
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    return low.version == address.version and int(low) <= int(address) <= int(high)
