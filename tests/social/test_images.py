"""Untrusted pictures: the results, and the refusals (threats E1 to E6, R10)."""

import asyncio
import io
import json
import random
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from chirrup.errors import Invalid, Unavailable
from chirrup.social import image_child, images
from chirrup.social.films import gif as film_of_gif
from chirrup.social.films import tools
from chirrup.social.images import File, Limits

# Pillow warns of unusual files; in a server nobody reads these warnings.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::PIL.Image.DecompressionBombWarning"),
]

CANARY = b"chirrup-canary"
COLOURS = ["red", "lime", "blue", "white"]
FORMATS = ["JPEG", "PNG", "GIF", "WEBP"]


def encoded(image: Image.Image, format: str, **how) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **how)
    return out.getvalue()


def decoded(file: File) -> Image.Image:
    image = Image.open(io.BytesIO(file.data))
    image.load()
    return image


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red, lime, blue and white quarters: the corners show how a picture was turned."""
    tiny = Image.new("RGB", (2, 2))
    tiny.putdata([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
    return tiny.resize((width, height), Image.Resampling.NEAREST)


def corners(image: Image.Image) -> list[str]:
    """The names of the colours in the corners, row by row."""
    right, bottom = image.width - 4, image.height - 4
    pixels = [image.convert("RGB").getpixel(at) for at in ((3, 3), (right, 3), (3, bottom), (right, bottom))]
    names = {(1, 0, 0): "red", (0, 1, 0): "lime", (0, 0, 1): "blue", (1, 1, 1): "white"}
    return [names.get(tuple(round(band / 255) for band in pixel), str(pixel)) for pixel in pixels]


def frames(count: int, size: tuple[int, int] = (40, 30)) -> list[Image.Image]:
    return [Image.new("RGB", size, COLOURS[i % 3]) for i in range(count)]


def animated(format: str, count: int, **how) -> bytes:
    first, *rest = frames(count)
    return encoded(first, format, save_all=True, append_images=rest, duration=100, **how)


def parts(data: bytes) -> set[bytes]:
    """The markers or chunk types of a JPEG, PNG or WebP file."""
    if data.startswith(b"\xff\xd8"):
        found, at = set(), 2
        while data[at + 1] != 0xDA:
            found.add(data[at : at + 2])
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
        return found
    png = data.startswith(b"\x89PNG")
    found, at = set(), 8 if png else 12
    while at < len(data):
        size = int.from_bytes(data[at : at + 4]) if png else int.from_bytes(data[at + 4 : at + 8], "little")
        found.add(data[at + 4 : at + 8] if png else data[at : at + 4])
        at += size + 12 if png else size + size % 2 + 8
    return found


PIXEL_PARTS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"} | {
    bytes([0xFF, marker]) for marker in (0xE0, 0xDB, 0xC0, 0xC2, 0xC4, 0xDD)
}


def assert_only_pixels(*files: File) -> None:
    for file in files:
        assert CANARY not in file.data
        assert file.extension == "mp4" or parts(file.data) <= PIXEL_PARTS


# Results


@pytest.mark.parametrize(
    ("format", "content_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/png"), ("WEBP", "image/webp")],
)
def test_a_picture_keeps_its_looks_and_comes_in_two_sizes(format: str, content_type: str):
    made = images.process(encoded(quarters(1600, 1200), format))

    assert made.original.content_type == content_type
    assert corners(decoded(made.original)) == corners(decoded(made.small)) == COLOURS
    assert decoded(made.original).size == (1600, 1200)
    assert decoded(made.small).size == (554, 415)  # 640 x 360 pixels in another shape


def test_meta_has_mastodons_shape():
    made = images.process(encoded(quarters(1280, 720), "PNG"))

    assert msgspec.to_builtins(made.meta) == {
        "original": {"width": 1280, "height": 720, "size": "1280x720", "aspect": 1280 / 720},
        "small": {"width": 640, "height": 360, "size": "640x360", "aspect": 640 / 360},
    }


def test_larger_than_4k_is_scaled_down_in_its_shape():
    made = images.process(encoded(quarters(3000, 6000), "JPEG"))

    assert decoded(made.original).size == (made.meta.original.width, made.meta.original.height) == (2036, 4072)
    assert corners(decoded(made.original)) == COLOURS


@pytest.mark.parametrize(
    ("format", "mode", "size"),
    [
        ("WEBP", "RGB", (6000, 4000)),
        ("WEBP", "RGBA", (7680, 4320)),
        ("JPEG", "RGB", (1080, 20_000)),
        ("PNG", "RGB", (20_000, 800)),
        ("PNG", "L", (60_000, 500)),
        ("GIF", "L", (30_000, 900)),
    ],
)
async def test_any_shape_and_format_may_have_as_many_pixels_as_is_promised(
    format: str, mode: str, size: tuple[int, int]
):
    data = encoded(Image.new(mode, size), format)

    made = await image_child.isolated(images.process, data)

    width, height = decoded(made.original).size
    assert width / height == pytest.approx(size[0] / size[1], rel=0.02)
    assert width * height <= Limits().area and max(width, height) <= 16_383


def test_what_follows_the_end_of_a_photo_is_not_looked_at():
    """Phones add a film to a JPEG; its bytes may look like any number of scans."""
    photo = encoded(quarters(), "JPEG", progressive=True)
    film = b"\0\0\0\x18ftypmp42" + b"\xff\xda\0\x08" * 5000

    made = images.process(photo + film)

    assert corners(decoded(made.original)) == COLOURS
    assert_only_pixels(made.original)


def test_scans_inside_of_a_thumbnail_are_not_the_photos():
    thumbnail = b"\xff\xd8" + b"\xff\xda\0\x02" * 500 + b"\xff\xd9"
    exif = b"\xff\xe1" + (len(thumbnail) + 8).to_bytes(2) + b"Exif\0\0" + thumbnail
    photo = encoded(quarters(), "JPEG")

    assert corners(decoded(images.process(photo[:2] + exif + photo[2:]).original)) == COLOURS


def noise(mode: str = "RGB") -> Image.Image:
    size = (300, 200)
    return Image.frombytes(mode, size, random.Random(1).randbytes(size[0] * size[1] * len(mode)))


@pytest.mark.parametrize(
    ("image", "format", "how"),
    [
        (noise().quantize(200), "PNG", {"optimize": True}),
        (noise("L"), "PNG", {"optimize": True}),
        (noise("L").convert("1"), "PNG", {"optimize": True}),
        (noise("RGBA").quantize(250), "PNG", {"optimize": True}),
        (noise(), "JPEG", {"quality": 45}),
        (noise(), "JPEG", {"quality": 15}),
        (noise(), "JPEG", {"quality": 75}),
        (noise(), "WEBP", {"quality": 30, "method": 0}),
        (noise().quantize(100), "GIF", {}),
    ],
)
def test_no_more_is_served_than_came_in(image: Image.Image, format: str, how: dict[str, int]):
    data = encoded(image, format, **how)

    made = images.process(data)

    assert len(made.original.data) <= len(data)
    if format == "PNG":
        assert decoded(made.original).convert("RGBA").tobytes() == image.convert("RGBA").tobytes()


def test_one_pixel_is_a_picture():
    made = images.process(encoded(Image.new("RGB", (1, 1), "red"), "PNG"))

    assert made.meta.original.size == made.meta.small.size == "1x1"


def test_a_sliver_is_a_picture():
    made = images.process(encoded(Image.new("RGB", (9000, 1), "red"), "PNG"))

    assert made.meta.small.size == "9000x1"


def test_blurhash_tells_colours():
    red, blue = (images.process(encoded(Image.new("RGB", (90, 60), colour), "PNG")) for colour in ("red", "blue"))

    assert red.blurhash[2:6] == "TI:j"  # 0xff0000 in base 83: the average colour
    assert len(red.blurhash) == len(blue.blurhash) == 4 + 2 * 4 * 3
    assert red.blurhash != blue.blurhash


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_understood(mode: str):
    grey = Image.new("RGB", (40, 30), (128, 128, 128))
    if mode == "I;16":
        image = Image.new("I;16", grey.size, 0x8080)
    elif mode == "P":
        image = grey.quantize()
    elif mode == "1":
        image = grey.convert("1")  # dithered
    else:
        image = grey.convert(mode)
    data = encoded(image, "JPEG" if mode == "CMYK" else "PNG")

    pixel = decoded(images.process(data).original).convert("RGB").resize((1, 1)).getpixel((0, 0))

    assert all(abs(band - 128) < 8 for band in pixel)


def test_what_is_transparent_stays_so():
    image = quarters().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))

    for format in ("PNG", "WEBP"):
        made = images.process(encoded(image, format))
        assert decoded(made.original).getchannel("A").getextrema() == image.getchannel("A").getextrema()
        assert decoded(made.small).mode == "RGBA"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_applied(format: str, orientation: int):
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # the camera was turned one way, viewers turn the other
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    as_seen = quarters()
    as_stored = as_seen.transpose(turns[orientation]) if orientation in turns else as_seen
    exif = Image.Exif()
    exif[0x0112] = orientation

    made = images.process(encoded(as_stored, format, exif=exif))

    assert made.meta.original.size == "64x48"
    assert corners(decoded(made.original)) == corners(decoded(made.small)) == COLOURS


def test_colours_are_converted_before_their_profile_is_dropped():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")

    made = images.process(encoded(Image.new("RGB", (40, 30), (255, 0, 0)), "PNG", icc_profile=swapped))

    assert corners(decoded(made.original)) == ["lime"] * 4
    assert "icc_profile" not in decoded(made.original).info


def probed(file: File) -> dict[str, Any]:
    """ffprobe's description of a film's only stream."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", "-"]
    done = subprocess.run(command, input=file.data, capture_output=True, check=True)
    (stream,) = json.loads(done.stdout)["streams"]
    return stream


def frame_of(file: File, at_s: float) -> Image.Image:
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        "-",
        "-ss",
        str(at_s),
        "-frames:v",
        "1",
        "-f",
        "image2pipe",
        "-c:v",
        "png",
        "-",
    ]
    done = subprocess.run(command, input=file.data, capture_output=True, check=True)
    return Image.open(io.BytesIO(done.stdout))


@pytest.mark.usefixtures("ffmpeg_path")
async def test_a_gif_that_moves_becomes_a_film():
    first, *rest = [quarters(), *frames(5, (64, 48))]
    data = encoded(first, "GIF", save_all=True, append_images=rest, duration=[100, 40, 40, 40, 40, 240], comment=SCRIPT)

    made = await image_child.isolated(images.process, data)  # as a server does it

    assert (made.original.content_type, made.original.extension) == ("video/mp4", "mp4")
    stream = probed(made.original)
    assert (stream["codec_name"], stream["pix_fmt"], stream["width"], stream["height"]) == ("h264", "yuv420p", 64, 48)
    assert (stream["r_frame_rate"], stream["nb_read_frames"]) == ("50/1", "25")
    assert corners(frame_of(made.original, 0.05)) == corners(decoded(made.small)) == COLOURS
    assert corners(frame_of(made.original, 0.45)) == ["lime"] * 4
    assert CANARY not in made.original.data and b"Lavf" not in made.original.data
    meta = msgspec.to_builtins(made.meta)
    assert meta["original"] == {
        "width": 64,
        "height": 48,
        "frame_rate": "50/1",
        "duration": 0.5,
        "bitrate": len(made.original.data) * 16,
    }
    assert meta["small"] == {"width": 64, "height": 48, "size": "64x48", "aspect": 64 / 48}
    assert (meta["length"], meta["duration"], meta["fps"], meta["size"]) == ("0:00:00.50", 0.5, 50, "64x48")


@pytest.mark.usefixtures("ffmpeg_path")
@pytest.mark.parametrize(
    ("size", "durations_ms", "frames_written", "seconds"),
    [
        ((3, 3), [60_000, 60_000], 2, 120),  # the longest that is shown
        ((41, 31), [0, 0, 0], 3, 0.3),  # browsers show 0 as 100
        ((1, 1), [20] * 999, 999, 19.98),
        ((41, 31), [60_000, 50, 60_000], 1901, 120),  # 63 ms a step
        ((1280, 720), [20, 60_000], 217, 60),  # a large picture is written less often: its 5 kB took 13 s CPU
    ],
)
def test_a_film_has_its_gifs_times(size: tuple[int, int], durations_ms: list[int], frames_written: int, seconds: float):
    first, *rest = [Image.new("RGB", size, COLOURS[n % 3]) for n in range(len(durations_ms))]
    data = encoded(first, "GIF", save_all=True, append_images=rest, duration=durations_ms)

    made = images.process(data)

    stream = probed(made.original)
    assert (stream["width"], stream["height"]) == (max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2))
    assert float(stream["duration"]) == pytest.approx(seconds, rel=0.06) == made.meta.duration
    assert int(stream["nb_read_frames"]) == pytest.approx(frames_written, rel=0.06)


@pytest.mark.usefixtures("ffmpeg_path")
def test_a_film_has_no_name_on_the_disk_that_a_kill_could_leave(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    names: list[Path] = []

    def frames_given() -> Iterator[tuple[Image.Image, int]]:
        for _ in range(50):
            names.extend(tmp_path.iterdir())
            yield Image.effect_noise((640, 360), 90).convert("RGB"), 1

    program = tools.find("ffmpeg")
    assert program

    assert film_of_gif.encode(program, (640, 360), frames_given(), 100).duration_s == 5
    assert names == list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("ffmpeg_path")
def test_what_shines_through_a_film_is_white():
    clear = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    red = Image.new("RGBA", (40, 30), "red")
    data = encoded(clear, "GIF", save_all=True, append_images=[red], duration=100, disposal=2)

    assert corners(frame_of(images.process(data).original, 0)) == ["white"] * 4


def test_without_ffmpeg_a_gif_that_moves_stays_a_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))

    made = images.process(animated("GIF", 3))

    assert (made.original.content_type, decoded(made.original).n_frames) == ("image/webp", 3)


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_an_animation_stays_one(format: str):
    made = images.process(animated(format, 6, loop=0))

    moving = decoded(made.original)
    assert (made.original.content_type, moving.n_frames, moving.info["loop"]) == ("image/webp", 6, 0)
    shown = []
    for i in range(6):
        moving.seek(i)
        moving.load()
        shown.append((corners(moving)[0], moving.info["duration"]))
    assert shown == [(COLOURS[i % 3], 100) for i in range(6)]
    assert getattr(decoded(made.small), "n_frames", 1) == 1
    assert corners(decoded(made.small))[0] == "red"


def test_a_large_animation_is_scaled_down():
    data = animated("PNG", 3)

    made = images.process(data, limits=Limits(moving_area=20 * 15))

    assert decoded(made.original).size == (20, 15)
    assert made.meta.original.size == "20x15"


def test_an_avatar_is_the_middle_square():
    image = Image.new("RGB", (900, 300), "red")
    image.paste(quarters(300, 300), (300, 0))

    made = images.avatar(encoded(image, "PNG"))

    assert made.image == made.still
    assert decoded(made.image).size == (400, 400)
    assert corners(decoded(made.image)) == COLOURS


def test_an_animated_avatar_has_a_still():
    made = images.avatar(animated("GIF", 4))

    assert (decoded(made.image).n_frames, decoded(made.image).size) == (4, (30, 30))
    assert getattr(decoded(made.still), "n_frames", 1) == 1
    assert decoded(made.still).size == (400, 400)


def test_a_header_is_a_strip_of_the_middle():
    image = Image.new("RGB", (300, 300), "red")
    image.paste(quarters(300, 100), (0, 100))

    made = images.header(encoded(image, "JPEG"))

    assert decoded(made).size == (1500, 500)
    assert corners(decoded(made)) == COLOURS


# E1: polyglots


SCRIPT = b"<script>alert('" + CANARY + b"')</script>*/=1;/*"


@pytest.mark.parametrize("format", FORMATS)
def test_bytes_that_are_no_pixels_are_gone(format: str):
    data = encoded(quarters(), format)
    if format in ("JPEG", "GIF"):
        data = encoded(quarters(), format, comment=SCRIPT)

    made, avatar, header = (make(data + SCRIPT) for make in (images.process, images.avatar, images.header))

    assert_only_pixels(made.original, made.small, avatar.image, avatar.still, header)


def test_a_comment_in_an_animation_is_gone():
    data = animated("GIF", 3, comment=SCRIPT)

    assert CANARY in data
    assert CANARY not in images.process(data).original.data
    assert_only_pixels(images.avatar(data).image)


# E2: what is refused


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "SVG/HTML/XML"),
        (
            b"\xef\xbb\xbf \n<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
            "XML",
        ),
        (b"<!DOCTYPE html><script>", "HTML"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "no known type"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9", "PostScript"),
        (b"%PDF-1.7", "PDF"),
        (encoded(quarters(), "TIFF"), "TIFF"),
        (encoded(quarters(), "BMP"), "no known type"),
        (random.Random(2).randbytes(5000), "no known type"),
    ],
)
def test_what_is_not_of_a_type_that_is_read_is_refused(data: bytes, why: str):
    for make in (images.process, images.avatar, images.header):
        with pytest.raises(Invalid, match=f"{why}.*: send a JPEG, PNG, GIF or WebP image") as refused:
            make(data)
        assert refused.value.field == "file"


@pytest.mark.parametrize(("size", "limits"), [((66_000, 1), Limits()), ((60, 50), Limits(pixels_max=2999))])
def test_a_picture_that_is_too_large_is_refused_with_the_limit(size: tuple[int, int], limits: Limits):
    with pytest.raises(Invalid, match=f"at most .* million pixels, 65535 on a side; has {size[0]} x {size[1]}"):
        images.process(encoded(Image.new("RGB", size), "PNG"), limits=limits)


# E3: bombs. Each is decoded in its own process, which reports time and memory


def chunk(type: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + type + data + struct.pack(">I", zlib.crc32(type + data))


def png(width: int, height: int, *, depth: int = 1, extra: bytes = b"") -> bytes:
    """A black PNG with the smallest possible size."""
    row = bytes(1 + (width * depth + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    pixels = zlib.compress(row * height, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def gif(width: int, height: int, count: int, *, at: tuple[int, int, int, int] = (0, 0, 1, 1)) -> bytes:
    """count frames, each with one pixel, or with the declared place `at` (left, top, width, height)."""
    canvas = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", *at, 0) + b"\x02\x02\x44\x01\x00"
    return canvas + frame * count + b";"


def many_scans() -> bytes:
    """A progressive JPEG whose last pass over all pixels is repeated without end."""
    data = encoded(Image.new("RGB", (4000, 3000)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 50_000 + data[-2:]


def wide_webp() -> bytes:
    data = bytearray(animated("WEBP", 2))
    assert data[12:16] == b"VP8X"
    data[24:30] = (16_382).to_bytes(3, "little") * 2  # the size of the canvas, less one
    return bytes(data)


def pixels_by_the_thousand(format: str) -> bytes:
    dots = [Image.new("RGB", (1, 1), COLOURS[i % 3]) for i in range(1200)]
    return encoded(dots[0], format, save_all=True, append_images=dots[1:], duration=20)


BOMBS = {
    "PNG of 900 million pixels": lambda: png(30_000, 30_000),
    "PNG of one endless row": lambda: png(1_000_000, 1),
    "GIF with a canvas of 4 billion": lambda: gif(65_535, 65_535, 1),
    "GIF whose second frame outgrows the canvas": lambda: (
        gif(10, 10, 1)[:-1] + gif(0, 0, 1, at=(0, 0, 60_000, 60_000))[19:]
    ),
    "GIF of a million frames": lambda: gif(1, 1, 1_000_000),
    "GIF of ten frames of 16 million": lambda: gif(4000, 4000, 10),
    "APNG of 1200 frames": lambda: pixels_by_the_thousand("PNG"),
    "WebP of 1200 frames": lambda: pixels_by_the_thousand("WEBP"),
    "WebP with a canvas of 268 million": wide_webp,
    "PNG with 200 MB of text": lambda: png(9, 9, extra=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000), 1))),
    "PNG with 100 texts of 1 MB": lambda: png(
        9, 9, extra=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 100
    ),
    "PNG with a profile of 200 MB": lambda: png(
        9, 9, extra=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200_000_000), 1))
    ),
    "JPEG of 50,000 scans": many_scans,
    "TIFF whose directory is its own successor": lambda: b"II*\0\x08\0\0\0" + bytes(2) + b"\x08\0\0\0",
}

MEASURE = """
import sys, time
from chirrup.errors import Invalid, Unavailable
from chirrup.social import images
data = sys.stdin.buffer.read()
start = time.process_time()
try:
    images.process(data)
except Invalid:
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(time.process_time() - start, int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_soon_and_in_little_memory(name: str):
    done = subprocess.run([sys.executable, "-c", MEASURE], input=BOMBS[name](), capture_output=True, check=True)

    cpu_s, memory_mib = map(float, done.stdout.split())
    assert cpu_s < 2
    assert memory_mib < 256


# E4: metadata


def with_metadata(format: str) -> bytes:
    """A picture full of metadata that should stay private."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = CANARY.decode()  # description, artist
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0), 29: CANARY.decode()}  # GPS
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + CANARY + b"</x:xmpmeta>"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY
    if format == "GIF":
        extension = b"\x21\xff\x0bXMP DataXMP" + bytes([len(CANARY)]) + CANARY + b"\0"
        data = encoded(quarters(), "GIF", comment=CANARY)
        return data[:-1] + extension + data[-1:]
    if format == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", CANARY.decode())
        texts.add_text("Author", CANARY.decode(), zip=True)
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return encoded(quarters(), "PNG", pnginfo=texts, exif=exif, icc_profile=profile)
    data = encoded(quarters(), format, exif=exif, xmp=xmp, icc_profile=profile, comment=CANARY)
    if format == "JPEG":
        iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\x14\x1c\x02\x78\0\x0e" + CANARY
        data = data[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2) + iptc + data[2:]
    return data


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_but_pixels_is_kept_in_any_size(format: str):
    data = with_metadata(format)
    assert CANARY in data

    made, avatar, header = (make(data) for make in (images.process, images.avatar, images.header))

    assert_only_pixels(made.original, made.small, avatar.image, avatar.still, header)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_nothing_but_pixels_is_kept_of_an_animation(format: str):
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    data = animated(format, 3, **({"comment": CANARY} if format == "GIF" else {"exif": exif}))
    assert CANARY in data

    assert_only_pixels(images.process(data).original, images.avatar(data).image)


# E6: damage


def specimens() -> list[bytes]:
    noise = Image.effect_noise((48, 32), 90).convert("RGB")
    see_through = noise.convert("RGBA")
    see_through.putalpha(noise.getchannel("R"))
    return [
        encoded(noise, "JPEG"),
        encoded(
            noise,
            "JPEG",
            progressive=True,
            exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
        ),
        encoded(noise.convert("CMYK"), "JPEG"),
        encoded(see_through, "PNG"),
        encoded(noise.quantize(16), "PNG"),
        encoded(noise, "GIF"),
        encoded(see_through, "WEBP"),
        encoded(noise, "WEBP", lossless=True),
        *(animated(format, 3) for format in ("GIF", "PNG", "WEBP")),
        *(with_metadata(format) for format in FORMATS),
    ]


def damaged(data: bytes, dice: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 8])):
        start = dice.randrange(min(len(mutant), dice.choice([64, 10**9])))
        end = start + dice.choice([1, 1, 2, 4, 50])
        mutant[start:end] = dice.choice([b"", b"\xff" * (end - start), bytes(end - start), dice.randbytes(end - start)])
    return bytes(mutant[: dice.randrange(len(mutant))] if dice.random() < 0.1 else mutant)


@pytest.mark.parametrize("which", range(len(specimens())))
def test_a_damaged_file_is_refused_or_made_whole(which: int):
    dice, data = random.Random(which), specimens()[which]
    whole = 0

    for _ in range(60):
        try:
            made = images.process(damaged(data, dice))
        except Invalid:
            continue
        whole += 1
        if made.original.extension == "mp4":
            assert made.original.data[4:8] == b"ftyp"
            continue
        assert decoded(made.original).size == (made.meta.original.width, made.meta.original.height)
        assert_only_pixels(made.original, made.small)

    assert whole < 60


# In a child process


async def test_a_child_process_gives_the_same_result():
    data = encoded(quarters(), "PNG")

    for make in (images.process, images.avatar, images.header):
        assert await image_child.isolated(make, data) == make(data)


async def test_an_error_of_a_child_process_is_raised():
    with pytest.raises(Invalid, match="is PDF: send a JPEG"):
        await image_child.isolated(images.process, b"%PDF")


async def test_more_than_may_wait_are_turned_away_at_once():
    tasks = [asyncio.create_task(image_child.isolated(images.process, b"")) for _ in range(image_child.WAITING_MAX + 2)]

    await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)

    turned_away = [task for task in tasks if task.done() and isinstance(task.exception(), Unavailable)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert turned_away == tasks[-2:]
    assert await image_child.isolated(images.process, encoded(quarters(), "PNG"))


UNDER_PRESSURE = """
import asyncio, resource, sys
from pathlib import Path
from chirrup.errors import Invalid, Unavailable
from chirrup.social import image_child, images
dear, cheap, limit, most = sys.argv[1:]

async def outcome(path):
    try:
        return (await image_child.isolated(images.process, Path(path).read_bytes())).meta.original.size
    except Invalid as refused:
        return refused.why

async def main():
    print(*await asyncio.gather(*[outcome(path) for path in (dear, dear, dear, cheap)]), sep="\\n")

resource.setrlimit(getattr(resource, limit), (int(most), int(most)))
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("dear", "limit", "most"),
    [
        (png(7680, 4320), "RLIMIT_AS", 160 * 2**20),
        (gif(4000, 4000, 6), "RLIMIT_CPU", 1),
    ],
    ids=["memory", "time"],
)
def test_a_picture_that_needs_too_much_fails_alone(tmp_path: Path, dear: bytes, limit: str, most: int):
    """R10: the children inherit the limits of this process. They die of them, and it survives."""
    (tmp_path / "dear").write_bytes(dear)
    (tmp_path / "cheap").write_bytes(encoded(quarters(), "PNG"))
    arguments = [tmp_path / "dear", tmp_path / "cheap", limit, str(most)]

    done = subprocess.run(
        [sys.executable, "-c", UNDER_PRESSURE, *arguments], capture_output=True, text=True, check=True
    )

    *refused, made = done.stdout.splitlines()
    assert made == "64x48"
    assert len(refused) == 3
    assert all("too much memory" in why for why in refused)
