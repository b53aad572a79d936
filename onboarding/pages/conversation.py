"""The conversation about a request, as its pages show it: who wrote what, and who may write."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import RequestState
from onboarding.forms.comment import CommentForm
from onboarding.models import Event, Request
from onboarding.queries.conversation import comments_on, is_under_discussion, takes_part
from onboarding.queries.permissions import Permissions


@dataclass(frozen=True)
class Conversation:
    """`form` is None where the person only reads; `why_not` says why, "" for who never writes."""

    request: Request
    lines: list[Event]
    form: CommentForm | None
    why_not: str
    is_open: bool

    @property
    def newest(self) -> int:
        """Return the number of the last line, 0 for none: what a page has shown already."""
        return self.lines[-1].pk if self.lines else 0

    @property
    def is_shown(self) -> bool:
        """Tell whether there is anything to show: lines, or a form."""
        return bool(self.lines or self.form)


def conversation_of(
    row: Request, permissions: Permissions, form: CommentForm | None = None
) -> Conversation:
    """Return the conversation for this reader; `form` is one that was filled. One query."""
    is_open = is_under_discussion(row)
    may_write = is_open and takes_part(permissions, row)
    why_not = ""
    if not is_open and row.state != RequestState.DRAFT.value:
        why_not = _("The request is closed. What was written stays.")
    elif not may_write:
        why_not = _("The team, approvers and platform admins write here. You may read.")
    return Conversation(
        request=row,
        lines=comments_on(row) if row.state != RequestState.DRAFT.value else [],
        form=(form or CommentForm()) if may_write else None,
        why_not=why_not,
        is_open=is_open,
    )
