"""What lag(...) and W(...) mean in a formula: read from its syntax tree, never run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gvcpos._core.errors import InputError

LAG, SPATIAL = "lag", "W"
_DYNAMICS = {(False, False): "none", (True, False): "time", (False, True): "space", (True, True): "space-time"}


@dataclass(frozen=True)
class Special:
    """The terms of a formula that are more than columns.

    Attributes
    ----------
    dynamic : {"none", "time", "space", "space-time"}
        Whether there is lag(y), W(lag(y)), or both.
    lagged : tuple of str
        Terms x for which there is W(x).
    drop : tuple of str
        Terms that are no column of X: lag(y) and every W(...).
    depth : int
        How many periods back the other terms reach.
    uses : tuple of str
        "lag" and "W" as far as the formula has them.
    back : tuple of str
        The other terms that reach back.
    """

    dynamic: str
    lagged: tuple[str, ...]
    drop: tuple[str, ...]
    depth: int
    uses: tuple[str, ...]
    back: tuple[str, ...]


def read(target: str, terms: Iterable[tuple[str, ...]]) -> Special:
    """Read the right side of a formula.

    Parameters
    ----------
    target : str
        Left side.
    terms : iterable of tuples of str
        Factors of every term.

    Raises
    ------
    InputError
        If W or lag is used where it has no meaning; the message says what to write.
    """
    if any(_calls(_parsed(target), name) for name in (LAG, SPATIAL)):
        raise InputError(f"{target!r}: lag() and W() belong right of '~'.")
    past, past_lag, lagged, drop, back, depth, uses = False, False, [], [], [], 0, set()
    for factors in terms:
        name = ":".join(factors)
        trees = [_parsed(factor) for factor in factors]
        uses |= {special for special in (LAG, SPATIAL) for tree in trees if _calls(tree, special)}
        if any(_calls(tree, SPATIAL) for tree in trees):
            inner = _argument(name, trees)
            if inner == f"{LAG}({_written(target)})":
                past_lag = True
            else:
                _refuse_outcome(target, inner)
                _refuse_past(target, name, [_parsed(inner)])
                lagged.append(inner)
            drop.append(name)
        elif _without_one(trees[0]) == f"{LAG}({_written(target)})" and len(trees) == 1:
            past = True
            drop.append(name)
        else:
            _refuse_past(target, name, trees)
            reach = max(_depth(tree) for tree in trees)
            back += [name] * (reach > 0)
            depth = max(depth, reach)
    return Special(_DYNAMICS[past, past_lag], tuple(lagged), tuple(drop), depth, tuple(sorted(uses)), tuple(back))


def _parsed(factor: str) -> ast.expr:
    """Parse a factor; names that are not Python (quoted column names) are names."""
    try:
        return ast.parse(factor, mode="eval").body
    except SyntaxError:
        return ast.Name(factor)


def _written(factor: str) -> str:
    return ast.unparse(_parsed(factor))


def _calls(tree: ast.expr, name: str) -> list[ast.Call]:
    """Return the calls of a function by name."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def _argument(name: str, trees: list[ast.expr]) -> str:
    """Return x of a term W(x), as written."""
    tree = trees[0]
    found = [call for each in trees for call in _calls(each, SPATIAL)]
    if len(trees) > 1 or len(found) > 1 or found[0] is not tree:
        raise InputError(
            f"term {name!r}: W(...) must be a whole term, as in W(x), W(lag(x)) or W(I(x1 * x2)). "
            "Of a product or function of spatial lags no effects are defined."
        )
    if len(found[0].args) != 1 or found[0].keywords:
        raise InputError(f"term {name!r}: W(x) takes one variable; the weights are those of the model (or x_weights).")
    return _without_one(found[0].args[0])


def _without_one(tree: ast.expr) -> str:
    """Write an expression, lag(x, 1) as lag(x)."""
    for call in _calls(tree, LAG):
        if _order(call) == 1:
            call.args, call.keywords = call.args[:1], []
    return ast.unparse(tree)


def _order(call: ast.Call) -> int:
    """Return how many periods one lag() reaches back."""
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    value = given[0] if given else ast.Constant(1)
    named = all(keyword.arg == "periods" for keyword in call.keywords)
    order = value.value if isinstance(value, ast.Constant) else None
    if len(given) > 1 or not call.args or not named or type(order) is not int or order < 1:
        raise InputError(f"{ast.unparse(call)!r}: write lag(x) or lag(x, 2), with a whole number of periods from 1.")
    return order


def _depth(tree: ast.AST) -> int:
    """Return how many periods an expression reaches back, lags of lags added up."""
    below = max((_depth(child) for child in ast.iter_child_nodes(tree)), default=0)
    is_lag = isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == LAG
    return below + (_order(tree) if is_lag else 0)  # type: ignore[arg-type]


def _names(tree: ast.AST) -> Iterator[str]:
    """Yield the variables of an expression; the heads of np.log and calls are not variables."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(tree, ast.Call) and node is tree.func:
            continue
        yield from _names(node)
    if isinstance(tree, ast.Name):
        yield tree.id


def _refuse_outcome(target: str, inner: str) -> None:
    """Refuse W of y, which is no regressor."""
    own = set(_names(_parsed(target)))
    if inner == _written(target) or (len(own) == 1 and LAG not in inner and set(_names(_parsed(inner))) == own):
        raise InputError(
            f"W({inner}) is the spatial lag of what stands left of '~', which depends on the errors and is no "
            f"regressor. Take it out of the formula: model='sar' (or 'sdm') has W {target} with the parameter rho."
        )


def _refuse_past(target: str, name: str, trees: list[ast.expr]) -> None:
    """Refuse the past of y in any form but lag(y) and W(lag(y))."""
    own = set(_names(_parsed(target)))
    for call in (call for tree in trees for call in _calls(tree, LAG)):
        if own & set(_names(call)):
            raise InputError(
                f"term {name!r}: of the past of {target} a model can have lag({target}) and W(lag({target})), each a "
                "term of its own. Another form would be taken for exogenous, and its bias stay."
            )
