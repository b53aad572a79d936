"""The queue's transport, for which a message that makes no sense is dropped and nothing else.

Kombu's own ends the worker when it finds something on the queue that is not JSON, or not one of its
envelopes, and when the queue goes while messages are being worked on. Messages are hints: whatever
was meant, the sweep finds what is due. For the same reason a queue holds the newest of them only,
and none for long.
"""

from typing import Any

import structlog
from celery.signals import heartbeat_sent
from kombu.transport import redis, virtual
from kombu.transport.virtual import Empty
from kombu.utils.json import dumps
from redis.exceptions import ResponseError

from portal.seldom import Seldom

log = structlog.get_logger()
# What json, the envelope's fields and base64 raise for something else than a message.
SENSELESS = (ValueError, KeyError, TypeError, AttributeError)
# Enough to keep every thread at work, which then goes on with whatever else people wait for; few
# enough that who comes behind them waits less than a second.
MOST_WAITING = 20
KEPT_SECONDS = 30  # on the queue's own clock, after the last one came
NO_LIST = "WRONGTYPE"
TURNS_EVERY = 5.0  # seconds
_refused = Seldom("the queue stores nothing; what lies on it is worked on all the same")
_untold = Seldom("the queue cannot be told what is done; it may bring it once more")


class TolerantQoS(redis.QoS):
    """What was delivered and not acknowledged, as far as it makes sense."""

    def append(self, message: Any, delivery_tag: str) -> None:
        """Note what was delivered. A full queue loses the note, not the message."""
        try:
            super().append(message, delivery_tag)
        except ResponseError as error:
            _refused.say(error=str(error))
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Forget what is done, told to the queue or not: else its thread never counts as free."""
        self._settle(delivery_tag, super().ack)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002  # kombu's signature
        """Forget it or put it back; where the queue cannot be told, it puts it back by itself."""
        self._settle(delivery_tag, super().reject, requeue)

    def restore_unacked(self, client: Any = None) -> None:
        """Put everything back, or forget it: closing has to go on, whatever became of the queue."""
        try:
            super().restore_unacked(client)
        except (*self.channel.connection_errors, ResponseError, *SENSELESS) as error:
            log.warning("hints are lost, the sweep finds the work", error=str(error)[:200])
            self._delivered.clear()

    def restore_visible(self, *arguments: Any, **options: Any) -> None:
        """Put back what others took and did not finish, where the queue stores it."""
        try:
            super().restore_visible(*arguments, **options)
        except ResponseError as error:
            _refused.say(error=str(error))

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:  # noqa: FBT001, FBT002  # kombu's signature
        """Put a message back on its queue, or forget it."""
        try:
            super().restore_by_tag(tag, client, leftmost)
        except SENSELESS as error:
            _dropped(error)
            with self.channel.conn_or_acquire(client) as connection, connection.pipeline() as pipe:
                self._remove_from_indices(tag, pipe)
                pipe.execute()

    def _settle(self, tag: str, settle: Any, *arguments: object) -> None:
        transport = self.channel.connection
        try:
            if transport is not None and transport.client is not None:  # else it is closed
                settle(tag, *arguments)
                return
        except (*self.channel.connection_errors, ResponseError) as error:
            _untold.say(error=str(error)[:200])
        virtual.QoS.ack(self, tag)


class TolerantChannel(redis.Channel):
    """Reads the queue, and writes to it; see above."""

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
        except ResponseError as error:
            if not str(error).startswith(NO_LIST):
                raise
            _dropped(error)
            self._remove_what_is_no_list()
        return True

    def _remove_what_is_no_list(self) -> None:
        with self.conn_or_acquire() as client:
            for queue in self.active_queues:
                if client.type(queue) not in {b"list", b"none"}:
                    client.delete(queue)

    def _get(self, queue: Any, timeout: Any = None) -> Any:  # noqa: ARG002  # kombu's signature
        try:
            return super()._get(queue)
        except ValueError as error:
            _dropped(error)
            raise Empty from error

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Store nothing about queues: a message names its own, and what is stored can be spoilt."""
        if self.typeof(exchange).type == "fanout":
            super()._queue_bind(exchange, routing_key, pattern, queue)

    def _put(self, queue: str, message: Any, **_options: Any) -> None:
        """Put a message before the newest ones of its queue, and leave out what is older."""
        with self.conn_or_acquire() as client, client.pipeline() as pipe:
            pipe.lpush(queue, dumps(message))
            pipe.ltrim(queue, 0, MOST_WAITING - 1)
            pipe.expire(queue, KEPT_SECONDS)
            pipe.execute()


class Transport(redis.Transport):
    """`redis://` and its kin, once portal/celery.py has said so."""

    Channel = TolerantChannel

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Read the queue in a worker's loop, which says by Celery's own signal that it turns."""
        super().register_with_event_loop(connection, loop)
        loop.call_repeatedly(TURNS_EVERY, heartbeat_sent.send, self)

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
