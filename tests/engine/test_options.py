"""What resource options and failures of single resources come to, program by program."""

import json
import textwrap

import pytest

from modelport_engine.errors import EngineError

PRELUDE = """
import pulumi
from pulumi import ResourceOptions as Options

class Sim(pulumi.CustomResource):
    def __init__(self, resource, opts=None, **inputs):
        super().__init__("sim:index:Bucket", resource, {"arn": None, "serial": None, "region": None} | inputs, opts)

"""


@pytest.fixture
def bench(workbench):
    return workbench("demo")


@pytest.fixture
def run(bench):
    """Run `up`, or another command, with a program after `PRELUDE`."""

    def run(program, command="up", **options):
        (bench.folder / "__main__.py").write_text(PRELUDE + textwrap.dedent(program))
        options = {"skip_preview": True} if command == "up" and not options else options
        return bench.run(command, **options)

    return run


def entries(bench):
    return {each["urn"].rpartition("::")[2]: each for each in bench.state["resources"]}


def asked(bench, name):
    """What the provider was asked about a resource, in order."""
    return [method for method, call in bench.calls if call.get("name") == name]


class TestContinueOnError:
    PROGRAM = """
        bad = Sim("bad", fail=True)
        Sim("after", Options(depends_on=[bad]))
        Sim("last", upstream=bad.arn.apply(lambda arn: arn))
        Sim("other")
        pulumi.export("other", "there")
    """

    def test_what_does_not_need_the_failed_resource_is_made(self, bench, run):
        result = run(self.PROGRAM, skip_preview=True, continue_on_error=True)

        assert result.exit_code == 1
        assert set(entries(bench)) == {"demo-dev", "default", "other"}
        assert "pending_operations" not in bench.state
        assert bench.errors().count("no room for bad") == 1

    def test_without_it_nothing_starts_any_more(self, bench, run):
        run('bad = Sim("bad", fail=True)\nSim("after", Options(depends_on=[bad]))')

        assert asked(bench, "after") == []

    def test_deletes_still_happen_except_of_what_the_failed_resource_needs(self, bench, run):
        run('base = Sim("base", name="b1")\nSim("user", upstream=base.arn)\nSim("gone", name="g")')

        result = run('Sim("user", fail=True, upstream="none")', skip_preview=True, continue_on_error=True)

        assert result.exit_code == 1
        assert {"base", "user"} < set(entries(bench))
        assert "gone" not in entries(bench)
        assert run('Sim("user", upstream="none")').exit_code == 0
        assert "base" not in entries(bench)

    def test_a_failed_delete_keeps_what_the_resource_needs(self, bench, run):
        run('base = Sim("base")\nSim("stuck", faildelete=True, upstream=base.arn)\nSim("free")')

        assert run("", skip_preview=True, continue_on_error=True).exit_code == 1
        assert {"base", "stuck"} <= set(entries(bench))
        assert "free" not in entries(bench)


class TestPreviewWithRefresh:
    PROGRAM = 'Sim("kept", name="k", size=1)\nSim("turned", name="t", size=2)\nSim("gone", name="g", size=3)'

    def test_it_starts_from_what_exists_and_saves_nothing_of_it(self, bench, run):
        run(self.PROGRAM)
        before = bench.state_file.read_bytes()
        assert run(self.PROGRAM, "preview", refresh=True, expect_no_changes=True).exit_code == 0, bench.errors()
        cloud = {"k": bench.cloud["k"], "t": {**bench.cloud["t"], "size": 7}}
        bench.cloud_file.write_text(json.dumps(cloud))

        assert run(self.PROGRAM, "preview", expect_no_changes=True).exit_code == 0, bench.errors()
        planned = run(self.PROGRAM, "preview", refresh=True)

        assert planned.exit_code == 0, bench.errors()
        looked, wanted = (body["resourceChanges"] for body in bench.bodies("summaryEvent"))
        assert (looked["update"], looked["delete"]) == (1, 1)
        assert (wanted["update"], wanted["create"]) == (1, 1)
        assert (bench.state_file.read_bytes(), bench.cloud) == (before, cloud)
        with pytest.raises(EngineError, match="changes were proposed: create, update"):
            run(self.PROGRAM, "preview", refresh=True, expect_no_changes=True)

    def test_where_looking_fails_nothing_is_planned(self, bench, run):
        run(self.PROGRAM)
        bench.cloud_file.write_text("no JSON")

        assert run(self.PROGRAM, "preview", refresh=True).exit_code == 1
        assert len(bench.bodies("summaryEvent")) == 1


class TestImport:
    @pytest.fixture(autouse=True)
    def cloud(self, bench):
        bench.cloud_file.write_text(json.dumps({"theirs": {"name": "theirs", "size": 9, "serial": 7}}))

    def test_an_object_as_the_program_describes_it_is_taken_over_without_a_change(self, bench, run):
        assert run('Sim("mine", Options(import_="theirs"), name="theirs", size=9)').exit_code == 0, bench.errors()

        assert asked(bench, "mine") == ["Read", "Check", "Diff"]
        mine = entries(bench)["mine"]
        assert (mine["id"], mine["importID"]) == ("theirs", "theirs")
        assert mine["inputs"] == {"name": "theirs", "size": 9}
        assert ("import", "mine") in bench.steps()

    def test_the_same_program_again_changes_nothing_and_the_option_may_go(self, bench, run):
        run('Sim("mine", Options(import_="theirs"), name="theirs", size=9)')

        assert (
            run('Sim("mine", Options(import_="theirs"), name="theirs", size=9)', expect_no_changes=True).exit_code == 0
        )
        assert run('Sim("mine", name="theirs", size=9)', expect_no_changes=True).exit_code == 0

    def test_an_object_that_differs_is_updated_after_it_was_taken_over(self, bench, run):
        assert run('Sim("mine", Options(import_="theirs"), name="theirs", size=10)').exit_code == 0, bench.errors()

        assert asked(bench, "mine") == ["Read", "Check", "Diff", "Update"]
        assert bench.cloud["theirs"]["size"] == 10

    def test_an_object_that_would_have_to_be_replaced_is_not(self, bench, run):
        assert run('Sim("mine", Options(import_="theirs"), name="other", size=9)').exit_code == 1

        assert "may not be replaced" in bench.errors()
        assert set(bench.cloud) == {"theirs"}

    def test_an_object_that_does_not_exist_is_an_error(self, bench, run):
        assert run('Sim("mine", Options(import_="nobodys"), name="nobodys")').exit_code == 1

        assert "resource 'nobodys' does not exist" in bench.errors()
        assert "mine" not in entries(bench)

    def test_an_import_in_place_of_an_object_that_was_made_deletes_that_one_last(self, bench, run):
        run('Sim("mine", name="made", size=9)')

        assert run('Sim("mine", Options(import_="theirs"), name="theirs", size=9)').exit_code == 0, bench.errors()
        assert set(bench.cloud) == {"theirs"}
        assert entries(bench)["mine"]["id"] == "theirs"

    def test_a_preview_reads_and_keeps_nothing(self, bench, run):
        planned = run('Sim("mine", Options(import_="theirs"), name="theirs", size=9)', "preview")

        assert planned.changes["import"] == 1
        assert not bench.state_file.exists()


class TestAliases:
    def test_an_object_is_not_continued_by_two_resources(self, bench, run):
        run('Sim("old", name="o")')

        assert run('Sim("one", Options(aliases=[pulumi.Alias(name="old")]), name="o")\nSim("old", name="p")').exit_code
        assert "does already; remove the alias from one of them" in bench.errors()  # it is chance which comes first

    def test_the_children_of_a_renamed_component_are_known_by_its_old_name(self, bench, run):
        program = """
            whole = pulumi.ComponentResource("sim:index:Group", "{name}", opts=Options(aliases={aliases}))
            Sim("{name}-part", Options(parent=whole), name="p")
        """
        run(program.format(name="old", aliases=[]))

        renamed = program.format(name="new", aliases="[pulumi.Alias(name='old')]")
        assert run(renamed, expect_no_changes=True).exit_code == 0, bench.errors()
        assert "new-part" in entries(bench)


class TestNames:
    def test_a_name_is_taken_by_the_first_resource_of_its_type(self, bench, run):
        assert run('Sim("one", name="a")\nSim("one", name="b")').exit_code == 1

        assert "Duplicate resource URN" in bench.errors()
        assert asked(bench, "one").count("Create") <= 1


class TestTimeouts:
    def test_each_operation_has_its_own_timeout_in_seconds(self, bench, run):
        program = """
            timeouts = pulumi.CustomTimeouts(create="1m", update="90s", delete="1h30m")
            Sim("one", Options(custom_timeouts=timeouts), name="n", size={size})
        """
        told = []
        for each in (program.format(size=1), program.format(size=2), ""):
            run(each)
            told += [call["timeout"] for method, call in bench.calls if method in ("Create", "Update", "Delete")]

        assert told == [60, 90, 5400]


class TestProviders:
    PROGRAM = """
        class Provider(pulumi.ProviderResource):
            def __init__(self, name, **config):
                super().__init__("sim", name, config)

        Sim("one", Options(provider=Provider("{provider}", {config})), name="n")
    """

    @pytest.fixture
    def before(self, run):
        run(self.PROGRAM.format(provider="first", config="account='mine'"))

    def test_a_provider_that_says_so_makes_what_another_one_made_anew(self, bench, run, before):
        assert run(self.PROGRAM.format(provider="second", config="account='yours'")).exit_code == 0, bench.errors()
        assert "Create" in asked(bench, "one")

    def test_a_provider_goes_on_with_what_another_one_made(self, bench, run, before):
        second = self.PROGRAM.format(provider="second", config="account='mine', prefix='p'")

        assert run(second).exit_code == 0, bench.errors()
        assert asked(bench, "one") == ["Check", "Diff"]

    def test_what_a_replaced_provider_made_is_replaced(self, bench, run, before):
        assert run(self.PROGRAM.format(provider="first", config="account='yours'")).exit_code == 0, bench.errors()
        assert "Create" in asked(bench, "one")

    def test_a_provider_is_not_configured_before_its_config_is_known(self, bench, run):
        program = 'one = Sim("base")\n' + textwrap.dedent(self.PROGRAM).format(provider="p", config="account=one.arn")

        assert run(program, "preview").exit_code == 0, bench.errors()
        assert [call["name"] for method, call in bench.calls if method == "Configure"] == ["default"]


class TestDeletedWith:
    PROGRAM = """
        whole = Sim("whole", name="{name}", size=1)
        Sim("part", Options(deleted_with=whole), name="part")
    """

    def test_a_part_is_not_deleted_by_itself_when_the_whole_goes(self, bench, run):
        run(self.PROGRAM.format(name="w"))
        run("")

        assert asked(bench, "whole") == ["Delete"]
        assert asked(bench, "part") == []
        assert set(entries(bench)) <= {"demo-dev", "default"}

    def test_a_part_alone_is_deleted(self, bench, run):
        run(self.PROGRAM.format(name="w"))
        run('Sim("whole", name="w", size=1)')

        assert asked(bench, "part") == ["Delete"]

    def test_a_part_is_replaced_with_the_whole(self, bench, run):
        run(self.PROGRAM.format(name="w"))
        run(self.PROGRAM.format(name="v"))

        assert ("create-replacement", "part") in bench.steps()
        assert "Delete" not in asked(bench, "part")


class TestProtect:
    def test_a_protected_resource_is_not_replaced(self, bench, run):
        run('Sim("kept", Options(protect=True), name="a")')

        assert run('Sim("kept", Options(protect=True), name="b")').exit_code == 1
        assert "unable to replace resource" in bench.errors()
        assert set(bench.cloud) == {"a"}

    def test_protection_may_end_in_the_run_that_replaces(self, bench, run):
        run('Sim("kept", Options(protect=True), name="a")')

        assert run('Sim("kept", name="b")').exit_code == 0, bench.errors()
        assert set(bench.cloud) == {"b"}

    def test_a_protected_dependent_is_not_deleted_before_a_replacement(self, bench, run):
        program = """
            root = Sim("root", Options(delete_before_replace=True), name="r", region="{region}")
            Sim("user", Options(protect=True), name="u", region=root.region)
        """
        run(program.format(region="eu"))

        assert run(program.format(region="us")).exit_code == 1
        assert "as part of replacing" in bench.errors()
        assert set(bench.cloud) == {"r", "u"}

    def test_what_does_not_need_a_protected_resource_is_deleted(self, bench, run):
        run(
            """
            base = Sim("base")
            Sim("kept", Options(protect=True), upstream=base.arn)
            Sim("free", Options(depends_on=[base]))
            """
        )

        assert run("").exit_code == 1
        assert {"base", "kept"} <= set(entries(bench))
        assert "free" not in entries(bench)


class TestReplacements:
    PROGRAM = 'Sim("one", Options(delete_before_replace=True), name="n", region="{region}", fail={fail})'

    def test_an_object_deleted_before_a_replacement_that_failed_is_made_again_and_not_deleted_twice(self, bench, run):
        run(self.PROGRAM.format(region="eu", fail=False))
        assert run(self.PROGRAM.format(region="us", fail=True)).exit_code == 1
        assert entries(bench)["one"]["pendingReplacement"] is True

        assert run(self.PROGRAM.format(region="eu", fail=False)).exit_code == 0, bench.errors()

        assert asked(bench, "one").count("Delete") == 0
        assert set(bench.cloud) == {"n"}
        assert "pendingReplacement" not in entries(bench)["one"]

    def test_nothing_is_deleted_for_one_that_the_program_gave_up_meanwhile(self, bench, run):
        run(self.PROGRAM.format(region="eu", fail=False))
        run(self.PROGRAM.format(region="us", fail=True))

        assert run("").exit_code == 0, bench.errors()
        assert asked(bench, "one") == []
        assert "one" not in entries(bench)

    def test_ignored_changes_do_not_hold_for_a_new_object(self, bench, run):
        ignoring = 'Sim("one", Options(ignore_changes=["size"]), name="{name}", size={size})'
        run(ignoring.format(name="a", size=1))
        run(ignoring.format(name="b", size=2))

        assert bench.cloud == {"b": {"name": "b", "size": 2, "serial": 2}}

    def test_what_was_only_read_is_made_beside_what_it_read(self, bench, run):
        bench.cloud_file.write_text(json.dumps({"theirs": {"name": "theirs", "size": 9, "serial": 7}}))
        run('Sim("one", Options(id="theirs"))')

        assert run('Sim("one", name="mine")').exit_code == 0, bench.errors()
        assert set(bench.cloud) == {"theirs", "mine"}
        assert "external" not in entries(bench)["one"]


class TestSecrets:
    def test_an_output_that_may_repeat_a_secret_input_is_secret(self, bench, run):
        program = 'one = Sim("one", name="n", token=pulumi.Output.secret("s"))\npulumi.export("token", one.serial)'
        run(program)

        assert "ciphertext" in entries(bench)["one"]["outputs"]["token"]
        assert run(program, expect_no_changes=True).exit_code == 0

    def test_a_refresh_keeps_what_is_secret(self, bench, run):
        run('Sim("one", name="n", token=pulumi.Output.secret("s"), more={"token": pulumi.Output.secret("s")})')

        assert run("", "refresh").exit_code == 0, bench.errors()
        one = entries(bench)["one"]
        for properties in (one["inputs"], one["outputs"]):
            assert "ciphertext" in properties["token"]
            assert "ciphertext" in properties["more"]["token"]

    def test_what_a_provider_that_knows_no_secrets_answers_is_secret_where_the_question_was(self, bench, run):
        run(
            """
            from pulumi.dynamic import CreateResult, Resource, ResourceProvider

            class Echo(ResourceProvider):
                def create(self, props):
                    return CreateResult("made", {"said": props["more"]["token"], **props})

            class Said(Resource):
                pass

            Said(Echo(), "one", {"more": {"token": pulumi.Output.secret("s")}, "said": None})
            """
        )

        assert entries(bench)["one"]["outputs"]["said"] == "s"
        assert "ciphertext" in entries(bench)["one"]["outputs"]["more"]["token"]

    def test_a_refresh_of_what_was_only_read_asks_for_no_difference(self, bench, run):
        bench.cloud_file.write_text(json.dumps({"theirs": {"name": "theirs", "size": 9, "serial": 7}}))
        run('Sim("one", Options(id="theirs"))')

        assert run("", "refresh").exit_code == 0
        assert asked(bench, "one") == ["Read"]


class TestParallel:
    def test_with_one_at_a_time_no_step_begins_before_the_last_has_ended(self, bench, run):
        run('for number in range(5): Sim(f"r{number}", delay=0.05)', skip_preview=True, parallel=1)

        kinds = [
            (kind, body["metadata"]) for event in bench.events for kind, body in event.items() if "res" in kind[:3]
        ]
        objects = [(kind, step["urn"]) for kind, step in kinds if step["type"].startswith("sim:")]
        assert len(objects) == 10
        assert all(begun[1] == ended[1] for begun, ended in zip(objects[::2], objects[1::2], strict=True))


class TestOutputs:
    def test_a_failed_run_keeps_the_old_outputs_beside_the_new_ones(self, bench, run):
        run('pulumi.export("old", 1)\npulumi.export("both", 1)')

        assert (
            run('pulumi.export("both", 2)\nSim("bad", fail=True)', skip_preview=True, continue_on_error=True).exit_code
            == 1
        )
        assert entries(bench)["demo-dev"]["outputs"] == {"old": 1, "both": 2}


class TestUnknowns:
    PROGRAM = """
        one = Sim("one")
        said = pulumi.runtime.invoke_output("sim:index:echo", {"x": one.arn})
        Sim("two", name=said.apply(lambda said: said["x"].replace(":", "-")))
    """

    def test_a_function_is_not_called_before_its_arguments_are_known(self, bench, run):
        assert run(self.PROGRAM, "preview").exit_code == 0, bench.errors()
        assert "Invoke" not in {method for method, _ in bench.calls}

        assert run(self.PROGRAM).exit_code == 0, bench.errors()
        assert any(name.startswith("arn-sim-one") for name in bench.cloud)
