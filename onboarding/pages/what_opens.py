"""What a request would open, in a sentence off its answers and those in force; no paths computed.

For lists of many requests. What it opens on the cluster of today, the request's own page says.
"""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.spec import Exposure, NamespaceSpec, RequestKind, Scope
from onboarding.models import Request

_FROM_NOTHING = (None, "none", Scope.PROJECT)
_REACH = {"none": 0, "internet": 1, "open": 2}
_OTHER_ANSWERS = ("size", "data_class", "environment", "lifetime_days", "project", "purpose")


def what_opens(
    row: Request, before: NamespaceSpec | None, removes: int = 0, *, rights: Sequence[str] = ()
) -> str:
    """Return the sentence; `before` is what is in force, `removes` how much of others would go.

    `rights` are what the team may do by it that no path tells, e.g. open a shell in pods.
    """
    if row.kind == RequestKind.RETIRE.value:
        return _("Nothing. The namespace and all in it would go.")
    if row.kind == RequestKind.ADOPT.value:
        return _("What a backup brought back: see the request.")
    said = [*_moves(row.wanted, before)]
    if said and (others := _other_answers(row, before)):
        said.append(_("Changes %(answers)s.") % {"answers": others})
    if removes:
        words = ngettext("Removes %(count)d object", "Removes %(count)d objects", removes)
        said.append(_("%(removes)s of others.") % {"removes": words % {"count": removes}})
    given = [_("The team may %(words)s.") % {"words": words} for words in rights]
    if given and before is None:
        said = said or [_("No path beyond what every namespace has.")]
    return " ".join([*(said or [_no_answer_moves(row, before)]), *given])


def _moves(spec: NamespaceSpec, before: NamespaceSpec | None) -> Iterator[str]:
    """Yield what opens and what closes, each as a sentence."""
    opened, closed = [*_gained(before, spec)], [*_gained(spec, before)]
    if opened:
        yield _("Opens %(what)s.") % {"what": "; ".join(opened)}
    if closed and before:
        yield _("Closes %(what)s.") % {"what": "; ".join(closed)}


def _gained(before: NamespaceSpec | None, after: NamespaceSpec | None) -> Iterator[str]:
    """Yield what `after` allows and `before` does not; None allows nothing."""
    held, egress, scope = _of(before)
    wanted, wanted_egress, wanted_scope = _of(after)
    if wanted and (ports := _new_ports(held, wanted)):
        shown = ", ".join(map(str, ports))
        what = {"ports": shown, "source": wanted.source, "component": wanted.component}
        yield _("TCP %(ports)s from %(source)s to app=%(component)s") % what
    if _REACH.get(wanted_egress, 2) > _REACH.get(egress, 0):
        yield _egress_words(wanted_egress)
    if wanted_scope is Scope.NAMESPACE and scope is not Scope.NAMESPACE:
        yield _("every pod inside to every other")


def _of(spec: NamespaceSpec | None) -> tuple[Exposure | None, str, Scope]:
    return (spec.exposure, spec.egress, spec.scope) if spec else _FROM_NOTHING


def _new_ports(held: Exposure | None, wanted: Exposure) -> list[int]:
    is_same_way = held and (held.source, held.component) == (wanted.source, wanted.component)
    before = held.ports if held and is_same_way else ()
    return [port for port in wanted.ports if port not in before]


def _egress_words(egress: str) -> str:
    if egress == "internet":
        return _("HTTPS to the internet")
    return _("any address, any port") if egress == "open" else egress


def _no_answer_moves(row: Request, before: NamespaceSpec | None) -> str:
    """Return what is said where the answers about connectivity stay as they are."""
    if before is None:
        return _("Nothing beyond what every namespace has.")
    if row.moves_reach:  # today's facts render other policies from the same answers
        return _("Paths may move with today's cluster settings: see the request.")
    if others := _other_answers(row, before):
        return _("No path. Changes %(answers)s.") % {"answers": others}
    return _("No path. Renders it anew.")


def _other_answers(row: Request, before: NamespaceSpec | None) -> str:
    """Return which answers change that are not about connectivity; "" of a new namespace."""
    if before is None:
        return ""
    wanted = row.wanted
    return _listed([one for one in _OTHER_ANSWERS if getattr(before, one) != getattr(wanted, one)])


def _listed(names: list[str]) -> str:
    words = {
        "size": _("the size"),
        "data_class": _("the data class"),
        "environment": _("the environment"),
        "lifetime_days": _("the lifetime"),
        "project": _("the project label"),
        "purpose": _("the purpose"),
    }
    return ", ".join(words[name] for name in names)
