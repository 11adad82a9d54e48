// Any bytes as a Deriv Bot program: problems with their places, or a program that runs some ticks
// and whose saved state reads back; never a crash, a hang or a block that was overlooked.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "dbot/import.hpp"
#include "dbot/machine.hpp"

namespace {

using namespace derivd;
using namespace derivd::dbot;

constexpr int kTicks = 30;

/// Grants every purchase and ends it two ticks later.
void run(const Import& import) {
  Settings settings;
  settings.answers.assign(import.prompts.size(), "1");
  Machine machine(import.program, settings);
  machine.balance(core::Money::minor(1'000'000));
  std::vector<Wish> wishes;
  std::int64_t epoch = 1'782'086'400;
  int open_for = 0;
  const auto answer = [&] {
    for (std::size_t i = 0; i < wishes.size(); ++i) {
      const Wish wish = wishes[i];
      if (const auto* b = std::get_if<Buy>(&wish)) {
        open_for = 2;
        machine.opened({7, b->stake}, epoch * 1000, wishes);
      }
      if (std::holds_alternative<Sell>(wish)) machine.sold(epoch * 1000, wishes);
      if (std::holds_alternative<AskQuotes>(wish)) machine.quoted({}, epoch * 1000, wishes);
    }
    wishes.clear();
  };
  machine.prime({epoch}, core::Price::raw(10'000, 2));
  machine.start(epoch * 1000, wishes);
  answer();
  for (int i = 0; i < kTicks && machine.running(); ++i) {
    ++epoch;
    for (int n = 0; n < 100; ++n) {
      const auto due = machine.next_deadline();
      if (!due || *due > epoch * 1000) break;
      machine.on_time(*due, wishes);
      answer();
    }
    machine.on_tick({epoch}, core::Price::raw(10'000 + i * 7 % 13, 2), epoch * 1000, wishes);
    answer();
    if (open_for > 0 && --open_for == 0) {
      Ended end;
      end.sell_price = core::Money::minor(i % 2 == 0 ? 0 : 195);
      machine.ended(end, epoch * 1000, wishes);
      answer();
    }
  }
  const auto saved = machine.save();
  Machine other(import.program, settings);
  if (saved.size() < (1U << 20U) && !other.load(saved)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto import = import_program({reinterpret_cast<const char*>(data), size});
  if (import.counts.skipped != 0) std::abort();
  if ((import.program == nullptr) != !import.problems.empty()) std::abort();
  for (const auto& p : import.problems) {
    if (p.text.empty() || format(p, "f").find('\n') != std::string::npos) std::abort();
  }
  if (import.program != nullptr) run(import);
  return 0;
}
