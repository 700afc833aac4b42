"""The rule about who may read a source knows the built-in kinds as the hooks know them."""

import re

import yaml

from object_syncer import installation
from object_syncer.kube import api, builtin


def test_the_guard_has_the_plural_of_every_built_in_kind_that_can_be_copied() -> None:
    (policy,) = (
        document
        for text in installation.admission(api.ENGINE_USER)
        for document in yaml.safe_load_all(text)
        if document["metadata"]["name"] == "object-syncer-requesters" and "variables" in document["spec"]
    )
    (kinds,) = (item["expression"] for item in policy["spec"]["variables"] if item["name"] == "kinds")
    assert dict(re.findall(r"'([^']*)': '([^']*)'", kinds)) == {
        f"{group}/{kind}": versions[0].plural
        for (group, kind), versions in builtin.KINDS.items()
        if versions[0].namespaced
    }
