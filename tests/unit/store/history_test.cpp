// What only the history of a journal tells.
#include <gtest/gtest.h>

#include <cstdlib>

#include "store/journal.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

using execution::OrderState;

execution::Order intent(std::int64_t id) {
  execution::Order o;
  o.id = {id};
  o.strategy = "parity";
  o.spec.type = market::ContractType::kDigitOdd;
  o.spec.symbol = "1HZ100V";
  o.spec.duration = {1, market::ContractDuration::Unit::kTicks};
  o.stake = core::Money::minor(35);
  return o;
}

TEST(History, HasEveryHaltTheFirstAcceptanceAndWhatWasUnknown) {
  test::TempDir dir;
  const auto path = dir.path() + "/derivd.db";
  {
    auto journal = Journal::open(path, Journal::Mode::kReadWrite);
    ASSERT_TRUE(journal) << journal.error().text;
    const auto append = [&](const execution::Record& r) { ASSERT_TRUE((*journal)->append(r)); };
    auto first = intent(1);
    append(execution::OrderRecord{first});
    first.state = OrderState::kUnknown;
    append(execution::OrderRecord{first});
    first.state = OrderState::kOpen;
    first.contract = {1001};
    append(execution::OrderRecord{first});
    first.state = OrderState::kSettled;
    first.profit = core::Money::minor(33);
    append(execution::OrderRecord{first});
    append(execution::OrderRecord{intent(2)});
    append(execution::HaltRecord{"parity", true, "stop_loss", "20.00", {5}, {6}});
    append(execution::HaltRecord{"parity", false, "stop_loss", "operator", {7}, {8}});
    append(execution::ConfigRecord{{9}, {10}, "limits.max_stake", "5.00", "2.00", "live"});
    append(execution::ConfigRecord{{11}, {12}, "log.level", "info", "debug", "live"});
  }
  auto reader = Journal::open(path, Journal::Mode::kReadOnly);
  ASSERT_TRUE(reader) << reader.error().text;
  const auto history = (*reader)->history();
  ASSERT_TRUE(history) << history.error().text;
  ASSERT_EQ(history->halts.size(), 2u) << "the lifted one too";
  EXPECT_TRUE(history->halts[0].halted);
  EXPECT_EQ(history->halts[0].kind, "stop_loss");
  EXPECT_EQ(history->halts[1].reason, "operator");
  EXPECT_FALSE(history->halts[1].halted);
  EXPECT_TRUE((*reader)->halts()->empty());
  ASSERT_EQ(history->changes.size(), 2u);
  EXPECT_EQ(history->changes[0].key, "limits.max_stake") << "in their order";
  EXPECT_EQ(history->changes[1].after, "debug");
  EXPECT_EQ(history->were_unknown, 1);
  ASSERT_EQ(history->accepted_us.size(), 1u) << "the second was never accepted";
  EXPECT_GT(history->accepted_us.at(1), 1'700'000'000'000'000) << "the wall clock of its append";
}

}  // namespace
}  // namespace derivd::store
