#include "derivd/metrics.hpp"

#include <unistd.h>

#include <cstdio>
#include <optional>

#include "common/left.hpp"
#include "service/exposition.hpp"

namespace derivd::daemon {
namespace {

using core::EventKind;
using service::Exposition;
using Type = Exposition::Type;

/// Currencies of another exponent cannot meet in one account; if they did, a figure would be lost
/// rather than the daemon.
void add(core::Money& sum, core::Money amount) {
  if (sum.is_zero() && sum.exponent() != amount.exponent()) {
    sum = core::Money::minor(0, amount.exponent());
  }
  if (sum.exponent() == amount.exponent()) sum += amount;
}

/// Resident memory in bytes, as the kernel counts it.
std::optional<std::int64_t> resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return std::nullopt;
  long long total = 0;
  long long resident = 0;
  const int read = std::fscanf(file, "%lld %lld", &total, &resident);
  std::fclose(file);
  if (read != 2) return std::nullopt;
  return resident * ::sysconf(_SC_PAGESIZE);
}

void gauge(Exposition& out, std::string_view name, std::string_view help, auto value) {
  out.family(name, Type::kGauge, help);
  out.sample({}, value);
}

void counter(Exposition& out, std::string_view name, std::string_view help, auto value) {
  out.family(name, Type::kCounter, help);
  out.sample({}, value);
}

std::int64_t flag(bool value) { return value ? 1 : 0; }

void session(Exposition& out, const Trader& trader, const core::Now& now) {
  const auto& stats = trader.session().stats();
  out.family("derivd_session_state", Type::kGauge, "1 for the state that the session is in.");
  for (auto s = 0; s <= static_cast<int>(deriv::SessionState::kDraining); ++s) {
    const auto state = static_cast<deriv::SessionState>(s);
    out.sample({{"state", deriv::name_of(state)}}, flag(trader.state() == state));
  }
  gauge(out, "derivd_session_live", "1 while trading is possible.",
        flag(trader.state() == deriv::SessionState::kLive));
  counter(out, "derivd_session_reconnects_total", "Attempts to connect after the first.",
          stats.reconnects);
  counter(out, "derivd_ticks_total", "Ticks received.", stats.ticks);
  counter(out, "derivd_quotes_refused_total", "Quotes that are none: 0 or less, or malformed.",
          stats.quotes_refused);
  counter(out, "derivd_frames_total", "Messages of the venue.", stats.frames);
  counter(out, "derivd_frames_refused_total", "Messages that could not be understood.",
          stats.frames_refused);
  counter(out, "derivd_requests_total", "Requests sent to the venue.", stats.requests);
  out.family("derivd_tick_age_seconds", Type::kGauge,
             "Time since the last tick of a symbol, or since one is waited for.");
  for (const auto& tick : trader.session().tick_ages(now)) {
    out.sample({{"symbol", tick.symbol.view()}}, tick.age);
  }
  out.family("derivd_symbol_late", Type::kGauge,
             "1 while a tick of the symbol should have come by its rhythm.");
  for (const auto& tick : trader.session().tick_ages(now)) {
    out.sample({{"symbol", tick.symbol.view()}}, flag(tick.late));
  }
  out.family("derivd_request_seconds", Type::kHistogram,
             "From a request to its answer, whatever it says.");
  out.sample({{"call", "buy"}}, stats.buy_latency);
  out.sample({{"call", "other"}}, stats.other_latency);
}

void limits(Exposition& out, const risk::AccountLeft& left) {
  out.family("derivd_limit_left_money", Type::kGauge,
             "What is left of the account's limits, everything open counted as lost.");
  const auto money = [&](std::string_view limit, const std::optional<core::Money>& value) {
    if (value) out.sample({{"limit", limit}}, *value);
  };
  money("max_open_stake", left.open_stake);
  money("daily_loss", left.daily_loss);
  money("daily_profit", left.daily_profit);
  money("min_balance", left.min_balance);
  out.family("derivd_limit_left_number", Type::kGauge, "What is left of the account's limits.");
  const auto count = [&](std::string_view limit, const std::optional<std::int64_t>& value) {
    if (value) out.sample({{"limit", limit}}, *value);
  };
  count("max_open_contracts", left.open_contracts);
  count("max_trades_per_day", left.trades_per_day);
}

void account(Exposition& out, const Trader& trader) {
  const auto view = trader.engine().account();
  if (view.balance) gauge(out, "derivd_balance", "The account's balance.", *view.balance);
  gauge(out, "derivd_day_profit", "Settled profit of the trading day.", view.day_profit);
  gauge(out, "derivd_day_trades", "Purchases of the trading day.", view.day_trades);
  gauge(out, "derivd_open_contracts", "Contracts that run.", view.open_contracts);
  gauge(out, "derivd_exposure", "Stakes of everything that may still be lost.", view.open_stake);
  gauge(out, "derivd_unknown_orders", "Purchases whose outcome is not proven.",
        view.unknown_orders);
  limits(out, account_left(trader.engine(), trader.engine().limits()));
}

void strategies(Exposition& out, const Trader& trader, const config::Config& config) {
  const auto views = trader.engine().strategies();
  const auto risks = at_risk_by_strategy(trader.engine());
  const auto each = [&](std::string_view name, std::string_view help, auto&& value) {
    out.family(name, Type::kGauge, help);
    for (const auto& v : views) out.sample({{"strategy", v.name.view()}}, value(v));
  };
  out.family("derivd_strategy_status", Type::kGauge, "1 for the status that a strategy is in.");
  for (const auto& v : views) {
    for (auto s = 0; s <= static_cast<int>(engine::StrategyStatus::kBlocked); ++s) {
      const auto status = static_cast<engine::StrategyStatus>(s);
      out.sample({{"strategy", v.name.view()}, {"status", engine::name_of(status)}},
                 flag(v.status == status));
    }
  }
  using View = engine::StrategyView;
  each("derivd_strategy_profit", "Realised profit of the strategy's session.",
       [](const View& v) { return v.profit; });
  each("derivd_strategy_peak", "Best realised profit of the session, at least 0.",
       [](const View& v) { return v.peak; });
  each("derivd_strategy_next_stake", "Stake of the next purchase.",
       [](const View& v) { return v.next_stake; });
  each("derivd_strategy_open", "Orders of the strategy that are not settled.",
       [](const View& v) { return v.open; });
  each("derivd_strategy_refused", "Purchases and quotes of the session that the venue refused.",
       [](const View& v) { return v.refused; });
  each("derivd_strategy_refused_in_row", "Of those, the ones since the last purchase.",
       [](const View& v) { return v.refused_in_row; });
  out.family("derivd_strategy_left_money", Type::kGauge,
             "What is left of the session's stop loss, everything open counted as lost.");
  for (const auto& v : views) {
    const auto risk = risks.find(v.name);
    const auto open =
        risk == risks.end() ? core::Money::minor(0, v.profit.exponent()) : risk->second;
    if (const auto left = session_left(v, open, config.engine)) {
      out.sample({{"strategy", v.name.view()}}, *left);
    }
  }
}

}  // namespace

void Metrics::on_event(const core::Event& event) {
  const auto index = static_cast<std::size_t>(event.kind);
  if (index < events_.size()) ++events_[index];
  if (event.kind == EventKind::kOrderResolved && event.contract_id.value == 0) ++absent_;
  if (event.kind != EventKind::kContractSettled || !event.profit) return;
  const auto units = event.profit->units();
  ++(units > 0 ? won_ : units < 0 ? lost_ : even_);
  if (event.stake) add(stakes_, *event.stake);
  add(units > 0 ? gains_ : losses_, units > 0 ? *event.profit : -*event.profit);
}

void Metrics::on_append(std::span<const execution::Record>, core::Duration took, bool done) {
  appends_.add(took);
  appends_failed_ += done ? 0 : 1;
}

std::string Metrics::page(const Trader& trader, const config::Config& config, const core::Now& now,
                          const Process& process) const {
  Exposition out;
  out.family("derivd_build_info", Type::kGauge, "1; the version is in the label.");
  out.sample({{"version", DERIVD_VERSION}}, std::int64_t{1});
  gauge(out, "derivd_uptime_seconds", "Since the daemon's start.", process.uptime);
  gauge(out, "derivd_loop_lag_seconds", "Longest delay of the loop in the last second.",
        process.loop_lag);
  counter(out, "derivd_log_entries_dropped_total", "Entries that the log could not take.",
          process.log_lost);
  if (const auto bytes = resident_bytes()) {
    gauge(out, "derivd_resident_memory_bytes", "Resident memory.", *bytes);
  }
  out.family("derivd_mode", Type::kGauge, "1 for the mode: on paper every fill is simulated.");
  out.sample({{"mode", "live"}}, flag(!trader.is_paper()));
  out.sample({{"mode", "paper"}}, flag(trader.is_paper()));
  session(out, trader, now);
  const auto event = [&](EventKind kind) { return events_[static_cast<std::size_t>(kind)]; };
  out.family("derivd_orders_total", Type::kCounter,
             "Orders that were sent, by what became of them.");
  out.sample({{"outcome", "sent"}}, event(EventKind::kOrderSent));
  out.sample({{"outcome", "bought"}}, event(EventKind::kContractBought));
  out.sample({{"outcome", "refused"}}, event(EventKind::kOrderRefused));
  out.sample({{"outcome", "unknown"}}, event(EventKind::kOrderUnknown));
  out.sample({{"outcome", "absent"}}, absent_);
  out.sample({{"outcome", "ambiguous"}}, event(EventKind::kOrderAmbiguous));
  out.family("derivd_contracts_settled_total", Type::kCounter, "Settled contracts, by result.");
  out.sample({{"result", "won"}}, won_);
  out.sample({{"result", "lost"}}, lost_);
  out.sample({{"result", "break_even"}}, even_);
  counter(out, "derivd_settled_stakes_total", "Stakes of settled contracts.", stakes_);
  counter(out, "derivd_gains_total", "Profits of contracts that won.", gains_);
  counter(out, "derivd_losses_total", "Losses of contracts that lost.", losses_);
  counter(out, "derivd_halts_total", "Strategies that were halted.",
          event(EventKind::kStrategyHalted) + event(EventKind::kOperatorHalt));
  out.family("derivd_events_total", Type::kCounter, "Entries for the journal, before any limit.");
  for (std::size_t i = 0; i < events_.size(); ++i) {
    out.sample({{"event", core::name_of(static_cast<EventKind>(i))}}, events_[i]);
  }
  account(out, trader);
  strategies(out, trader, config);
  out.family("derivd_journal_append_seconds", Type::kHistogram, "Time of a write to the journal.");
  out.sample({}, appends_);
  counter(out, "derivd_journal_append_failures_total", "Writes to the journal that failed.",
          appends_failed_);
  gauge(out, "derivd_journal_healthy", "0 once the journal could not be written.",
        flag(!trader.journal_broken()));
  return out.text();
}

}  // namespace derivd::daemon
