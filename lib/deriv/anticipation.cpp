#include "deriv/anticipation.hpp"

#include <algorithm>
#include <utility>

namespace derivd::deriv {
namespace {

/// How much of an error moves what is expected, and the pause, as that of the `n`th tick, the first
/// being 0: the straight line that fits the ticks best, by least squares (the alpha-beta filter
/// with a growing memory, of textbooks on tracking). A network's jitter is smoothed, and a clock
/// that runs a little faster than ours is followed.
core::Duration of_phase(core::Duration error, int n) {
  return error * (2 * (2 * n + 1)) / ((n + 1) * (n + 2));
}
core::Duration of_pause(core::Duration error, int n) { return error * 6 / ((n + 1) * (n + 2)); }

// What simdjson may read behind a frame.
constexpr std::size_t kBehindFrame = 64;

}  // namespace

void TickRhythm::arrived(core::Instant now, core::Duration window) {
  const auto before = std::exchange(last_, now);
  if (!before) return;
  const auto error = now - expected_;
  if (alike_ > 0 && std::chrono::abs(error) <= window) {
    alike_ = std::min(alike_ + 1, kRemembered);
    pause_ += of_pause(error, alike_);
    expected_ = expected_ + of_phase(error, alike_) + pause_;
    return;
  }
  pause_ = now - *before;
  expected_ = now + pause_;
  const bool may_be = pause_ >= kFewestWindows * window && pause_ <= kLongestPause;
  alike_ = may_be ? 1 : 0;
}

std::optional<core::Instant> TickRhythm::next() const {
  return alike_ >= kAlike ? std::optional(expected_) : std::nullopt;
}

void Anticipation::set(core::Duration window, std::vector<market::SymbolCode> symbols) {
  if (window <= core::Duration{}) symbols.clear();
  if (window != std::exchange(window_, window)) watched_.clear();
  std::vector<Watched> wanted;
  for (const auto& symbol : symbols) {
    const auto same = [&](const Watched& w) { return w.symbol == symbol; };
    if (std::ranges::any_of(wanted, same)) continue;
    const auto known = std::ranges::find_if(watched_, same);
    wanted.push_back({symbol, known == watched_.end() ? TickRhythm{} : known->rhythm});
  }
  watched_ = std::move(wanted);
}

void Anticipation::arrived(const market::SymbolCode& symbol, core::Instant now) {
  for (auto& w : watched_) {
    if (w.symbol == symbol) w.rhythm.arrived(now, window_);
  }
}

void Anticipation::forget() {
  for (auto& w : watched_) w.rhythm.forget();
}

std::optional<Anticipation::Window> Anticipation::next(core::Instant now) const {
  std::optional<Window> earliest;
  for (const auto& w : watched_) {
    const auto at = w.rhythm.next();
    if (!at || *at + window_ <= now) continue;
    if (!earliest || *at - window_ < earliest->from) earliest = {*at - window_, *at + window_};
  }
  return earliest;
}

void Rehearsal::keep(std::string_view frame) {
  if (frame.size() > kMaxFrame) return;
  frame_.reserve(frame.size() + kBehindFrame);
  frame_.assign(frame);
}

void Rehearsal::keep(const market::ContractSpec& spec, core::Money price) {
  purchase_ = Purchase{spec, price};
}

void Rehearsal::perform(Decoder& decoder, std::string_view currency) {
  if (!frame_.empty()) (void)decoder.decode(frame_, frame_.capacity(), read_);
  if (purchase_) encoder_.buy(written_, 0, purchase_->spec, purchase_->price, currency);
}

}  // namespace derivd::deriv
