#include "derivctl/price.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/answer.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::is;
using nlohmann::ordered_json;

bool is_price_under_way(const ordered_json& row) { return is(at(row, "state"), "asked"); }

}  // namespace

Answer ask_price(const Context& context, ordered_json question, std::chrono::seconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  question["cmd"] = "quote";
  auto first = ask(context, question);
  if (first.code != service::kCtlOk) return first;
  const auto number = daemon::whole_of(at(first.result, "number"));
  const ordered_json again{{"cmd", "price"}, {"number", number.value_or(0)}};
  auto answer = ask_until(context, std::move(first), again, until,
                          [](const ordered_json& row) { return !is_price_under_way(row); });
  if (answer.code == service::kCtlOk && is_price_under_way(answer.result)) {
    return {{},
            service::kCtlTimeout,
            fmt::format("no answer of the venue within {} s", within / std::chrono::seconds(1))};
  }
  return answer;
}

}  // namespace derivd::ctl
