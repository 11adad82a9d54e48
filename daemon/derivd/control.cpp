#include "derivd/control.hpp"

#include <fmt/format.h>

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
/// Orders of one page: a few milliseconds of the loop, which a purchase may have to wait. Whoever
/// wants more asks for the next page, or reads the journal's file, as derivctl does where it may.
constexpr std::size_t kMaxRows = 100;
/// Orders that one page is looked for among: a filter that fits few of them must not take longer.
constexpr std::int64_t kMaxScanned = 20'000;
/// Orders of an answer that is no page, for clients that know none.
constexpr std::size_t kMaxUnpaged = 500;
/// A request is an object of texts and numbers. Deep ones would cost the stack where they are
/// copied.
constexpr int kMaxDepth = 8;
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

std::string no_strategy(std::string_view name, const ControlTarget& target) {
  return fmt::format("no strategy is called '{}'; {} strategies lists them", name, target.ctl());
}

std::string explain(const json& request, ControlTarget& target) {
  const auto name = text_of(request, "strategy");
  const auto last =
      std::clamp<std::int64_t>(number_of(request, "last", kExplained), 1, engine::kKeptDecisions);
  auto found = target.explain(name, static_cast<std::size_t>(last));
  if (found.is_null()) {
    return fail("not_found", no_strategy(name, target));
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

/// What a report asks of an order beside its row: what was meant to be paid, and when.
void add_intent(ordered_json& row, const execution::Order& order) {
  row["asked"] = order.stake.to_string();
  row["intended_us"] = order.intended_wall.us;
}

/// {"cmd":"trades","after":ORDER}: a page, of the orders behind that one; 0 for the first. "next"
/// is what to ask for then, null at the end; a page may be empty before that. "removed": what
/// store.keep has removed, of the moment of this page. "report":true: of refused orders, too.
std::string page_of_trades(store::OrderQuery query, std::int64_t after, bool report,
                           ControlTarget& target) {
  const core::OrderId end{after + kMaxScanned};
  query.contracts_only = !report;
  query.after = core::OrderId{after};
  query.upto = end;
  query.first = kMaxRows;
  const auto books = target.books(query);
  if (!books) return fail("refused", books.error().text);
  const auto* orders = &books->orders;
  ordered_json out;
  out["rows"] = trade_rows(*orders, target.is_paper());
  for (std::size_t i = 0; report && i < orders->size(); ++i)
    add_intent(out["rows"][i], (*orders)[i]);
  out["removed"] = removed_report(books->removed, query);
  out["next"] = nullptr;
  if (orders->size() == kMaxRows) {
    out["next"] = orders->back().id.value;
    return done(std::move(out));
  }
  store::OrderQuery beyond;
  beyond.contracts_only = false;
  beyond.after = end;
  beyond.first = 1;
  const auto more = target.orders(beyond);
  if (!more) return fail("refused", more.error().text);
  if (!more->empty()) out["next"] = more->front().id.value - 1;
  return done(std::move(out));
}

/// {"cmd":"trades"} and {"cmd":"stats"}: over all orders, if they are few.
std::string trades(const json& request, std::string_view verb, ControlTarget& target) {
  auto query = query_of(request);
  if (verb == "trades" && request.contains("after")) {
    // So far below the end of the numbers that a page's end is one.
    const auto after = std::clamp<std::int64_t>(number_of(request, "after", 0), 0, INT64_MAX / 2);
    const bool report = request.value("report", json(false)) == true;
    return page_of_trades(std::move(query), after, report, target);
  }
  query.first = kMaxUnpaged + 1;
  const auto books = target.books(query);
  if (!books) return fail("refused", books.error().text);
  const auto* orders = &books->orders;
  if (orders->size() > kMaxUnpaged) {
    return fail(
        "refused",
        "the journal holds more trades than one answer; derivctl of this version reads them "
        "from its file or in pages");
  }
  if (verb == "trades") return done(trade_rows(*orders, target.is_paper()));
  auto stats = stats_report(*orders, target.is_paper());
  add_removed(stats, removed_report(books->removed, query));
  return done(std::move(stats));
}

/// Brackets inside each other, outside of texts. Before anything is built of the line, and without
/// a copy of it, which may hold a secret.
bool is_too_deep(std::string_view line) {
  int depth = 0;
  bool text = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (text && c == '\\') {
      ++i;
    } else if (c == '"') {
      text = !text;
    } else if (!text && (c == '{' || c == '[')) {
      if (++depth > kMaxDepth) return true;
    } else if (!text && (c == '}' || c == ']')) {
      --depth;
    }
  }
  return false;
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
  if (is_too_deep(line)) return fail("usage", "a request is an object of texts and numbers");
  auto request = json::parse(line, nullptr, false);
  if (!request.is_object()) return fail("usage", "one JSON object a line is expected");
  const auto verb = text_of(request, "cmd");
  if (verb == "token-set") return set_token(request, target, owner);
  if (verb == "token-change") return done(target.token_change());
  if (verb == "notify-test") {
    if (const auto begun = target.notify_test(); !begun) return fail("refused", begun.error().text);
    return done(target.notify_result());
  }
  if (verb == "notify-result") return done(target.notify_result());
  if (verb == "status") return done(target.status());
  if (verb == "strategies") return done(target.strategies());
  if (verb == "positions") return done(target.positions());
  if (verb == "trades" || verb == "stats") return trades(request, verb, target);
  if (verb == "sell" || verb == "sale") {
    const core::ContractId contract{number_of(request, "contract", 0)};
    if (!contract) return fail("usage", "name a contract by its number");
    if (verb == "sale") return answer(target.sale(contract));
    return answer(target.sell(contract, request.value("cancel", json(false)) == true));
  }
  if (verb == "flatten") {
    const bool again = request.value("again", json(false)) == true;
    return answer(target.flatten(text_of(request, "strategy"), again));
  }
  if (verb == "quote") return answer(target.ask_price(request));
  if (verb == "price") return answer(target.price(number_of(request, "number", 0)));
  if (verb == "priceable") return done(target.priceable());
  if (verb == "explain") return explain(request, target);
  if (verb == "reload") return done(target.reload(path_of(request, "file")));
  if (verb == "pause" || verb == "resume" || verb == "halt") {
    const auto name = text_of(request, "strategy");
    const auto all = request.value("all", json(false));
    if (name.empty() && all != true) return fail("usage", "name a strategy, or say --all");
    // A member of the group writes it, root's terminal shows it, and the journal keeps it.
    if (!target.command(verb, name, core::printable(text_of(request, "reason")))) {
      return fail("not_found", no_strategy(name, target));
    }
    return done(target.strategies());
  }
  return fail("usage", "unknown command '" + verb + "'");
}

}  // namespace derivd::daemon
