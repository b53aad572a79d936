"""Fields as pages draw them: help above, errors beneath, every part wired to its control."""

from django import forms

from tests.support.markup import Elements, draw


class Wish(forms.Form):
    name = forms.CharField(label="Namespace name", help_text="Cannot be changed later.")
    team = forms.ChoiceField(choices=[("payments", "payments")])
    purpose = forms.CharField(required=False, widget=forms.Textarea)
    scope = forms.ChoiceField(
        widget=forms.RadioSelect, choices=[("project", "Same project"), ("all", "Every pod")]
    )
    tell_me = forms.BooleanField(required=False, label="Tell me when it is ready")
    key = forms.CharField(widget=forms.HiddenInput)


def test_help_stands_above_the_control_and_describes_it() -> None:
    html = draw("{% field form.name mono=True described_by='rules' %}", form=Wish())
    control = Elements(html).first("input")
    assert control["aria-describedby"] == "id_name_helptext rules"
    assert control["class"] == "form-control mono"
    assert html.index("id_name_helptext") < html.index("<input")


def test_a_wrong_answer_is_marked_and_explained_beneath() -> None:
    html = draw("{% field form.name %}", form=Wish({}))
    control = Elements(html).first("input")
    assert control["aria-invalid"] == "true"
    assert "id_name_error" in str(control["aria-describedby"])
    assert html.index("<input") < html.index("This field is required.")


def test_a_hidden_field_is_nothing_but_itself() -> None:
    found = Elements(draw("{% field form.key %}", form=Wish())).found
    assert [(name, attrs["type"]) for name, attrs in found] == [("input", "hidden")]


def test_an_optional_field_says_so_and_a_check_box_does_not() -> None:
    assert "(optional)" in draw("{% field form.purpose %}", form=Wish())
    assert "(optional)" not in draw("{% field form.tell_me %}", form=Wish())


def test_a_select_looks_like_one_and_a_check_box_too() -> None:
    assert Elements(draw("{% field form.team %}", form=Wish())).first("select")["class"] == (
        "form-select"
    )
    assert Elements(draw("{% field form.tell_me %}", form=Wish())).first("input")["class"] == (
        "form-check-input"
    )


def test_a_placeholder_that_repeats_the_label_is_dropped() -> None:
    class SignIn(forms.Form):
        who = forms.CharField(label="Who", widget=forms.TextInput(attrs={"placeholder": "Who"}))

    assert "placeholder" not in draw("{% field form.who %}", form=SignIn())


def test_choices_become_cards_with_what_they_cost() -> None:
    form = Wish({"scope": "all"})
    form.fields["scope"].notes = {"all": ("Adds network lane", "Every pod")}  # type: ignore[attr-defined]
    html = draw("{% options form.scope %}", form=form)
    radios = [attrs for name, attrs in Elements(html).found if name == "input"]
    assert [radio["id"] for radio in radios] == ["id_scope_0", "id_scope_1"]
    assert ["checked" in radio for radio in radios] == [False, True]
    assert "Adds network lane" in html


def test_the_summary_counts_links_and_takes_focus() -> None:
    html = draw("{% error_summary form %}", form=Wish({"name": "x"}))
    box = Elements(html).first("div")
    assert (box["role"], box["tabindex"]) == ("group", "-1")
    assert "autofocus" in box
    links = [attrs["href"] for name, attrs in Elements(html).found if name == "a"]
    assert links == ["#id_team", "#id_scope_0"]
    assert "2 answers need fixing" in html


def test_a_form_in_order_has_no_summary() -> None:
    assert draw("{% error_summary form %}", form=Wish()).strip() == ""
