// Owns what every command of derivctl shares: the common options, the registration of a command,
// the question to the daemon and the words of a failure. main() makes one Commands; each command
// family adds its own in a file of its own. It never knows what a command means.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "derivctl/command_line.hpp"
#include "market/symbols.hpp"

namespace derivd::ctl {

/// Options that stand before or after any command.
struct Context {
  std::string socket;  // --socket; empty: the instance's
  std::string name;    // --name; empty: the one daemon
  bool json = false;   // --json
  bool paper = false;  // --paper: the journal of paper mode

  std::string socket_path() const;
  /// The journal of this instance when no daemon can be asked.
  std::string journal_file() const;
  /// The same, with `paper` as it is meant where nobody says --paper: by the journal that is there,
  /// and where both are, by the configuration.
  Context with_mode() const;
  /// The directory of this instance's journal and caches.
  std::string state_directory() const;
  /// What is known of the venue's symbols: the daemon's cache, else the snapshot. Warns of a cache
  /// that is damaged, once.
  market::Symbols symbols() const;
  /// The instance's configuration in /etc/derivd.
  std::string config_file() const;
  /// How this derivctl is called for the same instance, for commands that a person is told to type:
  /// "derivctl", "derivctl --name NAME".
  std::string program() const;
};

class Commands final {
 public:
  explicit Commands(CLI::App& app) : app_(app) {}
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  Context& context() { return context_; }
  /// What `add` returned lives as long as the application.
  Command add(const std::string& name, const std::string& help);
  /// `run` gives the exit code of derivctl. Called after parsing when `command` was named; of
  /// nested commands the innermost.
  void on(Command command, std::function<int()> run);
  /// The command that was named.
  int run() const;

 private:
  CLI::App& app_;
  Context context_;
  std::vector<std::pair<Command, std::function<int()>>> runs_;
};

/// "1782023684", "2026-06-21", "2026-06-21T06:34:44Z", or an age: "90s", "10m", "2h", "7d".
std::optional<core::WallTime> parse_when(const std::string& text);

/// "sudo " before a command that needs root, for somebody who is not root or became it by sudo; a
/// machine whose root logs in may have no sudo at all.
std::string_view by_sudo();

/// Prints "derivctl: TEXT" to standard error and returns the code.
int fail(int code, std::string_view text);
/// Prints "derivctl: warning: TEXT" to standard error.
void warn(std::string_view text);

/// kNotFound: why it is not there, and where another one is; kIo: its directory hides it from
/// whoever asks, and the remedy. `what`: the command that looks for it.
core::Result<void> find_journal(const Context& context, const std::string& file,
                                std::string_view what);

/// Answer of the daemon, or the exit code that says why there is none.
struct Answer {
  nlohmann::ordered_json result;
  int code = 0;
  std::string error;
};
Answer ask(const Context& context, const nlohmann::ordered_json& request);

/// Between two questions about something that the daemon is at.
inline constexpr auto kAskEvery = std::chrono::milliseconds(100);
/// Asks `request` again and again until `done` likes an answer, one fails, or `until` has come; the
/// last answer then. `first` is what is known already: it may be done.
Answer ask_until(const Context& context, Answer first, const nlohmann::ordered_json& request,
                 std::chrono::steady_clock::time_point until,
                 const std::function<bool(const nlohmann::ordered_json&)>& done);

// The command families, each in the file of its name.
void add_view(Commands& commands);  // status, strategies, positions, trades, stats
void add_top(Commands& commands);
void add_control(Commands& commands);  // pause, resume, halt
void add_operate(Commands& commands);  // sell, flatten, explain
void add_check(Commands& commands);
void add_setup(Commands& commands);
void add_token(Commands& commands);  // token check, set, remove
void add_doctor(Commands& commands);
void add_report(Commands& commands);
void add_symbols(Commands& commands);  // symbols, contracts
void add_quote(Commands& commands);
void add_quotes(Commands& commands);  // quotes record, quotes list
void add_ticks(Commands& commands);   // fetch, import, export, list
void add_backtest(Commands& commands);
void add_odds(Commands& commands);
void add_audit(Commands& commands);
void add_sweep(Commands& commands);   // sweep, merge
void add_import(Commands& commands);  // import dbot
void add_proof(Commands& commands);

}  // namespace derivd::ctl
