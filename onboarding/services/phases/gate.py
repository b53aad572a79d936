"""The fence gate: say on the Namespace that its fence was read back, then let the pods go.

Second half of verify, and part of every later look. Admission holds pods back for as long as the
Namespace does not say so. A pod that was admitted a moment before may be stored a moment after it
was listed, so whoever proves a fence looks once more.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from onboarding.cluster.errors import Refused, ServerFault, WriteConflict
from onboarding.domain.deviations import Sighting
from onboarding.domain.fence_gate import GATE, is_gated, says_proven
from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import Key, key_of
from onboarding.plan.compare import differences
from onboarding.services.phases.work import AppliedChange, ChangedMeanwhile, PhaseResult, Work

MOST_AT_ONCE = 500  # pods released in one look, far within its lease; the others in the next
LISTINGS = 5
CONNECTIONS = 8
PROOF_ATTEMPTS = 3
OPENED = "New pods wait: a network policy that no approved plan contains may open the fence."


class Lifted(StrEnum):
    """Completes the sentence "The gate of the pod was …"."""

    LIFTED = "lifted"
    GONE = "gone with the pod"
    REFUSED = "not lifted: something on the cluster refuses the change, or does not answer"


def open_gate(work: Work) -> PhaseResult:
    """Prove the fence and release what waited. Everything planned was just read back equal.

    Beside a policy that nobody answers for that proves nothing, so pods go on waiting.
    """
    if not work.has_gate:
        return PhaseResult()
    if work.is_opened:
        return PhaseResult(note=OPENED)
    proof = () if work.is_proven else (_prove(work),)
    return PhaseResult(proof, note=release(work))


def is_in_doubt(work: Work, drift: Iterable[Sighting]) -> bool:
    """Tell whether what fences is not what it was when it was proven: then new pods wait again.

    Stamps do not count: every revision renews them, and deny-all stands meanwhile. A row alone
    proves nothing: what the cluster does not say, the portal did not prove.
    """
    if work.is_opened or any(sighting.is_fence for sighting in drift):
        return True
    return not says_proven(work.live.get(work.namespace_key, {})) or any(
        difference.path[:2] != ("metadata", "annotations")
        for planned in work.plan.of(Phase.FENCE)
        for difference in differences(work.wanted(planned), work.live.get(planned.key))
    )


def release(work: Work) -> str:
    """Lift the gate of every pod that waits; return in words what came of it, "" if none did.

    Listed again until no new one is found: while some are let go, others may just have come.
    """
    done: dict[Key, Lifted] = {}
    for _ in range(LISTINGS):
        waiting = [pod for pod in _waiting(work) if pod not in done]
        if not waiting or len(done) >= MOST_AT_ONCE:
            break
        with ThreadPoolExecutor(CONNECTIONS) as connections:
            some = waiting[: MOST_AT_ONCE - len(done)]
            done.update(zip(some, connections.map(lambda pod: _lift(work, pod), some), strict=True))
    work.look_again = work.look_again or bool(waiting)
    work.released += [*done.values()].count(Lifted.LIFTED)
    return _told([*done.values()])


def _waiting(work: Work) -> list[Key]:
    pages = work.cluster.unscheduled_pods(work.plan.namespace)
    return [key_of(pod) for page in pages for pod in page if is_gated(pod)]


def _prove(work: Work) -> AppliedChange:
    """Write the proof on the Namespace as it was read; whoever else wrote it meanwhile is read."""
    [planned] = work.plan.of(Phase.CREATE)
    for _ in range(PROOF_ATTEMPTS):
        try:
            work.is_proven = True
            change = work.bring(planned)
        except WriteConflict:
            work.is_proven = False
            live = work.cluster.get(planned.key)
            if live is None or differences(work.wanted(planned), live):
                break
            work.live[planned.key] = live
        else:
            work.look_again = True
            return change
    raise ChangedMeanwhile(f"{planned.key} was changed while its fence was being proven.")


def _lift(work: Work, pod: Key) -> Lifted:
    """A pod that something refuses to have changed keeps no other waiting."""
    try:
        return Lifted.LIFTED if work.cluster.lift_gate(pod, GATE) else Lifted.GONE
    except (Refused, ServerFault, WriteConflict):
        return Lifted.REFUSED


def _told(done: list[Lifted]) -> str:
    lifted, refused = done.count(Lifted.LIFTED), done.count(Lifted.REFUSED)
    said = []
    if lifted:
        pods = "1 pod that waited" if lifted == 1 else f"{lifted} pods that waited"
        said.append(f"Released {pods} for the fence.")
    if refused:
        pods = "1 pod" if refused == 1 else f"{refused} pods"
        said.append(f"The cluster does not let the portal release {pods}; tried again later.")
    return " ".join(said)
