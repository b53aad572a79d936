"""Passkeys that are enrolled for approvals, what was said about them, and signatures by them.

All three tables are append-only by trigger. Columns are for lists; what a worker believes stands in
the signed statements, which nobody can write who does not hold the passkey.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id
from onboarding.models.people import User
from onboarding.models.requests import Decision


class ApprovalKey(models.Model):
    """One passkey of one person, and the lanes it is enrolled for. `statement` is signed by it."""

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="approval_keys")
    name = models.CharField(max_length=100)
    credential = models.TextField()
    lanes = models.JSONField(default=list)
    confirms = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    statement = models.TextField()
    proof = models.JSONField()

    class Meta:
        ordering = ["id"]
        verbose_name = _("approval key")
        verbose_name_plural = _("approval keys")

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Return what people call it."""
        return f"KEY-{self.public_id}"


class ApprovalKeyWord(models.Model):
    """That a key was confirmed or revoked. `person` is empty where the console did it.

    A confirmation is signed by `by_key`, or sealed with the installation's root. There may be
    several: one that can be verified is enough.
    """

    class Verb(models.TextChoices):
        """What was said."""

        CONFIRM = "confirm", _("Confirmed")
        REVOKE = "revoke", _("Revoked")

    key = models.ForeignKey(ApprovalKey, on_delete=models.PROTECT, related_name="words")
    verb = models.CharField(max_length=10, choices=Verb.choices)
    person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    by_key = models.ForeignKey(ApprovalKey, on_delete=models.PROTECT, null=True, related_name="+")
    statement = models.TextField(blank=True)
    proof = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        verbose_name = _("word on an approval key")
        verbose_name_plural = _("words on approval keys")

    def __str__(self) -> str:
        return f"{self.verb} {self.key_id}"


class DecisionSignature(models.Model):
    """The passkey's signature of a decision. Decisions from before, or without one, have no row."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="signature")
    key = models.ForeignKey(ApprovalKey, on_delete=models.PROTECT, related_name="signatures")
    statement = models.TextField()
    proof = models.JSONField()

    class Meta:
        verbose_name = _("signature of a decision")
        verbose_name_plural = _("signatures of decisions")

    def __str__(self) -> str:
        return f"signature of decision {self.decision_id}"
