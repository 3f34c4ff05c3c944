"""SUP, continued: what is asked of the signatures of images before they run."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies import aws, azure, gcp
from modelport_policies.control import ADVICE, Control, NotApplicable, parameter
from modelport_policies.controls.aws import supply_chain as on_aws
from modelport_policies.controls.azure import supply_chain as on_azure
from modelport_policies.controls.gcp.supply_chain import image_policy_is_enforced
from modelport_policies.controls.supply_chain import FRAMEWORKS
from modelport_policies.resource import Resource, at, is_set, items, text

KYVERNO = ("kubernetes:kyverno.io/v1:ClusterPolicy", "kubernetes:kyverno.io/v1:Policy")
KYVERNO_IMAGES = "kubernetes:policies.kyverno.io/v1:ImageValidatingPolicy"
SIGSTORE = "kubernetes:policy.sigstore.dev/v1beta1:ClusterImagePolicy"
SIGNERS = ("attestors", "attestations")


def rules_refuse_unsigned_images(policy: Resource) -> Iterable[str]:
    """Each of `verifyImages` has `attestors` or `attestations`, is not `required: false`, and its `failureAction` (or
    else `spec.validationFailureAction`) is `Enforce`; `spec.failurePolicy` is not `Ignore`.
    """
    asking = [each for rule in items(policy.at("spec", "rules")) for each in items(at(rule, "verifyImages"))]
    if not asking:
        raise NotApplicable("it is not about signatures")
    for each in asking:
        if not any(is_set(each, key) for key in SIGNERS):
            yield "verifyImages says nobody who has to have signed"
        if at(each, "required") is False:
            yield "verifyImages does not require what it verifies"
        if text(at(each, "failureAction") or policy.at("spec", "validationFailureAction")).lower() != "enforce":
            yield "images without the signature are reported, and run"
    yield from ignored(policy)


def images_are_refused_unsigned(policy: Resource) -> Iterable[str]:
    """`spec.attestors` has some, `spec.validationActions` has `Deny` if it says anything, `spec.failurePolicy` is not
    `Ignore`, and admission is not left out (`spec.evaluation.admission.enabled`).
    """
    if not items(policy.at("spec", "attestors")):
        yield "spec.attestors says nobody who has to have signed"
    actions = items(policy.at("spec", "validationActions"))
    if (actions and "Deny" not in list(actions)) or policy.at("spec", "evaluation", "admission", "enabled") is False:
        yield "images without the signature are reported, and run"
    yield from ignored(policy)


def ignored(policy: Resource) -> Iterable[str]:
    """What happens where nobody can verify."""
    if policy.at("spec", "failurePolicy") == "Ignore":
        yield "spec.failurePolicy is Ignore: what cannot be verified runs"


def authorities_have_to_sign(policy: Resource) -> Iterable[str]:
    """`spec.authorities` has some, none of them lets everything pass (`static.action`), `spec.mode` is not `warn`."""
    authorities = items(policy.at("spec", "authorities"))
    if not authorities:
        yield "spec.authorities says nobody who has to have signed"
    if any(at(each, "static", "action") == "pass" for each in authorities):
        yield "an authority lets images pass that nobody has signed"
    if policy.at("spec", "mode") == "warn":
        yield "images without the signature are reported, and run"


CONTROLS = (
    Control(
        id="SUP-05",
        title="Images are signed, and a policy about signatures keeps others from running",
        severity="high",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Have ECR sign what is pushed, by an AWS::ECR::SigningConfiguration, or name in the parameter "
            "what does.",
            "vertex": "Name who has to sign, and have what is not signed refused.",
            "azureml": "Let the registry keep images in quarantine first.",
            "kubernetes": "Name who has to sign, and have what is not signed refused.",
        },
        checks={
            **dict.fromkeys(KYVERNO, rules_refuse_unsigned_images),
            KYVERNO_IMAGES: images_are_refused_unsigned,
            SIGSTORE: authorities_have_to_sign,
            gcp.BINARY_AUTHORIZATION: image_policy_is_enforced,
            azure.REGISTRY: on_azure.registry_checks_images,
            aws.REPOSITORY: on_aws.repository_is_signed,
        },
        scope="stack",
        parameters={"signing": parameter("The ARN of the profile by which another stack has ECR sign images.", "")},
    ),
)
