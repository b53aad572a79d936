"""The web process cannot reach a cluster: no code for it is loaded, and no key opens a credential.

Asked in a process of its own, with the environment that the web process is given.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from onboarding.models import Cluster
from onboarding.services.credentials import NoCredential, stored_token
from tests.cluster.conftest import MANIFESTS

ROOT = MANIFESTS.parents[1]
KEYS = "BULKHEAD_CREDENTIAL_KEYS"
# Loads all that serving any page loads: the application, every route, the admin site.
SERVE = """
import json, sys
from portal.wsgi import application
from django.conf import settings
from django.urls import get_resolver
from django.contrib import admin

def walk(patterns):
    for entry in patterns:
        yield from walk(entry.url_patterns) if hasattr(entry, "url_patterns") else [entry.callback]

routes = list(walk(get_resolver().url_patterns))
print(json.dumps({
    "routes": len(routes),
    "models": len(admin.site._registry),
    "keys": len(settings.BULKHEAD_CREDENTIAL_KEYS),
    "modules": sorted(sys.modules),
}))
"""


def web_environment(folder: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != KEYS}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "BULKHEAD_DEMO": "1",
        "BULKHEAD_DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "BULKHEAD_STATE_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a web process has loaded once it can answer every route."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "static").mkdir()
    answer = subprocess.run(
        [sys.executable, "-c", SERVE],
        env=web_environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return dict(json.loads(answer.stdout))


def test_every_route_was_loaded(serving: dict[str, Any]) -> None:
    assert serving["routes"] > 20


def test_no_code_that_speaks_to_a_cluster_is_loaded(serving: dict[str, Any]) -> None:
    loaded = set(serving["modules"])
    assert "onboarding.urls" in loaded
    assert "kubernetes" not in loaded
    assert not [name for name in loaded if name.startswith("onboarding.cluster")]


def test_the_web_process_has_no_key(serving: dict[str, Any]) -> None:
    assert serving["keys"] == 0


@pytest.mark.django_db
def test_without_a_key_the_stored_credential_stays_shut(dev_eu: Cluster, settings: Any) -> None:
    token, _ = stored_token(dev_eu)
    assert token.encode() not in bytes(dev_eu.credential or b"")
    settings.BULKHEAD_CREDENTIAL_KEYS = []
    with pytest.raises(NoCredential, match="no key in BULKHEAD_CREDENTIAL_KEYS"):
        stored_token(dev_eu)
