import ast
from pathlib import Path

import pytest

import modelport
from modelport.spec import Environment, ModelSpec
from modelport.spec.fields import alias_of, field_at
from modelport.spec.section import Section

ROOT = Path(modelport.__file__).parent
READERS = [path for room in ("plan", "monitoring", "targets", "reports") for path in (ROOT / room).rglob("*.py")]
HOLDERS = {"spec": ModelSpec, "environment": Environment}


def chain(node):
    """`plan.spec.request.payload` as its words; nothing for what is no plain chain of names."""
    words = []
    while isinstance(node, ast.Attribute):
        words.insert(0, node.attr)
        node = node.value
    return [node.id, *words] if isinstance(node, ast.Name) else []


def unknown_fields(source):
    """Fields that are read of a spec or an environment and that the schema lacks."""
    for node in ast.walk(ast.parse(source)):
        words = chain(node)
        start = next((index for index, word in enumerate(words) if word in HOLDERS), None)
        if start is None or (words[start + 1 : start + 2] and words[start + 1][0].isupper()):
            continue
        kind = HOLDERS[words[start]]
        for word in words[start + 1 :]:
            if word not in kind.model_fields:
                if not hasattr(Section, word):
                    yield ".".join(words)
                break
            _, kind = field_at(kind, [alias_of(word, kind.model_fields[word])])
            if kind is None:
                break


@pytest.mark.parametrize("path", READERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_field_that_is_read_is_in_the_schema(path):
    assert list(unknown_fields(path.read_text())) == []


def test_a_field_that_the_schema_lacks_is_noticed():
    source = (
        "plan.spec.request.paylod\nspec.scaling.min\nplan.environment.stak\nspec.model_copy(update={})\nspec.Release"
    )
    assert list(unknown_fields(source)) == ["plan.spec.request.paylod", "plan.environment.stak"]
