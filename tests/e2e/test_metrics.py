"""The page for Prometheus while derivd trades: its form, figures that are those of the books, counters
that never fall, no secret; the warning for an open address; the dashboard of packaging/grafana."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import harness
from harness import check, wait_until

NAME = r"[a-z_][a-z0-9_]*"
LABELS = rf'\{{{NAME}="(?:[^"\\\n]|\\["\\n])*"(?:,{NAME}="(?:[^"\\\n]|\\["\\n])*")*\}}'
SAMPLE = re.compile(rf"({NAME})({LABELS})? (-?[0-9]+(?:\.[0-9]+)?)")


def read(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        check(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), answer.headers)
        return answer.read().decode()


def parse(text):
    """Strictly the exposition format 0.0.4 as derivd may use it: {(name, labels): value}, {name: type}."""
    check(text.endswith("\n"), "no newline at the end")
    types, values, helped, family = {}, {}, None, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            helped, words = line.split(" ", 3)[2:]
            check(helped not in types and words.strip(), f"HELP: {line}")
        elif line.startswith("# TYPE "):
            family, kind = line.split(" ")[2:]
            check(family == helped and kind in ("counter", "gauge", "histogram"), f"TYPE: {line}")
            check((kind == "counter") == family.endswith("_total"), f"a name against its type: {line}")
            types[family] = kind
        else:
            found = SAMPLE.fullmatch(line)
            check(found, f"not a sample: {line!r}")
            base = re.sub(r"_(bucket|sum|count)$", "", found[1]) if types.get(family) == "histogram" \
                else found[1]
            check(base == family, f"outside of its family: {line}")
            key = (found[1], found[2] or "")
            check(key not in values, f"twice: {line}")
            values[key] = float(found[3])
    histograms(types, values)
    return values, types


def histograms(types, values):
    for family in (f for f, kind in types.items() if kind == "histogram"):
        runs = {}
        for (name, labels), value in values.items():
            if name == family + "_bucket":
                bound = re.search(r'le="([^"]*)"', labels)[1]
                rest = re.sub(r',?le="[^"]*"', "", labels).replace("{}", "")
                runs.setdefault(rest, []).append((float(bound), value))
        check(runs, f"{family} has no bucket")
        for rest, buckets in runs.items():
            check(buckets == sorted(buckets) and buckets[-1][0] == float("inf"), (family, buckets))
            counts = [count for _, count in buckets]
            check(counts == sorted(counts), f"{family}{rest} falls: {counts}")
            check(values[(family + "_count", rest)] == counts[-1], f"{family}{rest}_count")


def of(values, name, **labels):
    return sum(v for (n, l), v in values.items()
               if n == name and all(f'{k}="{x}"' in l for k, x in labels.items()))


def setup(programs, directory, listen):
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token], ["--speed", "30", "--seed", "5", "--feed", "gbm"])
    config = directory / "derivd.yaml"
    harness.write_config(harness.SOURCE / "config/demo.yaml", config, api="options",
                         app_id='"derivd-test"', endpoint=sim.endpoint("options"),
                         ca_file=sim.ready["ca_file"])
    config.write_text(config.read_text() + f'\nmetrics: {{ listen: "{listen}" }}\n')
    return sim, harness.Daemon(programs, directory, config, token), token


def port_of(daemon):
    pattern = r"metrics for Prometheus: http://\S+:(\d+)/metrics"
    return wait_until(lambda: re.search(pattern, daemon.log()), 30, "the port", daemon.process)[1]


def counters_rise(before, after, types):
    """Never below what they were, and none is gone."""
    for (name, labels), value in before.items():
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if types.get(name) == "counter" or types.get(base) == "histogram":
            check(after.get((name, labels), -1) >= value, f"{name}{labels} fell from {value}")


def trading(programs, directory):
    sim, daemon, token = setup(programs, directory, "127.0.0.1:0")
    try:
        daemon.start()
        port = port_of(daemon)
        first, _ = parse(read(port))
        pages = [first]

        def enough():
            values, types = parse(read(port))
            counters_rise(pages[-1], values, types)
            pages.append(values)
            return of(values, "derivd_contracts_settled_total") >= 20

        wait_until(enough, 60, "settled contracts", daemon.process)
        sim.process.send_signal(19)  # nothing more arrives: ages rise
        wait_until(lambda: of(parse(read(port))[0], "derivd_tick_age_seconds") > 2, 30, "an age",
                   daemon.process)
        sim.process.send_signal(18)
        daemon.ctl("pause", "--all")
        wait_until(lambda: not daemon.json("positions"), 60, "an empty book", daemon.process)
        text = read(port)
        values, types = parse(text)
        counters_rise(pages[-1], values, types)
        agrees(values, daemon)
        check(token not in text and daemon.json("status")["account"] not in text, "a secret")
        promtool(text)
        dashboard(types)
        limits(values, daemon)
        others(port)
        check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        sim.stop()
    harness.compare(daemon.trades(), sim.ledger())


def agrees(values, daemon):
    """The page, the books and the status tell the same."""
    rows = [t for t in daemon.trades() if t["profit"] is not None]
    for result in ("won", "lost", "break_even"):
        want = sum(t["outcome"] == result for t in rows)
        got = of(values, "derivd_contracts_settled_total", result=result)
        check(got == want, f"{result}: {got}, not {want}")
    profit = of(values, "derivd_gains_total") - of(values, "derivd_losses_total")
    check(round(profit * 100) == sum(harness.cents(t["profit"]) for t in rows), f"profit {profit}")
    stakes = of(values, "derivd_settled_stakes_total")
    check(round(stakes * 100) == sum(harness.cents(t["stake"]) for t in rows), f"stakes {stakes}")
    check(of(values, "derivd_orders_total", outcome="bought") == len(rows), "bought")
    buys = of(values, "derivd_request_seconds_count", call="buy")
    check(buys == of(values, "derivd_orders_total", outcome="sent"), f"{buys} answers to purchases")
    check(of(values, "derivd_request_seconds_bucket", call="buy", le="15") == buys, "slower than 15 s")
    check(of(values, "derivd_journal_append_seconds_count") > 3 * len(rows), "appends")
    check((of(values, "derivd_mode", mode="live"), of(values, "derivd_mode", mode="paper")) == (1, 0), "mode")
    status = daemon.json("status")
    check(of(values, "derivd_session_live") == 1 and of(values, "derivd_session_state") == 1, "state")
    check(of(values, "derivd_session_state", state="live") == 1, "the state live")
    check(round(of(values, "derivd_day_profit") * 100) == harness.cents(status["day_profit"]), status)
    for row in status["strategies"]:
        got = of(values, "derivd_strategy_profit", strategy=row["name"])
        check(round(got * 100) == harness.cents(row["profit"]), row)
        check(of(values, "derivd_strategy_status", strategy=row["name"], status="paused") == 1, row)
    rss = next(int(line.split()[1]) for line in
               pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
               if line.startswith("VmRSS"))
    check(abs(of(values, "derivd_resident_memory_bytes") / 1024 - rss) < 4096, f"RSS {rss} kB")


def limits(values, daemon):
    """The demo's limits, less what the day has lost and holds open (nothing: it is paused)."""
    text = daemon.config.read_text()
    day = min(0, harness.cents(daemon.json("status")["day_profit"]))
    for key in ("daily_loss", "max_open_stake"):
        limit = harness.cents(re.search(rf"(?m)^  {key}: ([0-9.]+)", text)[1])
        got = round(of(values, "derivd_limit_left_money", limit=key) * 100)
        check(got == limit + (day if key == "daily_loss" else 0), f"left of {key}: {got} of {limit}")
        row = next(r for r in daemon.json("status")["limits"] if r["limit"] == key)
        check(row["strategy"] is None and harness.cents(row["left"]) == got
              and harness.cents(row["of"]) == limit, f"status says {row}, the page {got}")


def promtool(text):
    """Prometheus' own opinion, where it is installed."""
    tool = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not tool:
        print("SKIPPED: promtool is not installed (Debian package prometheus); the own check passed")
        return
    done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True)
    check(done.returncode == 0, f"promtool: {done.stdout}{done.stderr}")
    print("promtool is content")


def dashboard(types):
    """Each metric of the dashboard exists, and each family that is worth a panel is on it."""
    board = json.loads((harness.SOURCE / "packaging/grafana/derivd.json").read_text())
    used = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            used |= set(re.findall(r"derivd_[a-z_]+", target["expr"]))
    check(len(used) > 20, used)
    known = set(types)
    for name in used:
        base = re.sub(r"_(bucket|sum|count)$", "", name) if name not in known else name
        check(base in known, f"the dashboard shows {name}, which does not exist")
    ids = [panel["id"] for panel in board["panels"]]
    check(len(set(ids)) == len(ids), "two panels with one id")


def others(port):
    """Nothing but GET /metrics."""
    for path, method, want in (("/", "GET", 404), ("/metrics", "POST", 405), ("/x", "GET", 404)):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
        try:
            urllib.request.urlopen(request, timeout=60)
            raise harness.Failure(f"{method} {path} was answered")
        except urllib.error.HTTPError as error:
            check(error.code == want, f"{method} {path}: {error.code}")


def open_address(programs, directory):
    """Another address than loopback is served with a warning; a port that is taken stops no trade, is told
    once, and is used as soon as it is free."""
    sim, daemon, _ = setup(programs, directory, "0.0.0.0:0")
    try:
        daemon.start()
        port = port_of(daemon)
        parse(read(port))
        wait_until(lambda: re.search(r"warning +metrics are open to the network at 0\.0\.0\.0", daemon.log()), 30,
                   "the warning", daemon.process)
        check(daemon.stop() == 0, daemon.log()[-1500:])
        taken = harness.reserved_port()
        taken_port = taken.getsockname()[1]
        text = daemon.config.read_text().replace("0.0.0.0:0", f"127.0.0.1:{taken_port}")
        daemon.config.write_text(text)
        before = daemon.log()
        have = len(daemon.trades())
        daemon.start()
        wait_until(lambda: len(daemon.trades()) > have, 60, "a trade", daemon.process)
        def told():
            return daemon.log()[len(before):]
        without = "trading goes on without metrics, it is tried again"
        wait_until(lambda: told().count(without) == 1, 30, "the port that is taken, told", daemon.process)
        taken.close()
        daemon.process.send_signal(signal.SIGHUP)  # tries at once; else within a minute
        wait_until(lambda: "metrics for Prometheus" in told(), 30, "the page", daemon.process, strict=True)
        check(of(parse(read(taken_port))[0], "derivd_build_info") == 1, "the page")
        check(told().count(without) == 1, "told again and again")
        check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        sim.stop()


def main(programs):
    for case in (trading, open_address):
        with harness.Workspace() as directory:
            case(programs, directory)
            print("ok", case.__name__)


if __name__ == "__main__":
    main(sys.argv[1])
