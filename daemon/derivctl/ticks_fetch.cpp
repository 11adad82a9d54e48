// ticks fetch: past ticks of the venue into the archive, over its public socket, page by page.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <numeric>
#include <optional>
#include <random>

#include "common/output.hpp"
#include "core/counted.hpp"
#include "core/nearest.hpp"
#include "core/rng.hpp"
#include "deriv/encoder.hpp"
#include "deriv/link.hpp"
#include "derivctl/public_venue.hpp"
#include "derivctl/ticks.hpp"
#include "derivctl/waiting.hpp"
#include "service/exit_code.hpp"
#include "store/fetch_plan.hpp"

namespace derivd::ctl {
namespace {

using std::chrono::seconds;

/// Longer than the venue's longest back-off for a budget of calls, and than several lost links.
constexpr core::Duration kTicksFetchStall = seconds(180);
/// Until the venue is reached at all. Each step of an attempt has a bound of its own, and there are
/// several attempts in this.
constexpr core::Duration kReach = seconds(30);
constexpr core::Duration kRedrawEvery = std::chrono::milliseconds(200);
constexpr int kBarWidth = 24;
constexpr int kMaxDays = 3650;
/// Gaps of each kind that are told one by one; --json has them all.
constexpr std::size_t kShownSpans = 10;

struct TicksFetchArgs {
  std::string symbol;
  std::string dir;
  std::string from;
  std::string to;
  int days = 0;
  PublicVenueOptions venue;
  bool quiet = false;
  bool again = false;
};

/// One fetch: session, archive and plan on a loop of their own.
class Fetch final : public deriv::SessionListener {
 public:
  Fetch(const TicksFetchArgs& args, PublicVenue venue, const market::SymbolCode& symbol,
        store::TickArchive archive, std::optional<store::Span> range)
      : args_(args),
        symbol_(symbol),
        archive_(std::move(archive)),
        range_(range),
        rng_(std::random_device{}()),
        link_(
            io_, std::move(venue.route), net::Timeouts{}, [this] { return now(); },
            [this] { arm(); }),
        session_(std::move(venue.settings), link_, *this, rng_),
        timer_(io_),
        signals_(io_, SIGINT, SIGTERM),
        waiting_(io_, [this] { return waits_for(); }),
        draws_(!args.quiet && ::isatty(STDERR_FILENO) == 1) {
    link_.attach(session_);
  }

  int run() {
    progress_at_ = now().instant;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      finish(service::kCtlOther, "stopped");
      io_.stop();  // the venue's answer to our farewell is worth no wait
    });
    session_.start(now());
    arm();
    io_.run();
    if (draws_) out::erase_line();
    return code_;
  }

  bool finished() const { return code_ == service::kCtlOk; }
  bool is_final() const { return final_; }
  const std::string& text() const { return text_; }
  std::uint64_t added() const { return added_; }
  std::uint64_t known() const { return known_; }
  std::uint64_t pages() const { return pages_; }
  std::uint64_t refused() const { return refused_; }
  const std::string& refusal() const { return refusal_; }
  std::uint64_t conflicts() const { return conflicts_; }
  const std::string& conflict() const { return conflict_; }
  std::int64_t absent_seconds() const { return absent_; }
  const std::optional<store::FetchPlan>& plan() const { return plan_; }

  // ---- SessionListener ----
  void on_fact(const deriv::Fact& fact) override {
    std::visit([this](const auto& told) { on(told); }, fact);
  }

 private:
  void on(const deriv::fact::State& told) {
    if (!told.reason.empty()) problem_ = std::string(told.reason);
    if (told.state == deriv::SessionState::kReconciling) session_.reconciled(now());
    if (told.state == deriv::SessionState::kLive && !plan_) make_plan();
  }
  void on(const deriv::fact::Past& told) {
    const auto& past = told.past;
    if (done_ || !plan_) return;
    progress_at_ = now().instant;
    problem_.clear();
    ++pages_;
    if (refused_ == 0) refusal_ = past.refusal;
    refused_ += past.refused;
    const auto answer = plan_->on_page(past.ticks, past.refused == 0, progress_at_);
    if (const auto error = keep(answer, past.decimals)) {
      return finish(service::kCtlOther, *error);
    }
    draw();
    ask();
  }
  void on(const deriv::fact::PastRefused& told) {
    final_ = true;
    finish(service::kCtlRefused,
           fmt::format("the venue refuses ticks of {}: {}", symbol_, told.why));
  }
  void on(const deriv::fact::Fatal& told) { finish(service::kCtlRefused, std::string(told.text)); }
  void on(const deriv::fact::Notice& told) { problem_ = std::string(told.text); }
  void on(const deriv::fact::Clock& told) { venue_ = told.time; }
  void on(const auto&) {}  // who fetches the past alone has no use for the rest

  core::Now now() const {
    const auto instant = std::chrono::steady_clock::now().time_since_epoch();
    return {{std::chrono::duration_cast<core::Duration>(instant).count()}, {}, venue_};
  }

  /// For a person who sees nothing happen.
  std::string waits_for() const {
    if (done_ || (draws_ && plan_)) return {};  // the bar has the words
    auto step = link_.waiting_for();
    if (!step.empty()) return step;
    if (session_.state() != deriv::SessionState::kLive) return problem_;
    return now().instant - progress_at_ < kSaidAfter ? "" : "waiting for the venue's ticks";
  }

  /// By the venue's clock, which a simulator may set anywhere.
  void make_plan() {
    store::Span range = range_.value_or(store::Span{1, INT64_MAX});
    range.last = std::min(range.last, venue_.s);
    if (args_.days > 0) range.first = venue_.s - args_.days * store::kSecondsPerDay;
    if (range.first > range.last) {
      return finish(service::kCtlUsage, "the span lies in the venue's future");
    }
    auto missing = archive_.missing(symbol_, range,
                                    args_.again ? store::Trust::kNothing : store::Trust::kProven);
    if (!missing) return finish(service::kCtlRefused, missing.error().text);
    plan_.emplace(std::move(*missing), store::cadence_of(symbol_),
                  static_cast<std::int64_t>(deriv::kMaxHistory), venue_.s);
    ask();
  }

  void ask() {
    const auto at = now();
    wait_until_ = plan_->wait_until(at.instant);
    if (wait_until_) return;
    const auto span = plan_->next(at.instant);
    if (!span) return finish(service::kCtlOk, {});
    session_.ask_past(symbol_, {span->first}, {span->last}, at);
  }

  std::optional<std::string> keep(const store::FetchPlan::Answer& answer, std::uint8_t decimals) {
    const auto merged = archive_.merge(symbol_, decimals, answer.ticks, store::BadRows::kLeaveOut);
    if (!merged) return merged.error().text;
    if (conflicts_ == 0) conflict_ = merged->first_left_out;
    conflicts_ += merged->left_out;
    for (const auto& note : merged->notes) out::error("derivctl: {}\n", note);
    added_ += merged->added;
    known_ += merged->known;
    for (const auto& span : answer.absent) {
      if (const auto done = archive_.mark_absent(symbol_, decimals, span, venue_); !done) {
        return done.error().text;
      }
      absent_ += span.last - span.first + 1;
    }
    return std::nullopt;
  }

  void draw() {
    const auto at = now().instant;
    if (!draws_ || at - drawn_at_ < kRedrawEvery) return;
    drawn_at_ = at;
    const auto total = std::max<std::int64_t>(plan_->total(), 1);
    const auto filled = static_cast<int>(plan_->done() * kBarWidth / total);
    out::redraw(fmt::format("{}  [{:#<{}}{:.<{}}] {:3} %  {}{}", symbol_, "", filled, "",
                            kBarWidth - filled, plan_->done() * 100 / total,
                            core::counted(added_ + known_, "tick"),
                            problem_.empty() ? "" : "  (" + problem_ + ")"));
  }

  void finish(int code, std::string text) {
    if (done_) return;
    done_ = true;
    code_ = code;
    text_ = std::move(text);
    session_.stop(now());
    if (session_.state() == deriv::SessionState::kOffline) io_.stop();
    arm();
  }

  void arm() {
    if (done_ && session_.state() == deriv::SessionState::kOffline) return io_.stop();
    const auto patience = plan_ ? kTicksFetchStall : kReach;
    auto at = progress_at_ + patience;
    if (const auto d = session_.next_deadline(); d && *d < at) at = *d;
    if (wait_until_ && *wait_until_ < at) at = *wait_until_;
    timer_.expires_at(std::chrono::steady_clock::time_point(core::Duration(at.ns)));
    timer_.async_wait([this, patience](const boost::system::error_code& error) {
      if (error) return;
      const auto time = now();
      if (const auto d = session_.next_deadline(); d && *d <= time.instant) {
        session_.on_deadline(time);
      }
      if (!done_ && wait_until_ && *wait_until_ <= time.instant) ask();
      if (!done_ && time.instant - progress_at_ >= patience) {
        finish(
            service::kCtlTimeout,
            fmt::format("{} {} s{}", plan_ ? "no answer for" : "the venue was not reached within",
                        patience / seconds(1), problem_.empty() ? "" : ": " + problem_));
      }
      arm();
    });
  }

  const TicksFetchArgs& args_;
  const market::SymbolCode symbol_;
  store::TickArchive archive_;
  const std::optional<store::Span> range_;
  boost::asio::io_context io_{1};
  core::Rng rng_;
  deriv::Link link_;
  deriv::Session session_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  Waiting waiting_;
  const bool draws_;
  std::optional<store::FetchPlan> plan_;
  core::VenueTime venue_;
  core::Instant progress_at_;
  core::Instant drawn_at_;
  std::optional<core::Instant> wait_until_;  // until the plan has a question again
  std::string problem_;
  std::string text_;
  int code_ = service::kCtlOther;
  bool done_ = false;
  bool final_ = false;  // asking again would be answered alike
  std::uint64_t added_ = 0;
  std::uint64_t known_ = 0;
  std::uint64_t pages_ = 0;
  std::uint64_t refused_ = 0;  // rows of answers
  std::string refusal_;        // the first of them
  std::uint64_t conflicts_ = 0;
  std::string conflict_;
  std::int64_t absent_ = 0;
};

std::int64_t seconds_of(const std::vector<store::Span>& spans) {
  return std::accumulate(
      spans.begin(), spans.end(), std::int64_t{0},
      [](std::int64_t sum, const store::Span& s) { return sum + s.last - s.first + 1; });
}

nlohmann::ordered_json spans_of(const std::vector<store::Span>& spans) {
  auto out = nlohmann::ordered_json::array();
  for (const auto& span : spans) out.push_back({{"from", span.first}, {"to", span.last}});
  return out;
}

/// What was asked for and is not in the archive now.
struct Lack {
  std::vector<store::Span> unavailable, unproven, pending;
  explicit Lack(const Fetch& fetch) {
    if (!fetch.plan()) return;
    unavailable = fetch.plan()->unavailable();
    unproven = fetch.plan()->unproven();
    pending = fetch.plan()->pending();
  }
  bool none() const { return unavailable.empty() && unproven.empty(); }
};

void print_fetch_json(const market::SymbolCode& symbol, const Fetch& fetch, const Lack& lack) {
  const bool complete = fetch.finished() && lack.none() && fetch.conflicts() == 0;
  out::json({{"symbol", symbol.view()},
             {"complete", complete},
             {"added", fetch.added()},
             {"known", fetch.known()},
             {"refused", fetch.refused()},
             {"conflicts", fetch.conflicts()},
             {"pages", fetch.pages()},
             {"absent_seconds", fetch.absent_seconds()},
             {"missing_seconds", seconds_of(lack.unavailable) + seconds_of(lack.unproven)},
             {"pending_seconds", seconds_of(lack.pending)},
             {"unavailable", spans_of(lack.unavailable)},
             {"unproven", spans_of(lack.unproven)}});
}

void print_spans(const market::SymbolCode& symbol, const std::vector<store::Span>& spans,
                 std::string_view what) {
  for (std::size_t i = 0; i < std::min(spans.size(), kShownSpans); ++i) {
    out::print("{}: {} to {}, {} s: {}\n", symbol, when(spans[i].first), when(spans[i].last),
               spans[i].last - spans[i].first + 1, what);
  }
  if (spans.size() > kShownSpans) {
    out::print("{}: and {} more such gaps\n", symbol, spans.size() - kShownSpans);
  }
}

void print_fetch_text(const market::SymbolCode& symbol, const Fetch& fetch, const Lack& lack) {
  out::print(
      "{}: {} added, {} there; {} s without ticks at the venue, by two answers "
      "each\n",
      symbol, core::counted(fetch.added(), "tick"), core::counted(fetch.known(), "was", "were"),
      fetch.absent_seconds());
  print_spans(symbol, lack.pending, "no tick yet, asked for again by the next fetch");
  print_spans(symbol, lack.unavailable,
              "the venue answered other ticks: it does not go back so far");
  print_spans(symbol, lack.unproven, "the venue answered nothing that could be believed");
}

/// What is missing, for the last line; empty: nothing.
std::string missing_of_fetch(const Lack& lack) {
  if (lack.none()) return {};
  return fmt::format("{} s of what was asked for are missing{}",
                     seconds_of(lack.unavailable) + seconds_of(lack.unproven),
                     lack.unproven.empty() ? "" : "; the same command asks again");
}

/// For a symbol that derivd does not know either.
std::string hint_for(const market::SymbolCode& symbol) {
  if (market::find_symbol(symbol.view()) != nullptr) return {};
  std::vector<std::string_view> known;
  for (const auto& info : market::known_symbols()) known.push_back(info.code);
  const auto meant = core::nearest(symbol.view(), known);
  return meant ? fmt::format("; did you mean {}?", *meant) : std::string{};
}

/// Ends with the line that says what is missing, and with the exit code that says whether.
int tell_fetch(const Context& context, const market::SymbolCode& symbol, const Fetch& fetch,
               int code) {
  const Lack lack(fetch);
  if (context.json) {
    print_fetch_json(symbol, fetch, lack);
  } else if (fetch.pages() > 0 || code == service::kCtlOk) {
    print_fetch_text(symbol, fetch, lack);
  }
  if (code != service::kCtlOk) {
    auto text = fetch.text();
    if (fetch.is_final()) {
      text += hint_for(symbol);
      text += fetch.added() > 0 ? "; what came is kept" : "; nothing was fetched";
    } else {
      text += fetch.added() > 0 ? "; what came is kept, the same command goes on from there"
                                : "; nothing was fetched";
    }
    return fail(code, text);
  }
  out::flush();
  if (fetch.refused() > 0) {
    warn(fmt::format("{} left out, first: {}",
                     core::counted(fetch.refused(), "row of the venue was no tick and was",
                                   "rows of the venue were no ticks and were"),
                     fetch.refusal()));
  }
  const auto missing = missing_of_fetch(lack);
  if (fetch.conflicts() > 0) {
    return fail(service::kCtlRefused,
                fmt::format("{}: {} the archive, whose are kept, "
                            "first: {}; move that day's file away to fetch it anew{}{}",
                            symbol,
                            core::counted(fetch.conflicts(), "tick of the venue contradicts",
                                          "ticks of the venue contradict"),
                            fetch.conflict(), missing.empty() ? "" : "; ", missing));
  }
  if (missing.empty()) return code;
  return fail(service::kCtlNotFound, fmt::format("{}: {}", symbol, missing));
}

int fetch(const Context& context, const TicksFetchArgs& args) {
  const auto symbol = symbol_from(context.symbols(), args.symbol);
  if (!symbol) return fail(service::kCtlUsage, symbol.error().text);
  if ((args.days > 0) == !args.from.empty()) {
    return fail(service::kCtlUsage, "say how far back: --days N, or --from TIME [--to TIME]");
  }
  if (args.days > 0 && !args.to.empty()) {
    return fail(service::kCtlUsage, "--to goes with --from, not with --days");
  }
  std::optional<store::Span> range;
  if (args.days == 0) {
    const auto span = span_from(args.from, args.to);
    if (!span) return fail(service::kCtlUsage, span.error().text);
    range = *span;
  }
  auto venue = public_venue(context, args.venue);
  if (!venue) return fail(service::kCtlUsage, venue.error().text);
  Fetch job(args, std::move(*venue), *symbol, archive_at(context, args.dir), range);
  const int code = job.run();
  return tell_fetch(context, *symbol, job, code);
}

}  // namespace

void add_ticks_fetch(Commands& commands, Command ticks) {
  const auto& context = commands.context();
  const auto args = std::make_shared<TicksFetchArgs>();
  auto c = ticks.add("fetch", "get past ticks from the venue, without a token");
  c.option("SYMBOL", args->symbol, "as R_100").required();
  c.option("--days", args->days, "up to now").between(1, kMaxDays);
  c.option("--from", args->from, "date, UTC time, epoch, or age");
  c.option("--to", args->to, "up to before that; default: now");
  c.option("--dir", args->dir, "the archive; default: $STATE_DIRECTORY/ticks");
  add_public_venue_options(c, args->venue);
  c.flag("--again", args->again, "ask again for what the venue was found not to have");
  c.flag("--quiet", args->quiet, "no progress bar");
  commands.on(c, [&context, args] { return fetch(context, *args); });
}

}  // namespace derivd::ctl
