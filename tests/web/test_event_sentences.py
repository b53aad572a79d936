"""Every event is a sentence that names its subject, with links to what the reader may open."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from onboarding.demo.scenario import ask, demo_spec
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import PROVISIONING
from onboarding.models import Cluster, Event, ManagedNamespace, User
from onboarding.pages.event_lines import EventLine, by_day, event_lines
from onboarding.pages.event_links import EventLinks
from onboarding.pages.event_sentences import SENTENCES, body_of, sentence_of
from onboarding.pages.step_words import WORDS
from onboarding.queries.permissions import Permissions, permissions_of
from onboarding.services import history
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
ABOUT = history.About(
    "row", "7", "the-subject", team="payments", cluster="a-cluster", namespace="a-namespace",
    request="REQ-ABCDEF",
)  # fmt: skip


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))


def told(
    action: Action, now: datetime, about: history.About = ABOUT, **body: Any
) -> tuple[Event, str]:
    """An event, and its sentence as text."""
    event = history.record(action, actor=history.SYSTEM, at=now, about=about, body=body)
    return event, strip_tags(sentence_of(event, body_of(event), EventLinks()))


def lines_of(user: User, **about: str) -> list[EventLine]:
    return event_lines([*Event.objects.filter(**about).order_by("-id")], permissions_of(user))


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_sentence_that_names_its_subject(action: Action, now: datetime) -> None:
    _event, said = told(action, now)
    assert any(name in said for name in ("the-subject", "a-cluster", "a-namespace"))
    assert "{" not in said
    assert said[0].islower()


@pytest.mark.parametrize("action", SENTENCES)
def test_no_word_is_private(action: Action, now: datetime) -> None:
    words = f" {told(action, now)[1]} {action.words} ".lower()
    for private in (" lane", "phase", "generation", " wish", "target state"):
        assert private not in words


@pytest.mark.parametrize(
    ("action", "body", "words"),
    [
        (Action.LANE_APPROVED, {"lane": "network"},
         "approved a-namespace for network (REQ-ABCDEF)"),
        (Action.REQUEST_REJECTED, {"lane": "security"},
         "rejected a-namespace, deciding for security (REQ-ABCDEF)"),
        (Action.REQUEST_SUBMITTED, {"kind": "retire"},
         "sent a request: the removal of a-namespace (REQ-ABCDEF)"),
        (Action.REQUEST_APPROVED, {},
         "gave the last approval: a-namespace is fully approved (REQ-ABCDEF)"),
        (Action.NAMESPACE_WANTED, {"generation": 3},
         "approved revision 3 of a-namespace (REQ-ABCDEF)"),
        (Action.PHASE_DONE, {"phase": "bound"},
         "finished a step of a-namespace: Quota and limits (REQ-ABCDEF)"),
        (Action.CLUSTER_CONDITION, {"condition": "unreachable"},
         "found the condition of cluster a-cluster changed: Does not answer"),
        (Action.CLUSTER_CLOSING, {"withdrawn": True},
         "withdrew the wish to close cluster a-cluster"),
        (Action.REQUEST_TAKEN_OVER, {"from": "Nora"},
         "took over the request for a-namespace (REQ-ABCDEF) from Nora"),
        (Action.REFRESH_ASKED, {"namespaces": ["a", "b"]},
         "asked to render 2 namespaces anew (the-subject)"),
        (Action.SUGGESTION_TAKEN, {"by": "Bob"},
         "took up what Bob suggested for a-namespace (REQ-ABCDEF)"),
        (Action.REFRESH_ASKED, {"namespaces": ["a"]},
         "asked to render 1 namespace anew (the-subject)"),
        (Action.NAMESPACE_ENDS_SOON, {"days": 7}, "told that a-namespace ends in 7 days"),
        (Action.NAMESPACE_ENDS_SOON, {"days": 1}, "told that a-namespace ends in 1 day"),
        (Action.EXPORTED, {"form": "csv"}, "exported history as CSV, for the-subject"),
    ],
)  # fmt: skip
def test_sentences_say_which_and_what(
    action: Action, body: dict[str, Any], words: str, now: datetime
) -> None:
    assert told(action, now, **body)[1] == words


def test_every_step_is_named(now: datetime) -> None:
    for phase in PROVISIONING:
        assert str(WORDS[phase][0]) in told(Action.PHASE_DONE, now, phase=phase.value)[1]


def test_every_approval_is_named(now: datetime) -> None:
    for lane in Lane:
        assert f"for {lane.value}" in told(Action.LANE_APPROVED, now, lane=lane.value)[1]


def test_an_action_of_another_release_is_told_as_it_is_stored(now: datetime) -> None:
    event, _said = told(Action.EXPORTED, now)
    event.action = "portal:thing:happened"
    said = strip_tags(sentence_of(event, {}, EventLinks()))
    assert said == "portal:thing:happened: the-subject"


def test_what_people_named_is_escaped(now: datetime) -> None:
    about = history.About("request", "1", "<b>", namespace="<script>", request="REQ-<i>")
    event = history.record(Action.LANE_APPROVED, actor=history.SYSTEM, at=now, about=about)
    markup = sentence_of(event, {"lane": "<u>"}, EventLinks())
    assert not {"<script>", "<i>", "<u>"} & {*markup.replace(">", "> ").split()}
    assert "&lt;script&gt;" in markup


def test_frank_opens_the_namespace_and_the_request_from_each_line(
    frank: User, prod: ManagedNamespace
) -> None:
    approval = lines_of(frank, action=Action.LANE_APPROVED.value)[0]
    label = approval.event.request
    assert f'href="/namespaces/{prod.public_id}/"' in approval.sentence
    assert f'href="/requests/{label.removeprefix("REQ-")}/"' in approval.sentence


def test_charlie_would_get_no_link(charlie: User, prod: ManagedNamespace) -> None:
    assert not [line for line in lines_of(charlie) if "href" in line.sentence]


def test_only_platform_admins_are_led_to_clusters(
    frank: User, pat: User, prod: ManagedNamespace, now: datetime
) -> None:
    told(Action.CLUSTER_CLOSED, now, history.about_cluster(prod.cluster))
    closed = {"action": Action.CLUSTER_CLOSED.value}
    assert f'href="/clusters/{prod.cluster.public_id}/"' in lines_of(pat, **closed)[0].sentence
    assert "href" not in lines_of(frank, **closed)[0].sentence


def test_platform_admins_are_led_to_people_and_auditors_are_not(
    frank: User, pat: User, now: datetime
) -> None:
    told(Action.PASSWORD_CHANGED, now, history.about_user(frank))
    changed = {"action": Action.PASSWORD_CHANGED.value}
    assert f'href="/people/{frank.pk}/"' in lines_of(pat, **changed)[0].sentence
    assert "href" not in lines_of(frank, **changed)[0].sentence


def test_every_action_has_a_sentence_of_its_own() -> None:
    assert {*Action} == {*SENTENCES}


def test_links_cost_the_same_for_one_line_and_for_many(
    pat: User, prod: ManagedNamespace, now: datetime
) -> None:
    few = statements(permissions_of(pat), limit=20)
    for number in range(8):
        ask(demo_spec(f"shop-{number}", cluster=prod.cluster.name), now=now)
    assert statements(permissions_of(pat), limit=100) == few == 5


def statements(permissions: Permissions, *, limit: int) -> int:
    events = [*Event.objects.order_by("-id")[:limit]]
    with CaptureQueriesContext(connection) as asked:
        event_lines(events, permissions)
    return len(asked)


def test_days_are_headings_in_the_order_of_the_lines(frank: User, prod: ManagedNamespace) -> None:
    lines = lines_of(frank)
    days = by_day(lines)
    assert [line for day in days for line in day.lines] == lines
    assert {day.date for day in days} == {line.event.at.date() for line in lines}


def test_what_the_administration_changed_is_told_field_by_field(frank: User, now: datetime) -> None:
    change = {"email": {"before": "a@x", "after": "b@x"}, "password": "changed"}
    told(Action.ROW_CHANGED, now, history.about_user(frank), changed=change)
    [line] = lines_of(frank, action=Action.ROW_CHANGED.value)
    assert line.details == ("email: a@x → b@x", "password: changed")
    assert strip_tags(line.sentence) == "changed person Frank"


def test_a_digest_is_short_on_the_page_and_whole_in_its_title(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    page = client_for(frank).get("/history/").content.decode()
    digest = lines_of(frank, action=Action.LANE_APPROVED.value)[0].digest
    assert f'<code title="{digest}">' in page
    assert f">{digest}<" not in page


def test_bob_reads_sentences_of_his_namespace(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = client_for(bob).get(f"/namespaces/{prod.public_id}/activity/")
    said = [strip_tags(line.sentence) for day in page.context["days"] for line in day.lines]
    assert any(words.startswith("approved payments-prod for network (REQ-") for words in said)
