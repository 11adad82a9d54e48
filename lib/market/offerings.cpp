#include "market/offerings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "market/hours.hpp"
#include "market/kind.hpp"

namespace derivd::market {
namespace {

struct LengthName {
  Offer::Length length;
  std::string_view name;
};
constexpr std::array kLengths{
    LengthName{Offer::Length::kTicks, "tick"},
    LengthName{Offer::Length::kIntraday, "intraday"},
    LengthName{Offer::Length::kDaily, "daily"},
    LengthName{Offer::Length::kNone, "no_expiry"},
};

/// Ticks or seconds, by the class of the offer.
std::int64_t measure(const ContractDuration& d) { return d.in_ticks() ? d.count : d.seconds(); }

bool has_length(const Offer& offer, const ContractDuration& d) {
  if (d.count == 0) return offer.length == Offer::Length::kNone;
  // An end is a moment of the calendar: how long that is, the time of the purchase decides.
  if (d.unit == ContractDuration::Unit::kUntil) {
    return offer.length == Offer::Length::kIntraday || offer.length == Offer::Length::kDaily;
  }
  const bool is_ticks = offer.length == Offer::Length::kTicks;
  if (offer.length == Offer::Length::kNone || d.in_ticks() != is_ticks) return false;
  const auto wanted = measure(d);
  const bool bounded = offer.shortest.count > 0 && offer.longest.count > 0;
  if (!bounded) return true;
  if (offer.shortest.in_ticks() != is_ticks || offer.longest.in_ticks() != is_ticks) return true;
  // Less than a day, given in hours, is no contract of days, whatever their bounds.
  if (offer.length == Offer::Length::kDaily && wanted < kSecondsOfDay) return false;
  return wanted >= measure(offer.shortest) && wanted <= measure(offer.longest);
}

std::string list_of(const std::vector<std::string_view>& words) {
  std::string out;
  for (const auto word : words) out += fmt::format("{}{}", out.empty() ? "" : ", ", word);
  return out;
}

template <class T, class Text>
std::string choices(const std::vector<T>& values, Text&& text) {
  std::string out;
  for (const auto& v : values) out += fmt::format("{}{}", out.empty() ? "" : ", ", text(v));
  return out;
}

/// Only an offer that lists its choices can say no to one.
std::optional<std::string> choice_problem(const Offer& offer, const ContractSpec& spec) {
  if (const auto* m = spec.multiplier()) {
    const auto& list = offer.multipliers;
    if (!list.empty() && std::ranges::find(list, m->multiplier) == list.end()) {
      return fmt::format("a multiplier of {} is not offered; offered: {}", m->multiplier,
                         choices(list, [](auto x) { return fmt::to_string(x); }));
    }
    const auto& times = offer.cancellations;
    if (m->cancellation && !times.empty() &&
        std::ranges::find(times, *m->cancellation) == times.end()) {
      return fmt::format("a cancellation of {} is not offered; offered: {}",
                         m->cancellation->to_string(),
                         choices(times, [](const auto& d) { return d.to_string(); }));
    }
  }
  if (const auto* a = std::get_if<AccumulatorTerms>(&spec.terms)) {
    const auto& list = offer.growth_rates;
    if (!list.empty() && std::ranges::find(list, a->growth) == list.end()) {
      return fmt::format("a growth rate of {} is not offered; offered: {}", a->growth.to_string(),
                         choices(list, [](const auto& d) { return d.to_string(); }));
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Offer::Length length) {
  for (const auto& row : kLengths) {
    if (row.length == length) return row.name;
  }
  return "no_expiry";
}

std::optional<Offer::Length> length_from(std::string_view name) {
  const auto it = std::ranges::find(kLengths, name, &LengthName::name);
  return it == kLengths.end() ? std::nullopt : std::optional(it->length);
}

bool Offerings::has(std::string_view type) const {
  return std::any_of(offers.begin(), offers.end(), [&](const Offer& o) { return o.type == type; });
}

std::vector<std::string_view> Offerings::types() const {
  std::vector<std::string_view> out;
  for (const auto& o : offers) {
    if (std::find(out.begin(), out.end(), o.type.view()) == out.end()) out.push_back(o.type.view());
  }
  return out;
}

std::string Offerings::lengths_of(std::string_view type) const {
  std::string out;
  for (const auto& o : offers) {
    if (!(o.type == type) || o.shortest.count == 0 || o.longest.count == 0) continue;
    out += fmt::format("{}{} to {}", out.empty() ? "" : ", ", o.shortest.to_string(),
                       o.longest.to_string());
  }
  return out;
}

std::optional<std::string> Offerings::problem_of(const ContractSpec& spec) const {
  if (offers.empty()) return std::nullopt;
  const auto type = name_of(spec.type);
  if (!has(type)) {
    return fmt::format("{} is not offered on {}; offered: {}", type, spec.symbol, list_of(types()));
  }
  std::optional<std::string> problem;
  bool long_enough = false;
  for (const auto& o : offers) {
    if (!(o.type == type)) continue;
    // The snapshot knows types, and nothing of their lengths.
    const bool unknown = asked.s == 0;
    if (!unknown && kind_of(spec.type).needs.has_length() && !has_length(o, spec.duration))
      continue;
    long_enough = true;
    auto p = choice_problem(o, spec);
    if (!p) return std::nullopt;
    if (!problem) problem = std::move(p);
  }
  if (!long_enough) {
    return fmt::format("{} of {} is not offered on {}; offered: {}", type,
                       spec.duration.to_string(), spec.symbol, lengths_of(type));
  }
  return fmt::format("{} on {}: {}", type, spec.symbol, *problem);
}

}  // namespace derivd::market
