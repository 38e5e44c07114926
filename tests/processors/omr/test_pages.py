"""Pages of pictures and documents in every format."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from base.errors import ErrorCode, Refusal
from processors.omr.pages.documents import open_document
from processors.omr.pages.formats import PageFormat, find_format
from processors.omr.pages.limits import MAX_PIXELS
from tests.processors.omr.heic_pages import TURNED, UPRIGHT

PAGE = np.full((300, 200), 255, np.uint8)
PAGE[20:60, 20:80] = 0
"""White, with a black box at the top left, wider than high."""


def saved(picture: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, kind, **options)
    return file.getvalue()


def pages(data: bytes | Path, max_pixels: int = MAX_PIXELS) -> list[np.ndarray]:
    with open_document(data, max_pixels) as document:
        return [document.read_page(number) for number in range(document.page_count)]


def assert_seen(page: np.ndarray) -> None:
    """That it is PAGE."""
    assert page.shape == PAGE.shape
    assert float(np.abs(page.astype(int) - PAGE).mean()) < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF"])
def test_every_format_is_told_by_its_bytes_and_read(kind: str) -> None:
    data = saved(PAGE, kind)
    assert str(find_format(data[:4096])).upper() == kind
    (page,) = pages(data)
    assert_seen(page)


@pytest.mark.parametrize("data", [UPRIGHT, TURNED], ids=["upright", "turned"])
def test_a_heic_of_a_phone_is_read_upright(data: bytes) -> None:
    assert find_format(data[:4096]) is PageFormat.HEIC
    (page,) = pages(data)
    assert_seen(page)
    for cut in (len(data) - 1, len(data) // 2):
        with pytest.raises(Refusal) as caught:
            pages(data[:cut])
        assert caught.value.code is ErrorCode.CORRUPT_FILE


def test_heic_without_its_decoder_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pi_heif", None)
    with pytest.raises(Refusal, match="Most Compatible") as caught:
        pages(UPRIGHT)
    assert caught.value.code is ErrorCode.UNSUPPORTED_TYPE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_applied_once(kind: str, orientation: int) -> None:
    turns: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        2: np.fliplr,
        3: lambda page: np.rot90(page, 2),
        4: np.flipud,
        5: np.transpose,
        6: np.rot90,
        7: lambda page: np.rot90(page.T, 2),
        8: lambda page: np.rot90(page, 3),
    }
    turned = turns[orientation](PAGE) if orientation > 1 else PAGE
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"tiffinfo": {0x0112: orientation}} if kind == "TIFF" else {"exif": exif}
    (page,) = pages(saved(np.ascontiguousarray(turned), kind, **options))
    assert_seen(page)


def test_avif_without_its_decoder_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(PAGE, "AVIF")
    monkeypatch.setattr("PIL.features.check", lambda _: False)
    with pytest.raises(Refusal, match="AVIF cannot be read on this server") as caught:
        pages(data)
    assert caught.value.code is ErrorCode.UNSUPPORTED_TYPE


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparent_paper_is_white(kind: str) -> None:
    rgba = np.zeros((*PAGE.shape, 4), np.uint8)
    rgba[PAGE == 0, 3] = 255
    (page,) = pages(saved(rgba, kind))
    assert_seen(page)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_transparent_paper_is_turned_as_its_orientation_says(kind: str) -> None:
    rgba = np.zeros((*PAGE.shape, 4), np.uint8)
    rgba[PAGE == 0, 3] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    (page,) = pages(saved(np.ascontiguousarray(np.rot90(rgba)), kind, exif=exif))
    assert_seen(page)


@pytest.mark.parametrize("mode", ["LA", "P", "L", "RGB"])
def test_paper_of_a_transparent_colour_is_white(mode: str) -> None:
    grey = Image.fromarray(np.where(PAGE == 0, 0, 9).astype(np.uint8))
    options: dict[str, Any] = {}
    if mode == "LA":
        picture = Image.merge("LA", (grey, Image.fromarray(255 - PAGE)))
    else:
        picture = grey.convert(mode)
        options["transparency"] = (9, 9, 9) if mode == "RGB" else 9
    if mode == "P":
        picture.putpalette([value for value in range(256) for _ in "rgb"])
        picture.putdata(grey.get_flattened_data())
    (page,) = pages(saved(picture, "PNG", **options))
    assert_seen(page)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "group4", "zstd", "lzma"])
def test_each_page_of_a_tiff_is_one(compression: str) -> None:
    picture = Image.fromarray(PAGE)
    picture = picture.convert("1") if compression == "group4" else picture
    data = saved(picture, "TIFF", save_all=True, append_images=[picture.rotate(180)], compression=compression)
    first, second = pages(data)
    assert_seen(first)
    assert_seen(second[::-1, ::-1])


def test_the_second_picture_of_an_mpo_is_no_sheet() -> None:
    data = saved(PAGE, "MPO", save_all=True, append_images=[Image.new("L", (50, 75))])
    (page,) = pages(data)
    assert_seen(page)


def test_the_pixels_of_a_fax_become_square() -> None:
    squeezed = cv2.resize(PAGE, (200, 144), interpolation=cv2.INTER_AREA)
    (page,) = pages(saved(squeezed, "TIFF", dpi=(204, 98)))
    assert page.shape == (300, 200)


def test_sixteen_bits_are_read_as_they_are_seen() -> None:
    _, data = cv2.imencode(".tif", PAGE.astype(np.uint16) * 257)
    (page,) = pages(data.tobytes())
    assert_seen(page)


def test_a_large_page_is_halved() -> None:
    (page,) = pages(saved(np.full((3508, 2480), 255, np.uint8), "JPEG"))
    assert page.shape == (1754, 1240)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_too_many_pixels_are_refused_before_they_are_decoded(kind: str) -> None:
    with pytest.raises(Refusal) as caught:
        pages(saved(PAGE, kind), 59_999)
    assert caught.value.code is ErrorCode.FILE_TOO_LARGE
    assert "200 × 300 pixels" in caught.value.message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_half_a_picture_is_damaged(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 200), np.uint8)
    data = saved(noise, kind)
    with pytest.raises(Refusal) as caught:
        pages(data[: len(data) // 2])
    assert caught.value.code is ErrorCode.CORRUPT_FILE


@pytest.mark.parametrize("data", [b"hello", b"PK\x03\x04", b"GIF89a"])
def test_what_is_no_picture_is_told_so(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        pages(data)
    assert caught.value.code is ErrorCode.UNSUPPORTED_TYPE


def test_an_empty_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(Refusal) as caught:
        pages(tmp_path / "a")
    assert caught.value.code is ErrorCode.CORRUPT_FILE


def test_each_page_of_a_pdf_is_rendered_from_a_file_or_from_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    Image.fromarray(PAGE).save(path, "PDF", save_all=True, append_images=[Image.fromarray(PAGE[::-1])], resolution=200)
    for source in (path, path.read_bytes()):
        first, second = pages(source)
        assert abs(first.shape[0] - 300) <= 1
        assert first[40, 50] < 60
        assert second[260, 50] < 60


def test_a_huge_pdf_page_is_bounded_by_its_pixels() -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(14_000, 14_000)
    file = io.BytesIO()
    document.save(file)
    document.close()
    with open_document(file.getvalue()) as opened:
        assert max(opened.read_page(0, 10_000).shape) <= 4_473


def test_a_broken_pdf_says_so() -> None:
    with pytest.raises(Refusal, match="The PDF is damaged"):
        pages(b"%PDF-1.4\n%broken")
