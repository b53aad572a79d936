"""What workers last saw on each cluster. Replaced at every look; history is elsewhere.

Observing is no act: these rows have no events. Pages read them through `queries/`, because the web
process never asks a cluster.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onboarding.domain.ownership import PORTAL_IDENTITY_LENGTH
from onboarding.models.clusters import Cluster


class ClusterObservation(models.Model):
    """How the looks at one cluster stand. One row for each cluster, made at its first look.

    `seen_at` is when the last look that succeeded began: nothing older is shown as newer.
    `version` counts the looks that found something changed. `looked_at` is when the last look
    began, also one that failed; `trouble` says why it did, "" after a success. `fencing_token`,
    `lease_owner` and `lease_until` let one observer work at a time: the write of one that lost its
    lease finds no row. `requests` counts the pages of lists that the last look read. `failures`
    counts the looks in a row that found no way to the cluster, `failed_looks` those in a row that
    failed for whatever reason.
    """

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="observation")
    seen_at = models.DateTimeField(null=True)
    version = models.PositiveBigIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=80, null=True)
    fencing_token = models.PositiveBigIntegerField(default=0)
    # Kinds of policies that are not understood, e.g. "CiliumNetworkPolicy (cilium.io)".
    foreign_kinds = models.JSONField(default=list)
    namespaces = models.PositiveIntegerField(default=0)
    policies = models.PositiveIntegerField(default=0)
    pods = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    trouble = models.TextField(blank=True)
    failures = models.PositiveIntegerField(null=True)
    failed_looks = models.PositiveIntegerField(null=True)
    # Kinds the portal's role on the cluster does not let it list, e.g. ["Service"].
    unread_kinds = models.JSONField(null=True)

    class Meta:
        verbose_name = _("observation of a cluster")
        verbose_name_plural = _("observations of clusters")

    def __str__(self) -> str:
        return f"{self.cluster.name} v{self.version}"


class NamespaceObservation(models.Model):
    """One namespace as it was seen, managed or not. `domain/observed.py` says what is kept.

    `portal` is null for a namespace without the marks of any Bulkhead, "" where the marks do not
    say of which. `first_seen_at` is when the look began that first found the one with this uid,
    null where nobody noted it. `differs` holds what was not as approved when one of the portal's
    own was seen, since `differs_at`; null where nothing was compared. `unread` names the kinds of
    which there was too much to be read at the last look: `policies` and `pods` are then as they
    were read before.
    """

    cluster = models.ForeignKey(
        Cluster, on_delete=models.CASCADE, related_name="namespace_observations"
    )
    name = models.CharField(max_length=63)
    # How many pods wait for the fence; null where no look has counted them.
    waiting_pods = models.PositiveIntegerField(null=True)
    digest = models.CharField(max_length=71)
    uid = models.CharField(max_length=64, blank=True)
    first_seen_at = models.DateTimeField(null=True)
    labels = models.JSONField(default=dict)
    # {"request", "generation", "digest"} of a managed one, as far as they are written on it.
    marks = models.JSONField(null=True)
    # [{"metadata": {"name", "namespace", "annotations"}, "spec": …}…]
    policies = models.JSONField(default=list)
    # [{"labels", "ports": [{"name", "protocol", "number"}…], "hostNetwork": bool, "count": int}…]
    pods = models.JSONField(default=list)
    portal = models.CharField(max_length=PORTAL_IDENTITY_LENGTH, null=True)
    # Counts and sizes; see domain/contents.py.
    contents = models.JSONField(null=True)
    # [{"name", "hard": {resource: amount}, "used": {…}}…]
    quotas = models.JSONField(null=True)
    # [{"object", "fields": [field…], "by", "foreign": bool}…]
    differs = models.JSONField(null=True)
    differs_at = models.DateTimeField(null=True)
    # ["Pod"…], null where everything was read.
    unread = models.JSONField(null=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("observation of a namespace")
        verbose_name_plural = _("observations of namespaces")
        constraints = [
            models.UniqueConstraint(fields=["cluster", "name"], name="one_observation_per_name"),
        ]

    def __str__(self) -> str:
        return self.name
