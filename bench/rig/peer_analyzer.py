"""The peer's side of comparisons: what `network-config-analyzer` answers. Runs in its environment.

    peer_analyzer.py worlds          one JSON list of manifests per line on stdin, one JSON
                                     answer per line on stdout
    peer_analyzer.py folder FOLDER   read a folder's YAML and answer; one JSON line of
                                     processor seconds

Imports nothing of the product, so that its dependencies and ours never meet.
"""

import contextlib
import io
import json
import sys
import time
from collections.abc import Iterable
from typing import Any

from nca.CoreDS.Peer import BasePeerSet, IpBlock  # type: ignore[import-not-found]
from nca.NetworkConfig.NetworkConfig import NetworkConfig  # type: ignore[import-not-found]
from nca.NetworkConfig.ResourcesHandler import ResourcesHandler, ResourcesParser  # type: ignore[import-not-found]
from nca.Utils.NcaLogger import NcaLogger  # type: ignore[import-not-found]

PROTOCOLS = ("TCP", "UDP", "SCTP")


def main(arguments: list[str]) -> int:
    match arguments:
        case ["worlds"]:
            for line in sys.stdin:
                print(json.dumps(answer(json.loads(line))), flush=True)
        case ["folder", folder]:
            print(json.dumps(timed(folder)))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def answer(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """Allowed connections as cubes, or in `refused` why the analyzer takes no such policy."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return {"cubes": cubes_of(config_of(manifests))}
    except SyntaxError as error:
        return {"refused": str(error)}


def config_of(manifests: list[dict[str, Any]]) -> NetworkConfig:
    """The analyzer's own parsing steps, in its order, without the files it reads them from."""
    BasePeerSet.reset()
    parser = ResourcesParser()
    parser.pods_finder.namespaces_finder = parser.ns_finder
    for one in manifests:
        parser.ns_finder.parse_yaml_code_for_ns(one)
    for one in manifests:
        parser.pods_finder.add_eps_from_yaml(one)
    peers = parser.build_peer_container("world")
    parser.policies_finder.set_peer_container(peers)
    for one in manifests:
        parser.policies_finder.parse_yaml_code_for_policy(one, "world")
    NcaLogger().mute()
    parser.policies_finder.parse_policies_in_parse_queue()
    return NetworkConfig("world", peers, parser.policies_finder)


def cubes_of(config: NetworkConfig) -> list[dict[str, Any]]:
    """Each cube allows every combination of its sources, destinations, protocols and ports."""
    allowed = config.allowed_connections().all_allowed_conns
    cubes = (allowed.get_connectivity_cube(cube) for cube in allowed)
    return [
        {
            "sources": ends(cube["src_peers"]),
            "destinations": ends(cube["dst_peers"]),
            "protocols": [name for name in PROTOCOLS if name in cube["protocols"]],
            "ports": [[one.start, one.end] for one in cube["dst_ports"].port_set],
        }
        for cube in cubes
    ]


def ends(peers: Iterable[Any]) -> list[str]:
    """Pods by `namespace/name`, addresses outside as `first-last`."""
    named = [peer for peer in peers if not isinstance(peer, IpBlock)]
    blocks = [peer for peer in peers if isinstance(peer, IpBlock)]
    ranges = [f"{one.start.address}-{one.end.address}" for block in blocks for one in block]
    return [peer.full_name() for peer in named] + ranges


def timed(folder: str) -> dict[str, float]:
    """Processor seconds of reading and of answering; how many cubes say that this was done."""
    began = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        config = ResourcesHandler().get_network_config(None, None, None, [f"{folder}/**"])
        read = time.process_time()
        allowed = config.allowed_connections().all_allowed_conns
    done = time.process_time()
    return {"read": read - began, "answer": done - read, "cubes": len(allowed)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
