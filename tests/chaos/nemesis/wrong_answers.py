"""What may come instead of an API server's answer, as data: each kind once, with what it fits.

`FAULTS` can be told from the truth by themselves, at every call, and must never be taken for a
fact. `LIES` are whole answers of the right shape to the right question: one of them alone cannot be
told, so what matters is only believed when a second answer agrees. `PERFECT` are left out.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import urllib3

from onboarding.domain.objects import Json, Manifest, branch, copied, items, text
from tests.support.http_cluster import (
    Answer,
    Ask,
    Handler,
    answer,
    details_of,
    status_tree,
)

HTML = b"<!doctype html><title>Sign in</title><h1>default backend - 404</h1>"
A_YEAR = "31536000"


@dataclass(frozen=True)
class Met:
    """A request, what would truly be answered (and done), and a copy of the cluster before it."""

    ask: Ask
    truly: Callable[[], Answer]
    yesterday: Handler


@dataclass(frozen=True)
class Wrong:
    """One way to answer wrongly. `fits` tells which requests it can be given to."""

    name: str
    make: Callable[[Met], Answer]
    fits: Callable[[Ask], bool] = lambda ask: True

    def __str__(self) -> str:
        return self.name


def page(status: int, **headers: str) -> Callable[[Met], Answer]:
    """A proxy's own page."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda met: Answer(status, HTML, "text/html; charset=utf-8", named)


def plain(status: int, tree: Json, **headers: str) -> Callable[[Met], Answer]:
    """JSON of somebody who is no API server."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda met: replace(answer(status, tree), headers=named)


def raw(status: int, body: bytes) -> Callable[[Met], Answer]:
    return lambda met: Answer(status, body)


def spoilt(change: Callable[[Answer], Answer]) -> Callable[[Met], Answer]:
    """The true answer, after it was done, damaged on its way back."""
    return lambda met: change(met.truly())


def edited(change: Callable[[Manifest], object]) -> Callable[[Met], Answer]:
    """The true answer, after it was done, with another tree."""

    def make(met: Met) -> Answer:
        given = met.truly()
        tree = given.tree
        change(tree)
        return replace(given, raw=json.dumps(tree).encode())

    return make


def status(code: int, reason: str, **details: Json) -> Callable[[Met], Answer]:
    """A Status of nobody's: nothing was done."""
    named: Manifest = {**details}
    return lambda met: answer(code, status_tree(code, "no", reason=reason, details=named))


def not_found(change: Callable[[Manifest], object]) -> Callable[[Met], Answer]:
    """The API server's 404, but for something else than what was asked."""

    def make(met: Met) -> Answer:
        details = details_of(met.ask.key) if met.ask.key.kind else {}
        change(details)
        return answer(404, status_tree(404, "not found", details=details))

    return make


def raises(error: Callable[[], Exception], *, after: bool = False) -> Callable[[Met], Answer]:
    """No answer at all; `after` the request was done, or before it arrived."""

    def make(met: Met) -> Answer:
        if after:
            met.truly()
        raise error()

    return make


def aborted() -> Exception:
    reset = ConnectionResetError(104, "Connection reset by peer")
    return urllib3.exceptions.ProtocolError("Connection aborted.", reset)


def silent() -> Exception:
    return urllib3.exceptions.ReadTimeoutError(
        urllib3.HTTPConnectionPool("api.invalid"), "/", "Read timed out."
    )


def failed(code: int, *, after: bool) -> Callable[[Met], Answer]:
    def make(met: Met) -> Answer:
        if after:
            met.truly()
        return answer(code, status_tree(code, "etcdserver: request timed out"))

    return make


def renamed(tree: Manifest) -> None:
    branch(tree, "metadata")["name"] = "another"


def doubled(tree: Manifest) -> None:
    listed = tree["items"]
    assert isinstance(listed, list)
    tree["items"] = [*listed, *listed] or [{"metadata": {"name": "x"}}, {"metadata": {"name": "x"}}]


def cut_short(tree: Manifest) -> None:
    branch(tree, "metadata").pop("continue", None)
    branch(tree, "metadata")["remainingItemCount"] = 7


def of_others(tree: Manifest) -> None:
    """Somebody else's object slips into the list."""
    listed = tree["items"]
    assert isinstance(listed, list)
    stranger: Manifest = {"name": "deny-all", "namespace": "", "uid": "9", "resourceVersion": "9"}
    tree["items"] = [*listed, {"kind": "Secret", "apiVersion": "v1", "metadata": stranger}]


def as_event(tree: Manifest) -> None:
    whole = copied(tree)
    tree.clear()
    tree.update({"type": "ADDED", "object": whole})


def another_question(tree: Manifest) -> None:
    branch(tree, "spec", "resourceAttributes")["verb"] = "dance"
    tree["status"] = {"allowed": False}


def without(*path: str) -> Callable[[Manifest], object]:
    *parents, last = path
    return lambda tree: branch(tree, *parents).pop(last, None)


def set_to(value: Json, *path: str) -> Callable[[Manifest], object]:
    *parents, last = path
    return lambda tree: branch(tree, *parents).__setitem__(last, value)


def is_object(ask: Ask) -> bool:
    return ask.returns_object and not is_token(ask)


def is_token(ask: Ask) -> bool:
    return ask.path.endswith("/token")


def is_list(ask: Ask) -> bool:
    return ask.is_list


def is_review(ask: Ask) -> bool:
    return ask.is_review


def is_discovery(ask: Ask) -> bool:
    return ask.method == "GET" and not ask.key.kind


def is_named(ask: Ask) -> bool:
    return bool(ask.key.kind)


def lies_in_a_namespace(ask: Ask) -> bool:
    return is_object(ask) and bool(ask.key.namespace)


def is_write(ask: Ask) -> bool:
    return ask.method in {"POST", "PATCH", "DELETE"} and bool(ask.key.kind)


def is_over(ask: Ask) -> bool:
    """Tell whether it is to be written over what was seen, and nothing later."""
    return ask.method == "PATCH" and bool(text(ask.body, "metadata", "resourceVersion"))


def is_of_many(ask: Ask) -> bool:
    """A deletion of many may be refused by the name of one of them."""
    return ask.method == "DELETE" and not ask.key.name


def is_post(ask: Ask) -> bool:
    return ask.method == "POST"


def is_read(ask: Ask) -> bool:
    return ask.method == "GET"


FAULTS: tuple[Wrong, ...] = (
    Wrong("a proxy's 404 page", page(404)),
    Wrong("a page with 200", page(200)),
    Wrong("a page with 201", page(201)),
    Wrong("a sign-in page with 401", page(401)),
    Wrong("a firewall's page with 403", page(403)),
    Wrong("a page with 409", page(409)),
    Wrong("a page with 410", page(410)),
    Wrong("a page with 422", page(422)),
    Wrong("a page with 429", page(429, Retry_After=A_YEAR)),
    Wrong("a page with 502", page(502)),
    Wrong("a page with 503 and an absurd Retry-After", page(503, Retry_After=A_YEAR)),
    Wrong("a redirect", lambda met: Answer(302, b"", None, {"Location": "https://sso.invalid/"})),
    Wrong("nothing with 200", raw(200, b"")),
    Wrong("nothing with 204", raw(204, b"")),
    Wrong("nothing with 404", raw(404, b"")),
    Wrong("JSON of nobody with 200", plain(200, {"status": "ok"})),
    Wrong("JSON of nobody with 401", plain(401, {"error": "token expired"})),
    Wrong("JSON of nobody with 403", plain(403, {"message": "forbidden"})),
    Wrong("JSON of nobody with 404", plain(404, {"message": "no Route matched"})),
    Wrong("JSON of nobody with 422", plain(422, {"detail": "unprocessable"})),
    Wrong("JSON of nobody with 500", plain(500, {"error": "upstream"})),
    Wrong("an array", raw(200, b"[]")),
    Wrong("a number that is none", raw(200, b'{"a": NaN}')),
    Wrong("nested deeply", raw(200, b'{"a":' * 80 + b"1" + b"}" * 80)),
    Wrong("larger than can be", raw(200, b" " * (2 * 1024 * 1024))),
    Wrong("cut short by the line", spoilt(lambda a: replace(a, raw=a.raw[:-9], headers={
        "Content-Length": str(len(a.raw))}))),
    Wrong("cut short with the right length", spoilt(lambda a: replace(a, raw=a.raw[:-9]))),
    Wrong("garbled", spoilt(lambda a: replace(a, raw=a.raw.replace(b":", b";"),))),
    Wrong("compressed", spoilt(lambda a: replace(
        a, raw=gzip.compress(a.raw), headers={"Content-Encoding": "gzip"}))),
    Wrong("the truth as HTML", spoilt(lambda a: replace(a, content_type="text/html"))),
    Wrong("the truth as plain text", spoilt(lambda a: replace(a, content_type="text/plain"))),
    Wrong("the truth of no type", spoilt(lambda a: replace(a, content_type=None))),
    Wrong("the truth in UTF-16", spoilt(lambda a: replace(
        a, raw=a.raw.decode().encode("utf-16")))),
    Wrong("the truth said to be in UTF-7", spoilt(lambda a: replace(
        a, content_type="application/json; charset=utf-7"))),
    Wrong("reset before it arrived", raises(aborted)),
    Wrong("reset after it was done", raises(aborted, after=True)),
    Wrong("silence", raises(silent)),
    Wrong("silence after it was done", raises(silent, after=True)),
    Wrong("500 before anything was done", failed(500, after=False)),
    Wrong("500 after it was done", failed(500, after=True)),
    Wrong("504 after it was done", failed(504, after=True)),
    Wrong("429 with an absurd Retry-After", plain(
        429, status_tree(429, "too many requests"), Retry_After=A_YEAR)),
    Wrong("a 404 that names nothing", status(404, "NotFound")),
    Wrong("a 404 for another name", not_found(set_to("another", "name")), is_named),
    Wrong("a 404 for another kind", not_found(set_to("widgets", "kind")), is_named),
    Wrong("a 404 for another group", not_found(set_to("example.org", "group")), is_named),
    Wrong("a 404 for the collection", not_found(without("name")), is_named),
    Wrong("a 404 that says 200", spoilt(lambda a: answer(200, status_tree(404, "not found")))),
    Wrong("a Status of another code", plain(422, status_tree(404, "not found"))),
    Wrong("a refusal of another object", status(422, "Invalid", name="another", kind="widgets"),
        lambda ask: not is_of_many(ask)),
    Wrong("409 of nobody", status(409, "Conflict")),
    Wrong("409 for another object", status(409, "AlreadyExists", name="another"), is_post),
    Wrong("410", status(410, "Expired")),
    Wrong("another success", spoilt(lambda a: replace(a, status=206))),
    Wrong("201 to a GET", spoilt(lambda a: replace(a, status=201)), is_read),
    Wrong("202 to a POST", spoilt(lambda a: replace(a, status=202)), is_post),
    Wrong("a Status instead of an object", plain(200, {
        "kind": "Status", "apiVersion": "v1", "status": "Success"}), is_object),
    Wrong("an object of another kind", edited(set_to("ConfigMap", "kind")), is_object),
    Wrong("an object of another version", edited(set_to("v9", "apiVersion")), is_object),
    Wrong("an object of another name", edited(renamed), is_object),
    Wrong("an object of another namespace",
        edited(set_to("another", "metadata", "namespace")), lies_in_a_namespace),
    Wrong("an object without uid", edited(without("metadata", "uid")), is_object),
    Wrong("an older version", edited(set_to("1", "metadata", "resourceVersion")), is_over),
    Wrong("a watch event", edited(as_event), is_object),
    Wrong("a list instead of an object", plain(
        200, {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}), is_object),
    Wrong("a list without kind", edited(without("kind")), is_list),
    Wrong("a list of another kind", edited(set_to("ConfigMapList", "kind")), is_list),
    Wrong("a list without items", edited(without("items")), is_list),
    Wrong("a list of null", edited(set_to(None, "items")), is_list),
    Wrong("a list without a version", edited(without("metadata", "resourceVersion")), is_list),
    Wrong("a list with doubles", edited(doubled), is_list),
    Wrong("a list with something else in it", edited(of_others), is_list),
    Wrong("a list cut in the middle", edited(cut_short), is_list),
    Wrong("an object instead of a list", plain(
        200, {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x"}}), is_list),
    Wrong("no answer to a question", edited(without("status", "allowed")), is_review),
    Wrong("the answer to another question", edited(another_question), is_review),
    Wrong("a discovery of another kind", edited(set_to("List", "kind")), is_discovery),
    Wrong("a token of another kind", edited(set_to("Secret", "kind")), is_token),
    Wrong("a discovery of nothing", edited(without("groups")), is_discovery),
)  # fmt: skip


def nobody_did_it(met: Met) -> Answer:
    """A copy of the cluster did it: the answer is whole, and the cluster is as before."""
    return met.yesterday(met.ask)


def empty(met: Met) -> Answer:
    listed = met.yesterday(met.ask).tree
    return answer(200, {**listed, "metadata": {"resourceVersion": "7"}, "items": []})


def of_another_cluster(met: Met) -> Answer:
    """Of the same name, with another uid."""
    given = met.truly()
    tree = given.tree
    for one in items(tree, "items") or [tree]:
        branch(one, "metadata")["uid"] = f"another-{text(one, 'metadata', 'uid')}"
    return replace(given, raw=json.dumps(tree).encode())


def gone(met: Met) -> Answer:
    key = met.ask.key
    return answer(404, status_tree(404, "not found", details=details_of(key)))


def taken(met: Met) -> Answer:
    details = details_of(met.ask.key)
    return answer(409, status_tree(409, "exists", reason="AlreadyExists", details=details))


def refused(met: Met) -> Answer:
    details = details_of(met.ask.key)
    return answer(422, status_tree(422, "is invalid", details=details))


LIES: tuple[Wrong, ...] = (
    Wrong("a copy of the cluster as it was before", nobody_did_it),
    Wrong("an empty list", empty, is_list),
    Wrong("another cluster's", of_another_cluster, lambda ask: is_object(ask) or is_list(ask)),
    Wrong("that there is none", gone, lambda ask: bool(ask.key.name) and ask.method != "POST"),
    Wrong("that it is taken", taken, lambda ask: is_post(ask) and is_object(ask)),
    Wrong("that it is invalid", refused, lambda ask: is_write(ask) and is_object(ask)),
)
PERFECT = {
    "the same lie to two looks in a row": "an API server that has lost its data answers just so",
    "a review that is answered wrongly": "yes or no, and nothing on the cluster to compare it with",
    "a token of another account": "it is opaque to the portal; the first call with it tells",
    "a kind left out of discovery": "asked at every look again; what is said carries its age",
}
