"""The tags pages are made of: right words, right wiring, and nothing a person typed as markup."""

from datetime import timedelta

import pytest
from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.utils.html import strip_tags

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import ClusterCondition, NamespaceState, RequestState
from onboarding.templatetags.states import FACES, TONES
from tests.support.markup import EVIL, NOW, Elements, draw

DIGEST = "9f2c07b4" + "0" * 48 + "a6e35b1d"


def evil_form() -> forms.Form:
    class Evil(forms.Form):
        name = forms.CharField(label=EVIL, help_text=EVIL)
        scope = forms.ChoiceField(
            label=EVIL, help_text=EVIL, widget=forms.RadioSelect, choices=[(EVIL, EVIL)]
        )

    form = Evil({"name": EVIL, "scope": EVIL})
    form.fields["scope"].notes = {EVIL: (EVIL, EVIL)}  # type: ignore[attr-defined]
    form.add_error("name", EVIL)
    form.add_error("scope", EVIL)
    form.add_error(None, EVIL)
    return form


EVERY_TAG = [
    "{% icon evil evil %}",
    "{% badge 'ok' evil evil %}",
    "{% state_badge evil %}",
    "{% when none evil %}",
    "{{ evil|short_digest }}",
    "{% yaml evil evil evil evil %}",
    "{% yaml evil_key %}",
    "{% diff_lines lines evil %}",
    "{% diff_table rows evil evil %}",
    "{% field form.name described_by=evil label=evil %}",
    "{% field form.name %}",
    "{% field form.scope %}",
    "{% options form.scope described_by=evil %}",
    "{% error_summary form %}",
    "{% message_alert message %}",
    "{% copy_button evil evil %}",
    "{% copy_text evil evil %}",
    "{% crumbs evil evil evil %}",
]


@pytest.mark.parametrize("tag", EVERY_TAG)
def test_no_tag_turns_what_it_is_given_into_markup(tag: str) -> None:
    html = draw(
        tag,
        evil=EVIL,
        none=None,
        evil_key=f'"{EVIL.replace(chr(34), "")}": {EVIL}',
        lines=[("add", EVIL), ("same", EVIL)],
        rows=[(1, EVIL, "del", None, EVIL, "gap")],
        form=evil_form(),
        message=Message(constants.ERROR, EVIL),
    )
    found = Elements(html).found
    assert "script" not in {name for name, _attrs in found}
    assert not [attrs for _name, attrs in found if "onload" in attrs]


def test_the_filters_that_take_times_accept_nothing_else_and_say_nothing_for_none() -> None:
    assert draw("{{ none|utc }}{{ none|duration }}{{ none|short_digest }}", none=None) == ""


def test_an_icon_is_hidden_from_screen_readers_and_comes_from_the_sprite() -> None:
    html = draw("{% icon 'check' %}")
    assert Elements(html).first("svg")["aria-hidden"] == "true"
    assert Elements(html).first("use")["href"] == "/static/icons.svg#check"


def test_a_badge_has_an_icon_and_words() -> None:
    html = draw("{% badge 'warn' 'clock' 'In 4 days' %}")
    assert Elements(html).first("span")["class"] == "bh-badge is-warn"
    assert strip_tags(html) == "In 4 days"
    assert "#clock" in html


def test_a_badge_with_an_unknown_tone_is_refused() -> None:
    with pytest.raises(ValueError, match="tone is one of"):
        draw("{% badge 'purple' 'check' 'Ready' %}")


@pytest.mark.parametrize("state", [*RequestState, *NamespaceState, *ClusterCondition])
def test_every_state_of_the_lifecycle_has_a_face(state: str) -> None:
    assert FACES[state].tone in TONES


def test_a_state_is_recognised_by_member_and_by_value() -> None:
    assert draw("{% state_badge s %}", s=NamespaceState.READY) == draw("{% state_badge 'READY' %}")


def test_a_state_without_a_face_shows_its_own_word() -> None:
    assert strip_tags(draw("{% state_badge 'half_moved' %}")) == "Half moved"


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=22), "22 h ago"),
        (timedelta(days=1, hours=3), "1 day ago"),
        (timedelta(days=-4), "in 4 days"),
        (timedelta(days=60), "25 Sep 2026"),
    ],
)
def test_a_time_reads_as_words(away: timedelta, words: str) -> None:
    assert strip_tags(draw("{% when t %}", t=NOW - away)) == words


def test_a_time_carries_its_exact_utc() -> None:
    attrs = Elements(draw("{% when t %}", t=NOW)).first("time")
    assert attrs == {"datetime": "2026-11-24T14:20:00Z", "title": "2026-11-24 14:20:00 UTC"}


def test_a_time_that_never_was_says_so() -> None:
    assert strip_tags(draw("{% when none never='never used' %}", none=None)) == "never used"


def test_history_prints_the_exact_time() -> None:
    assert draw("{{ t|utc }}", t=NOW) == "2026-11-24 14:20:00 UTC"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (0.94, "940 ms"),
        (2, "2 s"),
        (26.4, "26 s"),
        (228, "3 min 48 s"),
        (3600, "1 h"),
        (5520, "1 h 32 min"),
        (timedelta(days=2, hours=3, minutes=9), "2 days 3 h"),
        (86400 + 5, "1 day"),
    ],
)
def test_a_span_reads_as_its_two_largest_units(span: float | timedelta, words: str) -> None:
    assert draw("{{ span|duration }}", span=span) == words


@pytest.mark.parametrize("digest", [DIGEST, f"sha256:{DIGEST}"])
def test_a_digest_is_recognised_by_its_ends(digest: str) -> None:
    assert draw("{{ d|short_digest }}", d=digest) == "sha256:9f2c07b4…a6e35b1d"


def test_yaml_reads_as_before_without_its_marks() -> None:
    text = 'spec:\n  - "a: b": x\n    podSelector: {}\n    url: http://<host>\n'
    html = draw("{% yaml text 'Deny all' element_id='y1' %}", text=text)
    assert strip_tags(html).replace("&quot;", '"').replace("&lt;host&gt;", "<host>") == text
    assert '<span class="k">podSelector</span>:' in html


def test_yaml_scrolls_in_a_named_region_that_takes_focus() -> None:
    html = draw("{% yaml text 'Deny all' element_id='y1' %}", text="a: 1")
    pre = Elements(html).first("pre")
    assert (pre["role"], pre["tabindex"], pre["aria-label"]) == ("region", "0", "Deny all")
    assert Elements(html).first("code") == {"id": "y1"}


def test_changed_lines_are_told_by_sign_and_by_word() -> None:
    html = draw("{% diff_lines lines %}", lines=[("del", "a"), ("add", "b"), ("same", "c")])
    assert strip_tags(html) == "Removed: - aAdded: + b  c"


def test_a_difference_with_an_unknown_tag_is_refused() -> None:
    with pytest.raises(KeyError):
        draw("{% diff_lines lines %}", lines=[("moved", "a")])


def test_a_comparison_has_a_caption_and_both_names() -> None:
    rows = [(1, "a", "del", 1, "b", "add"), (None, "", "gap", 2, "c", "add")]
    html = draw("{% diff_table rows 'Revision 1' 'Revision 2' %}", rows=rows)
    assert "<caption" in html
    assert Elements(html).first("div")["aria-label"] == "Revision 1 compared with Revision 2"
    cells = [attrs.get("class") for name, attrs in Elements(html).found if name == "td"]
    assert cells == ["ln", "del", "ln", "add", "ln", "gap", "ln", "add"]


def test_an_error_message_interrupts_and_a_success_is_announced() -> None:
    error = Elements(draw("{% message_alert m %}", m=Message(constants.ERROR, "No.")))
    done = Elements(draw("{% message_alert m %}", m=Message(constants.SUCCESS, "Sent.")))
    assert error.first("div")["role"] == "alert"
    assert done.first("div")["data-announce"] == "Sent."


def test_crumbs_link_the_way_and_name_the_page() -> None:
    html = draw("{% crumbs 'Requests' '/requests/' 'REQ-1' %}")
    assert Elements(html).first("a")["href"] == "/requests/"
    assert Elements(html).found[-1] == ("li", {"aria-current": "page"})


def test_crumbs_without_a_last_label_are_refused() -> None:
    with pytest.raises(ValueError, match="pairs of label and url"):
        draw("{% crumbs 'Requests' '/requests/' %}")


def test_pages_far_away_are_left_out() -> None:
    page = Paginator(range(120), 10).page(6)
    numbers = draw("{% for n in page|page_numbers %}{{ n|default:'…' }} {% endfor %}", page=page)
    assert numbers.split() == ["1", "…", "4", "5", "6", "7", "8", "…", "12"]


@pytest.mark.parametrize("lane", list(Lane))
def test_people_read_of_approvals_and_approvers(lane: Lane) -> None:
    words = draw("{{ lane|approval_name }} {{ lane.value|approver_name }}", lane=lane)
    assert words == f"{lane} approval {lane} approvers"
