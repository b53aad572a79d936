"""The queue's transport, for which a message that makes no sense is dropped and nothing else.

Kombu's own ends the worker when it finds something on the queue that is not JSON, or not one of its
envelopes. Messages are hints: whatever was meant, the sweep finds what is due.
"""

from typing import Any

import structlog
from kombu.transport import redis
from kombu.transport.virtual import Empty

log = structlog.get_logger()
# What json, the envelope's fields and base64 raise for something else than a message.
SENSELESS = (ValueError, KeyError, TypeError, AttributeError)


class TolerantQoS(redis.QoS):
    """What was delivered and not acknowledged, as far as it makes sense."""

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:  # noqa: FBT001, FBT002  # kombu's signature
        """Put a message back on its queue, or forget it."""
        try:
            super().restore_by_tag(tag, client, leftmost)
        except SENSELESS as error:
            _dropped(error)
            with self.channel.conn_or_acquire(client) as connection, connection.pipeline() as pipe:
                self._remove_from_indices(tag, pipe)
                pipe.execute()


class TolerantChannel(redis.Channel):
    """Reads the queue; see above."""

    QoS = TolerantQoS

    def basic_consume(
        self, queue: str, no_ack: Any, callback: Any, *rest: Any, **more: Any
    ) -> None:
        """Hand messages on to `callback`; reject one that it cannot make sense of."""

        def tolerant(message: Any) -> None:
            try:
                callback(message)
            except SENSELESS as error:
                _dropped(error)
                if not message.acknowledged:
                    message.reject()

        super().basic_consume(queue, no_ack, tolerant, *rest, **more)

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except ValueError as error:  # before it was a message at all
            _dropped(error)
            return True

    def _get(self, queue: Any, timeout: Any = None) -> Any:  # noqa: ARG002  # kombu's signature
        try:
            return super()._get(queue)
        except ValueError as error:
            _dropped(error)
            raise Empty from error


class Transport(redis.Transport):
    """`redis://` and its kin, once portal/celery.py has said so."""

    Channel = TolerantChannel

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            self._check(message)
        except SENSELESS as error:
            _dropped(error)
        else:
            super()._deliver(message, queue)

    def _check(self, message: Any) -> None:
        """Raise one of SENSELESS unless the envelope has what Kombu looks for."""
        read = self.Channel.Message(message, channel=self.channels[0])
        where = read.delivery_info["exchange"], read.delivery_info["routing_key"]
        if not all(isinstance(name, str) for name in (read.delivery_tag, *where)):
            raise TypeError("the envelope says in no words where it goes")


def _dropped(error: Exception) -> None:
    log.warning("dropped a message that makes no sense", error=str(error)[:200])
