"""Proof that something can be stored: written by the probe of each web process, read by nobody."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WriteProbe(models.Model):
    """When a process last stored something to see whether it can. One row for each of them."""

    process = models.CharField(max_length=200, primary_key=True)
    stored_at = models.DateTimeField()

    class Meta:
        verbose_name = _("write probe")
        verbose_name_plural = _("write probes")

    def __str__(self) -> str:
        return self.process
