"""Blank pages: the backs of a duplex scan, on which at most the front shines through."""

import cv2
import numpy as np

from processors.omr.pages.pictures import Grey

INK_SHARE = 0.0015
"""Of a page; two punch holes are 0.0009, the marks of the emptiest sheet 0.003."""
DARKNESS = 0.35
"""Of the paper around it: what shines through has 0.1."""
EDGE = 0.03
"""Of each side, where scanners leave shadows."""


def is_blank(page: Grey) -> bool:
    """Whether there is no ink on it."""
    scale = 400 / max(page.shape)
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else page
    height, width = small.shape
    inner = small[int(height * EDGE) : height - int(height * EDGE), int(width * EDGE) : width - int(width * EDGE)]
    paper = float(np.percentile(inner, 75))
    return float(np.mean(inner < paper * (1 - DARKNESS))) < INK_SHARE
