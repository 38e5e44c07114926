"""The whole reading of a sheet, in one process on one core.

python -m benchmarks.omr.alone archive count
"""

import sys
import time
import zipfile

from benchmarks.machine import peak_bytes
from processors.omr.marking import draw_marks, encode_jpeg
from processors.omr.pages.documents import open_document
from processors.omr.reading.sheet import read_sheet
from processors.omr.template.built_in import built_in_template


def main() -> None:
    """Print sheets per second of processor time, and the peak memory."""
    template, count = built_in_template(), int(sys.argv[2])
    seconds = 0.0
    with zipfile.ZipFile(sys.argv[1]) as archive:
        for number in range(count):
            data = archive.read(f"sheet {number}.jpg")
            began = time.process_time()
            with open_document(data) as document:
                sheet = read_sheet(document.read_page(0), template)
            encode_jpeg(sheet.page.picture)
            encode_jpeg(draw_marks(sheet.page.picture, sheet.page.scale, iter(()), ""))
            seconds += time.process_time() - began
    print(f"one core: {count / seconds:.1f} sheets per CPU second   (target: 6)")
    print(f"peak memory of one process: {peak_bytes() / 1e6:.0f} MB   (target: 300 MB)", flush=True)


if __name__ == "__main__":
    main()
