import base64

from modelport_engine.kubernetes.masking import masked
from modelport_engine.protocol.messages import provider_pb2 as pb
from modelport_engine.protocol.values import Secret, to_struct


def text_of(text, **properties):
    return masked(text, pb.UpdateRequest(news=to_struct(properties, secrets=True)))


def test_secrets_of_a_request_are_not_repeated():
    env = [{"name": "TOKEN", "value": Secret("hunter2")}, {"name": "MODE", "value": "fast"}]
    text = 'env[0].value: Invalid value: "hunter2"; the log ends: fast hunter2'
    assert text_of(text, env=env) == 'env[0].value: Invalid value: "[secret]"; the log ends: fast [secret]'


def test_what_a_secret_holds_is_known_in_clear_too():
    data = Secret({"key": base64.b64encode(b"correct horse").decode()})
    assert text_of("refused correct horse", data=data) == "refused [secret]"


def test_a_secret_within_another_leaves_nothing_behind():
    assert text_of("abcd-efgh", a=Secret("abcd"), b=Secret("abcd-efgh")) == "[secret]"


def test_short_words_stay():
    assert text_of("a yes", a=Secret("yes"), b=Secret(True), c=Secret(None)) == "a yes"
