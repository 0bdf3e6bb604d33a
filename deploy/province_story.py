"""The province story's client of the API: opens what traffic proposes, has the weekly report made, takes it.

    python deploy/province_story.py URL REGION WEEK AS_OF FOLDER

Prints what it does, one line a step. The standard library alone; every call says why it is made.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

OPENED = 6
"""Proposals that a person confirms in the story."""
WAIT_S = 60


def call(url: str, body: Any = None) -> Any:
    """Ask the API, as JSON."""
    data = None if body is None else json.dumps(body).encode()
    asked = Request(url, data, {"X-Purpose": "province story", "Content-Type": "application/json"})
    with urlopen(asked, timeout=WAIT_S) as answer:
        return json.load(answer)


def main() -> int:
    """Tell the story; 1 where a report came to nothing."""
    base, region, week, as_of, folder = sys.argv[1:]
    wait(base)
    found = call(f"{base}/v1/proposals?region={region}")["proposals"]
    found = [one for one in found if one["uscc"]][:OPENED]
    for one in found:
        call(f"{base}/v1/projects", {"proposal": one["project"]})
        call(f"{base}/v1/projects/{one['project']}/events", {"step": "verified", "on": as_of})
    kw = sum(one["kw"]["value"] for one in found if one["kw"])
    print(f"A person confirms {len(found)} projects that traffic proposes, {kw:,.0f} kW in sum.")
    body = {"kind": "weekly", "region": region, "week": week, "as_of": as_of, "languages": ["zh", "en"]}
    report = call(f"{base}/v1/reports", body | {"formats": ["html", "xlsx"]})
    print(f"POST /v1/reports  {report['state']}  {report['id']}")
    while report["state"] in ("queued", "running"):
        time.sleep(0.2)
        report = call(f"{base}/v1/reports/{report['id']}")
    print(f"GET  /v1/reports/{report['id'][:8]}...  {report['state']}, {len(report['files'])} files")
    same = True
    for one in report["files"]:
        with urlopen(Request(base + one["path"], headers={"X-Purpose": "province story"})) as answer:
            content = answer.read()
        (Path(folder) / f"api-{one['name']}").write_bytes(content)
        same = same and hashlib.sha256(content).hexdigest() == one["sha256"]
    return 0 if report["state"] == "done" and same and report["files"] else 1


def wait(base: str) -> None:
    """Wait until the server answers."""
    for _ in range(WAIT_S * 10):
        try:
            with urlopen(f"{base}/healthz", timeout=5):
                return
        except URLError:
            time.sleep(0.1)
    raise SystemExit(f"{base} does not answer")


if __name__ == "__main__":
    sys.exit(main())
