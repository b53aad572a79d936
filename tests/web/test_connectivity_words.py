"""Who can talk to whom in words: parties, ports, rules, cells, and the rows they stand in."""

from dataclasses import replace

import pytest
from django.template.loader import render_to_string
from django.utils.html import strip_tags

from onboarding.domain.risk import Risk
from onboarding.pages.reach_matrix import Flag, build_comparison, build_groups, flags_of
from onboarding.queries.connectivity import Connectivity
from onboarding.queries.party_words import PRIVATE, note_on, party_text
from onboarding.queries.port_words import ports_text
from onboarding.reachability.addresses import Span, spans_of
from onboarding.reachability.estate import Estate
from onboarding.reachability.lint import Code, Finding, Severity
from onboarding.reachability.lint.environments import MIXED_ENVIRONMENTS
from onboarding.reachability.model import (
    Certainty,
    Direction,
    PolicyRef,
    Protocol,
    RuleRef,
    World,
)
from onboarding.reachability.neighbourhood import (
    Answer,
    Change,
    Line,
    Neighbourhood,
    OpenPorts,
    Party,
    PartyKind,
    Way,
)
from onboarding.templatetags.connectivity import rule_text
from tests.support.markup import EVIL, Elements
from tests.support.markup import draw as draw_plainly

TCP, UDP, SCTP = Protocol
WHOLE = ((TCP, 1, 65535), (UDP, 1, 65535), (SCTP, 1, 65535))
EVERY_IPV4, EVERY_IPV6 = Span(4, 0, 2**32 - 1), Span(6, 0, 2**128 - 1)
PUBLIC = spans_of(("0.0.0.0/5", "11.0.0.0/8"))
DENY = PolicyRef("payments-prod", "deny-all", "deny-all@1")
EGRESS = PolicyRef("payments-prod", "egress-internet", "egress-internet@1")
RULE = RuleRef(EGRESS, Direction.EGRESS, 0)
WEB = Party(PartyKind.HERE, 0b1, ("payments-prod",), (("app", "web"),), is_whole=False)
REST = Party(PartyKind.HERE, 0b10, ("payments-prod",), is_whole=False)
ADDRESSES = Party(PartyKind.ADDRESSES, 0b100, spans=PUBLIC)
OTHERS = Party(PartyKind.NAMESPACES, 0b1000, ("orders-dev", "search-test"))
BLOCKED = Answer(closed_by=(DENY,))


def draw(source: str, **context: object) -> str:
    return draw_plainly("{% load connectivity %}" + source, **context)


def said(source: str, **context: object) -> str:
    return " ".join(strip_tags(draw(source, **context)).split())


def opening(*ports: tuple[Protocol, int, int], rules: tuple[RuleRef, ...] = (RULE,)) -> OpenPorts:
    return OpenPorts(ports, rules, Certainty.CERTAIN)


OPEN = Answer((opening((TCP, 443, 443)),), closed_by=(DENY,))


def finding(**differing: object) -> Finding:
    code = Code("BH999", "loose", Severity.WARNING, "Too `wide`", "", "", "")
    said_of = Finding(code, Severity.WARNING, "Narrow it.", policy=EGRESS, rule=RULE)
    return replace(said_of, **differing)  # type: ignore[arg-type]


def hood(*lines: Line) -> Neighbourhood:
    return Neighbourhood("payments-prod", lines)


@pytest.mark.parametrize(
    ("party", "words"),
    [
        (WEB, "Pods labelled app=web"),
        (REST, "Other pods here"),
        (replace(REST, is_whole=True), "Every pod here"),
        (Party(PartyKind.NAMESPACE, 1, ("kube-system",)), "Every pod in kube-system"),
        (
            Party(PartyKind.NAMESPACE, 1, ("ingress-nginx",), (("app", "x"),), is_whole=False),
            "ingress-nginx: pods labelled app=x",
        ),
        (
            Party(PartyKind.NAMESPACE, 1, ("ingress-nginx",), is_whole=False),
            "ingress-nginx: other pods",
        ),
        (OTHERS, "2 other namespaces"),
        (replace(OTHERS, namespaces=("search-test",)), "1 other namespace"),
        (Party(PartyKind.NODES, 1), "Nodes"),
    ],
)
def test_a_party_has_a_name_for_people(party: Party, words: str) -> None:
    assert party_text(party) == said("{% party_words party %}", party=party) == words


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        (PUBLIC, "Public addresses"),
        (PRIVATE[:4], "Private addresses"),
        ((*PRIVATE[:4], EVERY_IPV6), "Private and IPv6 addresses"),
        ((*PUBLIC, EVERY_IPV6), "Public and IPv6 addresses"),
        ((*PUBLIC, PRIVATE[0]), "Other addresses"),
        ((EVERY_IPV4,), "IPv4 addresses"),
        ((EVERY_IPV6,), "IPv6 addresses"),
        ((EVERY_IPV4, EVERY_IPV6), "Addresses outside the cluster"),
        (spans_of(("203.0.113.7/32", "10.96.0.0/16")), "Addresses 203.0.113.7, 10.96.0.0/16"),
    ],
)
def test_addresses_are_called_by_what_they_are(spans: tuple[Span, ...], words: str) -> None:
    assert party_text(Party(PartyKind.ADDRESSES, 1, spans=spans)) == words


def test_inside_a_sentence_a_party_begins_small_but_a_name_stays_as_it_is() -> None:
    assert party_text(WEB, inside=True) == "pods labelled app=web"
    named = Party(PartyKind.NAMESPACE, 1, ("ingress-nginx",), is_whole=False)
    assert party_text(named) == party_text(named, inside=True)


def test_a_party_of_pods_that_nobody_started_says_so() -> None:
    assert "no such pod" in note_on(replace(WEB, is_assumed=True))
    assert note_on(replace(ADDRESSES, is_assumed=True)) == ""


def test_few_namespaces_are_named_beside_their_number_and_many_are_not() -> None:
    assert note_on(OTHERS) == "orders-dev, search-test"
    assert note_on(replace(OTHERS, namespaces=tuple("abcd"))) == ""


def test_the_metadata_address_is_pointed_out() -> None:
    spans = spans_of(("10.0.0.0/8", "169.254.0.0/16"))
    assert "metadata" in note_on(Party(PartyKind.ADDRESSES, 1, spans=spans))


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        (WHOLE, "every port"),
        (((TCP, 53, 53), (UDP, 53, 53)), "TCP 53, UDP 53"),
        (((TCP, 8000, 8100),), "TCP 8000–8100"),
        (((TCP, 1, 65535),), "every TCP port"),
        (((TCP, 1, 24), (TCP, 26, 65535), *WHOLE[1:]), "every port except TCP 25"),
        (
            tuple((TCP, port, port) for port in range(10, 26, 2)),
            "TCP 10, TCP 12, TCP 14, TCP 16, TCP 18, TCP 20 and 2 more",
        ),
    ],
)
def test_ports_are_said_in_the_shortest_way(
    ports: tuple[tuple[Protocol, int, int], ...], words: str
) -> None:
    one = opening(*ports)
    assert ports_text(one) == said("{% port_words opening %}", opening=one) == words


def test_a_rule_is_its_template_and_without_one_its_object() -> None:
    assert rule_text(RULE) == "egress-internet@1"
    assert rule_text(PolicyRef("search-test", "mine")) == "search-test/mine"
    title = Elements(draw("{% rule_words rule %}", rule=RULE)).first("code")["title"]
    assert title == "payments-prod/egress-internet egress[0]"


def test_a_cell_says_what_is_open_and_because_of_which_rule() -> None:
    words = said("{% answer_cell answer %}", answer=OPEN)
    assert words == "Allowed: TCP 443 egress-internet@1"


def test_a_cell_says_what_blocks() -> None:
    assert said("{% answer_cell answer %}", answer=BLOCKED) == "Blocked deny-all@1"


@pytest.mark.parametrize("answer", [None, Answer()])
def test_what_is_not_there_is_neither_open_nor_blocked(answer: Answer | None) -> None:
    assert said("{% answer_cell answer %}", answer=answer) == "Not there"


def test_where_no_policy_restricts_anything_the_cell_says_so() -> None:
    free = Answer((opening(*WHOLE, rules=()),))
    assert "No policy restricts either end" in said("{% answer_cell answer %}", answer=free)


@pytest.mark.parametrize(
    ("certainty", "words"),
    [
        (Certainty.PLUGIN_DEPENDENT, "Depends on the cluster's network plugin"),
        (Certainty.UNDEFINED, "Kubernetes leaves this open"),
        (Certainty.INCOMPLETE, "Not everything that decides this is known"),
    ],
)
def test_what_is_not_settled_is_marked_open_or_blocked(certainty: Certainty, words: str) -> None:
    unsure = Answer((replace(OPEN.openings[0], certainty=certainty),))
    closed = replace(BLOCKED, certainty=certainty)
    for answer in (unsure, closed):
        html = draw("{% answer_cell answer %}", answer=answer)
        assert words in strip_tags(html).replace("&#x27;", "'")
    assert words not in said("{% answer_cell answer %}", answer=OPEN)


def test_where_some_ports_are_open_the_others_are_marked_too() -> None:
    mixed = replace(OPEN, certainty=Certainty.UNDEFINED)
    for source in ("{% answer_cell answer %}", "{% answer_cell answer with_rules=False %}"):
        words = said(source, answer=mixed)
        assert "TCP 443" in words
        assert words.endswith("Every other port: blocked Kubernetes leaves this open")
    assert "Every other port" not in said("{% answer_cell answer %}", answer=OPEN)


def test_ports_that_not_all_of_a_party_share_are_said_to_be_so() -> None:
    for source in ("{% answer_cell answer %}", "{% answer_cell answer with_rules=False %}"):
        assert "TCP 443" in said(source, answer=replace(OPEN, varies=True))
        assert "Not the same ports for each of them" in said(
            source, answer=replace(OPEN, varies=True)
        )
        assert "Not the same ports" not in said(source, answer=OPEN)


def test_one_template_is_told_once_for_each_namespace_it_stands_in() -> None:
    ours = PolicyRef("payments-prod", "deny-all", "deny-all@1")
    theirs = PolicyRef("orders-prod", "deny-all", "deny-all@1")
    twin = PolicyRef("payments-prod", "deny-again", "deny-all@1")
    assert said("{% rule_list refs %}", refs=(ours, twin, EGRESS)) == "deny-all@1 egress-internet@1"
    both = said("{% rule_list refs %}", refs=(ours, theirs, EGRESS))
    assert both == "payments-prod/deny-all@1 orders-prod/deny-all@1 egress-internet@1"


def test_each_change_has_a_word_and_a_picture_of_its_own() -> None:
    badges = {change: draw("{% change_badge change %}", change=change) for change in Change}
    assert badges.pop(Change.SAME) == ""
    assert [strip_tags(html) for html in badges.values()] == ["Opens", "Closes", "Changes"]
    assert len({Elements(html).first("use")["href"] for html in badges.values()}) == 3


def test_each_risk_has_words() -> None:
    words = [strip_tags(draw("{% risk_badge risk %}", risk=risk)) for risk in Risk]
    assert words == ["Low risk", "Medium risk", "High risk"]


def test_nothing_a_cluster_named_becomes_markup() -> None:
    policy = PolicyRef(EVIL, EVIL, EVIL)
    rule = RuleRef(policy, Direction.EGRESS, 0)
    evil = Party(PartyKind.NAMESPACE, 1, (EVIL,), ((EVIL, EVIL),), is_whole=False)
    closed = Answer(closed_by=(policy,))
    line = Line(Way.OUTWARD, evil, evil, Answer((opening(*WHOLE, rules=(rule,)),)), closed)
    flags = (Flag(finding(message=EVIL, policy=policy, rule=rule), 1),)
    shown = hood(line, replace(line, way=Way.INSIDE, answer=closed))
    html = draw(
        "{% party_words party %}{% party_note party %}{% rule_words rule %}{{ evil|coded }}"
        "{% include 'connectivity/_findings.html' %}{% include 'connectivity/_matrix.html' %}"
        "{% include 'connectivity/_comparison_table.html' with sections=comparison.kept %}"
        "{% include 'connectivity/_names.html' with names=names %}",
        party=evil, rule=rule, evil=EVIL, flags=flags, reasons=(EVIL,), names=(EVIL,),
        groups=build_groups(shown, flags), comparison=build_comparison(shown, flags),
    )  # fmt: skip
    found = Elements(html).found
    assert "script" not in {name for name, _attrs in found}
    assert not [attrs for _name, attrs in found if "onload" in attrs]


def inside_and_out() -> Neighbourhood:
    """Web pods reach public addresses, nothing else gets anywhere."""
    both = replace(WEB, members=0b11, labels=())
    return hood(
        Line(Way.INSIDE, both, WEB, BLOCKED, BLOCKED),
        Line(Way.INSIDE, both, REST, BLOCKED, BLOCKED),
        Line(Way.INWARD, both, ADDRESSES, BLOCKED, BLOCKED),
        Line(Way.INWARD, both, OTHERS, BLOCKED, BLOCKED),
        Line(Way.OUTWARD, WEB, ADDRESSES, OPEN, BLOCKED, Change.OPENS),
        Line(Way.OUTWARD, REST, ADDRESSES, BLOCKED, BLOCKED),
        Line(Way.OUTWARD, both, OTHERS, BLOCKED, BLOCKED),
    )


def test_the_matrix_has_a_part_for_each_group_and_one_row_for_what_is_shut_off() -> None:
    web, rest = build_groups(inside_and_out(), ())
    assert [row.peer for row in web.rows] == [ADDRESSES]
    assert web.rows[0].outward is not None
    assert web.rows[0].outward.change is Change.OPENS
    assert web.rows[0].inward is not None
    assert web.rows[0].inward.is_quiet
    assert web.closed == (WEB, REST, OTHERS)
    assert (rest.rows, rest.closed) == ((), (WEB, REST, ADDRESSES, OTHERS))


@pytest.mark.parametrize("certainty", [Certainty.PLUGIN_DEPENDENT, Certainty.UNDEFINED])
def test_what_is_blocked_but_not_settled_has_a_row_of_its_own(certainty: Certainty) -> None:
    unsure = replace(BLOCKED, certainty=certainty)
    doubted = hood(
        Line(Way.INWARD, WEB, ADDRESSES, unsure, unsure),
        Line(Way.OUTWARD, WEB, ADDRESSES, BLOCKED, BLOCKED),
        Line(Way.INWARD, WEB, OTHERS, BLOCKED, BLOCKED),
    )
    [group] = build_groups(doubted, ())
    assert ([row.peer for row in group.rows], group.closed) == ([ADDRESSES], (OTHERS,))


def test_what_is_not_known_of_all_that_is_shut_is_said_once() -> None:
    unknown = replace(BLOCKED, certainty=Certainty.INCOMPLETE)
    shut = hood(
        Line(Way.INWARD, WEB, ADDRESSES, unknown, unknown),
        Line(Way.OUTWARD, WEB, OTHERS, BLOCKED, BLOCKED),
    )
    [group] = build_groups(shut, ())
    assert (group.rows, group.closed) == ((), (ADDRESSES, OTHERS))
    assert group.closed_certainty is Certainty.INCOMPLETE
    html = render_to_string("connectivity/_matrix.html", {"groups": [group]})
    assert html.count("Not everything that decides this is known") == 2


def test_what_web_pods_send_inside_is_what_the_others_receive() -> None:
    inside = hood(
        Line(Way.INSIDE, WEB, REST, OPEN),
        Line(Way.INSIDE, REST, WEB, BLOCKED),
    )
    _rest_first, web = sorted(build_groups(inside, ()), key=lambda group: -group.ours.members)
    assert web.ours is WEB
    [row] = web.rows
    assert (row.peer, row.is_group) == (REST, False)
    assert row.outward is not None
    assert row.inward is not None
    assert (row.outward.answer, row.inward.answer) == (OPEN, BLOCKED)


def test_a_lone_pod_has_a_matrix_too() -> None:
    alone = hood(
        Line(Way.INWARD, REST, ADDRESSES, BLOCKED), Line(Way.OUTWARD, REST, ADDRESSES, OPEN)
    )
    [group] = build_groups(alone, ())
    assert [row.peer for row in group.rows] == [ADDRESSES]


def test_a_finding_is_pinned_to_the_cells_its_rule_opens_and_to_no_other() -> None:
    flag = Flag(finding(), 1)
    web, rest = build_groups(inside_and_out(), (flag,))
    assert web.rows[0].outward is not None
    assert web.rows[0].outward.flags == (flag,)
    assert web.rows[0].inward is not None
    assert web.rows[0].inward.flags == ()
    assert not rest.rows
    html = draw("{% answer_cell answer flags=flags %}", answer=OPEN, flags=(flag,))
    assert Elements(html).first("a")["href"] == "#finding-1"
    assert "Warning BH999" in strip_tags(html)


def test_a_finding_about_a_policy_is_pinned_to_all_its_rules_open() -> None:
    flag = Flag(finding(rule=None), 1)
    blamed = replace(flag, finding=finding(rule=None, policy=DENY))
    [moved] = build_comparison(inside_and_out(), (flag, blamed)).moved
    assert moved.lines[0].flags == (flag,)


def test_a_path_across_environments_is_flagged_only_where_it_leads() -> None:
    flag = Flag(finding(), 1, beyond=frozenset({"orders-dev"}))
    both = hood(
        Line(Way.OUTWARD, WEB, ADDRESSES, OPEN),
        Line(Way.OUTWARD, WEB, OTHERS, OPEN),
        Line(Way.INWARD, WEB, OTHERS, BLOCKED),
    )
    [inward, outward] = build_comparison(both, (flag,)).kept
    assert [one.flags for one in (*inward.lines, *outward.lines)] == [(), (), (flag,)]


@pytest.mark.parametrize(
    ("environment", "beyond"),
    [("test", {"orders-prod"}), ("production", {"orders-dev"}), ("", set())],
)
def test_beyond_the_border_of_production_is_nobody_where_it_is_not_known_on_which_side_we_are(
    environment: str, beyond: set[str]
) -> None:
    kinds = {"payments-prod": environment, "orders-prod": "production", "orders-dev": "development"}
    world = World(
        {name: {"bulkhead.dev/environment": kind} if kind else {} for name, kind in kinds.items()}
    )
    crossing = Finding(MIXED_ENVIRONMENTS, Severity.ERROR, "")
    picture = Connectivity(
        hood(), Estate(world), findings=(crossing,), introduced=(), seen_at=None, trouble="",
        foreign=(),
    )  # fmt: skip
    [flag] = flags_of(picture)
    assert flag.beyond == beyond


def test_lines_that_move_stand_apart_from_those_that_stay() -> None:
    comparison = build_comparison(inside_and_out(), ())
    assert [(one.way, len(one.lines)) for one in comparison.moved] == [(Way.OUTWARD, 1)]
    assert comparison.kept_count == 6
    assert not comparison.is_new
    assert not comparison.is_end


def test_a_new_namespace_and_one_that_ends_are_told_apart() -> None:
    new = build_comparison(hood(Line(Way.OUTWARD, WEB, ADDRESSES, OPEN)), ())
    end = build_comparison(hood(Line(Way.OUTWARD, WEB, ADDRESSES, Answer(), OPEN)), ())
    assert (new.is_new, new.is_end) == (True, False)
    assert (end.is_new, end.is_end) == (False, True)


def test_changed_rows_say_how_they_change_and_closing_looks_different() -> None:
    closes = Line(Way.OUTWARD, WEB, ADDRESSES, BLOCKED, OPEN, Change.CLOSES)
    comparison = build_comparison(hood(*inside_and_out().lines[4:5], closes), ())
    html = draw(
        "{% include 'connectivity/_comparison_table.html' with sections=comparison.moved %}",
        comparison=comparison, name="payments-prod",
    )  # fmt: skip
    rows = [attrs.get("class") for attrs in Elements(html).each("tr")]
    assert rows[2:] == ["changed", "changed closes"]
    assert Elements(html).each("th")[4]["scope"] == "rowgroup"
    assert "Opens" in html
    assert "Closes" in html
