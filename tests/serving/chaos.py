"""Hostile and honest clients, many at once: ``python -m tests.serving.chaos PORT SECONDS KIND...``.

Every client is a coroutine that goes on until told to stop. Honest ones note what became of each of
their requests; the others do what clients must not be able to stop a server with.
"""

import asyncio
import contextlib
import random
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.serving.raw import head, request

SMALL: Final = b"It works and I like it, good sound."
LARGE: Final = b"x" * 6_291_456
PIPELINED: Final = 50


@dataclass
class Outcome:
    """What became of honest requests.

    Args:
        statuses: how many got which.
        lost: what happened to those that got no answer.
        seconds: how long those took that were answered 200.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass
class Client:
    """Where it goes, until when, and what comes of it."""

    port: int
    until: float
    outcome: Outcome
    random: random.Random

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Return an answer's status, and whether the connection ends with it."""
    start = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = start.partition("content-length: ")[2].partition("\r\n")[0]
    await reader.readexactly(int(length))
    return int(start.split()[1]), "connection: close" in start


async def honest(client: Client) -> None:
    """Ask again and again, on a connection that is kept or on new ones."""
    kept = client.random.random() < 0.5
    while client.goes_on:
        async with client.connected() as (reader, writer):
            try:
                while client.goes_on:
                    await asyncio.sleep(client.random.random() * 0.1)
                    started = time.monotonic()
                    writer.write(request(SMALL))
                    status, ends = await answer(reader)
                    client.outcome.statuses[status] += 1
                    if status == 200:
                        client.outcome.seconds.append(time.monotonic() - started)
                    if ends or not kept:
                        break
            except (OSError, EOFError) as error:
                client.outcome.lost.append(f"asked once: {type(error).__name__}")


async def pipelining(client: Client) -> None:
    """Ask many times at once, close its side, and read all the answers."""
    while client.goes_on:
        async with client.connected() as (reader, writer):
            try:
                writer.write(request(SMALL) * PIPELINED)
                writer.write_eof()
                for _ in range(PIPELINED):
                    status, ends = await answer(reader)
                    client.outcome.statuses[status] += 1
                    if ends:
                        break
                await asyncio.sleep(1)
            except (OSError, EOFError) as error:
                client.outcome.lost.append(f"asked {PIPELINED} times: {type(error).__name__}")


async def drip(client: Client, sent: bytes) -> None:
    async with client.connected() as (_, writer):
        writer.write(sent)
        while client.goes_on and not writer.is_closing():
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.2)


async def slow_head(client: Client) -> None:
    await drip(client, b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nX-")


async def slow_body(client: Client) -> None:
    await drip(client, head("Content-Length: 100000"))


async def half_large(client: Client) -> None:
    """Send all of a large body but its end."""
    await drip(client, head("Content-Length: 6291456") + LARGE[:-1000])


async def idle(client: Client) -> None:
    async with client.connected() as (reader, _):
        await asyncio.wait_for(reader.read(), max(0.0, client.until - time.monotonic()))


async def reset(client: Client) -> None:
    async with client.connected() as (_, writer):
        writer.write(request(SMALL)[: client.random.randrange(200)])
        await writer.drain()
        await asyncio.sleep(client.random.random() * 0.05)
        linger = struct.pack("ii", 1, 0)  # closing sends a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


async def half_close(client: Client) -> None:
    async with client.connected() as (reader, writer):
        writer.write(request(SMALL)[: client.random.randrange(1, 200)])
        writer.write_eof()
        await reader.read()


async def large(client: Client) -> None:
    """Send a text of 6 MiB, or one byte more."""
    async with client.connected() as (reader, writer):
        writer.write(request(LARGE + b"x" * client.random.randrange(2)))
        await answer(reader)
        await asyncio.sleep(0.5)


async def unread(client: Client) -> None:
    """Ask for much and read nothing."""
    async with client.connected() as (_, writer):
        asked = request(b"\n" * 9_999).replace(
            b"Content-Type", b"Accept: application/json\r\nContent-Type"
        )
        writer.write(asked * 4)
        await asyncio.sleep(5)


async def wrong_types(client: Client) -> None:
    async with client.connected() as (reader, writer):
        body = client.random.randbytes(client.random.randrange(3000))
        kind = client.random.choice([b"application/json", b"text/csv", b"image/png", b"\xff", b""])
        target = client.random.choice(["/invocations", "/ping", "/desk/analyse", "/nothing"])
        writer.write(request(body, target=target).replace(b"text/plain", kind))
        await answer(reader)


async def garbage(client: Client) -> None:
    async with client.connected() as (reader, writer):
        writer.write(client.random.randbytes(1000) + b"\r\n\r\n")
        await reader.read()


HONEST: Final[tuple[Callable[[Client], Awaitable[None]], ...]] = (honest, pipelining)
HOSTILE: Final[tuple[Callable[[Client], Awaitable[None]], ...]] = (
    slow_head, slow_body, half_large, idle, reset, half_close, large, unread, wrong_types, garbage,
)  # fmt: skip


async def _again_and_again(kind: Callable[[Client], Awaitable[None]], client: Client) -> None:
    while client.goes_on:
        if kind in HONEST:
            await kind(client)
        else:  # what becomes of a hostile client is its own affair
            with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                await kind(client)
            await asyncio.sleep(0.05)


async def clients(
    port: int, seconds: float, kinds: dict[Callable[[Client], Awaitable[None]], int], seed: int = 0
) -> Outcome:
    """Let so many clients of each kind go at a server, all at once.

    Args:
        port: where it listens on this machine.
        seconds: how long they go on.
        kinds: how many of which.
        seed: of what they draw.
    """
    outcome = Outcome()
    until = time.monotonic() + seconds
    everyone = [kind for kind, count in kinds.items() for _ in range(count)]
    async with asyncio.timeout(seconds + 90), asyncio.TaskGroup() as tasks:
        for number, kind in enumerate(everyone):
            client = Client(port, until, outcome, random.Random(seed + number))
            tasks.create_task(_again_and_again(kind, client))
    return outcome


if __name__ == "__main__":
    named = {kind.__name__: kind for kind in HOSTILE}
    each = {named[name]: int(count) for name, count in (word.split("=") for word in sys.argv[3:])}
    asyncio.run(clients(int(sys.argv[1]), float(sys.argv[2]), each))
