"""The control plane listens on loopback only: hand on to it what comes to the engine's address."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

ADDRESS = "10.96.0.1"  # of the engine's network; the development certificate holds it
PORT = 6443
CHUNK = 64 * 1024


def relay_to(port: int) -> None:
    """Relay ADDRESS:PORT to 127.0.0.1:`port`, in a thread that ends with this process."""
    threading.Thread(target=lambda: asyncio.run(_serve(port)), daemon=True).start()


async def _serve(port: int) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        ways: list[Coroutine[Any, Any, None]] = [_copy(reader, back), _copy(there, writer)]
        await asyncio.gather(*ways)

    server = await asyncio.start_server(relay, ADDRESS, PORT)
    await server.serve_forever()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
    target.close()
