"""What an approver saw is compared as they decide, and kept with the decision for good."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from onboarding.demo.openings import ANYTHING, WEB
from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.canonical import canonical
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Forbidden, NotFound
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Decision,
    DecisionPicture,
    Request,
    Vote,
)
from onboarding.queries.request_picture import picture_of_request, pictures_kept
from onboarding.reachability import kept as kept_pictures
from onboarding.reachability.kept import UnknownPicture, dump_shown, load_shown
from onboarding.reachability.neighbourhood import Change
from onboarding.reachability.shown import MOST_MARKS, Shown
from onboarding.services.decide import ShownOtherwise
from onboarding.services.decide_as_shown import decide_as_shown
from tests.support.database_roles import as_owner
from tests.support.requests import send_back, spec_of
from tests.web.sights import SECRET, looked_at, see

pytestmark = pytest.mark.usefixtures("cast")
OPEN = {"openings": (WEB, ANYTHING), "lifetime_days": 30}


@pytest.fixture
def asked(cluster: Cluster, now: datetime) -> Request:
    """Open egress and an exposure, on a cluster that was looked at."""
    looked_at(cluster)
    return ask(spec_of(**OPEN), now=now)


def say(request: Request, username: str = "dana", **differing: object) -> Request:
    wanted: dict[str, object] = {
        "lane": Lane.NETWORK,
        "vote": Vote.APPROVE,
        "by": acting(username),
        "digest": request.digest,
        "reason": "",
        "now": request.created_at + timedelta(minutes=1),
        "token": picture_of_request(request).token,
        **differing,
    }
    return decide_as_shown(request.pk, **wanted)  # type: ignore[arg-type]  # some are wrong on purpose


def newcomers(cluster: Cluster) -> None:
    """A look meets a namespace that nobody has seen before."""
    see(cluster, "newcomers", {"app": "x"})
    ClusterObservation.objects.update(version=F("version") + 1)


def kept(request: Request) -> Shown:
    [one] = pictures_kept(request)
    return load_shown(one.kept)


def test_a_decision_keeps_what_was_shown(asked: Request) -> None:
    shown = picture_of_request(asked)
    say(asked)
    assert kept(asked).marks == shown.marks
    assert kept(asked).seen_at == shown.seen_at
    assert pictures_kept(asked)[0].decision == Decision.objects.get()


def test_what_was_kept_says_the_same_line_by_line(asked: Request) -> None:
    shown = picture_of_request(asked)
    again = load_shown(dump_shown(shown))
    assert {one.mark for one in again.lines} == {one.mark for one in shown.lines}
    assert {one.mark for one in again.findings} == {one.mark for one in shown.findings}
    assert [one.beyond for one in again.findings] == [one.beyond for one in shown.findings]
    moved = (again.gaining, again.losing, again.risk, again.risk_reasons, again.left_off)
    assert moved == (shown.gaining, shown.losing, shown.risk, shown.risk_reasons, 0)


def test_it_stays_as_it_was_when_the_cluster_moves_on(asked: Request, cluster: Cluster) -> None:
    say(asked)
    before = kept(asked)
    newcomers(cluster)
    assert kept(asked) == before
    assert "newcomers" in picture_of_request(asked).gaining
    assert "newcomers" not in before.gaining


def test_what_opens_more_than_was_shown_is_not_decided(asked: Request, cluster: Cluster) -> None:
    token = picture_of_request(asked).token
    newcomers(cluster)
    with pytest.raises(ShownOtherwise, match=r"changed while you read\. Nothing was decided"):
        say(asked, token=token)
    assert not Decision.objects.exists()
    assert say(asked).decisions.count() == 1


@pytest.mark.parametrize("vote", [Vote.RETURN, Vote.REJECT])
def test_a_no_is_a_word_on_what_was_shown_too(asked: Request, vote: Vote) -> None:
    with pytest.raises(ShownOtherwise):
        say(asked, vote=vote, reason="Too wide.", token="")
    say(asked, vote=vote, reason="Too wide.")
    assert DecisionPicture.objects.count() == 1


def test_what_stays_closed_stands_in_nobodys_way(cluster: Cluster, now: datetime) -> None:
    looked_at(cluster)
    request = ask(spec_of(), now=now)
    token = picture_of_request(request).token
    newcomers(cluster)
    assert say(request, token=token).decisions.count() == 1


def test_a_look_that_shows_the_same_stands_in_nobodys_way(asked: Request, now: datetime) -> None:
    token = picture_of_request(asked).token
    ClusterObservation.objects.update(seen_at=now, trouble="no answer")
    assert say(asked, token=token).decisions.count() == 1


def test_what_everybody_is_refused_comes_before_what_was_shown(asked: Request) -> None:
    with pytest.raises(Forbidden, match="not one of the network approvers"):
        say(asked, "erin", token="")
    with pytest.raises(NotFound):
        say(asked, "charlie", token="")
    with pytest.raises(Conflict, match="was edited"):
        say(asked, digest="sha256:" + "0" * 64, token="")


def test_a_decision_without_a_picture_has_none(asked: Request, now: datetime) -> None:
    approve(asked, "dana", Lane.NETWORK, now=now)
    assert pictures_kept(asked) == []


def test_a_decision_that_no_longer_counts_shows_nothing(asked: Request, now: datetime) -> None:
    say(asked)
    send_back(asked, "pat", Lane.PLATFORM, now=now)
    Decision.objects.update(voided_at=now)
    assert pictures_kept(asked) == []
    assert DecisionPicture.objects.count() == 1


def test_the_baseline_is_told_apart(asked: Request) -> None:
    shown = picture_of_request(asked)
    baseline = [one for one in shown.lines if one.is_baseline]
    assert baseline
    assert all(one.line.change is Change.OPENS and not one.moves for one in baseline)
    rules = {
        rule.policy.template
        for one in baseline
        for opening in one.line.answer.openings
        for rule in opening.rules
        if rule.policy.namespace == shown.namespace
    }
    assert rules <= {"allow-dns@1", "allow-internal-ingress@1", "allow-internal-egress@1"}


def test_name_resolution_is_nobodys_blast_radius(cluster: Cluster, now: datetime) -> None:
    looked_at(cluster)
    assert picture_of_request(ask(spec_of(), now=now)).gaining == ("ingress-nginx",)
    closed = ask(spec_of("closed", openings=()), now=now)
    assert picture_of_request(closed).gaining == ()


def test_labels_of_other_peoples_pods_are_not_kept(asked: Request) -> None:
    say(asked)
    assert SECRET not in canonical(DecisionPicture.objects.get().shown).decode()


def test_what_is_kept_is_bounded_and_what_moves_comes_first(
    asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = picture_of_request(asked)
    monkeypatch.setattr(kept_pictures, "MOST_BYTES", 2000)
    again = load_shown(dump_shown(shown))
    assert again.left_off == len(shown.lines) - len(again.lines) > 0
    assert again.lines[0].moves
    assert len(canonical(dump_shown(shown)["lines"])) < 2100


def test_a_token_is_bounded(asked: Request) -> None:
    shown = picture_of_request(asked)
    many = replace(shown, gaining=tuple(f"ns-{number}" for number in range(1000)))
    fewer = replace(shown, gaining=many.gaining[:-1])
    assert len(many.marks) == MOST_MARKS + 1
    assert many.token != fewer.token


@pytest.mark.parametrize("damaged", [{"v": 2}, {"risk": "none"}, {"lines": [{"way": "up"}]}])
def test_a_picture_that_cannot_be_read_is_refused(
    asked: Request, damaged: dict[str, object]
) -> None:
    whole = dump_shown(picture_of_request(asked))
    with pytest.raises(UnknownPicture):
        load_shown({**whole, **damaged})  # type: ignore[dict-item]


def test_a_finding_that_lint_forgot_keeps_its_title(asked: Request) -> None:
    whole = dump_shown(picture_of_request(asked))
    findings = whole["findings"]
    assert isinstance(findings, list)
    assert isinstance(findings[0], dict)
    findings[0] |= {"code": "BH999", "title": "Forgotten"}
    first = load_shown(whole).findings[0].finding.code
    assert (first.id, first.title) == ("BH999", "Forgotten")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE onboarding_decisionpicture SET shown = shown",
        "DELETE FROM onboarding_decisionpicture",
    ],
)
def test_a_picture_is_only_added(statement: str, asked: Request) -> None:
    say(asked)
    with pytest.raises(DatabaseError, match="append-only"):
        run(statement)


@pytest.mark.parametrize("how", ["closed", "voided"])
def test_nobody_adds_a_picture_afterwards(how: str, asked: Request, now: datetime) -> None:
    approve(asked, "dana", Lane.NETWORK, now=now)
    decision = Decision.objects.get()
    if how == "closed":
        send_back(asked, "pat", Lane.PLATFORM, now=now)
    else:
        Decision.objects.update(voided_at=now)
    with pytest.raises(DatabaseError, match="kept as its request is decided"):
        with transaction.atomic():
            DecisionPicture.objects.create(decision=decision, shown={})


def test_a_decision_has_one_picture(asked: Request) -> None:
    say(asked)
    with pytest.raises(DatabaseError), transaction.atomic():
        DecisionPicture.objects.create(decision=Decision.objects.get(), shown={})
    if connection.vendor == "sqlite":
        with pytest.raises(DatabaseError, match="append-only"):
            run(
                "INSERT OR REPLACE INTO onboarding_decisionpicture "
                "SELECT * FROM onboarding_decisionpicture"
            )


def run(statement: str) -> None:
    """Try a statement as the owner of the tables."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
