"""How far a request has come: decided or not, and what the cluster has confirmed of it.

Pure reading for the page that waits. "Done" is said only when the generation the request became
was read back whole (itself, not a later one), or the namespace has ended as it was asked to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import (
    PROVISIONING,
    RETIREMENT,
    ClusterCondition,
    NamespaceState,
    RequestState,
)
from onboarding.domain.spec import RequestKind
from onboarding.models import (
    Decision,
    Event,
    ManagedNamespace,
    Request,
    Revision,
    Run,
    Step,
    Vote,
)


class Stage(StrEnum):
    """Where a request stands on its way to the cluster."""

    UNSENT = "unsent"
    DECIDING = "deciding"
    RETURNED = "returned"
    CLOSED = "closed"
    WORKING = "working"
    RETRYING = "retrying"
    BLOCKED = "blocked"
    SUPERSEDED = "superseded"
    LOST = "lost"
    DONE = "done"


ENDED = frozenset(set(Stage) - {Stage.DECIDING, Stage.WORKING, Stage.RETRYING})
_BEFORE_APPROVAL = {
    RequestState.DRAFT: Stage.UNSENT,
    RequestState.PENDING: Stage.DECIDING,
    RequestState.RETURNED: Stage.RETURNED,
}


@dataclass(frozen=True)
class Progress:
    """A request's way so far. `steps` are those of `run`, or the phases to come before one."""

    stage: Stage
    revision: Revision | None
    namespace: ManagedNamespace | None
    run: Run | None
    steps: Sequence[Step]
    total_seconds: float | None

    @property
    def is_over(self) -> bool:
        """Tell whether asking again would show the same, until a person acts."""
        return self.stage in ENDED

    @property
    def steps_done(self) -> int:
        """Return how many steps are finished."""
        return sum(step.state == Step.State.DONE for step in self.steps)

    @property
    def cluster_waits(self) -> bool:
        """Tell whether the cluster as a whole keeps the work waiting."""
        if self.namespace is None or self.is_over:
            return False
        return self.namespace.cluster.condition != ClusterCondition.OK.value


def progress_of(request: Request) -> Progress:
    """Return how far the request has come. At most four queries."""
    state = RequestState(request.state)
    if state is not RequestState.APPROVED:
        stage = _BEFORE_APPROVAL.get(state, Stage.CLOSED)
        to_come = _wanted_steps(request) if stage is Stage.DECIDING else ()
        return Progress(stage, None, None, None, to_come, None)
    revision = (
        Revision.objects.filter(request=request)
        .select_related("namespace", "namespace__cluster", "namespace__team")
        .first()
    )
    if revision is None:
        return Progress(Stage.WORKING, None, None, None, (), None)
    run = _run_of(revision)
    stage = _stage(revision, run)
    # What ended without a run had nothing to be done, so no step is still to come.
    to_come = () if stage is Stage.DONE else steps_to_come(ends_namespace=revision.ends_namespace)
    return Progress(
        stage=stage,
        revision=revision,
        namespace=revision.namespace,
        run=run,
        steps=list(run.steps.all()) if run else to_come,
        total_seconds=_seconds(run),
    )


def _stage(revision: Revision, run: Run | None) -> Stage:
    namespace = revision.namespace
    state = NamespaceState(namespace.state)
    if _is_confirmed(revision, run, state):
        return Stage.DONE
    if namespace.generation > revision.number:
        return Stage.SUPERSEDED
    if state is NamespaceState.LOST:
        return Stage.LOST
    if state is NamespaceState.BLOCKED:
        return Stage.BLOCKED
    return Stage.RETRYING if state is NamespaceState.RETRYING else Stage.WORKING


def _is_confirmed(revision: Revision, run: Run | None, state: NamespaceState) -> bool:
    """Tell whether this very generation was read back whole; a later one says nothing of it."""
    if revision.ends_namespace:
        return state in {NamespaceState.GONE, NamespaceState.UNCREATED}
    was_read_back = run is not None and run.outcome == Run.Outcome.READY
    return was_read_back or revision.namespace.observed_generation == revision.number


def _run_of(revision: Revision) -> Run | None:
    """Return the run that brought the generation about; before that, the newest attempt."""
    runs = Run.objects.filter(
        namespace=revision.namespace_id, generation=revision.number
    ).prefetch_related("steps")
    reached = runs.filter(outcome__in=[Run.Outcome.READY, Run.Outcome.GONE]).order_by("id")
    return reached.first() or runs.order_by("-id").first()


def _wanted_steps(request: Request) -> list[Step]:
    return steps_to_come(ends_namespace=request.kind == RequestKind.RETIRE.value)


def steps_to_come(*, ends_namespace: bool) -> list[Step]:
    """Return the steps of a run that has not begun, in order."""
    phases = RETIREMENT if ends_namespace else PROVISIONING
    return [Step(position=place, phase=phase.value) for place, phase in enumerate(phases)]


def _seconds(run: Run | None) -> float | None:
    if run is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()


def returned_with(request: Request) -> Decision | None:
    """Return the decision that sent the request back to its author, or None. One query."""
    if request.state != RequestState.RETURNED.value:
        return None
    return returned_with_each([request]).get(request.pk)


def returned_with_each(requests: Sequence[Request]) -> dict[int, Decision]:
    """Return the decision that sent each of these back, by the request's key. One query."""
    rows = Decision.objects.filter(request__in=requests, vote=Vote.RETURN)
    newest_last = rows.select_related("person").order_by("id")
    return {decision.request_id: decision for decision in newest_last}


def taken_over_with(request: Request) -> Event | None:
    """Return the event by which its present requester took it over, until they send it."""
    return _last_event(request, RequestState.RETURNED, Action.REQUEST_TAKEN_OVER)


def closed_with(request: Request) -> Event | None:
    """Return the event by which somebody else closed it, with their reason, or None."""
    return _last_event(request, RequestState.CANCELLED, Action.REQUEST_CLOSED)


def _last_event(request: Request, state: RequestState, action: Action) -> Event | None:
    if request.state != state.value or request.last_event is None:
        return None
    return request.last_event if request.last_event.action == action.value else None
