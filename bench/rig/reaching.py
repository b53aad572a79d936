"""What an answer of reachability costs. Processor time, so that other work on the machine counts
little; every sample of a comparison is a process of its own, as the peer's is.

    python -m bench.rig.reaching FOLDER    read a folder and answer; one JSON line
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.rig.failure import BenchFailed
from bench.rig.intervals import Interval, interval_of, percentile
from bench.rig.worlds import Shape, as_world, world
from devtools.peers import ANALYZER, peers_python
from devtools.places import PYTHON, ROOT
from onboarding.domain.objects import Manifest
from onboarding.reachability.estate import Estate
from onboarding.reachability.folding import fold
from onboarding.reachability.reading import load

# One namespace is asked for this often, spread over the estate.
ASKED = 100


@dataclass(frozen=True)
class Cost:
    """Processor seconds: of the answer alone, and of the whole process that gave it."""

    answer: float
    process: float


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


def answer(folder: str) -> dict[str, float]:
    """Read the folder, then answer every pair on every port, as `peer_analyzer.py` does."""
    began = time.process_time()
    loaded = load(folder)
    read = time.process_time()
    reached = sum(count_pairs(Estate(loaded.world)))
    return {"read": read - began, "answer": time.process_time() - read, "cubes": reached}


def count_pairs(estate: Estate) -> list[int]:
    """Work every port class out; return how many pairs each connects."""
    return [
        sum(map(int.bit_count, estate.rows(number))) for number in range(len(estate.port_classes))
    ]


def ours(folder: Path) -> Cost:
    """The cost in a process of its own; the whole process is the command people use."""
    said, _ = _run(str(PYTHON), "-m", "bench.rig.reaching", str(folder))
    _, process = _run(str(PYTHON), "-m", "onboarding.reachability", str(folder))
    return Cost(json.loads(said)["answer"], process)


def theirs(folder: Path) -> Cost:
    """The peer's cost of the same."""
    said, process = _run(str(peers_python()), "-I", str(ANALYZER), "folder", str(folder))
    return Cost(json.loads(said)["answer"], process)


def ratios(mine: Sequence[Cost], peer: Sequence[Cost]) -> tuple[Interval, Interval]:
    """How many times less ours costs, block by block: the answer, the whole process."""
    pairs = list(zip(mine, peer, strict=True))
    return (
        interval_of([other.answer / own.answer for own, other in pairs]),
        interval_of([other.process / own.process for own, other in pairs]),
    )


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


if __name__ == "__main__":
    print(json.dumps(answer(sys.argv[1])))
