"""What somebody writes about a request; what will do, the rules say."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from onboarding.domain.rules import check_comment
from onboarding.domain.spec import COMMENT_LENGTH


class CommentText(forms.CharField):
    """A text as it was written, with plain line ends, judged by the rules."""

    def to_python(self, value: Any) -> str:
        """Return the text: browsers send two characters for one end of a line."""
        return str(super().to_python(value) or "").replace("\r\n", "\n")

    def validate(self, value: Any) -> None:
        """Refuse what the service would refuse."""
        if violations := check_comment(str(value)):
            raise ValidationError([violation.words for violation in violations])


class CommentForm(forms.Form):
    """text."""

    text = CommentText(
        label=_("Ask or answer"),
        help_text=_("A question keeps every decision as it is."),
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": COMMENT_LENGTH}),
    )
