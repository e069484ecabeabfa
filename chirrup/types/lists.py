"""Lists that columns hold as JSON."""

import msgspec

json_strings = msgspec.json.Decoder(list[str]).decode
json_ints = msgspec.json.Decoder(list[int]).decode
