"""Names a defect of ours by type and place, because an exception's message may quote an object."""

from pathlib import Path


def place(defect: BaseException) -> str:
    """Return "TypeError at drift.py:42": where the exception was raised, without its message."""
    trace = defect.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"
    return f"{type(defect).__name__} at {where}"
