"""What every test stands on."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_interrupts():
    """A shell starts what runs in the background with Ctrl+C ignored; tests press it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
