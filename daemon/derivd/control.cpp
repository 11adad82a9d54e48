#include "derivd/control.hpp"

#include <nlohmann/json.hpp>

#include "common/trades.hpp"

namespace derivd::daemon {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMaxReason = 200;

std::string fail(std::string_view code, std::string_view error) {
  ordered_json out;
  out["ok"] = false;
  out["code"] = code;
  out["error"] = error;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string done(ordered_json result) {
  ordered_json out;
  out["ok"] = true;
  out["result"] = std::move(result);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text_of(const json& request, const char* key) {
  const auto it = request.find(key);
  return it != request.end() && it->is_string() ? it->get<std::string>().substr(0, kMaxReason)
                                                : std::string{};
}

store::OrderQuery query_of(const json& request) {
  store::OrderQuery query;
  if (const auto name = text_of(request, "strategy"); !name.empty()) query.strategy = name;
  if (const auto it = request.find("since_us"); it != request.end() && it->is_number_integer()) {
    query.since = core::WallTime{it->get<std::int64_t>()};
  }
  return query;
}

}  // namespace

std::string handle_control(std::string_view line, ControlTarget& target) {
  const auto request = json::parse(line, nullptr, false);
  if (!request.is_object()) return fail("usage", "one JSON object a line is expected");
  const auto verb = text_of(request, "cmd");
  if (verb == "status") return done(target.status());
  if (verb == "strategies") return done(target.strategies());
  if (verb == "positions") return done(target.positions());
  if (verb == "trades" || verb == "stats") {
    const auto orders = target.orders(query_of(request));
    if (!orders) return fail("refused", orders.error().text);
    return done(verb == "trades" ? trade_rows(*orders, target.is_paper()) : stats_report(*orders));
  }
  if (verb == "pause" || verb == "resume" || verb == "halt") {
    const auto name = text_of(request, "strategy");
    const auto all = request.value("all", json(false));
    if (name.empty() && all != true) return fail("usage", "name a strategy, or say --all");
    if (!target.command(verb, name, text_of(request, "reason"))) {
      return fail("not_found", "no strategy is called '" + name + "'");
    }
    return done(target.strategies());
  }
  return fail("usage", "unknown command '" + verb + "'");
}

}  // namespace derivd::daemon
