"""The HTML report of a back-test of 100,000 trades, looked at in a real Chromium: two widths, both colour
schemes. And the reports of a small account: figures against a count of our own, hostile names, errors."""

import html.parser
import json
import pathlib
import random
import re
import sys

import chromium
import harness

TRADES = 100_000
MOST_BYTES = 2 << 20
MOST_MS = 1000
NAME = "par<i>ty & \"it's\"</script><script>alert(1)</script>"
SIZES = ((390, 844), (1280, 900))


def backtest(path, count, seed=1):
    """A back-test's output in the form of `derivctl backtest --json`, without one."""
    rng = random.Random(seed)
    trades, sums, peak = [], {}, 0
    stake, epoch = 35, 1782023684
    for n in range(1, count + 1):
        name = NAME if n % 3 else "runs"
        won = rng.random() < 0.5
        payout = stake * 195 // 100
        profit = payout - stake if won else -stake
        s = sums.setdefault(name, {"trades": 0, "won": 0, "lost": 0, "profit": 0})
        s["trades"] += 1
        s["won" if won else "lost"] += 1
        s["profit"] += profit
        quote = f"{300 + rng.random():.2f}"
        trades.append({"n": n, "strategy": name, "symbol": "R_100",
                       "type": "DIGITODD" if n % 2 else "DIGITEVEN", "signal_epoch": epoch,
                       "entry_epoch": epoch + 2, "exit_epoch": epoch + 2, "entry": quote,
                       "exit": quote, "stake": f"{stake / 100:.2f}", "payout": f"{payout / 100:.2f}",
                       "profit": f"{profit / 100:.2f}"})
        epoch += 2 * rng.randint(2, 60)
        stake = 35 if won or stake > 1000 else stake * 2
    strategies = {name: {**s, "profit": f"{s['profit'] / 100:.2f}", "max_drawdown": "0.00",
                         "max_stake": "0.00", "open": 0,
                         "halted": "stop_loss" if name == NAME else None}
                  for name, s in sums.items()}
    path.write_text(json.dumps({"trades": trades, "strategies": strategies}))
    return trades, sums


class Outline(html.parser.HTMLParser):
    """Every element that is opened is closed, in order; what it holds is noted."""

    VOID = {"meta", "link", "br"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.text, self.bad = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        self.text.append(data)


def check_file(path):
    text = path.read_text()
    harness.check(len(text.encode()) < MOST_BYTES, f"{len(text)} bytes")
    page = Outline()
    page.feed(text)
    page.close()
    harness.check(not page.bad and not page.open, f"not well-formed: {page.bad[:3]} {page.open}")
    tags = {tag for tag, _ in page.seen}
    harness.check(not tags & {"script", "link", "img", "iframe", "i", "object", "base", "form"}, tags)
    for tag, attributes in page.seen:
        for name, value in attributes.items():
            harness.check(not name.startswith("on") and name not in ("href", "src"), f"{tag} {name}")
            harness.check("url(" not in (value or ""), f"{tag} {name}={value}")
        if tag == "svg":
            harness.check(attributes.get("role") == "img" and attributes.get("aria-label"),
                          f"a picture without words: {attributes}")
    harness.check("BACK-TEST: computed from recorded ticks" in text, "not marked as a back-test")
    harness.check("://" not in text and "@import" not in text, "the file points elsewhere")
    harness.check(NAME in "".join(page.text), "the name is not shown as it is")
    return page


# Everything that has a box and no scroller of its own around it stays within the screen.
OVERFLOW = """(() => {
  const out = [];
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('.scroll') && !e.classList.contains('scroll')) continue;
    if (e.closest('details:not([open])') && e.tagName != 'SUMMARY') continue;
    const r = e.getBoundingClientRect();
    if (r.width && (r.right > innerWidth + 1 || r.left < -1)) out.push(e.tagName + '.' + e.className + ' ' + r.left + ' ' + r.right);
  }
  return [document.documentElement.scrollWidth, out.slice(0, 5)];
})()"""

PLOTS = """[...document.querySelectorAll('.plot')].map(p => {
  const r = p.getBoundingClientRect();
  return [r.width, r.height, p.closest('figure').getBoundingClientRect().width,
          p.querySelectorAll('.y span').length];
})"""

# Contrast by WCAG's formula, of each text's colour on the nearest ground that is painted.
CONTRAST = """(() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const f = parse(c).slice(0, 3).map(v => { v /= 255;
    return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
    return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    const p = parse(c); if (p.length < 4 || p[3] > 0) return c; } return 'rgb(255,255,255)'; };
  let worst = [99, ''];
  for (const e of document.querySelectorAll('h1,h2,p,td,th,dt,dd,small,summary,figcaption,.x span,.y span,.good,.bad')) {
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < worst[0]) worst = [ratio, e.tagName + '.' + e.className];
  }
  return worst;
})()"""


def look(browser, path, width, height, dark, shots):
    page = browser.open(path, width, height, dark)
    where = f"{width} {'dark' if dark else 'light'}"
    harness.check(page.complaints() == [], f"{where}: {page.complaints()}")
    scroll, outside = page.evaluate(OVERFLOW)
    harness.check(scroll <= width and not outside, f"{where}: {scroll} wide, beyond: {outside}")
    plots = page.evaluate(PLOTS)
    harness.check(len(plots) >= 6, f"{where}: {len(plots)} charts")
    for plot_width, plot_height, around, _ in plots:
        harness.check(plot_height >= 150 and 40 < around - plot_width < 80 and plot_width > 280,
                      f"{where}: a chart of {plot_width}x{plot_height} in {around}")
    harness.check(plots[0][3] >= 3, f"{where}: the curve has no scale")
    columns = page.evaluate("new Set([...document.querySelectorAll('.two figure')].map(f => "
                            "Math.round(f.getBoundingClientRect().left))).size")
    harness.check(columns == (1 if width < 600 else 2), f"{where}: {columns} columns of charts")
    contrast, what = page.evaluate(CONTRAST)
    harness.check(contrast >= 4.5, f"{where}: contrast {contrast:.2f} of {what}")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    smallest = page.evaluate("Math.min(...[...document.querySelectorAll('p,td,th,dd,span')].map("
                             "e => parseFloat(getComputedStyle(e).fontSize)))")
    harness.check(smallest >= 11, f"{where}: text of {smallest} px")
    milliseconds = page.load_ms()
    size = page.evaluate("[document.documentElement.scrollWidth, "
                         "document.documentElement.scrollHeight]")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    scroll, outside = page.evaluate(OVERFLOW)
    harness.check(scroll <= width and not outside, f"{where}, figures open: {scroll} {outside}")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
    if shots:
        page.screenshot(shots / f"report-{width}-{'dark' if dark else 'light'}.png")
    page.close()
    return milliseconds, ground, size


def in_chromium(path, shots):
    empty = path.with_name("empty-page.html")
    empty.write_text("<!doctype html><title>nothing</title>")
    with chromium.Chromium() as browser:
        page = browser.open(empty, *SIZES[0], False)
        nothing = page.load_ms()
        page.close()
        seen = {}
        for width, height in SIZES:
            for dark in (False, True):
                seen[width, dark] = look(browser, path, width, height, dark, shots)
            light, night = seen[width, False], seen[width, True]
            harness.check(light[1] != night[1], f"dark looks like light: {light[1]}")
            harness.check(light[2] == night[2], f"the layout differs in the dark: {light} {night}")
        times = sorted(s[0] for s in seen.values())
        # On an idle machine; a busy one needs long for a page of nothing, too.
        harness.check(times[0] < MOST_MS + 20 * nothing, f"opening takes {times} ms, {nothing} ms for nothing")
        heights = {w: seen[w, False][2][1] for w, _ in SIZES}
        harness.check(heights[390] > heights[1280], f"the phone's page is not the longer: {heights}")
        return times


def derivctl(programs, *arguments, code=0):
    import subprocess
    done = subprocess.run([str(pathlib.Path(programs) / "derivctl"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/bin:/bin", "STATE_DIRECTORY": "/usr"})
    harness.check(done.returncode == code, f"{arguments}: {done.returncode} {done.stderr}")
    return done


def figures(programs, file, trades, sums):
    """The JSON and the text against a count of our own."""
    told = json.loads(derivctl(programs, "report", "--backtest", file, "--json").stdout)
    profit = sum(round(float(t["profit"]) * 100) for t in trades)
    harness.check(told["mode"] == "backtest" and told["mark"].startswith("BACK-TEST: "), told)
    harness.check(told["total"]["trades"] == len(trades), told["total"])
    harness.check(harness.cents(told["total"]["profit"]) == profit, told["total"])
    equity = peak = drawdown = run = longest = 0
    for t in trades:
        cents = round(float(t["profit"]) * 100)
        equity += cents
        peak = max(peak, equity)
        drawdown = max(drawdown, peak - equity)
        run = run + 1 if cents < 0 else 0
        longest = max(longest, run)
    harness.check(harness.cents(told["total"]["max_drawdown"]) == drawdown, told["total"])
    harness.check(told["total"]["longest_losing_run"] == longest, told["total"])
    for name, s in sums.items():
        mine = told["strategies"][name]
        harness.check((mine["trades"], mine["won"], harness.cents(mine["profit"])) ==
                      (s["trades"], s["won"], s["profit"]), f"{name}: {mine} {s}")
    expected = sum(0.5 * float(t["payout"]) - float(t["stake"]) for t in trades)
    harness.check(abs(told["expectation"]["expected"] - expected) < 0.01, told["expectation"])
    harness.check("within luck" in told["expectation"]["words"], told["expectation"])
    text = derivctl(programs, "report", "--backtest", file).stdout
    harness.check(len(text.splitlines()) <= 24 and max(map(len, text.splitlines())) <= 80, text)
    harness.check(re.search("[▁-█]{20}", text) and "within luck" in text, text)
    runs = json.loads(derivctl(programs, "report", "--backtest", file, "--strategy", "runs",
                               "--json").stdout)
    harness.check(runs["total"]["trades"] == sums["runs"]["trades"], runs["total"])
    half = trades[len(trades) // 2]["signal_epoch"]
    parts = [json.loads(derivctl(programs, "report", "--backtest", file, side, half,
                                 "--json").stdout)["total"]["trades"]
             for side in ("--since", "--until")]
    harness.check(sum(parts) == len(trades) and min(parts) > 0, parts)


def same_from_the_backtest(programs, directory):
    """`backtest --html` writes what `report --backtest` makes of the JSON of the same run."""
    rng = random.Random(4)
    ticks = directory / "walk.csv"
    cents, lines = 100_000, ["epoch,quote"]
    for i in range(6000):
        cents += rng.randint(-40, 40)
        lines.append(f"{1782000000 + 2 * i},{cents // 100}.{cents % 100:02}")
    ticks.write_text("\n".join(lines) + "\n")
    text = (harness.SOURCE / "config/demo.yaml").read_text()
    config = directory / "c.yaml"
    config.write_text(re.sub(r"(?m)^( +symbol:).*$", r"\1 R_100", text))
    run = ("backtest", "--config", config, "--ticks", f"R_100={ticks}")
    output = directory / "run.json"
    output.write_text(derivctl(programs, *run, "--json").stdout)
    one, other = directory / "one.html", directory / "other.html"
    shown = derivctl(programs, *run, "--html", one).stdout
    harness.check(shown.startswith("strategy") and shown.endswith(f"{one}\n"), shown)
    derivctl(programs, "report", "--backtest", output, "--html", other)
    pages = [re.sub(r"written [^<]* UTC", "", p.read_text()) for p in (one, other)]
    harness.check(pages[0] == pages[1] and len(json.loads(output.read_text())["trades"]) > 200
                  and "BACK-TEST" in pages[0], "two reports of one run")
    derivctl(programs, *run, "--json", "--html", one, code=2)
    derivctl(programs, *run, "--html", directory / "no/such.html", code=1)


def refusals(programs, directory):
    derivctl(programs, "report", "--backtest", directory / "none.json", code=6)
    for text in ("", "{}", '{"trades":[{"n":1}],"strategies":{}}', '{"trades":[', "[1]",
                 '{"trades":[{"n":1,"strategy":"s","symbol":"R_100","type":"DIGITODD","stake":"x",'
                 '"signal_epoch":1,"exit_epoch":2,"payout":"1","profit":"1"}],"strategies":{}}'):
        bad = directory / "bad.json"
        bad.write_text(text)
        done = derivctl(programs, "report", "--backtest", bad, code=1)
        harness.check("bad.json" in done.stderr and "backtest --json" in done.stderr, done.stderr)
    derivctl(programs, "report", "--since", "yesterday", code=2)
    derivctl(programs, "report", code=6)  # no journal
    empty = directory / "empty.json"
    empty.write_text('{"trades":[],"strategies":{}}')
    derivctl(programs, "report", "--backtest", empty, "--html", directory / "empty.html")
    harness.check("Nothing is settled" in (directory / "empty.html").read_text(), "empty")
    derivctl(programs, "report", "--backtest", empty, "--html", directory / "no/such.html", code=1)


def main(programs, shots=None):
    with harness.Workspace() as directory:
        small = directory / "small.json"
        figures(programs, small, *backtest(small, 2000))
        same_from_the_backtest(programs, directory)
        refusals(programs, directory)
        large = directory / "large.json"
        backtest(large, TRADES)
        page = directory / "report.html"
        derivctl(programs, "report", "--backtest", large, "--html", page)
        check_file(page)
        if not chromium.find():
            print("SKIPPED: chromium is not installed; the report was not looked at")
            sys.exit(77)
        times = in_chromium(page, pathlib.Path(shots) if shots else None)
        print(f"{TRADES} trades: {page.stat().st_size} bytes, opened in {times[0]:.0f} to "
              f"{times[-1]:.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
