"""The grammar of prompts on AUTOMATIC1111's own examples; choices; styles."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddpm.errors import BadRequest
from ddpm.prompts.choices import LISTS, choose, has_choices, unknown_lists
from ddpm.prompts.extra_networks import without_networks
from ddpm.prompts.grammar import Part, at_step, parts, schedule
from ddpm.prompts.styles import read_styles, styled


@pytest.mark.parametrize(  # the doctests of its modules/prompt_parser.py, ten steps
    ("prompt", "told"),
    [
        ("test", [(10, "test")]),
        ("a [b:3]", [(3, "a "), (10, "a b")]),
        ("a [b: 3]", [(3, "a "), (10, "a b")]),
        ("a [[[b]]:2]", [(2, "a "), (10, "a [[b]]")]),
        ("[(a:2):3]", [(3, ""), (10, "(a:2)")]),
        ("a [b : c : 1] d", [(1, "a b  d"), (10, "a  c  d")]),
        ("a[b:[c:d:2]:1]e", [(1, "abe"), (2, "ace"), (10, "ade")]),
        ("a [unbalanced", [(10, "a [unbalanced")]),
        ("a [b:.5] c", [(5, "a  c"), (10, "a b c")]),
        ("((a][:b:c [d:3]", [(3, "((a][:b:c "), (10, "((a][:b:c d")]),
    ],
)
def test_prompts_that_change(prompt: str, told: list[tuple[int, str]]) -> None:
    assert schedule(prompt, 10) == told


@pytest.mark.parametrize(
    ("prompt", "first_four"),
    [
        ("[a|(b:1.1)]", ["a", "(b:1.1)", "a", "(b:1.1)"]),
        ("[fe|]male", ["female", "male", "female", "male"]),
        ("[fe|||]male", ["female", "male", "male", "male"]),
        ("[a|[b|c]]", ["a", "c", "a", "c"]),
    ],
)
def test_prompts_that_alternate(prompt: str, first_four: list[str]) -> None:
    told = schedule(prompt, 10)
    assert [end for end, _ in told] == list(range(1, 11))
    assert [text for _, text in told[:4]] == first_four and told[4][1] == first_four[0]


@pytest.mark.parametrize(
    ("prompt", "before", "after"),
    [("[a::0.4]b", "ab", "b"), ("[:a:0.4]b", "b", "ab"), ("[a:b:0]", "b", "b"), ("[a:b:99]", "a", "a"),
     ("[a:b:1.0]", "a", "a"), (r"\[a:b:4\]", r"\[a:b:4\]", r"\[a:b:4\]"), ("(a:b:4)", "(a:b:4)", "(a:b:4)"),
     ("[a:b:c:4]", "[a:b:c:4]", "[a:b:c:4]"), ("[word]", "[word]", "[word]")],
)  # fmt: skip
def test_corners(prompt: str, before: str, after: str) -> None:
    assert (at_step(prompt, 4, 10), at_step(prompt, 5, 10)) == (before, after)


def test_several_prompts_at_once() -> None:
    assert parts("a cat AND a dog :0.7 AND (x:1.2)") == [Part("a cat", 1), Part("a dog", 0.7), Part("(x:1.2)", 1)]
    assert parts("at 12:30") == [Part("at 12:30", 1)] and parts("SAND AND :-1") == [Part("SAND", 1), Part("", -1)]


@settings(max_examples=200, deadline=None)
@given(st.text("ab[]():|\\0.5 ANDX{}_", max_size=60), st.integers(1, 20))
def test_any_text_is_a_prompt_and_its_schedule_covers_all_steps(prompt: str, steps: int) -> None:
    told = schedule(prompt, steps)
    ends = [end for end, _ in told]
    assert ends == sorted(set(ends)) and ends[-1] == steps
    for step in range(1, steps + 1):
        assert at_step(prompt, step, steps) == next(text for end, text in told if step <= end)
    assert parts(prompt) and isinstance(choose(prompt, 0), str)


def test_the_longest_prompts_take_no_time() -> None:
    began = time.process_time()
    for prompt in ("[" * 2000, "[a|b]" * 400, "[" * 500 + "a:1]" * 375, "{" * 2000, "{a|b}" * 400, "_" * 2000,
                   " AND " * 400, ("[a:" * 300 + "]" * 300), "<lora:" * 333, "<lora:>" + " " * 1990,
                   "<lora:>" + "," * 1990):  # fmt: skip
        schedule(prompt, 100), parts(prompt), choose(prompt, 1), without_networks(prompt)
    assert time.process_time() - began < 3


def test_choices_are_drawn_by_seed() -> None:
    prompt = "a {red|blue|very {dark|pale} green} __animal__ by __Place__"
    drawn = [choose(prompt, seed) for seed in range(60)]
    assert drawn == [choose(prompt, seed) for seed in range(60)] and len(set(drawn)) > 30
    assert all(
        any(animal in text for animal in LISTS["animal"]) and "{" not in text and "__" not in text for text in drawn
    )
    assert {text.split()[1] for text in drawn} == {"red", "blue", "very"}
    assert all(choose(text, 5) == text for text in drawn)  # made once, it stays: a recipe may hold it


def test_lists_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "animal.txt").write_text("# mine\nwolpertinger\n\n", encoding="utf-8")
    (tmp_path / "nest.txt").write_text("{small|large} __animal__\n", encoding="utf-8")
    (tmp_path / "ring.txt").write_text("__ring__ __ring__\n", encoding="utf-8")
    (tmp_path.parent / "secret.txt").write_text("secret", encoding="utf-8")
    assert choose("__animal__", 1, tmp_path) == "wolpertinger"
    assert choose("__nest__", 1, tmp_path) in ("small wolpertinger", "large wolpertinger")
    assert len(choose("__ring__", 1, tmp_path)) <= 2000
    for name in ("__../secret__", "__nobody__", "__/etc/passwd__"):
        assert choose(name, 1, tmp_path) == name
    assert unknown_lists("__nobody__ __animal__", tmp_path) == ["nobody"]
    assert not has_choices("a {curly} brace, snake_case and __") and choose("{a}", 1) == "{a}"


@pytest.mark.parametrize(
    ("prompt", "left", "named"),
    [
        ("a fox <lora:ink:0.8>, snow", "a fox, snow", ["LoRA: ink:0.8"]),
        ("<lora:a b.v2:1:0.5>a fox", "a fox", ["LoRA: a b.v2:1:0.5"]),
        ("a fox, <lyco:x:1>, <hypernet:y>, snow", "a fox, snow", ["LyCORIS: x:1", "Hypernetwork: y"]),
        ("[a <LORA:x:1>:b:0.5] (c:1.2),<lora:y:1>", "[a:b:0.5] (c:1.2)", ["LoRA: x:1", "LoRA: y:1"]),
        ("a < b, <3, <lora: never closed", "a < b, <3, <lora: never closed", []),
        ("a  fox ,, snow, ", "a  fox ,, snow, ", []),
        ("<lora:x:1>", "", ["LoRA: x:1"]),
    ],
)
def test_networks_are_no_words(prompt: str, left: str, named: list[str]) -> None:
    assert without_networks(prompt) == (left, named)
    assert without_networks(left) == (left, [])


def test_styles(tmp_path: Path) -> None:
    file = tmp_path / "styles.csv"
    file.write_text(
        '\ufeffname,prompt,negative_prompt\nInk,"ink drawing of {prompt}, lines",colour\nOld,sepia,\n', "utf-8"
    )
    assert styled("a fox", "blur", ["Ink", "Old"], file) == ("ink drawing of a fox, lines, sepia", "blur, colour")
    assert styled("", "", ["Old"], file) == ("sepia", "") and read_styles(tmp_path / "none.csv") == {}
    with pytest.raises(BadRequest, match="nearest is 'Ink'"):
        styled("a", "", ["ink"], file)


def test_a_list_of_windows_and_names_of_any_length(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("red", encoding="utf-8-sig")
    assert choose("a __c__ cat", 1, tmp_path) == "a red cat"
    long = f"__{'a' * 300}__"  # no file system has such a name
    assert choose(long, 1, tmp_path) == long
