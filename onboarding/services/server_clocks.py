"""The clocks of API servers, compared with the database's at every look: noticed and said.

Nothing depends on them but their own tokens, whose life is counted from when each was asked for
(services/renew.py). A clock that jumps while a token lives ends it early all the same.
"""

from datetime import datetime

import structlog

from onboarding.cluster.gateway import ClusterGateway
from onboarding.models import Cluster

log = structlog.get_logger()


def note_server_clock(cluster: Cluster, gateway: ClusterGateway, *, now: datetime) -> None:
    """Write down what the API server's clock shows; a line in the log when it goes wrong or right.

    `now` is this moment by the database.
    """
    shown, was_off = gateway.server_now(), bool(cluster.clock_ahead)
    if shown is None:
        return
    cluster.clock_showed, cluster.clock_read_at = shown, now
    Cluster.objects.filter(pk=cluster.pk).update(clock_showed=shown, clock_read_at=now)
    ahead = round((shown - now).total_seconds())
    if cluster.clock_ahead and not was_off:
        log.error("a cluster's clock differs from the database's", seconds_ahead=ahead)
    elif was_off and not cluster.clock_ahead:
        log.info("a cluster's clock agrees with the database's again", seconds_ahead=ahead)
