"""The database of an earlier release becomes this one's by `manage.py migrate`, with every row."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from onboarding.queries.triggers import MAKERS, required_triggers
from tests.support.released import GROWS, RELEASES, Released, Rows, released

READ = """
import json
import django
django.setup()
from onboarding.models import Request, Revision
from onboarding.plan.model import load_plan
from onboarding.queries.rendering import render
from onboarding.queries.subjects import subject_of
told = {"requests": {}, "revisions": {}, "same": [], "digests": []}
for row in Request.objects.select_related("team", "cluster").order_by("id"):
    kept = [(one.key, one.ref, dict(one.values)) for one in row.wanted.openings]
    told["requests"].setdefault(row.name, []).append(kept)
    told["digests"].append(row.digest == subject_of(row).digest)
in_force = Revision.objects.select_related("namespace__team", "namespace__cluster")
for row in in_force.order_by("number"):
    kept = [(one.key, one.ref, dict(one.values)) for one in row.wanted.openings]
    told["revisions"].setdefault(row.namespace.name, []).append(kept)
    again = render(row.wanted, team=row.namespace.team, cluster=row.namespace.cluster)
    told["same"].append(again.digest == load_plan(row.plan).digest)
print(json.dumps(told))
"""
READERS = ("alice", "dana", "frank", "pat")
# Every page that a reader is led to, as far as a few of each kind tell.
OPEN = """
import json, re
from collections import Counter
from urllib.parse import urlsplit
import django
django.setup()
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import resolve
from onboarding.models import User
setup_test_environment()
told = {"opened": {}, "refused": {}}
for name in ("alice", "dana", "frank", "pat"):
    client, waiting, seen, kinds = Client(), ["/"], {"/"}, Counter()
    client.force_login(User.objects.get(username=name))
    while waiting:
        path = waiting.pop(0)
        answer = client.get(path)
        if answer.status_code not in {200, 302}:
            told["refused"][f"{name} {path}"] = answer.status_code
        told["opened"][name] = told["opened"].get(name, 0) + 1
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        for link in re.findall(r'href="(/[^"#]*)', answer.content.decode()):
            link = link.replace("&amp;", "&")
            if link in seen or link.startswith(("/static/", "/accounts/")):
                continue
            kind = (resolve(urlsplit(link).path).view_name, bool(urlsplit(link).query))
            if kinds[kind] < 2:
                kinds[kind] += 1
                seen.add(link)
                waiting.append(link)
print(json.dumps(told))
"""
WEB = ["ingress-nginx", "allow-ingress@1"]
WEB_VALUES = {"source": "ingress-nginx", "component": "web", "ports": [8080, 8443]}
EXPOSED = [*WEB, WEB_VALUES]
INTERNET, ANYTHING = ["internet", "egress-internet@1", {}], ["open", "egress-open@1", {}]
# What the cast had asked for in the release that knew one exposure and one egress profile.
ASKED = {
    "payments-closed": [[]],
    "payments-prod": [[EXPOSED], [EXPOSED, INTERNET]],
    "payments-internet": [[INTERNET]],
    "payments-both": [[EXPOSED, INTERNET], [INTERNET]],
    "payments-open": [[ANYTHING]],
    "payments-waits": [[[*WEB, {**WEB_VALUES, "ports": [8080]}], ANYTHING]],
    "payments-draft": [[[*WEB, {**WEB_VALUES, "ports": [8080]}], INTERNET]],
}
IN_FORCE = {
    **{name: ASKED[name] for name in ASKED if name not in {"payments-waits", "payments-draft"}},
    "payments-both": ASKED["payments-both"][:1],
}


of_the_release_before = pytest.mark.parametrize(
    "upgraded", RELEASES[-1:], ids=lambda release: release.stem, indirect=True
)


@dataclass(frozen=True)
class Upgraded:
    """A database after the upgrade, and what its tables held before."""

    database: Released
    before: Rows


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release.stem)
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    with released(request.param, tmp_path_factory.mktemp("upgrade")) as database:
        before = database.rows()
        database.manage("migrate", "--verbosity", "0")
        yield Upgraded(database, before)


def test_every_row_of_an_earlier_release_is_kept(upgraded: Upgraded) -> None:
    after = upgraded.database.rows()
    assert len(upgraded.before["onboarding_event"]) > 10
    for table in upgraded.before.keys() - GROWS - {"sqlite_sequence"}:
        now = [
            {name: row[name] for name in row if name in known}
            for known, row in zip(upgraded.before[table], after[table], strict=True)
        ]
        assert now == upgraded.before[table], table


def test_the_upgraded_database_has_every_trigger_and_needs_no_other_migration(
    upgraded: Upgraded,
) -> None:
    database = upgraded.database
    wanted = required_triggers(database.vendor, [*MAKERS])
    assert database.triggers() == {trigger.name for trigger in wanted}
    database.manage("migrate", "--check")
    assert "no issues" in database.manage("check", "--database", "default")


def test_no_row_of_the_upgraded_database_names_one_that_is_not_there(upgraded: Upgraded) -> None:
    if upgraded.database.vendor == "sqlite":  # PostgreSQL has no row that does
        with closing(sqlite3.connect(upgraded.database.address)) as file:
            assert file.execute("PRAGMA foreign_key_check").fetchall() == []


@of_the_release_before
def test_what_was_asked_for_reads_as_openings_with_the_same_digest_and_plan(
    upgraded: Upgraded,
) -> None:
    told = json.loads(upgraded.database.python("-c", READ))
    assert told["digests"] == [True] * 9
    assert told["requests"] == ASKED
    assert told["revisions"] == IN_FORCE
    assert told["same"] == [True] * 6


@of_the_release_before
def test_every_page_of_it_opens(upgraded: Upgraded) -> None:
    told = json.loads(upgraded.database.python("-c", OPEN))
    assert told["refused"] == {}
    assert {name: count > 10 for name, count in told["opened"].items()} == dict.fromkeys(
        READERS, True
    )
