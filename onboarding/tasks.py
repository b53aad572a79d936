"""Celery tasks: a hint arrives, the row decides. Messages carry an id and nothing else."""

from celery import shared_task
from celery.signals import worker_init

from onboarding.services.application_role import RoleTooStrong, watch_database_role
from onboarding.services.claim import worker_name
from onboarding.services.clock import database_now
from onboarding.services.database_waits import WORKER, bound_waits
from onboarding.services.expire import expire_requests as expire
from onboarding.services.guards import check_due
from onboarding.services.host_clock import note_host_clock, watch_host_clock
from onboarding.services.observe import observe_due
from onboarding.services.outdated import note_outdated
from onboarding.services.reconcile import reconcile as bring_on
from onboarding.services.renew import renew_due
from onboarding.services.restore_triggers import report_lacking_triggers
from onboarding.services.wrong_times import forget_wrong_times

MOST_IN_ONE_SWEEP = 200


@worker_init.connect
def check_database_role(**_signal: object) -> None:
    """End the worker before it starts if its database role can rewrite history.

    What the database itself lacks is logged.
    """
    bound_waits(WORKER)
    try:
        watch_database_role()
    except RoleTooStrong as error:
        raise SystemExit(str(error)) from error  # any other exception Celery only logs
    report_lacking_triggers()


@worker_init.connect
def watch_clock(**_signal: object) -> None:
    """Say it when this host's clock differs from the database's."""
    watch_host_clock()


@shared_task(name="onboarding.reconcile")
def reconcile(namespace_id: int) -> None:
    """Look at one namespace, if it is due and nobody else does."""
    bring_on(worker_name(), clock=database_now, namespace_id=int(namespace_id))


@shared_task(name="onboarding.sweep")
def sweep() -> None:
    """Look at everything that is due or whose lease ran out."""
    for _ in range(MOST_IN_ONE_SWEEP):
        if not bring_on(worker_name(), clock=database_now):
            return


@shared_task(name="onboarding.observe")
def observe() -> None:
    """Look at every cluster that is due."""
    observe_due(clock=database_now)


@shared_task(name="onboarding.renew_credentials")
def renew_credentials() -> None:
    """Renew the portal's tokens that are past half of their life, and look at the clocks."""
    note_host_clock()
    forget_wrong_times(now=database_now())
    renew_due(clock=database_now)


@shared_task(name="onboarding.check_guards")
def check_guards() -> None:
    """Try on every cluster, daily, what must be refused there."""
    check_due(clock=database_now)


@shared_task(name="onboarding.expire_requests")
def expire_requests() -> None:
    """Let requests expire that nobody decided."""
    expire(now=database_now())


@shared_task(name="onboarding.note_outdated")
def note_outdated_namespaces() -> None:
    """Note what a new release's catalogue would render differently; facts note it themselves."""
    note_outdated(now=database_now())
