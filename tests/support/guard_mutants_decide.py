"""Guards of deciding what was shown: it is compared, kept for good, and told as whose it is."""

from tests.support.guard_mutant import GuardMutant

SEEN = "tests/services/test_decision_pictures.py::"
PAGES = "tests/web/test_as_it_was_seen.py::"
NEXT = "tests/web/test_next_request.py::"

# fmt: off
DECIDE: tuple[GuardMutant, ...] = (
    GuardMutant("what opens more than was shown is not decided",
        "services.decide", "_check_shown", "picture.now.token != picture.token", "False",
        SEEN + "test_what_opens_more_than_was_shown_is_not_decided"),
    GuardMutant("a form without a picture is shown one",
        "services.decide", "_check_shown", "if picture and", "if picture and picture.token and",
        PAGES + "test_a_form_without_a_picture_is_shown_one"),
    GuardMutant("a decision keeps what was shown",
        "services.decide", "decide", "if picture:", "if False:",
        SEEN + "test_a_decision_keeps_what_was_shown"),
    GuardMutant("a closed request shows what was seen then",
        "pages.decision_reach", "build_reach", "if kept:", "if False:",
        PAGES + "test_a_closed_request_shows_what_was_seen_then"),
    GuardMutant("what is kept and cannot be read is not called unkept",
        "pages.decision_reach", "build_reach", "if one.decision.pk not in readable", "if False",
        PAGES + "test_a_picture_that_this_release_cannot_read_is_said_to_be_kept"),
    GuardMutant("decisions that no longer count show nothing",
        "queries.request_picture", "pictures_kept", "decision__voided_at__isnull=True", "pk__gt=0",
        SEEN + "test_a_decision_that_no_longer_counts_shows_nothing"),
    GuardMutant("what is kept is bounded",
        "reachability.kept", "dump_shown", "size <= room", "True",
        SEEN + "test_what_is_kept_is_bounded_and_what_moves_comes_first"),
    GuardMutant("only what every namespace gets is folded away as the baseline",
        "queries.request_picture", "_is_baseline",
        "all(is_baseline(template) for template in own)", "True",
        SEEN + "test_the_baseline_is_told_apart"),
    GuardMutant("no key leads to approve at high risk",
        "views.decisions", "_comes_by_queue",
        "page.reach.shown.risk is not Risk.HIGH", "True",
        NEXT + "test_no_key_leads_to_approve_at_high_risk"),
    GuardMutant("somebody else's decision is not told as one's own",
        "views.decisions", "_decided_before", "person=request.user, ", "",
        NEXT + "test_somebody_elses_decision_is_not_told_as_ones_own"),
    GuardMutant("a request is taken back only after a question",
        "views.requests", "request_cancel", 'if request.method == "POST":', "if True:",
        "tests/web/test_request_detail.py::"
        "test_alice_is_asked_before_her_request_is_taken_back"),
)
# fmt: on
