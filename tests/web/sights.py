"""What a look at a cluster would leave in the rows, and how a page reads without its markup."""

import html
import re
from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone

from onboarding.domain.objects import Json, Manifest
from onboarding.models import Cluster, ClusterObservation, NamespaceObservation, Request
from onboarding.queries.request_picture import picture_of_request

SECRET = "blue-heron"
AGE = timedelta(seconds=40)


def looked_at(
    cluster: Cluster, *, foreign: tuple[str, ...] = (), trouble: str = ""
) -> ClusterObservation:
    """See the DNS, the ingress controller, and two open namespaces of other teams."""
    row = ClusterObservation.objects.create(
        cluster=cluster,
        seen_at=timezone.now() - AGE,
        version=1,
        foreign_kinds=[*foreign],
        trouble=trouble,
    )
    # What others call their pods is not for everybody to read.
    see(cluster, "kube-system", {"k8s-app": "kube-dns", "owner": SECRET})
    controller: Manifest = {"app.kubernetes.io/name": "ingress-nginx", "owner": SECRET}
    see(cluster, "ingress-nginx", controller, {"app": SECRET})
    see(cluster, "orders-prod", {"app": SECRET}, environment="production")
    see(cluster, "orders-test", {"app": SECRET}, environment="test")
    return row


def see(cluster: Cluster, name: str, *pods: Manifest, environment: str = "") -> None:
    """See a namespace with two pods of each set of labels, and no policy."""
    kind: dict[str, Json] = {"bulkhead.dev/environment": environment} if environment else {}
    NamespaceObservation.objects.create(
        cluster=cluster,
        name=name,
        digest="sha256:0",
        labels={"kubernetes.io/metadata.name": name, **kind},
        pods=[{"labels": labels, "ports": [], "hostNetwork": False, "count": 2} for labels in pods],
    )


def picture_shown(row: Request) -> str:
    """What the form of a decision page carries of the picture that is shown on it now."""
    return picture_of_request(row).token


def words(page: str | HttpResponse) -> str:
    """Return a page as it is read: no markup, single blanks."""
    text = page if isinstance(page, str) else page.content.decode()
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def main_of(page: HttpResponse) -> str:
    """Return what the page itself says, without what every page has around it."""
    return page.content.decode().partition("<main")[2].partition("</main>")[0]


def row_of(page: str | HttpResponse, name: str) -> str:
    """Return in words the first row of a table whose heading cell begins with `name`."""
    text = page if isinstance(page, str) else page.content.decode()
    rows = (words(row) for row in re.findall(r"<tr.*?</tr>", text, re.DOTALL))
    return next(row for row in rows if row.startswith(name))
