"""Which files an office takes, and whether a file is what its name says."""

import zipfile
from collections.abc import Callable, Collection, Mapping
from typing import IO

from app.engine.forms import FileSort

Check = Callable[[bytes, IO[bytes]], bool]
"""Whether a file, given its first bytes and itself, is of a type."""

_HEAD = 1024

_SORTS = {"image": FileSort.PICTURE, "audio": FileSort.RECORDING, "video": FileSort.VIDEO}


def media_type(name: str, file: IO[bytes]) -> str | None:
    """The media type of a file whose content is what its name says; none for any other file.

    `file` can be sought in, and stands at its beginning afterwards.
    """
    known = TYPES.get(extension(name))
    if known is None:
        return None
    file.seek(0)
    head = file.read(_HEAD)
    fits = known[1](head, file)
    file.seek(0)
    return known[0] if fits else None


def sort_of(media: str) -> FileSort:
    """What a file of this media type is to people."""
    return _SORTS.get(media.partition("/")[0], FileSort.DOCUMENT)


def extensions_of(sorts: Collection[FileSort]) -> list[str]:
    """The extensions of the files of these sorts; of all where none is named."""
    return [one for one, (media, _) in TYPES.items() if not sorts or sort_of(media) in sorts]


def extension(name: str) -> str:
    """What follows the last full stop of a name, in lower case; empty where there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def _begins(*beginnings: bytes) -> Check:
    return lambda head, _file: head.startswith(beginnings)


def _riff(form: bytes) -> Check:
    return lambda head, _file: head[:4] == b"RIFF" and head[8:12] == form


def _brand(*brands: bytes) -> Check:
    """A file of the ISO base media format, which names its kind after its first box."""
    return lambda head, _file: (
        head[4:8] == b"ftyp" and (not brands or head[8:12].startswith(brands))
    )


def _archive(member: str) -> Check:
    """A document that is an archive of parts, one of which every such document has."""

    def check(head: bytes, file: IO[bytes]) -> bool:
        if not head.startswith(b"PK\x03\x04"):
            return False
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return False
        macros = any(name.endswith("vbaProject.bin") for name in names)
        return member in names and not macros

    return check


def _is_text(_head: bytes, file: IO[bytes]) -> bool:
    file.seek(0)
    content = file.read()
    for encoding in ("utf-8", "gb18030"):
        try:
            return "\0" not in content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return False


_OLD_OFFICE = _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

TYPES: Mapping[str, tuple[str, Check]] = {
    "pdf": ("application/pdf", lambda head, _file: b"%PDF-" in head),
    "ofd": ("application/ofd", _archive("OFD.xml")),
    "doc": ("application/msword", _OLD_OFFICE),
    "xls": ("application/vnd.ms-excel", _OLD_OFFICE),
    "ppt": ("application/vnd.ms-powerpoint", _OLD_OFFICE),
    "wps": ("application/vnd.ms-works", _OLD_OFFICE),
    "docx": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        _archive("word/document.xml"),
    ),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _archive("xl/workbook.xml"),
    ),
    "pptx": (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        _archive("ppt/presentation.xml"),
    ),
    "txt": ("text/plain", _is_text),
    "jpg": ("image/jpeg", _begins(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _begins(b"\xff\xd8\xff")),
    "png": ("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    "gif": ("image/gif", _begins(b"GIF87a", b"GIF89a")),
    "bmp": ("image/bmp", _begins(b"BM")),
    "tif": ("image/tiff", _begins(b"II*\0", b"MM\0*")),
    "tiff": ("image/tiff", _begins(b"II*\0", b"MM\0*")),
    "webp": ("image/webp", _riff(b"WEBP")),
    "heic": ("image/heic", _brand(b"hei", b"hev", b"mif1", b"msf1")),
    "mp3": ("audio/mpeg", _begins(b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")),
    "m4a": ("audio/mp4", _brand()),
    "wav": ("audio/wav", _riff(b"WAVE")),
    "amr": ("audio/amr", _begins(b"#!AMR")),
    "mp4": ("video/mp4", _brand()),
    "mov": ("video/quicktime", _brand()),
}
"""By extension: documents, pictures, recordings. No archives and nothing that runs."""
