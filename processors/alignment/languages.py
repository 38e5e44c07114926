"""Languages: the acoustic models that are here, those of packages and those that the operator brought.

A folder of the operator's has one folder for each language, with `manifest.json` in it:
`{"language": "da-DK", "name": "Danish, read speech", "acousticModel": "acoustic", "dictionary": "da.dict"}`, paths within it.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from processors.languages import match_language, unknown_language

ENGLISH, FRENCH = "en-US", "fr-FR"
MANIFEST = "manifest.json"
SPEECH_MODELS = "speechModels"
"""The operator's folder among the resources of a call."""
ENGLISH_SPELLINGS = Path(__file__).with_name("spelling") / "en-us.npz"
TAG = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


def check_is_within(path: str) -> str:
    """Raises ValueError for a path that leaves the folder of its manifest."""
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise ValueError("it must lie within the folder of its manifest")
    return path


Within = Annotated[str, Field(max_length=200), AfterValidator(check_is_within)]


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """What is needed to align one language (BCP 47).

    Attributes:
        name: What it was made for.
        spellings: What the dictionary taught about spellings, where that was stored.
    """

    language: str
    name: str
    acoustic_model: Path
    dictionary: Path
    spellings: Path | None = None


class Manifest(BaseModel):
    """What the operator tells of a model."""

    model_config = ConfigDict(extra="forbid")
    language: Annotated[str, Field(pattern=TAG, max_length=35)]
    name: Annotated[str, Field(max_length=200)] = ""
    acousticModel: Within  # noqa: N815  as the file has it
    dictionary: Within


def list_languages(resources: Mapping[str, Path]) -> list[str]:
    """The languages that can be aligned here, English first."""
    return list(find_models(resources.get(SPEECH_MODELS)))


def find_model(language: str, folder: Path | None) -> SpeechModel:
    """The model of `language`, in any case of its letters; without a region, that of the first one.

    Raises:
        Refusal: BAD_INPUT with the languages that there are.
    """
    models = find_models(folder)
    tag = match_language(language, models)
    if tag is None:
        raise unknown_language(language, models, "options.language")
    return models[tag]


def find_models(folder: Path | None) -> dict[str, SpeechModel]:
    """All models by language; those of the operator take the place of the others."""
    found = [english(), *french(), *brought_models(folder)]
    return {model.language: model for model in found}


def english() -> SpeechModel:
    """The model in the wheel of pocketsphinx."""
    folder = package_folder("pocketsphinx")
    assert folder is not None  # noqa: S101  a dependency
    model = folder / "model" / "en-us"
    return SpeechModel(ENGLISH, "US English", model / "en-us", model / "cmudict-en-us.dict", ENGLISH_SPELLINGS)


def french() -> Iterator[SpeechModel]:
    """The model in the wheel of soundswallower, where that is installed."""
    folder = package_folder("soundswallower")
    if folder is not None and (model := folder / "model" / "fr-fr").is_dir():
        yield SpeechModel(FRENCH, "French", model, model / "dict.txt")


def package_folder(name: str) -> Path | None:
    """Where a package lies, which is not imported; None where it is not installed."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def brought_models(folder: Path | None) -> Iterator[SpeechModel]:
    """The models in the operator's folder, by name; one that is not as it must be is left out, see `broken_models`."""
    for path in manifests_in(folder):
        with suppress(ValueError):
            yield read_manifest(path)


def broken_models(folder: Path | None) -> Iterator[str]:
    """A sentence for each model in the operator's folder that cannot be used."""
    if folder is not None and not folder.is_dir():
        yield f"{folder} is no folder."
    for path in manifests_in(folder):
        try:
            read_manifest(path)
        except ValueError as error:
            yield f"{path}: {error}"


def manifests_in(folder: Path | None) -> list[Path]:
    return sorted(folder.glob(f"*/{MANIFEST}")) if folder is not None else []


def read_manifest(path: Path) -> SpeechModel:
    """The model that a manifest tells of. Raises ValueError with a sentence."""
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        first = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
        where = ".".join(map(str, first["loc"])) if first else ""
        raise ValueError(f"{where}: {first['msg']}" if first else "it cannot be read") from error
    model = SpeechModel(
        manifest.language, manifest.name, path.parent / manifest.acousticModel, path.parent / manifest.dictionary
    )
    for part in (model.acoustic_model / "mdef", model.dictionary):
        if not part.is_file():
            raise ValueError(f"{part.relative_to(path.parent)} is not there")
    return model
