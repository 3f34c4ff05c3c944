from collections.abc import Iterator

from modelport.providers.sagemaker import LiveEndpoint


def of_endpoint(name: str, region: str) -> Iterator[str]:
    """What the containers of an endpoint said last."""
    return LiveEndpoint(region, name).last_lines()


SPEAKERS = {"aws:sagemaker/endpoint:Endpoint": of_endpoint}
