"""Guards that keep teams from hurting each other; admission's own are tried on a real server."""

from tests.support.guard_mutant import GuardMutant

# fmt: off
TEAMS: tuple[GuardMutant, ...] = (
    GuardMutant("a group of the platform is no team's",
        "domain.names", "check_group", "if pattern := reserved_by(folded, RESERVED_GROUPS):",
        "if pattern := reserved_by(folded, ('system:*', 'system')):",
        "tests/unit/test_names.py::test_a_group_of_the_platform_or_the_portal_is_no_access_group"),
    GuardMutant("prefix and group together are judged",
        "plan.check_facts", "check_bound_group", 'check_group(f"{prefix}{group}")',
        "check_group(group)",
        "tests/unit/test_check_facts.py::"
        "test_a_prefix_and_a_group_do_not_together_make_a_group_of_the_platform"),
    GuardMutant("pods are as strict as the environment demands",
        "plan.build", "_namespace_values",
        "catalogue.environments[spec.environment].pod_security", '"baseline"',
        "tests/unit/test_pod_security.py::test_the_plan_enforces_what_the_environment_demands"),
    GuardMutant("no environment lets pods out of the fence",
        "domain.parameters", "_check_pod_security", "value in POD_SECURITY_LEVELS", "value",
        "tests/unit/test_parameters.py::test_no_template_takes_a_level_that_lets_pods_out"),
)
# fmt: on
