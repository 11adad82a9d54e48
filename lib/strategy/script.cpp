// script: the signals come from a program that runs elsewhere; what is here is what it wants kept.
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

constexpr std::string_view kScriptTag = "script ";

class Script final : public Strategy {
 public:
  std::optional<Signal> on_tick(const market::Tick&) override { return std::nullopt; }
  void reset() override {}  // of ticks, which the program itself forgets
  std::string save() const override { return std::string(kScriptTag) + state_; }
  core::Result<void> load(std::string_view saved) override {
    if (!saved.starts_with(kScriptTag)) return core::invalid("the saved state is not a script's");
    state_ = saved.substr(kScriptTag.size());
    return {};
  }
  bool wants_past() const override { return true; }
  void keep(std::string state) override { state_ = std::move(state); }
  std::string_view kept() const override { return state_; }

 private:
  std::string state_;  // JSON; empty: it has none yet
};

}  // namespace

std::unique_ptr<Strategy> make_script() { return std::make_unique<Script>(); }

}  // namespace derivd::strategy
