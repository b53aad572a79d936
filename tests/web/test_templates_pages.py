"""The catalogue: what every template says, and who uses it as far as the reader may see."""

import re
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onboarding.demo.openings import INTERNET, WEB
from onboarding.demo.scenario import demo_spec
from onboarding.domain.catalogue import Catalogue, OpeningDirection, Template
from onboarding.domain.parameters import CHECKS, Parameter
from onboarding.models import Cluster, User
from onboarding.pages import catalogue as catalogue_page
from onboarding.pages.catalogue import Gives
from onboarding.pages.parameter_words import KINDS, bound_words, kind_words
from onboarding.plan.catalogue_files import CATALOGUE_DIR, load_catalogue
from onboarding.templatetags.object_words import purpose_words
from onboarding.views import catalogue as catalogue_view
from tests.web.catalogue_reader import LIST, address, onboard, planned_with, template
from tests.web.sights import main_of, row_of, words
from tests.web.stories import change_wanted, onboarded, ready

SignIn = Callable[[User], Client]
TEMPLATES = tuple(load_catalogue().templates.values())
NEW = """
slug: allow-monitoring
version: 7
title: Metrics are collected
why: The monitoring system reads one port of one component
phase: baseline
direction: ingress
opens: TCP {ports} from the monitoring system to app={component}
lanes: [security]
max_days: 90
parameters:
  name: {type: name}
  namespace: {type: name}
  component: {type: label_value, title: Component, help: The value of its app label.}
  ports: {type: tcp_ports, max_items: 1, low: 9000, high: 9999, title: Port}
reach:
  from: [anything]
  to: [{own: {app: {$slot: component}}}]
  ports: {$slot: ports}
object:
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: {$slot: name}, namespace: {$slot: namespace}}
  spec:
    podSelector: {matchLabels: {app: {$slot: component}}}
    policyTypes: [Ingress]
    ingress: [{ports: {$slot: ports}}]
"""


@pytest.fixture
def reader(client_for: SignIn, frank: User) -> Client:
    return client_for(frank)


class TestWhatTemplatesSay:
    def test_every_template_is_listed_in_its_group(self, reader: Client) -> None:
        page = reader.get(LIST)
        groups = {group.gives: group for group in page.context["groups"]}
        listed = {gives: [one.template.slug for one in groups[gives].lines] for gives in groups}
        assert listed[Gives.WAY_IN] == ["allow-ingress"]
        assert listed[Gives.WAY_OUT] == ["egress-internet", "egress-open"]
        assert listed[Gives.ACCESS] == ["team-shell"]
        assert listed[Gives.BASELINE][:2] == ["namespace", "deny-all"]
        every = [slug for group in listed.values() for slug in group]
        assert sorted(every) == sorted(one.slug for one in TEMPLATES)
        titles = [str(group.title) for group in groups.values()]
        assert titles == [
            "Who may reach a namespace", "What a namespace may reach",
            "What every namespace gets", "What some environments grant",
        ]  # fmt: skip

    def test_a_row_says_what_it_is_for_who_approves_and_how_long(self, reader: Client) -> None:
        page = reader.get(LIST)
        assert row_of(page, "Open egress") == (
            "Open egress egress-open@1 Pods that belong together may connect to any address on any "
            "port Network approval and security approval 30 days 0 namespaces"
        )
        assert row_of(page, "Name resolution").endswith(
            "With the namespace As long as the namespace 0 namespaces"
        )
        assert "Platform approval" in row_of(page, "A shell in the team")

    @pytest.mark.parametrize("one", TEMPLATES, ids=lambda one: one.ref)
    def test_a_page_says_all_of_a_template(self, reader: Client, one: Template) -> None:
        assert f'href="{address(one)}"' in main_of(reader.get(LIST))
        page = reader.get(address(one))
        assert page.status_code == 200
        for name in (one.title, one.ref):
            assert name in words(page)
        for name, parameter in one.parameters.items():
            row = row_of(page, f"{parameter.title} {name} ".lstrip())
            assert parameter.help in row
            assert kind_words(parameter) in row
            assert bound_words(parameter) in row
        code = re.search(r'<code id="template-yaml">(.*?)</code>', main_of(page), re.DOTALL)
        assert code
        text = re.sub(r"<[^>]*>", "", code[1]).replace("&quot;", '"').replace("&#x27;", "'")
        assert yaml.safe_load(text) == one.body
        assert all(line.count("{$slot: ") == 1 for line in text.splitlines() if "$slot" in line)

    def test_an_opening_says_in_a_sentence_what_it_opens(self, reader: Client) -> None:
        page = reader.get(address(template("allow-ingress")))
        assert "Opens TCP ports from source to app= component ." in words(page)
        assert row_of(page, "Ports") == (
            "Ports (TCP) ports TCP ports 1 to 8 ports between 1 and 65535 The ports the containers "
            "listen on, separated by commas. Whoever asks"
        )
        assert row_of(page, "project").endswith("The portal")
        assert "Opens" not in words(main_of(reader.get(address(template("allow-dns")))))

    def test_nobody_is_asked_for_values_of_what_is_no_opening(self, reader: Client) -> None:
        page = reader.get(address(template("allow-dns")))
        assert not any(value.is_asked for value in page.context["page"].values)

    def test_no_purpose_is_told_in_words_for_authors_of_templates(self) -> None:
        told = [purpose_words(one) for one in TEMPLATES]
        assert all(told)
        assert not [one for one in told if re.search(r"\b[Mm]embers\b|Labels it so|%\(", one)]

    def test_what_opens_more_links_what_it_includes(self, reader: Client) -> None:
        page = main_of(reader.get(address(template("egress-open"))))
        assert f'<a href="{address(template("egress-internet"))}">' in page

    def test_access_says_which_environments_grant_it(self, reader: Client) -> None:
        page = reader.get(address(template("team-shell")))
        assert "Environments Development Put in place" in words(page)

    @pytest.mark.parametrize("type_", sorted(CHECKS))
    def test_every_type_of_value_has_words(self, type_: str) -> None:
        assert kind_words(Parameter(type_))
        assert bound_words(Parameter(type_))
        assert {*KINDS} == {*CHECKS}

    def test_every_direction_has_its_group(self) -> None:
        assert {Gives(one.value) for one in OpeningDirection} == {Gives.WAY_IN, Gives.WAY_OUT}

    def test_bounds_are_those_of_the_template(self) -> None:
        ports = Parameter("tcp_ports", max_items=1, low=9000, high=9999)
        assert bound_words(ports) == "1 port between 9000 and 9999"
        assert bound_words(Parameter("selector", max_items=2)).startswith("2 labels at most")


@pytest.fixture
def enlarged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """The catalogue with one more file."""
    folder = copytree(CATALOGUE_DIR, tmp_path / "catalogue")
    (folder / "templates" / "allow-monitoring.yaml").write_text(NEW)
    catalogue = load_catalogue(folder)
    for module in (catalogue_page, catalogue_view):
        monkeypatch.setattr(module, "load_catalogue", lambda: catalogue)
    return catalogue


def test_a_new_template_appears_without_code(reader: Client, enlarged: Catalogue) -> None:
    new = enlarged.templates["allow-monitoring"]
    assert row_of(reader.get(LIST), "Metrics are collected") == (
        "Metrics are collected allow-monitoring@7 The monitoring system reads one port of one "
        "component Security approval 90 days 0 namespaces"
    )
    page = reader.get(address(new))
    assert "The value of its app label." in row_of(page, "Component")
    assert "Opens TCP ports from the monitoring system to app= component ." in words(page)
    assert row_of(page, "Port") == "Port ports TCP ports 1 port between 9000 and 9999 Whoever asks"


class TestAddresses:
    @pytest.mark.parametrize(
        "path", ["allow-dns/2", "allow-dns/01", "allow-dns/x", "nothing/1", "allow-dns@1/1"]
    )
    def test_what_the_catalogue_does_not_have_is_not_found(self, reader: Client, path: str) -> None:
        answer = reader.get(f"{LIST}{path}/")
        assert answer.status_code == 404
        assert "Not found" in words(main_of(answer))
        assert 'aria-label="Main"' in answer.content.decode()

    @pytest.mark.parametrize("path", [LIST, f"{LIST}allow-dns/1/"])
    def test_a_parameter_that_is_unknown_is_refused(self, reader: Client, path: str) -> None:
        assert reader.get(f"{path}?team=payments").status_code == 422

    def test_a_place_in_the_list_that_is_none_is_refused(self, reader: Client) -> None:
        assert reader.get(f"{LIST}allow-dns/1/?after=x").status_code == 422

    def test_nobody_reads_it_without_signing_in(self, client: Client, db: None) -> None:
        assert client.get(LIST).status_code == 302
        assert client.get(f"{LIST}allow-dns/1/").status_code == 302


def statements(browser: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as made:
        assert browser.get(path).status_code == 200
    return len(made)


@pytest.mark.parametrize(("path", "most"), [(LIST, 5), (f"{LIST}quota/2/", 9)])
def test_more_namespaces_and_templates_take_no_more_statements(
    reader: Client, cluster: Cluster, request: pytest.FixtureRequest, path: str, most: int
) -> None:
    onboard("payments-first", cluster)
    few = statements(reader, path)
    for number in range(8):
        onboard(f"payments-{number}", cluster)
    request.getfixturevalue("enlarged")
    assert statements(reader, path) == few <= most


class TestWaysThere:
    @pytest.mark.parametrize("person", ["alice", "bob", "charlie", "dana", "erin", "frank", "pat"])
    def test_everybody_has_it_in_the_side_bar(
        self, client_for: SignIn, cast: dict[str, User], person: str
    ) -> None:
        browser = client_for(cast[person])
        assert f'<a href="{LIST}">' in browser.get("/").content.decode()
        for path in (LIST, f"{LIST}quota/2/"):
            assert f'<a href="{LIST}" aria-current="page">' in browser.get(path).content.decode()

    def test_a_policy_leads_to_its_template(
        self, client_for: SignIn, bob: User, cluster: Cluster
    ) -> None:
        row = onboard("payments-a", cluster)
        planned_with(row, "allow-dns@1", "allow-dns@9")
        page = main_of(client_for(bob).get(reverse("namespace-policies", args=[row.public_id])))
        assert f'<a href="{address(template("deny-all"))}"><code>deny-all@1</code></a>' in page
        assert "<code>allow-dns@9</code>" in page
        assert "/templates/allow-dns/" not in page

    def test_an_approver_reads_what_stays_by_its_template(
        self, client_for: SignIn, dana: User, cluster: Cluster
    ) -> None:
        spec = demo_spec("payments-a", cluster=cluster.name)
        wanted = change_wanted(ready(onboarded(spec)), spec.changed(openings=(WEB, INTERNET)))
        page = main_of(client_for(dana).get(reverse("decision", args=[wanted.public_id])))
        assert f'<a href="{address(template("allow-dns"))}"><code>allow-dns@1</code></a>' in page

    def test_help_leads_there_who_can_open_it(
        self, client: Client, client_for: SignIn, bob: User
    ) -> None:
        assert f'href="{LIST}"' in main_of(client_for(bob).get(reverse("help")))
        assert f'href="{LIST}"' not in client.get(reverse("help")).content.decode()
