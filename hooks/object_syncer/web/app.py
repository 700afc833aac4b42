"""The Flask app: bytes to JSON, path to hook, errors to status codes.

Error bodies end up in events and logs of the engine, so they never quote an object.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import orjson
from flask import Flask, Response, request

from object_syncer import __version__
from object_syncer.kube import defects
from object_syncer.kube.metacontroller import BadRequest
from object_syncer.routes import HEARTBEAT, ROUTES, answer, answer_heartbeat
from object_syncer.web.metrics import Metrics

_log = logging.getLogger(__name__)


def create_app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Flask:
    """Return the WSGI app.

    POST on every path of ROUTES, and on HEARTBEAT, answers 200 with the hook's response, 400 with {"error", "field"}
    for a body the engine would not send, 500 with {"error"} for a defect of ours. GET /healthz and /readyz answer 200,
    GET /metrics what Prometheus reads.
    """
    app, metrics = Flask("object_syncer", static_folder=None), Metrics()
    for path in (*ROUTES, HEARTBEAT):
        app.add_url_rule(path, path, metrics.timed(path, partial(_hook, path, clock)), methods=["POST"])
    for path in ("/healthz", "/readyz"):
        app.add_url_rule(path, path, lambda: _json({"status": "ok", "version": __version__}), methods=["GET"])
    app.add_url_rule("/metrics", "/metrics", metrics.exposed, methods=["GET"])
    app.register_error_handler(
        404, lambda _: _json({"error": "no such path", "paths": sorted((*ROUTES, HEARTBEAT))}, 404)
    )
    app.register_error_handler(405, lambda _: _json({"error": "hooks take POST, probes and metrics take GET"}, 405))
    return app


def _hook(path: str, clock: Callable[[], datetime]) -> Response:
    try:
        body = orjson.loads(request.get_data(cache=False))
    except orjson.JSONDecodeError as error:
        return _json({"error": f"not JSON: line {error.lineno}, column {error.colno}", "field": "body"}, 400)
    try:
        if path != HEARTBEAT:
            return _json(answer(path, body, clock()))
        answered, etag = answer_heartbeat(body, request.headers.get("If-None-Match", ""), clock())
        response = _json(answered)
        response.headers["ETag"] = etag
        return response
    except BadRequest as error:
        return _json({"error": error.message, "field": error.field}, 400)
    except Exception as defect:
        place = defects.place(defect)
        _log.error("%s failed: %s", path, place)
        return _json({"error": f"{path} failed: {place}"}, 500)


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")
