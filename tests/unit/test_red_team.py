"""Who refused a request: the red teams count only what was really refused."""

import pytest

from tests.support.raw_api import RawApi, Reply
from tests.support.red_team import NOBODY, Campaign, Request, create, refused_by

ADMISSION = "ValidatingAdmissionPolicy 'bulkhead-confined' with binding 'bulkhead-confined' denied"
SAID = {
    (201, ""): NOBODY,
    (404, 'pods "web" not found'): NOBODY,
    (409, "already exists"): NOBODY,
    (403, "for a reason nobody knows"): NOBODY,
    (400, "the namespace does not match"): "validation",
    (403, 'User "alice" cannot create resource "pods"'): "RBAC",
    (403, 'pods "x" is forbidden: violates PodSecurity "baseline:latest"'): "Pod Security",
    (403, 'services "x" is forbidden: exceeded quota: quota'): "quota",
    (403, ADMISSION): "bulkhead-confined",
    (422, f"{ADMISSION} request"): "bulkhead-confined",
}


@pytest.mark.parametrize(("status", "message"), SAID)
def test_who_refused(status: int, message: str) -> None:
    assert refused_by(Reply(status, {"message": message})) == SAID[status, message]


class TestACampaign:
    @pytest.fixture
    def campaign(self, monkeypatch: pytest.MonkeyPatch) -> Campaign:
        """Against a server that lets everything through."""
        monkeypatch.setattr(Request, "by", lambda *_: Reply(201, {}))
        return Campaign(RawApi.__new__(RawApi))

    def test_what_was_let_through_fails_it(self, campaign: Campaign) -> None:
        campaign.expect("RBAC", [create("a pod", "/pods", {})])
        with pytest.raises(AssertionError, match="a pod: nobody: 201"):
            campaign.attempts("a team")

    def test_nothing_is_counted_twice(self, campaign: Campaign) -> None:
        campaign.expect(NOBODY, [create("a pod", "/pods", {})])
        with pytest.raises(AssertionError, match="twice: a pod"):
            campaign.expect(NOBODY, [create("a pod", "/pods", {})])
