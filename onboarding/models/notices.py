"""Who has to be told of what: the outbox of events, and what became of it for each person.

An OutboxEntry is written in the transaction of its event, a Notice by workers afterwards.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.domain.notices import Delivery, NoticeKind
from onboarding.models.events import Event
from onboarding.models.namespaces import ManagedNamespace
from onboarding.models.people import User


class OutboxEntry(models.Model):
    """An event of which people may have to be told. `expanded_at` is when it became notices.

    `next_at` is when it is tried again after a mistake of the program, null before any.
    """

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="+")
    expanded_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("outbox entry")
        verbose_name_plural = _("outbox entries")
        indexes = [
            models.Index(fields=["id"], name="outbox_left", condition=Q(expanded_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return str(self.event)


class Notice(models.Model):
    """What one person is told of one event, in the portal and by mail.

    `address` is where the mail goes if not to the person's address of the moment. `mail_at` is when
    it goes out, null where none does (any more); `due_at` when it first should have. Whoever sends
    it holds `lease_owner` until `lease_until`. `settled_at` is when what it waits for was done.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in NoticeKind])
    delivery = models.CharField(max_length=10, choices=[(d.value, d.value) for d in Delivery])
    title = models.CharField(max_length=200)
    path = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    mail_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed = models.CharField(max_length=300, blank=True)
    by_server = models.BooleanField(default=False)  # it failed for all mails, not for this one
    gave_up_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["person", "event", "kind"], name="each_told_once"),
        ]
        indexes = [
            models.Index(fields=["mail_at"], name="notice_due", condition=Q(mail_at__isnull=False)),
            models.Index(
                fields=["person"], name="notice_unread", condition=Q(read_at__isnull=True)
            ),
            models.Index(
                fields=["gave_up_at"],
                name="notice_given_up",
                condition=Q(gave_up_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NoticePreference(models.Model):
    """How a person wants to be told of one kind, where it is not as usual."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_preferences")
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in NoticeKind])
    delivery = models.CharField(max_length=10, choices=[(d.value, d.value) for d in Delivery])

    class Meta:
        verbose_name = _("notice preference")
        verbose_name_plural = _("notice preferences")
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="one_preference_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.person.label}: {self.kind} {self.delivery}"


class LifetimeWarning(models.Model):
    """That people were told of the end of a namespace, that many days before: once for each end."""

    namespace = models.ForeignKey(
        ManagedNamespace, on_delete=models.CASCADE, related_name="lifetime_warnings"
    )
    ends_at = models.DateTimeField()
    days = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("lifetime warning")
        verbose_name_plural = _("lifetime warnings")
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "ends_at", "days"], name="each_end_told_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.namespace.name}, {self.days} days before {self.ends_at:%Y-%m-%d}"
