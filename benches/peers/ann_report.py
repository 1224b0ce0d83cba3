"""The tables and the plot that compare.py makes from its lines."""

import math
import re

from ann_engines import HNSW
from harness import median_of, number, print_table, runs_text

LEVELS = (0.90, 0.95, 0.97, 0.985)
OURS = "assort"
STYLES = {"hnswlib": ("#0072B2", "-"), "usearch": ("#CC79A7", "-"), "usearch-i8": ("#CC79A7", "--"),
          "faiss": ("#009E73", "-"), "scann": ("#555555", "-"), "symphonyqg": ("#E69F00", "-")}


def report(lines):
    labels = labels_of(lines)
    for folder in unique(lines, "folder"):
        here = [line for line in lines if line["folder"] == folder]
        for threads in sorted(unique(here, "threads")):
            print(f"{title(here[0])}, {threads} query thread{'s' * (threads > 1)}, "
                  f"{runs_text(here)}\n")
            summaries = {}
            for label in labels:
                chosen = [line for line in here if line["threads"] == threads and label_of(line, labels) == label]
                if chosen:
                    summaries[label] = summary(chosen)
            print_threads(summaries)


def print_threads(summaries):
    main = next((label for label in summaries if label.startswith(OURS)), None)
    ours = summaries.get(main)
    headings = ["engine", "build s", "RSS MB", "bytes/vector", *(f"QPS at {level:.3g}" for level in LEVELS)]
    if ours:
        headings += [f"{main} ÷ it: QPS at 0.95", "build", "RSS", "recall shortfall"]
    rows = []
    for label, its in summaries.items():
        row = [label, number(its["build_s"], 1), number(its["rss_mb"]), number(its["bytes_per_vector"]),
               *(number(qps_at(its["curve"], level)) for level in LEVELS)]
        if ours and label == main:
            row += [""] * 4
        elif ours:
            row += [ratio(qps_at(ours["curve"], 0.95), qps_at(its["curve"], 0.95)),
                    ratio(ours["build_s"], its["build_s"]), ratio(ours["rss_mb"], its["rss_mb"]),
                    shortfall(ours, its) if comparable(label) else "-"]
        rows.append(row)
    print_table(headings, rows)

    graphs = {label: its for label, its in summaries.items() if label in HNSW and its["build_s"]}
    if ours and graphs:
        fastest = min(graphs, key=lambda label: graphs[label]["build_s"])
        print(f"build: {ratio(ours['build_s'], graphs[fastest]['build_s'])} the time of {fastest}, the HNSW library "
              "that builds fastest")
        print(f"largest shortfall of recall against {fastest} at equal ef: {shortfall(ours, graphs[fastest])}")
        if "hnswlib" in graphs:
            print(f"memory: {ratio(ours['rss_mb'], graphs['hnswlib']['rss_mb'])} that of hnswlib")
        print()


def summary(lines):
    settings = {}
    for line in lines:
        settings.setdefault((line["ef"], line.get("slack")), []).append(line)
    points = {setting: (median_of(chosen, "recall"), median_of(chosen, "qps")) for setting, chosen in settings.items()}
    fields = {field: median_of(lines, field) for field in ("build_s", "rss_mb", "bytes_per_vector")}
    return {**fields, "points": points, "curve": frontier(points.values())}


def frontier(points):
    """The points that no other beats in both recall and speed, by rising recall: speed only falls along them."""
    best = []
    for recall, qps in sorted(points, reverse=True):
        if not best or qps > best[-1][1]:
            best.append((recall, qps))
    return best[::-1]


def qps_at(curve, level):
    """Speed at a recall, between neighbouring points along the logarithm of speed; None outside the curve."""
    for (low, fast), (high, slow) in zip(curve, curve[1:]):
        if low <= level <= high:
            share = (level - low) / (high - low)
            return math.exp(math.log(fast) + share * (math.log(slow) - math.log(fast)))
    return None


def comparable(label):
    """Whether the engine's ef means what ours means."""
    return label in HNSW or label.startswith(OURS)


def shortfall(ours, its):
    """The most recall we lack at an ef both were run with, and that ef; negative where we are ahead at every one."""
    theirs = {ef: recall for (ef, _), (recall, _) in its["points"].items()}
    lacks = [(theirs[ef] - recall, ef) for (ef, _), (recall, _) in ours["points"].items() if ef in theirs]
    if not lacks:
        return "-"
    lack, ef = max(lacks)
    return f"{lack:+.4f} (ef {ef})"


def ratio(mine, its):
    return f"{mine / its:.2f}×" if mine and its else "-"


def labels_of(lines):
    """An engine's name for each of its curves, with the builder where one engine has several; ours come first."""
    pairs = list(dict.fromkeys((line["engine"], line.get("builder")) for line in lines))
    engines = [engine for engine, _ in pairs]
    labels = {pair: pair[0] if engines.count(pair[0]) == 1 else f"{pair[0]} ({pair[1]})" for pair in pairs}
    return list(dict.fromkeys(sorted(labels.values(), key=lambda label: not label.startswith(OURS))))


def label_of(line, labels):
    return line["engine"] if line["engine"] in labels else f"{line['engine']} ({line.get('builder')})"


def unique(lines, field):
    return list(dict.fromkeys(line[field] for line in lines))


def title(line):
    return f"{line['folder']}: {line['rows']:,} × {line['dimensions']}"


def plot(lines, path):
    """Writes an SVG of recall and speed on one thread, a panel per folder; the same lines give the same file."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, MultipleLocator, NullLocator

    matplotlib.rcParams.update({"svg.hashsalt": "assort", "svg.fonttype": "none", "font.size": 9,
                                "font.family": "sans-serif", "axes.spines.top": False, "axes.spines.right": False})
    labels, folders = labels_of(lines), unique(lines, "folder")
    main = next((label for label in labels if label.startswith(OURS)), None)
    figure, panels = plt.subplots(1, len(folders), figsize=(4.6 * len(folders), 3.8), squeeze=False,
                                  layout="constrained", facecolor="white")
    handles = {}
    for folder, axes in zip(folders, panels[0]):
        here = [line for line in lines if line["folder"] == folder and line["threads"] == 1]
        shown = []
        for label in labels:
            chosen = [line for line in here if label_of(line, labels) == label]
            curve = summary(chosen)["curve"] if chosen else []
            # The last point to the left of the panel stays, for the line that leads in from it.
            outside = [index for index, (recall, _) in enumerate(curve) if recall < 0.8]
            curve = curve[outside[-1]:] if outside else curve
            if not curve:
                continue
            shown += [qps for recall, qps in curve if recall >= 0.8]
            ours = label.startswith(OURS)
            color, dash = ("#D55E00", "-" if label == main else "--") if ours else STYLES.get(label, ("#888888", ":"))
            handles[label], = axes.plot(*zip(*curve), color=color, linestyle=dash, label=label,
                                        linewidth=2.8 if label == main else 1.2, zorder=3 if ours else 2,
                                        marker="o", markersize=4.5 if label == main else 2.5)
        axes.set(title=title(next(line for line in lines if line["folder"] == folder)), xlabel="recall@10",
                 yscale="log", xlim=(0.8, 1.002))
        if shown:
            axes.set_ylim(min(shown) / 1.3, max(shown) * 1.3)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.xaxis.set_major_locator(MultipleLocator(0.05))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panels[0][0].set_ylabel("queries per second, one thread")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3 * len(folders), frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    with open(path) as file:
        drawing = file.read()
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", drawing)
    with open(path, "w") as file:
        file.write(re.sub(r"\s*\n\s*", "\n", drawing))
