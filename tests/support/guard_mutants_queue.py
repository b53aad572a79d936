"""Guards of the queue: what worker and beat survive, and what people do not wait behind."""

from tests.support.guard_mutant import GuardMutant


def transport(guard: str, function: str, old: str, new: str, test: str) -> GuardMutant:
    noticed_by = f"tests/unit/test_tolerant_queue.py::test_{test}"
    return GuardMutant(guard, "portal.tolerant_queue", function, old, new, noticed_by)


def patience(guard: str, where: str, old: str, new: str, test: str) -> GuardMutant:
    """A guard in `module:function`."""
    module, _, function = where.partition(":")
    return GuardMutant(
        guard, module, function, old, new, f"tests/unit/test_patience.py::test_{test}"
    )


# fmt: off
QUEUE: tuple[GuardMutant, ...] = (
    transport("a queue holds so many messages at most", "TolerantChannel._put",
        "pipe.ltrim(queue, 0, MOST_WAITING - 1)", "pass",
        "b18_a_queue_holds_the_newest_messages_and_none_for_long"),
    transport("a queue holds no message for long", "TolerantChannel._put",
        "pipe.expire(queue, KEPT_SECONDS)", "pass",
        "b18_a_queue_holds_the_newest_messages_and_none_for_long"),
    transport("what is done frees its thread, also where the queue is gone", "TolerantQoS._settle",
        "*self.channel.connection_errors, ", "",
        "b13_what_is_done_after_the_queue_was_killed_frees_its_thread"),
    transport("what came by a closed connection is not told to anybody", "TolerantQoS._settle",
        "transport is not None and transport.client is not None", "True",
        "b13_a_connection_is_closed_whatever_became_of_the_queue"),
    transport("closing goes on where nothing can be put back", "TolerantQoS.restore_unacked",
        "except (*self.channel.connection_errors, ResponseError, *SENSELESS)",
        "except ZeroDivisionError",
        "b13_a_connection_is_closed_whatever_became_of_the_queue"),
    transport("a full queue loses the note, not the message", "TolerantQoS.append",
        "except ResponseError", "except ZeroDivisionError",
        "a_full_queue_still_hands_out_what_lies_on_it"),
    transport("a full queue gives back nothing, and ends nothing", "TolerantQoS.restore_visible",
        "except ResponseError", "except ZeroDivisionError",
        "a_full_queue_still_hands_out_what_lies_on_it"),
    transport("what is no list is removed", "TolerantChannel._brpop_read",
        "if not str(error).startswith(NO_LIST):", "if True:",
        "what_is_no_list_is_removed"),
    transport("nothing is stored that somebody could spoil", "TolerantChannel._queue_bind",
        'if self.typeof(exchange).type == "fanout":', "if True:",
        "nothing_but_the_list_itself_is_needed"),
    patience("a chore is done once at a time", "tasks:chore",
        "Lock()", '__import__("threading").Semaphore(9)',
        "b18_a_chore_is_done_once_at_a_time"),
    patience("a sign of life that lay for long proves nothing",
        "portal.patience:PatientBeat.apply_entry", ", **sent", "",
        "a_chore_is_sent_as_the_settings_have_it"),
    patience("beat goes on without a queue", "portal.patience:PatientBeat.apply_entry",
        "except Exception as error:", "except ZeroDivisionError as error:",
        "without_a_queue_beat_goes_on_and_says_so_once"),
    patience("a trouble that lasts fills no log", "portal.seldom:Seldom.say",
        "if now < self._again_at:", "if False:",
        "without_a_queue_beat_goes_on_and_says_so_once"),
    patience("a worker does not wait long for a queue that is back",
        "portal.patience:PatientConnection.ensure_connection",
        'options["interval_max"] = LONGEST_PAUSE', "pass",
        "a_worker_tries_again_for_ever_and_is_alive_meanwhile"),
    patience("a worker that waits for the queue lives",
        "portal.patience:PatientConnection.ensure_connection", "heartbeat_sent.send(self)", "pass",
        "a_worker_tries_again_for_ever_and_is_alive_meanwhile"),
)
# fmt: on
