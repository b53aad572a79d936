"""A portal whose people ask and decide, and whose one cluster nobody looks at: `python -m` this.

For tests of what stands between people and the database. Run as the owner of the database.
"""

import django
from django.core.management import call_command

django.setup()

from devtools.postgres import APPLICATION  # noqa: E402 (Django has to be set up before its models)
from onboarding.models import Cluster, IngressSource  # noqa: E402

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("seed_demo")
    facts = {
        "dns_namespace": "kube-system",
        "dns_labels": {"k8s-app": "kube-dns"},
        "ranges": ["10.96.0.0/16"],
        "group_prefix": "",
    }
    cluster = Cluster.objects.create(
        name="dev-eu", api_server="https://127.0.0.1:6443", credential=b"sealed", facts=facts
    )
    IngressSource.objects.create(
        cluster=cluster,
        slug="ingress-nginx",
        namespace="ingress-nginx",
        pod_labels={"app": "nginx"},
    )
    call_command("grant_application_role", APPLICATION)
