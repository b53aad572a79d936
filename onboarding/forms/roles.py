"""Giving a role, taking it away, and putting people into teams: who, what, and `anyway`."""

from django import forms
from django.utils.translation import gettext_lazy as _

from onboarding.forms.refused import RefusedForm
from onboarding.forms.versioned import VersionedForm
from onboarding.models import Membership, RoleAssignment

GIVE, TAKE, OUT = "give", "take", "out"


class PersonField(forms.CharField):
    """A user name or address; the page offers those there are."""

    def __init__(self) -> None:
        """Draw it with the page's list of people."""
        attrs = {"list": "people-known", "autocomplete": "off", "spellcheck": "false"}
        super().__init__(
            label=_("Person"),
            max_length=254,
            help_text=_("User name or address."),
            widget=forms.TextInput(attrs=attrs),
        )


class GiveRoleForm(RefusedForm):
    """person, role."""

    person = PersonField()
    role = forms.ChoiceField(label=_("Role"), choices=RoleAssignment.Role.choices)


class AddMemberForm(RefusedForm):
    """person, role."""

    person = PersonField()
    role = forms.ChoiceField(
        label=_("As"),
        choices=[(role.value, role.label) for role in reversed(Membership.Role)],
    )


class NewTeamForm(RefusedForm):
    """slug, access_group, person (its first lead)."""

    slug = forms.CharField(
        label=_("Name"),
        max_length=40,
        help_text=_("Lowercase letters, digits and hyphens. It never changes: labels hold it."),
    )
    access_group = forms.CharField(
        label=_("Access group"),
        max_length=128,
        help_text=_("The group of your identity provider that gets the team's role on clusters."),
    )
    person = PersonField()

    def __init__(self, *args: object, **kwargs: object) -> None:
        """The first lead may be named later."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's signature
        self["person"].field.label = _("First lead")
        self["person"].field.required = False


class AccessGroupForm(VersionedForm):
    """access_group; anyway, once what becomes outdated was shown."""

    access_group = forms.CharField(label=_("Access group"), max_length=128)
    anyway = forms.BooleanField(label=_("Save it all the same"), required=False)
