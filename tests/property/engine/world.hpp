// A venue that behaves badly, and the truth about it: random ticks, answers that come late or
// never, witnesses in any order and number, lost links, crashes between two actions. After every
// step the truth is held against every limit of the configuration.
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include "core/rng.hpp"
#include "market/kind.hpp"
#include "market/life.hpp"
#include "risk/day.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {

struct WorldOptions {
  bool faults = true;    // lost answers, lost links
  bool crashes = true;   // needs faults
  bool foreign = false;  // somebody else trades on the account
};

class World {
 public:
  World(std::uint64_t seed, WorldOptions o) : options(o), rng(seed) {
    make_settings();
    engine = std::make_unique<Engine>(settings);
    now.instant = {5'000'000'000};
    now.venue = {1'782'086'400 - 120};  // two minutes before midnight: days roll in every run
    balance =
        settings.limits.min_balance ? *settings.limits.min_balance + usd("6.00") : usd("1000.00");
    engine->restore({}, now, actions);
    perform();
    connect();
  }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      step();
      check();
    }
  }

  /// Everything in flight comes to its end, and the books must be equal.
  void finish() {
    if (::testing::Test::HasFailure()) return;
    options.faults = options.crashes = options.foreign = false;
    std::erase_if(buys, [&](Buy& b) {
      if (!b.executed && b.execute_at) execute(b);
      return true;
    });
    if (online) disconnect();
    engine->drain(now, actions);
    perform();
    for (int i = 0; i < 120 && !::testing::Test::HasFailure(); ++i) {
      if (!online) connect();
      tick();
      settle_due(true);
      deliver_all();
      check();
    }
    EXPECT_EQ(engine->account().open_contracts, 0);
    EXPECT_EQ(engine->account().unknown_orders, 0);
    core::Money truth;
    std::size_t ours = 0;
    for (const auto& [id, c] : contracts) {
      if (c.foreign) continue;
      ++ours;
      EXPECT_TRUE(c.sold);
      truth += c.credit - c.stake;
    }
    EXPECT_EQ(book.profit(), truth) << "the journal and the venue disagree";
    core::Money sessions;
    for (const auto& [name, record] : book.strategies) sessions += record.realised;
    EXPECT_EQ(sessions, truth) << "the sessions and the venue disagree";
    std::set<core::ContractId> claimed;
    for (const auto& [id, order] : book.orders) {
      EXPECT_TRUE(!order.contract || claimed.insert(order.contract).second);
    }
    EXPECT_EQ(claimed.size(), ours);
    for (const auto id : claimed) EXPECT_FALSE(contracts.at(id).foreign);
  }

  std::size_t executed = 0;
  std::size_t lost_answers = 0;
  std::size_t restarts = 0;
  std::size_t halts = 0;

 private:
  struct Contract {
    market::ContractSpec spec;
    market::Life life;
    core::Money stake;
    core::Money payout;
    core::VenueTime purchase;
    bool foreign = false;
    bool sold = false;
    core::Money credit;
    core::VenueTime sell_time;
    std::optional<core::Instant> due;
    core::Name strategy;
  };
  // A buy on its way: executed at some time or never, answered at some time or never.
  struct Buy {
    SendBuy order;
    core::Name strategy;
    std::optional<core::Instant> execute_at;  // empty: never
    std::optional<core::Instant> answer_at;   // empty: never
    bool executed = false;
    core::ContractId contract;
    core::Money balance_after;
  };
  using Message = std::function<void()>;

  void make_settings() {
    const auto chance = [&](int percent) { return rng.below(100) < std::uint64_t(percent); };
    const auto amount = [&](int lo, int hi) {
      return core::Money::minor(lo +
                                static_cast<std::int64_t>(rng.below(std::uint64_t(hi - lo + 1))));
    };
    const auto n = 1 + rng.below(3);
    for (std::uint64_t i = 0; i < n; ++i) {
      auto s = every_tick(std::string(1, static_cast<char>('a' + i)));
      const char* types[] = {"even_odd", "rise_fall", "digit_differs"};
      s.type = types[rng.below(3)];
      s.params.clear();
      if (s.type != "digit_differs")
        s.params["streak"] = 1 + static_cast<std::int64_t>(rng.below(2));
      s.contract.duration.count = 1 + static_cast<std::int32_t>(rng.below(3));
      const char* plans[] = {"flat",      "martingale",   "martingale",
                             "dalembert", "oscars_grind", "reverse_martingale",
                             "fibonacci", "table",        "percent_of_balance"};
      s.staking.plan = plans[rng.below(9)];
      s.staking.base = amount(35, 120);
      s.staking.percent = {2, 1};
      s.staking.auto_factor = s.staking.plan == "martingale" && chance(40);
      if (chance(20)) s.hook = VirtualHook{1, 1 + static_cast<std::int64_t>(rng.below(2)), false};
      if (chance(20) && s.type != "digit_differs") s.contract.alternate = 1;
      if (s.staking.plan == "table")
        s.staking.stakes = {s.staking.base, amount(35, 400), usd("4.00")};
      s.staking.factor = {21, 1};
      if (chance(50)) s.staking.max_steps = static_cast<std::int64_t>(rng.below(5));
      if (chance(80)) s.session.stop_loss = amount(200, 900);
      s.session.trailing = chance(50);
      if (chance(20)) s.session.take_profit = amount(300, 900);
      s.guards.max_open = 1 + static_cast<std::int64_t>(rng.below(3));
      if (chance(20)) s.guards.cooldown = std::chrono::seconds(rng.below(5));
      if (chance(20)) s.guards.min_payout_ratio = core::Decimal{5, 2};
      if (chance(25)) s.group = "g";
      if (chance(20)) s.guards.max_trades_per_hour = 5 + static_cast<std::int64_t>(rng.below(40));
      settings.strategies.push_back(s);
    }
    auto& l = settings.limits;
    if (chance(50)) l.max_stake = amount(150, 600);
    if (chance(50)) l.max_open_contracts = 1 + static_cast<std::int64_t>(rng.below(4));
    if (chance(50)) l.max_open_stake = amount(150, 800);
    if (chance(60)) l.daily_loss = amount(200, 900);
    if (chance(20)) l.daily_profit = amount(300, 900);
    if (chance(30)) l.max_trades_per_day = 5 + static_cast<std::int64_t>(rng.below(40));
    if (chance(50) && !options.foreign) l.min_balance = amount(1000, 5000);
  }

  void step() {
    const auto dice = rng.below(100);
    pass(std::chrono::milliseconds(rng.below(700)));
    if (dice < 55) return tick();
    if (dice < 90) return deliver_one();
    if (dice < 93 && options.faults) return online ? disconnect() : connect();
    if (dice < 94 && options.crashes) return crash();
    if (dice < 95 && options.foreign) return foreign_buy();
    if (dice < 97 && online) {  // a balance from the past, on a stream of its own
      const auto old =
          balances[balances.size() - 1 - rng.below(std::min<std::size_t>(3, balances.size()))];
      return send([this, old] { engine->on_balance(old, now, actions); });
    }
    if (!online && !options.faults) connect();
  }

  // ---- time ----
  void pass(core::Duration d) {
    const auto end = now.instant + d;
    for (int guard = 0; guard < 1000; ++guard) {
      const auto next = engine->next_deadline();
      if (!next || *next > end) break;
      now.instant = std::max(now.instant, *next);
      engine->on_deadline(now, actions);
      perform();
    }
    now.instant = end;
    for (auto& b : buys) {
      if (!b.executed && b.execute_at && *b.execute_at <= now.instant) execute(b);
    }
    settle_due(false);
    answer_due();
    deliver_due();
  }

  void tick() {
    pass(std::chrono::milliseconds(200));
    now.venue.s += 2;
    pass(std::chrono::milliseconds(1800));
    quote += static_cast<std::int64_t>(rng.below(41)) - 20;
    const market::Tick t{"R_100", now.venue, core::Price::raw(quote, 2)};
    for (auto& [id, c] : contracts) {
      if (c.life.on_tick(t)) c.due = now.instant + std::chrono::milliseconds(rng.below(3000));
    }
    ticks.push_back(t);
    settle_due(false);
    if (!online) return;
    for (std::size_t i = missed; i < ticks.size(); ++i) {
      engine->on_tick(ticks[i], i + 1 < ticks.size(), now, actions);
      perform();
    }
    missed = ticks.size();
  }

  // ---- the venue ----
  void execute(Buy& b) {
    b.executed = true;
    b.contract = open_contract(b.order.spec, b.order.stake, b.strategy, false);
    b.balance_after = balance;
    ++executed;
  }
  core::ContractId open_contract(const market::ContractSpec& spec, core::Money stake,
                                 core::Name strategy, bool foreign) {
    const core::ContractId id{++last_contract};
    Contract c;
    c.spec = spec;
    c.stake = stake;
    c.payout = core::Money::minor(stake.units() * 195 / 100 + 1);
    if (spec.type == market::ContractType::kDigitDiff) {
      c.payout = core::Money::minor(stake.units() * 109 / 100);
    }
    c.life = market::Life(spec, {now.venue, stake, c.payout}, market::find_symbol(spec.symbol));
    c.purchase = now.venue;
    c.foreign = foreign;
    c.strategy = strategy;
    contracts[id] = c;
    move(-stake);
    execution::TransactionReport t;
    t.action = execution::TransactionReport::Action::kBuy;
    t.contract = id;
    t.transaction = {id.value * 10};
    t.amount = -stake;
    t.balance = balance;
    t.time = now.venue;
    t.symbol = spec.symbol;
    t.purchase_time = now.venue;
    witness(t);
    return id;
  }
  void settle_due(bool all) {
    for (auto& [id, c] : contracts) {
      if (c.sold || !c.due || (!all && *c.due > now.instant)) continue;
      c.sold = true;
      c.credit = c.life.ended()->pays;
      if (rng.below(40) == 0) c.credit = c.stake;  // a refund
      c.sell_time = now.venue;
      move(c.credit);
      execution::TransactionReport t;
      t.action = execution::TransactionReport::Action::kSell;
      t.contract = id;
      t.transaction = {id.value * 10 + 1};
      t.amount = c.credit;
      t.balance = balance;
      t.time = now.venue;
      t.symbol = c.spec.symbol;
      witness(t);
      if (rng.below(100) < 80) {
        const auto r = contract_report(id);
        for (std::uint64_t i = 0; i <= rng.below(3); ++i) {
          send([this, r] {
            engine->on_contract(r, execution::Witness::kContractStream, now, actions);
          });
        }
      }
      const auto shown = balance;
      send([this, shown] { engine->on_balance(shown, now, actions); });
    }
  }
  void witness(const execution::TransactionReport& t) {
    if (options.faults && rng.below(100) < 20) return;  // streams lose messages
    for (std::uint64_t i = 0; i <= rng.below(2); ++i) {
      send([this, t] { engine->on_transaction(t, now, actions); });
    }
  }
  execution::ContractReport contract_report(core::ContractId id) const {
    const auto& c = contracts.at(id);
    execution::ContractReport r;
    r.contract = id;
    r.type = market::name_of(c.spec.type);
    r.symbol = c.spec.symbol;
    r.buy_price = c.stake;
    r.payout = c.payout;
    r.purchase_time = c.purchase;
    r.shortcode = shortcode(c);
    r.status = "open";
    if (!c.sold) return r;
    r.is_sold = true;
    r.status = c.credit == c.stake ? "" : c.credit.is_zero() ? "lost" : "won";
    r.sell_price = c.credit;
    r.sell_time = c.sell_time;
    return r;
  }
  std::string shortcode(const Contract& c) const {
    auto s = fmt::format("{}_{}_{}_{}_{}T", market::name_of(c.spec.type), c.spec.symbol.view(),
                         c.payout.to_string(), c.purchase.s, c.spec.duration.count);
    if (c.spec.digit() >= 0) s += fmt::format("_{}_0", c.spec.digit());
    return s;
  }
  execution::VenueReport venue_report(core::VenueTime since) const {
    execution::VenueReport r;
    r.as_of = now.venue;
    r.since = since;
    r.balance = balance;
    for (const auto& [id, c] : contracts) {
      execution::HistoryRow row;
      row.contract = id;
      row.buy_tx = {id.value * 10};
      row.type = market::name_of(c.spec.type);
      row.symbol = c.spec.symbol;
      row.buy_price = c.stake;
      row.payout = c.payout;
      row.purchase_time = c.purchase;
      row.shortcode = shortcode(c);
      row.open = !c.sold;
      if (c.sold) {
        if (c.purchase < since) continue;
        row.sell_price = c.credit;
        row.sell_time = c.sell_time;
      }
      (c.sold ? r.profit_table : r.portfolio).push_back(row);
    }
    return r;
  }
  void foreign_buy() {
    market::ContractSpec spec;
    spec.type = market::ContractType::kDigitOver;
    spec.set_digit(4);
    spec.symbol = "R_100";
    spec.duration = {1, market::ContractDuration::Unit::kTicks};
    open_contract(spec, usd("1.00"), {}, true);
  }
  void move(core::Money amount) {
    balance += amount;
    balances.push_back(balance);
  }

  // ---- the link ----
  void connect() {
    online = true;
    wire.clear();
    engine->on_online(balance, now, actions);
    perform();
  }
  void disconnect() {
    online = false;
    wire.clear();
    drop_answers();
    engine->on_offline(now, actions);
    perform();
  }
  void drop_answers() {
    for (auto& b : buys) {
      lost_answers += b.answer_at ? 1 : 0;
      b.answer_at.reset();
    }
    std::erase_if(buys, [](const Buy& b) { return b.executed || !b.execute_at; });
  }
  void crash() {
    ++restarts;
    online = false;
    wire.clear();
    drop_answers();
    actions.clear();
    const auto snapshot = book.snapshot();
    engine = std::make_unique<Engine>(settings);
    now.wall.us += 1;
    engine->restore(snapshot, now, actions);
    perform();
    connect();
  }
  /// Delivered later, in any order, unless the link goes first.
  void send(Message m) {
    const auto by = now.instant + std::chrono::milliseconds(rng.below(3000));
    if (online) wire.push_back({by, std::move(m)});
  }
  void deliver_one() {
    if (wire.empty()) return;
    const auto i = rng.below(std::min<std::size_t>(4, wire.size()));
    deliver(static_cast<std::size_t>(i));
  }
  void deliver(std::size_t i) {
    const auto m = wire[i].second;
    wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(i));
    m();
    perform();
  }
  void deliver_due() {
    for (std::size_t i = 0; i < wire.size();) {
      if (wire[i].first > now.instant) {
        ++i;
        continue;
      }
      deliver(i);
      i = 0;
    }
  }
  void deliver_all() {
    pass(std::chrono::milliseconds(1));
    while (!wire.empty()) deliver_one();
  }
  void answer_due() {
    for (std::size_t i = 0; i < buys.size();) {
      auto& b = buys[i];
      if (!b.answer_at || *b.answer_at > now.instant) {
        ++i;
        continue;
      }
      const auto answered = b;
      buys.erase(buys.begin() + static_cast<std::ptrdiff_t>(i));
      answer(answered);
      i = 0;
    }
  }
  void answer(const Buy& b) {
    if (!b.executed) {
      using execution::RefusalKind;
      constexpr std::array kKinds{RefusalKind::kPassing, RefusalKind::kClosed,
                                  RefusalKind::kParameters, RefusalKind::kStake};
      const auto kind = rng.below(30) == 0 ? RefusalKind::kForGood : kKinds[rng.below(4)];
      engine->on_refused(b.order.order, {kind, "Refused", "slow down"}, now, actions);
      return perform();
    }
    const auto& c = contracts.at(b.contract);
    execution::Bought reply;
    reply.contract = b.contract;
    reply.transaction = {b.contract.value * 10};
    reply.buy_price = c.stake;
    reply.payout = c.payout;
    reply.purchase_time = c.purchase;
    reply.balance_after = b.balance_after;
    reply.shortcode = shortcode(c);
    engine->on_bought(b.order.order, reply, now, actions);
    perform();
  }

  // ---- actions ----
  void perform() {
    // A crash may come between any two actions.
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (options.crashes && rng.below(400) == 0) {
        crash_now = true;
        break;
      }
      const auto action = actions[i];
      std::visit([this](const auto& a) { take(a); }, action);
    }
    actions.clear();
    if (!crash_now) return;
    crash_now = false;
    const bool again = options.crashes;
    options.crashes = false;  // one at a time
    crash();
    options.crashes = again;
  }
  void take(const Append& a) { book.append(a.record); }
  void take(const SendQuote& a) {
    Engine::QuoteReply q;
    q.order = a.order;
    q.quote_id = rng.below(10) == 0 ? "" : "q";
    q.ask = a.stake;
    q.payout =
        core::Money::minor(a.stake.units() * static_cast<std::int64_t>(102 + rng.below(95)) / 100);
    send([this, q] { engine->on_quote(q, now, actions); });
  }
  void take(const SendBuy& a) {
    const auto& order = book.orders.at(a.order);
    ASSERT_EQ(order.state, execution::OrderState::kIntended) << "sent before its intent";
    EXPECT_TRUE(sent.insert(a.order).second) << "sent twice";
    for (const auto& [id, other] : book.orders) {
      if (id == a.order || execution::is_final(other.state)) continue;
      if (other.state == execution::OrderState::kUnknown) {
        EXPECT_NE(other.strategy, order.strategy) << "entered while an order is unknown";
      }
      if (other.state == execution::OrderState::kUnknown ||
          other.state == execution::OrderState::kIntended) {
        EXPECT_FALSE(other.spec.symbol == order.spec.symbol && other.stake == order.stake &&
                     market::booked_alike(other.spec.type, order.spec.type))
            << "two orders that cannot be told apart";
      }
    }
    EXPECT_TRUE(online);
    at_most(a.stake, settings.limits.max_stake, "max_stake");
    Buy b;
    b.order = a;
    b.strategy = order.strategy;
    const auto soon = [&](std::uint64_t ms) {
      return now.instant + std::chrono::milliseconds(rng.below(ms));
    };
    const auto dice = rng.below(100);
    if (!options.faults || dice < 85) {
      b.execute_at = soon(400);
      b.answer_at = *b.execute_at + std::chrono::milliseconds(rng.below(900));
    } else if (dice < 90) {
      b.answer_at = soon(900);  // refused
    } else {
      if (dice < 95) b.execute_at = soon(20'000);  // slow, and never answered
      ++lost_answers;
      const auto id = a.order;
      send([this, id] { engine->on_unknown(id, "timeout", nullptr, now, actions); });
    }
    buys.push_back(b);
  }
  void take(const Watch&) {}
  void take(const Poll& a) {
    if (!contracts.contains(a.contract)) return;
    const auto id = a.contract;
    send([this, id] {
      engine->on_contract(contract_report(id), execution::Witness::kPoll, now, actions);
    });
  }
  void take(const AskReport& a) {
    const auto since = a.since;
    send([this, since] { engine->on_venue_report(venue_report(since), now, actions); });
  }
  void take(const SendSell&) { ADD_FAILURE() << "no strategy here sells"; }
  void take(const StartScript&) {}
  void take(const StopScript&) {}
  void take(const FeedScript&) {}
  void take(const AskCandles&) {}
  void take(const TellSent&) {}
  void take(const Tell& a) {
    halts += a.event.kind == core::EventKind::kStrategyHalted ? 1 : 0;
    EXPECT_NE(a.event.kind, core::EventKind::kOrderAmbiguous) << a.event.text.view();
    if (a.event.kind == core::EventKind::kForeignContract) {
      EXPECT_TRUE(contracts.at(a.event.contract_id).foreign) << "called one of ours foreign";
    }
  }

  // ---- the limits, against the truth ----
  template <class T>
  static void at_most(T value, const std::optional<T>& limit, const char* what) {
    EXPECT_TRUE(!limit || value <= *limit) << what << " is passed";
  }
  template <class T>
  static void at_least(T value, const std::optional<T>& limit, const char* what) {
    EXPECT_TRUE(!limit || value >= *limit) << what << " is passed";
  }
  bool is_of_group(const core::Name& strategy) const {
    return std::any_of(settings.strategies.begin(), settings.strategies.end(),
                       [&](const auto& s) { return s.name == strategy && !s.group.empty(); });
  }
  void check() {
    const auto& l = settings.limits;
    core::Money open;
    std::int64_t open_count = 0;
    std::int64_t open_of_group = 0;
    std::map<std::int64_t, core::Money> days;
    std::map<std::int64_t, std::int64_t> bought_on;
    std::map<std::string, core::Money> worst;
    for (const auto& [id, c] : contracts) {
      if (c.foreign) continue;
      ++bought_on[risk::day_of(c.purchase, l.day_starts)];
      auto& w = worst[c.strategy.str()];
      if (c.sold) {
        days[risk::day_of(c.sell_time, l.day_starts)] += c.credit - c.stake;
        w += c.credit - c.stake;
      } else {
        open += c.stake;
        ++open_count;
        open_of_group += is_of_group(c.strategy) ? 1 : 0;
        w -= c.stake;
      }
    }
    at_most(open_of_group, {std::int64_t{1}}, "group");
    at_most(open, l.max_open_stake, "max_open_stake");
    at_most(open_count, l.max_open_contracts, "max_open_contracts");
    at_least(balance, l.min_balance, "min_balance");
    const auto lowest = l.daily_loss ? std::optional(-*l.daily_loss) : std::nullopt;
    for (const auto& [day, profit] : days) at_least(profit, lowest, "daily_loss");
    for (const auto& [day, n] : bought_on) at_most(n, l.max_trades_per_day, "max_trades_per_day");
    for (const auto& s : settings.strategies) {
      const auto stop = s.session.stop_loss ? std::optional(-*s.session.stop_loss) : std::nullopt;
      at_least(worst[s.name.str()], stop, "stop_loss");
    }
    for (const auto& v : engine->strategies()) {
      const auto& s = *std::find_if(settings.strategies.begin(), settings.strategies.end(),
                                    [&](const auto& x) { return x.name == v.name; });
      if (!s.session.stop_loss || !s.session.trailing) continue;
      core::Money risk;
      for (const auto& o : engine->open_orders()) {
        if (o.strategy == v.name) risk += execution::at_risk(o);
      }
      EXPECT_GE(v.profit - risk, v.peak - *s.session.stop_loss) << v.name.view();
    }
    const auto account = engine->account();
    EXPECT_GE(account.open_stake, core::Money{});
    at_least(account.day_profit - account.open_stake, lowest, "daily_loss in the engine's books");
  }

  WorldOptions options;
  core::Rng rng;
  Settings settings;
  std::unique_ptr<Engine> engine;
  Actions actions;
  core::Now now;
  Book book;
  std::set<core::OrderId> sent;
  core::Money balance;
  std::vector<core::Money> balances{core::Money{}};
  std::map<core::ContractId, Contract> contracts;
  std::int64_t last_contract = 1000;
  std::vector<Buy> buys;
  std::deque<std::pair<core::Instant, Message>> wire;
  std::vector<market::Tick> ticks;
  std::size_t missed = 0;
  std::int64_t quote = 100'000;
  bool online = false;
  bool crash_now = false;
};

}  // namespace derivd::engine::test
