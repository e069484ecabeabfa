"""Animated pictures as MP4 (H.264), which apps play in a loop without sound: Mastodon's `gifv`.

ffmpeg only encodes: frames come decoded, from images.py, so it never reads the bytes of an upload. It is Debian's, and
may be missing: then animations stay pictures, as they do on other systems than Linux. The file that it writes has no
name, so nothing is left on the disk when a process dies.
"""

import math
import subprocess
import tempfile
from collections.abc import Iterable
from fractions import Fraction

import msgspec
from PIL import Image

STEP_MS_MIN = 20  # browsers show GIFs with at most 50 frames a second
FRAMES_MAX = 2000  # written; a longer film has fewer frames a second
PIXELS_MAX = 200_000_000  # of all frames written; ffmpeg takes 1.5 s CPU for them


class Film(msgspec.Struct, frozen=True):
    data: bytes
    frame_rate: Fraction
    duration_s: float

    @property
    def bitrate(self) -> int:
        """Bits a second."""
        return round(len(self.data) * 8 / self.duration_s)


def even(size: tuple[int, int]) -> tuple[int, int]:
    """size, rounded to even numbers: H.264 with 4:2:0 has half as many colour samples in both directions."""
    return max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)


def encode(program: str, size: tuple[int, int], frames: Iterable[tuple[Image.Image, int]], step_ms: int) -> Film:
    """frames: (RGB image of this even size, how many steps it is shown). Raises RuntimeError: ffmpeg failed."""
    rate = Fraction(1000, step_ms)
    command = [program, "-hide_banner", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-video_size", f"{size[0]}x{size[1]}", "-framerate", str(rate), "-i", "pipe:0", "-an"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-threads", "1"]
    command += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"]
    steps = 0
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as stderr:
        command += ["-f", "mp4", "-y", f"/proc/self/fd/{file.fileno()}"]
        writing = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr, pass_fds=[file.fileno()]
        )
        assert writing.stdin
        try:
            for frame, shown in frames:
                pixels = frame.tobytes()
                for _ in range(shown):
                    writing.stdin.write(pixels)
                steps += shown
            writing.stdin.close()
        except BrokenPipeError:
            pass  # it ended too early; stderr says why
        except BaseException:
            writing.kill()
            raise
        finally:
            status = writing.wait()
        if status:
            stderr.seek(0)
            raise RuntimeError(f"ffmpeg exited with {status}: {stderr.read().decode(errors='replace')[-500:]}")
        return Film(file.read(), rate, float(steps / rate))


def step_of(durations_ms: list[int], area: int) -> int:
    """The longest step that divides all durations, or the shortest one that keeps FRAMES_MAX and PIXELS_MAX."""
    most = min(FRAMES_MAX, max(len(durations_ms), PIXELS_MAX // area))
    return max(STEP_MS_MIN, math.gcd(*durations_ms), math.ceil(sum(durations_ms) / most))
