"""Rows written at random, as somebody can who has taken over the web process and its database role.

A mutation changes, adds or removes one row, or forges an approval whole: plan, digest, revision,
decisions and events that all fit. What the database refuses counts as tried.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, models, transaction
from django.db.models.functions import Now

from onboarding.domain.actions import Action
from onboarding.domain.objects import copied
from onboarding.models import Decision, ManagedNamespace, Request, RequestLane, Revision, User
from onboarding.queries.subjects import subject_of
from onboarding.services import history

# Of the framework's own, what no page of the portal reads is no way in.
LEFT_OUT = frozenset({"migrations", "contenttypes", "admin"})
# What a plan is opened with: everybody in, everybody out, no bounds, more than a developer.
WIDE: dict[str, Callable[[dict[str, Any]], object]] = {
    "NetworkPolicy": lambda tree: tree["spec"].update(ingress=[{}], egress=[{}]),
    "ResourceQuota": lambda tree: tree["spec"].update(hard={"pods": "9999"}),
    "RoleBinding": lambda tree: tree.update(subjects=[{**tree["subjects"][0], "name": "team-x"}]),
    "Namespace": lambda tree: tree["metadata"]["labels"].update({"ns-id": "kube-system"}),
}


# What the database refuses, and what rows that were bent before cannot be made into.
NOTHING_WRITTEN = (
    DatabaseError,
    models.ProtectedError,
    ObjectDoesNotExist,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
)


def every_model() -> list[type[models.Model]]:
    """Every table the role may try to write."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in LEFT_OUT and not model._meta.proxy
    ]


@dataclass
class RowAttack:
    """One attacker with a seeded hand. `tried` and `refused` count what the database was asked.

    `forged` counts the approvals that were written whole.
    """

    random: Random
    now: datetime
    tried: int = 0
    refused: int = 0
    forged: int = 0
    told: list[str] = field(default_factory=list)

    def mutate(self) -> None:
        """Do one thing; what the database refuses is left undone."""
        act = self.random.choices(
            (self.change, self.copy, self.remove, self.forge), weights=(6, 1, 1, 4)
        )[0]
        self.tried += 1
        try:
            with transaction.atomic():
                self.told.append(f"{act.__name__}: {act()}")
            self.forged += act == self.forge
        except NOTHING_WRITTEN as refused:
            self.refused += 1
            self.told.append(f"{act.__name__}: refused, {str(refused)[:120]}")

    # One row ------------------------------------------------------------------------------------

    def change(self) -> str:
        row = self._row()
        fields = [one for one in row._meta.concrete_fields if not one.primary_key]
        column = self.random.choice(fields)
        value = self._value(row, column)
        type(row).objects.filter(pk=row.pk).update(**{column.attname: value})  # type: ignore[attr-defined]
        return f"{row._meta.db_table}.{column.attname} = {str(value)[:60]}"

    def copy(self) -> str:
        row = self._row()
        for column in row._meta.concrete_fields:
            if column.unique and isinstance(column, models.CharField):
                setattr(row, column.attname, f"{self.random.getrandbits(40):010X}"[:10])
        row.pk = None
        row._state.adding = True
        row.save(force_insert=True)
        return row._meta.db_table

    def remove(self) -> str:
        row = self._row()
        type(row).objects.filter(pk=row.pk)._raw_delete("default")  # type: ignore[attr-defined]
        return row._meta.db_table

    # A whole approval ---------------------------------------------------------------------------

    def forge(self) -> str:
        """Whatever the portal itself would write for an approval, with a plan nobody agreed to."""
        target = self.random.choice([*ManagedNamespace.objects.order_by("pk")])
        base = self.random.choice([*Request.objects.filter(name=target.name).order_by("pk")])
        kinds = self.random.sample([*WIDE], self.random.randint(0, len(WIDE)))
        request = self._forged_request(base, target, kinds)
        for lane in self._lanes(base):
            self.say(request, lane)
        self.take_effect(request, target)
        return f"{target.name}: {', '.join(kinds) or 'the same plan'} of {base.label}"

    def _forged_request(
        self, base: Request, target: ManagedNamespace, kinds: Iterable[str]
    ) -> Request:
        plan = copied(base.plan)
        for entry in plan["objects"]:
            if entry["manifest"]["kind"] in kinds:
                WIDE[entry["manifest"]["kind"]](entry["manifest"])
        lanes = self._lanes(base)
        request = Request.objects.get(pk=base.pk)
        request.pk, request._state.adding = None, True
        request.public_id = f"{self.random.getrandbits(40):010X}"[:10]
        request.form_key = request.public_id
        request.state, request.plan, request.namespace = "draft", plan, target
        request.base_generation = target.generation
        request.save(force_insert=True)
        RequestLane.objects.bulk_create(
            RequestLane(request=request, lane=lane, reasons=["Because"]) for lane in lanes
        )
        Request.objects.filter(pk=request.pk).update(digest=subject_of(request).digest)
        self._move(request, "pending", Action.REQUEST_SUBMITTED)
        return Request.objects.get(pk=request.pk)

    def _lanes(self, base: Request) -> list[str]:
        """The lanes it needs, or what an attacker would rather have it need."""
        needed = [*base.lanes.values_list("lane", flat=True)]
        return self.random.choice([needed, needed, needed[:1]])

    def say(self, request: Request, lane: str) -> None:
        """Approve the lane in the name of who holds it, without a signature."""
        holder = User.objects.filter(role_assignments__role=lane).first()
        Decision.objects.create(
            request=request,
            lane=lane,
            vote="approve",
            person=holder or User.objects.order_by("?")[0],
            requester=request.requester,
            digest=request.digest,
            decided_at=self.now,
        )

    def take_effect(self, request: Request, target: ManagedNamespace) -> None:
        """Make the request the namespace's newest revision, and it due."""
        number = target.generation + 1
        Revision.objects.create(
            namespace=target,
            number=number,
            request=request,
            spec=request.spec,
            plan=request.plan,
            digest=request.digest,
            created_at=self.now,
        )
        self._move(request, "approved", Action.REQUEST_APPROVED)
        event = history.record(
            Action.NAMESPACE_WANTED,
            actor=history.SYSTEM,
            at=self.now,
            about=history.about_namespace(target),
        )
        ManagedNamespace.objects.filter(pk=target.pk).update(
            generation=number, state="wanted", next_at=Now(), last_event=event
        )

    def _move(self, request: Request, state: str, action: Action) -> None:
        event = history.record(
            action, actor=history.SYSTEM, at=self.now, about=history.about_request(request)
        )
        Request.objects.filter(pk=request.pk).update(state=state, last_event=event)

    # What to write ------------------------------------------------------------------------------

    def _row(self) -> models.Model:
        for model in self.random.sample(every_model(), len(every_model())):
            rows = model._default_manager.order_by("pk")
            if total := rows.count():
                return rows[self.random.randrange(total)]
        raise AssertionError("there is no row to write")

    def _value(self, row: models.Model, column: "models.Field[Any, Any]") -> object:
        known = [*type(row).objects.values_list(column.attname, flat=True)[:50]]  # type: ignore[attr-defined]
        pool: list[object] = [*known, None] if column.null else known
        match column:
            case models.JSONField():
                pool += [{}, [], self._bent(self.random.choice(known))]
            case models.DateTimeField():
                pool += [self.now - timedelta(days=9), self.now + timedelta(days=900)]
            case models.BooleanField():
                pool += [True, False]
            case models.IntegerField() | models.ForeignKey():
                pool += [0, 1, 2, 999_999]
            case models.CharField() | models.TextField():
                pool += ["", "kube-system", *(choice for choice, _ in column.choices or ())]
            case models.BinaryField():
                pool += [b"", b"\x01" * 60]
        return self.random.choice(pool)

    def _bent(self, tree: Any) -> Any:
        """The tree with every object of a plan in it wide open; anything else as it is."""
        bent = json.loads(json.dumps(tree, default=str))
        for entry in bent.get("objects", ()) if isinstance(bent, dict) else ():
            manifest = entry.get("manifest", {}) if isinstance(entry, dict) else {}
            if manifest.get("kind") in WIDE:
                WIDE[manifest["kind"]](manifest)
        return bent
