"""Pictures of products: what was uploaded is read, turned upright, made small and written anew.

Nothing of the uploaded file itself is kept, so neither its metadata nor anything hidden in it is ever served.
"""

from __future__ import annotations

import uuid
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from inventory.errors import StockError
from inventory.models.catalogue import small_name

LARGEST_FILE = 5 * 1024 * 1024
LARGEST_AREA = 40_000_000
LARGE_SIDE = 1200
SMALL_SIDE = 120
FORMATS = ("JPEG", "PNG", "WEBP")
FOLDER = "products"


@dataclass(frozen=True)
class Picture:
    """A picture as it is stored: WebP, large for the product's page and small for lists."""

    large: bytes
    small: bytes


def read_picture(upload: IO[bytes] | Any) -> Picture:
    """The uploaded JPEG, PNG or WebP, written anew without metadata. At most 5 MB and 40 megapixels.

    Raises `StockError` for anything else, saying what is wrong with it.
    """
    if getattr(upload, "size", 0) > LARGEST_FILE:
        raise _refusal(_("This picture is larger than 5 MB. Save it smaller and try again."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _rewritten(upload)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise _refusal(
            _("This file is not a picture that can be read. Use a JPEG, PNG or WebP picture.")
        ) from error


def store_picture(picture: Picture) -> str:
    """Write the files of a picture and answer its name. Whoever stores it deletes it when the product is not saved."""
    name = default_storage.save(f"{FOLDER}/{uuid.uuid4().hex}.webp", ContentFile(picture.large))
    default_storage.save(small_name(name), ContentFile(picture.small))
    return name


def delete_files(name: str) -> None:
    """Delete the files of a stored picture, as far as they are there."""
    for path in (name, small_name(name)):
        with suppress(OSError):
            default_storage.delete(path)


def forget_files(name: str) -> None:
    """Delete a picture's files once the transaction is committed."""
    if name:
        transaction.on_commit(partial(delete_files, name))


def _rewritten(upload: IO[bytes]) -> Picture:
    upload.seek(0)
    with Image.open(upload, formats=FORMATS) as image:
        if image.width * image.height > LARGEST_AREA:
            raise _too_many_pixels()
        image.draft("RGB", (LARGE_SIDE, LARGE_SIDE))
        upright = ImageOps.exif_transpose(image)
        plain = upright.convert(
            "RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB"
        )
    plain.info.clear()
    return Picture(_webp(plain, LARGE_SIDE), _webp(plain, SMALL_SIDE))


def _webp(image: Image.Image, side: int) -> bytes:
    copy = image.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    written = BytesIO()
    copy.save(written, "WEBP", quality=82, method=4)
    return written.getvalue()


def _too_many_pixels() -> StockError:
    return _refusal(_("This picture has more than 40 million pixels. Save it smaller and try again."))


def _refusal(sentence: str) -> StockError:
    return StockError(sentence, code="bad_picture", field="picture")
