"""Signs of life: what of a SyncSlice's status is written anew, and when."""

from object_syncer.status import stalls
from unit.objects import NOW, STAMP, ago

STORED = {"copies": 1, "synced": 1, "observedGeneration": 3, "lastSyncTime": ago(299)}


def test_a_status_that_says_the_same_is_not_written() -> None:
    assert stalls.signed({"copies": 1, "synced": 1}, STORED, NOW)["lastSyncTime"] == ago(299)


def test_a_status_that_is_kept_as_it_is_stored_is_not_written() -> None:
    assert stalls.signed(STORED, STORED, NOW) == {"copies": 1, "synced": 1, "lastSyncTime": ago(299)}


def test_a_status_that_says_something_new_or_is_old_has_the_time() -> None:
    assert stalls.signed({"copies": 1, "synced": 0}, STORED, NOW)["lastSyncTime"] == STAMP
    assert stalls.signed(STORED, {**STORED, "lastSyncTime": ago(300)}, NOW)["lastSyncTime"] == STAMP
    assert stalls.signed({"copies": 0}, {}, NOW) == {"copies": 0, "lastSyncTime": STAMP}
