"""Languages that are here, and those that the operator brings."""

from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from processors.alignment.kind import KIND
from processors.alignment.languages import broken_models, english, find_model, list_languages
from processors.languages import check_language


def bring(folder: Path, name: str, manifest: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "manifest.json").write_text(manifest)


def test_english_is_there_and_found_in_any_spelling() -> None:
    assert list_languages({})[0] == "en-US"
    for tag in ("en-US", "en-us", "EN", "en"):
        assert find_model(tag, None) == english()
    assert english().dictionary.is_file()
    assert (english().acoustic_model / "mdef").is_file()


@pytest.mark.parametrize("tag", ["da", "en-GB", "de-DE"])
def test_another_language_is_refused_with_those_that_there_are(tag: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_language(KIND, {"language": tag}, {}, "input.work.alignment")

    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "input.work.alignment.language")
    assert caught.value.message.startswith(f"“{tag}” is not known here: give one of en-US")


def test_broken_models_are_left_out_and_named(tmp_path: Path) -> None:
    bring(tmp_path, "a", "{")
    bring(tmp_path, "b", '{"language": "da-DK", "acousticModel": "../up", "dictionary": "x"}')
    bring(tmp_path, "c", '{"language": "da-DK", "acousticModel": "acoustic", "dictionary": "x"}')
    (tmp_path / "d").mkdir()

    assert "da-DK" not in list_languages({"speechModels": tmp_path})
    told = list(broken_models(tmp_path))
    assert [sentence.split(": ")[0] for sentence in told] == [str(tmp_path / name / "manifest.json") for name in "abc"]
    assert told[1].endswith("acousticModel: Value error, it must lie within the folder of its manifest")
    assert told[2].endswith("acoustic/mdef is not there")
    assert list(broken_models(tmp_path / "nowhere")) == [f"{tmp_path / 'nowhere'} is no folder."]
