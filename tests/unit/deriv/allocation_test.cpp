// The hot path does not touch the heap: a tick in, a purchase out, its answer in.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "deriv/session.hpp"
#include "rig.hpp"

namespace {
// Counts only while switched on, so that gtest's own allocations do not matter.
bool counting = false;
std::size_t allocations = 0;

void* count_and_allocate(std::size_t size) {
  if (counting) ++allocations;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
}  // namespace

// NOLINTBEGIN(misc-new-delete-overloads)
void* operator new(std::size_t size) { return count_and_allocate(size); }
void* operator new[](std::size_t size) { return count_and_allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (counting) ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  if (counting) ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
// NOLINTEND(misc-new-delete-overloads)

namespace derivd::deriv::test {
namespace {

class QuietWire final : public Wire {
 public:
  void http(const HttpCall&) override {}
  void open(const std::string&) override {}
  void send(std::string_view frame) override {
    ++frames;
    bytes += frame.size();
  }
  void close() override {}
  std::size_t frames = 0;
  std::size_t bytes = 0;
};

/// Buys on every tick.
class Buyer final : public SessionListener {
 public:
  void on_fact(const Fact& fact) override {
    std::visit([this](const auto& told) { on(told); }, fact);
  }
  void on(const fact::Tick& told) {
    ++ticks;
    last = told.tick;
    if (session) session->buy(core::OrderId{ticks}, spec, core::Money::minor(35), "", now);
  }
  void on(const fact::Bought&) { ++bought; }
  void on(const fact::Refused&) { ++refused; }
  void on(const fact::Contract&) { ++contracts; }
  void on(const fact::Notice&) { ++notices; }
  void on(const auto&) {}

  Session* session = nullptr;
  market::ContractSpec spec = spec_of(market::ContractType::kDigitOdd);
  core::Now now;
  std::int64_t ticks = 0;
  std::int64_t bought = 0, refused = 0, contracts = 0, notices = 0;
  market::Tick last;
};

class Allocation : public testing::TestWithParam<Dialect> {};

TEST_P(Allocation, NoneFromTickToPurchaseToAnswer) {
  // The script of the rig's venue, then the quiet pair that allocates nothing itself.
  Rig script(GetParam());
  script.to_live();
  QuietWire wire;
  Buyer buyer;
  core::Rng rng(1);
  SessionSettings settings;
  settings.dialect = GetParam();
  settings.account = "demo";
  settings.app_id = "1089";
  settings.token = core::Secret(script.token());
  Session session(std::move(settings), wire, buyer, rng);
  core::Now now{{1'000'000'000}, {}, {}};
  session.start(now);
  const auto give = [&](const json& message) {
    auto text = message.dump();
    const auto size = text.size();
    text.append(64, '\0');
    session.on_frame(std::string_view(text).substr(0, size), text.size(), now);
  };
  if (script.options()) {
    session.on_http(200,
                    R"({"data":[{"account_id":"DOT90000001","currency":"USD","status":"active",)"
                    R"("account_type":"demo"}]})",
                    now);
    session.on_http(403, "", now);
    session.on_http(200, R"({"data":{"url":"wss://h/ws/demo?otp=1"}})", now);
  }
  session.on_open(now);
  // The same requests in the same order have the same ids as the rig's.
  std::int64_t id = 1;
  const json balance{
      {"msg_type", "balance"},
      {"balance", {{"balance", 1}, {"currency", "USD"}, {"loginid", script.account_id()}}}};
  const auto answer = [&](json body) {
    body["req_id"] = id++;
    give(body);
  };
  if (script.options()) {
    answer(balance);
  } else {
    answer({{"msg_type", "authorize"},
            {"authorize",
             {{"loginid", "VRTC0000001"},
              {"currency", "USD"},
              {"is_virtual", 1},
              {"scopes", {"read", "trade"}}}}});
  }
  answer({{"msg_type", "time"}, {"time", 1'700'000'000}});
  if (!script.options()) answer(balance);
  answer({{"msg_type", "transaction"}, {"transaction", json::object()}});
  answer({{"msg_type", "active_symbols"}, {"active_symbols", json::array()}});
  session.reconciled(now);
  ASSERT_EQ(session.state(), SessionState::kLive);
  session.set_symbols({"R_100"}, 0, now);
  session.anticipate(milliseconds(5), {"R_100"});
  answer(script.tick("R_100", 1'700'000'000, 1451.5));

  buyer.session = &session;
  std::string tick_text;
  std::string buy_text;
  std::string contract_text;
  const auto prepare = [&](std::int64_t n) {
    // As long as a real tick: echo_req and all.
    tick_text = fmt::format(
        R"({{"echo_req":{{"adjust_start_time":1,"count":100,"end":"latest","req_id":7,"style":"ticks",)"
        R"("subscribe":1,"ticks_history":"R_100"}},"msg_type":"tick","req_id":7,"subscription":{{"id":)"
        R"("{0}"}},"tick":{{"ask":1451.6,"bid":1451.4,"epoch":{1},"id":"{0}","pip_size":2,)"
        R"("quote":1451.{2:02},"symbol":"R_100"}}}})",
        kStream, 1'700'000'000 + 2 * n, n % 100);
    buy_text = fmt::format(
        R"({{"buy":{{"balance_after":9999.65,"buy_price":0.35,"contract_id":{0},"longcode":"Win payout",)"
        R"("payout":0.68,"purchase_time":1700000001,"shortcode":"DIGITODD_R_100_0.68_1700000001_1T",)"
        R"("start_time":1700000001,"transaction_id":{0}}},"msg_type":"buy","req_id":{1}}})",
        1000 + n, id++);
    contract_text = fmt::format(
        R"({{"msg_type":"proposal_open_contract","proposal_open_contract":{{"contract_id":{0},)"
        R"("is_sold":0,"is_expired":0,"status":"open","{1}":"R_100","{2}":1451.1,"{3}":1700000001}}}})",
        1000 + n, script.options() ? "underlying_symbol" : "underlying",
        script.options() ? "entry_spot" : "entry_tick",
        script.options() ? "entry_spot_time" : "entry_tick_time");
    for (auto* text : {&tick_text, &buy_text, &contract_text}) text->append(64, '\0');
  };
  const auto play = [&](const std::string& text) {
    session.on_frame(std::string_view(text).substr(0, text.size() - 64), text.size(), now);
  };
  const auto round = [&](std::int64_t n, bool count) {
    prepare(n);
    now.instant = now.instant + seconds(2);
    buyer.now = now;
    counting = count;
    session.rehearse();
    play(tick_text);
    play(buy_text);
    play(contract_text);
    static_cast<void>(session.foreseen(now.instant));
    static_cast<void>(session.next_deadline());
    session.on_deadline(now);
    counting = false;
  };
  for (std::int64_t n = 1; n <= 5; ++n) round(n, false);
  allocations = 0;
  const auto before = wire.frames;
  for (std::int64_t n = 6; n <= 105; ++n) round(n, true);
  EXPECT_EQ(allocations, 0U);
  EXPECT_EQ(buyer.ticks, 106);
  EXPECT_EQ(buyer.bought, 105);
  EXPECT_EQ(buyer.contracts, 105);
  EXPECT_EQ(buyer.refused + buyer.notices, 0);
  EXPECT_EQ(wire.frames - before, 100U);
  EXPECT_EQ(buyer.last.quote.to_string(), "1451.05");
}

TEST(AllocationCounter, Counts) {
  counting = true;
  allocations = 0;
  auto p = std::make_unique<int>(1);
  counting = false;
  EXPECT_EQ(allocations, 1U);
  EXPECT_EQ(*p, 1);
}

INSTANTIATE_TEST_SUITE_P(Both, Allocation, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace derivd::deriv::test
