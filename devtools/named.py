"""What texts name exists: `python -m devtools.named` lists every breach as path:line, exit code 1.

Files and folders in docstrings and in the documentation, settings anywhere, and no public class
name twice in the product, because a reader who looks for one would find the other.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from devtools.budgets import Breach, tracked_files
from devtools.places import ROOT

TEXTS = ("*.md", "docker-compose.yml", "deploy/Dockerfile", ".ci/run")
PRODUCT = "onboarding"
# Django finds these by their name, one in each module.
EXPECTED_BY_NAME = frozenset({"Command", "Migration", "Meta"})

_MODULE = re.compile(r"(?<![\w./-])[\w./-]*\w\.py\b(?![\w(])")
_QUOTED = re.compile(r"`([\w.-]+(?:/[\w.-]*)+)`|\]\(([\w./-]+)(?:#[\w-]*)?\)")
_SETTING = re.compile(r"\bBULKHEAD_[A-Z][A-Z_]*[A-Z]\b")
_PUT_IN = re.compile(r"\$\{(BULKHEAD_\w+)")
_READ = re.compile(
    r'(?:\benv\.\w+\(|\bos\.environ\.get\(|\bos\.environ\[|_VARIABLE = )"(BULKHEAD_\w+)"'
)


def main() -> int:
    breaches = [*check_texts(), *check_classes()]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


def check_texts(root: Path = ROOT) -> Iterator[Breach]:
    """Everything named that is not there: in documents, docstrings, and settings in code."""
    modules = [path for path in tracked_files("*", root=root) if path.suffix == ".py"]
    settings = settings_read(modules, root) | settings_of_compose(root)
    known = Known(tracked_files("*", root=root), settings, ignored_folders(root))
    for path in tracked_files(*TEXTS, root=root):
        for line, text in enumerate((root / path).read_text().splitlines(), start=1):
            yield from known.missing(path, line, text, near=path.parent)
    for path in modules:
        source = (root / path).read_text()
        for line, text in docstrings(source):
            yield from known.missing_modules(path, line, text)
        for line, text in enumerate(source.splitlines(), start=1):
            yield from known.missing_settings(path, line, text)


def check_classes(root: Path = ROOT) -> Iterator[Breach]:
    """Each public class whose name another module of the product has, too."""
    places: dict[str, list[tuple[Path, int]]] = defaultdict(list)
    for path in tracked_files(f"{PRODUCT}/*.py", root=root):
        for node in ast.parse((root / path).read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append((path, node.lineno))
    for name, found in places.items():
        first, *others = found
        if name not in EXPECTED_BY_NAME:
            for path, line in others:
                yield Breach(path, line, f"class {name} is defined in {first[0]}:{first[1]}, too")


def settings_read(modules: Iterable[Path], root: Path = ROOT) -> frozenset[str]:
    """The settings that some code reads from the environment."""
    return frozenset(name for path in modules for name in _READ.findall((root / path).read_text()))


def settings_of_compose(root: Path = ROOT) -> frozenset[str]:
    """What docker-compose.yml puts in itself, from the environment or `.env`."""
    path = root / "docker-compose.yml"
    return frozenset(_PUT_IN.findall(path.read_text()) if path.exists() else ())


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Every line of every docstring, with its number."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text is not None:
                yield from enumerate(text.splitlines(), start=node.body[0].lineno)


class Known:
    """What there is in the repository."""

    def __init__(
        self, paths: Iterable[Path], settings: frozenset[str], made: frozenset[str] = frozenset()
    ) -> None:
        """Take what git tracks, what is read, and the folders that are `made` when needed."""
        self._paths = {path.as_posix() for path in paths} | made
        self._paths |= {parent.as_posix() for path in paths for parent in path.parents}
        self._rooms = {path.split("/")[0] for path in self._paths if "/" in path}
        self._settings = settings

    def missing(self, path: Path, line: int, text: str, *, near: Path) -> Iterator[Breach]:
        """What a line of a document names in vain; links start from its own folder."""
        yield from self.missing_modules(path, line, text)
        yield from self.missing_settings(path, line, text)
        for quoted, link in _QUOTED.findall(text):
            name = quoted.rstrip("/") or _joined(near, link)
            is_ours = bool(link) or name.split("/")[0] in self._rooms
            if is_ours and not name.endswith(".py") and not self._is_there(name):
                yield Breach(path, line, f"there is no {quoted or link}")

    def missing_modules(self, path: Path, line: int, text: str) -> Iterator[Breach]:
        """Python files that a line names in vain, by the end of their path."""
        for name in _MODULE.findall(text):
            if not _is_placeholder(name) and not self._has_end(name):
                yield Breach(path, line, f"there is no {name}")

    def missing_settings(self, path: Path, line: int, text: str) -> Iterator[Breach]:
        """Settings that a line names and nothing reads."""
        for name in _SETTING.findall(text):
            if name not in self._settings:
                yield Breach(path, line, f"nothing reads {name}")

    def _is_there(self, name: str) -> bool:
        return name in self._paths or _is_placeholder(name)

    def _has_end(self, name: str) -> bool:
        return any(f"/{one}".endswith(f"/{name}") for one in self._paths)


def ignored_folders(root: Path = ROOT) -> frozenset[str]:
    """The folders that git is told to leave alone: what runs makes them."""
    lines = (root / ".gitignore").read_text().splitlines()
    return frozenset(line.strip("/") for line in lines if line.endswith("/"))


def _is_placeholder(name: str) -> bool:
    return "NAME" in name


def _joined(folder: Path, link: str) -> str:
    """A relative link as a path from the root, without touching the disk."""
    parts: list[str] = []
    for part in (folder / link).parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/".join(parts)


if __name__ == "__main__":
    sys.exit(main())
