"""Settings against a pydantic model: the validated model, or every problem with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from collector.config.messages import explain
from collector.config.moved import moved_key
from collector.config.problems import MistakesError, Path, Problem, closest, did_you_mean
from collector.config.secrets import hide_user_info
from collector.config.shape import deeper, known_keys
from collector.config.source import Node, to_data

M = TypeVar("M", bound=BaseModel)


def check(model: type[M], node: Node, path: Path) -> tuple[M | None, list[Problem]]:
    """The settings at `node` as a `model`; `path` is where they stand in the configuration."""
    top = _Spot((), node, to_data(node))
    try:
        made, found = _validate(model, top)
        if _restore_text(found, top.data):
            made, found = _validate(model, top)
    except Exception as error:  # a validator of somebody's component
        message = f"{model.__name__} cannot be checked: {type(error).__name__} in its validators"
        return None, [Problem(node.key_place, path, message)]
    problems = [
        problem for finding in _telling(found) for problem in _problems(model, finding, path)
    ]
    return made, _joined(problems)


@dataclass(frozen=True)
class _Spot:
    """A place in the settings: the node, and the data that pydantic saw there."""

    path: Path
    node: Node
    data: Any


@dataclass(frozen=True)
class _Finding:
    """One of pydantic's errors, and the spot that it is about."""

    error: ErrorDetails
    spot: _Spot


def _validate(model: type[M], top: _Spot) -> tuple[M | None, list[_Finding]]:
    try:
        return model.model_validate(top.data), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
        return None, [_Finding(error, _find(error, top)) for error in errors]


def _find(error: ErrorDetails, top: _Spot) -> _Spot:
    """The spot that holds the error's very input, or else the deepest one."""
    location = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
    spots = _spots(top, location)
    return max(spots, key=lambda spot: (spot.data is error["input"], len(spot.path)))


def _spots(spot: _Spot, location: Path) -> Iterator[_Spot]:
    """Every way to follow a location, whose steps may name branches of unions, not only keys."""
    if not location:
        yield spot
        return
    step, rest = location[0], location[1:]
    if _has(spot.node.value, step):
        child = _Spot((*spot.path, step), spot.node.value[step], spot.data[step])
        yield from _spots(child, rest)
    yield from _spots(spot, rest)


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _restore_text(found: list[_Finding], data: Any) -> bool:
    """Give text fields what an environment variable said, where YAML had made a number of it."""
    spots = [f.spot for f in found if f.error["type"] == "string_type" and f.spot.path]
    spots = [spot for spot in spots if spot.node.text is not None]
    for spot in spots:
        parent = data
        for step in spot.path[:-1]:
            parent = parent[step]
        parent[spot.path[-1]] = spot.node.text
    return bool(spots)


def _telling(found: list[_Finding]) -> list[_Finding]:
    """Without what another finding says better."""
    return [
        finding
        for finding in found
        if not any(_is_other_branch(finding, f) or _is_misspelt(finding, f) for f in found)
    ]


def _is_other_branch(finding: _Finding, other: _Finding) -> bool:
    """Whether it is about a branch of a union that was not meant: the other one got further."""
    location, path, further = finding.error["loc"], finding.spot.path, other.spot.path
    is_branch = finding.error["type"].endswith("_type") and location[-1:] != path[-1:]
    return is_branch and len(further) > len(path) and further[: len(path)] == path


def _is_misspelt(finding: _Finding, other: _Finding) -> bool:
    """Whether the key that is missing stands there, as the other finding's unknown key."""
    return (
        finding.error["type"] == "missing"
        and other.error["type"] == "extra_forbidden"
        and other.spot.path[:-1] == finding.spot.path
        and closest(other.spot.path[-1], [str(finding.error["loc"][-1])]) is not None
    )


def _problems(model: type[M], finding: _Finding, top: Path) -> Iterator[Problem]:
    mistakes = finding.error.get("ctx", {}).get("error")
    if not isinstance(mistakes, MistakesError):
        yield _problem(model, finding, top)
        return
    for path, message in mistakes.found:
        place = _deepest(finding.spot.node, path).key_place
        yield Problem(place, (*top, *finding.spot.path, *path), hide_user_info(message))


def _deepest(node: Node, path: Path) -> Node:
    """The node at the path, or the last one before what the file does not have."""
    for step in path:
        if not _has(node.value, step):
            break
        node = node.value[step]
    return node


def _problem(model: type[M], finding: _Finding, top: Path) -> Problem:
    error, spot = finding.error, finding.spot
    place, path, message = spot.node.place, spot.path, _message(finding)
    match error["type"]:
        case "missing":
            place, path = spot.node.key_place, (*path, error["loc"][-1])
        case "extra_forbidden":
            place, message = spot.node.key_place, _unknown_key(model, error["loc"], (*top, *path))
        case "invalid_key":
            place = spot.node.key_place
        case "union_tag_invalid":
            key = error["ctx"]["discriminator"].strip("'")
            tag = spot.node.get(key)
            place, path = (tag.place if tag else place), (*path, key)
    return Problem(place, (*top, *path), message)


def _message(finding: _Finding) -> str:
    """What is wrong; a value that came from the environment is shown as its reference."""
    message, node = explain(finding.error), finding.spot.node
    if node.written is not None:
        message = message.replace(repr(node.text or node.value), repr(node.written))
    return hide_user_info(message)


def _unknown_key(model: type[M], location: Path, path: Path) -> str:
    known = known_keys(model, location[:-1])
    below = deeper(model, location[:-1], str(location[-1]))
    meant = f" (did you mean {below!r}?)" if below else did_you_mean(location[-1], known)
    hint = moved_key(path) or meant
    return f"unknown key{hint or '; known are ' + ', '.join(known)}"


def _joined(problems: list[Problem]) -> list[Problem]:
    """One problem a path: what the branches of a union want stands side by side."""
    joined: dict[Path, Problem] = {}
    for problem in problems:
        before = joined.get(problem.path)
        if before is None:
            joined[problem.path] = problem
        elif problem.message not in before.message:
            message = f"{before.message}, or {problem.message}"
            joined[problem.path] = replace(before, message=message)
    return list(joined.values())
