"""`object-syncer serve`: answer Metacontroller's hooks."""

import re
from pathlib import Path

import click


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"{value!r} is not HOST:PORT, for example 0.0.0.0:8080 or [::]:8080")
    return value


def _bytes(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    amount = re.fullmatch(r"([1-9][0-9]*)(|Ki|Mi|Gi)", value)
    if not amount:
        raise click.BadParameter(f"{value!r} is not a number of bytes, for example 160Mi")
    return int(amount[1]) << {"": 0, "Ki": 10, "Mi": 20, "Gi": 30}[amount[2]]


_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command()
@click.option("--bind", default="0.0.0.0:8080", show_default=True, metavar="HOST:PORT", callback=_address)
@click.option(
    "--status-bind",
    default="0.0.0.0:8081",
    show_default=True,
    metavar="HOST:PORT",
    callback=_address,
    help="Serve probes and metrics here, always by plain HTTP.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 256), help="Threads of each process.")
@click.option(
    "--body-limit",
    default="160Mi",
    show_default=True,
    metavar="BYTES",
    callback=_bytes,
    help="The largest request; 100 copies of 1 MiB, base64 and metadata included, fit in the default.",
)
@click.option(
    "--memory-limit",
    default="160Mi",
    show_default=True,
    metavar="BYTES",
    callback=_bytes,
    help="Requests and answers in memory at once, in each process. JSON takes about twice as much on top.",
)
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="Serve HTTPS with this certificate (PEM, chain included).")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="The private key of --tls-cert (PEM, no password).")
@click.option(
    "--metrics-dir",
    type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
    metavar="DIR",
    help="Where several workers share their metrics, one server in each directory; by default a temporary one.",
)
@click.option("--token-file", type=_FILE, metavar="FILE", help="Answer only who sends one of these bearer tokens.")
@click.option(
    "--log-level",
    default="warning",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    help="No level logs the contents of objects.",
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="json: one object per line.",
)
def serve(
    bind: str,
    status_bind: str,
    workers: int,
    threads: int,
    body_limit: int,
    memory_limit: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    metrics_dir: Path | None,
    token_file: Path | None,
    log_level: str,
    log_format: str,
) -> None:
    """Answer Metacontroller's hooks over HTTP until told to stop; requests under way are finished.

    Certificate, key and tokens (one per line) may be replaced at any time. Probes and metrics have an address of their
    own and need no token; the hooks' address answers probes, too.
    """
    from object_syncer.web import logs  # noqa: PLC0415 - the other commands start without it
    from object_syncer.web.gunicorn import Server, Settings  # noqa: PLC0415
    from object_syncer.web.watched import Unusable  # noqa: PLC0415

    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key need each other")
    if bind == status_bind:
        raise click.UsageError("--bind and --status-bind must differ")
    if body_limit > memory_limit:
        raise click.UsageError("--memory-limit must not be less than --body-limit: such a body would never be read")
    logs.configure(log_level, log_format)
    settings = Settings(
        bind,
        status_bind,
        workers,
        threads,
        body_limit,
        memory_limit,
        certificate=(tls_cert, tls_key) if tls_cert and tls_key else None,
        token_file=token_file,
        log_level=log_level,
        metrics_dir=metrics_dir,
    )
    try:
        server = Server(settings)
    except Unusable as error:
        raise click.UsageError(str(error)) from None
    server.run()
