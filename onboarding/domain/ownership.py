"""How an object says that the portal wrote it: one label, and annotations stamped at every apply.

Teams cannot write either on guarded kinds (admission sees to that), but a mark is only a mark: what
an object is worth is found by comparing it with the plan.
"""

from onboarding.domain.objects import Manifest, branch

MANAGED_BY, PORTAL = "app.kubernetes.io/managed-by", "bulkhead"
ANNOTATION_PREFIX = "bulkhead.dev/"
TEMPLATE = f"{ANNOTATION_PREFIX}template"
GENERATION = f"{ANNOTATION_PREFIX}generation"


def is_ours(manifest: Manifest) -> bool:
    """Tell whether the portal applied an object, now or for an earlier revision."""
    labels = branch(manifest, "metadata", "labels")
    annotations = branch(manifest, "metadata", "annotations")
    return labels.get(MANAGED_BY) == PORTAL and GENERATION in annotations
