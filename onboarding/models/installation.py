"""Which portal this is, among others that may work on the same clusters."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onboarding.domain.ownership import PORTAL_IDENTITY_LENGTH
from onboarding.models.identifiers import public_id


class Installation(models.Model):
    """One row, made the first time it is asked for. Its identity is written on new namespaces."""

    ONLY = 1

    identity = models.CharField(max_length=PORTAL_IDENTITY_LENGTH, default=public_id)

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")

    def __str__(self) -> str:
        return self.identity


def own_identity() -> models.Subquery:
    """Return this portal's identity as a column of another query, null before it was made up."""
    only = Installation.objects.filter(pk=Installation.ONLY)
    return models.Subquery(only.values("identity")[:1])
