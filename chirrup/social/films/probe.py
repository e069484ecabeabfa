"""What a film or a sound is: by its first bytes, then by ffprobe, before anything of it is played."""

import math
from fractions import Fraction
from pathlib import Path

import msgspec

from ...errors import Invalid
from . import tools

SOURCE = "source"  # the name of the upload in its workplace
AREA_MAX = 3840 * 2160  # pixels of a frame; clients read it as video_matrix_limit
RATE_MAX = 120  # frames a second
FILM_S_MAX, SOUND_S_MAX = 600, 7200
SIDE_MAX = 7680

# The first bytes say how the file is read, not the name or type that the client sends: ffmpeg guesses nothing.
_DEMUXERS = ((b"\x1a\x45\xdf\xa3", "matroska"), (b"OggS", "ogg"), (b"fLaC", "flac"), (b"ID3", "mp3"))
# MPEG audio: 11 bits of sync. Layer 0 is AAC in ADTS (ISO 13818-7), the others are MP3 and its kin (ISO 11172-3).
_SYNC, _LAYER = 0xFFE0, 0x0006
VIDEO_CODECS = ("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "h263", "theora", "mjpeg", "prores")
SOUND_CODECS = ("aac", "mp3", "mp2", "opus", "vorbis", "flac", "alac", "ac3", "amr_nb", "amr_wb")
SOUND_CODECS += ("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_u8", "pcm_f32le", "pcm_s16be", "pcm_mulaw", "pcm_alaw")
_DECODERS = {"av1": "libdav1d", "amr_nb": "amrnb", "amr_wb": "amrwb"}
DECODERS = ",".join({*(_DECODERS.get(codec, codec) for codec in (*VIDEO_CODECS, *SOUND_CODECS)), "av1", "mp3float"})
TYPES = [
    *("video/mp4", "video/quicktime", "video/webm", "video/ogg", "video/3gpp", "video/x-matroska"),
    *("audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac", "audio/ogg", "audio/vorbis"),
    *("audio/webm", "audio/flac", "audio/x-flac", "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
]
_ASKED = (
    "stream=index,codec_type,codec_name,codec_tag_string,codec_tag,profile,width,height,sample_aspect_ratio,"
    "r_frame_rate,avg_frame_rate,duration,bit_rate,sample_rate,channels,channel_layout"
    ":stream_disposition=attached_pic:stream_side_data=rotation:format=duration,bit_rate,size"
)


def demuxer(head: bytes) -> str:
    """How ffmpeg reads a file that begins so; "": it is no film or sound that is known here."""
    if head[4:8] == b"ftyp":
        return "mov"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if found := next((name for magic, name in _DEMUXERS if head.startswith(magic)), ""):
        return found
    if len(head) > 3 and int.from_bytes(head[:2]) & _SYNC == _SYNC:
        return "aac" if int.from_bytes(head[:2]) & _LAYER == 0 else "mp3"
    return ""


class _Disposition(msgspec.Struct):
    attached_pic: int = 0


class _SideData(msgspec.Struct):
    rotation: float = 0.0


class Stream(msgspec.Struct):
    """As ffprobe tells it."""

    codec_type: str = ""
    codec_name: str = ""
    codec_tag_string: str = ""
    codec_tag: str = ""
    profile: str = ""
    width: int = 0
    height: int = 0
    sample_aspect_ratio: str = ""
    r_frame_rate: str = ""
    avg_frame_rate: str = ""
    duration: str = ""
    bit_rate: str = ""
    sample_rate: str = ""
    channels: int = 0
    channel_layout: str = ""
    disposition: _Disposition = msgspec.field(default_factory=_Disposition)
    side_data_list: list[_SideData] = []

    @property
    def rate(self) -> Fraction:
        """Frames a second; 0: not known."""
        return _fraction(self.avg_frame_rate) or _fraction(self.r_frame_rate) or Fraction(0)

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as they are shown: with square pixels, and upright."""
        width, height = self.width, self.height
        if wide := _fraction(self.sample_aspect_ratio.replace(":", "/")):
            width = max(1, round(width * min(wide, Fraction(SIDE_MAX))))
        turned = any(round(abs(one.rotation)) % 180 == 90 for one in self.side_data_list)
        return (height, width) if turned else (width, height)


class _Format(msgspec.Struct):
    duration: str = ""
    bit_rate: str = ""
    size: str = ""


class Probe(msgspec.Struct):
    """What ffprobe tells of a file."""

    streams: list[Stream] = []
    format: _Format = msgspec.field(default_factory=_Format)

    @property
    def video(self) -> Stream | None:
        """The film; a picture of the cover of a sound is none."""
        return next(
            (one for one in self.streams if one.codec_type == "video" and not one.disposition.attached_pic), None
        )

    @property
    def sound(self) -> Stream | None:
        return next((one for one in self.streams if one.codec_type == "audio"), None)

    @property
    def seconds(self) -> float:
        """0: it does not say."""
        return _number(self.format.duration)

    @property
    def kind(self) -> str:
        """As Mastodon names it: a film without sound is shown like a moving picture."""
        return ("video" if self.sound else "gifv") if self.video else "audio"


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:  # "N/A"
        return 0.0
    return found if math.isfinite(found) and found > 0 else 0.0


def _fraction(text: str) -> Fraction | None:
    try:
        return Fraction(text) or None
    except (ValueError, ZeroDivisionError):
        return None


def source(read_as: str) -> tuple[str, ...]:
    """The arguments with which ffmpeg and ffprobe open the upload."""
    return (*tools.CLOSED, "-codec_whitelist", DECODERS, "-f", read_as, "-i", f"file:{SOURCE}")


async def read(place: Path, read_as: str) -> Probe:
    """What the upload in place is, as demuxer() says. Raises Invalid ("file"): it is refused; Unavailable."""
    found = await _probe(place, source(read_as))
    video, sound = found.video, found.sound
    if video is None and sound is None:
        raise Invalid("file", "damaged", "has neither a picture nor a sound that can be played")
    if video:
        _check(video.codec_name, VIDEO_CODECS)
        _check_frames(video)
    if sound:
        _check(sound.codec_name, SOUND_CODECS)
    check_seconds(found.seconds, FILM_S_MAX if video else SOUND_S_MAX)
    return found


async def written(place: Path, name: str) -> Probe:
    """What the file that we wrote is."""
    return await _probe(place, (*tools.CLOSED, "-i", f"file:{name}"))


async def _probe(place: Path, opened: tuple[str, ...]) -> Probe:
    out = await tools.look(place, "-v", "error", "-of", "json", "-show_entries", _ASKED, *opened)
    try:
        return msgspec.json.decode(out, type=Probe, strict=False)
    except msgspec.DecodeError as error:
        raise tools.damaged() from error


def _check(codec: str, known: tuple[str, ...]) -> None:
    if codec not in known:
        raise tools.unknown_codec(codec)


def _check_frames(video: Stream) -> None:
    if not 0 < video.width * video.height <= AREA_MAX or max(*video.shown, video.width, video.height) > SIDE_MAX:
        raise Invalid(
            "file",
            "too_large",
            "must have frames of at most {most} pixels, like 3840 x 2160; has {width} x {height}",
            most=AREA_MAX,
            width=video.width,
            height=video.height,
        )
    if video.rate > RATE_MAX:
        raise Invalid(
            "file",
            "too_fast",
            "must have at most {most} frames a second, has {has}",
            most=RATE_MAX,
            has=round(video.rate),
        )


def check_seconds(seconds: float, most: int) -> None:
    """Raises Invalid: longer than that."""
    if seconds > most:
        raise Invalid(
            "file",
            "too_long",
            "must last at most {most} minutes, lasts {has:g}",
            most=most // 60,
            has=math.ceil(seconds / 6) / 10,
        )
