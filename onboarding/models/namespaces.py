"""What the portal manages, what was approved for it, and every attempt to bring it about."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lifecycle import (
    ENDED,
    OUT_OF_SIGHT,
    BlockedReason,
    NamespaceState,
    Phase,
)
from onboarding.domain.spec import NamespaceSpec, load_spec
from onboarding.models.clusters import Cluster
from onboarding.models.events import Event
from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id
from onboarding.models.people import Team
from onboarding.models.requests import Request


class ManagedNamespace(models.Model):
    """A row is the truth about what shall be; workers make the cluster equal to it.

    `generation` counts approved revisions, `observed_generation` the newest one that was read back
    whole. `next_at` is when it is due (null: never again). A claim holds `lease_owner`,
    `lease_until` and the counter `fencing_token`: what a worker that lost its lease writes finds
    no row. `uid` names the namespace on the cluster that is this row's, "" while there is none;
    `known_uid` is the last it had, so null only if nothing was ever created, `fenced_uid` that of
    the one whose fence was proven: a new one under the name is not taken for it. `waiting_since` is
    when Kubernetes was first seen not to have finished what the phase waits for, `held_by` what
    holds it up, `stuck_at` when that had lasted too long.
    """

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="namespaces")
    name = models.CharField(max_length=63)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="namespaces")
    state = models.CharField(
        max_length=12,
        choices=[(s.value, s.value) for s in NamespaceState],
        default=NamespaceState.WANTED.value,
    )
    generation = models.PositiveIntegerField(default=0)
    observed_generation = models.PositiveIntegerField(default=0)
    uid = models.CharField(max_length=64, blank=True)
    known_uid = models.CharField(max_length=64, null=True)
    fenced_uid = models.CharField(max_length=64, null=True)
    next_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    fencing_token = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=30, blank=True)
    message = models.TextField(blank=True)
    # What was found where a person has to compare: services.phases.work.found_on_cluster, and when.
    found = models.JSONField(null=True)
    # What today's facts would render differently, None: nothing (see services/outdated.py).
    # [{"object": str, "effect": str, "groups": [str…]}…], or [{"trouble": str}].
    outdated = models.JSONField(null=True)
    outdated_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)
    stuck_at = models.DateTimeField(null=True)
    # As domain/holds.py writes it: [{"kind": str, "names": [str…]}…]; null while nothing waits
    held_by = models.JSONField(null=True)
    last_event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+")
    # Requests unknown here whose marks may be overwritten, as a platform admin decided: ["REQ-…"…]
    overruled = models.JSONField(null=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("namespace")
        verbose_name_plural = _("namespaces")
        constraints = [
            models.UniqueConstraint(
                F("cluster"),
                Lower("name"),
                condition=~Q(state__in=sorted(state.value for state in ENDED)),
                name="one_live_owner_per_name",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="namespace_due"),
            models.Index(fields=["team", "name"], name="namespace_team"),
            # Few are held at any time, and every claim counts them.
            models.Index(
                fields=["lease_until"],
                name="namespace_held",
                condition=Q(lease_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_fence_proven(self) -> bool:
        """Tell whether the fence of the namespace that is remembered was read back and counts."""
        return bool(self.uid) and self.fenced_uid == self.uid

    @property
    def checks_out(self) -> bool:
        """Tell whether workers still believe that what the rows say is what people approved."""
        is_blocked = self.state == NamespaceState.BLOCKED.value
        return not (is_blocked and self.reason == BlockedReason.NOT_APPROVED.value)

    @property
    def is_out_of_sight(self) -> bool:
        """Tell whether it was read back as it says, and its cluster lets nobody look since."""
        is_settled = self.state in {NamespaceState.READY.value, NamespaceState.DRIFTED.value}
        return is_settled and not self.cluster.closed_at and self.cluster.condition in OUT_OF_SIGHT


class Revision(models.Model):
    """A numbered, immutable snapshot of the intended objects, with the spec they came from."""

    namespace = models.ForeignKey(
        ManagedNamespace, on_delete=models.PROTECT, related_name="revisions"
    )
    number = models.PositiveIntegerField()
    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="revision")
    spec = models.JSONField()
    plan = models.JSONField()
    digest = models.CharField(max_length=71)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        constraints = [
            models.UniqueConstraint(fields=["namespace", "number"], name="one_revision_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.namespace.name} r{self.number}"

    @property
    def wanted(self) -> NamespaceSpec:
        """Return the spec this revision was rendered from."""
        return load_spec(self.spec)

    @property
    def ends_namespace(self) -> bool:
        """Tell whether this revision intends no objects at all: the namespace shall be gone."""
        return isinstance(self.plan, dict) and not self.plan.get("objects", True)


class Run(models.Model):
    """One attempt to bring the cluster to a generation."""

    class Outcome(models.TextChoices):
        """How an attempt ended; blank while it goes on or when its worker died."""

        READY = "ready", _("Ready")
        GONE = "gone", _("Gone")
        WAITING = "waiting", _("Waiting")
        RETRYING = "retrying", _("Will be tried again")
        BLOCKED = "blocked", _("Blocked")
        CLUSTER = "cluster", _("The cluster cannot be used")
        SUPERSEDED = "superseded", _("Superseded")

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    namespace = models.ForeignKey(ManagedNamespace, on_delete=models.PROTECT, related_name="runs")
    generation = models.PositiveIntegerField()
    attempt = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        indexes = [models.Index(fields=["namespace", "-id"], name="run_namespace")]

    def __str__(self) -> str:
        return f"{self.namespace.name} g{self.generation} attempt {self.attempt}"


class Step(models.Model):
    """One phase of a run. `changes` is [{"object": str, "outcome": str}…] in the order made."""

    class State(models.TextChoices):
        """How a step stands."""

        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=10, choices=[(p.value, p.value) for p in Phase])
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    changes = models.JSONField(default=list)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="one_step_per_position"),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.phase}"

    @property
    def seconds(self) -> float | None:
        """Return how long the step took, or None while it has not finished."""
        if self.started_at and self.finished_at:
            return (self.finished_at - self.started_at).total_seconds()
        return None
