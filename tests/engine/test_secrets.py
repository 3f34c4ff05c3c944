import json

import pytest
from support.states import recorded, recorded_checkpoints

from modelport_engine.state.secrets import Secrets, SecretsError, find_passphrase, salt_of
from modelport_engine.state.snapshot import deployment_of

SALT = salt_of(deployment_of(recorded("01-up-first/checkpoint-file")))


def test_a_new_salt_opens_the_secrets_again():
    first = Secrets("correct horse")
    ciphertext = first.encrypt("battery staple")
    assert Secrets("correct horse", first.salt).decrypt(ciphertext) == "battery staple"
    assert first.encrypt("battery staple") != ciphertext


def test_an_existing_salt_stays_as_it_is():
    assert Secrets("x", SALT).to_json() == {"type": "passphrase", "state": {"salt": SALT}}


def test_every_recorded_salt_opens_with_its_passphrase():
    salts = {salt_of(deployment_of(json.loads(text))) for _, text in recorded_checkpoints()}
    assert len(salts) == 7
    for salt in salts:
        Secrets("x", salt).verify()


def test_a_wrong_passphrase_is_told():
    with pytest.raises(SecretsError, match=r"^incorrect passphrase$"):
        Secrets("wrong", SALT).verify()


@pytest.mark.parametrize("salt", ["v2:a:b", "v1:a", "nonsense"])
def test_a_malformed_salt_is_refused(salt):
    with pytest.raises(SecretsError, match="v1:SALT:CHECK"):
        Secrets("x", salt)


@pytest.mark.parametrize("ciphertext", ["v1:AAAAAAAAAAAAAAAA:AAAA", "v1:!:!", "v9:AAAA:AAAA", "plain"])
def test_a_damaged_ciphertext_is_told(ciphertext):
    with pytest.raises(SecretsError, match=r"damaged|not a ciphertext"):
        Secrets("x", SALT).decrypt(ciphertext)


def test_another_provider_is_refused_by_name():
    with pytest.raises(SecretsError, match="'awskms' is not supported"):
        salt_of({"secrets_providers": {"type": "awskms", "state": {}}})


def test_the_passphrase_comes_from_the_environment_then_from_a_file(tmp_path):
    file = tmp_path / "passphrase"
    file.write_text("from file\n")
    assert find_passphrase({"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == ""
    assert find_passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == "from file"


def test_a_missing_passphrase_file_is_named(tmp_path):
    with pytest.raises(SecretsError, match=r"unable to read PULUMI_CONFIG_PASSPHRASE_FILE: .*/nowhere"):
        find_passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "nowhere")})


def test_without_a_passphrase_and_a_terminal_the_run_ends(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(
        SecretsError, match=r"^passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASS"
    ):
        find_passphrase({})
