"""What may be filled into a slot of a template, in words for people: its type, and its bounds."""

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onboarding.domain.parameters import POD_SECURITY_LEVELS, Parameter

# By type; a test asks for each that a template may name.
KINDS: Mapping[str, str | Promise] = {
    "name": gettext_lazy("Name"),
    "label_value": gettext_lazy("Value of a label"),
    "labels": gettext_lazy("Labels"),
    "selector": gettext_lazy("Labels that choose pods"),
    "group": gettext_lazy("Group"),
    "pod_security": gettext_lazy("Pod security level"),
    "tcp_ports": gettext_lazy("TCP ports"),
    "cidrs": gettext_lazy("Address ranges"),
    "quantities": gettext_lazy("Amounts of resources"),
    "ingress_source": gettext_lazy("Web entry of the cluster"),
}


def kind_words(parameter: Parameter) -> str:
    """Return what sort of value it is."""
    return str(KINDS[parameter.type])


def bound_words(parameter: Parameter) -> str:
    """Return what a value has to keep to; the same as `domain.parameters` checks."""
    return _BOUNDS[parameter.type](parameter)


def _name(_parameter: Parameter) -> str:
    return _("Lowercase letters, digits and hyphens, 63 characters at most")


def _label_value(_parameter: Parameter) -> str:
    return _("Letters, digits, hyphens, dots and underscores, 63 characters at most")


def _labels(parameter: Parameter) -> str:
    words = ngettext("%(most)d label", "1 to %(most)d labels", parameter.max_items)
    return words % {"most": parameter.max_items}


def _selector(parameter: Parameter) -> str:
    words = ngettext(
        "%(most)d label at most; none means every pod",
        "%(most)d labels at most; none means every pod",
        parameter.max_items,
    )
    return words % {"most": parameter.max_items}


def _group(_parameter: Parameter) -> str:
    return _(
        "Letters, digits and - _ . : / @, 128 characters at most; no group of the cluster’s own"
    )


def _pod_security(_parameter: Parameter) -> str:
    return _(" or ").join(POD_SECURITY_LEVELS)


def _ports(parameter: Parameter) -> str:
    words = ngettext(
        "%(most)d port between %(low)d and %(high)d",
        "1 to %(most)d ports between %(low)d and %(high)d",
        parameter.max_items,
    )
    return words % {"most": parameter.max_items, "low": parameter.low, "high": parameter.high}


def _ranges(parameter: Parameter) -> str:
    words = ngettext(
        "%(most)d range at most, never every address",
        "%(most)d ranges at most, none of them every address",
        parameter.max_items,
    )
    return words % {"most": parameter.max_items}


def _quantities(parameter: Parameter) -> str:
    words = ngettext("%(most)d amount", "1 to %(most)d amounts", parameter.max_items)
    return words % {"most": parameter.max_items}


def _source(_parameter: Parameter) -> str:
    return _("One that the cluster has: its namespace and its pods")


_BOUNDS: Mapping[str, Callable[[Parameter], str]] = {
    "name": _name,
    "label_value": _label_value,
    "labels": _labels,
    "selector": _selector,
    "group": _group,
    "pod_security": _pod_security,
    "tcp_ports": _ports,
    "cidrs": _ranges,
    "quantities": _quantities,
    "ingress_source": _source,
}
