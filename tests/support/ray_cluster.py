"""A cluster of two machines that are both this one: ``python -m tests.support.ray_cluster PORT`` runs it until its input ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

STORE = 80_000_000


@dataclass
class TwoMachines:
    """The cluster, in a process of its own."""

    port: int
    process: subprocess.Popen[str] | None = None
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start both, and wait until they are there."""
        argv = [sys.executable, "-m", "tests.support.ray_cluster", str(self.port)]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict):
                    self.pids = found
                    return
        raise AssertionError("the cluster did not start")

    def of_machine(self, name: str, what: str = "ray::Maker") -> list[int]:
        """The processes of a machine whose names begin so."""
        listing = subprocess.run(["ps", "-eww", "-o", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 2) for line in listing.splitlines()[1:]]
        return [int(pid) for pid, parent, args in lines if int(parent) == self.pids[name] and args.startswith(what)]

    def end(self) -> None:
        """End all of it at once, as a power cut would."""
        if self.process is None:
            return
        for pid in self.pids.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


def main(port: int) -> None:
    """Run it."""
    from engine.generators.remote.where import environment

    os.environ.update(environment("127.0.0.1"))
    from ray.cluster_utils import Cluster  # reads the environment

    usual = {"node_ip_address": "127.0.0.1", "num_cpus": 1, "num_gpus": 0, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args={**usual, "gcs_server_port": port, "include_dashboard": False})
    other = cluster.add_node(**usual)
    pids = {}
    for name, node in (("head", cluster.head_node), ("other", other)):
        for kind, processes in node.all_processes.items():
            if kind in ("raylet", "gcs_server"):
                pids[name if kind == "raylet" else "gcs"] = processes[0].process.pid
    print(json.dumps(pids), flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main(int(sys.argv[1]))
