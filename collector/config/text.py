"""The text of a YAML file, read within limits, and what is wrong with one that is no YAML."""

from pathlib import Path

import yaml

from collector.config.problems import Place
from collector.errors import ConfigError

MAX_BYTES = 10 * 1024 * 1024
"""More than any configuration has; whatever is larger was named by mistake."""

_ALIAS = "define it before, as &name; a text that begins with * needs quotes"
_HINTS = {
    "mapping values are not allowed": "indent this as what it belongs to, or put a text with ': ' "
    "in quotes",
    "undefined alias": _ALIAS,
    "scanning an alias": _ALIAS,
    "another document": "a configuration is one document: remove the line ---",
}
_CONTROL = "control characters are not allowed: remove them, or name a text file"


def read_text(path: Path) -> str:
    """The file's text, without a byte order mark. Raises ConfigError if there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}; name a file that this user may read"
        raise ConfigError([f"{path}: {problem}"]) from None
    if len(content) > MAX_BYTES:
        problem = f"is larger than {MAX_BYTES // 1024**2} MiB, so it is no configuration"
        raise ConfigError([f"{path}: {problem}: name another file"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8-sig")
        problem = "is not UTF-8 text: save it as UTF-8"
        raise ConfigError([f"{_end(str(path), before)}: {problem}"]) from None


def explain(file: str, text: str, error: yaml.YAMLError) -> str:
    """`file:line:col: what is wrong`, with a remedy for the usual causes."""
    place, message = _explain(file, text, error)
    return f"{place}: {message}"


def _explain(file: str, text: str, error: yaml.YAMLError) -> tuple[Place, str]:
    if isinstance(error, yaml.reader.ReaderError):
        before = text.encode()[: error.position].decode(errors="ignore")
        is_control = error.reason.startswith("control characters")
        return _end(file, before), _CONTROL if is_control else error.reason
    if not isinstance(error, yaml.MarkedYAMLError):
        return Place(file, 1, 1), str(error)
    message = ": ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Place(file, 1, 1), message
    hint = _hint(text, mark, message)
    return Place(file, mark.line + 1, mark.column + 1), f"{message} ({hint})" if hint else message


def _hint(text: str, mark: yaml.Mark, message: str) -> str:
    lines = text.splitlines()
    if mark.line >= len(lines):
        return "the file ends here: close the bracket or the quote that is still open"
    line = lines[mark.line]
    if line[: mark.column + 1].endswith("\t"):
        return "indent with spaces, not with tabs"
    if "${" in line:
        return "inside { } or [ ], put ${env:NAME} in quotes"
    if line[mark.column : mark.column + 1] in ("@", "`"):
        return f"a text that begins with {line[mark.column]} needs quotes"
    return next((hint for part, hint in _HINTS.items() if part in message), "")


def _end(file: str, before: str) -> Place:
    """The place right after `before`, the beginning of the file."""
    return Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
