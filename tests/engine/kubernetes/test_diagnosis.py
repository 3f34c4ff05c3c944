"""Why an object is not ready, from what lies around it."""

from modelport_engine.kubernetes.awaiting.diagnosis import reasons_of

SET = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "web-6d4cf56db6", "uid": "2", "ownerReferences": [{"uid": "1"}]},
}
WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "team", "uid": "1"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}},
}


class Eventful:
    """A cluster with a Deployment whose ReplicaSet makes no pod, and the warnings about it."""

    def __init__(self, *messages):
        self._messages = messages

    def find(self, like, *, labels="", fields=""):
        if like["kind"] == "ReplicaSet":
            return [SET]
        if like["kind"] == "Event" and fields == "involvedObject.uid=2":
            return [{"type": "Warning", "reason": "FailedCreate", "message": each} for each in self._messages]
        return []


def exceeded(pod, quota="small"):
    return f'Error creating: pods "{pod}" is forbidden: exceeded quota: {quota}, requested: pods=1'


def test_what_is_tried_again_with_another_name_is_told_once_with_what_to_do():
    told = reasons_of(Eventful(exceeded("web-6d4cf56db6-x7k2p"), exceeded("web-6d4cf56db6-9qz4t")), WEB)
    assert told == [f"FailedCreate: {exceeded('web-6d4cf56db6-9qz4t')}\nRaise the ResourceQuota, or ask for less."]


def test_different_warnings_are_all_told():
    told = reasons_of(Eventful(exceeded("web-6d4cf56db6-x7k2p"), exceeded("web-6d4cf56db6-9qz4t", "large")), WEB)
    assert len(told) == 2
    told = reasons_of(Eventful('service account "serving-robot" not found', "no"), WEB)
    assert told == ['FailedCreate: service account "serving-robot" not found', "FailedCreate: no"]
