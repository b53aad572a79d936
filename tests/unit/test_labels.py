"""One grammar of labels: what a slot takes, a policy reads; and what it refuses, so does a policy.

That the API server draws the same line is tried in tests/cluster/test_label_grammar.py.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain.labels import is_label_key, is_label_value
from onboarding.domain.parameters import Parameter, check_value
from onboarding.reachability.policies import BadPolicy, read_selector
from tests.support.label_grammar import BAD_KEYS, BAD_VALUES, GOOD_KEYS, GOOD_VALUES


@pytest.mark.parametrize("key", GOOD_KEYS)
def test_a_key_of_kubernetes_is_a_key(key: str) -> None:
    assert is_label_key(key)


@pytest.mark.parametrize("key", [*BAD_KEYS, "app\n", "k8s.io\n/app", ""])
def test_anything_else_is_no_key(key: str) -> None:
    assert not is_label_key(key)


@pytest.mark.parametrize("value", GOOD_VALUES)
def test_a_value_of_kubernetes_is_a_value(value: str) -> None:
    assert is_label_value(value)


@pytest.mark.parametrize("value", [*BAD_VALUES, "web\n"])
def test_anything_else_is_no_value(value: str) -> None:
    assert not is_label_value(value)


texts = st.text("aZ0.-_/ \n", max_size=12) | st.sampled_from([*GOOD_KEYS, *BAD_KEYS])


@given(texts, texts)
def test_a_slot_takes_exactly_what_a_policy_reads(key: str, value: str) -> None:
    fits = check_value(Parameter("labels"), {key: value}) == []
    try:
        read_selector({"matchLabels": {key: value}}, "spec.podSelector")
    except BadPolicy:
        assert not fits
    else:
        assert fits
