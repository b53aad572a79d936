"""What only a real server can show of the gateway: rights, credentials, pages, paths."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from onboarding.cluster.connections import HttpClient
from onboarding.cluster.errors import AccessDenied, Unauthorized, Untrusted
from onboarding.cluster.gateway import Gateway
from onboarding.cluster.kinds import KINDS
from onboarding.cluster.responses import Response
from onboarding.domain.objects import Key, key_of
from tests.cluster.conftest import Prepared
from tests.support.http_cluster import status_tree
from tests.support.worlds import DENY_ALL_SPEC, BreakGlass, World


def test_a_right_the_portal_lacks_is_forbidden(prepared: Prepared) -> None:
    with pytest.raises(AccessDenied) as refusal:
        prepared.portal.get(Key("ServiceAccount", "default", "default"))
    assert refusal.value.status == 403
    assert "cannot get resource" in refusal.value.message


def test_a_credential_the_server_does_not_know_is_unauthorized(prepared: Prepared) -> None:
    stranger = Gateway(replace(prepared.portal_connection, token="made-up"))
    with pytest.raises(Unauthorized):
        stranger.list("Namespace")


def test_a_server_with_an_unknown_certificate_is_untrusted(prepared: Prepared) -> None:
    elsewhere = Gateway(replace(prepared.portal_connection, ca=""))
    with pytest.raises(Untrusted, match="certificate is not accepted: unable to get local issuer"):
        elsewhere.list("Namespace")


def test_long_lists_arrive_page_by_page_and_whole(
    prepared: Prepared, team_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(prepared.portal, BreakGlass(prepared.break_glass), team_namespace)
    for number in range(5):
        world.gateway.create(world.policy(f"p{number}", DENY_ALL_SPEC))
    monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 2)
    before = world.gateway.requests
    found = world.gateway.list("NetworkPolicy", team_namespace)
    assert [key_of(one).name for one in found] == ["p0", "p1", "p2", "p3", "p4"]
    assert world.gateway.requests == before + 3


@dataclass
class LosesItsPlace:
    """A line to the real server that answers the first request for a second page with 410."""

    line: HttpClient
    lost: int = 0

    def send(self, method: str, path: str, **options: Any) -> Response:
        if "continue" in (options.get("query") or {}) and not self.lost:
            self.lost += 1
            said = "the continue parameter is too old"
            return Response(410, status_tree(410, said, reason="Expired"))
        return self.line.send(method, path, **options)

    def close(self) -> None:
        self.line.close()


def test_a_list_that_expired_half_way_is_read_again_from_the_start(
    prepared: Prepared, team_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(prepared.portal_connection)
    world = World(gateway, BreakGlass(prepared.break_glass), team_namespace)
    for number in range(3):
        gateway.create(world.policy(f"p{number}", DENY_ALL_SPEC))
    monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 2)
    line = LosesItsPlace(gateway._line)
    monkeypatch.setattr(gateway, "_line", line)
    found = gateway.list("NetworkPolicy", team_namespace)
    assert line.lost == 1
    assert [key_of(one).name for one in found] == ["p0", "p1", "p2"]


@pytest.mark.parametrize("name", ["", "..", "a/b", "a?b", "a\n"])
def test_a_name_that_is_no_step_of_a_path_is_never_sent(prepared: Prepared, name: str) -> None:
    """An empty one would turn "delete this policy" into "delete all policies"."""
    with pytest.raises(ValueError, match="not a name"):
        prepared.portal.delete(Key("NetworkPolicy", "default", name))


def test_every_kind_has_its_place_on_the_server(prepared: Prepared) -> None:
    for kind in KINDS:
        assert isinstance(prepared.admin.list(kind), list)
