// notify test: whether messages of the daemon arrive, before the first that matters.
#include "derivctl/notify.hpp"

#include <chrono>
#include <memory>

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
constexpr auto kNotifyVerdictWithin = std::chrono::seconds(60);

bool any(const ordered_json& rows, std::string_view state) {
  for (const auto* row : daemon::rows_of(rows)) {
    if (is(at(*row, "state"), state)) return true;
  }
  return false;
}

int test(const Context& context) {
  const auto until = std::chrono::steady_clock::now() + kNotifyVerdictWithin;
  const auto answer =
      ask_until(context, ask(context, {{"cmd", "notify-test"}}), {{"cmd", "notify-result"}}, until,
                [](const ordered_json& rows) { return !any(rows, "waiting"); });
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
  auto family = commands.add("notify", "whether messages of the daemon arrive");
  family.require_command();
  auto c = family.add("test", "send one to every receiver now, and say what became of it");
  commands.on(c, [&context] { return test(context); });
}

}  // namespace derivd::ctl
