"""The texts of the hub's and of nbgrader's configuration."""

import json
import os
from dataclasses import dataclass

from course.classroom.hub.place import COURSE_ID, INSTRUCTOR, LEARNERS, Place

MEMORY = "2G"  # what a server is told that it may use


@dataclass(frozen=True, kw_only=True)
class Access:
    """How one gets in: ports of loopback and passwords."""

    port: int  # of the proxy, where browsers go
    hub_port: int  # of the hub itself
    api_port: int  # by which the hub steers the proxy
    password: str  # of every learner; 8 characters or more
    instructors_password: str  # 32 or more

    @property
    def address(self) -> str:
        """Where browsers go."""
        return f"http://127.0.0.1:{self.port}"


def hub_config(place: Place, access: Access, *, root: bool | None = None) -> str:
    """The text of `jupyterhub_config.py`.

    Args:
        place: the folders.
        access: ports and passwords.
        root: whether the hub is started by root; None looks.
    """
    root = os.getuid() == 0 if root is None else root
    return f'''"""Written by `python -m course.classroom.hub`. For a trial on one machine; not for a class."""

c = get_config()  # noqa: F821

# This machine only. A class needs TLS: JupyterHub's documentation says how, under "Security".
c.JupyterHub.bind_url = "http://127.0.0.1:{access.port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{access.hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{access.api_port}"
c.ConfigurableHTTPProxy.command = [{str(place.proxy)!r}]
c.JupyterHub.db_url = "sqlite:///{place.out / "hub.sqlite"}"
c.JupyterHub.cookie_secret_file = {str(place.out / "cookie_secret")!r}

# One password for all learners, another one for the instructor.
c.JupyterHub.authenticator_class = "shared-password"
c.Authenticator.allowed_users = {set(LEARNERS)!r}
c.Authenticator.admin_users = {{{INSTRUCTOR!r}}}
c.SharedPasswordAuthenticator.user_password = {access.password!r}
c.SharedPasswordAuthenticator.admin_password = {access.instructors_password!r}

# Every server runs as whoever started the hub, in a room of bubblewrap (seat.sh): it sees its own home, the
# course and the exchange. For a class take a spawner that isolates by itself: accounts, systemd, containers.
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {str(place.out / "homes" / "{username}")!r}
c.Spawner.cmd = ["sh", {str(place.out / "seat.sh")!r}]
c.Spawner.args = {["--allow-root"] if root else []!r}
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # the machine may be busy
c.Spawner.mem_limit = {MEMORY!r}  # this spawner tells the server and does not enforce it
c.Spawner.environment = {{
    "PATH": {f"{place.python.parent}:/usr/local/bin:/usr/bin:/bin"!r},
    "JUPYTER_PREFER_ENV_PATH": "1",
    "OMP_NUM_THREADS": "1",  # torch takes every core for each learner otherwise
    "JUPYTER_CONFIG_PATH": {str(place.settings)!r},
}}
'''


def nbgrader_config(place: Place) -> str:
    """The text of `nbgrader_config.py`, the same for everybody."""
    return f'''"""Written by `python -m course.classroom.hub`."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = {COURSE_ID!r}
c.Exchange.root = {str(place.exchange)!r}
# The owner of what was handed in is compared with the learner's name; here, one account owns all.
c.ExchangeCollect.check_owner = False
'''


def server_config() -> str:
    """The text of `jupyter_server_config.py`, of everybody's server."""
    return '''"""Written by `python -m course.classroom.hub`."""

c = get_config()  # noqa: F821
# A login shell would set PATH anew, and nbgrader would not be on it.
c.ServerApp.terminado_settings = {"shell_command": ["bash"]}
'''


def page_config() -> str:
    """The text of `labconfig/page_config.json`: JupyterLab without news, and without an authors' tool."""
    off = ("@jupyterlab/apputils-extension:announcements", "@jupyter/nbgrader:create-assignment")
    return json.dumps({"disabledExtensions": dict.fromkeys(off, True)}) + "\n"


def seat(place: Place) -> str:
    """The text of `seat.sh`, which starts the server of the person `$USER` in a room of its own.

    nbgrader takes the account's name for the learner's name, so each room has its own `/etc/passwd`.
    """
    server = place.python.with_name("jupyterhub-singleuser")
    return f"""#!/bin/sh
# Written by `python -m course.classroom.hub`.
set -eu
accounts={place.settings}/accounts
mkdir -p "$accounts"
echo "$USER:x:$(id -u):$(id -g)::$HOME:/bin/bash" > "$accounts/$USER"
named="--ro-bind $accounts/$USER /etc/passwd"

# The instructor grades in a sandbox, which needs the machine as it is.
if [ "$USER" = {INSTRUCTOR} ]; then exec bwrap --dev-bind / / $named --die-with-parent {server} "$@"; fi

exec bwrap --ro-bind / / --dev-bind /dev /dev --tmpfs /tmp --tmpfs {place.out} $named \\
    --ro-bind {place.course} {place.course} --ro-bind {place.settings} {place.settings} \\
    --bind {place.exchange} {place.exchange} --bind "$HOME" "$HOME" \\
    --unshare-pid --proc /proc --die-with-parent --chdir "$HOME" {server} "$@"
"""
