"""The size budgets: `python -m devtools.budgets` lists every breach as path:line, exit code 1.

Counted on what git tracks or would track. Migrations are generated and vendored files are
others' work: neither is counted.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devtools.places import ROOT

FILE_LINES = 400
BODY_LINES = 40
POSITIONAL = 5
PATTERNS = ("*.py", "dev", "*.html", "*.css", "*.js", "*.sh", "*.toml", "*.yaml", "*.yml")
EXEMPT_FOLDERS = frozenset({"migrations", "vendor", "data"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Breach:
    path: Path
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words}"


def main() -> int:
    breaches = [breach for path in budgeted_files() for breach in check_file(path)]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


def budgeted_files() -> list[Path]:
    """The files that have a budget: not those in the exempt folders."""
    return [path for path in tracked_files(*PATTERNS) if EXEMPT_FOLDERS.isdisjoint(path.parts)]


def tracked_files(*patterns: str, root: Path = ROOT) -> list[Path]:
    """Paths below the root that git knows or would add."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    # While a merge is under way a path is listed once for each side.
    paths = [Path(line) for line in dict.fromkeys(answer.stdout.splitlines())]
    return [path for path in paths if (root / path).is_file()]


def check_file(path: Path, root: Path = ROOT) -> list[Breach]:
    """Every breach in one file; functions are looked at in Python files only."""
    text = (root / path).read_text()
    return [*check_length(path, text), *(check_functions(path, text) if is_python(path) else [])]


def is_python(path: Path) -> bool:
    return path.suffix == ".py" or path.name == "dev"


def check_length(path: Path, text: str) -> Iterator[Breach]:
    lines = sum(1 for line in text.splitlines() if line.strip())
    if lines > FILE_LINES:
        yield Breach(path, 1, f"{lines} non-blank lines; {FILE_LINES} is the stop")


def check_functions(path: Path, text: str) -> Iterator[Breach]:
    """Bodies that are too long, and signatures with too many positional arguments."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text, filename=str(path))):
        if not isinstance(node, Function):
            continue
        length = body_length(node, lines)
        if length > BODY_LINES:
            words = f"the body of {node.name} has {length} lines; {BODY_LINES} is the stop"
            yield Breach(path, node.lineno, words)
        count = positional_arguments(node)
        if count > POSITIONAL:
            words = f"{node.name} takes {count} positional arguments; {POSITIONAL} is the stop"
            yield Breach(path, node.lineno, words)


def body_length(function: Function, lines: list[str]) -> int:
    """Non-blank lines from the first statement after the docstring to the end."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    statements = function.body[1:] if has_docstring else function.body
    if not statements:
        return 0
    first, last = statements[0].lineno, function.end_lineno or statements[-1].lineno
    return sum(1 for line in lines[first - 1 : last] if line.strip())


def positional_arguments(function: Function) -> int:
    """How many arguments may be given by position, not counting `self` or `cls`."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


if __name__ == "__main__":
    sys.exit(main())
