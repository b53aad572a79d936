"""Read the kubeconfig a platform admin hands to prepare_cluster. Used once, never stored.

A kubeconfig can start programs, read files and send credentials through proxies. Here it is
parsed down to server, CA and credential, and everything else is refused by name.
"""

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit

import yaml

from onboarding.cluster.connections import AdminConnection
from onboarding.domain.objects import Json, Manifest, items, text

_CLUSTER_FIELDS = {"server", "certificate-authority-data", "extensions"}
_USER_FIELDS = {"client-certificate-data", "client-key-data", "token", "extensions"}
_LARGEST = 1024 * 1024
_WRITE_INLINE = "`kubectl config view --raw --flatten --minify` writes what is in files inline"
_MAKE_ONE = (
    'make one of a ServiceAccount\'s token, see "A kubeconfig for managed clusters" in '
    "docs/administration.md"
)
_NOT_AS_ANOTHER = "take the kubeconfig of somebody who is a cluster admin themselves"
# Why a field is refused, and what to do instead.
_REFUSED = {
    "exec": f"it starts a program, as EKS, GKE and AKS have it; {_MAKE_ONE}",
    "auth-provider": f"it needs a sign-in elsewhere, and kubectl has dropped it; {_MAKE_ONE}",
    "username": f"Kubernetes has dropped passwords; {_MAKE_ONE}",
    "password": f"Kubernetes has dropped passwords; {_MAKE_ONE}",
    "tokenFile": f"it names a file, and the flattened form leaves it out; {_MAKE_ONE}",
    "client-certificate": f"it names a file; {_WRITE_INLINE}",
    "client-key": f"it names a file; {_WRITE_INLINE}",
    "certificate-authority": f"it names a file; {_WRITE_INLINE}",
    "as": f"it acts as somebody else; {_NOT_AS_ANOTHER}",
    "as-uid": f"it acts as somebody else; {_NOT_AS_ANOTHER}",
    "as-groups": f"it acts as somebody else; {_NOT_AS_ANOTHER}",
    "as-user-extra": f"it acts as somebody else; {_NOT_AS_ANOTHER}",
    "insecure-skip-tls-verify": "the portal checks every certificate; write the cluster's CA into "
    "certificate-authority-data instead",
    "proxy-url": "take it out and set HTTPS_PROXY for this command and for the workers",
    "tls-server-name": "take it out and write the name that the certificate has into server",
    "disable-compression": "take it out; it changes nothing here",
}


class BadKubeconfig(ValueError):
    """The kubeconfig is not one this portal will use; the text says why, for a person."""


def parse_kubeconfig(content: str) -> AdminConnection:
    """Return the current context's connection. Raise BadKubeconfig for anything not inline."""
    tree = _loaded(content)
    context = _named(tree, "contexts", text(tree, "current-context"), part="context")
    cluster = _named(tree, "clusters", text(context, "cluster"), part="cluster")
    user = _named(tree, "users", text(context, "user"), part="user")
    _check_fields(cluster, allowed=_CLUSTER_FIELDS, section="cluster")
    _check_fields(user, allowed=_USER_FIELDS, section="user")
    found = AdminConnection(
        server=check_server(text(cluster, "server")),
        ca=_decoded(cluster, "certificate-authority-data"),
        token=text(user, "token"),
        certificate=_decoded(user, "client-certificate-data"),
        private_key=_decoded(user, "client-key-data"),
    )
    if not (found.token or (found.certificate and found.private_key)):
        raise BadKubeconfig("its user has neither a token nor a client certificate with its key")
    return found


def check_server(address: str) -> str:
    """Return the address of an API server without a closing slash, or raise BadKubeconfig."""
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise BadKubeconfig("the server's address must start with https://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadKubeconfig("the server's address must be a plain https address")
    return address.rstrip("/")


def _loaded(content: str) -> Manifest:
    if len(content) > _LARGEST:
        raise BadKubeconfig("it is larger than 1 MiB")
    try:
        tree: Any = yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError) as error:
        raise BadKubeconfig("it is not YAML") from error
    if not isinstance(tree, dict):
        raise BadKubeconfig("it is not a kubeconfig")
    return tree


def _named(tree: Manifest, section: str, name: str, *, part: str) -> Manifest:
    for entry in items(tree, section):
        found = entry.get(part)
        if entry.get("name") == name and isinstance(found, dict):
            return found
    raise BadKubeconfig(f'it has no {part} named "{name}"')


def _check_fields(entry: Manifest, *, allowed: set[str], section: str) -> None:
    for name, value in entry.items():
        if name not in allowed and value not in (None, "", False):
            why = _REFUSED.get(name, "only inline credentials are")
            raise BadKubeconfig(f'"{name}" in its {section} is not accepted: {why}')


def _decoded(entry: Manifest, name: str) -> str:
    value: Json = entry.get(name, "")
    try:
        return base64.b64decode(str(value or ""), validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadKubeconfig(f"{name} is not base64 of PEM text") from error
