#include "backtest/result_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string_view>

#include "core/utc.hpp"
#include "market/kind.hpp"

namespace derivd::backtest {
namespace {

// Names come from the configuration: any bytes of UTF-8.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// The text of one trade, made in one place and appended at once: there are millions of them in a
/// run. Names are bounded by their types, every other piece by its digits.
class Row final {
 public:
  /// A key or a mark of the format.
  template <std::size_t N>
  void put(const char (&text)[N]) {
    std::memcpy(at_, text, N - 1);
    at_ += N - 1;
  }
  void put(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(std::int64_t value) {
    const fmt::format_int text(value);
    put(std::string_view(text.data(), text.size()));
  }
  void put(core::Price price) { put_fixed(price.mantissa(), price.decimals()); }
  void put(core::Money money) { put_fixed(money.units(), money.exponent()); }
  std::string_view text() const {
    return {bytes_.data(), static_cast<std::size_t>(at_ - bytes_.data())};
  }

 private:
  void put_fixed(std::int64_t mantissa, std::size_t decimals) {
    const auto all = mantissa < 0 ? ~static_cast<std::uint64_t>(mantissa) + 1
                                  : static_cast<std::uint64_t>(mantissa);
    if (mantissa < 0) *at_++ = '-';
    const fmt::format_int text(all);
    const std::size_t zeros = text.size() > decimals ? 0 : decimals + 1 - text.size();
    std::memset(at_, '0', zeros);
    std::memcpy(at_ + zeros, text.data(), text.size());
    at_ += zeros + text.size();
    if (decimals == 0) return;
    std::memmove(at_ - decimals + 1, at_ - decimals, decimals);
    *(at_ - decimals) = '.';
    ++at_;
  }

  // Two names of at most six bytes for each of theirs (\u0001), the quotes around them, and some
  // 400 bytes of the rest.
  std::array<char, 6 * (core::Name::kCapacity + market::SymbolCode::kCapacity) + 4 + 600> bytes_;
  char* at_ = bytes_.data();
};

void append_sums(std::string& out, const Sums& s) {
  fmt::format_to(std::back_inserter(out),
                 R"("trades":{},"won":{},"lost":{},"profit":"{}","max_drawdown":"{}",)"
                 R"("max_stake":"{}")",
                 s.trades, s.won, s.lost, s.profit.to_string(), s.max_drawdown.to_string(),
                 s.max_stake.to_string());
}

std::string epoch_or_null(const std::optional<core::VenueTime>& time) {
  return time ? fmt::format("{}", time->s) : "null";
}

}  // namespace

ResultJson::ResultJson(const Options& options, std::span<const Tape> tapes, bool times)
    : times_(times) {
  for (const auto& s : options.settings.strategies) {
    strategies_.push_back(json_string(s.name.view()));
    leaves_.push_back(s.exit.any());
    any_leaves_ |= s.enabled && s.exit.any();
    const bool by_rule = std::ranges::any_of(s.rules.rules, [](const rules::Rule& rule) {
      const auto* terms = std::get_if<market::MultiplierTerms>(&rule.buy.terms);
      return terms != nullptr && terms->cancellation;
    });
    any_fees_ |= s.enabled && (s.contract.cancellation || by_rule);
  }
  for (const auto& t : tapes) symbols_.push_back(json_string(t.symbol.view()));
}

namespace {

/// How it ended and against what, where entry and exit do not say it; of a strategy that `leaves`
/// contracts early, always.
void append_end(std::string& out, const Trade& t, bool leaves) {
  const auto& kind = market::kind_of(t.type);
  const bool plain = kind.wins != nullptr && !market::has_form(t.type, market::BarrierForm::kPair);
  if (plain && !leaves && t.end != market::End::kSold) return;
  fmt::format_to(std::back_inserter(out), ",\"end\":\"{}\"", market::name_of(t.end));
  if (t.fee) fmt::format_to(std::back_inserter(out), ",\"fee\":\"{}\"", t.fee->to_string());
  if (t.sell_epoch) {
    fmt::format_to(std::back_inserter(out), ",\"sell_epoch\":{}", t.sell_epoch->s);
  }
  if (t.barrier) {
    fmt::format_to(std::back_inserter(out), ",\"barrier\":\"{}\"", t.barrier->to_string());
  }
  if (t.low_barrier) {
    fmt::format_to(std::back_inserter(out), ",\"barrier2\":\"{}\"", t.low_barrier->to_string());
  }
}

void append_times(std::string& out, const Trade& t) {
  const auto add = [&](std::string_view key, core::VenueTime time) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":\"{}\"", key, core::utc_iso(time));
  };
  add("signal_utc", t.signal_epoch);
  add("entry_utc", t.entry_epoch);
  add("exit_utc", t.exit_epoch);
  add("settled_utc", t.settled_epoch);
  if (t.sell_epoch) add("sell_utc", *t.sell_epoch);
}

std::string utc_or_null(const std::optional<core::VenueTime>& time) {
  return time ? fmt::format("\"{}\"", core::utc_iso(*time)) : "null";
}

}  // namespace

void ResultJson::begin(std::string& out) const { out += "{\"trades\":["; }

void ResultJson::trade(std::string& out, const Trade& t) {
  Row row;
  if (any_) row.put(",");
  any_ = true;
  row.put("\n{\"n\":");
  row.put(t.n);
  row.put(",\"strategy\":");
  row.put(strategies_[t.strategy]);
  row.put(",\"symbol\":");
  row.put(symbols_[t.tape]);
  row.put(",\"type\":\"");
  row.put(market::name_of(t.type));
  row.put("\",\"signal_epoch\":");
  row.put(t.signal_epoch.s);
  row.put(",\"entry_epoch\":");
  row.put(t.entry_epoch.s);
  row.put(",\"exit_epoch\":");
  row.put(t.exit_epoch.s);
  row.put(",\"entry\":\"");
  row.put(t.entry);
  row.put("\",\"exit\":\"");
  row.put(t.exit);
  row.put("\",\"stake\":\"");
  row.put(t.stake);
  row.put("\",\"payout\":\"");
  row.put(t.payout);
  row.put("\",\"profit\":\"");
  row.put(t.profit);
  row.put("\",\"settled_epoch\":");
  row.put(t.settled_epoch.s);
  out.append(row.text());
  append_end(out, t, leaves_[t.strategy]);
  if (times_) append_times(out, t);
  out.push_back('}');
}

void ResultJson::end(std::string& out, const Result& result, std::string_view payouts) const {
  out += "],\n\"strategies\":{";
  for (std::size_t i = 0; i < result.strategies.size(); ++i) {
    const auto& s = result.strategies[i];
    fmt::format_to(std::back_inserter(out), "{}\n{}:{{", i == 0 ? "" : ",", strategies_[i]);
    append_sums(out, s.sums);
    fmt::format_to(std::back_inserter(out), ",\"open\":{},\"halted\":{},\"refused\":{}}}", s.open,
                   s.halted ? json_string(*s.halted) : "null", s.refused);
  }
  out += "},\n\"account\":{";
  append_sums(out, result.total);
  fmt::format_to(std::back_inserter(out), ",\"balance\":\"{}\"}},\n", result.balance.to_string());
  if (any_leaves_) out += "\"bids\":\"model\",\n";
  if (any_fees_) out += "\"fees\":\"model\",\n";
  fmt::format_to(std::back_inserter(out), "\"ticks\":{},\"first\":{},\"last\":{}", result.ticks,
                 epoch_or_null(result.first), epoch_or_null(result.last));
  if (times_) {
    fmt::format_to(std::back_inserter(out), ",\"first_utc\":{},\"last_utc\":{}",
                   utc_or_null(result.first), utc_or_null(result.last));
  }
  if (!payouts.empty()) fmt::format_to(std::back_inserter(out), ",\n\"payouts\":{}", payouts);
  out += "}\n";
}

}  // namespace derivd::backtest
