// The output of `derivctl backtest --json`, which may be of any hand, as the source of a report.
#include <fmt/format.h>

#include <array>
#include <optional>
#include <set>

#include "common/json_walk.hpp"
#include "core/bounds.hpp"
#include "core/printable.hpp"
#include "derivctl/report_source.hpp"
#include "market/symbol.hpp"

namespace derivd::ctl {
namespace {

using daemon::JsonPath;
using daemon::JsonScalar;
using daemon::JsonVisitor;
using report::Ending;
using report::Trade;

/// A year of one-second ticks with a trade at every fourth; each takes some 300 bytes of memory.
constexpr std::size_t kReportBacktestMaxTrades = 8'000'000;
constexpr std::size_t kMaxBacktestFile = std::size_t{4} << 30;
/// Strategies and symbols that have a row of their own: a configuration has at most 64.
constexpr std::size_t kMaxNames = 1000;
constexpr std::size_t kMaxName = 200;

core::Error bad(std::string_view key, std::string_view why) {
  return core::invalid(fmt::format("'{}' {}", key, why));
}

/// One trade is taken as soon as it is whole, so that a list of millions needs no document.
class BacktestReader final : public JsonVisitor {
 public:
  BacktestReader(const ReportFilter& filter, ReportSource& source)
      : filter_(filter), source_(source) {}

  core::Result<void> begin(const JsonPath& path, bool is_object) override {
    if (path.is({"trades", "#"}) && is_object) {
      seen_ = {};
      early_.reset();
    }
    if (path.is({"strategies"}) && is_object) has_strategies_ = true;
    return {};
  }
  core::Result<void> end(const JsonPath& path, bool is_object) override {
    if (path.is({"trades", "#"}) && is_object) return take();
    return {};
  }
  core::Result<void> scalar(const JsonPath& path, const JsonScalar& value) override {
    if (path.size() != 3) return {};
    if (path[0].is_key && path[0].key == "trades" && !path[1].is_key && path[2].is_key) {
      return field(path[2].key, value);
    }
    if (path[0].is_key && path[0].key == "strategies" && path[1].is_key && path[2].is_key &&
        path[2].key == "halted" && value.kind == JsonScalar::Kind::kText) {
      return halted(path[1].key, value.text);
    }
    return {};
  }
  bool has_strategies() const { return has_strategies_; }

 private:
  // What a trade must have; the exit's epoch stands for a missing settlement's.
  enum Field : std::uint8_t {
    kN,
    kStrategy,
    kSymbol,
    kType,
    kSignal,
    kExitEpoch,
    kSettled,
    kStake,
    kPayout,
    kProfit,
    kEntry,
    kExit,
    kFields
  };
  static constexpr std::array<std::string_view, kFields> kKeys{
      "n",     "strategy", "symbol", "type",  "signal_epoch", "exit_epoch", "settled_epoch",
      "stake", "payout",   "profit", "entry", "exit"};

  core::Result<void> field(std::string_view key, const JsonScalar& value) {
    for (std::size_t i = 0; i < kFields; ++i) {
      if (kKeys[i] == key) return set(static_cast<Field>(i), value);
    }
    if (key != "end" || value.kind != JsonScalar::Kind::kText) return {};
    if (value.text == "sold") early_ = Ending::kSold;
    if (value.text == "cancelled") early_ = Ending::kCancelled;
    return {};
  }
  core::Result<void> set(Field field, const JsonScalar& value) {
    const bool is_whole =
        field == kN || field == kSignal || field == kExitEpoch || field == kSettled;
    const auto wanted = is_whole ? JsonScalar::Kind::kWhole : JsonScalar::Kind::kText;
    if (value.kind != wanted) return bad(kKeys[field], is_whole ? "is no number" : "is no text");
    seen_[field] = true;
    if (!is_whole) {
      texts_[field] = value.text;
      return {};
    }
    if (field != kN && !core::is_date(core::VenueTime{value.whole})) {
      return bad(kKeys[field], "is no epoch");
    }
    numbers_[field] = value.whole;
    return {};
  }

  core::Result<void> name(const std::string& text, const char* key) {
    if (text.size() > kMaxName) return bad(key, "is too long");
    if (names_.size() >= kMaxNames && !names_.contains(text)) {
      return bad(key, fmt::format("has more than {} different values", kMaxNames));
    }
    names_.insert(text);
    return {};
  }
  core::Result<core::Money> money(Field field) {
    auto out = core::Money::parse_as_written(texts_[field]);
    if (!out) return bad(kKeys[field], out.error().text);
    if (!decimals_ && !out->is_zero()) decimals_ = out->exponent();
    if (!out->is_zero() && *decimals_ != out->exponent()) {
      return bad(kKeys[field], "has other decimals than the first amount");
    }
    if (!bound_.take(*out)) return bad(kKeys[field], "is too much to be added up");
    return out;
  }

  core::Result<void> take() {
    if (!seen_[kN]) return bad("n", "is missing");
    for (std::size_t i = 0; i < kFields; ++i) {
      if (!seen_[i] && i != kSettled) return bad(kKeys[i], "is missing");
    }
    Trade t;
    t.id = numbers_[kN];
    if (auto good = name(texts_[kStrategy], "strategy"); !good) return good;
    if (auto good = name(texts_[kSymbol], "symbol"); !good) return good;
    const auto type = market::contract_type_from(texts_[kType]);
    if (!type) return bad("type", "is not a contract type");
    t.type = *type;
    t.strategy = texts_[kStrategy];
    t.symbol = texts_[kSymbol];
    t.bought = {numbers_[kSignal]};
    t.settled = {numbers_[seen_[kSettled] ? kSettled : kExitEpoch]};
    if (auto good = amounts(t); !good) return good;
    if (auto good = quotes(t); !good) return good;
    if (!wanted(t)) return {};
    if (source_.trades.size() == kReportBacktestMaxTrades) {
      return core::invalid(fmt::format("more than {} trades", kReportBacktestMaxTrades));
    }
    source_.trades.push_back(std::move(t));
    return {};
  }
  core::Result<void> amounts(Trade& t) {
    const auto stake = money(kStake);
    if (!stake) return stake.error();
    const auto payout = money(kPayout);
    if (!payout) return payout.error();
    const auto profit = money(kProfit);
    if (!profit) return profit.error();
    t.stake = t.asked = *stake;
    t.payout = *payout;
    t.profit = *profit;
    t.ending = early_                ? *early_
               : profit->units() > 0 ? Ending::kWon
               : profit->units() < 0 ? Ending::kLost
                                     : Ending::kBreakEven;
    return {};
  }
  core::Result<void> quotes(Trade& t) {
    const auto* symbol = market::find_symbol(t.symbol);
    if (symbol == nullptr) return {};
    const auto entry = core::Price::parse(texts_[kEntry], symbol->decimals);
    if (!entry) return bad("entry", entry.error().text);
    const auto exit = core::Price::parse(texts_[kExit], symbol->decimals);
    if (!exit) return bad("exit", exit.error().text);
    t.entry = *entry;
    t.exit = *exit;
    return {};
  }
  bool wanted(const Trade& t) const {
    const auto at = t.bought.s * 1'000'000;
    return (filter_.strategy.empty() || t.strategy == filter_.strategy) &&
           (!filter_.since || at >= filter_.since->us) &&
           (!filter_.until || at < filter_.until->us);
  }

  core::Result<void> halted(const std::string& strategy, std::string_view why) {
    if (auto good = name(strategy, "strategies"); !good) return good;
    if (!filter_.strategy.empty() && strategy != filter_.strategy) return {};
    execution::HaltRecord halt;
    halt.strategy = core::Name(core::cut_utf8(strategy, core::Name::kCapacity));
    halt.kind = core::ShortString<32>(core::cut_utf8(why, 32));
    if (source_.history.halts.size() < kMaxNames) source_.history.halts.push_back(halt);
    return {};
  }

  const ReportFilter& filter_;
  ReportSource& source_;
  std::array<bool, kFields> seen_{};
  std::optional<report::Ending> early_;  // sold or cancelled before its end
  std::array<std::int64_t, kFields> numbers_{};
  std::array<std::string, kFields> texts_;
  core::AmountBound bound_;
  std::optional<std::uint8_t> decimals_;  // of the first amount, and of all
  std::set<std::string> names_;
  bool has_strategies_ = false;
};

}  // namespace

core::Result<ReportSource> read_backtest(daemon::ByteSource& bytes, const ReportFilter& filter) {
  ReportSource source;
  source.title = "back-test";
  source.mode = ReportMode::kBacktest;
  BacktestReader reader(filter, source);
  if (const auto done = daemon::walk_json(bytes, kMaxBacktestFile, reader); !done)
    return done.error();
  if (!reader.has_strategies()) return bad("strategies", "is missing");
  return source;
}

core::Result<ReportSource> source_from_backtest(const std::string& file,
                                                const ReportFilter& filter) {
  auto bytes = daemon::ByteSource::open(file);
  if (!bytes) return bytes.error();
  auto source = read_backtest(*bytes, filter);
  if (source) return source;
  return core::Error{source.error().kind,
                     fmt::format("{}: not the output of `derivctl backtest --json`: {}", file,
                                 source.error().text)};
}

}  // namespace derivd::ctl
