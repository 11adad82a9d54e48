#include "backtest/odds_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/counted.hpp"
#include "staking/plan.hpp"

namespace derivd::backtest {
namespace {

constexpr std::size_t kWidth = 78;

std::string percent(double share) {
  if (share > 0 && share < 0.0001) return "below 0.01 %";
  if (share < 1 && share > 0.9999) return "above 99.99 %";
  return fmt::format("{:.2f} %", 100 * share);
}
std::string percent(const Estimate& e) {
  return e.error > 0 ? fmt::format("{} ± {:.2f}", percent(e.value), 100 * e.error)
                     : percent(e.value);
}
/// An average amount: more digits where two would say 0.00.
std::string average_amount(double value) {
  if (value != 0 && std::abs(value) < 0.1) return fmt::format("{:.4f}", value);
  return fmt::format("{:.2f}", value);
}
std::string average_amount(const Estimate& e) {
  return e.error > 0 ? fmt::format("{} ± {}", average_amount(e.value), average_amount(e.error))
                     : average_amount(e.value);
}
std::string count(const Estimate& e) {
  return e.error > 0 ? fmt::format("{:.1f} ± {:.1f}", e.value, e.error)
                     : fmt::format("{:.1f}", e.value);
}

std::string limit_text(const OddsQuestion& q, SessionEnd end) {
  const auto of = [&](const std::optional<core::Money>& limit) {
    return limit ? fmt::format(" {}", limit->to_string()) : std::string{};
  };
  const auto& s = q.strategy.session;
  const auto& l = q.limits;
  switch (end) {
    case SessionEnd::kTakeProfit:
      return "session.take_profit" + of(s.take_profit);
    case SessionEnd::kStopLoss:
      return "session.stop_loss" + of(s.stop_loss) + (s.trailing ? " (trailing)" : "");
    case SessionEnd::kMaxStake:
      return "limits.max_stake" + of(l.max_stake);
    case SessionEnd::kMaxOpenStake:
      return "limits.max_open_stake" + of(l.max_open_stake);
    case SessionEnd::kDailyLoss:
      return "limits.daily_loss" + of(l.daily_loss);
    case SessionEnd::kDailyProfit:
      return "limits.daily_profit" + of(l.daily_profit);
    case SessionEnd::kMaxTradesPerDay:
      return fmt::format("limits.max_trades_per_day {}", l.max_trades_per_day.value_or(0));
    case SessionEnd::kMinBalance:
      return "limits.min_balance" + of(l.min_balance);
    case SessionEnd::kMinPayoutRatio:
      return "guards.min_payout_ratio";
    case SessionEnd::kBalance:
      return fmt::format("the balance of {}", q.balance.to_string());
    case SessionEnd::kUnfinished:
      return "nothing";
  }
  return "?";
}

std::string end_text(const OddsQuestion& q, const Odds& odds, SessionEnd end) {
  switch (end) {
    case SessionEnd::kTakeProfit:
      return fmt::format("profit of {} reached", q.strategy.session.take_profit->to_string());
    case SessionEnd::kStopLoss:
      return fmt::format("loss of {} reached{}", q.strategy.session.stop_loss->to_string(),
                         q.strategy.session.trailing ? ", from the best so far" : "");
    case SessionEnd::kMaxTradesPerDay:
    case SessionEnd::kDailyLoss:
    case SessionEnd::kDailyProfit:
      return fmt::format("the day ends first: {}", limit_text(q, end));
    case SessionEnd::kMaxStake:
    case SessionEnd::kMaxOpenStake:
    case SessionEnd::kMinBalance:
    case SessionEnd::kMinPayoutRatio:
      return fmt::format("not even the base fits: {}", limit_text(q, end));
    case SessionEnd::kBalance:
      return fmt::format("ruined: {} cannot pay a stake", limit_text(q, end));
    case SessionEnd::kUnfinished:
      return "still trading after " + core::counted(odds.trades_cut.value_or(0), "trade");
  }
  return "?";
}

std::string plan_text(const OddsQuestion& q) {
  const auto& s = q.strategy.staking;
  const auto* type = staking::find_plan(s.plan);
  auto text = type->uses_percent ? fmt::format("{} % of the balance, from {}",
                                               s.percent.to_string(), s.base.to_string())
                                 : fmt::format("{} from {}", s.plan, s.base.to_string());
  if (type->uses_factor) text += fmt::format(" × {}", s.factor.to_string());
  if (type->uses_unit) text += fmt::format(", unit {}", s.unit.to_string());
  if (type->uses_stakes) text += " over " + core::counted(s.stakes.size(), "stake");
  if (type->uses_max_steps && s.max_steps)
    text += fmt::format(", {} at most", core::counted(*s.max_steps, "raise"));
  if (s.max_stake) text += fmt::format(", {} at most", s.max_stake->to_string());
  return text;
}

bool ends_itself(const OddsQuestion& q, const Odds& odds) {
  return q.trades.has_value() || !odds.trades_cut;
}

/// Figures end in one column, so that their digits stand below each other.
void row(std::string& page, std::string_view what, std::string_view figure) {
  constexpr std::size_t kBeside = kWidth - 4;
  const auto letters =
      static_cast<std::size_t>(std::count_if(figure.begin(), figure.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      }));
  page += fmt::format("    {:<{}} {}\n", what, kBeside - std::min(letters, kBeside), figure);
}

/// `hang`: before each line but the first.
void wrap(std::string& page, std::string_view text, std::string_view indent,
          std::string_view hang) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto blank = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, blank);
    if (width == 0 || width + 1 + word.size() > kWidth) {
      const auto before = width == 0 ? indent : hang;
      page += fmt::format("{}{}{}", width == 0 ? "" : "\n", before, word);
      width = before.size() + word.size();
    } else {
      page += fmt::format(" {}", word);
      width += 1 + word.size();
    }
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  page += "\n";
}

void wrap(std::string& page, std::string_view text, std::string_view indent) {
  wrap(page, text, indent, indent);
}

void head(std::string& page, const OddsQuestion& q, const std::vector<OddsCase>& cases) {
  const auto base = q.strategy.staking.base;
  wrap(page,
       fmt::format("{}: {} on {}, {}", q.strategy.name.view(), q.strategy.type,
                   q.strategy.symbol.view(), plan_text(q)),
       "", "  ");
  const auto& first = cases.front();
  wrap(page,
       fmt::format(
           "A contract wins {} of the time ({}) and pays {} for a stake of {}: it would have "
           "to win {} to break even.",
           percent(first.win_probability), q.bet.source(), q.bet.payout(base).to_string(),
           base.to_string(), percent(break_even_rate(q.bet, base))),
       "  ");
}

void endings(std::string& page, const OddsQuestion& q, const Odds& odds) {
  page += "  a session ends with\n";
  for (std::size_t i = 0; i < kSessionEnds; ++i) {
    const auto& share = odds.ends[i];
    if (share.value <= 0) continue;
    row(page, end_text(q, odds, static_cast<SessionEnd>(i)), percent(share));
  }
}

void figures(std::string& page, const OddsQuestion& q, const Odds& odds) {
  page += "  it brings, on average\n";
  row(page, "profit of a session", average_amount(odds.profit));
  row(page, "profit of a trade", average_amount(odds.profit_per_trade));
  row(page, "stakes of a session, together", average_amount(odds.turnover));
  page += "  it lasts\n";
  row(page, "trades, on average", count(odds.trades));
  const auto& t = odds.trade_quantiles;
  row(page, "half of the sessions end within", core::counted(t[2], "trade"));
  row(page, "nine of ten last", fmt::format("{} to {}", t[0], core::counted(t[4], "trade")));
  page += "  it stakes\n";
  row(page, "largest stake", odds.largest_stake.to_string());
  if (odds.reaches_cap) row(page, "sessions that reach the plan's cap", percent(*odds.reaches_cap));
  const auto& run = odds.losing_run;
  if (run.plan_losses) {
    row(page,
        fmt::format("the plan gives up and begins anew after {} in a row",
                    core::counted(*run.plan_losses, "loss", "losses")),
        fmt::format("-{}", run.plan_lost.to_string()));
  }
  if (run.endless) {
    row(page, "losses in a row that fit from the start", "any number");
  } else {
    row(page,
        fmt::format("losses in a row that fit from the start (then {} is too much)",
                    run.denied_stake.to_string()),
        fmt::format("{}, -{}", run.losses, run.lost.to_string()));
    row(page, "forbidden then by", limit_text(q, *run.limit));
  }
}

void interval(std::string& page, const std::vector<OddsCase>& cases) {
  if (cases.size() < 2) return;
  page += "  at both ends of the 95 % interval of what was measured\n";
  page += fmt::format("    {:<14}{:>12}{:>16}{:>14}{:>20}\n", "", "wins", "take profit",
                      "stop loss", "profit, session");
  for (const auto& c : cases) {
    page += fmt::format("    {:<14}{:>12}{:>16}{:>14}{:>20}\n", c.label, percent(c.win_probability),
                        percent(c.odds.end(SessionEnd::kTakeProfit).value),
                        percent(c.odds.end(SessionEnd::kStopLoss).value),
                        average_amount(c.odds.profit.value));
  }
}

std::string method(const Odds& odds) {
  if (!odds.exact) {
    return fmt::format(
        "Simulated: {} sessions, ± is one standard error. The exact computation would have needed "
        "more states or time than it may have.",
        odds.sessions);
  }
  return fmt::format(
      "Computed exactly on cents; no probability is off by more than {:.0e}.{}",
      std::max(odds.error_bound, 1e-12),
      odds.quantiles_exact ? "" : " How many trades: averages exact, rest simulated.");
}

// What the figures allow to be said, and no more.
std::string honest(const Odds& odds) {
  if (odds.profit.value < 0) {
    return "No staking plan and no limit changes the sign of that expectation: it only decides in "
           "what shape the loss arrives.";
  }
  return "An expectation above 0 is as true as the win probability behind it: on synthetic indices "
         "the venue's own generator gives none, so a measured one is luck until proven otherwise.";
}

/// What the sessions do that neither win nor lose: of many trades a day, most may be these.
std::string other_ends(const OddsQuestion& q, const Odds& odds) {
  double rest = 0;
  auto most = SessionEnd::kTakeProfit;
  double most_share = 0;
  for (std::size_t i = 0; i < kSessionEnds; ++i) {
    const auto end = static_cast<SessionEnd>(i);
    const auto share = odds.ends[i].value;
    if (end == SessionEnd::kTakeProfit || end == SessionEnd::kStopLoss || share <= 0) continue;
    rest += share;
    if (share <= most_share) continue;
    most = end;
    most_share = share;
  }
  constexpr double kWorthAWord = 0.005;
  if (rest < kWorthAWord) return {};
  return fmt::format("; {} of the cases end otherwise, mostly: {}", percent(rest),
                     end_text(q, odds, most));
}

}  // namespace

double break_even_rate(const Bet& bet, core::Money stake) {
  const auto payout = bet.payout(stake);
  if (payout.units() <= 0) return 1;
  return static_cast<double>(stake.units()) / static_cast<double>(payout.units());
}

std::vector<std::string> odds_warnings(const OddsQuestion& q, const Odds& odds) {
  std::vector<std::string> out;
  const auto& run = odds.losing_run;
  const auto base = q.strategy.staking.base;
  const bool account = run.limit && *run.limit != SessionEnd::kStopLoss;
  if (account && run.denied_stake > base && !run.plan_losses) {
    out.push_back(fmt::format(
        "{} breaks the plan: it forbids the stake of {} that follows {} losses in a row.",
        limit_text(q, *run.limit), run.denied_stake.to_string(), run.losses));
  }
  if (odds.cut_short.value > kLikely) {
    out.push_back(fmt::format(
        "the plan does not survive a likely run: in {} of the sessions a raised stake no longer "
        "fits, and what was lost before it stays lost.",
        percent(odds.cut_short.value)));
  }
  if (odds.end(SessionEnd::kBalance).value > 0) {
    out.push_back(fmt::format("{} of the sessions lose so much that {} cannot pay the next stake.",
                              percent(odds.end(SessionEnd::kBalance).value),
                              limit_text(q, SessionEnd::kBalance)));
  }
  if (!ends_itself(q, odds)) {
    out.push_back(fmt::format(
        "nothing ends such a session on both sides; the figures are for its first {} trades. Set "
        "session.take_profit and session.stop_loss.",
        *odds.trades_cut));
  }
  if (q.strategy.guards.max_open > 1) {
    out.push_back(
        "guards.max_open is above 1: contracts may overlap, and these figures are for one after "
        "the other.");
  }
  return out;
}

std::string odds_page(const OddsQuestion& q, const std::vector<OddsCase>& cases) {
  std::string page;
  const auto& odds = cases.front().odds;
  head(page, q, cases);
  endings(page, q, odds);
  figures(page, q, odds);
  interval(page, cases);
  wrap(page, method(odds), "  ");
  for (const auto& warning : odds_warnings(q, odds)) wrap(page, "WARNING: " + warning, "  ");
  wrap(page, honest(odds), "  ");
  return page;
}

std::vector<std::string> odds_short(const engine::StrategySettings& strategy,
                                    const risk::AccountLimits& limits, core::Money balance) {
  const auto bet = Bet::of(strategy, Payouts{});
  if (!bet) return {fmt::format("{}: no odds: {}", strategy.name.view(), bet.error().text)};
  const OddsQuestion q{strategy, limits, *bet, balance, std::nullopt, kShortWork};
  const auto result = odds(q, 1, kShortTrades);
  const auto base = strategy.staking.base;
  std::vector<std::string> out;
  out.push_back(fmt::format(
      "{}: a contract wins {} and has to win {} to break even; a trade brings {} on average",
      strategy.name.view(), percent(bet->win_probability()), percent(break_even_rate(*bet, base)),
      average_amount(result.profit_per_trade.value)));
  const auto& profit = strategy.session.take_profit;
  const auto& stop = strategy.session.stop_loss;
  out.push_back(
      profit && stop
          ? fmt::format("  a session wins {} in {} of the cases and loses {} in {}; on average it "
                        "brings {} in {:.0f} trades",
                        profit->to_string(), percent(result.end(SessionEnd::kTakeProfit)),
                        stop->to_string(), percent(result.end(SessionEnd::kStopLoss)),
                        average_amount(result.profit), result.trades.value) +
                other_ends(q, result)
          : fmt::format("  a session brings {} on average in {:.0f} trades",
                        average_amount(result.profit), result.trades.value));
  if (!result.exact) out.back() += fmt::format(" (simulated, {} sessions)", result.sessions);
  const auto warnings = odds_warnings(q, result);
  if (!warnings.empty()) out.push_back("  warning: " + warnings.front());
  return out;
}

std::string odds_summary(const engine::Settings& settings) {
  std::string out;
  for (const auto& strategy : settings.strategies) {
    if (!strategy.enabled) continue;
    for (const auto& line : odds_short(strategy, settings.limits)) {
      out += fmt::format("  {}\n", line);
    }
  }
  return out;
}

}  // namespace derivd::backtest
