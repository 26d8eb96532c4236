"""One of the processes of `reviewdesk serve --workers`, as ``serving.workers`` starts it."""

import json
import signal
import socket
import sys
from pathlib import Path

from reviewdesk.cli.endpoints import endpoints_of
from reviewdesk.cli.output import note
from reviewdesk.desk.page import routes
from reviewdesk.errors import ReviewdeskError
from reviewdesk.formats.weights import shared_weights
from reviewdesk.process import end_with_parent
from reviewdesk.serving.server import Worker, serve
from reviewdesk.serving.variants import ServedEndpoint
from reviewdesk.serving.workers import tell_ready
from reviewdesk.settings import ServeSettings, TrafficSettings


def main() -> None:
    """Serve what the argument, a JSON object, says."""
    end_with_parent()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to exchange
    request = json.loads(sys.argv[1])
    worker = Worker(socket.socket(fileno=request["listener"]), Path(request["folder"]))

    def load() -> dict[str, ServedEndpoint]:
        with shared_weights(worker.folder):
            return endpoints_of(request["words"], request["shadows"])

    try:
        serve(
            load(),
            ServeSettings.from_json(request["settings"]),
            lambda port: tell_ready(request["ready"]),
            routes,
            TrafficSettings.from_json(request["traffic"]),
            load=load,
            worker=worker,
        )
    except ReviewdeskError as error:
        note(str(error))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
