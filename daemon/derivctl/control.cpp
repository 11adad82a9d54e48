// pause, resume, halt: orders to the running daemon.
#include <memory>

#include "common/output.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/command.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

struct ControlOptions {
  std::string strategy;
  std::string reason;
  bool all = false;
};

int command(const Context& context, const ControlOptions& o, const std::string& verb) {
  if (o.strategy.empty() != o.all) {
    return fail(
        service::kCtlUsage,
        fmt::format("name a strategy, or say --all; {} strategies lists them", context.program()));
  }
  const auto answer =
      ask(context, {{"cmd", verb}, {"strategy", o.strategy}, {"all", o.all}, {"reason", o.reason}});
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    out::json(answer.result);
  } else {
    out::print("{}", standing_text(answer.result, o.all ? std::string{} : o.strategy));
  }
  return service::kCtlOk;
}

}  // namespace

void add_control(Commands& commands) {
  const auto& context = commands.context();
  for (const auto& [verb, help] :
       {std::pair{"pause", "stop entering, keep what is open"},
        std::pair{"resume", "enter again; clears a halt"},
        std::pair{"halt", "stop entering until resumed, over restarts"}}) {
    const auto options = std::make_shared<ControlOptions>();
    auto c = commands.add(verb, help);
    c.option("NAME", options->strategy, "strategy");
    c.flag("--all", options->all, "all strategies");
    c.option("--reason", options->reason, "kept in the journal");
    commands.on(c, [&context, options, name = std::string(verb)] {
      return command(context, *options, name);
    });
  }
}

}  // namespace derivd::ctl
