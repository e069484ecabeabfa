"""Films as MP4 (H.264, AAC) and sound as M4A (AAC), which all browsers and apps play: written anew from what is seen
and heard, so nothing else of the upload is in them.
"""

import math
from fractions import Fraction
from pathlib import Path

import msgspec

from .. import image_child, images
from ..image_read import within
from . import gif, probe, tools
from .probe import Probe, Stream

AREA = 1920 * 1080  # of the kept film; larger ones are scaled down
RATE = 60  # frames a second, at most
RATE_UNKNOWN = Fraction(30)
CRF, PRESET, BITRATE_MAX = 23, "veryfast", 3_000_000  # 10 minutes take 225 MB at most
SOUND_BITRATE, SOUND_HZ = 160_000, (44_100, 48_000)
FILM, SOUND, FIRST_FRAME = "film.mp4", "sound.m4a", "first.png"
_CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-fflags", "+bitexact", "-flags:v", "+bitexact")
_SAY = ("-hide_banner", "-loglevel", "error", "-nostdin", "-y")


class Made(msgspec.Struct, frozen=True):
    """Files in the workplace, and what is told of them."""

    file: Path
    content_type: str
    extension: str
    kind: str  # "video", "gifv", "audio"
    meta: images.Meta
    preview: images.File | None  # of the first frame; None: there is nothing to see
    blurhash: str


async def make(place: Path, read_as: str) -> Made:
    """From the upload in place. Raises Invalid ("file") with the reason, Unavailable."""
    found = await probe.read(place, read_as)
    return await (_film(place, read_as, found) if found.video else _sound(place, read_as, found))


async def _film(place: Path, read_as: str, found: Probe) -> Made:
    video, sound = found.video, found.sound
    assert video
    rate = min(video.rate or RATE_UNKNOWN, Fraction(RATE)).limit_denominator(1001)
    width, height = gif.even(within(video.shown, AREA))
    size = f"scale={width}:{height},setsar=1"
    last = str(probe.FILM_S_MAX + 1)  # so that one which does not say how long it is shows that it is too long
    await tools.run(
        "ffmpeg",
        place,
        *_SAY,
        *probe.source(read_as),
        *("-map", "0:V:0", "-t", last, "-vf", f"fps={rate},{size},format=yuv420p"),
        *("-c:v", "libx264", "-preset", PRESET, "-crf", str(CRF), "-threads", "2"),
        *("-maxrate", str(BITRATE_MAX), "-bufsize", str(2 * BITRATE_MAX)),
        *(("-map", "0:a:0", *_aac(sound)) if sound else ()),
        *_CLEAN,
        *("-movflags", "+faststart", "-f", "mp4", f"file:{FILM}"),
        *("-map", "0:V:0", "-frames:v", "1", "-vf", f"{size},format=rgb24", *_CLEAN, "-f", "image2", "-update", "1"),
        f"file:{FIRST_FRAME}",
    )
    result = await probe.written(place, FILM)
    probe.check_seconds(result.seconds, probe.FILM_S_MAX)
    # An image child reads the frame like an upload: what wrote it had read a stranger's film.
    if not (place / FIRST_FRAME).exists():  # nothing of it can be seen, which ffmpeg takes for no error
        raise tools.damaged()
    still = await image_child.isolated(images.process, (place / FIRST_FRAME).read_bytes())
    meta = msgspec.structs.replace(_meta(result, place / FILM), small=still.meta.small)
    return Made(place / FILM, "video/mp4", "mp4", result.kind, meta, still.small, still.blurhash)


async def _sound(place: Path, read_as: str, found: Probe) -> Made:
    sound = found.sound
    assert sound
    await tools.run(
        "ffmpeg",
        place,
        *_SAY,
        *probe.source(read_as),
        *("-map", "0:a:0", "-vn", "-t", str(probe.SOUND_S_MAX + 1), *_aac(sound), *_CLEAN),
        *("-movflags", "+faststart", "-f", "mp4", f"file:{SOUND}"),
    )
    result = await probe.written(place, SOUND)
    probe.check_seconds(result.seconds, probe.SOUND_S_MAX)
    return Made(place / SOUND, "audio/mp4", "m4a", "audio", _meta(result, place / SOUND), None, "")


def _aac(sound: Stream) -> tuple[str, ...]:
    hz = int(sound.sample_rate) if sound.sample_rate.isdigit() else 0
    hz = hz if hz in SOUND_HZ else SOUND_HZ[0]
    channels = 1 if sound.channels == 1 else 2
    bitrate = SOUND_BITRATE * channels // 2
    return ("-c:a", "aac", "-b:a", str(bitrate), "-ar", str(hz), "-ac", str(channels), "-flags:a", "+bitexact")


def _meta(found: Probe, file: Path) -> images.Meta:
    """As Mastodon tells it. https://docs.joinmastodon.org/entities/MediaAttachment/"""
    seconds = found.seconds
    bitrate = round(file.stat().st_size * 8 / seconds) if seconds else 0
    meta = images.Meta(
        original=images.Size(duration=seconds, bitrate=bitrate),
        length=images.length(seconds),
        duration=math.floor(seconds * 100 + 0.5) / 100,
    )
    if video := found.video:
        meta = msgspec.structs.replace(
            meta,
            original=images.Size(
                width=video.width,
                height=video.height,
                frame_rate=video.avg_frame_rate,
                duration=seconds,
                bitrate=bitrate,
            ),
            fps=round(video.rate),
            size=f"{video.width}x{video.height}",
            width=video.width,
            height=video.height,
            aspect=video.width / video.height,
        )
    if sound := found.sound:
        meta = msgspec.structs.replace(
            meta,
            audio_encode=_encoded(sound),
            audio_bitrate=f"{sound.sample_rate} Hz",
            audio_channels=sound.channel_layout or ("mono" if sound.channels == 1 else "stereo"),
        )
    return meta


def _encoded(sound: Stream) -> str:
    """Like "aac (LC) (mp4a / 0x6134706D)"."""
    tag = f"0x{int(sound.codec_tag, 16):08X}" if sound.codec_tag.startswith("0x") else sound.codec_tag
    return f"{sound.codec_name} ({sound.profile}) ({sound.codec_tag_string} / {tag})"
