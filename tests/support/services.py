"""Services for tests of what follows from a config."""

from modelport.spec import ModelSpec

WATCHED = {
    "slo": {"availability": 99.9, "latency": {"p99": "60ms"}},
    "compute": {"accelerator": {"kind": "nvidia-l4"}},
    "monitoring": {
        "capture": {"percent": 10},
        "drift": {"enabled": True},
        "alerts": {"modelAge": "1d", "notify": ["ml@example.com", "https://example.com/hook", "alerts/chat"]},
    },
}
"""Sections with which a service has an alert of every kind."""


def service(name="fraud", **sections):
    """A service with these sections, and defaults."""
    return ModelSpec.model_validate({"metadata": {"name": name}, "model": {"source": "m.onnx"}, **sections})
