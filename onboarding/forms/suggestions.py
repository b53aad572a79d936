"""Answers that a link proposes for the change form. Only what the form offers gets in.

The connectivity tester links here. Nothing is sent by it: the person reads, edits and submits, and
the form validates as always.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from onboarding.domain.names import check_label_value
from onboarding.domain.openings import EXPOSURE, is_same_way, ports_of
from onboarding.domain.spec import NamespaceSpec, Opening, Scope
from onboarding.forms.answers import answers_of, exposure
from onboarding.forms.asked_openings import asked_openings
from onboarding.forms.offers import Offer
from onboarding.forms.opening_rows import rows_in, with_a_row
from onboarding.forms.ports import PortsField

_EXPOSURE = ("ingress", "component", "ports")


@dataclass(frozen=True)
class Proposal:
    """What is proposed, as of now: `answers` of the form, and sentences for who reads it.

    `left_out` says what is not on offer and so stands in no answer, `replaces` what is in force and
    would give way.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


def proposed_answers(
    query: Mapping[str, str],
    *,
    offer: Offer,
    in_force: NamespaceSpec,
    then: NamespaceSpec | None = None,
) -> Proposal:
    """Return what a query proposes for a change of what is in force.

    Ports are added to those in force now. `then` is what was in force when it was proposed: its
    ports were not asked for, and are not opened again where they were closed meanwhile.
    """
    choices = _choices(query, offer)
    wanted = _exposure(query, offer, in_force.cluster)
    if wanted:
        ports = _with_those_open(wanted, in_force, then)
        found = _answers_for(wanted, ports, in_force, offer)
        choices |= found
        wanted = wanted if found else None
    return Proposal(
        answers=choices,
        left_out=tuple(_left_out(query, {**choices, **({"ingress": wanted} if wanted else {})})),
        replaces=tuple(_replaced(choices, in_force, offer)),
    )


def _answers_for(
    wanted: Opening, ports: tuple[int, ...], in_force: NamespaceSpec, offer: Offer
) -> dict[str, Any]:
    """Return the answers that open it beside what is in force: more ports, or one opening more."""
    answers = answers_of(in_force)
    rows = rows_in(answers, offer.catalogue)
    asked = asked_openings(
        lambda name: answers.get(name, ""), rows, offer.catalogue, before=answers
    )
    for one in asked:
        if is_same_way(one.opening, wanted):
            return {one.field("ports"): ports}
    values = {**wanted.values, "ports": ports}
    if not answers["ingress"]:
        return {"ingress": values["source"], "component": values["component"], "ports": ports}
    added = with_a_row(answers, EXPOSURE, offer.catalogue)
    row = next(iter(rows_in(added, offer.catalogue)), None)
    return {**added, **{row.name(name): one for name, one in values.items()}} if row else {}


def _choices(query: Mapping[str, str], offer: Offer) -> dict[str, Any]:
    offered = {
        "egress": frozenset(offer.catalogue.egress),
        "scope": frozenset(scope.value for scope in Scope),
    }
    return {name: query[name] for name, values in offered.items() if query.get(name) in values}


def _exposure(query: Mapping[str, str], offer: Offer, cluster: str) -> Opening | None:
    ports = _ports(query.get("ports", ""))
    source, component = query.get("ingress", ""), query.get("component", "")
    if source in offer.sources_of(cluster) and ports and not check_label_value(component):
        return exposure(offer.catalogue, source, component, ports)
    return None


def _with_those_open(
    proposed: Opening, in_force: NamespaceSpec, then: NamespaceSpec | None
) -> tuple[int, ...]:
    """Return the ports of now, and of those proposed the ones asked for."""
    before, wanted = _open_in(then, proposed), ports_of(proposed)
    asked = tuple(port for port in wanted if port not in before) or wanted
    return tuple(dict.fromkeys((*_open_in(in_force, proposed), *asked)))


def _open_in(spec: NamespaceSpec | None, like: Opening) -> tuple[int, ...]:
    known = (one for one in (spec.openings if spec else ()) if is_same_way(one, like))
    return tuple(dict.fromkeys(port for one in known for port in ports_of(one)))


def _left_out(query: Mapping[str, str], answers: Mapping[str, Any]) -> Iterator[str]:
    words = {
        "egress": _("Egress “%(value)s” is not on offer."),
        "scope": _("The reach “%(value)s” inside the namespace is not on offer."),
        "ingress": _("Web entry “%(value)s” is not on offer with these ports and this component."),
    }
    named = {name: query.get(name, "") for name in words}
    if not named["ingress"]:
        named["ingress"] = " ".join(query.get(name, "") for name in _EXPOSURE).strip()
    for name, value in named.items():
        if value and name not in answers:
            yield words[name] % {"value": value[:80]}


def _replaced(answers: Mapping[str, Any], in_force: NamespaceSpec, offer: Offer) -> Iterator[str]:
    """Yield what is in force and would not be beside the answers: there is one way out."""
    profile = answers_of(in_force)["egress"]
    if "egress" in answers and answers["egress"] != profile:
        known = offer.catalogue.egress.get(profile)
        yield _("It takes the place of egress “%(old)s”.") % {
            "old": known.title if known else profile
        }


def _ports(written: str) -> tuple[int, ...]:
    """Return ports as the form's own field reads them, () for what it would refuse."""
    try:
        ports: tuple[int, ...] = PortsField(required=False).clean(written)
    except ValidationError:
        return ()
    return ports
