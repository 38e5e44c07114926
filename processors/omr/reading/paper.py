"""Ink: how much darker a page is than the paper around, wherever light and shadow fall."""

import cv2
import numpy as np
import numpy.typing as npt

from processors.omr.pages.pictures import Grey

SHRINK = 8
DARKEST_PAPER = 40
"""Of 255: what is darker everywhere around is a desk, not paper."""


def local_paper(page: Grey, feature_pixels: float) -> Grey:
    """The brightness of the paper at each pixel; whatever is narrower than `feature_pixels` is taken for ink."""
    height, width = page.shape
    small = cv2.resize(page, (max(width // SHRINK, 1), max(height // SHRINK, 1)), interpolation=cv2.INTER_AREA)
    size = max(3, round(feature_pixels / SHRINK) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    bright = cv2.blur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), (size, size))
    return np.asarray(cv2.resize(bright, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def measure_ink(page: Grey, paper: Grey) -> npt.NDArray[np.float32]:
    """0 for paper to 1 for black, at each pixel."""
    least = np.maximum(paper, DARKEST_PAPER).astype(np.float32)
    return np.asarray(np.clip(1 - page.astype(np.float32) / least, 0, 1), np.float32)
