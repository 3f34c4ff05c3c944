import pytest

from modelport_engine.protocol.urn import InvalidUrn, Urn

STACK = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"


def test_a_urn_names_the_types_of_all_ancestors_but_the_stack():
    site = Urn.make("dev", "demo", STACK, "demo:index:Site", "site")
    bucket = Urn.make("dev", "demo", site, "sim:index:Bucket", "site-bucket")
    assert site == "urn:pulumi:dev::demo::demo:index:Site::site"
    assert bucket == "urn:pulumi:dev::demo::demo:index:Site$sim:index:Bucket::site-bucket"


def test_a_urn_tells_its_parts():
    urn = Urn("urn:pulumi:dev::demo::demo:index:Site$sim:index:Bucket::a::b")
    assert (urn.stack, urn.project, urn.type, urn.name) == ("dev", "demo", "sim:index:Bucket", "a::b")
    assert urn.qualified_type == "demo:index:Site$sim:index:Bucket"


@pytest.mark.parametrize("text", ["", "urn:aws:x::y::z::n", "urn:pulumi:dev::demo::type"])
def test_what_is_no_urn_is_refused_by_name(text):
    with pytest.raises(InvalidUrn, match="is not a URN"):
        Urn(text)
