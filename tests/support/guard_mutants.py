"""Guards, each with the words that are it, what is left without them, and the test that notices.

Data for `tests/support/mutation.py`. A seam that is no longer there fails: move it with the code.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class GuardMutant:
    """`function` is a dotted name in `module`, which is under onboarding."""

    guard: str
    module: str
    function: str
    old: str
    new: str
    noticed_by: str

    def __str__(self) -> str:
        return self.guard


def in_decide(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    return GuardMutant(guard, "services.decide", function, old, new, f"tests/services/{test}")


# fmt: off
MUTANTS: tuple[GuardMutant, ...] = (
    in_decide("only who holds a lane decides it", "_check_person",
        "if lane not in by.permissions.lanes:", "if False:",
        "test_decide.py::test_nobody_decides_a_lane_they_do_not_hold"),
    in_decide("nobody decides their own request", "_check_person",
        "if request.requester_id == by.user.pk:", "if False:",
        "test_separation.py::test_g15_nobody_decides_their_own_request"),
    in_decide("an approval binds the digest that was shown", "_check_state",
        "if digest != request.digest:", "if False:",
        "test_decide.py::test_an_approval_of_another_digest_is_refused"),
    in_decide("a refusal needs a reason", "_check_reason",
        "not reason.strip()", "False",
        "test_decide.py::test_a_refusal_needs_a_reason"),
    in_decide("a change of an older generation is refused", "_wanted_namespace",
        "generation=request.base_generation, state__in", "state__in",
        "test_decide.py::test_a_change_of_an_older_generation_is_refused"),
    GuardMutant("a write of a worker that lost its lease finds no row",
        "services.claim", "Claim.rows", ", fencing_token=self.fencing_token", "",
        "tests/services/test_claim.py::"
        "test_a_lease_that_ran_out_is_taken_over_and_the_first_finds_no_row"),
    GuardMutant("a namespace somebody else holds is not claimed",
        "services.claim", "_due", "filter(free, usable", "filter(usable",
        "tests/services/test_claim.py::test_two_workers_never_hold_one"),
)
# fmt: on
