"""A pytest plugin: a guard's test runs again with the guard taken out, and must fail then.

`tests/support/guard_mutants.py` names, as data, each guard, the words of its source, what is put in
their place, and the test that must notice. That test is collected once more for each of its
mutants, and its body run with the code of the guarding function exchanged in place, so that every
name it was imported under has the fault too. Where the body passes all the same, the run fails, and
so it does where a mutant names parameters that its test does not have: nobody would look.
"""

import importlib
import inspect
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from tests.support.guard_mutants import MUTANTS, GuardMutant


class NoSuchSeam(Exception):
    """The place a fault goes into is not in the function's source exactly once."""


_MUTANT = pytest.StashKey[GuardMutant]()


@dataclass(frozen=True)
class _Target:
    function: FunctionType
    faulty: CodeType


def function_of(mutant: GuardMutant) -> FunctionType:
    """The guarding function itself, whatever decorates it."""
    is_wiring = mutant.module.startswith("portal.")
    module = importlib.import_module(mutant.module if is_wiring else f"onboarding.{mutant.module}")
    found: object = reduce(getattr, mutant.function.split("."), module)
    if isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(found)  # type: ignore[arg-type]
    if not isinstance(found, FunctionType):
        raise NoSuchSeam(f"{mutant.module}.{mutant.function} is no function")
    return found


def target_of(mutant: GuardMutant) -> _Target:
    """The function and its code with the guard taken out. Raise NoSuchSeam."""
    function = function_of(mutant)
    path = Path(function.__code__.co_filename)
    lines = path.read_text().splitlines(keepends=True)
    block = inspect.getblock(lines[function.__code__.co_firstlineno - 1 :])
    start = function.__code__.co_firstlineno - 1
    own = "".join(block)
    if own.count(mutant.old) != 1:
        raise NoSuchSeam(f"{mutant.function} has {own.count(mutant.old)} times: {mutant.old}")
    before, after = "".join(lines[:start]), "".join(lines[start + len(block) :])
    source = before + own.replace(mutant.old, mutant.new) + after
    compiled = compile(source, str(path), "exec")
    return _Target(function, _code_in(compiled, function.__qualname__))


def _code_in(code: CodeType, qualname: str) -> CodeType:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == qualname:
                return constant
            if qualname.startswith(f"{constant.co_qualname}."):
                return _code_in(constant, qualname)
    raise NoSuchSeam(f"{qualname} is not in the compiled module")


@contextmanager
def without(mutant: GuardMutant) -> Iterator[None]:
    """Run the body with the guard taken out."""
    target = target_of(mutant)
    real = target.function.__code__
    target.function.__code__ = target.faulty
    try:
        yield
    finally:
        target.function.__code__ = real


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put each mutant behind the test that must notice it; with parameters, behind the first."""
    waiting = list(MUTANTS)
    tests = {item.nodeid.partition("[")[0] for item in items}
    for item in list(items):
        node = item.nodeid.partition("[")[0]
        for mutant in [one for one in waiting if one.noticed_by in {node, item.nodeid}]:
            if isinstance(item, pytest.Function):
                waiting.remove(mutant)
                items.insert(items.index(item) + 1, _without_guard(item, mutant))
    if lost := unnoticed(waiting, tests, config.args):
        raise pytest.UsageError(f"No such parameters: {'; '.join(lost)}")


def unnoticed(
    waiting: Iterable[GuardMutant], tests: Collection[str], arguments: Iterable[str]
) -> list[str]:
    """Return what the mutants name that no item is, though all of its test was collected.

    Who chooses single tests by `::` may have left out the one that is named.
    """
    if any("::" in argument for argument in arguments):
        return []
    return [one.noticed_by for one in waiting if one.noticed_by.partition("[")[0] in tests]


def _without_guard(item: pytest.Function, mutant: GuardMutant) -> pytest.Function:
    """The same test once more, under a name that says which guard is missing."""
    copy = pytest.Function.from_parent(
        item.parent,
        name=f"{item.name}[without: {mutant}]",
        originalname=item.originalname,
        callspec=getattr(item, "callspec", None),
        fixtureinfo=item._fixtureinfo,
    )
    copy.stash[_MUTANT] = mutant
    return copy


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run the body without the guard, and turn its outcome round."""
    mutant = pyfuncitem.stash.get(_MUTANT, None)
    if mutant is None:
        return (yield)
    with without(mutant):  # that there is no such guard is nobody's noticing
        try:
            yield
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 (however it fails, it noticed)
            return True
    pytest.fail(f"nobody notices when this guard goes: {mutant}", pytrace=False)
