// random: enters by chance, for comparison: what a signal of no meaning does with the same stakes
// and limits. The chance is drawn from the seed and the tick's epoch alone, so that a restart, a
// back-test and the live run agree.
#include <array>

#include "core/rng.hpp"
#include "strategy/saved.hpp"
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

using market::ContractType;

constexpr std::string_view kRandomTag = "random";
constexpr double kMillion = 1e6;  // `probability` has six decimals

class Random final : public Strategy {
 public:
  explicit Random(const Params& params)
      : probability_(static_cast<double>(params.at("probability")) / kMillion),
        seed_(static_cast<std::uint64_t>(params.at("seed"))),
        kind_(params.at("contract")) {}

  std::optional<Signal> on_tick(const market::Tick& tick) override {
    // The odd factor keeps seeds and epochs that differ by little apart (Knuth's golden ratio).
    core::Rng rng(seed_ ^ (static_cast<std::uint64_t>(tick.epoch.s) * 0x9e37'79b9'7f4a'7c15));
    if (rng.uniform() >= probability_) return std::nullopt;
    const auto kinds = random_contracts(kind_);
    if (kinds.size() == 1) return Signal{kinds[0], static_cast<std::int8_t>(rng.below(10))};
    return Signal{kinds[static_cast<std::size_t>(rng.below(kinds.size()))], -1};
  }
  void reset() override {}
  std::string save() const override { return save_numbers(kRandomTag, {}); }
  core::Result<void> load(std::string_view saved) override {
    return load_numbers(saved, kRandomTag, {});
  }

 private:
  double probability_;
  std::uint64_t seed_;
  std::int64_t kind_;
};

}  // namespace

std::unique_ptr<Strategy> make_random(const Params& params) {
  return std::make_unique<Random>(params);
}

}  // namespace derivd::strategy
