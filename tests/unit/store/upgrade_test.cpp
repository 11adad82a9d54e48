// A journal that derivd 0.1.0 wrote (journal_v2.sql), with contracts open, comes up to date whole,
// and one of version 3 with what its intent log has.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>
#include <functional>
#include <iterator>

#include "market/spec.hpp"
#include "store/intent_log.hpp"
#include "store/journal.hpp"
#include "store/row_code.hpp"
#include "store/schema.hpp"
#include "unit/service/temp_dir.hpp"
#include "unit/store/journal_v2.hpp"
#include "unit/store/same.hpp"

namespace derivd::store {
namespace {

using execution::OrderState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Sqlite final {
 public:
  explicit Sqlite(const std::string& path) { sqlite3_open(path.c_str(), &db_); }
  ~Sqlite() { sqlite3_close(db_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  /// First columns of all rows.
  std::vector<std::string> run(const std::string& text) {
    std::vector<std::string> out;
    char* error = nullptr;
    sqlite3_exec(
        db_, text.c_str(),
        [](void* to, int n, char** values, char**) {
          if (n > 0) {
            static_cast<std::vector<std::string>*>(to)->emplace_back(
                values[0] != nullptr ? values[0] : "NULL");
          }
          return 0;
        },
        &out, &error);
    EXPECT_EQ(error, nullptr) << error;
    sqlite3_free(error);
    return out;
  }

 private:
  sqlite3* db_ = nullptr;
};

struct Upgrade : ::testing::Test {
  Upgrade() { Sqlite(path).run(test::journal_of_version2()); }
  std::unique_ptr<Journal> open() {
    auto journal = Journal::open(path, Journal::Mode::kReadWrite);
    EXPECT_TRUE(journal) << journal.error().text;
    return std::move(*journal);
  }
  test::TempDir dir;
  const std::string path = dir.file("derivd.db");
};

TEST_F(Upgrade, EveryOpenContractIsKeptWithWhatItIs) {
  std::vector<std::string> specs;
  const auto snapshot = open()->load();
  ASSERT_TRUE(snapshot);
  for (const auto& o : snapshot->open_orders) {
    EXPECT_EQ(o.state, OrderState::kOpen);
    EXPECT_NE(o.contract.value, 0);
    EXPECT_EQ(o.stake, core::Money::minor(50));
    specs.push_back(fmt::format("{} {}", o.id.value, market::encode(o.spec)));
  }
  EXPECT_THAT(specs, ElementsAre("2 PUT 1HZ50V 1d", "6 PUT R_50 2h", "9 CALL 1HZ50V 1d",
                                 "10 PUT R_50 2h", "12 PUT R_100 10m", "13 PUT R_100 10m",
                                 "95 HIGHER R_75 5m +0.5000", "96 LOWER R_75 5m -0.5000",
                                 "173 LOWER R_10 5t -0.100", "174 DIGITDIFF 1HZ10V 10t =7",
                                 "175 PUT 1HZ75V 15s", "176 DIGITEVEN 1HZ100V 10t"));
}

TEST_F(Upgrade, NoRowIsLostOrChanged) {
  static constexpr const char* kParts =
      "SELECT id || type || symbol || duration_count || duration_unit || prediction || barrier ||"
      " barrier_decimals || multiplier || stake || state || contract_id || ifnull(payout, 'none') "
      "||"
      " ifnull(profit, 'none') || ifnull(exit_quote, 'none') || settled_time FROM ";
  Sqlite db(path);
  const auto orders = db.run(std::string(kParts) + "orders ORDER BY id");
  const auto events = db.run(std::string(kParts) + "order_events ORDER BY seq");
  EXPECT_EQ(orders.size(), 23u);
  open();
  EXPECT_EQ(db.run("PRAGMA user_version"), std::vector{std::to_string(known_version())});
  EXPECT_EQ(db.run(std::string(kParts) + "orders ORDER BY id"), orders);
  EXPECT_EQ(db.run(std::string(kParts) + "order_events ORDER BY seq"), events);
  EXPECT_EQ(db.run("SELECT DISTINCT ifnull(spec, 'NULL') FROM orders"),
            std::vector<std::string>{"NULL"});
}

TEST_F(Upgrade, WhatIsWrittenFromNowOnHasItsTextAndItsParts) {
  const auto journal = open();
  auto order = journal->load()->open_orders.at(7);  // LOWER
  const auto before = test::describe(order);
  order.state = OrderState::kSettled;
  order.outcome = execution::Outcome::kLost;
  order.profit = core::Money::minor(-50);
  ASSERT_TRUE(journal->append(execution::OrderRecord{order}));
  ASSERT_TRUE(journal->catch_up());
  Sqlite db(path);
  EXPECT_EQ(db.run("SELECT spec FROM orders WHERE id = 96"),
            std::vector<std::string>{"LOWER R_75 5m -0.5000"});
  EXPECT_EQ(db.run("SELECT type || duration_count || duration_unit || barrier || barrier_decimals"
                   " FROM orders WHERE id = 96"),
            std::vector<std::string>{"LOWER5m-50004"});
  const auto orders = journal->orders({});
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->size(), 23u);
  for (const auto& o : *orders) {
    if (o.id.value == 96) {
      EXPECT_EQ(o.spec, order.spec) << before;
    }
  }
}

TEST_F(Upgrade, ATextThatNobodyWroteIsNoContract) {
  open();
  Sqlite(path).run("UPDATE orders SET spec = 'CALL R_100' WHERE id = 96");
  const auto loaded = open()->load();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().text, HasSubstr("order 96 has a value in 'spec'"));
}

TEST_F(Upgrade, AnOldRowWithoutATextHasALengthThatItsReleaseWrote) {
  open();
  Sqlite(path).run("UPDATE orders SET duration_unit = 'until:' WHERE id = 96");
  const auto loaded = open()->load();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().text, HasSubstr("order 96 has a value in 'duration_count'"));
}

// ---- version 3: tables, and a log with events that they lack ----

/// The values of an order's row as its table has them.
class OrderRow final {
 public:
  OrderRow(sqlite3* db, int id) {
    sqlite3_stmt* row = nullptr;
    const auto sql = fmt::format("SELECT * FROM orders WHERE id = {}", id);
    EXPECT_EQ(sqlite3_prepare_v2(db, sql.c_str(), -1, &row, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_step(row), SQLITE_ROW);
    for (int i = 0; i < sqlite3_column_count(row); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, i));
      values_.push_back(
          {sqlite3_column_name(row, i), text != nullptr ? text : "", sqlite3_column_type(row, i)});
    }
    sqlite3_finalize(row);
  }
  OrderRow& set(std::string_view column, const std::string& text) {
    for (auto& v : values_) {
      if (v.column == column) v.text = text;
      if (v.column == column && v.type == SQLITE_NULL) v.type = SQLITE_INTEGER;
    }
    return *this;
  }
  void put(std::string& out) const {
    RowWriter row(out, RowKind::kOrder);
    for (const auto& v : values_) {
      if (v.type == SQLITE_NULL) {
        row.null();
      } else if (v.type == SQLITE_INTEGER) {
        row.integer(std::stoll(v.text));
      } else {
        row.text(v.text);
      }
    }
  }
  std::size_t size() const { return values_.size(); }

 private:
  struct Value {
    std::string column, text;
    int type;
  };
  std::vector<Value> values_;
};

using Event = std::function<void(std::string&)>;

struct Upgrade3 : Upgrade {
  Upgrade3() {
    Sqlite db(path);
    db.run("PRAGMA journal_mode = WAL");
    db.run(migrations()[2]);
    db.run("PRAGMA user_version = 3; UPDATE log_position SET clean = 0");
    identity.journal =
        static_cast<std::uint64_t>(std::stoll(db.run("SELECT journal FROM log_position").at(0)));
  }
  OrderRow row(int id) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    OrderRow out(db, id);
    sqlite3_close(db);
    EXPECT_EQ(out.size(), 46u) << "the columns of version 3";
    return out;
  }
  /// LOWER of the tables is lost; HIGHER is intended and open; a step of a strategy.
  std::vector<Event> events() {
    return {
        [this](std::string& out) {
          row(173)
              .set("state", "settled")
              .set("outcome", "lost")
              .set("profit", "-50")
              .set("profit_exp", "2")
              .put(out);
          put_record(out, execution::DayRecord{19'675, core::Money::minor(-360), 176});
        },
        [this](std::string& out) {
          row(95).set("id", "177").set("state", "intended").set("contract_id", "0").put(out);
        },
        [this](std::string& out) {
          row(95).set("id", "177").set("contract_id", "268738000177").put(out);
        },
    };
  }
  void write_log(std::uint32_t schema, const std::vector<Event>& all) {
    identity.schema = schema;
    const auto log_path = intent_log_path(path);
    ASSERT_TRUE(create_intent_log(log_path, identity, 1, kLogRegionBytes));
    auto file = open_log_file(log_path, LogAccess::kWrite);
    ASSERT_TRUE(file);
    const auto reader = LogReader::open(**file);
    ASSERT_TRUE(reader);
    const auto log =
        IntentLog::go_on(std::move(*file), *reader, identity, 1, execution::Durability::kProcess);
    ASSERT_TRUE(log);
    for (const auto& event : all) {
      event((*log)->begin());
      ASSERT_TRUE((*log)->append(1'795'901'600'000'000));
    }
  }
  std::string refusal() {
    const auto journal = Journal::open(path, Journal::Mode::kReadWrite);
    return journal ? "opened" : journal.error().text;
  }
  std::uint32_t schema_of_log() {
    const auto file = open_log_file(intent_log_path(path), LogAccess::kRead);
    const auto reader = LogReader::open(**file);
    return reader ? reader->identity().schema : 0;
  }
  /// What brings the tables of version 3 up to date.
  static std::string this_version() {
    std::string out;
    for (const auto* step : migrations().subspan(3)) out += step;
    return out + fmt::format("PRAGMA user_version = {}", known_version());
  }
  static std::string bytes_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  LogIdentity identity;
};

TEST_F(Upgrade3, WhatOnlyItsLogHasIsBroughtInAsThatVersionWroteIt) {
  write_log(3, events());
  for (int start = 0; start < 2; ++start) {
    const auto journal = open();
    EXPECT_THAT(journal->take_notices(), IsEmpty());
    const auto snapshot = journal->load();
    ASSERT_TRUE(snapshot);
    std::vector<std::string> specs;
    for (const auto& o : snapshot->open_orders) {
      if (o.id.value >= 173) specs.push_back(fmt::format("{} {}", o.id.value, encode(o.spec)));
    }
    EXPECT_THAT(specs, ElementsAre("174 DIGITDIFF 1HZ10V 10t =7", "175 PUT 1HZ75V 15s",
                                   "176 DIGITEVEN 1HZ100V 10t", "177 HIGHER R_75 5m +0.5000"));
    EXPECT_EQ(snapshot->open_orders.back().state, OrderState::kOpen);
    EXPECT_EQ(snapshot->open_orders.back().contract.value, 268738000177);
    EXPECT_EQ(snapshot->last_order.value, 177);
    ASSERT_TRUE(snapshot->day);
    EXPECT_EQ(snapshot->day->settled_profit, core::Money::minor(-360));
    const auto orders = journal->orders({});
    ASSERT_TRUE(orders);
    ASSERT_EQ(orders->size(), 24u);
    for (const auto& o : *orders) {
      if (o.id.value != 173) continue;
      EXPECT_EQ(o.state, OrderState::kSettled);
      EXPECT_EQ(o.profit, core::Money::minor(-50));
      EXPECT_EQ(encode(o.spec), "LOWER R_10 5t -0.100");
    }
  }
  Sqlite db(path);
  EXPECT_EQ(db.run("PRAGMA user_version"), std::vector{std::to_string(known_version())});
  EXPECT_EQ(db.run("SELECT applied FROM log_position"), std::vector<std::string>{"3"});
  EXPECT_EQ(db.run("SELECT ifnull(spec, 'NULL') FROM orders WHERE id IN (173, 177)"),
            (std::vector<std::string>{"NULL", "NULL"}));
  EXPECT_EQ(schema_of_log(), static_cast<std::uint32_t>(known_version()));
}

TEST_F(Upgrade3, AStartThatEndedBehindTheTablesIsRepeated) {
  write_log(3, events());
  const auto log = bytes_of(intent_log_path(path));
  { const auto journal = open(); }
  // The tables are of the new version and have every event; the log is as it was.
  std::ofstream(intent_log_path(path), std::ios::binary) << log;
  Sqlite(path).run("UPDATE log_position SET clean = 0");
  const auto journal = open();
  EXPECT_EQ(journal->load()->last_order.value, 177);
  EXPECT_EQ(journal->orders({})->size(), 24u);
  auto order = journal->load()->open_orders.back();
  order.state = OrderState::kSettled;
  order.outcome = execution::Outcome::kLost;
  order.profit = core::Money::minor(-50);
  ASSERT_TRUE(journal->append(execution::OrderRecord{order}));
  ASSERT_TRUE(journal->catch_up());
  EXPECT_EQ(Sqlite(path).run("SELECT spec || state FROM orders WHERE id = 177"),
            std::vector<std::string>{"HIGHER R_75 5m +0.5000settled"});
}

TEST_F(Upgrade3, EventsOfAnotherVersionThanTheTablesAreRefusedAndNothingIsChanged) {
  write_log(4, events());
  const auto log = bytes_of(intent_log_path(path));
  EXPECT_THAT(refusal(), HasSubstr("holds events of another derivd (journal version 4, the "
                                   "journal has 3)"));
  EXPECT_EQ(bytes_of(intent_log_path(path)), log);
  EXPECT_EQ(Sqlite(path).run("PRAGMA user_version"), std::vector<std::string>{"3"});
}

TEST_F(Upgrade3, EventsOfVersion3AreNotReadIntoTablesOfThisOne) {
  write_log(3, events());
  // Tables that somebody brought up to date without the log.
  Sqlite(path).run(this_version());
  EXPECT_THAT(refusal(),
              HasSubstr(fmt::format(
                  "holds events of another derivd (journal version 3, the journal has {})",
                  known_version())));
  const auto reader = Journal::open(path, Journal::Mode::kReadOnly);
  ASSERT_TRUE(reader);
  const auto loaded = (*reader)->load();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().text, HasSubstr("does not fit its tables"));
}

TEST_F(Upgrade3, ARowWithoutItsTextInALogOfThisVersionIsRefused) {
  write_log(static_cast<std::uint32_t>(known_version()), events());
  Sqlite(path).run(this_version());
  EXPECT_THAT(refusal(), HasSubstr("event 1 of its intent log does not fit its tables"));
  EXPECT_EQ(Sqlite(path).run("SELECT applied FROM log_position"), std::vector<std::string>{"0"});
}

}  // namespace
}  // namespace derivd::store
