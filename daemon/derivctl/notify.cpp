// notify test: whether messages of the daemon arrive, before the first that matters.
#include "derivctl/notify.hpp"

#include <chrono>
#include <memory>
#include <thread>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "derivctl/table.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::is;
using daemon::shown;

// The daemon gives an exchange less than that.
constexpr auto kVerdictWithin = std::chrono::seconds(60);
constexpr auto kAskEvery = std::chrono::milliseconds(100);

bool any(const ordered_json& rows, std::string_view state) {
  for (const auto* row : daemon::rows_of(rows)) {
    if (is(at(*row, "state"), state)) return true;
  }
  return false;
}

int test(const Context& context) {
  const auto until = std::chrono::steady_clock::now() + kVerdictWithin;
  auto answer = ask(context, {{"cmd", "notify-test"}});
  while (answer.code == service::kCtlOk && any(answer.result, "waiting") &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kAskEvery);
    answer = ask(context, {{"cmd", "notify-result"}});
  }
  if (answer.code != service::kCtlOk) return fail(answer.code, answer.error);
  if (context.json) {
    out::json(answer.result);
  } else {
    for (const auto* row : daemon::rows_of(answer.result)) {
      const auto& reason = at(*row, "reason");
      out::show(fmt::format("{:<9} {}{}\n", shown(at(*row, "receiver")),
                            tinted(shown(at(*row, "state")), out::look()),
                            daemon::is_blank(reason) ? "" : ": " + shown(reason)));
    }
  }
  if (any(answer.result, "waiting")) {
    return fail(service::kCtlTimeout, "not every receiver has answered yet");
  }
  if (any(answer.result, "failed")) {
    return fail(service::kCtlRefused,
                "not every message arrived; the section notify of the configuration and the "
                "credentials are what to look at (derivd(8))");
  }
  return service::kCtlOk;
}

}  // namespace

void add_notify(Commands& commands) {
  const auto& context = commands.context();
  auto* family = commands.add("notify", "whether messages of the daemon arrive");
  family->require_subcommand(1);
  auto* c =
      family->add_subcommand("test", "send one to every receiver now, and say what became of it");
  commands.on(c, [&context] { return test(context); });
}

}  // namespace derivd::ctl
