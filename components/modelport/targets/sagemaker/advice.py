"""What to do about errors of AWS.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html, and the pages of operations; the
messages are what SDKs and provider show of them.
"""

import re

from modelport.targets.advice import Advice

PAGE = "docs/targets/sagemaker-permissions.md"

ADVICE: Advice = (
    (
        re.compile(r"ResourceLimitExceeded.*?service limit '(?P<quota>[^']+)' is (?P<limit>[\d,.]+)", re.DOTALL),
        "The account may have {limit} of '{quota}'. Ask for more in Service Quotas, Amazon SageMaker, or write less in"
        " scaling.max; an update needs room for the old and the new instances at once.",
    ),
    (
        re.compile(
            r"ExpiredToken|token included in the request is expired|(SSO|Your) session .*expired|RequestExpired"
            r"|Token has expired|Error loading SSO Token|refresh SSO token"
        ),
        "The credentials have expired. Sign in again: aws sso login, or whatever gives you them.",
    ),
    (
        re.compile(
            r"No valid credential sources|Unable to locate credentials|InvalidClientTokenId|UnrecognizedClientException"
            r"|InvalidAccessKeyId|SignatureDoesNotMatch|no EC2 IMDS role found|Partial credentials found"
            r"|config profile \(.*\) could not be found"
        ),
        "There are no credentials, or AWS does not know them: aws sts get-caller-identity says who you are.",
    ),
    (
        re.compile(r"not authorized to perform:? (?P<action>[a-z0-9-]+:\w+)"),
        "Who deploys may not {action}. " + PAGE + " has a policy with everything that is needed.",
    ),
    (
        re.compile(r"Could not connect to the endpoint URL|[Cc]onnect timeout on endpoint URL"),
        "This machine does not reach AWS there. Is the region right, and is the network one that leads there?",
    ),
    (
        re.compile(r"InsufficientInstanceCapacity|InsufficientCapacity"),
        "The region has no such instances left for now. Try again later, in another region, or with another compute.",
    ),
    (
        re.compile(
            r"([Ii]nstance type|Value) '?(?P<machine>ml\.[\w.]+\w).*?(not (supported|available)|satisfy enum value set)"
        ),
        "The region has no {machine}. Ask for another compute, or deploy to another region.",
    ),
    (
        re.compile(r"VpcLimitExceeded"),
        "The region may have no more VPCs. Ask for more in Service Quotas, Amazon VPC, or name subnets in"
        " modelport:existing.",
    ),
    (
        re.compile(r"must be deregistered as scalable targets"),
        "Something else than this stack scales a variant that goes, or gets other instances: see aws"
        " application-autoscaling describe-scalable-targets --service-namespace sagemaker, and end that first.",
    ),
    (
        re.compile(r"Cannot delete a policy attached to entities"),
        "Callers still have the service's policy. Detach it, and destroy again: from whom, says aws iam"
        " list-entities-for-policy --policy-arn ARN",
    ),
    (
        re.compile(r"InvalidSubnetID\.NotFound|InvalidGroup\.NotFound|InvalidSecurityGroup"),
        "Correct modelport:existing: its subnets and security groups have to be in the stack's account and region.",
    ),
)
