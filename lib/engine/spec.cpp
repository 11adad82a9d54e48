#include "engine/spec.hpp"

#include <fmt/format.h>

namespace derivd::engine {

core::Result<market::ContractSpec> make_spec(const StrategySettings& settings,
                                             const strategy::Signal& signal,
                                             const market::Tick& tick) {
  market::ContractSpec spec;
  spec.type = signal.type;
  spec.symbol = settings.symbol;
  spec.prediction = signal.prediction;
  if (market::is_multiplier(signal.type)) {
    spec.duration = {0, market::ContractDuration::Unit::kTicks};
    spec.multiplier = static_cast<std::uint16_t>(settings.contract.multiplier.value_or(0));
    spec.take_profit = settings.contract.take_profit;
    spec.stop_loss = settings.contract.stop_loss;
    return spec;
  }
  spec.duration = settings.contract.duration;
  if (!market::takes_barrier(signal.type)) return spec;
  if (!settings.contract.barrier) {
    return core::invalid(fmt::format("{} needs contract.barrier", market::name_of(signal.type)));
  }
  auto offset = core::Price::from(*settings.contract.barrier, tick.quote.decimals());
  if (!offset) return offset.error();
  spec.barrier = signal.type == market::ContractType::kLower ? -*offset : *offset;
  return spec;
}

}  // namespace derivd::engine
