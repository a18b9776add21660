"""What the tests share: one torch thread, and one Jupyter kernel for the tests that ask for it."""

import os

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # torch reads it when it is imported, which is later than this


@pytest.fixture(scope="session")
def kernel():
    """A function that runs a cell in a real kernel and gives back what the notebook would show.

    What is shown is a list of pairs, (message type, content), in order.
    """
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)

    def run(cell):
        shown = []
        client.execute_interactive(
            cell,
            timeout=60,
            output_hook=lambda message: shown.append((message["msg_type"], message["content"])),
        )
        return [each for each in shown if each[0] in ("stream", "display_data", "execute_result", "error")]

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)
