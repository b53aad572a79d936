"""A kept form is put back into the HTML of its page: words, choices where they may be, no more."""

import pytest

from onboarding.pages.refill import refill

PAGE = "/requests/new/"
SENT = f"{PAGE}?digest=now"
FORM = (
    '<p>é\n\n</p><form method="post"{action}{choices}>\n'
    '<input type="hidden" name="digest" value="now"><input type="hidden" name="version" value="v2">'
    '<input name="name" class="mono" value="" autofocus>'
    '<textarea name="purpose" rows="3">\nold</textarea>'
    '<input type="password" name="password">'
    '<input type="radio" name="size" value="s" checked><input type="radio" name="size" value="m">'
    '<input type="checkbox" name="agree" value="on" checked>'
    '<select name="team"><option value="a" selected>a</option><option value="b">b</option></select>'
    "</form><p>after</p>"
)


def filled(*fields: tuple[str, str], action: str = "", choices: str = "", to: str = SENT) -> str:
    html = FORM.format(action=action, choices=choices)
    return refill(html, page=PAGE, action=to, fields=fields, notice="<b>notice</b>") or ""


def test_texts_are_filled_in_escaped_and_the_rest_stays() -> None:
    html = filled(("name", 'a"<b>'), ("purpose", "</textarea>\n\nx"))
    assert '<input name="name" class="mono" value="a&quot;&lt;b&gt;" autofocus>' in html
    assert '<textarea name="purpose" rows="3">\n&lt;/textarea&gt;\n\nx</textarea>' in html
    assert html.startswith("<p>é\n\n</p>")
    assert html.endswith("</form><p>after</p>")
    assert '<form method="post"><b>notice</b>\n' in html


def test_choices_are_filled_in_only_where_the_form_says_so() -> None:
    fields = (("name", "x"), ("size", "m"), ("team", "b"))
    closed = filled(*fields)
    assert 'value="s" checked' in closed
    assert '<option value="a" selected>' in closed
    opened = filled(*fields, choices=" data-keeps-choices")
    assert '<input type="radio" name="size" value="m" checked>' in opened
    assert 'value="s" checked' not in opened
    assert '<option value="b" selected>' in opened
    assert 'name="agree" value="on" checked' not in opened


@pytest.mark.parametrize(("name", "value"), [("digest", "planted"), ("password", "planted")])
def test_what_nobody_can_see_or_shall_not_is_not_filled_in(name: str, value: str) -> None:
    assert value not in filled(("name", "x"), (name, value), choices=" data-keeps-choices")


@pytest.mark.parametrize("choices", ["", " data-keeps-choices"])
def test_what_a_box_approves_is_ticked_anew(choices: str) -> None:
    boxes = "".join(
        f'<input type="checkbox" name="pick" value="{one}" checked>' for one in ("a", "b")
    )
    html = FORM.format(action="", choices=choices).replace("</form>", f"{boxes}</form>")
    fields = [("name", "x"), ("pick", "a")]
    done = refill(html, page=PAGE, action=SENT, fields=fields, notice="") or ""
    for one in ("a", "b"):
        assert f'<input type="checkbox" name="pick" value="{one}">' in done


def test_the_version_that_was_seen_stays_so_that_a_later_one_is_noticed() -> None:
    assert '<input type="hidden" name="version" value="v1">' in filled(
        ("name", "x"), ("version", "v1")
    )


@pytest.mark.parametrize(
    ("action", "to"),
    [("", "/other/"), (' action="/other/"', PAGE), (' action="https://evil.example/"', PAGE)],
)
def test_a_form_that_goes_elsewhere_is_left_alone(action: str, to: str) -> None:
    assert filled(("name", "x"), action=action, to=f"{to}?digest=now") == ""


def test_a_form_is_found_by_where_it_goes() -> None:
    assert 'value="x"' in filled(
        ("name", "x"), action=' action="/other/?a=1"', to="/other/?digest=now"
    )


def card(number: int, hidden: str = "", fold: str = "<details>") -> str:
    """One of several forms that go to the same address, folded away."""
    return (
        f'{fold}<summary>{number}</summary><form method="post">{hidden}'
        f'<textarea name="reason" id="r{number}"></textarea></form></details>'
    )


def hiding(value: str, name: str = "suggestion") -> str:
    return f'<input type="hidden" name="{name}" value="{value}">'


def in_cards(html: str, sent: str) -> str | None:
    """What the page becomes; the notice is a `*`."""
    fields = [("reason", "Too wide.")]
    return refill(html, page=PAGE, action=f"{PAGE}{sent}", fields=fields, notice="*")


@pytest.mark.parametrize("name", ["suggestion", "deviation", "lane", "digest"])
def test_of_several_forms_words_end_in_the_one_about_the_same(name: str) -> None:
    first, second = (card(number, hiding(f"s{number}", name)) for number in (1, 2))
    done = in_cards(first + second, f"?{name}=s2") or ""
    own = done.removeprefix(first)
    assert own.startswith('<details open><summary>2</summary><form method="post">*')
    assert '<textarea name="reason" id="r2">\nToo wide.</textarea>' in own


@pytest.mark.parametrize("sent", ["", "?suggestion=s3", "?suggestion=s1&suggestion=s2", "?lane=s1"])
def test_words_about_something_else_end_in_no_form(sent: str) -> None:
    assert in_cards(card(1, hiding("s1")) + card(2, hiding("s2")), sent) is None
    assert in_cards(card(1, hiding("s1")), sent) is None


def test_where_several_forms_could_be_meant_none_is_filled() -> None:
    assert in_cards(card(1) + card(2), "") is None
    assert in_cards(card(1), "") is not None


def test_what_is_folded_elsewhere_or_open_stays_as_it_is() -> None:
    other, page = "<details><p>1</p></details>", card(2, fold="<details class='a' open>")
    done = in_cards(other + page, "") or ""
    assert done.startswith(f"{other}<details class='a' open><summary>")


def test_what_is_folded_within_the_form_is_opened_where_it_was_filled() -> None:
    told = '<details><p>1</p></details><details class="b"><input name="reason"></details>'
    done = in_cards(f'<form method="post">{told}</form>', "") or ""
    assert done.startswith(
        '<form method="post">*<details><p>1</p></details><details class="b" open>'
    )


def test_a_version_is_no_place_for_words() -> None:
    versioned = f'<form method="post">{hiding("v2", "version")}</form>'
    fields = [("version", "v1"), ("reason", "Too wide.")]
    assert refill(versioned, page=PAGE, action=PAGE, fields=fields, notice="*") is None
    done = refill(versioned + card(1), page=PAGE, action=PAGE, fields=fields, notice="*") or ""
    assert done.startswith(versioned)
    assert "Too wide." in done


def test_words_that_the_form_has_no_place_for_do_not_get_lost_in_it() -> None:
    assert filled(("reason", "Which port?")) == ""


def test_choices_alone_are_told_of_and_not_filled_in() -> None:
    html = filled(("size", "m"))
    assert "<b>notice</b>" in html
    assert 'value="s" checked' in html


def test_of_two_forms_that_of_the_same_address_is_filled() -> None:
    search = '<form method="get"><input name="name" value=""></form>'
    html = search + FORM.format(action="", choices="")
    done = refill(html, page=PAGE, action=SENT, fields=[("name", "x")], notice="")
    assert done is not None
    assert done.startswith(search)


def test_what_was_said_of_other_answers_is_no_longer_said() -> None:
    told = (
        '<div data-of-answers="Press &lt;Preview&gt;."><div>old</div><input name="name">old</div>'
    )
    html = FORM.format(action="", choices="") + told + "<p>last</p>"
    fields = (("name", "x"),)
    shown = refill(html, page=PAGE, action=SENT, fields=fields, notice="") or ""
    assert "old</div>" not in shown
    assert '."><p>Press &lt;Preview&gt;.</p></div><p>last</p>' in shown
