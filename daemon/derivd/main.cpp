// derivd: the service. See contract.md "derivd" and derivd(8).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/answer.hpp"
#include "common/descriptors.hpp"
#include "common/output.hpp"
#include "common/paths.hpp"
#include "common/script_process.hpp"
#include "common/symbol_cache.hpp"
#include "common/usage.hpp"
#include "config/config.hpp"
#include "core/counted.hpp"
#include "derivd/app.hpp"
#include "service/control.hpp"
#include "service/credential.hpp"
#include "service/exit_code.hpp"
#include "service/log.hpp"

namespace {

using namespace derivd;

/// The daemon answers between two events; a machine under load may take a while.
constexpr auto kReloadTime = std::chrono::seconds(30);

int report(const std::vector<config::Problem>& problems, const std::string& file) {
  for (const auto& p : problems) out::error("{}\n", config::format(p, file));
  return service::kExitConfig;
}

/// The same file wherever the asking process stands.
std::string whole_path(const std::string& file) {
  std::error_code error;
  const auto path = std::filesystem::absolute(file, error);
  return error ? file : path.lexically_normal().string();
}

/// What puts right that nothing was set up yet: for the package's own places only, since nobody can
/// know what others are meant to hold.
std::string setup_command(const std::string& file) {
  const auto name = config::instance_of(file);
  if (name.empty()) return {};
  return fmt::format("sudo derivctl{} setup", name == "derivd" ? "" : " --name " + name);
}

/// Before each line in the system journal: two accounts may have strategies of the same name.
std::string identifier_of(const std::string& file) {
  const auto name = config::instance_of(file);
  return name.empty() || name == "derivd" ? "derivd" : "derivd@" + name;
}

/// Of a first start: not a mistake in a file, but none yet.
std::string not_set_up(const std::string& file) {
  const auto command = setup_command(file);
  std::error_code error;
  if (command.empty() || std::filesystem::exists(std::filesystem::symlink_status(file, error)))
    return {};
  return fmt::format("{} is not there yet: run \"{}\"", file, command);
}

/// In the journal the problems are lines of their own, as errors, since that is what they are (the
/// number in front is how journald is told, sd-daemon(3)); one entry with the catalog's advice
/// follows them and has the first of them whole.
int report_at_start(const std::vector<config::Problem>& problems, const std::string& file) {
  const bool journal = service::is_journal_stream(std::getenv("JOURNAL_STREAM"), STDERR_FILENO);
  const auto first_start = not_set_up(file);
  if (!first_start.empty()) {
    if (!journal) out::error("derivd: {}\n", first_start);
  } else {
    for (const auto& p : problems)
      out::error("{}{}\n", journal ? "<3>" : "", config::format(p, file));
  }
  if (!problems.empty() && journal) {
    const auto first = config::format(problems.front(), file);
    const auto text = problems.size() == 1
                          ? fmt::format("not starting: {}", first)
                          : fmt::format("not starting: {} problems in {}; the first: {}",
                                        problems.size(), file, first);
    service::make_log(service::Level::kInfo, identifier_of(whole_path(file)))
        ->write_whole(core::EventKind::kConfigInvalid, first_start.empty() ? text : first_start,
                      first_start.empty() ? first : first_start);
  }
  return service::kExitConfig;
}

int check(const std::string& file, bool explain) {
  const auto cached = daemon::load_symbols(daemon::state_path("/var/lib/derivd"));
  if (!cached.problem.empty()) out::error("derivd: warning: {}\n", cached.problem);
  const auto loaded = config::load_file(file, cached.symbols);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    return report(*problems, file);
  }
  const auto& c = std::get<config::Config>(loaded);
  if (const auto problems = daemon::script_problems(c); !problems.empty()) {
    return report(problems, file);
  }
  for (const auto& p : c.warnings) out::error("warning: {}\n", config::format(p, file));
  if (!c.not_offered.empty()) return report({c.not_offered.begin(), c.not_offered.end()}, file);
  if (explain) {
    out::print("{}", config::in_force_text(c, file));
  } else {
    out::print("{}: valid, {}\n", file,
               core::counted(c.engine.strategies.size(), "strategy", "strategies"));
  }
  return service::kExitOk;
}

int run(const std::string& file) {
  service::keep_out_of_cores();
  const auto cached = daemon::load_symbols(daemon::state_path(""));
  const auto loaded = config::load_file(file, cached.symbols);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    return report_at_start(*problems, file);
  }
  const auto& c = std::get<config::Config>(loaded);
  const auto log =
      service::make_log(*service::level_from(c.log_level), identifier_of(whole_path(file)));
  log->write(core::EventKind::kStarting,
             fmt::format("derivd {} starting with {}", DERIVD_VERSION, file));
  if (!cached.problem.empty()) log->write(core::EventKind::kJournalProblem, cached.problem);
  const auto warn = [&](const config::Problem& p) {
    log->write_whole(core::EventKind::kConfigChanged, "warning: " + config::format(p, file),
                     p.reason);
  };
  for (const auto& p : c.warnings) warn(p);
  for (const auto& p : c.not_offered) warn(p);
  if (c.venue.mode == config::Mode::kPaper) {
    return daemon::run_daemon(c, whole_path(file), core::Secret(), *log);
  }
  auto token = service::read_token();
  if (!token) {
    const auto command = setup_command(whole_path(file));
    log->write(core::EventKind::kCredentialProblem,
               token.error().kind == core::ErrorKind::kNotFound && !command.empty()
                   ? fmt::format("no token is stored for this service: run \"{}\"", command)
                   : token.error().text);
    return service::kExitCredential;
  }
  log->hide(*token);
  return daemon::run_daemon(c, whole_path(file), std::move(*token), *log);
}

int no_reload(std::string_view why) {
  out::error("derivd: not reloaded: {}\n", why);
  return service::kExitOther;
}

/// Asks the running daemon and prints its verdict.
int reload(const std::string& file, const std::string& name) {
  const auto path = daemon::control_path(name.empty() ? "/run/derivd" : "/run/derivd-" + name);
  const nlohmann::json request{{"cmd", "reload"},
                               {"file", file.empty() ? std::string{} : whole_path(file)}};
  const auto answer = service::call_control(path, request.dump(), kReloadTime);
  if (!answer) return no_reload(answer.error().text);
  const auto reply = daemon::reply_of(*answer);
  if (!reply) return no_reload(reply.error().text);
  if (!reply->ok) return no_reload(reply->error);
  for (const auto& problem : daemon::at(reply->result, "problems")) {
    out::error("{}\n", daemon::shown(problem));
  }
  const auto verdict = daemon::shown(daemon::at(reply->result, "verdict"));
  if (verdict == "invalid" || verdict == "refused") {
    out::error("derivd: not reloaded; the previous configuration stays in force\n");
    return verdict == "invalid" ? service::kExitConfig : service::kExitOther;
  }
  for (const auto& change : daemon::at(reply->result, "changes")) {
    out::print("{}\n", daemon::shown(daemon::at(change, "text")));
  }
  if (verdict == "unchanged") out::print("nothing has changed\n");
  return service::kExitOk;
}

/// Asks the daemon until it is live. The waits are those of a client at a shell.
int wait_online(const std::string& name, double timeout_s) {
  const auto path = daemon::control_path(name.empty() ? "/run/derivd" : "/run/derivd-" + name);
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_s);
  std::string last = "no answer";
  while (std::chrono::steady_clock::now() < until) {
    const auto answer = service::call_control(path, R"({"cmd":"status"})", std::chrono::seconds(5));
    if (answer) {
      const auto reply = daemon::reply_of(*answer);
      if (reply && reply->ok) last = daemon::shown(daemon::at(reply->result, "state"));
      if (last == "live") return service::kExitOk;
    } else {
      last = answer.error().text;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  out::error("derivd: not online after {} s: {}\n", timeout_s, last);
  return service::kExitOther;
}

}  // namespace

int main(int argc, char** argv) {
  daemon::keep_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left is no reason to stop trading
  CLI::App app{"derivd trades at Deriv exactly as configured"};
  app.set_version_flag("--version", "derivd " DERIVD_VERSION);
  app.require_subcommand(1);
  std::string file = "/etc/derivd/derivd.yaml";
  std::string name;
  double timeout_s = 60;
  auto* run_cmd = app.add_subcommand("run", "trade in the foreground, for systemd and terminals");
  run_cmd->add_option("--config", file, "configuration file")->capture_default_str();
  auto* check_cmd = app.add_subcommand("check", "check a configuration and say every problem");
  check_cmd->add_option("--config", file, "configuration file")->capture_default_str();
  auto* wait_cmd = app.add_subcommand("wait-online", "wait until the session is live");
  wait_cmd->add_option("--name", name, "instance of derivd@.service");
  wait_cmd->add_option("--timeout", timeout_s, "seconds")->check(CLI::PositiveNumber);
  bool explain = false;
  check_cmd->add_flag("--explain", explain, "every key: its value, where it is set, what it means");
  auto* reload_cmd = app.add_subcommand("reload", "have the running daemon read its file again");
  std::string reload_file;
  reload_cmd->add_option("--config", reload_file, "refuse unless the daemon runs with this file");
  reload_cmd->add_option("--name", name, "instance of derivd@.service");
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& e) {
    if (std::string_view(e.what()).find("subcommand") == std::string_view::npos) {
      return daemon::exit_of(app, e), service::kExitUsage;
    }
    out::error("derivd: {}\n", daemon::about_command(app, "derivd"));
    return service::kExitUsage;
  } catch (const CLI::ExtrasError&) {
    out::error("derivd: {}\n", daemon::about_rest(app, "derivd"));
    return service::kExitUsage;
  } catch (const CLI::ParseError& e) {
    const int code = daemon::exit_of(app, e);
    return code == 0 ? service::kExitOk : service::kExitUsage;
  }
  try {
    if (check_cmd->parsed()) return check(file, explain);
    if (reload_cmd->parsed()) return reload(reload_file, name);
    if (wait_cmd->parsed()) return wait_online(name, timeout_s);
    return run(file);
  } catch (const std::exception& e) {
    out::error("derivd: {}\n", e.what());
    return service::kExitOther;
  }
}
