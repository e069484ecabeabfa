"""The parts of the kit: initials, charts, diffs, and the page that shows every part."""

import enum
import itertools
import re
from pathlib import Path

import jinja2
import pytest
from client import Server
from markupsafe import Markup, escape
from visitor import Visitor

import chirrup.web.kit
from chirrup.web.kit import charts, diffs, faces, icons, markup

KIT = Path(chirrup.web.kit.__file__).parent


class Kind(enum.StrEnum):
    ONE = "<one>"


MACRO = re.compile(r"{% macro ([a-z]\w*)\(")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ann Baker", "AB"),
        ("Elif de la Yılmaz", "EY"),
        ("bob", "B"),
        ("🐦 bird 🐦", "B"),
        ("e\u0301a", "E\u0301"),
        ("فريد حسن", "ف"),
        ("ゴロー", "ゴ"),
        ("한국 사람", "한"),
        ("42 cats", "4C"),
        ("🐦", "U"),
        ("", "U"),
    ],
)
def test_initials_are_of_the_first_word_and_the_last(name: str, expected: str):
    assert faces.initials(name, "user") == expected


def test_a_name_without_letters_has_a_sign():
    assert faces.initials("🐦", "_") == "?"


def test_attributes_are_written_as_html_needs_them():
    given = {"aria_label": 'say "hi" & <go>', "disabled": True, "hidden": False, "title": None, "for_": "x", "rows": 0}

    assert markup.attrs(given) == ' aria-label="say &#34;hi&#34; &amp; &lt;go&gt;" disabled for="x" rows="0"'


def test_templates_write_values_as_jinja_does():
    class Own:
        def __html__(self) -> str:
            return "<i>own</i>"

    values = ["<&'\">", Markup("<b>"), 5, 5.5, True, None, Own(), Kind.ONE, ["<"], escape("<")]

    class Environment(jinja2.Environment):
        code_generator_class = markup.Generator
        written = staticmethod(markup.written)

    source = "{% macro m(v) %}[{{ v }}]{% endmacro %}"
    source += """{% for v in all %}{{ v }}{{ m(v) }}{{ v ~ "<" }}{{ v | safe }}{% endfor %}"""
    ours, jinjas = (
        kind(autoescape=True).from_string(source).render(all=values) for kind in (Environment, jinja2.Environment)
    )
    assert ours == jinjas
    assert "written(" in Environment(autoescape=True).compile(source, raw=True)


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (0, ["0", "1"]),
        (1, ["0", "0.5", "1"]),
        (7, ["0", "2", "4", "6", "8"]),
        (37, ["0", "10", "20", "30", "40"]),
        (2400, ["0", "1k", "2k", "3k"]),
        (1e9, ["0", "500M", "1G"]),
    ],
)
def test_the_axis_of_a_chart_ends_on_a_round_number_above_all(most: float, steps: list[str]):
    drawn = charts.plot(["a", "b"], [charts.Series("x", [0, most])])

    assert [mark.words for mark in drawn.up] == steps
    assert drawn.up[0].at == drawn.zero
    assert all(charts.TOP <= float(point.split(",")[1]) <= drawn.zero for point in drawn.lines[0].split())


def test_bars_stand_beside_each_other_and_labels_have_room():
    labels = [str(n) for n in range(30)]

    drawn = charts.plot(labels, [charts.Series(name, [1.0] * 30) for name in "ab"], bars=True)

    assert len(drawn.bars) == 60
    assert len(drawn.across) <= charts.LABELS_MAX
    edges = sorted((bar.x, bar.x + bar.width) for bar in drawn.bars)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(edges))
    assert edges[-1][1] <= charts.WIDTH


def test_a_chart_of_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="2 values"):
        charts.plot(["a", "b"], [charts.Series("x", [1])])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Bread at six", "Bread at seven, perhaps"),
        ("", "new"),
        ("gone", ""),
        ("same", "same"),
        ("a b " * 400, "b a " * 400),
        ("line\n" * 3000, "other\n" * 3000),
        ("日本語の文", "日本語の長い文"),
    ],
)
def test_a_comparison_holds_both_texts(before: str, after: str):
    parts = diffs.compare(before, after)

    assert "".join(part.text for part in parts if part.kind != "new") == before
    assert "".join(part.text for part in parts if part.kind != "gone") == after


def test_every_drawing_that_a_template_names_exists():
    files = [*KIT.glob("*.html"), *(KIT.parent / "templates").rglob("*.html")]
    named = {name for file in files for name in re.findall(r'icon\["(\w+)"\]', file.read_text("utf-8"))}

    assert len(named) > 10
    assert named <= icons.ICONS.keys()


def test_the_page_of_parts_shows_every_part(server: Server):
    shown = (KIT.parent / "templates/showroom/ui.html").read_text("utf-8")
    inside = "".join(file.read_text("utf-8") for file in KIT.glob("*.html"))

    macros = {name for file in KIT.glob("*.html") for name in MACRO.findall(file.read_text("utf-8"))}
    calls = {name for name in macros if re.search(rf"{{{{ {name}\(|call {name}\(", shown)}
    within = {name for name in macros - calls if re.search(rf"{{{{ {name}\(", inside)}
    assert macros == calls | within
    page = Visitor(server.url).get("/ui")
    assert page.status_code == 200
    for theme in ("in-light", "in-dark"):
        assert f'class="{theme} shown"' in page.text


def test_a_server_with_people_on_it_has_no_page_of_parts(tmp_path):
    for env, status in (({}, 404), ({"CHIRRUP_KIT_PAGE": "1"}, 200)):
        with Server(tmp_path / f"data{status}", env={"CHIRRUP_TESTING": "0", **env}) as server:
            assert Visitor(server.url).get("/ui").status_code == status
