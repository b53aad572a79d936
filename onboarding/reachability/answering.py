"""A world, a question and a format → text: what both commands do once they have their world.

`cli.py` reads the world from files, `manage.py reachability` from what was last observed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from onboarding.domain.objects import Json, Manifest
from onboarding.reachability.asking import Asked, Query, boundaries_of
from onboarding.reachability.assume import with_assumed_pods
from onboarding.reachability.changes import PairChange, changes
from onboarding.reachability.estate import Estate
from onboarding.reachability.export import (
    DIFFERENCE_SCHEMA,
    SCHEMA,
    record_entries,
    write_json,
    write_yaml,
)
from onboarding.reachability.lint import check_world
from onboarding.reachability.members import BadQuestion, Member, network_of
from onboarding.reachability.model import Node, World
from onboarding.reachability.named_ends import with_named_pods
from onboarding.reachability.reading import Loaded
from onboarding.reachability.tables import (
    Lines,
    change_lines,
    findings_text,
    foreword,
    single,
    summary,
)


class Format(StrEnum):
    """How answers are written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True)
class ReportOptions:
    """What is asked and how it is to be answered. `observed` goes into the documents' head."""

    question: Query = field(default_factory=Query)
    format: Format = Format.TABLE
    assumes_pods: bool = False
    shows_blocked: bool = False
    only_lint: bool = False
    observed: Manifest | None = None


class Asking:
    """A question put to a world as the options say. Raise BadQuestion."""

    def __init__(self, loaded: Loaded, wish: ReportOptions) -> None:
        self.wish = wish
        world = _prepared(loaded.world, wish)
        estate = Estate(world, boundaries=boundaries_of(wish.question, world))
        self.asked = Asked(estate, wish.question)


def answer(loaded: Loaded, wish: ReportOptions) -> Iterator[str]:
    """Yield the answer's text. Raise BadQuestion before the first piece of it."""
    asked = Asking(loaded, wish).asked
    estate = asked.estate
    world = estate.world
    notes = (*loaded.notes, *_port_notes(asked))
    if wish.format is Format.TABLE:
        return _table(asked, wish, notes)
    head = _head(SCHEMA, world, notes, wish)
    head["endpoints"] = [member.to_json() for member in asked.members()]
    entries = () if wish.only_lint else record_entries(asked.answers())
    findings: list[Json] = [one.to_json() for one in check_world(world, estate=estate)]
    return _write(wish, head, entries, {"findings": findings})


def compare(before: Loaded, after: Loaded, wish: ReportOptions) -> Iterator[str]:
    """Yield what differs. Raise BadQuestion before the first piece of it."""
    old, new = _prepared(before.world, wish), _prepared(after.world, wish)
    cuts = dict.fromkeys(cut for one in (old, new) for cut in boundaries_of(wish.question, one))
    # Laid out beside each other, the outside and the ports are cut alike in both.
    asked_before, asked_after = (
        Asked(Estate(one, boundaries=cuts, beside=(other,)), wish.question, may_miss=True)
        for one, other in ((old, new), (new, old))
    )
    for wanted, places in (
        (wish.question.source, (asked_before.sources, asked_after.sources)),
        (wish.question.destination, (asked_before.destinations, asked_after.destinations)),
    ):
        if not any(places):
            raise BadQuestion(f"{wanted or 'everybody'}: is in neither of the two")
    if wish.question.around:
        raise BadQuestion("--diff takes --from and --to, not --namespace")
    if wish.question.port and wish.question.port.name:
        raise BadQuestion("--diff needs a port number: a name can mean another one in each")
    found = changes(asked_before, asked_after)
    notes = _notes_of_both(before, after)
    if wish.format is Format.TABLE:
        return _difference_table((old, new), notes, found)
    both = World({}, foreign=tuple(dict.fromkeys((*old.foreign, *new.foreign))))
    head = _head(DIFFERENCE_SCHEMA, both, notes, wish)
    head["endpoints"] = _endpoints_of_both(asked_before, asked_after)
    return _write(wish, head, (change.to_json() for change in found), {})


def _prepared(world: World, wish: ReportOptions) -> World:
    """Return the world with the pods to assume, and with the nodes that are asked about.

    Pods can name the address of a node that is not given. Whoever asks about it means the node, not
    an address outside.
    """
    asked = {wish.question.source, wish.question.destination}
    known = {address for node in world.nodes for address in (node.name, *node.addresses)}
    named = sorted((asked & {pod.node for pod in world.pods}) - known)
    nodes = tuple(Node(one, (one,)) for one in named if network_of(one))
    populated = with_named_pods(with_assumed_pods(world), asked) if wish.assumes_pods else world
    return replace(populated, nodes=(*world.nodes, *nodes)) if nodes else populated


def _port_notes(asked: Asked) -> Iterator[str]:
    if lacking := len(asked.without_port()):
        yield f"not answered, because they have no port of this name: {lacking} of the receivers"


def _head(schema: str, world: World, notes: Sequence[str], wish: ReportOptions) -> Manifest:
    observed: Manifest = {"observed": wish.observed} if wish.observed else {}
    return {
        "schema": schema,
        "complete": not world.foreign,
        **observed,
        "foreign": [str(one) for one in world.foreign],
        "notes": list[Json](notes),
    }


def _write(
    wish: ReportOptions, head: Manifest, entries: Iterable[Manifest], tail: Manifest
) -> Iterator[str]:
    write = write_json if wish.format is Format.JSON else write_yaml
    return write(head, "records", entries, tail)


def _table(asked: Asked, wish: ReportOptions, notes: Sequence[str]) -> Iterator[str]:
    world = asked.estate.world
    yield from _age(wish)
    yield summary(world)
    yield from foreword(world, notes)
    if asked.is_single and not wish.only_lint:
        for one in asked.answers():
            yield from single(one)
        return
    if wish.question.is_whole:
        yield from findings_text(check_world(world, estate=asked.estate))
    if not wish.only_lint:
        yield from Lines(asked, shows_blocked=wish.shows_blocked).text()


def _age(wish: ReportOptions) -> Iterator[str]:
    """Yield what the answer is made from where that was observed, not read."""
    if wish.observed:
        yield f"observed on {wish.observed['cluster']}, seen at {wish.observed['seenAt']}\n"


def _notes_of_both(before: Loaded, after: Loaded) -> tuple[str, ...]:
    shared = [note for note in after.notes if note in before.notes]
    return (
        *shared,
        *(f"before: {note}" for note in before.notes if note not in shared),
        *(f"after: {note}" for note in after.notes if note not in shared),
    )


def _endpoints_of_both(before: Asked, after: Asked) -> list[Json]:
    """Return everybody of both worlds, with the worlds each is in."""
    old: dict[str, Member] = {member.id: member for member in before.members()}
    new: dict[str, Member] = {member.id: member for member in after.members()}
    return [
        {**member.to_json(), "in": _worlds(name, old, new)} for name, member in (old | new).items()
    ]


def _worlds(name: str, old: dict[str, Member], new: dict[str, Member]) -> str:
    if name in old and name in new:
        return "both"
    return "before" if name in old else "after"


def _difference_table(
    worlds: tuple[World, World], notes: Sequence[str], found: Iterable[PairChange]
) -> Iterator[str]:
    before, after = worlds
    yield f"before: {summary(before)}after:  {summary(after)}"
    foreign = tuple(dict.fromkeys((*before.foreign, *after.foreign)))
    yield from foreword(World({}, foreign=foreign), notes)
    yield from change_lines(found)
