// check: every problem of a configuration, without starting anything; a valid one with its odds.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <variant>

#include "backtest/odds_text.hpp"
#include "common/look.hpp"
#include "common/output.hpp"
#include "common/script_process.hpp"
#include "config/config.hpp"
#include "derivctl/command.hpp"
#include "derivctl/service_sight.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

nlohmann::ordered_json in_force_rows(const config::Config& c, const std::string& file) {
  auto rows = nlohmann::ordered_json::array();
  for (const auto& k : config::in_force(c)) {
    rows.push_back({{"key", k.key},
                    {"value", k.value},
                    {"from", k.place ? fmt::format("{}:{}:{}", file, k.place->line, k.place->column)
                                     : std::string("default")},
                    {"reload", config::name_of(k.reload)},
                    {"allowed", k.allowed},
                    {"help", k.help}});
  }
  return rows;
}

/// The short odds of each enabled strategy, in words.
nlohmann::ordered_json odds_rows(const config::Config& c) {
  auto rows = nlohmann::ordered_json::object();
  for (const auto& s : c.engine.strategies) {
    if (s.enabled) rows[s.name.str()] = backtest::odds_short(s, c.engine.limits);
  }
  return rows;
}

nlohmann::ordered_json check_verdict(const std::string& file,
                                     const nlohmann::ordered_json& problems,
                                     const nlohmann::ordered_json& odds) {
  return {{"file", file}, {"valid", problems.empty()}, {"problems", problems}, {"odds", odds}};
}

/// Of the unit's own file also what its service does not see, which root does.
std::variant<config::Config, std::vector<config::Problem>> load(const Context& context,
                                                                const std::string& file) {
  auto loaded = config::load_file(file, context.symbols());
  const auto* config = std::get_if<config::Config>(&loaded);
  if (config == nullptr) {
    std::error_code error;
    // Of a file that somebody named, the name may be the mistake.
    if (file == context.config_file() && !std::filesystem::exists(file, error) && !error) {
      std::get<std::vector<config::Problem>>(loaded).front().reason +=
          fmt::format("; \"{}{} setup\" writes a first one", by_sudo(), context.program());
    }
    return loaded;
  }
  if (!config->not_offered.empty()) {
    return std::vector<config::Problem>(config->not_offered.begin(), config->not_offered.end());
  }
  if (auto problems = daemon::script_problems(*config); !problems.empty()) return problems;
  if (file != context.config_file()) return loaded;
  auto hidden = hidden_files(*config, kServiceUser, config::directory_of(file));
  if (hidden.empty()) return loaded;
  return hidden;
}

int check_file(const Context& context, const std::string& file, bool explain) {
  const auto loaded = load(context, file);
  const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded);
  if (problems == nullptr) {
    const auto& c = std::get<config::Config>(loaded);
    if (!context.json) {
      for (const auto& p : c.warnings) out::error("warning: {}\n", config::format(p, file));
    }
    if (!explain && context.json) {
      auto answer = check_verdict(file, nlohmann::ordered_json::array(), odds_rows(c));
      answer["warnings"] = nlohmann::ordered_json::array();
      for (const auto& p : c.warnings) answer["warnings"].push_back(config::format(p, file));
      out::json(answer);
    } else if (!explain) {
      out::print("{}: valid\n{}", file, out::folded(backtest::odds_summary(c.engine)));
    } else if (context.json) {
      out::json(in_force_rows(c, file));
    } else {
      out::print("{}", config::in_force_text(c, file));
    }
    return service::kCtlOk;
  }
  if (context.json) {
    auto rows = nlohmann::ordered_json::array();
    for (const auto& p : *problems) rows.push_back(config::format(p, file));
    out::json(check_verdict(file, rows, nullptr));
    return service::kCtlRefused;
  }
  for (const auto& p : *problems) out::error("{}\n", config::format(p, file));
  return service::kCtlRefused;
}

}  // namespace

void add_check(Commands& commands) {
  const auto& context = commands.context();
  const auto file = std::make_shared<std::string>();
  auto c = commands.add("check", "check a configuration and say every problem");
  c.option("--config", *file, "configuration file; default: the instance's in /etc/derivd");
  const auto explain = std::make_shared<bool>(false);
  c.flag("--explain", *explain, "every key: its value, where it comes from, what it means");
  commands.on(c, [&context, file, explain] {
    return check_file(context, file->empty() ? context.config_file() : *file, *explain);
  });
}

}  // namespace derivd::ctl
