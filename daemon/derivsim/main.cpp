// derivsim: a Deriv-compatible venue on loopback. Options in, one ready line out, then serve until
// a signal. Everything it does is in lib/sim.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/descriptors.hpp"
#include "common/output.hpp"
#include "common/usage.hpp"
#include "core/currency.hpp"
#include "market/symbol.hpp"
#include "sim/server.hpp"

namespace {

using namespace derivd;

constexpr int kUsage = 64;    // sysexits: the command line
constexpr int kBadData = 65;  // a file's content
constexpr int kNoFile = 66;
constexpr int kCannotWrite = 74;
constexpr int kOther = 1;

struct Failure {
  int exit_code;
  std::string text;
};
template <class T>
using Outcome = boost::system::result<T, Failure>;
[[noreturn, maybe_unused]] void throw_exception_from_error(const Failure& f,
                                                           const boost::source_location&) {
  throw std::runtime_error(f.text);
}

struct Arguments {
  std::string listen = "127.0.0.1:0";
  std::string tls_dir;
  std::vector<std::string> tokens;
  std::vector<std::string> app_ids;
  std::string balance = "10000";
  std::string currency = "USD";
  std::vector<std::string> feeds;
  std::string speed = "1";
  std::int64_t start = 0;
  std::uint64_t seed = 1;
  std::string ledger;
  bool ledger_ticks = false;
  std::string faults;
  std::string symbols;
  std::string control;
  std::string record;
  bool no_rate_limits = false;
  std::vector<std::string> rules;
  std::vector<std::string> own_limits;
  bool wait = false;
};

void declare(CLI::App& app, Arguments& a) {
  app.set_version_flag("--version", "derivsim " DERIVD_VERSION);
  app.add_option("--listen", a.listen, "ADDRESS:PORT, port 0 for a free one")
      ->capture_default_str();
  app.add_option("--tls-dir", a.tls_dir, "where the certificate is made and kept");
  app.add_option("--token", a.tokens,
                 "TOKEN[:scope,scope][:real][:same], repeatable; pat_... for the options "
                 "dialect. Each token has an account of its own, or with same that of the "
                 "token before it");
  app.add_option("--app-id", a.app_ids, "accepted application id, repeatable; default: any");
  app.add_option("--balance", a.balance, "of every account at the start")->capture_default_str();
  app.add_option("--currency", a.currency, "of every account, as USD, BTC or JPY")
      ->capture_default_str();
  app.add_option("--feed", a.feeds, "gbm, or replay:SYMBOL=FILE.csv, repeatable; default: gbm");
  app.add_option("--speed", a.speed, "venue seconds per second, or max")->capture_default_str();
  app.add_option("--start", a.start, "epoch at which venue time starts");
  app.add_flag("--wait", a.wait, "venue time stands still until a client subscribes to something");
  app.add_option("--seed", a.seed, "same seed, same quotes and ids")->capture_default_str();
  app.add_option("--ledger", a.ledger, "JSON lines of every account, contract, credit and debit");
  app.add_flag("--ledger-ticks", a.ledger_ticks, "ticks too");
  app.add_option("--symbols", a.symbols,
                 "YAML or JSON file of further symbols: markets, hours, offers (derivsim(1))");
  app.add_option("--faults", a.faults, "YAML or JSON file of faults (derivsim(1))");
  app.add_option("--control", a.control, "Unix socket that takes faults while running");
  app.add_option("--record", a.record, "JSON lines of every frame, tokens replaced");
  app.add_flag("--no-rate-limits", a.no_rate_limits, "never answer RateLimit");
  app.add_option("--own-limit", a.own_limits,
                 "NAME=VALUE, repeatable: what the holders of the real accounts have limited them "
                 "to, by the names of get_self_exclusion (derivsim(1))");
  app.add_option("--rule", a.rules, "NAME=VALUE, repeatable: a venue of other rules (derivsim(1))");
}

Outcome<void> read_listen(const std::string& text, sim::Server::Options& out) {
  const auto colon = text.rfind(':');
  const Failure bad{kUsage, fmt::format("--listen {}: expected ADDRESS:PORT", text)};
  if (colon == std::string::npos) return bad;
  out.address = text.substr(0, colon);
  if (out.address.size() > 2 && out.address.front() == '[' && out.address.back() == ']')
    out.address = out.address.substr(1, out.address.size() - 2);
  const char* from = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(from, end, out.port);
  if (ec != std::errc{} || at != end || out.address.empty()) return bad;
  return {};
}

Outcome<void> read_speed(const std::string& text, sim::Server::Options& out) {
  if (text == "max") {
    out.speed.reset();
    return {};
  }
  auto speed = core::Decimal::parse(text);
  if (!speed || speed->to_double() <= 0 || speed->to_double() > 1e6)
    return Failure{kUsage, fmt::format("--speed {}: a number above 0, or max", text)};
  out.speed = speed->to_double();
  return {};
}

Outcome<void> read_tokens(const std::vector<std::string>& texts, sim::Venue::Options& out) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto token = sim::TokenSpec::parse(texts[i]);
    // The token itself is not shown.
    if (!token)
      return Failure{kUsage, fmt::format("--token number {}: {}", i + 1, token.error().text)};
    for (const auto& other : out.tokens)
      if (other.token == token->token)
        return Failure{kUsage, fmt::format("--token number {}: given twice", i + 1)};
    if (token->same &&
        (token->real || out.tokens.empty() || out.tokens.back().dialect != token->dialect))
      return Failure{kUsage, fmt::format("--token number {}: 'same' needs a token of the same "
                                         "dialect before it, and no 'real' of its own",
                                         i + 1)};
    out.tokens.push_back(std::move(*token));
  }
  return {};
}

Outcome<void> read_feeds(const std::vector<std::string>& texts, sim::Venue::Options& out) {
  out.gbm = texts.empty();
  for (const auto& text : texts) {
    if (text == "gbm") {
      out.gbm = true;
      continue;
    }
    const auto equals = text.find('=');
    if (!text.starts_with("replay:") || equals == std::string::npos)
      return Failure{kUsage, fmt::format("--feed {}: gbm or replay:SYMBOL=FILE", text)};
    const auto code = text.substr(7, equals - 7);
    const auto* symbol = market::find_symbol(code);
    if (symbol == nullptr) {
      std::string known;
      for (const auto& s : market::known_symbols())
        known += fmt::format("{}{}", known.empty() ? "" : " ", s.code);
      return Failure{kUsage,
                     fmt::format("--feed {}: unknown symbol {}; known: {}", text, code, known)};
    }
    for (const auto& other : out.replays)
      if (other.symbol == code)
        return Failure{kUsage, fmt::format("--feed {}: {} is replayed twice", text, code)};
    auto points = sim::read_tick_file(text.substr(equals + 1), *symbol);
    if (!points) {
      const bool absent = points.error().kind == core::ErrorKind::kNotFound;
      return Failure{absent ? kNoFile : kBadData, points.error().text};
    }
    out.replays.push_back({code, std::move(*points)});
  }
  return {};
}

/// --start, else the first tick replayed, else now.
core::VenueTime start_of(const CLI::App& app, const Arguments& a,
                         const sim::Venue::Options& venue) {
  if (app.count("--start") != 0) return {a.start};
  std::optional<std::int64_t> first;
  for (const auto& replay : venue.replays)
    first = std::min(first.value_or(INT64_MAX), replay.points.front().epoch);
  if (first) return {*first};
  return {std::chrono::duration_cast<std::chrono::seconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

/// Appends lines and hands each to the system at once. A pipe or a terminal that takes nothing does
/// not hold the venue up: what it does not take waits here, as long as that is bounded.
class LineFile {
 public:
  explicit LineFile(boost::asio::io_context& io) : descriptor_(io) {}

  bool open(const std::string& path) {
    path_ = path;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    struct stat info {};
    if (fd < 0 || ::fstat(fd, &info) != 0) return false;
    regular_ = S_ISREG(info.st_mode);
    if (regular_) {
      file_ = fd;
      return true;
    }
    boost::system::error_code error;
    descriptor_.assign(fd, error);
    if (error) ::close(fd);
    if (!error) descriptor_.non_blocking(true, error);
    return !error;
  }
  ~LineFile() {
    if (file_ >= 0) ::close(file_);
  }
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  void write(std::string_view line) {
    if (failed_) return;
    pending_ += line;
    pending_ += '\n';
    if (!waiting_) flush();
  }
  /// At the end: gives a slow reader a moment more. False: something is missing.
  bool finish() {
    const auto until = std::chrono::steady_clock::now() + kFarewell;
    while (!pending_.empty() && !failed_) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd ready{fd(), POLLOUT, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) break;
      write_some();
    }
    return !failed_ && pending_.empty();
  }

 private:
  static constexpr std::size_t kMaxPending = std::size_t{64} << 20;
  static constexpr auto kFarewell = std::chrono::milliseconds(500);

  int fd() { return regular_ ? file_ : descriptor_.native_handle(); }

  void write_some() {
    const auto n = ::write(fd(), pending_.data(), pending_.size());
    if (n > 0) pending_.erase(0, static_cast<std::size_t>(n));
    const bool later = n < 0 && (errno == EAGAIN || errno == EINTR);
    if ((n < 0 && !later) || pending_.size() > kMaxPending) {
      out::error("derivsim: cannot write {}\n", path_);
      failed_ = true;
      pending_.clear();
    }
  }
  void flush() {
    do write_some();
    while (regular_ && !pending_.empty());
    if (pending_.empty()) return;
    waiting_ = true;
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                           [this](boost::system::error_code error) {
                             waiting_ = false;
                             if (!error) flush();
                           });
  }

  std::string path_;
  bool regular_ = true;
  int file_ = -1;
  boost::asio::posix::stream_descriptor descriptor_;
  std::string pending_;
  bool waiting_ = false;
  bool failed_ = false;
};

/// A directory that disappears with the program, when none was given.
class TlsDirectory {
 public:
  explicit TlsDirectory(std::string given) : path_(std::move(given)) {
    if (!path_.empty()) return;
    auto pattern = (std::filesystem::temp_directory_path() / "derivsim-tls-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return;
    path_ = pattern;
    temporary_ = true;
  }
  ~TlsDirectory() {
    std::error_code ignored;
    if (temporary_) std::filesystem::remove_all(path_, ignored);
  }
  TlsDirectory(const TlsDirectory&) = delete;
  TlsDirectory& operator=(const TlsDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool temporary_ = false;
};

Outcome<void> read_symbols(const std::string& path, sim::Venue::Options& out) {
  if (path.empty()) return {};
  const auto file = sim::read_yaml_file(path);
  if (!file) {
    const bool absent = file.error().kind == core::ErrorKind::kNotFound;
    return Failure{absent ? kNoFile : kBadData, file.error().text};
  }
  auto listings = sim::read_listings(*file);
  if (!listings) return Failure{kBadData, fmt::format("{}: {}", path, listings.error().text)};
  out.listings = std::move(*listings);
  return {};
}

Outcome<void> read_rules(const std::vector<std::string>& texts, sim::Venue::Options& out) {
  for (const auto& text : texts)
    if (auto ok = out.rules.change(text); !ok)
      return Failure{kUsage, fmt::format("--rule {}", ok.error().text)};
  return {};
}

Outcome<void> read_faults(const std::string& path, sim::Venue& venue) {
  if (path.empty()) return {};
  auto rules = sim::read_yaml_file(path);
  if (!rules) {
    const bool absent = rules.error().kind == core::ErrorKind::kNotFound;
    return Failure{absent ? kNoFile : kBadData, rules.error().text};
  }
  if (auto ok = venue.faults().add_all(*rules); !ok)
    return Failure{kBadData, fmt::format("{}: {}", path, ok.error().text)};
  return {};
}

Outcome<void> serve(boost::asio::io_context& io, sim::Server::Options options, sim::Venue& venue) {
  sim::Server server(io, std::move(options), venue);
  if (auto ok = server.start(); !ok) return Failure{kOther, ok.error().text};
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code ec, int) {
    if (ec) return;
    server.stop();
    io.stop();
  });
  out::print("{}\n", server.ready_line());
  out::flush();
  io.run();
  server.stop();
  return {};
}

Outcome<void> run(const CLI::App& app, const Arguments& a) {
  sim::Venue::Options venue_options;
  sim::Server::Options server_options;
  if (auto ok = read_listen(a.listen, server_options); !ok) return ok.error();
  if (auto ok = read_speed(a.speed, server_options); !ok) return ok.error();
  if (auto ok = read_tokens(a.tokens, venue_options); !ok) return ok.error();
  if (auto ok = read_feeds(a.feeds, venue_options); !ok) return ok.error();
  if (auto ok = read_symbols(a.symbols, venue_options); !ok) return ok.error();
  if (auto ok = read_rules(a.rules, venue_options); !ok) return ok.error();
  for (const auto& text : a.own_limits) {
    if (auto ok = venue_options.own_limits.add(text); !ok)
      return Failure{kUsage, fmt::format("--own-limit {}: {}", text, ok.error().text)};
  }
  const auto decimals = core::decimals_of(a.currency);
  if (!decimals)
    return Failure{kUsage,
                   fmt::format("--currency {}: one of {}", a.currency, core::known_currencies())};
  auto balance = core::Money::parse(a.balance, *decimals);
  if (!balance || balance->units() < 0)
    return Failure{kUsage, fmt::format("--balance {}: an amount with at most {} decimals",
                                       a.balance, *decimals)};
  if (app.count("--start") != 0 && a.start <= 0)
    return Failure{kUsage, fmt::format("--start {}: an epoch in seconds", a.start)};

  boost::asio::io_context io(1);
  LineFile ledger(io), record(io);
  if (!a.ledger.empty() && !ledger.open(a.ledger))
    return Failure{kCannotWrite, fmt::format("cannot write {}", a.ledger)};
  if (!a.record.empty() && !record.open(a.record))
    return Failure{kCannotWrite, fmt::format("cannot write {}", a.record)};
  venue_options.seed = a.seed;
  venue_options.start = start_of(app, a, venue_options);
  venue_options.app_ids = a.app_ids;
  venue_options.balance = *balance;
  venue_options.currency = a.currency;
  venue_options.rate_limits = !a.no_rate_limits;
  venue_options.ledger_ticks = a.ledger_ticks;
  if (!a.ledger.empty()) venue_options.ledger = [&](std::string_view line) { ledger.write(line); };
  if (!a.record.empty()) venue_options.record = [&](std::string_view line) { record.write(line); };

  const TlsDirectory tls(a.tls_dir);
  server_options.tls_dir = tls.path();
  server_options.start = venue_options.start;
  server_options.wait_for_client = a.wait;
  server_options.control = a.control;
  sim::Venue venue(std::move(venue_options));
  if (auto ok = read_faults(a.faults, venue); !ok) return ok.error();
  if (auto ok = serve(io, std::move(server_options), venue); !ok) return ok.error();
  const bool written = ledger.finish();
  if (!record.finish() || !written) return Failure{kCannotWrite, "not everything was written"};
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  daemon::keep_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // the reader of a ledger may leave
  CLI::App app{"A Deriv-compatible venue on loopback, for demonstrations and tests."};
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    out::error("derivsim: {}\n", daemon::about_rest(app, "derivsim"));
    return kUsage;
  } catch (const CLI::ParseError& e) {
    return out::exit_of(app, e) == 0 ? 0 : kUsage;
  }
  const auto done = run(app, arguments);
  if (done) return 0;
  out::error("derivsim: {}\n", done.error().text);
  return done.error().exit_code;
}
