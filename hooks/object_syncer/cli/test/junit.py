"""Results of tests as JUnit XML, which CI systems read."""

from collections.abc import Iterable
from typing import NamedTuple
from xml.etree import ElementTree


class Result(NamedTuple):
    """One test that was played."""

    file: str
    reason: str
    seconds: float
    failures: list[str]


def report(results: Iterable[Result]) -> str:
    """Return a JUnit report: a suite for each file, a case for each test."""
    by_file: dict[str, list[Result]] = {}
    for result in results:
        by_file.setdefault(result.file, []).append(result)
    root = ElementTree.Element("testsuites")
    for file, cases in by_file.items():
        failed = sum(bool(case.failures) for case in cases)
        counts = {"name": file, "tests": str(len(cases)), "failures": str(failed), "errors": "0"}
        suite = ElementTree.SubElement(root, "testsuite", counts)
        for case in cases:
            element = ElementTree.SubElement(
                suite, "testcase", classname=file, name=case.reason, time=f"{case.seconds:.3f}"
            )
            if case.failures:
                failure = ElementTree.SubElement(element, "failure", message=_printable(case.failures[0]))
                failure.text = _printable("\n".join(case.failures))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Return the text without characters that XML does not have."""
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in text)
