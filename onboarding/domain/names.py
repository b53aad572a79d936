"""What a namespace, a label or a group may be called, and why not.

Sources: Kubernetes "Object Names and IDs" (RFC 1123 labels), "Labels and Selectors" (syntax), and
the reserved names in the catalogue. Every check runs on the text as typed, before any normalising.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from onboarding.domain.labels import is_label_value

DNS_LABEL = re.compile(r"\A[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
GROUP = re.compile(r"\A[A-Za-z0-9]([-A-Za-z0-9_.:/@]{0,126}[A-Za-z0-9])?\Z")
# Groups of the cluster's own people and of the portal's. Whoever is in one may do more than a team,
# so no team is bound by it. Some clusters put a prefix before the administrators' group.
RESERVED_GROUPS = (
    *("system", "system:*", "bulkhead", "bulkhead:*", "kubeadm:*"),
    *("cluster-admin", "*[:/]cluster-admin", "cluster-admins", "*[:/]cluster-admins"),
)
# Characters that read alike in the fonts people use: one canonical twin per family.
_TWINS = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "8": "b", "2": "z"})


def check_dns_label(value: str) -> list[str]:
    """Return what is wrong with `value` as a namespace name, in words for a person; [] if fine."""
    if DNS_LABEL.match(value):
        return []
    if not value:
        return ["Enter a name."]
    found = []
    if len(value) > 63:
        found.append(f"Use at most 63 characters; this has {len(value)}.")
    if value != value.lower():
        found.append("Use lowercase letters only.")
    if re.search(r"[^a-z0-9-]", value.lower()) or not value.isascii():
        found.append("Use only the letters a to z, digits and hyphens.")
    if value.startswith("-") or value.endswith("-"):
        found.append("Start and end with a letter or a digit.")
    return found or ["Use lowercase letters, digits and hyphens, 63 characters at most."]


def check_label_value(value: str) -> list[str]:
    """Return what is wrong with `value` as a non-empty Kubernetes label value; [] if fine."""
    if value and is_label_value(value):
        return []
    if not value:
        return ["Enter a value."]
    rule = "Use letters, digits, hyphens, dots and underscores, 63 characters at most, "
    return [f"{rule}starting and ending with a letter or a digit."]


def check_group(value: str) -> list[str]:
    """Return what is wrong with `value` as an access group bound by a RoleBinding; [] if fine.

    The API server accepts `system:masters` and leading blanks in subjects, so the refusal is ours.
    The comparison is made on the compatibility form, where look-alike letters and full-width
    characters fold together. Judge a group as a RoleBinding names it, so with its prefix too.
    """
    folded = unicodedata.normalize("NFKC", value).strip().casefold()
    if pattern := reserved_by(folded, RESERVED_GROUPS):
        shown = pattern.replace("[:/]", ":")
        return [f"Groups like {shown} belong to Kubernetes or to the portal, never to a team."]
    if not GROUP.match(value):
        rule = "Use letters, digits and the characters - _ . : / @, 128 at most, "
        return [f"{rule}starting and ending with a letter or a digit."]
    return []


FOR_PRODUCTION = frozenset({"prod", "prd", "production", "live"})
FOR_TRIALS = frozenset({"dev", "develop", "development", "test", "tst", "stage", "staging", "qa"})


def reserved_by(name: str, patterns: Iterable[str]) -> str | None:
    """Return the reserved pattern (`kube-*`, `default`) that `name` falls under, or None."""
    return next((pattern for pattern in patterns if fnmatchcase(name, pattern)), None)


def look_alike(name: str, others: Collection[str]) -> str | None:
    """Return the name among `others` that a person could take `name` for, or None."""
    shape = _shape(name)
    return next((other for other in others if other != name and _shape(other) == shape), None)


def stage_said_by(name: str) -> str:
    """Return the part of a name that says what it is for, e.g. "prod" or "dev"; "" for none."""
    parts = name.lower().split("-")
    return next((part for part in parts if part in FOR_PRODUCTION | FOR_TRIALS), "")


def free_variant(name: str, taken: Collection[str]) -> str:
    """Return `name` with the lowest number appended that makes it free and at most 63 long."""
    number = 2
    while (variant := f"{name[: 62 - len(str(number))].rstrip('-')}-{number}") in taken:
        number += 1
    return variant


def _shape(name: str) -> str:
    return re.sub(r"-", "", name.translate(_TWINS)).replace("rn", "m").replace("vv", "w")
