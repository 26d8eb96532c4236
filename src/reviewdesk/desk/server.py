"""The process of a desk: listens, says where, and ends without dropping a request."""

import threading
from collections.abc import Callable

from reviewdesk.desk.app import create_app
from reviewdesk.desk.desk import Desk
from reviewdesk.serving.metrics import Metrics
from reviewdesk.serving.server import listen, run_app


def serve_desk(desk: Desk, on_ready: Callable[[int], None]) -> None:
    """Serve a desk until SIGTERM or SIGINT; then finish what is in flight and return.

    Args:
        desk: what is on it.
        on_ready: called once with the port, as soon as requests are answered.

    Raises:
        UsageError: the address cannot be listened on.
    """
    metrics = Metrics()

    def ready(port: int) -> None:
        on_ready(port)
        threading.Thread(target=desk.warm_up, daemon=True).start()
        if desk.watch is not None:
            desk.watch.start()

    app = create_app(desk, metrics)
    with listen(desk.settings) as listener:
        run_app(app, desk.settings, metrics, listener, ready)
    desk.decisions.close()
