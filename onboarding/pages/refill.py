"""Puts what somebody typed back into the form of a page: works on the page's own HTML.

Any form of any page is filled the same way, and no view knows of it. Only what a person can see
and change is filled: texts, and choices of a form that says `data-keeps-choices`. Of hidden fields
only `version`, so that what was saved meanwhile is noticed. The others say what a form is about,
and have to hold what was sent: of several forms that go to one address, words end only in their
own. What each box approves is ticked anew: boxes of `_PICKED` come empty, since some of them may
have been unticked. Nothing is sent by it. What is folded around it is opened.
What the page says of the answers it was made with is no longer so: `data-of-answers` marks it
and holds the words that take its place.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

from django.utils.html import escape

_TEXTS = frozenset({"text", "email", "url", "number", "search", "date", "datetime-local", "tel"})
LONGEST_CHOICE = 40
_KEPT_HIDDEN = frozenset({"version"})
_PICKED = frozenset({"pick"})
# Hidden fields that say nothing of what a form is about: each opening of its page has its own.
_OF_ONE_OPENING = frozenset({"csrfmiddlewaretoken", "form_key", "picture", "signed", "version"})
Attributes = dict[str, str | None]


@dataclass
class _Edit:
    """Replace what stands between two places of the page."""

    start: int
    end: int
    text: str


@dataclass
class _Form:
    """One form of the page, its edits, and which fields they fill."""

    start: int  # just behind its opening tag
    action: str
    keeps_choices: bool
    edits: list[_Edit] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    about: dict[str, list[str]] = field(default_factory=dict)  # what its hidden fields hold
    folds: dict[int, _Edit] = field(default_factory=dict)  # opens what is folded around it


def refill(
    html: str, *, page: str, action: str, fields: Iterable[tuple[str, str]], notice: str
) -> str | None:
    """Return the page with its form for `action` filled and the notice in it.

    The query of `action` says what the form was about. None if the page has no such form, several
    that could be it, or one that has no place for words that were typed. Where only choices were
    sent, which are not filled in, the form gets the notice alone.
    """
    filler = _Filler(html, page, fields)
    filler.feed(html)
    filler.close()
    where = urlsplit(action)
    about = filler.values | parse_qs(where.query, keep_blank_values=True)
    there = [form for form in filler.forms if form.action == where.path and _is_of(form, about)]
    taking = [form for form in there if form.filled]
    if not there or len(taking) > 1 or (not taking and _holds_words(filler.values)):
        return None
    form = (taking or there)[0]
    said = [_Edit(form.start, form.start, notice), *(filler.told if taking else ())]
    return _edited(html, [*said, *form.edits, *form.folds.values()])


def _is_of(form: _Form, sent: dict[str, list[str]]) -> bool:
    """Tell whether a form is about what the one that was sent was about."""
    return all(sent.get(name) == held for name, held in form.about.items())


def _holds_words(values: dict[str, list[str]]) -> bool:
    """Tell whether somebody wrote any of it: a choice is one short word."""
    return any(
        len(value) > LONGEST_CHOICE or " " in value.strip() or "\n" in value.strip()
        for told in values.values()
        for value in told
    )


def _edited(html: str, edits: list[_Edit]) -> str:
    parts, at = [], 0
    for edit in sorted(edits, key=lambda one: one.start):
        parts += [html[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, html[at:]])


def _written(tag: str, given: Attributes) -> str:
    said = "".join(
        f" {name}" if value is None else f' {name}="{escape(value)}"'
        for name, value in given.items()
    )
    return f"<{tag}{said}>"


class _Filler(HTMLParser):
    """Reads the page once and notes what to change, form by form."""

    def __init__(self, html: str, page: str, fields: Iterable[tuple[str, str]]) -> None:
        super().__init__(convert_charrefs=False)
        self.page, self.forms = page, list[_Form]()
        self.values: dict[str, list[str]] = {}
        for name, value in fields:
            self.values.setdefault(name, []).append(value)
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        # What the page tells of the answers, as edits; the one that is open, and how deep in it.
        self.told, self._telling, self._depth = list[_Edit](), "", 0
        self._form: _Form | None = None
        self._folds = list[_Edit | None]()  # the <details> it is in; None for one that is open
        self._select = ""
        self._text: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag says otherwise when it is filled."""
        given: Attributes = dict(attrs)
        end = self._at() + len(self.get_starttag_text() or "")
        if self._tells_of_answers(tag, given, end):
            return
        if tag in {"form", "details"}:
            self._begin(tag, given, end)
        elif self._form is None:
            return
        elif tag == "textarea" and given.get("name") in self.values:
            self._text = (str(given["name"]), end)
        elif tag == "select":
            self._select = str(given.get("name", ""))
        elif tag == "option" and self._form.keeps_choices and self._select in self.values:
            self._choose(given, tag, self._select, "selected")
        elif tag == "input":
            self._note_about(given)
            self._fill_input(given)

    def handle_endtag(self, tag: str) -> None:
        """Close what began."""
        if self._telling:
            self._depth -= tag == self._telling
            if not self._depth:
                self._telling, self.told[-1].end = "", self._at()
        elif tag == "form":
            self._form = None
        elif tag == "details" and self._folds:
            self._folds.pop()
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._text and self._form:
            name, start = self._text
            words = "\n" + escape(self.values[name][0])
            self._form.edits.append(_Edit(start, self._at(), words))
            self._note_filled(self._form, name)
            self._text = None

    def _tells_of_answers(self, tag: str, given: Attributes, end: int) -> bool:
        """Note what tells of the answers the page was made with, to be replaced whole."""
        words = given.get("data-of-answers")
        if self._telling:
            self._depth += tag == self._telling
        elif words:
            self._telling, self._depth = tag, 1
            self.told.append(_Edit(end, end, f"<p>{escape(words)}</p>"))
        return bool(self._telling)

    def _begin(self, tag: str, given: Attributes, end: int) -> None:
        if tag == "details":
            opened = _Edit(self._at(), end, _written(tag, given | {"open": None}))
            self._folds.append(None if "open" in given else opened)
        elif (given.get("method") or "").lower() == "post":
            where = urlsplit(urljoin(self.page, given.get("action") or ""))
            self._form = _Form(end, where.path, "data-keeps-choices" in given)
            self._unfold(self._form)
            self.forms.append(self._form)

    def _unfold(self, form: _Form) -> None:
        form.folds |= {fold.start: fold for fold in self._folds if fold}

    def _note_filled(self, form: _Form, name: str) -> None:
        form.filled.add(name)
        self._unfold(form)

    def _note_about(self, given: Attributes) -> None:
        """Note what a hidden field holds that says what the form is about."""
        name = given.get("name") or ""
        is_hidden = (given.get("type") or "").lower() == "hidden"
        if self._form and is_hidden and name not in _OF_ONE_OPENING:
            self._form.about.setdefault(name, []).append(given.get("value") or "")

    def _fill_input(self, given: Attributes) -> None:
        name, kind = given.get("name") or "", (given.get("type") or "text").lower()
        if not self._form or kind == "password":
            return
        if name in _PICKED:
            self._replace({key: told for key, told in given.items() if key != "checked"}, "input")
        elif kind in {"radio", "checkbox"}:
            # A box that was not ticked is not sent: its absence says so, if anything was sent.
            if self._form.keeps_choices and (name in self.values or kind == "checkbox"):
                self._choose(given, "input", name, "checked")
        elif name in self.values and (
            kind in _TEXTS or (kind == "hidden" and name in _KEPT_HIDDEN)
        ):
            self._replace({**given, "value": self.values[name][0]}, "input")
            if kind != "hidden":
                self._note_filled(self._form, name)

    def _choose(self, given: Attributes, tag: str, name: str, word: str) -> None:
        chosen = {key: value for key, value in given.items() if key != word}
        if (given.get("value") or "") in self.values.get(name, ()):
            chosen[word] = None
        self._replace(chosen, tag)
        if self._form:
            self._note_filled(self._form, name)

    def _replace(self, given: Attributes, tag: str) -> None:
        start = self._at()
        end = start + len(self.get_starttag_text() or "")
        if self._form:
            self._form.edits.append(_Edit(start, end, _written(tag, given)))

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
