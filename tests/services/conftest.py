"""Service tests sign nobody in, so the cast's passwords need not be hard to guess."""

from datetime import datetime
from typing import Any

import pytest

from onboarding.demo.scenario import approve, ask
from onboarding.domain.lanes import Lane
from onboarding.models import Request, User
from tests.support.approval_keys import enrolled
from tests.support.requests import spec_of
from tests.support.soft_passkey import SoftPasskey


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def danas(cast: dict[str, User], now: datetime) -> SoftPasskey:
    """Dana's passkey, enrolled for the network lane."""
    return enrolled("dana", now=now)


@pytest.fixture
def asked_for(danas: SoftPasskey, now: datetime) -> Request:
    """Alice's request, sent when Dana had a passkey; Pat approved the platform lane."""
    return approve(ask(spec_of(), now=now), "pat", Lane.PLATFORM, now=now)
