"""When an object was written, as its managedFields say."""

from object_syncer.kube import written
from object_syncer.kube.meta import Json

OBJ: Json = {
    "metadata": {
        "managedFields": [
            {"manager": "kubectl", "time": "2026-03-01T12:00:00Z"},
            {"manager": "metacontroller", "time": "2026-03-01T12:00:05Z"},
            {"manager": "metacontroller", "time": "2026-03-01T12:00:09Z", "subresource": "status"},
            {"manager": "unknown"},
        ]
    }
}


def test_the_last_of_all_writers_counts_but_those_of_the_status() -> None:
    assert written.last(OBJ) == "2026-03-01T12:00:05Z"
    assert written.status_last(OBJ) == "2026-03-01T12:00:09Z"


def test_an_object_may_not_say_when() -> None:
    unknown: list[Json] = [{}, {"managedFields": None}, {"managedFields": []}, {"managedFields": [{}]}]
    for metadata in unknown:
        assert written.last({"metadata": metadata}) == written.status_last({"metadata": metadata}) == ""
