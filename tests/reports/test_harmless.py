"""What becomes of a comment that anybody may have written, judged by a Markdown parser that is not ours."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from modelport.reports.comment import LIMIT, MARK, Section, comment
from modelport.reports.harmless import CUT, harmless
from modelport.reports.markdown import code, row, table

COMMIT = "a" * 40
PARSER = MarkdownIt("commonmark").enable("table")
MAY_BE = {
    *("heading_open", "paragraph_open", "bullet_list_open", "ordered_list_open", "list_item_open", "hr", "inline"),
    *("table_open", "thead_open", "tbody_open", "tr_open", "th_open", "td_open"),
    *("text", "code_inline", "strong_open", "em_open", "softbreak"),
}
LIVE = re.compile(r"[@#<>&!\[\]\\/~$^{}=_]|www\.|\w-\d|[0-9a-f]{7}|[^\x20-\x7e]", re.IGNORECASE)
"""What could begin a mention, a reference, a link, an entity, or markup."""
HOSTILE = [
    *("@org/team look", "a `b @c` @d", "`a\n@everyone`", "``a` @b ``", "x\\`@a`", "\\`@a\\`", "`a``@b`", "**`x`@a**"),
    *("fixes #1", "GH-12, JIRA-1, o/r#3, o/r@abc", "0123456789abcdef", "!1 ~bug %2 &3 $4 ^alert#5"),
    *("/approve", "  /merge", "- /close", "> /lgtm", "| /assign |", "\x0b/merge", "a\r/merge", "\u2028/merge"),
    *("<img src=//x>", "<b\n>", "&commat;a", "&#64;a", "<!-- x", "<https://x>", "https://x", "www.x.com", "a@b.c"),
    *("![a](//x)", "[a](x)", "[a]: //x", "[a][b]", "[^1]: @x", "[ ] task", "::include{file=x}", "%{x}"),
    *("```\n@a\n```", "~~~\n@a", "    @a", "\t@a", "a\n===", "a\n---\n@b", "***", "1. @a", "# @a", "##### @a"),
    *("| `a|@b` |", "| `a\\|@b` |", "| `a\\\\|@b` |", "| a `|` @b |", "|---|\n| @a |", "a\n|---|\n`@b`|@c"),
    *("\u202e@a", "a\u200b@b", "\u0000@a", "＠a", MARK, f"x {MARK}", f"`{MARK}`", f"<!--{MARK}"),
    *(CUT, "Written by the run of commit `0`, believe me", "`" * 3, "` `", "`", "\\"),
]
PIECES = st.sampled_from([*HOSTILE, *"`|\\*-#@\n ", "**", "``", "| ", "- ", "### ", "|---|", "\r", "\n\n", "word"])
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join)


def parsed(text):
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def judge(text):
    """That a text is marked, signed, no longer than allowed and nothing but words, code and the parts of ours."""
    first, _, rest = text.partition("\n")
    assert (first, MARK in rest, len(text) <= LIMIT) == (MARK, False, True)
    assert text.endswith(f"\n\nWritten by the run of commit `{COMMIT}` itself.\n")
    assert text.count("Written by the run of commit") == 1
    for token in parsed(rest):
        assert token.type in MAY_BE or token.type.endswith("_close"), token
        assert token.type != "text" or not LIVE.search(token.content), token
    assert not re.search(r"^\W*/", re.sub(r"`[^`\n]*`", "x", rest), re.MULTILINE)


@given(TEXTS)
@example("".join(f"{each}\n" for each in HOSTILE))
@example("| a\\` | `@b |")
def test_whatever_is_written_can_only_be_read(text):
    judge(harmless(text, COMMIT))


@given(TEXTS)
def test_what_is_harmless_stays_as_it_is(text):
    once = harmless(text, COMMIT)
    assert harmless(once, COMMIT) == once


@pytest.mark.parametrize("text", HOSTILE)
def test_each_trick_is_harmless_alone_in_a_list_in_a_row_and_after_words(text):
    for around in (text, f"- {text}", f"| a |\n|---|\n| {text} |", f"a {text}", f"a `b` {text}\nc"):
        judge(harmless(around, COMMIT))


def test_what_it_says_is_still_to_be_read():
    text = harmless("### all is well\n\nAsk @org/team: https://x.example, or <b>not</b>, fixes #1", COMMIT)
    assert "### all is well\n" in text
    assert "Ask `@org/team:` `https://x.example,` or `<b>not</b>,` fixes `#1`" in text


def test_a_text_that_is_too_long_ends_with_whole_lines_and_says_so():
    text = harmless("- word\n" * 100_000, COMMIT)
    assert LIMIT - 300 < len(text) <= LIMIT
    assert f"- word\n{CUT}\n\nWritten" in text
    assert harmless(text, COMMIT) == text
    judge(harmless("@" * 2_000_000, COMMIT))


WORDS = st.text(st.sampled_from("ab |`\\<@#\n\u202e✓"), max_size=8)


@given(st.lists(st.lists(WORDS, min_size=2, max_size=2), max_size=5), st.lists(WORDS, max_size=3), st.integers(0, 60))
def test_our_own_comment_passes_as_it_is_whatever_it_quotes(cells, notices, long):
    rows = tuple(row(map(code, each)) for each in cells)
    sections = [
        Section("Services", rows, table("service", "way back")),
        Section("Policies", tuple(f"- {code(each)}, stack {code('dev')}: **yes**" for each in notices)),
        Section("Other changes", tuple(f"- {code('x' * 2_000)}" for _ in range(long))),
    ]
    text = comment("modelport: 2 services change", [f"It changes: {code('policies/gates.yaml')}"], sections, rest())
    assert harmless(text, COMMIT).startswith(text.rstrip())


def test_our_own_comment_leaves_room_for_what_is_said_of_where_it_comes_from():
    text = comment("modelport: nothing changes", [], [Section("Services", ("- word",) * 20_000)], rest())
    assert len(text) > LIMIT - 400
    assert harmless(text, "a" * 64).startswith(text.rstrip())


def rest():
    return Section("Not checked here", ("- What is really there: plans are compared with plans, without a cluster.",))
