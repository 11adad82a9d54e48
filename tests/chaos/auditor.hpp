// Owns the invariants: it is told everything that happens at the venue, on the daemon's wire and in
// its journal, and says what must never be. The world calls it from inside a run and once at the
// end. It never asks the daemon what to believe: the venue's ledger is the truth.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "memory_journal.hpp"
#include "scenario.hpp"
#include "sim/venue.hpp"
#include "staking/plan.hpp"

namespace derivd::chaos {

class Auditor final {
 public:
  explicit Auditor(const Scenario& scenario);

  // The daemon's side.
  /// A record is on disk.
  void journaled(const execution::Record& record);
  /// The bytes of a purchase leave the process; the order that they belong to.
  core::OrderId buy_sent(std::string_view frame, bool reconciled);
  /// The bytes of a sale or of a cancellation leave the process.
  void sale_sent(core::ContractId contract);
  void told(const core::Event& event, bool quiet);
  /// The journal lost its last records: from now on only what is left can be asked.
  void power_lost(const Disk& disk);
  /// What a new process reads back.
  void restored(const execution::Snapshot& snapshot);

  // The venue's side. `order` 0: bought by another client.
  void bought(const venue::Contract& contract, core::OrderId order, core::Money balance);
  void settled(const venue::Contract& contract);

  struct Final {
    std::vector<execution::Order> orders;
    std::vector<engine::StrategyView> views;
    engine::AccountView account;
    core::Money venue_balance;
    core::Money venue_start;
    bool live = false;
  };
  void finish(const Final& end);
  void foreign_seen_live(core::ContractId contract) { must_tell_.insert(contract); }

  void violation(std::string text);
  const std::vector<std::string>& violations() const { return violations_; }
  bool halted_ambiguous(std::string_view strategy) const;
  std::size_t ours() const { return ours_; }
  std::size_t foreign() const { return deals_.size() - ours_; }
  bool lost_power() const { return lost_power_; }
  std::size_t ambiguous() const { return ambiguous_; }

 private:
  struct Deal {
    core::OrderId order;  // 0: foreign
    core::Name strategy;
    core::Money stake;
    bool paid = false;
    core::Money profit;
  };
  struct Book {  // of one strategy, as the venue's ledger shows it
    const engine::StrategySettings* settings = nullptr;
    std::unique_ptr<staking::StakePlan> plan;
    core::Money realised;
    core::Money peak;
    core::Money open_stake;
    core::Money least_left;  // the least that any budget left since the last purchase
    std::int64_t open = 0, won = 0, lost = 0, trades = 0;
    std::optional<execution::HaltRecord> halt;
    // Refusals as the journal tells them.
    std::int64_t row = 0;      // since the last contract
    std::int64_t strikes = 0;  // of them, those that do not pass by themselves
    std::int64_t intents = 0;
    std::int64_t burst = 0;   // intents when the last of the row came: older ones count no more
    core::VenueTime refused;  // signal of the last of the row
    /// What holds again when the process dies before the strategy's record is on disk.
    struct Undo {
      std::int64_t row, strikes, burst;
      core::VenueTime refused;
      std::string plan;
    };
    std::optional<Undo> undo;
    std::map<core::OrderId, std::int64_t> intent_number;
  };
  Book* book(core::Name name);
  void check_limits(const Book& b, core::Money stake, std::string_view name);
  void check_stake(Book& b, core::Money stake, std::string_view name);
  void order_of(Book& b, const execution::Order& order);
  void sale_of(const execution::Order& order);
  void refused(Book& b, const execution::Order& order);
  void check_patience(const Book& b, const execution::Order& order);
  void note_budgets();
  void finish_orders(const Final& end);
  void finish_totals(const Final& end);

  const Scenario& scenario_;
  std::map<core::Name, Book> books_;
  std::map<core::ContractId, Deal> deals_;
  std::map<core::OrderId, core::Name> owner_;  // every order ever sent
  std::map<core::OrderId, int> contracts_of_;  // how many the venue made of it
  std::optional<execution::Order> intent_;     // journaled, not sent yet
  /// Open contracts whose sale is in the journal, and whether its bytes have left.
  std::map<core::ContractId, bool> sales_;
  core::Money day_profit_;   // ours, by the venue's ledger
  core::Money journal_day_;  // the daemon's own
  core::Money open_stake_;
  std::int64_t open_ = 0;
  std::size_t ours_ = 0;
  std::size_t ambiguous_ = 0;
  core::Money paid_;  // by us and others, credits less stakes
  std::set<core::ContractId> told_foreign_, must_tell_;
  bool lost_power_ = false;
  std::vector<std::string> violations_;
};

}  // namespace derivd::chaos
