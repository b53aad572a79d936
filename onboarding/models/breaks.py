"""Breaks in time: a database or a cluster that does not go on where it had come to."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from onboarding.domain.epoch import BreakKind
from onboarding.models.clusters import Cluster
from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id
from onboarding.models.people import User


class HistoryBreak(models.Model):
    """One for each cluster it concerns: that is only looked at until a platform admin settles it.

    Where the database went back, every open cluster has its own. `said` is the epoch found there,
    as it was written, "" for none; `known` that of the database when it was found.
    """

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="breaks")
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in BreakKind])
    said = models.TextField(blank=True)
    known = models.TextField()
    found_at = models.DateTimeField()
    # {name of a namespace: what was decided for it}, once it is settled
    choices = models.JSONField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        verbose_name = _("break in history")
        verbose_name_plural = _("breaks in history")
        constraints = [
            models.UniqueConstraint(
                fields=["cluster"],
                condition=Q(settled_at__isnull=True),
                name="one_open_break_per_cluster",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.cluster.name}"


def open_breaks() -> models.QuerySet[HistoryBreak]:
    """Return the breaks nobody has settled yet."""
    return HistoryBreak.objects.filter(settled_at__isnull=True)


def is_only_looked_at(cluster: str) -> Exists:
    """Return the condition that nothing is written to the cluster a column of a query names."""
    return Exists(open_breaks().filter(cluster=OuterRef(cluster)))
