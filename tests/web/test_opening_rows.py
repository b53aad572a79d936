"""Rows of openings in the request form: added, filled, taken away, kept and sent, no script."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.demo.scenario import demo_spec
from onboarding.domain.spec import Opening
from onboarding.models import ManagedNamespace, Request, User
from onboarding.plan.model import load_plan
from tests.web.sights import words
from tests.web.stories import onboarded, ready
from tests.web.test_kept_forms import Browser
from tests.web.test_kept_forms import desk as browser
from tests.web.test_request_form import NEW, ClientFor, answers, desk, previewed, said

__all__ = ["browser", "desk"]

API = {
    "opening-0-template": "allow-ingress@1",
    "opening-0-key": "",
    "opening-0-source": "ingress-nginx",
    "opening-0-component": "api",
    "opening-0-ports": "9090, 9091",
}
OUT = {"opening-1-template": "egress-internet@1", "opening-1-key": "shop"}
SECOND = Opening(
    "api",
    "allow-ingress",
    1,
    {"source": "ingress-nginx", "component": "api", "ports": [9090, 9091]},
)


def shown(page: str, name: str) -> str:
    """Return the tag of a field of the page, "" where it has none."""
    return next((tag for tag in page.split("<") if f'name="{name}"' in tag), "")


def sent(client: Client, **differing: Any) -> Request:
    assert client.post(NEW, answers(**differing)).status_code == 302
    return Request.objects.latest("id")


def test_a_button_adds_a_row_and_keeps_what_was_typed(desk: Client) -> None:
    typed = answers(action=None, add="allow-ingress", name="Wrong Name", **OUT)
    answer = desk.post(NEW, typed)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="allow-ingress@1"' in shown(html, "opening-2-template")
    assert "autofocus" in shown(html, "opening-2-source")
    assert 'value="shop"' in shown(html, "opening-1-key")
    assert 'value="Wrong Name"' in html
    assert "error-summary" not in html
    assert 'id="id_opening-2-ports_error"' not in html
    assert not Request.objects.exists()


def test_rows_that_nobody_wrote_in_yet_are_not_called_wrong_before_sending(desk: Client) -> None:
    empty = {"opening-0-template": "allow-ingress@1", "opening-0-ports": ""}
    html = desk.post(NEW, answers(action=None, add="allow-ingress", **empty)).content.decode()
    assert "_error" not in html
    assert 'id="id_opening-0-ports_error"' in said(desk, **empty)


def test_a_button_takes_a_row_away_and_keeps_the_others(desk: Client) -> None:
    html = desk.post(NEW, answers(action=None, remove="0", **API, **OUT)).content.decode()
    assert not shown(html, "opening-0-template")
    assert 'value="shop"' in shown(html, "opening-1-key")
    assert "autofocus" in next(tag for tag in html.split("<") if 'id="section-openings"' in tag)


@pytest.mark.parametrize("slug", ["deny-all", "egress-everything", ""])
def test_only_an_opening_on_offer_can_be_added(desk: Client, slug: str) -> None:
    html = desk.post(NEW, answers(action=None, add=slug, name="Typed")).content.decode()
    assert not shown(html, "opening-0-template")
    assert 'value="Typed"' in html


def test_a_row_goes_behind_the_others_or_where_one_was_taken_away(desk: Client) -> None:
    last = {"opening-15-template": "egress-internet@1", "opening-15-key": "last"}
    html = desk.post(NEW, answers(action=None, add="allow-ingress", **last)).content.decode()
    assert shown(html, "opening-0-template")
    assert 'value="last"' in shown(html, "opening-15-key")


def test_a_full_form_says_so_and_loses_nothing(desk: Client) -> None:
    full = {f"opening-{number}-template": "egress-internet@1" for number in range(16)}
    typed = answers(action=None, add="allow-ingress", name="Typed", **full)
    answer = desk.post(NEW, typed)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "This form holds no more openings." in words(html)
    assert 'name="add"' not in html
    assert 'value="Typed"' in html
    beyond = {"opening-16-template": "egress-internet@1"}
    assert desk.post(NEW, answers(**beyond)).status_code == 400


def test_return_presses_submit_and_no_button_of_an_opening(desk: Client) -> None:
    html = desk.post(NEW, answers(action=None, add="allow-ingress")).content.decode()
    form = html[html.index('id="request-form"') :]
    first = next(tag for tag in form.split("<") if tag.startswith("button"))
    assert 'name="action" value="submit"' in first


def test_each_row_is_an_opening_with_a_policy_of_its_own(desk: Client) -> None:
    row = sent(desk, **API, **OUT)
    internet = Opening("shop", "egress-internet", 1)
    assert row.wanted.openings == (WEB, SECOND, internet)
    names = [planned.key.name for planned in load_plan(row.plan).objects]
    assert {"allow-ingress-ingress-nginx", "allow-ingress-api", "egress-internet"} <= {*names}


def test_two_that_nobody_named_are_told_apart(desk: Client) -> None:
    again = {name.replace("-0-", "-3-"): value for name, value in API.items()}
    row = sent(desk, **API, **{**again, "opening-3-ports": "7070"})
    assert [one.key for one in row.wanted.openings] == ["ingress-nginx", "api", "api-2"]


@pytest.mark.parametrize(
    ("differing", "field", "problem"),
    [
        ({"opening-0-ports": "http"}, "opening-0-ports", "“http” is not a number."),
        ({"opening-0-ports": ""}, "opening-0-ports", "Enter at least one port."),
        ({"opening-0-source": "0.0.0.0/0"}, "opening-0-source", "is not an ingress source"),
        ({"opening-0-source": ""}, "opening-0-source", "Choose one."),
        ({"opening-0-component": ""}, "opening-0-component", "Say which pods serve"),
        ({"opening-0-key": "Not A Label"}, "opening-0-key", "Use lowercase letters only."),
        ({"opening-0-key": "ingress-nginx"}, "opening-0-key", "Two openings are called"),
        (
            {"opening-0-component": "web", "opening-0-ports": "8080"},
            "opening-0-key",
            "“web” opens what “ingress-nginx” opens already.",
        ),
    ],
)
def test_what_is_wrong_with_a_row_is_said_at_its_field(
    desk: Client, differing: dict[str, str], field: str, problem: str
) -> None:
    html = said(desk, **{**API, **differing})
    assert f'href="#id_{field}"' in html
    [told] = re.findall(rf'id="id_{field}_error">(.*?)</div>', html, re.DOTALL)
    assert problem in words(told)


def test_an_opening_that_is_not_on_offer_can_only_be_taken_away(desk: Client) -> None:
    lost = {
        "opening-0-template": "allow-ingress@7",
        "opening-0-source": "ingress-nginx",
        "opening-0-paths": "/admin",
    }
    html = said(desk, **lost)
    assert "“allow-ingress@7” is not on offer." in html
    assert "Remove it to send the form." in html
    removed = desk.post(NEW, answers(action=None, remove="0", **lost)).content.decode()
    assert "opening-0-" not in removed
    assert 'id="opening-0-said"' not in previewed(desk, **lost)
    assert sent(desk, form_key="b" * 32).wanted.openings == (WEB,)


@pytest.mark.parametrize("field", ["opening-0-egress", "opening-1-key", "opening-x-template"])
def test_a_row_takes_only_the_fields_of_its_template(desk: Client, field: str) -> None:
    assert desk.post(NEW, answers(**API, **{field: "x"})).status_code == 400
    assert not Request.objects.exists()


def test_the_preview_says_what_each_row_opens_and_draws_it(desk: Client) -> None:
    html = previewed(desk, **API)
    [told] = re.findall(r'id="opening-0-said" hx-swap-oob="true">(.*?)</p>', html, re.DOTALL)
    assert "Opens TCP 9090, 9091 from ingress-nginx to app=api." in words(told)
    assert "can call api on TCP 9090, 9091." in words(html)
    assert "allow-ingress-api" in html
    unfinished = previewed(desk, **{**API, "opening-0-ports": ""})
    assert "Opens nothing yet: answers are missing." in words(unfinished)
    assert "allow-ingress-api" not in unfinished


def test_what_must_end_sets_the_end_from_a_row_too(desk: Client) -> None:
    row = {"opening-0-template": "egress-open@1", "opening-0-key": ""}
    html = previewed(desk, lifetime="none", **row)
    assert "its lifetime was set to 30 days" in words(html)
    assert "30 days at most" in said(desk, lifetime="none", **row)


def test_a_draft_comes_back_with_its_rows(desk: Client) -> None:
    draft = sent(desk, action="draft", **API, **OUT)
    html = desk.get(reverse("request-edit", args=[draft.public_id])).content.decode()
    assert 'value="api"' in shown(html, "opening-0-component")
    assert 'value="9090, 9091"' in shown(html, "opening-0-ports")
    internet = next(tag for tag in html.split("<") if 'name="egress" value="internet"' in tag)
    assert "checked" in internet  # what one of the two questions asks for stands there
    assert not shown(html, "opening-1-template")


def test_what_somebody_began_is_gone_on_with_rows_and_all(desk: Client) -> None:
    desk.post(reverse("started-form"), answers(action=None, **API))
    html = desk.get(NEW, {"go_on": "1"}).content.decode()
    assert 'value="api"' in shown(html, "opening-0-component")
    assert 'value="9090, 9091"' in shown(html, "opening-0-ports")


def test_what_somebody_took_away_does_not_come_back(desk: Client) -> None:
    desk.post(reverse("started-form"), answers(action=None, **API))
    desk.post(NEW, answers(action=None, remove="0", **API))
    assert not shown(desk.get(NEW, {"go_on": "1"}).content.decode(), "opening-0-template")


def test_a_name_is_made_of_any_component(desk: Client) -> None:
    row = sent(desk, **{**API, "opening-0-component": f"Web_API.{'x' * 50}"})
    assert row.wanted.openings[1].key == f"web-api-{'x' * 32}"


def test_a_form_kept_through_a_sign_in_has_its_rows_again(browser: Browser) -> None:
    proof = browser.proof_on(NEW)
    browser.lose_session()
    kept = browser.send(NEW, {**answers(**API, **OUT), "csrfmiddlewaretoken": proof})
    html = browser.client.get(
        browser.sign_in("alice", kept["Location"])["Location"]
    ).content.decode()
    assert 'value="api"' in shown(html, "opening-0-component")
    assert 'value="9090, 9091"' in shown(html, "opening-0-ports")
    assert 'value="shop"' in shown(html, "opening-1-key")
    assert not Request.objects.exists()


class TestLiveNamespace:
    @pytest.fixture
    def prod(self, desk: Client) -> ManagedNamespace:
        spec = demo_spec("payments-prod", cluster="dev-eu", openings=(WEB, SECOND, INTERNET))
        return ready(onboarded(spec))

    def change(self, row: ManagedNamespace) -> str:
        return reverse("namespace-change", args=[row.public_id])

    def as_shown(self, desk: Client, row: ManagedNamespace) -> dict[str, str]:
        """Return what a browser would send if nothing were touched."""
        form = desk.get(self.change(row)).context["form"]
        fields = {}
        for bound in form:
            value = bound.field.prepare_value(bound.value())
            fields[bound.html_name] = "" if value is None else str(value)
        return fields | {"why": "The shop grows.", "action": "submit"}

    def test_its_openings_are_shown_and_sending_them_unchanged_is_nothing_new(
        self, desk: Client, prod: ManagedNamespace
    ) -> None:
        fields = self.as_shown(desk, prod)
        assert fields["opening-0-component"] == "api"
        assert fields["egress"] == "internet"
        answer = desk.post(self.change(prod), fields)
        assert answer.status_code == 422
        assert "Nothing would change" in words(answer)

    def test_one_is_taken_away_and_the_others_stay(
        self, desk: Client, prod: ManagedNamespace
    ) -> None:
        fields = self.as_shown(desk, prod)
        kept = {name: one for name, one in fields.items() if not name.startswith("opening-")}
        assert desk.post(self.change(prod), kept).status_code == 302
        assert Request.objects.latest("id").wanted.openings == (WEB, INTERNET)

    def test_an_opening_keeps_its_name_where_one_of_the_two_questions_asks_for_it(
        self, desk: Client
    ) -> None:
        row = ready(onboarded(demo_spec("payments-api", cluster="dev-eu", openings=(SECOND,))))
        fields = {**self.as_shown(desk, row), "ports": "9090"}
        assert (fields["component"], fields["ingress"]) == ("api", "ingress-nginx")
        assert desk.post(self.change(row), fields).status_code == 302
        assert [one.key for one in Request.objects.latest("id").wanted.openings] == ["api"]

    def test_what_changes_is_said_opening_by_opening(
        self, desk: Client, prod: ManagedNamespace, dana: User, client_for: ClientFor
    ) -> None:
        fields = {**self.as_shown(desk, prod), "opening-0-ports": "9090"}
        desk.post(self.change(prod), fields)
        queue = words(client_for(dana).get(reverse("queue")))
        assert "Closes TCP 9091 from ingress-nginx to app=api." in queue


def test_a_conflict_says_which_openings_differ(desk: Client) -> None:
    draft = sent(desk, action="draft", **API)
    edit = reverse("request-edit", args=[draft.public_id])
    version = re.findall(r'name="version" value="([^"]*)"', desk.get(edit).content.decode())[0]
    desk.post(edit, answers(action="draft", form_key="b" * 32, version=version))
    late = {**API, "opening-0-ports": "7070"}
    answer = desk.post(edit, answers(form_key="c" * 32, version=version, **late))
    assert answer.status_code == 409
    text = words(answer)
    assert "Further openings (nothing) api: TCP 7070 from ingress-nginx to app=api" in text


def test_anything_is_no_more_than_it_was(desk: Client) -> None:
    """Open egress beside the internet opens all of it, and is told so once."""
    row = sent(
        desk,
        egress="internet",
        lifetime="30",
        **{"opening-0-template": "egress-open@1", "opening-0-key": ""},
    )
    assert row.wanted.openings == (WEB, INTERNET, ANYTHING)
    assert {lane.lane for lane in row.lanes.all()} >= {"network", "security"}


def test_exposures_of_one_component_on_two_ports_are_two_openings(desk: Client) -> None:
    row = sent(desk, **{**API, "opening-0-component": "web", "opening-0-ports": "9443"})
    second = exposed("ingress-nginx", "web", (9443,))
    assert [one.values for one in row.wanted.openings] == [WEB.values, second.values]
