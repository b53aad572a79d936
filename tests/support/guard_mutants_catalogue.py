"""Guards of the catalogue's pages: nobody counts what they may not see, and numbers are exact."""

from tests.support.guard_mutant import GuardMutant

_PAGES, _USE = "tests/web/test_templates_pages.py::", "tests/web/test_template_use.py::"
# fmt: off
CATALOGUE: tuple[GuardMutant, ...] = (
    GuardMutant("nobody counts or reads who uses a template in other teams",
        "queries.template_use", "_in_force",
        "live_and_visible_to(permissions)", "ManagedNamespace.objects",
        f"{_USE}test_everybody_reads_all_templates_and_the_users_they_may_see"),
    GuardMutant("what has ended uses no template",
        "queries.namespaces", "live_and_visible_to", ".exclude(state__in=sorted(ENDED))", "",
        f"{_USE}test_what_shall_be_gone_counts_until_it_is"),
    GuardMutant("what shall be gone uses its templates until it is",
        "queries.template_use", "_in_force",
        "Revision.objects.exclude(_ENDS_NAMESPACE)", "Revision.objects.all()",
        f"{_USE}test_what_shall_be_gone_counts_until_it_is"),
    GuardMutant("only the newest revision is in force",
        "queries.template_use", "_in_force", "~Exists(newer), ", "",
        f"{_USE}test_what_was_closed_by_a_change_is_no_longer_in_force"),
    GuardMutant("version 20 is not version 2",
        "queries.template_use", "_is_made_of", '{template.ref}"', "{template.ref}",
        f"{_USE}test_another_version_is_another_template"),
    GuardMutant("a longer name is another template's",
        "queries.template_use", "_is_made_of_any", "{template.slug}@", "{template.slug}",
        f"{_USE}test_a_slug_that_goes_on_is_another_template"),
    GuardMutant("who has this version is not said to have another one",
        "queries.template_use", "use_of_versions", " & ~this", "",
        f"{_USE}test_another_version_is_another_template"),
    GuardMutant("a version that the catalogue does not have is not found",
        "pages.catalogue", "load_template", 'template.ref != f"{slug}@{version}"', "False",
        f"{_PAGES}TestAddresses::test_what_the_catalogue_does_not_have_is_not_found[allow-dns/01]"),
    GuardMutant("the catalogue knows no parameter",
        "views.catalogue", "template_list", "asked(request)", "pass",
        f"{_PAGES}TestAddresses::test_a_parameter_that_is_unknown_is_refused[/templates/]"),
    GuardMutant("a template's page knows no parameter but the place in its list",
        "views.catalogue", "template_detail", 'asked(request, "after")', "pass",
        f"{_PAGES}TestAddresses::"
        "test_a_parameter_that_is_unknown_is_refused[/templates/allow-dns/1/]"),
    GuardMutant("nobody is said to be asked for what the portal fills in",
        "pages.catalogue", "_values", "if template.direction else set()", "",
        f"{_PAGES}TestWhatTemplatesSay::test_nobody_is_asked_for_values_of_what_is_no_opening"),
    GuardMutant("no link leads to a version without a page",
        "templatetags.object_words", "template_link", "or known.ref != ref", "",
        f"{_PAGES}TestWaysThere::test_a_policy_leads_to_its_template"),
)
# fmt: on
