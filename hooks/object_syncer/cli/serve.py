"""`object-syncer serve`: answer Metacontroller's hooks."""

import click


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"{value!r} is not HOST:PORT, for example 0.0.0.0:8080 or [::]:8080")
    return value


@click.command()
@click.option("--bind", default="0.0.0.0:8080", show_default=True, metavar="HOST:PORT", callback=_address)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 256), help="Threads of each process.")
def serve(bind: str, workers: int, threads: int) -> None:
    """Answer Metacontroller's hooks over HTTP until told to stop; requests under way are finished."""
    from object_syncer.web.gunicorn import Server  # noqa: PLC0415 - the other commands start without it

    Server(bind, workers, threads).run()
