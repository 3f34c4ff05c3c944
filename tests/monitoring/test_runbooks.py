import re
from pathlib import Path

from support.services import WATCHED, service
from typer.main import get_command

from modelport.cli.app import app
from modelport.monitoring import KINDS, alert_rules, dashboard
from modelport.monitoring.runbooks import runbook

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {path.stem: path.read_text() for path in (DOCS / "runbooks").glob("*.md") if path.stem != "README"}


def test_each_alert_has_its_page_and_each_page_an_alert():
    assert set(PAGES) == {kind.name for kind in KINDS}
    for rule in alert_rules(service(**WATCHED)):
        assert (DOCS.parent / runbook(rule.kind)).is_file()


def test_a_page_says_what_it_means_where_to_look_and_what_to_do():
    for name, page in PAGES.items():
        assert re.findall(r"^## (.*)$", page, re.MULTILINE) == ["What it means", "Where to look", "What to do"], name
        assert f"`{name}`" in page


def test_a_page_sends_nobody_to_a_page_or_panel_or_command_that_is_not_there():
    panels = {panel.title for section in dashboard(service(**WATCHED)) for panel in section.panels}
    commands = get_command(app).commands
    for name, page in PAGES.items():
        for link in re.findall(r"\]\((.*?)\)", page):
            assert (DOCS / "runbooks" / link).is_file(), name
        for title in re.findall(r"\*([A-Z][^*]+)\*", page):
            assert title in panels or any(each.startswith(f"{title}:") for each in panels) or title == "Targets", title
        for words in re.findall(r"`modelport ((?:[a-z]+ ?)+)", page):
            first, *rest = words.split()
            assert first in commands, words
            assert not rest or rest[0] in getattr(commands[first], "commands", rest), words


def test_numbers_in_pages_are_those_of_the_rules():
    burn = PAGES["availability-burn"]
    for rule in alert_rules(service()):
        if rule.kind.name == "availability-burn":
            assert all(str(condition.reading.window) in burn for condition in rule.conditions)
            assert re.search(r"fewer than 5 bad", burn)
            assert rule.conditions[-1].threshold == 5
