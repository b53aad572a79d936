"""A copy of the engine with one fault put into its source, beside the real one.

The copy has modules of its own, so nothing of the fault can reach another test.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import onboarding.reachability
from tests.support.estates import Engine

ROOM = "onboarding.reachability"
FOLDER = Path(onboarding.reachability.__file__).parent


class NoSuchSeam(Exception):
    """The place a fault goes into is not in the source exactly once."""


def mutant(module: str, old: str, new: str) -> Engine:
    """The engine with `old` replaced in one module. Raise NoSuchSeam."""
    return Engine(*_copies(module, old, new, PARTS))


def mutant_command(module: str, old: str, new: str) -> Callable[[Sequence[str]], int]:
    """The command line with `old` replaced in one module. Raise NoSuchSeam."""
    [cli] = _copies(module, old, new, ("cli",))
    main: Callable[[Sequence[str]], int] = cli.main
    return main


def _copies(module: str, old: str, new: str, wanted: Sequence[str]) -> list[ModuleType]:
    source = (FOLDER / f"{module}.py").read_text()
    if source.count(old) != 1:
        raise NoSuchSeam(f"{module}.py has {source.count(old)} times: {old}")
    faults = {f"{ROOM}.{module}": source.replace(old, new)}
    with _own_modules(), _faults(faults):
        return [importlib.import_module(f"{ROOM}.{name}") for name in wanted]


PARTS = ("model", "policies", "estate")


@contextmanager
def _own_modules() -> Iterator[None]:
    """Forget the room's modules for a while, and put the real ones back."""
    real = {name: module for name, module in sys.modules.items() if _is_inside(name)}
    for name in real:
        del sys.modules[name]
    attributes = dict(vars(onboarding.reachability))
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _is_inside(name)]:
            del sys.modules[name]
        sys.modules.update(real)
        vars(onboarding.reachability).update(attributes)


def _is_inside(name: str) -> bool:
    return name.startswith(f"{ROOM}.")


@contextmanager
def _faults(sources: Mapping[str, str]) -> Iterator[None]:
    finder = _Finder(sources)
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]


class _Finder:
    """Serves the modules whose source has a fault."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name not in self._sources:
            return None
        return importlib.util.spec_from_loader(name, self)  # type: ignore[arg-type]

    def create_module(self, _: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._sources[module.__name__], module.__name__, "exec"), vars(module))
