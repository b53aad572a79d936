"""A kubeconfig is parsed down to server, CA and credential; all else is refused by name."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from onboarding.cluster.kubeconfig import BadKubeconfig, parse_kubeconfig

Edit = Callable[[dict[str, Any], dict[str, Any]], object]


def kubeconfig(edit: Edit = lambda _cluster, _user: None) -> str:
    """Return a good kubeconfig with the current context's cluster and user edited in place."""
    cluster = {"server": "https://api.example:6443/", "certificate-authority-data": b64("PEM")}
    user: dict[str, Any] = {"token": "t0ken"}
    edit(cluster, user)
    return yaml.safe_dump({
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": cluster}, {"name": "x", "cluster": {}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    })  # fmt: skip


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_server_ca_and_token_are_taken() -> None:
    found = parse_kubeconfig(kubeconfig())
    assert (found.server, found.ca, found.token) == ("https://api.example:6443", "PEM", "t0ken")


def test_a_client_certificate_with_its_key_is_taken() -> None:
    pair = {"token": "", "client-certificate-data": b64("CERT"), "client-key-data": b64("KEY")}
    found = parse_kubeconfig(kubeconfig(lambda _, user: user.update(pair)))
    assert (found.certificate, found.private_key) == ("CERT", "KEY")


def test_secrets_do_not_show_in_tracebacks() -> None:
    assert "t0ken" not in repr(parse_kubeconfig(kubeconfig()))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("exec", {"command": "curl"}),
        ("auth-provider", {"name": "oidc"}),
        ("tokenFile", "/etc/passwd"),
        ("client-certificate", "/tmp/cert"),
        ("client-key", "/tmp/key"),
        ("username", "admin"),
        ("as", "system:masters"),
    ],
)
def test_a_user_with_anything_but_inline_credentials_is_refused(field: str, value: object) -> None:
    with pytest.raises(BadKubeconfig, match=f'"{field}" in its user is not accepted'):
        parse_kubeconfig(kubeconfig(lambda _, user: user.update({field: value})))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("insecure-skip-tls-verify", True),
        ("proxy-url", "http://proxy.example"),
        ("certificate-authority", "/tmp/ca"),
        ("tls-server-name", "other.example"),
    ],
)
def test_a_cluster_with_anything_but_server_and_ca_is_refused(field: str, value: object) -> None:
    with pytest.raises(BadKubeconfig, match=f'"{field}" in its cluster is not accepted'):
        parse_kubeconfig(kubeconfig(lambda cluster, _: cluster.update({field: value})))


@pytest.mark.parametrize(
    ("part", "field", "value", "words"),
    [
        ("user", "exec", {"command": "aws"}, "starts a program, as EKS, GKE and AKS have it"),
        ("user", "auth-provider", {"name": "gcp"}, "sign-in elsewhere"),
        ("user", "client-certificate", "/x", "kubectl config view --raw --flatten --minify"),
        ("user", "as", "system:masters", "acts as somebody else"),
        ("cluster", "certificate-authority", "/x", "kubectl config view --raw --flatten"),
        ("cluster", "insecure-skip-tls-verify", True, "checks every certificate"),
        ("cluster", "proxy-url", "http://x", "HTTPS_PROXY"),
        ("cluster", "tls-server-name", "x", "the name that the certificate has into server"),
    ],
)
def test_each_refused_field_has_its_own_words(
    part: str, field: str, value: object, words: str
) -> None:
    def edit(cluster: dict[str, Any], user: dict[str, Any]) -> None:
        (cluster if part == "cluster" else user)[field] = value

    with pytest.raises(BadKubeconfig, match=f'"{field}" in its {part} is not accepted') as refusal:
        parse_kubeconfig(kubeconfig(edit))
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "server",
    [
        "http://api.example",
        "api.example:6443",
        "https://",
        "https://me:pw@api.example",
        "https://api.example/?x=1",
        "file:///etc/passwd",
    ],
)
def test_only_a_plain_https_address_is_accepted(server: str) -> None:
    with pytest.raises(BadKubeconfig, match="https"):
        parse_kubeconfig(kubeconfig(lambda cluster, _: cluster.update(server=server)))


def test_a_user_without_a_credential_is_refused() -> None:
    with pytest.raises(BadKubeconfig, match="neither a token nor a client certificate"):
        parse_kubeconfig(kubeconfig(lambda _, user: user.clear()))


def test_a_current_context_that_is_missing_is_named() -> None:
    with pytest.raises(BadKubeconfig, match='no context named "here"'):
        parse_kubeconfig("current-context: here")


def test_a_certificate_that_is_no_base64_is_refused() -> None:
    with pytest.raises(BadKubeconfig, match="certificate-authority-data is not base64"):
        parse_kubeconfig(
            kubeconfig(lambda cluster, _: cluster.update({"certificate-authority-data": "%%"}))
        )


@pytest.mark.parametrize("content", ["", "[]", "a: [", "\x00", "!!python/object:os.system {}"])
def test_what_is_no_kubeconfig_is_refused(content: str) -> None:
    with pytest.raises(BadKubeconfig):
        parse_kubeconfig(content)


def test_an_enormous_file_is_refused_unread() -> None:
    with pytest.raises(BadKubeconfig, match="larger than"):
        parse_kubeconfig("a" * 2_000_000)
