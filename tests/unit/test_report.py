"""What the tables of a benchmark say."""

import pytest

from bench import report

MACHINE = {"date": "2026-01-02", "cpus": 2, "gigabytes": 25, "python": "3.11.7", "load": 0.1}


def phase(syncer: str, seconds: float | None, calls: float, **more: object) -> report.Figures:
    figures: report.Figures = {
        "syncer": syncer,
        "kubernetes": "v1.35.4",
        "objects": 1,
        "namespaces": 10,
        "api_server_applies_per_second": 900,
        "phase": "first copy to all",
        "rounds": 1,
        "calls": calls,
        "by_call": {"patch configmaps": calls},
        "cpu_seconds": {"kube-apiserver": 0.5},
        "megabytes": {"kube-apiserver": 300},
        **more,
    }
    return figures if seconds is None else {**figures, "seconds": seconds, "worst": seconds}


def test_syncers_are_beside_each_other_and_the_fastest_is_bold_whoever_it_is() -> None:
    made = report.tables([MACHINE, phase("ours", 0.4, 12), phase("theirs", 0.2, 40)])
    assert "| 1 x 10 | first copy to all | 0.4 / 12 / 0.5 | **0.2** / 40 / 0.5 |" in made


def test_one_syncer_alone_is_not_the_fastest_of_anything() -> None:
    assert "**" not in report.tables([MACHINE, phase("ours", 0.4, 12)])


def test_a_phase_that_one_of_them_has_not_reached_is_said_to_be_missing() -> None:
    idle = {"phase": "idle 20 s"}
    made = report.tables([MACHINE, phase("ours", None, 0, **idle), phase("theirs", 0.2, 40)])
    assert "| 1 x 10 | idle 20 s | - / 0 / 0.5 | - |" in made


def test_where_a_phase_has_rounds_the_worst_is_said() -> None:
    made = report.tables([MACHINE, phase("ours", 0.4, 12, rounds=3)])
    assert "0.4 (worst 0.4) / 12 / 0.5" in made


def test_calls_of_the_planner_have_a_table_of_their_own() -> None:
    line = {
        "objects": 50,
        "namespaces": 200,
        "policies": 4,
        "slices": 24,
        "request_megabytes": 0.19,
        "answer_megabytes": 0.04,
        "seconds": 0.015,
        "peak_megabytes": 40.4,
    }
    assert "| 50 x 200 | 4 | 24 | 0.19 | 0.04 | 0.015 | 40.4 |" in report.tables([MACHINE, line])


def test_a_page_gets_new_tables_in_place_of_the_earlier_ones_and_keeps_the_rest() -> None:
    page = f"before\n{report.START}\nold\n{report.END}\nafter\n"
    assert report.replaced(page, "new") == f"before\n{report.START}\n\nnew\n{report.END}\nafter\n"


def test_a_page_without_a_place_for_them_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for figures"):
        report.replaced("nothing", "new")
