"""Every error that reviewdesk raises on purpose.

    ReviewdeskError                exit  1   HTTP 500
    ├── UsageError                 exit  2   HTTP 400   an option, a value or a combination is wrong
    │   └── BrokenPlugin           exit  2   HTTP 400   what another package adds does not work
    ├── InputError                 exit  3   HTTP 400   data cannot be read or used
    │   ├── MissingColumn          exit  3   HTTP 400   an operation needs a column the data lacks
    │   └── NotEnoughData          exit  3   HTTP 400   too few rows or classes to do what was asked
    ├── TooManyRejects             exit  4   HTTP 400   finished and written, but marked
    │   ├── DamagedInput           exit  4   HTTP 400   and a file goes on behind what could be read
    │   └── LostColumn             exit  4   HTTP 400   and no value of a column could be read
    ├── BundleError                exit  5   HTTP 500   a bundle is damaged, hostile or too new
    ├── MissingExtra               exit  6   HTTP 500   an optional package is not installed
    ├── UnsupportedPlatform        exit  6   HTTP 500   neither Linux nor macOS
    ├── StorageError               exit  7   HTTP 507   no space, no permission, no such place
    ├── Stopped                    exit  0   HTTP 500   asked to end; saved, and it can go on
    └── RequestError               exit  1   HTTP 400   a request to the server is wrong
        ├── LoginNeeded            exit  1   HTTP 401
        ├── Forbidden              exit  1   HTTP 403
        ├── UnknownEndpoint        exit  1   HTTP 404
        ├── NotAcceptable          exit  1   HTTP 406
        ├── RequestTimeout         exit  1   HTTP 408
        ├── Taken                  exit  1   HTTP 409
        ├── PayloadTooLarge        exit  1   HTTP 413
        ├── UnsupportedMediaType   exit  1   HTTP 415
        ├── HeadTooLarge           exit  1   HTTP 431
        ├── UpstreamFailed         exit  1   HTTP 502
        ├── Overloaded             exit  1   HTTP 503
        └── UpstreamTimeout        exit  1   HTTP 504

UsageError and InputError are ValueErrors too, as scikit-learn and others expect of wrong arguments.

Messages say what is wrong, where, and what to do. They never quote review text, because it is
personal data.
"""

from typing import ClassVar, Self


class ReviewdeskError(Exception):
    """The root: catching it catches every error raised on purpose.

    Where options would mend what was asked for, ``remedies`` holds them: the words to add to the
    command, and others to choose from.
    """

    remedies: tuple[tuple[str, ...], ...] = ()

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def with_remedies(self, *remedies: tuple[str, ...]) -> Self:
        """Return the error with options that would mend what was asked for."""
        self.remedies = remedies
        return self

    def to_json(self) -> dict[str, dict[str, str]]:
        """Return the one JSON shape that errors have everywhere."""
        return {"error": {"code": self.code, "message": str(self)}}


class UsageError(ReviewdeskError, ValueError):
    """An option, a value or a combination of them is wrong."""

    code = "usage"
    exit_code = 2
    http_status = 400


class BrokenPlugin(UsageError):
    """What another package adds does not work."""

    code = "broken_plugin"


class InputError(ReviewdeskError, ValueError):
    """Data cannot be read or used."""

    code = "input"
    exit_code = 3
    http_status = 400


class MissingColumn(InputError):
    """An operation needs a column that the data lacks."""

    code = "missing_column"


class NotEnoughData(InputError):
    """There are too few rows or classes to do what was asked."""

    code = "not_enough_data"


class TooManyRejects(ReviewdeskError):
    """A preparation finished and was written, but rejected more rows than allowed."""

    code = "too_many_rejects"
    exit_code = 4
    http_status = 400


class DamagedInput(TooManyRejects):
    """What could be read was written, but a file is damaged: nobody knows how much is lost."""

    code = "damaged_input"


class LostColumn(TooManyRejects):
    """All reviews were written, but of a column that they have no value could be read."""

    code = "lost_column"


class BundleError(ReviewdeskError):
    """A bundle is damaged, hostile or of a version that this release cannot read."""

    code = "bundle"
    exit_code = 5


class UnsupportedPlatform(ReviewdeskError, ImportError):
    """The operating system is neither Linux nor macOS."""

    code = "unsupported_platform"
    exit_code = 6


class MissingExtra(ReviewdeskError):
    """An optional package is not installed; the message holds the command that installs it."""

    code = "missing_extra"
    exit_code = 6


class StorageError(ReviewdeskError):
    """A place cannot be read or written: no space, no permission, or not there."""

    code = "storage"
    exit_code = 7
    http_status = 507


class Stopped(ReviewdeskError):
    """Long work was asked to end before it was done; what was done is saved, and it can go on."""

    code = "stopped"
    exit_code = 0


class RequestError(ReviewdeskError):
    """A request to the server is wrong."""

    code = "bad_request"
    http_status = 400


class LoginNeeded(RequestError):
    """A request needs somebody who has logged in."""

    code = "login_needed"
    http_status = 401


class Forbidden(RequestError):
    """Whoever asks may not do this, or the form comes from somewhere else."""

    code = "forbidden"
    http_status = 403


class Taken(RequestError):
    """Somebody else is at it, or it is not any more as the request takes it to be."""

    code = "taken"
    http_status = 409


class UnknownEndpoint(RequestError):
    """A request names an endpoint that is not served."""

    code = "unknown_endpoint"
    http_status = 404


class NotAcceptable(RequestError):
    """A request asks for an answer in a format that the server does not write."""

    code = "not_acceptable"
    http_status = 406


class RequestTimeout(RequestError):
    """A request did not arrive in time."""

    code = "request_timeout"
    http_status = 408


class PayloadTooLarge(RequestError):
    """A request's body or its number of instances is over the limit."""

    code = "payload_too_large"
    http_status = 413


class UnsupportedMediaType(RequestError):
    """A request's body is in a format that the server does not read."""

    code = "unsupported_media_type"
    http_status = 415


class HeadTooLarge(RequestError):
    """A request's address and headers are larger than the server takes."""

    code = "head_too_large"
    http_status = 431


class Overloaded(RequestError):
    """The server has as many requests as it can hold; the same request may work in a moment."""

    code = "overloaded"
    http_status = 503


class UpstreamFailed(RequestError):
    """What a server asked in its turn could not answer."""

    code = "upstream_failed"
    http_status = 502


class UpstreamTimeout(RequestError):
    """What a server asked in its turn took too long."""

    code = "upstream_timeout"
    http_status = 504
