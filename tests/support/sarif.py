"""A judge of SARIF 2.1.0: what the standard says of the objects that we write, and nothing left over."""

from jsonschema import Draft7Validator


def closed(required=(), **properties):
    """An object of these properties only."""
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required)}


def some(items, least=0):
    return {"type": "array", "items": items, "minItems": least}


TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
MESSAGE = closed(["text"], text=TEXT, markdown=TEXT)
REGION = closed(["startLine"], startLine={"type": "integer", "minimum": 1})
ARTIFACT = closed(["uri"], uri={"type": "string", "format": "uri-reference"}, uriBaseId=TEXT)
LOCATION = closed(
    physicalLocation=closed(["artifactLocation"], artifactLocation=ARTIFACT, region=REGION),
    logicalLocations=some(closed(name=TEXT, fullyQualifiedName=TEXT, kind=TEXT), 1),
)
SUPPRESSION = closed(["kind"], kind={"enum": ["inSource", "external"]}, justification=TEXT)
RESULT = closed(
    ["message"],
    ruleId=TEXT,
    ruleIndex=COUNT,
    kind={"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
    level={"enum": ["none", "note", "warning", "error"]},
    message=MESSAGE,
    locations=some(LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions=some(SUPPRESSION),
) | {"if": {"properties": {"kind": {"not": {"const": "fail"}}}}, "then": {"properties": {"level": {"const": "none"}}}}
BAG = {"type": "object", "properties": {"tags": some(TEXT) | {"uniqueItems": True}}}
RULE = closed(["id"], id=TEXT, shortDescription=MESSAGE, help=MESSAGE, properties=BAG)
DRIVER = closed(["name"], name=TEXT, version=TEXT, rules=some(RULE) | {"uniqueItems": True})
RUN = closed(
    ["tool"],
    tool=closed(["driver"], driver=DRIVER),
    automationDetails=closed(id=TEXT),
    results=some(RESULT),
    properties=BAG,
)
LOG = closed(["version", "runs"], **{"$schema": TEXT}, version={"const": "2.1.0"}, runs=some(RUN))


def faults(report):
    """What is wrong with a report, as text."""
    return [f"{each.json_path}: {each.message}" for each in Draft7Validator(LOG).iter_errors(report)]
