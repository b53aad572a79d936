"""Guards of a credential: it is sent where it was stored for, and nowhere else."""

from tests.support.guard_mutant import GuardMutant

_SERVICES = "tests/services/test_credential_misfit.py::test_"
_CLUSTER = "tests/cluster/test_credential_binding.py::test_"


def bound(to: str, old: str, case: str) -> GuardMutant:
    return GuardMutant(f"a credential is bound to the {to}",
        "services.credentials", "binding_of", old, "",
        f"{_SERVICES}it_opens_for_the_row_it_was_stored_for_alone[{case}]")  # fmt: skip


# fmt: off
CREDENTIALS: tuple[GuardMutant, ...] = (
    bound("address", '"api_server": cluster.api_server,', "address"),
    bound("authority", '"ca": hashlib.sha256(cluster.ca_pem.encode()).hexdigest(),', "authority"),
    bound("name", '"name": cluster.name,', "name"),
    bound("row", '"id": cluster.public_id,', "row"),
    GuardMutant("on the real API server: no listener of a stranger's hears a token",
        "services.credentials", "binding_of",
        '        "api_server": cluster.api_server,\n'
        '        "ca": hashlib.sha256(cluster.ca_pem.encode()).hexdigest(),\n', "",
        f"{_CLUSTER}a_row_moved_to_a_strangers_server_sends_nobody_there"),
    GuardMutant("a note of what a credential is bound to opens nothing",
        "cluster.encryption", "_bound_to", "+ about", "",
        "tests/unit/test_encryption.py::test_a_forged_note_of_what_it_is_bound_to_opens_nothing"),
    GuardMutant("an earlier release's credential is bound to no address, so it stays shut",
        "cluster.encryption", "decrypt", "if encrypted.startswith(_EARLIER_FORMAT):", "if False:",
        "tests/unit/test_encryption.py::"
        "test_what_an_earlier_release_stored_is_not_opened_any_more"),
    GuardMutant("an open door leads where it was opened to",
        "services.credentials", "open_gateway", "known is not None and known[0] == wanted",
        "known is not None",
        f"{_SERVICES}a_door_that_is_open_already_leads_nowhere_else[address]"),
    GuardMutant("an observer that finds a misfit sets the condition at once",
        "services.observe", "_give_way",
        "isinstance(error, CredentialMisfit | OtherCluster)", "False",
        f"{_SERVICES}whoever_looks_first_sets_the_condition[observer]"),
    GuardMutant("who renews and finds a misfit sets the condition",
        "services.renew", "_renew_alone", "failures.note_misfit(cluster, misfit, now=now)", "pass",
        f"{_SERVICES}whoever_looks_first_sets_the_condition[renewer]"),
    GuardMutant("a misfit is an alarm in the log",
        "services.failures", "note_condition",
        "if changed and condition is ClusterCondition.CREDENTIAL_MISFIT:", "if False:",
        f"{_SERVICES}it_is_one_event_and_one_alarm_however_many_look"),
    GuardMutant("prepare_cluster tries no token at another address",
        "services.prepare_cluster", "_has_working_token",
        "if (cluster.api_server, cluster.ca_pem) != (wanted.server, wanted.ca):", "if False:",
        f"{_CLUSTER}prepare_mints_anew_for_another_address"),
)
# fmt: on
