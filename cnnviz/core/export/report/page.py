"""The page: what was trained and how, its curves, the network and its kernels, how it does."""

from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from cnnviz import __version__
from cnnviz.core.environment import environment
from cnnviz.core.errors import CnnvizError
from cnnviz.core.evaluation import Evaluation, evaluate
from cnnviz.core.export.report.charts import accuracy_chart, key, loss_chart
from cnnviz.core.export.report.elements import Child, element, facts, table, to_html
from cnnviz.core.export.report.numbers import duration, loss, share, size, spaced
from cnnviz.core.export.report.pictures import MOST_CHANNELS, MOST_FILTERS, kernels, shown
from cnnviz.core.export.report.results import results
from cnnviz.core.export.report.style import style_sheet
from cnnviz.core.export.source import Source
from cnnviz.core.files import write_atomically
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, MaxPool2D
from cnnviz.core.optimizers import optimizer
from cnnviz.core.saved_run import SavedRun

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do for the page: show it, and fetch nothing."""


def write(path: Path, source: Source) -> None:
    """Writes the report of a run, tested on the data set if there is one.

    Raises CnnvizError for a network without a run, or data that do not fit the network.
    """
    write_atomically(path, page(source).encode())


def page(source: Source) -> str:
    """The report as HTML; see `write`."""
    run = source.run
    if run is None:
        raise CnnvizError("A network alone has no history to report. Export a run.")
    evaluation = _evaluation(source)
    title = f"{run.spec.title} on {source.dataset.title if source.dataset else run.data}"
    body = [
        element("header", element("h1", title), element("p", _subtitle(source), class_="muted")),
        element("section", _figures(source, run, evaluation), class_="figures"),
        *_notes(run),
        element("h2", "Learning"),
        *_curves(source, run),
        element("h2", "Settings"),
        facts(_settings(run)),
        element("h2", "Network"),
        element("div", _layers(source), class_="wide texts"),
        *_filters(source),
        *_tests(source, evaluation),
        element("h2", "Machine and versions"),
        facts(_machine(run)),
    ]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=f"cnnviz {__version__}"),
        element("title", title),
        element("style", style_sheet()),
    )
    return to_html(element("html", head, element("body", *body), lang="en"))


def _evaluation(source: Source) -> Evaluation | None:
    dataset, network = source.dataset, source.network
    if dataset is None:
        return None
    source.check_data(dataset)
    return source.evaluation or evaluate(network, dataset.test)


def _subtitle(source: Source) -> str:
    newest = source.run.step if source.run else 0
    at = spaced(newest if source.step is None else source.step)
    at += "" if source.step in (None, newest) else f" of {spaced(newest)}"
    when = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    return f"The network after {at} batches. Written by cnnviz {__version__} on {when}."


def _figures(source: Source, run: SavedRun, evaluation: Evaluation | None) -> Element:
    pairs: list[tuple[str, Child]] = []
    if evaluation:
        pairs += [
            ("Test accuracy", share(evaluation.accuracy, 2)),
            ("Test loss", loss(evaluation.loss)),
        ]
    seconds = float(run.history["seconds"].sum())
    pairs += [
        ("Parameters", spaced(source.network.vector.size)),
        ("Batches trained", spaced(run.step)),
        ("Epochs tested", spaced(len(run.epochs))),
        ("Time to learn", duration(seconds)),
    ]
    if seconds:
        speed = run.step * run.settings.batch_size / seconds
        pairs.append(("Images a second", spaced(speed)))
    return facts(pairs)


def _notes(run: SavedRun) -> list[Element]:
    if not run.notes.strip():
        return []
    return [element("h2", "Notes"), element("p", run.notes, class_="notes")]


def _curves(source: Source, run: SavedRun) -> list[Element]:
    if not run.step:
        return [element("p", "No batch was trained yet.")]
    timeline = run.timeline()
    step = run.step if source.step is None else source.step
    lines = [("raw", "each batch"), ("train", "smoothed"), ("test", "test images")]
    lines += [("moment", "the network of this page")] if step < run.step else []
    chart = loss_chart(timeline, step)
    figures = [element("figure", element("h3", "Loss"), chart, key(*lines))]
    if run.epochs:
        words = key(("train", "batches, while learning"), ("test", "test images"))
        chart = accuracy_chart(timeline)
        figures.append(element("figure", element("h3", "Accuracy"), chart, words))
    return [element("div", *figures, class_="pair")]


def _settings(run: SavedRun) -> list[tuple[str, Child]]:
    settings = run.settings
    rates = ", ".join(
        f"{rate:g}" + (f" from batch {step + 1}" if step else "") for step, rate in run.rates
    )
    ways = ", ".join(
        name + (f" from batch {step + 1}" if step else "") for step, name in run.convolutions
    )
    return [
        ("Data", run.data),
        ("Optimiser", optimizer(settings.optimizer).title),
        ("Learning rate", rates),
        ("Schedule", settings.schedule),
        ("Batch size", spaced(settings.batch_size)),
        ("Epochs planned", spaced(settings.epochs)),
        ("Convolution", ways),
        ("First weights", run.spec.initializer),
        ("Seed", str(settings.seed)),
        ("Threads", str(settings.threads)),
    ]


def _layers(source: Source) -> Element:
    network = source.network
    rows: list[list[Child]] = [["Image", "", size(network.spec.input_shape), ""]]
    rows += [
        [
            layer.label,
            _described(layer),
            size(layer.output_shape),
            spaced(layer.parameter_count) if layer.parameter_count else "",
        ]
        for layer in network.layers
    ]
    rows.append(["In all", "", "", spaced(network.vector.size)])
    return table(["Layer", "", "Output", "Parameters"], rows)


def _described(layer: Layer) -> str:
    if isinstance(layer, Conv2D):
        words = f"{layer.filters} filters {size(layer.kernel)}"
        words += f", stride {size(layer.stride)}" if layer.stride != (1, 1) else ""
        return words + (f", padding {size(layer.padding)}" if layer.padding != (0, 0) else "")
    if isinstance(layer, MaxPool2D):
        return f"{size(layer.size)}, stride {size(layer.stride)}"
    return ""


def _filters(source: Source) -> list[Element]:
    parameters = dict(source.network.named_parameters())
    found = [layer for layer in source.network.layers if isinstance(layer, Conv2D)]
    if not found:
        return []
    said = (
        "The kernels of each convolution, a column a filter, a row an input channel. Orange is "
        "positive, blue negative, the ground zero; each layer has its own scale."
    )
    made = [element("h2", "Filters"), element("p", said, class_="muted")]
    for layer in found:
        weights = parameters[f"{layer.name}.weight"]
        words = f"Full colour is {abs(shown(weights)).max():.3g}."
        for count, most, what in zip(
            weights.shape, (MOST_FILTERS, MOST_CHANNELS), ("filters", "channels"), strict=False
        ):
            words += f" Shown are the first {most} of {count} {what}." if count > most else ""
        made.append(
            element(
                "figure",
                element("h3", f"{layer.label}: {layer.filters} filters {size(layer.kernel)}"),
                kernels(weights),
                element("figcaption", words),
            )
        )
    return made


def _tests(source: Source, evaluation: Evaluation | None) -> list[Element]:
    if evaluation is None or source.dataset is None:
        said = "The data were not there when this page was written, so the network was not tested."
        return [element("h2", "Test"), element("p", said)]
    made = []
    if source.run and source.run.fingerprint != source.dataset.fingerprint:
        said = "Tested on other data than it was trained with: images, labels or classes differ."
        made.append(element("p", element("strong", said)))
    made.append(
        element("p", f"{spaced(len(source.dataset.test))} test images. {source.dataset.source}")
    )
    return [
        element("h2", "Test"),
        *made,
        *results(evaluation, source.dataset, source.names),
    ]


def _machine(run: SavedRun) -> list[tuple[str, Child]]:
    """Of this page; where it was trained nobody noted but for the version."""
    here = environment()
    versions = ", ".join(f"{name} {here[name]}" for name in ("numpy", "scipy"))
    return [
        ("Run saved by", f"cnnviz {run.cnnviz}"),
        ("Page written by", f"cnnviz {__version__}"),
        ("Page written on", f"{here['cpu']}, {here['cores']} cores"),
        ("System", here["system"]),
        ("Python", f"{here['python']}, {versions}"),
        ("BLAS", ", ".join(here["blas"])),
    ]
