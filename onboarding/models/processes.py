"""Which processes of the portal run, in their own words: small rows that come and go with them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onboarding.domain.processes import ProcessKind


class Heartbeat(models.Model):
    """One process, as of `seen_at`. `ended_at` is when it ended in order.

    `turns` is {loop: {"at": iso time, "within": seconds}…}: when each of its loops last came round
    and how long that may take. A loop that has not come round yet has the time of the start. Beat
    has no database: the worker that gets one of its messages writes its row.
    `ahead` is by how many seconds its host's clock is ahead of the database's, null where unknown.
    """

    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in ProcessKind])
    instance = models.CharField(max_length=100)
    release = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    turns = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)
    ahead = models.FloatField(null=True)

    class Meta:
        ordering = ["kind", "instance"]
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        constraints = [
            models.UniqueConstraint(fields=["kind", "instance"], name="one_heartbeat_per_process"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.instance}"
