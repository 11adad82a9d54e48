#include "engine/slot.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/check.hpp"

namespace derivd::engine {
namespace {

using Numbers = std::vector<std::int64_t>;

// "12:1700000000,13:1700000002" → 12, 1700000000, 13, 1700000002.
std::optional<Numbers> numbers(std::string_view text) {
  Numbers out;
  while (!text.empty()) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    out.push_back(value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) break;
    if ((text.front() != ',' && text.front() != ':') || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  return out;
}

// A name as a number (FNV-1a), since the fields of the saved state are numbers; positive.
std::int64_t fingerprint(std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return static_cast<std::int64_t>(hash >> 1);
}

std::int64_t mark_of(const core::Name& group) {
  return group.empty() ? 0 : fingerprint(group.view());
}

template <class List, class Text>
std::string joined(const List& list, Text&& text) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ",") + text(item);
  return out;
}

std::string optional_time(const std::optional<core::VenueTime>& time) {
  return time ? fmt::format("{}", time->s) : std::string{};
}

std::string refusals_text(const risk::Refusals& r) {
  return fmt::format("{}:{}:{}:{}:{}", r.total, r.row, r.strikes, r.until ? r.until->s : 0,
                     r.told ? 1 : 0);
}

risk::Refusals refusals_of(const Numbers& n) {
  risk::Refusals out;
  if (n.empty()) return out;
  out.total = n[0];
  out.row = n[1];
  out.strikes = n[2];
  if (n[3] != 0) out.until = core::VenueTime{n[3]};
  out.told = n[4] == 1;
  return out;
}

std::optional<core::VenueTime> saved_time(const Numbers& n) {
  return n.empty() ? std::nullopt : std::optional<core::VenueTime>{{n[0]}};
}

}  // namespace

Slot::Slot(const StrategySettings& s) : settings(s) {
  const auto* plan_type = staking::find_plan(s.staking.plan);
  DERIVD_CHECK(plan_type != nullptr, "settings were not checked");
  make_strategy();
  plan = plan_type->make(s.staking);
  group_mark = mark_of(s.group);
  make_volatility();
  start_with_nothing();
}

void Slot::make_strategy() {
  const auto* type = strategy::find_type(settings.type);
  DERIVD_CHECK(type != nullptr, "settings were not checked");
  // What a program wants kept outlives its text, as it does over a restart.
  const auto kept = strategy ? std::string(strategy->kept()) : std::string{};
  strategy = strategy::make_strategy(*type, settings.params,
                                     {settings.rules, settings.program, symbol_of(settings)});
  program = strategy->program();
  wishes.clear();
  lanes.clear();
  for (const auto& symbol : settings.watch) lanes.emplace_back(symbol);
  if (!kept.empty()) strategy->keep(kept);
  wants_past = strategy->wants_past();
  wants_own = strategy->wants_own();
}

void Slot::make_volatility() {
  const auto& bounds = settings.guards.volatility;
  if (bounds && volatility && volatility->needed() == bounds->ticks + 1) return;
  volatility.reset();
  if (bounds) volatility.emplace(bounds->ticks);
  volatility_at = {};
}

bool Slot::is_scripted() const {
  const auto* type = strategy::find_type(settings.type);
  return type != nullptr && type->is_scripted;
}

Slot::Slot(core::Name name, std::uint8_t money_decimals) : configured(false) {
  settings.name = name;
  settings.enabled = false;
  settings.staking.base = core::Money::minor(0, money_decimals);
  start_with_nothing();
}

void Slot::start_with_nothing() {
  session = {nothing(), nothing()};
  last_profit = day_profit = guards.top = nothing();
}

bool Slot::must_be_flat_for(const StrategySettings& s) const {
  const auto& now = settings;
  return s.type != now.type || s.symbol != now.symbol || s.watch != now.watch ||
         s.params != now.params || s.rules != now.rules || s.program != now.program ||
         s.script != now.script || s.contract != now.contract ||
         s.staking.plan != now.staking.plan || s.staking.base != now.staking.base ||
         s.staking.factor != now.staking.factor ||
         s.staking.auto_factor != now.staking.auto_factor || s.staking.unit != now.staking.unit ||
         s.staking.stakes != now.staking.stakes || s.staking.advance != now.staking.advance ||
         s.staking.percent != now.staking.percent;
}

bool Slot::asks_otherwise(const StrategySettings& s) const {
  const auto& now = settings;
  return must_be_flat_for(s) || s.staking.max_stake != now.staking.max_stake ||
         s.staking.max_steps != now.staking.max_steps || s.staking.on_cap != now.staking.on_cap;
}

void Slot::take_live(const StrategySettings& s) {
  if (asks_otherwise(s)) refusals.end();
  if (!runs() && s.enabled) start_counting_anew();
  configured = true;
  settings.session = s.session;
  settings.guards = s.guards;
  settings.group = s.group;
  group_mark = mark_of(s.group);
  make_volatility();
  settings.exit = s.exit;
  settings.enabled = s.enabled;
  settings.hook = s.hook;
  if (!s.hook) hook = {};
  if (!s.enabled || must_be_flat_for(s)) hook.open.reset();
  told.reset();
  // While other keys of it wait, the plan waits with them: nothing is entered meanwhile.
  if (must_be_flat_for(s)) return;
  settings.staking = s.staking;
  make_plan(s.staking);
}

void Slot::take_over(const StrategySettings& s) {
  const bool others = !strategy || s.type != settings.type || s.symbol != settings.symbol ||
                      s.watch != settings.watch || s.params != settings.params ||
                      s.rules != settings.rules || s.program != settings.program ||
                      s.script != settings.script ||
                      (is_scripted() && s.contract != settings.contract);
  // One that was not in the configuration has no contract to compare with: it is put back.
  const bool stays = strategy ? s.contract == settings.contract : s.contract.alternate.has_value();
  if (!stays) {
    swapped = false;
    losses_to_swap = 0;
  }
  take_live(s);
  settings = s;
  if (others) {
    script_changed = script_run != 0;
    make_strategy();
    last_epoch = volatility_at = {};
    candles = {};
  }
  make_plan(s.staking);
}

void Slot::retire() {
  hook.open.reset();
  configured = false;
  settings.enabled = false;
  pending.reset();
}

// A run is a run only if nothing is missing in it.
void Slot::start_counting_anew() {
  if (strategy) strategy->reset();
  last_epoch = volatility_at = {};
  candles = {};
}

void Slot::make_plan(const staking::Settings& s) {
  const auto saved = plan ? plan->save() : kept_staking;
  plan = staking::find_plan(s.plan)->make(s);
  // Another plan's step means nothing here: it begins at its base.
  if (!saved.empty() && !plan->load(saved)) plan->restart();
}

void Slot::on_purchase(core::OrderId order, core::VenueTime time, bool today) {
  if (!counted.insert(order).second) return;
  ++trades;
  if (hook.real) ++hook.bought;
  if (today) ++day_trades;
  guards.on_purchase(settings.guards, {order, time});
}

void Slot::on_settled(const execution::Order& order, bool today) {
  const auto profit = *order.profit;
  session.settle(profit);
  won += profit.units() > 0 ? 1 : 0;
  lost += profit.units() < 0 ? 1 : 0;
  if (profit.units() != 0) {
    const bool is_won = profit.units() > 0;
    wins_in_row = is_won ? wins_in_row + 1 : 0;
    losses_in_row = is_won ? 0 : losses_in_row + 1;
  }
  last_profit = profit;
  if (today) day_profit += profit;
  guards.on_settled(settings.guards, profit, order.settled_time);
  guards.on_realised(settings.guards, session.realised, order.settled_time);
  count_to_swap(profit);
  if (plan && order.payout) plan->see_terms(order.buy_price, *order.payout);
  if (plan) plan->on_result(profit);
  counted.erase(order.id);
  if (!best_bids.empty()) [[unlikely]]
    best_bids.erase(order.id);
  while (booked.size() >= kBooked) booked.erase(booked.begin());
  booked.push_back({order.id, order.contract, order.sell_price, order.settled_time});
}

void Slot::count_to_swap(core::Money profit) {
  const auto& after = settings.contract.alternate;
  if (!after || profit.is_zero()) return;
  losses_to_swap = profit.units() < 0 ? losses_to_swap + 1 : 0;
  if (losses_to_swap < *after) return;
  swapped = !swapped;
  losses_to_swap = 0;
}

void Slot::new_day(std::int64_t number) {
  day = number;
  day_profit = nothing();
  day_trades = 0;
}

void Slot::new_session() {
  ++session_number;
  session = {nothing(), nothing()};
  trades = won = lost = wins_in_row = losses_in_row = 0;
  last_profit = guards.top = nothing();
  refusals.total = 0;
  hook = {};
  swapped = false;
  losses_to_swap = 0;
  if (plan) plan->restart();
  // Its stakes are its variables.
  if (program != nullptr) program->begin_anew();
}

execution::StrategyRecord Slot::record() const {
  execution::StrategyRecord out;
  out.strategy = settings.name;
  out.session = session_number;
  out.realised = session.realised;
  out.peak = session.peak;
  out.counters = strategy ? strategy->save() : kept_counters;
  out.staking = plan ? plan->save() : kept_staking;
  out.guards = guards_text();
  return out;
}

// One line of key=value, blanks between them; `why`, free text, is last.
std::string Slot::guards_text() const {
  return fmt::format(
      "tick={} symbol={} group={} trades={} won={} lost={} results={}:{}:{} cooling={} pausing={} "
      "losses={} drawdown={}:{} buys={} day={} "
      "day_profit={} day_trades={} refused={} counted={} best={} booked={} virtual={}:{}:{} "
      "swapped={}:{} "
      "paused={} why={}",
      last_epoch.s, fingerprint(settings.symbol.view()), group_mark, trades, won, lost, wins_in_row,
      losses_in_row, last_profit.units(), optional_time(guards.cooling_until),
      optional_time(guards.pausing_until), guards.losses,
      guards.falling_until ? guards.falling_until->s : 0, guards.top.units(),
      joined(guards.purchases,
             [](const auto& p) { return fmt::format("{}:{}", p.order.value, p.time.s); }),
      day, day_profit.units(), day_trades, refusals_text(refusals),
      joined(counted, [](auto id) { return fmt::format("{}", id.value); }),
      joined(best_bids,
             [](const auto& b) { return fmt::format("{}:{}", b.first.value, b.second.units()); }),
      joined(booked,
             [](const auto& b) {
               return fmt::format("{}:{}:{}:{}", b.order.value, b.contract.value,
                                  b.sell_price.units(), b.time.s);
             }),
      hook.real ? 1 : 0, hook.losses, hook.bought, swapped ? 1 : 0, losses_to_swap, paused ? 1 : 0,
      pause_reason.view());
}

core::Result<void> Slot::load_guards(std::string_view text) {
  const auto why = text.find(" why=");
  const auto broken =
      core::invalid(fmt::format("'{}' is not a saved guard state", text.substr(0, 80)));
  if (why == std::string_view::npos) return broken;
  std::map<std::string_view, Numbers, std::less<>> fields;
  auto rest = text.substr(0, why);
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    const auto field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) return broken;
    auto list = numbers(field.substr(equals + 1));
    if (!list) return broken;
    fields[field.substr(0, equals)] = std::move(*list);
  }
  for (const auto key :
       {"tick", "trades", "won", "lost", "losses", "day", "day_profit", "day_trades", "paused"}) {
    if (!fields.contains(key) || fields[key].size() != 1) return broken;
  }
  const auto& buys = fields["buys"];
  const auto& done = fields["booked"];
  const auto& refused = fields["refused"];  // older records have none
  if (buys.size() % 2 != 0 || done.size() % 4 != 0) return broken;
  if (!refused.empty() && refused.size() != 5) return broken;
  const auto& best = fields["best"];  // older records have none
  if (best.size() % 2 != 0) return broken;
  const auto& drawdown = fields["drawdown"];  // older records have none
  if (!drawdown.empty() && drawdown.size() != 2) return broken;
  const auto& results = fields["results"];  // older records have none
  if (!results.empty() && results.size() != 3) return broken;
  const auto& virtually = fields["virtual"];  // older records have none
  if (!virtually.empty() && virtually.size() != 3) return broken;
  const auto& swaps = fields["swapped"];  // older records have none
  if (!swaps.empty() && swaps.size() != 2) return broken;
  last_epoch = {fields["tick"][0]};
  const auto& symbol = fields["symbol"];  // older records have none
  const bool other_symbol = symbol.size() == 1 && symbol[0] != fingerprint(settings.symbol.view());
  if (other_symbol) last_epoch = {};
  const auto& group = fields["group"];  // older records have none
  if (!configured && group.size() == 1) group_mark = group[0];
  trades = fields["trades"][0];
  won = fields["won"][0];
  lost = fields["lost"][0];
  if (!results.empty()) {
    wins_in_row = results[0];
    losses_in_row = results[1];
    last_profit = core::Money::minor(results[2], nothing().exponent());
  }
  hook = {};
  // One that the configuration does not have keeps what it was: it may be put back.
  if (!virtually.empty() && (settings.hook || !configured)) {
    hook.real = virtually[0] == 1;
    hook.losses = virtually[1];
    hook.bought = virtually[2];
  }
  const bool alternates =
      !swaps.empty() && (settings.contract.alternate.has_value() || !configured);
  swapped = alternates && swaps[0] == 1;
  losses_to_swap = alternates ? swaps[1] : 0;
  guards.cooling_until = saved_time(fields["cooling"]);
  guards.pausing_until = saved_time(fields["pausing"]);
  guards.losses = fields["losses"][0];
  guards.falling_until.reset();
  guards.top = session.peak;
  if (!drawdown.empty()) {
    if (drawdown[0] != 0) guards.falling_until = core::VenueTime{drawdown[0]};
    guards.top = core::Money::minor(drawdown[1], nothing().exponent());
  }
  guards.purchases.clear();
  for (std::size_t i = 0; i < buys.size(); i += 2) {
    guards.purchases.push_back({{buys[i]}, {buys[i + 1]}});
  }
  day = fields["day"][0];
  day_profit = core::Money::minor(fields["day_profit"][0], nothing().exponent());
  day_trades = fields["day_trades"][0];
  refusals = refusals_of(refused);
  counted.clear();
  for (const auto id : fields["counted"]) counted.insert({id});
  best_bids.clear();
  for (std::size_t i = 0; i < best.size(); i += 2) {
    best_bids[{best[i]}] = core::Money::minor(best[i + 1], nothing().exponent());
  }
  booked.clear();
  for (std::size_t i = 0; i < done.size(); i += 4) {
    const auto price = core::Money::minor(done[i + 2], nothing().exponent());
    booked.push_back({{done[i]}, {done[i + 1]}, price, {done[i + 3]}});
  }
  paused = fields["paused"][0] == 1;
  pause_reason = core::Text::truncated(text.substr(why + 5));
  return {};
}

std::string Slot::load(const execution::StrategyRecord& record) {
  session_number = record.session;
  std::string problems;
  const auto of_ours = [this](core::Money amount) {
    return amount.is_zero() || amount.exponent() == nothing().exponent();
  };
  if (of_ours(record.realised) && of_ours(record.peak)) {
    session = {nothing() + record.realised, nothing() + record.peak};
  } else {
    problems += "its result is in another currency; ";
  }
  if (auto r = load_guards(record.guards); !r) problems += r.error().text + "; ";
  if (!strategy) kept_counters = record.counters;
  if (!plan) kept_staking = record.staking;
  if (strategy) {
    if (auto r = strategy->load(record.counters); !r) {
      strategy->reset();
      last_epoch = {};
      problems += r.error().text + "; ";
    }
    if (wants_past) last_epoch = {};  // history makes it anew
    // Counted on another symbol. A program's sleeps and variables are no counters.
    if (last_epoch.s == 0 && program == nullptr) strategy->reset();
  }
  if (plan) {
    if (auto r = plan->load(record.staking); !r) {
      plan->restart();
      problems += r.error().text + "; ";
    }
  }
  saved_at = last_epoch;
  return problems;
}

}  // namespace derivd::engine
