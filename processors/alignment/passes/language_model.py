"""Language model of a script: a trigram with absolute discounting, in the ARPA format that pocketsphinx reads."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

BEGIN, END = "<s>", "</s>"
DISCOUNT = 0.5
NEVER = -99.0
Gram = tuple[str, ...]


def write_language_model(path: Path, sentences: Iterable[Sequence[str]]) -> None:
    """Write the model of `sentences`, which have at least one word. A part of a recording may begin and end anywhere."""
    counts: list[Counter[Gram]] = [Counter(), Counter(), Counter()]
    for sentence in sentences:
        words = [BEGIN, *sentence, END]
        for order in range(3):
            counts[order].update(zip(*(words[start:] for start in range(order + 1)), strict=False))
    vocabulary = {gram: count for gram, count in counts[0].items() if gram != (BEGIN,)}
    total = sum(vocabulary.values())
    probabilities: list[dict[Gram, float]] = [{gram: count / total for gram, count in vocabulary.items()}]
    for order in (1, 2):
        probabilities.append(_discounted(counts[order], probabilities[order - 1]))
    weights = [_backoff_weights(probabilities[order], probabilities[order + 1]) for order in range(2)]
    with path.open("w", encoding="ascii") as file:
        file.writelines(_lines(probabilities, [*weights, {}]))


def _discounted(counts: Counter[Gram], lower: dict[Gram, float]) -> dict[Gram, float]:
    """The probability of the last word after those before it; what is taken off goes to what `lower` says."""
    contexts: Counter[Gram] = Counter()
    kinds: Counter[Gram] = Counter()
    for gram, count in counts.items():
        contexts[gram[:-1]] += count
        kinds[gram[:-1]] += 1
    return {
        gram: (count - DISCOUNT) / contexts[gram[:-1]]
        + DISCOUNT * kinds[gram[:-1]] / contexts[gram[:-1]] * lower.get(gram[1:], 0.0)
        for gram, count in counts.items()
    }


def _backoff_weights(lower: dict[Gram, float], higher: dict[Gram, float]) -> dict[Gram, float]:
    """For each context of `higher` the factor by which what `lower` says holds for words that never followed it."""
    seen: defaultdict[Gram, float] = defaultdict(float)
    covered: defaultdict[Gram, float] = defaultdict(float)
    for gram, probability in higher.items():
        seen[gram[:-1]] += probability
        covered[gram[:-1]] += lower.get(gram[1:], 0.0)
    return {context: max(1 - seen[context], 1e-6) / max(1 - covered[context], 1e-6) for context in seen}


def _lines(probabilities: Sequence[dict[Gram, float]], weights: Sequence[dict[Gram, float]]) -> Iterator[str]:
    grams = [{(BEGIN,): 0.0, **probabilities[0]}, *probabilities[1:]]
    yield "\\data\\\n"
    for order, held in enumerate(grams, 1):
        yield f"ngram {order}={len(held)}\n"
    for order, held in enumerate(grams):
        yield f"\n\\{order + 1}-grams:\n"
        for gram, probability in held.items():
            weight = weights[order].get(gram, 1.0)
            told = f" {math.log10(weight):.4f}" if order < 2 else ""
            yield f"{math.log10(probability) if probability else NEVER:.4f} {' '.join(gram)}{told}\n"
    yield "\n\\end\\\n"
