"""The drawings of icons.svg, each as markup for templates."""

import re
from pathlib import Path

from markupsafe import Markup

_FILE = Path(__file__).parent / "icons.svg"

ICONS = {
    name: Markup(f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{drawing}</svg>')
    for name, drawing in re.findall(r'<symbol id="(\w+)">(.*)</symbol>', _FILE.read_text("utf-8"))
}
