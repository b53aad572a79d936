"""YAML for people and for kubectl: every reader gets back exactly what was put in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.demo.openings import INTERNET, WEB
from onboarding.domain.catalogue import Template
from onboarding.domain.objects import Manifest
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.render_yaml import render_documents, render_template, render_yaml
from tests.support.requests import plan_of

KUBECTL = Path(sys.executable).with_name("kubectl")
NASTY = (
    "1e3", "1E3", "0o14", "014", "0x1F", "0b11", "1_000", "12:30", "12:30:45", ".5", "5.", "+1",
    "-1", "-", "--", "---", "...", "1.0", ".inf", "-.inf", ".nan", "NaN", "nan", "Infinity", "y",
    "Y", "n", "N", "yes", "No", "on", "OFF", "true", "TRUE", "False", "null", "Null", "~", "",
    " ", " a", "a ", "a: b", "a #b", "#a", "- a", "? a", ": a", ":", "[a]", "{a}", "{", "}", "&a",
    "*a", "!a", "!!int 1", "|", ">", "%a", "@a", "`a`", '"', "'", '"a"', "'a'", "\\", "\\n",
    "a\nb", "a\n", "\na", "a\tb", "\t", "<<", "=", "2026-11-24", "2026-11-24T09:00:00Z", "ü",
    "a\u2028b", "a\u0085b", "\u00a0", "\ufeffa", "🚧", "x" * 2000, "word " * 60, "1e3a", "0o8",
)  # fmt: skip


def config_map(values: dict[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "nasty"},
        "data": {**values},
    }


def kubectl_reads(document: str) -> list[Manifest]:
    """What kubectl makes of a stream, without asking any server."""
    read = subprocess.run(
        [KUBECTL, "annotate", "--local", "-f", "-", "-o", "json", "not-there-"],
        input=document,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"KUBECONFIG": "/dev/null", "HOME": "/nonexistent"},
    ).stdout
    decoder, found = json.JSONDecoder(), []
    while read := read.lstrip():
        tree, end = decoder.raw_decode(read)
        found += tree["items"] if tree.get("kind") == "List" else [tree]
        read = read[end:]
    return found


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_a_nasty_text_stays_that_text_as_value_and_as_key(text: str) -> None:
    tree: Manifest = {"value": text, "list": [text], "nested": {text: text}}
    assert yaml.safe_load(render_yaml(tree)) == tree


def test_kubectl_reads_every_nasty_text_as_that_text() -> None:
    values = {f"k{number}": text for number, text in enumerate(NASTY)}
    [read] = kubectl_reads(render_yaml(config_map(values)))
    assert read["data"] == values


def test_kubectl_reads_every_nasty_key_as_that_key() -> None:
    values = dict.fromkeys(NASTY, "x")
    [read] = kubectl_reads(render_yaml(config_map(values)))
    assert read["data"] == values


def test_kubectl_reads_a_whole_plan_as_it_is() -> None:
    manifests = plan_of(openings=(WEB, INTERNET)).manifests()
    read = kubectl_reads(render_documents(manifests))
    names = [(one["kind"], one["metadata"]["name"]) for one in read]  # type: ignore[index,call-overload]
    assert names == [(one["kind"], one["metadata"]["name"]) for one in manifests]  # type: ignore[index,call-overload]
    for ours, theirs in zip(manifests, read, strict=True):
        for part in set(ours) - {"metadata", "spec"}:
            assert theirs[part] == ours[part]
        for part in ("labels", "annotations"):
            assert theirs["metadata"].get(part) == ours["metadata"].get(part)  # type: ignore[union-attr]
        if ours["kind"] == "NetworkPolicy":
            assert theirs["spec"].items() >= without_empty(ours["spec"]).items()  # type: ignore[union-attr,arg-type]


def without_empty(spec: Manifest) -> Manifest:
    """kubectl prints no empty lists; that they are equal is compare's business."""
    return {field: value for field, value in spec.items() if value != []}


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=5))
def test_any_text_reads_back_as_itself(values: dict[str, str]) -> None:
    tree = config_map(values)
    assert yaml.safe_load(render_yaml(tree)) == tree


def test_documents_read_back_in_their_order() -> None:
    manifests = plan_of().manifests()
    assert [*yaml.safe_load_all(render_documents(manifests))] == manifests


def test_plain_words_stay_readable_and_repeated_trees_are_written_out() -> None:
    shared: Manifest = {"app": "web"}
    assert render_yaml({"one": shared, "two": shared, "list": ["a-b"]}) == (
        "list:\n  - a-b\none:\n  app: web\ntwo:\n  app: web\n"
    )


def test_the_order_a_database_gives_back_does_not_show() -> None:
    def turned_round(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: turned_round(node[key]) for key in reversed(node)}
        return [turned_round(one) for one in node] if isinstance(node, list) else node

    for manifest in plan_of(openings=(WEB, INTERNET)).manifests():
        assert render_yaml(turned_round(manifest)) == render_yaml(manifest)
        assert render_yaml(manifest).startswith("apiVersion:")


@pytest.mark.parametrize("template", load_catalogue().templates.values(), ids=lambda one: one.ref)
def test_a_template_reads_as_its_file_says_with_its_slots(template: Template) -> None:
    text = render_template(template.body)
    assert yaml.safe_load(text) == template.body
    assert all("{$slot: " in line for line in text.splitlines() if "$slot" in line)
    assert "namespace: {$slot: namespace}" in text or "name: {$slot: namespace}" in text


def test_what_only_looks_like_a_slot_is_quoted_as_any_text() -> None:
    body: Manifest = {"kind": "ConfigMap", "data": {"a": "{$slot: b}", "b": {"$slot": "c"}}}
    text = render_template(body)
    assert text.splitlines()[2:] == ['  a: "{$slot: b}"', "  b: {$slot: c}"]
    assert yaml.safe_load(text) == body
