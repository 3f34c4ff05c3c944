import pytest

from modelport_engine.update.registry import default_name


@pytest.mark.parametrize(
    ("version", "url", "name"),
    [
        ("", "", "default"),
        ("4.34.2", "", "default_4_34_2"),
        ("1.2.3-alpha.1+x", "", "default_1_2_3_alpha_1_x"),
        ("0.1.0", "https://modelport.invalid/plugin", "default_0_1_0_https_/modelport.invalid/plugin"),
        ("", "github://api.github.com/some-org", "default_github_/api.github.com/some-org"),
    ],
)
def test_a_default_provider_is_named_after_its_plugins_version_and_address(version, url, name):
    assert default_name(version, url) == name
