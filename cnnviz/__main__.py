"""Makes `python -m cnnviz` the same as the command `cnnviz`; where both begin."""

import sys

from cnnviz.openblas import prefer_quicker_kernels


def main() -> int:
    """The command line; see cli.py."""
    prefer_quicker_kernels()
    from cnnviz import cli  # loads NumPy

    return cli.main()


def window() -> int:
    """Opens the window; the command for desktops, which takes no arguments."""
    prefer_quicker_kernels()
    from cnnviz import cli

    return cli.main([])


if __name__ == "__main__":
    sys.exit(main())
