"""A picture as JSON, bounded in size, and back: what an approver saw is kept with the decision.

Facts are kept and no words: pages print it as they print what is known today. What was too much is
counted. Codes of findings are read from lint; one it no longer knows is told by its kept title.
"""

from collections.abc import Iterable
from datetime import datetime

from onboarding.domain.canonical import canonical
from onboarding.domain.objects import Json, Manifest, branch, items, text
from onboarding.domain.risk import Risk
from onboarding.reachability.addresses import Span
from onboarding.reachability.lint import CODES
from onboarding.reachability.lint.finding import Code, Finding, Severity
from onboarding.reachability.model import Certainty, Direction, PolicyRef, Protocol, RuleRef
from onboarding.reachability.neighbourhood import (
    Answer,
    Change,
    Line,
    OpenPorts,
    Party,
    PartyKind,
    Ports,
    Way,
)
from onboarding.reachability.shown import Shown, ShownFinding, ShownLine

KEPT_VERSION = 1
MOST_BYTES = 128 * 1024
MOST_FINDINGS = 60
MOST_NAMES = 1000
MOST_RULES = 40
_KNOWN = {code.id: code for code in CODES}


class UnknownPicture(ValueError):
    """A kept picture is of a version or shape this release cannot read."""


def dump_shown(shown: Shown) -> Manifest:
    """Return the picture as JSON with its version. What moves is kept before what stays."""
    numbers = _numbered(shown.lines)
    ordered = sorted(shown.lines, key=lambda one: not one.moves)
    lines: list[Json] = []
    room = MOST_BYTES
    for one in ordered:
        told = _dump_line(one, numbers)
        size = len(canonical(told))
        if size <= room:
            lines.append(told)
            room -= size
    return {
        "v": KEPT_VERSION,
        "namespace": shown.namespace,
        "lines": lines,
        "left_off": len(ordered) - len(lines) + shown.left_off,
        "findings": [_dump_finding(one) for one in shown.findings[:MOST_FINDINGS]],
        "gaining": [*shown.gaining[:MOST_NAMES]],
        "losing": [*shown.losing[:MOST_NAMES]],
        "risk": shown.risk.value,
        "reasons": [*shown.risk_reasons[:MOST_FINDINGS]],
        "seen_at": shown.seen_at.isoformat() if shown.seen_at else None,
        "trouble": shown.trouble,
        "foreign": [*shown.foreign[:MOST_NAMES]],
    }


def load_shown(kept: Manifest) -> Shown:
    """Return the picture. Raise UnknownPicture for another version or a damaged row."""
    if kept.get("v") != KEPT_VERSION:
        raise UnknownPicture(f"Unknown version of a kept picture: {kept.get('v')!r}")
    seen_at, left_off = text(kept, "seen_at"), kept.get("left_off")
    try:
        return Shown(
            namespace=text(kept, "namespace"),
            lines=tuple(_load_line(one) for one in items(kept, "lines")),
            findings=tuple(_load_finding(one) for one in items(kept, "findings")),
            gaining=_names(kept, "gaining"),
            losing=_names(kept, "losing"),
            risk=Risk(text(kept, "risk")),
            risk_reasons=_names(kept, "reasons"),
            seen_at=datetime.fromisoformat(seen_at) if seen_at else None,
            trouble=text(kept, "trouble"),
            foreign=_names(kept, "foreign"),
            left_off=left_off if isinstance(left_off, int) else 0,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UnknownPicture(f"A kept picture cannot be read: {error}") from error


def _numbered(lines: Iterable[ShownLine]) -> dict[int, int]:
    """Return a small number for each set of endpoints: only which are the same is of use later."""
    every = (party.members for one in lines for party in (one.line.ours, one.line.peer))
    return {members: number for number, members in enumerate(dict.fromkeys(every), start=1)}


def _dump_line(one: ShownLine, numbers: dict[int, int]) -> Manifest:
    line = one.line
    return {
        "way": line.way.value,
        "change": line.change.value,
        "baseline": one.is_baseline,
        "ours": _dump_party(line.ours, numbers),
        "peer": _dump_party(line.peer, numbers),
        "before": _dump_answer(line.before) if line.before else None,
        "after": _dump_answer(line.answer),
    }


def _dump_party(party: Party, numbers: dict[int, int]) -> Manifest:
    return {
        "kind": party.kind.value,
        "members": numbers[party.members],
        "namespaces": [*party.namespaces],
        "labels": [[key, value] for key, value in party.labels],
        "spans": [[span.version, str(span.first), str(span.last)] for span in party.spans],
        "whole": party.is_whole,
        "assumed": party.is_assumed,
        "mixed": party.is_mixed,
    }


def _dump_answer(answer: Answer) -> Manifest:
    return {
        "openings": [
            {
                "ports": [[one.value, first, last] for one, first, last in opening.ports],
                "rules": [_dump_rule(rule) for rule in opening.rules[:MOST_RULES]],
                "certainty": opening.certainty.value,
            }
            for opening in answer.openings
        ],
        "closed_by": [_dump_policy(policy) for policy in answer.closed_by[:MOST_RULES]],
        "certainty": answer.certainty.value,
        "varies": answer.varies,
    }


def _dump_policy(policy: PolicyRef) -> Manifest:
    return {"namespace": policy.namespace, "name": policy.name, "template": policy.template}


def _dump_rule(rule: RuleRef) -> Manifest:
    return {
        **_dump_policy(rule.policy),
        "direction": rule.direction.value,
        "index": rule.index,
    }


def _dump_finding(one: ShownFinding) -> Manifest:
    finding = one.finding
    return {
        "code": finding.code.id,
        "title": finding.code.title,
        "severity": finding.severity.value,
        "message": finding.message,
        "policy": _dump_policy(finding.policy) if finding.policy else None,
        "rule": _dump_rule(finding.rule) if finding.rule else None,
        "field": finding.field,
        "new": one.is_new,
        "beyond": None if one.beyond is None else [*sorted(one.beyond)[:MOST_NAMES]],
    }


def _load_line(kept: Manifest) -> ShownLine:
    line = Line(
        way=Way(text(kept, "way")),
        ours=_load_party(branch(kept, "ours")),
        peer=_load_party(branch(kept, "peer")),
        answer=_load_answer(branch(kept, "after")),
        before=_load_answer(branch(kept, "before")) if kept.get("before") else None,
        change=Change(text(kept, "change")),
    )
    return ShownLine(line, is_baseline=kept.get("baseline") is True)


def _load_party(kept: Manifest) -> Party:
    return Party(
        kind=PartyKind(text(kept, "kind")),
        members=_number(kept.get("members")),
        namespaces=_names(kept, "namespaces"),
        labels=tuple((str(key), str(value)) for key, value in _rows(kept, "labels")),
        spans=tuple(
            Span(_number(version), int(str(first)), int(str(last)))
            for version, first, last in _rows(kept, "spans")
        ),
        is_whole=kept.get("whole") is True,
        is_assumed=kept.get("assumed") is True,
        is_mixed=kept.get("mixed") is True,
    )


def _load_answer(kept: Manifest) -> Answer:
    return Answer(
        openings=tuple(_load_opening(one) for one in items(kept, "openings")),
        closed_by=tuple(_load_policy(one) for one in items(kept, "closed_by")),
        certainty=Certainty(text(kept, "certainty")),
        varies=kept.get("varies") is True,
    )


def _load_opening(kept: Manifest) -> OpenPorts:
    ports: tuple[Ports, ...] = tuple(
        (Protocol(str(protocol)), _number(first), _number(last))
        for protocol, first, last in _rows(kept, "ports")
    )
    return OpenPorts(
        ports=ports,
        rules=tuple(_load_rule(one) for one in items(kept, "rules")),
        certainty=Certainty(text(kept, "certainty")),
        pieces=ports,
    )


def _load_policy(kept: Manifest) -> PolicyRef:
    return PolicyRef(text(kept, "namespace"), text(kept, "name"), text(kept, "template"))


def _load_rule(kept: Manifest) -> RuleRef:
    return RuleRef(
        _load_policy(kept), Direction(text(kept, "direction")), _number(kept.get("index"))
    )


def _load_finding(kept: Manifest) -> ShownFinding:
    severity = Severity(text(kept, "severity"))
    known = _KNOWN.get(text(kept, "code"))
    finding = Finding(
        code=known or _lost_code(kept, severity),
        severity=severity,
        message=text(kept, "message"),
        policy=_load_policy(branch(kept, "policy")) if kept.get("policy") else None,
        rule=_load_rule(branch(kept, "rule")) if kept.get("rule") else None,
        field=text(kept, "field"),
    )
    beyond = None if kept.get("beyond") is None else frozenset(_names(kept, "beyond"))
    return ShownFinding(finding, is_new=kept.get("new") is True, beyond=beyond)


def _lost_code(kept: Manifest, severity: Severity) -> Code:
    return Code(text(kept, "code"), "", severity, text(kept, "title"), why="", bad="", mended="")


def _names(kept: Manifest, name: str) -> tuple[str, ...]:
    value = kept.get(name)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _rows(kept: Manifest, name: str) -> list[list[Json]]:
    value = kept.get(name)
    return [one for one in value if isinstance(one, list)] if isinstance(value, list) else []


def _number(value: Json) -> int:
    if not isinstance(value, int):
        raise UnknownPicture(f"A kept picture has {value!r} where a number stood.")
    return value
