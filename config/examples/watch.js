// A strategy that looks at other symbols than its own: bets that the digit of R_100 is another one than the digit that the
// symbols of `watch:` had last, once they agree. See watch.yaml beside it, and derivd.yaml(5), SCRIPTS.
//
// watched: the names of `watch:`. onWatch hears each of their ticks right before onTick of the own tick that follows, and
// what it buys is bought on that own tick: always of the own symbol. A watched symbol is the last argument of ticks, digits,
// candles and every value: ticks(5, "R_75"), rsi(14, "1m", "R_75"). One that is silent for a minute has no value (NaN).

const last = {};

function onWatch(tick) {
  last[tick.symbol] = tick.digit;
  const seen = watched.map((name) => last[name]);
  if (seen.some((digit) => digit !== tick.digit)) return;
  // Each of them had it, and the last few digits of the own symbol had it not.
  if (digits(answers.digits).includes(tick.digit)) return;
  buy({ type: "DIGITDIFF", prediction: tick.digit });
}

function onTick() {
  state.ticks = (state.ticks || 0) + 1;
}
