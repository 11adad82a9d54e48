// Any sequence of reloads, ticks, answers, settlements and commands: the verdict, the changes as
// they are journaled, what is in force, what waits, and what a strategy remembers are those of a
// slow model that knows nothing but maps of texts. A strategy that no reload touches does tick for
// tick what it does in an engine that is never reloaded.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <stdexcept>

#include "config/config.hpp"
#include "core/rng.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::config {
namespace {

using core::Rng;
using Values = std::map<std::string, std::string>;  // key → as it is shown

constexpr std::string_view kSteady = "steady";

struct Key {
  std::string name;
  std::string reload;
  std::vector<std::string> values;  // the first is the default
};

const std::vector<Key> kOfAll{
    {"venue.app_id", "reconnect", {"1089", "2002", "abc"}},
    {"venue.endpoint", "reconnect", {"null", "https://a.test", "https://b.test:8443"}},
    {"venue.account", "restart", {"demo", "DOT90000001"}},
    {"limits.max_stake", "live", {"null", "400.00", "500.00"}},
    {"limits.max_open_contracts", "live", {"null", "200", "300"}},
    {"limits.daily_loss", "live", {"null", "70000.00", "80000.00"}},
    {"limits.day_starts", "restart", {"00:00 UTC", "06:30 UTC"}},
    {"store.path", "restart", {"null", "/tmp/x.db"}},
    {"store.keep", "live", {"all", "1d", "90d"}},
    {"log.level", "live", {"info", "debug", "error"}},
    {"stop_timeout", "live", {"30s", "20s"}},
};
const std::vector<Key> kOfStrategy{
    {"type", "when flat", {"even_odd", "rise_fall"}},
    {"symbol", "when flat", {"R_100", "R_50"}},
    {"params", "when flat", {"{ streak: 1 }", "{ streak: 2 }"}},
    {"contract.duration", "when flat", {"1t", "2t", "5t"}},
    {"staking.plan", "when flat", {"flat", "martingale"}},
    {"staking.base", "when flat", {"0.50", "1.00", "2.00"}},
    {"staking.factor", "when flat", {"2", "3"}},
    {"staking.max_steps", "live", {"null", "1", "3"}},
    {"session.stop_loss", "live", {"null", "50000.00", "60000.00"}},
    {"guards.max_open", "live", {"1", "2", "3"}},
    {"guards.cooldown", "live", {"0s", "1s", "3s"}},
    {"group", "live", {"null", "g", "h"}},
    {"enabled", "live", {"true", "false"}},
};

Values defaults(const std::vector<Key>& keys) {
  Values out;
  for (const auto& k : keys) out[k.name] = k.values.front();
  return out;
}

struct Wanted {
  Values all = defaults(kOfAll);
  std::vector<std::pair<std::string, Values>> strategies;

  Values* find(const std::string& name) {
    for (auto& [n, values] : strategies) {
      if (n == name) return &values;
    }
    return nullptr;
  }
};

/// "limits.max_stake" and what else has that head, as one map in flow style; null is left out.
std::string flow(const Values& values, std::string_view first = "") {
  std::map<std::string, std::string> sections;
  std::string out(first);
  const auto add = [](std::string& to, const std::string& key, const std::string& value) {
    const bool plain = value.starts_with('{') || value.find(':') == std::string::npos;
    to += fmt::format("{}{}: {}", to.empty() ? "" : ", ", key,
                      plain ? value : fmt::format("\"{}\"", value));
  };
  for (const auto& [key, value] : values) {
    if (value == "null") continue;
    const auto dot = key.find('.');
    if (dot == std::string::npos) {
      add(out, key, value);
    } else {
      add(sections[key.substr(0, dot)], key.substr(dot + 1), value);
    }
  }
  for (const auto& [section, inside] : sections) {
    out += fmt::format("{}{}: {{ {} }}", out.empty() ? "" : ", ", section, inside);
  }
  return out;
}

std::string text_of(const Wanted& wanted) {
  std::string list;
  for (const auto& [name, values] : wanted.strategies) {
    list += fmt::format("{}\n  {{ {} }}", list.empty() ? "" : ",",
                        flow(values, fmt::format("name: {}", name)));
  }
  const auto head = flow(wanted.all);
  return fmt::format("{{ {}{} strategies: [{}] }}\n", head, head.empty() ? "" : ",", list);
}

/// "key|before|after|class", sorted.
using Told = std::vector<std::string>;

void differences(const std::vector<Key>& keys, const std::string& head, const Values& before,
                 const Values& after, Told& out) {
  for (const auto& k : keys) {
    const auto& a = before.at(k.name);
    const auto& b = after.at(k.name);
    if (a != b) out.push_back(fmt::format("{}{}|{}|{}|{}", head, k.name, a, b, k.reload));
  }
}

Told differences(Wanted before, Wanted after) {
  Told out;
  differences(kOfAll, "", before.all, after.all, out);
  for (const auto& [name, values] : after.strategies) {
    if (const auto* old = before.find(name)) {
      differences(kOfStrategy, fmt::format("strategies[{}].", name), *old, values, out);
    } else {
      out.push_back(fmt::format("strategies[{}]||added|live", name));
    }
  }
  for (const auto& [name, values] : before.strategies) {
    if (!after.find(name)) out.push_back(fmt::format("strategies[{}]|removed||live", name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

struct Strategy {
  Values in_force;
  Values pending;  // empty: nothing waits
  bool configured = true;
  bool bare = false;  // of the journal alone: has no plan to be in the way
  bool paused = false;
  bool halted = false;
  std::int64_t won = 0, lost = 0;
  core::Money profit;
};

struct Contract {
  std::string strategy;
  core::OrderId order;
  std::int64_t id = 0;  // 0: not answered
  bool unknown = false;
  core::Money stake;
};

class Trial {
 public:
  Trial() {
    steady_ = defaults(kOfStrategy);
    steady_["symbol"] = "1HZ100V";
    steady_["staking.plan"] = "martingale";
    steady_["staking.max_steps"] = "3";
    wanted_.strategies = {{std::string(kSteady), steady_}, {"a", defaults(kOfStrategy)}};
    const auto first = load_text(text_of(wanted_));
    if (const auto* bad = std::get_if<std::vector<Problem>>(&first)) {
      throw std::runtime_error(format(bad->front(), text_of(wanted_)));
    }
    config_ = std::get<Config>(first);
    for (const auto& [name, values] : wanted_.strategies) model_[name].in_force = values;
    rig_ = std::make_unique<engine::test::Rig>(config_.engine);
    auto alone = config_.engine;
    alone.strategies.resize(1);
    shadow_ = std::make_unique<engine::test::Rig>(alone);
    for (auto* rig : {rig_.get(), shadow_.get()}) {
      rig->restore({});
      rig->now.venue = {1'782'086'400};
      rig->live();
    }
  }

  /// What is wrong after it; empty: nothing.
  std::string step(std::uint32_t seed) {
    Rng rng(seed);
    const auto dice = rng.below(20);
    trace += fmt::format(" {}", dice);
    if (dice < 8) {
      tick(rng);
    } else if (dice < 11) {
      answer(rng);
    } else if (dice < 14) {
      settle(rng);
    } else if (dice < 15) {
      command(rng);
    } else if (dice == 15 && rng.below(4) == 0) {
      restart();
    } else {
      reload(rng);
    }
    note_buys();  // what waited for another answer may have gone out at any event
    check();
    if (::testing::Test::HasFailure()) wrong("the rig's own promises are broken");
    return problem_;
  }

  std::string trace;

 private:
  void wrong(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }
  template <class A, class B>
  void same(const A& a, const B& b, std::string_view what) {
    if (!(a == b)) wrong(fmt::format("{}: {} and {}", what, a, b));
  }

  // ---- the model ----
  bool is_flat(const std::string& name) const {
    return std::none_of(contracts_.begin(), contracts_.end(),
                        [&](const auto& c) { return c.strategy == name; });
  }
  bool has_unknown(const std::string& name) const {
    return std::any_of(contracts_.begin(), contracts_.end(),
                       [&](const auto& c) { return c.strategy == name && c.unknown; });
  }
  /// Before every event: what waited for a flat strategy holds.
  void begin() {
    for (auto& [name, s] : model_) {
      if (s.pending.empty() || !is_flat(name)) continue;
      s.in_force = std::exchange(s.pending, {});
    }
  }
  void take_over(const std::string& name, const Values& values) {
    const auto [at, fresh] = model_.try_emplace(name);
    auto& s = at->second;
    s.configured = true;
    s.pending.clear();
    bool waits = false;
    for (const auto& k : kOfStrategy) {
      if (fresh || k.reload != "when flat") continue;
      waits = waits || s.in_force.at(k.name) != values.at(k.name);
    }
    if (!waits || s.bare || is_flat(name)) {
      s.in_force = values;
      s.bare = false;
      return;
    }
    s.pending = values;
    for (const auto& k : kOfStrategy) {
      // The caps of a plan wait with it.
      const bool of_plan = k.name.starts_with("staking.");
      if (k.reload == "live" && !of_plan) s.in_force[k.name] = values.at(k.name);
    }
  }

  // ---- events ----
  void tick(Rng& rng) {
    const auto epoch = ++epoch_;
    const auto quote = [&] { return fmt::format("{}.{:02}", 100 + rng.below(3), rng.below(100)); };
    const auto one = quote();
    begin();
    rig_->tick("1HZ100V", epoch, one);
    note_buys();
    shadow_->tick("1HZ100V", epoch, one);
    for (const auto& buy : shadow_->take_buys()) {
      shadow_orders_.push_back({buy.order, buy.stake, buy.spec.type});
    }
    same(shadow_orders_.size(), steady_orders_.size(), "purchases of the untouched strategy");
    for (std::size_t i = 0; i < shadow_orders_.size() && i < steady_orders_.size(); ++i) {
      same(shadow_orders_[i].stake.to_string(), steady_orders_[i].stake.to_string(),
           "stake of the untouched strategy");
      if (shadow_orders_[i].type != steady_orders_[i].type) wrong("another signal");
    }
    if (epoch % 2 != 0) return;
    for (const auto* symbol : {"R_100", "R_50"}) {
      begin();
      rig_->tick(symbol, epoch, symbol == std::string_view("R_50") ? quote() + "11" : quote());
      note_buys();
    }
  }

  void note_buys() {
    for (const auto& buy : rig_->take_buys()) {
      const auto& order = rig_->book.orders.at(buy.order);
      const auto name = order.strategy.str();
      const auto known = model_.find(name);
      if (known == model_.end()) return wrong("bought for nobody");
      const auto& s = known->second;
      const bool may = s.configured && s.pending.empty() && !s.paused && !s.halted &&
                       s.in_force.at("enabled") == "true" && !has_unknown(name);
      if (!may) wrong(fmt::format("{} bought and may not", name));
      same(buy.spec.symbol.str(), s.in_force.at("symbol"), "symbol bought");
      same(buy.spec.duration.to_string(), s.in_force.at("contract.duration"), "duration bought");
      same(market::name_of(buy.spec.type).starts_with("DIGIT"), s.in_force.at("type") == "even_odd",
           "digits bought");
      check_stake(name, s.in_force, buy.stake);
      contracts_.push_back({name, buy.order, 0, false, buy.stake});
      if (name == kSteady) steady_orders_.push_back({buy.order, buy.stake, buy.spec.type});
      const auto open = std::count_if(contracts_.begin(), contracts_.end(),
                                      [&](const auto& c) { return c.strategy == name; });
      if (open > std::stoll(s.in_force.at("guards.max_open"))) wrong("more open than allowed");
      const auto& group = s.in_force.at("group");
      const auto same_group = [&](const auto& c) {
        const auto other = model_.find(c.strategy);
        return other != model_.end() && other->second.in_force.at("group") == group;
      };
      if (group != "null" && std::count_if(contracts_.begin(), contracts_.end(), same_group) > 1) {
        wrong("a second contract of its group");
      }
    }
  }

  void check_stake(const std::string& name, const Values& values, core::Money stake) {
    auto allowed = *core::Money::parse(values.at("staking.base"));
    if (values.at("staking.plan") == "flat") {
      return same(stake.to_string(), allowed.to_string(), name + ": stake");
    }
    const auto& most = values.at("staking.max_steps");
    const auto factor = std::stoll(values.at("staking.factor"));
    const auto steps = most == "null" ? 7 : std::stoll(most);
    for (std::int64_t step = 0; step <= steps; ++step) {
      if (stake == allowed) return;
      allowed = core::Money::minor(allowed.units() * factor);
    }
    wrong(fmt::format("{}: {} is no stake of its plan", name, stake.to_string()));
  }

  /// The shadow's order of the untouched strategy that this one is.
  core::OrderId shadow_of(core::OrderId order) const {
    for (std::size_t i = 0; i < steady_orders_.size(); ++i) {
      if (steady_orders_[i].order == order) return shadow_orders_.at(i).order;
    }
    return {};
  }

  void answer(Rng& rng) {
    const auto at =
        std::find_if(contracts_.begin(), contracts_.end(), [](const auto& c) { return c.id == 0; });
    if (at == contracts_.end()) return;
    auto& c = *at;
    const auto twin = c.strategy == kSteady ? shadow_of(c.order) : core::OrderId{};
    const auto dice = rng.below(10);
    begin();
    if (dice < 2 && !c.unknown) {
      rig_->unknown(c.order);
      if (twin) shadow_->unknown(twin);
      c.unknown = true;
    } else if (dice < 3 && !c.unknown) {
      rig_->refused(c.order, "OfferingsValidationError");
      if (twin) shadow_->refused(twin, "OfferingsValidationError");
      contracts_.erase(at);
    } else {
      c.id = ++last_contract_;
      c.unknown = false;
      rig_->bought(c.order, c.id, "9.00", "9000.00");
      if (twin) shadow_->bought(twin, c.id, "9.00", "9000.00");
    }
  }

  void settle(Rng& rng) {
    const auto at =
        std::find_if(contracts_.begin(), contracts_.end(), [](const auto& c) { return c.id != 0; });
    if (at == contracts_.end()) return;
    const auto c = *at;
    const bool won = rng.below(2) == 0;
    const auto paid = won ? core::Money::minor(c.stake.units() * 2) : core::Money{};
    begin();
    rig_->settle(c.id, paid.to_string());
    if (c.strategy == kSteady) shadow_->settle(c.id, paid.to_string());
    contracts_.erase(at);
    auto& s = model_[c.strategy];
    (won ? s.won : s.lost) += 1;
    s.profit += paid - c.stake;
  }

  void command(Rng& rng) {
    const std::string name = rng.below(2) == 0 ? "a" : "b";
    const auto verb = rng.below(3);
    begin();
    engine::Actions out;
    auto& e = *rig_->engine;
    const bool known = verb == 0   ? e.pause(name, "why", rig_->now, out)
                       : verb == 1 ? e.resume(name, rig_->now, out)
                                   : e.halt(name, "why", rig_->now, out);
    for (const auto& action : out) {
      if (const auto* a = std::get_if<engine::Append>(&action)) rig_->book.append(a->record);
    }
    const auto at = model_.find(name);
    same(known, at != model_.end() && at->second.configured, "whether it is known");
    if (!known || at == model_.end()) return;
    auto& s = at->second;
    if (verb == 0) s.paused = true;
    if (verb == 1) s.paused = s.halted = false;
    if (verb == 2) s.halted = true;
  }

  /// The configuration of the last accepted reload is the file's.
  void restart() {
    rig_->settings = config_.engine;
    rig_->restart();
    rig_->live();
    shadow_->restart();
    shadow_->live();
    for (auto& [name, s] : model_) {
      s.pending.clear();
      s.bare = !s.configured;
      if (const auto* values = wanted_.find(name)) s.in_force = *values;
    }
    // What had no answer yet is of unknown outcome now.
    for (auto& c : contracts_) c.unknown = c.id == 0;
  }

  // ---- reloads ----
  void edit(Rng& rng, const std::vector<Key>& keys, Values& values) {
    const auto& key = keys[rng.below(keys.size())];
    // A key that only a restart can change is a rare choice, or every reload would be refused.
    if (key.reload == "restart" && rng.below(4) != 0) return;
    values[key.name] = key.values[rng.below(key.values.size())];
  }
  /// Equal purchases of two strategies wait for each other's answers: their stakes never meet.
  static void keep_apart(const std::string& name, Values& values) {
    static const Values kOther{{"0.50", "0.60"}, {"1.00", "1.10"}, {"2.00", "2.10"}};
    auto& base = values["staking.base"];
    if (const auto at = kOther.find(base); name == "b" && at != kOther.end()) base = at->second;
  }
  void edit(Rng& rng, Wanted& next) {
    const std::string name = rng.below(2) == 0 ? "a" : "b";
    auto* values = next.find(name);
    switch (rng.below(8)) {
      case 0:
        return edit(rng, kOfAll, next.all);
      case 1:
        if (values) {
          std::erase_if(next.strategies, [&](const auto& s) { return s.first == name; });
          return;
        }
        [[fallthrough]];
      default:
        if (values) {
          edit(rng, kOfStrategy, *values);
          return keep_apart(name, *values);
        }
        auto fresh = defaults(kOfStrategy);
        edit(rng, kOfStrategy, fresh);
        keep_apart(name, fresh);
        next.strategies.insert(next.strategies.begin() + static_cast<std::ptrdiff_t>(
                                                             rng.below(next.strategies.size() + 1)),
                               {name, fresh});
    }
  }
  /// A mistake somewhere: the whole file is refused.
  std::string spoilt(Rng& rng, Wanted next) {
    switch (rng.below(5)) {
      case 0:
        next.all["limits.max_stak"] = "5";
        return text_of(next);
      case 1:
        next.strategies.back().second["staking.base"] = "0.10";
        return text_of(next);
      case 2:
        next.strategies.push_back(next.strategies.front());
        return text_of(next);
      case 3:
        next.strategies.front().second["symbol"] = "r_50";
        return text_of(next);
      default: {
        const auto text = text_of(next);
        return text.substr(0, text.rfind(']'));
      }
    }
  }

  void reload(Rng& rng) {
    auto next = wanted_;
    const auto edits = 1 + rng.below(3);
    for (std::uint64_t i = 0; i < edits; ++i) edit(rng, next);
    const bool spoil = rng.below(6) == 0;
    const auto loaded = load_text(spoil ? spoilt(rng, next) : text_of(next));
    if (std::holds_alternative<std::vector<Problem>>(loaded) != spoil) {
      return wrong("valid or not: " + text_of(next));
    }
    if (spoil) return;
    const auto& config = std::get<Config>(loaded);
    const auto expected = differences(wanted_, next);
    const auto changes = diff(config_, config);
    Told got;
    for (const auto& c : changes) {
      got.push_back(fmt::format("{}|{}|{}|{}", c.key, c.before, c.after, name_of(c.reload)));
    }
    std::sort(got.begin(), got.end());
    same(fmt::format("{}", fmt::join(got, "; ")), fmt::format("{}", fmt::join(expected, "; ")),
         "changes");
    const auto refused = refusals(changes, config);
    const auto restarts = std::count_if(expected.begin(), expected.end(),
                                        [](const auto& t) { return t.ends_with("|restart"); });
    same(static_cast<std::ptrdiff_t>(refused.size()), restarts, "refusals");
    if (!refused.empty()) return;
    for (const auto& line : expected) trace += " " + line;
    begin();
    rig_->reconfigure(config.engine);
    for (auto& [name, s] : model_) {
      if (!s.configured || next.find(name)) continue;
      s.configured = false;
      s.pending.clear();
      s.in_force["enabled"] = "false";
    }
    for (const auto& [name, values] : next.strategies) take_over(name, values);
    wanted_ = next;
    config_ = config;
  }

  // ---- after every step ----
  void check() {
    std::map<std::string, engine::StrategyView> views;
    for (const auto& v : rig_->engine->strategies()) views[v.name.str()] = v;
    for (const auto& [name, s] : model_) {
      const auto at = views.find(name);
      if (at == views.end()) {
        if (s.configured) wrong(name + " is not there");
        continue;
      }
      check(name, s, at->second);
    }
    // Both of them count, wait and remember the same.
    const auto ours = views.find(std::string(kSteady))->second;
    const auto alone = shadow_->view(kSteady);
    same(ours.next_stake.to_string(), alone.next_stake.to_string(), "step of the untouched one");
    same(ours.trades, alone.trades, "trades of the untouched one");
    same(ours.peak.to_string(), alone.peak.to_string(), "peak of the untouched one");
    same(engine::name_of(ours.status), engine::name_of(alone.status),
         "status of the untouched one");
  }
  void check(const std::string& name, const Strategy& s, const engine::StrategyView& v) {
    same(v.won, s.won, name + ": won");
    same(v.lost, s.lost, name + ": lost");
    same(v.profit.to_string(), s.profit.to_string(), name + ": profit");
    if (s.bare) return;  // after a restart nothing else is known of what was taken out
    same(v.type, s.in_force.at("type"), name + ": type");
    same(v.symbol.str(), s.in_force.at("symbol"), name + ": symbol");
    same(v.change_pending, !s.pending.empty(), name + ": pending");
    if (s.in_force.at("staking.plan") == "flat") {
      same(v.next_stake.to_string(), s.in_force.at("staking.base"), name + ": next stake");
    }
    const auto status = s.halted                                               ? "halted"
                        : !s.configured || s.in_force.at("enabled") == "false" ? "disabled"
                        : s.paused                                             ? "paused"
                        : has_unknown(name)                                    ? "blocked"
                                                                               : "running";
    same(engine::name_of(v.status), std::string_view(status), name + ": status");
  }

  struct Bought {
    core::OrderId order;
    core::Money stake;
    market::ContractType type;
  };
  Values steady_;
  Wanted wanted_;  // by the last reload that was accepted
  Config config_;  // the same, as it was loaded
  std::map<std::string, Strategy> model_;
  std::vector<Contract> contracts_;  // everything at risk
  std::unique_ptr<engine::test::Rig> rig_;
  std::unique_ptr<engine::test::Rig> shadow_;  // the untouched strategy alone, never reloaded
  std::vector<Bought> steady_orders_;
  std::vector<Bought> shadow_orders_;
  std::int64_t epoch_ = 1'782'086'400;
  std::int64_t last_contract_ = 100;
  std::string problem_;
};

TEST(Reloads, AreWhatASlowModelSays) {
  const auto seeds = rc::gen::container<std::vector<std::uint32_t>>(
      rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint32_t>()));
  const bool good = rc::check("any sequence of reloads", [&] {
    const auto steps = *rc::gen::scale(4.0, seeds);
    Trial trial;
    for (const auto seed : steps) {
      const auto problem = trial.step(seed);
      if (!problem.empty()) RC_FAIL(problem + trial.trace);
    }
  });
  EXPECT_TRUE(good);
}

}  // namespace
}  // namespace derivd::config
