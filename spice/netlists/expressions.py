"""Values of a circuit as ngspice reads them: numbers with a suffix, and expressions in braces or quotes."""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping

from compact_model.support.validation import InputError

_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(meg|mil|[tgkmunpfa])?[a-z]*\Z", re.IGNORECASE)
_INSIDE = re.compile(
    r"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(meg|mil|[tgkmunpfa])?[a-z]*(?![\w.])", re.IGNORECASE
)
_SUFFIXES = {
    **{"t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "mil": 25.4e-6},
    **{"u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18},
}
_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    **{"sqrt": math.sqrt, "exp": math.exp, "log": math.log, "ln": math.log, "log10": math.log10, "abs": abs},
    **{"min": min, "max": max, "pow": math.pow, "sin": math.sin, "cos": math.cos, "tan": math.tan, "int": int},
    **{"floor": math.floor, "ceil": math.ceil},
}


def evaluate(name: str, text: str, scope: Mapping[str, float]) -> float:
    """A value as in a netlist: a number, or an expression in braces or quotes with parameters of the scope.

    Raises InputError, with the name, for anything else.
    """
    plain = text.strip()
    number = _NUMBER.match(plain)
    if number:
        return _scaled(number)
    inner = plain[1:-1] if plain[:1] + plain[-1:] in ("{}", "''") else plain
    written = _INSIDE.sub(lambda match: repr(_scaled(match)), inner.lower()).replace("^", "**")
    try:
        return float(_value(ast.parse(written, mode="eval").body, scope))
    except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, KeyError) as error:
        known = f"; the parameters here are {', '.join(scope)}" if scope else ""
        reason = f"no parameter {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
        raise InputError(
            f"{name}: expected a number or an expression in braces, got {text!r}: {reason}{known}"
        ) from None


def _scaled(match: re.Match[str]) -> float:
    return float(f"{float(match.group(1)) * _SUFFIXES[(match.group(2) or '').lower()]:.15g}")


def _value(tree: ast.AST, scope: Mapping[str, float]) -> float:
    match tree:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return scope[name]
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(operand, scope))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left, scope), _value(right, scope))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(each, scope) for each in arguments))
    raise ValueError(f"cannot read {ast.unparse(tree)!r}")
