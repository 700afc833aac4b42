"""`object-syncer diff`: what a change of manifests does to copies."""

from pathlib import Path

import orjson
import pytest
from click.testing import Result

from object_syncer.kube.meta import Json
from unit.cli.given import config_map, namespace, object_sync, policy, run, secret, written

TEAMS = tuple(namespace(f"team-{letter}") for letter in "abcde")


class Change:
    """Manifests before and after a change, in two files."""

    def __init__(self, folder: Path, before: tuple[Json, ...], after: tuple[Json, ...]) -> None:
        self.old, self.new = written(folder / "old.yaml", *before), written(folder / "new.yaml", *after)

    def diff(self, *options: str, live: tuple[Json, ...] = ()) -> Result:
        more = ("--live", "-") if live else ()
        return run("diff", *more, *options, self.old, self.new, given=live)


def test_the_same_copies_are_no_difference(tmp_path: Path) -> None:
    before = (*TEAMS, config_map(), object_sync("team-a"))
    result = Change(tmp_path, before, (*before, config_map("team-b", "unrelated"))).diff()
    assert (result.stdout, result.exit_code) == ("no difference\n", 0)


def test_copies_that_come_and_go_are_counted_and_grouped(tmp_path: Path) -> None:
    before = (*TEAMS, config_map(), config_map(name="other"), object_sync("team-a", "team-b", "team-c", "team-d"))
    added = object_sync("team-e", name="new", source={"name": "other"})
    result = Change(tmp_path, before, (*TEAMS, config_map(), config_map(name="other"), object_sync(), added)).diff()
    assert result.stdout.splitlines() == [
        "+1 copy (team-e), -4 copies (team-*)",
        "",
        "+ ConfigMap other in team-e  [ObjectSync default/new]",
        "- ConfigMap settings in 4 namespaces (team-*): team-a, team-b, team-c and 1 more  [ObjectSync default/sync]",
    ]
    assert result.exit_code == 1


def test_copies_that_change_are_named_with_paths(tmp_path: Path) -> None:
    sync = object_sync("team-a", "team-b")
    before, after = (*TEAMS, config_map(), sync), (*TEAMS, config_map(data={"k": "w", "n": "1"}), sync)
    result = Change(tmp_path, before, after).diff()
    assert result.stdout.splitlines() == [
        "~2 copies (team-*)",
        "",
        "~ ConfigMap settings in 2 namespaces (team-*): team-a, team-b  [ObjectSync default/sync]",
        '    ~ data.k: "v" -> "w"',
        '    + data.n: "1"',
    ]


def test_a_rename_is_an_addition_and_a_deletion(tmp_path: Path) -> None:
    before = (*TEAMS, config_map(), object_sync("team-a"))
    after = (*TEAMS, config_map(), object_sync({"namespace": "team-a", "name": "renamed"}))
    assert Change(tmp_path, before, after).diff().stdout.startswith("+1 copy (team-a), -1 copy (team-a)\n")


def test_a_copy_that_is_deleted_and_created_again_is_named(tmp_path: Path) -> None:
    before = (*TEAMS, config_map(), object_sync("team-a"))
    after = (*TEAMS, config_map(), object_sync("team-a", name="renamed"))
    result = Change(tmp_path, before, after).diff()
    assert result.stdout.splitlines() == [
        "deletes and recreates 1 copy (team-a)",
        "",
        "-+ ConfigMap settings in team-a  [ObjectSync default/renamed]",
    ]
    assert result.exit_code == 1


class TestWhatThereWasBefore:
    """What there will be depends on it, so that the change is made in one cluster."""

    GIVEN = (*TEAMS, config_map())

    def headline(self, tmp_path: Path, before: tuple[Json, ...], after: tuple[Json, ...]) -> str:
        return str(Change(tmp_path, before, after).diff().stdout.splitlines()[0])

    def test_suspending_an_object_sync_deletes_nothing(self, tmp_path: Path) -> None:
        before = (*self.GIVEN, object_sync("team-a", "team-b"))
        after = (*self.GIVEN, object_sync("team-a", suspend=True))
        assert self.headline(tmp_path, before, after) == "no difference"

    def test_copies_that_exist_stay_where_too_many_are_asked_for(self, tmp_path: Path) -> None:
        given = (*self.GIVEN, policy(maxCopies=2))
        before, after = (*given, object_sync("team-a")), (*given, object_sync("*"))
        assert self.headline(tmp_path, before, after) == "2 conditions no longer True"

    def test_copies_that_another_policy_takes_over_stay(self, tmp_path: Path) -> None:
        before = (*self.GIVEN, policy("old"), policy("new"), object_sync("team-a"))
        after = (*self.GIVEN, policy("old"), policy("new", priority=5), object_sync("team-a"))
        assert self.headline(tmp_path, before, after) == "no difference"

    def test_a_policy_that_is_deleted_takes_its_copies_with_it(self, tmp_path: Path) -> None:
        before = (*self.GIVEN, policy("old", priority=5), policy("new"), object_sync("team-a"))
        after = (*self.GIVEN, policy("new"), object_sync("team-a"))
        assert self.headline(tmp_path, before, after) == "deletes and recreates 1 copy (team-a)"

    @pytest.mark.parametrize("name", ["strict", "default"])
    def test_without_a_policy_everything_is_allowed_before_and_after(self, tmp_path: Path, name: str) -> None:
        before = (*self.GIVEN, object_sync("team-a", "team-b"))
        after = (*before, policy(name, targetNamespaces=["team-a"]))
        assert self.headline(tmp_path, before, after).startswith("-1 copy (team-b), 1 copy not in sync")
        assert self.headline(tmp_path, after, before).startswith("+1 copy (team-b)")

    def test_a_copy_stays_as_it_is_where_a_patch_fails(self, tmp_path: Path) -> None:
        patch = {"patches": [{"op": "remove", "path": "/data/absent"}]}
        given = (*self.GIVEN, policy(transforms=["*"]))
        before, after = (*given, object_sync("team-a")), (*given, object_sync("team-a", copy=patch))
        assert self.headline(tmp_path, before, after) == "1 copy not in sync, 1 condition no longer True"

    def test_a_namespace_that_is_removed_takes_its_copy_with_it(self, tmp_path: Path) -> None:
        before = (*TEAMS, config_map(), object_sync("team-*"))
        assert self.headline(tmp_path, before, (*TEAMS[1:], config_map(), object_sync("team-*"))) == "-1 copy (team-a)"

    def test_an_object_of_the_manifests_takes_the_place_of_a_copy(self, tmp_path: Path) -> None:
        before = (*self.GIVEN, object_sync("team-a"))
        after = (*before, config_map("team-a", data={"k": "mine"}))
        assert self.headline(tmp_path, before, after) == "-1 copy (team-a), 1 conflict, 1 condition no longer True"

    def test_a_source_that_is_changed_keeps_what_the_manifests_do_not_say(self, tmp_path: Path) -> None:
        before = (*TEAMS, config_map(data={"k": "v", "gone": "x"}), object_sync("team-a"))
        after = (*TEAMS, config_map(data={"k": "w"}), object_sync("team-a"))
        result = Change(tmp_path, before, after).diff()
        assert [line.strip() for line in result.stdout.splitlines()[3:]] == ['- data.gone: "x"', '~ data.k: "v" -> "w"']


def test_conflicts_and_conditions_that_turn_are_named(tmp_path: Path) -> None:
    given = (*TEAMS, config_map(), config_map("team-b"))
    result = Change(tmp_path, (*given, object_sync("team-a")), (*given, object_sync("team-a", "team-b"))).diff()
    lines = result.stdout.splitlines()
    assert lines[0] == "1 conflict, 1 condition no longer True"
    assert "! Conflict: ConfigMap settings in team-b  [ObjectSync default/sync]" in lines
    assert any(line.startswith("! ObjectSync default/sync: InSync True -> False: Conflict: ") for line in lines)
    assert result.exit_code == 1


def test_an_object_sync_of_old_keeps_its_destination_from_a_new_one(tmp_path: Path) -> None:
    given = (*TEAMS, config_map(), config_map(name="other"))
    new = object_sync({"namespace": "team-a", "name": "settings"}, name="a-new-one", source={"name": "other"})
    result = Change(tmp_path, (*given, object_sync("team-a")), (*given, object_sync("team-a"), new)).diff()
    assert "ObjectSync default/sync is older and already copies to team-a/settings" in result.stdout
    assert "~" not in result.stdout


def test_deleting_what_holds_data_is_said_first(tmp_path: Path) -> None:
    claim: Json = {
        **config_map(name="data"),
        "kind": "PersistentVolumeClaim",
        "spec": {"accessModes": ["ReadWriteOnce"]},
    }
    del claim["data"]
    sync = object_sync("team-a", source={"kind": "PersistentVolumeClaim", "name": "data"})
    result = Change(tmp_path, (*TEAMS, claim, sync), (*TEAMS, claim)).diff()
    assert result.stdout.splitlines()[:2] == [
        "-1 copy (team-a), deletes a PersistentVolumeClaim",
        "deletes PersistentVolumeClaim team-a/data",
    ]


def test_values_of_secrets_are_not_shown(tmp_path: Path) -> None:
    sync = object_sync("team-a", source={"kind": "Secret"})
    before, after = (*TEAMS, secret(password="b2xk"), sync), (*TEAMS, secret(password="bmV3"), sync)
    for output in ("text", "markdown", "json"):
        result = Change(tmp_path, before, after).diff("-o", output)
        assert "password" in result.stdout
        assert not any(value in result.output for value in ("b2xk", "bmV3"))
    assert '~ data.password: "b2xk" -> "bmV3"' in Change(tmp_path, before, after).diff("--show-secrets").stdout


@pytest.mark.parametrize(("most", "code"), [("2", 1), ("1", 2), ("0", 2)])
def test_too_many_deletions_are_an_error(tmp_path: Path, most: str, code: int) -> None:
    given = (*TEAMS, config_map())
    change = Change(tmp_path, (*given, object_sync("team-a", "team-b")), (*given, object_sync()))
    result = change.diff("--max-deletes", most)
    assert result.exit_code == code
    assert ("2 copies would be deleted; --max-deletes is" in result.stderr) == (code == 2)
    assert result.stdout.startswith("-2 copies"), "the difference is printed in any case"


class TestLive:
    LIVE = (*TEAMS, config_map(), policy(targetNamespaces=["team-a", "team-b"]))

    def test_what_the_manifests_do_not_have_is_taken_from_the_cluster(self, tmp_path: Path) -> None:
        result = Change(tmp_path, (object_sync("team-a"),), (object_sync("*"),)).diff(live=self.LIVE)
        assert result.stdout.splitlines()[0] == "+1 copy (team-b)"

    def test_an_object_of_the_manifests_takes_the_place_of_the_one_in_the_cluster(self, tmp_path: Path) -> None:
        live = (*self.LIVE, object_sync("team-b"))
        before = (object_sync("team-a"),)
        result = Change(tmp_path, before, (*before, config_map(data={"k": "w"}))).diff(live=live)
        assert result.stdout.splitlines()[0] == "~1 copy (team-a)"

    def test_what_is_removed_from_the_manifests_is_removed(self, tmp_path: Path) -> None:
        live = (*self.LIVE, object_sync("team-a"))
        result = Change(tmp_path, (object_sync("team-a"), config_map()), (object_sync("team-a"),)).diff(live=live)
        assert result.stdout.splitlines()[0].startswith("-1 copy (team-a)")

    def test_copies_in_the_cluster_are_not_in_the_way(self, tmp_path: Path) -> None:
        owner = {"apiVersion": "sync.rustrial.org/v1alpha1", "kind": "SyncSlice", "name": "s", "uid": "u"}
        copy = config_map(
            "team-a", labels={"sync.rustrial.org/slice": "s"}, ownerReferences=[{**owner, "controller": True}]
        )
        live = (*self.LIVE, config_map(name="other"), copy)
        after = object_sync({"namespace": "team-a", "name": "settings"}, source={"name": "other"})
        result = Change(tmp_path, (object_sync("team-a"),), (after,)).diff(live=live)
        assert "Conflict" not in result.stdout


def test_markdown_is_a_comment_with_the_details_folded_away(tmp_path: Path) -> None:
    given = (*TEAMS, config_map(data={"k": "```"}))
    result = Change(tmp_path, (*TEAMS, config_map(), object_sync("team-a")), (*given, object_sync("team-a"))).diff(
        "-o", "markdown"
    )
    assert result.stdout.splitlines() == [
        "**Object Syncer:** ~1 copy (team-a)",
        "",
        "<details><summary>Details</summary>",
        "",
        "````diff",
        "~ ConfigMap settings in team-a  [ObjectSync default/sync]",
        '    ~ data.k: "v" -> "```"',
        "````",
        "",
        "</details>",
    ]


def test_json_is_for_programs(tmp_path: Path) -> None:
    given = (*TEAMS, config_map())
    change = Change(tmp_path, (*given, object_sync("team-a")), (*given, object_sync("team-b")))
    document = orjson.loads(change.diff("-o", "json").stdout)
    copy = {"kind": "ConfigMap", "name": "settings", "objectSync": "default/sync"}
    assert document == {
        "summary": "+1 copy (team-b), -1 copy (team-a)",
        "created": [{**copy, "namespace": "team-b"}],
        "deleted": [{**copy, "namespace": "team-a"}],
        "recreated": [],
        "changed": [],
        "notInSync": [],
        "objectSyncs": [],
    }


def test_faults_of_both_sides_are_reported(tmp_path: Path) -> None:
    wrong = {**config_map(), "kind": "Configmap"}
    change = Change(tmp_path, (wrong,), (wrong,))
    result = change.diff()
    assert [line.split(":")[1].strip() for line in result.stderr.splitlines()] == [str(change.new), str(change.old)]
    assert result.exit_code == 2
