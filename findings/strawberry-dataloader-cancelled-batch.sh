#!/usr/bin/env bash
# A DataLoader whose first batch is cancelled before it is dispatched answers no later key.
#
# strawberry-graphql 0.341.2: when the last key that waits is cancelled, so is the task that would dispatch its batch, but
# the loader keeps the batch as its open one, and later keys join it. Nothing dispatches it any more: whoever uses a
# loader for longer than one operation (a WebSocket, a subscription that is shared) waits for ever, without an error.
#
# Seen (strawberry-graphql 0.341.2; Python 3.11):
#   first key cancelled; loads so far: 0
#   second key after 2 s: no answer; loads so far: 0
#   a new loader: 2; loads so far: 1
# Expected: the second key begins a batch of its own.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check strawberry-graphql==0.341.2
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
from importlib.metadata import version

from strawberry.dataloader import DataLoader

loads: list[list[int]] = []


async def load_fn(keys: list[int]) -> list[int]:
    loads.append(keys)
    return keys


async def main() -> None:
    print(f"strawberry-graphql {version('strawberry-graphql')}")
    loader: DataLoader[int, int] = DataLoader(load_fn=load_fn, cache=False)
    first = loader.load(1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    print(f"first key cancelled; loads so far: {len(loads)}")
    before = len(loads)
    try:
        answer = str(await asyncio.wait_for(loader.load(2), 2))
    except TimeoutError:
        answer = "no answer"
    print(f"second key after 2 s: {answer}; loads so far: {len(loads)}")
    assert (before, len(loads), answer) == (0, 0, "no answer"), loads
    print(f"a new loader: {await DataLoader(load_fn=load_fn, cache=False).load(2)}; loads so far: {len(loads)}")


asyncio.run(main())
PYTHON
