"""One request that renders many namespaces anew, with the facts of today."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id
from onboarding.models.people import User


class Refresh(models.Model):
    """Why and by whom; its requests (`requests`) say what, and are decided like every other.

    `skipped` names what was chosen and could not be asked for: [{"name": str, "why": str}…].
    """

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="refreshes")
    reason = models.TextField()
    form_key = models.CharField(max_length=40)
    skipped = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("renewal of namespaces")
        verbose_name_plural = _("renewals of namespaces")
        constraints = [
            models.UniqueConstraint(
                fields=["asked_by", "form_key"], name="one_refresh_per_rendered_form"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Return what people call it."""
        return f"ANEW-{self.public_id}"
