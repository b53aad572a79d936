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
from onboarding.domain.spec import Exposure, NamespaceSpec, Scope
from onboarding.forms.offers import Offer
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
    exposure = _exposure(query, offer, in_force.cluster)
    if exposure:
        exposure = _with_those_open(exposure, in_force, then)
        choices |= {
            "ingress": exposure.source,
            "component": exposure.component,
            "ports": exposure.ports,
        }
    return Proposal(
        answers=choices,
        left_out=tuple(_left_out(query, choices)),
        replaces=tuple(_replaced(choices, exposure, in_force, offer)),
    )


def _choices(query: Mapping[str, str], offer: Offer) -> dict[str, Any]:
    offered = {
        "egress": frozenset(offer.catalogue.egress),
        "scope": frozenset(scope.value for scope in Scope),
    }
    return {name: query[name] for name, values in offered.items() if query.get(name) in values}


def _exposure(query: Mapping[str, str], offer: Offer, cluster: str) -> Exposure | None:
    ports = _ports(query.get("ports", ""))
    source, component = query.get("ingress", ""), query.get("component", "")
    if source in offer.sources_of(cluster) and ports and not check_label_value(component):
        return Exposure(source, component, ports)
    return None


def _with_those_open(
    proposed: Exposure, in_force: NamespaceSpec, then: NamespaceSpec | None
) -> Exposure:
    """Return the exposure with the ports of now, and of those proposed the ones asked for."""
    before = _open_in(then, proposed)
    asked = tuple(port for port in proposed.ports if port not in before) or proposed.ports
    ports = dict.fromkeys((*_open_in(in_force, proposed), *asked))
    return Exposure(proposed.source, proposed.component, tuple(ports))


def _open_in(spec: NamespaceSpec | None, like: Exposure) -> tuple[int, ...]:
    exposure = spec.exposure if spec else None
    is_same = exposure and (exposure.source, exposure.component) == (like.source, like.component)
    return exposure.ports if exposure and is_same else ()


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


def _replaced(
    answers: Mapping[str, Any], exposure: Exposure | None, in_force: NamespaceSpec, offer: Offer
) -> Iterator[str]:
    """Yield what is in force and would not be beside the answers: there is one of each."""
    if "egress" in answers and answers["egress"] != in_force.egress:
        known = offer.catalogue.egress.get(in_force.egress)
        yield _("It takes the place of egress “%(old)s”.") % {
            "old": known.title if known else in_force.egress
        }
    old = in_force.exposure
    if exposure and old and not _open_in(in_force, exposure):
        yield _("It would close TCP %(ports)s from %(source)s to app=%(component)s.") % {
            "ports": ", ".join(str(port) for port in old.ports),
            "source": old.source,
            "component": old.component,
        }


def _ports(written: str) -> tuple[int, ...]:
    """Return ports as the form's own field reads them, () for what it would refuse."""
    try:
        ports: tuple[int, ...] = PortsField(required=False).clean(written)
    except ValidationError:
        return ()
    return ports
