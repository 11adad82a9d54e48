// Owns one run: the daemon's trader, the simulated venue, and between them a network, a disk and
// clocks that fail as the seed says, all in virtual time. The tests and the command line make one
// for each run. It never reads a clock; the same scenario gives the same run to the byte.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "auditor.hpp"
#include "common/trader.hpp"
#include "memory_journal.hpp"
#include "scenario.hpp"
#include "sim/venue.hpp"

namespace derivd::chaos {

struct Outcome {
  std::uint64_t seed = 0;
  Mask mask = 0;
  std::vector<std::string> violations;
  std::uint64_t hash = 0;  // of every frame, event and record, with its time
  std::int64_t venue_s = 0;
  std::size_t contracts = 0, foreign = 0, processes = 0, ambiguous = 0, links = 0;
  std::array<std::uint64_t, kKinds> faults{};
};

/// `trace` is given a line for each thing that happens; may be empty.
using Trace = std::function<void(std::string_view)>;
/// `sqlite_path`: empty for the journal in memory.
Outcome run(const Scenario& scenario, const std::string& sqlite_path = {}, const Trace& trace = {});

class World final : public deriv::Wire, public service::Log {
 public:
  World(const Scenario& scenario, std::string sqlite_path, Trace trace);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  Outcome run();

 private:
  class Journal;
  /// One connection. Frames of one direction keep their order, as TCP does.
  struct Conn {
    sim::ConnId id = 0;
    std::uint64_t process = 0;
    bool attached = true;   // the client listens to it
    bool open = false;      // on_open was delivered
    bool closing = false;   // the client asked for the end
    bool at_venue = false;  // between on_connected and on_gone
    bool deaf = false;      // nothing comes back any more
    bool mute = false;      // nothing gets there any more
    bool told_closed = false;
    std::int64_t dead_since = 0;  // deaf or mute without an end that anybody was told
    bool portfolio = false, profit_table = false;  // the client has them
    std::int64_t up_last = 0, down_last = 0, stalled_until = 0;
  };
  using ConnPtr = std::shared_ptr<Conn>;
  struct Event {
    std::int64_t at;
    std::uint64_t seq;
    std::function<void()> act;
    bool operator>(const Event& o) const { return at != o.at ? at > o.at : seq > o.seq; }
  };

  // deriv::Wire
  void http(const deriv::HttpCall& call) override;
  void open(const std::string& url) override;
  void send(std::string_view frame) override;
  void close() override;
  // service::Log
  void write(const core::Event& event) override;
  void hide(const core::Secret&) override {}
  void set_level(service::Level) override {}

  // Time.
  void schedule(std::int64_t at, std::function<void()> act);
  void run_until(std::int64_t end, const std::function<bool()>& enough);
  core::Now venue_now() const;
  void tell_time();
  void second();
  void check_dead_link();

  // The network.
  std::int64_t latency();
  void carry_up(const ConnPtr& conn, std::string frame, core::OrderId order);
  void carry_down(const ConnPtr& conn, std::string frame);
  void arrive(const ConnPtr& conn, std::string frame);
  void venue_acts();
  void cut(const ConnPtr& conn);
  void end_client(const ConnPtr& conn, std::int64_t at, int status, std::string why);
  void end_venue(const ConnPtr& conn, std::int64_t at);
  void http_answer(std::uint64_t number, std::int64_t at, int status, std::string body);

  // The daemon.
  template <class Act>
  void to_daemon(Act&& act);
  void after_event();
  void start_process();
  void kill(bool power);
  void end_process(bool killed);
  bool alive() const { return trader_ != nullptr && !dying_; }
  bool settled_down() const;

  // Faults.
  bool allowed(Kind kind) const;
  bool strike(Kind kind, std::uint64_t one_in);
  core::Rng& rng(Kind kind) { return rngs_[static_cast<std::size_t>(kind)]; }
  void count(Kind kind);
  void plan_process_faults();
  void plan_log_faults();
  void plan_venue_faults();
  void plan_refusals();
  void rule(Kind kind, std::string_view when, std::string_view action, int permille);
  void clock_step();
  void end_faults();

  // Somebody else on the same account.
  void foreign_connect();
  void foreign_act();
  void foreign_send(const std::string& frame);

  void note(std::string_view what, std::string_view text);
  void ledger_line(std::string_view line);
  Auditor::Final final_state();

  const Scenario& scenario_;
  const std::string sqlite_path_;
  const Trace trace_;
  Auditor auditor_;
  Outcome outcome_;
  std::array<core::Rng, kKinds> rngs_;
  core::Rng net_rng_;
  core::Rng foreign_rng_;

  std::int64_t now_ = 0;  // ns of virtual time since the start
  std::uint64_t seq_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  std::int64_t wall_offset_us_ = 0;
  std::int64_t monotonic_offset_ns_ = 1'000'000'000'000;
  bool faults_on_ = true;
  bool ending_ = false;  // nobody buys any more
  int spins_ = 0;

  std::unique_ptr<sim::Venue> venue_;
  std::map<sim::ConnId, ConnPtr> conns_;  // those that the venue knows or may get to know
  sim::ConnId next_conn_ = 0;
  core::OrderId acting_order_;  // of the frame that the venue is handling
  bool acting_for_us_ = false;

  Disk disk_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<core::Rng> session_rng_;
  std::unique_ptr<daemon::Trader> trader_;
  std::uint64_t process_ = 0;
  bool dying_ = false;  // killed: nothing that it does reaches the outside any more
  bool power_ = false;
  bool disk_full_ = false;
  std::int64_t appends_until_kill_ = -1;
  bool kill_before_append_ = false;
  std::int64_t sends_until_kill_ = -1;
  bool kill_before_send_ = false;
  std::int64_t appends_until_full_ = -1;
  std::int64_t appends_until_torn_ = -1;
  std::int64_t appends_until_failed_ = -1;
  bool failed_is_kept_ = false;  // the event whose write fails is on the disk all the same
  std::int64_t appends_until_stuck_ = -1;
  std::string journal_error_;  // every append of this process fails; empty: none does
  std::size_t safe_events_ = 0;
  ConnPtr attempt_;
  std::uint64_t http_number_ = 0;

  sim::ConnId foreign_conn_ = 0;
  std::int64_t foreign_req_ = 0;
};

}  // namespace derivd::chaos
