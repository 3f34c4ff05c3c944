import pytest

from modelport_engine.projects.project import Project
from modelport_engine.projects.stack_config import ConfigError, StackConfig, set_value
from modelport_engine.projects.yaml import YamlError
from modelport_engine.state.secrets import Secrets

# What `pulumi config set` wrote for project demo with the passphrase x.
RECORDED = """encryptionsalt: v1:W4RAqJ2W2RY=:v1:RAu8edlpdFiqMrm/:d35lNccNQv2oQVKtgwmXRlCW1/NHKQ==
config:
  demo:password:
    secure: v1:ieskS081CXVNbHx9:XEEPzwWgwP2d89YyNxoH5KQmgArMDag=
  demo:mode: unprotect
  demo:zz: "1"
"""


@pytest.fixture(scope="module")
def secrets():
    return Secrets("x", RECORDED.split()[1])


@pytest.fixture
def load(project_folder):
    def load_config(stack="", project=""):
        (project_folder / "Pulumi.dev.yaml").write_text(stack)
        (project_folder / "Pulumi.yaml").write_text(f"name: demo\nruntime: python\n{project}")
        return StackConfig.load(Project.load(project_folder), "dev")

    return load_config


def test_recorded_config_reaches_the_program_decrypted(load, secrets):
    config = load(RECORDED, "config:\n  demo:region: eu-1\n  demo:mode: base\n")
    assert config.salt == secrets.salt
    assert config.texts(secrets.decrypt) == {
        "demo:mode": "unprotect",
        "demo:password": "hunter2",
        "demo:region": "eu-1",
        "demo:zz": "1",
    }
    assert config.secret_keys == ["demo:password"]


def test_scalars_reach_the_program_as_they_are_written(load, secrets):
    config = load("config:\n  demo:a: 1.50\n  demo:b: yes\n  demo:c: true\n  demo:d: 0x10\n  demo:e: 2026-01-02\n")
    assert list(config.texts(secrets.decrypt).values()) == ["1.50", "yes", "true", "0x10", "2026-01-02"]


def test_objects_and_lists_reach_the_program_as_json(load, secrets):
    config = load("config:\n  demo:sizes: {b: 2, a: [1, 2.5, true, null, x]}\n  demo:list: [ü]\n")
    assert config.texts(secrets.decrypt) == {"demo:list": '["ü"]', "demo:sizes": '{"a":[1,2.5,true,null,"x"],"b":2}'}


def test_a_secret_inside_an_object_makes_the_whole_value_secret(load, secrets):
    ciphertext = secrets.encrypt("p")
    config = load(f"config:\n  demo:login:\n    user: u\n    passwords:\n      - secure: {ciphertext}\n")
    assert config.texts(secrets.decrypt) == {"demo:login": '{"passwords":["p"],"user":"u"}'}
    assert config.secret_keys == ["demo:login"]


def test_a_key_without_a_namespace_belongs_to_the_project(load, secrets):
    config = load("config:\n  mode: a\n  aws:region: r\n  gcp:config:zone: z\n")
    assert config.texts(secrets.decrypt) == {"aws:region": "r", "demo:mode": "a", "gcp:zone": "z"}


def test_the_project_declares_defaults_and_values(load, secrets):
    declared = """config:
  plain: text
  count: 3
  typed: {type: boolean, default: true}
  sizes: {type: array, items: {type: integer}, default: [1, 2]}
  aws:region: {value: eu-1}
"""
    assert load("", declared).texts(secrets.decrypt) == {
        "aws:region": "eu-1",
        "demo:count": "3",
        "demo:plain": "text",
        "demo:sizes": "[1,2]",
        "demo:typed": "true",
    }


def test_all_required_values_that_are_missing_are_told_at_once(load):
    with pytest.raises(ConfigError, match=r"Stack 'dev' is missing configuration value 'a'\n.*'b'"):
        load("config:\n  c: 1\n", "config:\n  a: {type: string}\n  b: {type: string}\n  c: {type: string}\n")


def test_another_secrets_provider_is_refused_by_name(load):
    with pytest.raises(ConfigError, match="'awskms://key' is not supported"):
        load("secretsprovider: awskms://key\n")


def test_a_broken_stack_file_is_told_with_its_line(load):
    with pytest.raises(YamlError, match=r"Pulumi\.dev\.yaml:3: "):
        load("config:\n  a: 1\n  a: 2\n")


def test_setting_a_value_keeps_comments_order_and_quotes(load, project_folder, secrets):
    load('# ours\nconfig:\n  demo:b: "1"  # why\n  demo:a: x\n')
    file = project_folder / "Pulumi.dev.yaml"
    set_value(file, "demo:a", "y")
    assert file.read_text() == '# ours\nconfig:\n  demo:b: "1"  # why\n  demo:a: y\n'


def test_setting_a_secret_writes_the_salt_and_no_plain_text(load, project_folder, secrets):
    load("# ours\nconfig:\n  demo:a: x\n")
    file = project_folder / "Pulumi.dev.yaml"
    set_value(file, "demo:password", "hunter2", secrets)
    assert "hunter2" not in file.read_text()
    assert file.read_text().startswith("# ours\n")
    config = StackConfig.load(Project.load(project_folder), "dev")
    assert config.salt == secrets.salt
    assert config.texts(secrets.decrypt) == {"demo:a": "x", "demo:password": "hunter2"}


def test_the_first_value_makes_the_file(tmp_path):
    set_value(tmp_path / "Pulumi.new.yaml", "demo:a", "1")
    assert (tmp_path / "Pulumi.new.yaml").read_text() == "config:\n  demo:a: '1'\n"
