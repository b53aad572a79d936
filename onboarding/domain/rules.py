"""What may be asked for at all: the rules below every door. Pure; forms and services call them.

`check_shape` is what a spec needs to be kept and rendered, and all that a draft needs.
`check_spec` adds what a request needs to be sent. What only the database knows (a name that is
taken, a namespace that is busy) is checked where it is read.
"""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from onboarding.domain.catalogue import Catalogue, Template
from onboarding.domain.facts import ClusterFacts
from onboarding.domain.names import check_dns_label, check_label_value
from onboarding.domain.objects import Json
from onboarding.domain.parameters import Parameter, check_value
from onboarding.domain.refusals import Violation
from onboarding.domain.spec import (
    COMMENT_LENGTH,
    MAX_OPENINGS,
    MAX_PORTS,
    PURPOSE_LENGTH,
    WHY_LENGTH,
    NamespaceSpec,
    Opening,
    RequestKind,
    Scope,
)

HIGHEST_PORT = 65535
_LONGEST_QUOTE = 40
# Controls that turn the direction of text: what an approver reads would not be what is written.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_CHARACTERS = frozenset("\n\r\t")


def check_spec(
    spec: NamespaceSpec,
    catalogue: Catalogue,
    *,
    teams: Collection[str],
    clusters: Mapping[str, ClusterFacts],
) -> tuple[Violation, ...]:
    """Return everything that keeps the spec from being sent; () when it may be.

    `teams` are those the person asks for, `clusters` the facts of those that can be asked for.
    """
    shape = check_shape(spec, catalogue, teams=teams, clusters=clusters)
    return (*shape, *_purpose(spec.purpose), *_lifetime_of_openings(spec, catalogue))


def check_shape(
    spec: NamespaceSpec,
    catalogue: Catalogue,
    *,
    teams: Collection[str],
    clusters: Mapping[str, ClusterFacts],
) -> tuple[Violation, ...]:
    """Return what keeps the spec from being stored and rendered, in the order of the form."""
    return (
        *check_team(spec.team, teams),
        *check_cluster(spec.cluster, clusters),
        *_one_of("environment", spec.environment, catalogue.environments, "an environment"),
        *_each("name", check_dns_label(spec.name)),
        *_each("project", check_label_value(spec.project)),
        *_text("purpose", spec.purpose, PURPOSE_LENGTH),
        *_one_of("data_class", spec.data_class, catalogue.data_classes, "a data class"),
        *_one_of("size", spec.size, catalogue.sizes, "a size"),
        *_one_of("scope", spec.scope, [*Scope], "a scope"),
        *_openings(spec.openings, catalogue, clusters.get(spec.cluster)),
        *_lifetime(spec.lifetime_days, catalogue),
    )


def check_why(kind: RequestKind, why: str, *, is_draft: bool = False) -> tuple[Violation, ...]:
    """Return what is wrong with the reason given for a request; a new namespace needs none."""
    if not why.strip() and kind is not RequestKind.ONBOARD and not is_draft:
        return (Violation("why", "Say why you ask for this, for those who decide and for later."),)
    return tuple(_text("why", why, WHY_LENGTH))


def check_comment(text: str) -> tuple[Violation, ...]:
    """Return what is wrong with what somebody writes about a request."""
    if not text.strip():
        return (Violation("text", "Write something first."),)
    return tuple(_text("text", text, COMMENT_LENGTH))


def check_team(team: str, teams: Collection[str]) -> tuple[Violation, ...]:
    """Return what is wrong with asking for a team, where `teams` can be asked for."""
    return tuple(_one_of("team", team, teams, "a team you can ask for"))


def check_cluster(cluster: str, clusters: Collection[str]) -> tuple[Violation, ...]:
    """Return what is wrong with asking for a cluster, where `clusters` can be asked for."""
    return tuple(_one_of("cluster", cluster, clusters, "a cluster that can be asked for"))


def check_ports(ports: Sequence[int]) -> list[str]:
    """Return what is wrong with the ports of an exposure, in words; [] if fine."""
    if not ports:
        return ["Enter at least one port."]
    if outside := [problem for problem in map(check_port, ports) if problem]:
        return outside[:MAX_PORTS]
    if len(ports) > MAX_PORTS:
        return [f"At most {MAX_PORTS} ports; these are {len(ports)}."]
    twice = sorted({port for port in ports if ports.count(port) > 1})
    return [f"{port} is there twice." for port in twice[:1]]


def check_port(port: int) -> str:
    """Return what is wrong with a port's number, or ""."""
    if 1 <= port <= HIGHEST_PORT:
        return ""
    return f"{port} is not a port. Ports run from 1 to {HIGHEST_PORT}."


def _each(field: str, problems: Iterable[str]) -> Iterator[Violation]:
    return (Violation(field, words) for words in problems)


def _one_of(field: str, value: str, known: Collection[str], what: str) -> Iterator[Violation]:
    if value not in known:
        words = f"{_quoted(value)} is not {what}." if value else f"Choose {what}."
        yield Violation(field, words)


def _quoted(value: str) -> str:
    shown = value if len(value) <= _LONGEST_QUOTE else f"{value[:_LONGEST_QUOTE]}…"
    return f"“{shown}”"


def _openings(
    openings: Sequence[Opening], catalogue: Catalogue, facts: ClusterFacts | None
) -> Iterator[Violation]:
    """Yield what is wrong, at `openings-0-ports`: which opening, from 0, and what of it."""
    if len(openings) > MAX_OPENINGS:
        words = f"At most {MAX_OPENINGS} openings; these are {len(openings)}."
        yield Violation(f"openings-{MAX_OPENINGS}-key", words)
    for place, opening in enumerate(openings):
        field = f"openings-{place}-"
        wrong = [*_values(field, opening, catalogue.template_of(opening), facts)]
        # What is wrong with a key that was made of a value is wrong with the value.
        yield from wrong or _each(f"{field}key", check_dns_label(opening.key))
        for other in openings[:place]:
            if other.key == opening.key:
                yield Violation(f"{field}key", f"Two openings are called {_quoted(opening.key)}.")
            elif other.effect == opening.effect:
                words = f"{_quoted(opening.key)} opens what {_quoted(other.key)} opens already."
                yield Violation(f"{field}key", words)
            elif other.object_name == opening.object_name:
                words = "It begins like another opening's name for too long. Choose a shorter one."
                yield Violation(f"{field}key", words)


def _values(
    field: str, opening: Opening, template: Template | None, facts: ClusterFacts | None
) -> Iterator[Violation]:
    """Yield what is wrong with the values of one opening, each at the parameter it is about."""
    if template is None:
        yield Violation(f"{field}template", f"{_quoted(opening.ref)} is not on offer.")
        return
    for name in sorted(opening.values.keys() ^ template.asked.keys()):
        words = f"{template.ref} asks for {', '.join(template.asked) or 'nothing'}; see {name}."
        yield Violation(f"{field}template", words)
    for name, parameter in template.asked.items():
        if name in opening.values:
            yield from _each(f"{field}{name}", _said_of(parameter, opening.values[name], facts))


def _said_of(parameter: Parameter, value: Json, facts: ClusterFacts | None) -> Iterable[str]:
    """Return what is wrong with what people said for a parameter, in their words."""
    match parameter.type, value:
        case "ingress_source", str() if value:
            if facts is None or value in facts.ingress:
                return []
            return [f"{_quoted(value)} is not an ingress source of {facts.name}."]
        case "ingress_source", _:
            return ["Choose one."]
        case "label_value", "":
            return ["Say which pods serve: the value of their app label."]
        case "tcp_ports", list() if all(type(port) is int for port in value):
            ports = [port for port in value if isinstance(port, int)]
            return check_ports(ports) or check_value(parameter, value)
    return check_value(parameter, value)


def _lifetime(days: int | None, catalogue: Catalogue) -> Iterator[Violation]:
    if days not in catalogue.lifetimes:
        words = ", ".join(str(known) if known else "no end" for known in catalogue.lifetimes)
        yield Violation("lifetime", f"A lifetime of {days} days is not on offer: {words}.")


def _lifetime_of_openings(spec: NamespaceSpec, catalogue: Catalogue) -> Iterator[Violation]:
    days = spec.lifetime_days
    for opening in spec.openings:
        template = catalogue.template_of(opening)
        most = template.max_days if template else None
        if template and most and (days is None or days > most):
            yield Violation(
                "lifetime", f"{template.title} needs a lifetime of {most} days at most."
            )


def _purpose(purpose: str) -> Iterator[Violation]:
    if not purpose.strip():
        yield Violation("purpose", "Say what the namespace is for.")


def _text(field: str, written: str, most: int) -> Iterator[Violation]:
    if len(written) > most:
        words = f"Use at most {most} characters; these are {len(written)}."
        yield Violation(field, words)
    if any(map(_is_control, written)):
        yield Violation(field, "Leave out control characters; they cannot be read.")


def _is_control(character: str) -> bool:
    """Return whether a character is not for reading: controls, lone surrogates, turns of text."""
    if character in _LINE_CHARACTERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cs"} or character in _BIDI_CONTROLS
