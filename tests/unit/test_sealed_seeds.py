"""Secrets of second factors at rest: what the keys open, what they do not, and keys that change."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onboarding.services.sealed_seeds import CannotUnseal, seal, seal_all, unseal

OLD, NEW = b"o" * 32, b"n" * 32
SEALED_THEN = "sealed1:XIuj9ikHWNk/DzzV6eAEjOV7oa+3KhgM0gXjbiL3GwcDaG65fdSkIAL53tE="
ROOT = Path(__file__).parents[2]


@dataclass
class Factor:
    """Like allauth's row."""

    data: dict[str, Any]
    saved: int = 0

    def save(self, update_fields: list[str]) -> None:
        self.saved += 1


def test_what_was_sealed_opens_and_does_not_show() -> None:
    sealed = seal([NEW], "JBSWY3DPEHPK3PXP")
    assert "JBSWY3DP" not in sealed
    assert unseal([NEW], sealed) == "JBSWY3DPEHPK3PXP"
    assert seal([NEW], "JBSWY3DPEHPK3PXP") != sealed


def test_what_an_earlier_release_sealed_opens() -> None:
    """A migration sealed so (0021), and nothing seals it anew: text and key from that release."""
    assert unseal([b"k" * 32], SEALED_THEN) == "JBSWY3DPEHPK3PXP"


def test_the_first_key_seals_and_every_key_opens() -> None:
    assert unseal([NEW, OLD], seal([OLD], "seed")) == "seed"
    assert unseal([NEW], seal([NEW, OLD], "seed")) == "seed"


@pytest.mark.parametrize(
    "stored", ["JBSWY3DPEHPK3PXP", "", "sealed1:", "sealed1:%%", "sealed1:AA==", "sealed1:ü"]
)
def test_what_was_never_sealed_or_was_cut_short_opens_nothing(stored: str) -> None:
    with pytest.raises(CannotUnseal):
        unseal([NEW], stored)


@pytest.mark.parametrize("place", [8, 20, 40, -3])
def test_a_changed_letter_is_noticed(place: int) -> None:
    sealed = seal([NEW], "seed")
    letter = "A" if sealed[place] != "A" else "B"
    at = place % len(sealed)
    with pytest.raises(CannotUnseal):
        unseal([NEW], sealed[:at] + letter + sealed[at + 1 :])


def test_every_secret_is_sealed_and_nothing_else() -> None:
    factors = [
        Factor({"secret": "seed"}),
        Factor({"seed": "beef", "used_mask": 3}),
        Factor({"migrated_codes": ["1", "2"]}),
        Factor({"name": "key", "credential": {}}),
    ]
    assert seal_all(factors, [NEW]) == 3
    assert factors[1].data["used_mask"] == 3
    assert [unseal([NEW], one) for one in factors[2].data["migrated_codes"]] == ["1", "2"]
    assert factors[3] == Factor({"name": "key", "credential": {}})
    assert seal_all(factors, [NEW]) == 0


def test_after_a_change_of_keys_the_newest_alone_opens_all() -> None:
    factor = Factor({"secret": seal([OLD], "seed")})
    assert seal_all([factor], [NEW, OLD]) == 1
    assert unseal([NEW], factor.data["secret"]) == "seed"


def test_without_the_old_key_nothing_is_lost() -> None:
    factor = Factor({"secret": seal([OLD], "seed")})
    with pytest.raises(CannotUnseal):
        seal_all([factor], [NEW])
    assert (unseal([OLD], factor.data["secret"]), factor.saved) == ("seed", 0)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [("", "BULKHEAD_SECOND_FACTOR_KEYS is missing"), ("c2hvcnQ=", "each key is 32 bytes")],
)
def test_production_does_not_start_without_a_whole_key(keys: str, complaint: str) -> None:
    own = {k: v for k, v in os.environ.items() if not k.startswith("BULKHEAD_")}
    own |= {"BULKHEAD_SECRET_KEY": "a-key-of-the-test-" * 4, "BULKHEAD_SECOND_FACTOR_KEYS": keys}
    own |= {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "import portal.settings"]
    ended = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert complaint in ended.stderr
