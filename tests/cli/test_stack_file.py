import difflib
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from modelport.cli.errors import UsageError
from modelport.cli.stack_file import read, with_entry, write
from modelport.errors import ModelportError

KEYS = ("config", "releases", "fraud")
ENTRY = {"stable": {"source": "a.onnx"}, "candidate": {"source": "b.onnx"}, "weight": 10}

PLAIN = """\
# head
config:
  target:   local     # wide
  services: [ fraud,   spam ]
"""
OTHERS = """\
config:
  target: "local"
  releases:
    # spam first
    spam:
      stable: {source: 's.onnx'}   # flow
    # then fraud
    fraud:
      # since May
      stable:
        source: 'a.onnx'   # trained by hand
      candidate:
        source: c.onnx
      weight: 50

    # and the rest
    scam:
      stable:   {source: t.onnx}
  # after
  aws:region: 'eu-west-1'
# tail
"""


def load(text):
    return YAML(typ="safe").load(text)


def comments(text: str) -> list[str]:
    return [line.partition("# ")[2] for line in text.splitlines() if "# " in line]


def changes(before: str, after: str) -> list[str]:
    """Lines that went or came, comments among them."""
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "-+"]


def test_a_first_entry_is_added_and_nothing_else_changes():
    after = with_entry(PLAIN, KEYS, ENTRY)
    assert after.startswith(PLAIN)
    assert after.removeprefix(PLAIN) == (
        "  releases:\n"
        "    fraud:\n"
        "      stable:\n"
        "        source: a.onnx\n"
        "      candidate:\n"
        "        source: b.onnx\n"
        "      weight: 10\n"
    )


def test_only_what_differs_changes_in_an_entry_with_comments():
    assert changes(OTHERS, with_entry(OTHERS, KEYS, ENTRY)) == [
        "-         source: c.onnx",
        "+         source: b.onnx",
        "-       weight: 50",
        "+       weight: 10",
    ]


def test_what_an_entry_loses_takes_no_neighbour_along():
    assert changes(OTHERS, with_entry(OTHERS, KEYS, {"stable": {"source": "a.onnx"}})) == [
        "-       candidate:",
        "-         source: c.onnx",
        "-       weight: 50",
    ]


def test_a_further_service_leaves_its_neighbours_alone():
    after = with_entry(OTHERS, ("config", "releases", "new"), {"stable": {"source": "n.onnx"}})
    assert changes(OTHERS, after) == ["+     new:", "+       stable:", "+         source: n.onnx"]
    assert load(after)["config"]["releases"].keys() == {"spam", "fraud", "scam", "new"}


@pytest.mark.parametrize(
    "text",
    [
        "config: {target: local}\n",
        "config:\n  target: local\n  releases: {fraud: {stable: {source: x}}}\n",
        "config:\n  target: local\n  releases:\n    fraud: {stable: {source: x}}\n",
        "config:\n  target: local\n  releases:\n",
        'config:\n  target: local\n  releases: \'{"fraud": {"stable": {"source": "x"}}}\'\n',
        "config:\n    target: local\n    releases:\n        fraud:\n            stable:\n                source: x\n",
        "config:\n  releases:\n    fraud:\n      stable:\n        source: x\n  target: local",
        "config:\n  target: local",
        '{"config":\n  {"target": "local"}}\n'.replace("{", "", 1).replace("}}", "}"),
        "\ufeffconfig:\n  target: local\n",
    ],
)
def test_every_way_to_write_a_stack_file_takes_the_entry(text):
    assert load(with_entry(text, KEYS, ENTRY)) == {"config": {"target": "local", "releases": {"fraud": ENTRY}}}


def test_windows_line_ends_stay():
    after = with_entry(OTHERS.replace("\n", "\r\n"), KEYS, ENTRY)
    assert after == with_entry(OTHERS, KEYS, ENTRY).replace("\n", "\r\n")


def test_one_flow_mapping_for_everything_is_refused():
    with pytest.raises(UsageError, match="written in braces"):
        with_entry("{config: {target: local}}\n", KEYS, ENTRY)


names = st.sampled_from(["a.onnx", "b c.onnx", "it's", "yes", "1.20", "#1", "m: x", "{}", "é\u2028"])
releases = st.fixed_dictionaries({"source": names}, optional={"digest": names})
entries = st.fixed_dictionaries(
    {"stable": releases}, optional={"candidate": releases, "weight": st.integers(0, 100), "mirror": st.integers(0, 100)}
)


@given(st.sampled_from([PLAIN, OTHERS]), st.lists(entries, min_size=1, max_size=4))
def test_any_number_of_changes_ends_with_the_last_one_and_all_else_as_it_was(text, changes):
    wanted = load(text)
    wanted["config"].setdefault("releases", {})["fraud"] = changes[-1]
    after = text
    for entry in changes:
        after = with_entry(after, KEYS, entry)
    assert load(after) == wanted
    assert comments(after) == comments(text)


def test_a_file_is_replaced_with_its_line_ends_and_permissions(tmp_path):
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_bytes(b"a: 1\r\n")
    file.chmod(0o640)
    (tmp_path / "link.yaml").symlink_to(file)
    write(tmp_path / "link.yaml", read(file) + "b: 2\r\n")
    assert file.read_bytes() == b"a: 1\r\nb: 2\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert (tmp_path / "link.yaml").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Pulumi.dev.yaml", "link.yaml"]


def test_a_file_that_cannot_be_written_is_told_without_a_traceback(tmp_path):
    with pytest.raises(ModelportError, match="cannot be written: No such file or directory"):
        write(tmp_path / "gone" / "Pulumi.dev.yaml", "a: 1")
