"""The reason for a request, as retirement and taking over ask for it; services check it again."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from onboarding.domain.rules import check_why
from onboarding.domain.spec import WHY_LENGTH, RequestKind


class WhyField(forms.CharField):
    """A text that the rules judge, in their words."""

    widget = forms.Textarea

    def __init__(self, kind: RequestKind) -> None:
        """Remember what is asked for: it says whether a reason is needed."""
        self.kind = kind
        super().__init__(
            label=_("Reason for this request"),
            help_text=_("Approvers and auditors read it beside the purpose."),
            widget=forms.Textarea(attrs={"rows": 2, "maxlength": WHY_LENGTH}),
        )

    def validate(self, value: Any) -> None:
        """Refuse what the service would refuse."""
        if violations := check_why(self.kind, str(value)):
            raise ValidationError([violation.words for violation in violations])

    def to_python(self, value: Any) -> str:
        """Return the text with plain line ends: browsers send two characters for one."""
        return str(super().to_python(value) or "").replace("\r\n", "\n")
