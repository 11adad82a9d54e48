#include "world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace derivd::chaos {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::string_view kOptionsToken = "pat_chaos";
constexpr std::string_view kV3Token = "chaostoken";
/// A purchase that arrives later than this is against the assumption that everything rests on
/// (execution/reconcile.hpp, kPurchaseWindow of 30 s); TCP holds frames back at most this long
/// here.
constexpr std::int64_t kLongestStall = 24 * kSecond;
/// The quiet period: so long at most until nothing is unknown, then trading, then flat.
constexpr std::int64_t kQuiet = 420 * kSecond;
constexpr std::int64_t kTradingAgain = 25 * kSecond;
constexpr std::int64_t kFlat = 90 * kSecond;
/// What the venue said last gets there, and foreign contracts end, held settlements too.
constexpr std::int64_t kLastWords = 45 * kSecond;
constexpr int kMaxSpins = 2'000;
/// A link that brings nothing, or takes nothing, is left after at most this long: half a minute of
/// a closed market until a ping (deriv/session_impl.hpp, kPingAfter), two pings, and a second of
/// ours.
constexpr std::int64_t kLongestDead = 41 * kSecond;

constexpr std::size_t kPad = 64;  // bytes that simdjson may read behind a frame

std::string_view path_of(std::string_view url) {
  const auto scheme = url.find("://");
  const auto slash = url.find('/', scheme + 3);
  return slash == std::string_view::npos ? "/" : url.substr(slash);
}

bool is_purchase(std::string_view frame) { return frame.starts_with("{\"buy\":"); }

/// The contract that a frame sells or cancels; none: it does neither.
core::ContractId leaves(std::string_view frame) {
  for (const std::string_view call : {"{\"sell\":", "{\"cancel\":"}) {
    if (!frame.starts_with(call)) continue;
    core::ContractId out;
    std::from_chars(frame.data() + call.size(), frame.data() + frame.size(), out.value);
    return out;
  }
  return {};
}

std::vector<sim::Point> quotes(std::uint64_t seed, std::string_view code, std::int64_t start,
                               std::int64_t seconds) {
  const auto& info = *market::find_symbol(code);
  auto rng = stream(seed, 50 + static_cast<std::uint64_t>(code.size()));
  std::vector<sim::Point> out;
  auto level = static_cast<std::int64_t>(info.typical_price *
                                         static_cast<double>(core::pow10(info.decimals)));
  const auto begin = start - 600 - (start - 600) % info.interval_s;
  for (auto t = begin; t < start + seconds; t += info.interval_s) {
    level += static_cast<std::int64_t>(rng.below(61)) - 30;
    out.push_back({t, level});
  }
  return out;
}

}  // namespace

// ---- the disk as the process sees it ----

/// Writes as the world wants: a part of the bytes, or all of them and an error all the same.
class TornFile final : public store::LogFile {
 public:
  struct Faults {
    std::optional<std::size_t> bytes;  // of the next write; it fails
  };
  TornFile(std::unique_ptr<store::LogFile> below, Faults& faults)
      : below_(std::move(below)), faults_(faults) {}
  core::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    if (!faults_.bytes) return below_->write(offset, bytes);
    const auto part = bytes.substr(0, std::min(*std::exchange(faults_.bytes, {}), bytes.size()));
    (void)below_->write(offset, part);
    return core::io_error("the write failed");
  }
  core::Result<void> sync() override { return below_->sync(); }
  core::Result<std::size_t> read(std::uint64_t offset, char* to, std::size_t size) override {
    return below_->read(offset, to, size);
  }
  core::Result<std::uint64_t> size() override { return below_->size(); }

 private:
  std::unique_ptr<store::LogFile> below_;
  Faults& faults_;
};

class World::Journal final : public store::Journal {
 public:
  using store::Journal::append;
  explicit Journal(World& world)
      : world_(world), memory_(world.disk_), lags_(stream(world.scenario_.seed, 6)) {}

  core::Result<void> open() {
    if (world_.sqlite_path_.empty()) return {};
    store::JournalSettings settings;
    settings.durability = world_.scenario_.config.durability;
    settings.background = false;
    // A dozen trades: the log goes from one region to the other all the time.
    settings.log_region_bytes = 8 << 10;
    settings.log_files =
        [this](const std::string& path,
               store::LogAccess access) -> core::Result<std::unique_ptr<store::LogFile>> {
      auto file = store::open_log_file(path, access);
      if (!file || access == store::LogAccess::kRead) return file;
      return std::unique_ptr<store::LogFile>(std::make_unique<TornFile>(std::move(*file), faults_));
    };
    auto file = store::Journal::open(world_.sqlite_path_, Mode::kReadWrite, settings);
    if (!file) return file.error();
    file_ = std::move(*file);
    return {};
  }

  core::Result<void> append(std::span<const execution::Record> event) override {
    auto& w = world_;
    if (w.dying_) return {};
    if (w.disk_full_) return core::io_error("disk is full");
    if (!w.journal_error_.empty()) return core::io_error(w.journal_error_);
    if (due(w.appends_until_full_, Kind::kDiskFull)) {
      w.disk_full_ = true;
      return core::io_error("disk is full");
    }
    if (due(w.appends_until_torn_, Kind::kLogTorn)) return tear(event);
    if (due(w.appends_until_failed_, Kind::kLogFailed)) return fail(event);
    const bool now = due(w.appends_until_kill_, Kind::kKillAtJournal);
    if (now) {
      w.note("kill", w.kill_before_append_ ? "before an append" : "after an append");
      w.dying_ = true;
      if (w.kill_before_append_) return {};
    }
    if (file_) {
      if (auto done = file_->append(event); !done) return done;
    }
    keep(event);
    if (due(w.appends_until_stuck_, Kind::kTablesFailed)) w.journal_error_ = "SQLite takes nothing";
    // The tables come after the log sooner or later, or not at all before the process ends.
    if (file_ && w.journal_error_.empty() && !w.dying_ && lags_.below(6) == 0) {
      return file_->catch_up();
    }
    return {};
  }
  core::Result<execution::Snapshot> load() override { return which().load(); }
  core::Result<std::vector<execution::Order>> orders(const store::OrderQuery& q) override {
    return which().orders(q);
  }
  core::Result<std::vector<execution::HaltRecord>> halts() override { return which().halts(); }
  core::Result<std::optional<execution::BalanceRecord>> last_balance() override {
    return which().last_balance();
  }
  core::Result<std::vector<execution::HaltRecord>> halt_history(std::string_view strategy,
                                                                std::size_t last) override {
    return which().halt_history(strategy, last);
  }
  core::Result<std::vector<execution::ConfigRecord>> config_changes(std::size_t last) override {
    return which().config_changes(last);
  }
  core::Result<void> checkpoint() override { return which().checkpoint(); }

 private:
  using Event = std::span<const execution::Record>;

  bool due(std::int64_t& until, Kind kind) {
    if (until < 0 || until-- > 0) return false;
    world_.count(kind);
    return true;
  }
  void keep(Event event) {
    auto& w = world_;
    (void)memory_.append(event);
    for (const auto& record : event) {
      w.auditor_.journaled(record);
      if (const auto* o = std::get_if<execution::OrderRecord>(&record)) {
        w.note("order", fmt::format("{} {} {} contract {}", o->order.id.value, o->order.strategy,
                                    execution::name_of(o->order.state), o->order.contract.value));
      }
    }
  }
  core::Result<void> tear(Event event) {
    world_.note("kill", "within an append");
    if (file_) {
      faults_.bytes = lags_.below(60);
      (void)file_->append(event);
    }
    world_.dying_ = true;
    return {};
  }
  core::Result<void> fail(Event event) {
    world_.journal_error_ = "the write failed";
    world_.note("journal", world_.failed_is_kept_ ? "fails and is kept" : "fails");
    if (file_) {
      faults_.bytes = world_.failed_is_kept_ ? SIZE_MAX : lags_.below(60);
      (void)file_->append(event);
    }
    if (world_.failed_is_kept_) keep(event);
    return core::io_error(world_.journal_error_);
  }
  store::Journal& which() { return file_ ? *file_ : static_cast<store::Journal&>(memory_); }

  World& world_;
  MemoryJournal memory_;
  core::Rng lags_;
  TornFile::Faults faults_;
  std::unique_ptr<store::Journal> file_;
};

// ---- beginning and end ----

World::World(const Scenario& scenario, std::string sqlite_path, Trace trace)
    : scenario_(scenario),
      sqlite_path_(std::move(sqlite_path)),
      trace_(std::move(trace)),
      auditor_(scenario),
      rngs_([&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<core::Rng, kKinds>{stream(scenario.seed, 100 + I)...};
      }(std::make_index_sequence<kKinds>{})),
      net_rng_(stream(scenario.seed, 2)),
      foreign_rng_(stream(scenario.seed, 3)) {
  outcome_.seed = scenario.seed;
  outcome_.mask = scenario.mask;
  outcome_.hash = 14695981039346656037ULL;  // FNV-1a
  sim::Venue::Options o;
  o.seed = scenario.seed;
  o.start = scenario.start;
  o.gbm = false;
  const auto seconds =
      scenario.active_s + (kQuiet + kTradingAgain + kFlat + kLastWords) / kSecond + 60;
  for (const auto* code : {"1HZ100V", "R_100"}) {
    o.replays.push_back({code, quotes(scenario.seed, code, scenario.start.s, seconds)});
  }
  const bool v3 = scenario.dialect == deriv::Dialect::kV3;
  o.tokens.push_back(*sim::TokenSpec::parse(v3 ? kV3Token : kOptionsToken));
  o.ledger = [this](std::string_view line) { ledger_line(line); };
  venue_ = std::make_unique<sim::Venue>(std::move(o));
  venue_->set_base("wss://venue.test");
}

World::~World() {
  dying_ = true;
  trader_.reset();
}

Outcome World::run() {
  const auto start_balance = core::Money::minor(10'000'00);
  venue_->advance(venue_now());
  schedule(kSecond, [this] { second(); });
  plan_venue_faults();
  plan_process_faults();
  if (allowed(Kind::kForeign)) schedule(3 * kSecond, [this] { foreign_act(); });
  if (allowed(Kind::kClockStep)) schedule(5 * kSecond, [this] { clock_step(); });
  start_process();
  const auto never = [this] { return !auditor_.violations().empty(); };
  run_until(scenario_.active_s * kSecond, never);
  end_faults();
  const auto quiet_end = now_ + kQuiet;
  run_until(quiet_end, [&] { return never() || settled_down(); });
  if (never()) {
    outcome_.violations = auditor_.violations();
  } else if (!settled_down()) {
    auditor_.finish(final_state());
    auditor_.violation(fmt::format("not settled {} s after the last fault", kQuiet / kSecond));
  } else {
    run_until(now_ + kTradingAgain, never);
    // A fault from before may have shown only now, as a journal that broke with its next record.
    run_until(quiet_end, [&] { return never() || settled_down(); });
    ending_ = true;
    if (trader_) {
      tell_time();
      trader_->command("pause", "", "the run ends");
      after_event();
    }
    run_until(now_ + kFlat, [&] {
      return never() || (settled_down() && trader_->engine().account().open_contracts == 0);
    });
    run_until(now_ + kLastWords, never);
    auto end = final_state();
    end.venue_start = start_balance;
    auditor_.finish(end);
  }
  outcome_.violations = auditor_.violations();
  outcome_.venue_s = now_ / kSecond;
  outcome_.contracts = auditor_.ours();
  outcome_.foreign = auditor_.foreign();
  outcome_.ambiguous = auditor_.ambiguous();
  return outcome_;
}

Auditor::Final World::final_state() {
  Auditor::Final end;
  end.venue_start = core::Money::minor(10'000'00);
  const bool v3 = scenario_.dialect == deriv::Dialect::kV3;
  end.venue_balance = venue_->balance_of(v3 ? "VRTC9000001" : "DOT90000010");
  if (!trader_) return end;
  end.live = trader_->state() == deriv::SessionState::kLive;
  end.views = trader_->engine().strategies();
  end.account = trader_->engine().account();
  store::OrderQuery query;
  query.contracts_only = false;
  if (auto orders = journal_->orders(query)) {
    end.orders = std::move(*orders);
  } else {
    auditor_.violation(orders.error().text);
  }
  return end;
}

// Whether nothing waits for evidence any more.
bool World::settled_down() const {
  // A process whose journal broke trades no more and ends within a minute; a pause ends with it.
  if (!alive() || trader_->stopping() || trader_->journal_broken() ||
      trader_->state() != deriv::SessionState::kLive) {
    return false;
  }
  for (const auto& order : trader_->engine().open_orders()) {
    if (order.state != execution::OrderState::kOpen &&
        !auditor_.halted_ambiguous(order.strategy.view())) {
      return false;
    }
  }
  return true;
}

// ---- time ----

void World::schedule(std::int64_t at, std::function<void()> act) {
  queue_.push({std::max(at, now_), ++seq_, std::move(act)});
}

void World::run_until(std::int64_t end, const std::function<bool()>& enough) {
  while (!enough()) {
    auto at = queue_.empty() ? end + 1 : queue_.top().at;
    bool deadline = false;
    if (alive()) {
      if (const auto d = trader_->next_deadline()) {
        const auto due = std::max(d->ns - monotonic_offset_ns_, now_);
        if (due <= at) {
          at = due;
          deadline = true;
        }
      }
    }
    if (at > end) {
      now_ = std::max(now_, end);
      return;
    }
    spins_ = at == now_ ? spins_ + 1 : 0;
    if (spins_ > kMaxSpins) {
      return auditor_.violation(fmt::format("time stands still at {} ns", now_));
    }
    now_ = at;
    if (deadline) {
      tell_time();
      trader_->on_deadline();
      after_event();
      continue;
    }
    auto act = std::move(const_cast<Event&>(queue_.top()).act);
    queue_.pop();
    act();
  }
}

core::Now World::venue_now() const {
  core::Now now;
  now.instant = {now_ + 7 * kSecond};
  now.wall = {scenario_.start.s * 1'000'000 + now_ / 1'000};
  now.venue = {scenario_.start.s + now_ / kSecond};
  return now;
}

void World::tell_time() {
  trader_->at({now_ + monotonic_offset_ns_},
              {scenario_.start.s * 1'000'000 + now_ / 1'000 + wall_offset_us_});
}

void World::second() {
  venue_->advance(venue_now());
  venue_acts();
  check_dead_link();
  schedule(now_ + kSecond, [this] { second(); });
}

void World::check_dead_link() {
  if (!alive() || !attempt_ || !attempt_->open || attempt_->closing) return;
  const auto& conn = *attempt_;
  if (conn.told_closed || conn.dead_since == 0 || trader_->stopping()) return;
  // What was on its way when the link died still gets there.
  const auto last = std::max({conn.dead_since, conn.up_last, conn.down_last});
  if (now_ - last > kLongestDead) {
    auditor_.violation(fmt::format("a {} link was kept for {} s", conn.deaf ? "deaf" : "mute",
                                   (now_ - last) / kSecond));
  }
}

// ---- the network ----

std::int64_t World::latency() {
  auto ns = scenario_.latency_ms * kMs / 2 +
            static_cast<std::int64_t>(
                net_rng_.below(static_cast<std::uint64_t>(scenario_.latency_ms * kMs) + 1));
  if (strike(Kind::kSlow, 60)) {
    ns +=
        static_cast<std::int64_t>(rng(Kind::kSlow).below(static_cast<std::uint64_t>(6 * kSecond)));
  }
  return ns;
}

void World::http(const deriv::HttpCall& call) {
  const auto number = ++http_number_;
  if (dying_) return;
  note("http", call.url.substr(0, 60));
  sim::HttpCall request;
  request.method = call.method;
  request.target = std::string(path_of(call.url));
  for (const auto& [name, value] : call.headers) {
    if (name == "Authorization") request.authorization = value;
    if (name == "Deriv-App-ID") request.app_id = value;
  }
  int fate = 0;  // 1: never gets there, 2: the answer is lost, 3: nothing is heard
  if (strike(Kind::kHttpFailed, 5)) fate = 1 + static_cast<int>(rng(Kind::kHttpFailed).below(3));
  if (fate == 1) return http_answer(number, now_ + latency(), -1, "connection refused");
  schedule(now_ + latency(), [this, number, request, fate] {
    const auto answer = venue_->on_request(request, venue_now());
    venue_acts();
    // net bounds an exchange at 10 s (net.hpp, Timeouts::upgrade).
    if (fate == 3) return http_answer(number, now_ + 10 * kSecond, -1, "timed out");
    http_answer(number, now_ + latency(), fate == 2 ? -1 : answer.status,
                fate == 2 ? "connection reset" : answer.body);
  });
}

void World::http_answer(std::uint64_t number, std::int64_t at, int status, std::string body) {
  const auto process = process_;
  schedule(at, [this, number, process, status, body = std::move(body)] {
    if (!alive() || process != process_ || number != http_number_) return;
    to_daemon([&](deriv::Session& s, const core::Now& t) {
      status < 0 ? s.on_http_failed(body, t) : s.on_http(status, body, t);
    });
  });
}

void World::open(const std::string& url) {
  ++http_number_;
  if (attempt_) {
    attempt_->attached = false;
    end_venue(attempt_, std::max(attempt_->up_last, now_ + latency()));
  }
  if (dying_) return;
  auto conn = std::make_shared<Conn>();
  conn->id = ++next_conn_;
  conn->process = process_;
  attempt_ = conn;
  ++outcome_.links;
  note("open", fmt::format("{}", conn->id));
  if (strike(Kind::kConnectFailed, 3)) {
    const bool silent = rng(Kind::kConnectFailed).below(2) == 0;
    return end_client(conn, now_ + (silent ? 10 * kSecond : latency()), 0, "cannot connect");
  }
  if (strike(Kind::kUpgradeRefused, 4)) {
    constexpr std::array kStatuses{401, 429, 503, 520};
    const auto status = kStatuses[rng(Kind::kUpgradeRefused).below(kStatuses.size())];
    return end_client(conn, now_ + latency(), status, "the upgrade was refused");
  }
  schedule(now_ + 2 * latency(), [this, conn, target = std::string(path_of(url))] {
    const auto answer = venue_->on_upgrade({"GET", target, {}, {}}, venue_now());
    venue_acts();
    if (answer.status != 101) {
      return end_client(conn, now_ + latency(), answer.status, "the upgrade was refused");
    }
    conn->at_venue = true;
    conns_[conn->id] = conn;
    conn->down_last = now_ + latency();
    schedule(conn->down_last, [this, conn] {
      if (!alive() || !conn->attached || conn->closing || conn->told_closed) return;
      conn->open = true;
      to_daemon([](deriv::Session& s, const core::Now& t) { s.on_open(t); });
    });
    venue_->on_connected(conn->id, target, venue_now());
    venue_acts();
    if (!conn->attached) end_venue(conn, now_ + latency());
  });
}

void World::send(std::string_view frame) {
  if (dying_) return;
  const bool purchase = is_purchase(frame);
  core::OrderId order;
  if (const auto contract = leaves(frame)) auditor_.sale_sent(contract);
  if (purchase) {
    const bool reconciled = attempt_ && attempt_->portfolio && attempt_->profit_table;
    order = auditor_.buy_sent(frame, reconciled);
    const bool now = sends_until_kill_ >= 0 && sends_until_kill_-- == 0;
    if (now) {
      count(Kind::kKillAtWire);
      note("kill", kill_before_send_ ? "before a purchase is sent" : "after a purchase was sent");
      dying_ = true;
      if (kill_before_send_) return;
    }
  }
  if (!attempt_ || !attempt_->open || attempt_->closing || attempt_->told_closed) return;
  carry_up(attempt_, std::string(frame), order);
}

void World::carry_up(const ConnPtr& conn, std::string frame, core::OrderId order) {
  note("up", frame);
  if (conn->mute) return;
  const bool purchase = is_purchase(frame);
  if (strike(Kind::kCutUpBefore, purchase ? 12 : 150)) return cut(conn);
  if (strike(Kind::kHalfOpen, purchase ? 40 : 250)) {
    conn->dead_since = now_;
    const auto which = rng(Kind::kHalfOpen).below(3);
    conn->mute = which != 1;
    conn->deaf = which != 2;
    if (conn->mute && rng(Kind::kHalfOpen).below(2) == 0) return;
  }
  if (strike(Kind::kStall, purchase ? 25 : 200)) {
    conn->stalled_until =
        now_ + static_cast<std::int64_t>(
                   rng(Kind::kStall).below(static_cast<std::uint64_t>(kLongestStall)));
  }
  const auto at = std::max({conn->up_last, now_ + latency(), conn->stalled_until});
  conn->up_last = std::min(at, now_ + kLongestStall);
  schedule(conn->up_last, [this, conn, order, frame = std::move(frame)] {
    if (!conn->at_venue) return;
    acting_for_us_ = true;
    acting_order_ = order;
    venue_->on_frame(conn->id, frame, venue_now());
    acting_for_us_ = false;
    acting_order_ = {};
    venue_acts();
  });
  if (strike(Kind::kCutUpAfter, purchase ? 12 : 150)) {
    conn->deaf = true;
    end_client(conn, now_ + 2 * latency(), 0, "connection reset");
    end_venue(conn, conn->up_last + 1);
  }
}

// Performs what the venue wants done to sockets; delays are the venue's own, so that a frame may
// overtake another before it is written.
void World::venue_acts() {
  for (auto& action : venue_->take_actions()) {
    if (action.conn == foreign_conn_) {
      const bool ends =
          action.kind == sim::Action::Kind::kClose || action.kind == sim::Action::Kind::kAbort;
      if (ends) {
        schedule(now_, [this, id = foreign_conn_] { venue_->on_gone(id); });
        foreign_conn_ = 0;
      }
      continue;
    }
    const auto it = conns_.find(action.conn);
    if (it == conns_.end()) continue;
    auto conn = it->second;
    const auto at = now_ + action.delay_ms * kMs;
    switch (action.kind) {
      case sim::Action::Kind::kSend:
        if (action.delay_ms <= 0) {
          carry_down(conn, std::move(action.frame));
        } else {
          schedule(at, [this, conn, frame = std::move(action.frame)] { carry_down(conn, frame); });
        }
        break;
      case sim::Action::Kind::kClose:
      case sim::Action::Kind::kAbort:
        if (!conn->deaf) {
          end_client(conn, std::max(conn->down_last, at + latency()), 0, "closed by the venue");
        }
        end_venue(conn, at);
        break;
      case sim::Action::Kind::kStopReading:
        conn->mute = true;
        conn->dead_since = now_;
        break;
    }
  }
}

void World::carry_down(const ConnPtr& conn, std::string frame) {
  if (conn->deaf || !conn->at_venue) return;
  const bool reply = frame.find("\"msg_type\":\"buy\"") != std::string::npos ||
                     frame.find("\"msg_type\":\"transaction\"") != std::string::npos;
  if (strike(Kind::kCutDownBefore, reply ? 20 : 900)) return cut(conn);
  if (strike(Kind::kGarbage, reply ? 40 : 500)) {
    frame.resize(rng(Kind::kGarbage).below(frame.size()));
  }
  if (strike(Kind::kStall, reply ? 60 : 1500)) {
    conn->stalled_until =
        now_ + static_cast<std::int64_t>(
                   rng(Kind::kStall).below(static_cast<std::uint64_t>(kLongestStall)));
  }
  conn->down_last = std::max({conn->down_last, now_ + latency(), conn->stalled_until});
  schedule(conn->down_last, [this, conn, frame = std::move(frame)] { arrive(conn, frame); });
  if (strike(Kind::kCutDownAfter, reply ? 20 : 900)) {
    conn->deaf = true;
    end_client(conn, conn->down_last + 1, 0, "connection reset");
    end_venue(conn, now_ + latency());
  }
}

void World::arrive(const ConnPtr& conn, std::string frame) {
  if (!alive() || !conn->attached || !conn->open || conn->closing || conn->told_closed) return;
  note("down", frame);
  if (frame.find("\"error\"") == std::string::npos) {
    if (frame.find("\"msg_type\":\"portfolio\"") != std::string::npos) conn->portfolio = true;
    if (frame.find("\"msg_type\":\"profit_table\"") != std::string::npos) conn->profit_table = true;
  }
  const auto size = frame.size();
  frame.append(kPad, '\0');
  to_daemon([&](deriv::Session& s, const core::Now& t) {
    s.on_frame(std::string_view(frame.data(), size), frame.size(), t);
  });
}

void World::cut(const ConnPtr& conn) {
  conn->deaf = conn->mute = true;
  end_client(conn, now_ + latency(), 0, "connection reset");
  end_venue(conn, now_ + latency());
}

void World::end_client(const ConnPtr& conn, std::int64_t at, int status, std::string why) {
  schedule(at, [this, conn, status, why = std::move(why)] {
    if (conn->told_closed) return;
    conn->told_closed = true;
    if (!alive() || !conn->attached || conn->process != process_) return;
    note("closed", why);
    to_daemon([&](deriv::Session& s, const core::Now& t) { s.on_closed(status, why, t); });
  });
}

void World::end_venue(const ConnPtr& conn, std::int64_t at) {
  schedule(at, [this, conn] {
    if (!conn->at_venue) return;
    conn->at_venue = false;
    venue_->on_gone(conn->id);
    conns_.erase(conn->id);
  });
}

void World::close() {
  ++http_number_;
  if (dying_ || !attempt_ || attempt_->closing) return;
  attempt_->closing = true;
  // net bounds a close at 3 s (net.hpp, Timeouts::close).
  const bool broken = attempt_->mute || attempt_->deaf;
  end_client(attempt_, now_ + (broken ? 3 * kSecond : 2 * latency()), 0, "closed");
  if (!attempt_->mute) end_venue(attempt_, std::max(attempt_->up_last, now_ + latency()) + 1);
}

// ---- the daemon ----

template <class Act>
void World::to_daemon(Act&& act) {
  tell_time();
  const auto now = trader_->at({now_ + monotonic_offset_ns_},
                               {scenario_.start.s * 1'000'000 + now_ / 1'000 + wall_offset_us_});
  act(trader_->session(), now);
  after_event();
}

void World::after_event() {
  if (!dying_) trader_->settle();
  if (dying_) return end_process(true);
  if (trader_->done()) end_process(false);
}

void World::start_process() {
  ++process_;
  ++outcome_.processes;
  dying_ = disk_full_ = false;
  appends_until_full_ = appends_until_torn_ = appends_until_failed_ = appends_until_stuck_ = -1;
  journal_error_.clear();
  if (faults_on_) plan_process_faults();
  journal_ = std::make_unique<Journal>(*this);
  if (auto opened = journal_->open(); !opened) return auditor_.violation(opened.error().text);
  if (auto snapshot = journal_->load()) auditor_.restored(*snapshot);
  safe_events_ = disk_.events();
  session_rng_ = std::make_unique<core::Rng>(stream(scenario_.seed, 1'000 + process_));
  const bool v3 = scenario_.dialect == deriv::Dialect::kV3;
  deriv::SessionSettings settings;
  settings.dialect = scenario_.dialect;
  settings.endpoint = v3 ? "wss://venue.test/websockets/v3" : "https://venue.test";
  settings.app_id = "1001";
  settings.account = "demo";
  settings.token = core::Secret(std::string(v3 ? kV3Token : kOptionsToken));
  trader_ = std::make_unique<daemon::Trader>(
      scenario_.config, std::move(settings), *this, *journal_, *this, *session_rng_,
      [](const deriv::AccountInfo&) { return core::Result<void>{}; });
  tell_time();
  note("process", fmt::format("{}", process_));
  trader_->start();
  after_event();
}

void World::end_process(bool killed) {
  note("process", killed ? "was killed" : "left");
  dying_ = true;
  trader_.reset();
  journal_.reset();
  if (attempt_) {
    attempt_->attached = false;
    // The kernel closes the sockets of a dead process; a dead machine says nothing.
    if (!power_) end_venue(attempt_, std::max(attempt_->up_last, now_ + latency()) + 1);
    attempt_.reset();
  }
  ++http_number_;
  auto& r = rng(Kind::kKill);
  if (power_) {
    count(Kind::kPowerLoss);
    // Since the last checkpoint nothing was synced; that far back a tail can be missing. With
    // store.durability: power every record was.
    auto tail = std::min<std::size_t>(disk_.events() - std::min(safe_events_, disk_.events()),
                                      rng(Kind::kPowerLoss).below(6));
    if (scenario_.config.durability == execution::Durability::kPower) tail = 0;
    if (tail > 0 && sqlite_path_.empty()) {
      disk_.truncate(disk_.events() - tail);
      auditor_.power_lost(disk_);
    }
    monotonic_offset_ns_ = static_cast<std::int64_t>(r.below(1'000)) * kSecond - now_;
  }
  power_ = false;
  appends_until_kill_ = sends_until_kill_ = -1;
  constexpr std::array<std::int64_t, 6> kPauses{100 * kMs,    kSecond,      3 * kSecond,
                                                12 * kSecond, 40 * kSecond, 95 * kSecond};
  const auto pause = faults_on_ ? kPauses[r.below(kPauses.size())] : kSecond;
  schedule(now_ + pause, [this] { start_process(); });
}

void World::kill(bool power) {
  if (!alive() || !faults_on_) return;
  if (!power) count(Kind::kKill);
  power_ = power;
  dying_ = true;
  end_process(true);
}

// ---- faults ----

bool World::allowed(Kind kind) const { return (scenario_.mask & bit(kind)) != 0; }

void World::count(Kind kind) { ++outcome_.faults[static_cast<std::size_t>(kind)]; }

bool World::strike(Kind kind, std::uint64_t one_in) {
  if (!faults_on_ || !allowed(kind)) return false;
  if (rng(kind).below(one_in) != 0) return false;
  count(kind);
  note("fault", name_of(kind));
  return true;
}

// Of the process that starts next.
void World::plan_process_faults() {
  const auto process = process_;
  const auto in = [&](Kind kind, std::uint64_t seconds) {
    return now_ + static_cast<std::int64_t>((2 + rng(kind).below(seconds)) * 1'000 +
                                            rng(kind).below(1'000)) *
                      kMs;
  };
  for (const auto kind : {Kind::kKill, Kind::kPowerLoss}) {
    if (!allowed(kind)) continue;
    schedule(in(kind, 120), [this, process, kind] {
      if (process == process_) kill(kind == Kind::kPowerLoss);
    });
  }
  if (allowed(Kind::kKillAtJournal)) {
    auto& r = rng(Kind::kKillAtJournal);
    appends_until_kill_ = static_cast<std::int64_t>(r.below(r.below(3) == 0 ? 6 : 90));
    kill_before_append_ = r.below(2) == 0;
  }
  if (allowed(Kind::kKillAtWire)) {
    auto& r = rng(Kind::kKillAtWire);
    sends_until_kill_ = static_cast<std::int64_t>(r.below(12));
    kill_before_send_ = r.below(2) == 0;
  }
  if (allowed(Kind::kDiskFull) && rng(Kind::kDiskFull).below(2) == 0) {
    appends_until_full_ = static_cast<std::int64_t>(rng(Kind::kDiskFull).below(120));
  }
  plan_log_faults();
}

void World::plan_log_faults() {
  const auto after = [this](Kind kind) {
    auto& r = rng(kind);
    if (!allowed(kind) || r.below(3) == 0) return std::int64_t{-1};
    return static_cast<std::int64_t>(r.below(r.below(3) == 0 ? 6 : 90));
  };
  appends_until_torn_ = after(Kind::kLogTorn);
  appends_until_failed_ = after(Kind::kLogFailed);
  failed_is_kept_ = rng(Kind::kLogFailed).below(2) == 0;
  appends_until_stuck_ = after(Kind::kTablesFailed);
}

void World::rule(Kind kind, std::string_view when, std::string_view action, int permille) {
  if (!allowed(kind)) return;
  const auto text =
      fmt::format(R"({{"when":{{{},"probability":0.{:03}}},"do":"{}"}})", when, permille, action);
  const auto json = sim::Json::parse(text);
  const auto added = venue_->faults().add(*json);
  if (!added) auditor_.violation(fmt::format("{}: {}", text, added.error().text));
}

void World::plan_venue_faults() {
  constexpr auto kBuy = R"("call":"buy")";
  rule(Kind::kLostReply, kBuy, "lose_reply", 60);
  for (const auto* call : {"transaction", "balance", "proposal_open_contract", "tick"}) {
    rule(Kind::kLostReply, fmt::format(R"("call":"{}","direction":"stream")", call), "lose_reply",
         40);
  }
  for (const auto* call : {"portfolio", "profit_table", "time", "ticks_history"}) {
    rule(Kind::kLostReply, fmt::format(R"("call":"{}")", call), "lose_reply", 60);
  }
  for (const auto* code : {"WrongResponse", "CallError", "InternalServerError", "RateLimit"}) {
    rule(Kind::kErrorCode, kBuy, fmt::format("error {}", code), 25);
    rule(Kind::kErrorCode, R"("call":"proposal")", fmt::format("error {}", code), 25);
    for (const auto* call : {"portfolio", "profit_table", "transaction", "balance"}) {
      rule(Kind::kReadError, fmt::format(R"("call":"{}")", call), fmt::format("error {}", code),
           50);
    }
  }
  for (const auto* code : {"WrongResponse", "CallError", "InternalServerError"}) {
    rule(Kind::kErrorAfter, kBuy, fmt::format("error_after {}", code), 30);
  }
  rule(Kind::kDuplicate, kBuy, "duplicate", 80);
  for (const auto* call : {"transaction", "balance", "proposal_open_contract", "tick"}) {
    rule(Kind::kDuplicate, fmt::format(R"("call":"{}","direction":"stream")", call), "duplicate",
         80);
    rule(Kind::kDelayed, fmt::format(R"("call":"{}","direction":"stream")", call), "delay 2500",
         40);
  }
  rule(Kind::kDelayed, kBuy, "delay 4000", 60);
  rule(Kind::kDelayed, kBuy, "delay 19000", 20);
  rule(Kind::kVenueDrop, kBuy, "drop_unanswered", 30);
  rule(Kind::kVenueDrop, kBuy, "drop_before", 20);
  rule(Kind::kVenueDrop, kBuy, "drop_after", 20);
  rule(Kind::kVenueDrop, kBuy, "garbage", 20);
  rule(Kind::kVenueDrop, kBuy, "stop_writing", 10);
  rule(Kind::kBadPassword, R"("call":"otp")", "bad_otp", 300);
  rule(Kind::kRestError, R"("call":"otp","direction":"rest")", "error 503", 150);
  rule(Kind::kRestError, R"("call":"accounts","direction":"rest")", "error 429", 150);
  rule(Kind::kLoginRefused, R"("call":"authorize")", "error InternalServerError", 200);
  rule(Kind::kLoginRefused, R"("call":"authorize","times":1)", "error InvalidToken", 100);
  rule(Kind::kTicks, R"("direction":"tick")", "skip_ticks 3", 8);
  rule(Kind::kTicks, R"("direction":"tick")", "repeat_tick", 20);
  rule(Kind::kTicks, R"("direction":"tick")", "jump_tick 4", 3);
  rule(Kind::kHeldSettlement, kBuy, "hold_settlement 25", 80);
  rule(Kind::kClosedMarket, R"("direction":"tick")", "close_market 35", 4);
  plan_refusals();
}

// Now and then of anything, and one symbol whose purchases are refused nearly always, for one
// reason: with stakes that may be too high, with parameters that are not offered, or closed.
void World::plan_refusals() {
  constexpr auto kBuy = R"("call":"buy")";
  constexpr std::array kCodes{"ContractBuyValidationError",
                              "TradingDurationNotAllowed",
                              "OpenPositionPayoutLimit",
                              "PriceMoved",
                              "MarketIsClosed",
                              "SystemMaintenance"};
  for (const auto* code : kCodes) {
    rule(Kind::kRefusals, kBuy, fmt::format("error {}", code), 30);
  }
  auto& r = rng(Kind::kRefusals);
  const auto* symbol = r.below(2) == 0 ? "1HZ100V" : "R_100";
  const auto* code = kCodes[r.below(kCodes.size())];
  if (r.below(3) == 0) return;
  rule(Kind::kRefusals, fmt::format(R"("call":"buy","symbol":"{}")", symbol),
       fmt::format("error {}", code), 970);
}

void World::clock_step() {
  if (!faults_on_) return;
  count(Kind::kClockStep);
  auto& r = rng(Kind::kClockStep);
  wall_offset_us_ = (static_cast<std::int64_t>(r.below(8 * 3'600)) - 4 * 3'600) * 1'000'000;
  schedule(now_ + static_cast<std::int64_t>(5 + r.below(60)) * kSecond, [this] { clock_step(); });
}

void World::end_faults() {
  note("quiet", "from here on");
  faults_on_ = false;
  for (std::size_t i = 0; i < kKinds; ++i) {
    // Venue faults are counted by their kind being on: the venue itself does not name them.
    const auto kind = static_cast<Kind>(i);
    const bool of_venue = kind >= Kind::kLostReply && kind <= Kind::kVenueDrop;
    if ((of_venue || kind == Kind::kRefusals) && allowed(kind)) count(kind);
  }
  venue_->clear_faults();
  appends_until_kill_ = sends_until_kill_ = appends_until_full_ = -1;
  appends_until_torn_ = appends_until_failed_ = appends_until_stuck_ = -1;
}

// ---- somebody else ----

void World::foreign_connect() {
  const auto id = ++next_conn_;
  const bool v3 = scenario_.dialect == deriv::Dialect::kV3;
  std::string target = "/websockets/v3?app_id=1001";
  if (!v3) {
    const auto answer = venue_->on_request({"POST", "/trading/v1/options/accounts/DOT90000010/otp",
                                            fmt::format("Bearer {}", kOptionsToken), "1001"},
                                           venue_now());
    venue_acts();
    const auto json = sim::Json::parse(answer.body);
    const auto* data = json ? json->find("data") : nullptr;
    const auto* url = data != nullptr ? data->find("url") : nullptr;
    if (url == nullptr) return;
    target = std::string(path_of(url->text()));
  }
  if (venue_->on_upgrade({"GET", target, {}, {}}, venue_now()).status != 101) return venue_acts();
  foreign_conn_ = id;
  venue_->on_connected(id, target, venue_now());
  venue_acts();
  if (v3 && foreign_conn_ != 0) {
    foreign_send(fmt::format(R"({{"authorize":"{}","req_id":{}}})", kV3Token, ++foreign_req_));
  }
}

void World::foreign_send(const std::string& frame) {
  if (foreign_conn_ == 0) return;
  venue_->on_frame(foreign_conn_, frame, venue_now());
  venue_acts();
}

// Stakes that none of our plans has: a purchase like ours in every respect cannot be told apart by
// anybody, and is not what the runs are about.
void World::foreign_act() {
  if (ending_) return;
  auto& r = foreign_rng_;
  schedule(now_ + static_cast<std::int64_t>(2 + r.below(40)) * kSecond, [this] { foreign_act(); });
  if (foreign_conn_ == 0) foreign_connect();
  constexpr std::array kStakes{"0.37", "1.01", "3.33", "0.83"};
  constexpr std::array kTypes{"DIGITODD", "DIGITEVEN", "CALL", "PUT"};
  const auto* type = kTypes[r.below(kTypes.size())];
  const auto* symbol = r.below(2) == 0 ? "1HZ100V" : "R_100";
  const auto* stake = kStakes[r.below(kStakes.size())];
  const bool v3 = scenario_.dialect == deriv::Dialect::kV3;
  count(Kind::kForeign);
  foreign_send(fmt::format(
      R"({{"buy":"1","price":{0},"parameters":{{"contract_type":"{1}","{2}":"{3}","currency":"USD",)"
      R"("basis":"stake","amount":{0},"duration":{4},"duration_unit":"t"}},"req_id":{5}}})",
      stake, type, v3 ? "symbol" : "underlying_symbol", symbol, 1 + r.below(5), ++foreign_req_));
}

// ---- what happened ----

void World::ledger_line(std::string_view line) {
  const auto json = sim::Json::parse(line);
  const auto event = json->find("event")->text();
  note("venue", line);
  if (event != "buy" && event != "settle" && event != "sell") return;
  const auto id = core::ContractId{std::stoll(json->find("contract_id")->text())};
  const auto& contract = *venue_->book().find(id);
  if (event == "buy") {
    auditor_.bought(contract, acting_for_us_ ? acting_order_ : core::OrderId{}, {});
    // A link that is dead without saying so yet shows nothing, nor does one that is given up before
    // the frames that it holds back get through.
    const bool heard = attempt_ && !attempt_->deaf && !attempt_->mute &&
                       std::max(attempt_->stalled_until, attempt_->down_last) <= now_ + kSecond;
    const bool live = heard && alive() && trader_->state() == deriv::SessionState::kLive;
    // While an order is unknown (for good, when it is ambiguous) it may be its contract.
    const bool sure = live && settled_down() && trader_->engine().account().unknown_orders == 0;
    if (!acting_for_us_ && !faults_on_ && sure) auditor_.foreign_seen_live(id);
  } else {
    auditor_.settled(contract);
  }
}

void World::write(const core::Event& event) {
  if (dying_) return;
  note("log", event.text.view());
  auditor_.told(event, !faults_on_);
}

void World::note(std::string_view what, std::string_view text) {
  const auto mix = [this](const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i)
      outcome_.hash = (outcome_.hash ^ bytes[i]) * 1099511628211ULL;
  };
  mix(&now_, sizeof now_);
  mix(text.data(), std::min<std::size_t>(text.size(), 256));
  if (trace_) trace_(fmt::format("{:11.6f} {:8} {}", static_cast<double>(now_) / 1e9, what, text));
}

Outcome run(const Scenario& scenario, const std::string& sqlite_path, const Trace& trace) {
  World world(scenario, sqlite_path, trace);
  return world.run();
}

}  // namespace derivd::chaos
