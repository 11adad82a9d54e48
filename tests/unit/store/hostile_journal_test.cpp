// A journal that somebody made to be read: derivctl opens any file that it is told to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "core/bounds.hpp"
#include "store/journal.hpp"
#include "unit/service/temp_dir.hpp"
#include "unit/store/sql.hpp"

namespace derivd::store {
namespace {

using execution::Order;
using test::read_file;
using test::sql;
using test::TempDir;
using test::write_file;
using ::testing::HasSubstr;
using Mode = Journal::Mode;

constexpr std::size_t kPage = 4096;

Order settled(std::int64_t id) {
  Order o;
  o.id = {id};
  o.strategy = "parity";
  o.spec.type = market::ContractType::kDigitOdd;
  o.spec.symbol = "1HZ100V";
  o.spec.duration = {1, market::ContractDuration::Unit::kTicks};
  o.state = execution::OrderState::kSettled;
  o.outcome = execution::Outcome::kWon;
  o.stake = core::Money::minor(35);
  o.buy_price = core::Money::minor(35);
  o.payout = core::Money::minor(68);
  o.profit = core::Money::minor(33);
  o.contract = {1000 + id};
  o.intended_wall = {1'700'000'000'000'000 + id};
  o.purchase_time = {1'700'000'001 + id};
  o.settled_time = {1'700'000'003 + id};
  o.entry = market::Tick{"1HZ100V", {1'700'000'002 + id}, core::Price::raw(155'020, 2)};
  o.exit = o.entry;
  return o;
}

std::string filled(const TempDir& dir, std::int64_t orders) {
  const auto path = dir.file("j");
  auto journal = Journal::open(path, Mode::kReadWrite);
  EXPECT_TRUE(journal);
  for (std::int64_t i = 1; i <= orders; ++i) {
    EXPECT_TRUE((*journal)->append(execution::OrderRecord{settled(i)}));
  }
  return path;
}

std::string columns(const std::string& path, const char* table) {
  return sql(path,
             std::string("SELECT group_concat(name) FROM pragma_table_info('") + table + "')");
}

core::Error refused(const std::string& path) {
  for (const auto mode : {Mode::kReadOnly, Mode::kReadWrite}) {
    auto journal = Journal::open(path, mode);
    EXPECT_FALSE(journal) << path << " was opened";
    if (!journal && mode == Mode::kReadWrite) return journal.error();
  }
  return {};
}

// Each of these was read as if it were the table; the first two never end.
TEST(HostileJournal, ATableThatIsNoTableIsRefused) {
  TempDir dir;
  const std::string endless =
      " AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT ";
  for (const std::string table : {"orders", "order_steps", "halts", "config_changes", "balances"}) {
    const auto path = filled(dir, 2);
    const auto all = columns(path, table.c_str());
    ASSERT_EQ(sql(path, "ALTER TABLE " + table + " RENAME TO kept; CREATE VIEW " + table + endless +
                            all + " FROM n, kept"),
              "");
    const auto e = refused(path);
    EXPECT_EQ(e.kind, core::ErrorKind::kInvalid);
    EXPECT_THAT(e.text, HasSubstr("'" + table + "' in it is no table"));
    std::filesystem::remove(path);
  }
  const auto path = filled(dir, 2);
  ASSERT_EQ(sql(path, "ALTER TABLE halts ADD COLUMN x AS (hex(zeroblob(1000000)))"), "");
  EXPECT_THAT(refused(path).text, HasSubstr("'halts' in it is no table"));
  std::filesystem::remove(path);
  filled(dir, 2);
  ASSERT_EQ(sql(path, "DROP TABLE halts; CREATE VIRTUAL TABLE halts USING fts5(strategy)"), "");
  EXPECT_THAT(refused(path).text, HasSubstr("'halts' in it is no table"));
  std::filesystem::remove(path);
  filled(dir, 2);
  ASSERT_EQ(sql(path, "CREATE VIEW my_own AS SELECT * FROM orders; CREATE TABLE notes(x)"), "");
  EXPECT_TRUE(Journal::open(path, Mode::kReadOnly)) << "what a person added is not ours";
}

/// Makes the children of the inner page at `page` (from 1) one and the same.
void lead_all_to(std::string& file, std::size_t page, std::uint32_t child) {
  const auto at = (page - 1) * kPage;
  const auto put = [&](std::size_t where) {
    for (int i = 0; i < 4; ++i) file[where + i] = static_cast<char>(child >> (8 * (3 - i)));
  };
  ASSERT_TRUE(file[at] == 2 || file[at] == 5) << "no inner page";
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(file[at + i]); };
  const auto cells = static_cast<std::size_t>(byte(3)) << 8 | byte(4);
  for (std::size_t i = 0; i < cells; ++i) {
    put(at + (static_cast<std::size_t>(byte(12 + 2 * i)) << 8 | byte(13 + 2 * i)));
  }
  put(at + 8);
}

// Inner pages of a tree that all lead to the same next page: a small file with more rows than
// anybody can read. SQLite itself does not see it.
TEST(HostileJournal, ATreeThatLeadsInCirclesEnds) {
  TempDir dir;
  const auto path = filled(dir, 400);
  for (const std::string table : {"orders", "order_steps"}) {
    SCOPED_TRACE(table);
    const auto root =
        std::stoul(sql(path, "SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'"));
    const auto whole = read_file(path);
    auto file = whole;
    const auto inner = file.substr((root - 1) * kPage, kPage);
    const auto right = inner.substr(8, 4);
    std::uint32_t leaf = 0;
    for (const char c : right) leaf = leaf << 8 | static_cast<unsigned char>(c);
    constexpr std::uint32_t kLevels = 12;  // at least two children each
    auto next = static_cast<std::uint32_t>(file.size() / kPage) + 1;
    lead_all_to(file, root, next);
    for (std::uint32_t level = 0; level < kLevels; ++level) {
      file += inner;
      lead_all_to(file, next, level + 1 < kLevels ? next + 1 : leaf);
      ++next;
    }
    const auto pages = static_cast<std::uint32_t>(file.size() / kPage);
    for (int i = 0; i < 4; ++i) file[28 + i] = static_cast<char>(pages >> (8 * (3 - i)));
    write_file(path, file);
    const auto journal = Journal::open(path, Mode::kReadOnly);
    ASSERT_TRUE(journal) << journal.error().text;
    const auto orders = (*journal)->orders({});
    const auto history = (*journal)->history();
    ASSERT_FALSE(orders && history) << "it was read to an end";
    const auto& e = orders ? history.error() : orders.error();
    EXPECT_EQ(e.kind, core::ErrorKind::kInvalid);
    EXPECT_THAT(e.text, HasSubstr("the file is damaged"));
    write_file(path, whole);
  }
}

TEST(HostileJournal, ALargeHonestOneIsReadWhole) {
  TempDir dir;
  const auto path = filled(dir, 3000);
  const auto journal = Journal::open(path, Mode::kReadOnly);
  ASSERT_TRUE(journal);
  for (int i = 0; i < 20; ++i) {
    const auto orders = (*journal)->orders({});
    ASSERT_TRUE(orders) << orders.error().text;
    EXPECT_EQ(orders->size(), 3000u);
    ASSERT_TRUE((*journal)->history());
  }
}

// What is a number for SQLite and none that anybody can reckon with.
TEST(HostileJournal, NumbersThatNobodyCanReckonWithAreRefusedInLists) {
  TempDir dir;
  const auto path = dir.file("j");
  for (const std::string change :
       {"stake = 9223372036854775807", "profit = -9223372036854775807 - 1",
        "buy_price = 300000000000000000", "sell_price = 300000000000000000", "stake_exp = 3",
        "settled_time = 9223372036854775807", "purchase_time = -1", "signal_epoch = 253402300800",
        "intended_us = 9223372036854775807", "entry_epoch = -9223372036854775807 - 1",
        "exit_quote = 9223372036854775807",
        // Of a row of a version before `spec`, and in the text.
        "spec = NULL, type = 'HIGHER', barrier = -9223372036854775807 - 1",
        "spec = 'HIGHER R_100 5m +9223372036854775807'"}) {
    filled(dir, 3);
    ASSERT_EQ(sql(path, "UPDATE orders SET " + change), "") << change;
    const auto journal = Journal::open(path, Mode::kReadOnly);
    ASSERT_TRUE(journal) << journal.error().text;
    const auto orders = (*journal)->orders({});
    ASSERT_FALSE(orders) << change;
    EXPECT_EQ(orders.error().kind, core::ErrorKind::kInvalid);
    EXPECT_THAT(orders.error().text, HasSubstr("cannot be reckoned with")) << change;
    std::filesystem::remove(path);
  }
  for (const std::string change :
       {"INSERT INTO halts(written_us,strategy,halted,kind,reason,wall_us,venue_s)"
        " VALUES(1,'a',1,'k','r',9223372036854775807,1)",
        "INSERT INTO config_changes(written_us,wall_us,venue_s,key,old_value,new_value,taken)"
        " VALUES(1,1,-1,'k','a','b','t')",
        "DROP TRIGGER order_steps_no_update; UPDATE order_steps SET written_us = -1"}) {
    filled(dir, 3);
    ASSERT_EQ(sql(path, change), "") << change;
    const auto journal = Journal::open(path, Mode::kReadOnly);
    ASSERT_TRUE(journal);
    EXPECT_FALSE((*journal)->history()) << change;
    std::filesystem::remove(path);
  }
  filled(dir, 3);
  ASSERT_EQ(sql(path, "UPDATE orders SET reason = hex(zeroblob(4000000))"), "");
  EXPECT_FALSE((*Journal::open(path, Mode::kReadOnly))->orders({})) << "a text of 8 MB";
}

TEST(AmountBound, HoldsWhateverComes) {
  core::AmountBound bound;
  EXPECT_FALSE(bound.take(core::Money::minor(INT64_MIN)));
  EXPECT_FALSE(bound.take(core::Money::minor(INT64_MAX)));
  EXPECT_TRUE(bound.take(core::Money::minor(-core::kMostSummed + 5)));
  EXPECT_FALSE(bound.take(core::Money::minor(6)));
  EXPECT_TRUE(bound.take(core::Money::minor(-5)));
  EXPECT_FALSE(bound.take(core::Money::minor(1)));
}

}  // namespace
}  // namespace derivd::store
