"""Media types and file name extensions: one table, whatever the machine has installed.

Source: the media types registry of IANA, and what servers say in practice (application/x-gzip).
"""

from enum import StrEnum


class Category(StrEnum):
    """What the type switches of a download tell apart."""

    IMAGE = "image"
    VIDEO = "video"
    ARCHIVE = "archive"
    DOCUMENT = "document"
    OTHER = "other"


_IMAGES = """
    jpg jpeg jpe = image/jpeg image/jpg image/pjpeg; png = image/png; gif = image/gif; webp = image/webp;
    avif = image/avif; svg svgz = image/svg+xml; bmp = image/bmp image/x-ms-bmp; tif tiff = image/tiff;
    ico = image/vnd.microsoft.icon image/x-icon; heic heif = image/heic image/heif; jxl = image/jxl; jp2 = image/jp2;
    psd = image/vnd.adobe.photoshop
"""
_VIDEOS = """
    mp4 m4v = video/mp4 video/x-m4v; webm = video/webm; mkv = video/x-matroska video/matroska; mov = video/quicktime;
    avi = video/x-msvideo; mpg mpeg = video/mpeg; ogv = video/ogg; wmv = video/x-ms-wmv; flv = video/x-flv;
    3gp = video/3gpp; ts m2ts = video/mp2t
"""
_ARCHIVES = """
    zip = application/zip application/x-zip-compressed; gz tgz = application/gzip application/x-gzip;
    tar = application/x-tar; bz2 tbz2 = application/x-bzip2; xz txz = application/x-xz; 7z = application/x-7z-compressed;
    rar = application/vnd.rar application/x-rar-compressed application/x-rar; zst = application/zstd;
    jar = application/java-archive; iso = application/x-iso9660-image; lz4 lzma br = ; deb = application/vnd.debian.binary-package;
    rpm = application/x-rpm; cab = application/vnd.ms-cab-compressed
"""
_DOCUMENTS = """
    pdf = application/pdf; txt text log = text/plain; csv = text/csv; tsv = text/tab-separated-values;
    html htm = text/html; xhtml = application/xhtml+xml; md = text/markdown; rtf = application/rtf text/rtf;
    doc = application/msword; xls = application/vnd.ms-excel; ppt = application/vnd.ms-powerpoint;
    docx = application/vnd.openxmlformats-officedocument.wordprocessingml.document;
    xlsx = application/vnd.openxmlformats-officedocument.spreadsheetml.sheet;
    pptx = application/vnd.openxmlformats-officedocument.presentationml.presentation;
    odt = application/vnd.oasis.opendocument.text; ods = application/vnd.oasis.opendocument.spreadsheet;
    odp = application/vnd.oasis.opendocument.presentation; epub = application/epub+zip; json = application/json;
    xml = application/xml text/xml; yaml yml = application/yaml application/x-yaml; tex = application/x-tex;
    ps = application/postscript; djvu = image/vnd.djvu; mobi = application/x-mobipocket-ebook
"""
_OTHERS = """
    mp3 = audio/mpeg audio/mp3; m4a = audio/mp4 audio/x-m4a; ogg oga = audio/ogg; opus = audio/opus;
    flac = audio/flac audio/x-flac; wav = audio/wav audio/x-wav audio/vnd.wave; aac = audio/aac; wma = audio/x-ms-wma;
    mid midi = audio/midi; js mjs = text/javascript application/javascript; css = text/css; wasm = application/wasm;
    woff = font/woff; woff2 = font/woff2; ttf = font/ttf; otf = font/otf;
    exe = application/vnd.microsoft.portable-executable application/x-msdownload; apk = application/vnd.android.package-archive;
    sqlite = application/vnd.sqlite3; parquet = application/vnd.apache.parquet; torrent = application/x-bittorrent
"""
COMPRESSED = frozenset(
    ["gz", "tgz", "svgz", "bz2", "tbz2", "xz", "txz", "zst", "br", "lz4", "lzma", "zip", "7z", "rar"]
)
"""Extensions of files that are themselves compressed: a content coding on them is mostly the server's word for the file."""
PAGES = frozenset({"text/html", "application/xhtml+xml"})

_CATEGORY: dict[str, Category] = {}
_EXTENSION: dict[str, str] = {}
_TYPE: dict[str, str] = {}


def _fill(category: Category, lines: str) -> None:
    for entry in " ".join(lines.split()).split(";"):
        extensions, _, types = entry.partition("=")
        for extension in extensions.split():
            _CATEGORY[extension] = category
            _TYPE.update(dict.fromkeys([extension], types.split()[0]) if types.split() else {})
        for name in types.split():
            _EXTENSION[name] = extensions.split()[0]


for _each, _lines in zip(Category, (_IMAGES, _VIDEOS, _ARCHIVES, _DOCUMENTS, _OTHERS), strict=True):
    _fill(_each, _lines)


def extension_of(name: str) -> str:
    """What follows the last dot of a file name, in lower case; "" where there is none."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""


def is_known_extension(extension: str) -> bool:
    """Whether the table has it."""
    return extension in _CATEGORY


def extension_for(content_type: str | None) -> str | None:
    """The usual extension of files of this type, without the dot; None where the table has none."""
    return _EXTENSION.get(content_type or "")


def type_for(extension: str) -> str | None:
    """The type of files with this extension; None where the table has none."""
    return _TYPE.get(extension)


def category_of(name: str, content_type: str | None) -> Category:
    """What a file is, by its extension where the table has that, else by its type."""
    by_name = _CATEGORY.get(extension_of(name))
    if by_name is not None:
        return by_name
    kind = content_type or ""
    if kind in _EXTENSION:
        return _CATEGORY[_EXTENSION[kind]]
    main = kind.partition("/")[0]
    return {"image": Category.IMAGE, "video": Category.VIDEO, "text": Category.DOCUMENT}.get(main, Category.OTHER)


def is_compressed(name: str, content_type: str | None) -> bool:
    """Whether the file is itself compressed, by its name or else by its type."""
    extension = extension_of(name)
    return (extension if is_known_extension(extension) else extension_for(content_type)) in COMPRESSED
