// Rise and fall: the exit against the entry. The E forms win on a tie.
#include "market/european.hpp"
#include "market/kind.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

bool is_beyond_or_equal(const ContractSpec& spec, core::Price entry, core::Price exit) {
  return kind_of(spec.type).direction < 0 ? exit <= entry : exit >= entry;
}

// Counted in ticks they keep their first value until their exit (deriv/v3-api.md section 4.4).
double probability_now(const SymbolInfo& symbol, const Life& life, core::VenueTime now) {
  const auto& spec = life.spec();
  if (spec.duration.in_ticks()) return european_probability(spec, symbol, {}, {});
  return european_probability_now(symbol, life, now);
}

// Ties left aside, which the strict forms lose.
std::optional<double> one_half(const ContractSpec&) { return 0.5; }
std::optional<double> as_quoted(const ContractSpec&) { return std::nullopt; }

std::string rise_rule(const ContractSpec&) {
  return "wins when the exit is above the entry; a tie loses";
}
std::string fall_rule(const ContractSpec&) {
  return "wins when the exit is below the entry; a tie loses";
}
std::string rise_or_tie_rule(const ContractSpec&) {
  return "wins when the exit is at or above the entry";
}
std::string fall_or_tie_rule(const ContractSpec&) {
  return "wins when the exit is at or below the entry";
}

constexpr Kind row(std::string_view name, std::int8_t direction, bool tie_wins,
                   decltype(Kind::rule) rule) {
  Kind kind{.name = name, .v3_name = name, .family = "rise/fall"};
  kind.direction = direction;
  kind.tie_wins = tie_wins;
  kind.wins = tie_wins ? is_beyond_or_equal : is_beyond;
  kind.at_end = won_or_lost;
  kind.probability = european_probability;
  kind.probability_now = probability_now;
  kind.fair = tie_wins ? as_quoted : one_half;
  kind.rule = rule;
  kind.code_agrees = offset_code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kCall = row("CALL", 1, false, rise_rule);
constinit const Kind rows::kPut = row("PUT", -1, false, fall_rule);
constinit const Kind rows::kCallE = row("CALLE", 1, true, rise_or_tie_rule);
constinit const Kind rows::kPutE = row("PUTE", -1, true, fall_or_tie_rule);

}  // namespace derivd::market
