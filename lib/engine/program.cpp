// Strategies of type dbot: programs that stake, choose and wait by themselves. What they wish goes
// through consider() as any signal does; what became of it is told them in the very event, so that
// the record of a strategy says where its program stood when the order's record was written.
//
// A program answers with wishes, which are performed at the end of the event: whoever denies a
// signal may stand in the middle of a list of them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "engine/impl.hpp"
#include "market/kind.hpp"

namespace derivd::engine {

using core::EventKind;
using execution::OrderState;

namespace {

/// What a program did without a trade is kept again after so much venue time.
constexpr std::chrono::seconds kKeepProgram{30};
/// Quotes that programs wait for: two for each of the strategies that a configuration may have.
constexpr std::size_t kMaxProgramQuotes = 128;

std::optional<double> barrier_to_beat(const market::ContractSpec& spec,
                                      const std::optional<market::Tick>& entry) {
  if (const int digit = spec.digit(); digit >= 0) return digit;
  if (!entry) return std::nullopt;
  const auto price = market::price_to_beat(spec, entry->quote);
  return price ? std::optional(price->to_double()) : std::nullopt;
}

/// Codes of ours stand for what a program knows: that nothing reached the venue.
std::string_view code_for(const execution::Refusal& refusal) {
  return refusal.code == execution::kNotSent ? "DisconnectError" : refusal.code;
}

}  // namespace

// -- ticks and time -----------------------------------------------------------------------------

void Engine::Impl::feed_program(Slot& slot, const Feed& feed, const market::Tick& tick,
                                core::VenueTime came, bool history) {
  auto& program = *slot.program;
  const bool seen_before = slot.last_epoch.s != 0;
  // Ticks were lost: the candles that span the gap are made whole, while the program goes on.
  const bool joined =
      feed.linked_since() <= slot.last_epoch + std::chrono::seconds(feed.interval_s());
  if (seen_before && !joined) ask_candles(slot);
  if (!seen_before && awaits_candles(slot)) return;
  if (!seen_before) feed.each_past([&](const market::Tick& past) { program.past_tick(past); });
  if (is_behind(slot, tick, history)) return;
  slot.last_epoch = tick.epoch;
  if (history) return program.past_tick(tick);
  slot.program_tick = tick;
  slot.program_tick.epoch = std::min(came, steady());
  if (balance.floor()) program.balance(*balance.floor());
  // Sleeps that end before this tick, or with it, end first.
  const auto now_ms = tick.epoch.s * 1000;
  const auto due = program.next_deadline();
  if (due && *due <= now_ms)
    program.on_time(std::max(*due, std::min(venue_ms(), now_ms)), slot.wishes);
  program.live_tick(tick, std::max(venue_ms(), now_ms), slot.wishes);
  if (seen_before && tick.epoch - slot.saved_at < kKeepProgram) return;
  if (program.fits_journal(venue_ms(), slot.wishes)) append_slot(slot);
}

std::optional<core::Instant> Engine::Impl::program_deadline() const {
  std::optional<core::Instant> next;
  for (const auto& slot : slots) {
    if (slot->program == nullptr || !slot->runs()) continue;
    const auto due = slot->program->next_deadline();
    const auto at = due ? program_clock.when(*due) : std::nullopt;
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

void Engine::Impl::wake_programs() {
  for (const auto& slot : slots) {
    if (slot->program == nullptr || !slot->runs()) continue;
    const auto due = slot->program->next_deadline();
    if (!due || *due > venue_ms()) continue;
    if (balance.floor()) slot->program->balance(*balance.floor());
    slot->program->on_time(venue_ms(), slot->wishes);
  }
}

// -- wishes -------------------------------------------------------------------------------------

void Engine::Impl::perform_wishes() {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    auto& slot = *slots[i];
    // Each answer is an event of the program, whose steps are bounded.
    while (!slot.wishes.empty()) {
      const auto wishes = std::exchange(slot.wishes, {});
      for (const auto& wish : wishes) {
        std::visit([&](const auto& w) { perform(slot, w); }, wish);
      }
    }
  }
}

void Engine::Impl::perform(Slot& slot, const strategy::ProgramBuys& wish) {
  if (!slot.program->waits_for_purchase()) return;
  if (!slot.runs()) return drop(slot, "it is not enabled in the configuration");
  strategy::Signal signal{wish.spec.type, static_cast<std::int8_t>(wish.spec.digit())};
  signal.spec = wish.spec;
  signal.stake = wish.stake;
  consider(slot, signal, slot.program_tick, nullptr, ++turns);
}

void Engine::Impl::perform(Slot& slot, const strategy::ProgramSells&) {
  if (!slot.program->waits_for_sale()) return;
  const auto* order = ledger.find(slot.program->order());
  const auto refuse = [&](std::string_view why) {
    slot.program->not_sold(why, venue_ms(), slot.wishes);
  };
  if (order == nullptr || order->state != OrderState::kOpen) return refuse("no contract is open");
  if (!market::is_resold(order->spec)) return refuse("Deriv does not buy such contracts back");
  if (!is_online) return refuse("there is no connection to Deriv");
  if (sales.has(order->contract)) return refuse("its sale was asked for already");
  ask_sale(*order, "program", false);
}

void Engine::Impl::perform(Slot& slot, const strategy::ProgramAsks& wish) {
  std::erase_if(program_quotes, [&](const ProgramQuote& q) { return q.slot == &slot; });
  if (wish.of.empty()) return slot.program->quoted({}, venue_ms(), slot.wishes);
  // Asked for once there is a link, and nothing is bought before the answer.
  if (!is_online || program_quotes.size() + wish.of.size() > kMaxProgramQuotes) return;
  for (const auto& one : wish.of) {
    const auto id = ledger.reserve();
    program_quotes.push_back({&slot, id, one.type, std::nullopt, false});
    out->push_back(SendQuote{id, one.spec, one.stake, slot.name()});
  }
}

void Engine::Impl::perform(Slot& slot, const strategy::ProgramSays& wish) {
  if (!audience.people && !audience.words) return;
  auto e = event(EventKind::kScriptMessage, slot);
  e.state = core::ShortString<24>::truncated(wish.level);
  const auto place = wish.line > 0 ? fmt::format("{}:{}", slot.settings.program.file, wish.line)
                                   : slot.settings.program.file;
  e.reason = core::Text::truncated(place);
  e.text = core::Text::truncated(fmt::format("{}: {}", slot.name(), wish.text));
  out->push_back(Tell{std::move(e)});
}

void Engine::Impl::perform(Slot& slot, const strategy::ProgramEnds& wish) {
  // A halt that is latched already, by the venue's refusal or a limit, says more.
  if (slot.halted) return append_slot(slot);
  halt(slot, wish.kind, wish.text);
}

// -- answers ------------------------------------------------------------------------------------

void Engine::Impl::deny(Slot& slot) {
  if (slot.program == nullptr || slot.program->order()) return;
  slot.program->denied(venue_ms(), slot.wishes);
}

void Engine::Impl::keep_program(Slot& slot, core::OrderId order) {
  slot.program->sent(order);
  append_slot(slot);
}

void Engine::Impl::program_opened(Slot& slot, const execution::Order& order) {
  if (slot.program->order() != order.id) return;
  if (balance.floor()) slot.program->balance(*balance.floor());
  slot.program->opened(order.buy_tx, order.buy_price, venue_ms(), slot.wishes);
}

void Engine::Impl::program_refused(Slot& slot, core::OrderId order,
                                   const execution::Refusal& refusal) {
  if (slot.program == nullptr || slot.program->order() != order) return;
  if (refusal.kind == execution::RefusalKind::kSingular) {
    return slot.program->denied(venue_ms(), slot.wishes);
  }
  slot.program->refused(code_for(refusal), refusal.message, venue_ms(), slot.wishes);
}

void Engine::Impl::program_absent(Slot& slot, core::OrderId order) {
  if (slot.program == nullptr || slot.program->order() != order) return;
  slot.program->denied(venue_ms(), slot.wishes);
}

/// The contract is open, as the venue sees it now. Deriv's own programs hear this at each tick.
void Engine::Impl::program_updated(const execution::Order& order,
                                   const execution::ContractReport& report,
                                   execution::Witness witness) {
  if (order.state != OrderState::kOpen) return;
  auto* slot = find_slot(order.strategy.view());
  if (slot == nullptr || slot->program == nullptr || slot->program->order() != order.id) return;
  auto& program = *slot->program;
  // A sale whose answer was lost: the venue, asked for the contract, says that it is still open.
  if (program.waits_for_sale() && witness == execution::Witness::kPoll) {
    not_sold(order.contract, kNoAnswer);
  }
  strategy::ProgramUpdate update;
  update.bid = report.bid_price;
  update.entry = report.entry;
  // The venue's own word, where it says one: an accumulator is not sold at its entry tick.
  update.can_sell = market::is_resold(order.spec) && report.bid_price && report.entry &&
                    report.can_sell.value_or(true);
  update.barrier = barrier_to_beat(order.spec, report.entry);
  program.updated(update, venue_ms(), slot->wishes);
}

void Engine::Impl::program_ended(Slot& slot, const execution::Order& order) {
  if (slot.program->order() != order.id) return;
  if (balance.floor()) slot.program->balance(*balance.floor());
  strategy::ProgramResult result;
  result.sell_price = order.sell_price;
  result.entry = order.entry;
  result.exit = order.exit;
  result.barrier = barrier_to_beat(order.spec, order.entry);
  slot.program->ended(result, venue_ms(), slot.wishes);
}

Slot* Engine::Impl::program_of(core::ContractId contract) {
  const auto* order = ledger.find(contract);
  auto* slot = order == nullptr ? nullptr : find_slot(order->strategy.view());
  const bool its =
      slot != nullptr && slot->program != nullptr && slot->program->order() == order->id;
  return its ? slot : nullptr;
}

void Engine::Impl::program_sold(core::ContractId contract) {
  auto* slot = program_of(contract);
  if (slot != nullptr) slot->program->sold(venue_ms(), slot->wishes);
}

void Engine::Impl::program_not_sold(core::ContractId contract, std::string_view why) {
  auto* slot = program_of(contract);
  if (slot != nullptr) slot->program->not_sold(why, venue_ms(), slot->wishes);
}

bool Engine::Impl::program_quote(const QuoteReply& reply) {
  const auto it = std::find_if(program_quotes.begin(), program_quotes.end(),
                               [&](const ProgramQuote& q) { return q.id == reply.order; });
  if (it == program_quotes.end()) return false;
  it->answered = true;
  if (!reply.quote_id.empty()) it->quote = strategy::ProgramQuote{reply.ask, reply.payout};
  auto* slot = it->slot;
  strategy::ProgramQuotes all;
  for (const auto& q : program_quotes) {
    if (q.slot != slot) continue;
    if (!q.answered) return true;
    if (q.quote) all[q.type] = *q.quote;
  }
  std::erase_if(program_quotes, [&](const ProgramQuote& q) { return q.slot == slot; });
  slot->program->quoted(all, venue_ms(), slot->wishes);
  return true;
}

void Engine::Impl::ask_program_quotes() {
  for (const auto& slot : slots) {
    if (slot->program == nullptr || !slot->runs() || !slot->program->waits_for_quotes()) continue;
    slot->program->ask_again(venue_ms(), slot->wishes);
  }
}

/// What a program awaited when the last run ended. Its order and its state were written in one
/// event, so that they tell one story.
void Engine::Impl::restore_programs() {
  for (const auto& slot : slots) {
    if (slot->program == nullptr) continue;
    auto& program = *slot->program;
    if (const auto id = program.order()) {
      const auto* order = ledger.find(id);
      if (order != nullptr && execution::is_exposed(order->state)) {
        // Whether a sale of the last run was done, the contract's own reports will tell.
        if (program.waits_for_sale()) {
          program.not_sold("derivd was restarted meanwhile", venue_ms(), slot->wishes);
        }
        continue;
      }
      // It was settled while the strategy was not in the configuration: nobody told the program.
      program.begin_anew();
      auto e = event(EventKind::kJournalProblem, *slot);
      e.text = core::Text::truncated(fmt::format(
          "{}: its last contract ended while it was not configured; it begins anew", slot->name()));
      tell(e);
    } else if (program.waits_for_purchase()) {
      program.denied(venue_ms(), slot->wishes);  // no order was made of that wish
    }
  }
}

}  // namespace derivd::engine
