"""docs/tasks/classroom.md: a real JupyterHub gives each student's server the file and a key."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import urllib.error
import urllib.request
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from nbstream.simulator.log import key_digest
from tests import kernels, needs
from tests.browser import servers
from tests.browser.servers import Server
from tests.jupyter.test_classroom import block

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.kernel

HUB = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = [{singleuser!r}]
c.Spawner.args = ["--allow-root"]
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.Spawner.environment.update({environment!r})
c.SimpleLocalProcessSpawner.home_dir_template = {home!r}
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.command = {command!r}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.services = [{{"name": "tester", "api_token": "{token}"}}]
scopes = ["admin:users", "admin:servers", "access:servers", "shutdown"]
c.JupyterHub.load_roles = [{{"name": "tester", "services": ["tester"], "scopes": scopes}}]
"""
TOKEN = "token-of-the-tester-0123456789"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@servers.needs("jupyterhub")
@needs.command("node", "npm")
@pytest.mark.timeout(300)
def test_the_hub_gives_each_student_the_file_and_a_key(simulator: Simulator, tmp_path: Path) -> None:
    # In the place of /etc/jupyter, which belongs to the machine.
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "nbstream.toml").write_text(
        'model = "school/deepseek-flash"\n[endpoints.school]\n'
        f'base_url = "{simulator.url}/v1"\nkey_variable = "SCHOOL_LLM_KEY"\nuser_field = "user"\n'
        '[forced]\nuser_id = "biology-2026"\n'
    )
    given = {name: f"sk-canary-of-{name}-0123456789" for name in ("ada", "bob")}
    (tmp_path / "keys.json").write_text(json.dumps(given))
    environment = {
        "JUPYTER_CONFIG_PATH": str(etc),
        "JUPYTER_PATH": str(kernels.HOME / "share"),
        "PYTHONPATH": str(kernels.ROOT),
        "NBSTREAM_LEDGER": "off",
    }
    ports = [free_port() for _ in range(2)]
    hub = block("import json\n\n# Made from").replace("/srv/jupyterhub/keys.json", str(tmp_path / "keys.json"))
    modules = kernels.HOME / "configurable-http-proxy" / "node_modules" / ".bin"
    folder = tmp_path / "hub"
    folder.mkdir()
    settings_of_test = {
        "singleuser": str(kernels.python("jupyterhub").with_name("jupyterhub-singleuser")),
        "environment": environment,
        "home": str(tmp_path / "home-{username}"),
        "command": str(modules / "configurable-http-proxy"),
        "token": TOKEN,
    }
    text = hub + HUB.replace("{port}", "PORT").format(**settings_of_test, hub_port=ports[0], api_port=ports[1])
    starting = (
        "import os, pathlib, sys; pathlib.Path('jupyterhub_config.py').write_text(os.environ['HUB'].replace('PORT', "
        "sys.argv[1])); from jupyterhub.app import main; sys.argv[1:] = []; main()"
    )
    server = Server("jupyterhub", ["-c", starting, "{port}"], folder, {"HUB": text}, "hub/api/", seconds=120)
    try:
        for name in given:
            assert asked_in_hub(server, name, "%load_ext nbstream\n_ = nbstream.stream('Hello').result()") == "ok"
    finally:
        with suppress(OSError):
            # Otherwise its proxy would go on.
            hub_call(server, "POST", "/hub/api/shutdown", {"proxy": True, "servers": True})
        server.stop()
    entries = [entry for entry in simulator.log() if entry["path"].endswith("/chat/completions")]
    assert [entry["key_digest"] for entry in entries] == [key_digest(key) for key in given.values()]
    users = [entry["body"]["user"] for entry in entries]
    assert len(set(users)) == 2
    assert not any(name in user for name in given for user in users)


def hub_call(server: Server, method: str, path: str, data: object = None) -> Any:
    """Return what the hub, or a student's server behind it, answers."""
    body = None if data is None else json.dumps(data).encode()
    headers = {"Authorization": f"token {TOKEN}"}
    request = urllib.request.Request(f"{server.url}{path}", body, headers, method=method)
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.loads(response.read() or b"null")


def asked_in_hub(server: Server, name: str, code: str) -> str:
    """Start a student's server and a kernel in it, run a cell, and return its status."""
    call = partial(hub_call, server)
    deadline = time.monotonic() + 100
    # The proxy answers before the hub is there.
    while True:
        try:
            call("POST", f"/hub/api/users/{name}")
            break
        except urllib.error.HTTPError:
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.2)
    call("POST", f"/hub/api/users/{name}/server", {})
    while not call("GET", f"/hub/api/users/{name}")["servers"].get("", {}).get("ready"):
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.2)
    kernel = call("POST", f"/user/{name}/api/kernels", {"name": kernels.NEWEST})["id"]

    async def run() -> str:
        url = f"{server.url.replace('http', 'ws', 1)}/user/{name}/api/kernels/{kernel}/channels"
        socket_of_kernel = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {TOKEN}"}))
        header = {"msg_id": "1", "username": "", "session": "s", "msg_type": "execute_request", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        await socket_of_kernel.write_message(json.dumps({**message, "channel": "shell", "buffers": []}))
        while True:
            received = await socket_of_kernel.read_message()
            assert received is not None, server.log.read_text()
            answer = json.loads(received)
            if answer["msg_type"] == "execute_reply":
                socket_of_kernel.close()
                while await socket_of_kernel.read_message() is not None:
                    pass
                return str(answer["content"]["status"])

    return asyncio.run(run())
