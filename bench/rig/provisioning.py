"""The provision benchmark once Django is set up: counts, rates, latency, then the tables."""

import statistics
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from django.db import connection
from django.test.utils import override_settings

from bench.rig.contenders import Contender, Kubectl, Portal, RawApply
from bench.rig.counts import Cost, costs
from bench.rig.intervals import interval_of, percentile
from bench.rig.latency import approve_to_ready
from bench.rig.report import Value, write_csv
from onboarding.cluster.connections import Connection
from onboarding.models import Cluster
from onboarding.services.credentials import stored_token

WORKERS = (1, 8)
COUNTED = 3
# The portal's rate by the other's, at least.
TARGETS = {("raw apply", 1): 0.6, ("raw apply", 8): 0.6, ("kubectl", 8): 2.0}


@dataclass(frozen=True)
class Sizes:
    """How much is measured: namespaces a block, blocks a rate (one more is discarded)."""

    namespaces: int
    blocks: int
    approvals: int


def measure(sizes: Sizes, *, folder: Path, audit_log: Path, results: Path) -> None:
    """Measure everything, print the tables, write the CSV."""
    cluster = Cluster.objects.get()
    target = Connection(cluster.api_server, cluster.ca_pem, stored_token(cluster)[0])
    contenders = (Portal(cluster), RawApply(cluster, target), Kubectl(cluster, target, folder))
    # Hints would wait in the queue for the worker that the last part starts.
    with override_settings(REDIS_URL=""):
        first, second = costs(_names("count", COUNTED), cluster, audit_log)
        values = [*_as_values("first run", first), *_as_values("second run", second)]
        show_counts(first, second)
        for workers in WORKERS:
            rates = _rates(contenders, workers, sizes)
            values += rates
            show_rates(rates, workers)
    waits = approve_to_ready(_names("wait", sizes.approvals), cluster, folder)
    values += [Value("approve to ready", "portal", 0, n, w, "s") for n, w in enumerate(waits)]
    show_waits(waits)
    write_csv(
        results / f"provision-{connection.vendor}.csv", values, {"database": connection.vendor}
    )


def _names(what: str, count: int) -> list[str]:
    mark = uuid.uuid4().hex[:8]
    return [f"{what}-{mark}-{number}" for number in range(count)]


def _rates(contenders: Sequence[Contender], workers: int, sizes: Sizes) -> list[Value]:
    """Namespaces a second per contender and block, in an order that mirrors from block to block."""
    values = []
    for block in range(sizes.blocks + 1):
        for contender in contenders if block % 2 else reversed(contenders):
            names = _names("rate", sizes.namespaces)
            rate = len(names) / contender.seconds(names, workers=workers)
            values.append(Value("rate", contender.name, workers, block, rate, "ns/s"))
    return values


def _as_values(what: str, measured: Sequence[Cost]) -> Iterable[Value]:
    for number, cost in enumerate(measured):
        for field, value in zip(fields(cost), astuple(cost), strict=True):
            yield Value(f"{what}: {field.name}", "portal", 1, number, value, "count")


def show_counts(first: Sequence[Cost], second: Sequence[Cost]) -> None:
    """The largest of the counted runs: a count gate must hold for every one."""
    print(f"\nOne namespace on {connection.vendor}, worst of {len(first)}")
    print(f"{'':14}{'objects':>9}{'requests':>9}{'writes':>9}{'revisions':>10}{'SQL':>6}")
    for what, measured in (("provision", first), ("look again", second)):
        worst = [max(column) for column in zip(*map(astuple, measured), strict=True)]
        objects, requests, writes, revisions, sql = worst
        print(f"{what:14}{objects:9}{requests:9}{writes:9}{revisions:10}{sql:6}", flush=True)


def show_rates(values: Sequence[Value], workers: int) -> None:
    """Medians of the kept blocks, and the portal's ratio to each of the others, block by block."""
    portal = kept_rates(values, "portal")
    print(f"\nNamespaces a second, {workers} at once, median of {len(portal)} blocks")
    print(f"  {'portal':10} {statistics.median(portal):6.1f}")
    for name in ("raw apply", "kubectl"):
        others = kept_rates(values, name)
        ratio = interval_of([ours / theirs for ours, theirs in zip(portal, others, strict=True)])
        bar = TARGETS.get((name, workers))
        verdict = f"; {bar} {ratio.clears(bar)}" if bar else ""
        line = f"  {name:10} {statistics.median(others):6.1f}   portal is {ratio} times that"
        print(line + verdict, flush=True)


def kept_rates(values: Sequence[Value], contender: str) -> list[float]:
    """The rates of one contender without the discarded block."""
    return [one.value for one in values if one.contender == contender and one.block > 0]


def show_waits(waits: Sequence[float]) -> None:
    """The middle and the end of the distribution, in milliseconds."""
    half, most = (percentile(waits, share) * 1000 for share in (0.5, 0.99))
    print(f"\nApprove to ready, one at a time, {len(waits)} approvals")
    print(f"  p50 {half:.0f} ms, p99 {most:.0f} ms", flush=True)
