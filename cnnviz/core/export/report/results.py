"""What the network makes of the test images: class by class, who is taken for whom, the worst."""

from xml.etree.ElementTree import Element

from cnnviz.core.datasets import Dataset
from cnnviz.core.evaluation import Evaluation
from cnnviz.core.export.report.elements import Child, element, table
from cnnviz.core.export.report.numbers import loss, share, spaced
from cnnviz.core.export.report.pictures import image

MISTAKES = 24
MOST_CLASSES = 30
"""Whose confusion fits the page as a table; of more, the most frequent mix-ups are listed."""
MIX_UPS = 20

Names = tuple[str, ...]


def results(evaluation: Evaluation, dataset: Dataset, names: Names) -> list[Element]:
    """Three headings with what belongs below them."""
    return [
        element("h2", "Class by class"),
        element(
            "p",
            "Precision: of the images taken for a class, the share that is of it. Recall: of the "
            "images of a class, the share that was found. F1 is the harmonic mean of both.",
            class_="muted",
        ),
        element("div", _classes(evaluation, names), class_="wide"),
        element("h2", "Who is taken for whom"),
        *_confusion(evaluation, names),
        element("h2", "Worst mistakes"),
        *_mistakes(evaluation, dataset, names),
    ]


def _classes(evaluation: Evaluation, names: Names) -> Element:
    rows: list[list[Child]] = [
        [name, share(s.precision), share(s.recall), share(s.f1), spaced(s.support)]
        for name, s in zip(names, evaluation.class_scores, strict=True)
    ]
    return table(["Class", "Precision", "Recall", "F1", "Images"], rows)


def _confusion(evaluation: Evaluation, names: Names) -> list[Element]:
    if evaluation.classes > MOST_CLASSES:
        return [_mix_ups(evaluation, names)]
    said = "A row is what the images are, a column what they were taken for."
    confusion = evaluation.confusion
    wrong = confusion.copy()
    wrong[range(len(wrong)), range(len(wrong))] = 0
    most_wrong = int(wrong.max()) or 1
    rows: list[Element] = []
    for label, counts in enumerate(confusion.tolist()):
        there = sum(counts) or 1
        cells = [
            _cell(count, "right", count / there)
            if label == chosen
            else _cell(count, "wrong", count / most_wrong)
            for chosen, count in enumerate(counts)
        ]
        rows.append(element("tr", element("th", names[label], scope="row"), *cells))
    heads = element("tr", element("td"), *(element("th", name, scope="col") for name in names))
    made = element("table", element("thead", heads), element("tbody", *rows), class_="confusion")
    return [element("p", said, class_="muted"), element("div", made, class_="wide")]


def _cell(count: int, kind: str, part: float) -> Element:
    """A number on a ground that is the stronger the greater its share is."""
    if not count:
        return element("td", "0", class_="none")
    return element("td", spaced(count), class_=kind, style=f"--share: {15 + 50 * part:.0f}%")


def _mix_ups(evaluation: Evaluation, names: Names) -> Element:
    """The most frequent ones; the first in order where they are as frequent."""
    counts = evaluation.confusion.copy()
    counts[range(len(counts)), range(len(counts))] = 0
    order = (-counts).ravel().argsort(kind="stable")[:MIX_UPS].tolist()
    places = [divmod(place, evaluation.classes) for place in order]
    rows: list[list[Child]] = [
        [names[label], names[chosen], spaced(counts[label, chosen])]
        for label, chosen in places
        if counts[label, chosen]
    ]
    made = table(["Class", "Taken for", "Images"], rows, "The most frequent mix-ups.")
    return element("div", made, class_="wide texts")


def _mistakes(evaluation: Evaluation, dataset: Dataset, names: Names) -> list[Element]:
    worst = evaluation.worst(MISTAKES).tolist()
    if not worst:
        return [element("p", "None: every test image was recognised.")]
    items = []
    for index in worst:
        label, chosen = names[evaluation.labels[index]], names[evaluation.predictions[index]]
        probability = share(float(evaluation.probabilities[index]), 2)
        items.append(
            element(
                "li",
                image(dataset.test.pixels[index], f"Test image {index}, {label}"),
                element("strong", label),
                f" taken for {chosen}",
                element("br"),
                element("span", f"P({label}) {probability}", class_="muted"),
                title=f"Test image {index}, loss {loss(float(evaluation.losses[index]))}",
            )
        )
    said = (
        f"The {len(items)} wrong ones of greatest loss, of "
        f"{spaced((evaluation.predictions != evaluation.labels).sum())}; "
        "P is the probability that the network gave to what the image is."
    )
    return [element("p", said, class_="muted"), element("ol", *items, class_="mistakes")]
