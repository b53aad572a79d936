"""Files: whatever folder somebody gives, each object is found, or each mistake has its line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from onboarding.reachability import documents as reading
from onboarding.reachability.documents import BrokenText, documents
from onboarding.reachability.files import Findings, find_objects

KUBECTL = Path(sys.executable).with_name("kubectl")
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"


def found_in(folder: Path, text: str | bytes, name: str = "some.yaml") -> Findings:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return find_objects(str(folder / name))


def names(findings: Findings) -> list[object]:
    return [found.manifest["metadata"]["name"] for found in findings.objects]  # type: ignore[call-overload,index]


def problems(folder: Path, text: str, name: str = "some.yaml") -> list[str]:
    """The problems of one file, without the folder in front."""
    return [one.replace(f"{folder}/", "") for one in found_in(folder, text, name).problems]


def value_of(text: str) -> object:
    [document] = documents(f"v: {text}\n")
    return document.tree["v"]  # type: ignore[call-overload,index]


def test_a_folder_is_read_with_all_below_it_in_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("b.yml", "a.yaml", "deep/er/c.json"):
        (tmp_path / name).write_text(
            json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}})
        )
    findings = find_objects(str(tmp_path))
    assert names(findings) == ["a.yaml", "b.yml", "deep/er/c.json"]
    assert (findings.notes, findings.problems) == ([], [])


def test_what_is_passed_over_is_said(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("{{")
    (tmp_path / "README.md").write_text("read me")
    (tmp_path / "a.yaml").write_text(POD)
    findings = find_objects(str(tmp_path))
    assert names(findings) == ["web"]
    assert findings.notes == [
        "not read: 1 hidden file or folder",
        "not read: 1 file with another ending than .yaml, .yml, .json",
    ]


def test_a_link_that_leads_around_in_a_circle_is_followed_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "again").symlink_to(tmp_path)
    assert names(find_objects(str(tmp_path))) == ["web"]


def test_a_folder_without_manifests_says_what_it_expected(tmp_path: Path) -> None:
    assert find_objects(str(tmp_path)).problems == [
        f"{tmp_path}: holds no file that ends in .yaml, .yml, .json"
    ]


def test_what_is_not_there_and_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    gone, dangling = tmp_path / "gone", tmp_path / "dangling.yaml"
    dangling.symlink_to(gone)
    assert find_objects(str(gone)).problems == [f"{gone}: there is no such file or folder"]
    assert find_objects(str(tmp_path)).problems == [
        f"{dangling}: cannot be read: No such file or directory"
    ]


def test_documents_lists_and_typed_lists_come_out_as_objects(tmp_path: Path) -> None:
    text = """---
# nothing here
---
apiVersion: v1
kind: PodList
items:
- metadata: {name: one}
- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Node, metadata: {name: two}}]}
---
{apiVersion: v1, kind: List, items: null}
---
apiVersion: v1
kind: Pod
metadata: {name: three}
"""
    findings = found_in(tmp_path, text)
    assert names(findings) == ["one", "two", "three"]
    assert [found.manifest["kind"] for found in findings.objects] == ["Pod", "Node", "Pod"]
    assert [found.path for found in findings.objects] == ["items[0]", "items[1].items[0]", ""]


@pytest.mark.parametrize(
    "written",
    [
        b"\xef\xbb\xbf" + POD.encode(),
        POD.encode("utf-16"),
        POD.replace("\n", "\r\n").encode(),
    ],
    ids=["byte order mark", "UTF-16", "Windows newlines"],
)
def test_what_editors_put_into_files_does_no_harm(tmp_path: Path, written: bytes) -> None:
    assert names(found_in(tmp_path, written)) == ["web"]


def test_a_stream_of_json_is_several_documents(tmp_path: Path) -> None:
    one = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}, indent="\t")
    findings = found_in(tmp_path, f"{one}\n{one}", "some.json")
    assert names(findings) == ["web", "web"]
    assert [found.document.line for found in findings.objects] == [1, 8]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: [1\n", "some.yaml:3: this is not valid YAML: "),
        ("a:\n\t- b\n", "some.yaml:2: this is not valid YAML: "),
        ("a: 1\nb: {c: 1,\n  c: 2}\n", "some.yaml:3: b.c: this field is given twice"),
        ("a: *b\n", "some.yaml:1: *b stands for nothing that ends above it"),
        ("a: !thing b\n", "some.yaml:1: the tag !thing has no meaning here"),
        ("? [a]\n: b\n", "some.yaml:1: a field's name must be text"),
        ("a: " + "[" * 200 + "]" * 200, "some.yaml:1: nested deeper than 100 levels"),
        ("a: {{ .Values.a }}\n", "some.yaml:1: a field's name must be text; this looks like a te"),
        ("- a\n", "some.yaml:1: this is not a Kubernetes object"),
        ("\nkind: Pod\nmetadata: {name: a}\n", "some.yaml:2: apiVersion: missing"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "some.yaml:1: kind: missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  x: 1\n", "some.yaml:3: metadata.name: missing"),
        (POD.replace("web", "0x10"), "some.yaml:3: metadata.name: 16 is not text; put it in quot"),
        (
            "{apiVersion: v1, kind: List, items: [1]}",
            "some.yaml:1: items[0]: this is not a Kubernetes",
        ),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, text: str, problem: str) -> None:
    [told] = problems(tmp_path, text)
    assert told.startswith(problem)


def test_what_is_no_text_is_told_with_its_line(tmp_path: Path) -> None:
    findings = found_in(tmp_path, b"a: 1\nb: \xff\n")
    assert findings.problems == [f"{tmp_path}/some.yaml:2: this is not UTF-8 text"]


def test_json_that_gives_a_field_twice_has_the_line_too(tmp_path: Path) -> None:
    text = '{\n\t"a": 1,\n\t"a": 2\n}\n'
    assert problems(tmp_path, text, "some.json") == ["some.json:3: a: this field is given twice"]


@pytest.mark.parametrize("name", ["kustomization.yaml", "values.yaml"])
def test_a_recipe_for_manifests_says_what_to_give_instead(tmp_path: Path, name: str) -> None:
    [told] = problems(tmp_path, "resources: [a.yaml]\n", name)
    assert "give what" in told


def test_mistakes_of_all_files_are_told_together(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("a: [")
    assert len(find_objects(str(tmp_path)).problems) == 2


def test_aliases_and_merges_are_written_out(tmp_path: Path) -> None:
    [document] = documents("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}\n")
    assert document.tree == {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 2}, "c": {"p": 1, "q": 3}}


def test_aliases_of_aliases_cannot_grow_without_end() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{step}: &a{step} [{', '.join([f'*a{step - 1}'] * 10)}]\n" for step in range(1, 30)
    )
    with pytest.raises(BrokenText, match="more than 1,000,000 values") as refused:
        documents(bomb)
    assert refused.value.line == 6


def test_many_small_aliases_are_no_bomb() -> None:
    text = "a: &x {app: web}\nb:\n" + "- *x\n" * 5000
    [document] = documents(text)
    assert len(document.tree["b"]) == 5000  # type: ignore[arg-type,call-overload,index]
    assert reading.MOST_COPIED > 10000


NASTY = (
    *("y", "no", "On", "OFF", "~", "null", "<<", "Yes", "yesterday", "TCP", "--", "true"),
    *("010", "0o14", "1e3", "08", "8080.0", ".5", "1_000", "0x1F", "0b11", "-010", "+12", "1."),
    *("1:30", "2024-01-01", "1e400", "1.5", ".x", "0x", "_1", "v1", "10.0.0.0/8", "1.2.3"),
    *('"no"', "'12'", "!!str 12", "!!int 010", "|\n   12"),
)


def test_scalars_are_read_as_kubectl_reads_them(tmp_path: Path) -> None:
    lines = "".join(f"  k{number}: {text}\n" for number, text in enumerate(NASTY))
    config = tmp_path / "config.yaml"
    config.write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nx:\n{lines}")
    told = subprocess.run(
        [KUBECTL, "label", "--local", "-f", config, "-o", "json", "a=b"],
        check=True,
        capture_output=True,
        text=True,
    )
    known = json.loads(told.stdout)["x"]
    read = {f"k{number}": value_of(text) for number, text in enumerate(NASTY)}
    assert read == known
    assert {key: type(value) for key, value in read.items()} == {
        key: type(value) for key, value in known.items()
    }


def test_a_line_is_that_of_the_field_or_of_what_it_is_missing_from(tmp_path: Path) -> None:
    text = POD + "spec:\n  a:\n  - b: 1\n    c.d/e: 2\n---\n" + POD.replace("web", "api")
    first, second = found_in(tmp_path, text).objects
    places = [first.place(path) for path in ("spec.a[0].c.d/e", "spec.a[0].zz", "spec.ab", "zz")]
    assert [place.rpartition(":")[2] for place in places] == ["7", "6", "4", "1"]
    assert second.place("metadata.name").endswith(":11")
