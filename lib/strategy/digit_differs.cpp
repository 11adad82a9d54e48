// digit_differs: on every tick DIGITDIFF against the last digit just seen, or against `prediction`.
// Rule: the product's contract, "Signals, exactly".
#include "strategy/saved.hpp"
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

constexpr std::string_view kDigitDiffersTag = "digit_differs";

class DigitDiffers final : public Strategy {
 public:
  explicit DigitDiffers(std::optional<std::int64_t> prediction) : prediction_(prediction) {}

  std::optional<Signal> on_tick(const market::Tick& tick) override {
    const auto digit = prediction_.value_or(tick.quote.last_digit());
    return Signal{market::ContractType::kDigitDiff, static_cast<std::int8_t>(digit)};
  }
  void reset() override {}
  std::string save() const override { return save_numbers(kDigitDiffersTag, {}); }
  core::Result<void> load(std::string_view saved) override {
    return load_numbers(saved, kDigitDiffersTag, {});
  }

 private:
  std::optional<std::int64_t> prediction_;
};

}  // namespace

std::unique_ptr<Strategy> make_digit_differs(const Params& params) {
  const auto it = params.find("prediction");
  return std::make_unique<DigitDiffers>(
      it == params.end() ? std::nullopt : std::optional<std::int64_t>{it->second});
}

}  // namespace derivd::strategy
