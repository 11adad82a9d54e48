#include "engine/spec.hpp"

#include <fmt/format.h>

#include "market/kind.hpp"

namespace derivd::engine {
namespace {

constexpr std::int8_t kAnyDigit = 5;  // DIGITOVER takes 0 to 8, DIGITUNDER 1 to 9

}  // namespace

core::Result<market::ContractSpec> make_spec(const StrategySettings& settings,
                                             const strategy::Signal& signal,
                                             std::uint8_t decimals) {
  const auto& kind = market::kind_of(signal.type);
  const auto& wanted = settings.contract;
  market::ContractSpec spec;
  spec.type = signal.type;
  spec.symbol = settings.symbol;
  spec.set_digit(signal.prediction);
  if (kind.needs.has_length()) spec.duration = wanted.duration;
  if (kind.needs.multiplier) {
    spec.terms = market::MultiplierTerms{static_cast<std::uint16_t>(wanted.multiplier.value_or(0)),
                                         wanted.take_profit, wanted.stop_loss, std::nullopt};
  }
  if (kind.needs.barrier != market::BarrierForm::kOffset) return spec;
  if (!wanted.barrier) {
    return core::invalid(fmt::format("{} needs contract.barrier", kind.name));
  }
  auto offset = core::Price::from(*wanted.barrier, decimals);
  if (!offset) return offset.error();
  spec.set_offset(kind.direction < 0 ? -*offset : *offset);
  return spec;
}

core::Result<market::ContractSpec> sample_spec(const StrategySettings& settings,
                                               market::ContractType type, std::uint8_t decimals) {
  const bool digit = market::has_form(type, market::BarrierForm::kDigit);
  return make_spec(settings, {type, digit ? kAnyDigit : std::int8_t{-1}}, decimals);
}

}  // namespace derivd::engine
