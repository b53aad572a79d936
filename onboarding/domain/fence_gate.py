"""The fence gate: pods of a managed namespace wait until the portal has read its fence back.

Admission (deploy/cluster/fence-gate.yaml) gives every pod the gate until the Namespace carries the
label with the value below. The label is no part of a plan: it says what was read, not what is
wanted.
"""

from onboarding.domain.objects import Manifest, branch, copied, items, text
from onboarding.domain.ownership import ANNOTATION_PREFIX

GATE = f"{ANNOTATION_PREFIX}fence"
PROOF_LABEL, PROVEN = GATE, "proven"
# The fact of a cluster that says whether its API server knows the policies this rests on.
FENCE_GATE_FACT = "fence_gate"


def is_gated(pod: Manifest) -> bool:
    """Return whether a pod waits for its fence; one that is being deleted waits for nothing."""
    gates = items(pod, "spec", "schedulingGates")
    is_going = bool(text(pod, "metadata", "deletionTimestamp"))
    return not is_going and any(text(gate, "name") == GATE for gate in gates)


def says_proven(namespace: Manifest) -> bool:
    """Return whether a Namespace object says that its fence was read back."""
    return branch(namespace, "metadata", "labels").get(PROOF_LABEL) == PROVEN


def with_proof(namespace: Manifest) -> Manifest:
    """Return a copy of a Namespace object that says that its fence was proven."""
    copy = copied(namespace)
    metadata = copy["metadata"] = branch(copy, "metadata")
    metadata["labels"] = {**branch(metadata, "labels"), PROOF_LABEL: PROVEN}
    return copy


def without_proof(manifest: Manifest) -> Manifest:
    """Return a copy without the label that the portal writes beside what was approved."""
    copy = copied(manifest)
    branch(copy, "metadata", "labels").pop(PROOF_LABEL, None)
    return copy
