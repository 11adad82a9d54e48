// rise_fall, higher_lower and multiplier: when the last `streak`+1 quotes strictly rise or strictly
// fall, follow them with CALL or PUT, HIGHER or LOWER, MULTUP or MULTDOWN. Rule: the product's
// contract, "Signals, exactly".
#include <array>

#include "strategy/saved.hpp"
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

// The window of streak+1 quotes is kept as its last quote and the length of the run that ends
// there: whether all of them strictly rise depends on nothing else.
class Direction final : public Strategy {
 public:
  Direction(std::string_view tag, std::int64_t streak, market::ContractType up,
            market::ContractType down)
      : tag_(tag), streak_(streak), up_(up), down_(down) {}

  std::optional<Signal> on_tick(const market::Tick& tick) override {
    if (!last_ || last_->decimals() != tick.quote.decimals()) {
      reset();
      last_ = tick.quote;
      return std::nullopt;
    }
    const auto order = tick.quote <=> *last_;
    rises_ = order > 0 ? rises_ + 1 : 0;
    falls_ = order < 0 ? falls_ + 1 : 0;
    last_ = tick.quote;
    if (rises_ < streak_ && falls_ < streak_) return std::nullopt;
    reset();  // the current quote included
    return Signal{order > 0 ? up_ : down_, -1};
  }

  void reset() override {
    last_.reset();
    rises_ = falls_ = 0;
  }

  std::string save() const override {
    const auto quote = last_.value_or(core::Price{});
    return save_numbers(tag_, std::array<std::int64_t, 5>{last_ ? 1 : 0, quote.mantissa(),
                                                          quote.decimals(), rises_, falls_});
  }

  core::Result<void> load(std::string_view saved) override {
    std::array<std::int64_t, 5> n{};
    if (auto r = load_numbers(saved, tag_, n); !r) return r;
    const bool counts = n[3] >= 0 && n[4] >= 0 && n[3] < streak_ && n[4] < streak_ &&
                        (n[3] == 0 || n[4] == 0) && (n[0] == 1 || (n[3] == 0 && n[4] == 0));
    if (n[0] < 0 || n[0] > 1 || n[2] < 0 || n[2] > 18 || !counts) {
      return core::invalid("saved rise_fall window does not fit the streak");
    }
    reset();
    if (n[0] == 1) last_ = core::Price::raw(n[1], static_cast<std::uint8_t>(n[2]));
    rises_ = n[3];
    falls_ = n[4];
    return {};
  }

 private:
  std::string_view tag_;
  std::int64_t streak_;
  market::ContractType up_;
  market::ContractType down_;
  std::optional<core::Price> last_;
  std::int64_t rises_ = 0;
  std::int64_t falls_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_rise_fall(const Params& params) {
  return std::make_unique<Direction>("rise_fall", params.at("streak"), market::ContractType::kCall,
                                     market::ContractType::kPut);
}

std::unique_ptr<Strategy> make_higher_lower(const Params& params) {
  return std::make_unique<Direction>("higher_lower", params.at("streak"),
                                     market::ContractType::kHigher, market::ContractType::kLower);
}

std::unique_ptr<Strategy> make_multiplier(const Params& params) {
  return std::make_unique<Direction>("multiplier", params.at("streak"),
                                     market::ContractType::kMultUp,
                                     market::ContractType::kMultDown);
}

}  // namespace derivd::strategy
