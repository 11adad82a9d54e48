// odds: what a configured strategy has to expect, before it trades.
#include <fmt/format.h>

#include <memory>
#include <set>

#include "backtest/confidence.hpp"
#include "backtest/odds_text.hpp"
#include "common/output.hpp"
#include "config/config.hpp"
#include "derivctl/command.hpp"
#include "derivctl/payout_choice.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "market/spec.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using backtest::Bet;
using backtest::Odds;
using backtest::OddsCase;
using backtest::OddsQuestion;
using nlohmann::ordered_json;

constexpr double kConfidence = 0.95;
constexpr std::int64_t kMaxSessions = 100'000'000;
constexpr std::int64_t kOddsMaxTrades = 10'000'000;

/// As typed; empty: not given.
struct OddsArgs {
  std::string config;
  std::string strategy;
  std::string win_probability;
  std::string measured;
  std::string payout;
  std::string payouts;  // see payout_choice.hpp
  std::string quote;
  std::string balance = "10000.00";
  std::int64_t trades = 0;
  std::int64_t sessions = 0;
  std::uint64_t seed = 1;
};

core::Error odds_usage(std::string text) { return {core::ErrorKind::kInvalid, std::move(text)}; }

core::Result<std::optional<core::Decimal>> odds_decimal(const std::string& name,
                                                        const std::string& text) {
  if (text.empty()) return std::optional<core::Decimal>{};
  const auto value = core::Decimal::parse(text);
  if (!value) return odds_usage(fmt::format("{}: {}", name, value.error().text));
  return std::optional(*value);
}

struct Measured {
  std::int64_t won = 0;
  std::int64_t trades = 0;
};
core::Result<Measured> measured(const std::string& text) {
  const auto slash = text.find('/');
  const auto whole = [](const std::string& part) -> std::optional<std::int64_t> {
    if (part.empty() || part.size() > 15 ||
        part.find_first_not_of("0123456789") != std::string::npos) {
      return std::nullopt;
    }
    return std::stoll(part);
  };
  const auto won = slash == std::string::npos ? std::nullopt : whole(text.substr(0, slash));
  const auto trades = slash == std::string::npos ? std::nullopt : whole(text.substr(slash + 1));
  if (!won || !trades || *trades == 0 || *won > *trades) {
    return odds_usage(fmt::format(
        "--measured: '{}' is not WON/TRADES, as in 517/1000; break-evens count in neither", text));
  }
  return Measured{*won, *trades};
}

/// One ratio for every contract that the strategy buys, or else what was chosen for all.
core::Result<backtest::Payouts> payouts_of(const engine::StrategySettings& strategy,
                                           const std::string& text,
                                           const backtest::Payouts& chosen) {
  backtest::Payouts payouts;
  const auto ratio = odds_decimal("--payout", text);
  if (!ratio) return ratio.error();
  if (!*ratio) return chosen;
  std::vector<market::ContractType> types;
  for (const auto& buyable : engine::buyables(strategy)) {
    if (std::ranges::count(types, buyable.signal.type) == 0) types.push_back(buyable.signal.type);
  }
  for (const auto contract : types) {
    if (!market::has_payout(contract)) continue;
    if (auto r = payouts.set(market::name_of(contract), **ratio); !r) {
      return odds_usage("--payout: " + r.error().text);
    }
  }
  return payouts;
}

/// The win probabilities to compute with; the first is the one that is spoken about.
core::Result<std::vector<std::pair<std::string, Bet>>> bets_of(const OddsArgs& args,
                                                               const Bet& bet) {
  std::vector<std::pair<std::string, Bet>> out;
  if (!args.measured.empty()) {
    const auto m = measured(args.measured);
    if (!m) return m.error();
    const auto interval = backtest::clopper_pearson(m->won, m->trades, kConfidence);
    const auto rate = static_cast<double>(m->won) / static_cast<double>(m->trades);
    const auto source = fmt::format("{} of {} measured; with 95 % confidence {:.2f} to {:.2f} %",
                                    m->won, m->trades, 100 * interval.low, 100 * interval.high);
    out.emplace_back("as measured", bet.with_win_probability(rate, source));
    out.emplace_back("low end", bet.with_win_probability(interval.low, source));
    out.emplace_back("high end", bet.with_win_probability(interval.high, source));
    return out;
  }
  const auto p = odds_decimal("--win-probability", args.win_probability);
  if (!p) return p.error();
  if (!*p) {
    out.emplace_back("", bet);
    return out;
  }
  if (**p < core::Decimal{0, 0} || **p > core::Decimal{1, 0}) {
    return odds_usage(
        fmt::format("--win-probability: {} is not between 0 and 1", args.win_probability));
  }
  out.emplace_back("", bet.with_win_probability((*p)->to_double(), "as given"));
  return out;
}

Odds compute(const OddsArgs& args, const OddsQuestion& question) {
  if (args.sessions > 0) return simulated_odds(question, args.seed, args.sessions);
  return odds(question, args.seed);
}

struct Answered {
  OddsQuestion question;
  std::vector<OddsCase> cases;
};
core::Result<Answered> answer(const OddsArgs& args, const engine::StrategySettings& strategy,
                              const risk::AccountLimits& limits,
                              const backtest::Payouts& chosen_payouts) {
  const auto payouts = payouts_of(strategy, args.payout, chosen_payouts);
  if (!payouts) return payouts.error();
  const auto quote = odds_decimal("--quote", args.quote);
  if (!quote) return quote.error();
  const auto balance = core::Money::parse(args.balance, strategy.staking.base.exponent());
  if (!balance) return odds_usage("--balance: " + balance.error().text);
  const auto bet = Bet::of(strategy, *payouts, *quote);
  if (!bet) return bet.error();
  const auto bets = bets_of(args, *bet);
  if (!bets) return bets.error();
  std::optional<std::int64_t> trades;
  if (args.trades > 0) trades = args.trades;
  Answered out{{strategy, limits, bets->front().second, *balance, trades}, {}};
  for (const auto& [label, b] : *bets) {
    auto question = out.question;
    question.bet = b;
    out.cases.push_back({label, b.win_probability(), compute(args, question)});
  }
  return out;
}

ordered_json estimate(const backtest::Estimate& e, const Odds& odds) {
  if (odds.exact) return e.value;
  return {{"value", e.value}, {"standard_error", e.error}};
}

ordered_json run_odds_json(const backtest::LosingRun& run) {
  ordered_json out;
  out["losses"] = run.endless ? ordered_json(nullptr) : ordered_json(run.losses);
  out["lost"] = run.lost.to_string();
  out["denied_stake"] =
      run.endless ? ordered_json(nullptr) : ordered_json(run.denied_stake.to_string());
  out["limit"] = run.limit ? ordered_json(std::string(name_of(*run.limit))) : ordered_json(nullptr);
  out["plan_begins_anew_after"] =
      run.plan_losses ? ordered_json(*run.plan_losses) : ordered_json(nullptr);
  out["plan_lost"] =
      run.plan_losses ? ordered_json(run.plan_lost.to_string()) : ordered_json(nullptr);
  return out;
}

ordered_json case_json(const OddsArgs& args, const OddsQuestion& question, const OddsCase& c) {
  const auto& odds = c.odds;
  ordered_json out;
  if (!c.label.empty()) out["case"] = c.label;
  out["win_probability"] = c.win_probability;
  out["method"] = odds.exact ? "exact" : "simulated";
  if (odds.exact) {
    out["error_bound"] = odds.error_bound;
  } else {
    out["sessions"] = odds.sessions;
    out["seed"] = args.seed;
  }
  for (std::size_t i = 0; i < backtest::kSessionEnds; ++i) {
    const auto end = static_cast<backtest::SessionEnd>(i);
    out["ends"][std::string(name_of(end))] = estimate(odds.end(end), odds);
  }
  out["profit_per_session"] = estimate(odds.profit, odds);
  out["profit_per_trade"] = estimate(odds.profit_per_trade, odds);
  out["turnover"] = estimate(odds.turnover, odds);
  out["trades"] = estimate(odds.trades, odds);
  for (std::size_t i = 0; i < odds.trade_quantiles.size(); ++i) {
    out["trade_quantiles"][fmt::format("{:.2f}", backtest::kTradeQuantiles[i])] =
        odds.trade_quantiles[i];
  }
  out["trade_quantiles_method"] = odds.quantiles_exact ? "exact" : "simulated";
  out["trades_at_most"] = odds.trades_cut ? ordered_json(*odds.trades_cut) : ordered_json(nullptr);
  out["largest_stake"] = odds.largest_stake.to_string();
  out["reaches_cap"] = odds.reaches_cap ? estimate(*odds.reaches_cap, odds) : ordered_json(nullptr);
  out["cut_short"] = estimate(odds.cut_short, odds);
  out["losing_run"] = run_odds_json(odds.losing_run);
  out["warnings"] = odds_warnings(question, odds);
  return out;
}

ordered_json strategy_json(const OddsArgs& args, const Answered& a) {
  const auto& s = a.question.strategy;
  ordered_json out;
  out["type"] = s.type;
  out["symbol"] = s.symbol.str();
  out["plan"] = s.staking.plan;
  out["base"] = s.staking.base.to_string();
  out["payout"] = a.question.bet.payout(s.staking.base).to_string();
  out["win_probability_source"] = a.question.bet.source();
  out["break_even_win_rate"] = break_even_rate(a.question.bet, s.staking.base);
  for (const auto& c : a.cases) out["cases"].push_back(case_json(args, a.question, c));
  return out;
}

std::vector<const engine::StrategySettings*> chosen_odds(const OddsArgs& args,
                                                         const engine::Settings& settings) {
  std::vector<const engine::StrategySettings*> out;
  for (const auto& s : settings.strategies) {
    const bool named = s.name.view() == args.strategy;
    if (args.strategy.empty() ? s.enabled : named) out.push_back(&s);
  }
  return out;
}

int run(const Context& context, const OddsArgs& args) {
  const auto file = args.config.empty() ? context.config_file() : args.config;
  const auto loaded = config::load_file(file, context.symbols());
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    for (const auto& p : *problems) out::error("{}\n", config::format(p, file));
    return service::kCtlRefused;
  }
  const auto& settings = std::get<config::Config>(loaded).engine;
  const auto strategies = chosen_odds(args, settings);
  if (strategies.empty()) {
    return fail(service::kCtlNotFound,
                args.strategy.empty() ? file + ": no strategy is enabled"
                                      : fmt::format("{}: no strategy '{}'", file, args.strategy));
  }
  auto choice = args.payout.empty() ? choose_payouts(context, args.payouts, settings.money_decimals)
                                    : core::Result<PayoutChoice>(PayoutChoice{});
  if (!choice) {
    const bool absent = choice.error().kind == core::ErrorKind::kNotFound;
    return fail(absent ? service::kCtlNotFound : service::kCtlUsage, choice.error().text);
  }
  name_contracts(*choice, settings);
  ordered_json json;
  std::string pages;
  for (const auto* strategy : strategies) {
    const auto a = answer(args, *strategy, settings.limits, choice->payouts);
    if (!a) return fail(service::kCtlUsage, a.error().text);
    if (context.json) {
      json["strategies"][strategy->name.str()] = strategy_json(args, *a);
    } else {
      pages += (pages.empty() ? "" : "\n") + odds_page(a->question, a->cases);
    }
  }
  if (context.json) {
    if (!choice->said.is_null()) json["payouts"] = choice->said;
    out::json(json);
  } else {
    const auto said = payouts_text(choice->said);
    out::print("{}{}{}", pages, said.empty() ? "" : "\n", said);
  }
  return service::kCtlOk;
}

}  // namespace

void add_odds(Commands& commands) {
  const auto& context = commands.context();
  const auto args = std::make_shared<OddsArgs>();
  auto c = commands.add("odds", "what a strategy has to expect, computed before it trades");
  c.option("--config", args->config, "configuration file; default: the instance's in /etc/derivd");
  c.option("--strategy", args->strategy, "one strategy; default: every enabled one");
  auto p =
      c.option("--win-probability", args->win_probability, "0 to 1; default: the contract's own");
  c.option("--measured", args->measured,
           "WON/TRADES: a measured win rate, with its 95 % confidence interval")
      .excludes(p);
  auto ratio = c.option("--payout", args->payout,
                        "paid for one unit of stake, stake included; default: see --payouts");
  c.option("--payouts", args->payouts,
           "as of backtest: model, recorded, …; default: recorded account quotes, else the model")
      .excludes(ratio);
  c.option("--quote", args->quote, "level of the market, for barriers and ties");
  c.option("--balance", args->balance, "of the account; default 10000.00");
  c.option("--trades", args->trades, "follow a session for so many trades at most")
      .between(std::int64_t{1}, kOddsMaxTrades);
  c.option("--sessions", args->sessions, "simulate so many sessions instead of computing")
      .between(std::int64_t{1}, kMaxSessions);
  c.option("--seed", args->seed, "of a simulation; default 1");
  commands.on(c, [&context, args] { return run(context, *args); });
}

}  // namespace derivd::ctl
