"""What a member of a team would have its leads ask for: a change that is prepared, and not sent."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id
from onboarding.models.namespaces import ManagedNamespace
from onboarding.models.people import User
from onboarding.models.requests import Request


class Suggestion(models.Model):
    """A prepared change of a namespace. Open until a lead takes it up or dismisses it.

    `answers` are fields of the change form, `about` is the path that was asked for, in words.
    `taken_as` is the request it became; while it is open, the draft that was made from it last.
    """

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    namespace = models.ForeignKey(
        ManagedNamespace, on_delete=models.PROTECT, related_name="suggestions"
    )
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="suggestions")
    answers = models.JSONField()
    about = models.CharField(max_length=800)
    note = models.TextField(blank=True)
    form_key = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    taken_as = models.ForeignKey(Request, on_delete=models.PROTECT, null=True, related_name="+")
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    dismissal = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "form_key"], name="one_suggestion_per_rendered_form"
            ),
            models.CheckConstraint(
                condition=Q(taken_at=None) | Q(dismissed_at=None),
                name="a_suggestion_is_taken_or_dismissed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["namespace"],
                name="suggestion_open",
                condition=Q(taken_at__isnull=True, dismissed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.label} for {self.namespace.name}"
