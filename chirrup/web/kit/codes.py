"""QR codes as SVG, drawn inside the page: no address with a secret in it goes anywhere."""

from markupsafe import Markup

PIXELS = 5  # of each dot
QUIET_DOTS = 4  # of white around it: ISO/IEC 18004


def qr(text: str, label: str) -> Markup:
    """Black on white in both themes, because many cameras read nothing else."""
    import segno  # here: few ask for one

    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=PIXELS, border=QUIET_DOTS, light="#fff", svgclass="qr", lineclass=None, title=label
    )
    return Markup(drawn)  # segno escapes the title
