#include "derivctl/price_text.hpp"

#include <fmt/format.h>

#include <string_view>

#include "common/answer.hpp"
#include "derivctl/table.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::is;
using daemon::is_blank;
using daemon::shown;
using nlohmann::ordered_json;

constexpr std::size_t kPriceTextColumns = 78;

std::string price_percent(const ordered_json& share) {
  return share.is_number() ? fmt::format("{:.2f} %", 100 * share.get<double>()) : std::string("-");
}

std::string line(std::string_view what, std::string_view value, std::string_view words = {}) {
  return words.empty() ? fmt::format("  {:<12}{}\n", what, value)
                       : fmt::format("  {:<12}{:<14}{}\n", what, value, words);
}

std::string list_in_words(const ordered_json& row) {
  const bool account = is(at(row, "source"), "account");
  return account ? fmt::format("account {}", shown(at(row, "account")))
                 : std::string("public: an account's prices are others");
}

}  // namespace

PriceRefusal refusal_of(const ordered_json& row) {
  const auto code = shown(at(row, "code"));
  const auto late = code == "NoAnswer" || code == "LinkLost";
  return {late ? service::kCtlTimeout : service::kCtlRefused,
          fmt::format("{} on {}: {}: {}", shown(at(row, "type")), shown(at(row, "symbol")), code,
                      shown(at(row, "reason")))};
}

std::string price_text(const ordered_json& row) {
  const auto currency = shown(at(row, "currency"));
  const auto& payout = at(row, "payout");
  auto out = shown(at(row, "spec")) + "\n";
  out += line("asks", fmt::format("{} {}", shown(at(row, "ask_price")), currency));
  if (payout.is_null()) {
    out += line("pays", "its value", "no payout is fixed before");
  } else {
    out += line("pays", fmt::format("{} {}", shown(payout), currency), "when it wins");
    out += line("break-even", price_percent(at(row, "break_even")), "of its contracts must win");
  }
  if (at(row, "fair_probability").is_number()) {
    out += line("fair", price_percent(at(row, "fair_probability")), "win by derivd's model");
    out += line("margin", price_percent(at(row, "margin")), "of the payout, break-even less fair");
  }
  if (const auto& table = at(row, "expected"); table.is_object()) {
    const bool by_payout = is(at(row, "basis"), "payout");
    out +=
        line("expected",
             fmt::format("{} {}", shown(at(table, by_payout ? "ask_price" : "payout")), currency),
             fmt::format("by the commission of {} since {}", shown(at(table, "commission")),
                         shown(at(table, "since"))));
  }
  if (!is_blank(at(row, "commission"))) {
    out += line("commission", fmt::format("{} {}", shown(at(row, "commission")), currency));
  }
  if (!is_blank(at(row, "cancellation_fee"))) {
    out += line("fee", fmt::format("{} {}", shown(at(row, "cancellation_fee")), currency),
                "of its cancellation, within what it asks; it never comes back");
  }
  if (!is_blank(at(row, "spot"))) out += line("spot", shown(at(row, "spot")));
  out += line("prices of", list_in_words(row));
  out += line("asked", shown(at(row, "time")));
  if (!is_blank(at(row, "description")))
    out += wrapped(shown(at(row, "description")), kPriceTextColumns, 0);
  return out;
}

}  // namespace derivd::ctl
