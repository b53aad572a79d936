"""Guards of the deployment that people copy, as far as the product's own code holds them."""

from tests.support.guard_mutant import GuardMutant

COMPOSE = (
    GuardMutant(
        "a kubeconfig is read from standard input where it is said so",
        "management.commands.prepare_cluster",
        "_content",
        "if kubeconfig == STANDARD_INPUT",
        "if False",
        "tests/cluster/test_prepare_cluster.py::test_a_kubeconfig_comes_by_standard_input",
    ),
    GuardMutant(
        "no line for each question of a health check",
        "views.middleware",
        "RequestId.__call__",
        "if not (request.path in PULSES and status == 200):",
        "if True:",
        "tests/web/test_log_lines.py::test_who_asks_all_day_is_not_noted_while_all_is_well",
    ),
)
