"""`{% load bulkhead %}`: the only tags pages need. Each escapes what it is given.

The words, tables and markup come from the modules beside this one; here they are only given names
that templates can call.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms, template
from django.contrib.messages.storage.base import Message
from django.core.paginator import Page
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import ENDED
from onboarding.models import ManagedNamespace
from onboarding.queries.clusters import blindness_of
from onboarding.templatetags.code_listings import Row, highlight_yaml, mark_lines, side_by_side
from onboarding.templatetags.form_fields import (
    ErrorItem,
    build_field_view,
    build_options_view,
    is_choice_of_cards,
    list_errors,
    summary_title,
)
from onboarding.templatetags.states import REQUEST_KINDS, TONES, face_of
from onboarding.templatetags.wording import (
    approval_name,
    approver_name,
    exact,
    in_words,
    machine,
    relative,
    roughly,
    shorten_digest,
    span,
)

register = template.Library()
register.filter(approval_name)
register.filter(approver_name)
register.filter(roughly)

_MESSAGE_FACES = {
    "success": ("ok", "check"),
    "warning": ("warn", "warn"),
    "error": ("danger", "warn"),
}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Return a picture without a name of its own: words always stand beside it."""
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f"bh-i {css}".strip(),
        static("icons.svg"),
        name,
    )


@register.simple_tag
def badge(tone: str, icon_name: str, text: str) -> SafeString:
    """Return a state badge: icon plus words, never colour alone. ValueError for an unknown tone."""
    if tone not in TONES:
        raise ValueError(f"badge: tone is one of {sorted(TONES)}, not {tone!r}")
    css = "bh-badge" if tone == "plain" else f"bh-badge is-{tone}"
    return format_html('<span class="{}">{}{}</span>', css, icon(icon_name), text)


@register.simple_tag
def state_badge(state: object) -> SafeString:
    """Return the badge of a request, namespace, run, step or decision state."""
    face = face_of(state)
    return badge(face.tone, face.icon, str(face.words))


@register.simple_tag
def namespace_badge(row: ManagedNamespace, truths: Mapping[int, Any]) -> SafeString:
    """Return the badge of a namespace by the newest that is known of it, and if it is outdated."""
    known = truths.get(row.pk)
    state = state_badge(known.badge if known else row.state)
    return format_html("{} {}", state, outdated_badge(row))


@register.simple_tag
def outdated_badge(namespace: ManagedNamespace) -> SafeString:
    """Return the badge that stands beside a state where today's facts would render another plan."""
    if not namespace.outdated or namespace.state in ENDED or not namespace.checks_out:
        return SafeString("")
    return badge("warn", "history", _("Outdated"))


@register.simple_tag(takes_context=True)
def stuck_badge(context: Context, namespace: ManagedNamespace) -> SafeString:
    """Return how long a namespace has been stuck, or nothing. `now` as for `when`."""
    if namespace.stuck_at is None or namespace.waiting_since is None:
        return SafeString("")
    waited = span(namespace.waiting_since, context.get("now") or timezone.now())
    return badge("danger", "warn", _("Stuck for %(span)s") % {"span": waited})


@register.simple_tag(takes_context=True)
def blind_badge(context: Context, namespace: ManagedNamespace) -> SafeString:
    """Return the badge beside a state that nobody looked at of late, or nothing. `now` as `when`.

    Of a row read with `cluster__observation`.
    """
    found = blindness_of(namespace, now=context.get("now") or timezone.now())
    return state_badge(found) if found else SafeString("")


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime | None, never: str | None = None) -> SafeString:
    """Return `<time>`: relative words, exact UTC in the title; `never` in words for None.

    The clock is `now` of the context where a view has frozen it.
    """
    if moment is None:
        return format_html('<span class="muted">{}</span>', never or _("not yet"))
    now = context.get("now") or timezone.now()
    return _time(moment, relative(moment, now))


@register.simple_tag(takes_context=True)
def since(context: Context, moment: datetime | None) -> SafeString:
    """Return `<time>` with how long something has lasted: "3 days"; as `when` otherwise."""
    if moment is None:
        return when(context, moment)
    now = context.get("now") or timezone.now()
    return _time(moment, span(moment, now))


def _time(moment: datetime, words: str) -> SafeString:
    template = '<time datetime="{}" title="{}">{}</time>'
    return format_html(template, machine(moment), exact(moment), words)


@register.simple_tag(takes_context=True)
def lifetime(context: Context, namespace: ManagedNamespace) -> SafeString:
    """Return when the lifetime of a namespace ends; amber where it has, and it is still there."""
    moment, now = namespace.expires_at, context.get("now") or timezone.now()
    if moment is None:
        return format_html('<span class="muted">{}</span>', _("No end"))
    if moment > now or namespace.state in ENDED:
        return when(context, moment)
    said = _("ended %(span)s ago") % {"span": span(moment, now)}
    return format_html(
        '<span class="tone-warn">{} <time datetime="{}" title="{}">{}</time></span>',
        icon("warn"),
        machine(moment),
        exact(moment),
        said,
    )


@register.simple_tag(takes_context=True)
def due(context: Context, moment: datetime | None) -> SafeString:
    """Return when a worker comes by: as `when`, and in words that fit for what is due already."""
    now = context.get("now") or timezone.now()
    if moment is None or moment <= now + timedelta(seconds=1):
        return SafeString(_("at once"))
    return when(context, moment)


@register.filter
def kind_words(kind: str) -> str:
    """Return what a request asks for, in the words of every list."""
    return str(REQUEST_KINDS[kind])


@register.filter
def utc(moment: datetime | None) -> str:
    """Return the exact time, as history prints it; "" for None."""
    return exact(moment) if moment else ""


@register.filter
def clock_utc(moment: datetime) -> str:
    """Return the time of day in UTC, e.g. "14:02:00", where the day stands above."""
    return f"{moment.astimezone(UTC):%H:%M:%S}"


@register.filter
def short_digest(digest: str | None) -> str:
    """Return the recognisable ends of a SHA-256 digest; "" for None."""
    return shorten_digest(digest) if digest else ""


@register.filter
def duration(span: float | timedelta | None) -> str:
    """Return seconds or a timedelta in words; "" for None."""
    if span is None:
        return ""
    return in_words(span.total_seconds() if isinstance(span, timedelta) else float(span))


@register.simple_tag
def yaml(text: str, label: str = "YAML", css: str = "solo", element_id: str = "") -> SafeString:
    """Return YAML with its keys marked, in a region that scrolls and takes focus."""
    return format_html(
        '<pre class="bh-code {}" role="region" tabindex="0" aria-label="{}">'
        "<code{}>{}</code></pre>",
        css,
        label,
        format_html(' id="{}"', element_id) if element_id else "",
        highlight_yaml(text),
    )


@register.simple_tag
def diff_lines(lines: Iterable[tuple[str, str]], label: str | None = None) -> SafeString:
    """Return a unified difference from (tag, text) pairs; see code_listings.mark_lines."""
    return format_html(
        '<pre class="bh-code solo" role="region" tabindex="0" aria-label="{}">'
        "<code>{}</code></pre>",
        label or _("Difference"),
        mark_lines(lines),
    )


@register.inclusion_tag("components/_diff_table.html")
def diff_table(rows: Iterable[Row], left: str, right: str, *, label: str = "") -> dict[str, Any]:
    """Return two texts side by side; rows are (no, text, tag) of the left, then of the right.

    `label` tells the table from others on the page.
    """
    label = label or _("%(left)s compared with %(right)s") % {"left": left, "right": right}
    return {"rows": side_by_side(rows), "left": left, "right": right, "label": label}


@register.simple_tag
def field(bound: BoundField, *, label: str = "", mono: bool = False, **rest: Any) -> SafeString:
    """Return one field: label, help, control, errors. Hidden fields are the bare control.

    label replaces the form's own; mono is for identifiers; described_by="ids" names further text
    that describes the field; with_help=False leaves the help text out.
    """
    if bound.is_hidden:
        return bound.as_widget()
    if is_choice_of_cards(bound):
        return options(bound, **rest)
    view = build_field_view(bound, label=label, mono=mono, **rest)
    return render_to_string("components/_field.html", {"view": view})


@register.simple_tag
def options(bound: BoundField, *, described_by: str = "") -> SafeString:
    """Return choices as cards; `field.notes` maps a value to (words on the right, description)."""
    view = build_options_view(bound, described_by=described_by)
    return render_to_string("components/_options.html", {"view": view})


@register.inclusion_tag("components/_error_summary.html")
def error_summary(form: forms.BaseForm | None, *, is_quiet: bool = False) -> dict[str, Any]:
    """Return the list of what needs fixing, linked to the fields; nothing for a form in order.

    A quiet one takes no focus: it replaces another while somebody types.
    """
    items = list_errors(form) if form is not None and form.is_bound else []
    return {"items": items, "title": summary_title(items), "is_quiet": is_quiet}


@register.simple_tag
def usual_wait(waits: Mapping[Lane, timedelta | None] | str, lane: Lane) -> str:
    """Return how long an approval usually takes, e.g. "3 h"; "" where too little is known."""
    wait = waits.get(lane) if isinstance(waits, Mapping) else None
    return in_words(max(60.0, wait.total_seconds())) if wait else ""


@register.simple_tag
def errors_by_field(form: forms.BaseForm) -> list[ErrorItem]:
    """Return what is wrong now, field by field, for the script that marks fields meanwhile."""
    return [item for item in list_errors(form) if item.target]


@register.inclusion_tag("components/_alert.html")
def message_alert(message: Message) -> dict[str, Any]:
    """Return one of Django's messages; it stays until it is dismissed."""
    tone, icon_name = _MESSAGE_FACES.get(message.level_tag, ("run", "info"))
    return {"tone": tone, "icon_name": icon_name, "text": message.message}


@register.inclusion_tag("components/_copy.html")
def copy_button(target: str, label: str | None = None) -> dict[str, Any]:
    """Return a button that copies the text of the element with this id."""
    return {"target": target, "label": label or _("Copy")}


@register.inclusion_tag("components/_copy.html")
def copy_text(text: str, label: str | None = None) -> dict[str, Any]:
    """Return a button that copies the text it is given."""
    return {"text": text, "label": label or _("Copy")}


@register.inclusion_tag("components/_crumbs.html")
def crumbs(*parts: str) -> dict[str, Any]:
    """Return the way here: label, url, label, url, …, then the label of this page."""
    if len(parts) % 2 == 0:
        raise ValueError("crumbs: pairs of label and url, then the label of the page itself")
    return {"links": list(zip(parts[:-1:2], parts[1::2], strict=True)), "current": parts[-1]}


@register.filter
def page_numbers(page: Page[Any]) -> list[int | None]:
    """Return the numbers worth a link around the current page; None stands for a gap."""
    shown = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [number if isinstance(number, int) else None for number in shown]
