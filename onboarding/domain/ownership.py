"""How an object says that the portal wrote it: one label, and annotations stamped at every apply.

Teams cannot write either on guarded kinds (admission sees to that), but a mark is only a mark: what
an object is worth is found by comparing it with the plan.
"""

from onboarding.domain.objects import Manifest, branch, text

MANAGED_BY, PORTAL = "app.kubernetes.io/managed-by", "bulkhead"
FIELD_MANAGER = "bulkhead"
ANNOTATION_PREFIX = "bulkhead.dev/"
TEMPLATE = f"{ANNOTATION_PREFIX}template"
REQUEST = f"{ANNOTATION_PREFIX}request"
GENERATION = f"{ANNOTATION_PREFIX}generation"
DIGEST = f"{ANNOTATION_PREFIX}digest"
# Admission lets nobody but the portal and break-glass set this label, so it cannot be forged.
MANAGED = f"{ANNOTATION_PREFIX}managed"
# Whose namespace it is, by the team's slug, as the template writes it.
TEAM_LABEL = f"{ANNOTATION_PREFIX}team"
# Which installation made a namespace. Written once, with the POST; older namespaces lack it.
PORTAL_IDENTITY = f"{ANNOTATION_PREFIX}portal"
PORTAL_IDENTITY_LENGTH = 40


def is_ours(manifest: Manifest) -> bool:
    """Tell whether the portal applied an object, now or for an earlier revision."""
    labels = branch(manifest, "metadata", "labels")
    annotations = branch(manifest, "metadata", "annotations")
    return labels.get(MANAGED_BY) == PORTAL and GENERATION in annotations


def is_managed(namespace: Manifest) -> bool:
    """Return whether a Namespace object carries the guarded label."""
    return branch(namespace, "metadata", "labels").get(MANAGED) == "true"


def portal_of(namespace: Manifest) -> str | None:
    """Return which portal made a namespace, "" if its marks do not say, None if it has none."""
    if not is_managed(namespace):
        return None
    return text(namespace, "metadata", "annotations", PORTAL_IDENTITY)[:PORTAL_IDENTITY_LENGTH]


def marks_of(namespace: Manifest) -> dict[str, str]:
    """Return the request, generation and digest written on a managed Namespace; {} on any other."""
    if not is_managed(namespace):
        return {}
    annotations = branch(namespace, "metadata", "annotations")
    named = {"request": REQUEST, "generation": GENERATION, "digest": DIGEST}
    return {short: str(annotations[key]) for short, key in named.items() if annotations.get(key)}
