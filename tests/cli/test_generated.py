"""Files that commands write over, and those that they do not."""

import pytest

from modelport.cli.errors import UsageError
from modelport.cli.generated import remove_others, write

MARK = "Written for test."
OWN = {"a.yaml": f"# {MARK}\na: 1\n", "inner/b.yaml": f"# {MARK}\nb: 1\n"}


def put(folder, files=OWN, mark=MARK):
    done = [*write(folder, files, mark), *remove_others(folder, files, mark)]
    return {str(path.relative_to(folder)): state for path, state in done}


def test_a_second_time_nothing_is_touched(tmp_path):
    assert put(tmp_path) == dict.fromkeys(OWN, "written")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert put(tmp_path) == dict.fromkeys(OWN, "unchanged")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_is_no_longer_wanted_goes_with_its_folder(tmp_path):
    put(tmp_path)
    assert put(tmp_path, {"a.yaml": f"# {MARK}\na: 2\n"}) == {"a.yaml": "written", "inner/b.yaml": "removed"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_files_of_others_stay(tmp_path):
    (tmp_path / "inner").mkdir()
    for name in ("own.yaml", "inner/own.yaml", "README.md"):
        (tmp_path / name).write_text("mine")
    put(tmp_path)
    put(tmp_path, {})
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["README.md", "own.yaml", "own.yaml"]


@pytest.mark.parametrize("there", ["mine", "# Written for another."])
def test_a_file_of_somebody_else_stops_before_anything_is_written(tmp_path, there):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b.yaml").write_text(there)
    with pytest.raises(UsageError, match=r'b\.yaml\n  exists, and does not say "Written for test\."'):
        put(tmp_path)
    assert not (tmp_path / "a.yaml").exists()
    assert (tmp_path / "inner" / "b.yaml").read_text() == there


def test_a_run_that_was_killed_leaves_no_half_file(tmp_path, monkeypatch):
    put(tmp_path)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        put(tmp_path, {"a.yaml": f"# {MARK}\nlonger: than before\n"})
    assert (tmp_path / "a.yaml").read_text() == OWN["a.yaml"]
    monkeypatch.undo()
    put(tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_what_is_in_the_way_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file\n  cannot be written: "):
        put(tmp_path / "file")
