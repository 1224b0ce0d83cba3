"""Runs engines in turn, each in a process of its own, and prints tables."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from vector_files import shape


def collect(folders, commands_of, runs, out=None, echo=False):
    """Runs `commands_of(folder)` on every folder, and returns their lines, told apart by folder and run.

    The lines go to the file `out` as they come, and with `echo` to the standard output.
    """
    lines = []
    file = open(out, "w") if out else None
    for folder in folders:
        folder = Path(folder).resolve()
        rows, dimensions = shape(folder / "base.fbin")
        print(f"{folder.name}: {rows:,} × {dimensions}", file=sys.stderr, flush=True)
        for run, line in rounds(commands_of(folder), runs):
            line = {"folder": folder.name, "rows": rows, "dimensions": dimensions, "run": run, **line}
            lines.append(line)
            if echo:
                print_line(line)
            if file:
                print(json.dumps(line), file=file, flush=True)
    if file:
        file.close()
    return lines


def read_lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def rounds(commands, runs):
    """Yields (run, line) for every JSON line the commands print; `commands` maps an engine to its arguments.

    The engines take turns, so that a busy spell of the machine does not fall on one of them alone. An engine that
    fails, or prints a line with "skipped", is left out of further rounds.
    """
    failed = set()
    for run in range(1, runs + 1):
        for engine, command in commands.items():
            if engine in failed:
                continue
            print(f"run {run} of {runs}: {engine}", file=sys.stderr, flush=True)
            lines = 0
            for line in json_lines(engine, command, failed):
                lines += 1
                if "skipped" in line:
                    failed.add(engine)
                    print(f"  {engine} skipped: {line['skipped']}", file=sys.stderr, flush=True)
                yield run, line
            if not lines and engine not in failed:
                failed.add(engine)
                print(f"  {engine} printed no JSON line", file=sys.stderr, flush=True)


def json_lines(engine, command, failed):
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        yield {"engine": engine, "skipped": str(error)}
        return
    for text in process.stdout:
        if text.startswith("{"):
            yield json.loads(text)
        elif text.strip():
            print("  " + text.rstrip(), file=sys.stderr)
    if process.wait() and engine not in failed:
        yield {"engine": engine, "skipped": f"ended with code {process.returncode}"}


def print_line(line):
    print(json.dumps(line), flush=True)


def print_skipped(lines):
    for line in lines:
        if "skipped" in line:
            print(f"{line['engine']} skipped on {line['folder']}: {line['skipped']}")


def median_of(lines, field):
    """The median of a field over the lines that have it, None where none has."""
    values = [line[field] for line in lines if line.get(field) is not None]
    return median(values) if values else None


def runs_text(lines):
    runs = max(line["run"] for line in lines)
    return "one run" if runs == 1 else f"median of {runs} runs"


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def print_table(headings, rows):
    """A Markdown table, the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]

    def cells(row):
        padded = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| " + " | ".join(padded) + " |"

    print(cells(headings))
    print("|" + "|".join("-" * (width + 2) if column == 0 else "-" * (width + 1) + ":"
                         for column, width in enumerate(widths)) + "|")
    for row in rows:
        print(cells(row))
    print()
