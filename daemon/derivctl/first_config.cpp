#include "derivctl/first_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "market/kind.hpp"

namespace derivd::ctl {
namespace {

// The smallest stake that Deriv takes on synthetic indices (v3-api.md section 3).
constexpr core::Money kSmallest = core::Money::minor(35);

core::Money config_percent(core::Money of, std::int64_t n) {
  return core::Money::minor(of.units() / 100 * n, of.exponent());
}

/// A double-quoted YAML text: JSON's rules are a subset.
std::string yaml_quoted(const std::string& text) { return nlohmann::json(text).dump(); }

std::string config_or_null(const std::string& text) {
  return text.empty() ? "null" : yaml_quoted(text);
}

}  // namespace

FirstLimits limits_for(core::Money balance) {
  const auto decimals = balance.exponent();
  const auto worth = [&](std::int64_t cents) {
    return market::in_currency(core::Money::minor(cents), decimals);
  };
  const auto smallest = market::in_currency(kSmallest, decimals);
  FirstLimits out;
  out.stake = smallest;
  // A day may lose one percent, but no more than a handful of stakes of somebody who tries it out,
  // and no less than one stake.
  out.daily_loss = std::clamp(config_percent(balance, 1), smallest, worth(10'00));
  out.daily_profit = out.daily_loss + out.daily_loss;
  out.max_stake =
      std::clamp(core::Money::minor(out.daily_loss.units() / 10, decimals), smallest, worth(1'00));
  out.max_open_stake = out.max_stake;
  // Five such days in a row, and it stops for good.
  const auto five_days = core::Money::minor(5 * out.daily_loss.units(), decimals);
  out.min_balance = std::max(balance - five_days, core::Money::minor(0, decimals));
  return out;
}

std::string first_config(const FirstConfig& s) {
  const auto limits = limits_for(s.balance);
  const auto amount = [](core::Money money) { return money.to_string(); };
  return fmt::format(
      R"(# Written by "derivctl setup". Every key is explained in derivd.yaml(5);
# "derivctl check --config FILE" says every mistake. The token never stands in
# this file.
#
# The strategy below is an example that shows the machinery with the smallest
# stake. No strategy and no staking plan has an edge on synthetic indices:
# expect to lose a little more than two percent of what is staked.

venue:
  api: {api}
  app_id: {app_id}
  account: {account}      # demo, real, or the id of one account
  currency: {currency}             # the account's, and that of every amount below
  allow_real: {allow_real}       # true is needed, too, to trade real money
{mode}  # Another server than Deriv's, certificates to trust instead of the system's,
  # and http://HOST:PORT where only an HTTP proxy leads out. null: none.
  endpoint: {endpoint}
  ca_file: {ca_file}
  proxy: {proxy}

# Limits of the whole account; none can be passed. They are made for a balance
# of {balance} {currency}.
limits:
  max_stake: {max_stake}            # no single stake above this
  max_open_contracts: 1
  max_open_stake: {max_open_stake}       # all stakes that are open, together
  daily_loss: {daily_loss}          # the most that a day may lose
  daily_profit: {daily_profit}        # a day that has won this buys no more
  max_trades_per_day: 200
  min_balance: {min_balance}      # the balance never falls below this
  day_starts: "00:00 UTC"

strategies:
    # Four even last digits in a row: buy an odd one. Four odd ones: an even
    # one.
  - name: parity
    type: even_odd
    symbol: 1HZ100V                  # a tick each second, all day, every day
    params: {{ streak: 4 }}
    contract: {{ duration: 1t }}
    staking: {{ plan: flat, base: {stake} }}   # the same stake, win or lose
    session:
      take_profit: {daily_profit}
      stop_loss: {daily_loss}
      on_target: halt                # until "derivctl resume parity"
      on_loss: halt
    guards:
      max_open: 1
      after_losses: {{ count: 8, pause: 10m }}
      max_trades_per_hour: 120
    enabled: {enabled}{why}

on_stop: leave        # a stop leaves open contracts to Deriv; booked later
)",
      fmt::arg("api", s.api), fmt::arg("app_id", yaml_quoted(s.app_id)),
      fmt::arg("account", yaml_quoted(s.account)), fmt::arg("allow_real", s.real),
      fmt::arg("mode", s.paper ? "  mode: paper            # live ticks, purchases filled here, "
                                 "nothing is bought\n"
                               : ""),
      fmt::arg("endpoint", config_or_null(s.endpoint)),
      fmt::arg("ca_file", config_or_null(s.ca_file)), fmt::arg("proxy", config_or_null(s.proxy)),
      fmt::arg("balance", amount(s.balance)), fmt::arg("currency", s.currency),
      fmt::arg("max_stake", amount(limits.max_stake)),
      fmt::arg("max_open_stake", amount(limits.max_open_stake)),
      fmt::arg("daily_loss", amount(limits.daily_loss)),
      fmt::arg("daily_profit", amount(limits.daily_profit)),
      fmt::arg("min_balance", amount(limits.min_balance)), fmt::arg("stake", amount(limits.stake)),
      fmt::arg("enabled", !s.real),
      fmt::arg("why", s.real ? "                   # real money: switch it on yourself" : ""));
}

}  // namespace derivd::ctl
