// rules: the first rule whose condition holds buys. Rule: the product's contract, "Rules".
#include "strategy/saved.hpp"
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

constexpr std::string_view kRulesTag = "rules";

// A signal restarts nothing: a rule holds as long as its condition does. What indicators and runs
// have seen is not saved: the venue's history makes it anew, as if there had been no restart.
class Rules final : public Strategy {
 public:
  explicit Rules(const rules::RuleSet& set) : evaluator_(set) {}

  std::optional<Signal> on_tick(const market::Tick& tick) override {
    const auto wish = evaluator_.on_tick(tick);
    if (!wish) return std::nullopt;
    return Signal{wish->type,     wish->prediction,    wish->duration, wish->barrier,
                  wish->barrier2, wish->selected_tick, wish->terms};
  }
  void reset() override { evaluator_.reset(); }
  std::string save() const override { return save_numbers(kRulesTag, {}); }
  core::Result<void> load(std::string_view saved) override {
    return load_numbers(saved, kRulesTag, {});
  }

  bool wants_past() const override { return true; }
  std::vector<rules::CandleNeed> candle_needs() const override { return evaluator_.candle_needs(); }
  void begin_candles(rules::Where where, std::span<const rules::Candle::Closed> past) override {
    evaluator_.begin_candles(where, past);
  }
  void on_watched(const market::Tick& tick) override { evaluator_.on_watched(tick); }
  void begin_watched(const market::SymbolCode& symbol, std::uint8_t decimals, rules::Where where,
                     std::span<const rules::Candle::Closed> past) override {
    evaluator_.begin_watched(symbol, decimals, where, past);
  }
  bool wants_own() const override { return evaluator_.uses_own(); }
  void see(const rules::Own& own) override { evaluator_.set_own(own); }
  std::vector<rules::RuleView> explain() const override { return evaluator_.explain(); }

 private:
  rules::Evaluator evaluator_;
};

}  // namespace

std::unique_ptr<Strategy> make_rules(const rules::RuleSet& rules) {
  return std::make_unique<Rules>(rules);
}

}  // namespace derivd::strategy
