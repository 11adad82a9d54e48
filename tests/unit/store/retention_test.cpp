// What store.keep removes from a journal, and what it must leave: everything that a start, a
// reconciliation, a report and the sums over all time need, at whatever moment the process dies.
#include "store/retention.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <regex>
#include <thread>

#include "store/journal.hpp"
#include "unit/service/temp_dir.hpp"
#include "unit/store/same.hpp"
#include "unit/store/sql.hpp"

namespace derivd::store {
namespace {

using execution::Order;
using execution::OrderRecord;
using execution::OrderState;
using test::read_file;
using test::sql;
using test::TempDir;
using test::write_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Mode = Journal::Mode;

/// Every third loses, every fifth breaks even.
core::Money profit_of(std::int64_t id) {
  if (id % 5 == 0) return core::Money::minor(0);
  return core::Money::minor(id % 3 == 0 ? -35 : 33);
}

Order order(std::int64_t id, OrderState state, const char* strategy = "parity") {
  Order o;
  o.id = {id};
  o.strategy = strategy;
  o.spec.type = market::ContractType::kDigitOdd;
  o.spec.symbol = "1HZ100V";
  o.spec.duration = {1, market::ContractDuration::Unit::kTicks};
  o.stake = core::Money::minor(35);
  o.intended_wall = {1'700'000'000'000'000 + id * 1'000'000};
  o.signal_epoch = {1'700'000'000 + id};
  o.state = state;
  if (state != OrderState::kOpen && state != OrderState::kSettled) return o;
  o.contract = {1000 + id};
  o.buy_tx = {2000 + 2 * id};
  o.buy_price = core::Money::minor(35);
  if (state != OrderState::kSettled) return o;
  o.sell_tx = {2001 + 2 * id};
  o.profit = profit_of(id);
  o.settled_time = {1'700'000'002 + id};
  return o;
}

JournalSettings by_hand() {
  JournalSettings out;
  out.background = false;
  return out;
}

std::unique_ptr<Journal> open(const std::string& path, Mode mode = Mode::kReadWrite,
                              const JournalSettings& settings = by_hand()) {
  auto journal = Journal::open(path, mode, settings);
  EXPECT_TRUE(journal) << journal.error().text;
  return journal ? std::move(*journal) : nullptr;
}

/// As a strategy trades: each order is intended, opened, and settled.
void trade(Journal& journal, std::int64_t from, std::int64_t to, const char* strategy = "parity") {
  for (auto id = from; id <= to; ++id) {
    for (const auto state : {OrderState::kIntended, OrderState::kOpen, OrderState::kSettled}) {
      ASSERT_TRUE(journal.append(OrderRecord{order(id, state, strategy)}));
    }
  }
}

/// Behind everything that has been written.
core::WallTime soon() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              (std::chrono::system_clock::now() + std::chrono::hours(1)).time_since_epoch())
              .count()};
}

std::vector<std::int64_t> ids(const std::vector<Order>& orders) {
  std::vector<std::int64_t> out;
  for (const auto& o : orders) out.push_back(o.id.value);
  return out;
}

struct Totals {
  std::int64_t trades = 0, won = 0, lost = 0;
  core::Money stakes, profit;
  friend bool operator==(const Totals&, const Totals&) = default;
};
void PrintTo(const Totals& t, std::ostream* out) {
  *out << fmt::format("{} trades, {} won, {} lost, {} of {}", t.trades, t.won, t.lost,
                      t.profit.to_string(), t.stakes.to_string());
}

/// Over all time: of what is there and of what was removed.
Totals totals(Journal& journal) {
  Totals out;
  const auto books = journal.books({.contracts_only = false});
  EXPECT_TRUE(books) << books.error().text;
  if (!books) return out;
  for (const auto& r : books->removed) {
    out.trades += r.trades;
    out.won += r.won;
    out.lost += r.lost;
    out.stakes += r.stakes;
    out.profit += r.profit;
  }
  for (const auto& o : books->orders) {
    if (o.state != OrderState::kSettled) continue;
    ++out.trades;
    out.won += o.profit->units() > 0;
    out.lost += o.profit->units() < 0;
    out.stakes += o.buy_price;
    out.profit += *o.profit;
  }
  return out;
}

Totals totals_of_trades(std::int64_t count) {
  Totals out;
  for (std::int64_t id = 1; id <= count; ++id) {
    ++out.trades;
    out.won += profit_of(id).units() > 0;
    out.lost += profit_of(id).units() < 0;
    out.stakes += core::Money::minor(35);
    out.profit += profit_of(id);
  }
  return out;
}

/// A journal with so many settled trades, made in one statement.
void make(const std::string& path, int count) {
  {
    const auto journal = open(path);
    trade(*journal, 1, 1);
  }
  ASSERT_EQ(sql(path, fmt::format(
                          "CREATE TEMP TABLE one AS SELECT * FROM orders;"
                          "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i "
                          "< {0}) INSERT INTO order_steps SELECT NULL, 1700000000000000 + i, i, "
                          "'settled', 1000 + i, '' FROM n;"
                          "CREATE TEMP TABLE many AS WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL "
                          "SELECT i + 1 FROM n WHERE i < {0}) SELECT n.i, one.* FROM n, one;"
                          "UPDATE many SET id = i, contract_id = 1000 + i, intended_us = "
                          "intended_us + i * 1000000;"
                          "ALTER TABLE many DROP COLUMN i; INSERT INTO orders SELECT * FROM many",
                          count)),
            "");
}

// ---- what goes and what stays ----

TEST(Retention, TheLatestContractsStayAndTheSumsOfTheOthers) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  trade(*journal, 1, 300);
  ASSERT_TRUE(journal->catch_up());
  journal->keep_from(soon());
  EXPECT_THAT(journal->take_notices(), IsEmpty());
  const auto books = *journal->books({});
  ASSERT_EQ(books.orders.size(), kClaimsEach);
  EXPECT_EQ(books.orders.front().id.value, 300 - static_cast<std::int64_t>(kClaimsEach) + 1);
  EXPECT_EQ(test::describe(books.orders.back()), test::describe(order(300, OrderState::kSettled)));
  const auto gone = totals_of_trades(300 - static_cast<std::int64_t>(kClaimsEach));
  ASSERT_EQ(books.removed.size(), 1u);
  const RemovedTrades wanted{"parity",
                             gone.trades,
                             gone.won,
                             gone.lost,
                             gone.stakes,
                             gone.profit,
                             order(1, OrderState::kIntended).intended_wall,
                             order(236, OrderState::kIntended).intended_wall};
  EXPECT_EQ(books.removed.front(), wanted);
  EXPECT_EQ(totals(*journal), totals_of_trades(300));
  EXPECT_EQ(sql(dir.file("j"), "SELECT count(*) FROM order_steps"), "192");
  EXPECT_EQ(journal->history()->accepted_us.size(), kClaimsEach);
}

TEST(Retention, OfTwoStrategiesTwiceAsManyStayAndEachHasItsSums) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  ASSERT_TRUE(journal->append(execution::StrategyRecord{"a", 1, {}, {}, "", "", ""}));
  ASSERT_TRUE(journal->append(execution::StrategyRecord{"b", 1, {}, {}, "", "", ""}));
  trade(*journal, 1, 100, "a");
  trade(*journal, 101, 200, "b");
  ASSERT_TRUE(journal->catch_up());
  const auto claims = journal->load()->claims;
  journal->keep_from(soon());
  const auto books = *journal->books({});
  EXPECT_EQ(books.orders.size(), 2 * kClaimsEach);
  ASSERT_EQ(books.removed.size(), 1u);
  EXPECT_EQ(books.removed[0].strategy, "a");
  EXPECT_EQ(books.removed[0].trades, 72);
  EXPECT_EQ(totals(*journal), totals_of_trades(200));
  EXPECT_EQ(journal->load()->claims, claims) << "a start knows the same contracts as ours";
}

TEST(Retention, WhatIsNotOldEnoughStays) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  trade(*journal, 1, 200);
  ASSERT_TRUE(journal->catch_up());
  // To the microsecond: what was written then is not older than that.
  const auto nth = std::stoll(sql(dir.file("j"),
                                  "SELECT min(written_us) FROM order_steps WHERE id = 51 AND "
                                  "state = 'settled'"));
  journal->keep_from({nth});
  const auto books = *journal->books({});
  ASSERT_FALSE(books.orders.empty());
  // Several orders may have been written in one microsecond.
  EXPECT_LE(books.orders.front().id.value, 51);
  EXPECT_GE(books.orders.front().id.value, 45);
  EXPECT_EQ(books.orders.back().id.value, 200);
  EXPECT_EQ(totals(*journal), totals_of_trades(200));
}

TEST(Retention, OrdersThatAreNotOverStayWithTheirSteps) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  ASSERT_TRUE(journal->append(OrderRecord{order(1, OrderState::kIntended)}));
  ASSERT_TRUE(journal->append(OrderRecord{order(1, OrderState::kOpen)}));
  ASSERT_TRUE(journal->append(OrderRecord{order(2, OrderState::kRefused)}));
  ASSERT_TRUE(journal->append(OrderRecord{order(3, OrderState::kAbsent)}));
  trade(*journal, 4, 200);
  ASSERT_TRUE(journal->catch_up());
  journal->keep_from(soon());
  const auto found = ids(*journal->orders({.contracts_only = false}));
  ASSERT_EQ(found.size(), 1 + kClaimsEach);
  EXPECT_EQ(found.front(), 1);
  EXPECT_EQ(sql(dir.file("j"), "SELECT group_concat(state) FROM order_steps WHERE id = 1"),
            "intended,open");
  // Once it is over, and as old, it goes too, with the steps that were left of it.
  ASSERT_TRUE(journal->append(OrderRecord{order(1, OrderState::kSettled)}));
  ASSERT_TRUE(journal->catch_up());
  journal->keep_from(soon());
  EXPECT_EQ(ids(*journal->orders({.contracts_only = false})).front(), 137);
  EXPECT_EQ(sql(dir.file("j"), "SELECT count(*) FROM order_steps WHERE id = 1"), "0");
  EXPECT_EQ(totals(*journal).trades, 198);
}

TEST(Retention, WhatAnOrderOfUnknownOutcomeIsComparedWithStays) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  trade(*journal, 1, 299);
  ASSERT_TRUE(journal->append(OrderRecord{order(300, OrderState::kUnknown)}));
  trade(*journal, 301, 900);
  ASSERT_TRUE(journal->catch_up());
  const auto claims = journal->load()->claims;
  journal->keep_from(soon());
  EXPECT_EQ(ids(*journal->orders({})).front(), 300 - kClaimsAround);
  EXPECT_EQ(journal->load()->claims, claims);
  EXPECT_EQ(totals(*journal), [] {
    auto all = totals_of_trades(900);
    --all.trades;  // the unknown one, which would have broken even
    all.stakes -= core::Money::minor(35);
    return all;
  }());
}

TEST(Retention, WhatIsStillWrittenOfATradeThatIsGoneCountsItNoSecondTime) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  trade(*journal, 1, 300);
  ASSERT_TRUE(journal->catch_up());
  journal->keep_from(soon());
  const auto before = ids(*journal->orders({}));
  ASSERT_EQ(before.front(), 300 - static_cast<std::int64_t>(kClaimsEach) + 1);
  auto differs = order(7, OrderState::kSettled);
  differs.recomputed_differs = true;
  ASSERT_TRUE(journal->append(OrderRecord{differs}));
  auto stays = order(290, OrderState::kSettled);
  stays.recomputed_differs = true;
  ASSERT_TRUE(journal->append(OrderRecord{stays}));
  trade(*journal, 301, 301);
  ASSERT_TRUE(journal->catch_up());
  EXPECT_EQ(totals(*journal), totals_of_trades(301));
  const auto after = *journal->orders({});
  EXPECT_EQ(after.size(), before.size() + 1) << "the new one";
  for (const auto& o : after) EXPECT_EQ(o.recomputed_differs, o.id.value == 290) << o.id.value;
  journal->keep_from(soon());
  EXPECT_EQ(totals(*journal), totals_of_trades(301));
}

TEST(Retention, NumbersOfOrdersGoOn) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  trade(*journal, 1, 100);
  for (std::int64_t id = 101; id <= 150; ++id) {
    ASSERT_TRUE(journal->append(OrderRecord{order(id, OrderState::kRefused)}));
  }
  ASSERT_TRUE(journal->catch_up());
  journal->keep_from(soon());
  EXPECT_EQ(journal->load()->last_order.value, 150);
}

TEST(Retention, OfBalancesAndSessionsTheLastStays) {
  TempDir dir;
  const auto path = dir.file("j");
  const auto journal = open(path);
  for (int i = 1; i <= 700; ++i) {
    ASSERT_TRUE(
        journal->append(execution::BalanceRecord{{i}, {i}, core::Money::minor(i), "CR1", "USD"}));
    ASSERT_TRUE(journal->append(execution::SessionRecord{{i}, "CR1", "live", ""}));
  }
  ASSERT_TRUE(journal->append(execution::HaltRecord{"a", true, "stop_loss", "why", {1}, {1}}));
  ASSERT_TRUE(journal->append(execution::ConfigRecord{{1}, {1}, "k", "a", "b", "live"}));
  ASSERT_TRUE(journal->append(execution::DayRecord{1, core::Money::minor(5), 1}));
  ASSERT_TRUE(journal->append(execution::DayRecord{2, core::Money::minor(6), 1}));
  ASSERT_TRUE(journal->catch_up());
  journal->keep_from(soon());
  EXPECT_EQ(sql(path, "SELECT count(*) || ' ' || max(balance) FROM balances"), "1 700");
  EXPECT_EQ(sql(path, "SELECT count(*) || ' ' || max(wall_us) FROM sessions"), "1 700");
  const auto last = *journal->last_balance();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->balance, core::Money::minor(700));
  // Rare, and what a report explains itself with.
  EXPECT_EQ(sql(path, "SELECT count(*) FROM halts"), "1");
  EXPECT_EQ(sql(path, "SELECT count(*) FROM config_changes"), "1");
  EXPECT_EQ(sql(path, "SELECT count(*) FROM days"), "2");
}

TEST(Retention, AnAmountOfAnotherCurrencyIsNotAddedUp) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  auto odd = order(1, OrderState::kSettled);
  odd.profit = core::Money::minor(7, 8);
  ASSERT_TRUE(journal->append(OrderRecord{odd}));
  trade(*journal, 2, 100);
  ASSERT_TRUE(journal->catch_up());
  journal->keep_from(soon());
  EXPECT_EQ(sql(dir.file("j"), "SELECT min(id) || ' ' || count(*) FROM orders"), "1 65");
  EXPECT_EQ(sql(dir.file("j"), "SELECT trades FROM removed_totals"), "35");
}

TEST(Retention, SumsOfAPaperAccountHoldBothHalves) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  trade(*journal, 1, 200);
  ASSERT_TRUE(journal->append(OrderRecord{order(201, OrderState::kOpen)}));
  ASSERT_TRUE(journal->catch_up());
  const auto before = *journal->sums();
  EXPECT_EQ(before.profit, totals_of_trades(200).profit);
  EXPECT_EQ(before.last_contract.value, 1201);
  EXPECT_EQ(before.last_transaction.value, 2402);
  journal->keep_from(soon());
  const auto after = *journal->sums();
  EXPECT_EQ(after.profit, before.profit);
  EXPECT_EQ(after.last_contract, before.last_contract);
  EXPECT_EQ(after.last_transaction, before.last_transaction);
}

TEST(Retention, AHistoryIsAppendOnlyBehindItsBoundary) {
  TempDir dir;
  const auto path = dir.file("j");
  {
    const auto journal = open(path);
    trade(*journal, 1, 3);
    ASSERT_TRUE(journal->append(execution::BalanceRecord{{1}, {1}, {}, "CR1", "USD"}));
    ASSERT_TRUE(journal->append(execution::SessionRecord{}));
  }
  for (const auto* table : {"order_steps", "balances", "sessions"}) {
    const auto all = fmt::format("DELETE FROM {}", table);
    EXPECT_THAT(sql(path, all), HasSubstr("append-only"));
    const auto first = sql(path, fmt::format("SELECT min(written_us) FROM {}", table));
    sql(path, fmt::format("UPDATE retention SET before_us = {}", first));
    EXPECT_THAT(sql(path, all), HasSubstr("append-only")) << "not older than the boundary";
    sql(path, fmt::format("UPDATE retention SET before_us = {} + 1", first));
    EXPECT_EQ(sql(path, all + fmt::format(" WHERE written_us = {}", first)), "");
    sql(path, "UPDATE retention SET before_us = 0");
  }
}

// ---- at whatever moment it ends ----

TEST(Retention, AtEveryMomentTheTotalsAreThoseOfAllTrades) {
  TempDir dir;
  const auto path = dir.file("j");
  {
    const auto journal = open(path);
    trade(*journal, 1, 400);
  }
  std::string wal;
  {
    auto db = Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, path);
    ASSERT_TRUE(db);
    ASSERT_TRUE(db->run("PRAGMA wal_autocheckpoint = 0"));
    Retention retention(*db);
    retention.begin(soon());
    int transactions = 0;
    for (; retention.has_work(); ++transactions) ASSERT_TRUE(retention.step());
    EXPECT_GT(transactions, 1200 / Retention::kStepsATransaction);
    wal = read_file(path + "-wal");
    // SQLite empties the WAL when the last connection is closed: the copy is of before.
    write_file(dir.file("base"), read_file(path));
  }
  const auto base = read_file(dir.file("base"));
  ASSERT_GT(wal.size(), 40u * 4096);
  TempDir copy;
  std::size_t most = 0;
  std::size_t least = 400;
  for (std::size_t size = 0; size <= wal.size() + 20'000; size += 20'011) {
    const auto there = copy.file("j");
    for (const auto* suffix : {"-wal", "-shm", "-intents", ""}) {
      std::filesystem::remove(there + suffix);
    }
    write_file(there, base);
    write_file(there + "-wal", wal.substr(0, size));
    write_file(there + "-intents", "");
    const auto journal = open(there);
    ASSERT_TRUE(journal);
    EXPECT_EQ(totals(*journal), totals_of_trades(400)) << size;
    const auto left = journal->orders({})->size();
    most = std::max(most, left);
    least = std::min(least, left);
    // The next start goes on with it.
    journal->keep_from(soon());
    EXPECT_EQ(journal->orders({})->size(), kClaimsEach);
    EXPECT_EQ(totals(*journal), totals_of_trades(400)) << size;
    EXPECT_EQ(sql(there, "SELECT count(*) FROM order_steps"), "192");
  }
  EXPECT_EQ(most, 400u);
  EXPECT_EQ(least, kClaimsEach);
}

TEST(Retention, AForeignLockChangesNothingAndTheNextTimeItIsDone) {
  TempDir dir;
  const auto path = dir.file("j");
  const auto journal = open(path);
  trade(*journal, 1, 200);
  ASSERT_TRUE(journal->catch_up());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  journal->keep_from(soon());
  EXPECT_THAT(journal->take_notices(), IsEmpty());
  EXPECT_EQ(journal->orders({})->size(), 200u);
  ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  journal->keep_from(soon());
  EXPECT_EQ(journal->orders({})->size(), kClaimsEach);
  trade(*journal, 201, 210);
  EXPECT_TRUE(journal->catch_up()) << "trading goes on";
}

TEST(Retention, AFailureIsToldAndStopsNothing) {
  TempDir dir;
  const auto path = dir.file("j");
  const auto journal = open(path);
  trade(*journal, 1, 200);
  ASSERT_TRUE(journal->catch_up());
  ASSERT_EQ(sql(path,
                "CREATE TRIGGER obstacle BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'no'); "
                "END"),
            "");
  journal->keep_from(soon());
  EXPECT_THAT(journal->take_notices(), ElementsAre(HasSubstr("old records could not be removed")));
  EXPECT_EQ(totals(*journal), totals_of_trades(200)) << "nothing of the transaction is kept";
  EXPECT_EQ(journal->orders({})->size(), 200u);
  trade(*journal, 201, 201);
  EXPECT_TRUE(journal->catch_up());
}

TEST(Retention, AReaderThatStaysDoesNotMakeTheWalGrowWithoutBound) {
  TempDir dir;
  const auto path = dir.file("j");
  make(path, 20'000);
  const auto journal = open(path);
  const auto all = totals(*journal);
  ASSERT_EQ(all.trades, 20'000);
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &reader), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM orders", nullptr, nullptr, nullptr),
            SQLITE_OK);
  journal->keep_from(soon());
  EXPECT_GT(journal->orders({})->size(), 10 * kClaimsEach) << "there is more than one WAL of it";
  EXPECT_LT(std::filesystem::file_size(path + "-wal"), 6u << 20);
  EXPECT_EQ(totals(*journal), all);
  ASSERT_EQ(sqlite3_exec(reader, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(reader);
  journal->keep_from(soon());
  EXPECT_EQ(journal->orders({})->size(), kClaimsEach);
  EXPECT_EQ(totals(*journal), all);
}

TEST(Retention, TheThreadRemovesBesideWhatIsWritten) {
  TempDir dir;
  const auto path = dir.file("j");
  const auto journal = open(path, Mode::kReadWrite, JournalSettings{});
  trade(*journal, 1, 2000);
  ASSERT_TRUE(journal->catch_up());
  journal->keep_from(soon());
  std::int64_t last = 2000;
  // It goes on until it is done, whatever is appended meanwhile.
  while (journal->orders({.first = 1})->front().id.value <= 1000) {
    ++last;
    trade(*journal, last, last);
    std::this_thread::yield();
  }
  ASSERT_TRUE(journal->catch_up());
  EXPECT_EQ(totals(*journal), totals_of_trades(last));
  EXPECT_EQ(journal->load()->last_order.value, last);
}

// ---- a start is bounded ----

/// Bytes that this process has asked the kernel for by now (proc(5), io).
std::int64_t bytes_read() {
  std::ifstream in("/proc/self/io");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  std::smatch found;
  if (!std::regex_search(text, found, std::regex("rchar: (\\d+)"))) return -1;
  return std::stoll(found[1]);
}

/// What opening and loading it reads, the second time: nothing is made or brought in.
std::int64_t start_reads(const std::string& path) {
  open(path)->load();
  const auto before = bytes_read();
  const auto journal = open(path);
  const auto snapshot = journal->load();
  EXPECT_TRUE(snapshot);
  return bytes_read() - before;
}

TEST(Start, ReadsAsMuchOfManyTradesAsOfFew) {
  TempDir dir;
  const auto few = dir.file("few");
  const auto many = dir.file("many");
  // The smaller one is beyond the size up to which every page is checked, too.
  make(few, 20'000);
  make(many, 200'000);
  ASSERT_GT(std::filesystem::file_size(few), 4u << 20);
  ASSERT_GT(std::filesystem::file_size(many), 8 * std::filesystem::file_size(few));
  const auto of_few = start_reads(few);
  ASSERT_GT(of_few, 10'000) << "the kernel counts reads";
  EXPECT_LT(start_reads(many), of_few + 100'000);
}

}  // namespace
}  // namespace derivd::store
