"""Kubernetes' grammar of label keys and values. Its one home: forms, slots and policies read it.

Source: apimachinery's validation of qualified names and label values. A key may have a DNS
subdomain before its name, each part of it a DNS label, so `k8s..io/app` is not one.
"""

import re

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)


def is_label_key(key: str) -> bool:
    """Return whether the API server takes `key` as a label's key."""
    prefix, has_prefix, name = key.rpartition("/")
    return bool(_NAME.fullmatch(name)) and (not has_prefix or bool(_SUBDOMAIN.fullmatch(prefix)))


def is_label_value(value: str) -> bool:
    """Return whether the API server takes `value` as a label's value; it may be empty."""
    return not value or bool(_NAME.fullmatch(value))
