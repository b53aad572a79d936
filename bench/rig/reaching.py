"""What an answer of reachability costs. Processor time, so that other work on the machine counts
little; every sample of a comparison is a process of its own, as the peer's is.
"""

import json
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.rig.answering_once import count_pairs
from bench.rig.failure import BenchFailed
from bench.rig.intervals import Interval, interval_of, percentile
from bench.rig.worlds import Shape, as_world, world
from devtools.peers import ANALYZER, peers_python
from devtools.places import PYTHON, ROOT
from onboarding.domain.objects import Manifest
from onboarding.reachability.estate import Estate
from onboarding.reachability.folding import fold

# One namespace is asked for this often, spread over the estate.
ASKED = 100


@dataclass(frozen=True)
class Cost:
    """Processor seconds of three things.

    `answer` is the answer alone; `process` a whole process that reads, answers and prints nothing;
    `command` the tool's own command, which prints the answer for people.
    """

    answer: float
    process: float
    command: float


@dataclass(frozen=True)
class Growth:
    """One estate. Seconds but for the last two, which are milliseconds for one namespace."""

    shape: Shape
    namespaces: int
    policies: int
    pods: int
    port_classes: int
    connected: float
    read: float
    answer: float
    around: float
    matrix: float


def write_folder(folder: Path, manifests: Sequence[Manifest]) -> Path:
    """Write an estate as one multi-document file and return the folder."""
    folder.mkdir()
    text = yaml.safe_dump_all(manifests, sort_keys=False)
    (folder / "estate.yaml").write_text(text)
    return folder


def ours(folder: Path) -> Cost:
    """The engine's cost, each part in a process of its own."""
    said, process = _run(str(PYTHON), "-m", "bench.rig.answering_once", str(folder))
    _, command = _run(str(PYTHON), "-m", "onboarding.reachability", str(folder))
    return Cost(json.loads(said)["answer"], process, command)


def theirs(folder: Path) -> Cost:
    """The peer's cost of the same."""
    python = (str(peers_python()), "-I")
    said, process = _run(*python, str(ANALYZER), "folder", str(folder))
    _, command = _run(*python, "-m", "nca", "--connectivity", "-r", str(folder))
    return Cost(json.loads(said)["answer"], process, command)


def ratios(mine: Sequence[Cost], peer: Sequence[Cost], what: str) -> Interval:
    """How many times less ours costs, block by block; `what` is a field of Cost."""
    pairs = zip(mine, peer, strict=True)
    return interval_of([getattr(other, what) / getattr(own, what) for own, other in pairs])


def grown(shape: Shape, namespaces: int, *, blocks: int) -> Growth:
    """Measure an estate: the whole, and one namespace of it at a time."""
    manifests = world(shape, namespaces)
    reads, answers = [], []
    for _ in range(blocks):
        began = time.process_time()
        found = as_world(manifests)
        reads.append(time.process_time() - began)
        estate = Estate(found)
        pairs = count_pairs(estate)
        answers.append(time.process_time() - began - reads[-1])
    names = list(found.namespaces)[:: max(1, namespaces // ASKED)]
    everybody = len(estate.endpoints) ** 2
    return Growth(
        shape,
        namespaces,
        policies=len(found.policies),
        pods=len(found.pods),
        port_classes=len(estate.port_classes),
        connected=max(pairs) / everybody,
        read=percentile(reads, 0.5),
        answer=percentile(answers, 0.5),
        around=_slow(names, estate.around),
        matrix=_slow(names, lambda name: fold(name, estate)),
    )


def _slow(names: Sequence[str], ask: Callable[[str], object]) -> float:
    """Ask about each namespace; return the 95th percentile in milliseconds."""
    took = []
    for name in names:
        began = time.process_time()
        ask(name)
        took.append((time.process_time() - began) * 1000)
    return percentile(took, 0.95)


def _run(*command: str) -> tuple[str, float]:
    """Run a program; return what it printed, and its processor seconds, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise BenchFailed(f"{' '.join(command[1:4])} failed: {done.stderr[-500:]}")
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return done.stdout, used
