"""The command line on files: arguments in, answer on standard output, mistakes on standard error.

Needs neither Django nor the portal. Exit codes are those of `gate.py`.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from onboarding.reachability.answering import Format, ReportOptions, answer, compare
from onboarding.reachability.asking import Query, read_port
from onboarding.reachability.files import BadInput
from onboarding.reachability.gate import ExitCode, Judgement, judge_answers
from onboarding.reachability.members import BadQuestion
from onboarding.reachability.reading import Loaded, load

_CLOSED_PIPE = 141  # what a shell reports for a program that SIGPIPE ended


def main(arguments: Sequence[str]) -> int:
    """Run and return the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        wish = wish_of(given)
        return _run(given, wish)
    except BadInput as error:
        count = len(error.problems)
        closing = f"{count} mistakes; nothing was answered" if count > 1 else "nothing was answered"
        print(*error.problems, closing, sep="\n", file=sys.stderr)
        return ExitCode.BAD_INPUT
    except BadQuestion as error:
        print(error, file=sys.stderr)
        return ExitCode.BAD_INPUT
    except BrokenPipeError:
        # The reader has gone; Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE


def add_question(parser: ArgumentParser) -> None:
    """Declare the arguments that both commands have."""
    who = (
        "namespace/pod, namespace/Deployment/name, namespace, namespace/label=value, Node/name, "
        "an address, a CIDR, or internet"
    )
    parser.add_argument("--from", dest="source", default="", metavar="WHO", help=who)
    parser.add_argument("--to", dest="destination", default="", metavar="WHO", help="the same")
    parser.add_argument(
        "--namespace", default="", metavar="NAME", help="only pairs with a pod of it at either end"
    )
    parser.add_argument("--port", default="", metavar="PORT", help="8080/TCP, 53/UDP, 8080 or http")
    parser.add_argument("--all", action="store_true", help="list what is blocked, too")
    parser.add_argument("--lint-only", action="store_true", help="findings without the answers")
    parser.add_argument(
        "--assume-pods",
        action="store_true",
        help="assume pods for the labels that policies name and no pod has",
    )
    parser.add_argument(
        "--expect",
        choices=("allowed", "blocked"),
        help="with --from, --to and --port: exit with 1 if the answer is another, "
        "with 3 if it is not certain or not complete",
    )
    parser.add_argument(
        "-o",
        "--output",
        choices=[*Format],
        default=Format.TABLE,
        metavar="FORMAT",
        help="table (the default), json or yaml",
    )


def wish_of(given: Namespace) -> ReportOptions:
    """Return the arguments as a wish. Raise BadQuestion."""
    if given.expect and not (given.source and given.destination and given.port):
        raise BadQuestion("--expect needs --from, --to and --port")
    if given.namespace and (given.source or given.destination):
        raise BadQuestion("--namespace cannot be combined with --from or --to")
    return ReportOptions(
        question=Query(
            around=given.namespace,
            source=given.source,
            destination=given.destination,
            port=read_port(given.port) if given.port else None,
        ),
        format=Format(given.output),
        assumes_pods=given.assume_pods,
        shows_blocked=given.all,
        only_lint=given.lint_only,
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m onboarding.reachability",
        description="Who can talk to whom, by NetworkPolicies in files.",
    )
    parser.add_argument(
        "folder", metavar="FOLDER", help="a folder, a file, or - for standard input"
    )
    parser.add_argument(
        "--diff", default="", metavar="FOLDER2", help="what changes from FOLDER to it"
    )
    parser.add_argument(
        "--pod-range", action="append", default=[], metavar="CIDR", help="where pods get addresses"
    )
    add_question(parser)
    return parser


def _run(given: Namespace, wish: ReportOptions) -> int:
    ranges = [_range(one) for one in given.pod_range]
    if given.diff:
        if given.expect:
            raise BadQuestion("--expect and --diff cannot be combined")
        before, after = _both(given, ranges)
        _print(compare(before, after, wish))
        return ExitCode.ANSWERED
    loaded = load(given.folder, pod_ranges=ranges)
    judged = Judgement(ExitCode.ANSWERED)
    if given.expect:
        judged = judge_answers(loaded, wish, given.expect)
    _print(answer(loaded, wish))
    for sentence in judged.sentences:
        print(sentence, file=sys.stderr)
    return judged.code


def _both(given: Namespace, ranges: list[str]) -> tuple[Loaded, Loaded]:
    """Read both folders, so that mistakes of both are told at once."""
    read: list[Loaded] = []
    problems: list[str] = []
    for path in (given.folder, given.diff):
        try:
            read.append(load(path, pod_ranges=ranges))
        except BadInput as error:
            problems.extend(error.problems)
    if problems:
        raise BadInput(problems)
    before, after = read
    return before, after


def _range(written: str) -> str:
    try:
        return str(ip_network(written, strict=False))
    except ValueError as error:
        raise BadQuestion(f"--pod-range {written}: is not a CIDR such as 10.244.0.0/16") from error


def _print(pieces: Iterator[str]) -> None:
    for piece in pieces:
        sys.stdout.write(piece)
    sys.stdout.flush()
