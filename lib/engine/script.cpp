// Strategies whose signals come from a program in another process: what it is told, what its
// answers lead to, when it runs. Nothing here waits for it.
#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "market/symbol.hpp"

namespace derivd::engine {

using core::EventKind;

namespace {

constexpr std::string_view kHaltKind = "script";
/// Events without an answer: minutes of ticks. A program that is so far behind is not behind
/// because the machine is busy.
constexpr std::size_t kMaxUnanswered = 256;
/// What a program wants kept is written with each result and purchase, else not more often: a crash
/// of the daemon loses as much.
constexpr std::chrono::seconds kKeepState{10};

/// A text within a JSON text.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    const bool control = static_cast<unsigned char>(c) < 0x20;
    if (control) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// What the program may know of its settings, as `config`.
std::string config_json(const StrategySettings& s) {
  const auto barrier =
      s.contract.barrier ? json_text(s.contract.barrier->value.to_string()) : std::string("null");
  std::string watch;
  for (const auto& symbol : s.watch) watch += (watch.empty() ? "" : ",") + json_text(symbol.view());
  return fmt::format(
      R"({{"name":{},"symbol":{},"watch":[{}],"candles":{},"contract":{{"duration":{},"barrier":{}}},)"
      R"("staking":{{"plan":{},"base":{}}}}})",
      json_text(s.name.view()), json_text(s.symbol.view()), watch,
      json_text(rules::to_string(s.rules.candles)), json_text(s.contract.duration.to_string()),
      barrier, json_text(s.staking.plan), json_text(s.staking.base.to_string()));
}

std::string quote_text(const std::optional<market::Tick>& tick) {
  return tick ? tick->quote.to_string() : std::string{};
}

}  // namespace

script::Setup setup_of(const StrategySettings& s, const market::Symbols& symbols) {
  const auto symbol = symbol_of(s);
  script::Setup setup;
  setup.strategy = s.name.str();
  setup.file = s.script.file;
  setup.text = s.script.text;
  setup.symbol = s.symbol.str();
  setup.decimals = symbol.decimals;
  for (const auto& code : s.watch) {
    setup.watch.push_back({code.str(), symbols.get(code).decimals});
  }
  setup.candles = s.rules.candles.seconds;
  setup.answers = s.script.answers;
  setup.config = config_json(s);
  setup.stake = s.staking.base.to_string();
  setup.cpu_us = static_cast<std::uint64_t>(std::chrono::microseconds(s.script.cpu).count());
  setup.memory = s.script.memory;
  setup.seed = s.script.seed;
  return setup;
}

void Engine::Impl::start_script(Slot& slot) {
  slot.script_run = ++script_runs;
  slot.script_changed = false;
  slot.script_sequence = 0;
  slot.script_tick = {};
  slot.wish_numbers.clear();  // numbers begin anew with each run
  slot.unanswered.assign(1, Slot::Unanswered{0, {}, now.instant});
  slot.last_epoch = {};  // it is made ready by the past that is known
  slot.candles = {};
  // Without it a watched tick has no answer, and costs less. A name that the program puts together
  // as it runs is not found.
  slot.hears_watched = slot.settings.script.text.find("onWatch") != std::string::npos;
  auto setup = setup_of(slot.settings, settings.symbols);
  setup.state = slot.strategy->kept();
  out->push_back(StartScript{slot.name(), slot.script_run, std::move(setup)});
}

void Engine::Impl::stop_script(Slot& slot) {
  out->push_back(StopScript{slot.name(), slot.script_run});
  slot.script_run = 0;
  slot.unanswered.clear();
  slot.wish_numbers.clear();
}

void Engine::Impl::match_scripts() {
  for (const auto& slot : slots) {
    const bool should = slot->runs() && slot->is_scripted() && slot->strategy &&
                        !(slot->halted && slot->halt_kind == kHaltKind);
    if (slot->script_run != 0 && (!should || slot->script_changed)) stop_script(*slot);
    if (slot->script_run == 0 && should) start_script(*slot);
  }
}

void Engine::Impl::forget_ticks(Slot& slot) {
  slot.strategy->reset();
  if (slot.script_run == 0) return;
  out->push_back(FeedScript{slot.name(), slot.script_run, script::Reset{}});
}

void Engine::Impl::feed_script(Slot& slot, const market::Tick& tick, const market::Tick& proven,
                               bool history) {
  const auto mantissa = tick.quote.mantissa();
  const auto decimals = tick.quote.decimals();
  if (history) {
    out->push_back(FeedScript{slot.name(), slot.script_run,
                              script::PastTick{tick.epoch.s, mantissa, decimals}});
    return;
  }
  slot.script_tick = proven;
  script::Event event;
  event.what = script::Tick{tick.epoch.s, mantissa, decimals};
  ask_script(slot, std::move(event), {0, proven, now.instant});
}

void Engine::Impl::ask_script(Slot& slot, script::Event event, const Slot::Unanswered& about) {
  if (slot.unanswered.size() >= kMaxUnanswered) {
    return script_failed(
        slot, {slot.unanswered.front().sequence, slot.settings.script.file,
               fmt::format("it is {} events behind: what it answered would be of another time",
                           slot.unanswered.size())});
  }
  auto& entry = slot.unanswered.emplace_back(about);
  entry.sequence = event.sequence = ++slot.script_sequence;
  event.time = std::max(venue_time(), slot.script_tick.epoch).s;
  event.own = own(slot);
  out->push_back(FeedScript{slot.name(), slot.script_run, std::move(event)});
}

void Engine::Impl::script_failed(Slot& slot, const script::Failure& failure) {
  stop_script(slot);
  halt(slot, kHaltKind, script::sentence(failure));
}

void Engine::Impl::keep_state(Slot& slot, const script::Answer& answer, bool at_once) {
  if (answer.state) slot.strategy->keep(*answer.state);
  const bool due = at_once || venue_time() - slot.state_saved_at >= kKeepState;
  if (!answer.state || !due) return;
  slot.state_saved_at = venue_time();
  append_slot(slot);
}

void Engine::Impl::script_answered(Slot& slot, const script::Answer& answer) {
  if (slot.unanswered.empty() || slot.unanswered.front().sequence != answer.sequence) {
    return script_failed(slot, {answer.sequence, slot.settings.script.file,
                                "its process answered what it was not asked"});
  }
  const auto about = slot.unanswered.front();
  slot.unanswered.pop_front();
  for (const auto& line : answer.logs) {
    auto e = event(EventKind::kScriptMessage, slot);
    e.text = core::Text::truncated(fmt::format("{}: {}", slot.name(), line));
    tell(e);
  }
  keep_state(slot, answer, about.result || !answer.wishes.empty());
  // The start and a denial lead to nothing: the one has no tick, the other would go round for ever.
  if (about.sequence == 0 || about.denial) return;
  for (const auto& wish : answer.wishes) consider_wish(slot, wish, about);
  for (const auto sale : answer.sales) consider_sale(slot, sale);
}

void Engine::Impl::consider_wish(Slot& slot, const script::Wish& wish,
                                 const Slot::Unanswered& about) {
  strategy::Signal signal;
  signal.wish = slot.wish = wish.number;
  // Whatever is wrong with it is told as with any signal, under a type that it may have.
  const auto refuse = [&](std::string_view why) {
    considering(slot, signal, about.tick);
    drop(slot, why);
  };
  const auto type = market::contract_type_from(wish.type);
  const auto allowed = strategy::find_type(slot.settings.type)->contracts;
  if (!type || std::ranges::find(allowed, *type) == allowed.end()) {
    return refuse(fmt::format("'{}' is no type that a script can buy", wish.type.substr(0, 40)));
  }
  signal.type = *type;
  const auto& needs = market::kind_of(*type).needs;
  if (about.tick.epoch.s == 0) return refuse("there was no tick yet");
  const bool newer = about.tick.epoch != slot.script_tick.epoch && !about.result;
  if (newer || now.instant - about.sent > kSignalLife) {
    return refuse("the script's answer came too late for this tick");
  }
  const auto decimals = about.tick.quote.decimals();
  if (wish.prediction) signal.prediction = *wish.prediction;
  const bool takes_digit = market::has_form(*type, market::BarrierForm::kDigit);
  if (takes_digit &&
      (signal.prediction < needs.lowest_digit || signal.prediction > needs.highest_digit)) {
    return refuse(fmt::format("{} needs a prediction from {} to {}", wish.type, needs.lowest_digit,
                              needs.highest_digit));
  }
  if (!takes_digit) signal.prediction = -1;
  if (!wish.duration.empty()) {
    const auto duration = market::ContractDuration::parse(wish.duration);
    if (!duration) return refuse(duration.error().text);
    signal.duration = *duration;
  }
  if (!wish.barrier.empty()) {
    const auto barrier = core::Price::parse(wish.barrier, decimals);
    if (!barrier) return refuse(barrier.error().text);
    signal.barrier = market::Barrier::offset(*barrier);
  }
  if (!wish.stake.empty()) {
    const auto stake = core::Money::parse(wish.stake, slot.settings.staking.base.exponent());
    if (!stake || stake->units() <= 0) return refuse(fmt::format("{} is no stake", wish.stake));
    signal.stake = *stake;
  }
  const auto spec = make_spec(slot.settings, signal, decimals);
  if (!spec) return refuse(spec.error().text);
  if (const auto problem = market::problem_of(*spec, symbol_of(slot.settings))) {
    return refuse(problem->text);
  }
  consider(slot, signal, about.tick, nullptr, ++turns);
  slot.wish = 0;
}

void Engine::Impl::consider_sale(Slot& slot, std::uint64_t wish) {
  for (const auto& [order_id, number] : slot.wish_numbers) {
    const auto* order = number == wish ? ledger.find(order_id) : nullptr;
    if (order == nullptr || order->state != execution::OrderState::kOpen) continue;
    if (!market::is_resold(order->spec)) {
      return deny_wish(slot, wish, "sell: Deriv does not buy such contracts back");
    }
    if (!is_online) return deny_wish(slot, wish, "sell: there is no connection to Deriv");
    if (sales.has(order->contract)) {
      return deny_wish(slot, wish, "sell: it was asked for already");
    }
    return ask_sale(*order, "script", false);
  }
  deny_wish(slot, wish, "sell: nothing of it is open");
}

void Engine::Impl::script_not_sold(core::ContractId contract, std::string_view why) {
  const auto* order = ledger.find(contract);
  if (order == nullptr) return;
  auto& slot = slot_for(order->strategy);
  const auto wish = slot.wish_numbers.find(order->id);
  if (wish != slot.wish_numbers.end()) deny_wish(slot, wish->second, why);
}

void Engine::Impl::deny_wish(Slot& slot, std::string_view why) {
  deny_wish(slot, std::exchange(slot.wish, 0), why);
}

void Engine::Impl::deny_wish(Slot& slot, std::uint64_t wish, std::string_view why) {
  if (wish == 0 || slot.script_run == 0) return;
  script::Event event;
  event.what = script::Denied{wish, std::string(why.substr(0, script::kMaxWord))};
  ask_script(slot, std::move(event), {0, slot.script_tick, now.instant, true});
}

void Engine::Impl::tell_result(Slot& slot, const execution::Order& order) {
  script::Trade trade;
  if (const auto wish = slot.wish_numbers.find(order.id); wish != slot.wish_numbers.end()) {
    trade.wish = wish->second;
    slot.wish_numbers.erase(wish);
  }
  trade.contract = fmt::format("{}", order.contract.value);
  trade.type = market::name_of(order.spec.type);
  trade.outcome = execution::name_of(order.outcome);
  trade.stake = order.buy_price.to_string();
  if (order.payout) trade.payout = order.payout->to_string();
  trade.profit = order.profit->to_string();
  trade.entry = quote_text(order.entry);
  trade.exit = quote_text(order.exit);
  trade.purchase_time = order.purchase_time.s;
  trade.settled_time = order.settled_time.s;
  // What it then buys, it buys now: on the latest tick, in the second that the venue is in.
  auto tick = slot.script_tick;
  if (tick.epoch.s != 0) tick.epoch = std::max(tick.epoch, steady());
  script::Event event;
  event.what = std::move(trade);
  ask_script(slot, std::move(event), {0, tick, now.instant, false, true});
}

}  // namespace derivd::engine
