"""From the text of a condition to a function: recursive descent, one method a rule.

condition  = conjunction { "or" conjunction }
conjunction = negation { "and" negation }
negation   = [ "not" ] comparison
comparison = sum [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) sum ]
sum        = product { ( "+" | "-" ) product }
product    = unary { ( "*" | "/" ) unary }
unary      = { "+" | "-" } primary
primary    = "(" condition ")" | literal | enum | path | function
"""

from collections.abc import Callable
from typing import Any

from processors._conditions.errors import ConditionError, ConditionSyntaxError
from processors._conditions.functions import FUNCTIONS
from processors._conditions.nodes import Node, literal
from processors._conditions.paths import (
    ATTRIBUTES,
    FIELDS,
    Context,
    Getter,
    Key,
    attribute,
    tracestate_member,
)
from processors._conditions.tokens import END, Token
from processors._conditions.values import COMPARISONS, calculate, compare
from processors._conditions.words import Words, shown
from processors._match import SPAN_KINDS

_DEPTH = 30
_CONSTANTS = {"true": True, "false": False, "nil": None}
_ENUMS = {name: number for number, name in enumerate(SPAN_KINDS)} | {
    "STATUS_CODE_UNSET": 0,
    "STATUS_CODE_OK": 1,
    "STATUS_CODE_ERROR": 2,
}
_TRACESTATE = ("trace_state", "span.trace_state")


def parse(text: str, context: Context) -> Getter:
    """A function of a span, and of an event where the context is events, that gives a bool.

    Raises ConditionSyntaxError. The function raises ConditionError.
    """
    return _Parser(Words(text), context).whole()


class _Parser:
    def __init__(self, words: Words, context: Context) -> None:
        self._words = words
        self._depth = 0
        self._context = context

    # Conditions.

    def whole(self) -> Getter:
        node = self._condition()
        found = self._words.next
        if node.truth and found.kind != END:
            raise ConditionSyntaxError(
                found.column, f"expected and, or, or the end, not {shown(found)}"
            )
        return self._true(node)

    def _condition(self) -> Node:
        return self._joined("or", any, self._conjunction)

    def _conjunction(self) -> Node:
        return self._joined("and", all, self._negation)

    def _joined(self, word: str, join: Callable[[Any], bool], part: Callable[[], Node]) -> Node:
        first = part()
        if self._words.next.text != word or self._words.next.kind != "name":
            return first
        parts = [self._true(first)]
        while self._words.accept(word, "name"):
            parts.append(self._true(part()))
        getters = tuple(parts)
        return Node(
            lambda record, event: join(get(record, event) for get in getters),
            first.column,
            operand=False,
            truth=True,
        )

    def _negation(self) -> Node:
        column = self._words.next.column
        if not self._words.accept("not", "name"):
            return self._comparison()
        get = self._true(self._comparison())
        return Node(lambda record, event: not get(record, event), column, operand=False, truth=True)

    def _comparison(self) -> Node:
        left = self._sum()
        if self._words.next.text not in COMPARISONS or self._words.next.kind != "sign":
            return left
        sign = self._words.take().text
        first, second = self._operand(left), self._operand(self._sum())
        return Node(
            lambda record, event: compare(first(record, event), second(record, event), sign),
            left.column,
            operand=False,
            truth=True,
        )

    # Values.

    def _sum(self) -> Node:
        return self._calculated(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._calculated(("*", "/"), self._unary)

    def _calculated(self, signs: tuple[str, ...], part: Callable[[], Node]) -> Node:
        first = part()
        if not self._words.next_is(*signs):
            return first
        start, steps = self._operand(first), list[tuple[str, Getter]]()
        while self._words.next_is(*signs):
            sign = self._words.take().text
            steps.append((sign, self._operand(part())))

        def result(record: Any, event: Any) -> Any:
            value = start(record, event)
            for sign, get in steps:
                value = calculate(value, get(record, event), sign)
            return value

        return Node(result, first.column)

    def _unary(self) -> Node:
        sign = self._words.next
        if not self._words.next_is("+", "-"):
            return self._primary()
        self._words.take()
        node = self._deeper(self._unary)
        get = self._operand(node)
        if node.value.__class__ in (int, float):
            return literal(node.value if sign.text == "+" else -node.value, sign.column)
        if sign.text == "+":
            return node
        return Node(lambda record, event: calculate(0, get(record, event), "-"), sign.column)

    def _primary(self) -> Node:
        token = self._words.take()
        if token.text == "(" and token.kind == "sign":
            node = self._deeper(self._condition)
            self._words.expect(")")
            return node
        match token.kind:
            case "string":
                return literal(token.text, token.column)
            case "int":
                return self._integer(token)
            case "float":
                return literal(float(token.text), token.column)
            case "bytes":
                return self._bytes(token)
            case "name":
                return self._named(token)
        raise ConditionSyntaxError(
            token.column, f'expected a value, such as attributes["key"], not {shown(token)}'
        )

    def _integer(self, token: Token) -> Node:
        number = int(token.text) if len(token.text) < 20 else 1 << 63
        if number >= 1 << 63:
            raise ConditionSyntaxError(token.column, "this integer has more than 64 bits")
        return literal(number, token.column)

    def _bytes(self, token: Token) -> Node:
        if len(token.text) % 2:
            raise ConditionSyntaxError(token.column, "bytes have two hex digits each: write 0x0a")
        return literal(bytes.fromhex(token.text[2:]), token.column)

    def _named(self, token: Token) -> Node:
        name = token.text
        if name in _CONSTANTS:
            return literal(_CONSTANTS[name], token.column)
        if self._words.next_is("("):
            return self._function(token)
        if name in _ENUMS:
            return literal(_ENUMS[name], token.column)
        if name in ("and", "or", "not"):
            raise ConditionSyntaxError(token.column, f"expected a value before {name!r}")
        if name.isupper():
            raise _unknown(token, "constant", _ENUMS)
        return self._path(token)

    def _function(self, token: Token) -> Node:
        function = FUNCTIONS.get(token.text)
        known = {name for name, found in FUNCTIONS.items() if self._context in found.contexts}
        if function is None or token.text not in known:
            raise _unknown(token, "function", known)
        self._words.take()
        arguments: list[Node] = []
        while not self._words.next_is(")"):
            if arguments:
                self._words.expect(",")
            argument = self._deeper(self._sum)
            self._operand(argument)
            arguments.append(argument)
        self._words.take()
        if len(arguments) != function.arguments:
            raise ConditionSyntaxError(
                token.column,
                f"{token.text} takes {function.arguments} arguments, not {len(arguments)}",
            )
        return Node(function.build(*arguments), token.column, truth=True)

    def _path(self, token: Token) -> Node:
        words = [token.text]
        while self._words.accept(".", "sign"):
            words.append(self._words.expect_name().text)
        name, keys = ".".join(words), self._keys()
        keyed = ATTRIBUTES[self._context].get(name)
        if keyed is not None and (not keys or isinstance(keys[0], str)):
            return Node(attribute(keyed, keys), token.column)
        getter = FIELDS[self._context].get(name)
        if getter is not None and not keys:
            return Node(getter, token.column)
        if getter is not None and name in _TRACESTATE and len(keys) == 1:
            return Node(tracestate_member(str(keys[0])), token.column)
        if getter is not None or keyed is not None:
            raise ConditionSyntaxError(token.column, f"{name} has nothing at this index")
        known = {*FIELDS[self._context], *ATTRIBUTES[self._context]}
        short = {path for path in known if not path.startswith(f"{self._context}.")}
        raise _unknown(Token("name", name, token.column), "path", short)

    def _keys(self) -> list[Key]:
        keys: list[Key] = []
        while self._words.accept("[", "sign"):
            token = self._words.take()
            if token.kind not in ("string", "int"):
                raise ConditionSyntaxError(
                    token.column, 'expected a key in double quotes, such as ["user.id"]'
                )
            keys.append(token.text if token.kind == "string" else int(token.text))
            self._words.expect("]")
        return keys

    # Checks.

    def _deeper(self, rule: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEPTH:
            raise ConditionSyntaxError(
                self._words.next.column,
                f"nested more than {_DEPTH} deep: write it in several conditions",
            )
        node = rule()
        self._depth -= 1
        return node

    def _true(self, node: Node) -> Getter:
        """The part as a condition. Raises ConditionSyntaxError where it cannot be one."""
        if not node.truth:
            raise _no_comparison(self._words.next.column)
        if not node.operand:
            return node.get
        get = node.get

        def truth(record: Any, event: Any) -> bool:
            value = get(record, event)
            if value.__class__ is not bool:
                raise ConditionError("this function does not give a boolean: compare it")
            return bool(value)

        return truth

    @staticmethod
    def _operand(node: Node) -> Getter:
        if not node.operand:
            raise ConditionSyntaxError(
                node.column, "a condition is no value: join it with and, or, not"
            )
        return node.get


def _no_comparison(column: int) -> ConditionSyntaxError:
    return ConditionSyntaxError(column, 'expected a comparison, such as == "value"')


def _unknown(token: Token, what: str, known: Any) -> ConditionSyntaxError:
    return ConditionSyntaxError(
        token.column, f"{token.text} is no {what}: use {', '.join(sorted(known))}"
    )
