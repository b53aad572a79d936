"""Which openings a form asks for, and which of its fields each part of them was said in."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from onboarding.domain.catalogue import Catalogue, OpeningDirection
from onboarding.domain.spec import Opening
from onboarding.forms.answers import exposure, way_out
from onboarding.forms.opening_rows import OpeningRow

_OF_EXPOSURE = {"source": "ingress", "component": "component", "ports": "ports"}


@dataclass(frozen=True)
class AskedOpening:
    """One opening; `fields` names the form's field for its parameters, `otherwise` for the rest."""

    opening: Opening
    fields: Mapping[str, str]
    otherwise: str
    is_named: bool = True

    def field(self, part: str) -> str:
        """Return the field of a parameter, or of what is not asked for by itself."""
        return self.fields.get(part, self.otherwise)


def asked_openings(
    answer: Callable[[str], Any],
    rows: Iterable[OpeningRow],
    catalogue: Catalogue,
    before: Mapping[str, Opening | None],
) -> tuple[AskedOpening, ...]:
    """Return what the answers ask for: first what comes in, then what goes out.

    `before` are the openings that the two questions held when the form was opened.
    """
    found = [*_by_questions(answer, catalogue, before), *_by_rows(answer, rows)]
    return tuple(_with_names(sorted(found, key=lambda one: _goes_out(one.opening, catalogue))))


def is_complete(opening: Opening, sources: Collection[str]) -> bool:
    """Tell whether every value was said, for a preview; `sources` are those of the cluster."""
    values = opening.values
    return all(values.values()) and ("source" not in values or values["source"] in sources)


def field_of(field: str, asked: tuple[AskedOpening, ...]) -> str:
    """Return the form's field for the one the rules name, e.g. `openings-0-ports`."""
    kind, _dash, rest = field.partition("-")
    place, _dash, part = rest.partition("-")
    return asked[int(place)].field(part) if kind == "openings" else field


def _by_questions(
    answer: Callable[[str], Any], catalogue: Catalogue, before: Mapping[str, Opening | None]
) -> Iterator[AskedOpening]:
    if source := answer("ingress"):
        inward = exposure(
            catalogue,
            source,
            answer("component"),
            answer("ports") or (),
            before=before.get("ingress_opening"),
        )
        yield AskedOpening(inward, _OF_EXPOSURE, "ingress")
    if outward := way_out(catalogue, answer("egress"), before=before.get("egress_opening")):
        yield AskedOpening(outward, {}, "egress")


def _by_rows(answer: Callable[[str], Any], rows: Iterable[OpeningRow]) -> Iterator[AskedOpening]:
    for row in rows:
        fields = {part: row.name(part) for part in row.template.asked} if row.template else {}
        is_named = bool(answer(row.name("key")))
        otherwise = row.name("key" if row.template else "template")
        yield AskedOpening(row.opening(answer), fields, otherwise, is_named)


def _with_names(asked: Iterable[AskedOpening]) -> Iterator[AskedOpening]:
    """Give what nobody named a name of its own."""
    asked = [*asked]
    taken = {one.opening.key for one in asked if one.is_named}
    for one in asked:
        key, number = one.opening.key, 2
        while not one.is_named and key in taken:
            key, number = f"{one.opening.key}-{number}", number + 1
        taken.add(key)
        yield replace(one, opening=replace(one.opening, key=key))


def _goes_out(opening: Opening, catalogue: Catalogue) -> bool:
    template = catalogue.template_of(opening)
    return template is None or template.direction is not OpeningDirection.INGRESS
