"""`{% load cluster_words %}`: what a cluster's condition means, and what ends it.

The same words on every page. Only platform admins are told what to run; everybody else is told
what the work waits for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lifecycle import ClusterCondition
from onboarding.templatetags.wording import in_words

register = template.Library()
Words = str | Promise


@dataclass(frozen=True)
class ConditionWords:
    """A condition as a heading, for those who can end it, and for those who wait."""

    title: Words
    advice: Words
    meanwhile: Words


_RUN_AGAIN = "manage.py prepare_cluster %(name)s --kubeconfig FILE"
_WORDS = {
    ClusterCondition.UNREACHABLE: ConditionWords(
        _("The API server does not answer"),
        _("Check the network and the API server. Work goes on by itself once it answers."),
        _("Its work waits, and goes on by itself once the API server answers."),
    ),
    ClusterCondition.UNAUTHORIZED: ConditionWords(
        _("The portal's credential is refused, or cannot be opened"),
        _("All work waits until this was run, which stores a new credential: %(command)s"),
        _("Its work waits until a platform admin has renewed the portal's credential."),
    ),
    ClusterCondition.UNTRUSTED: ConditionWords(
        _("The API server's certificate is not trusted"),
        _(
            "All work waits. If the cluster has a new certificate authority, run this with a "
            "kubeconfig that holds it: %(command)s. If the certificate has expired or is for "
            "another name, it has to be replaced on the API server. If nobody changed anything, "
            "find out who answers at this address."
        ),
        _("Its work waits until a platform admin has looked into the cluster's certificate."),
    ),
    ClusterCondition.GRANT_MISSING: ConditionWords(
        _("The portal lacks a permission it needs"),
        _("All work waits until this was run, which restores the portal's roles: %(command)s"),
        _("Its work waits until a platform admin has restored the portal's permissions."),
    ),
    ClusterCondition.CREDENTIAL_MISFIT: ConditionWords(
        _("The stored credential does not fit this cluster"),
        _(
            "All work waits, and the credential was sent nowhere. It was stored for another "
            "address, certificate authority, name or row than the database holds now. Only "
            "prepare_cluster changes these: find out who wrote to the database. Then run this: "
            "%(command)s"
        ),
        _("Its work waits until a platform admin has looked into the cluster's credential."),
    ),
    ClusterCondition.OTHER_CLUSTER: ConditionWords(
        _("Another cluster answers at this address"),
        _(
            "All work waits, and nothing that it says is believed. If the cluster was built anew "
            "behind the same address, run this with --replace: %(command)s. If not, find out who "
            "answers."
        ),
        _("Its work waits until a platform admin has found out which cluster answers."),
    ),
    ClusterCondition.THROTTLED: ConditionWords(
        _("The API server asks for patience"),
        _("Nothing to do. Work goes on by itself after the pause it asked for."),
        _("Its work waits, and goes on by itself after the pause the API server asked for."),
    ),
    ClusterCondition.SLOW: ConditionWords(
        _("The API server does not answer in time"),
        _(
            "Look at its load, at etcd and at what lies between. Until something was answered "
            "in full, the portal makes one attempt at a time; then all work goes on by itself."
        ),
        _("Its work waits, and goes on by itself once the API server answers in time."),
    ),
}


def _said(part: Callable[[ConditionWords], Words], condition: str, name: str) -> str:
    words = _WORDS.get(ClusterCondition(condition))
    if words is None:
        return ""
    return str(part(words)) % {"command": _RUN_AGAIN % {"name": name}}


@register.simple_tag
def condition_title(condition: str) -> str:
    """Return what is wrong, "" where nothing is."""
    return _said(lambda words: words.title, condition, "")


@register.simple_tag
def condition_advice(condition: str, name: str) -> str:
    """Return what a platform admin can do about the cluster of this name."""
    return _said(lambda words: words.advice, condition, name)


@register.simple_tag
def condition_meanwhile(condition: str) -> str:
    """Return what the cluster's work waits for."""
    return _said(lambda words: words.meanwhile, condition, "")


@register.simple_tag
def guards_advice(name: str) -> str:
    """Return what it means that guards are missing, and what a platform admin can do about it."""
    words = _(
        "The portal goes on looking and repairing, but others can change what was approved before "
        "it sees that. Run this, which puts the guards back and says what it cannot: %(command)s. "
        "If nobody of you changed them, the API server's audit log says who did."
    )
    return str(words) % {"command": _RUN_AGAIN % {"name": name}}


@register.simple_tag
def guards_unread_advice(name: str) -> str:
    """Return what lets the portal read the guards."""
    words = _("Run this, which gives the portal's role what it needs: %(command)s")
    return str(words) % {"command": _RUN_AGAIN % {"name": name}}


@register.simple_tag
def renewal_advice(name: str) -> str:
    """Return what lets a credential be renewed again, and what happens otherwise."""
    words = _(
        "After that all work of this cluster waits. Run this, which puts the portal's right to "
        "renew it back and stores a new one: %(command)s"
    )
    return str(words) % {"command": _RUN_AGAIN % {"name": name}}


@register.simple_tag
def expired_advice(name: str) -> str:
    """Return what has to be done about a credential that has ended."""
    words = _("One that has ended cannot renew itself. Run this, which stores another: %(command)s")
    return str(words) % {"command": _RUN_AGAIN % {"name": name}}


@register.simple_tag
def clock_title(ahead: timedelta) -> str:
    """Return how far the clock of a cluster is from the database's."""
    words = _("Its clock is %(span)s ahead of the database's")
    if ahead < timedelta(0):
        words = _("Its clock is %(span)s behind the database's")
    return str(words) % {"span": in_words(abs(ahead).total_seconds())}


@register.simple_tag
def clock_advice() -> str:
    """Return what a clock that differs does, and what mends it."""
    return str(
        _(
            "One of the two is wrong: have the hosts of the API server and of the database set "
            "their clocks by NTP. The portal's own work does not depend on it; it stores and "
            "compares the database's time. But if the API server's clock is set by hours at once, "
            "it may refuse the portal's credential, and prepare_cluster has to store a new one."
        )
    )
