"""Guards of the first hour: whose things are, who reads them, what a form and a template accept."""

from tests.support.guard_mutant import GuardMutant

# fmt: off
DOORS: tuple[GuardMutant, ...] = (
    GuardMutant("a namespace with another uid is left alone",
        "services.phases.identity", "check_is_ours", "if owner is Whose.OURS:", "if True:",
        "tests/services/test_reconcile.py::"
        "test_a_namespace_that_was_recreated_by_somebody_else_is_left_alone"),
    GuardMutant("a name that is taken is not adopted",
        "services.phases.create", "_take_over_own",
        'marks_of(found).get("request") not in work.own_requests', "False",
        "tests/services/test_reconcile.py::"
        "test_g13_a_namespace_of_somebody_else_is_neither_adopted_nor_changed"),
    GuardMutant("a newer generation on the cluster is left untouched",
        "services.phases.work", "Work.check_generation", "written > self.generation", "False",
        "tests/services/test_reconcile.py::"
        "test_g05_a_newer_generation_on_the_cluster_is_left_untouched"),
    GuardMutant("a team that may write policy is not ready",
        "services.phases.verify", "check_team", "for verb, resource in questions:",
        "for verb, resource in ():",
        "tests/services/test_drift.py::test_a_team_that_may_write_policy_by_another_route_blocks"),
    GuardMutant("deny-all stands while a pod is left",
        "services.phases.retire", "drain",
        "return PhaseResult(waits=_shutting_down(pods), holds=(Hold(HoldKind.PODS, names),))",
        "return PhaseResult()",
        "tests/services/test_retire.py::test_g12_deny_all_stands_while_a_pod_is_left"),
    GuardMutant("a stranger does not learn that a request exists",
        "queries.requests", "visible_to", "if permissions.sees_everything:", "if True:",
        "tests/web/test_request_detail.py::test_charlie_learns_nothing"),
    GuardMutant("a stranger does not learn that a namespace exists",
        "queries.namespaces", "visible_to", "rows if permissions.sees_everything else", "rows or",
        "tests/web/test_namespaces.py::test_charlie_does_not_learn_that_it_exists"),
    GuardMutant("labels of other people's pods are their affair",
        "queries.paths", "told_labels", "named.intersection(pod.labels.items())",
        "pod.labels.items()",
        "tests/web/test_path_tester.py::TestTester::"
        "test_labels_of_others_are_told_only_where_a_policy_names_them"),
    GuardMutant("a spreadsheet finds no formula",
        "pages.event_export", "harmless",
        'readable.lstrip(" ").startswith(FORMULA_STARTS)', "False",
        "tests/web/test_history.py::test_a_spreadsheet_finds_no_formula"),
    GuardMutant("a form takes the fields it shows and no other",
        "views.posted", "only", "if unknown:", "if False:",
        "tests/web/test_errors.py::test_unknown_fields_of_a_form_are_refused_by_name"),
    GuardMutant("a value stays within the template's bounds",
        "domain.parameters", "_check_group", "names.check_group(value)", "[]",
        "tests/unit/test_parameters.py::test_a_bad_value_is_named_with_its_template_and_slot"),
)
# fmt: on
