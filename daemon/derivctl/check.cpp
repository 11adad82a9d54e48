// check: every problem of a configuration, without starting anything; a valid one with its odds.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "backtest/odds_text.hpp"
#include "config/config.hpp"
#include "derivctl/command.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

int check(const std::string& file) {
  const auto loaded = config::load_file(file);
  const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded);
  if (problems == nullptr) {
    fmt::print("{}: valid\n{}", file,
               backtest::odds_summary(std::get<config::Config>(loaded).engine));
    return service::kCtlOk;
  }
  for (const auto& p : *problems) fmt::print(stderr, "{}\n", config::format(p, file));
  return service::kCtlRefused;
}

}  // namespace

void add_check(Commands& commands) {
  const auto& context = commands.context();
  const auto file = std::make_shared<std::string>();
  auto* c = commands.add("check", "check a configuration and say every problem");
  c->add_option("--config", *file, "configuration file; default: the instance's in /etc/derivd");
  commands.on(c, [&context, file] { return check(file->empty() ? context.config_file() : *file); });
}

}  // namespace derivd::ctl
