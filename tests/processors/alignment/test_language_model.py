"""The language model of a script, as numbers."""

import itertools
import math
from pathlib import Path

from processors.alignment.passes.language_model import write_language_model


def read_arpa(path: Path) -> tuple[dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
    """Probabilities and back-off weights by words."""
    chances, weights = {}, {}
    for line in path.read_text().splitlines():
        cells = line.split()
        if len(cells) > 1 and cells[0].lstrip("-").replace(".", "").isdigit():
            order = sum(cell[0] in "w<" for cell in cells)
            gram = tuple(cells[1 : order + 1])
            chances[gram] = 10 ** float(cells[0])
            weights[gram] = 10 ** float(cells[order + 1]) if len(cells) > order + 1 else 1.0
    return chances, weights


def chance(
    word: str, context: tuple[str, ...], chances: dict[tuple[str, ...], float], weights: dict[tuple[str, ...], float]
) -> float:
    """As a decoder reads the model: back off where the context was never followed by the word."""
    if (*context, word) in chances:
        return chances[*context, word]
    return weights.get(context, 1.0) * chance(word, context[1:], chances, weights)


def test_after_each_context_the_chances_of_all_words_add_up_to_one(tmp_path: Path) -> None:
    sentences = [["w0", "w1", "w0", "w2", "w1"], ["w1", "w2"]]
    write_language_model(tmp_path / "model.arpa", sentences)
    chances, weights = read_arpa(tmp_path / "model.arpa")

    words = ["w0", "w1", "w2", "</s>"]
    contexts = [(), *((word,) for word in ["<s>", *words[:3]]), *itertools.product(["<s>", *words[:3]], words[:3])]
    for context in contexts:
        assert math.isclose(sum(chance(word, context, chances, weights) for word in words), 1.0, abs_tol=1e-3), context
    assert chance("w0", ("w0", "w1"), chances, weights) > chance("w1", ("w0", "w1"), chances, weights)
