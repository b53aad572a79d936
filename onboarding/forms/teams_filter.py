"""What narrows the list of teams."""

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onboarding.forms.list_filter import ListFilter, choice_field, search_field
from onboarding.queries.teams import IS_LED, count_led


class TeamsFilter(ListFilter):
    """q, lead. One query."""

    q = search_field(_("Search"), _("Name or group"))
    lead = choice_field(_("Lead"))

    def __init__(self, data: QueryDict) -> None:
        """Offer what there is."""
        super().__init__(data)
        self.led = count_led()
        words = {"none": _("Nobody active"), "some": _("Somebody")}
        self.offer("lead", words, counts=self.led, whatever=_("With or without"))

    def narrowing(self) -> Q:
        """Return what the rows have to match. The form is valid."""
        asked, found = self.cleaned_data, Q()
        if asked["q"]:
            found &= Q(slug__icontains=asked["q"]) | Q(access_group__icontains=asked["q"])
        if asked["lead"]:
            found &= Q(IS_LED) if asked["lead"] == "some" else ~Q(IS_LED)
        return found
