import pytest

from modelport.spec.scalars import TargetName
from modelport.targets import NAMES, UnknownTarget, load


@pytest.mark.parametrize("name", NAMES)
def test_a_target_has_the_name_it_is_asked_for_by(name):
    assert load(name).name == name


def test_an_unknown_target_is_told_the_nearest_name():
    with pytest.raises(UnknownTarget, match=r"sagemakr\n  unknown target. Did you mean sagemaker\?") as caught:
        load("sagemakr")
    assert caught.value.exit_code == 2


def test_the_config_knows_exactly_the_targets_that_there_are():
    assert set(TargetName.__args__) == set(NAMES)
