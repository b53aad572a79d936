"""A cluster whose certificate authority was replaced: a condition of its own, and what ends it."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from onboarding.models import Cluster
from onboarding.services.credentials import encrypted_token, stored_token
from tests.cluster.conftest import Prepared
from tests.cluster.test_hostile_server import made_pair
from tests.support.requests import spec_of, wanted, work_on

pytestmark = pytest.mark.django_db


def trusting(row: Cluster, *, ca: str) -> None:
    """Have the row hold another authority, and a credential that was stored for it."""
    token, issued_at = stored_token(row)
    row.ca_pem = ca
    row.credential = encrypted_token(row, token, issued_at=issued_at)
    row.save()


def test_a_new_authority_stops_all_work_until_the_cluster_is_prepared_with_it(
    dev_eu: Cluster, prepared: Prepared, tmp_path: Path, name: str
) -> None:
    now = datetime.now(UTC)
    trusting(dev_eu, ca=made_pair(tmp_path / "old.pem").ca)
    namespace = work_on(wanted(spec_of(name), now=now), now=now)
    assert (namespace.state, namespace.cluster.condition) == ("wanted", "untrusted")
    assert "certificate is not accepted" in namespace.cluster.condition_message
    call_command("prepare_cluster", "dev-eu", kubeconfig=prepared.kubeconfig, stdout=StringIO())
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.cluster.condition) == ("ready", "ok")
