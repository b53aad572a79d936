"""What a request would open, in a sentence off its answers and those in force; no paths computed.

For lists of many requests. What it opens on the cluster of today, the request's own page says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.objects import Json
from onboarding.domain.openings import is_same_way, ports_of
from onboarding.domain.spec import NamespaceSpec, Opening, RequestKind, Scope
from onboarding.models import Request
from onboarding.pages.opening_words import opening_words
from onboarding.plan.catalogue_files import load_catalogue

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
    held = before.openings if before else ()
    for wanted in after.openings if after else ():
        if new := _beyond(wanted, held):
            yield opening_words(new)
    is_wide = after is not None and after.scope is Scope.NAMESPACE
    if is_wide and (before is None or before.scope is not Scope.NAMESPACE):
        yield _("every pod inside to every other")


def _beyond(wanted: Opening, held: Sequence[Opening]) -> Opening | None:
    """Return the part of an opening that those held do not let through; None for nothing."""
    if any(one.effect == wanted.effect or _includes(one, wanted) for one in held):
        return None
    open_now = {port for one in held if is_same_way(one, wanted) for port in ports_of(one)}
    if not open_now:
        return wanted
    ports: list[Json] = [port for port in ports_of(wanted) if port not in open_now]
    return replace(wanted, values={**wanted.values, "ports": ports}) if ports else None


def _includes(held: Opening, wanted: Opening) -> bool:
    template = load_catalogue().template_of(held)
    return template is not None and wanted.template in template.includes


def _no_answer_moves(row: Request, before: NamespaceSpec | None) -> str:
    """Return what is said where the answers about connectivity stay as they are."""
    if before is None:
        return _("Nothing beyond what every namespace has.")
    if row.moves_reach:  # today's facts render other policies from the same answers
        return _("Paths may move with today's cluster settings: see the request.")
    if others := _other_answers(row, before):
        return _("No path. Changes %(answers)s.") % {"answers": others}
    if {one.key for one in row.wanted.openings} != {one.key for one in before.openings}:
        return _("No path. Renames an opening.")
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
