from typing import Literal

from .scalars import Flag, Text
from .section import Section


class Governance(Section):
    """What an auditor asks about the model."""

    risk_class: Literal["minimal", "limited", "high"] | None = None
    """Risk class of the use, as in the EU AI Act."""

    intended_use: Text | None = None
    """What the model is for, in a sentence."""

    training_data: Text | None = None
    """Where the training data is described: a URL or a reference."""

    evaluation: Text | None = None
    """Where the evaluation is reported: a URL or a reference."""

    oversight_contact: Text | None = None
    """Person or rota that can stop the model."""

    bias_check: Flag = False
    """Whether captured predictions are checked for bias on a schedule."""

    explanation: Literal["none", "sampled-shapley", "integrated-gradients"] = "none"
    """How a single prediction is explained to who asks."""
