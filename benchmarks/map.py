"""What `nbstream.map` costs a kernel: `python -m benchmarks.map`.

The same 1,000 prompts are asked by `nbstream.map` at concurrency 8, with its line in the cell, and
by the openai SDK alone, which iterates the same streams one after the other. Each way runs in real
kernels, which take turns; the simulator has a process of its own and sends as fast as a client
reads. Prints a Markdown table: medians of the kernel's CPU seconds, and the ratio. A second table
has the kernel's memory after 1,000 and after 10,000 prompts.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jupyter_client.manager import start_new_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Tokens of an answer: a label or a sentence, a paragraph, a page.
_SIZES = (20, 150, 600)

_COMMON = """
import os, resource, time
prompts = [f"{{at}} [simulate: normal tokens={tokens}]" for at in range({count})]
def used():
    return time.process_time()
"""
_OURS = """
import nbstream
nbstream.map(prompts[:8], thinking=False)
began = used()
replies = nbstream.map(prompts[8:] + prompts[:8], thinking=False)
print("CPU", used() - began, len(replies.failed))
"""
_SDK = """
import openai
client = openai.OpenAI(base_url=os.environ["DEEPSEEK_BASE_URL"], api_key="simulated")
def ask(prompt):
    text = []
    with client.chat.completions.create(
        model="deepseek-flash",
        messages=[{"role": "user", "content": prompt}],
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"thinking": {"type": "disabled"}},
    ) as stream:
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                text.append(chunk.choices[0].delta.content)
    return "".join(text)
answers = [ask(prompt) for prompt in prompts[:8]]
began = used()
answers = [ask(prompt) for prompt in prompts]
print("CPU", used() - began, answers.count(""))
"""
_MEMORY = """
import gc, nbstream
def resident():
    gc.collect()
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
nbstream.map(prompts[:200], thinking=False)
before = resident()
replies = nbstream.map(prompts, thinking=False)
print("RSS", before, resident(), len(replies.failed))
"""


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="only the table of the memory")
    options = parser.parse_args()
    with simulator() as url:
        if not options.memory:
            _print_cpu(url, options.prompts, options.repeats)
        _print_memory(url, options.prompts)


def _print_cpu(url: str, count: int, repeats: int) -> None:
    print("| tokens an answer | the SDK alone, s | nbstream.map, s | ratio |\n|--:|--:|--:|--:|")
    for tokens in _SIZES:
        common = _COMMON.format(tokens=tokens, count=count)
        sdk, ours = [], []
        for _ in range(repeats):
            sdk.append(_run(url, common + _SDK)[0])
            ours.append(_run(url, common + _OURS)[0])
        one, other = statistics.median(sdk), statistics.median(ours)
        print(f"| {tokens} | {one:.2f} | {other:.2f} | {other / one:.2f} |", flush=True)


def _print_memory(url: str, count: int) -> None:
    print("\n| prompts | before, MB | after, MB | more, kB a prompt |\n|--:|--:|--:|--:|")
    for number in (count, 10 * count):
        before, after, _ = _run(url, _COMMON.format(tokens=150, count=number) + _MEMORY)
        print(
            f"| {number:,} | {before / 1024:.1f} | {after / 1024:.1f} | {(after - before) / number:.2f} |", flush=True
        )


def _run(url: str, code: str) -> list[float]:
    """Return the numbers that `code` prints in a new kernel."""
    environ = {**os.environ, "DEEPSEEK_BASE_URL": url, "DEEPSEEK_API_KEY": "simulated"}
    manager, client = start_new_kernel(env=environ)
    printed: list[str] = []

    def note(message: dict[str, dict[str, str]]) -> None:
        printed.append(message["content"].get("text", "") + "\n".join(message["content"].get("traceback", "")))

    try:
        client.execute_interactive(code, output_hook=note, allow_stdin=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    found = re.search(r"^(?:CPU|RSS) (.*)$", "".join(printed), re.MULTILINE)
    if found is None:
        raise SystemExit("".join(printed))
    return [float(each) for each in found[1].split()]


@contextmanager
def simulator() -> Iterator[str]:
    """Run the simulator in a process of its own, and yield its URL."""
    command = [sys.executable, "-m", "nbstream.cli", "simulate", "--port", "0", "--rate", "0", "--first-token", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+?(?=:? )", process.stdout.readline())
            assert found is not None
            yield found[0].rstrip(":")
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
