"""What a deployer has to be allowed is what is planned, no less and no more."""

from itertools import chain

import pytest
from support.gcp.given import GIVEN

from modelport.spec import Money, Monitoring
from modelport.targets.vertex.permissions import ALWAYS, OF_BILLING, RIGHTS, SPARED, billing, roles
from modelport.targets.vertex.roles import ROLES

WATCHED = Monitoring(capture={"percent": 10}, alerts={"notify": ("a@example.com",)})
ALL = {"monitoring": WATCHED, "budget": Money(amount=100)}
"""A service that has everything that a service may have."""
MAKES = ("create", "createInternal", "setIamPolicy", "actAs", "generateServiceIdentity")
"""Verbs of what is new, or may do more than before."""


@pytest.fixture
def planned(vertex):
    def planned(*spared):
        fields = {*spared, *(["subnets"] if "vpc" in spared else [])}
        program = vertex({"existing": {field: GIVEN[field] for field in fields}}, **ALL)
        return {ROLES[name.removeprefix("fraud-")] for name in program.inputs if name != "fraud"}

    return planned


def test_every_kind_that_may_be_made_has_its_rights():
    assert set(ROLES.values()) == RIGHTS.keys()
    assert {*ALWAYS, *OF_BILLING}.union(*SPARED.values()) == RIGHTS.keys()


@pytest.mark.parametrize("field", SPARED)
def test_what_a_field_spares_is_what_is_made_without_it(planned, field):
    others = [each for each in SPARED if each != field]
    assert planned(*others) == {*ALWAYS, *OF_BILLING, *SPARED[field]}


def test_with_everything_given_nothing_is_made_but_what_serves(planned):
    assert planned(*SPARED) == {*ALWAYS, *OF_BILLING}
    services = {each.split(".")[0] for each in roles()[""] if each.endswith(MAKES)}
    assert services == {"aiplatform", "artifactregistry", "bigquery", "compute", "monitoring", "storage"}
    assert not [each for each in roles()[""] if each.endswith(("setIamPolicy", "actAs"))]


def test_who_is_let_in_is_said_where_something_is_made_alone():
    lets_in = {each for each in chain.from_iterable(roles().values()) if each.endswith("setIamPolicy")}
    assert lets_in == {"cloudkms.cryptoKeys.setIamPolicy", "storage.buckets.setIamPolicy"}
    assert {each.split(".")[0] for each in billing()} == {"billing"}
