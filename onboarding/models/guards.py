"""What guards a cluster, as workers last found it: beside the cluster's condition, never in it.

A cluster without its guards is still worked on: repairs are needed more than ever.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onboarding.models.clusters import Cluster


class ClusterGuards(models.Model):
    """The portal's own admission policies and roles on one cluster, compared with what is shipped.

    `differing` is what the look that began at `looked_at` found, in words: null before the first,
    [] where everything was in place. `unread` says why that look could not know. `failing` is what
    the self-check at `checked_at` found wrong, null before the first; it is due at `check_at`.
    `since` is when something was first found, null while nothing is.
    """

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="guards")
    looked_at = models.DateTimeField(null=True)
    differing = models.JSONField(null=True)
    unread = models.TextField(blank=True)
    checked_at = models.DateTimeField(null=True)
    failing = models.JSONField(null=True)
    check_at = models.DateTimeField(null=True)
    since = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("guards of a cluster")
        verbose_name_plural = _("guards of clusters")

    def __str__(self) -> str:
        return f"guards of {self.cluster.name}"

    @property
    def findings(self) -> list[str]:
        """Return everything that is known to be wrong, in words."""
        return [*(self.differing or []), *(self.failing or [])]
