"""`{% load connectivity %}`: who can talk to whom, in words and cells, the same on every page.

Reachability's values come in, markup goes out. Whatever a person or a cluster named is escaped.
The `_text` functions give the same words to pictures, which cannot hold markup.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from onboarding.domain.risk import Risk
from onboarding.queries.party_words import PartyWords, note_on, words_for
from onboarding.queries.port_words import ports_text
from onboarding.reachability.model import Certainty, PolicyRef, RuleRef
from onboarding.reachability.neighbourhood import Answer, Change, OpenPorts, Party
from onboarding.templatetags.bulkhead import badge, icon

register = template.Library()

RULES_SHOWN = 4


@register.simple_tag
def party_words(party: Party, *, inside: bool = False) -> SafeString:
    """Return a party in words, names and labels set as code."""
    words: PartyWords = words_for(party)
    return words.html(inside=inside)


@register.simple_tag
def party_note(party: Party) -> str:
    """Return what a person should know about a party besides its name, "" for nothing."""
    return note_on(party)


@register.simple_tag
def port_words(opening: OpenPorts) -> str:
    """Return the ports of an opening in words; see ports_text."""
    return ports_text(opening)


def rule_text(ref: RuleRef | PolicyRef, *, with_namespace: bool = False) -> str:
    """Return the template a rule or a policy came from, else its namespace and name."""
    policy = _policy(ref)
    if policy.template and with_namespace:
        return f"{policy.namespace}/{policy.template}"
    return policy.template or str(policy)


def _policy(ref: RuleRef | PolicyRef) -> PolicyRef:
    return ref.policy if isinstance(ref, RuleRef) else ref


@register.simple_tag
def rule_words(ref: RuleRef | PolicyRef, *, with_namespace: bool = False) -> SafeString:
    """Return e.g. `allow-dns@1`; the object and the rule in full are in the title."""
    words = rule_text(ref, with_namespace=with_namespace)
    return format_html('<code title="{}">{}</code>', ref, words)


@register.inclusion_tag("connectivity/_answer_cell.html")
def answer_cell(
    answer: Answer | None, *, flags: Sequence[object] = (), with_rules: bool = True
) -> dict[str, Any]:
    """Return what is open and by which rules, or what closes it; None: one end is not there.

    `flags` are findings about these rules: see views/reach_matrix.Flag.
    """
    return {
        "with_rules": with_rules,
        "answer": answer,
        "openings": (answer.openings if with_rules else answer.as_one) if answer else (),
        "is_there": answer is not None and bool(answer.openings or answer.closed_by),
        "flags": flags,
    }


@register.inclusion_tag("connectivity/_rules.html")
def rule_list(refs: Iterable[RuleRef | PolicyRef]) -> dict[str, Any]:
    """Return rules or policies side by side, those of one template once; a long list is cut.

    A template that stands in several namespaces is told for each of them, with its name.
    """
    every = list({rule_text(ref, with_namespace=True): ref for ref in refs}.values())
    seen = Counter(rule_text(ref) for ref in every)
    told = [(ref, seen[rule_text(ref)] > 1) for ref in every]
    return {"refs": told[:RULES_SHOWN], "more": max(0, len(told) - RULES_SHOWN)}


@register.simple_tag
def certainty_note(certainty: Certainty) -> SafeString:
    """Return why an answer is not certain, in the words of every other place; else nothing."""
    if certainty is Certainty.CERTAIN:
        return SafeString("")
    words = capitalised(_(certainty.words))
    return format_html('<span class="sub tone-warn">{} {}</span>', icon("info"), words)


@register.simple_tag
def change_badge(change: Change) -> SafeString:
    """Return what a request does to a line; nothing where it stays as it is."""
    if change is Change.OPENS:
        return badge("warn", "plus", _("Opens"))
    if change is Change.CLOSES:
        return badge("run", "dash", _("Closes"))
    return badge("warn", "pencil", _("Changes")) if change is Change.CHANGES else SafeString("")


@register.simple_tag
def risk_badge(risk: Risk | str) -> SafeString:
    """Return how carefully a request should be looked at. Raise ValueError for another word."""
    words = {
        Risk.LOW: ("ok", "check", _("Low risk")),
        Risk.MEDIUM: ("warn", "warn", _("Medium risk")),
        Risk.HIGH: ("danger", "warn", _("High risk")),
    }
    return badge(*words[Risk(risk)])


@register.filter
def coded(words: str) -> SafeString:
    """Return words in which what stands between backquotes is set as code."""
    pieces = enumerate(words.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", one) if at % 2 else one,) for at, one in pieces)
    )


@register.filter
def capitalised(words: str) -> str:
    """Return words as they begin a cell."""
    return str(capfirst(words))
