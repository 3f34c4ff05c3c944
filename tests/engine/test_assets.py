"""Digests of assets and archives, held against those that Pulumi's own engine computed for the same files."""

import tarfile
import zipfile

import pytest

from modelport_engine.protocol.assets import AssetError, with_digests
from modelport_engine.protocol.values import ARCHIVE, ASSET, SIGNATURE_KEY, Secret

TREE = "2f82729124297c7688b13126d2284449903e841799c0f805cfd645487e096c95"
MIXED = "88bdd43a92f85a3c1fe295062a09e27603582f5df2629dba765d2b6b9489a603"
TEXT = "3c48591d8d098a4538f5e013dfcf406e948eac4d3277b10bf614e295d6068179"


def asset(**source):
    return {SIGNATURE_KEY: ASSET, **source}


def archive(**source):
    return {SIGNATURE_KEY: ARCHIVE, **source}


@pytest.fixture
def folder(tmp_path):
    """A tree with names that a tar header holds, splits, and cannot hold; links; and what is passed over."""
    contents = {
        "one.txt": b"one",
        "empty": b"",
        "sub-x": b"order",
        "sub/two.bin": bytes(range(256)) * 5,
        "sub/deeper/ünï.txt": b"u",
        f"{'l' * 120}.txt": b"long",
        f"{'d' * 90}/{'e' * 60}/f.txt": b"deep",
        f"{'d' * 90}/{'e' * 60}/{'g' * 101}": b"deeper",
        ".pulumi/no": b"x",
    }
    for name, content in contents.items():
        file = tmp_path / "tree" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (tmp_path / "tree/link").symlink_to("one.txt")
    (tmp_path / "tree/dirlink").symlink_to("sub")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr("q/", "")
        file.writestr("q/r.txt", "r")
        file.writestr("b", "b")
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as file:
        file.add(tmp_path / "tree/sub", arcname="sub")
    return tmp_path


@pytest.mark.parametrize("path", ["./tree", "./tree/"])
def test_a_folder_has_pulumis_digest(path, folder):
    assert with_digests(archive(path=path), folder) == archive(path=path, hash=TREE)


def test_an_archive_of_assets_folders_and_archive_files_has_pulumis_digest(folder):
    mixed = archive(
        assets={
            "b.txt": asset(text="b"),
            "dir": archive(path="./tree"),
            "z": archive(path="./x.zip"),
            "t": archive(path="./x.tar.gz"),
            "a/../c.txt": asset(path="./tree/one.txt"),
        }
    )

    known = with_digests(mixed, folder)

    assert known["hash"] == MIXED
    assert known["assets"]["dir"]["hash"] == TREE


def test_assets_are_found_inside_lists_objects_and_secrets(folder):
    known = with_digests({"a": [Secret(asset(text="héllo"))], "b": {"c": asset(path="tree/one.txt")}}, folder)

    assert known["a"][0].value["hash"] == TEXT
    assert known["b"]["c"]["hash"] == with_digests(asset(text="one"), folder)["hash"]


def test_a_file_address_is_read(folder):
    uri = (folder / "tree/one.txt").as_uri()

    assert with_digests(asset(uri=uri), folder)["hash"] == with_digests(asset(text="one"), folder)["hash"]


def test_a_digest_that_is_there_stays(folder):
    assert with_digests(asset(text="one", hash="known"), folder) == asset(text="one", hash="known")


@pytest.mark.parametrize(
    "wrong",
    [
        asset(path="absent"),
        asset(path="tree"),
        archive(path="tree/one.txt"),
        asset(uri="s3://b/k"),
        archive(path="a.zip"),
    ],
)
def test_what_cannot_be_read_is_named(wrong, folder):
    source = wrong.get("path") or wrong["uri"]

    with pytest.raises(AssetError, match=source):
        with_digests(wrong, folder)


def test_a_change_of_a_file_changes_the_resource(workbench):
    bench = workbench("demo")
    bench.folder.joinpath("__main__.py").write_text(
        "import pulumi\n"
        "class Sim(pulumi.CustomResource): ...\n"
        "Sim('sim:index:Bucket', 'code', {'name': 'code', 'source': pulumi.FileArchive('code')})\n"
    )
    (bench.folder / "code").mkdir()
    (bench.folder / "code/main.py").write_text("1")
    assert bench.run("up", skip_preview=True).exit_code == 0, bench.errors()
    assert bench.run("up", skip_preview=True, expect_no_changes=True).exit_code == 0

    (bench.folder / "code/main.py").write_text("2")

    assert bench.run("up", skip_preview=True).changes["update"] == 1
