"""What a team asks for, as it is stored and read back."""

import json

import pytest

from onboarding.domain.objects import Json
from onboarding.domain.spec import Scope, UnknownSpec, dump_spec, load_spec
from tests.support.requests import spec_of


@pytest.mark.parametrize(
    "differing",
    [{}, {"exposure": None}, {"scope": Scope.NAMESPACE}, {"lifetime_days": 30, "egress": "open"}],
)
def test_a_spec_reads_back_as_it_was_stored(differing: dict[str, object]) -> None:
    spec = spec_of(**differing)
    assert load_spec(json.loads(json.dumps(dump_spec(spec)))) == spec


def test_a_stored_spec_names_its_version() -> None:
    assert dump_spec(spec_of())["v"] == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"v": 2},
        {"v": None},
        {"scope": "world"},
        {"scope": None},
        {"exposure": "web"},
        {"exposure": {"source": "ingress-nginx"}},
        {"exposure": {"source": "a", "component": "b", "ports": "80"}},
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


def test_a_changed_spec_is_a_new_one() -> None:
    spec = spec_of()
    assert spec.changed(size="large").size == "large"
    assert spec.size == "small"
