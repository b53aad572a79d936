"""End the attempts that nobody goes on with: something else is wanted, or the cluster is closed."""

from datetime import datetime

from django.db.models import QuerySet

from onboarding.models import Run, Step


def end_open_runs(
    runs: QuerySet[Run], outcome: Run.Outcome, *, now: datetime, message: str = ""
) -> None:
    """End those of the runs that are open. No step of theirs is shown as running any more."""
    unfinished = runs.filter(finished_at=None)
    steps = Step.objects.filter(run__in=unfinished.order_by(), state=Step.State.RUNNING)
    steps.update(state=Step.State.FAILED, finished_at=now, message="")
    unfinished.update(finished_at=now, outcome=outcome, message=message)
