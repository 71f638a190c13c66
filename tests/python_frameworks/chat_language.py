"""Templates made from a seed out of the parts of the language: expressions over
all kinds of values, statements, and white space around tags."""

from __future__ import annotations

import random
from typing import Any

VARIABLES: dict[str, Any] = {
    "s": "Héllo wörld foo", "e": "", "w": "  a b\tc \n", "n": 7, "z": 0, "neg": -3, "f": 2.5, "big": 10**18, "t": True, "no": None,
    "l": [3, 1, 2], "ls": ["b", "A", "c", "a"], "mix": [1, "x", None, 2.0, True], "el": [], "nest": [[1, 2], ["a"], []],
    "d": {"a": 1, "items": [1], "b": {"c": "x"}, "keys": "k"}, "ed": {}, "rows": [{"k": "x", "v": 2}, {"k": "Y", "v": 1}, {"k": "x"}],
    "lines": "one\ntwo\r\n\nthree\x0bfour", "html": "<a href=\"x\">&'</a>", "num": "42", "fl": " 3.75 ",
}
ATOMS = [
    "s", "e", "w", "n", "z", "neg", "f", "big", "t", "no", "l", "ls", "mix", "el", "nest", "d", "ed", "rows", "lines", "html", "num",
    "fl", "undef", "1", "0", "-2", "1.5", "1e3", "'a'", "\"it's\"", "'\\n\\t\\\\'", "true", "none", "[1, 2]", "(1, 'x')", "()", "(4,)",
    "{'a': 1, 'q': none}", "[]", "{}", "'%s-%d' ", "'{} {}'", "range(4)", "0x1F", "1_000", "'é\\u00e9\\x41\\101'", "namespace(a=1)",
    "dict(a=1, b=2)", "True", "None", "[1, [2, 'x']]", "'x' 'y'",
]
BINARY = [
    "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in", "~", "+", "==",
]
FILTERS = [
    "abs", "attr('a')", "batch(2)", "batch(2, 0)", "capitalize", "center(12)", "count", "d('z')", "default('z', true)", "dictsort",
    "dictsort(false, 'value')", "dictsort(reverse=true)", "e", "first", "float", "float(7)", "format(1, 2)", "indent", "indent(2, true)",
    "indent('> ', blank=true)", "int", "int(5)", "int(base=16)", "items", "join", "join(', ')", "join('-', attribute='k')", "last",
    "length", "list", "lower", "map('upper')", "map(attribute='k')", "map(attribute='v', default=9)", "map('default', 1)", "map('int')",
    "max", "min", "max(attribute='v')", "reject('string')", "reject", "rejectattr('v')", "replace('o', '0')", "replace('l', 'LL', 1)",
    "reverse", "round", "round(1)", "round(1, 'floor')", "round(0, 'ceil')", "safe", "select", "select('string')", "select('in', [1, 'x'])",
    "selectattr('v')", "selectattr('v', 'gt', 1)", "selectattr('k', 'equalto', 'x')", "selectattr('v', 'defined')", "slice(2)",
    "slice(3, 'f')", "sort", "sort(true)", "sort(attribute='k')", "sort(case_sensitive=true)", "sort(attribute='k,v')", "string", "sum",
    "sum(attribute='v')", "sum(start=[])", "title", "tojson", "tojson(indent=2)", "tojson(separators=(',', ':'))", "tojson(sort_keys=true)",
    "tojson(ensure_ascii=true)", "tojson(true, 1)", "trim", "trim('a')", "unique", "unique(attribute='k')", "upper", "wordcount", "list", "list",
    "string", "join('|')", "tojson",
]
TESTS = [
    "boolean", "callable", "defined", "divisibleby(2)", "divisibleby 3", "even", "false", "float", "in [1, 'a']", "in('abc')", "integer",
    "iterable", "lower", "mapping", "none", "number", "odd", "sequence", "string", "true", "undefined", "upper", "eq(1)", "equalto 'a'",
    "ne 2", "lt 3", "gt(1)", "ge 1", "le 1", "not defined", "not none", "not string", "escaped", "filter", "sameas none", "sameas true",
]
METHODS = [
    "strip()", "strip('a')", "lstrip()", "rstrip('\\n')", "split()", "split(',')", "split(' ', 1)", "split(maxsplit=1)", "rsplit(' ', 1)",
    "rsplit(none, 1)", "splitlines()", "splitlines(true)", "replace('o', '')", "replace('', '-')", "replace('l', 'r', 1)", "startswith('H')",
    "startswith(('x', 'H'))", "startswith('l', 2)", "endswith('o')", "upper()", "lower()", "title()", "capitalize()", "swapcase()", "find('o')",
    "find('o', 5)", "rfind('o')", "index('o')", "count('o')", "count(1)", "join(['a', 'b'])", "join(ls)", "join('xyz')", "format(1, 'b')",
    "format(*l)", "isdigit()", "isalpha()", "isalnum()", "isspace()", "islower()", "isupper()", "isnumeric()", "isdecimal()", "isascii()",
    "partition(' ')", "rpartition('o')", "removeprefix('H')", "removesuffix('o')", "center(9)", "center(8, '*')", "ljust(8)", "rjust(8, '0')",
    "zfill(6)", "items()", "keys()", "values()", "get('a')", "get('zz')", "get('zz', 5)", "copy()", "index(1)", "append(1)", "update({})",
    "pop('a')", "is_integer()", "bit_length()", "nothing()", "__class__", "a", "b.c", "items", "real", "k", "0", "1",
]
FORMATS = ["'%s'", "'%d'", "'%5.2f|%-6s|'", "'%05d'", "'%x %o'", "'%e'", "'%g'", "'%r'", "'%(a)s'", "'%%'", "'%+d'", "'%s %s'"]
SUBSCRIPTS = [
    "[0]", "[-1]", "[9]", "['a']", "[1:]", "[:-1]", "[::-1]", "[::2]", "[1:3]", "[-2:]", "['items']", "[none]", "[5:1:-2]", "[n]", "[1.0]",
]


def expression(chance: random.Random, depth: int = 0) -> str:
    """An expression, in parentheses where it is not the outermost."""
    if depth > 3 or chance.random() < 0.18 + 0.12 * depth:
        return chance.choice(ATOMS)
    inner = lambda: expression(chance, depth + 1)  # noqa: E731
    kind = chance.randrange(12)
    if kind < 2:
        made = f"{inner()} {chance.choice(BINARY)} {inner()}"
    elif kind < 6:
        made = f"{inner()}|{chance.choice(FILTERS)}"
    elif kind < 8:
        made = f"{inner()}.{chance.choice(METHODS)}"
    elif kind == 8:
        # Jinja2 folds constants by other rules: what cannot be sliced is undefined there.
        made = f"{chance.choice(['s', 'l', 'd', 'mix', 'rows', 'nest[0]', 'no', 'undef', 'n', 'lines'])}{chance.choice(SUBSCRIPTS)}"
    elif kind == 9:
        made = f"{inner()} is {chance.choice(TESTS)}"
    elif kind == 10:
        made = chance.choice([f"not {inner()}", f"-{inner()}", f"{inner()} if {inner()} else {inner()}", f"{inner()} if {inner()}"])
    else:
        made = f"{chance.choice(FORMATS)} % {inner()}"
    # Without parentheses, precedence is held to as well.
    return made if depth == 0 or chance.random() < 0.4 else f"({made})"


SPACES = ["", "", "", " ", "\n", "\n  ", "  \n", "\t", " \n\n ", "x", "y\n", "\r\n"]


def tag(chance: random.Random, inside: str) -> str:
    before, after = chance.choice(["", "", "-", "+"]), chance.choice(["", "", "-", "+"])
    return f"{{%{before} {inside} {after}%}}"


def space(chance: random.Random) -> str:
    return chance.choice(SPACES)


def printed(chance: random.Random, inside: str) -> str:
    return f"{{{{{chance.choice(['', '', '-'])} {inside} {chance.choice(['', '', '-'])}}}}}"


LOOPED = [
    "loop.index", "loop.index0", "loop.first", "loop.last", "loop.length", "loop.revindex", "loop.revindex0", "loop.previtem",
    "loop.nextitem", "loop.depth", "loop.cycle('a', 'b')", "loop.changed(x)", "x", "x.k", "y",
]


def statement(chance: random.Random, depth: int, looped: bool) -> str:
    body = lambda: statements(chance, depth + 1, looped)  # noqa: E731
    made = lambda inside: tag(chance, inside)  # noqa: E731
    value = expression(chance, 2)
    name = chance.choice("xyzs")
    kind = chance.randrange(16)
    if kind < 4 or depth > 3:
        return printed(chance, chance.choice(LOOPED) if looped and chance.random() < 0.5 else value)
    if kind == 4:
        return made(f"set {name} = {value}") + printed(chance, name)
    if kind == 5:
        return made(f"set {name}{chance.choice(['', '|upper', '|trim|length'])}") + body() + made("endset") + printed(chance, name)
    if kind == 6:
        middle = made(f"elif {expression(chance, 2)}") + body() if chance.random() < 0.4 else ""
        rest = made("else") + body() if chance.random() < 0.5 else ""
        return made(f"if {value}") + body() + middle + rest + made("endif")
    if kind < 10:
        over = chance.choice(["l", "ls", "mix", "rows", "d", "s[:3]", "range(3)", "rows|selectattr('v')", "el", "undef", "d.items()", value])
        test = chance.choice(["", "", "", " if x", " if x is not none", " if not ns.done"])
        inner = statements(chance, depth + 1, True)
        stop = chance.choice(["", "", "", made("break"), made("if x == 2") + made("continue") + made("endif")])
        rest = made("else") + body() if chance.random() < 0.3 else ""
        return made(f"for {chance.choice(['x', 'x', 'x', 'x, y'])} in {over}{test}") + inner + stop + statements(chance, depth + 1, True) + rest + made("endfor")
    if kind == 10:
        return made(f"with {name} = {value}, q = {name}") + body() + printed(chance, "q") + made("endwith")
    if kind == 11:
        call = chance.choice(["m(1)", "m(1, 2)", "m(b=1)", "m()", "m(1, c=3)", "m(1, 2, 3)", "m(x)"])
        extra = chance.choice(["", "", printed(chance, "varargs"), printed(chance, "kwargs"), printed(chance, "caller is defined")])
        return made("macro m(a, b=a)") + printed(chance, "a") + printed(chance, "b") + extra + body() + made("endmacro") + printed(chance, call)
    if kind == 12:
        return made("set ns.done = x") + printed(chance, "ns.done") if looped else made("set ns.a = ns.a ~ 1") + printed(chance, "ns.a")
    if kind == 13:
        return made("generation") + body() + made("endgeneration")
    if kind == 14:
        return chance.choice(["{# c #}", "{#- c -#}", "{# {{ x }} \n#}\n", made("raw") + " {{ x }} {% y %} " + made("endraw"), "{%raw%}\n{{{%- endraw %}"])
    return made("filter upper") + body() + made("endfilter")


def statements(chance: random.Random, depth: int, looped: bool) -> str:
    return space(chance) + "".join(statement(chance, depth, looped) + space(chance) for _ in range(chance.randrange(1, 4 - depth // 2)))


def template(seed: int) -> str:
    chance = random.Random(seed)
    if seed % 2:
        return "{{ " + expression(chance) + " }}"
    return "{% set ns = namespace(a='', done=false) %}" + statements(chance, 0, False)
