"""Runs and their steps: what the page shows live, and what each phase left in history.

Every function is one transaction that also proves the claim still holds, so a worker that lost its
lease records nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.holds import Hold
from onboarding.domain.lifecycle import REACHED, NamespaceState, Phase, check_move
from onboarding.domain.objects import Manifest
from onboarding.models import Event, Revision, Run, Step
from onboarding.services import history
from onboarding.services.claim import Claim
from onboarding.services.phases.work import NOTHING_DONE, PhaseResult
from onboarding.services.waiting import NOT_WAITING, is_stuck, pause_after

_OF_A_STEP = ("state", "started_at", "finished_at", "changes", "message")


class Journal:
    """Writes one run as it happens. Holds the state the namespace is in by now."""

    def __init__(self, claim: Claim, revision: Revision | None, phases: tuple[Phase, ...]) -> None:
        self.claim = claim
        self.revision = revision
        self.phases = phases
        self.state = NamespaceState(claim.namespace.state)
        self.run: Run | None = None
        self.current: Phase | None = None
        # A run that only puts back what was changed moves no state and has no events of its own:
        # what it did is told with the end of the deviation.
        self.is_repair = False
        self.changes: list[Manifest] = []
        self._last_event = claim.namespace.last_event_id
        self.waiting_since = claim.namespace.waiting_since
        self.stuck_at = claim.namespace.stuck_at
        self._steps: list[Step] = []

    def waited(self, *, now: datetime) -> timedelta:
        """Return how long Kubernetes has not finished what is waited for; nothing if it has."""
        return now - self.waiting_since if self.waiting_since else timedelta()

    @property
    def has_begun(self) -> bool:
        """Return whether a run of this generation is open, left by a wait or by a dead worker."""
        namespace = self.claim.namespace
        return namespace.runs.filter(
            generation=namespace.generation, finished_at__isnull=True
        ).exists()

    def begin(self, *, now: datetime) -> None:
        """Go on with the run a dead worker or a wait left open, or start a new one."""
        namespace = self.claim.namespace
        with transaction.atomic():
            self.run = namespace.runs.filter(
                generation=namespace.generation, finished_at__isnull=True
            ).first()
            if self.run is None:
                self.run = Run.objects.create(
                    namespace=namespace,
                    generation=namespace.generation,
                    attempt=namespace.attempts + 1,
                    started_at=now,
                )
                self._steps = Step.objects.bulk_create(
                    Step(
                        run=self.run,
                        position=position,
                        phase=phase.value,
                        state=Step.State.WAITING if position else Step.State.RUNNING,
                        started_at=None if position else now,
                    )
                    for position, phase in enumerate(self.phases)
                )
            else:
                self._steps = list(self.run.steps.all())

    def finish_step(self, phase: Phase, outcome: PhaseResult, *, now: datetime) -> None:
        """Record a finished step without moving the namespace: the caller settles where to."""
        self._finish_step(phase, outcome, now)

    def note(self, message: str) -> None:
        """Show a message at the step the run stands at, which stays open."""
        if self.run is not None and self.current is not None:
            self._step(self.current).update(message=message)

    def done(self, phase: Phase, outcome: PhaseResult, *, now: datetime, **fields: object) -> None:
        """Record a finished phase: its step, the state it reached, and the event."""
        changes: list[Manifest] = [change.dump() for change in outcome.changes]
        with transaction.atomic():
            self._finish_step(phase, outcome, now)
            if self.is_repair:
                self.changes += [one for one in changes if one["outcome"] not in NOTHING_DONE]
                self.claim.update(**fields)
                return
            note: Manifest = {"note": outcome.note} if outcome.note else {}
            self._move(
                REACHED[phase],
                Action.PHASE_DONE,
                now=now,
                body={"phase": phase.value, "changes": [*changes], **note},
                fields=fields,
            )

    def waits(self, phase: Phase, outcome: PhaseResult, *, now: datetime) -> None:
        """Leave the run open: Kubernetes has to finish something."""
        with transaction.atomic():
            self._step(phase).update(state=Step.State.RUNNING, message=outcome.waits)
            self.wait(outcome.waits, outcome.holds, now=now, attempts=0)

    def wait(self, message: str, holds: Iterable[Hold], *, now: datetime, **fields: object) -> None:
        """Keep the state and look again, ever rarer. What lasts too long is stuck: one event."""
        since = self.waiting_since or now
        with transaction.atomic():
            if self.stuck_at is None and is_stuck(since, now=now):
                body: Manifest = {"since": since.isoformat(), "message": message}
                fields["last_event"] = self.record(Action.NAMESPACE_STUCK, now=now, body=body)
                self.stuck_at = now
            self.claim.release(
                waiting_since=since,
                stuck_at=self.stuck_at,
                held_by=[hold.dump() for hold in holds],
                next_at=now + pause_after(now - since),
                message=message,
                **fields,
            )

    def end(
        self,
        outcome: Run.Outcome,
        *,
        now: datetime,
        message: str = "",
        failed: Phase | None = None,
    ) -> None:
        """Close the run, if one was begun, and mark the phase it failed in."""
        if self.run is None:
            return
        Run.objects.filter(pk=self.run.pk).update(finished_at=now, outcome=outcome, message=message)
        if failed:
            self._step(failed).update(state=Step.State.FAILED, finished_at=now, message=message)

    def move(
        self,
        state: NamespaceState,
        action: Action,
        *,
        now: datetime,
        body: Manifest,
        release: bool = False,
        event: Event | None = None,
        **fields: object,
    ) -> Event:
        """Move the namespace to a state with its event, in one transaction.

        `event` is one that told of the same before; unless it is the last one, none is recorded.
        """
        with transaction.atomic():
            return self._move(
                state, action, now=now, body=body, release=release, event=event, fields=fields
            )

    def record(self, action: Action, *, now: datetime, body: Manifest) -> Event:
        """Record what was found out about the namespace. Inside the transaction of its change."""
        return history.record(
            action,
            actor=history.SYSTEM,
            at=now,
            about=history.about_namespace(
                self.claim.namespace,
                request=self.revision.request.label if self.revision else "",
                run=self.run.public_id if self.run else "",
            ),
            body={"generation": self.claim.namespace.generation, **body},
        )

    def _move(
        self,
        state: NamespaceState,
        action: Action,
        *,
        now: datetime,
        body: Manifest,
        fields: Mapping[str, object],
        release: bool = False,
        event: Event | None = None,
    ) -> Event:
        check_move(self.state, state)
        if event is None or event.pk == self._last_event:
            event = self.record(action, now=now, body=body)
        change = self.claim.release if release else self.claim.update
        change(**{**NOT_WAITING, "state": state.value, "last_event": event, **fields})
        self.state, self._last_event = state, event.pk
        self.waiting_since = self.stuck_at = None
        return event

    def _finish_step(self, phase: Phase, outcome: PhaseResult, now: datetime) -> None:
        """Close the step and open the next one, in one statement."""
        position = self.phases.index(phase)
        step, *following = self._steps[position : position + 2]
        step.state, step.finished_at, step.message = Step.State.DONE, now, outcome.note
        step.changes = [change.dump() for change in outcome.changes]
        for one in following:
            one.state, one.started_at = Step.State.RUNNING, now
        Step.objects.bulk_update([step, *following], _OF_A_STEP)

    def _step(self, phase: Phase) -> QuerySet[Step]:
        return Step.objects.filter(run=self.run, position=self.phases.index(phase))
