"""Makes assets/fonts from the Inter typeface, so that the window looks the same everywhere.

Three weights, cut down to the characters a scientific window in a Latin script can need, with the
features that align numbers. The result is committed; run this again only to change that choice.

    python -m pip install fonttools
    python scripts/make_fonts.py FOLDER

FOLDER holds Inter-Regular.otf and its siblings, as in Inter's own releases (folder "extras/otf")
or in Debian's package fonts-inter (/usr/share/fonts/opentype/inter). The files committed come from
the latter, version 4.0~beta7+ds-1, whose text cuts call themselves Inter 3.019.
"""

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

WEIGHTS = ("Regular", "Medium", "SemiBold")

CHARACTERS = (
    range(0x0020, 0x0180),  # Basic Latin, Latin-1, Latin Extended-A
    range(0x0370, 0x0400),  # Greek
    range(0x2000, 0x2070),  # punctuation, with the thin (2009) and narrow no-break (202F) spaces
    range(0x2070, 0x20A0),  # superscripts and subscripts
    range(0x20AC, 0x20AD),  # €
    range(0x2100, 0x2150),  # letterlike: № ™
    range(0x2190, 0x2200),  # arrows
    range(0x2200, 0x2300),  # operators: − × ± ∑ √ ∂ ≤ ≥ ≈ ∞
    range(0x2300, 0x2400),  # technical: ⌘ ⌫ ⏎
    range(0x25A0, 0x2600),  # geometric shapes
    range(0x2713, 0x2714),  # ✓
)

# kern sets distances, ccmp and locl compose, calt joins arrows and puts a × between digits; tnum
# gives digits one width, zero slashes the 0, case lifts punctuation beside capitals.
FEATURES = ["kern", "ccmp", "locl", "calt", "case", "tnum", "zero", "sups", "subs", "sinf"]
FEATURES += ["ss01", "ss02", "ss03", "ss04"]


def cut(source: Path, target: Path) -> None:
    """Write the part of the font `source` that we ship to `target`."""
    options = subset.Options(
        layout_features=FEATURES,
        name_IDs=["*"],  # the copyright and the licence stay inside the file
        notdef_outline=True,
        recalc_timestamp=False,  # the same input gives the same bytes
        drop_tables=[*subset.Options().drop_tables, "GlyphOrder"],  # a source editor's leftover
    )
    font = TTFont(source, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for block in CHARACTERS for code in block])
    subsetter.subset(font)
    font.save(target)


def main() -> None:
    """Cut every weight and say how large it became."""
    parser = argparse.ArgumentParser(description="Make assets/fonts from the Inter typeface.")
    parser.add_argument("folder", type=Path, help="where Inter-Regular.otf and its siblings are")
    folder = parser.parse_args().folder
    fonts = Path(__file__).resolve().parent.parent / "assets" / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    for weight in WEIGHTS:
        target = fonts / f"Inter-{weight}.otf"
        cut(folder / target.name, target)
        print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
