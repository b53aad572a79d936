"""Two web processes with clocks five minutes apart on one database (E4)."""

from tests.support.pat_without_scripts import Pat
from tests.support.real_processes import Live


def test_e4_an_approval_by_the_process_that_is_ahead_waits_for_nothing(
    live: Live, prefix: str
) -> None:
    names = [f"{prefix}-right", f"{prefix}-ahead"]
    asked = live.act("ask", *names)
    with live.web() as right, live.web("tests.support.web_five_minutes_ahead") as ahead:
        for address, name in zip((right, ahead), names, strict=True):
            pat = Pat(address)
            url, page = pat.get(f"/approvals/{asked[name]}/")
            assert pat.decide(url, page) == 200
    with live.sweeper():
        ended = live.act("wait", *names)
    assert [ended[name]["state"] for name in names] == ["ready", "ready"]
    assert live.act("future") == 0
