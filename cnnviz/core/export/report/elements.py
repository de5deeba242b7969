"""HTML and SVG built as a tree, so that every text in it is escaped."""

from xml.etree.ElementTree import Element, tostring

Child = Element | str | None


def element(tag: str, *children: Child, **attributes: str | float) -> Element:
    """<tag …>children</tag>; `class_` stands for class, `stroke_width` for stroke-width.

    A child that is None is left out.
    """
    named = {name.rstrip("_").replace("_", "-"): _text(v) for name, v in attributes.items()}
    made = Element(tag, named)
    for child in children:
        if isinstance(child, str):
            _add_text(made, child)
        elif child is not None:
            made.append(child)
    return made


def to_html(root: Element) -> str:
    """The document as text."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def table(heads: list[str], rows: list[list[Child]], caption: str = "") -> Element:
    """A table whose first column holds the rows' names and whose others hold numbers."""
    return element(
        "table",
        element("caption", caption) if caption else None,
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *(_row(row) for row in rows)),
    )


def facts(pairs: list[tuple[str, Child]]) -> Element:
    """A list of names and what they are."""
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in pairs)
    return element("dl", *rows)


def _row(cells: list[Child]) -> Element:
    first, *others = cells
    return element("tr", element("th", first, scope="row"), *(element("td", c) for c in others))


def _add_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
