"""Generates the types of the messages between kernel and page, in TypeScript, from Python.

Each `protocol.py` in `nbstream/widgets/` and its folders becomes a `protocol.ts` in the same folder
of `js/src/`. The files are only parsed, so this runs with any Python and without nbstream's
dependencies. It understands what they use: TypedDicts with `#:` comments, type aliases, constants,
aliases that are imported from other modules of nbstream, and types of another `protocol.py`.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[1]
_WIDGETS = ROOT / "nbstream" / "widgets"
_PAGE = ROOT / "js" / "src"
#: The generated file of each protocol.
TARGETS = {source: _PAGE / source.relative_to(_WIDGETS).with_suffix(".ts") for source in _WIDGETS.rglob("protocol.py")}

_NAMES = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "Any": "unknown"}


class Module:
    """A parsed module and its comments."""

    def __init__(self, path: Path) -> None:
        source = path.read_text("utf-8")
        self.body = ast.parse(source).body
        self.docstring = ast.get_docstring(ast.parse(source)) or ""
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        self._comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    def comment_above(self, node: ast.stmt) -> str:
        """Return the `#:` comment that ends on the line above `node`."""
        lines: list[str] = []
        line = node.lineno - 1
        while self._comments.get(line, "").startswith("#:"):
            lines.insert(0, self._comments[line].removeprefix("#:").strip())
            line -= 1
        return "\n".join(lines)

    def comment_beside(self, node: ast.expr) -> str:
        """Return the comment at the end of the last line of `node`."""
        return self._comments.get(node.end_lineno or 0, "").removeprefix("#").strip()

    def aliases(self) -> dict[str, ast.AnnAssign]:
        """Return the module's own type aliases by name."""
        return {
            ast.unparse(node.target): node
            for node in self.body
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias"
        }

    def imports(self) -> list[tuple[Path, list[str]]]:
        """Return the modules of nbstream that are imported from, each with the imported names."""
        return [
            (ROOT.joinpath(*str(node.module).split(".")).with_suffix(".py"), [name.name for name in node.names])
            for node in ast.walk(ast.Module(self.body, []))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nbstream.")
        ]


def generate(path: Path) -> str:
    """Return the TypeScript of a protocol."""
    source = Module(path)
    header = f"Generated, do not edit.\n\n{source.docstring}"
    parts = [_documented(header, "")]
    for imported, names in source.imports():
        if imported in TARGETS:
            parts.append(_import(names, TARGETS[path], TARGETS[imported]))
            continue
        module = Module(imported)
        aliases = module.aliases()
        parts += [_alias(module, aliases[name]) for name in names if name in aliases]
    for node in source.body:
        match node:
            case ast.ClassDef():
                parts.append(_interface(source, node))
            case ast.AnnAssign():
                parts.append(_alias(source, node))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                parts.append(_documented(source.comment_above(node), f"export const {name} = {json.dumps(value)};\n"))
    return "\n".join(parts)


def _import(names: list[str], target: Path, imported: Path) -> str:
    # `relative_to` walks upwards from Python 3.12 on only.
    steps = len(target.parent.relative_to(_PAGE).parts)
    where = ("../" * steps or "./") + imported.relative_to(_PAGE).with_suffix("").as_posix()
    return f'import type {{ {", ".join(names)} }} from "{where}";\n'


def _interface(source: Module, node: ast.ClassDef) -> str:
    fields = ""
    for field in node.body:
        if isinstance(field, ast.AnnAssign):
            annotation, optional = field.annotation, ""
            if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "NotRequired":
                annotation, optional = annotation.slice, "?"
            line = f"  {ast.unparse(field.target)}{optional}: {_type(annotation)};\n"
            fields += _documented(source.comment_above(field), line, "  ")
    bases = [base for base in map(ast.unparse, node.bases) if base != "TypedDict"]
    head = f"{node.name} extends {', '.join(bases)}" if bases else node.name
    return _documented(ast.get_docstring(node) or "", f"export interface {head} {{\n{fields}}}\n")


def _alias(module: Module, node: ast.AnnAssign) -> str:
    members = [(_type(member), module.comment_beside(member)) for member in _members(node.value)]
    union = f" {' | '.join(name for name, _ in members)};"
    if any(comment for _, comment in members):
        ends = ["" for _ in members[1:]] + [";"]
        union = "".join(f"\n  | {name}{end} // {comment}" for (name, comment), end in zip(members, ends, strict=True))
    return _documented(module.comment_above(node), f"export type {ast.unparse(node.target)} ={union}\n")


def _members(node: ast.expr | None) -> list[ast.expr]:
    """Return the members of a union."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    return [node] if node else []


def _type(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return _NAMES.get(name, name)
        case ast.Constant(value=None):
            return "null"
        case ast.BinOp():
            return " | ".join(map(_type, _members(node)))
        case ast.Subscript(value=ast.Name(id=name), slice=argument):
            arguments = argument.elts if isinstance(argument, ast.Tuple) else [argument]
            match name:
                case "Literal":
                    return " | ".join(json.dumps(ast.literal_eval(value)) for value in arguments)
                case "list":
                    return f"({_type(argument)})[]" if "|" in _type(argument) else f"{_type(argument)}[]"
                case "tuple":
                    return f"[{', '.join(map(_type, arguments))}]"
                case "dict":
                    return f"Record<{', '.join(map(_type, arguments))}>"
    raise TypeError(f"{ast.unparse(node)} is not known to the generator: add it to {Path(__file__).name}.")


def _documented(comment: str, code: str, indent: str = "") -> str:
    lines = comment.splitlines()
    if not lines:
        return code
    if len(lines) == 1:
        return f"{indent}/** {comment} */\n{code}"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n{code}"


if __name__ == "__main__":
    for path, target in TARGETS.items():
        target.parent.mkdir(exist_ok=True)
        target.write_text(generate(path), encoding="utf-8")
