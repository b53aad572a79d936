"""What others wrote is exactly what VENDORED.md says, and nothing else lies beside it."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
ROW = re.compile(
    r"^\| (?P<name>[^|]+) \| (?P<version>[^|]+) \| (?P<licence>[^|]+) \| "
    r"(?P<sha256>[0-9a-f]{64}) \| (?P<file>[^|]+) \|$",
    re.MULTILINE,
)


def listed() -> dict[str, re.Match[str]]:
    text = (VENDOR / "VENDORED.md").read_text(encoding="utf-8")
    return {row["file"]: row for row in ROW.finditer(text)}


def test_every_vendored_file_has_the_hash_it_was_reviewed_with() -> None:
    for name, row in listed().items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == row["sha256"], name


def test_nothing_unlisted_lies_among_the_vendored_files() -> None:
    present = {path.name for path in VENDOR.iterdir()} - {"VENDORED.md"}
    assert present == set(listed())


def test_each_file_names_the_version_it_is_listed_with() -> None:
    for name, row in listed().items():
        assert row["version"] in (VENDOR / name).read_text(encoding="utf-8"), name


def test_no_vendored_file_points_to_a_source_map() -> None:
    for name in listed():
        assert "sourceMappingURL" not in (VENDOR / name).read_text(encoding="utf-8"), name
