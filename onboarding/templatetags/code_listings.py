"""YAML and differences as escaped HTML. Pure: text in, safe markup out.

Everything comes from people or from an API server, so every piece is escaped, whatever it holds.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

_KEY = re.compile(r"""^(\s*(?:- )*)([\w./-]+|"[^"]*"|'[^']*'):(?=\s|$)""")

# The sign in front of a line carries the meaning; colour only repeats it.
_SIGNS = {"same": "  ", "add": "+ ", "del": "- ", "gap": "", "hunk": ""}

Row = tuple[int | None, str, str, int | None, str, str]


@dataclass(frozen=True)
class DiffRow:
    """One line of a side-by-side comparison; css is the class of a cell ("" for no change)."""

    left_no: int | str
    left_text: str
    left_css: str
    right_no: int | str
    right_text: str
    right_css: str


def _yaml_line(line: str) -> SafeString:
    found = _KEY.match(line)
    if not found:
        return format_html("{}", line)
    return format_html('{}<span class="k">{}</span>:{}', found[1], found[2], line[found.end() :])


def highlight_yaml(text: str) -> SafeString:
    """Return the text with its keys marked; stripped of tags it reads exactly as before."""
    return format_html_join("\n", "{}", ((_yaml_line(line),) for line in text.split("\n")))


def mark_lines(lines: Iterable[tuple[str, str]]) -> SafeString:
    """Return one block per (tag, text); tag is same, add, del or hunk, text has no sign of its own.

    Raise KeyError for any other tag: a difference shown wrongly is worse than none.
    """
    return format_html_join(
        "",
        '<span class="l{}">{}{}{}</span>',
        (
            (f" {tag}" if tag != "same" else "", spoken(tag), _SIGNS[tag], text)
            for tag, text in lines
        ),
    )


def spoken(tag: str) -> SafeString:
    """Return hidden words for a changed line: many screen readers skip plus and minus."""
    words = {"add": _("Added:"), "del": _("Removed:")}.get(tag)
    if not words:
        return SafeString("")
    return format_html('<span class="visually-hidden">{} </span>', words)


def side_by_side(rows: Iterable[Row]) -> list[DiffRow]:
    """Return rows ready to print; tags are same, add, del or gap. KeyError for any other."""
    return [
        DiffRow(
            left_no="" if left_no is None else left_no,
            left_text=_SIGNS[left_tag] + left,
            left_css="" if left_tag == "same" else left_tag,
            right_no="" if right_no is None else right_no,
            right_text=_SIGNS[right_tag] + right,
            right_css="" if right_tag == "same" else right_tag,
        )
        for left_no, left, left_tag, right_no, right, right_tag in rows
    ]
