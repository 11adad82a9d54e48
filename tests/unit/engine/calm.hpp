// A calm venue around the rig: it answers each purchase at once and settles each contract at its
// exit tick, before strategies see that tick, as the back-test does. Used where the engine's own
// decisions are the question.
#pragma once

#include "market/life.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {

// A calm venue that answers at once; contracts end by their own rule.
class Calm {
 public:
  Calm(const Settings& settings, std::int64_t start) : rig(settings) {
    rig.now.venue = {start};
    rig.restore({});
    rig.live();
  }
  /// The next tick of R_100.
  void tick_after(std::int64_t quote) {
    tick({"R_100", {rig.now.venue.s + 2}, core::Price::raw(quote, 2)});
  }
  void tick(const market::Tick& t) {
    ticks.push_back(t);
    for (auto& [id, c] : open) c.life.on_tick(t);
    rig.advance_to(t.epoch.s);
    for (auto it = open.begin(); it != open.end();) {
      if (!it->second.life.is_over()) {
        ++it;
        continue;
      }
      const auto paid = it->second.life.ended()->pays;
      balance += paid;
      const auto id = it->first;
      it = open.erase(it);
      rig.settle(id, paid.to_string());
      rig.balance(balance.to_string());
      answer();
    }
    rig.tick(t.symbol.view(), t.epoch.s, t.quote.to_string());
    answer();
  }
  static core::Money payout_of(core::Money stake) {
    return core::Money::minor(stake.units() * 195 / 100);
  }
  void answer() {
    while (!rig.buys.empty() || !rig.quotes.empty()) {
      if (!rig.quotes.empty()) {
        const auto q = rig.quotes.front();
        rig.quotes.erase(rig.quotes.begin());
        rig.quote(q.order, payout_of(q.stake).to_string(), q.stake.to_string());
        continue;
      }
      const auto b = rig.buys.front();
      rig.buys.erase(rig.buys.begin());
      decisions.push_back(fmt::format("{} {} {} {}", rig.now.venue.s, b.order.value,
                                      market::name_of(b.spec.type), b.stake.to_string()));
      balance -= b.stake;
      Open o;
      o.payout = payout_of(b.stake);
      o.life = market::Life(b.spec, {rig.now.venue, b.stake, o.payout},
                            market::find_symbol(b.spec.symbol.view()));
      open[++last] = o;
      rig.bought(b.order, last, o.payout.to_string(), balance.to_string());
    }
  }
  /// The same venue, a new process: journal, balance and past ticks are all it has.
  void restart() {
    rig.restart();
    execution::VenueReport report = rig.empty_report(balance.to_string());
    rig.online(balance.to_string());
    for (const auto& o : rig.engine->open_orders()) {
      execution::HistoryRow row;
      row.contract = o.contract;
      row.open = true;
      row.buy_price = o.buy_price;
      row.purchase_time = o.purchase_time;
      report.portfolio.push_back(row);
    }
    rig.report(report);
    for (const auto& t : ticks) rig.tick(t.symbol.view(), t.epoch.s, t.quote.to_string(), true);
    EXPECT_TRUE(rig.buys.empty());
  }
  std::string state() const {
    std::string out;
    for (const auto& v : rig.engine->strategies()) {
      out += fmt::format("{} {} {} {} {} {} {} {} {}\n", v.name.view(), name_of(v.status), v.trades,
                         v.won, v.lost, v.open, v.profit.to_string(), v.peak.to_string(),
                         v.next_stake.to_string());
    }
    const auto a = rig.engine->account();
    return out + fmt::format("{} {} {} {}", a.day_profit.to_string(), a.day_trades,
                             a.open_contracts, a.open_stake.to_string());
  }

  struct Open {
    market::Life life;
    core::Money payout;
  };
  Rig rig;
  core::Money balance = usd("10000.00");
  std::map<std::int64_t, Open> open;
  std::int64_t last = 0;
  std::vector<market::Tick> ticks;
  std::vector<std::string> decisions;
};

}  // namespace derivd::engine::test
