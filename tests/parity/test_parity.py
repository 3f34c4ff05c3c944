import pytest
from support.parity import check, config
from support.values import COMPANIONS, VALUES

from modelport.plan import FIELDS, OWN
from modelport.spec import Environment
from modelport.targets import NAMES, load

BUILT = [name for name in NAMES if load(name).is_built]
ROWS = [(target, field) for target in BUILT for field in FIELDS if field not in OWN]


@pytest.mark.parametrize(("target", "field"), ROWS)
def test_a_target_does_with_a_field_what_its_row_says(subject, target, field):
    check(subject(target), field)


@pytest.mark.parametrize("target", NAMES)
def test_a_target_has_a_row_for_every_field_and_no_other(target):
    assert set(load(target).capabilities) == set(FIELDS)


def test_every_field_has_two_values_to_try():
    assert set(VALUES) == set(FIELDS) - set(OWN)
    assert not [field for field, (one, other) in VALUES.items() if one == other]


@pytest.mark.parametrize("field", VALUES)
def test_the_values_are_valid(field):
    for value in VALUES[field]:
        service, environment = config(field, {**COMPANIONS.get(field, {}), field: value}, "local", accepted=True)
        assert service.spec.metadata.name and isinstance(environment, Environment)


@pytest.mark.parametrize("target", BUILT)
def test_rows_that_drive_something_say_where_and_by_whose_word(target):
    for field, row in load(target).capabilities.items():
        if row.level in ("native", "emulated", "approximated"):
            assert row.source and (row.drives or field in OWN), field
        if row.level in ("refused", "approximated"):
            assert row.reason and not row.reason.endswith("."), field
        if row.level == "refused":
            assert row.instead, field
        if row.level == "emulated":
            assert row.adds, field
