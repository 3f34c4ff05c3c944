"""What an ordinary program may use."""


def test_components_transforms_explicit_providers_and_dynamic_resources_work_and_a_second_run_changes_nothing(
    workbench,
):
    bench = workbench("whole")

    made = bench.run("up")

    assert made.exit_code == 0, bench.errors()
    assert made.outputs == {
        "arn": "arn:sim:special-group",
        "url": "arn:pair-2",
        "loud": "ARN:PAIR-2",
        "joined": "pair arn:sim:special-group",
    }
    assert bench.cloud["special-group"]["tags"] == {"by": "transform"}
    assert bench.run("up", expect_no_changes=True).changes.keys() == {"same"}


def test_the_children_of_a_component_from_a_plugin_are_under_it(workbench):
    bench = workbench("whole")

    bench.run("up", skip_preview=True)

    parents = {each["urn"].rpartition("::")[2]: each.get("parent", "") for each in bench.state["resources"]}
    assert parents["pair-1"] == parents["pair-2"] == "urn:pulumi:dev::whole::duo:index:Pair::pair"


def test_a_preview_changes_neither_state_nor_cloud(workbench):
    bench = workbench("whole")

    planned = bench.run("preview")

    assert planned.exit_code == 0, bench.errors()
    assert planned.changes == {"create": 8}
    assert not bench.cloud_file.exists()
    assert not bench.state_file.exists()


def test_a_stack_reference_reads_the_outputs_of_another_stack(workbench, tmp_path):
    bench = workbench("demo4")
    bench.configure(mode="base", region="r1")
    bench.run("up", skip_preview=True)
    bench.folder, bench._name = bench.folder.parent / "whole", "whole"
    bench.configure(other="organization/demo4/dev")

    assert bench.run("up", skip_preview=True).outputs["their_arn"] == "arn:sim:a"


def test_a_replacement_is_checked_twice_with_the_same_seed(workbench):
    bench = workbench("demo")
    bench.configure(mode="base", region="r1", password="p")
    bench.run("up", skip_preview=True)
    bench.configure(mode="base", region="r2", password="p")

    bench.run("up", skip_preview=True)

    seeds = [call["randomSeed"] for method, call in bench.calls if method == "Check" and call["name"] == "site-bucket"]
    assert len(seeds) == 2
    assert seeds[0] == seeds[1]


def test_destroy_leaves_nothing(workbench):
    bench = workbench("whole")
    bench.run("up", skip_preview=True)

    assert bench.run("destroy").exit_code == 0, bench.errors()
    assert bench.cloud == {}
    assert "resources" not in bench.state


def test_a_proxy_is_not_asked_for_processes_of_this_machine(workbench, monkeypatch):
    bench, nobody = workbench("whole"), "http://127.0.0.1:9"
    proxies = {f"{kind}_proxy": nobody for kind in ("http", "https", "grpc")}
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.upper(), value)
    bench.env = {**bench.env, **proxies, **{name.upper(): value for name, value in proxies.items()}}

    made = bench.run("preview")

    assert made.exit_code == 0, bench.errors()
