"""YAML with positions says the same as YAML, and where."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from collector import ConfigError
from collector.config.problems import Place
from collector.config.source import Node, parse, read, to_data
from tests.config.trees import TREES, lines_of


def parsed(text: str) -> Node:
    node, problems = parse(text, lambda mark: Place("f", mark.line + 1, mark.column + 1))
    assert problems == []
    return node


def below(node: Node) -> Iterator[Node]:
    yield node
    value = node.value
    children = value.values() if isinstance(value, dict) else value
    for child in children if isinstance(value, dict | list) else ():
        yield from below(child)


def dump(tree: object, style: bool | None = None) -> str:
    return yaml.safe_dump(tree, default_flow_style=style, allow_unicode=True)


@given(TREES, st.sampled_from([None, True, False]))
def test_any_tree_reads_as_safe_load_reads_it(tree: object, style: bool | None):
    text = dump(tree, style)
    assert to_data(parsed(text)) == yaml.safe_load(text)


@given(TREES)
@example(["\x85", None])
def test_every_position_is_inside_the_file(tree: object):
    text = dump(tree)
    lines = lines_of(text)
    for node in below(parsed(text)):
        for place in (node.place, node.key_place):
            assert 1 <= place.line <= len(lines)
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1


@given(st.dictionaries(st.from_regex(r"k[a-z]{1,8}", fullmatch=True), st.integers(1)))
def test_a_value_is_pointed_at_where_it_stands_and_a_key_where_it_stands(tree: dict[str, int]):
    lines = dump({"top": tree}).split("\n")
    for key, node in parsed("\n".join(lines)).value["top"].value.items():
        assert lines[node.key_place.line - 1][node.key_place.column - 1 :].startswith(key)
        assert lines[node.place.line - 1][node.place.column - 1 :].startswith(str(node.value))


@pytest.mark.parametrize(
    "text",
    [
        "base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\n",
        "x: &x {a: 1}\ny: &y {a: 2, b: 2}\nuse:\n  <<: [*x, *y]\n",
        "x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nuse: {<<: *y}\n",
        "'<<': 1\nplain: *a\n".replace("*a", "text"),
        "a: &a [1, 2]\nb: *a\n",
        "a: 2024-02-29\nb: 0x1F\nc: 1_000\nd: .inf\ne: yes\n",
        "a: >\n  folded\n  text\nb: |\n  kept\n",
        "",
        "# nothing but a comment\n",
    ],
)
def test_anchors_merges_and_scalars_read_as_safe_load_reads_them(text: str):
    assert to_data(parsed(text)) == yaml.safe_load(text)


def test_a_block_and_an_empty_value_are_pointed_at_by_their_key():
    top = parsed("a:\n  b: 1\nc:\nd: {e: 1}\n").value
    assert [str(top[key].place) for key in "acd"] == ["f:1:1", "f:3:1", "f:4:4"]


def test_what_a_merge_brings_in_is_pointed_at_where_it_is_written():
    top = parsed("base: &base\n  a: 1\nuse:\n  <<: *base\n").value
    assert str(top["use"].value["a"].place) == "f:2:6"


def test_a_duplicate_key_is_a_problem_at_its_second_place():
    _, problems = parse("a: 1\nb: 2\na: 3\n", lambda mark: Place("f", mark.line + 1, 1))
    assert [str(problem) for problem in problems] == [
        "f:3:1: a: duplicate key, first used in line 1"
    ]


def test_a_key_that_a_merge_also_brings_is_no_duplicate():
    assert to_data(parsed("x: &x {a: 1}\nuse: {<<: *x, a: 2}\n"))["use"] == {"a": 2}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1\nb: 2\n", ":2:2: while parsing a flow sequence"),
        ("a: b: c\n", ":1:5: mapping values are not allowed"),
        ("a: b: c\n", "or put a text with ': ' in quotes)"),
        ("a: *nowhere\n", ":1:4: found undefined alias (define it before, as &name;"),
        ("a: *.password\n", "a text that begins with * needs quotes)"),
        ("a: @home\n", "(a text that begins with @ needs quotes)"),
        ("a: 1\n---\nb: 2\n", ":2:1: expected a single document"),
        ("a: 1\n---\nb: 2\n", "(a configuration is one document: remove the line ---)"),
        ("a: &a [*a]\n", ":1:4: an alias may not contain itself"),
        ("? [a]\n: 1\n", ":1:3: a key must be"),
        ("a: {<<: 1}\n", ":1:9: << needs a mapping"),
        ("ä: 1\nb: ä\x07\n", ":2:5: control characters are not allowed"),
        ("a:\n\tb: 1\n", "(indent with spaces, not with tabs)"),
        ("a: {b: ${env:B}}\n", "put ${env:NAME} in quotes"),
        ("a: {b: \n", ":2:1: while parsing a flow node"),
        ("a: 'b\n", "close the bracket or the quote that is still open"),
        ("a: [b", "close the bracket or the quote that is still open"),
    ],
)
def test_broken_yaml_is_told_with_line_and_column(tmp_path: Path, text: str, problem: str):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert len(caught.value.problems) == 1
    assert problem in caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: !!python/name:os.system x\n", "the tag"),
        ("a: !!set {x, y}\n", "the tag"),
        ("a: 2024-02-31\n", "not a valid timestamp"),
    ],
)
def test_values_that_yaml_cannot_build_are_problems_with_a_place(text: str, problem: str):
    _, problems = parse(text, lambda mark: Place("f", mark.line + 1, mark.column + 1))
    assert str(problems[0]).startswith("f:1:4: a: ")
    assert problem in problems[0].message


def test_aliases_of_aliases_are_stopped():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    with pytest.raises(yaml.YAMLError, match="more than 100000 values"):
        parsed(bomb)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 200_000,
        "a: " + "{a: " * 200_000,
        "? " * 5000 + "a",
        "".join(f"{' ' * level}a:\n" for level in range(300)),
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 3000)),
        "a0: &a0 {k: x}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}}}\n" for i in range(1, 3000)),
    ],
    ids=["lists", "mappings", "keys", "blocks", "aliases", "merges"],
)
def test_what_is_nested_without_end_is_stopped(text: str):
    with pytest.raises(yaml.YAMLError, match="more than 100 levels deep: name another file"):
        parsed(text)


def test_what_has_too_many_values_is_stopped_before_it_is_built():
    with pytest.raises(yaml.YAMLError, match="more than 100000 values"):
        parsed("a:\n" + "- x\n" * 250_000)


def test_a_file_that_is_too_large_is_not_read_to_its_end():
    with pytest.raises(ConfigError, match=r"/dev/zero: is larger than 10 MiB, so it is no conf"):
        read(Path("/dev/zero"))


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read: No such file"):
        read(tmp_path / "nowhere.yaml")


def test_a_file_that_is_not_text_is_told_with_the_place(tmp_path: Path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml:2:7: is not UTF-8"):
        read(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert to_data(read(path)[0]) == {"a": 1, "b": 2}
