import asyncio
import errno
import logging

import pytest

from reviewdesk.serving.loop_errors import LoopErrors


def test_each_kind_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    times = iter((0, 0, 1, 59, 2, 2, 61, 61))
    errors = LoopErrors(lambda: next(times))
    loop = asyncio.new_event_loop()
    full = OSError(errno.EMFILE, "Too many open files")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            errors(loop, {"exception": full})
        errors(loop, {"exception": ValueError("secret")})
        errors(loop, {"exception": full})
        errors(loop, {"exception": BrokenPipeError(errno.EPIPE, "Broken pipe")})
        errors(loop, {"exception": OSError(errno.ENOTCONN, "not connected")})
    loop.close()
    told = [record.getMessage() for record in caplog.records]
    assert [("Too many open files" in one, "2 times more" in one) for one in told] == [
        (True, False),
        (False, False),
        (True, True),
    ]
    assert not [one for one in told if "secret" in one]
    assert not [record for record in caplog.records if record.exc_info]
