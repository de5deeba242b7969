import os
import platform
import subprocess
import sys

import pytest

from cnnviz import openblas

ZEN4 = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2 avx512f avx512vl\n"
ZEN3 = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2\n"
XEON = "vendor_id\t: GenuineIntel\nflags\t\t: fpu avx2 avx512f\n"


@pytest.fixture(autouse=True)
def without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(openblas.VARIABLE, raising=False)
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


@pytest.mark.parametrize(("cpuinfo", "chosen"), [(ZEN4, "Haswell"), (ZEN3, None), (XEON, None)])
def test_only_where_it_was_measured_to_help(tmp_path, monkeypatch, cpuinfo, chosen):
    monkeypatch.setattr(os, "environ", {})
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    openblas.prefer_quicker_kernels(tmp_path / "cpuinfo")
    assert os.environ.get(openblas.VARIABLE) == chosen


def test_what_the_user_has_set_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {openblas.VARIABLE: "Zen"})
    (tmp_path / "cpuinfo").write_text(ZEN4)
    openblas.prefer_quicker_kernels(tmp_path / "cpuinfo")
    assert os.environ == {openblas.VARIABLE: "Zen"}


def test_once_numpy_is_loaded_it_is_too_late(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setitem(sys.modules, "numpy", object())
    (tmp_path / "cpuinfo").write_text(ZEN4)
    openblas.prefer_quicker_kernels(tmp_path / "cpuinfo")
    assert os.environ == {}


def test_other_systems_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    openblas.prefer_quicker_kernels(tmp_path / "nothing here")
    assert os.environ == {}


def test_the_command_chooses_before_it_loads_numpy():
    program = "import sys, cnnviz.__main__; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
