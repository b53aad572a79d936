"""Whom people can ask, as a platform admin set it. Shown on Help."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HelpContact(models.Model):
    """Who answers questions about one topic. `address` is an e-mail address or a web address."""

    class Topic(models.TextChoices):
        """What can be asked about; one contact each."""

        ACCOUNT = "account", _("Signing in, accounts and teams")
        PLATFORM = "platform", _("Clusters, quotas and platform approval")
        NETWORK = "network", _("Traffic and network approval")
        SECURITY = "security", _("Data classes and security approval")

    topic = models.CharField(max_length=10, choices=Topic.choices, unique=True)
    who = models.CharField(_("who"), max_length=80)
    address = models.CharField(_("address"), max_length=200)

    class Meta:
        verbose_name = _("contact for help")
        verbose_name_plural = _("contacts for help")

    def __str__(self) -> str:
        return f"{self.get_topic_display()}: {self.who}"

    @property
    def url(self) -> str:
        """Return where a link to it leads."""
        return f"mailto:{self.address}" if "@" in self.address else self.address
