"""What answers of reachability cost: `./dev bench reachability`. Method: docs/performance.md.

Compares the engine with `network-config-analyzer`, each sample in a process of its own, and shows
how the engine grows. Needs no cluster and no database.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.rig.failure import BenchFailed
from bench.rig.reaching import Cost, Growth, grown, ours, ratios, theirs, write_folder
from bench.rig.report import Value, write_csv
from bench.rig.worlds import Shape, world
from devtools.interrupts import Stopped, raise_when_asked_to_stop
from devtools.places import ROOT

RESULTS = ROOT / "bench" / "results"
# How many times less ours must cost, by field of Cost.
TARGETS = {"answer": 300.0, "process": 60.0, "command": 60.0}
SIZES = (10, 30, 100, 300, 1000, 2000)
# At 1,000 namespaces: seconds for everybody on every port, milliseconds for one namespace.
BARS = {Shape.SPARSE: (0.5, 5.0), Shape.DENSE: (3.0, 50.0)}


def main(arguments: list[str]) -> int:
    chosen = _parser().parse_args(arguments)
    raise_when_asked_to_stop()
    try:
        growth = [grown(shape, size, blocks=chosen.blocks) for shape in Shape for size in SIZES]
        _show_growth(growth)
        with tempfile.TemporaryDirectory(prefix="bulkhead-bench-") as folder:
            mine, peer = _compare(Path(folder), chosen.namespaces, chosen.blocks)
    except Stopped:
        print("stopped; nothing was written")
        return 1
    except BenchFailed as error:
        print(f"./dev bench reachability: {error}", file=sys.stderr)
        return 1
    _show_comparison(mine, peer)
    file = RESULTS / f"reachability-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    write_csv(file, [*_growth_values(growth), *_cost_values(mine, peer)], _versions())
    print(f"\nraw values: {file.relative_to(ROOT)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench reachability", description=__doc__)
    parser.add_argument("--namespaces", type=int, default=200, help="of the comparison")
    parser.add_argument("--blocks", type=int, default=10, help="kept; one more is discarded")
    return parser


def _compare(folder: Path, namespaces: int, blocks: int) -> tuple[list[Cost], list[Cost]]:
    """Ask both about the same folder, in an order that mirrors from block to block."""
    estate = write_folder(folder / "estate", world(Shape.SPARSE, namespaces))
    mine: list[Cost] = []
    peer: list[Cost] = []
    for block in range(blocks + 1):
        print(f"comparing, block {block} of {blocks} …", flush=True)
        turns = [(mine, ours), (peer, theirs)]
        for costs, ask in turns if block % 2 else reversed(turns):
            costs.append(ask(estate))
    return mine[1:], peer[1:]


def _show_growth(growth: list[Growth]) -> None:
    print(
        "shape   namespaces policies   pods  ports  connected   read s  answer s  one ns ms  "
        "matrix ms"
    )
    for one in growth:
        print(
            f"{one.shape:<7} {one.namespaces:>10} {one.policies:>8} {one.pods:>6} "
            f"{one.port_classes:>6} {one.connected:>10.1%} {one.read:>8.3f} {one.answer:>9.3f} "
            f"{one.around:>10.2f} {one.matrix:>10.2f}"
        )
    for one in growth:
        if one.namespaces == 1000:
            seconds, milliseconds = BARS[one.shape]
            whole = "met" if one.answer <= seconds else "missed"
            single = "met" if one.around <= milliseconds else "missed"
            print(
                f"1,000 namespaces, {one.shape}: everybody {one.answer:.3f} s, bar {seconds} s, "
                f"{whole}; one namespace {one.around:.2f} ms, bar {milliseconds:g} ms, {single}"
            )


def _show_comparison(mine: list[Cost], peer: list[Cost]) -> None:
    for what, target in TARGETS.items():
        ratio = ratios(mine, peer, what)
        own, other = (median(getattr(cost, what) for cost in costs) for costs in (mine, peer))
        print(
            f"the {what}: {own:.3f} s against {other:.1f} s, {ratio} times less, "
            f"bar {target:g}, {ratio.clears(target)}"
        )


def _growth_values(growth: list[Growth]) -> list[Value]:
    return [
        Value(f"{one.shape} {name}", "engine", one.namespaces, 1, value, unit)
        for one in growth
        for name, value, unit in (
            ("read", one.read, "s"),
            ("answer", one.answer, "s"),
            ("one namespace p95", one.around, "ms"),
            ("matrix p95", one.matrix, "ms"),
        )
    ]


def _cost_values(mine: list[Cost], peer: list[Cost]) -> list[Value]:
    return [
        Value(f"cpu {name}", contender, 1, block, value, "s")
        for contender, costs in (("engine", mine), ("network-config-analyzer", peer))
        for block, cost in enumerate(costs, start=1)
        for name, value in asdict(cost).items()
    ]


def _versions() -> dict[str, str]:
    return {"pyyaml": version("pyyaml"), "peers": "bench/peers.lock"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
