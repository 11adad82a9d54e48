// even_odd: after `streak` even last digits in a row buy DIGITODD, after `streak` odd ones
// DIGITEVEN. Rule: the product's contract, "Signals, exactly".
#include <array>

#include "strategy/saved.hpp"
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

constexpr std::string_view kEvenOddTag = "even_odd";

class EvenOdd final : public Strategy {
 public:
  explicit EvenOdd(std::int64_t streak) : streak_(streak) {}

  std::optional<Signal> on_tick(const market::Tick& tick) override {
    const bool even = tick.quote.last_digit() % 2 == 0;
    // A digit of the other parity is the first of its own run.
    evens_ = even ? evens_ + 1 : 0;
    odds_ = even ? 0 : odds_ + 1;
    if (evens_ < streak_ && odds_ < streak_) return std::nullopt;
    reset();
    return Signal{even ? market::ContractType::kDigitOdd : market::ContractType::kDigitEven, -1};
  }

  void reset() override { evens_ = odds_ = 0; }

  std::string save() const override {
    return save_numbers(kEvenOddTag, std::array<std::int64_t, 2>{evens_, odds_});
  }

  core::Result<void> load(std::string_view saved) override {
    std::array<std::int64_t, 2> n{};
    if (auto r = load_numbers(saved, kEvenOddTag, n); !r) return r;
    // A state of a longer streak than today's would fire at once, without a tick of its own.
    if (n[0] < 0 || n[1] < 0 || (n[0] > 0 && n[1] > 0) || n[0] >= streak_ || n[1] >= streak_) {
      return core::invalid("saved even_odd counters do not fit the streak");
    }
    evens_ = n[0];
    odds_ = n[1];
    return {};
  }

 private:
  std::int64_t streak_;
  std::int64_t evens_ = 0;
  std::int64_t odds_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_even_odd(const Params& params) {
  return std::make_unique<EvenOdd>(params.at("streak"));
}

}  // namespace derivd::strategy
