"""Reads the catalogue's files into values, and says in which file and line one is wrong.

Files are data that platform people edit, so every mistake is reported, not only the first, and
nothing of a broken catalogue is used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from onboarding.domain.catalogue import (
    GIVEN,
    SHOWN_BOUNDS,
    Catalogue,
    Choice,
    OpeningDirection,
    Size,
    Template,
)
from onboarding.domain.lanes import Lane, SeparationRule
from onboarding.domain.lifecycle import Phase
from onboarding.domain.names import DNS_LABEL
from onboarding.domain.objects import Json, Manifest, branch, text
from onboarding.domain.parameters import ASKABLE, CHECKS, PARTS, Parameter, check_value
from onboarding.domain.risk import Risk
from onboarding.plan.fill import slots_of
from onboarding.plan.reach_files import ReachReader

CATALOGUE_DIR = Path(__file__).resolve().parent.parent / "catalogue"
_SLOT = re.compile(r"[a-z_]+")
_OF_A_ROW = frozenset({"key", "template"})  # fields that each opening has in the form
_NUMBERS = frozenset({"max_items", "low", "high"})
_TEMPLATE_FIELDS = frozenset(
    {
        *("slug", "version", "title", "why", "phase", "lanes", "parameters", "object"),
        *("direction", "opens", "includes", "max_days", "reach"),
    }
)


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a catalogue file. `line` counts from 1; 0 where none can be named."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return e.g. `sizes.yaml:3: medium: …`."""
        return f"{self.file}:{self.line}: {self.text}"


class BadCatalogue(ValueError):
    """The catalogue's files hold mistakes. `mistakes` lists all of them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        """Keep the mistakes; the text joins them, one a line."""
        self.mistakes = mistakes
        super().__init__("\n".join(map(str, mistakes)))


@cache
def load_catalogue(folder: Path = CATALOGUE_DIR) -> Catalogue:
    """Return the catalogue in `folder`. Raise BadCatalogue with every mistake found."""
    reader = _Reader(folder)
    catalogue = reader.catalogue()
    if reader.mistakes:
        raise BadCatalogue(reader.mistakes)
    return catalogue


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


class _Reader:
    """Reads one folder and gathers mistakes with the line they stand on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mistakes: list[Mistake] = []
        self.lines: dict[tuple[str, str], int] = {}

    def catalogue(self) -> Catalogue:
        """Read every file; where one is broken its part stays empty and a mistake is noted."""
        files = sorted((self.folder / "templates").glob("*.yaml"))
        templates = {read.slug: read for file in files if (read := self._template(file))}
        settings = self._tree("environments.yaml")
        catalogue = Catalogue(
            templates=templates,
            sizes={slug: self._size(slug, body) for slug, body in self._entries("sizes.yaml")},
            environments=self._choices(settings, "environments"),
            data_classes=self._choices(settings, "data_classes"),
            egress=self._choices(settings, "egress"),
            access=self._choices(settings, "access"),
            lifetimes=self._lifetimes(settings),
            kind_lanes=self._lanes_by(settings, "kinds"),
            risk_lanes=self._lanes_by(settings, "risks"),
            reserved_names=self._reserved(),
        )
        if {*catalogue.risk_lanes} != {*Risk}:
            self._wrong("environments.yaml", "risks", f"name exactly {', '.join(Risk)}")
        self._check_references(catalogue)
        return catalogue

    def _check_references(self, catalogue: Catalogue) -> None:
        for choice in (*catalogue.egress.values(), *catalogue.access.values()):
            if choice.template and choice.template not in catalogue.templates:
                self._wrong("environments.yaml", choice.template, f"no template {choice.template}")
        for template in catalogue.templates.values():
            for slug in sorted(template.includes - {*catalogue.templates}):
                self._wrong(f"templates/{template.slug}.yaml", "includes", f"no template {slug}")
        for choice in catalogue.access.values():
            if not choice.template or not choice.note:
                place = choice.template or choice.slug
                self._wrong("environments.yaml", place, "access needs a template and a note")
        self._check_environments(catalogue)

    def _check_environments(self, catalogue: Catalogue) -> None:
        for environment in catalogue.environments.values():
            for problem in check_value(Parameter("pod_security"), environment.pod_security):
                words = f"{environment.slug}: pod_security {problem}"
                self._wrong("environments.yaml", environment.slug, words)
            for slug in environment.access:
                if slug not in catalogue.access:
                    self._wrong("environments.yaml", environment.slug, f"no access {slug}")

    def _lanes_by(self, settings: Manifest, part: str) -> dict[str, tuple[Lane, ...]]:
        return {
            name: self._lanes("environments.yaml", name, lanes)
            for name, lanes in branch(settings, part).items()
        }

    def _template(self, file: Path) -> Template | None:
        name = f"templates/{file.name}"
        tree = self._tree(name)
        if not tree:
            return None
        parameters = {
            slot: self._parameter(name, slot, body)
            for slot, body in branch(tree, "parameters").items()
        }
        body = branch(tree, "object")
        self._check_template(name, tree, parameters, body)
        version = tree.get("version")
        return Template(
            slug=text(tree, "slug"),
            version=version if isinstance(version, int) else 0,
            title=text(tree, "title"),
            phase=text(tree, "phase"),
            lanes=self._lanes(name, "lanes", tree.get("lanes", [])),
            parameters=parameters,
            body=body,
            why=text(tree, "why"),
            **self._opening(name, tree, parameters),
        )

    def _check_template(
        self, name: str, tree: Manifest, parameters: Mapping[str, Parameter], body: Manifest
    ) -> None:
        for field in sorted(set(tree) - _TEMPLATE_FIELDS):
            self._wrong(name, field, f"unknown field {field}")
        if f"templates/{text(tree, 'slug')}.yaml" != name:
            self._wrong(name, "slug", "slug and file name differ")
        if not isinstance(tree.get("version"), int) or not text(tree, "title"):
            self._wrong(name, "version", "a template has a whole-number version and a title")
        if text(tree, "phase") not in {phase.value for phase in Phase}:
            self._wrong(name, "phase", f"no phase {text(tree, 'phase')!r}")
        if not text(body, "kind") or not branch(body, "metadata"):
            self._wrong(name, "object", "object needs a kind and metadata")
        self._check_slots(name, parameters, slots_of(body), slots_of(branch(tree, "reach")))

    def _check_slots(
        self, name: str, parameters: Mapping[str, Parameter], body: set[str], reach: set[str]
    ) -> None:
        """Note slots that are not declared, and parameters that the object has no slot for."""
        used, all_used = ({slot.partition(".")[0] for slot in one} for one in (body, body | reach))
        for slot in sorted((all_used - set(parameters)) | (set(parameters) - used)):
            problem = "is used but not declared" if slot not in parameters else "is never used"
            self._wrong(name, slot, f"slot {slot} {problem}")
        for slot in sorted(body | reach):
            parameter, _dot, part = slot.partition(".")
            known = PARTS.get(parameters[parameter].type, {}) if parameter in parameters else {}
            if part not in known and (part or known):
                words = f"has the parts {', '.join(known)}" if known else "has no parts"
                self._wrong(name, slot, f"slot {parameter} {words}")

    def _opening(
        self, file: str, tree: Manifest, parameters: Mapping[str, Parameter]
    ) -> dict[str, Any]:
        """Return what only an opening says: which way it is, in words, and what goes with it."""
        days, includes = tree.get("max_days"), tree.get("includes", [])
        direction, opens = text(tree, "direction"), text(tree, "opens")
        if direction not in {"", *OpeningDirection}:
            self._wrong(file, "direction", f"direction is one of {', '.join(OpeningDirection)}")
            direction = ""
        if bool(direction) != bool(opens):
            self._wrong(file, "opens", "an opening, and nothing else, says what it opens")
        asked = {slot: "" for slot in branch(tree, "parameters") if slot not in GIVEN}
        for slot in asked if direction else ():
            self._check_asked(file, slot, parameters[slot])
        if days is not None and not _is_count(days):
            self._wrong(file, "max_days", "max_days is a number of days, or null for no end")
        try:
            opens.format_map(asked)
        except (LookupError, ValueError) as error:
            self._wrong(file, "opens", f"opens names no parameter that is asked for: {error}")
        return {
            "reach": self._reach(file, tree, parameters, direction),
            "direction": OpeningDirection(direction) if direction else None,
            "opens": opens,
            "includes": frozenset(map(str, includes if isinstance(includes, list) else ())),
            "max_days": days if _is_count(days) else None,
        }

    def _check_asked(self, file: str, slot: str, parameter: Parameter) -> None:
        """Check what people are asked for by a form that is made of it."""
        if not parameter.title:
            self._wrong(file, slot, f"slot {slot} needs a title, for those who answer it")
        if parameter.type not in ASKABLE:
            words = f"nobody can be asked for a {parameter.type}: {', '.join(sorted(ASKABLE))}"
            self._wrong(file, slot, f"slot {slot}: {words}")
        if slot in _OF_A_ROW or not _SLOT.fullmatch(slot):
            self._wrong(file, slot, f"slot {slot} cannot be called so: a to z, _, no key, template")

    def _reach(
        self, file: str, tree: Manifest, parameters: Mapping[str, Parameter], direction: str
    ) -> Manifest:
        """Return the most an opening may let pass; nothing else has such a bound."""
        reach = branch(tree, "reach")
        if bool(direction) != bool(reach):
            self._wrong(file, "reach", "an opening, and nothing else, says its reach")
        elif direction:
            if text(tree, "object", "kind") != "NetworkPolicy":
                self._wrong(file, "object.kind", "an opening is a NetworkPolicy")
            reader = ReachReader(parameters, OpeningDirection(direction))
            for field, problem in reader.mistakes(reach):
                self._wrong(file, field, f"{field}: {problem}")
        return reach

    def _parameter(self, file: str, slot: str, body: Json) -> Parameter:
        fields = body if isinstance(body, dict) else {}
        given: dict[str, Any] = {key: one for key, one in fields.items() if key in _NUMBERS}
        for key in [key for key, one in given.items() if not _is_count(one)]:
            self._wrong(file, slot, f"slot {slot}: {key} is a number above 0")
            del given[key]
        given |= {key: text(fields, key) for key in ("title", "help")}
        unknown = set(fields) - {"type", "title", "help"} - _NUMBERS
        if unknown or fields.get("type") not in CHECKS:
            known = ", ".join(sorted(CHECKS))
            self._wrong(file, slot, f"slot {slot} needs a type out of {known}")
            return Parameter(type="name")
        return Parameter(type=str(fields["type"]), **given)

    def _size(self, slug: str, body: Manifest) -> Size:
        amounts: dict[str, dict[str, str]] = {}
        for part in ("quota", "default_limits", "default_requests"):
            tree = branch(body, part)
            for problem in check_value(Parameter("quantities"), tree):
                place = f"{slug}.{part}.{problem.partition(':')[0]}"
                known = place if ("sizes.yaml", place) in self.lines else slug
                self._wrong("sizes.yaml", known, f"{slug}: {part}: {problem}")
            if part == "quota":
                for resource in sorted(SHOWN_BOUNDS - {*tree}):
                    self._wrong(
                        "sizes.yaml", f"{slug}.quota", f"{slug}: quota: {resource} is missing"
                    )
            amounts[part] = {resource: str(amount) for resource, amount in tree.items()}
        lanes = self._lanes("sizes.yaml", slug, body.get("lanes", []))
        return Size(slug=slug, title=text(body, "title") or slug, lanes=lanes, **amounts)

    def _choices(self, settings: Manifest, part: str) -> dict[str, Choice]:
        found = {}
        for slug, body in branch(settings, part).items():
            fields = body if isinstance(body, dict) else {}
            found[slug] = Choice(
                slug=slug,
                title=text(fields, "title") or slug,
                note=text(fields, "note"),
                lanes=self._lanes("environments.yaml", slug, fields.get("lanes", [])),
                template=text(fields, "template") or None,
                access=self._access(slug, fields.get("access", [])),
                separation=self._separation(slug, fields.get("separation", [])),
                pod_security=text(fields, "pod_security"),
            )
        if not found and part != "access":
            self._wrong("environments.yaml", part, f"{part} is empty")
        return found

    def _lifetimes(self, settings: Manifest) -> tuple[int | None, ...]:
        days = settings.get("lifetimes")
        if not isinstance(days, list) or not days:
            self._wrong("environments.yaml", "lifetimes", "lifetimes is a list of days")
            return ()
        return tuple(day if isinstance(day, int) else None for day in days)

    def _access(self, slug: str, kinds: Json) -> tuple[str, ...]:
        if not isinstance(kinds, list):
            self._wrong("environments.yaml", slug, "access is a list")
            return ()
        return tuple(str(kind) for kind in kinds)

    def _separation(self, slug: str, rules: Json) -> tuple[SeparationRule, ...]:
        known = {rule.value for rule in SeparationRule}
        if not isinstance(rules, list) or not {str(rule) for rule in rules} <= known:
            words = f"separation is a list out of {', '.join(sorted(known))}"
            self._wrong("environments.yaml", slug, words)
            return ()
        return tuple(SeparationRule(str(rule)) for rule in rules)

    def _lanes(self, file: str, field: str, lanes: Json) -> tuple[Lane, ...]:
        known = {lane.value for lane in Lane}
        if not isinstance(lanes, list) or not {str(lane) for lane in lanes} <= known:
            self._wrong(file, field, f"lanes are a list out of {', '.join(sorted(known))}")
            return ()
        return tuple(Lane(str(lane)) for lane in lanes)

    def _reserved(self) -> tuple[str, ...]:
        patterns = self._load("reserved_names.yaml")
        if not isinstance(patterns, list):
            self._wrong("reserved_names.yaml", "", "is a list of patterns")
            return ()
        for pattern in patterns:
            if not DNS_LABEL.match(str(pattern).strip("*").strip("-")):
                self._wrong(
                    "reserved_names.yaml", str(pattern), f"{pattern!r} is not a valid pattern"
                )
        return tuple(str(pattern) for pattern in patterns)

    def _entries(self, file: str) -> list[tuple[str, Manifest]]:
        tree = self._tree(file)
        return [(slug, body) for slug, body in tree.items() if isinstance(body, dict)]

    def _tree(self, file: str) -> Manifest:
        loaded = self._load(file)
        if isinstance(loaded, dict):
            return loaded
        self._wrong(file, "", "is not a mapping")
        return {}

    def _load(self, file: str) -> Json:
        try:
            source = (self.folder / file).read_text(encoding="utf-8")
            self._note_lines(file, yaml.compose(source, Loader=yaml.SafeLoader))
            loaded: Json = yaml.safe_load(source)
        except OSError as error:
            self.mistakes.append(Mistake(file, 0, f"cannot be read: {error.strerror}"))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            self.mistakes.append(Mistake(file, line, f"is not valid YAML: {error.problem}"))
        else:
            return loaded
        return None

    def _note_lines(self, file: str, node: yaml.Node | None, above: str = "") -> None:
        """Remember where each key, each path of keys and each list item stands, first first."""
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                path = f"{above}{key.value}"
                for name in (key.value, path):
                    self.lines.setdefault((file, name), key.start_mark.line + 1)
                self._note_lines(file, value, f"{path}.")
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                self._note_lines(file, value)
        elif isinstance(node, yaml.ScalarNode):
            self.lines.setdefault((file, node.value), node.start_mark.line + 1)

    def _wrong(self, file: str, field: str, problem: str) -> None:
        self.mistakes.append(Mistake(file, self.lines.get((file, field), 0), problem))
