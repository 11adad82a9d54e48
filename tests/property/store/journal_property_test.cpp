// Any order and any record that the types can hold comes back as it was, through a reopened file.
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "property/market/generate.hpp"
#include "store/journal.hpp"
#include "unit/service/temp_dir.hpp"
#include "unit/store/same.hpp"

namespace derivd::store {
namespace {

using core::Rng;
using execution::Order;

constexpr int kOrders = 1500;

template <class T>
T pick(Rng& rng, int count) {
  return static_cast<T>(rng.below(static_cast<std::uint64_t>(count)));
}

std::int64_t any_int(Rng& rng) {
  switch (rng.below(5)) {
    case 0:
      return 0;
    case 1:
      return static_cast<std::int64_t>(rng.below(1000));
    case 2:
      return std::numeric_limits<std::int64_t>::max();
    case 3:
      return std::numeric_limits<std::int64_t>::min();
    default:
      return static_cast<std::int64_t>(rng.next());
  }
}

template <std::size_t N>
core::ShortString<N> any_text(Rng& rng) {
  std::string out;
  const auto size = rng.below(3) == 0 ? (rng.below(2) == 0 ? 0 : N) : rng.below(N + 1);
  while (out.size() < size) out += static_cast<char>(rng.below(256));
  return core::ShortString<N>(out);
}

core::Money any_money(Rng& rng) {
  return core::Money::minor(any_int(rng), static_cast<std::uint8_t>(rng.below(19)));
}

template <class T, class F>
std::optional<T> maybe(Rng& rng, F f) {
  return rng.below(2) == 0 ? std::nullopt : std::optional<T>(f(rng));
}

market::Tick any_tick(Rng& rng) {
  return {any_text<30>(rng),
          {any_int(rng)},
          core::Price::raw(any_int(rng), static_cast<std::uint8_t>(rng.below(19)))};
}

/// What a list of orders may hold: see Journal::orders().
Order reckonable(Rng& rng, Order o) {
  const auto money = [&] {
    return core::Money::minor(pick<std::int64_t>(rng, 2'000'000) - 1'000'000);
  };
  const auto time = [&] { return pick<std::int64_t>(rng, 2'000'000'000); };
  o.stake = money();
  o.buy_price = money();
  o.sell_price = money();
  if (o.payout) o.payout = money();
  if (o.profit) o.profit = money();
  o.intended_wall = {time() * 1'000'000};
  o.signal_epoch = {time()};
  o.purchase_time = {time()};
  o.settled_time = {time()};
  for (auto& barrier : o.spec.barriers) {
    using Form = market::Barrier::Form;
    if (barrier.form == Form::kNone || barrier.form == Form::kDigit) continue;
    barrier.value = core::Price::raw(time(), barrier.value.decimals());
  }
  for (auto* tick : {&o.entry, &o.exit}) {
    if (!*tick) continue;
    (*tick)->epoch = {time()};
    (*tick)->quote = core::Price::raw(time(), (*tick)->quote.decimals());
  }
  return o;
}

Order any_order(Rng& rng, std::int64_t id) {
  Order o;
  o.id = {id};
  o.strategy = any_text<40>(rng);
  o.spec = market::any_spec(rng);
  o.stake = any_money(rng);
  o.state = pick<execution::OrderState>(rng, 6);
  o.intended_wall = {any_int(rng)};
  o.signal_epoch = {any_int(rng)};
  o.contract = {any_int(rng)};
  o.buy_tx = {any_int(rng)};
  o.buy_price = any_money(rng);
  o.payout = maybe<core::Money>(rng, any_money);
  o.purchase_time = {any_int(rng)};
  o.balance_after = any_money(rng);
  o.outcome = pick<execution::Outcome>(rng, 5);
  o.witness = pick<execution::Witness>(rng, 5);
  o.profit = maybe<core::Money>(rng, any_money);
  o.sell_price = any_money(rng);
  o.sell_tx = {any_int(rng)};
  o.settled_time = {any_int(rng)};
  o.entry = maybe<market::Tick>(rng, any_tick);
  o.exit = maybe<market::Tick>(rng, any_tick);
  o.recomputed_differs = rng.below(2) == 1;
  o.reason = any_text<64>(rng);
  return o;
}

TEST(JournalProperty, OrdersComeBackAsTheyWere) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    test::TempDir dir;
    std::map<std::int64_t, Order> latest;
    {
      auto journal = Journal::open(dir.file("j"), Journal::Mode::kReadWrite);
      ASSERT_TRUE(journal) << journal.error().text;
      for (int i = 0; i < kOrders; ++i) {
        // Ids are hit more than once: the last snapshot counts.
        const auto order =
            reckonable(rng, any_order(rng, 1 + static_cast<std::int64_t>(rng.below(kOrders))));
        const auto done = (*journal)->append(execution::OrderRecord{order});
        ASSERT_TRUE(done) << done.error().text;
        latest[order.id.value] = order;
      }
    }
    auto journal = Journal::open(dir.file("j"), Journal::Mode::kReadOnly);
    ASSERT_TRUE(journal) << journal.error().text;
    const auto orders = (*journal)->orders({std::nullopt, std::nullopt, false});
    ASSERT_TRUE(orders) << orders.error().text;
    ASSERT_EQ(orders->size(), latest.size());
    std::size_t at = 0;
    std::size_t open = 0;
    for (const auto& [id, order] : latest) {
      EXPECT_EQ(test::describe(orders->at(at++)), test::describe(order));
      open += execution::is_final(order.state) ? 0 : 1;
    }
    const auto snapshot = (*journal)->load();
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->open_orders.size(), open);
    EXPECT_EQ(snapshot->last_order.value, latest.rbegin()->first);
  }
}

TEST(JournalProperty, OpenOrdersComeBackWhateverTheyHold) {
  Rng rng(7);
  test::TempDir dir;
  std::map<std::int64_t, Order> latest;
  auto journal = Journal::open(dir.file("j"), Journal::Mode::kReadWrite);
  ASSERT_TRUE(journal) << journal.error().text;
  for (int i = 0; i < kOrders; ++i) {
    const auto order = any_order(rng, 1 + static_cast<std::int64_t>(rng.below(kOrders)));
    ASSERT_TRUE((*journal)->append(execution::OrderRecord{order}));
    latest[order.id.value] = order;
  }
  std::erase_if(latest, [](const auto& entry) { return execution::is_final(entry.second.state); });
  const auto snapshot = (*journal)->load();
  ASSERT_TRUE(snapshot) << snapshot.error().text;
  ASSERT_EQ(snapshot->open_orders.size(), latest.size());
  std::size_t at = 0;
  for (const auto& [id, order] : latest) {
    EXPECT_EQ(test::describe(snapshot->open_orders.at(at++)), test::describe(order));
  }
}

TEST(JournalProperty, StrategiesComeBackAsTheyWere) {
  Rng rng(9);
  test::TempDir dir;
  std::map<std::string, execution::StrategyRecord> latest;
  auto journal = Journal::open(dir.file("j"), Journal::Mode::kReadWrite);
  ASSERT_TRUE(journal);
  for (int i = 0; i < 500; ++i) {
    execution::StrategyRecord r{core::Name(fmt::format("s{}", rng.below(20))),
                                any_int(rng),
                                any_money(rng),
                                any_money(rng),
                                any_text<200>(rng).str(),
                                any_text<200>(rng).str(),
                                any_text<200>(rng).str()};
    ASSERT_TRUE((*journal)->append(r));
    latest[r.strategy.str()] = r;
  }
  const auto snapshot = (*journal)->load();
  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->strategies.size(), latest.size());
  for (const auto& r : snapshot->strategies) {
    const auto& expected = latest.at(r.strategy.str());
    EXPECT_EQ(r.session, expected.session);
    EXPECT_EQ(r.realised, expected.realised);
    EXPECT_EQ(r.peak, expected.peak);
    EXPECT_EQ(r.counters, expected.counters);
    EXPECT_EQ(r.staking, expected.staking);
    EXPECT_EQ(r.guards, expected.guards);
  }
}

}  // namespace
}  // namespace derivd::store
