#include "proof/probe.hpp"

#include <algorithm>
#include <charconv>

#include "core/check.hpp"
#include "market/assumed.hpp"
#include "market/kind.hpp"

namespace derivd::proof {
namespace {

/// A refusal lists ten barriers or as many multipliers; more are not looked at.
constexpr std::size_t kMaxListed = 64;
const std::vector<market::Offer> kNoOffers;

bool is_of_number(char c) { return (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-'; }

/// "-3.31, -5.82" and "20,40,60" of what stands behind `words`.
std::vector<std::string_view> listed_behind(std::string_view text, std::string_view words) {
  std::vector<std::string_view> out;
  const auto at = text.find(words);
  if (at == std::string_view::npos) return out;
  text.remove_prefix(at + words.size());
  while (out.size() < kMaxListed) {
    while (!text.empty() && (text.front() == ' ' || text.front() == ',')) text.remove_prefix(1);
    std::size_t n = 0;
    while (n < text.size() && is_of_number(text[n])) ++n;
    auto word = text.substr(0, n);
    if (!word.empty() && word.back() == '.') word.remove_suffix(1);  // the sentence's
    if (word.empty()) break;
    out.push_back(word);
    text.remove_prefix(n);
  }
  return out;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAsAssumed:
      return "as assumed";
    case Verdict::kNot:
      return "not";
    case Verdict::kUndecided:
      return "not decided";
  }
  return "?";
}

std::span<const Probe> probes() {
  static const auto all = [] {
    std::vector<Probe> out;
    for (const auto part : {price_probes(), position_probes(), link_probes(), course_probes(),
                            knock_out_probes()}) {
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  }();
  return all;
}

const Probe* find_probe(std::string_view kind) {
  const auto all = probes();
  const auto at = std::ranges::find(all, kind, &Probe::kind);
  return at == all.end() ? nullptr : &*at;
}

std::string_view assumption(std::string_view name) {
  const auto at = std::ranges::find(market::kAssumptions, name, &market::Assumption::name);
  DERIVD_CHECK(at != market::kAssumptions.end(), "no assumption of that name");
  return at->assumed;
}

market::ContractSpec spec_of(std::string_view text) {
  const auto spec = market::decode(text);
  DERIVD_CHECK(spec.has_value(), "a text of this room is no spec");
  return *spec;
}

core::Money least_stake(const Market& market, market::ContractType type) {
  const auto& kind = market::kind_of(type);
  std::optional<core::Money> least;
  for (const auto& offer : market.offerings ? market.offerings->offers : kNoOffers) {
    if (offer.type != kind.name || !offer.min_stake) continue;
    const auto said = core::Money::from(*offer.min_stake, market.exponent);
    if (said && said->units() > 0 && (!least || *said > *least)) least = *said;
  }
  if (least) return *least;
  const auto finer = core::pow10(std::max(market.exponent - kind.amounts.min_stake.exponent(), 0));
  return core::Money::minor(kind.amounts.min_stake.units() * finer, market.exponent);
}

std::optional<Request> with_choice(const Request& request, const market::SymbolInfo& symbol,
                                   std::string_view refusal) {
  auto out = request;
  if (const auto barriers = listed_behind(refusal, "Barriers available are"); !barriers.empty()) {
    const auto price = core::Price::parse(barriers[barriers.size() / 2], symbol.decimals);
    if (!price) return std::nullopt;
    out.spec.set_offset(*price);
    return out;
  }
  const auto multipliers = listed_behind(refusal, "Accepts");
  if (multipliers.empty() || request.spec.multiplier() == nullptr) return std::nullopt;
  const auto text = multipliers.back();
  std::uint16_t factor = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), factor);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  out.spec.multiplier_terms().multiplier = factor;
  return out;
}

}  // namespace derivd::proof
