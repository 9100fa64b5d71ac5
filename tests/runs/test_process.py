"""Process identity: pid and start time together; zombies are dead; a stranger is never signalled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from engine.runs.process import Identity, leave_alone, start_python
from tests.runs.helpers import wait_until


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_process_is_alive_until_it_is_killed(sleeper):
    identity = Identity.of(sleeper.pid)
    assert identity.is_alive()
    assert identity.kill()
    assert sleeper.wait() == -signal.SIGKILL
    assert not identity.is_alive()
    assert not identity.kill()


def test_a_zombie_is_dead(sleeper):
    identity = Identity.of(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has collected it
    assert os.path.exists(f"/proc/{sleeper.pid}") or sys.platform != "linux"
    assert not identity.is_alive()
    assert Identity.of(sleeper.pid) is None


def test_another_process_with_the_same_pid_is_never_signalled(sleeper):
    true = Identity.of(sleeper.pid)
    earlier = Identity(true.pid, true.started_s - 1)
    assert not earlier.is_alive()
    assert not earlier.kill()
    assert sleeper.poll() is None


def test_killing_takes_the_group_of_a_leader_along():
    script = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    leader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    child = Identity.of(int(leader.stdout.readline()))
    assert Identity.of(leader.pid).kill()
    leader.wait()
    leader.stdout.close()
    wait_until(lambda: not child.is_alive())


def test_killing_a_member_leaves_the_rest_of_its_group():
    member = subprocess.Popen(["sleep", "60"])  # in the group of the tests themselves
    assert Identity.of(member.pid).kill()
    assert member.wait() == -signal.SIGKILL


def test_a_started_module_is_detached_and_leaves_no_zombie(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        process = start_python("this", log=log, runs=tmp_path)
    assert os.getsid(process.pid) == process.pid
    leave_alone(process)
    wait_until(lambda: process.returncode is not None)
    assert b"Zen" in (tmp_path / "log").read_bytes()
