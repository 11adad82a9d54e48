#include "derivd/control.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/trades.hpp"
#include "core/printable.hpp"
#include "service/credential.hpp"

namespace derivd::daemon {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMaxReason = 200;
/// Orders of one answer: some milliseconds of the loop. Whoever wants more asks for page after
/// page, or reads the journal's file, as derivctl does where it may.
constexpr std::size_t kMaxRows = 500;
/// Decisions that explain shows when no number is given.
constexpr std::int64_t kExplained = 10;

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

std::string path_of(const json& request, const char* key) {
  const auto it = request.find(key);
  return it != request.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

std::int64_t number_of(const json& request, const char* key, std::int64_t fallback) {
  const auto it = request.find(key);
  return it != request.end() && it->is_number_integer() ? it->get<std::int64_t>() : fallback;
}

std::string answer(SaleAnswer sale) {
  return sale.code.empty() ? done(std::move(sale.result)) : fail(sale.code, sale.error);
}

std::string explain(const json& request, ControlTarget& target) {
  const auto name = text_of(request, "strategy");
  const auto last =
      std::clamp<std::int64_t>(number_of(request, "last", kExplained), 1, engine::kKeptDecisions);
  auto found = target.explain(name, static_cast<std::size_t>(last));
  if (found.is_null()) {
    return fail("not_found",
                "no strategy is called '" + name + "'; derivctl strategies lists them");
  }
  return done(std::move(found));
}

store::OrderQuery query_of(const json& request) {
  store::OrderQuery query;
  if (const auto name = text_of(request, "strategy"); !name.empty()) query.strategy = name;
  if (const auto it = request.find("since_us"); it != request.end() && it->is_number_integer()) {
    query.since = core::WallTime{it->get<std::int64_t>()};
  }
  return query;
}

/// {"cmd":"trades"}: all of them, if they are few. {"cmd":"trades","after":ORDER}: the next page,
/// from the order behind that one on; 0 for the first. The last page is shorter than "page" says.
std::string trades(const json& request, ControlTarget& target) {
  auto query = query_of(request);
  const bool paged = request.contains("after");
  query.after = core::OrderId{std::max<std::int64_t>(number_of(request, "after", 0), 0)};
  query.first = paged ? kMaxRows : kMaxRows + 1;
  const auto orders = target.orders(query);
  if (!orders) return fail("refused", orders.error().text);
  if (paged) {
    ordered_json out;
    out["page"] = kMaxRows;
    out["rows"] = trade_rows(*orders, target.is_paper());
    return done(std::move(out));
  }
  if (orders->size() > kMaxRows) {
    return fail(
        "refused",
        "the journal holds more trades than one answer; derivctl of this version reads them "
        "from its file or in pages");
  }
  return done(request.value("cmd", json("")) == "trades"
                  ? trade_rows(*orders, target.is_paper())
                  : stats_report(*orders, target.is_paper()));
}

/// {"cmd":"token-set","token":…}: taken out of the parsed request, which is wiped.
std::string set_token(json& request, ControlTarget& target, bool owner) {
  core::Secret token;
  if (const auto it = request.find("token"); it != request.end() && it->is_string()) {
    token = core::Secret(std::move(it->get_ref<std::string&>()));
  }
  if (!owner) return fail("refused", "only root and the daemon's own user may set its token");
  const auto checked = service::token_of(token, "the token");
  if (!checked) return fail("usage", checked.error().text);
  if (const auto begun = target.replace_token(checked->clone()); !begun) {
    return fail("refused", begun.error().text);
  }
  return done(target.token_change());
}

}  // namespace

std::string handle_control(std::string_view line, ControlTarget& target, bool owner) {
  auto request = json::parse(line, nullptr, false);
  if (!request.is_object()) return fail("usage", "one JSON object a line is expected");
  const auto verb = text_of(request, "cmd");
  if (verb == "token-set") return set_token(request, target, owner);
  if (verb == "token-change") return done(target.token_change());
  if (verb == "status") return done(target.status());
  if (verb == "strategies") return done(target.strategies());
  if (verb == "positions") return done(target.positions());
  if (verb == "trades" || verb == "stats") return trades(request, target);
  if (verb == "sell" || verb == "sale") {
    const core::ContractId contract{number_of(request, "contract", 0)};
    if (!contract) return fail("usage", "name a contract by its number");
    return answer(verb == "sell" ? target.sell(contract) : target.sale(contract));
  }
  if (verb == "flatten") {
    const bool again = request.value("again", json(false)) == true;
    return answer(target.flatten(text_of(request, "strategy"), again));
  }
  if (verb == "explain") return explain(request, target);
  if (verb == "reload") return done(target.reload(path_of(request, "file")));
  if (verb == "pause" || verb == "resume" || verb == "halt") {
    const auto name = text_of(request, "strategy");
    const auto all = request.value("all", json(false));
    if (name.empty() && all != true) return fail("usage", "name a strategy, or say --all");
    // A member of the group writes it, root's terminal shows it, and the journal keeps it.
    if (!target.command(verb, name, core::printable(text_of(request, "reason")))) {
      return fail("not_found",
                  "no strategy is called '" + name + "'; derivctl strategies lists them");
    }
    return done(target.strategies());
  }
  return fail("usage", "unknown command '" + verb + "'");
}

}  // namespace derivd::daemon
