#include "store/journal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "store/schema.hpp"
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
using ::testing::HasSubstr;
using Mode = Journal::Mode;

Order intent(std::int64_t id, const char* strategy = "parity") {
  Order o;
  o.id = {id};
  o.strategy = strategy;
  o.spec.type = market::ContractType::kDigitOdd;
  o.spec.symbol = "1HZ100V";
  o.spec.duration = {1, market::ContractDuration::Unit::kTicks};
  o.stake = core::Money::minor(35);
  o.intended_wall = {1'700'000'000'000'000 + id};
  o.signal_epoch = {1'700'000'000 + id};
  return o;
}

Order opened(std::int64_t id, const char* strategy = "parity") {
  auto o = intent(id, strategy);
  o.state = OrderState::kOpen;
  o.contract = {1000 + id};
  o.buy_tx = {2000 + id};
  o.buy_price = core::Money::minor(35);
  o.payout = core::Money::minor(68);
  o.purchase_time = {1'700'000'001 + id};
  o.balance_after = core::Money::minor(999'965);
  return o;
}

Order settled(std::int64_t id, const char* strategy = "parity") {
  auto o = opened(id, strategy);
  o.state = OrderState::kSettled;
  o.outcome = execution::Outcome::kWon;
  o.witness = execution::Witness::kTransaction;
  o.profit = core::Money::minor(33);
  o.sell_price = core::Money::minor(68);
  o.sell_tx = {3000 + id};
  o.settled_time = {1'700'000'003 + id};
  o.entry = market::Tick{"1HZ100V", {1'700'000'002 + id}, core::Price::raw(155'020, 2)};
  o.exit = o.entry;
  return o;
}

std::unique_ptr<Journal> open(const std::string& path, Mode mode = Mode::kReadWrite) {
  auto journal = Journal::open(path, mode);
  EXPECT_TRUE(journal) << journal.error().text;
  return journal ? std::move(*journal) : nullptr;
}

/// Nothing comes into the tables but by catch_up() and checkpoint().
JournalSettings by_hand() {
  JournalSettings out;
  out.background = false;
  return out;
}
const JournalSettings kByHand = by_hand();

std::unique_ptr<Journal> open(const std::string& path, const JournalSettings& settings) {
  auto journal = Journal::open(path, Mode::kReadWrite, settings);
  EXPECT_TRUE(journal) << journal.error().text;
  return journal ? std::move(*journal) : nullptr;
}

core::Error refused(const std::string& path, Mode mode = Mode::kReadWrite) {
  auto journal = Journal::open(path, mode);
  EXPECT_FALSE(journal) << path << " was opened";
  return journal ? core::Error{} : journal.error();
}

void append(Journal& journal, const execution::Record& record) {
  const auto done = journal.append(record);
  ASSERT_TRUE(done) << done.error().text;
}

std::vector<std::int64_t> ids(const std::vector<Order>& orders) {
  std::vector<std::int64_t> out;
  for (const auto& o : orders) out.push_back(o.id.value);
  return out;
}

/// Runs SQL on the file from outside, and gives the first value.
// ---- what is written is read back ----

TEST(Journal, ANewOneIsEmptyAndPrivate) {
  TempDir dir;
  const auto path = dir.file("derivd.db");
  const ::mode_t old = ::umask(0);
  const auto journal = open(path);
  ::umask(old);
  ASSERT_TRUE(journal);
  const auto snapshot = journal->load();
  ASSERT_TRUE(snapshot) << snapshot.error().text;
  EXPECT_TRUE(snapshot->open_orders.empty());
  EXPECT_TRUE(snapshot->halts.empty());
  EXPECT_TRUE(snapshot->strategies.empty());
  EXPECT_FALSE(snapshot->day);
  EXPECT_EQ(snapshot->last_order.value, 0);
  const auto balance = journal->last_balance();
  ASSERT_TRUE(balance);
  EXPECT_FALSE(*balance);
  append(*journal, OrderRecord{intent(1)});
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms(0600)) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 5) << "derivd.db, -wal, -shm, -lock, -intents and nothing else";
}

TEST(Journal, ALifeOfAnOrder) {
  TempDir dir;
  const auto path = dir.file("derivd.db");
  {
    const auto journal = open(path);
    append(*journal, OrderRecord{intent(1)});
    append(*journal, OrderRecord{opened(1)});
    append(*journal, OrderRecord{settled(1)});
    append(*journal, OrderRecord{intent(2)});
  }
  const auto journal = open(path);
  const auto snapshot = journal->load();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(ids(snapshot->open_orders), std::vector<std::int64_t>{2});
  EXPECT_EQ(snapshot->last_order.value, 2);
  const auto all = journal->orders({});
  ASSERT_TRUE(all);
  ASSERT_EQ(ids(*all), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(test::describe(all->at(0)), test::describe(settled(1)));
  EXPECT_EQ(test::describe(all->at(1)), test::describe(intent(2)));
  EXPECT_EQ(sql(path, "SELECT group_concat(state) FROM order_steps WHERE id = 1"),
            "intended,open,settled");
}

TEST(Journal, EveryStateThatIsNotFinalComesBackAtStart) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  const OrderState states[] = {OrderState::kIntended, OrderState::kUnknown, OrderState::kOpen,
                               OrderState::kRefused,  OrderState::kAbsent,  OrderState::kSettled};
  std::int64_t id = 0;
  std::vector<std::int64_t> expected;
  for (const auto state : states) {
    auto o = intent(++id);
    o.state = state;
    append(*journal, OrderRecord{o});
    if (!execution::is_final(state)) expected.push_back(id);
  }
  const auto snapshot = journal->load();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(ids(snapshot->open_orders), expected);
  EXPECT_EQ(expected.size(), 3u);
  EXPECT_EQ(snapshot->last_order.value, 6);
}

TEST(Journal, QueriesFilter) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  append(*journal, OrderRecord{settled(1, "a")});
  append(*journal, OrderRecord{settled(2, "b")});
  auto no = intent(3, "a");
  no.state = OrderState::kRefused;
  no.reason = "InsufficientBalance";
  append(*journal, OrderRecord{no});
  auto absent = intent(4, "a");
  absent.state = OrderState::kAbsent;
  append(*journal, OrderRecord{absent});
  append(*journal, OrderRecord{opened(5, "a")});

  const auto found = [&](OrderQuery query) {
    const auto orders = journal->orders(query);
    EXPECT_TRUE(orders);
    return orders ? ids(*orders) : std::vector<std::int64_t>{};
  };
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(found({}), (Ids{1, 2, 5}));
  EXPECT_EQ(found({std::nullopt, std::nullopt, false}), (Ids{1, 2, 3, 4, 5}));
  EXPECT_EQ(found({"a", std::nullopt, true}), (Ids{1, 5}));
  EXPECT_EQ(found({"a", std::nullopt, false}), (Ids{1, 3, 4, 5}));
  EXPECT_EQ(found({std::nullopt, intent(2).intended_wall, true}), (Ids{2, 5})) << "inclusive";
  EXPECT_EQ(found({"b", intent(3).intended_wall, true}), Ids{});
  EXPECT_EQ(found({std::nullopt, std::nullopt, false, 2}), (Ids{4, 5})) << "the latest, in order";
  EXPECT_EQ(found({"a", std::nullopt, true, 1}), Ids{5});
  EXPECT_EQ(found({"a", std::nullopt, false, 99}), (Ids{1, 3, 4, 5}));
  EXPECT_EQ(found({"b", intent(3).intended_wall, true, 5}), Ids{});
  EXPECT_EQ(found({"' OR 1 --", std::nullopt, false}), Ids{});
  OrderQuery page;
  page.first = 2;
  EXPECT_EQ(found(page), (Ids{1, 2})) << "the first page";
  page.after = core::OrderId{2};
  EXPECT_EQ(found(page), Ids{5}) << "the last one is shorter";
  page.after = core::OrderId{5};
  EXPECT_EQ(found(page), Ids{});
  page.after = core::OrderId{1};
  page.upto = core::OrderId{4};
  EXPECT_EQ(found(page), Ids{2}) << "no further than that";
}

execution::HaltRecord halt(const char* strategy, bool halted, const char* kind) {
  return {strategy, halted, kind, "why", {5}, {6}};
}

TEST(Journal, HaltsStayUntilCleared) {
  TempDir dir;
  {
    const auto journal = open(dir.file("j"));
    append(*journal, halt("a", true, "stop_loss"));
    append(*journal, halt("b", true, "take_profit"));
    append(*journal, halt("", true, "operator"));
    append(*journal, halt("b", false, "operator"));
    append(*journal, halt("a", true, "ambiguous"));
  }
  const auto journal = open(dir.file("j"));
  const auto halts = journal->halts();
  ASSERT_TRUE(halts);
  ASSERT_EQ(halts->size(), 2u);
  EXPECT_EQ(halts->at(0).strategy, "");
  EXPECT_EQ(halts->at(0).kind, "operator");
  EXPECT_EQ(halts->at(1).strategy, "a");
  EXPECT_EQ(halts->at(1).kind, "ambiguous") << "the latest";
  EXPECT_EQ(halts->at(1).reason, "why");
  EXPECT_TRUE(halts->at(1).halted);
  EXPECT_EQ(halts->at(1).wall.us, 5);
  EXPECT_EQ(halts->at(1).venue.s, 6);
  const auto snapshot = journal->load();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->halts.size(), 2u);
}

TEST(Journal, LatestStateOfEachStrategyDayAndBalance) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  append(*journal, execution::StrategyRecord{"a", 1, core::Money::minor(5), core::Money::minor(7),
                                             "c1", "s1", "g1"});
  append(*journal, execution::StrategyRecord{"b", 3, core::Money::minor(-5), core::Money::minor(0),
                                             "", std::string("x\0y", 3), "\xff"});
  append(*journal, execution::StrategyRecord{"a", 2, core::Money::minor(-123456789012345, 8),
                                             core::Money::minor(1, 8), "c2", "s2", "g2"});
  append(*journal, execution::DayRecord{20'000, core::Money::minor(10), 4});
  append(*journal, execution::DayRecord{19'999, core::Money::minor(-77), 9});
  append(*journal, execution::BalanceRecord{{1}, {2}, core::Money::minor(100), "CR1", "USD"});
  append(*journal, execution::BalanceRecord{{3}, {4}, core::Money::minor(55, 8), "CR2", "BTC"});
  append(*journal, execution::SessionRecord{{9}, "CR2", "live", "because"});
  const auto snapshot = journal->load();
  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->strategies.size(), 2u);
  const auto& a = snapshot->strategies[0];
  EXPECT_EQ(a.strategy, "a");
  EXPECT_EQ(a.session, 2);
  EXPECT_EQ(a.realised, core::Money::minor(-123456789012345, 8));
  EXPECT_EQ(a.peak, core::Money::minor(1, 8));
  EXPECT_EQ(a.counters + a.staking + a.guards, "c2s2g2");
  const auto& b = snapshot->strategies[1];
  EXPECT_EQ(b.staking, std::string("x\0y", 3));
  EXPECT_EQ(b.guards, "\xff");
  EXPECT_EQ(b.counters, "");
  ASSERT_TRUE(snapshot->day);
  EXPECT_EQ(snapshot->day->day, 19'999) << "the last written, not the highest";
  EXPECT_EQ(snapshot->day->settled_profit, core::Money::minor(-77));
  EXPECT_EQ(snapshot->day->trades, 9);
  const auto balance = journal->last_balance();
  ASSERT_TRUE(balance && *balance);
  EXPECT_EQ((*balance)->balance, core::Money::minor(55, 8));
  EXPECT_EQ((*balance)->account, "CR2");
  EXPECT_EQ((*balance)->currency, "BTC");
  EXPECT_EQ((*balance)->wall.us, 3);
  EXPECT_EQ((*balance)->venue.s, 4);
  ASSERT_TRUE(journal->catch_up());
  EXPECT_EQ(sql(dir.file("j"), "SELECT state || reason FROM sessions"), "livebecause");
}

TEST(Journal, HistoryCannotBeChanged) {
  TempDir dir;
  const auto path = dir.file("j");
  {
    const auto journal = open(path);
    append(*journal, OrderRecord{intent(1)});
    append(*journal, halt("a", true, "stop_loss"));
    append(*journal, execution::BalanceRecord{{1}, {2}, {}, "CR1", "USD"});
    append(*journal, execution::SessionRecord{});
    append(*journal, execution::ConfigRecord{});
  }
  for (const auto* table : {"order_steps", "halts", "balances", "sessions", "config_changes"}) {
    EXPECT_THAT(sql(path, fmt::format("DELETE FROM {}", table).c_str()), HasSubstr("append-only"));
    EXPECT_THAT(sql(path, fmt::format("UPDATE {} SET written_us = 0", table).c_str()),
                HasSubstr("append-only"));
  }
}

// ---- who may open ----

TEST(Journal, ASecondWriterIsRefused) {
  TempDir dir;
  const auto path = dir.file("j");
  auto first = open(path);
  EXPECT_EQ(refused(path).kind, core::ErrorKind::kRefused);
  std::filesystem::create_symlink(path, dir.file("other name"));
  EXPECT_EQ(refused(dir.file("other name")).kind, core::ErrorKind::kRefused) << "by another name";
  append(*first, OrderRecord{intent(1)});
  first.reset();
  EXPECT_TRUE(open(path));
}

TEST(Journal, ASecondWriterInAnotherProcessIsRefusedAndAKilledOneHoldsNothing) {
  TempDir dir;
  const auto path = dir.file("j");
  int ready[2];
  int leave[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(leave), 0);
  const auto child = ::fork();
  if (child == 0) {
    ::close(leave[1]);
    const auto journal = open(path);
    const bool good = journal && journal->append(OrderRecord{intent(7)});
    (void)!::write(ready[1], good ? "y" : "n", 1);
    char c = 0;
    (void)!::read(leave[0], &c, 1);
    ::kill(::getpid(), SIGKILL);
  }
  char c = 0;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  ASSERT_EQ(c, 'y');
  EXPECT_EQ(refused(path).kind, core::ErrorKind::kRefused);
  const auto reader = open(path, Mode::kReadOnly);
  ASSERT_TRUE(reader);
  EXPECT_EQ(ids(*reader->orders({})), std::vector<std::int64_t>{7});
  ::close(leave[1]);
  ::waitpid(child, nullptr, 0);
  const auto journal = open(path);
  ASSERT_TRUE(journal);
  EXPECT_EQ(ids(*journal->orders({})), std::vector<std::int64_t>{7})
      << "what was appended survives";
  for (const int fd : {ready[0], ready[1], leave[0]}) ::close(fd);
}

TEST(Journal, AReaderSeesWhatTheWriterAppendsAndMayNotWrite) {
  TempDir dir;
  const auto path = dir.file("j");
  auto writer = open(path);
  append(*writer, OrderRecord{intent(1)});
  const auto reader = open(path, Mode::kReadOnly);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->orders({})->size(), 1u);
  append(*writer, OrderRecord{intent(2)});
  EXPECT_EQ(reader->orders({})->size(), 2u);
  EXPECT_FALSE(reader->append(OrderRecord{intent(3)}));
  EXPECT_FALSE(reader->checkpoint());
  EXPECT_TRUE(writer->checkpoint());
  EXPECT_EQ(reader->orders({})->size(), 2u);
  writer.reset();
  EXPECT_EQ(reader->orders({})->size(), 2u) << "after the writer has stopped";
  EXPECT_EQ(open(path, Mode::kReadOnly)->orders({})->size(), 2u);
  EXPECT_TRUE(open(path)) << "a reader is no writer";
}

/// In a child that may read the files but neither write the directory nor anything in it.
std::string read_as_stranger(const std::string& path) {
  int fds[2];
  if (::pipe(fds) != 0) return "pipe";
  const auto child = ::fork();
  if (child == 0) {
    std::string text = "cannot change user";
    if (::setgid(64'998) == 0 && ::setuid(64'999) == 0) {
      const auto journal = Journal::open(path, Mode::kReadOnly);
      const auto orders =
          journal ? (*journal)->orders({}) : core::Result<std::vector<Order>>(journal.error());
      text = orders ? fmt::format("{} orders", orders->size()) : orders.error().text;
    }
    (void)!::write(fds[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(fds[1]);
  std::string out;
  char buffer[1024];
  for (ssize_t n = 0; (n = ::read(fds[0], buffer, sizeof buffer)) > 0;) out.append(buffer, n);
  ::close(fds[0]);
  ::waitpid(child, nullptr, 0);
  return out;
}

TEST(Journal, AReaderWithoutRightsToTheDirectory) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be somebody else";
  TempDir dir;
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
  const auto path = dir.file("a % ? # b");
  auto writer = open(path);
  append(*writer, OrderRecord{intent(1)});
  ::chmod(path.c_str(), 0644);
  // While the writer runs its log is private: an error, not an old state.
  EXPECT_THAT(read_as_stranger(path), HasSubstr("run this as root or as the owner"));
  ::chmod((path + "-wal").c_str(), 0644);
  ::chmod((path + "-shm").c_str(), 0644);
  EXPECT_THAT(read_as_stranger(path), HasSubstr("-intents: cannot open"));
  ::chmod((path + "-intents").c_str(), 0644);
  EXPECT_EQ(read_as_stranger(path), "1 orders");
  writer.reset();
  ASSERT_FALSE(std::filesystem::exists(path + "-wal"));
  EXPECT_EQ(read_as_stranger(path), "1 orders");
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
}

// ---- what is no journal ----

TEST(Journal, MissingPlaces) {
  TempDir dir;
  EXPECT_EQ(refused(dir.file("none"), Mode::kReadOnly).kind, core::ErrorKind::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(dir.file("none"))) << "a reader makes nothing";
  const auto e = refused(dir.file("no/such/j"));
  EXPECT_EQ(e.kind, core::ErrorKind::kIo);
  EXPECT_THAT(e.text, HasSubstr(dir.file("no/such/j")));
  EXPECT_THAT(e.text, HasSubstr("directory"));
  EXPECT_THAT(refused(dir.path()).text, HasSubstr("not a regular file"));
  refused("");
}

TEST(Journal, ForeignFilesAreRefusedAndLeftAlone) {
  TempDir dir;
  const auto text_file = dir.file("text");
  write_file(text_file, std::string(5000, 'x'));
  for (const auto mode : {Mode::kReadWrite, Mode::kReadOnly}) {
    const auto e = refused(text_file, mode);
    EXPECT_EQ(e.kind, core::ErrorKind::kInvalid);
    EXPECT_THAT(e.text, HasSubstr(text_file));
    EXPECT_THAT(e.text, HasSubstr("restore it from a backup"));
  }
  EXPECT_EQ(read_file(text_file), std::string(5000, 'x'));

  const auto other = dir.file("other");
  sql(other, "CREATE TABLE orders(id); INSERT INTO orders VALUES(1)");
  const auto before = read_file(other);
  for (const auto mode : {Mode::kReadWrite, Mode::kReadOnly}) {
    EXPECT_THAT(refused(other, mode).text, HasSubstr("another program"));
  }
  EXPECT_EQ(read_file(other), before);
}

TEST(Journal, AnEmptyFileIsDamageNotABeginning) {
  TempDir dir;
  write_file(dir.file("j"), "");
  for (const auto mode : {Mode::kReadWrite, Mode::kReadOnly}) {
    EXPECT_THAT(refused(dir.file("j"), mode).text, HasSubstr("has 0 bytes only"));
  }
}

TEST(Journal, AMissingFileWhoseLogIsThereIsDamage) {
  TempDir dir;
  write_file(dir.file("j-wal"), "something");
  EXPECT_THAT(refused(dir.file("j")).text, HasSubstr("j-wal"));
  EXPECT_FALSE(std::filesystem::exists(dir.file("j")));
}

TEST(Journal, VersionsThatThisProgramDoesNotKnow) {
  TempDir dir;
  const auto path = dir.file("j");
  open(path).reset();
  sql(path, fmt::format("PRAGMA user_version = {}", known_version() + 1).c_str());
  for (const auto mode : {Mode::kReadWrite, Mode::kReadOnly}) {
    const auto e = refused(path, mode);
    EXPECT_EQ(e.kind, core::ErrorKind::kInvalid);
    EXPECT_THAT(e.text,
                HasSubstr(fmt::format("newer derivd (journal version {}, this one knows {})",
                                      known_version() + 1, known_version())));
  }
  sql(path, "PRAGMA user_version = 0");
  EXPECT_THAT(refused(path).text, HasSubstr("no journal version"));
  sql(path, fmt::format("PRAGMA user_version = {}", known_version()).c_str());
  EXPECT_TRUE(open(path));
}

std::string filled(const TempDir& dir) {
  const auto path = dir.file("j");
  const auto journal = open(path);
  for (std::int64_t i = 1; i <= 300; ++i) append(*journal, OrderRecord{settled(i)});
  return path;
}

TEST(Journal, TruncatedFiles) {
  TempDir dir;
  const auto path = filled(dir);
  const auto whole = read_file(path);
  ASSERT_GT(whole.size(), 20u * 4096);
  for (const auto size :
       {std::size_t{1}, std::size_t{50}, std::size_t{99}, std::size_t{100}, std::size_t{4095},
        std::size_t{4096}, whole.size() / 2, whole.size() - 4096, whole.size() - 1}) {
    write_file(path, whole.substr(0, size));
    const auto e = refused(path);
    EXPECT_THAT(e.text, HasSubstr(path)) << size;
    EXPECT_EQ(e.kind, core::ErrorKind::kInvalid) << size << ": " << e.text;
    EXPECT_THAT(e.text, HasSubstr("backup")) << size;
  }
  write_file(path, whole);
  EXPECT_EQ(open(path)->orders({})->size(), 300u);
}

// Any page overwritten must either be refused at open, or give a read error, or show in nothing
// that is read; never a shorter list.
TEST(Journal, DamagedPages) {
  TempDir dir;
  const auto path = filled(dir);
  const auto whole = read_file(path);
  std::size_t refusals = 0;
  for (std::size_t page = 0; page < whole.size() / 4096; ++page) {
    auto damaged = whole;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(page * 4096), 4096, '\x5a');
    write_file(path, damaged);
    auto journal = Journal::open(path, Mode::kReadWrite);
    if (!journal) {
      ++refusals;
      EXPECT_THAT(journal.error().text, HasSubstr(path));
      continue;
    }
    const auto orders = (*journal)->orders({});
    if (orders) {
      EXPECT_EQ(orders->size(), 300u) << "page " << page;
    }
  }
  EXPECT_GT(refusals, whole.size() / 4096 / 2) << "the check at open sees most";
}

TEST(Journal, AValueThatNoVersionWroteIsAnErrorNotADefault) {
  TempDir dir;
  const auto path = dir.file("j");
  for (const auto* change :
       {"state = 'sold'", "type = 'DIGITEVENS'", "outcome = ''", "witness = 'x'",
        "duration_unit = 'y'", "stake_exp = 19", "barrier_decimals = -1", "prediction = 10",
        "multiplier = 70000", "strategy = printf('%.41c', 'x')"}) {
    std::filesystem::remove(path);
    { append(*open(path), OrderRecord{intent(1)}); }
    ASSERT_EQ(sql(path, fmt::format("UPDATE orders SET {}", change).c_str()), "") << change;
    const auto journal = open(path);
    const auto orders = journal->orders({});
    ASSERT_FALSE(orders) << change;
    EXPECT_THAT(orders.error().text, HasSubstr("table orders"));
    EXPECT_THAT(orders.error().text, HasSubstr(path));
  }
}

// ---- crashes and disks ----

// A copy made while the daemon writes, of a machine that lost power: the file, a part of its WAL,
// and the intent log, which has all that was appended since the last region was begun; or no log.
TEST(Journal, EveryPrefixOfTheWalIsAStateThatWasAndTheIntentLogHasTheRest) {
  TempDir dir;
  const auto path = dir.file("j");
  std::string base;
  std::string wal;
  std::string log;
  {
    const auto journal = open(path, kByHand);
    for (std::int64_t i = 1; i <= 20; ++i) append(*journal, OrderRecord{opened(i)});
    ASSERT_TRUE(journal->checkpoint());
    for (std::int64_t i = 1; i <= 20; ++i) {
      append(*journal, OrderRecord{settled(i)});
      ASSERT_TRUE(journal->catch_up());
    }
    base = read_file(path);
    wal = read_file(path + "-wal");
    log = read_file(path + "-intents");
  }
  ASSERT_GT(wal.size(), 40u * 4096);
  TempDir copy;
  std::size_t seen_min = 99;
  std::size_t seen_max = 0;
  std::size_t last = 0;
  for (const bool with_log : {false, true}) {
    for (std::size_t size = 0; size <= wal.size(); size += 3001) {
      const auto there = copy.file("j");
      for (const auto* suffix : {"-wal", "-shm", ""}) std::filesystem::remove(there + suffix);
      write_file(there, base);
      write_file(there + "-wal", wal.substr(0, size));
      // An empty one is a person's word that it is lost.
      write_file(there + "-intents", with_log ? log : "");
      const auto journal = open(there);
      ASSERT_TRUE(journal);
      const auto orders = journal->orders({});
      ASSERT_TRUE(orders) << orders.error().text;
      ASSERT_EQ(orders->size(), 20u);
      std::size_t done = 0;
      for (const auto& o : *orders) done += o.state == OrderState::kSettled;
      // In order: the first `done` orders and no others, each whole.
      for (std::size_t i = 0; i < 20; ++i) {
        const auto id = static_cast<std::int64_t>(i) + 1;
        EXPECT_EQ(test::describe((*orders)[i]),
                  test::describe(i < done ? settled(id) : opened(id)));
      }
      EXPECT_EQ(sql(there,
                    "SELECT max(n) FROM (SELECT count(*) AS n FROM order_steps"
                    " GROUP BY id, state)"),
                "1")
          << "an event came into the tables twice";
      if (with_log) {
        ASSERT_EQ(done, 20u) << size;
        continue;
      }
      EXPECT_GE(done, last) << "a longer WAL never says less";
      last = done;
      seen_min = std::min(seen_min, done);
      seen_max = std::max(seen_max, done);
    }
  }
  EXPECT_EQ(seen_min, 0u);
  EXPECT_GE(seen_max, 19u);
}

TEST(Journal, KilledAtAnyMomentNothingAcknowledgedIsLost) {
  for (int round = 0; round < 8; ++round) {
    TempDir dir;
    const auto path = dir.file("j");
    int fds[2];
    ASSERT_EQ(::pipe(fds), 0);
    const auto child = ::fork();
    if (child == 0) {
      ::close(fds[0]);
      const auto journal = open(path);
      for (std::int64_t i = 1; journal; ++i) {
        if (!journal->append(OrderRecord{opened(i)})) break;
        if (::write(fds[1], &i, sizeof i) != sizeof i) break;
        if (i % 50 == 0 && !journal->checkpoint()) break;
      }
      ::_exit(1);
    }
    ::close(fds[1]);
    std::int64_t acknowledged = 0;
    std::int64_t value = 0;
    while (acknowledged < 40 + 37 * round && ::read(fds[0], &value, sizeof value) == sizeof value) {
      acknowledged = value;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(fds[0], &value, sizeof value) == sizeof value) acknowledged = value;
    ::close(fds[0]);
    ASSERT_GE(acknowledged, 40);
    const auto journal = open(path);
    ASSERT_TRUE(journal);
    const auto last = journal->load()->last_order.value;
    EXPECT_GE(last, acknowledged);
    EXPECT_LE(last, acknowledged + 1);
    EXPECT_EQ(journal->orders({})->size(), static_cast<std::size_t>(last));
  }
}

/// Appends until it fails, in a child that may write no file beyond `limit` bytes. Gives its
/// status.
int append_until_full(const std::string& path, const JournalSettings& settings, rlim_t limit) {
  const auto child = ::fork();
  if (child == 0) {
    // Writes beyond this size fail like those to a full disk (EFBIG instead of ENOSPC).
    ::signal(SIGXFSZ, SIG_IGN);
    auto journal = Journal::open(path, Mode::kReadWrite, settings);
    const rlimit most{limit, limit};
    if (!journal || ::setrlimit(RLIMIT_FSIZE, &most) != 0) ::_exit(9);
    std::int64_t i = 0;
    for (;;) {
      const auto done = (*journal)->append(OrderRecord{opened(++i)});
      if (done) continue;
      const bool clear = done.error().kind == core::ErrorKind::kIo &&
                         done.error().text.find(path) != std::string::npos &&
                         done.error().text.find("full") != std::string::npos;
      // It stays an error, and reading goes on.
      const bool again = !(*journal)->append(OrderRecord{opened(i)});
      const auto orders = (*journal)->orders({});
      const bool whole = orders && orders->size() == static_cast<std::size_t>(i - 1);
      ::_exit(i < 5 ? 8 : !clear ? 7 : !again ? 6 : !whole ? 5 : 0);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Journal, AFullDiskIsAnErrorAndWhatWasWrittenStays) {
  JournalSettings small;
  small.log_region_bytes = 32 << 10;
  struct Case {
    const char* what;
    JournalSettings settings;
    rlim_t limit;
  };
  // A log of two regions of a megabyte is written behind its middle first.
  for (const auto& c : {Case{"the intent log cannot be written", {}, 1'200'000},
                        Case{"the tables cannot be written", small, 400'000}}) {
    SCOPED_TRACE(c.what);
    TempDir dir;
    const auto path = dir.file("j");
    open(path, c.settings).reset();
    EXPECT_EQ(append_until_full(path, c.settings, c.limit), 0);
    EXPECT_GE(open(path)->orders({})->size(), 4u);
  }
}

TEST(Journal, AFileThatMayNotBeWritten) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be somebody else";
  TempDir dir;
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0777));
  const auto path = dir.file("j");
  open(path).reset();
  ::chmod(path.c_str(), 0444);
  ::chmod((path + "-lock").c_str(), 0666);
  const auto child = ::fork();
  if (child == 0) {
    if (::setgid(64'998) != 0 || ::setuid(64'999) != 0) ::_exit(9);
    const auto journal = Journal::open(path, Mode::kReadWrite);
    ::_exit(journal                                                          ? 1
            : journal.error().kind != core::ErrorKind::kIo                   ? 2
            : journal.error().text.find("not writable") == std::string::npos ? 3
                                                                             : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Journal, ACrashWhileItIsMadeLeavesNoneOrAWholeOne) {
  TempDir dir;
  const auto path = dir.file("j");
  write_file(path + "-new", "half a file");
  write_file(path + "-new-journal", "rest");
  append(*open(path), OrderRecord{intent(1)});
  EXPECT_FALSE(std::filesystem::exists(path + "-new"));
  EXPECT_FALSE(std::filesystem::exists(path + "-new-journal"));
  EXPECT_EQ(open(path)->orders({})->size(), 1u);
}

// ---- the log stays bounded ----

TEST(Journal, TheWalIsBoundedAndEmptiedByACheckpoint) {
  TempDir dir;
  const auto path = dir.file("j");
  auto journal = open(path, kByHand);
  std::uintmax_t largest = 0;
  for (std::int64_t i = 1; i <= 1500; ++i) {
    append(*journal, OrderRecord{opened(i)});
    ASSERT_TRUE(journal->catch_up());
    if (i % 20 == 0) largest = std::max(largest, std::filesystem::file_size(path + "-wal"));
  }
  EXPECT_GT(largest, 2u << 20) << "it was not checkpointed for each event";
  EXPECT_LT(largest, 6u << 20) << "it does not grow without bound";
  ASSERT_TRUE(journal->checkpoint());
  EXPECT_EQ(std::filesystem::file_size(path + "-wal"), 0u);
  EXPECT_EQ(journal->orders({})->size(), 1500u);
  journal.reset();
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
}

TEST(Journal, ColumnsAreCounted) {
  const auto columns = kOrderColumns;
  EXPECT_EQ(std::count(columns.begin(), columns.end(), ',') + 1, kOrderColumnCount);
  EXPECT_EQ(known_version(), 5);
}

// ---- what happened of late ----

TEST(Journal, HaltsAndChangesOfTheConfigurationNewestFirst) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  append(*journal, halt("a", true, "stop_loss"));
  append(*journal, halt("b", true, "operator"));
  append(*journal, halt("", true, "daily_profit"));
  append(*journal, halt("a", false, "operator"));
  append(*journal, execution::ConfigRecord{{1}, {2}, "limits.max_stake", "1.00", "2.00", "live"});
  append(*journal,
         execution::ConfigRecord{{3}, {4}, "strategies[a].symbol", "R_10", "R_25", "when flat"});
  const auto halts = journal->halt_history("a", 10);
  ASSERT_TRUE(halts);
  ASSERT_EQ(halts->size(), 3u) << "those of the strategy and of the account";
  EXPECT_FALSE((*halts)[0].halted);
  EXPECT_EQ((*halts)[1].kind, "daily_profit");
  EXPECT_EQ((*halts)[2].kind, "stop_loss");
  EXPECT_EQ(journal->halt_history("a", 1)->size(), 1u);
  const auto changes = journal->config_changes(10);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 2u);
  const auto& newest = changes->front();
  EXPECT_EQ(newest.key, "strategies[a].symbol");
  EXPECT_EQ(newest.before + newest.after, "R_10R_25");
  EXPECT_EQ(newest.taken, "when flat");
  EXPECT_EQ(newest.wall.us, 3);
  EXPECT_EQ(newest.venue.s, 4);
  EXPECT_EQ(journal->config_changes(1)->size(), 1u);
}

}  // namespace
}  // namespace derivd::store
