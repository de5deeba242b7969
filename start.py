#!/usr/bin/env python3
"""Everything you need to use cnnviz from a checkout, with nothing but Python 3.11 or newer:

    python3 start.py                   open the window, training at once on the embedded digits
    python3 start.py app ARGUMENTS     run cnnviz with arguments, such as: train --data digits
    python3 start.py test [ARGUMENTS]  run the tests; arguments go to pytest, such as: -k timeline
    python3 start.py setup             only get everything ready

The first start makes a virtual environment in .venv and installs the versions that
constraints.txt pins, checked by their hashes; later starts take no time. On Debian and Ubuntu it
also offers to install the few system libraries that Qt needs.
"""

# Standard library only, and nothing that Python 3.6 could not parse: an old Python should be told
# what is wrong, not show a SyntaxError.

import ctypes
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "cnnviz-ready"  # written last: an environment without it is a half-made one

# What Qt loads from a Linux system: the library, and the Debian package that brings it.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
# And what a real window needs on top of that.
QT_WINDOW_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def main():
    """Do what the command line says."""
    command, *arguments = sys.argv[1:] or ["app", "--data", "digits", "--play"]
    if command in ("-h", "--help"):
        print(__doc__)
        return
    if command not in ("app", "test", "setup"):
        say(f"start.py has no command {command!r}; see: python3 start.py --help")
        sys.exit(2)
    if sys.version_info < (3, 11):
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"cnnviz needs Python 3.11 or newer; this is Python {version} ({sys.executable}).")
    prepare_system(window=command != "test")
    prepare_environment()
    if command == "app":
        become([PYTHON, "-P", "-m", "cnnviz", *arguments])  # -P: whatever the folder we are in
    if command == "test":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # no window pops up
        os.chdir(ROOT)
        become([PYTHON, "-m", "pytest", *arguments])
    say(f"ready in {VENV}")


def become(command):
    """Hand the process over to another program; its exit status is ours."""
    if os.name == "nt":  # Windows cannot replace a running program
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def say(text):
    """Tell the user, before anything a child process prints."""
    print(f"cnnviz: {text}", flush=True)


# ------------------------------------------------------------------ what the system has to bring


def prepare_system(window):
    """Make sure that Python can make an environment and that Qt finds its libraries."""
    packages = []
    if not STAMP.exists() and not importlib.util.find_spec("ensurepip"):
        packages.append(f"python3.{sys.version_info.minor}-venv")  # Debian ships it apart
    libraries = {}
    if sys.platform == "linux":
        wanted = {**QT_LIBRARIES, **QT_WINDOW_LIBRARIES} if window else QT_LIBRARIES
        libraries = {name: wanted[name] for name in wanted if not loads(name)}
        packages.extend(libraries.values())
    if packages and shutil.which("apt-get"):
        install_packages(packages)
    elif packages:
        if libraries:  # perhaps needless: a Wayland desktop can do without those of X11
            say(f"Qt may need libraries that this system lacks: {', '.join(libraries)}")
        if len(packages) > len(libraries):
            sys.exit(f"cnnviz: {sys.executable} lacks the modules venv and ensurepip; install them")


def loads(library):
    """Tell whether the dynamic linker finds a library, wherever the system keeps it."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install_packages(packages):
    """Install Debian packages: as root at once, with sudo after a question, or by the user."""
    update = ["apt-get", "update", "-q"]
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    root = os.geteuid() == 0
    prefix = [] if root else ["sudo"]
    line = f"{shlex.join(prefix + update)} && {shlex.join(prefix + install)}"
    say(f"some system packages are missing. This installs them:\n\n    {line}\n")
    if not root:
        asked = sys.stdin.isatty() and shutil.which("sudo")
        if not asked or input("Run it now? [Y/n] ").strip().lower() not in ("", "y", "yes"):
            say("run that line, then start again")
            sys.exit(2)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.call(prefix + update, env=environment)  # one broken source need not matter
    if subprocess.call(prefix + install, env=environment):
        say("the packages could not be installed; see above")
        sys.exit(2)


# ---------------------------------------------------------------------- the virtual environment


def prepare_environment():
    """Make .venv, or bring it up to date, unless it already is what constraints.txt says."""
    place, content = fingerprints()
    stamp = STAMP.read_text().split() if STAMP.exists() else []
    if stamp == [place, content]:
        return
    if stamp[:1] != [place]:  # new, half-made, moved, or of another Python
        say(f"making {VENV.name} with Python {sys.version.split()[0]}")
        run([sys.executable, "-m", "venv", "--clear", VENV])
    STAMP.unlink(missing_ok=True)
    say("installing (the first time: 170 MB to download, a minute or two)")
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    run([*pip, "--require-hashes", "-r", ROOT / "constraints.txt"])
    run([*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT])
    STAMP.write_text(f"{place}\n{content}\n")


def fingerprints():
    """Identify where the environment belongs, and what should be in it."""
    place = f"{ROOT} {sys.base_prefix} {sys.version_info[:2]}"
    content = (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    return hashlib.sha256(place.encode()).hexdigest(), hashlib.sha256(content).hexdigest()


def run(command):
    """Run one step of the installation; show what it works on, and all it said if it fails."""
    terminal = sys.stdout.isatty()
    output = []
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, errors="replace") as process:
        for line in process.stdout or ():
            output.append(line)
            if terminal:
                print(f"\r{line.strip():79.79}", end="", flush=True)
    if terminal:
        print(f"\r{'':79}\r", end="", flush=True)
    if process.returncode:
        sys.stderr.writelines(output)
        sys.exit("cnnviz: the installation failed, as shown above. Mend that and start again.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
