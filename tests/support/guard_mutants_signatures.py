"""Guards of signed approvals: what is signed, by whom, where, and with a key that counted."""

from tests.support.guard_mutant import GuardMutant


def checked(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard of a worker, in `module:function`."""
    module, _, function = where.partition(":")
    noticed_by = f"tests/services/test_check_signed.py::{test}"
    return GuardMutant(guard, f"services.{module}", function, old, new, noticed_by)


def ring(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    noticed_by = f"tests/services/test_forged_keys.py::test_{test}"
    return GuardMutant(guard, "services.key_ring", function, old, new, noticed_by)


def enrolling(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    noticed_by = f"tests/services/test_approval_keys.py::test_{test}"
    return GuardMutant(guard, "services.approval_keys", function, old, new, noticed_by)


def asserted(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    noticed_by = f"tests/services/test_assertions.py::test_{test}"
    return GuardMutant(guard, "services.assertions", function, old, new, noticed_by)


# fmt: off
SIGNATURES: tuple[GuardMutant, ...] = (
    checked("nothing new is applied without the signatures it needs",
        "reconcile:_bring_on", "check_signed(journal.revision, work)", "pass",
        "TestWorker::test_a_decision_made_by_sql_changes_nothing"),
    checked("nothing is removed without the signatures it needs",
        "reconcile:_retire", "check_signed(journal.revision, work)", "pass",
        "TestWhatTheClusterCarries::test_the_next_approval_has_to_be_signed[True]"),
    checked("what the cluster does not carry yet has to be signed",
        "check_signed:_is_applied", "all(", "bool(marks) or all(",
        "TestWhatTheClusterCarries::test_the_next_approval_has_to_be_signed[False]"),
    checked("lanes are read together with the digest that covers them",
        "check_signed:check_signatures", "subject.digest != request.digest", "False",
        "TestWorker::test_lanes_that_vanish_after_the_digest_was_checked_are_missed[every]"),
    checked("a worker compares what was signed with the rows",
        "check_signed:_check", "if wrong := why_not_said(", "if wrong := (lambda *_said: \"\")(",
        "TestWorker::test_a_signature_is_not_replayed_on_another_request"),
    checked("a worker takes a signature for its own time only",
        "check_signed:_check",
        "if not decision.decided_at <= expires_at <= decision.decided_at + MAY_TAKE:", "if False:",
        "TestWorker::test_a_decision_at_another_time_than_signed_for_is_refused"),
    checked("a worker takes a person's own key only",
        "check_signed:_check", "if enrolment.person != word.person:", "if False:",
        "TestWorker::test_another_key_of_the_row_is_noticed"),
    checked("a worker verifies the assertion",
        "check_signed:_check", "check_assertion(signed, enrolment.public_key)", "pass",
        "TestWorker::test_an_assertion_made_elsewhere_or_for_something_else_is_refused"),
    GuardMutant("a key signs for the lanes it is enrolled for",
        "services.check_signed", "_check", "if word.lane not in enrolment.lanes:", "if False:",
        "tests/services/test_forged_keys.py::test_a_key_of_another_lane_does_not_count"),
    GuardMutant("the signed lane is not left away",
        "queries.approval_keys", "lanes_to_sign",
        "(lanes if settings.SIGNED_LANES else frozenset())", "frozenset()",
        "tests/services/test_check_signed.py::TestWorker::"
        "test_leaving_the_signed_lane_away_asks_every_other"),
    checked("deciding demands the signature",
        "signed_words:check_word", "if must_sign:", "if False:",
        "TestDeciding::test_without_one_it_is_refused_with_the_way_on"),
    checked("deciding takes a signature of this only",
        "signed_words:check_word", "if wrong:", "if False:",
        "TestDeciding::test_what_was_signed_is_what_is_said"),
    checked("deciding takes a fresh signature only",
        "signed_words:check_word", "if not now <= expires_at <= now + MAY_TAKE:", "if False:",
        "TestDeciding::test_a_signature_does_not_keep"),
    GuardMutant("one word for many counts for those it names",
        "services.signed_words", "as_it_was_signed",
        "if (word.request, word.digest) not in named:", "if False:",
        "tests/services/test_signed_refresh.py::"
        "test_a_worker_notices_a_set_that_was_not_signed[parts]"),
    ring("a key that was revoked does not count",
        "_check_key", "word.verb == ApprovalKeyWord.Verb.REVOKE", "False",
        "what_is_decided_after_it_does_not_count"),
    ring("a revocation counts whatever time it has",
        "_check_key", "word.verb == ApprovalKeyWord.Verb.REVOKE",
        "word.verb == ApprovalKeyWord.Verb.REVOKE and word.at <= at",
        "what_was_not_applied_when_the_key_was_revoked_never_is"),
    checked("what no signature has blocks, and is not tried for ever",
        "check_signed:_why_not", "except (OverflowError, RecursionError, ValueError):",
        "except RecursionError:", "TestWorker::test_a_time_without_an_end_blocks_and_is_no_bug"),
    asserted("an origin is text",
        "_check_client", "isinstance(origin, str) and", "True and",
        "an_origin_that_is_no_text_is_another_site[1]"),
    GuardMutant("a key that a revoked one confirmed is not usable", "queries.approval_keys",
        "_confirmed", "by not in revoked and", "True and",
        "tests/services/test_approval_keys.py::"
        "test_what_a_revoked_key_confirmed_waits_to_be_confirmed_again"),
    GuardMutant("a key without a list of lanes is for none",
        "queries.approval_keys", "keys_for", "isinstance(key.lanes, list) and", "True and",
        "tests/web/test_approval_keys.py::"
        "test_a_row_that_is_no_key_can_be_revoked_and_breaks_no_page[7]"),
    enrolling("only what a key has signed for its person is confirmed",
        "_check_enrolled", "if enrolment.person != str(key.person_id):", "if False:",
        "the_console_confirms_only_what_the_key_has_signed_for_its_person"),
    ring("a key counts once it is confirmed",
        "_check_key",
        "if not _is_confirmed(key, confirmed, enrolment, at=at, after=(*after, key.pk)):",
        "if False:", "a_key_without_a_word_does_not_count"),
    ring("the console's word is sealed with the root",
        "_is_by", "return is_sealed(word.statement.encode(), word.proof)", "return True",
        "a_console_seal_that_is_made_up_does_not_count"),
    ring("a confirmation is of this key",
        "_is_confirmed", "said == expected and", "True and",
        "the_seal_of_another_key_does_not_count"),
    ring("nobody confirms their own key, whatever the rows say",
        "_is_by", "or person == enrolment.person", "or False",
        "a_person_does_not_confirm_themselves"),
    ring("who confirms was enrolled to",
        "_is_by", "return other.confirms and", "return",
        "a_key_that_may_not_confirm_confirms_nobody"),
    ring("keys do not confirm each other in a circle",
        "_check_key", "if key.pk in after or len(after) >= LONGEST_CHAIN:",
        "if key.pk in after:\n        return read_enrolment(key, portal=portal)\n    if False:",
        "keys_that_confirm_each_other_count_for_nothing"),
    ring("a key has signed its own enrolment",
        "read_enrolment", "check_assertion(signed, enrolment.public_key)", "pass",
        "a_key_that_says_something_else_of_itself_does_not_count"),
    asserted("a passkey signs on the portal's own pages",
        "is_own_origin", "if settings.HTTPS:", "if False:",
        "only_the_portals_own_pages_ask"),
    asserted("a passkey verifies its person",
        "_check_device", "or not device.is_user_verified()", "",
        "its_person_has_to_be_there_and_verified"),
    asserted("a passkey signed the statement",
        "_check_client", "if client.challenge != challenge:", "if False:",
        "each_kind_of_key_is_verified_and_each_flipped_byte_noticed"),
    enrolling("another person confirms a key",
        "_check_other",
        "if accounts_of_one_person(by.user.pk).filter(pk=key.person_id).exists():", "if False:",
        "one_person_with_two_accounts_does_not_either"),
    enrolling("platform admins confirm keys",
        "_check_other", "if not by.permissions.is_platform_admin:", "if False:",
        "who_is_no_platform_admin_confirms_nobody"),
    enrolling("a passkey is asked for with the lanes its person holds",
        "_check_signed", "if wrong := differing(signed.said, expected):", "if wrong := ():",
        "the_passkey_itself_has_to_sign_the_lanes_it_is_asked_for"),
    enrolling("the owner or a platform admin revokes",
        "revoke_approval_key",
        "if by and by.user.pk != key.person_id and not by.permissions.is_platform_admin:",
        "if False:", "nobody_else_revokes_it"),
)
# fmt: on
