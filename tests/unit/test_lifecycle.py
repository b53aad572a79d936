"""The two state machines: what the tables say, and that they say it of every state."""

from itertools import pairwise, product

import pytest

from onboarding.domain.lifecycle import (
    ENDED,
    NAMESPACE_TRANSITIONS,
    OPEN_REQUEST,
    PROVISIONING,
    REACHED,
    REQUEST_TRANSITIONS,
    RETIREMENT,
    NamespaceState,
    Phase,
    RequestState,
    may_become,
    request_sources_of,
    sources_of,
)

STATES = [*NamespaceState]


def test_both_tables_name_every_state() -> None:
    assert set(REQUEST_TRANSITIONS) == set(RequestState)
    assert set(NAMESPACE_TRANSITIONS) == set(NamespaceState)


@pytest.mark.parametrize(("current", "following"), [*product(NamespaceState, NamespaceState)])
def test_every_pair_of_namespace_states_is_allowed_exactly_as_written(
    current: NamespaceState, following: NamespaceState
) -> None:
    allowed = following in NAMESPACE_TRANSITIONS[current]
    assert may_become(current, following) is allowed
    assert (current in sources_of(following)) is allowed


@pytest.mark.parametrize(("current", "following"), [*product(RequestState, RequestState)])
def test_every_pair_of_request_states_is_allowed_exactly_as_written(
    current: RequestState, following: RequestState
) -> None:
    allowed = following in REQUEST_TRANSITIONS[current]
    assert (current in request_sources_of(following)) is allowed


def test_what_is_decided_stays_decided() -> None:
    ends = {state for state, exits in REQUEST_TRANSITIONS.items() if not exits}
    assert ends == {
        RequestState.APPROVED,
        RequestState.REJECTED,
        RequestState.CANCELLED,
        RequestState.EXPIRED,
    }


def test_what_never_was_and_what_is_lost_are_final_and_gone_may_only_be_seen_again() -> None:
    final = {state for state in STATES if not NAMESPACE_TRANSITIONS[state]}
    assert final == {NamespaceState.UNCREATED, NamespaceState.LOST}
    assert NAMESPACE_TRANSITIONS[NamespaceState.GONE] == {NamespaceState.BLOCKED}


def test_a_closed_cluster_takes_every_living_namespace_with_it() -> None:
    assert sources_of(NamespaceState.LOST) == set(NamespaceState) - ENDED


def test_open_requests_are_those_that_may_still_be_approved() -> None:
    assert RequestState.APPROVED in REQUEST_TRANSITIONS[RequestState.PENDING]
    assert {
        state
        for state, exits in REQUEST_TRANSITIONS.items()
        if exits & {RequestState.PENDING, RequestState.APPROVED} and state != RequestState.DRAFT
    } == OPEN_REQUEST


@pytest.mark.parametrize("phases", [PROVISIONING, RETIREMENT])
def test_each_phase_leads_to_the_next(phases: tuple[Phase, ...]) -> None:
    for earlier, later in pairwise(phases):
        assert may_become(REACHED[earlier], REACHED[later])


@pytest.mark.parametrize("state", [state for state in STATES if state not in ENDED])
def test_every_live_state_may_wait_stop_and_be_retired(state: NamespaceState) -> None:
    assert may_become(state, NamespaceState.RETRYING) or state == NamespaceState.RETRYING
    assert may_become(state, NamespaceState.BLOCKED) or state == NamespaceState.BLOCKED
    assert may_become(state, NamespaceState.REVOKING) or state == NamespaceState.REVOKING


@pytest.mark.parametrize(
    "state", [NamespaceState.REVOKING, NamespaceState.DRAINING, NamespaceState.DELETING]
)
def test_what_is_being_retired_never_gets_access_again(state: NamespaceState) -> None:
    never = {NamespaceState.GRANTED, NamespaceState.READY, NamespaceState.WANTED}
    assert not NAMESPACE_TRANSITIONS[state] & never


def test_nothing_is_ready_without_being_read_back() -> None:
    assert sources_of(NamespaceState.READY) <= {
        NamespaceState.GRANTED,
        NamespaceState.DRIFTED,
        NamespaceState.RETRYING,
        NamespaceState.BLOCKED,
    }
