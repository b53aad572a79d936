"""What the Namespace of a plan demands of pods, read off the plan itself.

Source: Kubernetes "Pod Security Standards". Baseline keeps pods off their node; restricted takes
root and every other right from them besides, with which bridged networks can be deceived.
"""

from collections.abc import Iterator

from onboarding.domain.objects import text
from onboarding.plan.model import Plan

ENFORCE = "pod-security.kubernetes.io/enforce"
_WORDS = {
    "baseline": (
        "Pods that reach for their node are refused: the host's network, files or processes, "
        "privileged containers (Pod Security baseline)."
    ),
    "restricted": (
        "Pods are refused unless they run without root and without further rights: runAsNonRoot, "
        "no privilege escalation, every capability dropped, the default seccomp profile "
        "(Pod Security restricted)."
    ),
}


def pod_security_of(plan: Plan) -> str:
    """Return the level that is enforced, "" where the plan names none."""
    homes = (one.manifest for one in plan.objects if one.key.kind == "Namespace")
    return next((text(home, "metadata", "labels", ENFORCE) for home in homes), "")


def pod_security_sentences(plan: Plan) -> Iterator[str]:
    """Yield one sentence on what pods must be like, none for a level nobody has words for."""
    level = pod_security_of(plan)
    if level in _WORDS:
        yield _WORDS[level]
