"""The Flask app: bytes to JSON, path to hook, errors to status codes.

Error bodies end up in events and logs of the engine, so they never quote an object.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Any

import orjson
from flask import Flask, Response, g, request

from object_syncer import __version__
from object_syncer.kube import defects, depth
from object_syncer.kube.meta import Json
from object_syncer.kube.metacontroller import BadRequest
from object_syncer.routes import WITH_ETAG, answer, answer_with_etag
from object_syncer.web import logs, malformed
from object_syncer.web.call import BAD_REQUEST, DEFECT, PATHS, Call, parent
from object_syncer.web.metrics import Metrics
from object_syncer.web.pacing import paced


def create_app(
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    metrics: Metrics | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Flask:
    """Return the WSGI app of the hooks.

    POST on every path of ROUTES and WITH_ETAG answers 200 with the hook's response, 400 with {"error", "field"}
    for a body the engine would not send, 500 with {"error"} for a defect of ours. GET /healthz and /readyz answer 200.
    Answers of the planner may `sleep`, see pacing.py; metrics do not count that.
    """
    app, metrics = _app(), metrics or Metrics()
    for path in PATHS:
        app.add_url_rule(path, path, partial(_hook, path, clock, metrics), methods=["POST"])
    app.after_request(partial(_paced, sleep))
    app.register_error_handler(404, lambda _: _json({"error": "no such path", "paths": sorted(PATHS)}, 404))
    app.register_error_handler(405, lambda _: _json({"error": "hooks take POST, probes take GET"}, 405))
    return app


def create_status_app(metrics: Metrics) -> Flask:
    """Return the WSGI app for kubelet and Prometheus: GET /healthz and /readyz, and /metrics."""
    app = _app()
    app.add_url_rule("/metrics", "/metrics", metrics.exposed, methods=["GET"])
    return app


def _app() -> Flask:
    app = Flask("object_syncer", static_folder=None)
    for path in ("/healthz", "/readyz"):
        app.add_url_rule(path, path, lambda: _json({"status": "ok", "version": __version__}), methods=["GET"])
    return app


def _hook(path: str, clock: Callable[[], datetime], metrics: Metrics) -> Response:
    call, start = Call(path, logs.request_id(request.headers.get(logs.REQUEST_ID, ""))), perf_counter()
    response = _response(call, clock)
    call.seconds = perf_counter() - start
    call.code, call.answer_bytes = response.status_code, response.content_length or 0
    response.headers[logs.REQUEST_ID] = call.request
    metrics.answered(call)
    logs.answered(call)
    return response


def _response(call: Call, clock: Callable[[], datetime]) -> Response:
    call.request_bytes = request.content_length or 0
    try:
        body = depth.loads(request.get_data(cache=False))
    except orjson.JSONDecodeError as error:
        return _refused(call, BadRequest("body", f"not JSON: line {error.lineno}, column {error.colno}"))
    call.parent = parent(body)
    try:
        return _answered(call, body, clock())
    except BadRequest as error:
        return _refused(call, error)
    except Exception as defect:
        call.place = defects.place(defect)
        refused = malformed.find(body)
        if refused:
            return _refused(call, refused)
        call.error = DEFECT
        return _json({"error": f"{call.path} failed: {call.place}"}, 500)


def _refused(call: Call, why: BadRequest) -> Response:
    call.error = BAD_REQUEST
    return _json({"error": why.message, "field": why.field}, 400)


def _answered(call: Call, body: Any, now: datetime) -> Response:
    """Return the hook's answer, to the body as it came or, if that fails, without what is nested too deep in it."""
    if call.path in WITH_ETAG:
        answered, etag = answer_with_etag(call.path, body, request.headers.get("If-None-Match", ""), now)
        response = _json(answered)
        response.headers["ETag"] = etag
        return response
    try:
        answered, g.pause = paced(partial(answer, call.path, body, now), call.path, body)
        return _told(call, answered)
    except BadRequest:
        raise
    except Exception:
        if not depth.cut(body):
            raise
    return _told(call, answer(call.path, body, now))


def _told(call: Call, answered: Json) -> Response:
    """Return a hook's answer; the call says what is in it."""
    response = _json(answered)
    if "children" in answered:
        call.children = len(answered["children"])
    if "attachments" in answered:
        shown = (answered["status"] or {}).get("conditions", ())
        call.conditions = [(item["type"], item["status"], item["reason"]) for item in shown]
    return response


def _paced(sleep: Callable[[float], None], response: Response) -> Response:
    if g.get("pause"):
        sleep(g.pause)
    return response


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")
