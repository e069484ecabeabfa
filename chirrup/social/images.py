"""Makes new pictures from the pixels of uploads, in the sizes that clients show. Reading them: image_read.py.

Pure functions that take CPU time; call them through image_child.isolated. Why: docs/decisions/0011-images.md.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

import blurhash
import msgspec
from PIL import Image, ImageOps

from .films import gif, tools
from .image_read import LIMITS, Limits, check, first_frame, open_image, refusals, shrink, within

AVATAR = (400, 400)
HEADER = (1500, 500)
LOGO_AREA = 400 * 400
EMOJI_AREA = 128 * 128  # they are drawn as high as a line of text
SMALL_BYTES = 10_000  # a result of this size is always accepted, even if the upload was smaller
PALETTE_COLOURS = 256
NEWER_GAIN = 6  # AVIF and HEIC need a third to a sixth of JPEG's bytes for the same picture
_ID_DIGITS = 16  # hexadecimal


class File(msgspec.Struct, frozen=True):
    data: bytes
    content_type: str
    extension: str  # "jpg", "png", "webp", "mp4"


class Size(msgspec.Struct, frozen=True, omit_defaults=True):
    """One size in MediaAttachment.meta. Pictures have the first four, films the others and no size and aspect."""

    width: int = 0
    height: int = 0
    size: str = ""  # "WxH"
    aspect: float = 0.0
    frame_rate: str = ""  # "25/1"
    duration: float = 0.0  # seconds
    bitrate: int = 0  # bits a second


NO_SIZE = Size()


class Meta(msgspec.Struct, frozen=True, omit_defaults=True):
    original: Size | None = None  # None: it is processed still
    small: Size | None = None  # None: it has no preview
    length: str = ""  # of a film: "0:00:01.28"; then its figures again, because Mastodon has them here too
    duration: float = 0.0
    fps: int = 0
    size: str = ""
    width: int = 0
    height: int = 0
    aspect: float = 0.0
    audio_encode: str = ""
    audio_bitrate: str = ""  # "44100 Hz"
    audio_channels: str = ""  # "stereo"


class Preview(msgspec.Struct, frozen=True):
    file: File  # never animated
    blurhash: str
    size: Size


class Processed(msgspec.Struct, frozen=True):
    original: File
    small: File  # never animated
    blurhash: str
    meta: Meta

    @property
    def preview(self) -> Preview:
        return Preview(self.small, self.blurhash, self.meta.small or NO_SIZE)


class Avatar(msgspec.Struct, frozen=True):
    """An avatar, or an emoji."""

    image: File
    still: File  # the same as image, unless that is animated


def process(data: bytes, *, limits: Limits = LIMITS) -> Processed:
    """The picture and its preview. An animated GIF becomes a film; other animations stay animated, as WebP.

    Raises Invalid ("file"): not JPEG, PNG, GIF, WebP, AVIF or HEIC, damaged, or beyond limits.
    """
    with refusals():
        kind, size, frames = check(data, limits)
        still = first_frame(data, kind, limits.area)
        small = shrink(still, limits.small_area)
        if frames > 1 and kind == "GIF" and (program := tools.find("ffmpeg")):
            with suppress(RuntimeError):  # an ffmpeg without libx264: it stays a picture
                return _film(program, data, frames, within(size, limits.moving_area), small)
        if frames > 1:
            size = within(size, limits.moving_area)
            original = _animation(data, kind, frames, size)
        else:
            size, original = still.size, _kept(still, kind, len(data))
        return Processed(original, _still(small, "JPEG"), _blurhash(small), Meta(_size(size), _size(small.size)))


def thumbnail(data: bytes, *, limits: Limits = LIMITS) -> Preview:
    """The first frame as a preview, in the format that it came in. Raises as process()."""
    with refusals():
        kind, _, _ = check(data, limits)
        small = shrink(first_frame(data, kind, limits.area), limits.small_area)
        return Preview(_kept(small, kind, len(data)), _blurhash(small), _size(small.size))


def _film(program: str, data: bytes, frames: int, size: tuple[int, int], small: Image.Image) -> Processed:
    width, height = gif.even(size)
    durations_ms = _durations_ms(open_image(data, "GIF"), frames)
    step_ms = gif.step_of(durations_ms, width * height)
    shown = [max(1, round(ms / step_ms)) for ms in durations_ms]
    moving = _Frames(open_image(data, "GIF"), frames, (width, height))
    made = gif.encode(
        program, moving.size, ((moving.over_white(frame), shown[frame]) for frame in range(frames)), step_ms
    )
    size_kept = _size(moving.size)
    rate = f"{made.frame_rate.numerator}/{made.frame_rate.denominator}"
    meta = Meta(
        original=Size(*moving.size, frame_rate=rate, duration=made.duration_s, bitrate=made.bitrate),
        small=_size(small.size),
        length=length(made.duration_s),
        duration=made.duration_s,
        fps=round(made.frame_rate),
        size=size_kept.size,
        width=size_kept.width,
        height=size_kept.height,
        aspect=size_kept.aspect,
    )
    return Processed(File(made.data, "video/mp4", "mp4"), _still(small, "JPEG"), _blurhash(small), meta)


def length(seconds: float) -> str:
    """h:mm:ss.cc, as ffmpeg writes it."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def avatar(data: bytes, *, limits: Limits = LIMITS) -> Avatar:
    """The middle of the picture, 400 x 400 (at most, if animated), and its first frame. Raises as process()."""
    with refusals():
        kind, size, frames = check(data, limits)
        still = _still(ImageOps.fit(first_frame(data, kind, limits.area), AVATAR), "JPEG")
        side = min(*size, *AVATAR)  # animations are never enlarged: a thousand frames of one pixel would cost 13 s
        return Avatar(_animation(data, kind, frames, (side, side)) if frames > 1 else still, still)


def emoji(data: bytes, *, limits: Limits = LIMITS) -> Avatar:
    """The whole picture, at most EMOJI_AREA, and its first frame. What moves is WebP. Raises as process()."""
    with refusals():
        kind, size, frames = check(data, limits)
        still = _still(shrink(first_frame(data, kind, limits.area), EMOJI_AREA), "PNG")
        return Avatar(_animation(data, kind, frames, within(size, EMOJI_AREA)) if frames > 1 else still, still)


def logo(data: bytes, *, limits: Limits = LIMITS) -> File:
    """The whole picture, at most LOGO_AREA; the first frame, if animated. Raises as process()."""
    with refusals():
        kind, _, _ = check(data, limits)
        return _still(shrink(first_frame(data, kind, limits.area), LOGO_AREA), "PNG")


def header(data: bytes, *, limits: Limits = LIMITS) -> File:
    """The middle of the picture, 1500 x 500; the first frame, if animated. Raises as process()."""
    with refusals():
        kind, _, _ = check(data, limits)
        return _still(ImageOps.fit(first_frame(data, kind, limits.area), HEADER), "JPEG")


def new_key(extension: str, row_id: int) -> str:
    """A blob key nobody can guess (128 random bits); its first digits are two folders. row_id: of the row it is for."""
    digits = secrets.token_hex(16)
    return f"{digits[:2]}/{digits[2:4]}/{row_id:0{_ID_DIGITS}x}{digits[4:]}.{extension}"


def row_of(key: str) -> int:
    """The row_id that new_key() was given; 0 if the key is not from new_key()."""
    digits = key[6:].partition(".")[0]
    return int(digits[:_ID_DIGITS], 16) if len(digits) == 28 + _ID_DIGITS else 0


def for_row(key: str, row_id: int) -> str:
    """The key of the same file for another row id."""
    return f"{key[:6]}{row_id:0{_ID_DIGITS}x}{key[6 + _ID_DIGITS :]}" if row_of(key) else key


def _kept(image: Image.Image, kind: str, came_bytes: int) -> File:
    """The picture in its own format; of AVIF and HEIC, which not everything shows, as JPEG or WebP."""
    if kind in ("AVIF", "HEIF"):
        kind, came_bytes = ("JPEG" if image.mode == "RGB" else "WEBP"), came_bytes * NEWER_GAIN
    return _still(image, kind, most=came_bytes)


def _still(image: Image.Image, kind: str, *, most: int = 1 << 40) -> File:
    """image as JPEG or WebP if kind says so, else as PNG; never JPEG if something is transparent.

    most: bytes. If the first encoding is larger, others are tried until one fits; if none does, the smallest is taken.
    """
    tried: list[File] = []
    for file in _ways(image, kind):
        tried.append(file)
        if len(file.data) <= max(most, SMALL_BYTES):
            return file
    return min(tried, key=lambda file: len(file.data))


def _ways(image: Image.Image, kind: str) -> Iterator[File]:
    """Encodings, the best first. The later ones are enough for uploads of low quality."""
    if kind == "WEBP":
        for quality, method in ((85, 2), (60, 2), (40, 4), (20, 4)):
            yield _as_webp(image, quality=quality, method=method)
    elif kind == "JPEG" and image.mode == "RGB":
        for quality in (88, 75, 60, 40, 20, 10):
            yield _as_jpeg(image, quality)
    else:
        yield _as_png(_in_few_colours(image))
        yield _as_webp(image, lossless=True, quality=20, method=1)
        yield _as_webp(image, quality=85, method=2)  # it was scaled down, which has made new colours anyway


def _in_few_colours(image: Image.Image) -> Image.Image:
    """The same pixels in grey or with a palette, if that is enough: a third or a quarter of the bytes."""
    found = image.getcolors(PALETTE_COLOURS)
    if found is None:
        return image
    if image.mode == "RGB" and all(isinstance(colour, tuple) and len(set(colour)) == 1 for _, colour in found):
        return image.convert("L")
    method = Image.Quantize.MEDIANCUT if image.mode == "RGB" else Image.Quantize.FASTOCTREE  # which supports opacity
    few = image.quantize(len(found), method=method, dither=Image.Dither.NONE)
    return few if few.convert(image.mode).tobytes() == image.tobytes() else image


def _as_jpeg(image: Image.Image, quality: int) -> File:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return File(out.getvalue(), "image/jpeg", "jpg")


def _as_webp(image: Image.Image, **how: Any) -> File:
    out = BytesIO()
    image.save(out, "WEBP", **how)
    return File(out.getvalue(), "image/webp", "webp")


def _as_png(image: Image.Image) -> File:
    out = BytesIO()
    image.save(out, "PNG", compress_level=4)  # 6 takes 2.6 times as long for 10 % less
    return File(out.getvalue(), "image/png", "png")


class _Frames(Image.Image):
    """Frames that are made one at a time while they are written, so only one is in memory."""

    def __init__(self, source: Image.Image, n_frames: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.n_frames = n_frames
        self.durations_ms: list[int] = []
        self._source = source
        self._size = size
        self._mode = "RGBA"
        self.seek(0)

    def over_white(self, frame: int) -> Image.Image:
        """The frame as RGB."""
        self.seek(frame)
        return Image.alpha_composite(Image.new("RGBA", self.size, "white"), self).convert("RGB")

    def seek(self, frame: int) -> None:
        self._source.seek(frame)
        self._im = ImageOps.fit(self._source.convert("RGBA"), self._size).im
        self.durations_ms[frame:] = [_duration_ms(self._source)]


def _durations_ms(source: Image.Image, frames: int) -> list[int]:
    """The durations of all frames. Reads each frame."""
    found: list[int] = []
    for frame in range(frames):
        source.seek(frame)
        found.append(_duration_ms(source))
    return found


def _duration_ms(source: Image.Image) -> int:
    """The duration of the frame read last."""
    return int(min(max(source.info.get("duration") or 100, 20), 60_000))  # browsers show 0 as 100


def _animation(data: bytes, kind: str, frames: int, size: tuple[int, int]) -> File:
    out = BytesIO()
    image = open_image(data, kind)
    loops = min(image.info.get("loop", 1), 65_535)
    moving = _Frames(image, frames, size)
    moving.save(out, "WEBP", save_all=True, duration=moving.durations_ms, loop=loops, quality=75, method=0)
    return File(out.getvalue(), "image/webp", "webp")


def _size(size: tuple[int, int]) -> Size:
    width, height = size
    return Size(width, height, f"{width}x{height}", width / height)


def _blurhash(image: Image.Image) -> str:
    """Computed from at most 32 x 32 pixels on white: 4 ms in pure Python."""
    tiny = image.resize((min(32, image.width), min(32, image.height)), Image.Resampling.BOX).convert("RGBA")
    tiny = Image.alpha_composite(Image.new("RGBA", tiny.size, "white"), tiny).convert("RGB")
    pixels = [[tiny.getpixel((x, y)) for x in range(tiny.width)] for y in range(tiny.height)]
    return blurhash.encode(pixels, *((4, 3) if image.width >= image.height else (3, 4)))
