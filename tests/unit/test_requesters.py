"""The rules about who may read a source and who may write copies know the built-in kinds as the hooks know them."""

import re
from pathlib import Path

import pytest
import yaml

from object_syncer.kube import builtin

METACONTROLLER = Path(__file__).parents[2] / "metacontroller"


@pytest.mark.parametrize("file", ["admission/requesters.yaml", "optional/writers.yaml"])
def test_the_guard_has_the_plural_of_every_built_in_kind_that_can_be_copied(file: str) -> None:
    policy, _ = yaml.safe_load_all((METACONTROLLER / file).read_text())
    (kinds,) = (item["expression"] for item in policy["spec"]["variables"] if item["name"] == "kinds")
    assert dict(re.findall(r"'([^']*)': '([^']*)'", kinds)) == {
        f"{group}/{kind}": versions[0].plural
        for (group, kind), versions in builtin.KINDS.items()
        if versions[0].namespaced
    }
