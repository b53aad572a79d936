"""What somebody typed and could not send yet: the only place where unsent words are stored."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class KeptForm(models.Model):
    """A form that met a session which had ended. Shown once, to its person, in its browser.

    `browser` is the hash of what the browser is known by; `page` is where the form stands, `action`
    where it was sent, `fields` are [name, value] as they were sent, without proofs and decisions.
    """

    browser = models.CharField(max_length=64)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=1000)
    action = models.CharField(max_length=1000)
    fields = models.JSONField()
    kept_at = models.DateTimeField()

    class Meta:
        verbose_name = _("kept form")
        verbose_name_plural = _("kept forms")
        indexes = [models.Index(fields=["browser"], name="kept_form_browser")]

    def __str__(self) -> str:
        return self.action


class StartedForm(models.Model):
    """What stands in a form that somebody is writing. One per person and form; replaced at will."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    form = models.CharField(max_length=100)
    fields = models.JSONField()
    began_at = models.DateTimeField()
    kept_at = models.DateTimeField()

    class Meta:
        verbose_name = _("started form")
        verbose_name_plural = _("started forms")
        constraints = [
            models.UniqueConstraint(fields=["person", "form"], name="one_started_form_each"),
        ]

    def __str__(self) -> str:
        return self.form
