"""The process of a desk: listens, says where, and ends without dropping a request."""

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
    app = create_app(desk, metrics)
    with listen(desk.settings) as listener:
        run_app(app, desk.settings, metrics, listener, on_ready)
    desk.decisions.close()
