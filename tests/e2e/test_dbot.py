"""Type dbot with the real programs: from a program's file to trades on derivsim with README's words alone; what
`check` refuses, with its places; the back-test under limits; kill -9 and cut links, after which the books are the
venue's and the program's step goes on where it was; a program that is done stays done; a reload takes a changed
program when nothing is open.

usage: test_dbot.py BUILD [--kills N] [--cuts N] [--seed N]"""

import argparse
import json
import pathlib
import random
import re
import signal
import subprocess
import time

import harness
import trial

EXAMPLE = harness.SOURCE / "config/examples/my-bot.xml"
SYMBOLS = ("1HZ100V", "1HZ50V")
BASE, FACTOR = 0.35, 2.1
NAMES = [f"bot-{s}" for s in SYMBOLS]


def program(symbol="1HZ100V"):
    return EXAMPLE.read_text().replace(">1HZ100V<", f">{symbol}<")


def bot(name, file, target="1000000", base=BASE, **more):
    return {"name": name, "type": "dbot", "params": {"file": str(file), "answers": [str(base), target]}, **more}


def ctl(programs, *arguments, code=0):
    done = subprocess.run([programs / "derivctl", *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          check=False)
    harness.check(done.returncode == code, f"{arguments}: exit {done.returncode} instead of {code}: "
                                           f"{done.stdout[-800:]} {done.stderr[-800:]}")
    return done.stdout + done.stderr


# ---- the file ----

def checks(programs, directory):
    """A file that is wrong is refused with its place in the configuration and in the program."""
    config, file = directory / "c.yaml", directory / "my-bot.xml"
    file.write_text(program())
    good = "strategies:\n  - name: bot\n    type: dbot\n    params: { file: my-bot.xml, answers: [\"1\", \"5\"] }\n"
    config.write_text(good)
    harness.check("valid" in ctl(programs, "check", "--config", config), "the good one")
    cases = {
        "staking": (good + "    staking: { base: 1 }\n", "c.yaml:5:22: strategies[0].staking.base: has no meaning"),
        "answers": (good.replace(', "5"', ""), "my-bot.xml:54: the program asks 2 questions and 1 is answered"),
        "absent": (good.replace("my-bot.xml", "other.xml"), "c.yaml:4:21: strategies[0].params.file: "),
        "unknown": (good.replace("answers", "answer"), "did you mean 'answers'?"),
    }
    for name, (text, needle) in cases.items():
        config.write_text(text)
        said = ctl(programs, "check", "--config", config, code=4)
        harness.check(needle in said, f"{name}: '{needle}' is not in: {said}")
    config.write_text(good)
    file.write_text(program().replace('type="last_digit"', 'type="magic_digit"'))
    said = ctl(programs, "check", "--config", config, code=4)
    harness.check("my-bot.xml:86: block magic_digit: is not a block" in said, said)
    file.write_text(program())


def backtests(programs, directory):
    """All digits are 0: each OVER 4 is bought and lost. 0.35, 0.73, 1.54, 3.24, 6.81, and from the cap at the base."""
    ticks, config = directory / "ticks.csv", directory / "c.yaml"
    ticks.write_text("epoch,quote\n" + "".join(f"{1_782_086_400 + i},1000.{i % 10}0\n" for i in range(1200)))
    rows = json.loads(ctl(programs, "backtest", "--config", config, "--ticks", f"1HZ100V={ticks}", "--json"))["trades"]
    # Before runs first at tick 1,001; a contract bought at k settles at k+1, Before runs next at k+2.
    harness.check([r["signal_epoch"] - 1_782_086_400 for r in rows[:3]] == [1000, 1002, 1004], rows[:3])
    harness.check([r["exit_epoch"] - 1_782_086_400 for r in rows[:3]] == [1001, 1003, 1005], rows[:3])
    harness.check([r["stake"] for r in rows[:7]] == ["1.00", "2.10", "4.41", "9.26", "19.45", "1.00", "2.10"],
                  [r["stake"] for r in rows[:7]])
    early = json.loads(ctl(programs, "backtest", "--config", config, "--ticks", f"1HZ100V={ticks}", "--json",
                           "--warmup", "10", "--seed", "3"))["trades"]
    harness.check(early[0]["signal_epoch"] == 1_782_086_410, early[0])
    # The same gate as for others: a stake above the limit is dropped, and asked for again at each tick.
    config.write_text("limits: { max_stake: 5.00 }\n" + config.read_text())
    told = json.loads(ctl(programs, "backtest", "--config", config, "--ticks", f"1HZ100V={ticks}", "--json"))
    harness.check([r["stake"] for r in told["trades"]] == ["1.00", "2.10", "4.41"], told["trades"])
    config.write_text(config.read_text().replace("limits: { max_stake: 5.00 }\n", "")
                      + "    session: { stop_loss: 20.00 }\n")
    told = json.loads(ctl(programs, "backtest", "--config", config, "--ticks", f"1HZ100V={ticks}", "--json"))
    harness.check(told["strategies"]["bot"]["halted"] == "stop_loss", told["strategies"])
    harness.check(float(told["strategies"]["bot"]["profit"]) >= -20, told["strategies"])
    page = ctl(programs, "explain", "bot", "--config", config, "--ticks", f"1HZ100V={ticks}")
    harness.check("before purchase" in page and "stake = " in page, page)
    said = ctl(programs, "odds", "--config", config, code=2)
    harness.check("no odds" in said, said)
    # Another answer is another first stake; all contracts of these ticks are lost.
    swept = json.loads(ctl(programs, "sweep", "--config", config, "--ticks", f"1HZ100V={ticks}", "--json",
                           "--set", "params.answers[0]=1.00,0.50", "--payouts", "model", "--permutations", "2",
                           "--random-runs", "0"))
    harness.check([v["values"]["params.answers[0]"] for v in swept["variants"]] == ["1.00", "0.50"], swept["variants"])
    # 1.00 x 2.1^3, then 19.45 is more than what is left of the session; 0.50 x 2.1^4.
    harness.check([v["max_stake"] for v in swept["variants"]] == ["9.26", "9.72"], swept["variants"])
    said = ctl(programs, "sweep", "--config", config, "--ticks", f"1HZ100V={ticks}", "--set", "params.answers[7]=1",
               code=2)
    harness.check("the list has 2 items" in said, said)


# ---- two minutes ----

def readme_yaml():
    """The block of README's section."""
    text = (harness.SOURCE / "README.md").read_text()
    section = text[text.index("## Programs of Deriv Bot"):]
    return re.search(r"```yaml\n(.*?)```", section, re.S).group(1)


def first_trade(programs, directory, sim, token):
    """From the file to a settled trade, as README says it."""
    began = time.monotonic()
    place = directory / "first"
    place.mkdir()
    (place / "my-bot.xml").write_text(EXAMPLE.read_text())
    printed = ctl(programs, "import", "dbot", place / "my-bot.xml", "--name", "mine")
    harness.check("type: dbot" in printed and "answers:" in printed, printed)
    venue = {"api": "options", "app_id": "derivd-demo", "account": "demo", "endpoint": sim.endpoint("options"),
             "ca_file": sim.ready["ca_file"]}
    config = place / "derivd.yaml"
    # What the import prints works once its questions are answered, and so does what README shows.
    yaml = printed[printed.index("strategies:"):]
    answers = iter(("0.35", "5"))
    yaml = re.sub(r'- ""', lambda _: f'- "{next(answers)}"', yaml)
    for strategies in (yaml, readme_yaml()):
        config.write_text(f"venue: {json.dumps(venue)}\n{strategies}")
        ctl(programs, "check", "--config", config)
    daemon = harness.Daemon(programs, place, config, token).start()
    try:
        def settled():
            return (place / "run/control.sock").exists() and [r for r in daemon.trades() if r["profit"] is not None]
        harness.wait_until(settled, 120, "a trade of the program", daemon.process)
        seconds = time.monotonic() - began
        harness.check(daemon.stop() == 0, daemon.log()[-2000:])
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
    harness.check(seconds < 120, f"{seconds} s from the file to a trade")
    return seconds


# ---- live, under kills and cuts ----

def next_stake(value, profit):
    """The example's After, in doubles as JavaScript has them."""
    value = BASE if profit >= 0 else value * FACTOR
    return BASE if value > BASE * 20 else value


def check_stakes(daemon):
    """Every stake that was intended follows from the results before it."""
    count = 0
    for name in NAMES:
        value = BASE
        for o in trial.orders(daemon, name):
            harness.check(o["stake"] == round(float(f"{value:.2f}") * 100),
                          f"{name}: order {o['id']} staked {o['stake']}, the program's stake is {value}")
            count += 1
            if o["state"] == "settled":
                value = next_stake(value, o["profit"])
    return count


def check_variables(daemon):
    """What `explain` and `strategies` say of a program with no order at risk is what follows from its results."""
    rows = {r["name"]: r for r in daemon.json("strategies")}
    for name in NAMES:
        value = BASE
        for o in trial.orders(daemon, name):
            value = next_stake(value, o["profit"]) if o["state"] == "settled" else value
        told = daemon.json("explain", name)["program"]
        harness.check(told["variables"].keys() == {"base", "target", "stake"}, told)
        harness.check(abs(float(told["variables"]["stake"]) - value) < 1e-9, f"{name}: {told} instead of {value}")
        harness.check(rows[name]["program"]["file"] == told["file"], rows[name])
        harness.check(told["phase"] in ("before purchase", "after purchase", "during purchase"), told)
    page = daemon.ctl("explain", NAMES[0]).stdout
    harness.check("stake = " in page and "before purchase" in page, page)


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.output.close()


def settle_down(daemon):
    """A purchase of unknown outcome takes half a minute to be disproven: not too many of them at once."""
    if len({o["strategy"] for o in trial.orders(daemon) if o["state"] == "unknown"}) == len(NAMES):
        harness.wait_until(lambda: not any(o["state"] == "unknown" for o in trial.orders(daemon)), 120,
                           "evidence", daemon.process)


def survives(programs, directory, sim, api, token, kills, cuts, rng):
    place = directory / f"lane-{api}"
    place.mkdir()
    for symbol in SYMBOLS:
        (place / f"{symbol}.xml").write_text(program(symbol))
    config = trial.write_config(place / "derivd.json", api, sim.endpoint(api), sim.ready["ca_file"],
                                [bot(n, f"{s}.xml") for n, s in zip(NAMES, SYMBOLS)])
    daemon = harness.Daemon(programs, place, config, token)
    for _ in range(kills):
        tail = trial.Tail(daemon)
        daemon.start()
        if rng.random() < 0.3:
            harness.TICK.wait(rng.uniform(0, 0.8))
        else:
            tail.wait("session live", 90, daemon.process)
            settle_down(daemon)
            harness.TICK.wait(rng.uniform(0.2, 2.5))
        kill(daemon)
    daemon.start()
    trial.live(daemon)
    for _ in range(cuts):
        tail = trial.Tail(daemon)
        trial.fault(sim, rng.choice(("drop_before", "drop_after", "drop_unanswered")), call="buy", times=1)
        tail.wait("session live", 90, daemon.process)
    trial.clear(sim)
    before = len([o for o in trial.orders(daemon) if o["state"] == "settled"])
    harness.wait_until(lambda: len([o for o in trial.orders(daemon) if o["state"] == "settled"]) > before + 6, 180,
                       "trades after the last cut", daemon.process)
    trial.wait_quiet(daemon, 120)
    check_variables(daemon)
    totals = trial.finish(daemon, sim)
    totals["stakes"] = check_stakes(daemon)
    return totals


def above_a_limit(programs, directory, sim, token):
    """A stake that the limit of one stake never allows is asked for again and again: explain says why nothing comes."""
    place = directory / "above"
    place.mkdir()
    (place / "my-bot.xml").write_text(EXAMPLE.read_text())
    config = trial.write_config(place / "derivd.json", "options", sim.endpoint("options"), sim.ready["ca_file"],
                                [bot("high", "my-bot.xml", base=2)], limits={"max_stake": 1.00})
    daemon = harness.Daemon(programs, place, config, token).start()
    try:
        trial.live(daemon)

        def dropped():
            told = daemon.json("explain", "high")
            return told if told["decisions"] else None
        told = harness.wait_until(dropped, 60, "a signal", daemon.process)
        harness.check(told["decisions"][0]["limit"] == "max_stake", told)
        harness.check(re.fullmatch(r"buys nothing while its stake is above the limit: max_stake: a stake of 2.00 does not "
                                   rf"fit into the 1.00 .* \({re.escape(str(config))}:\d+: limits.max_stake\)",
                                   told["standing"]), told["standing"])
        page = daemon.ctl("explain", "high").stdout
        harness.check(page.startswith("high is running: buys nothing while its stake is above the limit"), page)
        # Of a stake that fits nothing of the kind is said.
        config.write_text(config.read_text().replace('"max_stake": 1.0', '"max_stake": 100.0'))
        done = subprocess.run([str(programs / "derivd"), "reload"], env=daemon.environment, capture_output=True,
                              text=True, timeout=120, check=False)
        harness.check(done.returncode == 0, done)
        harness.wait_until(lambda: trial.orders(daemon, "high"), 60, "an order", daemon.process)
        harness.check("above" not in daemon.json("explain", "high")["standing"], daemon.json("explain", "high"))
    finally:
        daemon.stop()


def ends(programs, directory, sim, token):
    """A target of nothing is reached by the first win: the alert is told, the halt stays over a restart, a resume
    begins anew; and a changed program is taken over by a reload."""
    place = directory / "ends"
    place.mkdir()
    file = place / "my-bot.xml"
    file.write_text(EXAMPLE.read_text())
    config = trial.write_config(place / "derivd.json", "options", sim.endpoint("options"), sim.ready["ca_file"],
                                [bot("done", "my-bot.xml", target="0.01")])
    daemon = harness.Daemon(programs, place, config, token).start()
    try:
        trial.live(daemon)

        def halted():
            rows = daemon.json("strategies")
            return rows[0]["halt"] == "finished"
        harness.wait_until(halted, 120, "the program's end", daemon.process)
        daemon.told("The profit is reached.")
        count = len(trial.orders(daemon))
        kill(daemon)
        daemon.start()
        trial.live(daemon)
        harness.check(halted(), daemon.json("strategies"))
        told = daemon.json("explain", "done")
        harness.check(told["program"]["phase"] == "ended" and "begins its program anew" in told["standing"], told)
        harness.check(len(trial.orders(daemon)) == count, "it bought after its end")
        file.write_text(EXAMPLE.read_text().replace("The profit is reached.", "Enough."))
        done = subprocess.run([str(programs / "derivd"), "reload"], env=daemon.environment, capture_output=True,
                              text=True, timeout=60, check=False)
        harness.check(done.returncode == 0, done.stdout + done.stderr)
        changes = daemon.json("explain", "done")["config_changes"]
        harness.check(changes and changes[0]["key"] == "strategies[done].params", changes)
        daemon.ctl("resume", "done")
        harness.wait_until(lambda: halted() and len(trial.orders(daemon)) > count, 120, "its second end",
                           daemon.process)
        daemon.told("Enough.")
        harness.check(daemon.stop() == 0, daemon.log()[-2000:])
        trial.agree(daemon, sim)
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()


DURING = """<block type="during_purchase"><statement name="DURING_PURCHASE_STACK"><block type="controls_if">
<value name="IF0"><block type="check_sell"></block></value>
<statement name="DO0"><block type="sell_at_market"></block></statement></block></statement></block></xml>"""


def changed(*changes):
    text = EXAMPLE.read_text()
    for old, new in (*changes, ("</xml>", DURING)):
        harness.check(text.count(old) == 1, f"'{old}' stands {text.count(old)} times in the example")
        text = text.replace(old, new)
    return text


def position(kind, bought, field, limit):
    """The example with the options of a position in the place of its own."""
    text = EXAMPLE.read_text()
    begin = text.index('<block type="trade_definition_tradeoptions">')
    options = text[begin:text.index("</block>\n    </statement>\n  </block>\n  <block type=\"before", begin)]
    stack, child = limit
    return changed((options, f"""<block type="trade_definition_{kind}">{field}
<value name="AMOUNT"><block type="variables_get"><field name="VAR" id="stake">stake</field></block></value>
<statement name="{stack}"><block type="{child}"><value name="AMOUNT"><block type="math_number">
<field name="NUM">100</field></block></value></block></statement>"""),
                   (">overunder<", f">{kind}<"), (">DIGITOVER<", f">{bought}<"))


# What is sold as soon as that can be: its program, and the stake that it begins with.
SELLERS = {
    "call": (lambda: changed((">overunder<", ">callput<"), ('"DURATIONTYPE_LIST">t<', '"DURATIONTYPE_LIST">s<'),
                             ('<shadow type="math_number"><field name="NUM">1<',
                              '<shadow type="math_number"><field name="NUM">60<'), (">DIGITOVER<", ">CALL<")), BASE),
    "accumulator": (lambda: position("accumulator", "ACCU", '<field name="GROWTHRATE_LIST">0.01</field>',
                                     ("ACCUMULATOR_PARAMS", "accumulator_take_profit")), 1),
    "multiplier": (lambda: position("multiplier", "MULTUP", '<field name="MULTIPLIERTYPE_LIST">100</field>',
                                    ("MULTIPLIER_PARAMS", "multiplier_take_profit")), 1),
}


def sells(programs, directory, sim, token, mode, kind):
    """Sold at the market where the program says so, live and on paper; its result is the sale's."""
    place = directory / f"sells-{kind}-{mode}"
    place.mkdir()
    text, base = SELLERS[kind]
    (place / "my-bot.xml").write_text(text())
    config = trial.write_config(place / "derivd.json", "options", sim.endpoint("options"), sim.ready["ca_file"],
                                [bot("seller", "my-bot.xml", base=base)])
    told = json.loads(config.read_text())
    told["venue"]["mode"] = mode
    config.write_text(json.dumps(told))
    daemon = harness.Daemon(programs, place, config, token).start()
    try:
        def sold():
            return ((place / "run/control.sock").exists()
                    and [r for r in daemon.trades() if r["outcome"] == "sold" and r["profit"] is not None])
        harness.wait_until(lambda: len(sold() or []) >= 3, 150, "three sales", daemon.process)
        # An accumulator may be knocked out before it can be sold.
        harness.check(kind == "accumulator" or not [r for r in daemon.trades() if r["outcome"] in ("won", "lost")],
                      daemon.trades())
        types = {r["type"] for r in daemon.trades()}
        harness.check(types == {{"call": "CALL", "accumulator": "ACCU", "multiplier": "MULTUP"}[kind]}, types)
        trial.wait_quiet(daemon, 120)
        harness.check(daemon.stop() == 0, daemon.log()[-2000:])
        if mode == "live":
            trial.agree(daemon, sim)
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--cuts", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    programs = pathlib.Path(args.build)
    rng = random.Random(args.seed)
    with harness.Workspace() as directory:
        checks(programs, directory)
        backtests(programs, directory)
        tokens = [harness.demo_token(api) for api in ("options", "options", "options", "v3")]
        # The books of an account are compared with those of one daemon.
        sellers = {kind: harness.demo_token("options") for kind in SELLERS}
        high = harness.demo_token("options")
        sim = harness.Sim(programs, directory, [*tokens, *sellers.values(), high], ["--speed", "4", "--seed", "5"])
        try:
            print("first trade after", round(first_trade(programs, directory, sim, tokens[0]), 1), "s")
            ends(programs, directory, sim, tokens[2])
            above_a_limit(programs, directory, sim, high)
            for kind in SELLERS:
                for mode in ("live", "paper"):
                    sells(programs, directory, sim, sellers[kind], mode, kind)
            for api, token in (("options", tokens[1]), ("v3", tokens[3])):
                print(api, survives(programs, directory, sim, api, token, args.kills, args.cuts, rng))
        finally:
            sim.stop()


if __name__ == "__main__":
    main()
