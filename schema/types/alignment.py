"""Types of a task of kind `alignment`: its words, those that are missing, its files."""

from typing import Any

import strawberry

from models.fields import now
from processors.alignment.missing_words import MissingWord as Missing
from processors.alignment.missing_words import table_of
from processors.alignment.outputs import MISSING_DICT
from results.links import file_path
from schema.context import Info


@strawberry.type(description="A word that no dictionary has; how it is pronounced was guessed.")
class MissingWord:
    """See `processors.alignment.missing_words.MissingWord`."""

    word: str = strawberry.field(description="As it was looked up: lower case, at most 100 characters.")
    count: int = strawberry.field(description="How often it comes in the transcripts.")
    suggestion: str = strawberry.field(
        description="ARPAbet, space separated, for English; the phones of its model for other languages."
    )


async def _textgrid_url(root: "Alignment", info: Info) -> str | None:
    grids = await info.context.loaders.textgrids.load(root.job_id)
    if len(grids) != 1:
        return root.bundle_url if grids else None
    return info.context.base_url + file_path(info.context.services.signer, grids[0].id, grids[0].name, now())


async def _missing_dict_url(root: "Alignment", info: Info) -> str | None:
    for file in await info.context.loaders.job_files.load(root.job_id):
        if file.name == MISSING_DICT and file.is_stored:
            return info.context.base_url + file_path(info.context.services.signer, file.id, file.name, now())
    return None


@strawberry.type(description="What is known of the words of an alignment, and its files.")
class Alignment:
    """See `processors.alignment.planning.describe`."""

    job_id: strawberry.Private[str]
    bundle_url: strawberry.Private[str | None]
    language: str = strawberry.field(description="BCP 47.")
    duration: float = strawberry.field(description="Seconds of audio, of all recordings that can be decoded.")
    word_count: int = strawberry.field(description="Words of all transcripts.")
    has_missing_words: bool = strawberry.field(description="Some words are in no dictionary.")
    missing_word_count: int = strawberry.field(description="Different words that are in no dictionary.")
    missing_words: list[MissingWord] = strawberry.field(
        description="The most frequent first: at most 1,000; missing.dict has all of them."
    )
    missing_words_html: str = strawberry.field(
        description="The same as a table fit to put in a page: every word escaped."
    )
    textgrid_url: str | None = strawberry.field(
        resolver=_textgrid_url,
        description="Signed link to the TextGrid; where there are several, to the bundle with all of them. Null until there is one.",
    )
    missing_dict_url: str | None = strawberry.field(
        resolver=_missing_dict_url,
        description="Signed link to missing.dict: correct it, and upload it with the recordings. Null where no word is missing.",
    )


def alignment_type(job_id: str, summary: dict[str, Any], bundle_url: str | None) -> Alignment:
    """The summary as clients see it."""
    words, count = [Missing(**one) for one in summary["missingWords"]], summary["missingWordCount"]
    return Alignment(
        job_id=job_id,
        bundle_url=bundle_url,
        language=summary["language"],
        duration=summary["duration"],
        word_count=summary["wordCount"],
        has_missing_words=count > 0,
        missing_word_count=count,
        missing_words=[MissingWord(word=one.word, count=one.count, suggestion=one.suggestion) for one in words],
        missing_words_html=table_of(words, count),
    )
