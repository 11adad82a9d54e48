// A strategy in JavaScript: buys a rise after a fall that went far, above the low of an hour, and stakes less after
// each loss in a row. See script.yaml beside it, and derivd.yaml(5), SCRIPTS.
//
// What is known: symbol, decimals, config, answers (params.answers), state (kept over restarts), and every value of
// `rules:` as a function: rsi(14, "1m"), share("digit > 4", 100), losses_in_row(), crosses_above(a, b).
// A value that has too little past is NaN, and every comparison with it is false.

function onStart(given) {
  state.trades = state.trades || 0;
  log("begins with", state.trades, "trades;", "low is", given.low);
}

// Of the length that `candles:` says.
function onCandle(candle) {
  const fallen = rsi(14) < answers.low && candle.close > lowest(60);
  if (!fallen) return;
  buy({ type: "CALL", duration: "5m", stake: 1.0 / (1 + losses_in_row()) });
}

function onResult(trade) {
  state.trades++;
  log(trade.outcome, trade.profit, "trade", state.trades);
}

// A limit, a guard or the venue said no; nothing is bought, and nothing can be bought from here.
function onDenied(reason) {
  log("denied:", reason);
}
