from dataclasses import replace

import pytest

from modelport.plan import Objection, Refused, TagRule, make_plan, native
from modelport.spec import Environment, Metadata, Model, ModelSpec, Release, Releases, Request, Scaling


@pytest.fixture
def refusals(environment, cloud):
    def refusals(service, target=cloud, environment=environment):
        with pytest.raises(Refused) as caught:
            make_plan(service, environment, target)
        return caught.value

    return refusals


def test_a_refusal_says_where_what_why_and_what_instead(write, refusals):
    error = refusals(write("scaling: {scaleToZero: true}\n"))
    assert error.exit_code == 4
    assert str(error) == (
        "fraud.yaml:3  scaling.scaleToZero: true\n"
        "  MP401 refused by cloud: it keeps an instance.\n"
        "  Use mode: async, or leave the field out: on cloud it is false.\n"
        "1 problem, nothing was changed."
    )


def test_what_a_target_finds_beyond_its_rows_is_refused_at_its_line_with_all_else(write, refusals, cloud):
    def rules(spec, environment):
        yield Objection("model.source", spec.model.source, "it is of this machine", "Use a store.")
        yield Objection("modelport:image", None, "there is none", "Name one.")
        yield Objection("mode", spec.mode, "told already", "Nothing.")

    error = refusals(write("mode: async\n"), replace(cloud, rules=rules))
    assert str(error) == (
        "modelport:image\n  MP401 refused by cloud: there is none.\n  Name one.\n"
        'fraud.yaml:2  model.source: "fraud.onnx"\n  MP401 refused by cloud: it is of this machine.\n  Use a store.\n'
        'fraud.yaml:3  mode: "async"\n  MP402 unbuilt on cloud: modelport cannot do this yet.\n  Leave the field out.\n'
        "3 problems, nothing was changed."
    )


def test_a_refused_quantity_is_shown_with_its_unit(write, refusals):
    assert 'compute.memory: "4Ti"\n' in str(refusals(write("compute: {memory: 4Ti}\n")))


def test_what_modelport_lacks_is_refused_with_a_code_of_its_own(write, refusals):
    error = refusals(write("request: {concurrency: 3}\n"))
    assert "fraud.yaml:3  request.concurrency: 3\n  MP402 unbuilt on cloud: modelport cannot do this yet." in str(error)


def test_an_approximation_needs_to_be_accepted_for_this_target(write, refusals, environment, cloud):
    text = "scaling: {target: {value: 50}}\n"
    error = refusals(write(text))
    assert "MP403 approximated by cloud: it counts whole requests." in str(error)
    assert "{field: scaling.target.value, target: cloud, reason: ...}" in str(error)
    other = "accept: [{field: scaling.target.value, target: vertex, reason: known and harmless}]\n"
    assert [each.code for each in refusals(write(text + other)).refusals] == ["MP403"]


def test_what_a_target_does_anyway_needs_no_acceptance(write, environment, cloud):
    plan = make_plan(write("monitoring: {drift: {enabled: false}}\n"), environment, cloud)
    assert not plan.spec.monitoring.drift.enabled


def test_of_a_field_that_a_target_has_only_some_values_of_others_are_refused(write, refusals, environment, cloud):
    error = refusals(write("security: {auth: mtls}\n"))
    assert str(error) == (
        'fraud.yaml:3  security.auth: "mtls"\n'
        "  MP401 refused by cloud: it knows nobody.\n"
        '  Use bearer, or leave the field out: on cloud it is "none".\n'
        "1 problem, nothing was changed."
    )
    assert make_plan(write("security: {auth: bearer}\n"), environment, cloud).spec.security.auth == "bearer"
    assert make_plan(write(), environment, cloud).spec.security.auth == "none"


def test_an_accepted_approximation_is_planned(write, environment, cloud):
    accept = "accept: [{field: scaling.target.value, target: vertex, reason: harmless here}]\n"
    plan = make_plan(write("scaling: {target: {value: 50}}\n" + accept), environment, replace(cloud, name="vertex"))
    assert plan.spec.scaling.target.value == 50


def test_everything_that_is_refused_is_said_at_once_in_the_order_of_the_file(write, refusals):
    text = "mode: async\nscaling: {scaleToZero: true, target: {value: 9}}\ncompute: {cpu: 64}\n"
    error = refusals(write(text))
    assert [(each.origin.line, each.field, each.code) for each in error.refusals] == [
        (3, "mode", "MP402"),
        (4, "scaling.target.value", "MP403"),
        (4, "scaling.scaleToZero", "MP401"),
        (5, "compute.cpu", "MP401"),
    ]
    assert str(error).endswith("4 problems, nothing was changed.")


def test_a_value_that_the_target_has_anyway_is_not_refused(write, environment, cloud):
    plan = make_plan(write("scaling: {min: 1, scaleToZero: false}\n"), environment, cloud)
    assert plan.spec.scaling.min == 1


def test_nothing_asked_is_nothing_refused(write, environment, cloud):
    text = "monitoring: {alerts: {notify: []}}\nserving: {image: null}\ncompute: {accelerator: null}\n"
    assert make_plan(write(text), environment, cloud).name == "fraud"


def test_an_override_is_refused_where_it_stands(write, refusals):
    error = refusals(write(overrides={"scaling": {"scaleToZero": True}}))
    assert str(error).startswith("modelport:overrides  scaling.scaleToZero: true\n  MP401")


def test_a_service_made_in_python_is_refused_by_the_path_of_the_field(refusals, environment, cloud):
    def fraud(**sections):
        return ModelSpec(metadata=Metadata(name="fraud"), model=Model(source="fraud.onnx"), **sections)

    error = refusals(fraud(scaling=Scaling(scale_to_zero=True), request=Request(concurrency=3)))
    assert [str(each).splitlines()[0] for each in error.refusals] == [
        "scaling.scaleToZero: true",
        "request.concurrency: 3",
    ]
    assert make_plan(fraud(), environment, cloud).base is None


def test_releases_are_refused_at_their_place_in_the_stack_file(write, refusals):
    live = Releases(stable=Release(source="a.onnx"), candidate=Release(source="b.onnx"), weight=5)
    environment = Environment(stack="dev", targets=("local",), releases={"fraud": live})
    error = refusals(write(), environment=environment)
    assert {each.field for each in error.refusals} == {
        "modelport:releases.fraud.stable.source",
        "modelport:releases.fraud.candidate.source",
        "modelport:releases.fraud.weight",
    }


def test_a_label_that_would_hide_another_tag_is_refused(write, refusals, cloud):
    rows = {**cloud.capabilities, "metadata.labels": native("Create.Tags", source="manual")}
    lower = replace(cloud, capabilities=rows, tag_rule=TagRule(63, 63, "[^a-z0-9_-]", lower=True))
    error = refusals(write(overrides={"metadata": {"labels": {"cost_center": "x", "team": "y", "Team": "z"}}}), lower)
    assert [each.reason for each in error.refusals] == [
        "another tag has the same key as the label cost_center",
        "another tag has the same key as the label Team",
    ]
