"""How the report looks: the window's colours, dark and light as the reader's system has it."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Colours:
    """The window's, by the same names; see ui/theme.py, which the core cannot ask."""

    background: str
    surface: str
    line: str
    text: str
    muted: str
    positive: str
    negative: str
    good: str
    bad: str


DARK = Colours(
    background="#1b1f26",
    surface="#0d0f13",
    line="#2a303a",
    text="#e8ecf2",
    muted="#96a0ae",
    positive="#ff9d4d",
    negative="#4da3ff",
    good="#59c98b",
    bad="#ff6b6b",
)
LIGHT = Colours(
    background="#ffffff",
    surface="#f7f8fa",
    line="#dfe3e8",
    text="#1b222c",
    muted="#626d7c",
    positive="#d9650b",
    negative="#1a6fd4",
    good="#1a8450",
    bad="#c62f2f",
)

RULES = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 32px 24px 48px; background: var(--background);
  color: var(--text); font: 14px/1.5 Inter, system-ui, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 40px 0 4px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 14px; margin: 20px 0 4px; }
p { margin: 4px 0 12px; max-width: 75ch; }
.muted, caption, figcaption { color: var(--muted); }
figure { margin: 12px 0; }
.pair { display: flex; flex-wrap: wrap; gap: 16px 32px; }
.pair > * { flex: 1 1 440px; min-width: 0; margin-top: 0; }
.wide { overflow-x: auto; }
dl { margin: 12px 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr));
  gap: 8px 24px; }
dt { color: var(--muted); font-size: 12px; }
dd { margin: 0; overflow-wrap: anywhere; }
.figures dd { font-size: 22px; line-height: 1.3; }
.figures dl { grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
table { border-collapse: collapse; margin: 12px 0; }
caption { text-align: left; padding-bottom: 4px; }
th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { font-weight: 500; color: var(--muted); }
th:first-child { text-align: left; }
tbody th { color: var(--text); }
.texts th:nth-child(2), .texts td:nth-child(2) { text-align: left; }
.confusion th, .confusion td { padding: 3px 7px; min-width: 38px; }
.confusion td { border: 1px solid var(--background); background: var(--surface); }
.confusion .none { color: transparent; }
.right { background: color-mix(in srgb, var(--good) var(--share), var(--surface)) !important; }
.wrong { background: color-mix(in srgb, var(--bad) var(--share), var(--surface)) !important; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr));
  gap: 16px 12px; padding: 0; list-style: none; }
.mistakes img { display: block; width: 84px; height: 84px; object-fit: contain; }
img { image-rendering: pixelated; }
svg { max-width: 100%; height: auto; display: block; }
svg image { image-rendering: pixelated; }
svg text { fill: var(--muted); font-size: 11px; }
.zero { fill: var(--surface); }
.grid { stroke: var(--line); }
polyline { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.raw { stroke: var(--positive); stroke-width: 1; opacity: 0.38; }
.train { stroke: var(--positive); }
.test { stroke: var(--negative); }
circle.train { fill: var(--positive); }
circle.test { fill: var(--negative); }
.moment { stroke: var(--text); stroke-dasharray: 3 3; }
.key { display: inline-block; width: 14px; border-top: 2px solid; vertical-align: middle;
  margin: 0 6px 0 12px; }
.key.raw, .key.train { border-color: var(--positive); }
.key.moment { border-color: var(--text); border-top-style: dashed; }
.key.test { border-color: var(--negative); }
.notes { white-space: pre-wrap; }
@page { margin: 14mm; }
@media print { body { max-width: none; padding: 0; print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  figure, tr, li, dl > div { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .wide { overflow: visible; } }
"""


def style_sheet() -> str:
    """All of it; on paper it is light."""
    dark = (
        ":root {"
        + _variables(DARK)
        + "} .of-light { display: none; } .of-dark { display: inline; }"
    )
    light = (
        ":root { color-scheme: light dark;" + _variables(LIGHT) + "}"
        " .of-dark { display: none; } .ink { filter: invert(1); }"
    )
    undo = ".ink { filter: none; }"
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{ {dark} {undo} }}{RULES}"


def _variables(colours: Colours) -> str:
    return " ".join(f"--{f.name}: {getattr(colours, f.name)};" for f in fields(colours))
