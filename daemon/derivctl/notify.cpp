// notify test: whether messages of the daemon arrive, before the first that matters.
#include "derivctl/notify.hpp"

#include <chrono>
#include <memory>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "derivctl/table.hpp"
#include "derivctl/waiting.hpp"
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

/// "webhook, Telegram": those that have not answered.
std::string unanswered(const ordered_json& rows) {
  std::string out;
  for (const auto* row : daemon::rows_of(rows)) {
    if (!is(at(*row, "state"), "waiting")) continue;
    out += fmt::format("{}{}", out.empty() ? "" : ", ", shown(at(*row, "receiver")));
  }
  return out;
}

int test(const Context& context) {
  const auto begun = std::chrono::steady_clock::now();
  bool said = false;
  const auto answer = ask_until(
      context, ask(context, {{"cmd", "notify-test"}}), {{"cmd", "notify-result"}},
      begun + kNotifyVerdictWithin, [&](const ordered_json& rows) {
        if (!any(rows, "waiting")) return true;
        // A receiver that is not there may take its whole time.
        if (!said && std::chrono::steady_clock::now() - begun >= kSaidAfter) {
          said = true;
          out::error("derivctl: waiting for the answer of {}, {} s at most …\n", unanswered(rows),
                     std::chrono::seconds(kNotifyVerdictWithin).count());
        }
        return false;
      });
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
