"""Settings that would open the portal to strangers are refused, each in a sentence."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.start import DEMO_SECRET_KEY, Told, refuse_cluster_keys, refuse_to_start

KEY = "k3y-" + "of-mixed-characters-0123456789-" * 2
SOUND = {"https": True, "secret_key": KEY, "hosts": ["portal.example.org"]}
DANGEROUS = {
    "demo": ({"demo": True}, "BULKHEAD_DEMO and BULKHEAD_HTTPS are both set"),
    "debug": ({"debug": True}, "BULKHEAD_DEBUG and BULKHEAD_HTTPS are both set"),
    "demo key": ({"secret_key": DEMO_SECRET_KEY}, "BULKHEAD_SECRET_KEY is missing"),
    "no key": ({"secret_key": ""}, "BULKHEAD_SECRET_KEY is missing"),
    "short key": ({"secret_key": "short"}, "BULKHEAD_SECRET_KEY can be guessed"),
    "key of 49": ({"secret_key": KEY[:49]}, "BULKHEAD_SECRET_KEY can be guessed"),
    "few characters": ({"secret_key": "abcd" * 20}, "BULKHEAD_SECRET_KEY can be guessed"),
    "insecure key": (
        {"secret_key": "django-insecure-" + KEY},
        "BULKHEAD_SECRET_KEY can be guessed",
    ),
    "short token": ({"metrics_token": KEY[:19]}, "BULKHEAD_METRICS_TOKEN can be guessed"),
    "any host": ({"hosts": ["*"]}, "BULKHEAD_ALLOWED_HOSTS holds *:"),
    "subdomains": (
        {"hosts": ["portal.example.org", ".example.org"]},
        "BULKHEAD_ALLOWED_HOSTS holds .example.org:",
    ),
    "origin without TLS": (
        {"origins": ["http://portal.example.org"]},
        "BULKHEAD_TRUSTED_ORIGINS holds http://portal",
    ),
    "any origin": (
        {"origins": ["https://*.example.org"]},
        "BULKHEAD_TRUSTED_ORIGINS holds https://*",
    ),
    "any host without HTTPS": ({"https": False, "hosts": ["*"]}, "BULKHEAD_ALLOWED_HOSTS holds *:"),
    "short key without HTTPS": (
        {"https": False, "secret_key": "short"},
        "BULKHEAD_SECRET_KEY can be guessed",
    ),
}


@pytest.mark.parametrize(("changed", "words"), DANGEROUS.values(), ids=DANGEROUS)
def test_what_is_dangerous_is_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(words)):
        refuse_to_start(Told(**{**SOUND, **changed}))


@pytest.mark.parametrize(
    "sound",
    [
        SOUND,
        {**SOUND, "origins": ["https://portal.example.org"]},
        {"demo": True, "secret_key": DEMO_SECRET_KEY, "hosts": ["*"]},
        {"debug": True, "secret_key": "short"},
    ],
)
def test_what_is_sound_starts(sound: dict[str, object]) -> None:
    refuse_to_start(Told(**sound))


def test_everything_is_said_at_once() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY.*ALLOWED_HOSTS"):
        refuse_to_start(Told(https=True, secret_key="short", hosts=["*"]))


def test_the_web_process_is_given_no_key_to_clusters() -> None:
    refuse_cluster_keys([])
    with pytest.raises(ImproperlyConfigured, match="BULKHEAD_CREDENTIAL_KEYS"):
        refuse_cluster_keys([b"k" * 32])
