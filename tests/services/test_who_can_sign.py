"""Who counts as somebody who can approve a lane, where approvals have to be signed."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.demo.scenario import ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.models import User
from onboarding.queries.approval_keys import lanes_to_sign, signers
from onboarding.services.approval_keys import revoke_approval_key
from onboarding.services.history import CONSOLE
from tests.support.approval_keys import asked, enrolled, key_of
from tests.support.requests import spec_of
from tests.support.soft_passkey import SoftPasskey

pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture(autouse=True)
def signed_lanes(settings: Any) -> None:
    settings.SIGNED_LANES = frozenset({"network", "security"})


def test_the_lanes_to_sign_are_those_the_settings_name_and_where_none_is_all() -> None:
    assert lanes_to_sign(["platform", "network"]) == {Lane.NETWORK}
    assert lanes_to_sign(["platform"]) == {Lane.PLATFORM}


def test_where_no_lane_has_to_be_signed_nothing_is_asked(settings: Any) -> None:
    settings.SIGNED_LANES = frozenset()
    with CaptureQueriesContext(connection) as queries:
        assert signers(["platform", "network"]) == {}
    assert not queries


def test_a_request_is_not_sent_that_nobody_could_sign(now: datetime) -> None:
    asked("dana", SoftPasskey(), now=now)
    with pytest.raises(Invalid, match=r"none of its approvers .* Dana can ask for one under"):
        ask(spec_of(), now=now)
    User.objects.filter(username="dana").update(is_active=False)
    with pytest.raises(Invalid, match=r"no active person holds the lane\. Ask Pat"):
        ask(spec_of(), now=now)


def test_with_a_confirmed_key_it_is(now: datetime) -> None:
    passkey = enrolled("dana", now=now)
    ask(spec_of(), now=now)
    revoke_approval_key(key_of(passkey), actor=CONSOLE, by=None, now=now)
    with pytest.raises(Invalid, match="has to be signed with a passkey"):
        ask(spec_of("payments-other"), now=now)
