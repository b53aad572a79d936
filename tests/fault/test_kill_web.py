"""The web process is killed between the commit of an approval and its answer (G1, G3)."""

import http.client

import pytest

from tests.support.audit_log import creations
from tests.support.pat_without_scripts import Pat
from tests.support.real_processes import Live


def test_g03_an_approval_whose_answer_was_lost_counts_once(live: Live, prefix: str) -> None:
    [(name, public_id)] = live.act("ask", prefix).items()
    with live.web("tests.support.killable_web") as address:
        pat = Pat(address)
        url, page = pat.get(f"/approvals/{public_id}/")
        with pytest.raises((http.client.HTTPException, OSError)):
            pat.decide(url, page)
    with live.web() as address:
        again = Pat(address)
        url, fresh = again.get(f"/approvals/{public_id}/")
        assert 'name="vote"' not in fresh
        assert again.decide(url, fresh) == 409
    with live.sweeper():
        ended = live.act("wait", name)[name]
    assert (ended["state"], ended["approvals"]) == ("ready", 1)
    assert len(creations(live.audit.by_portal(name))) == 1
