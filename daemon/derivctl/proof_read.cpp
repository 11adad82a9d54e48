#include "derivctl/proof_read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>

#include "core/printable.hpp"
#include "deriv/wire_names.hpp"
#include "market/kind.hpp"
#include "market/shortcode.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::json;

constexpr std::size_t kMostShown = 300;  // characters of an error
// No answer of the venue has more past ticks, and no message of a contract is deeper.
constexpr std::size_t kMostTicks = 5000;
constexpr int kMostDepth = 32;
// No amount in minor units and no quote in its last decimals is larger, no time has more than ten
// digits: what is computed of them then stays far from overflow.
constexpr std::int64_t kMostUnits = 1'000'000'000'000;
constexpr std::int64_t kMostEpoch = 9'999'999'999;

const deriv::WireNames& proof_names_of(deriv::Dialect dialect) {
  return dialect == deriv::Dialect::kV3 ? deriv::kV3Names : deriv::kOptionsNames;
}

const json* at(const json& from, std::string_view name) {
  if (!from.is_object()) return nullptr;
  const auto found = from.find(name);
  return found == from.end() || found->is_null() ? nullptr : &*found;
}
/// "limit_order.stop_out.order_amount"
const json* at_path(const json& from, std::string_view path) {
  const json* here = &from;
  while (here != nullptr && !path.empty()) {
    const auto dot = path.find('.');
    here = at(*here, path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return here;
}

/// Numbers come as such and as texts. The shortest text of a double is the one that was sent, as
/// long as it has no more than 15 digits, and quotes and amounts have fewer.
std::optional<core::Decimal> decimal(const json* value) {
  if (value == nullptr) return std::nullopt;
  std::string text;
  if (value->is_string()) text = value->get<std::string>();
  if (value->is_number()) text = value->dump();
  const auto read = core::Decimal::parse(text);
  return read ? std::optional(*read) : std::nullopt;
}
std::optional<core::Money> proof_money(const json* value, std::uint8_t exponent) {
  const auto number = decimal(value);
  if (!number) return std::nullopt;
  const auto read = core::Money::from(*number, exponent);
  return read && std::abs(read->units()) <= kMostUnits ? std::optional(*read) : std::nullopt;
}
std::optional<core::Price> price(const json* value, std::uint8_t decimals) {
  const auto number = decimal(value);
  if (!number) return std::nullopt;
  const auto read = core::Price::from(*number, decimals);
  return read && std::abs(read->mantissa()) <= kMostUnits ? std::optional(*read) : std::nullopt;
}
std::optional<std::int64_t> integer(const json* value) {
  const auto number = decimal(value);
  if (!number || *number != core::Decimal{number->mantissa, 0}) return std::nullopt;
  return number->mantissa;
}
std::optional<core::VenueTime> moment(const json* value) {
  const auto read = integer(value);
  return read && *read > 0 && *read <= kMostEpoch ? std::optional(core::VenueTime{*read})
                                                  : std::nullopt;
}
bool flag(const json* value) {
  return value != nullptr && ((value->is_boolean() && value->get<bool>()) || integer(value) == 1);
}

void note_missing(const json& in, std::initializer_list<std::string_view> names,
                  std::vector<std::string>& out) {
  for (const auto name : names) {
    if (at_path(in, name) == nullptr) out.emplace_back(name);
  }
}

/// What derivd and this proof read of a proposal.
std::vector<std::string> missing_of_proof(const json& offer, const market::Kind& kind) {
  std::vector<std::string> out;
  note_missing(offer,
               {"ask_price", "payout", "spot", "spot_time", "date_start", "id", "longcode",
                "validation_params.stake.min"},
               out);
  if (kind.needs.growth) {
    note_missing(offer,
                 {"contract_details.tick_size_barrier", "contract_details.maximum_ticks",
                  "contract_details.maximum_payout"},
                 out);
  }
  if (kind.needs.multiplier) {
    note_missing(offer, {"commission", "limit_order.stop_out.order_amount"}, out);
  }
  return out;
}

/// What derivd reads of a contract that is over.
std::vector<std::string> missing_of_proof(const json& contract, const deriv::WireNames& names) {
  std::vector<std::string> out;
  note_missing(contract,
               {"contract_id",
                "contract_type",
                "status",
                "is_sold",
                "is_expired",
                "buy_price",
                "sell_price",
                "sell_time",
                "profit",
                "payout",
                "purchase_time",
                "date_start",
                "date_expiry",
                "shortcode",
                "transaction_ids.buy",
                "transaction_ids.sell",
                names.contract_symbol,
                names.entry,
                names.entry_time,
                names.exit,
                names.exit_time},
               out);
  return out;
}

}  // namespace

std::string error_of(const json& message) {
  const auto* error = at(message, "error");
  if (error == nullptr) return {};
  const auto text = [&](std::string_view name) {
    const auto* value = at(*error, name);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string("?");
  };
  const auto whole = core::printable(fmt::format("{}: {}", text("code"), text("message")));
  return std::string(core::cut_utf8(whole, kMostShown));
}

proof::Answer read_answer(const proof::Request& asked, const json& message, const ReadAs& as) {
  proof::Answer out{asked, std::nullopt, error_of(message), {}};
  const auto* offer = at(message, "proposal");
  if (offer == nullptr) {
    if (out.refusal.empty()) out.refusal = "the answer has no proposal";
    return out;
  }
  out.missing = missing_of_proof(*offer, market::kind_of(asked.spec.type));
  const auto ask = proof_money(at(*offer, "ask_price"), as.exponent);
  const auto payout = proof_money(at(*offer, "payout"), as.exponent);
  const auto spot = price(at(*offer, "spot"), as.symbol.decimals);
  const auto start = moment(at(*offer, "date_start"));
  if (!ask || ask->units() <= 0 || !payout || !spot || spot->mantissa() <= 0 || !start) {
    out.refusal = "the proposal has no price, spot or start that could be read";
    return out;
  }
  proof::Offer o{.ask = *ask, .payout = *payout, .spot = *spot, .start = *start};
  o.spot_time = moment(at(*offer, "spot_time"));
  o.share = decimal(at_path(*offer, "contract_details.tick_size_barrier"));
  o.max_ticks = integer(at_path(*offer, "contract_details.maximum_ticks"));
  o.max_payout = decimal(at_path(*offer, "contract_details.maximum_payout"));
  o.contracts = decimal(at(*offer, "display_number_of_contracts"));
  o.level = price(at_path(*offer, "contract_details.barrier"), as.symbol.decimals);
  o.commission = decimal(at(*offer, "commission"));
  o.stop_out = decimal(at_path(*offer, "limit_order.stop_out.order_amount"));
  o.fee = decimal(at_path(*offer, "cancellation.ask_price"));
  o.min_stake = decimal(at_path(*offer, "validation_params.stake.min"));
  out.offer = o;
  return out;
}

bool is_over(const json& message) {
  const auto* contract = at(message, "proposal_open_contract");
  return contract != nullptr && flag(at(*contract, "is_sold"));
}

namespace {

/// "ACCU_R_100_10.00_0_0.01_1_0.000612552024_1718630993": the last but one, as recorded.
std::optional<core::Decimal> share_in(const json* shortcode, const market::SymbolInfo& symbol) {
  if (shortcode == nullptr || !shortcode->is_string()) return std::nullopt;
  const auto text = shortcode->get<std::string>();
  market::CodeFields fields(text);
  fields.text();  // the type
  if (!fields.skip_symbol(symbol.code)) return std::nullopt;
  for (int n = 0; n < 4; ++n) fields.text();  // stake, take profit, growth, 1
  const auto share = core::Decimal::parse(fields.text());
  return share && share->mantissa > 0 ? std::optional(*share) : std::nullopt;
}

}  // namespace

bool read_contract(const json& message, const ReadAs& as, proof::Course& course) {
  const auto* contract = at(message, "proposal_open_contract");
  if (contract == nullptr || at(*contract, "contract_id") == nullptr) return false;
  const auto& names = proof_names_of(as.dialect);
  if (const auto start = moment(at(*contract, "date_start"))) course.start = *start;
  if (const auto entry = moment(at(*contract, names.entry_time))) course.entry = entry;
  course.commission = decimal(at(*contract, "commission"));
  if (market::kind_of(course.bought.spec.type).needs.growth) {
    const auto share = share_in(at(*contract, "shortcode"), as.symbol);
    if (share) course.share = share;
  }
  if (is_over(message)) {
    course.paid = proof_money(at(*contract, "sell_price"), as.exponent);
    course.exit = moment(at(*contract, names.exit_time));
    course.reset_time = moment(at(*contract, "reset_time"));
    const auto* reset = at(*contract, "reset_barrier");
    course.level = price(reset != nullptr ? reset : at(*contract, "barrier"), as.symbol.decimals);
    course.missing = missing_of_proof(*contract, names);
    return true;
  }
  const auto tick = moment(at(*contract, "current_spot_time"));
  const auto bid = proof_money(at(*contract, "bid_price"), as.exponent);
  const bool offered = flag(at(*contract, "is_valid_to_sell"));
  if (tick && bid && offered && course.bids.size() < proof::kMaxTicks) {
    course.bids.push_back({*tick, *bid});
  }
  return true;
}

std::vector<market::Tick> read_ticks(const json& message, const ReadAs& as) {
  std::vector<market::Tick> out;
  const auto add = [&](const json* epoch, const json* quote) {
    const auto time = moment(epoch);
    const auto value = price(quote, as.symbol.decimals);
    if (time && value && value->mantissa() > 0) out.push_back({as.symbol.code, *time, *value});
  };
  if (const auto* tick = at(message, "tick")) add(at(*tick, "epoch"), at(*tick, "quote"));
  const auto* times = at_path(message, "history.times");
  const auto* prices = at_path(message, "history.prices");
  if (times != nullptr && prices != nullptr && times->is_array() && prices->is_array()) {
    const auto rows = std::min({times->size(), prices->size(), kMostTicks});
    for (std::size_t i = 0; i < rows; ++i) add(&(*times)[i], &(*prices)[i]);
  }
  std::ranges::sort(out, {}, &market::Tick::epoch);
  return out;
}

namespace {

// What names a person, an account or its money, and what opens one.
constexpr std::array kPersonal{"account_id",   "accounts",
                               "account_list", "authorize",
                               "balance",      "balance_after",
                               "token",        "loginid",
                               "user_id",      "email",
                               "fullname",     "first_name",
                               "last_name",    "landing_company_name",
                               "phone",        "country",
                               "passthrough",  "local_currencies"};

json redacted_to(const json& value, std::string_view account, int depth) {
  if (depth > kMostDepth) return nullptr;
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [key, member] : value.items()) {
      const bool personal = std::ranges::find(kPersonal, key) != kPersonal.end();
      if (!personal) out[key] = redacted_to(member, account, depth + 1);
    }
    return out;
  }
  if (value.is_array()) {
    json out = json::array();
    for (const auto& member : value) out.push_back(redacted_to(member, account, depth + 1));
    return out;
  }
  if (!value.is_string() || account.empty()) return value;
  auto text = value.get<std::string>();
  for (auto at = text.find(account); at != std::string::npos; at = text.find(account)) {
    text.replace(at, account.size(), "-");
  }
  return text;
}

}  // namespace

json redacted(const json& message, std::string_view account) {
  return redacted_to(message, account, 0);
}

}  // namespace derivd::ctl
