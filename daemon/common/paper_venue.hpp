// Owns the venue of paper mode: it fills orders from the contract book at the live ticks of the
// public session, and settles them as the real venue would. VenueSession stands it between session
// and trader, on the loop thread, so that the trader cannot tell it from a live venue. It never
// sends an order to anybody.
//
// After each lost link and each restart the past ticks of every open contract are asked for anew;
// what they do not prove, because the venue does not have them any more, is paid back, loudly.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/trades.hpp"
#include "config/config.hpp"
#include "core/time.hpp"
#include "deriv/facts.hpp"
#include "deriv/session.hpp"
#include "execution/order.hpp"
#include "execution/port.hpp"
#include "venue/book.hpp"

namespace derivd::daemon {

class PaperVenue final : public deriv::SessionListener, public execution::Port {
 public:
  /// Answers that wait for their time; beyond it orders are refused.
  static constexpr std::size_t kMaxWaiting = 256;
  /// Ticks that wait while past ones are fetched: half an hour of ten symbols. Beyond it the
  /// contracts are fetched anew.
  static constexpr std::size_t kMaxHeld = 20'000;
  /// Spans of past ticks that are asked for at a time; the session has room for 64.
  static constexpr std::size_t kMaxAsked = 60;
  /// Settled contracts that a report can still tell of.
  static constexpr std::size_t kMaxSettled = 1'000;

  PaperVenue(const config::PaperSettings& settings, deriv::SessionListener& trader,
             const market::Symbols& symbols = {})
      : settings_(settings), trader_(trader), symbols_(symbols) {
    rebuild({}, settings.balance);
  }
  void attach(deriv::Session& session) { session_ = &session; }
  /// What an account was asked for contracts, sorted: paid instead of the model's prices. Before
  /// the session starts.
  void set_quotes(venue::Quotes quotes) {
    quotes_ = std::make_shared<const venue::Quotes>(std::move(quotes));
    rebuild({}, settings_.balance);
  }

  /// What the journal says, before the session starts: its orders that are not over, and the sums
  /// of all, for the balance and the next numbers.
  void restore(const std::vector<execution::Order>& not_final, const store::Sums& sums);

  // ---- Port ----
  // Nothing is asked of the venue, so that there is no budget of calls to share among buyers; and a
  // quote is the book's price of the moment, which a purchase is made at with or without its id.
  void quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
             const core::Now& now, const core::Name& buyer) override;
  void buy(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
           std::string_view quote_id, const core::Now& now, const core::Name& buyer) override;
  void sell(core::ContractId contract, const core::Now& now) override;
  void cancel(core::ContractId contract, const core::Now& now) override;
  /// Everything that is open is followed anyway.
  void watch(core::ContractId, const core::Now&) override {}
  void unwatch(core::ContractId, const core::Now&) override {}
  void poll(core::ContractId contract, const core::Now& now) override;
  void ask_report(core::VenueTime since, const core::Now& now) override;

  std::optional<core::Instant> next_deadline() const;
  void on_deadline(const core::Now& now);
  /// Of the event that follows; the session's callbacks carry no time.
  void at(const core::Now& now) { now_ = now; }

  // ---- SessionListener: of the public session ----
  /// What the market tells passes on unchanged, and what an account would tell does not: the
  /// orders, contracts and money here are this venue's alone, whatever a public socket says.
  void on_fact(const deriv::Fact& fact) override;

 private:
  struct QuoteJob {
    core::OrderId order;
    market::ContractSpec spec;
    core::Money stake;
  };
  struct BuyJob {
    core::OrderId order;
    market::ContractSpec spec;
    core::Money stake;
  };
  struct SellJob {
    core::ContractId contract;
    bool cancel = false;  // by its deal cancellation
  };
  struct PollJob {
    core::ContractId contract;
  };
  struct ReportJob {};
  using Job = std::variant<QuoteJob, BuyJob, SellJob, PollJob, ReportJob>;
  struct Waiting {
    core::Instant at;
    Job job;
  };
  struct Window {
    core::VenueTime from, to;
    friend bool operator==(const Window&, const Window&) = default;
  };
  /// An open contract whose past has to be learned: of an earlier run, or from before a lost link.
  struct Orphan {
    venue::Adopted contract;
    std::vector<market::Tick> past;
    std::vector<Window> asked;  // not answered yet
    std::string trouble;        // why its past cannot be known
    bool begun = false;         // its past was asked for
    bool asked_all = false;     // up to its end, not only up to now
    bool doubtful = false;      // an answer lacks ticks, or gave others
    int asks = 0;
  };

  void on(const deriv::fact::State& told);
  void on(const deriv::fact::Account& told);
  void on(const deriv::fact::Clock& told);
  void on(const deriv::fact::Tick& told);
  void on(const deriv::fact::Symbols& told);
  void on(const deriv::fact::Past& told);
  void on(const deriv::fact::PastRefused& told);
  /// Now or after the latency, which is the same for all: the order stays.
  void after_latency(Job job);
  /// Why no order is taken now; empty: it is.
  std::string_view obstacle() const;
  void perform(const QuoteJob& job);
  void perform(const BuyJob& job);
  void perform(const SellJob& job);
  void perform(const PollJob& job);
  void perform(const ReportJob& job);
  void feed(const market::Tick& tick);
  void pay_due(core::VenueTime until);
  core::VenueTime safe_until(core::VenueTime until) const;
  void tell_changes(const std::vector<venue::Change>& changes);
  void settled(const venue::Contract& contract);
  core::VenueTime clock() const;
  std::optional<core::Instant> pay_deadline() const;
  /// A book of its own for each time on the line, with what is open to be learned anew.
  void rebuild(const std::vector<venue::Adopted>& open, core::Money balance);
  void recover();
  void ask_more();
  void ask_for(Orphan& orphan);
  bool has_hole(const deriv::PastTicks& past) const;
  Orphan* orphan_of(const market::SymbolCode& symbol, const Window& window);
  std::vector<venue::Adopted> open_contracts() const;
  void finish_recovery();
  bool is_undecided(Orphan& orphan) const;
  static void sort_past(Orphan& orphan);
  void adopt(Orphan& orphan, std::vector<venue::Change>& changes);
  void give_back(const Orphan& orphan, std::string_view why, std::vector<venue::Change>& changes);
  execution::ContractReport report_of(const venue::Contract& contract) const;

  const config::PaperSettings settings_;
  deriv::SessionListener& trader_;
  market::Symbols symbols_;
  deriv::Session* session_ = nullptr;
  std::shared_ptr<const venue::Quotes> quotes_;  // null: none is known
  std::optional<venue::Book> book_;
  venue::AccountIndex account_ = 0;
  std::int64_t next_contract_ = 1;
  std::int64_t next_transaction_ = 1;
  deriv::SessionState state_ = deriv::SessionState::kOffline;
  core::Now now_;
  core::VenueTime venue_time_;
  core::Instant venue_time_at_;
  std::deque<Waiting> waiting_;
  std::vector<Orphan> orphans_;
  bool recovering_ = false;
  std::deque<market::Tick> held_;
  std::deque<venue::Contract> settled_;  // rising sell times
  std::optional<core::VenueTime> report_since_;
  std::set<core::ContractId> open_;  // of the book
};

}  // namespace derivd::daemon
