"""Runs the decoder process for one picture at a time, and kills it if it takes too long."""

import asyncio
import sys
from typing import Final

import structlog

from kalends.domain.pictures import MOST_PIXELS, SUFFIXES, Box, NoPicture, Picture

log = structlog.get_logger("kalends.pictures")

GIVE_UP_AFTER_SECONDS: Final = 20.0
# How many pictures may wait for their turn; further ones are refused for now.
MOST_WAITING: Final = 4
DECODER: Final = "kalends.gateways.pictures.decoder"
REASONS: Final = {
    "format": "must be a picture: PNG, JPEG or WebP",
    "pixels": f"must have at most {MOST_PIXELS // 1_000_000} million pixels",
    "broken": "is a picture that cannot be read to its end",
}
BUSY: Final = NoPicture("cannot be read just now; please send it again in a moment")
UNREAD: Final = NoPicture("cannot be read")


class PictureProcess:
    """See `PictureReader`. The decoder processes get no environment, and so no secrets."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def read(self, content: bytes, box: Box) -> Picture | NoPicture:
        if self._waiting >= MOST_WAITING:
            return BUSY
        self._waiting += 1
        try:
            async with self._turn:
                return _read(await self._run(content, box))
        finally:
            self._waiting -= 1

    async def _run(self, content: bytes, box: Box) -> bytes:
        """The output of the decoder; empty if it died or was killed."""
        size = (str(box.width), str(box.height), str(MOST_PIXELS))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            DECODER,
            *size,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
        try:
            async with asyncio.timeout(GIVE_UP_AFTER_SECONDS):
                said, _ = await process.communicate(content)
        except TimeoutError:
            log.warning("a picture took too long to read")
            return b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            log.warning("a picture could not be read", status=process.returncode)
        return said


def _read(said: bytes) -> Picture | NoPicture:
    line, _, body = said.partition(b"\n")
    match line.decode("ascii", "replace").split():
        case ["ok", media_type, width, height] if media_type in SUFFIXES and body:
            return Picture(body, media_type, int(width), int(height))
        case ["no", reason]:
            return NoPicture(REASONS.get(reason, UNREAD.reason))
        case _:
            return UNREAD
