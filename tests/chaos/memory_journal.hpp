// Owns a journal in memory with the semantics of the SQLite one: what was appended, what a restart
// reads back, and what a power failure may take away. The chaos runs use it for speed; a property
// test compares it with the file. It never touches a disk.
#pragma once

#include <map>
#include <vector>

#include "store/journal.hpp"

namespace derivd::chaos {

/// The bytes that outlive a process.
class Disk final {
 public:
  /// The records of one event.
  void append(std::span<const execution::Record> event);
  execution::Snapshot load() const;
  std::vector<execution::Order> orders(const store::OrderQuery& query) const;
  std::vector<execution::HaltRecord> halts() const;
  const std::optional<execution::BalanceRecord>& last_balance() const { return balance_; }
  std::vector<execution::HaltRecord> halt_history(std::string_view strategy,
                                                  std::size_t last) const;
  std::vector<execution::ConfigRecord> config_changes(std::size_t last) const;
  std::size_t events() const { return ends_.size(); }
  const std::vector<execution::Record>& records() const { return records_; }
  /// Power failure: log and tables together keep the first `events` of them (docs/journal.md).
  void truncate(std::size_t events);

 private:
  void apply(const execution::Record& record);

  std::vector<execution::Record> records_;
  std::vector<std::size_t> ends_;  // of each event, in records_
  std::map<core::OrderId, execution::Order> orders_;
  std::map<core::Name, execution::HaltRecord> halts_;  // the latest of each
  std::map<core::Name, execution::StrategyRecord> strategies_;
  std::optional<execution::DayRecord> day_;
  std::optional<execution::BalanceRecord> balance_;
};

class MemoryJournal final : public store::Journal {
 public:
  explicit MemoryJournal(Disk& disk) : disk_(disk) {}
  using store::Journal::append;
  core::Result<void> append(std::span<const execution::Record> event) override;
  core::Result<execution::Snapshot> load() override { return disk_.load(); }
  core::Result<std::vector<execution::Order>> orders(const store::OrderQuery& q) override {
    return disk_.orders(q);
  }
  core::Result<std::vector<execution::HaltRecord>> halts() override { return disk_.halts(); }
  core::Result<std::optional<execution::BalanceRecord>> last_balance() override {
    return disk_.last_balance();
  }
  core::Result<std::vector<execution::HaltRecord>> halt_history(std::string_view strategy,
                                                                std::size_t last) override {
    return disk_.halt_history(strategy, last);
  }
  core::Result<std::vector<execution::ConfigRecord>> config_changes(std::size_t last) override {
    return disk_.config_changes(last);
  }
  core::Result<void> checkpoint() override { return {}; }

 private:
  Disk& disk_;
};

}  // namespace derivd::chaos
