// What a start and a reader make of the journal's two halves, the tables and the intent log, as a
// crash, a person or a restored backup left them. Each case is told apart and has its words.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "core/short_string.hpp"
#include "store/journal.hpp"
#include "store/schema.hpp"
#include "unit/service/temp_dir.hpp"
#include "unit/store/journal_v2.hpp"
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

Order order(std::int64_t id, OrderState state = OrderState::kIntended) {
  Order o;
  o.id = {id};
  o.strategy = "parity";
  o.spec.type = market::ContractType::kDigitOdd;
  o.spec.symbol = "1HZ100V";
  o.spec.duration = {1, market::ContractDuration::Unit::kTicks};
  o.stake = core::Money::minor(35);
  o.intended_wall = {1'700'000'000'000'000 + id};
  o.signal_epoch = {1'700'000'000 + id};
  o.state = state;
  if (state == OrderState::kOpen || state == OrderState::kSettled) o.contract = {1000 + id};
  return o;
}

/// Nothing comes into the tables but by catch_up() and checkpoint().
JournalSettings by_hand(std::uint32_t region_bytes = kLogRegionBytes) {
  JournalSettings out;
  out.background = false;
  out.log_region_bytes = region_bytes;
  return out;
}

std::unique_ptr<Journal> open(const std::string& path, Mode mode = Mode::kReadWrite,
                              const JournalSettings& settings = by_hand()) {
  auto journal = Journal::open(path, mode, settings);
  EXPECT_TRUE(journal) << journal.error().text;
  return journal ? std::move(*journal) : nullptr;
}

std::string refused(const std::string& path, Mode mode = Mode::kReadWrite) {
  auto journal = Journal::open(path, mode, by_hand());
  EXPECT_FALSE(journal) << path << " was opened";
  if (journal) return {};
  EXPECT_EQ(journal.error().kind, core::ErrorKind::kInvalid);
  return journal.error().text;
}

void append(Journal& journal, std::int64_t from, std::int64_t to,
            OrderState state = OrderState::kIntended) {
  for (auto id = from; id <= to; ++id) {
    ASSERT_TRUE(journal.append(OrderRecord{order(id, state)}));
  }
}

std::size_t count(Journal& journal) {
  const auto orders = journal.orders({{}, {}, false});
  EXPECT_TRUE(orders) << orders.error().text;
  return orders ? orders->size() : 0;
}

/// The files as a kill -9 leaves them now.
void crash(const std::string& path, const std::string& copy) {
  for (const auto* suffix : {"", "-wal", "-intents"}) {
    std::filesystem::remove(copy + suffix);
    if (std::filesystem::exists(path + suffix)) {
      std::filesystem::copy_file(path + suffix, copy + suffix);
    }
  }
  std::filesystem::remove(copy + "-shm");
}

// ---- what a crash leaves ----

TEST(Recovery, WhatOnlyTheLogHasIsReadAndComesIntoTheTablesOnce) {
  TempDir dir;
  const auto journal = open(dir.file("j"));
  append(*journal, 1, 5);
  ASSERT_TRUE(journal->catch_up());
  append(*journal, 6, 9);
  ASSERT_TRUE(journal->append(std::vector<execution::Record>{
      execution::HaltRecord{"parity", true, "stop_loss", "why", {5}, {6}},
      execution::StrategyRecord{"parity", 2, core::Money::minor(7), {}, "c", "s", "g"},
      execution::DayRecord{20'000, core::Money::minor(9), 3},
      execution::BalanceRecord{{1}, {2}, core::Money::minor(100), "CR1", "USD"},
      execution::SessionRecord{{1}, "CR1", "live", "why"},
      execution::ConfigRecord{{7}, {8}, "on_stop", "leave", "wait", "live"},
      OrderRecord{order(2, OrderState::kSettled)}}));
  const auto copy = dir.file("copy");
  crash(dir.file("j"), copy);
  EXPECT_EQ(sql(copy, "SELECT count(*) FROM orders"), "5") << "the log was not needed";
  for (const auto mode : {Mode::kReadOnly, Mode::kReadWrite, Mode::kReadOnly}) {
    SCOPED_TRACE(static_cast<int>(mode));
    const auto after = open(copy, mode);
    ASSERT_TRUE(after);
    EXPECT_THAT(after->take_notices(), IsEmpty()) << "a crash is nothing that people must hear of";
    EXPECT_EQ(count(*after), 9u);
    const auto snapshot = *after->load();
    EXPECT_EQ(snapshot.open_orders.size(), 8u);
    EXPECT_EQ(snapshot.last_order.value, 9);
    EXPECT_THAT(snapshot.claims, ::testing::Contains(core::ContractId{1002}));
    ASSERT_EQ(snapshot.halts.size(), 1u);
    ASSERT_EQ(snapshot.strategies.size(), 1u);
    EXPECT_EQ(snapshot.strategies[0].session, 2);
    ASSERT_TRUE(snapshot.day);
    EXPECT_EQ(snapshot.day->trades, 3);
    EXPECT_EQ((**after->last_balance()).account, "CR1");
    EXPECT_EQ(after->config_changes(9)->size(), 1u);
    EXPECT_EQ(after->halt_history("parity", 9)->size(), 1u);
    EXPECT_EQ(after->orders({"parity", std::nullopt, false, 2})->back().id.value, 9);
    const auto history = *after->history();
    EXPECT_EQ(history.accepted_us.size(), 1u);
    EXPECT_EQ(history.halts.size(), 1u);
  }
  EXPECT_EQ(sql(copy, "SELECT count(*) FROM order_steps"), "10");
  EXPECT_EQ(sql(copy, "SELECT applied FROM log_position"), "10");
}

TEST(Recovery, AnEventIsWholeOrGoneAtEveryByteOfItsWrite) {
  TempDir dir;
  const auto path = dir.file("j");
  const auto copy = dir.file("copy");
  const auto journal = open(path, Mode::kReadWrite, by_hand(4096));
  append(*journal, 1, 3);
  const auto before = read_file(path + "-intents");
  ASSERT_TRUE(journal->append(std::vector<execution::Record>{
      execution::StrategyRecord{"parity", 2, core::Money::minor(7), {}, "c", "s", "g"},
      OrderRecord{order(3, OrderState::kSettled)}}));
  const auto after = read_file(path + "-intents");
  const auto from =
      static_cast<std::size_t>(std::ranges::mismatch(before, after).in1 - before.begin());
  auto to = after.size();
  while (to > from && after[to - 1] == before[to - 1]) --to;
  ASSERT_GT(to - from, 100u);
  for (auto size = from; size <= to; ++size) {
    crash(path, copy);
    write_file(copy + "-intents", after.substr(0, size) + before.substr(size));
    const auto snapshot = *open(copy, size % 2 == 0 ? Mode::kReadOnly : Mode::kReadWrite)->load();
    const bool whole = size == to;
    ASSERT_EQ(snapshot.open_orders.size(), whole ? 2u : 3u) << size - from;
    ASSERT_EQ(snapshot.strategies.size(), whole ? 1u : 0u) << size - from;
  }
}

TEST(Recovery, ACrashAtAnyMomentOfManyRegionsLosesNothingThatWasAppended) {
  TempDir dir;
  const auto path = dir.file("j");
  const auto copy = dir.file("copy");
  auto journal = open(path, Mode::kReadWrite, by_hand(2048));
  std::int64_t id = 0;
  for (int round = 0; round < 30; ++round) {
    append(*journal, id + 1, id + 1 + round % 7);
    id += 1 + round % 7;
    if (round % 5 == 0) {
      ASSERT_TRUE(journal->catch_up());
    }
    crash(path, copy);
    if (round % 3 != 0) {
      ASSERT_EQ(count(*open(copy, Mode::kReadOnly)), static_cast<std::size_t>(id)) << round;
      continue;
    }
    const auto after = open(copy);
    ASSERT_EQ(count(*after), static_cast<std::size_t>(id)) << round;
    append(*after, id + 1, id + 1);  // and it goes on from there
    ASSERT_EQ(count(*after), static_cast<std::size_t>(id + 1)) << round;
  }
}

TEST(Recovery, AHoleIsTold) {
  TempDir dir;
  const auto copy = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 3);
    crash(dir.file("j"), copy);
  }
  auto log = read_file(copy + "-intents");
  const auto second = log.find("parity", log.find("parity") + 1);
  log[second] = 'X';
  write_file(copy + "-intents", log);
  {
    const auto journal = open(copy);
    ASSERT_TRUE(journal) << "a power failure must not keep it from starting";
    EXPECT_EQ(count(*journal), 1u);
    EXPECT_THAT(journal->take_notices(), ElementsAre(HasSubstr("1 event after event 1")));
    EXPECT_THAT(journal->take_notices(), IsEmpty()) << "once";
    append(*journal, 2, 2);
    crash(copy, dir.file("again"));
  }
  const auto journal = open(dir.file("again"));
  EXPECT_EQ(count(*journal), 2u);
  EXPECT_THAT(journal->take_notices(), IsEmpty()) << "not told at each start";
}

TEST(Recovery, WithEveryEventSyncedAHoleIsAPersonsDecision) {
  TempDir dir;
  const auto copy = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 3);
    crash(dir.file("j"), copy);
  }
  auto log = read_file(copy + "-intents");
  log[log.find("parity", log.find("parity") + 1)] = 'X';
  write_file(copy + "-intents", log);
  auto settings = by_hand();
  settings.durability = execution::Durability::kPower;
  for (int i = 0; i < 2; ++i) {
    const auto journal = Journal::open(copy, Mode::kReadWrite, settings);
    ASSERT_FALSE(journal) << "no power failure does that";
    EXPECT_THAT(journal.error().text, HasSubstr("1 event after event 1 cannot be reached"));
    EXPECT_EQ(read_file(copy + "-intents"), log) << "it is left alone";
  }
  write_file(copy + "-intents", "");
  EXPECT_EQ(count(*open(copy, Mode::kReadWrite, settings)), 1u);
}

TEST(Recovery, DamageInWhatTheTablesHaveCostsNothing) {
  TempDir dir;
  const auto copy = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 5);
    ASSERT_TRUE(journal->catch_up());
    append(*journal, 6, 9);
    crash(dir.file("j"), copy);
  }
  auto log = read_file(copy + "-intents");
  log[log.find("parity")] = 'X';
  write_file(copy + "-intents", log);
  EXPECT_EQ(count(*open(copy, Mode::kReadOnly)), 9u);
  const auto journal = open(copy);
  EXPECT_EQ(count(*journal), 9u);
  EXPECT_THAT(journal->take_notices(), IsEmpty());
}

TEST(Recovery, AfterAFailedAppendNoCleanStopIsClaimed) {
  class Fails final : public LogFile {
   public:
    Fails(std::unique_ptr<LogFile> file, const bool& now) : file_(std::move(file)), now_(now) {}
    core::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
      auto done = file_->write(offset, bytes);
      return done && now_ ? core::Result<void>(core::io_error("the disk failed")) : done;
    }
    core::Result<void> sync() override { return file_->sync(); }
    core::Result<std::size_t> read(std::uint64_t offset, char* to, std::size_t size) override {
      return file_->read(offset, to, size);
    }
    core::Result<std::uint64_t> size() override { return file_->size(); }

   private:
    std::unique_ptr<LogFile> file_;
    const bool& now_;
  };
  TempDir dir;
  bool now = false;
  auto settings = by_hand();
  settings.log_files = [&](const std::string& path,
                           LogAccess access) -> core::Result<std::unique_ptr<LogFile>> {
    auto file = open_log_file(path, access);
    if (!file) return file.error();
    return std::unique_ptr<LogFile>(std::make_unique<Fails>(std::move(*file), now));
  };
  auto journal = open(dir.file("j"), Mode::kReadWrite, settings);
  append(*journal, 1, 2);
  now = true;
  EXPECT_FALSE(journal->append(OrderRecord{order(3)}));
  now = false;
  EXPECT_FALSE(journal->append(OrderRecord{order(4)})) << "it stays so";
  journal.reset();
  EXPECT_EQ(sql(dir.file("j"), "SELECT clean FROM log_position"), "0");
  journal = open(dir.file("j"));
  EXPECT_EQ(count(*journal), 3u) << "the event was kept, as it may be";
  EXPECT_THAT(journal->take_notices(), IsEmpty()) << "and the journal is no older copy";
}

// ---- what a person leaves ----

TEST(Recovery, ALogOfAnotherHistoryOfTheJournalIsRefused) {
  TempDir dir;
  const auto path = dir.file("j");
  {
    const auto journal = open(path);
    append(*journal, 1, 2, OrderState::kOpen);
  }
  std::filesystem::copy_file(path, dir.file("backup"));  // of a clean stop
  {
    const auto journal = open(path);
    append(*journal, 3, 20, OrderState::kOpen);
    crash(path, dir.file("original"));
  }
  // The backup is put in place, without a log, and goes on: its events have the original's numbers.
  const auto fork = dir.file("fork");
  std::filesystem::copy_file(dir.file("backup"), fork);
  write_file(fork + "-intents", "");
  {
    const auto journal = open(fork);
    append(*journal, 101, 104, OrderState::kOpen);
  }
  std::filesystem::copy_file(dir.file("original-intents"), fork + "-intents",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(refused(fork), HasSubstr("belongs to another journal"));
  const auto reader = open(fork, Mode::kReadOnly);
  EXPECT_EQ(count(*reader), 6u) << "no order of the other history is among them";
  EXPECT_THAT(reader->take_notices(), ElementsAre(HasSubstr("belongs to another journal")));
  write_file(fork + "-intents", "");
  EXPECT_EQ(count(*open(fork)), 6u);
}

TEST(Recovery, AReaderSaysWhatAStartWouldRefuse) {
  TempDir dir;
  const auto path = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 3);
    EXPECT_THAT(open(dir.file("j"), Mode::kReadOnly)->take_notices(), IsEmpty());
    crash(dir.file("j"), path);
  }
  std::filesystem::remove(path + "-intents");
  auto reader = open(path, Mode::kReadOnly);
  EXPECT_EQ(count(*reader), 0u);
  EXPECT_THAT(reader->take_notices(), ElementsAre(HasSubstr("-intents: missing")));
  EXPECT_EQ(count(*reader), 0u);
  EXPECT_THAT(reader->take_notices(), IsEmpty()) << "once";
  write_file(path + "-intents", "");
  reader = open(path, Mode::kReadOnly);
  EXPECT_EQ(count(*reader), 0u);
  EXPECT_THAT(reader->take_notices(), ElementsAre(HasSubstr("-intents: empty")));
}

/// Works as the user nobody, as the service works as its own.
class AsNobody {
 public:
  AsNobody() {
    EXPECT_EQ(::setegid(kNobody), 0);
    EXPECT_EQ(::seteuid(kNobody), 0);
  }
  ~AsNobody() {
    EXPECT_EQ(::seteuid(0), 0);
    EXPECT_EQ(::setegid(0), 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  static constexpr uid_t kNobody = 65534;
};

TEST(Recovery, WhatRootLeavesBesideItKeepsTheServiceFromNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can play both";
  TempDir dir;
  const auto place = dir.file("state");
  std::filesystem::create_directory(place);
  ASSERT_EQ(::chmod(std::filesystem::path(place).parent_path().c_str(), 0755), 0);
  ASSERT_EQ(::chown(place.c_str(), AsNobody::kNobody, AsNobody::kNobody), 0);
  const auto path = place + "/j";
  {
    const AsNobody service;
    const auto journal = open(path);
    append(*journal, 1, 3);
    crash(path, place + "/lost");
  }
  std::filesystem::remove(place + "/lost-intents");
  write_file(place + "/lost-intents", "");  // "touch", as root
  ASSERT_EQ(::chmod((place + "/lost-intents").c_str(), 0600), 0);
  {
    const AsNobody service;
    EXPECT_EQ(count(*open(place + "/lost")), 0u);
  }
  std::filesystem::remove(path + "-intents");
  { EXPECT_EQ(count(*open(path)), 3u) << "a daemon that root started by hand"; }
  const AsNobody service;
  EXPECT_EQ(count(*open(path)), 3u);
}

TEST(Recovery, TheRemedyFitsInALogEntry) {
  TempDir dir;
  const auto path = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 3);
    crash(dir.file("j"), path);
  }
  const auto length = [&](std::string text) {
    for (auto at = text.find(path); at != std::string::npos; at = text.find(path)) {
      text.replace(at, path.size(), "/var/lib/derivd-second/derivd.db");
    }
    return text.size();
  };
  const auto whole = read_file(path + "-intents");
  write_file(path + "-intents", whole.substr(0, 5000));
  EXPECT_LE(length(refused(path)), core::Text::kCapacity);
  std::filesystem::remove(path + "-intents");
  EXPECT_LE(length(refused(path)), core::Text::kCapacity);
  write_file(path + "-intents", "");
  EXPECT_LE(length(open(path)->take_notices().at(0)), core::Text::kCapacity);
}

TEST(Recovery, AfterACleanStopTheJournalIsWholeWithoutItsLog) {
  TempDir dir;
  const auto path = dir.file("j");
  {
    const auto journal = open(path);
    append(*journal, 1, 3);
  }
  std::filesystem::remove(path + "-intents");
  EXPECT_EQ(count(*open(path, Mode::kReadOnly)), 3u);
  {
    const auto journal = open(path);
    EXPECT_THAT(journal->take_notices(), IsEmpty());
    EXPECT_EQ(count(*journal), 3u);
    append(*journal, 4, 4);
    crash(path, dir.file("copy"));
  }
  EXPECT_EQ(count(*open(dir.file("copy"))), 4u);
}

TEST(Recovery, ALostLogIsAnErrorUntilAPersonSaysSo) {
  TempDir dir;
  const auto path = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 2);
    ASSERT_TRUE(journal->catch_up());
    append(*journal, 3, 3);
    crash(dir.file("j"), path);
  }
  std::filesystem::remove(path + "-intents");
  for (int i = 0; i < 2; ++i) {
    const auto text = refused(path);
    EXPECT_THAT(text, HasSubstr(path + "-intents: missing"));
    EXPECT_THAT(text, HasSubstr("make an empty file of that name"));
  }
  EXPECT_EQ(count(*open(path, Mode::kReadOnly)), 2u) << "a copy of the journal can be read";
  write_file(path + "-intents", "");
  const auto journal = open(path);
  ASSERT_TRUE(journal);
  EXPECT_THAT(journal->take_notices(), ElementsAre(HasSubstr("from event 2 without")));
  append(*journal, 3, 3);
  EXPECT_EQ(count(*journal), 3u);
}

TEST(Recovery, ALogWithoutItsJournalIsAnErrorUnlessNothingIsInIt) {
  TempDir dir;
  const auto path = dir.file("j");
  {
    const auto journal = open(path);
    append(*journal, 1, 3);
    crash(path, dir.file("copy"));
  }
  std::filesystem::remove(path);
  EXPECT_EQ(count(*open(path)), 0u) << "moved away after a clean stop: a new one is begun";
  std::filesystem::remove(dir.file("copy"));
  std::filesystem::remove(dir.file("copy-wal"));
  EXPECT_THAT(refused(dir.file("copy")), HasSubstr("put the journal back"));
  EXPECT_FALSE(std::filesystem::exists(dir.file("copy")));
  EXPECT_TRUE(std::filesystem::exists(dir.file("copy-intents")));
}

TEST(Recovery, AnotherJournalsLogIsRefused) {
  TempDir dir;
  const auto path = dir.file("j");
  for (const auto* name : {"j", "other"}) {
    const auto journal = open(dir.file(name));
    append(*journal, 1, 3);
    crash(dir.file(name), dir.file(std::string(name) + "-copy"));
  }
  std::filesystem::copy_file(dir.file("other-copy-intents"), dir.file("j-copy-intents"),
                             std::filesystem::copy_options::overwrite_existing);
  const auto before = read_file(dir.file("j-copy-intents"));
  EXPECT_THAT(refused(dir.file("j-copy")), HasSubstr("belongs to another journal"));
  EXPECT_EQ(read_file(dir.file("j-copy-intents")), before) << "it is left alone";
}

TEST(Recovery, ADamagedLogIsRefused) {
  TempDir dir;
  const auto path = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 3);
    crash(dir.file("j"), path);
  }
  const auto whole = read_file(path + "-intents");
  for (const auto& [bytes, words] :
       {std::pair{whole.substr(0, 100'001), "cut off"}, std::pair{whole.substr(0, 5000), "cut off"},
        std::pair{std::string(4096, 'x'), "no intent log"}}) {
    write_file(path + "-intents", bytes);
    EXPECT_THAT(refused(path), HasSubstr(words));
    const auto reader = open(path, Mode::kReadOnly);
    EXPECT_THAT(reader->orders({}).error().text, HasSubstr(words));
    EXPECT_EQ(read_file(path + "-intents"), bytes);
  }
  write_file(path + "-intents", whole);
  EXPECT_EQ(count(*open(path)), 3u);
}

TEST(Recovery, AnOlderCopyOfTheJournalIsBroughtUpToDateAsFarAsTheLogReaches) {
  TempDir dir;
  const auto path = dir.file("j");
  { open(path, Mode::kReadWrite, by_hand(4096)).reset(); }
  std::filesystem::copy_file(path, dir.file("old"));  // of a clean stop
  auto journal = open(path, Mode::kReadWrite, by_hand(4096));
  append(*journal, 1, 10);
  crash(path, dir.file("soon"));
  append(*journal, 11, 200);
  crash(path, dir.file("late"));

  std::filesystem::copy_file(dir.file("old"), dir.file("soon"),
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::remove(dir.file("soon-wal"));
  {
    const auto after = open(dir.file("soon"));
    EXPECT_EQ(count(*after), 10u);
    EXPECT_THAT(after->take_notices(), ElementsAre(HasSubstr("10 events since then")));
  }
  std::filesystem::copy_file(dir.file("old"), dir.file("late"),
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::remove(dir.file("late-wal"));
  EXPECT_THAT(refused(dir.file("late")), HasSubstr("older copy"));
  auto reader = Journal::open(dir.file("late"), Mode::kReadOnly);
  ASSERT_TRUE(reader);
  EXPECT_THAT((*reader)->orders({}).error().text, HasSubstr("older copy"));
}

TEST(Recovery, ALogThatIsBehindTheJournalAddsNothing) {
  TempDir dir;
  const auto path = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 3);
    crash(dir.file("j"), path);
    const auto early = read_file(path + "-intents");
    append(*journal, 4, 9);
    ASSERT_TRUE(journal->catch_up());
    crash(dir.file("j"), path);
    write_file(path + "-intents", early);
  }
  EXPECT_EQ(count(*open(path, Mode::kReadOnly)), 9u);
  const auto journal = open(path);
  EXPECT_EQ(count(*journal), 9u);
  append(*journal, 10, 10);
  crash(path, dir.file("again"));
  EXPECT_EQ(count(*open(dir.file("again"))), 10u);
}

TEST(Recovery, ALogOfAnotherVersionIsRefusedWithWhatItHolds) {
  TempDir dir;
  const auto path = dir.file("copy");
  {
    const auto journal = open(dir.file("j"));
    append(*journal, 1, 3);
    crash(dir.file("j"), path);
  }
  auto log = read_file(path + "-intents");
  auto newer = log;
  newer[kLogRegionBytes + 8] = 9;
  write_file(path + "-intents", newer);
  EXPECT_THAT(refused(path), HasSubstr("newer derivd (log format 9"));
  // The tables are of another version than the rows of the log.
  write_file(path + "-intents", log);
  sql(path, "PRAGMA user_version = 2");
  EXPECT_THAT(refused(path), HasSubstr("of a version that had none"));
}

// ---- journals of before the log ----

TEST(Migration, AJournalOfTheVersionBeforeTheLogIsReadOn) {
  TempDir dir;
  const auto path = dir.file("j");
  ASSERT_EQ(sql(path, test::journal_of_version2()), "");
  ASSERT_EQ(sql(path, "PRAGMA journal_mode = WAL"), "wal");
  const auto before = sql(path, "SELECT group_concat(profit) FROM orders");
  {
    const auto reader = Journal::open(path, Mode::kReadOnly);
    ASSERT_FALSE(reader) << "a reader changes nothing";
    EXPECT_THAT(reader.error().text, HasSubstr("older derivd"));
  }
  for (int start = 0; start < 2; ++start) {
    const auto journal = open(path);
    ASSERT_TRUE(journal);
    EXPECT_THAT(journal->take_notices(), IsEmpty());
    const auto snapshot = *journal->load();
    ASSERT_EQ(snapshot.open_orders.size(), 12u);
    EXPECT_EQ(snapshot.open_orders.front().contract.value, 268738000002);
    EXPECT_EQ(snapshot.open_orders.back().contract.value, 268738000176);
    EXPECT_EQ(snapshot.last_order.value, 176);
    EXPECT_EQ(snapshot.claims.size(), 23u);
    ASSERT_EQ(snapshot.strategies.size(), 8u);
    EXPECT_EQ(snapshot.strategies[0].strategy, "beyond");
    EXPECT_EQ(snapshot.strategies[0].realised, core::Money::minor(96));
    EXPECT_THAT(snapshot.strategies[0].guards, HasSubstr("trades=3 won=2 lost=0"));
    ASSERT_TRUE(snapshot.day);
    EXPECT_EQ(snapshot.day->trades, 175);
    EXPECT_EQ(sql(path, "SELECT group_concat(profit) FROM orders"), before);
    const auto history = *journal->history();
    EXPECT_EQ(history.accepted_us.size(), 23u);
  }
  const auto journal = open(path);
  auto o = (*journal->orders({})).back();
  o.state = OrderState::kUnknown;
  ASSERT_TRUE(journal->append(OrderRecord{o}));
  ASSERT_TRUE(journal->append(execution::DayRecord{20'786, core::Money::minor(1), 1}));
  EXPECT_EQ(journal->history()->were_unknown, 1);
  EXPECT_EQ(journal->history()->accepted_us.size(), 23u);
  EXPECT_EQ(journal->load()->day->day, 20'786);
}

TEST(Migration, AJournalOfTheFirstVersionToo) {
  TempDir dir;
  const auto path = dir.file("j");
  ASSERT_EQ(sql(path, test::journal_of_version2() +
                          "DROP TABLE config_changes; PRAGMA user_version = 1;"),
            "");
  const auto journal = open(path);
  ASSERT_TRUE(journal);
  EXPECT_EQ(sql(path, "PRAGMA user_version"), std::to_string(known_version()));
  EXPECT_EQ(count(*journal), 23u);
  ASSERT_TRUE(
      journal->append(execution::ConfigRecord{{1}, {2}, "on_stop", "leave", "wait", "live"}));
  EXPECT_EQ(journal->config_changes(5)->size(), 1u);
}

TEST(Migration, ALogBesideAJournalOfBeforeIsLeftAlone) {
  TempDir dir;
  const auto path = dir.file("j");
  { append(*open(dir.file("other")), 1, 1); }
  ASSERT_EQ(sql(path, test::journal_of_version2()), "");
  std::filesystem::copy_file(dir.file("other-intents"), path + "-intents");
  EXPECT_THAT(refused(path), HasSubstr("move it away"));
  write_file(path + "-intents", "");
  EXPECT_EQ(count(*open(path)), 23u) << "nothing is in it";
}

// ---- somebody else has the file ----

class ForeignLock {
 public:
  explicit ForeignLock(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db_, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  ~ForeignLock() { sqlite3_close(db_); }
  ForeignLock(const ForeignLock&) = delete;
  ForeignLock& operator=(const ForeignLock&) = delete;

 private:
  sqlite3* db_ = nullptr;
};

template <class Condition>
bool within(std::chrono::milliseconds time, Condition condition) {
  for (const auto until = std::chrono::steady_clock::now() + time; !condition();) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // between two looks
  }
  return true;
}

TEST(ForeignLock, TheLoopDoesNotWaitForItAndNothingIsLost) {
  TempDir dir;
  const auto path = dir.file("j");
  JournalSettings settings;
  settings.linger = std::chrono::milliseconds(1);
  settings.lock_patience = std::chrono::seconds(60);
  const auto journal = open(path, Mode::kReadWrite, settings);
  {
    const ForeignLock lock(path);
    std::string notice;
    std::int64_t id = 0;
    ASSERT_TRUE(within(std::chrono::seconds(30), [&] {
      EXPECT_TRUE(journal->append(OrderRecord{order(++id, OrderState::kOpen)}));
      for (const auto& text : journal->take_notices()) notice += text;
      return !notice.empty();
    })) << "nobody was told";
    EXPECT_THAT(notice, HasSubstr("another program has kept it locked"));
    EXPECT_GT(id, 20) << "each of them was waited for";
    EXPECT_EQ(count(*journal), static_cast<std::size_t>(id)) << "it is read all the same";
  }
  std::string notice;
  EXPECT_TRUE(within(std::chrono::seconds(30), [&] {
    for (const auto& text : journal->take_notices()) notice += text;
    return !notice.empty();
  }));
  EXPECT_THAT(notice, HasSubstr("no longer locked"));
  const auto all = sql(path, "SELECT count(*) FROM orders");
  EXPECT_EQ(all, std::to_string(count(*journal)));
}

TEST(ForeignLock, AfterTheTimeForItAppendsFail) {
  TempDir dir;
  const auto path = dir.file("j");
  JournalSettings settings;
  settings.linger = std::chrono::milliseconds(1);
  settings.lock_patience = std::chrono::milliseconds(300);
  auto journal = open(path, Mode::kReadWrite, settings);
  std::int64_t id = 0;
  {
    const ForeignLock lock(path);
    core::Result<void> done;
    ASSERT_TRUE(within(std::chrono::seconds(30), [&] {
      done = journal->append(OrderRecord{order(id + 1, OrderState::kOpen)});
      id += done ? 1 : 0;
      return !done;
    }));
    EXPECT_EQ(done.error().kind, core::ErrorKind::kIo);
    EXPECT_THAT(done.error().text, HasSubstr("another program holds the file locked"));
  }
  EXPECT_FALSE(journal->append(OrderRecord{order(id + 1)})) << "it stays so";
  journal.reset();
  EXPECT_EQ(count(*open(path)), static_cast<std::size_t>(id)) << "the log had all of it";
}

TEST(ForeignLock, TheLoopsTurnAtTheTablesComesBeforeTheLockIsGone) {
  TempDir dir;
  const auto path = dir.file("j");
  JournalSettings settings;
  settings.linger = std::chrono::milliseconds(1);
  settings.lock_patience = std::chrono::hours(1);
  auto journal = open(path, Mode::kReadWrite, settings);
  {
    const ForeignLock lock(path);
    append(*journal, 1, 3, OrderState::kOpen);
    // The thread tries again and again. A clean stop must get its turn, and give up soon.
    EXPECT_FALSE(journal->checkpoint());
    append(*journal, 4, 4, OrderState::kOpen);
    EXPECT_FALSE(journal->catch_up());
  }
  EXPECT_TRUE(within(std::chrono::seconds(60), [&] {
    return sql(path, "SELECT count(*) FROM orders") == "4";
  })) << "the thread goes on with what is left";
}

// ---- how much it takes ----

TEST(Size, ATradeTakesLessThanSixHundredBytes) {
  TempDir dir;
  const auto path = dir.file("j");
  constexpr std::int64_t kTrades = 3000;
  {
    const auto journal = open(path);
    execution::StrategyRecord strategy{"parity",
                                       1,
                                       core::Money::minor(700),
                                       core::Money::minor(900),
                                       std::string(60, '1'),
                                       "3",
                                       std::string(300, 'g')};
    for (std::int64_t id = 1; id <= kTrades; ++id) {
      auto o = order(id);
      o.intended_wall = {1'764'000'000'000'000 + id * 2'345'678};
      ASSERT_TRUE(journal->append(OrderRecord{o}));
      o.state = OrderState::kOpen;
      o.contract = {312'345'678'901 + id};
      o.buy_tx = {622'345'678'901 + id};
      o.buy_price = core::Money::minor(35);
      o.payout = core::Money::minor(68);
      o.purchase_time = o.signal_epoch;
      o.balance_after = core::Money::minor(1'234'567);
      ASSERT_TRUE(journal->append(OrderRecord{o}));
      o.state = OrderState::kSettled;
      o.outcome = execution::Outcome::kWon;
      o.witness = execution::Witness::kContractStream;
      o.profit = core::Money::minor(33);
      o.sell_price = core::Money::minor(68);
      o.sell_tx = {622'345'678'905 + id};
      o.settled_time = {o.signal_epoch.s + 2};
      o.entry = market::Tick{"1HZ100V", {o.signal_epoch.s}, core::Price::raw(155'020, 2)};
      o.exit = o.entry;
      const std::vector<execution::Record> event{
          strategy, execution::DayRecord{20'000, core::Money::minor(9), id}, OrderRecord{o}};
      ASSERT_TRUE(journal->append(event));
      if (id % 3 != 0) continue;
      ASSERT_TRUE(journal->catch_up());
    }
  }
  const auto bytes = std::filesystem::file_size(path) / kTrades;
  RecordProperty("bytes", static_cast<int>(bytes));
  EXPECT_LE(bytes, 600u);
}

}  // namespace
}  // namespace derivd::store
