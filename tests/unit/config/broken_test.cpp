// Broken configurations: each with the exact place, the key and a part of the reason. A case
// without a
// `|` in it is a whole file; otherwise the text after `|` replaces what stands before it in kGood.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "config/config.hpp"

namespace derivd::config {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kGood = R"(venue:
  api: auto
  app_id: 1089
  account: demo
limits:
  max_stake: 5.00
  max_open_stake: 15.00
  daily_loss: 20.00
strategies:
  - name: parity
    type: even_odd
    symbol: 1HZ100V
    params: { streak: 3 }
    contract: { duration: 1t }
    staking:
      plan: martingale
      base: 0.50
      factor: 2.1
    session: { stop_loss: 20.00 }
    guards: { max_open: 1 }
  - name: trend
    type: rise_fall
    symbol: R_100
    contract: { duration: 5m }
    staking: { plan: flat, base: 1.00 }
on_stop: leave
)";

std::vector<Problem> problems_of(std::string_view text) {
  auto result = load_text(text);
  auto* problems = std::get_if<std::vector<Problem>>(&result);
  return problems ? std::move(*problems) : std::vector<Problem>{};
}

std::string listed(const std::vector<Problem>& problems) {
  std::string out;
  for (const auto& p : problems) out += format(p, "f") + "\n";
  return out;
}

std::string replaced(std::string_view from, std::string_view to) {
  auto text = std::string(kGood);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "the case changes nothing: " << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

TEST(Broken, TheBaseOfTheCasesIsGood) { EXPECT_EQ(listed(problems_of(kGood)), ""); }

struct Change {
  const char* what;
  const char* from;
  const char* to;
  int line;
  int column;
  const char* key;
  const char* reason;
};

class BrokenChange : public ::testing::TestWithParam<Change> {};

TEST_P(BrokenChange, IsNamedWithItsPlace) {
  const auto& c = GetParam();
  const auto problems = problems_of(replaced(c.from, c.to));
  ASSERT_EQ(problems.size(), 1u) << c.what << "\n" << listed(problems);
  const auto& p = problems[0];
  EXPECT_EQ(p.line, c.line) << c.what << "\n" << listed(problems);
  EXPECT_EQ(p.column, c.column) << c.what << "\n" << listed(problems);
  EXPECT_EQ(p.key, c.key) << c.what;
  EXPECT_THAT(p.reason, HasSubstr(c.reason)) << c.what;
}

constexpr const char* kBase = "strategies[0].staking.base";

const Change kChanges[] = {
    // venue
    {"unknown api", "api: auto", "api: v4", 2, 8, "venue.api",
     "unknown value 'v4', did you mean 'v3'?"},
    {"a list for a word", "api: auto", "api: [auto]", 2, 8, "venue.api",
     "a list where a value is wanted"},
    {"app_id with a blank", "app_id: 1089", "app_id: \"10 89\"", 3, 11, "venue.app_id",
     "not an application id"},
    {"app_id of options for v3", "api: auto\n  app_id: 1089", "api: v3\n  app_id: 33uslq", 3, 11,
     "venue.app_id", "not a number, which v3 wants"},
    {"real without permission", "account: demo", "account: real", 4, 12, "venue.account",
     "needs venue.allow_real: true"},
    {"no account", "account: demo", "account: demos", 4, 12, "venue.account", "DOT90004580"},
    {"lower-case account id", "account: demo", "account: cr123", 4, 12, "venue.account",
     "account id"},
    {"allow_real: yes", "account: demo", "allow_real: yes", 4, 15, "venue.allow_real",
     "allowed: true, false"},
    {"allow_real in quotes", "account: demo", "allow_real: \"true\"", 4, 15, "venue.allow_real",
     "without quotes"},
    {"paper on an account", "account: demo", "mode: paper\n  account: CR123456", 5, 12,
     "venue.account", "paper mode trades on no account"},
    {"latency in seconds", "account: demo", "paper: { latency: 1s }", 4, 21, "venue.paper.latency",
     "allowed: 0ms to 10000ms"},
    {"latency out of range", "account: demo", "paper: { latency: 10001ms }", 4, 21,
     "venue.paper.latency", "allowed: 0ms to 10000ms"},
    {"anticipation too long", "account: demo", "anticipate: 21ms", 4, 15, "venue.anticipate",
     "allowed: 0ms to 20ms"},
    {"anticipation in seconds", "account: demo", "anticipate: 0.01", 4, 15, "venue.anticipate",
     "allowed: 0ms to 20ms"},
    {"paper money", "account: demo", "paper: { balance: 0 }", 4, 21, "venue.paper.balance",
     "0 is not above 0"},
    {"ticks in a relative place", "on_stop: leave", "store: { ticks: here }\non_stop: leave", 26,
     17, "store.ticks", "a path that begins with /"},
    {"keep without a unit", "on_stop: leave", "store: { keep: 90 }\non_stop: leave", 26, 16,
     "store.keep",
     "'90' is not a time span; allowed: 1d to 3650d, written as 0s, 90s, 10m, 1h or 1d, or all"},
    {"keep for hours", "on_stop: leave", "store: { keep: 12h }\non_stop: leave", 26, 16,
     "store.keep", "out of range; allowed: 1d to 3650d"},
    {"unknown mode", "account: demo", "mode: alive", 4, 9, "venue.mode",
     "unknown value 'alive', did you mean 'live'?"},
    {"endpoint in plain text", "account: demo", "endpoint: http://127.0.0.1:80", 4, 13,
     "venue.endpoint", "not encrypted"},
    {"WebSocket in plain text", "account: demo", "endpoint: ws://127.0.0.1:80/websockets/v3", 4, 13,
     "venue.endpoint", "not encrypted"},
    {"endpoint without scheme", "account: demo", "endpoint: 127.0.0.1:80", 4, 13, "venue.endpoint",
     "not an endpoint"},
    {"endpoint without host", "account: demo", "endpoint: https://:80", 4, 13, "venue.endpoint",
     "not an endpoint"},
    {"endpoint with a bad port", "account: demo", "endpoint: https://a:70000", 4, 13,
     "venue.endpoint", "not an endpoint"},
    {"endpoint with a user", "account: demo", "endpoint: https://u:p@a", 4, 13, "venue.endpoint",
     "not an endpoint"},
    {"options over wss", "api: auto\n  app_id: 1089",
     "api: options\n  endpoint: wss://a/websockets/v3", 3, 13, "venue.endpoint",
     "allowed: https://HOST"},
    {"v3 over https", "api: auto\n  app_id: 1089", "api: v3\n  endpoint: https://a", 3, 13,
     "venue.endpoint", "allowed: wss://HOST"},
    {"proxy without a port", "account: demo", "proxy: http://proxy.example", 4, 10, "venue.proxy",
     "is no proxy; allowed: null for none; http://HOST:PORT"},
    {"proxy with a path", "account: demo", "proxy: http://proxy.example:3128/x", 4, 10,
     "venue.proxy", "is no proxy"},
    {"proxy over TLS", "account: demo", "proxy: https://proxy.example:3128", 4, 10, "venue.proxy",
     "is no proxy"},
    {"proxy of another kind", "account: demo", "proxy: socks5://proxy.example:1080", 4, 10,
     "venue.proxy", "is no proxy"},
    {"proxy with a login", "account: demo", "proxy: http://me:hunter2@proxy.example:3128", 4, 10,
     "venue.proxy", "they are the credential \"proxy\""},
    {"ca_file not there", "account: demo", "ca_file: /nonexistent/ca.pem", 4, 12, "venue.ca_file",
     "cannot be read: No such file"},
    {"ca_file a directory", "account: demo", "ca_file: /", 4, 12, "venue.ca_file", "not a file"},
    // keys
    {"unknown key at the top", "on_stop: leave", "on_stopp: leave", 26, 1, "on_stopp",
     "unknown key, did you mean 'on_stop'?"},
    {"unknown section", "limits:", "limit:", 5, 1, "limit", "did you mean 'limits'?"},
    {"unknown key of a section", "max_stake: 5.00", "max_steak: 5.00", 6, 3, "limits.max_steak",
     "unknown key, did you mean 'max_stake'?"},
    {"unknown key far from any", "max_stake: 5.00", "colour: red", 6, 3, "limits.colour",
     "unknown key; allowed: max_stake, max_open_contracts"},
    {"unknown key of a strategy", "guards:", "gaurds:", 20, 5, "strategies[0].gaurds",
     "did you mean 'guards'?"},
    {"unknown key deep down", "factor: 2.1", "facter: 2.1", 18, 7, "strategies[0].staking.facter",
     "did you mean 'factor'?"},
    {"unknown key in a flow map", "{ max_open: 1 }", "{ maxopen: 1 }", 20, 15,
     "strategies[0].guards.maxopen", "did you mean 'max_open'?"},
    {"a token in the file", "account: demo", "token: pat_abc", 4, 3, "venue.token", "unknown key"},
    {"key given twice", "daily_loss: 20.00", "daily_loss: 20.00\n  max_stake: 6.00", 9, 3,
     "limits.max_stake", "given twice, first in line 6"},
    {"section given twice", "on_stop: leave", "limits: { max_stake: 1 }", 26, 1, "limits",
     "given twice, first in line 5"},
    {"key of a strategy given twice", "symbol: R_100", "symbol: R_100\n    symbol: R_50", 24, 5,
     "strategies[1].symbol", "given twice, first in line 23"},
    {"section that is a value", "guards: { max_open: 1 }", "guards: 1", 20, 13,
     "strategies[0].guards", "'1' where a map of keys is wanted"},
    {"section that is a list", "session: { stop_loss: 20.00 }", "session: [ stop_loss ]", 19, 14,
     "strategies[0].session", "a list where a map of keys is wanted"},
    {"a map for a value", "on_stop: leave", "on_stop: { a: b }", 26, 10, "on_stop",
     "a map of keys"},
    // limits
    {"negative amount", "daily_loss: 20.00", "daily_loss: -20.00", 8, 15, "limits.daily_loss",
     "'-20.00' is negative"},
    {"zero amount", "daily_loss: 20.00", "daily_loss: 0", 8, 15, "limits.daily_loss", "above 0"},
    {"NaN", "daily_loss: 20.00", "daily_loss: .nan", 8, 15, "limits.daily_loss",
     "'.nan' is not a plain decimal number"},
    {"infinite", "daily_loss: 20.00", "daily_loss: .inf", 8, 15, "limits.daily_loss",
     "'.inf' is not a plain decimal number"},
    {"hex", "daily_loss: 20.00", "daily_loss: 0x14", 8, 15, "limits.daily_loss",
     "not a plain decimal number"},
    {"exponent", "daily_loss: 20.00", "daily_loss: 2e1", 8, 15, "limits.daily_loss",
     "not a plain decimal number"},
    {"leading zero", "daily_loss: 20.00", "daily_loss: 020", 8, 15, "limits.daily_loss",
     "not a plain decimal number"},
    {"decimal comma", "daily_loss: 20.00", "daily_loss: 20,00", 8, 15, "limits.daily_loss",
     "not a plain decimal number: decimals stand behind a point, write 20.00;"},
    {"a mark for thousands", "daily_loss: 20.00", "daily_loss: 1,000", 8, 15, "limits.daily_loss",
     "thousands stand without a mark"},
    {"decimal comma in braces", "{ plan: flat, base: 1.00 }", "{ plan: flat, base: 1,25 }", 25, 34,
     "strategies[1].staking.base", "'1,25' has a decimal comma; write 1.25"},
    {"decimal comma of a zero", "{ plan: flat, base: 1.00 }", "{ plan: flat, base: 0,35 }", 25, 34,
     "strategies[1].staking.base", "'0,35' has a decimal comma; write 0.35"},
    {"decimal comma of a parameter", "{ streak: 3 }", "{ streak: 3,5 }", 13, 23,
     "strategies[0].params.streak", "'3,5' has a decimal comma; write 3.5"},
    {"too many decimals", "daily_loss: 20.00", "daily_loss: 20.001", 8, 15, "limits.daily_loss",
     "more than 2 decimals"},
    {"too large", "daily_loss: 20.00", "daily_loss: 1000000001", 8, 15, "limits.daily_loss",
     "too large"},
    {"amount in quotes", "daily_loss: 20.00", "daily_loss: \"20.00\"", 8, 15, "limits.daily_loss",
     "in quotes"},
    {"amount with currency", "daily_loss: 20.00", "daily_loss: 20 USD", 8, 15, "limits.daily_loss",
     "not a plain decimal number"},
    {"list for an amount", "daily_loss: 20.00", "daily_loss: [20]", 8, 15, "limits.daily_loss",
     "a list where a single value is wanted"},
    {"negative balance floor", "daily_loss: 20.00", "min_balance: -1", 8, 16, "limits.min_balance",
     "'-1' is negative"},
    {"fraction of a count", "daily_loss: 20.00", "max_open_contracts: 2.5", 8, 23,
     "limits.max_open_contracts", "not a whole number"},
    {"count of zero", "daily_loss: 20.00", "max_open_contracts: 0", 8, 23,
     "limits.max_open_contracts", "a whole number from 1 to 1000"},
    {"count beyond 64 bits", "daily_loss: 20.00", "max_trades_per_day: 99999999999999999999", 8, 23,
     "limits.max_trades_per_day", "out of range"},
    {"day_starts in another zone", "daily_loss: 20.00", "day_starts: \"00:00 CET\"", 8, 15,
     "limits.day_starts", "not a time of day"},
    {"day_starts at 24:00", "daily_loss: 20.00", "day_starts: \"24:00 UTC\"", 8, 15,
     "limits.day_starts", "not a time of day"},
    // strategies
    {"unknown type", "type: even_odd", "type: evn_odd", 11, 11, "strategies[0].type",
     "unknown strategy type 'evn_odd', did you mean 'even_odd'?"},
    {"a type that is nearly one", "type: even_odd", "type: acumulator", 11, 11,
     "strategies[0].type", "unknown strategy type 'acumulator', did you mean 'accumulator'?"},
    {"missing type", "    type: even_odd\n", "", 10, 5, "strategies[0].type", "is required"},
    {"missing name", "name: parity\n    type:", "type:", 10, 5, "strategies[0].name",
     "is required"},
    {"name of null", "name: parity", "name: null", 10, 5, "strategies[0].name", "is required"},
    {"name with a blank", "name: parity", "name: my strategy", 10, 11, "strategies[0].name",
     "letters, digits, '_' and '-'"},
    {"name too long", "name: parity", "name: aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde", 10, 11,
     "strategies[0].name", "1 to 40"},
    {"empty name", "name: parity", "name: \"\"", 10, 11, "strategies[0].name", "empty"},
    {"name given to two", "name: trend", "name: parity", 21, 11, "strategies[1].name",
     "'parity' is the name of strategies[0] already"},
    {"a symbol in small letters", "symbol: R_100", "symbol: r_100", 23, 13, "strategies[1].symbol",
     "unknown symbol 'r_100', did you mean 'R_100'?"},
    {"what is no code", "symbol: R_100", "symbol: EUR/USD", 23, 13, "strategies[1].symbol",
     "'EUR/USD' is not a symbol, which has 2 to 30 letters, digits and '_'"},
    {"a symbol's name", "symbol: R_100", "symbol: Volatility 75 Index", 23, 13,
     "strategies[1].symbol", "'Volatility 75 Index' is the name of R_75 for people; write R_75"},
    {"another symbol's name", "symbol: R_100", "symbol: volatility 100 (1s)", 23, 13,
     "strategies[1].symbol", "write 1HZ100V"},
    {"a symbol as traders say it", "symbol: R_100", "symbol: V75", 23, 13, "strategies[1].symbol",
     "write R_75"},
    {"unknown parameter", "{ streak: 3 }", "{ streek: 3 }", 13, 15, "strategies[0].params.streek",
     "unknown parameter of even_odd, did you mean 'streak'?"},
    {"parameter out of range", "{ streak: 3 }", "{ streak: 0 }", 13, 23,
     "strategies[0].params.streak", "a whole number from 1 to"},
    {"parameter that is no number", "{ streak: 3 }", "{ streak: three }", 13, 23,
     "strategies[0].params.streak", "not a whole number"},
    {"parameter twice", "{ streak: 3 }", "{ streak: 3, streak: 4 }", 13, 26,
     "strategies[0].params.streak", "given twice"},
    {"params as a list", "{ streak: 3 }", "[ streak ]", 13, 13, "strategies[0].params",
     "a list where a map is wanted"},
    {"digits by time", "duration: 1t", "duration: 5m", 14, 27, "strategies[0].contract.duration",
     "digit contracts (even_odd) count in ticks"},
    {"eleven ticks", "duration: 1t", "duration: 11t", 14, 27, "strategies[0].contract.duration",
     "1t to 10t"},
    {"no ticks", "duration: 1t", "duration: 0t", 14, 27, "strategies[0].contract.duration",
     "not a duration"},
    {"too short", "duration: 5m", "duration: 14s", 24, 27, "strategies[1].contract.duration",
     "a time from 15s"},
    {"duration without unit", "duration: 5m", "duration: 5", 24, 27,
     "strategies[1].contract.duration", "not a duration"},
    {"negative duration", "duration: 5m", "duration: -5m", 24, 27,
     "strategies[1].contract.duration", "not a duration"},
    {"barrier without use", "{ duration: 5m }", "{ duration: 5m, barrier: 0.5 }", 24, 40,
     "strategies[1].contract.barrier", "no meaning for the contracts of rise_fall"},
    {"multiplier without use", "{ duration: 5m }", "{ duration: 5m, multiplier: 100 }", 24, 43,
     "strategies[1].contract.multiplier", "no meaning"},
    {"enabled: on", "symbol: R_100", "symbol: R_100\n    enabled: on", 24, 14,
     "strategies[1].enabled", "allowed: true, false"},
    // stakes
    {"unknown plan", "plan: martingale", "plan: martingail", 16, 13, "strategies[0].staking.plan",
     "unknown stake plan 'martingail', did you mean 'martingale'?"},
    {"plan without its key", "plan: martingale", "plan: percent_of_balance", 10, 5,
     "strategies[0].staking.percent", "is required by plan percent_of_balance"},
    {"missing base", "      base: 0.50\n", "", 16, 7, kBase, "is required"},
    {"missing staking", "    staking: { plan: flat, base: 1.00 }\n", "", 21, 5,
     "strategies[1].staking.base", "is required"},
    {"staking of nothing", "staking: { plan: flat, base: 1.00 }", "staking:", 25, 5,
     "strategies[1].staking", "stands here without any key below it; allowed: plan, base"},
    {"staking of null", "staking: { plan: flat, base: 1.00 }", "staking: null", 25, 5,
     "strategies[1].staking.base", "is required"},
    {"a limit without a value", "base: 0.50", "base: 0.50\n      max_stake:", 18, 7,
     "strategies[0].staking.max_stake", "stands here without a value; write null for none"},
    {"base below the venue's least", "base: 0.50", "base: 0.34", 17, 13, kBase,
     "below the venue's smallest stake; allowed: 0.35"},
    {"base of three decimals", "base: 0.50", "base: 0.355", 17, 13, kBase, "more than 2 decimals"},
    {"base above the plan's cap", "factor: 2.1", "max_stake: 0.40", 17, 13, kBase,
     "above strategies[0].staking.max_stake 0.40 (line 18)"},
    {"base above the stop loss", "stop_loss: 20.00", "stop_loss: 0.49", 17, 13, kBase,
     "above strategies[0].session.stop_loss 0.49"},
    {"base above max_stake", "max_stake: 5.00", "max_stake: 0.99", 25, 34,
     "strategies[1].staking.base", "above limits.max_stake 0.99 (line 6), so it could never buy"},
    {"base above max_open_stake", "max_open_stake: 15.00", "max_open_stake: 0.99", 25, 34,
     "strategies[1].staking.base", "above limits.max_open_stake 0.99"},
    {"base above daily_loss", "daily_loss: 20.00", "daily_loss: 0.99", 25, 34,
     "strategies[1].staking.base", "above limits.daily_loss 0.99"},
    {"factor of one", "factor: 2.1", "factor: 1", 18, 15, "strategies[0].staking.factor",
     "above 1 and at most 100"},
    {"factor that is no number", "factor: 2.1", "factor: double", 18, 15,
     "strategies[0].staking.factor", "not a plain decimal number"},
    {"unit of zero", "factor: 2.1", "unit: 0", 18, 13, "strategies[0].staking.unit", "above 0"},
    {"negative steps", "factor: 2.1", "max_steps: -1", 18, 18, "strategies[0].staking.max_steps",
     "0 to 1000"},
    {"unknown on_cap", "factor: 2.1", "on_cap: stop", 18, 15, "strategies[0].staking.on_cap",
     "available: restart, hold"},
    // session and guards
    {"another action", "{ stop_loss: 20.00 }", "{ on_loss: pause }", 19, 25,
     "strategies[0].session.on_loss", "available: halt"},
    {"unknown resume", "{ stop_loss: 20.00 }", "{ resume: restart }", 19, 24,
     "strategies[0].session.resume", "available: continue, reset"},
    {"trailing as a number", "{ stop_loss: 20.00 }", "{ trailing: 1 }", 19, 26,
     "strategies[0].session.trailing", "neither true nor false"},
    {"cooldown without unit", "{ max_open: 1 }", "{ cooldown: 5 }", 20, 25,
     "strategies[0].guards.cooldown", "0s, 90s, 10m, 1h or 1d"},
    {"negative cooldown", "{ max_open: 1 }", "{ cooldown: -5s }", 20, 25,
     "strategies[0].guards.cooldown", "not a time span"},
    {"half of after_losses", "{ max_open: 1 }", "{ after_losses: { count: 3 } }", 20, 29,
     "strategies[0].guards.after_losses.pause", "is required"},
    {"after_losses of zero", "{ max_open: 1 }", "{ after_losses: { count: 0, pause: 1m } }", 20, 38,
     "strategies[0].guards.after_losses.count", "1 to 1000"},
    {"pause of zero", "{ max_open: 1 }", "{ after_losses: { count: 2, pause: 0s } }", 20, 48,
     "strategies[0].guards.after_losses.pause", "out of range"},
    {"half of drawdown", "{ max_open: 1 }", "{ drawdown: { amount: 5.00 } }", 20, 25,
     "strategies[0].guards.drawdown.pause", "is required"},
    {"the other half of drawdown", "{ max_open: 1 }", "{ drawdown: { pause: 1h } }", 20, 25,
     "strategies[0].guards.drawdown.amount", "is required"},
    {"drawdown of nothing", "{ max_open: 1 }", "{ drawdown: { amount: 0, pause: 1h } }", 20, 35,
     "strategies[0].guards.drawdown.amount", "0 is not above 0"},
    {"drawdown in percent", "{ max_open: 1 }", "{ drawdown: { amount: 5%, pause: 1h } }", 20, 35,
     "strategies[0].guards.drawdown.amount", "is not a plain decimal number"},
    {"volatility of no window", "{ max_open: 1 }", "{ volatility: { max: 0.02% } }", 20, 27,
     "strategies[0].guards.volatility.ticks", "is required"},
    {"volatility without bounds", "{ max_open: 1 }", "{ volatility: { ticks: 50 } }", 20, 27,
     "strategies[0].guards.volatility", "has neither min nor max; give one of them"},
    {"volatility of one return", "{ max_open: 1 }", "{ volatility: { ticks: 1, max: 0.02% } }", 20,
     36, "strategies[0].guards.volatility.ticks", "2 to 4000"},
    {"volatility without a percent sign", "{ max_open: 1 }",
     "{ volatility: { ticks: 50, max: 0.02 } }", 20, 45, "strategies[0].guards.volatility.max",
     "'0.02' is no percentage; allowed: above 0%, at most 100%"},
    {"volatility of nothing", "{ max_open: 1 }", "{ volatility: { ticks: 50, min: 0% } }", 20, 45,
     "strategies[0].guards.volatility.min", "is no percentage"},
    {"volatility upside down", "{ max_open: 1 }",
     "{ volatility: { ticks: 50, min: 0.03%, max: 0.02% } }", 20, 45,
     "strategies[0].guards.volatility.min", "0.03% is above max, 0.02%"},
    {"ratio of zero", "{ max_open: 1 }", "{ min_payout_ratio: 0 }", 20, 33,
     "strategies[0].guards.min_payout_ratio", "above 0"},
    {"hours as a text", "{ max_open: 1 }", "{ hours: \"08:00-20:00\" }", 20, 22,
     "strategies[0].guards.hours", "where a list is wanted"},
    {"hours of no day", "{ max_open: 1 }", "{ hours: [\"Mo-Fr 08:00-20:00\"] }", 20, 22,
     "strategies[0].guards.hours", "'Mo-Fr 08:00-20:00' is not a window"},
    {"hours of nothing", "{ max_open: 1 }", "{ hours: [\"08:00-08:00\"] }", 20, 22,
     "strategies[0].guards.hours", "not a window"},
    {"hours without a time", "{ max_open: 1 }", "{ hours: [\"Mon-Fri UTC\"] }", 20, 22,
     "strategies[0].guards.hours", "'Mon-Fri UTC' is not a window of time; allowed: a list"},
    {"hours of no zone", "{ max_open: 1 }", "{ hours: [\"08:00-20:00 Europe/Berln\"] }", 20, 22,
     "strategies[0].guards.hours",
     "'08:00-20:00 Europe/Berln': unknown time zone 'Europe/Berln', did you mean 'Europe/Berlin'?"},
    {"hours of a place", "{ max_open: 1 }", "{ hours: [\"08:00-20:00 berlin\"] }", 20, 22,
     "strategies[0].guards.hours", "unknown time zone 'berlin', did you mean 'Europe/Berlin'?"},
    {"hours of nowhere", "{ max_open: 1 }", "{ hours: [\"08:00-20:00 Utopia/Amaurotum\"] }", 20, 22,
     "strategies[0].guards.hours",
     "unknown time zone 'Utopia/Amaurotum'; allowed: UTC, or a zone by its IANA name"},
    {"hours of a path", "{ max_open: 1 }", "{ hours: [\"08:00-20:00 ../../../etc/passwd\"] }", 20,
     22, "strategies[0].guards.hours", "unknown time zone '../../../etc/passwd'"},
    // the rest
    {"metrics at a name", "on_stop: leave", "metrics: { listen: \"localhost:9455\" }", 26, 20,
     "metrics.listen", "no address to listen on; allowed: IP:PORT as 127.0.0.1:9455 or [::1]:9455"},
    {"metrics without a port", "on_stop: leave", "metrics: { listen: 127.0.0.1 }", 26, 20,
     "metrics.listen", "no address to listen on"},
    {"metrics at a port above", "on_stop: leave", "metrics: { listen: \"[::1]:65536\" }", 26, 20,
     "metrics.listen", "no address to listen on"},
    {"metrics at bare IPv6", "on_stop: leave", "metrics: { listen: \"::1:9455\" }", 26, 20,
     "metrics.listen", "no address to listen on"},
    {"webhook without TLS", "on_stop: leave",
     "notify: { webhook: { url: \"http://x/secretpath\" } }", 26, 27, "notify.webhook.url",
     "the address is not https://HOST[:PORT]/…; messages go over TLS only"},
    {"chat that is none", "on_stop: leave", "notify: { telegram: { chat_id: \"my chat\" } }", 26,
     32, "notify.telegram.chat_id", "'my chat' is no chat"},
    {"template with a typing mistake", "on_stop: leave",
     "notify: { templates: { halt: \"{texte}\" } }", 26, 30, "notify.templates.halt",
     "{texte} is no field of a notification; fields: {kind}, {text}"},
    {"template of no kind", "on_stop: leave", "notify: { templates: { halts: x } }", 26, 24,
     "notify.templates.halts", "did you mean 'halt'?"},
    {"too many an hour", "on_stop: leave", "notify: { max_per_hour: 0 }", 26, 25,
     "notify.max_per_hour", "allowed: a whole number from 1 to 1000"},
    {"endpoint without a chat", "on_stop: leave",
     "notify: { telegram: { endpoint: \"https://x\" } }", 26, 33, "notify.telegram.endpoint",
     "needs notify.telegram.chat_id beside it"},
    {"unknown level", "on_stop: leave", "log: { level: warn }", 26, 15, "log.level",
     "did you mean 'warning'?"},
    {"unknown on_stop", "on_stop: leave", "on_stop: sell", 26, 10, "on_stop",
     "available: leave, wait"},
    {"stop_timeout of zero", "on_stop: leave", "stop_timeout: 0s", 26, 15, "stop_timeout",
     "out of range; allowed: 1s to 1h"},
    {"stop_timeout of hours", "on_stop: leave", "stop_timeout: 2h", 26, 15, "stop_timeout",
     "out of range"},
    {"empty store.path", "on_stop: leave", "store: { path: \"\" }", 26, 16, "store.path", "empty"},
    {"store.path with a newline", "on_stop: leave", "store: { path: \"a\\nb\" }", 26, 16,
     "store.path", "control characters"},
    // YAML itself
    {"a tab", "  max_stake: 5.00", "\tmax_stake: 5.00", 6, 1, "yaml", "a tab in the indentation"},
    {"an unclosed map", "{ max_open: 1 }", "{ max_open: 1", 21, 9, "yaml",
     "a { whose } is missing, here or in a line above"},
    {"an unclosed quote", "on_stop: leave", "on_stop: \"leave", 26, 10, "yaml",
     "closing quote is missing"},
    {"bad indentation", "    type: even_odd", "   type: even_odd", 11, 4, "yaml",
     "this line begins with 3 blanks, where no section above does; keys of one section begin in "
     "the "
     "same column, so probably with 4 blanks"},
    {"no blank behind a colon", "daily_loss: 20.00", "daily_loss:20.00", 8, 13, "yaml",
     "not valid YAML: a blank is missing behind this colon"},
    {"no blank behind the first colon", "max_stake: 5.00", "max_stake:5.00", 6, 12, "yaml",
     "a blank is missing behind this colon"},
    {"no blank behind a colon between others", "max_open_stake: 15.00", "max_open_stake:15.00", 7,
     17, "yaml", "a blank is missing behind this colon"},
    {"no blank behind the colon of an item", "- name: trend", "- name:trend", 21, 9, "yaml",
     "a blank is missing behind this colon"},
    {"an unclosed quote before another", "parity\n    type: even_odd",
     "\"parity\n    type: \"even_odd\"", 10, 11, "yaml", "closing quote is missing"},
    {"an unclosed quote lines before another", "1HZ100V\n    params: { streak: 3 }",
     "'1HZ100V\n    params: { streak: 3 }\n    group: 'a'", 12, 13, "yaml",
     "closing quote is missing"},
    {"the first key of a section moved to the left", "  max_stake: 5.00", "max_stake: 5.00", 7, 17,
     "yaml",
     "this line begins with 2 blanks and belongs to a section, but line 6 above it begins with 0 "
     "blanks and opens none"},
    {"a key of a section moved to the left", "  max_open_stake: 15.00", "max_open_stake: 15.00", 8,
     13, "yaml", "but line 7 above it begins with 0 blanks and opens none"},
    {"an alias to nothing", "symbol: R_100", "symbol: *none", 23, 13, "yaml",
     "a text that begins with * stands in quotes"},
    {"a list as a key", "on_stop: leave", "? [a, b]\n: leave", 26, 3, "yaml",
     "a list cannot be a key"},
    {"an unclosed single quote", "on_stop: leave", "store: { path: 'x }", 26, 16, "yaml",
     "closing quote is missing"},
    {"an unclosed text between others", "account: demo", "account: \"demo", 4, 12, "yaml",
     "closing quote is missing"},
    {"a tag", "base: 0.50", "base: !!float 0.50", 17, 13, "yaml", "is not understood"},
    {"a second document", "on_stop: leave", "on_stop: leave\n---\nvenue: {}", 28, 1, "yaml",
     "a second document"},
};

std::string test_name(const ::testing::TestParamInfo<Change>& info) {
  std::string out;
  for (const char* c = info.param.what; *c != 0; ++c) {
    out += std::isalnum(static_cast<unsigned char>(*c)) != 0 ? *c : '_';
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(All, BrokenChange, ::testing::ValuesIn(kChanges), test_name);

// ---- whole files ----

struct Whole {
  const char* what;
  std::string_view text;
  int line;
  int column;
  const char* key;
  const char* reason;
};

TEST(Broken, WholeFiles) {
  const Whole cases[] = {
      {"empty", "", 1, 1, "strategies", "the file is empty"},
      {"comments only", "# nothing\n\n", 1, 1, "strategies", "the file is empty"},
      {"document without content", "---\n...\n", 1, 1, "strategies", "the file is empty"},
      {"null", "null", 1, 1, "strategies", "the file is empty"},
      {"a word", "hello", 1, 1, "yaml", "the file is a single value"},
      {"a list", "- a\n- b\n", 1, 1, "yaml", "the file is a list"},
      {"no strategies", "venue: { api: v3 }\n", 1, 1, "strategies", "is required"},
      {"strategies of null", "venue: null\nstrategies:\n", 2, 1, "strategies",
       "where a list is wanted"},
      {"strategies as a map", "strategies:\n  name: a\n", 2, 3, "strategies",
       "a map of keys where a list is wanted"},
      {"a strategy of null", "strategies:\n  - \n", 2, 3, "strategies[0]",
       "nothing where a strategy is wanted"},
      {"a strategy that is a word", "strategies: [ parity ]\n", 1, 15, "strategies[0]",
       "'parity' where a strategy is wanted"},
      {"no blank behind the only colon of a section",
       "limits:\n  daily_loss:10.00\nstrategies: []\n", 2, 3, "limits",
       "'daily_loss:10.00' where a map of keys is wanted, because a blank is missing behind the "
       "colon; allowed: "},
      {"no blank behind a colon in braces", "limits: { daily_loss:10.00 }\nstrategies: []\n", 1, 11,
       "limits.daily_loss:10.00", "unknown key, because a blank is missing behind the colon"},
      {"a lone brace", "{", 1, 2, "yaml", "not valid YAML"},
      {"cut off in a map", "strategies: [\n  {name: a,\n\n", 2, 12, "yaml", "not valid YAML"},
      {"a lone bracket", "]", 1, 1, "yaml", "not valid YAML"},
      {"UTF-16", std::string_view("\xff\xfev\0", 4), 1, 1, "yaml", "NUL bytes"},
      {"an XML file", "<?xml version=\"1.0\"?><a b='c'/>", 1, 1, "yaml",
       "the file is a single value"},
  };
  for (const auto& c : cases) {
    const auto problems = problems_of(c.text);
    ASSERT_EQ(problems.size(), 1u) << c.what << "\n" << listed(problems);
    EXPECT_EQ(problems[0].line, c.line) << c.what << "\n" << listed(problems);
    EXPECT_EQ(problems[0].column, c.column) << c.what << "\n" << listed(problems);
    EXPECT_EQ(problems[0].key, c.key) << c.what << "\n" << listed(problems);
    EXPECT_THAT(problems[0].reason, HasSubstr(c.reason)) << c.what;
  }
}

TEST(Broken, AllProblemsAtOnceInTheOrderOfTheFile) {
  const auto problems = problems_of(R"(venue:
  api: v4
  acount: demo
limits:
  max_stake: -1
  daily_loss: 1.001
strategies:
  - name: a b
    type: evenodd
    symbol: r_100
    params: { streak: x }
    staking: { plan: flatt, base: 0.10, factor: 0.5 }
  - type: rise_fall
    symbol: R_100
    staking: { base: 0.35 }
    guards: { hours: 5 }
stop_timeout: never
on_stop: maybe
)");
  std::vector<std::string> places;
  for (const auto& p : problems) places.push_back(fmt::format("{}:{} {}", p.line, p.column, p.key));
  EXPECT_THAT(
      places,
      ::testing::ElementsAre(
          "2:8 venue.api", "3:3 venue.acount", "5:14 limits.max_stake", "6:15 limits.daily_loss",
          "8:11 strategies[0].name", "9:11 strategies[0].type", "10:13 strategies[0].symbol",
          "12:22 strategies[0].staking.plan", "12:35 strategies[0].staking.base",
          "12:49 strategies[0].staking.factor", "13:5 strategies[1].name",
          "16:22 strategies[1].guards.hours", "17:15 stop_timeout", "18:10 on_stop"))
      << listed(problems);
}

TEST(Broken, ABaseAboveSeveralLimitsIsToldOfEach) {
  const auto problems = problems_of(replaced("base: 1.00", "base: 100.00"));
  EXPECT_EQ(problems.size(), 3u) << listed(problems);
}

TEST(Broken, ABaseThatFitsExactlyIsGood) {
  for (const auto& [from, to] :
       {std::pair("max_stake: 5.00", "max_stake: 1.00"),
        std::pair("max_open_stake: 15.00", "max_open_stake: 1.00"),
        std::pair("daily_loss: 20.00", "daily_loss: 1.00"),
        std::pair("stop_loss: 20.00", "stop_loss: 0.50"),
        std::pair("factor: 2.1", "max_stake: 0.50"), std::pair("base: 0.50", "base: 0.35")}) {
    EXPECT_EQ(listed(problems_of(replaced(from, to))), "") << to;
  }
}

TEST(Broken, ARefusedLimitCausesNoSecondComplaint) {
  EXPECT_EQ(problems_of(replaced("max_stake: 5.00", "max_stake: x")).size(), 1u);
  EXPECT_EQ(problems_of(replaced("base: 0.50", "base: x")).size(), 1u);
  EXPECT_EQ(problems_of(replaced("symbol: R_100", "symbol: x")).size(), 1u);
}

// ---- bounds: none of these may take long ----

TEST(Bounds, RepetitionByAliases) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    text += fmt::format("{0}: &{0} [", c);
    for (int i = 0; i < 9; ++i) text += fmt::format("*{}, ", static_cast<char>(c - 1));
    text += "]\n";
  }
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].reason, HasSubstr("more than 20000 values"));
  EXPECT_LE(problems[0].line, 6);
}

TEST(Bounds, AnAnchorWithinItself) {
  const auto problems = problems_of("strategies: &s\n  - *s\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].line, 2);
  EXPECT_EQ(problems[0].key, "yaml");
}

TEST(Bounds, Depth) {
  for (const char* open : {"[", "{a: ", "- "}) {
    std::string text = "strategies: ";
    if (*open == '-') text = "";
    for (int i = 0; i < 100'000; ++i) text += open;
    const auto problems = problems_of(text);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].key, "yaml") << problems[0].reason;
  }
}

TEST(Bounds, ManyValues) {
  std::string text = "strategies: [";
  while (text.size() < 1'000'000) text += "a,";
  const auto problems = problems_of(text + "]");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].reason, HasSubstr("more than 20000 values"));
}

TEST(Bounds, ManyStrategies) {
  std::string text = "strategies:\n";
  for (std::size_t i = 0; i <= kMaxStrategies; ++i) {
    text += fmt::format(
        "  - {{ name: s{}, type: rise_fall, symbol: R_100, staking: {{ base: 1 }} }}\n", i);
  }
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 1u) << listed(problems);
  EXPECT_EQ(problems[0].line, static_cast<int>(kMaxStrategies) + 2);
  EXPECT_THAT(problems[0].reason, HasSubstr("more than 64 strategies"));
}

TEST(Bounds, ManyProblems) {
  std::string text = "strategies: []\n";
  for (int i = 0; i < 500; ++i) text += fmt::format("k{}: 1\n", i);
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 201u);
  EXPECT_EQ(problems.back().line, 202);
  EXPECT_THAT(problems.back().reason, HasSubstr("(and 299 further problems)"));
  EXPECT_EQ(listed(problems).find("(and"), listed(problems).rfind("(and"));
}

TEST(Bounds, LongAndStrangeTextsAreShortenedInMessages) {
  const auto problems = problems_of("strategies: []\non_stop: \"" + std::string(100'000, 'x') +
                                    "\"\n\"k\\x1b[2J" + std::string(500, 'y') + "\": 1\n");
  ASSERT_EQ(problems.size(), 2u) << problems.size();
  for (const auto& p : problems) {
    EXPECT_LT(format(p, "f").size(), 400u) << format(p, "f");
    EXPECT_EQ(format(p, "f").find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace derivd::config
