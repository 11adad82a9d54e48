// Owns the configuration file: the settings table, the YAML loader with line and column, the checks
// across settings. derivd and derivctl load through it. It never starts from a half-valid file and
// never holds the token.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/notice.hpp"
#include "engine/settings.hpp"
#include "execution/record.hpp"

namespace derivd::config {

enum class Api : std::uint8_t { kAuto, kOptions, kV3 };
enum class Mode : std::uint8_t { kLive, kPaper };
enum class OnStop : std::uint8_t { kLeave, kWait };

/// Largest configuration file; one of a hundred strategies has some 40 KiB.
inline constexpr std::size_t kMaxFile = 1 << 20;
inline constexpr std::size_t kMaxStrategies = 64;

/// Line and column count from 1.
struct Place {
  int line = 0;
  int column = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

/// How a paper venue behaves.
struct PaperSettings {
  core::Money balance = core::Money::minor(10'000'00);  // at the first start
  std::chrono::milliseconds latency{150};               // from an order to its answer
  std::chrono::seconds settle_delay{2};                 // from a contract's end to its payment
};

struct VenueSettings {
  Api api = Api::kAuto;
  std::string app_id;
  std::string account = "demo";
  std::optional<std::string> currency;  // null: one of two decimals, whichever the account has
  bool allow_real = false;
  Mode mode = Mode::kLive;
  PaperSettings paper;
  std::optional<std::string> endpoint;
  std::optional<std::string> ca_file;
  std::optional<std::string> proxy;  // http://HOST:PORT
  /// Before and after each foreseen tick the loop does not sleep; 0: never.
  std::chrono::milliseconds anticipate{0};
};

/// Whether the ticks that arrive are kept, and where; no directory: $STATE_DIRECTORY/ticks.
struct TickStore {
  bool on = false;
  std::optional<std::string> directory;
  friend bool operator==(const TickStore&, const TickStore&) = default;
};

/// An IP address and a port to listen on; port 0: a free one.
struct ListenAddress {
  std::string ip;
  std::uint16_t port = 0;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// `notify:`. Secrets (the bot's token, a webhook address that holds one) are credentials.
struct NotifySettings {
  std::optional<std::string> webhook_url;
  std::optional<std::string> webhook_ca_file;
  bool webhook_proxy = true;  // through venue.proxy, where there is one
  std::optional<std::string> telegram_chat_id;
  std::string telegram_endpoint = "https://api.telegram.org";
  std::optional<std::string> telegram_ca_file;
  bool telegram_proxy = true;
  std::chrono::seconds disconnected_after{300};
  std::int64_t max_per_hour = 20;
  bool daily_summary = true;
  std::array<std::optional<std::string>, core::kNoticeKinds> templates;  // by core::NoticeKind
  friend bool operator==(const NotifySettings&, const NotifySettings&) = default;
};

/// FILE:LINE:COL: key: what is wrong, what is allowed (strategy NAME). Line and column count from
/// 1; 0 where the problem has no place.
struct Problem {
  int line = 0;
  int column = 0;
  std::string key;
  std::string reason;
  std::string strategy = {};  // whose key it is; empty: nobody's, or of one without a name
};

struct NotOffered : Problem {
  bool by_venue = false;  // it said so; else derivd's own list, which may be old
};

struct Config {
  VenueSettings venue;
  engine::Settings engine;
  std::optional<std::string> store_path;
  TickStore store_ticks;
  execution::Durability durability = execution::Durability::kProcess;
  std::optional<std::chrono::seconds> store_keep;  // none: everything, for ever
  std::optional<ListenAddress> metrics_listen;
  NotifySettings notify;
  std::string log_level = "info";
  OnStop on_stop = OnStop::kLeave;
  std::chrono::seconds stop_timeout{30};
  /// Where each key that the file gives has its value: "strategies[0].staking.base". For messages
  /// that name the line behind a decision.
  std::map<std::string, Place, std::less<>> places;
  /// What may be wrong and only the venue can tell: a symbol that is in no list at hand.
  std::vector<Problem> warnings;
  /// What is not offered, as far as is known: an error for whoever only checks. A daemon asks the
  /// venue itself, and halts what it does not sell.
  std::vector<NotOffered> not_offered;
  /// How derivctl is called for the daemon of this file, in words that tell a person what to type;
  /// load_file() knows, no key does.
  std::string ctl = "derivctl";
};

std::string format(const Problem& problem, std::string_view file);

/// All problems at once, in file order. JSON is YAML. `strategies` is required; it may be empty,
/// and all of them may be disabled. A key given as null counts as left out. venue.ca_file must be
/// readable at this moment.
/// Files that the text names (programs) are read, too; relative paths are relative to `directory`,
/// an empty one being the process's own. `symbols`: what is known of the venue's; the engine's
/// settings keep it.
std::variant<Config, std::vector<Problem>> load_text(std::string_view text,
                                                     std::string_view directory = {},
                                                     const market::Symbols& symbols = {});
/// Regular files alone; the reason why it cannot be read, where it cannot.
core::Result<std::string> read_file(const std::string& path, std::size_t most);
std::variant<Config, std::vector<Problem>> load_file(const std::string& path,
                                                     const market::Symbols& symbols = {});
/// "derivd" of the one daemon's file in the package's place, NAME of that of derivd@NAME; empty for
/// a file in any other place.
std::string instance_of(const std::string& path);
/// "/etc/derivd/" of "/etc/derivd/derivd.yaml"; empty where the path has none.
std::string_view directory_of(std::string_view path);

/// What a running daemon can do with a changed key.
enum class Reload : std::uint8_t {
  kLive,       // taken over between two events
  kWhenFlat,   // taken over when the strategy has no open contract; until then it enters nothing
  kReconnect,  // taken over with a new session with the venue, once no purchase is unanswered
  kRestart,    // a reload refuses it; it needs a restart of the daemon
};
std::string_view name_of(Reload reload);  // "live", "when flat", "reconnect", "restart"

/// A key whose value differs. Strategies are matched by name; one that came or went is one Change
/// with the key "strategies[NAME]" and an empty `before` or `after`.
struct Change {
  std::string key;  // "limits.max_stake", "strategies[parity].staking.base"
  std::string before;
  std::string after;
  Reload reload = Reload::kLive;
  Place place;  // in the new file; 0:0 where the key is left out there
};
std::vector<Change> diff(const Config& before, const Config& after);

/// Of those changes the ones that a running daemon cannot take over, as problems that name the
/// place in the new file (of the section, where the key is left out) and the remedy.
std::vector<Problem> refusals(const std::vector<Change>& changes, const Config& after);

/// A key with the value in force and where it comes from.
struct InForce {
  std::string key;  // "limits.max_stake", "strategies[parity].staking.base"
  std::string value;
  std::optional<Place> place;  // in the file; empty: the default
  std::string_view allowed;
  std::string_view help;
  Reload reload = Reload::kLive;
};
/// Every key of the table, those of strategies once for each strategy. For `check --explain`.
std::vector<InForce> in_force(const Config& config);
/// The same for people: "key: value (FILE:LINE | default; reload: class)" and the help below it.
std::string in_force_text(const Config& config, std::string_view file);

/// Every key with what is allowed, its default and its reload class; then the strategy types and
/// stake plans. For derivd.yaml(5) and for people.
std::string reference_text();

}  // namespace derivd::config
