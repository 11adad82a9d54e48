// Higher and lower: the exit against the entry and an offset; a tie loses. v3 has no such types: it
// sells CALL and PUT with a barrier.
#include <fmt/format.h>

#include "market/european.hpp"
#include "market/kind.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

std::optional<double> as_quoted(const ContractSpec&) { return std::nullopt; }

std::string rule(const ContractSpec& spec) {
  const auto offset = spec.offset().to_string();
  return fmt::format("wins when the exit is {} the entry {}; a tie loses",
                     kind_of(spec.type).direction < 0 ? "below" : "above",
                     spec.offset().mantissa() < 0 ? "minus " + offset.substr(1) : "plus " + offset);
}

constexpr Kind row(std::string_view name, std::string_view v3_name, std::int8_t direction) {
  Kind kind{.name = name, .v3_name = v3_name, .family = "higher/lower"};
  kind.needs = {.barrier = BarrierForm::kOffset};
  kind.direction = direction;
  kind.wins = is_beyond;
  kind.at_end = won_or_lost;
  kind.probability = european_probability;
  kind.probability_now = european_probability_now;
  kind.fair = as_quoted;
  kind.rule = rule;
  kind.code_agrees = offset_code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kHigher = row("HIGHER", "CALL", 1);
constinit const Kind rows::kLower = row("LOWER", "PUT", -1);

}  // namespace derivd::market
