"""Whom people can ask: a name and an address for each topic."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onboarding.domain.refusals import Invalid
from onboarding.forms.versioned import VersionedForm
from onboarding.models import HelpContact
from onboarding.services.help_contacts import version_of_contacts


class HelpContactsForm(VersionedForm):
    """Two fields a topic, `who_…` and `address_…`. What is wrong is said by the service."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the fields, and start from what is set."""
        super().__init__(*args, **kwargs)
        for topic in HelpContact.Topic:
            self.fields[f"who_{topic.value}"] = forms.CharField(
                label=_("%(topic)s: who answers") % {"topic": topic.label},
                required=False,
                max_length=80,
                help_text=_("A team or a person, e.g. Platform team."),
            )
            self.fields[f"address_{topic.value}"] = forms.CharField(
                label=_("%(topic)s: address") % {"topic": topic.label},
                required=False,
                max_length=200,
                help_text=_("An e-mail address, or a web address."),
            )
        self.initial = dict.fromkeys(self.fields, "") | {"version": version_of_contacts()}
        for row in HelpContact.objects.all():
            self.initial[f"who_{row.topic}"] = row.who
            self.initial[f"address_{row.topic}"] = row.address

    def refuse(self, wrong: Invalid) -> None:
        """Show what is wrong with a topic at its address."""
        self.add_error(f"address_{wrong.field}", str(wrong))

    @property
    def contacts(self) -> dict[str, tuple[str, str]]:
        """Return who and address by topic. Only after is_valid()."""
        given = self.cleaned_data
        return {
            topic.value: (given[f"who_{topic.value}"], given[f"address_{topic.value}"])
            for topic in HelpContact.Topic
        }
