"""The Like operator: what it matches, and that no pattern takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsim.serve.opcua_like import LONGEST, is_like


@pytest.mark.parametrize(
    ("text", "pattern", "is_so"),
    [
        ("TIC-201", "TIC-201", True),
        ("TIC-201", "TIC%", True),
        ("TIC-201", "%201", True),
        ("TIC-201", "TIC", False),
        ("TIC-201", "T_C-20[12]", True),
        ("TIC-201", "%[^1]", False),
        ("TIC-201", "%[0-9]", True),
        ("", "%", True),
        ("", "_", False),
        ("50 %", "50 \\%", True),
        ("50 kg", "50 \\%", False),
        ("two\nlines", "two_lines", True),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("a[", "a[", True),
    ],
)
def test_a_text_is_like_a_pattern(text: str, pattern: str, is_so: bool) -> None:
    assert is_like(text, pattern) is is_so


@given(text=st.text("ab", max_size=8), pattern=st.text("ab%_", max_size=8))
def test_it_is_what_a_regular_expression_says(text: str, pattern: str) -> None:
    expression = pattern.replace("%", ".*").replace("_", ".")
    assert is_like(text, pattern) is bool(re.fullmatch(expression, text))


def test_no_pattern_takes_long() -> None:
    """A regular expression would try some 10^20 ways to part this text."""
    assert not is_like("a" * 1000, "%a" * (LONGEST // 2 - 1) + "%b")


def test_a_pattern_may_be_so_long() -> None:
    assert is_like("a" * LONGEST, "a" * LONGEST)
    with pytest.raises(ValueError, match="found 1001 characters, allowed 1000"):
        is_like("a", "a" * (LONGEST + 1))
