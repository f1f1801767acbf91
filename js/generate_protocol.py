"""Generates `src/protocol.ts`, the types of the messages between kernel and page, from Python.

`nbstream/widgets/protocol.py` is only parsed, so this runs with any Python and without nbstream's
dependencies. It understands what that file uses: TypedDicts with `#:` comments, type aliases,
constants, and aliases that are imported from other modules of nbstream.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "nbstream" / "widgets" / "protocol.py"
TARGET = ROOT / "js" / "src" / "protocol.ts"

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

    def imported_aliases(self) -> list[tuple[Module, ast.AnnAssign]]:
        """Return the type aliases imported from nbstream, with the modules that define them."""
        found = []
        for node in ast.walk(ast.Module(self.body, [])):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nbstream."):
                module = Module(ROOT.joinpath(*str(node.module).split(".")).with_suffix(".py"))
                aliases = module.aliases()
                found += [(module, aliases[name.name]) for name in node.names if name.name in aliases]
        return found


def generate() -> str:
    """Return the TypeScript of the protocol."""
    source = Module(SOURCE)
    header = f"Generated, do not edit.\n\n{source.docstring}"
    parts = [_documented(header, "")]
    parts += [_alias(module, node) for module, node in source.imported_aliases()]
    for node in source.body:
        match node:
            case ast.ClassDef():
                parts.append(_interface(source, node))
            case ast.AnnAssign():
                parts.append(_alias(source, node))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                parts.append(_documented(source.comment_above(node), f"export const {name} = {json.dumps(value)};\n"))
    return "\n".join(parts)


def _interface(source: Module, node: ast.ClassDef) -> str:
    fields = ""
    for field in node.body:
        if isinstance(field, ast.AnnAssign):
            annotation, optional = field.annotation, ""
            if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "NotRequired":
                annotation, optional = annotation.slice, "?"
            line = f"  {ast.unparse(field.target)}{optional}: {_type(annotation)};\n"
            fields += _documented(source.comment_above(field), line, "  ")
    return _documented(ast.get_docstring(node) or "", f"export interface {node.name} {{\n{fields}}}\n")


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
    TARGET.write_text(generate(), encoding="utf-8")
