"""What a request would change, object by object."""

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.plan.build import empty_plan
from onboarding.plan.changes import Effect, plan_changes
from onboarding.plan.model import Plan
from tests.support.requests import plan_of


def effects(before: Plan | None, wanted: Plan) -> dict[str, Effect]:
    return {change.key.name: change.effect for change in plan_changes(before, wanted)}


def test_everything_of_a_new_namespace_is_added_in_apply_order() -> None:
    plan = plan_of()
    changes = plan_changes(None, plan)
    assert [change.key for change in changes] == [one.key for one in plan.objects]
    assert {change.effect for change in changes} == {Effect.ADDED}


def test_the_same_wish_changes_nothing() -> None:
    assert set(effects(plan_of(), plan_of()).values()) == {Effect.UNCHANGED}


def test_only_what_moves_is_changed() -> None:
    moved = effects(plan_of(), plan_of(openings=(exposed("ingress-nginx", "web", (8081,)),)))
    assert moved.pop("allow-ingress-ingress-nginx") is Effect.CHANGED
    assert set(moved.values()) == {Effect.UNCHANGED}


def test_what_comes_and_what_goes_is_told_apart() -> None:
    moved = effects(
        plan_of(openings=(WEB, INTERNET)), plan_of(openings=(WEB, ANYTHING), size="large")
    )
    assert {name: effect for name, effect in moved.items() if effect is not Effect.UNCHANGED} == {
        "egress-internet": Effect.REMOVED,
        "egress-open": Effect.ADDED,
        "quota": Effect.CHANGED,
        "limits": Effect.CHANGED,
    }


def test_a_removal_takes_everything_away_access_first() -> None:
    plan = plan_of()
    changes = plan_changes(plan, empty_plan("dev-eu", "payments-prod"))
    assert [change.key for change in changes] == [one.key for one in reversed(plan.objects)]
    assert {change.effect for change in changes} == {Effect.REMOVED}


def test_the_lines_of_a_change_show_old_and_new() -> None:
    wanted = plan_of(openings=(exposed("ingress-nginx", "web", (8081,)),))
    [change] = [one for one in plan_changes(plan_of(), wanted) if one.effect is Effect.CHANGED]
    lines = change.lines()
    assert ("del", "        - protocol: TCP") not in lines
    assert [text.strip() for tag, text in lines if tag == "del"] == ["port: 8080"]
    assert [text.strip() for tag, text in lines if tag == "add"] == ["port: 8081"]
    assert ("", "kind: NetworkPolicy") in lines


def test_an_added_object_is_all_added_lines_and_a_removed_one_all_removed() -> None:
    [added, *_] = plan_changes(None, plan_of())
    assert {tag for tag, _ in added.lines()} == {"add"}
    [*_, removed] = plan_changes(plan_of(), empty_plan("dev-eu", "payments-prod"))
    assert {tag for tag, _ in removed.lines()} == {"del"}
    assert removed.planned.key.kind == "Namespace"
