#include "derivctl/proof_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "common/output.hpp"
#include "core/rng.hpp"
#include "deriv/budget.hpp"
#include "deriv/encoder.hpp"
#include "deriv/link.hpp"
#include "derivctl/proof_read.hpp"
#include "derivctl/silent_link.hpp"
#include "derivctl/waiting.hpp"
#include "market/kind.hpp"
#include "market/symbols.hpp"

namespace derivd::ctl {
namespace {

using core::Duration;
using core::Instant;
using deriv::Call;
using nlohmann::json;
using proof::Verdict;
using std::chrono::seconds;

// Above every number that the session gives its own requests on one link.
constexpr std::int64_t kFirstRequest = 1'000'000'000;
// Past ticks to begin with: the one before a purchase is what some kinds enter at.
constexpr std::size_t kPast = 20;
// After a loss of the link: no tick of a contract may be missing, or its readings are of others.
constexpr std::size_t kCatchUp = 1000;
// Of one symbol; the longest contract of the table is of two minutes.
constexpr std::size_t kProofRunMaxKept = 4000;
// A reading of the rules may need some ticks more than the contract had.
constexpr std::size_t kTicksAfterStart = 8;
// A position that nobody closed is sold after so many ticks.
constexpr int kMostHeld = 200;
// The venue settles within seconds of the end; behind this, in its own time, nobody waits for it.
constexpr std::int64_t kSettledWithin = 120;
// Without any message of the venue, over every reconnect.
constexpr Duration kProofRunStall = seconds(120);
// Everything together: with the tries that chance may take.
constexpr Duration kLongest = std::chrono::hours(1);
constexpr Duration kFarewell = seconds(1);
// Of a link that is to be left alone, in the venue's time: until its login, or the ping at its end,
// is answered, and beyond its silence where the venue goes on talking over it.
constexpr std::int64_t kOpenWithin = 60;
constexpr std::int64_t kSpokenTo = 300;
constexpr int kDisturbed = 3;  // so often the session's own link may be lost meanwhile
constexpr int kChoices = 3;    // of the barriers that a refusal lists
constexpr int kSaleTries = 10;
constexpr int kWatchTries = 5;           // of a contract that the venue does not show, a tick apart
constexpr std::size_t kMaxFrames = 500;  // of one kind, in a file

core::Now proof_clocks(core::VenueTime venue) {
  const auto instant = std::chrono::steady_clock::now().time_since_epoch();
  return {{std::chrono::duration_cast<Duration>(instant).count()}, {}, venue};
}

enum class Stage { kSymbol, kAsk, kSilent, kBuy, kRun, kAfter, kDone };

/// A probe on its way.
struct Trial {
  const proof::Probe* probe = nullptr;
  Stage stage = Stage::kSymbol;
  market::SymbolInfo symbol;
  std::vector<proof::Request> asks;
  std::size_t next_ask = 0;
  int choices = 0;
  std::optional<proof::Request> chosen;  // after a refusal that lists barriers
  proof::Seen seen;
  // The contract that runs.
  proof::Course course;
  std::optional<core::ContractId> contract;
  core::Money stake;
  core::VenueTime give_up;
  int sales = 0;
  int watches = 0;
  bool selling = false;
  bool unwatched = false;  // the venue would not show it
  int bought = 0;
  // The link that is left alone.
  std::unique_ptr<SilentLink> silent;
  core::VenueTime silent_from;  // when it was begun
  std::int64_t silent_for = 0;  // seconds, until it was asked whether it is there
  int disturbances = 0;
  bool disturbed = false;  // the session's own link was lost since
  proof::Finding finding;
  std::vector<json> frames;

  bool done() const { return stage == Stage::kDone; }
};

class Run final : public deriv::SessionListener, public deriv::LinkEvents {
 public:
  Run(const ProofSettings& settings, deriv::SessionSettings session, deriv::SessionSettings second,
      net::Route route, const deriv::AccountInfo& account)
      : settings_(settings),
        account_(account),
        second_(std::move(second)),
        route_(route),
        dialect_(session.dialect),
        endpoint_(session.endpoint),
        rules_(deriv::make_rules(session.dialect)),
        encoder_(*rules_),
        rng_(std::random_device{}()),
        budget_(*rules_, rng_),
        link_(
            io_, std::move(route), net::Timeouts{}, [this] { return now(); }, [this] { arm(); }),
        session_(std::move(session), link_, *this, rng_),
        timer_(io_),
        signals_(io_, SIGINT, SIGTERM),
        waiting_(io_, [this] { return waits_for(); }) {
    link_.attach(*this);
    second_.account = account.id.str();
    spent_ = core::Money::minor(0, account.balance.exponent());
    for (const auto* probe : settings.probes) {
      trials_.emplace_back();
      trials_.back().probe = probe;
    }
  }

  ProofReport run() {
    heard_at_ = now().instant;
    until_ = heard_at_ + kLongest;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      report_.stopped = true;
      finish("stopped by a signal");
      io_.stop();
    });
    session_.start(now());
    arm();
    io_.run();
    if (settings_.draws) out::erase_line();
    return conclude();
  }

  // ---- LinkEvents: what is the proof's is taken, the rest is the session's ----
  void on_http(int status, std::string_view body, const core::Now& t) override {
    session_.on_http(status, body, t);
  }
  void on_http_failed(std::string_view reason, const core::Now& t) override {
    session_.on_http_failed(reason, t);
  }
  void on_open(const core::Now& t) override { session_.on_open(t); }
  void on_closed(int status, std::string_view reason, const core::Now& t) override {
    session_.on_closed(status, reason, t);
  }
  void on_frame(std::string_view frame, std::size_t capacity, const core::Now& t) override {
    heard_at_ = t.instant;
    const auto message = json::parse(frame, nullptr, false);
    const auto id = message.is_object() ? message.find("req_id") : message.end();
    const bool ours = message.is_object() && id != message.end() && id->is_number_integer() &&
                      id->get<std::int64_t>() >= kFirstRequest;
    if (!ours) return session_.on_frame(frame, capacity, t);
    if (!done_) on_ours(id->get<std::int64_t>(), message);
  }

  // ---- SessionListener ----
  void on_fact(const deriv::Fact& fact) override {
    std::visit([this](const auto& told) { on(told); }, fact);
  }

 private:
  void on(const deriv::fact::State& told) {
    if (!told.reason.empty()) problem_ = std::string(told.reason);
    const bool live = told.state == deriv::SessionState::kLive;
    if (told.state == deriv::SessionState::kReconciling) session_.reconciled(now());
    if (was_live_ && !live) lose_link();
    if (live && !was_live_) begin();
    was_live_ = live;
  }
  void on(const deriv::fact::Account& told) {
    if (told.account.is_real) return finish("the account is a real one");
    if (told.account.id != account_.id) finish("the venue opened another account than before");
  }
  void on(const deriv::fact::Symbols& told) {
    symbols_ = symbols_.with_list(told.list, venue_, endpoint_);
  }
  void on(const deriv::fact::Offerings& told) {
    symbols_ = symbols_.with_offerings(told.symbol, told.offerings);
    asked_.erase(told.symbol);
    choose_symbols();
  }
  void on(const deriv::fact::OfferingsRefused& told) {
    asked_.erase(told.symbol);
    choose_symbols();
  }
  void on(const deriv::fact::Fatal& told) { finish(std::string(told.text)); }
  void on(const deriv::fact::Notice& told) { problem_ = std::string(told.text); }
  void on(const deriv::fact::Clock& told) { venue_ = std::max(venue_, told.time); }
  void on(const auto&) {}  // what the proof buys and watches, it asks for in its own words

  /// What a request of ours is about.
  struct Asked {
    Call call = Call::kProposal;
    std::size_t trial = 0;           // of all but kHistory
    market::SymbolCode symbol = {};  // kHistory
    proof::Request request = {};     // kProposal, kBuy
    std::optional<Instant> until;  // an answer is awaited; empty: it has come, and a stream follows
  };
  struct Outgoing {
    std::int64_t id;
    Call call;
    std::string text;
  };

  core::Now now() const { return proof_clocks(venue_); }
  std::uint8_t exponent() const { return account_.balance.exponent(); }
  ReadAs read_as(const market::SymbolInfo& symbol) const { return {dialect_, symbol, exponent()}; }

  std::string waits_for() const {
    if (done_) return {};
    auto step = link_.waiting_for();
    if (!step.empty()) return step;
    if (session_.state() != deriv::SessionState::kLive) return problem_;
    return {};
  }

  // ---- requests ----

  /// Once the encoder has written `frame_` with this number.
  void enqueue(std::int64_t id, Asked asked) {
    note(asked.trial, "sent", json::parse(frame_, nullptr, false), asked.call != Call::kHistory);
    queue_.push_back({id, asked.call, frame_});
    open_.emplace(id, std::move(asked));
    pump();
  }
  void pump() {
    while (!queue_.empty() && session_.state() == deriv::SessionState::kLive) {
      const auto at = now().instant;
      auto& next = queue_.front();
      const bool order = next.call == Call::kProposal || next.call == Call::kBuy;
      const bool admitted =
          order ? budget_.try_take_order(next.call, {}, at) : budget_.try_take(next.call, at);
      if (!admitted) return;
      if (const auto asked = open_.find(next.id); asked != open_.end()) {
        asked->second.until = at + deriv::reply_timeout(next.call);
        link_.send(next.text);
      }
      queue_.pop_front();
    }
  }
  void ask_history(const market::SymbolCode& symbol) {
    const auto id = next_id_++;
    const auto count = ticks_.at(symbol).empty() ? kPast : kCatchUp;
    encoder_.ticks_history(frame_, id, symbol, count, true);
    enqueue(id, {.call = Call::kHistory, .symbol = symbol, .until = {}});
  }
  void ask_proposal(std::size_t n, const proof::Request& request) {
    const auto id = next_id_++;
    encoder_.proposal(frame_, id, request.spec, request.amount, account_.currency);
    enqueue(id, {.call = Call::kProposal, .trial = n, .request = request, .until = {}});
  }
  void send_buy(std::size_t n, const proof::Request& request) {
    const auto id = next_id_++;
    encoder_.buy(frame_, id, request.spec, request.amount, account_.currency);
    enqueue(id, {.call = Call::kBuy, .trial = n, .request = request, .until = {}});
  }
  void watch(std::size_t n) {
    const auto id = next_id_++;
    encoder_.open_contract(frame_, id, *trials_[n].contract, true);
    enqueue(id, {.call = Call::kWatch, .trial = n, .until = {}});
  }
  void sell(std::size_t n) {
    auto& trial = trials_[n];
    if (trial.selling || trial.sales >= kSaleTries) return;
    trial.selling = true;
    ++trial.sales;
    const auto id = next_id_++;
    encoder_.sell(frame_, id, *trial.contract);
    enqueue(id, {.call = Call::kSell, .trial = n, .until = {}});
  }

  void note(std::size_t n, std::string_view way, const json& message, bool of_trial) {
    if (!settings_.keeps_frames || !of_trial || trials_[n].frames.size() >= kMaxFrames) return;
    trials_[n].frames.push_back({{std::string(way), redacted(message, account_.id.view())}});
  }

  // ---- the link ----

  void begin() {
    if (symbols_.is_learned() && !chosen_) {
      for (const auto& trial : trials_) {
        for (const auto code : trial.probe->symbols) {
          if (is_open(code)) asked_.insert(market::SymbolCode(code));
        }
      }
      const auto all = asked_;
      for (const auto& symbol : all) session_.ask_offerings(symbol, now());
      return choose_symbols();
    }
    // After a loss: streams begin anew, and what asks for an answer is asked again.
    for (const auto& [symbol, ticks] : ticks_) ask_history(symbol);
    for (std::size_t n = 0; n < trials_.size(); ++n) {
      if (trials_[n].contract) watch(n);
      if (trials_[n].stage == Stage::kAsk) ask_next(n);
    }
    buy_more();
  }

  /// A purchase under way is never sent again; what it came to, nobody knows.
  void lose_link() {
    queue_.clear();
    for (auto& trial : trials_) trial.disturbed = trial.stage == Stage::kSilent;
    const auto lost = std::exchange(open_, {});
    for (const auto& [id, asked] : lost) {
      if (asked.call == Call::kBuy) lose_purchase(asked, "the link was lost before the answer");
      if (asked.call == Call::kSell) trials_[asked.trial].selling = false;
    }
  }

  void lose_purchase(const Asked& asked, std::string_view why) {
    auto& trial = trials_[asked.trial];
    if (!asked.until) return back_to_buying(trial);  // it was never sent
    spent_ += asked.request.amount;
    report_.left_open.push_back({{}, market::encode(asked.request.spec), asked.request.amount});
    end(trial, {Verdict::kUndecided,
                fmt::format("the purchase is not known: {}; it is not repeated", why)});
  }
  static void back_to_buying(Trial& trial) {
    trial.stage = Stage::kBuy;
    trial.stake = {};
  }

  // ---- symbols ----

  bool is_open(std::string_view code) const {
    const auto* row = symbols_.listed(code);
    return row != nullptr && row->is_open && !row->is_suspended;
  }
  void choose_symbols() {
    if (!asked_.empty() || chosen_) return;
    chosen_ = true;
    for (auto& trial : trials_) {
      for (const auto code : trial.probe->symbols) {
        const auto* offers = symbols_.offerings(code);
        const bool sold =
            trial.probe->type.empty() || (offers != nullptr && offers->has(trial.probe->type));
        if (!is_open(code) || !sold) continue;
        trial.symbol = symbols_.get(code);
        trial.seen.symbol = trial.symbol;
        ticks_.try_emplace(trial.symbol.code);
        break;
      }
      if (trial.symbol.code.empty()) {
        end(trial, {Verdict::kUndecided, fmt::format("none of {} is open and sells it now",
                                                     fmt::join(trial.probe->symbols, ", "))});
      }
    }
    for (const auto& [symbol, ticks] : ticks_) ask_history(symbol);
  }

  // ---- answers ----

  void on_ours(std::int64_t id, const json& message) {
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    const bool first = found->second.until.has_value();
    found->second.until.reset();
    const auto asked = found->second;
    note(asked.trial, "received", message, asked.call != Call::kHistory);
    const auto error = error_of(message);
    if (first && error.starts_with("RateLimit")) return hold_back(id, asked);
    if (first) budget_.answered(asked.call);
    const bool streams = asked.call == Call::kHistory || asked.call == Call::kWatch;
    if (!streams) open_.erase(found);
    switch (asked.call) {
      case Call::kHistory:
        return error.empty() ? on_ticks(asked.symbol, message) : lose_symbol(asked.symbol, error);
      case Call::kProposal:
        return on_answer(asked, message);
      case Call::kBuy:
        return on_buy(asked, message, error);
      case Call::kWatch:
        trials_[asked.trial].unwatched = !error.empty();
        return on_course(asked.trial, message);
      case Call::kSell:
        trials_[asked.trial].selling = false;
        return;
      default:
        return;
    }
  }

  /// A refusal for too many calls proves that nothing was done: the same is asked later.
  void hold_back(std::int64_t id, const Asked& asked) {
    budget_.refused(asked.call, now().instant);
    open_.erase(id);
    auto& trial = trials_[asked.trial];
    switch (asked.call) {
      case Call::kHistory:
        return ask_history(asked.symbol);
      case Call::kProposal:
        return ask_proposal(asked.trial, asked.request);
      case Call::kBuy:
        back_to_buying(trial);
        return buy_more();
      case Call::kWatch:
        return watch(asked.trial);
      default:
        trial.selling = false;
        return;
    }
  }

  /// Without its ticks nothing can be planned or judged.
  void lose_symbol(const market::SymbolCode& symbol, const std::string& error) {
    if (!ticks_[symbol].empty()) return;  // it is asked for again with the next link
    for (auto& trial : trials_) {
      if (trial.symbol.code != symbol || trial.done()) continue;
      end(trial, {Verdict::kUndecided, fmt::format("the venue gives no ticks: {}", error)});
    }
  }

  void on_ticks(const market::SymbolCode& symbol, const json& message) {
    auto& kept = ticks_[symbol];
    const bool had_none = kept.empty();
    for (const auto& tick : read_ticks(message, read_as(symbols_.get(symbol)))) {
      if (!kept.empty() && tick.epoch <= kept.back().epoch) continue;
      kept.push_back(tick);
      venue_ = std::max(venue_, tick.epoch);
      if (kept.size() > kProofRunMaxKept) kept.pop_front();
    }
    if (kept.empty()) return;
    for (std::size_t n = 0; n < trials_.size(); ++n) {
      auto& trial = trials_[n];
      if (trial.symbol.code != symbol) continue;
      if (had_none && trial.stage == Stage::kSymbol) start_asking(n);
      if (trial.stage == Stage::kSilent) look_at_silence(n);
      if (trial.stage == Stage::kRun) look_after(n);
      if (trial.stage == Stage::kAfter) judge_when_ready(n);
    }
    buy_more();
  }

  proof::Market market_of(const Trial& trial) const {
    return {trial.symbol, ticks_.at(trial.symbol.code).back(),
            symbols_.offerings(trial.symbol.code), exponent()};
  }

  void start_asking(std::size_t n) {
    auto& trial = trials_[n];
    if (trial.probe->silent_s > 0) return fall_silent(trial);
    if (trial.probe->asks != nullptr) trial.asks = trial.probe->asks(market_of(trial));
    trial.stage = Stage::kAsk;
    ask_next(n);
  }
  void ask_next(std::size_t n) {
    auto& trial = trials_[n];
    if (trial.next_ask < trial.asks.size()) return ask_proposal(n, trial.asks[trial.next_ask]);
    if (trial.probe->buys == nullptr) return end(trial, trial.probe->judge(trial.seen));
    if (!settings_.may_buy) {
      return end(trial, {Verdict::kUndecided, "nothing was bought, because nobody agreed to it"});
    }
    trial.stage = Stage::kBuy;
  }
  void on_answer(const Asked& asked, const json& message) {
    auto& trial = trials_[asked.trial];
    if (trial.stage != Stage::kAsk) return;
    auto answer = read_answer(asked.request, message, read_as(trial.symbol));
    if (!answer.offer && trial.choices < kChoices) {
      if (const auto other = proof::with_choice(asked.request, trial.symbol, answer.refusal)) {
        ++trial.choices;
        return ask_proposal(asked.trial, *other);
      }
    }
    trial.seen.answers.push_back(std::move(answer));
    ++trial.next_ask;
    ask_next(asked.trial);
  }

  // ---- links that are left alone ----

  /// From an event of the session's own link alone: the one before is destroyed here.
  void fall_silent(Trial& trial) {
    trial.stage = Stage::kSilent;
    trial.disturbed = false;
    trial.silent_from = venue_;
    trial.silent = std::make_unique<SilentLink>(io_, second_, route_, [this] { return now(); });
    trial.silent->start();
  }

  /// After each tick, which is also the proof that the network was there.
  void look_at_silence(std::size_t n) {
    auto& trial = trials_[n];
    auto& link = *trial.silent;
    const auto quiet = (venue_ - link.since()).count();
    const auto begun = (venue_ - trial.silent_from).count();
    if (trial.disturbed) {
      if (++trial.disturbances <= kDisturbed) return fall_silent(trial);
      return give_silence_up(trial, "the session's own link was lost meanwhile, again and again");
    }
    switch (link.state()) {
      case SilentLink::State::kOpening:
        if (begun > kOpenWithin) give_silence_up(trial, "its login was not answered");
        return;
      case SilentLink::State::kFailed:
        return give_silence_up(trial, "it could not be opened, or was gone: " + link.reason());
      case SilentLink::State::kClosed:
        return judge_silence(trial, {(link.closed_at() - link.since()).count(), true});
      case SilentLink::State::kAsked:
        if (quiet > trial.silent_for + kOpenWithin) give_silence_up(trial, "it did not answer");
        return;
      case SilentLink::State::kAnswered:
        return judge_silence(trial, {trial.silent_for, false});
      case SilentLink::State::kSilent:
        if (quiet >= trial.probe->silent_s) {
          trial.silent_for = quiet;
          return link.ask();
        }
        if (begun > trial.probe->silent_s + kSpokenTo) {
          give_silence_up(trial, "the venue talks over it unasked");
        }
        return;
    }
  }
  void give_silence_up(Trial& trial, std::string why) {
    trial.silent->close();
    // The words of a refusal may name the account, which no report does.
    const std::string_view id = account_.id.view();
    for (auto at = why.find(id); !id.empty() && at != std::string::npos; at = why.find(id)) {
      why.replace(at, id.size(), "…");
    }
    end(trial, {Verdict::kUndecided, std::move(why)});
  }
  void judge_silence(Trial& trial, const proof::Silence& silence) {
    trial.silent->close();
    if (settings_.keeps_frames) {
      const json kept = {{"silence",
                          {{"seconds", silence.seconds},
                           {"closed", silence.closed},
                           {"reason", trial.silent->reason()}}}};
      trial.frames.push_back(redacted(kept, account_.id.view()));
    }
    trial.seen.silences.push_back(silence);
    trial.finding = trial.probe->judge(trial.seen);
    const bool again = trial.finding.verdict == Verdict::kUndecided &&
                       static_cast<int>(trial.seen.silences.size()) < settings_.tries;
    if (again) return fall_silent(trial);
    end(trial, trial.finding);
  }

  // ---- purchases ----

  /// What can be lost of everything that is open.
  core::Money at_risk() const {
    auto sum = core::Money::minor(0, exponent());
    for (const auto& trial : trials_) {
      if (trial.stage == Stage::kRun) sum += trial.stake;
    }
    return sum;
  }
  void buy_more() {
    if (done_ || session_.state() != deriv::SessionState::kLive) return;
    for (std::size_t n = 0; n < trials_.size(); ++n) {
      auto& trial = trials_[n];
      if (trial.stage != Stage::kBuy || ticks_.at(trial.symbol.code).empty()) continue;
      const auto request = trial.chosen ? *trial.chosen : trial.probe->buys(market_of(trial));
      const auto worst = at_risk();
      if (spent_ + worst + request.amount > settings_.max_cost) {
        if (!worst.is_zero()) return;  // what is open may leave room for it
        end(trial, {Verdict::kUndecided,
                    fmt::format("{} more could be lost, and --max-cost is {} with {} spent",
                                request.amount.to_string(), settings_.max_cost.to_string(),
                                spent_.to_string())});
        continue;
      }
      trial.stage = Stage::kRun;
      trial.stake = request.amount;
      trial.course = {};
      trial.course.bought = request;
      trial.give_up = {INT64_MAX};
      send_buy(n, request);
    }
  }

  void on_buy(const Asked& asked, const json& message, const std::string& error) {
    auto& trial = trials_[asked.trial];
    if (!error.empty()) {
      const auto other = proof::with_choice(asked.request, trial.symbol, error);
      if (other && trial.choices++ < kChoices) {
        trial.chosen = other;
        back_to_buying(trial);
        return buy_more();
      }
      return end(trial,
                 {Verdict::kUndecided,
                  fmt::format("{} was refused: {}", market::encode(asked.request.spec), error)});
    }
    const auto bought = message.find("buy");
    const auto id =
        bought == message.end() || !bought->is_object() || !bought->contains("contract_id")
            ? json()
            : (*bought)["contract_id"];
    if (!id.is_number_integer() || id.get<std::int64_t>() <= 0) {
      auto lost = asked;
      lost.until = now().instant;
      return lose_purchase(lost, "its answer has no contract");
    }
    ++trial.bought;
    trial.chosen.reset();
    trial.choices = trial.watches = 0;
    trial.unwatched = trial.selling = false;
    trial.contract = core::ContractId{id.get<std::int64_t>()};
    note_purchase(trial, *bought);
    watch(asked.trial);
  }

  void note_purchase(Trial& trial, const json& bought) {
    const auto text = [&](std::string_view name) {
      const auto at = bought.find(name);
      return at != bought.end() && at->is_number() ? at->dump() : std::string("0");
    };
    const auto& kind = market::kind_of(trial.course.bought.spec.type);
    const auto payout = core::Money::parse(text("payout"), exponent());
    trial.course.payout =
        market::has_payout(kind) && payout ? *payout : core::Money::minor(0, exponent());
    trial.course.start = venue_;
  }

  /// From its first sign of life on.
  void set_patience(Trial& trial) {
    if (trial.give_up.s != INT64_MAX) return;
    const auto& kind = market::kind_of(trial.course.bought.spec.type);
    const auto& length = trial.course.bought.spec.duration;
    const std::int64_t interval = std::max<std::int64_t>(trial.symbol.interval_s, 2);
    const auto lasts = !kind.needs.has_length() ? kMostHeld * interval
                       : length.in_ticks()      ? (length.count + 2) * interval
                                                : length.seconds();
    trial.give_up = {venue_.s + lasts + kSettledWithin};
  }

  void on_course(std::size_t n, const json& message) {
    auto& trial = trials_[n];
    if (trial.stage != Stage::kRun || !trial.contract) return;
    if (!read_contract(message, read_as(trial.symbol), trial.course)) return;
    set_patience(trial);
    if (!is_over(message)) return;
    trial.contract.reset();
    trial.stage = Stage::kAfter;
    const auto paid = trial.course.paid.value_or(core::Money::minor(0, exponent()));
    if (paid < trial.stake) spent_ += trial.stake - paid;
    judge_when_ready(n);
    buy_more();
  }

  std::size_t ticks_after(const Trial& trial, core::VenueTime time) const {
    const auto& ticks = ticks_.at(trial.symbol.code);
    return static_cast<std::size_t>(
        std::ranges::count_if(ticks, [&](const market::Tick& t) { return t.epoch > time; }));
  }

  /// Sells what has been held long enough, and gives up what does not end.
  void look_after(std::size_t n) {
    auto& trial = trials_[n];
    if (!trial.contract) return;
    if (trial.unwatched && trial.watches < kWatchTries) {
      trial.unwatched = false;
      ++trial.watches;
      watch(n);
    }
    if (venue_ > trial.give_up || trial.unwatched) {
      const auto id = trial.contract->value;
      spent_ += trial.stake;
      report_.left_open.push_back(
          {std::to_string(id), market::encode(trial.course.bought.spec), trial.stake});
      trial.contract.reset();
      return end(trial,
                 {Verdict::kUndecided, fmt::format("the end of contract {} was not seen", id)});
    }
    // A venue that does not show the entry, or by another name, must not keep it open for ever.
    const auto held =
        static_cast<int>(ticks_after(trial, trial.course.entry.value_or(trial.course.start)));
    const bool endless = !market::kind_of(trial.course.bought.spec.type).needs.has_length();
    const bool enough = trial.probe->hold_ticks > 0 && held >= trial.probe->hold_ticks;
    if (!enough && !(endless && held >= kMostHeld)) return;
    trial.course.sold = true;
    sell(n);
  }

  /// The readings of a rule look at ticks behind the end, too.
  void judge_when_ready(std::size_t n) {
    auto& trial = trials_[n];
    auto end_seen = trial.course.start;
    if (trial.course.exit) end_seen = std::max(end_seen, *trial.course.exit);
    if (ticks_after(trial, trial.course.start) < kTicksAfterStart ||
        ticks_after(trial, end_seen) == 0) {
      return;
    }
    take_ticks(trial);
    trial.seen.courses.push_back(trial.course);
    auto finding = trial.probe->judge(trial.seen);
    const bool again = finding.verdict == Verdict::kUndecided && trial.probe->by_chance &&
                       trial.bought < settings_.tries;
    trial.finding = std::move(finding);
    trial.sales = 0;
    if (again) return back_to_buying(trial);
    if (trial.finding.verdict == Verdict::kUndecided && trial.probe->by_chance) {
      trial.finding.seen += "; try again, --tries says how often";
    }
    end(trial, trial.finding);
  }
  void take_ticks(Trial& trial) {
    constexpr std::int64_t kBefore = 60;  // the tick before the start is in there
    auto rows = json::array();
    for (const auto& tick : ticks_.at(trial.symbol.code)) {
      const bool near = tick.epoch.s >= trial.course.start.s - kBefore;
      if (!near || trial.course.ticks.size() >= proof::kMaxTicks) continue;
      trial.course.ticks.push_back(tick);
      rows.push_back({tick.epoch.s, tick.quote.to_string()});
    }
    if (settings_.keeps_frames && trial.frames.size() < kMaxFrames) {
      trial.frames.push_back({{"ticks", std::move(rows)}});
    }
  }

  // ---- the end ----

  void end(Trial& trial, proof::Finding finding) {
    trial.stage = Stage::kDone;
    trial.finding = std::move(finding);
    draw();
    if (std::ranges::all_of(trials_, &Trial::done)) finish({});
  }

  void draw() {
    if (!settings_.draws || done_) return;
    std::string running;
    for (const auto& trial : trials_) {
      if (trial.stage != Stage::kRun && trial.stage != Stage::kSilent) continue;
      running += (running.empty() ? "" : " ") + std::string(trial.probe->kind);
    }
    out::redraw(fmt::format("{} of {} decided  {}", std::ranges::count_if(trials_, &Trial::done),
                            trials_.size(), running));
  }

  void finish(std::string problem) {
    if (done_) return;
    done_ = true;
    report_.problem = std::move(problem);
    farewell_ = now().instant + kFarewell;
    session_.stop(now());
    if (session_.state() == deriv::SessionState::kOffline) io_.stop();
    arm();
  }

  ProofReport conclude() {
    for (auto& [id, asked] : open_) {
      if (asked.call != Call::kBuy || !asked.until) continue;
      spent_ += asked.request.amount;
      report_.left_open.push_back({{}, market::encode(asked.request.spec), asked.request.amount});
    }
    for (auto& trial : trials_) {
      if (trial.contract) {
        spent_ += trial.stake;
        report_.left_open.push_back({std::to_string(trial.contract->value),
                                     market::encode(trial.course.bought.spec), trial.stake});
      }
      if (!trial.done()) {
        trial.finding = {Verdict::kUndecided,
                         report_.problem.empty() ? "not finished" : report_.problem};
      }
      report_.results.push_back({trial.probe, trial.symbol.code.str(), trial.finding, trial.bought,
                                 std::move(trial.frames)});
    }
    report_.spent = spent_;
    return std::move(report_);
  }

  void on_timer(const core::Now& time) {
    if (const auto d = session_.next_deadline(); d && *d <= time.instant) {
      session_.on_deadline(time);
    }
    if (done_) {
      if (time.instant >= farewell_) io_.stop();
      return;
    }
    give_up_overdue(time.instant);
    pump();
    if (!done_ && time.instant >= until_) {
      finish(fmt::format("not everything was decided within {} min",
                         kLongest / std::chrono::minutes(1)));
    }
    if (!done_ && time.instant - heard_at_ >= kProofRunStall) {
      finish(fmt::format("nothing of the venue for {} s{}", kProofRunStall / seconds(1),
                         problem_.empty() ? "" : ": " + problem_));
    }
  }

  void give_up_overdue(Instant at) {
    std::vector<Asked> overdue;
    for (auto it = open_.begin(); it != open_.end();) {
      const bool late = it->second.until && *it->second.until <= at;
      if (late) overdue.push_back(it->second);
      it = late ? open_.erase(it) : std::next(it);
    }
    for (const auto& asked : overdue) {
      switch (asked.call) {
        case Call::kBuy:
          lose_purchase(asked, "no answer came");
          break;
        case Call::kProposal:
          on_answer(asked, {{"error", {{"code", "NoAnswer"}, {"message", "no answer came"}}}});
          break;
        case Call::kHistory:
          ask_history(asked.symbol);
          break;
        case Call::kWatch:
          if (trials_[asked.trial].contract) watch(asked.trial);
          break;
        default:
          trials_[asked.trial].selling = false;
      }
    }
  }

  void arm() {
    if (done_ && session_.state() == deriv::SessionState::kOffline) return io_.stop();
    const auto at_now = now().instant;
    auto at = done_ ? farewell_ : std::min(heard_at_ + kProofRunStall, until_);
    if (const auto d = session_.next_deadline(); d && *d < at) at = *d;
    for (const auto& [id, asked] : open_) {
      if (asked.until && *asked.until < at) at = *asked.until;
    }
    if (!queue_.empty() && session_.state() == deriv::SessionState::kLive) {
      at = std::min(at, std::max(budget_.next_free(queue_.front().call, at_now),
                                 at_now + std::chrono::milliseconds(50)));
    }
    timer_.expires_at(std::chrono::steady_clock::time_point(Duration(at.ns)));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      on_timer(now());
      arm();
    });
  }

  const ProofSettings& settings_;
  const deriv::AccountInfo account_;
  deriv::SessionSettings second_;  // of the links that are left alone
  const net::Route route_;
  const deriv::Dialect dialect_;
  const std::string endpoint_;
  std::unique_ptr<deriv::Rules> rules_;
  deriv::Encoder encoder_;
  boost::asio::io_context io_{1};
  core::Rng rng_;
  deriv::CallBudget budget_;
  deriv::Link link_;
  deriv::Session session_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  Waiting waiting_;
  market::Symbols symbols_;
  std::vector<Trial> trials_;
  std::set<market::SymbolCode> asked_;  // whose offers are awaited
  std::map<market::SymbolCode, std::deque<market::Tick>> ticks_;
  std::map<std::int64_t, Asked> open_;  // by number of the request
  std::deque<Outgoing> queue_;          // not sent yet, for the venue's budget of calls
  std::string frame_;
  std::int64_t next_id_ = kFirstRequest;
  core::VenueTime venue_;
  core::Money spent_;
  Instant heard_at_;
  Instant until_;
  Instant farewell_;
  ProofReport report_;
  std::string problem_;
  bool was_live_ = false, chosen_ = false, done_ = false;
};

}  // namespace

ProofReport run_proof(const ProofSettings& settings, deriv::SessionSettings session,
                      deriv::SessionSettings second, net::Route route,
                      const deriv::AccountInfo& account) {
  Run run(settings, std::move(session), std::move(second), std::move(route), account);
  return run.run();
}

}  // namespace derivd::ctl
