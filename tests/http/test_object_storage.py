"""A server whose files are in a bucket."""

import io
from pathlib import Path

import msgspec
import pytest
import requests
from client import Server, eventually
from rich.console import Console
from world import png

from chirrup import doctor
from chirrup.app import open_blobs
from chirrup.config import Settings

pytestmark = pytest.mark.slow


def test_pictures_are_kept_in_the_bucket_sent_from_it_and_deleted_there(tmp_path: Path, s3_settings: Settings):
    names = ("blobs", "s3_endpoint", "s3_key", "s3_secret")
    env = {f"CHIRRUP_{name.upper()}": getattr(s3_settings, name) for name in names}
    blobs = open_blobs(s3_settings)
    with Server(tmp_path / "data", env=env) as server:
        ann = server.person()
        one = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()
        post = ann.say("look", media_ids=[one["id"]])
        url = post["media_attachments"][0]["url"]
        name = url.rsplit("/", 1)[1]
        key = f"{name[:2]}/{name[2:4]}/{name[4:]}"

        whole = requests.get(url, timeout=10)
        part = requests.get(url, headers={"Range": "bytes=1-3"}, timeout=10)
        assert (whole.status_code, whole.headers["Content-Type"], part.content) == (200, "image/png", b"PNG")
        assert blobs.get(key) == (whole.content, "image/png")
        ann.delete(f"/api/v1/statuses/{post['id']}?delete_media=true")
        eventually(lambda: blobs.get(key) is None)

        assert requests.get(url, timeout=10).status_code == 404
    assert not list((tmp_path / "data").rglob("*.png"))


def test_the_doctor_tries_the_bucket(tmp_path: Path, s3_settings: Settings):
    def said(blobs: str) -> str:
        out = io.StringIO()
        settings = msgspec.structs.replace(s3_settings, blobs=blobs, data=tmp_path / "data")
        doctor.examine(settings, Console(file=out, width=500))
        return out.getvalue()

    assert f"files are kept in {s3_settings.blobs}" in said(s3_settings.blobs)
    assert "no file can be kept in s3://nowhere" in said("s3://nowhere")
