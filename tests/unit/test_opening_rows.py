"""Rows of openings: a template that nobody wrote code for can be asked for in the form."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from onboarding.demo.openings import INTERNET, WEB
from onboarding.domain.catalogue import Catalogue
from onboarding.domain.parameters import ASKABLE, Parameter
from onboarding.domain.rules import check_shape
from onboarding.domain.spec import Opening
from onboarding.forms.offers import Offer
from onboarding.forms.opening_rows import _FIELDS, fields_of, rows_in, rows_of, with_a_row
from onboarding.plan.build import Ingredients, build_plan
from onboarding.plan.catalogue_files import CATALOGUE_DIR, BadCatalogue, load_catalogue
from tests.support.requests import FACTS, spec_of

ADMIN = """
slug: allow-admin
version: 1
title: The administrators' entry
why: One component serves those who run it
phase: baseline
direction: ingress
opens: TCP {ports} to app={component} from everybody
lanes: [network, security]
parameters:
  name: {type: name}
  namespace: {type: name}
  component: {type: label_value, title: Component, help: The value of its app label.}
  ports: {type: tcp_ports, max_items: 2, title: Ports}
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


def with_template(folder: Path, text: str) -> Path:
    catalogue = folder / "catalogue"
    shutil.copytree(CATALOGUE_DIR, catalogue)
    (catalogue / "templates" / "allow-admin.yaml").write_text(text)
    return catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return load_catalogue(with_template(tmp_path, ADMIN))


def offer_of(catalogue: Catalogue) -> Offer:
    return Offer(teams=(), clusters=(), catalogue=catalogue, now=datetime(2026, 11, 20, tzinfo=UTC))


def test_a_new_template_has_its_fields_titles_and_help(catalogue: Catalogue) -> None:
    [row] = rows_in(with_a_row({}, "allow-admin", catalogue), catalogue)
    fields = dict(fields_of(row, offer_of(catalogue)))
    assert [*fields] == [row.name(part) for part in ("template", "component", "ports", "key")]
    assert fields[row.name("component")].label == "Component"
    assert fields[row.name("component")].help_text == "The value of its app label."
    assert set(row.names) == {*fields}


def test_what_the_fields_hold_is_an_opening_that_renders(catalogue: Catalogue) -> None:
    [row] = rows_in({"opening-0-template": "allow-admin@1"}, catalogue)
    said: Mapping[str, Any] = {row.name("component"): "admin", row.name("ports"): (9443,)}
    opening = row.opening(lambda name: said.get(name, ""))
    assert opening == Opening("admin", "allow-admin", 1, {"component": "admin", "ports": [9443]})
    spec = spec_of(openings=(opening,))
    assert check_shape(spec, catalogue, teams={spec.team}, clusters={spec.cluster: FACTS}) == ()
    plan = build_plan(spec, Ingredients(catalogue, FACTS, "team-payments"))
    [policy] = [one for one in plan.objects if one.key.name == "allow-admin-admin"]
    assert policy.template == "allow-admin@1"


def test_the_bounds_of_a_parameter_are_told_at_its_field(catalogue: Catalogue) -> None:
    opening = Opening("admin", "allow-admin", 1, {"component": "admin", "ports": [1, 2, 3]})
    spec = spec_of(openings=(opening,))
    [wrong] = check_shape(spec, catalogue, teams={spec.team}, clusters={spec.cluster: FACTS})
    assert (wrong.field, wrong.words) == ("openings-0-ports", "must be a list of 1 to 2 ports")


def test_openings_are_shown_as_they_are(catalogue: Catalogue) -> None:
    fields = rows_of((WEB, INTERNET), catalogue)
    rows = rows_in(fields, catalogue)
    assert tuple(row.opening(lambda name: fields.get(name, "")) for row in rows) == (WEB, INTERNET)


@pytest.mark.parametrize("slug", ["deny-all", "team-shell", "nothing"])
def test_what_every_namespace_gets_cannot_be_asked_for(catalogue: Catalogue, slug: str) -> None:
    assert with_a_row({}, slug, catalogue) == {}
    [row] = rows_in({"opening-0-template": f"{slug}@1"}, catalogue)
    assert row.template is None


@pytest.mark.parametrize("version", ["2", "x", ""])
def test_only_the_version_on_offer_can_be_asked_for(catalogue: Catalogue, version: str) -> None:
    [row] = rows_in({"opening-0-template": f"allow-admin@{version}"}, catalogue)
    assert row.template is None
    assert [row.name("template"), row.name("key")] == [*row.names]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("direction: ingress", "direction: sideways", "direction is one of ingress, egress"),
        ("direction: ingress\n", "", "an opening, and nothing else, says what it opens"),
        ("opens: TCP {ports} to app={component} from everybody\n", "", "says what it opens"),
        ("app={component}", "app={name}", "opens names no parameter that is asked for"),
        ("app={component}", "app={}", "opens names no parameter that is asked for"),
        (", title: Ports", "", "slot ports needs a title, for those who answer it"),
        ("max_items: 2", "max_items: '2'", "slot ports: max_items is a number above 0"),
        ("max_items: 2", "low: 0", "slot ports: low is a number above 0"),
        ("tcp_ports", "quantities", "slot ports: nobody can be asked for a quantities"),
        ("lanes: [network, security]", "max_days: '30'", "max_days is a number of days"),
        ("lanes: [network, security]", "max_days: 0", "max_days is a number of days"),
        ("lanes: [network, security]", "includes: [egress-all]", "no template egress-all"),
        ("$slot: component", "$slot: component.namespace", "slot component has no parts"),
    ],
)
def test_mistakes_in_an_opening_are_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert ADMIN.count(old) == 1 or "component" in old
    folder = with_template(tmp_path, ADMIN.replace(old, new))
    with pytest.raises(BadCatalogue) as caught:
        load_catalogue(folder)
    assert problem in str(caught.value)


def test_the_form_asks_for_every_type_that_can_be_asked_for() -> None:
    assert {*_FIELDS} == ASKABLE


@pytest.mark.parametrize("slot", ["key", "template", "Upper", "a1"])
def test_a_parameter_is_called_so_that_a_form_can_ask_for_it(tmp_path: Path, slot: str) -> None:
    text = ADMIN.replace("component", slot)
    with pytest.raises(BadCatalogue, match=f"slot {slot} cannot be called so"):
        load_catalogue(with_template(tmp_path, text))


def test_what_is_in_force_is_rendered_anew_by_the_version_on_offer(catalogue: Catalogue) -> None:
    newer = replace(catalogue.templates["allow-ingress"], version=2)
    bumped = replace(catalogue, templates={**catalogue.templates, "allow-ingress": newer})
    spec = spec_of(openings=(WEB, INTERNET))
    assert bumped.by_today(spec).openings == (replace(WEB, version=2), INTERNET)
    other = replace(newer, parameters={**newer.parameters, "paths": Parameter("label_value")})
    asks_more = replace(catalogue, templates={**catalogue.templates, "allow-ingress": other})
    assert asks_more.by_today(spec) == spec


@pytest.mark.parametrize("slug", ["allow-ingress", "egress-internet", "egress-open"])
def test_every_opening_that_ships_can_be_asked_for_in_a_row(slug: str) -> None:
    catalogue = load_catalogue()
    [row] = rows_in(with_a_row({}, slug, catalogue), catalogue)
    assert {*dict(fields_of(row, offer_of(catalogue)))} == {*row.names}
