"""What a team asks for, as it is stored and read back."""

import json

import pytest

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.domain.objects import Json
from onboarding.domain.spec import Opening, Scope, UnknownSpec, dump_spec, load_spec
from tests.support.requests import spec_of


@pytest.mark.parametrize(
    "differing",
    [
        {},
        {"openings": ()},
        {"scope": Scope.NAMESPACE},
        {"openings": (WEB, exposed("internal-gateway", "api", (9090, 9091)), INTERNET)},
        {"lifetime_days": 30, "openings": (ANYTHING,)},
    ],
)
def test_a_spec_reads_back_as_it_was_stored(differing: dict[str, object]) -> None:
    spec = spec_of(**differing)
    assert load_spec(json.loads(json.dumps(dump_spec(spec)))) == spec


def test_a_stored_spec_names_its_version() -> None:
    assert dump_spec(spec_of())["v"] == 2


@pytest.mark.parametrize(
    "damage",
    [
        {"v": 1},
        {"v": 3},
        {"v": "2"},
        {"v": None},
        {"scope": "world"},
        {"scope": None},
        {"openings": "web"},
        {"openings": ["web"]},
        {"openings": [{"key": "web", "template": "allow-ingress", "version": 1}]},
        {"openings": [{"key": "web", "template": "allow-ingress", "version": 1, "values": []}]},
        {"openings": [{"key": "web", "template": "allow-ingress", "version": "1", "values": {}}]},
        {"openings": [{"key": 7, "template": "allow-ingress", "version": 1, "values": {}}]},
        {"openings": [{"template": "allow-ingress", "version": 1, "values": {}}]},
        {"surprise": 1},
    ],
)
def test_a_stored_spec_of_another_shape_is_refused(damage: dict[str, Json]) -> None:
    with pytest.raises(UnknownSpec):
        load_spec({**dump_spec(spec_of()), **damage})


@pytest.mark.parametrize("field", [*dump_spec(spec_of())])
def test_a_stored_spec_with_a_field_missing_is_refused(field: str) -> None:
    stored = {name: value for name, value in dump_spec(spec_of()).items() if name != field}
    with pytest.raises(UnknownSpec):
        load_spec(stored)


FIRST_VERSION: dict[str, Json] = {
    "v": 1,
    **{
        name: value for name, value in dump_spec(spec_of()).items() if name not in {"v", "openings"}
    },
    "exposure": {"source": "ingress-nginx", "component": "web", "ports": [8080, 8443]},
    "egress": "internet",
}


@pytest.mark.parametrize(
    ("differing", "openings"),
    [
        ({}, (exposed("ingress-nginx", "web", (8080, 8443)), INTERNET)),
        ({"egress": "none"}, (exposed("ingress-nginx", "web", (8080, 8443)),)),
        ({"exposure": None, "egress": "open"}, (ANYTHING,)),
        ({"exposure": None, "egress": "none"}, ()),
    ],
)
def test_the_first_version_is_read_as_openings(
    differing: dict[str, Json], openings: tuple[Opening, ...]
) -> None:
    assert load_spec({**FIRST_VERSION, **differing}) == spec_of(openings=openings)


@pytest.mark.parametrize(
    "damage",
    [
        {"exposure": "web"},
        {"exposure": {"source": "ingress-nginx"}},
        {"exposure": {"source": "a", "component": "b", "ports": "80"}},
        {"openings": []},
    ],
)
def test_a_damaged_row_of_the_first_version_is_refused(damage: dict[str, Json]) -> None:
    with pytest.raises(UnknownSpec):
        load_spec({**FIRST_VERSION, **damage})


@pytest.mark.parametrize("field", [*FIRST_VERSION])
def test_a_row_of_the_first_version_with_a_field_missing_is_refused(field: str) -> None:
    stored = {name: value for name, value in FIRST_VERSION.items() if name != field}
    with pytest.raises(UnknownSpec):
        load_spec(stored)


def test_a_changed_spec_is_a_new_one() -> None:
    spec = spec_of()
    assert spec.changed(size="large").size == "large"
    assert spec.size == "small"
