"""The worker is killed at every boundary event; the next one finishes, once (G1, G2, G9)."""

import json

from tests.support.audit_log import check_fence_first, creations
from tests.support.real_processes import Live


def test_g01_killed_anywhere_it_ends_ready_once_behind_its_fence(live: Live, prefix: str) -> None:
    fates = json.loads(live.run("tests.support.killable_worker", prefix))
    events = [event for _, event in fates]
    assert {"before phase create", "after phase grant", "before journal done"} <= set(events)
    names = [name for name, _ in fates]
    with live.sweeper():
        ended = live.act("wait", *names)
    assert {name: row for name, row in ended.items() if row["state"] != "ready"} == {}
    assert {row["deviations"] for row in ended.values()} == {0}
    for name, event in fates:
        entries = live.audit.by_portal(name)
        assert len(creations(entries)) == 1, f"killed at {event}"
        assert creations(entries)[0].stored["metadata"]["uid"] == ended[name]["uid"]
        check_fence_first(entries)
