"""Forms that show what a service refuses where it was asked for."""

from django import forms

from onboarding.domain.refusals import Invalid


class RefusedForm(forms.Form):
    """A form that shows what a service refuses at its fields."""

    def refuse(self, wrong: Invalid) -> None:
        """Show each violation at its field, or above the form."""
        for violation in wrong.violations:
            field = violation.field if violation.field in self.fields else None
            self.add_error(field, violation.words)
