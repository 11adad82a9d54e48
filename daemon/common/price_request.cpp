#include "common/price_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "config/config.hpp"
#include "config/contract.hpp"
#include "core/printable.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "market/symbol_words.hpp"

namespace derivd::daemon {
namespace {

using nlohmann::json;

/// Bytes of one of its texts; the longest is a spec.
constexpr std::size_t kMaxWord = market::kMaxSpecText;
constexpr std::int64_t kUsualTicks = 5;
constexpr std::string_view kUsualStake = "1";

/// Keys below `contract:`; those that the configuration wants as plain numbers are marked.
struct Key {
  std::string_view name;
  bool is_number = false;
};
constexpr std::array kKeys{Key{"duration"},
                           Key{"until"},
                           Key{"barrier"},
                           Key{"barrier2"},
                           Key{"prediction", true},
                           Key{"selected_tick", true},
                           Key{"growth"},
                           Key{"multiplier", true},
                           Key{"payout_per_point", true},
                           Key{"take_profit", true},
                           Key{"stop_loss", true},
                           Key{"cancellation"}};

PriceRequest refuse(std::string code, std::string error) {
  PriceRequest out;
  out.code = std::move(code);
  out.error = core::printable(error);
  return out;
}
PriceRequest misuse(std::string error) { return refuse("usage", std::move(error)); }

std::string request_text_at(const json& request, std::string_view key) {
  const auto it = request.find(key);
  return it != request.end() && it->is_string() ? it->get<std::string>().substr(0, kMaxWord)
                                                : std::string{};
}

/// Fit to stand in YAML as it is.
bool is_plain_request(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

/// A text of JSON is one of YAML.
std::string yaml_text(std::string_view text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string usual_length(const market::Needs& needs) {
  if (needs.ticks) {
    return fmt::format("{}t",
                       std::clamp<std::int64_t>(kUsualTicks, needs.min_ticks, needs.max_ticks));
  }
  const bool minutes = needs.min_seconds % 60 == 0;
  return fmt::format("{}{}", minutes ? needs.min_seconds / 60 : needs.min_seconds,
                     minutes ? "m" : "s");
}

/// A configuration with one strategy that buys this contract.
std::string configuration_of(const json& request, std::string_view symbol,
                             const market::Kind& kind) {
  std::string contract = fmt::format("type: {}", yaml_text(kind.name));
  bool has_length = !kind.needs.has_length();
  for (const auto& key : kKeys) {
    const auto text = request_text_at(request, key.name);
    if (text.empty()) continue;
    has_length = has_length || key.name == "duration" || key.name == "until";
    contract += fmt::format(", {}: {}", key.name,
                            key.is_number && is_plain_request(text) ? text : yaml_text(text));
  }
  if (!has_length) contract += fmt::format(", duration: {}", usual_length(kind.needs));
  if (!request_text_at(request, "payout").empty()) contract += ", basis: payout";
  return fmt::format(
      "strategies: [{{ name: price, type: random, symbol: {}, contract: {{ {} }}, "
      "staking: {{ base: 1 }} }}]",
      yaml_text(symbol), contract);
}

/// "--barrier" of "strategies[0].contract.barrier".
std::string option_of(std::string_view key) {
  constexpr std::string_view kContract = "strategies[0].contract.";
  if (key.starts_with(kContract)) return fmt::format("--{}", key.substr(kContract.size()));
  return key == "strategies[0].symbol" ? "SYMBOL" : std::string(key);
}

/// The symbol, where the venue or the snapshot has it.
std::optional<PriceRequest> check_symbol(const market::Symbols& symbols, const std::string& code,
                                         std::string_view ctl) {
  if (!market::is_symbol_code(code)) {
    return misuse(market::not_a_symbol(symbols, code));
  }
  const bool known =
      symbols.is_learned() ? symbols.listed(code) != nullptr : symbols.find(code) != nullptr;
  if (known) return std::nullopt;
  const auto near = symbols.nearest(code);
  return refuse("not_found",
                fmt::format("{} is not in {}{}; {} symbols lists them", code, symbols.source(),
                            near.empty() ? "" : fmt::format("; did you mean {}?", near), ctl));
}

std::string types_on(const market::Symbols& symbols, std::string_view code) {
  const auto* offerings = symbols.offerings(code);
  return fmt::format(
      "{}",
      fmt::join(offerings != nullptr ? offerings->types() : config::contract_type_names(), ", "));
}

/// The amount by which it is asked.
core::Result<core::Money> amount_of(const json& request, std::uint8_t exponent) {
  const auto payout = request_text_at(request, "payout");
  auto stake = request_text_at(request, "stake");
  if (!payout.empty() && !stake.empty()) {
    return core::invalid("--stake and --payout: give one of the two");
  }
  const auto* name = payout.empty() ? "--stake" : "--payout";
  if (stake.empty()) stake = kUsualStake;
  const auto amount = core::Money::parse(payout.empty() ? stake : payout, exponent);
  if (!amount) return core::invalid(fmt::format("{}: {}", name, amount.error().text));
  if (amount->units() <= 0) {
    return core::invalid(fmt::format("{}: {} is not above 0", name, amount->to_string()));
  }
  return *amount;
}

/// By the words of the configuration.
PriceRequest read_words(const json& request, const market::Symbols& symbols, std::string_view ctl) {
  const auto symbol = request_text_at(request, "symbol");
  if (auto refused = check_symbol(symbols, symbol, ctl)) return *refused;
  const auto name = request_text_at(request, "type");
  const auto type = market::contract_type_from(name);
  if (!type) {
    return refuse("not_found", fmt::format("'{}' is no contract type that derivd knows; on {}: {}",
                                           name.substr(0, 40), symbol, types_on(symbols, symbol)));
  }
  const auto text = configuration_of(request, symbol, market::kind_of(*type));
  const auto loaded = config::load_text(text, {}, symbols);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    const auto& first = problems->front();
    return misuse(fmt::format("{}: {}", option_of(first.key), first.reason));
  }
  const auto& config = std::get<config::Config>(loaded);
  for (const auto& problem : config.not_offered) {
    if (problem.by_venue) return refuse("not_found", problem.reason);
  }
  const auto& settings = config.engine.strategies.front();
  PriceRequest out;
  out.symbol = symbols.get(symbol);
  const auto spec = engine::sample_spec(settings, *type, out.symbol.decimals);
  if (!spec) return misuse(spec.error().text);
  out.spec = *spec;
  return out;
}

PriceRequest read_spec(const std::string& text, const market::Symbols& symbols,
                       std::string_view ctl) {
  const auto spec = market::decode(text);
  if (!spec) return misuse(fmt::format("spec: {}", spec.error().text));
  if (auto refused = check_symbol(symbols, spec->symbol.str(), ctl)) return *refused;
  PriceRequest out;
  out.spec = *spec;
  out.symbol = symbols.get(spec->symbol);
  if (auto problem = market::problem_of(*spec, out.symbol)) {
    return misuse(fmt::format("spec: {}", problem->text));
  }
  return out;
}

}  // namespace

PriceRequest read_price_request(const json& request, const market::Symbols& symbols,
                                std::uint8_t exponent, std::string_view ctl) {
  const auto spec = request_text_at(request, "spec");
  auto out = spec.empty() ? read_words(request, symbols, ctl) : read_spec(spec, symbols, ctl);
  if (!out.code.empty()) return out;
  const auto amount = amount_of(request, exponent);
  if (!amount) return misuse(amount.error().text);
  out.amount = *amount;
  return out;
}

}  // namespace derivd::daemon
