"""The reach bound in a template's file: what is wrong with one is named with its file and line."""

import shutil
from pathlib import Path

import pytest

from onboarding.plan.catalogue_files import CATALOGUE_DIR, load_catalogue
from tests.unit.test_catalogue import complaints, edit

INGRESS, INTERNET = "templates/allow-ingress.yaml", "templates/egress-internet.yaml"
OPEN, QUOTA = "templates/egress-open.yaml", "templates/quota.yaml"
NGINX = "{namespace: {$slot: source.namespace}, pods: {$slot: source.pods}}"
WEB = "{own: {project: {$slot: project}, app: {$slot: component}}}"
RANGES = "{addresses: 0.0.0.0/0, except: {$slot: private_ranges}}"
PORT = "{protocol: TCP, low: 443, high: 443}"
NO_END = "an end is own, namespace and pods, addresses (and except), or anything"
NO_PORT = "reach.ports: a port has a protocol (TCP, UDP, SCTP), low and high"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped catalogue to make mistakes in."""
    return Path(shutil.copytree(CATALOGUE_DIR, tmp_path / "catalogue"))


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (OPEN, "  ports: any\n", "", "reach names from, ports, to and nothing else"),
        (OPEN, "  ports: any\n", "  ports: any\n  when: x\n", "reach names from, ports, to and"),
        (OPEN, "[anything]", "[]", "reach.to: must be a list of ends"),
        (OPEN, "[anything]", "anything", "reach.to: must be a list of ends"),
        (OPEN, "[anything]", "[everything]", f"reach.to: {NO_END}"),
        (OPEN, "{own: {$slot: members}}", "{own: {$slot: namespace}}", "is a name, not a selector"),
        (OPEN, "{own: {$slot: members}}", "{own: web}", "must be a mapping of at most"),
        (OPEN, "ports: any", "ports: all", "reach.ports: must be a list of ports, a slot, or any"),
        (OPEN, "ports: any", "ports: []", "reach.ports: must be a list of ports, a slot, or any"),
        (INGRESS, WEB, NGINX, "reach.to: this end is pods of the opening's own namespace: own"),
        (INGRESS, WEB, "{own: {-app: x}}", "reach.to: -app=x is not a label"),
        (INGRESS, WEB, "{own: {-app: {$slot: component}}}", "reach.to: -app= is not a label"),
        (INGRESS, WEB, "{own: {app: {$slot: ports}}}", "is a tcp_ports, not a label_value or a"),
        (INGRESS, NGINX, "{namespace: Edge, pods: {}}", "reach.from: Use lowercase letters only."),
        (
            INGRESS,
            NGINX,
            "{namespace: {$slot: source.pods}, pods: {}}",
            "is a selector, not a name",
        ),
        (INGRESS, NGINX, "{namespace: edge}", f"reach.from: {NO_END}"),
        (INGRESS, NGINX, "{namespace: edge, own: {}}", f"reach.from: {NO_END}"),
        (INGRESS, NGINX, "{namespace: edge, pods: {}, x: 1}", f"reach.from: {NO_END}"),
        (INTERNET, RANGES, "{addresses: 10.0.0.1/8}", "reach.to: 10.0.0.1/8 has host bits set"),
        (INTERNET, RANGES, "{addresses: {$slot: members}}", "is a selector, not a cidrs"),
        (INTERNET, RANGES, "{addresses: 0.0.0.0/0, except: [0.0.0.0/0]}", "covers every address"),
        (
            INTERNET,
            RANGES,
            "{addresses: {$slot: private_ranges}, except: []}",
            "reach.to: except stands beside one address range only",
        ),
        (INTERNET, PORT, "{protocol: TCP, low: 443}", NO_PORT),
        (INTERNET, PORT, "{protocol: ICMP, low: 1, high: 2}", NO_PORT),
        (INTERNET, PORT, "{protocol: TCP, low: 0, high: 2}", NO_PORT),
        (INTERNET, PORT, "{protocol: TCP, low: 3, high: 2}", NO_PORT),
        (INTERNET, PORT, "{protocol: TCP, low: 3, high: 65536}", NO_PORT),
        (INTERNET, PORT, "{protocol: TCP, low: 3, high: 4, name: x}", NO_PORT),
        (
            QUOTA,
            "object:",
            "reach: {ports: any}\nobject:",
            "an opening, and nothing else, says its",
        ),
    ],
)
def test_a_mistake_in_a_bound_is_named_with_its_file_and_line(
    folder: Path, file: str, old: str, new: str, complaint: str
) -> None:
    line = edit(folder / file, old, new)
    found = complaints(folder)
    named = [one for one in found if one.startswith(f"{file}:") and complaint in one]
    assert named, found
    assert abs(int(named[0].split(":")[1]) - line) <= 3, (found, line)


def said(folder: Path) -> list[str]:
    """What is complained of, without the place."""
    return [one.partition(" ")[2] for one in complaints(folder)]


def test_one_end_is_the_openings_own(folder: Path) -> None:
    edit(folder / OPEN, "[{own: {$slot: members}}]", "[anything]")
    own = "reach.from: this end is pods of the opening's own namespace: own"
    assert said(folder) == [own]


def test_a_slot_fits_its_place(folder: Path) -> None:
    edit(folder / OPEN, "ports: any", "ports: {$slot: members}")
    assert said(folder) == ["reach.ports: slot members is a selector, not a tcp_ports"]


def test_an_opening_is_a_policy_and_nothing_else(folder: Path) -> None:
    edit(folder / INTERNET, "kind: NetworkPolicy", "kind: ConfigMap")
    assert said(folder) == ["an opening is a NetworkPolicy"]


def test_an_opening_says_its_bound(folder: Path) -> None:
    file = folder / OPEN
    lines = file.read_text().splitlines(keepends=True)
    place = lines.index("reach:\n")
    file.write_text("".join([*lines[:place], *lines[place + 4 :]]))
    assert complaints(folder) == [f"{OPEN}:0: an opening, and nothing else, says its reach"]


def test_a_slot_of_a_bound_is_one_of_the_templates(folder: Path) -> None:
    edit(
        folder / INGRESS,
        "to: [{own: {project: {$slot: project}",
        "to: [{own: {project: {$slot: it}",
    )
    assert said(folder) == ["slot it is used but not declared"]


def test_a_slot_of_a_bound_names_a_part_that_there_is(folder: Path) -> None:
    edit(folder / INGRESS, "source.pods", "source.labels")
    assert said(folder) == ["slot source has the parts namespace, pods"]


def test_what_the_bound_alone_uses_is_no_use(folder: Path) -> None:
    """A parameter that the object has no slot for would be asked for and change nothing."""
    edit(folder / INGRESS, "        project: {$slot: project}\n", "")
    assert said(folder) == ["slot project is never used"]


@pytest.mark.parametrize(
    "end",
    [
        "{namespace: monitoring, pods: {app: prometheus}}",
        "{addresses: 192.0.2.1/32}",
        "{addresses: {$slot: private_ranges}}",
        "{own: {}}",
        "anything",
    ],
)
def test_other_openings_find_their_ends(folder: Path, end: str) -> None:
    edit(folder / INTERNET, RANGES, end)
    assert load_catalogue(folder).templates["egress-internet"].reach["to"]
