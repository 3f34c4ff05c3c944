"""Tries every capability row: what a target says of a field has to be what the field does to the planned requests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pulumi
from support.aws.program import READ as READ_OF_AWS
from support.gcp.program import READ as READ_OF_GOOGLE
from support.values import COMPANIONS, GUARDS, VALUES

from modelport.plan import Target
from modelport.providers.artifact import ArtifactBundle, ArtifactImage
from modelport.providers.local import LocalServer
from modelport.providers.vertex import VertexDeployedModel
from modelport.spec import Environment, Loaded, ModelSpec
from modelport.targets.args import ModelServiceArgs

REQUIRED = {"metadata.name": "fraud", "model.source": "double.onnx"}
STABLE = {"stable.source": "double.onnx"}
JUDGES = {each.kind: each.check for each in (LocalServer(), ArtifactBundle(), ArtifactImage())}
"""What the owner of a kind of resource says of its inputs."""
NAMES = ("name", "variantName")
CODES = {"refused": "MP401", "unbuilt": "MP402", "approximated": "MP403"}


@dataclass(frozen=True)
class Subject:
    """A target and the component that makes its resources.

    Attributes:
        needs: fields of a stack without which the target runs nothing.
        stack_config: keys of other namespaces, likewise.
        values: those of `VALUES` that mean something else there.
        companions: those of `COMPANIONS`, likewise.
    """

    target: Target
    component: Any
    needs: Mapping[str, Any] = field(default_factory=dict)
    stack_config: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    companions: Mapping[str, Any] = field(default_factory=dict)

    def values_of(self, field: str) -> tuple[Any, Any]:
        """Two values to try."""
        return self.values.get(field) or VALUES[field]

    def companions_of(self, field: str) -> Mapping[str, Any]:
        """What has to be said beside them."""
        return self.companions.get(field, COMPANIONS.get(field, {}))


def check(subject: Subject, field: str) -> None:
    """Assert that the target does with a field what its row says."""
    level = subject.target.capabilities[field].level
    if level in ("refused", "unbuilt"):
        check_refused(subject, field, CODES[level])
    elif field in GUARDS:
        check_guarded(subject, field)
    else:
        check_driven(subject, field)
        if level == "approximated":
            check_refused(subject, field, CODES[level], accepted=False)
        if level == "emulated":
            check_added(subject, field)


def check_driven(subject: Subject, field: str) -> None:
    """Two values differ in the requests at the row's place, and nowhere else but where the row says so."""
    row = subject.target.capabilities[field]
    one, other = (requests(subject, field, value) for value in subject.values_of(field))
    moved = {place for place in one.keys() | other.keys() if one.get(place) != other.get(place)}
    known = (row.drives, *row.also)
    strays = [place for place in moved if not any(fnmatchcase(place, pattern) for pattern in known)]
    assert not strays, f"{field} also moves {sorted(strays)}"
    idle = [pattern for pattern in known if not any(fnmatchcase(place, pattern) for place in moved)]
    assert not idle, f"{field} does not move {idle}"


def check_refused(subject: Subject, field: str, code: str, *, accepted: bool = True) -> None:
    """Whoever writes another value than the target has anyway is told so, before any request."""
    row = subject.target.capabilities[field]
    values = [value for value in subject.values_of(field) if not row.gives(value) or row.level == "approximated"]
    values = [value for value in values if value != row.always]
    assert values, f"no value of {field} that {subject.target.name} does not have anyway"
    for value in values:
        error = failure(subject, field, value, accepted=accepted)
        place = field.replace("releases.", "modelport:releases.fraud.").replace("existing.", "modelport:existing.")
        assert any(line.startswith(place) for line in error.splitlines()), error
        assert f"{code} " in error.split(place)[1].splitlines()[1], error


def check_guarded(subject: Subject, field: str) -> None:
    """A wrong value stops the plan and is told from the right one."""
    wrong, _ = subject.values_of(field)
    error = failure(subject, field, wrong)
    assert wrong in error and "MP4" not in error, error


def check_added(subject: Subject, field: str) -> None:
    """The resource that gives the behaviour is there."""
    row = subject.target.capabilities[field]
    places = requests(subject, field, subject.values_of(field)[1])
    assert any(place.startswith(f"{row.adds}.") for place in places), f"{field} adds no {row.adds}"


def requests(subject: Subject, field: str, value: Any, *, accepted: bool = True) -> dict[str, dict[str, Any]]:
    """The inputs of every resource that is planned for a value of a field, by place (`Server.tags.owner`) and name.

    Raises:
        pulumi.RunError: nothing is planned.
    """
    said = {**subject.companions_of(field), field: value}
    service, environment = config(field, said, subject.target.name, accepted=accepted, needs=subject.needs)
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="parity", stack=environment.stack)
    pulumi.runtime.set_all_config(dict(subject.stack_config))

    @pulumi.runtime.test
    def plan() -> None:
        subject.component("parity", ModelServiceArgs(service, environment))

    plan()
    assert not recorder.rejected, recorder.rejected
    return recorder.places


def failure(subject: Subject, field: str, value: Any, *, accepted: bool = True) -> str:
    """What the user is told; nothing may be registered before."""
    try:
        places = requests(subject, field, value, accepted=accepted)
    except pulumi.RunError as error:
        return str(error)
    raise AssertionError(f"{field}: {value} is planned: {places}")


def config(
    field: str, asked: Mapping[str, Any], target: str, *, accepted: bool, needs: Mapping[str, Any] | None = None
) -> tuple[Loaded, Environment]:
    """A service and a stack that say nothing but what is required and what is asked, with the value of a field."""
    live, existing = (part_of(asked, prefix) for prefix in ("releases.", "existing."))
    own = {path: each for path, each in asked.items() if not path.startswith(("releases.", "existing."))}
    accept = [
        {"field": path, "target": target, "reason": "to try the row"} for path in own if accepted or path != field
    ]
    spec = ModelSpec.model_validate({**nested({**REQUIRED, **own}), "accept": accept}, by_alias=True)
    releases = {"fraud": nested({**STABLE, **live})} if live else {}
    given = dict(needs or {})
    existing = {**given.pop("existing", {}), **existing}
    stack = {"stack": "dev", "targets": ["local"], "releases": releases, **given, "existing": existing}
    return Loaded(spec), Environment.model_validate(stack, by_alias=True)


def part_of(asked: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {path.removeprefix(prefix): each for path, each in asked.items() if path.startswith(prefix)}


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Paths to values as mappings in mappings."""
    root: dict[str, Any] = {}
    for path, value in values.items():
        *sections, last = path.split(".")
        section = root
        for name in sections:
            section = section.setdefault(name, {})
        section[last] = value
    return root


class Recorder(pulumi.runtime.Mocks):
    """Notes the inputs of all resources by the last word of their type."""

    def __init__(self) -> None:
        self.places: dict[str, dict[str, Any]] = {}
        self.rejected: list[Any] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        kind = args.typ.rpartition(":")[2]
        for place, value in flat({"@name": args.name, **args.inputs}, kind):
            self.places.setdefault(place, {})[args.name] = value
        if args.typ in JUDGES:
            self.rejected += JUDGES[args.typ](args.inputs)[1]
        made = {"url": "http://127.0.0.1:1", "version": "1", "reference": "registry/server", "uri": "oci://registry/it"}
        return f"{args.name}-id", {**args.inputs, **made, **of_aws(args), **of_google(args)}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        told = {**READ_OF_AWS, **READ_OF_GOOGLE}
        assert args.token in told, f"a plan reads nothing else, but calls {args.token}"
        return told[args.token]


def of_aws(args: pulumi.runtime.MockResourceArgs) -> dict[str, Any]:
    """What AWS makes up for a resource: its ARN and, unless it is given one, its name."""
    if not args.typ.startswith("aws:"):
        return {}
    service = args.typ.partition(":")[2].partition("/")[0]
    arn = {"arn": f"arn:aws:{service}:eu-central-1:111111111111:{args.name}", "prefixListId": "pl-1"}
    url = {"repositoryUrl": f"111111111111.dkr.ecr.eu-central-1.amazonaws.com/{args.name}"}
    return {**arn, **url, **{name: args.name for name in ("name", "bucket") if name not in args.inputs}}


def of_google(args: pulumi.runtime.MockResourceArgs) -> dict[str, Any]:
    """What Google makes up for a resource: who it is and, unless it is given one, its name."""
    if args.typ == VertexDeployedModel.kind:
        return {"deployedModelId": "1", "serviceAttachment": "attachment"}
    if not args.typ.startswith("gcp:"):
        return {}
    known = {"member": args.name, "email": args.name, "address": "10.0.0.1", "dedicatedEndpointDns": "https://dns"}
    return {**known, **({} if "name" in args.inputs else {"name": args.name})}


def by_name(values: list[Any], key: str) -> dict[str, Any] | None:
    """The items of a list by their names, if they all have one."""
    have = all(isinstance(each, Mapping) and key in each for each in values)
    return {each[key]: each for each in values} if have else None


def flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The leaves of a value by place; items of a list that have names stand under them."""
    if isinstance(value, list):
        value = next((named for key in NAMES if (named := by_name(value, key))), value)
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from flat(each, f"{place}.{key}")
    else:
        yield place, value
