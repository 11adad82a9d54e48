// The journal in memory against the one in SQLite, record for record.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "memory_journal.hpp"
#include "scenario.hpp"
#include "unit/store/same.hpp"

namespace derivd::chaos {
namespace {

using execution::OrderState;

core::Money money(core::Rng& rng) {
  return core::Money::minor(static_cast<std::int64_t>(rng.below(100'000)) - 50'000,
                            rng.below(5) == 0 ? 8 : 2);
}

/// Of an order: all amounts of one list are of one currency.
core::Money cents(core::Rng& rng) {
  return core::Money::minor(static_cast<std::int64_t>(rng.below(100'000)) - 50'000, 2);
}

core::Name some_name(core::Rng& rng) {
  constexpr std::array<const char*, 4> kNames{"parity", "trend", "Zeta", "a"};
  return kNames[rng.below(kNames.size())];
}

execution::Order some_order(core::Rng& rng) {
  execution::Order o;
  o.id = {static_cast<std::int64_t>(1 + rng.below(40))};
  o.strategy = some_name(rng);
  o.spec.type = market::ContractType::kDigitOdd;
  o.spec.symbol = "1HZ100V";
  o.spec.duration = {1, market::ContractDuration::Unit::kTicks};
  o.stake = cents(rng);
  o.state = static_cast<OrderState>(rng.below(6));
  o.intended_wall = {static_cast<std::int64_t>(rng.below(1'000'000))};
  o.signal_epoch = {static_cast<std::int64_t>(rng.below(1'000'000))};
  o.contract = {static_cast<std::int64_t>(rng.below(3) == 0 ? 0 : rng.below(1'000))};
  o.buy_price = cents(rng);
  if (rng.below(2) == 0) o.payout = cents(rng);
  o.purchase_time = {static_cast<std::int64_t>(rng.below(1'000'000))};
  o.outcome = static_cast<execution::Outcome>(rng.below(5));
  o.witness = static_cast<execution::Witness>(rng.below(5));
  if (rng.below(2) == 0) o.profit = cents(rng);
  o.sell_price = cents(rng);
  if (rng.below(2) == 0) {
    o.entry = market::Tick{
        "1HZ100V", {7}, core::Price::raw(static_cast<std::int64_t>(rng.below(99'999)), 2)};
  }
  o.recomputed_differs = rng.below(2) == 0;
  o.reason = rng.below(2) == 0 ? "" : "it's \"quoted\"";
  return o;
}

execution::Record some_record(core::Rng& rng) {
  switch (rng.below(7)) {
    case 0:
      return execution::HaltRecord{rng.below(4) == 0 ? core::Name{} : some_name(rng),
                                   rng.below(2) == 0,
                                   "stop_loss",
                                   "reached",
                                   {static_cast<std::int64_t>(rng.below(9'999))},
                                   {5}};
    case 1:
      return execution::StrategyRecord{some_name(rng),
                                       static_cast<std::int64_t>(rng.below(9)),
                                       money(rng),
                                       money(rng),
                                       fmt::format("c{}", rng.below(99)),
                                       fmt::format("s{}", rng.below(99)),
                                       "g"};
    case 2:
      return execution::DayRecord{static_cast<std::int64_t>(rng.below(9)), money(rng), 3};
    case 3:
      return execution::BalanceRecord{
          {static_cast<std::int64_t>(rng.below(99))}, {3}, money(rng), "DOT1", "USD"};
    case 4:
      return execution::SessionRecord{{1}, "DOT1", "live", "why"};
    case 5:
      return execution::ConfigRecord{
          {7}, {8}, "limits.max_stake", "1.00", fmt::format("{}.00", rng.below(99)), "live"};
    default:
      return execution::OrderRecord{some_order(rng)};
  }
}

std::string describe(store::Journal& journal) {
  std::string out;
  const auto snapshot = *journal.load();
  for (const auto& o : snapshot.open_orders) out += "open " + test::describe(o) + "\n";
  for (const auto& h : snapshot.halts) {
    out += fmt::format("halt '{}' {} {} {} {} {}\n", h.strategy, h.halted, h.kind, h.reason,
                       h.wall.us, h.venue.s);
  }
  for (const auto& s : snapshot.strategies) {
    out += fmt::format("strategy {} {} {} {} {} {} {}\n", s.strategy, s.session,
                       test::describe(s.realised), test::describe(s.peak), s.counters, s.staking,
                       s.guards);
  }
  if (snapshot.day) {
    out += fmt::format("day {} {} {}\n", snapshot.day->day,
                       test::describe(snapshot.day->settled_profit), snapshot.day->trades);
  }
  out += fmt::format("last {}\n", snapshot.last_order.value);
  for (const bool contracts : {true, false}) {
    for (const auto& strategy :
         {std::optional<std::string>{}, std::optional<std::string>{"trend"}}) {
      store::OrderQuery query{strategy, std::nullopt, contracts};
      if (contracts) query.since = core::WallTime{500'000};
      for (const auto& o : *journal.orders(query)) out += test::describe(o) + "\n";
      out += "--\n";
      query.last = 3;
      for (const auto& o : *journal.orders(query)) out += test::describe(o) + "\n";
      out += "--\n";
    }
  }
  for (const auto& h : *journal.halts())
    out += fmt::format("in force '{}' {}\n", h.strategy, h.kind);
  for (const auto& h : *journal.halt_history("trend", 5)) {
    out += fmt::format("halt '{}' {} {} {}\n", h.strategy, h.halted, h.kind, h.wall.us);
  }
  for (const auto& c : *journal.config_changes(3)) {
    out += fmt::format("config {} {} {} {}\n", c.key, c.before, c.after, c.taken);
  }
  if (const auto b = *journal.last_balance()) {
    out += fmt::format("balance {} {} {} {}\n", b->wall.us, test::describe(b->balance), b->account,
                       b->currency);
  }
  return out;
}

TEST(MemoryJournal, EqualsTheSqliteJournal) {
  auto dir = (std::filesystem::temp_directory_path() / "derivd-chaos-XXXXXX").string();
  ASSERT_NE(::mkdtemp(dir.data()), nullptr);
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    auto rng = stream(seed, 77);
    const auto path = fmt::format("{}/{}.db", dir, seed);
    Disk disk;
    MemoryJournal memory(disk);
    auto file = *store::Journal::open(path, store::Journal::Mode::kReadWrite);
    const auto count = 1 + rng.below(120);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto record = some_record(rng);
      ASSERT_TRUE(file->append(record));
      ASSERT_TRUE(memory.append(record));
      if (rng.below(25) != 0) continue;
      ASSERT_EQ(describe(memory), describe(*file)) << "seed " << seed << ", record " << i;
      file.reset();  // a restart
      file = *store::Journal::open(path, store::Journal::Mode::kReadWrite);
    }
    ASSERT_EQ(describe(memory), describe(*file)) << "seed " << seed;
  }
  std::filesystem::remove_all(dir);
}

TEST(MemoryJournal, APowerFailureLeavesAPrefix) {
  auto rng = stream(4, 78);
  Disk whole;
  Disk prefix;
  for (int i = 0; i < 100; ++i) {
    const auto record = some_record(rng);
    whole.append({&record, 1});
    if (i < 83) prefix.append({&record, 1});
  }
  whole.truncate(83);
  MemoryJournal a(whole);
  MemoryJournal b(prefix);
  EXPECT_EQ(describe(a), describe(b));
}

}  // namespace
}  // namespace derivd::chaos
