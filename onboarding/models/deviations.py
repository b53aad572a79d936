"""What differed from the plan: one row for each object, maker and time of it, kept for people."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.domain.deviations import DeviationKind
from onboarding.models.events import Event
from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id
from onboarding.models.namespaces import ManagedNamespace
from onboarding.models.people import User


class Deviation(models.Model):
    """One object that was not as approved. Open until it was read back as approved or is gone.

    `not_before` is the last time everything was read back equal, `changed_at` when its writer
    changed it as far as the API server noted that, `seen_at` when a worker saw it, `ended_at` when
    it was read back as approved: the bounds of how long it lasted. Of one that comes back within
    an hour they are those of the last time; `first_seen_at` is that of the first. `repairs` counts
    all, `repaired_times` holds the newest. `by` is the field manager that wrote the object last.
    """

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    namespace = models.ForeignKey(
        ManagedNamespace, on_delete=models.PROTECT, related_name="deviations"
    )
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in DeviationKind])
    object_kind = models.CharField(max_length=63)
    object_name = models.CharField(max_length=253)
    by = models.CharField(max_length=200, blank=True)
    # Paths like "spec.egress" of a changed object.
    fields = models.JSONField(default=list)
    # Of a changed object, as it was seen last: [{"field": str, "approved": …, "found": …}…]
    differences = models.JSONField(default=list)
    # Of a foreign object: which one, and the hash of what it says. Of a deleted namespace: its uid.
    uid = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=71, blank=True)
    not_before = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    repairs = models.PositiveIntegerField(default=0)
    repaired_times = models.JSONField(default=list)
    fought_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledgement = models.TextField(blank=True)
    seen_event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+")
    ended_event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_event = models.ForeignKey(
        Event, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-seen_at", "-id"]
        verbose_name = _("deviation")
        verbose_name_plural = _("deviations")
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "kind", "object_kind", "object_name", "by"],
                condition=Q(ended_at__isnull=True),
                name="one_open_deviation_per_object",
            ),
        ]
        indexes = [
            models.Index(fields=["namespace", "ended_at"], name="deviation_namespace"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.object_kind} {self.object_name}"
