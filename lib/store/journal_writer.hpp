// Owns the journal of a running daemon: events go into the intent log on the loop thread, and from
// there into SQLite on a thread of the journal. Journal::open makes it. The loop waits for SQLite
// only when a megabyte of events waits for it, and at a clean stop.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "store/journal.hpp"
#include "store/journal_reader.hpp"
#include "store/retention.hpp"
#include "store/sqlite.hpp"
#include "store/tables.hpp"
#include "store/writer_lock.hpp"

namespace derivd::store {

class JournalWriter final : public Journal {
 public:
  using Journal::append;
  struct Parts {
    WriterLock lock;
    Database db;
    std::unique_ptr<IntentLog> log;
    LogPosition position;
    JournalSettings settings;
    std::vector<std::string> notices;
  };
  /// All of the log is in the tables.
  static core::Result<std::unique_ptr<Journal>> begin(Parts parts);
  /// Brings the rest into SQLite and says there that no log is needed.
  ~JournalWriter() override;
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  core::Result<void> append(std::span<const execution::Record> event) override;
  core::Result<execution::Snapshot> load() override;
  core::Result<std::vector<execution::Order>> orders(const OrderQuery& query) override;
  core::Result<Books> books(const OrderQuery& query) override;
  core::Result<Sums> sums() override;
  core::Result<std::vector<execution::HaltRecord>> halts() override;
  core::Result<std::optional<execution::BalanceRecord>> last_balance() override;
  core::Result<History> history() override;
  core::Result<std::vector<execution::HaltRecord>> halt_history(std::string_view strategy,
                                                                std::size_t last) override;
  core::Result<std::vector<execution::ConfigRecord>> config_changes(std::size_t last) override;
  core::Result<void> catch_up() override;
  core::Result<void> checkpoint() override;
  void keep_from(core::WallTime time) override;
  std::vector<std::string> take_notices() override;
  core::Result<void> check() override;

 private:
  explicit JournalWriter(Parts parts);

  // The loop's side.
  core::Result<void> wait_for_room(std::size_t bytes);
  void wake(bool at_once);
  core::Result<JournalReader*> reader();

  template <class Work>
  core::Result<void> with_tables(Work work);

  // SQLite's side, under db_mutex_ and on either thread.
  void run();
  void pass();
  core::Result<void> bring_all();
  core::Result<void> bring_and_truncate();
  core::Result<bool> bring_some();
  core::Result<std::uint64_t> apply_some();
  core::Result<void> make_durable();
  void wait_out(const core::Error& busy);
  void told_free();
  void bound_wal();
  void remove_old();
  bool remove_some();
  void close();
  core::Result<void> refuse(const core::Error& error);
  void notice(std::string text);
  void fail(const core::Error& error);

  WriterLock lock_;  // first: released after the files are closed
  JournalSettings settings_;
  std::unique_ptr<IntentLog> log_;
  std::unique_ptr<JournalReader> reader_;  // of the loop, made when it is asked

  std::mutex db_mutex_;
  Database db_;
  std::optional<EventTables> tables_;
  std::optional<LogReader> events_;
  Statement position_;
  Retention retention_{db_};
  std::uint64_t applied_;
  std::uint64_t durable_;
  int wal_pages_ = 0;
  int next_checkpoint_;
  std::optional<std::chrono::steady_clock::time_point> locked_since_;
  bool told_locked_ = false;

  std::atomic<std::uint64_t> applied_seen_;  // applied_, for the loop
  std::atomic<bool> failed_{false};
  std::mutex words_mutex_;
  std::optional<core::Error> failure_;
  std::vector<std::string> notices_;

  std::atomic<std::int64_t> keep_from_us_{0};  // asked for, and not begun yet; 0: nothing
  std::atomic<bool> stop_{false};
  std::atomic<bool> give_way_{false};  // the loop wants the tables, the thread lets go of them
  std::atomic<bool> awake_{false};     // the thread was woken and has not looked yet
  std::atomic<bool> hurry_{false};     // and is not to linger
  std::counting_semaphore<1024> wake_{0};
  std::thread thread_;
};

}  // namespace derivd::store
