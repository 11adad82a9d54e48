// Owns the part of the script's interface that is written in JavaScript: it is run before the
// user's program, in the same world, and is handed the machine's own functions. It decides nothing
// about money; whatever the user's program does to it harms that program alone.
#pragma once

namespace derivd::script_host {

inline constexpr const char* kPreludeName = "derivd";

/// A function of the machine (`host`) and what the program is told at its start. Its result is what
/// the machine calls later.
inline constexpr const char* kPrelude = R"js((function (host, setup) {
'use strict';
const give = (name, value) =>
  Object.defineProperty(globalThis, name,
                        { value, writable: true, configurable: true, enumerable: false });

// What would see the machine's own clock, wait, or depend on when garbage is collected: a back-test
// must run the same way twice.
for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly', 'WeakRef',
                    'FinalizationRegistry', 'performance']) delete globalThis[name];
const now = () => host.time() * 1000;
const RealDate = Date;
const VenueDate = new Proxy(RealDate, {
  construct: (target, args, maker) =>
    Reflect.construct(target, args.length ? args : [now()],
                      maker === VenueDate ? target : maker),
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => key === 'now' ? now : Reflect.get(target, key),
});
RealDate.prototype.constructor = VenueDate;
give('Date', VenueDate);
const dates = Intl.DateTimeFormat.prototype;
const formatter = Object.getOwnPropertyDescriptor(dates, 'format').get;
Object.defineProperty(dates, 'format', { configurable: true, get() {
  const format = formatter.call(this);
  return (date) => format(date === undefined ? now() : date);
} });
const parts = dates.formatToParts;
dates.formatToParts = function (date) { return parts.call(this, date === undefined ? now() : date); };
Math.random = host.random;

class Tick {
  constructor(epoch, quote, digit) {
    this.epoch = epoch;
    this.quote = quote;
    this.text = quote.toFixed(setup.decimals);
    this.digit = digit;
  }
  toFixed(n) { return this.quote.toFixed(n); }
  get symbol() { return setup.symbol; }
  [Symbol.toPrimitive](hint) { return hint === 'string' ? this.text : this.quote; }
}
class WatchedTick extends Tick {
  constructor(symbol, epoch, quote, digit, decimals) {
    super(epoch, quote, digit);
    this.text = quote.toFixed(decimals);
    Object.defineProperty(this, 'symbol', { value: symbol, enumerable: true });
  }
}
// By name, as the machine counts them: 0 is the program's own symbol.
const places = new Map([[setup.symbol, 0], ...setup.watched.map((name, at) => [name, at + 1])]);
const placeOf = (name, symbol) => {
  if (symbol === undefined) return 0;
  if (places.has(symbol)) return places.get(symbol);
  throw new RangeError(`${name}: '${symbol}' is not watched; watch: of the configuration has ` +
                       `${setup.watched.length ? setup.watched.join(', ') : 'no symbol'}`);
};
const candle = (at, flat) => ({ epoch: flat[at], open: flat[at + 1], high: flat[at + 2],
                                low: flat[at + 3], close: flat[at + 4] });

give('symbol', setup.symbol);
give('decimals', setup.decimals);
give('watched', setup.watched);
give('config', setup.config);
give('answers', setup.answers);
give('state', setup.state);
give('getSymbol', () => setup.symbol);
give('getInitialStake', () => setup.stake);
give('log', (...words) => host.log(words.map((word) =>
  typeof word === 'object' && word !== null && !(word instanceof Tick) && !(word instanceof Error)
    ? JSON.stringify(word) : String(word)).join(' ')));

// Written without helpers: what is called between a tick and its wish is cold when a tick comes.
const wanted = ['type', 'duration', 'barrier', 'prediction', 'stake'];
const known = { __proto__: null, type: true, duration: true, barrier: true, prediction: true,
                stake: true };
const keysOf = Object.keys;
const buy = (what, stake) => {
  if (typeof what !== 'object' || what === null) {
    return host.buy(what, undefined, undefined, undefined, stake);
  }
  const keys = keysOf(what);
  for (let at = 0; at < keys.length; at++) {
    if (known[keys[at]] !== true) {
      throw new TypeError(`buy: '${keys[at]}' is not known; allowed: ${wanted.join(', ')}`);
    }
  }
  return host.buy(what.type, what.duration, what.barrier, what.prediction, what.stake);
};
give('buy', buy);
give('sell', (id) => host.sell(typeof id === 'object' && id !== null ? id.id : id));

give('ticks', (n, symbol) => {
  const place = placeOf('ticks', symbol);
  const flat = host.ticks(n, place), out = [];
  const decimals = place ? host.decimals(place) : 0;
  for (let at = 0; at < flat.length; at += 3) {
    out.push(place ? new WatchedTick(symbol, flat[at], flat[at + 1], flat[at + 2], decimals)
                   : new Tick(flat[at], flat[at + 1], flat[at + 2]));
  }
  return out;
});
give('digits', (n, symbol) =>
  host.ticks(n, placeOf('digits', symbol)).filter((_, at) => at % 3 === 2));
give('candles', (n, where, symbol) => {
  const flat = host.candles(n, where, placeOf('candles', symbol)), out = [];
  for (let at = 0; at < flat.length; at += 5) out.push(candle(at, flat));
  return out;
});

// The values of `rules:`, by the rules' own parser.
const written = (word, args) =>
  args.length ? `${word}(${args.map((arg) => String(arg)).join(', ')})` : word;
for (const word of setup.words) {
  give(word, (...args) => {
    const place = args.length ? places.get(args[args.length - 1]) : undefined;
    if (place === undefined) return host.value(written(word, args));
    args.pop();
    return host.value(written(word, args), place);
  });
}
// A crossing remembers the evaluation before it: one memory for each place in the program.
const sides = new Map();
const counts = new Map();
const crossing = (name, a, b, above) => {
  const line = `${name} ${host.place()}`;
  const times = (counts.get(line) || 0) + 1;
  counts.set(line, times);
  const key = `${line} ${times}`;
  const before = sides.get(key);
  const side = a > b ? 1 : a < b ? -1 : a === b ? 0 : undefined;
  sides.set(key, side);
  return before !== undefined && side === (above ? 1 : -1) && before !== side;
};
give('crosses_above', (a, b) => crossing('above', a, b, true));
give('crosses_below', (a, b) => crossing('below', a, b, false));

// The seed product's onTick takes the quote as a number. A program that reads nothing else of a
// tick cannot tell the difference, but for comparisons of identity: it gets the number.
const reads = /[.?]\s*(epoch|quote|text|digit)\b|\[\s*['"](epoch|quote|text|digit)['"]/;
const takesApart = /^(async\s+)?(function\b[^(]*)?\(?\s*\{/;
const wantsNumber = (onTick) => !reads.test(setup.text) && !takesApart.test(onTick.toString());
let plain;

// `state` as JSON where it is another than when it was last asked for; undefined: it is not.
const stringify = JSON.stringify;
let lastState;
const takeState = () => {
  const value = state;
  let now;
  try {
    now = stringify(value);
  } catch (error) {
    return host.badState(error);
  }
  // What JSON has no word for (undefined, a function) is no state.
  if (now === undefined) now = '{}';
  if (now === lastState) return undefined;
  lastState = now;
  return now;
};
// Jobs of promises run when the program has come back, and may change it: it is asked for behind
// them, which costs a second call. A program whose text has no word for them, nor makes texts of
// its own into programs, is asked at the end of the first; one that hides the words is asked too
// early, and what its jobs change is seen one event later.
const hasJobs = /async|await|promise|import/i.test(setup.text) ||
                /\beval\b|\bFunction\b|\\u/.test(setup.text);
const ended = hasJobs ? () => undefined : takeState;

return {
  hasJobs,
  takeState,
  forget: () => counts.clear(),
  // As onTick, with a program that keeps nothing. What it asks for is thrown away.
  rehearse: (epoch, quote, digit) => {
    const tick = new Tick(epoch, quote, digit);
    const parity = tick.digit % 2;
    buy({ type: parity ? 'DIGITEVEN' : 'DIGITODD', duration: '1t' });
    return stringify({ parity });
  },
  onTick: (handler, epoch, quote, digit) => {
    if (plain === undefined) plain = wantsNumber(handler);
    const tick = new Tick(epoch, quote, digit);
    if (plain) handler(quote, tick); else handler(tick);
    return ended();
  },
  // The candle is told before the tick that closed it, in one event: who hears both is asked once.
  onCandle: (handler, isLast, ...flat) => {
    handler(candle(0, flat));
    return isLast ? ended() : undefined;
  },
  onWatch: (handler, place, ...tick) => {
    handler(new WatchedTick(setup.watched[place - 1], ...tick));
    return ended();
  },
};
}))js";

}  // namespace derivd::script_host
