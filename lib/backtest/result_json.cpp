#include "backtest/result_json.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace derivd::backtest {
namespace {

// Names come from the configuration: any bytes of UTF-8.
std::string quoted(std::string_view text) {
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

void append(std::string& out, std::int64_t value) {
  const fmt::format_int text(value);
  out.append(text.data(), text.size());
}

// Millions of times in a run, where core's to_string would make a string for each.
void append_fixed(std::string& out, std::int64_t mantissa, int decimals) {
  std::array<char, 24> text{};
  auto* at = text.data() + text.size();
  auto rest = mantissa < 0 ? ~static_cast<std::uint64_t>(mantissa) + 1
                           : static_cast<std::uint64_t>(mantissa);
  for (int i = 0; i < decimals || rest != 0 || i == decimals; ++i) {
    if (i == decimals && decimals > 0) *--at = '.';
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  if (mantissa < 0) *--at = '-';
  out.append(at, static_cast<std::size_t>(text.data() + text.size() - at));
}

void append(std::string& out, std::string_view key, core::Price price) {
  out += key;
  append_fixed(out, price.mantissa(), price.decimals());
}

void append(std::string& out, std::string_view key, core::Money money) {
  out += key;
  append_fixed(out, money.units(), money.exponent());
}

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

ResultJson::ResultJson(const Options& options, std::span<const Tape> tapes) {
  for (const auto& s : options.settings.strategies) strategies_.push_back(quoted(s.name.view()));
  for (const auto& t : tapes) symbols_.push_back(quoted(t.symbol.view()));
}

void ResultJson::begin(std::string& out) const { out += "{\"trades\":["; }

void ResultJson::trade(std::string& out, const Trade& t) {
  out += any_ ? ",\n{\"n\":" : "\n{\"n\":";
  any_ = true;
  append(out, t.n);
  out += ",\"strategy\":";
  out += strategies_[t.strategy];
  out += ",\"symbol\":";
  out += symbols_[t.tape];
  out += ",\"type\":\"";
  out += market::name_of(t.type);
  out += "\",\"signal_epoch\":";
  append(out, t.signal_epoch.s);
  out += ",\"entry_epoch\":";
  append(out, t.entry_epoch.s);
  out += ",\"exit_epoch\":";
  append(out, t.exit_epoch.s);
  append(out, ",\"entry\":\"", t.entry);
  append(out, "\",\"exit\":\"", t.exit);
  append(out, "\",\"stake\":\"", t.stake);
  append(out, "\",\"payout\":\"", t.payout);
  append(out, "\",\"profit\":\"", t.profit);
  out += "\",\"settled_epoch\":";
  append(out, t.settled_epoch.s);
  out += '}';
}

void ResultJson::end(std::string& out, const Result& result) const {
  out += "],\n\"strategies\":{";
  for (std::size_t i = 0; i < result.strategies.size(); ++i) {
    const auto& s = result.strategies[i];
    fmt::format_to(std::back_inserter(out), "{}\n{}:{{", i == 0 ? "" : ",", strategies_[i]);
    append_sums(out, s.sums);
    fmt::format_to(std::back_inserter(out), ",\"open\":{},\"halted\":{},\"refused\":{}}}", s.open,
                   s.halted ? quoted(*s.halted) : "null", s.refused);
  }
  out += "},\n\"account\":{";
  append_sums(out, result.total);
  fmt::format_to(std::back_inserter(out), ",\"balance\":\"{}\"}},\n", result.balance.to_string());
  fmt::format_to(std::back_inserter(out), "\"ticks\":{},\"first\":{},\"last\":{}}}\n", result.ticks,
                 epoch_or_null(result.first), epoch_or_null(result.last));
}

}  // namespace derivd::backtest
