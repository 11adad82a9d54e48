#include "derivctl/command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <thread>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "common/paths.hpp"
#include "common/symbol_cache.hpp"
#include "config/config.hpp"
#include "service/control.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

constexpr core::Duration kAnswerWithin = std::chrono::seconds(10);

struct Group {
  std::string_view title;
  std::array<std::string_view, 6> commands;  // fewer: empty names at the end
};

/// What somebody wants who looks for a command; one that is not here is among the last.
std::string_view group_of(std::string_view name) {
  static const std::array<Group, 4> kGroups{
      {{"To begin", {"setup", "token", "check", "doctor"}},
       {"To watch", {"status", "strategies", "positions", "explain", "notify", "top"}},
       {"To steer", {"pause", "resume", "halt", "sell", "flatten"}},
       {"What happened", {"trades", "stats", "report", "audit"}}}};
  for (const auto& group : kGroups) {
    for (const auto command : group.commands) {
      if (command == name) return group.title;
    }
  }
  return "To research";
}

std::string instance_directory(const char* root, const std::string& name) {
  return std::string(root) + (name.empty() ? "derivd" : "derivd-" + name);
}

}  // namespace

std::string Context::socket_path() const {
  return socket.empty() ? daemon::control_path(instance_directory("/run/", name)) : socket;
}

std::string Context::journal_file() const {
  return daemon::journal_path(std::nullopt, instance_directory("/var/lib/", name),
                              paper ? daemon::JournalKind::kPaper : daemon::JournalKind::kLive);
}

Context Context::with_mode() const {
  Context live = *this;
  Context on_paper = *this;
  live.paper = false;
  on_paper.paper = true;
  if (paper) return on_paper;
  std::error_code hidden;
  const bool has_live = std::filesystem::exists(live.journal_file(), hidden);
  if (!std::filesystem::exists(on_paper.journal_file(), hidden)) return live;
  if (!has_live) return on_paper;
  const auto loaded = config::load_file(config_file(), symbols());
  const auto* config = std::get_if<config::Config>(&loaded);
  return config != nullptr && config->venue.mode == config::Mode::kPaper ? on_paper : live;
}

std::string Context::state_directory() const {
  return daemon::state_path(instance_directory("/var/lib/", name));
}

market::Symbols Context::symbols() const {
  const auto cached = daemon::load_symbols(state_directory());
  static bool told = false;
  if (!cached.problem.empty() && !std::exchange(told, true)) warn(cached.problem);
  return cached.symbols;
}

std::string Context::config_file() const {
  return "/etc/derivd/" + (name.empty() ? "derivd" : name) + ".yaml";
}

std::string Context::program() const {
  return name.empty() ? std::string("derivctl") : "derivctl --name " + name;
}

std::string_view by_sudo() {
  const auto* before = std::getenv("SUDO_USER");
  return ::geteuid() != 0 || (before != nullptr && *before != '\0') ? "sudo " : "";
}

Command Commands::add(const std::string& name, const std::string& help) {
  auto command = Command(&app_).add(name, help);
  command.group(std::string(group_of(name)));
  return command;
}

void Commands::on(Command command, std::function<int()> run) {
  runs_.emplace_back(command, std::move(run));
}

int Commands::run() const {
  // Nested commands are registered after the one that holds them.
  const auto named = std::find_if(runs_.rbegin(), runs_.rend(),
                                  [](const auto& entry) { return entry.first.named(); });
  return named == runs_.rend() ? static_cast<int>(service::kCtlUsage) : named->second();
}

std::optional<core::WallTime> parse_when(const std::string& text) {
  std::tm tm{};
  for (const char* form : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"}) {
    tm = {};
    const char* end = ::strptime(text.c_str(), form, &tm);
    if (end != nullptr && *end == '\0') return core::WallTime{::timegm(&tm) * 1'000'000};
  }
  std::size_t used = 0;
  std::int64_t number = 0;
  try {
    number = std::stoll(text, &used);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  if (number < 0 || number > 99'999'999'999) return std::nullopt;
  if (used == text.size()) return core::WallTime{number * 1'000'000};
  if (used + 1 != text.size()) return std::nullopt;
  static const std::map<char, std::int64_t> kUnits{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  const auto unit = kUnits.find(text.back());
  if (unit == kUnits.end()) return std::nullopt;
  return core::WallTime{(std::time(nullptr) - number * unit->second) * 1'000'000};
}

int fail(int code, std::string_view text) {
  out::error("derivctl: {}\n", text);
  return code;
}

void warn(std::string_view text) { out::error("derivctl: warning: {}\n", text); }

core::Result<void> find_journal(const Context& context, const std::string& file,
                                std::string_view what) {
  std::error_code hidden;  // from us, by its directory's mode
  if (std::filesystem::exists(file, hidden)) return {};
  if (hidden) {
    return core::io_error(
        fmt::format("{}: {}; the journal is the daemon's alone: \"{}{} {}\" may read it", file,
                    hidden.message(), by_sudo(), context.program(), what));
  }
  auto text = fmt::format("there is no journal at {}: no daemon has traded with it", file);
  Context other = context;
  other.paper = !context.paper;
  if (file == context.journal_file() && std::filesystem::exists(other.journal_file(), hidden)) {
    text += fmt::format("; {} is there: {} --paper", other.journal_file(),
                        other.paper ? "say" : "do not say");
  }
  return core::Error{core::ErrorKind::kNotFound, std::move(text)};
}

Answer ask(const Context& context, const ordered_json& request) {
  auto text = request.dump();  // may hold a token
  const auto reply = service::call_control(context.socket_path(), text, kAnswerWithin);
  ::explicit_bzero(text.data(), text.size());
  if (!reply) {
    const auto& e = reply.error();
    const int code = e.kind == core::ErrorKind::kTimeout    ? service::kCtlTimeout
                     : e.kind == core::ErrorKind::kNotFound ? service::kCtlNotRunning
                     : e.kind == core::ErrorKind::kRefused  ? service::kCtlRefused
                                                            : service::kCtlOther;
    return {{},
            code,
            code == service::kCtlNotRunning
                ? fmt::format("{}; {} doctor says what is in its way", e.text, context.program())
                : e.text};
  }
  auto said = daemon::reply_of(*reply);
  if (!said) return {{}, service::kCtlOther, said.error().text};
  if (said->ok) return {std::move(said->result), service::kCtlOk, {}};
  const int code = said->code == "not_found" ? service::kCtlNotFound
                   : said->code == "usage"   ? service::kCtlUsage
                                             : service::kCtlRefused;
  return {{}, code, said->error};
}

Answer ask_until(const Context& context, Answer first, const ordered_json& request,
                 std::chrono::steady_clock::time_point until,
                 const std::function<bool(const ordered_json&)>& done) {
  auto answer = std::move(first);
  while (answer.code == service::kCtlOk && !done(answer.result) &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kAskEvery);
    answer = ask(context, request);
  }
  return answer;
}

}  // namespace derivd::ctl
