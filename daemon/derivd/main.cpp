// derivd: the service. See contract.md "derivd" and derivd(8).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/paths.hpp"
#include "config/config.hpp"
#include "derivd/app.hpp"
#include "service/control.hpp"
#include "service/credential.hpp"
#include "service/exit_code.hpp"
#include "service/log.hpp"

namespace {

using namespace derivd;

int report(const std::vector<config::Problem>& problems, const std::string& file) {
  for (const auto& p : problems) fmt::print(stderr, "{}\n", config::format(p, file));
  return service::kExitConfig;
}

/// In the journal the problems are plain lines, since they can be long; one entry with the
/// catalog's advice follows them.
int report_at_start(const std::vector<config::Problem>& problems, const std::string& file) {
  report(problems, file);
  if (!problems.empty() &&
      service::is_journal_stream(std::getenv("JOURNAL_STREAM"), STDERR_FILENO)) {
    core::Event event;
    event.kind = core::EventKind::kConfigInvalid;
    event.text = core::Text::truncated(
        fmt::format("{} problems in {}; not starting", problems.size(), file));
    event.reason = core::Text::truncated(config::format(problems.front(), file));
    service::make_log(service::Level::kInfo)->write(event);
  }
  return service::kExitConfig;
}

int check(const std::string& file) {
  const auto loaded = config::load_file(file);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    return report(*problems, file);
  }
  const auto& c = std::get<config::Config>(loaded);
  fmt::print("{}: valid, {} strategies\n", file, c.engine.strategies.size());
  return service::kExitOk;
}

int run(const std::string& file) {
  const auto loaded = config::load_file(file);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    return report_at_start(*problems, file);
  }
  const auto& c = std::get<config::Config>(loaded);
  const auto log = service::make_log(*service::level_from(c.log_level));
  log->write(core::EventKind::kStarting,
             fmt::format("derivd {} starting with {}", DERIVD_VERSION, file));
  if (c.venue.mode == config::Mode::kPaper) return daemon::run_daemon(c, core::Secret(), *log);
  auto token = service::read_token();
  if (!token) {
    log->write(core::EventKind::kCredentialProblem, token.error().text);
    return service::kExitCredential;
  }
  log->hide(*token);
  return daemon::run_daemon(c, std::move(*token), *log);
}

/// Asks the daemon until it is live. The waits are those of a client at a shell.
int wait_online(const std::string& name, double timeout_s) {
  const auto path = daemon::control_path(name.empty() ? "/run/derivd" : "/run/derivd-" + name);
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_s);
  std::string last = "no answer";
  while (std::chrono::steady_clock::now() < until) {
    const auto answer = service::call_control(path, R"({"cmd":"status"})", std::chrono::seconds(5));
    if (answer) {
      const auto reply = nlohmann::json::parse(*answer, nullptr, false);
      last = reply.is_object() && reply.contains("result") ? reply["result"].value("state", last)
                                                           : last;
      if (last == "live") return service::kExitOk;
    } else {
      last = answer.error().text;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  fmt::print(stderr, "derivd: not online after {} s: {}\n", timeout_s, last);
  return service::kExitOther;
}

}  // namespace

int main(int argc, char** argv) {
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? service::kExitOk : service::kExitUsage;
  }
  try {
    if (check_cmd->parsed()) return check(file);
    if (wait_cmd->parsed()) return wait_online(name, timeout_s);
    return run(file);
  } catch (const std::exception& e) {
    fmt::print(stderr, "derivd: {}\n", e.what());
    return service::kExitOther;
  }
}
