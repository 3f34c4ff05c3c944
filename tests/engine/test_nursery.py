import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from modelport_engine.plugins.nursery import Nursery
from modelport_engine.plugins.processes import Process, ProcessFailed

PYTHON = Path(sys.executable)
TELL = """
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ), "path": sys.path[0],
                  "loaded": "colorsys" in sys.modules, "name": __name__}))
print("aside", file=sys.stderr)
sys.exit(int(os.environ.get("CODE", "0")))
"""
HANG = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
def script(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "script.py"
        path.write_text(text)
        return path

    return write


def run(test):
    """A test in a loop of its own, with a nursery that has imported `colorsys`."""

    async def main():
        nursery = Nursery(PYTHON, ["colorsys", "no_such_module"], os.environ)
        try:
            await asyncio.wait_for(test(nursery), 60)
        finally:
            await nursery.close()

    asyncio.run(main())


async def start(nursery, script, *arguments, lines=None, cwd=None, **env):
    env = {"PATH": os.environ["PATH"], **env}
    on_line = (lines if lines is not None else []).append
    where = cwd or script.parent
    return await Process.start(
        "child", PYTHON, [script, *arguments], cwd=where, env=env, on_line=on_line, nursery=nursery
    )


def test_a_child_has_its_own_arguments_folder_environment_and_output(script, tmp_path):
    async def test(nursery):
        lines = []
        child = await start(nursery, script(TELL), "a", "b c", lines=lines, CODE="7", MARK="here")
        told = json.loads(await child.first_line(30))
        assert await child.wait() == 7
        assert told["argv"] == ["a", "b c"]
        assert told["cwd"] == told["path"] == str(tmp_path)
        assert told["env"]["MARK"] == "here"
        assert "HOME" not in told["env"]
        assert told["name"] == "__main__"
        assert lines == ["aside"]

    run(test)


def test_children_find_imported_what_the_nursery_imported(script):
    async def test(nursery):
        child = await start(nursery, script(TELL))
        assert json.loads(await child.first_line(30))["loaded"]

    run(test)


def test_a_module_that_cannot_be_imported_leaves_the_others(script, tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0")

    async def test():
        nursery = Nursery(PYTHON, ["no_such_module", "broken"], {**os.environ, "PYTHONPATH": str(tmp_path)})
        nursery.preload(["colorsys"])
        child = await start(nursery, script(TELL))
        assert json.loads(await child.first_line(30))["loaded"]
        await nursery.close()

    asyncio.run(test())


def test_nothing_more_to_import_starts_no_child(capfd, script):
    async def test(nursery):
        nursery.preload([])
        child = await start(nursery, script(TELL))
        assert await child.wait() == 0

    run(test)
    assert capfd.readouterr().err == ""


def test_a_child_killed_by_a_signal_ends_with_its_negative_number(script):
    async def test(nursery):
        child = await start(nursery, script(HANG))
        await child.first_line(30)
        os.kill(child._process.pid, signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL

    run(test)


def test_many_children_run_side_by_side_and_each_is_told_apart(script):
    async def test(nursery):
        codes, path = range(12), script(TELL)
        children = [await start(nursery, path, CODE=str(code)) for code in codes]
        assert [await child.wait() for child in children] == [*codes]

    run(test)


def test_no_child_outlives_the_nursery(script):
    async def test(nursery):
        child = await start(nursery, script(HANG))
        await child.first_line(30)
        process = psutil.Process(child._process.pid)
        nursery._process.kill()
        assert await child.wait() != 0
        await asyncio.to_thread(process.wait, 30)

    run(test)


def test_a_child_that_cannot_start_says_why(script, tmp_path):
    async def test(nursery):
        child = await start(nursery, script(TELL), cwd=tmp_path / "missing")
        with pytest.raises(ProcessFailed, match="missing"):
            await child.first_line(30)

    run(test)


def test_a_twin_has_the_imports_and_leaves_its_nursery_to_others(script):
    async def test(nursery):
        path = script(TELL)
        for _ in range(2):
            twin = Nursery.lent(PYTHON, *nursery.lend())
            children = [await start(each, path) for each in (twin, nursery, twin)]
            assert [json.loads(await child.first_line(30))["loaded"] for child in children] == [True] * 3
            assert [await child.wait() for child in children] == [0] * 3
            await twin.close()

    run(test)


def test_the_children_of_a_twin_die_when_it_is_killed_or_its_nursery_dies(script):
    async def test(nursery):
        one, other = (Nursery.lent(PYTHON, *nursery.lend()) for _ in range(2))
        path = script(HANG)
        children = [await start(each, path) for each in (one, other)]
        pids = [psutil.Process(child._process.pid) for child in children if await child.first_line(30)]
        one.kill()
        assert await children[0].wait() != 0
        assert pids[1].is_running()
        nursery._process.kill()
        assert await children[1].wait() != 0
        await asyncio.to_thread(psutil.wait_procs, pids, 30)
        await other.close()

    run(test)


def test_a_twin_that_nobody_used_leaves_nothing_open():
    nursery = Nursery(PYTHON, [], os.environ)
    before = psutil.Process().num_fds()
    twin = Nursery.lent(PYTHON, *nursery.lend())
    twin.kill()
    twin.kill()
    assert psutil.Process().num_fds() == before
    nursery.kill()


def test_another_interpreter_is_started_without_the_nursery(tmp_path):
    async def test(nursery):
        assert nursery.serves(PYTHON)
        assert not nursery.serves(tmp_path / "bin" / "python")

    run(test)


def test_where_a_nursery_has_ended_children_start_without_it(script):
    async def test():
        nursery = Nursery(PYTHON, [], os.environ)
        nursery._process.kill()
        nursery._process.wait()
        nursery.preload(["colorsys"])
        assert not nursery.serves(PYTHON)
        child = await start(nursery, script(TELL))
        assert not json.loads(await child.first_line(30))["loaded"]
        assert await child.wait() == 0
        await nursery.close()

    asyncio.run(test())


def test_a_nursery_that_nobody_used_can_be_ended_at_once():
    nursery = Nursery(PYTHON, [], os.environ)
    nursery.kill()
    assert nursery._process.poll() is not None
    nursery.kill()
