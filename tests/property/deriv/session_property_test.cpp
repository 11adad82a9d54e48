// A venue that does anything at all: every purchase is sent at most once and ends exactly once, the
// states follow one another as they may, and deadlines move.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "deriv/errors.hpp"
#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

/// What may come after a state.
bool may_follow(const std::string& from, const std::string& to) {
  static const std::map<std::string, std::set<std::string>> kNext{
      {"offline", {"connecting"}},
      {"connecting", {"authorizing", "offline"}},
      {"authorizing", {"syncing", "offline", "draining"}},
      {"syncing", {"reconciling", "offline", "draining"}},
      {"reconciling", {"live", "offline", "draining"}},
      {"live", {"offline", "draining"}},
      {"draining", {"offline"}}};
  return kNext.at(from).contains(to);
}

class Chaos {
 public:
  Chaos(Dialect dialect, std::uint64_t seed) : rig(dialect), rng(seed) {}

  void run(int steps) {
    rig.session->set_symbols({"R_100", "1HZ100V"}, 5, rig.now());
    rig.to_connecting();
    for (int i = 0; i < steps; ++i) step();
    rig.session->stop(rig.now());
    rig.advance(minutes(1));
  }

  Rig rig;
  core::Rng rng;
  std::int64_t orders = 0;

 private:
  bool chance(std::uint64_t percent) { return rng.below(100) < percent; }

  void step() {
    rig.advance(milliseconds(static_cast<std::int64_t>(rng.below(800))));
    ask();
    switch (rig.session->state()) {
      case SessionState::kOffline:
        rig.advance(seconds(31));
        break;
      case SessionState::kConnecting:
        connect();
        break;
      case SessionState::kAuthorizing:
      case SessionState::kSyncing:
      case SessionState::kReconciling:
      case SessionState::kLive:
      case SessionState::kDraining:
        talk();
        break;
    }
    if (rig.session->state() == SessionState::kReconciling && chance(60)) {
      rig.session->reconciled(rig.now());
    }
  }

  void connect() {
    if (chance(3)) return rig.session->on_http_failed("down", rig.now());
    if (chance(3)) return rig.session->on_closed(520, "no", rig.now());
    const auto last = rig.wire.log.back();
    if (last.starts_with("open")) return rig.session->on_open(rig.now());
    if (last.ends_with("/accounts")) return rig.give_accounts();
    if (last.ends_with("/nickname")) return rig.give_probe();
    if (last.ends_with("/otp")) return rig.give_password();
    rig.advance(seconds(5));
  }

  /// What an engine may ask at any time.
  void ask() {
    const auto id = static_cast<std::int64_t>(rng.below(20)) + 1;
    switch (rng.below(12)) {
      case 0:
        rig.session->watch(core::ContractId{id}, rig.now());
        break;
      case 1:
        rig.session->poll(core::ContractId{id}, rig.now());
        break;
      case 2:
        rig.session->unwatch(core::ContractId{id}, rig.now());
        break;
      case 3:
        rig.session->ask_report({1'699'000'000}, rig.now());
        break;
      case 4:
        rig.session->sell(core::ContractId{id}, rig.now());
        break;
      case 5:
        rig.listener.add("symbols");
        rig.session->set_symbols({"R_100", chance(50) ? "R_50" : "1HZ100V"}, id, rig.now());
        break;
      default:
        rig.session->buy(core::OrderId{++orders}, spec_of(market::ContractType::kDigitOdd),
                         core::Money::minor(35), "", rig.now());
    }
  }

  void talk() {
    if (chance(2)) return rig.session->on_closed(0, "gone", rig.now());
    if (chance(3)) return rig.frame(garbage());
    if (chance(20)) {
      epoch += 1 + static_cast<std::int64_t>(rng.below(4));
      if (chance(5)) epoch -= 3;
      return rig.frame(rig.tick(chance(50) ? "R_100" : "1HZ100V", epoch, 1451.5));
    }
    // An answer to one of the latest requests: late, twice, or never.
    const auto n = std::min<std::size_t>(rig.wire.sent.size(), 8);
    const auto request = rig.wire.sent[rig.wire.sent.size() - 1 - rng.below(n)];
    auto reply = answer_to(request);
    if (chance(10)) {
      const auto& rows = error_table();
      // Not those that end a session for good.
      const auto& row = rows[rng.below(rows.size())];
      if (row.error_class != ErrorClass::kSession && row.error_class != ErrorClass::kPermanent) {
        reply = {{"msg_type", reply["msg_type"]},
                 {"error", {{"code", row.code}, {"message", "m"}}}};
      }
    }
    reply["req_id"] = request["req_id"];
    if (chance(3)) reply.erase("req_id");
    auto text = reply.dump();
    if (chance(3)) text.resize(rng.below(text.size()));
    rig.frame(text);
    if (chance(5)) rig.frame(text);
  }

  std::string garbage() {
    std::string text;
    for (auto n = rng.below(60); n > 0; --n) text += "{}[]\",:0123abc \\\xff"[rng.below(18)];
    return text;
  }

  json answer_to(const json& request) {
    const auto id = rig.account_id();
    const auto now = rig.epoch + static_cast<std::int64_t>(rng.below(1000));
    if (request.contains("authorize")) {
      return {{"msg_type", "authorize"},
              {"authorize",
               {{"loginid", id},
                {"currency", "USD"},
                {"is_virtual", 1},
                {"scopes", {"read", "trade"}}}}};
    }
    if (request.contains("balance")) {
      return {{"msg_type", "balance"},
              {"balance", {{"balance", 10}, {"currency", "USD"}, {"loginid", id}}}};
    }
    if (request.contains("time")) return {{"msg_type", "time"}, {"time", now}};
    if (request.contains("ping")) return {{"msg_type", "ping"}, {"ping", "pong"}};
    if (request.contains("active_symbols")) {
      return {{"msg_type", "active_symbols"}, {"active_symbols", json::array()}};
    }
    if (request.contains("transaction")) {
      return {{"msg_type", "transaction"}, {"transaction", json::object()}};
    }
    if (request.contains("ticks_history")) {
      return {{"msg_type", "history"},
              {"pip_size", 2},
              {"history", {{"prices", {1.5, 2.5}}, {"times", {now, now + 2}}}}};
    }
    if (request.contains("ticks")) return rig.tick(request["ticks"], now, 1.5);
    if (request.contains("proposal_open_contract")) {
      return {{"msg_type", "proposal_open_contract"},
              {"subscription", {{"id", kStream}}},
              {"proposal_open_contract",
               {{"contract_id", request["contract_id"]},
                {"is_sold", chance(30) ? 1 : 0},
                {"is_expired", 1},
                {"profit", 1}}}};
    }
    if (request.contains("portfolio")) {
      return {{"msg_type", "portfolio"}, {"portfolio", {{"contracts", json::array()}}}};
    }
    if (request.contains("profit_table")) {
      return {{"msg_type", "profit_table"},
              {"profit_table", {{"count", 0}, {"transactions", json::array()}}}};
    }
    if (request.contains("sell")) {
      return {{"msg_type", "sell"}, {"sell", {{"contract_id", request["sell"]}, {"sold_for", 1}}}};
    }
    if (request.contains("forget")) return {{"msg_type", "forget"}, {"forget", 1}};
    const auto n = request["req_id"].get<std::int64_t>();
    return {{"msg_type", "buy"},
            {"buy",
             {{"balance_after", 1},
              {"buy_price", 0.35},
              {"contract_id", 1000 + n},
              {"payout", 0.68},
              {"purchase_time", now},
              {"shortcode", "x"},
              {"transaction_id", 5000 + n}}}};
  }

  std::int64_t epoch = 1'700'000'000;
};

class SessionProperty : public testing::TestWithParam<std::tuple<Dialect, int>> {};

TEST_P(SessionProperty, EveryPurchaseEndsOnceAndIsSentAtMostOnce) {
  const auto [dialect, seed] = GetParam();
  Chaos chaos(dialect, static_cast<std::uint64_t>(seed) * 7919 + 1);
  chaos.run(1500);
  const auto& log = chaos.rig.listener.log;

  std::map<std::int64_t, int> ends;
  std::size_t not_sent = 0;
  std::string state = "offline";
  for (const auto& line : log) {
    std::int64_t order = 0;
    for (const auto* word : {"bought ", "refused ", "unknown "}) {
      if (line.starts_with(word)) order = std::stoll(line.substr(std::string(word).size()));
    }
    if (order != 0) ++ends[order];
    not_sent += line.starts_with("refused") && line.find("NotSent") != std::string::npos;
    if (!line.starts_with("state ")) continue;
    const auto next = line.substr(6, line.find(':') - 6);
    ASSERT_TRUE(may_follow(state, next)) << state << " to " << next;
    state = next;
  }
  EXPECT_EQ(state, "offline");
  for (std::int64_t order = 1; order <= chaos.orders; ++order) {
    ASSERT_EQ(ends[order], 1) << "order " << order;
  }
  EXPECT_EQ(chaos.rig.requests("buy") + not_sent, static_cast<std::size_t>(chaos.orders));
  // No request id is ever used twice, on any link.
  std::set<std::int64_t> ids;
  for (const auto& sent : chaos.rig.wire.sent) {
    ASSERT_TRUE(ids.insert(sent["req_id"].get<std::int64_t>()).second);
  }
  // Per symbol, ticks rise unless a notice says otherwise.
  std::map<std::string, std::int64_t> last;
  for (const auto& line : log) {
    // A symbol that was dropped and is wanted again starts anew.
    if (line.starts_with("notice tick_gap") || line == "symbols") last.clear();
    if (!line.starts_with("tick ") && !line.starts_with("past ")) continue;
    const auto symbol = line.substr(5, line.find(' ', 5) - 5);
    const auto epoch = std::stoll(line.substr(6 + symbol.size()));
    if (last.contains(symbol)) {
      ASSERT_GT(epoch, last[symbol]) << line;
    }
    last[symbol] = epoch;
  }
  EXPECT_FALSE(chaos.rig.listener.fatal);
  EXPECT_GT(chaos.rig.requests("buy"), 5U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SessionProperty,
                         testing::Combine(testing::Values(Dialect::kOptions, Dialect::kV3),
                                          testing::Range(0, 20)));

}  // namespace
}  // namespace derivd::deriv::test
