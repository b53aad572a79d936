"""manage.py demo_journey: the main job without a browser, on the real parts, step by step."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.demo.scenario import approve, ask, demo_spec, seed_people
from onboarding.domain.fence_gate import without_proof
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Manifest, branch
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST
from onboarding.models import Cluster, ManagedNamespace, Request
from onboarding.plan.compare import differences
from onboarding.plan.model import Plan, load_plan
from onboarding.queries.connectivity import picture_of_namespace
from onboarding.queries.namespaces import latest_run
from onboarding.queries.party_words import party_text
from onboarding.queries.port_words import ports_text
from onboarding.reachability.neighbourhood import Way
from onboarding.reachability.sentences import sentences
from onboarding.services.claim import worker_name
from onboarding.services.clock import database_now
from onboarding.services.credentials import open_gateway
from onboarding.services.observe import observe
from onboarding.services.reconcile import reconcile
from onboarding.templatetags.connectivity import rule_text

NAME = "payments-prod"
PATIENCE_SECONDS = 60.0


class Command(BaseCommand):
    """Request → decisions → run, and what the API server holds afterwards."""

    help = "Do the main job headless: request, decisions, run; print each step and the result."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run. Exit code 1 if the namespace does not become ready or differs from the plan."""
        seed_people(now=database_now())
        cluster = Cluster.objects.order_by("pk").first()
        if cluster is None:
            raise CommandError("Register a cluster first: manage.py prepare_cluster")
        request = self._timed("Alice asks", lambda: ask(_spec(cluster), now=database_now()))
        self.stdout.write(f"  {request.label}, digest {request.digest}")
        for username, lane in (("dana", Lane.NETWORK), ("pat", Lane.PLATFORM)):
            self._timed(
                f"{username.title()} approves the {lane} lane",
                lambda who=username, lane=lane: approve(request, who, lane, now=database_now()),
            )
        self._timed("A worker brings it about", lambda: _work_off(request))
        namespace = ManagedNamespace.objects.get(name=NAME, cluster=cluster)
        self._show_run(namespace)
        self._show_objects(cluster, load_plan(request.plan))
        if namespace.state != NamespaceState.READY:
            raise CommandError(f"{NAME} is {namespace.state}: {namespace.message}")
        self._timed(
            "A worker looks at the cluster", lambda: observe(cluster.pk, clock=database_now)
        )
        self._show_paths(namespace)
        self.stdout.write(self.style.SUCCESS(f"{NAME} is ready on {cluster.name}."))

    def _timed(self, what: str, act: Any) -> Any:
        began = time.perf_counter()
        result = act()
        self.stdout.write(f"{what}: {(time.perf_counter() - began) * 1000:.0f} ms")
        return result

    def _show_run(self, namespace: ManagedNamespace) -> None:
        run = latest_run(namespace)
        for step in run.steps.all() if run else ():
            took = f"{step.seconds * 1000:.0f} ms" if step.seconds is not None else "not finished"
            made = ", ".join(f"{change['object']} {change['outcome']}" for change in step.changes)
            self.stdout.write(f"  {step.phase:<9}{step.state:<8}{took:>8}  {made}")

    def _show_objects(self, cluster: Cluster, plan: Plan) -> None:
        gateway = open_gateway(cluster)
        live = [(planned, gateway.get(planned.key)) for planned in plan.objects]
        self.stdout.write("On the API server:")
        for planned, found in live:
            differing = differences(planned.manifest, _without_stamps(found))
            says = "equals what was approved" if not differing else f"differs: {differing}"
            self.stdout.write(f"  {planned.key}, {says}")
            if differing:
                raise CommandError(f"{planned.key} is not what was approved")
        self.stdout.write("What that means:")
        for sentence in sentences([found for _planned, found in live if found]):
            self.stdout.write(f"  {sentence}")

    def _show_paths(self, namespace: ManagedNamespace) -> None:
        picture = picture_of_namespace(namespace)
        self.stdout.write("Who can now reach whom, as observed; nothing else is open:")
        for line in picture.neighbourhood.lines if picture else ():
            sender, receiver = line.ours, line.peer
            if line.way is Way.INWARD:
                sender, receiver = receiver, sender
            for opening in line.answer.openings:
                rules = ", ".join(dict.fromkeys(map(rule_text, opening.rules)))
                self.stdout.write(
                    f"  {party_text(sender)} -> {party_text(receiver, inside=True)}: "
                    f"{ports_text(opening)} ({rules})"
                )


def _spec(cluster: Cluster) -> Any:
    return demo_spec(NAME, cluster=cluster.name)


def _work_off(request: Request) -> None:
    """Work like the sweeper until the namespace has settled or patience ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    settled = {NamespaceState.READY, NamespaceState.BLOCKED}
    while time.monotonic() < end:
        reconcile(worker_name(), clock=database_now)
        namespace = ManagedNamespace.objects.get(revisions__request=request)
        if namespace.state in settled and namespace.lease_until is None:
            return


def _without_stamps(found: Manifest | None) -> Manifest | None:
    """Return the live object without what the portal writes beside what was approved."""
    annotations = branch(found or {}, "metadata", "annotations")
    for stamp in (REQUEST, GENERATION, DIGEST):
        annotations.pop(stamp, None)
    return without_proof(found) if found else None
