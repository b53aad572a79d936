"""Parties of the matrix in words: pods here, other namespaces, addresses, nodes.

Used by the tags of templatetags/connectivity.py, and by what is recorded of a revision. Names of
others' namespaces are said only where few are meant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.reachability.addresses import PRIVATE_RANGES, Span, spans_of
from onboarding.reachability.neighbourhood import Party, PartyKind

LABELS_SHOWN = 3
NAMES_SHOWN = 3
RANGES_SHOWN = 4
# RFC 3927: no pod lives there, metadata services do.
LINK_LOCAL = spans_of(("169.254.0.0/16",))
PRIVATE = (*spans_of(PRIVATE_RANGES), *LINK_LOCAL)
EVERY_IPV4 = 2**32
# A range at least this large is called by what it is, a smaller one by its numbers.
VAST = {4: 2**24, 6: 2**120}


class Fourth(Enum):
    """Which addresses of IPv4 are meant."""

    NONE = auto()
    PRIVATE = auto()
    PUBLIC = auto()
    MIXED = auto()
    WHOLE = auto()


@dataclass(frozen=True)
class PartyWords:
    """Words with holes for names: `{name}` in `template` is what `names` says."""

    template: str
    names: dict[str, str] = field(default_factory=dict)

    def text(self, *, inside: bool = False) -> str:
        """Return plain text; at the start of a line it begins with a capital, unless by a name."""
        return self._begun(inside=inside).format(**self.names)

    def html(self, *, inside: bool = False) -> SafeString:
        """Return the same with the names set as code."""
        set_as_code = {
            hole: format_html('<span class="mono">{}</span>', name)
            for hole, name in self.names.items()
        }
        template = self._begun(inside=inside)
        return format_html(template, **set_as_code) if set_as_code else format_html("{}", template)

    def _begun(self, *, inside: bool) -> str:
        return self.template if inside else str(capfirst(self.template))


def party_text(party: Party, *, inside: bool = False) -> str:
    """Return a party in plain words; `inside` a sentence they begin with a small letter."""
    return words_for(party).text(inside=inside)


def words_for(party: Party) -> PartyWords:
    """Return a party's name for people."""
    match party.kind:
        case PartyKind.HERE:
            return _here(party)
        case PartyKind.NAMESPACE:
            return _one_namespace(party)
        case PartyKind.NAMESPACES:
            return PartyWords(_how_many(len(party.namespaces)))
        case PartyKind.ADDRESSES:
            return _addresses(party.spans)
        case PartyKind.NODES:
            return PartyWords(_("nodes"))


def note_on(party: Party) -> str:
    """Return what a person should know besides the name, "" for nothing."""
    if party.is_assumed and party.kind in (PartyKind.HERE, PartyKind.NAMESPACE):
        return _("no such pod seen yet")
    if party.kind is PartyKind.NAMESPACES and len(party.namespaces) <= NAMES_SHOWN:
        return ", ".join(party.namespaces)
    if party.kind is PartyKind.NODES:
        return _("and pods on a node's own network")
    if party.kind is PartyKind.ADDRESSES and any(one in LINK_LOCAL for one in party.spans):
        return _("with the metadata address 169.254.169.254")
    return ""


def short_note_on(party: Party) -> str:
    """Return the same for the box of a picture, as it stands there: with few words."""
    few = len(party.namespaces) <= NAMES_SHOWN
    if party.kind is PartyKind.NAMESPACES and few and len(party.namespaces) > 1:
        words = _("%(name)s and %(count)d more")
        return words % {"name": party.namespaces[0], "count": len(party.namespaces) - 1}
    if party.kind is PartyKind.NAMESPACES:
        return note_on(party)
    if party.kind is PartyKind.ADDRESSES and any(one in LINK_LOCAL for one in party.spans):
        return _("Incl. metadata service")
    return str(capfirst(note_on(party)))


def _here(party: Party) -> PartyWords:
    if party.labels:
        return PartyWords(_("pods labelled {labels}"), {"labels": _labels(party)})
    return PartyWords(_("every pod here") if party.is_whole else _("other pods here"))


def _one_namespace(party: Party) -> PartyWords:
    names = {"namespace": party.namespaces[0]}
    if party.is_whole:
        return PartyWords(_("every pod in {namespace}"), names)
    if party.labels:
        labelled = names | {"labels": _labels(party)}
        return PartyWords(_("{namespace}: pods labelled {labels}"), labelled)
    return PartyWords(_("{namespace}: other pods"), names)


def _labels(party: Party) -> str:
    shown = ", ".join(f"{key}={value}" for key, value in party.labels[:LABELS_SHOWN])
    return f"{shown}, …" if len(party.labels) > LABELS_SHOWN else shown


def _how_many(count: int) -> str:
    one, many = "%(count)d other namespace", "%(count)d other namespaces"
    return ngettext(one, many, count) % {"count": count}


def _addresses(spans: tuple[Span, ...]) -> PartyWords:
    if not is_vast(spans):
        return PartyWords(_("addresses {ranges}"), {"ranges": _ranges(spans)})
    words = {
        (Fourth.NONE, True): _("IPv6 addresses"),
        (Fourth.WHOLE, False): _("IPv4 addresses"),
        (Fourth.WHOLE, True): _("addresses outside the cluster"),
        (Fourth.PUBLIC, False): _("public addresses"),
        (Fourth.PUBLIC, True): _("public and IPv6 addresses"),
        (Fourth.PRIVATE, False): _("private addresses"),
        (Fourth.PRIVATE, True): _("private and IPv6 addresses"),
    }
    has_sixth = any(span.version == 6 for span in spans)
    return PartyWords(words.get((_fourth(spans), has_sixth), _("other addresses")))


def _fourth(spans: tuple[Span, ...]) -> Fourth:
    """Return which addresses of IPv4 are among the spans."""
    own = [span for span in spans if span.version == 4]
    private = [span for span in own if any(span.overlaps(known) for known in PRIVATE)]
    if not own:
        return Fourth.NONE
    if sum(span.last - span.first + 1 for span in own) == EVERY_IPV4:
        return Fourth.WHOLE
    if not private:
        return Fourth.PUBLIC
    return Fourth.PRIVATE if len(private) == len(own) else Fourth.MIXED


def is_vast(spans: Iterable[Span]) -> bool:
    """Tell whether addresses are called by what they are, and not by their numbers."""
    return any(span.last - span.first + 1 >= VAST[span.version] for span in spans)


def _ranges(spans: tuple[Span, ...]) -> str:
    shown = ", ".join(str(span).removesuffix("/32") for span in spans[:RANGES_SHOWN])
    return f"{shown}, …" if len(spans) > RANGES_SHOWN else shown
