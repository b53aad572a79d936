"""The recipe for managed clusters in docs/administration.md works as it stands."""

import os
import re
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from onboarding.domain.objects import Key
from onboarding.models import Cluster
from onboarding.services.credentials import open_gateway
from tests.cluster.conftest import Prepared

pytestmark = pytest.mark.django_db
ROOT = Path(django_settings.BASE_DIR)
COMMAND = "manage.py prepare_cluster NAME --kubeconfig setup.yaml\n"
SETUP = Key("ServiceAccount", "kube-system", "bulkhead-setup")


def recipe() -> tuple[str, str]:
    """What is run before and after the portal's own command."""
    document = (ROOT / "docs/administration.md").read_text()
    section = document.partition("### A kubeconfig for managed clusters")[2]
    [block] = re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL)[:1]
    before, _, after = block.partition(COMMAND)
    return before, after


def run(script: str, folder: Path, kubeconfig: Path) -> None:
    path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig)},
        check=True,
    )


def test_a_cluster_is_prepared_with_a_token_of_ten_minutes(
    prepared: Prepared, tmp_path: Path, settings: Any
) -> None:
    settings.BULKHEAD_CREDENTIAL_KEYS = [b"k" * 32]
    before, after = recipe()
    run(before, tmp_path, prepared.kubeconfig)
    assert (tmp_path / "setup.yaml").stat().st_mode & 0o077 == 0
    made = tmp_path / "setup.yaml"
    call_command("prepare_cluster", "managed", kubeconfig=made, stdout=StringIO())
    run(after, tmp_path, prepared.kubeconfig)
    assert not [*tmp_path.iterdir()]
    assert prepared.admin.get(SETUP) is None
    assert open_gateway(Cluster.objects.get()).get(Key("Namespace", "", "kube-system"))
