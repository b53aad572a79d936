"""Label keys and values that Kubernetes takes, and that it refuses."""

GOOD_KEYS = (
    "app",
    "App_1.0",
    "a" * 63,
    "k8s.io/app",
    "app.kubernetes.io/name",
    "a-b.c/x",
    f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}/x",
)
BAD_KEYS = (
    "-app",
    "app.",
    "a b",
    "a" * 64,
    "k8s..io/app",
    "a..b/x",
    "a.-b/x",
    "a-.b/x",
    ".a/x",
    "K8s.io/app",
    "/app",
    "a/",
    "a/b/c",
    f"{'a' * 250}.bcd/x",
)
GOOD_VALUES = ("", "web", "Web_1.0-x", "a" * 63)
BAD_VALUES = ("-web", "web.", "a b", "a/b", "a" * 64, "ä")
