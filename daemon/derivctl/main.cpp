// derivctl: the operator's tool. See contract.md "derivctl" and derivctl(1).
#include <CLI/CLI.hpp>
#include <string_view>

#include "common/descriptors.hpp"
#include "common/output.hpp"
#include "common/usage.hpp"
#include "derivctl/command.hpp"
#include "derivctl/notify.hpp"
#include "service/exit_code.hpp"

int main(int argc, char** argv) {
  using namespace derivd;
  daemon::keep_standard_descriptors();
  CLI::App app{"derivctl shows and steers a running derivd"};
  app.set_version_flag("--version", "derivctl " DERIVD_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  ctl::Commands commands(app);
  auto& context = commands.context();
  app.add_option("--socket", context.socket, "control socket of the daemon");
  app.add_option("--name", context.name, "instance of derivd@.service");
  app.add_flag("--json", context.json, "print JSON");
  app.add_flag("--paper", context.paper, "where no daemon runs: the journal of paper mode");
  // In the order in which --help has them.
  ctl::add_setup(commands);
  ctl::add_token(commands);
  ctl::add_check(commands);
  ctl::add_doctor(commands);
  ctl::add_view(commands);
  ctl::add_top(commands);
  ctl::add_control(commands);
  ctl::add_operate(commands);
  ctl::add_notify(commands);
  ctl::add_report(commands);
  ctl::add_audit(commands);
  ctl::add_odds(commands);
  ctl::add_backtest(commands);
  ctl::add_sweep(commands);
  ctl::add_ticks(commands);
  ctl::add_symbols(commands);
  ctl::add_quote(commands);
  ctl::add_quotes(commands);
  ctl::add_import(commands);
  ctl::add_proof(commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& e) {
    // Of a command, or of an option or argument of one: CLI11 has good words for those. What is
    // missing may be there, mistyped.
    if (std::string_view(e.what()).find("subcommand") == std::string_view::npos) {
      if (daemon::has_unknown_option(app)) {
        return ctl::fail(service::kCtlUsage, daemon::about_rest(app, "derivctl"));
      }
      return daemon::exit_of(app, e), service::kCtlUsage;
    }
    return ctl::fail(service::kCtlUsage, daemon::about_command(app, "derivctl"));
  } catch (const CLI::ExtrasError&) {
    return ctl::fail(service::kCtlUsage, daemon::about_rest(app, "derivctl"));
  } catch (const CLI::ParseError& e) {
    return daemon::exit_of(app, e) == 0 ? service::kCtlOk : service::kCtlUsage;
  }
  try {
    const int code = commands.run();
    if (!out::flush() && code == service::kCtlOk) {
      return ctl::fail(service::kCtlOther, "the output cannot be written");
    }
    return code;
  } catch (const std::exception& e) {
    return ctl::fail(service::kCtlOther, e.what());
  }
}
