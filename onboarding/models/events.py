"""Events: the record. Append-only by trigger on both databases; only services.history writes."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """One immutable line of history. `leaf` = SHA-256(0x00 ‖ canonical), ready to be sealed.

    Names and labels are kept as text: a row must still read right when what it names is gone.
    `note` is free text by a person; the leaf covers only its salted hash, so it can be erased.
    """

    at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField(db_default=Now())
    seq = models.BigIntegerField(null=True, unique=True)
    actor_id = models.CharField(max_length=40)
    actor = models.CharField(max_length=160)
    via = models.CharField(max_length=60)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=30)
    object_id = models.CharField(max_length=40)
    object_label = models.CharField(max_length=200)
    team = models.CharField(max_length=63, blank=True)
    cluster = models.CharField(max_length=63, blank=True)
    namespace = models.CharField(max_length=63, blank=True)
    request = models.CharField(max_length=20, blank=True)
    run = models.CharField(max_length=20, blank=True)
    ip = models.GenericIPAddressField(null=True)
    note = models.TextField(blank=True)
    note_salt = models.BinaryField(null=True)
    canonical = models.BinaryField()
    leaf = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["team", "-id"], name="event_team"),
            models.Index(fields=["cluster", "namespace", "-id"], name="event_namespace"),
            models.Index(fields=["namespace", "-id"], name="event_namespace_anywhere"),
            models.Index(fields=["actor", "-id"], name="event_actor"),
            models.Index(fields=["action", "-id"], name="event_action"),
            models.Index(fields=["request", "-id"], name="event_request"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor} {self.action} {self.object_label}"
