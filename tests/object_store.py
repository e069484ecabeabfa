"""An object storage for tests: moto's server, which speaks S3's protocol, on loopback."""

import os
import secrets
from collections.abc import Iterator

import pytest
from servers import free_port

from chirrup.config import Settings

KEY = {"s3_key": "a key", "s3_secret": "a secret", "s3_region": "us-east-1"}


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    from moto.server import ThreadedMotoServer  # takes a second to load

    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def s3_settings(s3_endpoint: str) -> Settings:
    """Of an empty bucket."""
    import requests

    name = f"b{secrets.token_hex(6)}"
    assert requests.put(f"{s3_endpoint}/{name}", timeout=10).ok
    return Settings(blobs=f"s3://{name}/town", s3_endpoint=s3_endpoint, **KEY)
