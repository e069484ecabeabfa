"""AVIF, and HEIC where pillow-heif is installed: read like any picture, kept as JPEG or WebP."""

import io
import sys

import pillow_heif
import pytest
from PIL import Image, ImageDraw

from chirrup.errors import Invalid
from chirrup.social import image_child, images, uploads

CANARY = b"CANARY-of-the-place"
FORMATS = ["AVIF", "HEIF"]


@pytest.fixture(autouse=True, scope="module")
def _encoder():
    pillow_heif.register_heif_opener()


def halves(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new(mode, size, "blue")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1]), "red")
    return image


def encoded(image: Image.Image, format: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **how)
    return out.getvalue()


def decoded(file: images.File) -> Image.Image:
    return Image.open(io.BytesIO(file.data))


def colour(image: Image.Image, x: float, y: float) -> str:
    red, _, blue = image.convert("RGB").getpixel((int(image.width * x), int(image.height * y)))
    return "red" if red > blue else "blue"


def exif(turned: int) -> bytes:
    made = Image.Exif()
    made[0x0112], made[0x010E] = turned, CANARY.decode()
    return made.tobytes()


@pytest.mark.parametrize("format", FORMATS)
async def test_a_picture_becomes_an_upright_jpeg_without_metadata(format: str):
    data = encoded(halves(), format, exif=exif(6))  # turned by 90 degrees

    made = await image_child.isolated(images.process, data)

    assert (made.original.content_type, made.small.content_type) == ("image/jpeg", "image/jpeg")
    shown = decoded(made.original)
    assert shown.size == (48, 64)
    assert (colour(shown, 0.5, 0.2), colour(shown, 0.5, 0.8)) == ("red", "blue")
    assert CANARY not in made.original.data and not shown.getexif()
    assert made.meta.original and made.meta.original.size == "48x64"
    assert decoded(images.avatar(data).image).size == images.AVATAR


@pytest.mark.parametrize("format", FORMATS)
def test_what_shines_through_stays_so(format: str):
    image = halves(mode="RGBA")
    image.putalpha(100)

    made = images.process(encoded(image, format))

    assert made.original.content_type == "image/webp"
    assert decoded(made.original).convert("RGBA").getpixel((5, 5))[3] == pytest.approx(100, abs=3)


def test_a_moving_avif_stays_moving():
    frames = [Image.new("RGB", (40, 30), name) for name in ("red", "blue", "lime")]

    made = images.process(encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=200))

    assert (made.original.content_type, decoded(made.original).n_frames) == ("image/webp", 3)


@pytest.mark.parametrize("format", FORMATS)
def test_too_large_damaged_and_unknown_ones_are_refused(format: str):
    data = encoded(halves(), format)
    size = data.index(b"ispe") + 8  # width and height: ISO/IEC 23008-12, 6.5.3
    wide = data[:size] + 2 * (60_000).to_bytes(4) + data[size + 8 :]

    for bad in (wide, data[: len(data) // 2], data[:40], data[:30] + b"\0" * 2000):
        with pytest.raises(Invalid) as refused:
            images.process(bad)
        assert refused.value.field == "file"


def test_without_pillow_heif_heic_is_refused_in_words_and_not_told(monkeypatch: pytest.MonkeyPatch):
    data = encoded(halves(), "HEIF")
    assert "image/heic" in uploads.types()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    with pytest.raises(Invalid, match="HEIC picture, which this server does not read: set your camera to JPEG"):
        images.process(data)

    assert "image/heic" not in uploads.types() and "image/avif" in uploads.types()
