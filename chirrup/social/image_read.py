"""Reads untrusted pictures: checks type and size first, then gives one upright frame in sRGB without metadata."""

import math
import re
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from io import BytesIO

import msgspec
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from ..errors import ChirrupError, Invalid
from ..wording import N_

SIDE_MAX = 65_535  # JPEG's limit
SIDE_KEPT_MAX = 16_383  # WebP's limit; animations are kept as WebP
JPEG_SCANS_MAX = 100  # each is a pass over all pixels; cameras write 1, progressive encoders about 10


class Limits(msgspec.Struct, frozen=True):
    """Areas in pixels: width x height, whatever the shape."""

    pixels_max: int = 7680 * 4320  # of an upload; clients read it as image_matrix_limit
    area: int = 3840 * 2160  # of the kept picture; larger ones are scaled down
    moving_area: int = 1280 * 720  # the same for each frame of an animation
    small_area: int = 640 * 360
    frames_max: int = 1000
    frame_pixels_max: int = 100_000_000  # of all frames together


LIMITS = Limits()

# The first bytes decide, not the content type that the client sends.
_KNOWN = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"))
# ISO/IEC 14496-12, 4.3, and 23008-12: the first box has four letters for each kind of file that it is.
_AVIF = {b"avif", b"avis"}
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
BRANDS_BYTES = 64
_REFUSED = ((b"<", "SVG/HTML/XML"), (b"%PDF", "PDF"), (b"%!PS", "PostScript"), (b"II*", "TIFF"), (b"MM\0*", "TIFF"))

# In a JPEG's pixels, 0xFF is followed by 0 or by a restart (RST0 to RST7). Anything else begins the next segment.
# ITU-T T.81, B.1.1.
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"

_PLUGINS = (AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)  # so no others are
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each has frames of its own in memory
_SRGB = ImageCms.createProfile("sRGB")

# A second limit after our own check: Pillow refuses twice this, also when a later GIF frame enlarges the canvas.
Image.MAX_IMAGE_PIXELS = LIMITS.pixels_max // 2
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@contextmanager
def refusals() -> Generator[None]:
    """Turns all errors into Invalid. Decoders raise nearly anything on damaged bytes, and the fault is the file's."""
    try:
        yield
    except ChirrupError:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise Invalid("file", "too_dear", "takes too much memory to read: send a smaller image") from error
    except Exception as error:
        why = N_("is damaged or unusual and could not be read: export it again as JPEG, PNG, GIF or WebP")
        raise Invalid("file", "damaged", why) from error


def check(data: bytes, limits: Limits) -> tuple[str, tuple[int, int], int]:
    """(format, (width, height), number of frames), from the headers, so nothing is decoded before its size is known."""
    kind = kind_of(data)
    if kind == "HEIF" and not reads_heif():
        why = N_("is a HEIC picture, which this server does not read: set your camera to JPEG, or export it as JPEG")
        raise Invalid("file", "unknown", why)
    if not kind:
        start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
        came = next((name for magic, name in _REFUSED if start.startswith(magic)), "")
        if came:
            raise Invalid("file", "unknown", "is {came}: send a JPEG, PNG, GIF or WebP image", came=came)
        if not data:
            raise Invalid("file", "unknown", "is empty: send a JPEG, PNG, GIF or WebP image")
        raise Invalid("file", "unknown", "is of no known type: send a JPEG, PNG, GIF or WebP image")
    if kind == "JPEG" and _scans(data) > JPEG_SCANS_MAX:
        raise Invalid("file", "too_dear", "has more than {most} scans: export the JPEG again", most=JPEG_SCANS_MAX)

    image = open_image(data, kind)
    width, height = image.size
    if width * height > limits.pixels_max or max(width, height) > SIDE_MAX:
        raise Invalid(
            "file",
            "too_large",
            "must have at most {most:.1f} million pixels, {side} on a side; has {width} x {height}",
            most=limits.pixels_max / 1e6,
            side=SIDE_MAX,
            width=width,
            height=height,
        )
    return kind, image.size, 1 if kind in ("JPEG", "HEIF") else _frames(image, limits)


def kind_of(data: bytes) -> str:
    """Pillow's name of the format; "": none that is known here."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        end = min(int.from_bytes(data[:4]), BRANDS_BYTES)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
        return "AVIF" if brands & _AVIF else "HEIF" if brands & _HEIF else ""
    return next((name for magic, name in _KNOWN if data.startswith(magic)), "")


def reads_heif() -> bool:
    """Whether pillow-heif is installed, the extra "heic": its wheels are under the GPL, so an operator chooses."""
    return find_spec("pillow_heif") is not None


@cache
def _register_heif() -> None:
    import pillow_heif  # only where such a picture comes

    pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)


def _scans(data: bytes) -> int:
    """How many scans a JPEG has, up to JPEG_SCANS_MAX + 1. Bytes after its end are ignored: phones add a film there."""
    at, scans = 2, 0
    while scans <= JPEG_SCANS_MAX and (found := _JPEG_MARKER.search(data, at)):
        if found[1] == _END_OF_IMAGE:
            break
        scans += found[1] == _START_OF_SCAN
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])  # the segment's end; its pixels follow
    return scans


def open_image(data: bytes, kind: str) -> ImageFile.ImageFile:
    if kind == "HEIF":
        _register_heif()
    return Image.open(BytesIO(data), formats=[kind])


def _frames(image: Image.Image, limits: Limits) -> int:
    """How many frames. Pillow must not count them first: a GIF may have a million."""
    most = min(limits.frames_max, limits.frame_pixels_max // (image.width * image.height))
    try:
        image.seek(most)
    except EOFError:
        image.seek(0)
        return getattr(image, "n_frames", 1)
    raise Invalid(
        "file",
        "too_large",
        "must have at most {most} frames at {width} x {height}; has more",
        most=most,
        width=image.width,
        height=image.height,
    )


def first_frame(data: bytes, kind: str, area: int) -> Image.Image:
    """At most area pixels, as RGB or RGBA in sRGB, turned as its EXIF says, without any metadata."""
    # One name for all steps, so that each frees the image before: 130 MB at 33 million pixels.
    file = image = open_image(data, kind)
    image.draft(None, within(image.size, area))  # JPEG is decoded at 1/2, 1/4 or 1/8 of the size, if that is enough
    file.load()
    file.fp = None  # for WebP it has a second copy of all pixels: 130 MB
    del file
    if image.mode == "I;16":
        image = image.point(lambda value: value / 256).convert("L")  # convert() alone would clip at 255
    if image.mode not in ("RGB", "RGBA", "CMYK"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "RGBA" and image.width * image.height > area:
        image = image.convert("RGBa")  # resize() would do this in a second copy
        image = shrink(image, area)
        image = image.convert("RGBA")
    image = shrink(image, area)
    with suppress(Exception):  # a damaged EXIF block is no reason to refuse the picture
        image = ImageOps.exif_transpose(image)
    image = _in_srgb(image)
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    image.info = {}  # Pillow would write the comments, profiles and transparency found here
    return image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Converts the colours. Phones write Display P3, and without its profile the colours would look pale."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile := image.info.get("icc_profile"):
        with suppress(ImageCms.PyCMSError, OSError):
            converted = ImageCms.profileToProfile(image, BytesIO(profile), _SRGB, outputMode=mode)
            return converted or image
    return image.convert(mode)


def within(size: tuple[int, int], area: int) -> tuple[int, int]:
    """size, or the largest size of this shape with at most area pixels, and SIDE_KEPT_MAX on a side."""
    width, height = size
    scale = min(1.0, math.sqrt(area / (width * height)), SIDE_KEPT_MAX / max(size))
    return max(1, int(width * scale)), max(1, int(height * scale))


def shrink(image: Image.Image, area: int) -> Image.Image:
    size = within(image.size, area)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
