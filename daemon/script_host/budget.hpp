// Owns the budgets of one call into the user's program: time of the processor, time of the clock,
// memory. The machine asks while the engine lets it; where it does not (a regular expression,
// promises without end), the kernel's timers end the process with its last words. It never lets a
// call go on.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace derivd::script_host {

class Budget final {
 public:
  Budget() = default;
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// Once the engine is up: what it holds by itself is not the program's. Bounds the address space
  /// as the last line, behind which an allocation fails.
  void begin(std::chrono::microseconds cpu, std::int64_t memory);

  /// Before and behind each call. `where` is told when the process is ended in the midst of it.
  /// Gives the processor's time of the call; of one of less than a millisecond the clock's, which
  /// needs no call of the kernel. Each call has its whole budget for itself, and at most a
  /// millisecond more where the engine can stop it; where only the kernel can, 40 to 50.
  void enter(std::uint64_t sequence, std::string_view where);
  std::chrono::microseconds leave();

  /// A look while a call goes on, a few milliseconds behind the one before: what was passed, in
  /// words; empty: nothing.
  std::string excess();
  /// The same of memory at the end of a call, where not every short one is looked at.
  std::string excess_at_end();

 private:
  void prepare_last_words(std::string_view where);
  std::string excess_of_time() const;
  std::string excess_of_memory() const;
  std::chrono::microseconds used() const;
  std::chrono::nanoseconds passed() const;
  std::int64_t resident() const;

  std::chrono::microseconds cpu_{0};
  std::int64_t memory_ = 0;
  std::int64_t baseline_ = 0;
  std::chrono::nanoseconds asked_{0};       // the processor's time when it was last asked for
  std::chrono::nanoseconds asked_at_{0};    // the clock then
  std::chrono::nanoseconds entered_at_{0};  // the clock when the call began
  std::string where_;                       // that the last words name
  int calls_ = 0;
  int looks_ = 0;  // at the call that goes on
};

}  // namespace derivd::script_host
