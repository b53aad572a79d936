"""The form for a new or a changed namespace: typed answers in, one NamespaceSpec out.

It reads and shows; what may be asked for is judged by the rules that services go by as well
(queries/rules.py). They judge the raw text: nothing is stripped, lowered or normalised first.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.names import check_dns_label
from onboarding.domain.refusals import Violation
from onboarding.domain.rules import check_why
from onboarding.domain.spec import (
    PURPOSE_LENGTH,
    WHY_LENGTH,
    NamespaceSpec,
    Opening,
    RequestKind,
    Scope,
)
from onboarding.forms.answers import first_choices
from onboarding.forms.asked_openings import AskedOpening, asked_openings, field_of, is_complete
from onboarding.forms.offers import (
    FOR_EVER,
    Choices,
    Notes,
    Offer,
    choice_notes,
    environment_hint,
    ingress_choices,
    lifetime_choices,
    longest_lifetime,
    scope_choices,
    size_notes,
    titles,
)
from onboarding.forms.opening_rows import OpeningRow, fields_of, rows_in
from onboarding.forms.ports import PortsField
from onboarding.queries.rules import shape_violations, violations_of

FIXED_IN_CHANGE = ("team", "cluster", "environment", "name", "project")
NEVER_GUESSED = frozenset({"name", "purpose", "ingress", "component", "ports"})
PLACEHOLDER_NAME = "your-namespace"
_PLAIN_TEXT = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_DAYS = re.compile(r"-?[0-9]{1,6}")
_ANSWERS = (
    *("team", "cluster", "environment", "name", "project", "purpose"),
    *("data_class", "size", "scope", "egress", "lifetime"),
)


class OfferedField(forms.ChoiceField):
    """A choice as it was sent: whether it is on offer, the rules say."""

    def validate(self, value: Any) -> None:
        """Do nothing: the form judges all answers together."""


class TextField(forms.CharField):
    """A text as it was sent: whether it will do, the rules say."""

    def validate(self, value: Any) -> None:
        """Do nothing: the form judges all answers together."""

    def run_validators(self, value: Any) -> None:
        """Do nothing, as above; `max_length` only keeps a browser from taking more."""


class CardsField(OfferedField):
    """Radio buttons drawn as cards; `notes` maps a value to (cost in lanes, description)."""

    widget = forms.RadioSelect

    def offer(self, choices: Choices, notes: Notes | None = None) -> None:
        """Set what may be chosen and the words on each card."""
        self.choices = choices
        self.notes = notes or {}


class NamespaceRequestForm(forms.Form):
    """Everything a team says about a namespace. In change mode FIXED_IN_CHANGE are not asked.

    `asked` is what a bound form asks for, as it was given, whatever the rules say of it. `rows` are
    the openings beside the two questions: of what was sent, or of what the form starts with.
    """

    asked: NamespaceSpec
    rows: tuple[OpeningRow, ...]

    team = OfferedField(label=gettext_lazy("Team"))
    cluster = OfferedField(label=gettext_lazy("Cluster"))
    environment = OfferedField(label=gettext_lazy("Environment"))
    name = TextField(
        label=gettext_lazy("Namespace name"),
        help_text=gettext_lazy("Cannot be changed later. It appears in service addresses."),
        strip=False,
        widget=forms.TextInput(attrs=_PLAIN_TEXT),
    )
    project = TextField(
        label=gettext_lazy("Project label"),
        help_text=gettext_lazy(
            "Label that marks your workloads as one application: put project=VALUE on them. "
            "Left empty, it is the team’s name."
        ),
        required=False,
        strip=False,
        widget=forms.TextInput(attrs=_PLAIN_TEXT),
    )
    purpose = TextField(
        label=gettext_lazy("Purpose"),
        help_text=gettext_lazy("One or two sentences. Approvers and auditors read this."),
        max_length=PURPOSE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    why = TextField(
        label=gettext_lazy("Reason for this request"),
        help_text=gettext_lazy("Why now. Approvers and auditors read it beside the purpose."),
        required=False,
        max_length=WHY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    data_class = CardsField(label=gettext_lazy("Data classification"))
    size = CardsField(label=gettext_lazy("Size"))
    scope = CardsField(label=gettext_lazy("Inside the namespace"))
    ingress = CardsField(label=gettext_lazy("Who may reach it from outside"))
    component = TextField(
        label=gettext_lazy("Component"),
        help_text=gettext_lazy(
            "Which workload receives traffic: the value of its app label, such as web."
        ),
        strip=False,
        widget=forms.TextInput(attrs={**_PLAIN_TEXT, "placeholder": "web"}),
    )
    ports = PortsField(
        label=gettext_lazy("Ports (TCP)"),
        help_text=gettext_lazy("The ports the containers listen on, separated by commas."),
        max_length=200,
        widget=forms.TextInput(attrs={**_PLAIN_TEXT, "placeholder": "8080, 8443"}),
    )
    egress = CardsField(label=gettext_lazy("What it may reach outside"))
    lifetime = OfferedField(
        label=gettext_lazy("Lifetime"),
        help_text=gettext_lazy(
            "How long the namespace is wanted, counted from the approval. "
            "Before it ends, whoever leads the team is told. Nothing is removed by itself."
        ),
    )
    form_key = forms.RegexField(regex=r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)
    # What stood when the form was opened: what was saved meanwhile is not overwritten unseen.
    version = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        offer: Offer,
        initial: dict[str, Any] | None = None,
        is_draft: bool = False,
    ) -> None:
        """Prepare the choices; with `is_draft` the purpose may wait."""
        self.end_set = ""
        chosen = {**first_choices(offer), **(initial or {}), "form_key": uuid.uuid4().hex}
        super().__init__(data, initial=chosen)
        self.offer, self.is_draft = offer, is_draft
        self._asked_openings: tuple[AskedOpening, ...] = ()
        self._add_rows(chosen if data is None else data)
        self._offer_cards()
        self.fields["purpose"].required = not is_draft
        self.fields["why"].required = bool(offer.fixed) and not is_draft
        if offer.fixed:
            for name in FIXED_IN_CHANGE:
                del self.fields[name]
        elif data is None:
            self.fields["name"].widget.attrs["autofocus"] = True

    @property
    def reason(self) -> str:
        """Return the reason for this request as it was written, valid or not."""
        return str(self.data.get("why", "")).strip().replace("\r\n", "\n")

    @property
    def environment_hint(self) -> str:
        """Return what pods must be like in a strict environment; "" if none is."""
        return environment_hint(self.offer.catalogue)

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

    def _add_rows(self, fields: Mapping[str, Any]) -> None:
        self.rows = rows_in(fields, self.offer.catalogue)
        for row in self.rows:
            self.fields.update(fields_of(row, self.offer))

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
        return str(self.cleaned_data["project"]) or str(self._asked("team"))

    def clean_purpose(self) -> str:
        """Return the text with plain line ends: browsers send two characters for one."""
        return str(self.cleaned_data["purpose"]).replace("\r\n", "\n")

    def clean_why(self) -> str:
        """Return the text with plain line ends, as `clean_purpose` does."""
        return str(self.cleaned_data["why"]).replace("\r\n", "\n")

    def clean_lifetime(self) -> str:
        """Return FOR_EVER or a number of days; which of them are on offer, the rules say."""
        value = str(self.cleaned_data["lifetime"])
        if value != FOR_EVER and not _DAYS.fullmatch(value):
            raise forms.ValidationError(_("Choose a lifetime."))
        return value

    def clean(self) -> None:
        """Judge the answers by the rules below every door, and mark each field that breaks one."""
        super().clean()
        if self.cleaned_data.get("ingress") == "":
            for name in ("component", "ports"):  # not shown when nobody may reach the namespace
                self.errors.pop(name, None)
                self.cleaned_data.pop(name, None)
        self.asked = self._asked_spec()
        unreadable = frozenset(self.errors)
        for violation in self._violations():
            if field_of(violation.field, self._asked_openings) not in unreadable:
                self.refuse(violation)

    def set_end(self) -> bool:
        """Give what was chosen the end it must have, where the chosen one is too late.

        The form then says so (`end_set`, in days), and holds the end; it is judged anew.
        """
        most = longest_lifetime(self.asked.openings, self.offer.catalogue)
        chosen = str(self.data.get("lifetime", ""))
        if most is None or (chosen.isdecimal() and int(chosen) <= most):
            return False
        data = cast("QueryDict", self.data).copy()
        data["lifetime"] = self.end_set = str(most)
        self.data = data
        self.full_clean()
        return True

    def refuse(self, violation: Violation) -> None:
        """Show a violation at its field, or above the form where it has none."""
        name = field_of(violation.field, self._asked_openings)
        field = name if name in self.fields else None
        self.add_error(field, violation.words)

    def forgive(self, rows: Iterable[OpeningRow]) -> None:
        """Let rows that nobody wrote in be empty, and begin in the first that was just added."""
        for row in self.rows:
            said = [name for name in row.names if name != row.name("template")]
            if row.template and not any(self.data.get(name) for name in said):
                for name in row.names:
                    self.errors.pop(name, None)
        for row in rows:
            fields = [name for name in self.fields if name in row.names]
            first = next(name for name in fields if not self[name].is_hidden)
            self.fields[first].widget.attrs["autofocus"] = True

    def _violations(self) -> tuple[Violation, ...]:
        offer, spec = self.offer, self.asked
        teams, clusters = {team.slug for team in offer.teams}, offer.clusters
        kind = RequestKind.CHANGE if offer.fixed else RequestKind.ONBOARD
        why = check_why(kind, str(self._asked("why")), is_draft=self.is_draft)
        if self.is_draft:
            return (*why, *shape_violations(spec, teams=teams, clusters=clusters))
        found = violations_of(
            spec,
            kind,
            teams=teams,
            clusters=clusters,
            now=offer.now,
            except_request=offer.editing,
        )
        return (*why, *found)

    def spec(self) -> NamespaceSpec:
        """Return what was asked for. The form is valid."""
        return self._asked_spec()

    def likely_spec(self) -> NamespaceSpec:
        """Return a spec from every answer that stands; first choices fill in for the others."""
        otherwise = {"name": self._readable_name(), "lifetime": FOR_EVER}
        found = {name: self._answer(name, otherwise.get(name, "")) for name in _ANSWERS}
        sources = self.offer.sources_of(found["cluster"])
        asked = self._openings(lambda name: self._answer(name, ""))
        openings = tuple(one.opening for one in asked if is_complete(one.opening, sources))
        return _spec({**found, "project": found["project"] or found["team"]}, openings)

    def likely_rows(self) -> dict[int, Opening]:
        """Return by its number what each row asks for that is complete by now."""
        sources = self.offer.sources_of(self._answer("cluster", ""))
        found = ((row, row.opening(lambda name: self._answer(name, ""))) for row in self.rows)
        return {row.number: one for row, one in found if is_complete(one, sources)}

    def _asked_spec(self) -> NamespaceSpec:
        """Return the answers as they were given, whatever the rules say of them."""
        self._asked_openings = self._openings(self._asked)
        openings = tuple(one.opening for one in self._asked_openings)
        return _spec({name: self._asked(name) for name in _ANSWERS}, openings)

    def _openings(self, answer: Callable[[str], Any]) -> tuple[AskedOpening, ...]:
        return asked_openings(answer, self.rows, self.offer.catalogue, before=self.initial)

    def _asked(self, name: str) -> Any:
        """Return what was answered, or what is fixed; "" where nothing can be read."""
        if self.offer.fixed and name in FIXED_IN_CHANGE:
            return getattr(self.offer.fixed, name)
        return self.cleaned_data.get(name, "")

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


def _spec(answers: Mapping[str, str], openings: tuple[Opening, ...]) -> NamespaceSpec:
    """Return the spec that says what the answers say. An unknown scope is left to the rules."""
    scope, lifetime = answers["scope"], answers["lifetime"]
    return NamespaceSpec(
        team=answers["team"],
        cluster=answers["cluster"],
        environment=answers["environment"],
        name=answers["name"],
        project=answers["project"],
        purpose=answers["purpose"],
        data_class=answers["data_class"],
        size=answers["size"],
        scope=Scope(scope) if scope in [*Scope] else cast("Scope", scope),
        openings=openings,
        lifetime_days=int(lifetime) if _DAYS.fullmatch(lifetime) else None,
    )
