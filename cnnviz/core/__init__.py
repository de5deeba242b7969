"""The engine: everything that trains and looks inside, without Qt, useful alone in a notebook.

from cnnviz.core import PRESETS, Settings, Trainer, load_dataset

trainer = Trainer(PRESETS["numpy-cnn"], load_dataset("digits"), Settings(batch_size=64))
while trainer.step < 100:
    print(trainer.train_batch().loss)
"""

from cnnviz.core.datasets import Dataset, Split, load_dataset
from cnnviz.core.edits import Edits, Filter, Weight, apply_edits, edited
from cnnviz.core.errors import (
    CnnvizError,
    DataError,
    SettingsError,
    SpecError,
    StorageError,
    WeightsError,
)
from cnnviz.core.evaluation import Evaluation, evaluate
from cnnviz.core.inspection import Inspection, inspect
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.runner import Runner
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.stopwatch import Stopwatch
from cnnviz.core.storage import load_run, save_run
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import BatchResult, Snapshot, Trainer

__all__ = [
    "PRESETS",
    "BatchResult",
    "CnnvizError",
    "DataError",
    "Dataset",
    "Edits",
    "EpochResult",
    "Evaluation",
    "Filter",
    "Inspection",
    "Network",
    "Runner",
    "SavedRun",
    "Settings",
    "SettingsError",
    "Snapshot",
    "Spec",
    "SpecError",
    "Split",
    "Stopwatch",
    "StorageError",
    "Timeline",
    "Trainer",
    "Weight",
    "WeightsError",
    "apply_edits",
    "edited",
    "evaluate",
    "inspect",
    "load_dataset",
    "load_run",
    "save_run",
]
