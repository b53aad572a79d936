"""The form for a new or a changed namespace: typed answers in, one NamespaceSpec out.

Choices come from the catalogue and the registered clusters, so a value that is not on offer is
refused. The name is judged on the raw text: nothing is stripped, lowered or normalised first.
"""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.names import check_dns_label, check_label_value
from onboarding.domain.spec import PURPOSE_LENGTH, Exposure, NamespaceSpec, Scope
from onboarding.forms.answers import first_choices
from onboarding.forms.offers import (
    FOR_EVER,
    Choices,
    Notes,
    Offer,
    choice_notes,
    ingress_choices,
    lifetime_choices,
    scope_choices,
    size_notes,
    titles,
)
from onboarding.forms.ports import PortsField
from onboarding.queries.names import check_name

FIXED_IN_CHANGE = ("team", "cluster", "environment", "name", "project")
NEVER_GUESSED = frozenset({"name", "purpose", "ingress", "component", "ports"})
PLACEHOLDER_NAME = "your-namespace"
_PLAIN_TEXT = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class CardsField(forms.ChoiceField):
    """Radio buttons drawn as cards; `notes` maps a value to (cost in lanes, description)."""

    widget = forms.RadioSelect

    def offer(self, choices: Choices, notes: Notes | None = None) -> None:
        """Set what may be chosen and the words on each card."""
        self.choices = choices
        self.notes = notes or {}


class NamespaceRequestForm(forms.Form):
    """Everything a team says about a namespace. In change mode FIXED_IN_CHANGE are not asked."""

    team = forms.ChoiceField(label=gettext_lazy("Team"))
    cluster = forms.ChoiceField(label=gettext_lazy("Cluster"))
    environment = forms.ChoiceField(label=gettext_lazy("Environment"))
    name = forms.CharField(
        label=gettext_lazy("Namespace name"),
        help_text=gettext_lazy("Cannot be changed later. It appears in service addresses."),
        strip=False,
        widget=forms.TextInput(attrs=_PLAIN_TEXT),
    )
    project = forms.CharField(
        label=gettext_lazy("Project label"),
        help_text=gettext_lazy("Pods carry project=… to belong together. Empty: the team’s name."),
        required=False,
        strip=False,
        widget=forms.TextInput(attrs=_PLAIN_TEXT),
    )
    purpose = forms.CharField(
        label=gettext_lazy("Purpose"),
        help_text=gettext_lazy("One or two sentences. Approvers and auditors read this."),
        max_length=PURPOSE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    data_class = CardsField(label=gettext_lazy("Data classification"))
    size = CardsField(label=gettext_lazy("Size"))
    scope = CardsField(label=gettext_lazy("Inside the namespace"))
    ingress = CardsField(label=gettext_lazy("Who may reach it from outside"))
    component = forms.CharField(
        label=gettext_lazy("Component"),
        help_text=gettext_lazy("The pods that serve carry app=… with this value."),
        strip=False,
        error_messages={
            "required": gettext_lazy("Say which pods serve: the value of their app label.")
        },
        widget=forms.TextInput(attrs={**_PLAIN_TEXT, "placeholder": "web"}),
    )
    ports = PortsField(
        label=gettext_lazy("Ports (TCP)"),
        help_text=gettext_lazy("The ports the containers listen on, separated by commas."),
        max_length=200,
        error_messages={"required": gettext_lazy("Enter at least one port.")},
        widget=forms.TextInput(attrs={**_PLAIN_TEXT, "placeholder": "8080, 8443"}),
    )
    egress = CardsField(label=gettext_lazy("What it may reach outside"))
    lifetime = forms.ChoiceField(
        label=gettext_lazy("Lifetime"),
        help_text=gettext_lazy("How long the namespace is wanted, counted from the approval."),
    )
    form_key = forms.RegexField(regex=r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        offer: Offer,
        initial: dict[str, Any] | None = None,
        is_draft: bool = False,
    ) -> None:
        """Prepare the choices; with `is_draft` the purpose may wait."""
        chosen = {**first_choices(offer), **(initial or {}), "form_key": uuid.uuid4().hex}
        super().__init__(data, initial=chosen)
        self.offer = offer
        self._offer_cards()
        self.fields["purpose"].required = not is_draft
        self.fields["ingress"].empty_values = []  # "" is an answer: nobody
        if offer.fixed:
            for name in FIXED_IN_CHANGE:
                del self.fields[name]
        elif data is None:
            self.fields["name"].widget.attrs["autofocus"] = True

    def _offer_cards(self) -> None:
        offer, catalogue = self.offer, self.offer.catalogue
        self._choose_from("team", [(team.slug, team.slug) for team in offer.teams])
        self._choose_from("cluster", [(row.name, row.name) for row in offer.clusters])
        self._choose_from("environment", titles(catalogue.environments))
        self._choose_from("lifetime", lifetime_choices(catalogue))
        self._cards("data_class").offer(
            titles(catalogue.data_classes), choice_notes(catalogue.data_classes, catalogue)
        )
        self._cards("size").offer(titles(catalogue.sizes), size_notes(catalogue))
        self._cards("scope").offer(*scope_choices())
        self._cards("ingress").offer(*ingress_choices(offer))
        self._cards("egress").offer(
            titles(catalogue.egress), choice_notes(catalogue.egress, catalogue)
        )

    def _choose_from(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def _cards(self, name: str) -> CardsField:
        field = self.fields[name]
        if not isinstance(field, CardsField):
            raise TypeError(name)
        return field

    def clean_project(self) -> str:
        """Return the label value; the team's name when nothing was written."""
        value = str(self.cleaned_data["project"]) or str(self.cleaned_data.get("team", ""))
        if value and (problems := check_label_value(value)):
            raise forms.ValidationError(problems)
        return value

    def clean_component(self) -> str:
        """Return the label value of the pods that serve."""
        value = str(self.cleaned_data["component"])
        if value and (problems := check_label_value(value)):
            raise forms.ValidationError(problems)
        return value

    def clean(self) -> None:
        """Check what one field cannot see alone: the name on its cluster, exposure, lifetime."""
        super().clean()
        if not self.offer.fixed:
            self._clean_name()
        self._clean_exposure()
        self._clean_lifetime()

    def _clean_name(self) -> None:
        name, cluster = self.cleaned_data.get("name"), self.cleaned_data.get("cluster")
        if not name or not cluster:
            return
        found = check_name(
            self.offer.cluster(cluster), name, now=self.offer.now, except_request=self.offer.editing
        )
        for problem in found.problems:
            self.add_error("name", problem)
        if found.problems and found.variant:
            self.add_error("name", _("%(name)s is free.") % {"name": found.variant})

    def _clean_exposure(self) -> None:
        source = self.cleaned_data.get("ingress")
        if source == "":
            for name in ("component", "ports"):  # not shown when nobody may reach the namespace
                self.errors.pop(name, None)
                self.cleaned_data.pop(name, None)
            return
        cluster = self._answer("cluster", "")
        if source and cluster and source not in self.offer.sources_of(cluster):
            words = _("%(source)s is not an ingress source of %(cluster)s.")
            self.add_error("ingress", words % {"source": source, "cluster": cluster})

    def _clean_lifetime(self) -> None:
        egress, lifetime = self.cleaned_data.get("egress"), self.cleaned_data.get("lifetime")
        if not egress or not lifetime:
            return
        choice = self.offer.catalogue.egress[egress]
        days = _days(lifetime)
        if choice.max_lifetime_days and (days is None or days > choice.max_lifetime_days):
            words = _("%(egress)s egress needs a lifetime of %(days)s days at most.")
            self.add_error(
                "lifetime", words % {"egress": choice.title, "days": choice.max_lifetime_days}
            )

    def spec(self) -> NamespaceSpec:
        """Return what was asked for. The form is valid."""
        return self.likely_spec()

    def likely_spec(self) -> NamespaceSpec:
        """Return a spec from every answer that stands; first choices fill in for the others."""
        source, ports = self._answer("ingress", ""), self._answer("ports", ())
        component = self._answer("component", "")
        is_complete = source in self.offer.sources_of(self._answer("cluster", ""))
        is_complete = is_complete and bool(component and ports)
        return NamespaceSpec(
            team=self._answer("team", ""),
            cluster=self._answer("cluster", ""),
            environment=self._answer("environment", ""),
            name=self._answer("name", self._readable_name()),
            project=self._answer("project", "") or self._answer("team", ""),
            purpose=self._answer("purpose", ""),
            data_class=self._answer("data_class", ""),
            size=self._answer("size", ""),
            scope=Scope(self._answer("scope", "")),
            exposure=Exposure(source, component, tuple(ports)) if is_complete else None,
            egress=self._answer("egress", ""),
            lifetime_days=_days(self._answer("lifetime", FOR_EVER)),
        )

    def _answer(self, name: str, otherwise: Any) -> Any:
        """Return a cleaned answer, what is fixed, or a stand-in for an answer that is missing."""
        if self.offer.fixed and name in FIXED_IN_CHANGE:
            return getattr(self.offer.fixed, name)
        if not self.is_bound:
            return self.initial.get(name) or otherwise
        answered = self.cleaned_data.get(name)
        if answered not in (None, "") or name in NEVER_GUESSED:
            return answered or otherwise
        return self.initial.get(name) or otherwise

    def _readable_name(self) -> str:
        typed = str(self.data.get("name", "")) if self.is_bound else ""
        return typed if typed and not check_dns_label(typed) else PLACEHOLDER_NAME


def _days(lifetime: str) -> int | None:
    return None if lifetime == FOR_EVER else int(lifetime)
