"""Makes `processors/alignment/spelling/en-us.npz`: what English spellings teach.

Run it as `.venv/bin/python -m docs.samples.make_spellings` after the dictionary of pocketsphinx has changed.
"""

from processors.alignment.dictionary import Dictionary
from processors.alignment.languages import ENGLISH_SPELLINGS, english
from processors.alignment.spelling.teaching import digest_of


def main() -> None:
    """Teach a guesser all words of the dictionary, and store it."""
    dictionary = english().dictionary
    Dictionary.load(dictionary).guesser.save(ENGLISH_SPELLINGS, digest_of(dictionary))


if __name__ == "__main__":
    main()
