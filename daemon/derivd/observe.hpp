// Owns the places where the daemon is watched without being changed: a log and a journal that pass
// everything on and tell observers. App puts them between Trader and the real ones. They never
// hold anything back and never alter what passes.
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "core/event.hpp"
#include "execution/record.hpp"
#include "service/log.hpp"
#include "store/journal.hpp"

namespace derivd::daemon {

/// Told on the loop thread, in the middle of the daemon's work: returns soon and calls nobody back.
class Observer {
 public:
  /// Every event, also one below the log's level or held back there.
  virtual void on_event(const core::Event& event) = 0;
  /// What the journal gave back at start.
  virtual void on_load(const execution::Snapshot& snapshot) = 0;
  /// One event of the journal: all its records, and how long they took together.
  virtual void on_append(std::span<const execution::Record> event, core::Duration took,
                         bool done) = 0;

 protected:
  ~Observer() = default;
};

class ObservedLog final : public service::Log {
 public:
  using service::Log::write;
  ObservedLog(service::Log& log, std::vector<Observer*> observers)
      : log_(log), observers_(std::move(observers)) {}
  void write(const core::Event& event) override {
    log_.write(event);
    for (auto* observer : observers_) observer->on_event(event);
  }
  void write_whole(core::EventKind kind, std::string_view text, std::string_view reason) override {
    log_.write_whole(kind, text, reason);
    core::Event event;
    event.kind = kind;
    event.text = core::Text::truncated(text);
    event.reason = core::Text::truncated(reason);
    for (auto* observer : observers_) observer->on_event(event);
  }
  void hide(const core::Secret& secret) override { log_.hide(secret); }
  std::string clean(std::string_view text) const override { return log_.clean(text); }
  void flush(bool all) override { log_.flush(all); }
  void set_level(service::Level level) override { log_.set_level(level); }
  std::uint64_t lost() const override { return log_.lost(); }

 private:
  service::Log& log_;
  std::vector<Observer*> observers_;
};

class ObservedJournal final : public store::Journal {
 public:
  ObservedJournal(store::Journal& journal, std::vector<Observer*> observers)
      : journal_(journal), observers_(std::move(observers)) {}
  using store::Journal::append;
  core::Result<void> append(std::span<const execution::Record> event) override {
    const auto begun = std::chrono::steady_clock::now();
    auto done = journal_.append(event);
    const auto took = std::chrono::steady_clock::now() - begun;
    for (auto* observer : observers_) observer->on_append(event, took, done.has_value());
    return done;
  }
  core::Result<execution::Snapshot> load() override {
    auto snapshot = journal_.load();
    if (snapshot) {
      for (auto* observer : observers_) observer->on_load(*snapshot);
    }
    return snapshot;
  }
  core::Result<std::vector<execution::Order>> orders(const store::OrderQuery& query) override {
    return journal_.orders(query);
  }
  core::Result<store::Books> books(const store::OrderQuery& query) override {
    return journal_.books(query);
  }
  core::Result<store::Sums> sums() override { return journal_.sums(); }
  core::Result<std::vector<execution::HaltRecord>> halts() override { return journal_.halts(); }
  core::Result<std::optional<execution::BalanceRecord>> last_balance() override {
    return journal_.last_balance();
  }
  core::Result<std::vector<execution::HaltRecord>> halt_history(std::string_view strategy,
                                                                std::size_t last) override {
    return journal_.halt_history(strategy, last);
  }
  core::Result<std::vector<execution::ConfigRecord>> config_changes(std::size_t last) override {
    return journal_.config_changes(last);
  }
  core::Result<void> catch_up() override { return journal_.catch_up(); }
  core::Result<void> checkpoint() override { return journal_.checkpoint(); }
  void keep_from(core::WallTime time) override { journal_.keep_from(time); }
  std::vector<std::string> take_notices() override { return journal_.take_notices(); }

 private:
  store::Journal& journal_;
  std::vector<Observer*> observers_;
};

}  // namespace derivd::daemon
