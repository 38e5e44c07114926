"""Times and sizes in tests are arguments of what uses them; no test patches a constant with another number."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def patched_constants(text: str) -> list[str]:
    """The names in capitals that `text` sets to a number by monkeypatch."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and len(node.args) > 1]
    patches = [call.args[-2:] for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "setattr"]
    named = [ast.unparse(name).strip("'\"").rpartition(".")[2] for name, value in patches if is_number(value)]
    return [name for name in named if name.isupper()]


def is_number(value: ast.expr) -> bool:
    """Whether `value` is made of numbers alone, such as `2**20`."""
    parts = [part for part in ast.walk(value) if isinstance(part, ast.expr)]
    numbers = [part for part in parts if isinstance(part, ast.Constant) and type(part.value) in {int, float}]
    return bool(numbers) and all(part in numbers or isinstance(part, ast.BinOp | ast.UnaryOp) for part in parts)


def test_no_test_patches_a_time_or_a_size() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if (names := patched_constants(path.read_text(encoding="utf-8")))
    }

    assert found == {}


def test_a_patch_is_seen_however_it_is_written() -> None:
    text = """
monkeypatch.setattr("web.forms.MAX_FORM_BYTES", 2**20)
monkeypatch.setattr(mono, "MAX_SECONDS", -1.5)
monkeypatch.setattr(mono, "Mono", None)
monkeypatch.setattr(dev, "ROOT", tmp_path)
monkeypatch.setattr("a.b.TABLE", {})
"""

    assert patched_constants(text) == ["MAX_FORM_BYTES", "MAX_SECONDS"]
