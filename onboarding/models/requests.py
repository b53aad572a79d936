"""Requests and the decisions on them. The database itself refuses what must never be."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.domain.risk import Risk
from onboarding.domain.spec import NamespaceSpec, RequestKind, load_spec
from onboarding.models.clusters import Cluster
from onboarding.models.events import Event
from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id
from onboarding.models.people import Team, User
from onboarding.models.refreshes import Refresh


class Vote(models.TextChoices):
    """What one person said on one lane."""

    APPROVE = "approve", _("Approved")
    RETURN = "return", _("Returned for changes")
    REJECT = "reject", _("Rejected")


class Request(models.Model):
    """Somebody's wish for one namespace. `digest` is what approvals bind to.

    `base_generation` is the namespace's generation the request was made against (0 when
    onboarding), so a stale one is noticed when decided.
    """

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in RequestKind])
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in RequestState],
        default=RequestState.DRAFT.value,
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="requests")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="requests")
    name = models.CharField(max_length=63)
    requester = models.ForeignKey(User, on_delete=models.PROTECT, related_name="requests")
    namespace = models.ForeignKey(
        "onboarding.ManagedNamespace", on_delete=models.PROTECT, null=True, related_name="requests"
    )
    base_generation = models.PositiveIntegerField(default=0)
    spec = models.JSONField()
    plan = models.JSONField()
    digest = models.CharField(max_length=71)
    # As it stood when the request was sent. Rows older than the column have none; a default would
    # rebuild the table on SQLite and lose the triggers on it.
    risk = models.CharField(
        max_length=6, null=True, choices=[(risk.value, risk.value) for risk in Risk]
    )
    # Whose removal or adoption is asked for, where it is not the namespace that is remembered, and
    # what was found in it then. Without defaults for the same reason.
    adopted_uid = models.CharField(max_length=64, null=True)
    found = models.JSONField(null=True)
    # Whether it opens or closes a path, as computed when it was sent; none for older rows.
    moves_reach = models.BooleanField(null=True)
    # Why it is asked for; the purpose is what the namespace is for. None for older rows, and where
    # none was given for a new namespace.
    why = models.TextField(null=True)
    refresh = models.ForeignKey(
        Refresh, on_delete=models.PROTECT, null=True, related_name="requests"
    )
    form_key = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    last_event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        constraints = [
            models.UniqueConstraint(
                fields=["requester", "form_key"], name="one_request_per_rendered_form"
            ),
            models.UniqueConstraint(
                F("cluster"),
                Lower("name"),
                condition=Q(state__in=sorted(OPEN_REQUEST)),
                name="one_open_request_per_namespace",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "submitted_at"], name="request_queue"),
            models.Index(fields=["team", "-id"], name="request_team"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Return what people call it."""
        return f"REQ-{self.public_id}"

    @property
    def wanted(self) -> NamespaceSpec:
        """Return the spec asked for."""
        return load_spec(self.spec)


class RequestAuthor(models.Model):
    """Somebody who asked for the request, edited it or took it over: they never decide it.

    Rows are only added. The database refuses a decision by anybody named here.
    """

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="authors")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="authored")

    class Meta:
        verbose_name = _("author of a request")
        verbose_name_plural = _("authors of requests")
        constraints = [
            models.UniqueConstraint(fields=["request", "person"], name="each_author_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person.label}, author of {self.request.label}"


class EarlierApproval(models.Model):
    """A request approved by a release whose digests were of the plan alone.

    Written once, by the migration that made digests of everything an approver reads; the database
    takes no other row, so that no later approval can pass for an earlier one.
    """

    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("earlier approval")
        verbose_name_plural = _("earlier approvals")

    def __str__(self) -> str:
        return self.request.label


class RequestLane(models.Model):
    """A lane the request must pass, and the reasons, as they stood when it was submitted."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="lanes")
    lane = models.CharField(max_length=10, choices=[(lane.value, lane.value) for lane in Lane])
    reasons = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]
        verbose_name = _("needed approval")
        verbose_name_plural = _("needed approvals")
        constraints = [
            models.UniqueConstraint(fields=["request", "lane"], name="each_lane_once"),
        ]

    def __str__(self) -> str:
        return f"{self.lane} for {self.request.label}"


class Decision(models.Model):
    """One person's word on one lane, for one digest. Voided when the request is edited.

    `requester` is copied onto the row so that the separation of duties is a CHECK of the database;
    a trigger refuses a copy that is not the request's requester.
    """

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="decisions")
    lane = models.CharField(max_length=10, choices=[(lane.value, lane.value) for lane in Lane])
    vote = models.CharField(max_length=10, choices=Vote.choices)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="decisions")
    requester = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=71)
    reason = models.TextField(blank=True)
    decided_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            models.CheckConstraint(
                condition=~Q(person=F("requester")), name="nobody_decides_their_own_request"
            ),
            models.UniqueConstraint(
                fields=["request", "lane"],
                condition=Q(voided_at__isnull=True),
                name="one_decision_per_lane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.label} {self.vote} {self.lane} of {self.request.label}"


class DecisionPicture(models.Model):
    """What the page showed of who can talk to whom when a decision was taken. Final.

    `shown` is written and read by `reachability/kept.py`. Decisions of earlier releases have none,
    nor have those taken on many requests at once.
    """

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="picture")
    shown = models.JSONField()

    class Meta:
        verbose_name = _("picture of a decision")
        verbose_name_plural = _("pictures of decisions")

    def __str__(self) -> str:
        return f"picture of decision {self.decision_id}"
