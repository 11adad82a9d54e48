#include "store/tick_recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/counted.hpp"
#include "threads/without_signals.hpp"

namespace derivd::store {

static_assert((TickRecorder::kRing & (TickRecorder::kRing - 1)) == 0, "a power of two");

TickRecorder::TickRecorder(TickArchive archive, core::Duration flush_every)
    : archive_(std::move(archive)),
      flush_every_(flush_every),
      ring_(std::make_unique<std::array<market::Tick, kRing>>()) {
  thread_ = threads::start_without_signals([this] { run(); });
}

TickRecorder::~TickRecorder() {
  stop_ = true;
  wake_.release();
  thread_.join();
  delete problem_.exchange(nullptr);
}

void TickRecorder::record(const market::Tick& tick) {
  const auto head = head_.load(std::memory_order_relaxed);
  if (head - tail_.load(std::memory_order_acquire) >= kRing) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  (*ring_)[head % kRing] = tick;
  head_.store(head + 1, std::memory_order_release);
}

std::optional<std::string> TickRecorder::take_problem() {
  const std::unique_ptr<std::string> text(problem_.exchange(nullptr));
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

void TickRecorder::tell(std::string text) { problems_.push_back(std::move(text)); }

/// The first of what went wrong in this flush, and how much more did since the last telling.
void TickRecorder::publish() {
  if (problems_.empty()) return;
  const auto problems = std::exchange(problems_, {});
  const auto& text = problems.front();
  const auto now = std::chrono::steady_clock::now();
  if (!told_.empty() && now - told_at_ < (text == told_ ? kTellAgain : kTellEvery)) {
    untold_ += problems.size();
    return;
  }
  const auto more = std::exchange(untold_, 0) + problems.size() - 1;
  told_ = text;
  told_at_ = now;
  delete problem_.exchange(new std::string(
      more > 0 ? fmt::format("{} (and {} more problems of this kind)", text, more) : text));
}

void TickRecorder::run() {
  while (!stop_) {
    (void)wake_.try_acquire_for(flush_every_);
    drain();
    flush();
  }
  drain();
  flush();
}

void TickRecorder::drain() {
  const auto head = head_.load(std::memory_order_acquire);
  auto tail = tail_.load(std::memory_order_relaxed);
  for (; tail != head; ++tail) {
    if (held_.size() >= kMaxHeld) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
    } else {
      held_.push_back((*ring_)[tail % kRing]);
    }
  }
  tail_.store(tail, std::memory_order_release);
}

void TickRecorder::flush() {
  // By symbol, then time; a tick from before a jump back of the venue's clock would not rise.
  std::stable_sort(held_.begin(), held_.end(), [](const auto& a, const auto& b) {
    if (!(a.symbol == b.symbol)) return a.symbol.view() < b.symbol.view();
    return a.epoch < b.epoch;
  });
  std::vector<market::Tick> again;
  for (auto first = held_.begin(); first != held_.end();) {
    // A day's file that is damaged costs its own ticks alone.
    const auto end = std::find_if(first, held_.end(), [&](const auto& tick) {
      return !(tick.symbol == first->symbol) ||
             tick.epoch.s / kSecondsPerDay != first->epoch.s / kSecondsPerDay;
    });
    if (!keep(Run(first, end))) again.insert(again.end(), first, end);
    first = end;
  }
  if (!held_.empty()) in_trouble_.store(!problems_.empty(), std::memory_order_relaxed);
  held_ = std::move(again);
  publish();
  flushes_.fetch_add(1, std::memory_order_relaxed);
}

/// One symbol's ticks of one day, in the decimals that most of them have. False: another attempt
/// may help.
bool TickRecorder::keep(Run run) {
  std::array<std::size_t, 256> seen{};
  for (const auto& tick : run) ++seen[tick.quote.decimals()];
  const auto decimals =
      static_cast<std::uint8_t>(std::max_element(seen.begin(), seen.end()) - seen.begin());
  std::vector<market::TickRow> rows;
  std::size_t others = 0;
  for (const auto& tick : run) {
    const core::Decimal value{tick.quote.mantissa(), tick.quote.decimals()};
    if (const auto quote = core::Price::from(value, decimals)) {
      rows.push_back({tick.epoch, quote->mantissa()});
    } else if (others++ == 0) {
      tell(fmt::format("{}: {} at {} has more decimals than the quotes beside it, {}; not kept",
                       tick.symbol, tick.quote.to_string(), tick.epoch.s, decimals));
    }
  }
  const auto& symbol = run.front().symbol;
  const auto merged = archive_.merge(symbol, decimals, rows, BadRows::kLeaveOut);
  if (!merged && merged.error().kind != core::ErrorKind::kInvalid) {
    tell(merged.error().text);
    return false;
  }
  dropped_.fetch_add(others, std::memory_order_relaxed);
  if (!merged) {
    dropped_.fetch_add(rows.size(), std::memory_order_relaxed);
    tell(fmt::format("{}; {} not kept", merged.error().text, core::counted(rows.size(), "tick")));
    return true;
  }
  recorded_.fetch_add(merged->added, std::memory_order_relaxed);
  dropped_.fetch_add(merged->left_out, std::memory_order_relaxed);
  if (merged->left_out > 0) {
    tell(fmt::format("{}: {} not kept, first: {}", symbol, core::counted(merged->left_out, "tick"),
                     merged->first_left_out));
  }
  for (const auto& note : merged->notes) tell(note);
  return true;
}

}  // namespace derivd::store
