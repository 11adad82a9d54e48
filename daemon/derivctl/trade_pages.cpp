#include "derivctl/trade_pages.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "common/answer.hpp"
#include "core/result.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kPagesStandStill = "the daemon's pages do not go on";
constexpr std::string_view kChanges =
    "old trades are being removed (store.keep) while they are counted; try again in a minute";

/// Appends the rows of a page; the order's id that the next page is asked with, none at the end.
core::Result<std::optional<std::int64_t>> take_page(const ordered_json& page, std::int64_t after,
                                                    ordered_json& rows) {
  for (const auto* row : daemon::rows_of(daemon::at(page, "rows"))) {
    const auto id = daemon::id_of(daemon::at(*row, "order_id"));
    if (!id || *id <= after)
      return core::Error{core::ErrorKind::kProtocol, std::string(kPagesStandStill)};
    after = *id;
    rows.push_back(*row);
  }
  const auto& next = daemon::at(page, "next");
  if (next.is_null()) return std::optional<std::int64_t>{};
  const auto from = daemon::whole_of(next);
  if (!from || *from < after)
    return core::Error{core::ErrorKind::kProtocol, std::string(kPagesStandStill)};
  return from;
}

TradePages no_pages(int code, std::string_view why) {
  TradePages out;
  out.code = code;
  out.error = why;
  return out;
}

}  // namespace

TradePages trades_in_pages(const Context& context, ordered_json filter, const PagesWanted& wanted) {
  filter["cmd"] = "trades";
  TradePages out;
  for (std::int64_t after = 0;;) {
    filter["after"] = after;
    auto answer = ask(context, filter);
    if (answer.code != service::kCtlOk) return no_pages(answer.code, answer.error);
    if (answer.result.is_array()) {  // an older daemon knows no pages and tells all at once
      out.rows = std::move(answer.result);
      return out;
    }
    const auto next = take_page(answer.result, after, out.rows);
    if (!next) return no_pages(service::kCtlOther, next.error().text);
    const auto& gone = daemon::at(answer.result, "removed");
    if (after == 0) out.removed = gone;
    // Sums of one moment and rows of another are of no moment.
    if (wanted.of_one_moment && out.removed != gone) return no_pages(service::kCtlOther, kChanges);
    if (!*next || out.rows.size() >= wanted.enough) return out;
    if (**next <= after) return no_pages(service::kCtlOther, kPagesStandStill);
    after = **next;
  }
}

bool is_of_paper(const Context& context, const ordered_json& rows) {
  return daemon::is(
      daemon::at(rows.empty() ? ask(context, {{"cmd", "status"}}).result : rows.back(), "mode"),
      "paper");
}

}  // namespace derivd::ctl
