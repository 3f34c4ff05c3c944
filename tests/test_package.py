from importlib.metadata import version


def test_both_distributions_carry_the_same_version():
    assert version("modelport") == version("modelport-server")
