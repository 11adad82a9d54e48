#include "deriv/encoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <variant>

#include "core/append.hpp"
#include "core/check.hpp"
#include "market/hours.hpp"
#include "market/multiplier.hpp"

namespace derivd::deriv {
namespace {

template <class... Args>
void put(std::string& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

void put_money(std::string& out, core::Money money) {
  core::append_fixed(out, money.units(), money.exponent());
}

/// Relative barriers carry their sign, also when positive.
void put_barrier(std::string& out, std::string_view key, const market::Barrier& barrier) {
  using Form = market::Barrier::Form;
  if (barrier.form == Form::kNone) return;
  core::append(out, ",\"", key, "\":\"");
  if (barrier.form == Form::kOffset && barrier.value.mantissa() >= 0) out.push_back('+');
  core::append_fixed(out, barrier.value.mantissa(), barrier.value.decimals());
  out.push_back('"');
}

void put_decimal(std::string& out, core::Decimal value) {
  core::append_fixed(out, value.mantissa, value.scale);
}

/// The limits that the venue keeps.
void put_limits(std::string& out, const std::optional<core::Money>& take_profit,
                const std::optional<core::Money>& stop_loss) {
  if (!take_profit && !stop_loss) return;
  out += ",\"limit_order\":{";
  if (take_profit) {
    out += "\"take_profit\":";
    put_money(out, *take_profit);
  }
  if (stop_loss) {
    out += take_profit ? ",\"stop_loss\":" : "\"stop_loss\":";
    put_money(out, *stop_loss);
  }
  out.push_back('}');
}

struct PutTerms {
  std::string& out;
  void operator()(std::monostate) const {}
  void operator()(const market::MultiplierTerms& t) const {
    core::append(out, ",\"multiplier\":", t.multiplier);
    if (t.cancellation) put(out, ",\"cancellation\":\"{}\"", t.cancellation->to_string());
    put_limits(out, t.take_profit, t.stop_loss);
  }
  void operator()(const market::AccumulatorTerms& t) const {
    out += ",\"growth_rate\":";
    put_decimal(out, t.growth);
    put_limits(out, t.take_profit, std::nullopt);
  }
  void operator()(const market::PointTerms& t) const {
    out += ",\"payout_per_point\":";
    put_decimal(out, t.payout_per_point);
  }
  void operator()(const market::TickTerms& t) const {
    core::append(out, ",\"selected_tick\":", static_cast<int>(t.selected));
  }
};

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void begin(std::string& out) {
  out.clear();
  out.push_back('{');
}
void end(std::string& out, std::int64_t req_id) { core::append(out, "\"req_id\":", req_id, '}'); }

}  // namespace

bool is_symbol(std::string_view text) { return market::is_symbol_code(text); }

bool is_stream_id(std::string_view text) {
  return text.size() >= 32 && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_word(c) || c == '-'; });
}

void Encoder::authorize(std::string& out, std::int64_t req_id, const core::Secret& token) const {
  begin(out);
  put(out, "\"authorize\":\"{}\",", token.reveal());
  end(out, req_id);
}

void Encoder::ping(std::string& out, std::int64_t req_id) const {
  begin(out);
  out += "\"ping\":1,";
  end(out, req_id);
}

void Encoder::time(std::string& out, std::int64_t req_id) const {
  begin(out);
  out += "\"time\":1,";
  end(out, req_id);
}

void Encoder::balance(std::string& out, std::int64_t req_id) const {
  begin(out);
  out += "\"balance\":1,\"subscribe\":1,";
  end(out, req_id);
}

void Encoder::own_limits(std::string& out, std::int64_t req_id) const {
  begin(out);
  out += "\"get_self_exclusion\":1,";
  end(out, req_id);
}

void Encoder::active_symbols(std::string& out, std::int64_t req_id) const {
  begin(out);
  out += "\"active_symbols\":\"brief\",";
  end(out, req_id);
}

void Encoder::contracts_for(std::string& out, std::int64_t req_id, std::string_view symbol) const {
  begin(out);
  put(out, "\"contracts_for\":\"{}\",", symbol);
  end(out, req_id);
}

void Encoder::trading_times(std::string& out, std::int64_t req_id, core::VenueTime midnight) const {
  begin(out);
  put(out, "\"trading_times\":\"{}\",", market::date_of(midnight));
  end(out, req_id);
}

void Encoder::transactions(std::string& out, std::int64_t req_id) const {
  begin(out);
  out += "\"transaction\":1,\"subscribe\":1,";
  end(out, req_id);
}

void Encoder::ticks(std::string& out, std::int64_t req_id, std::string_view symbol) const {
  begin(out);
  put(out, "\"ticks\":\"{}\",\"subscribe\":1,", symbol);
  end(out, req_id);
}

void Encoder::ticks_history(std::string& out, std::int64_t req_id, std::string_view symbol,
                            std::size_t count, bool subscribe) const {
  begin(out);
  put(out, "\"ticks_history\":\"{}\",\"end\":\"latest\",\"count\":{},\"style\":\"ticks\",", symbol,
      count);
  if (subscribe) out += "\"subscribe\":1,";
  end(out, req_id);
}

void Encoder::ticks_between(std::string& out, std::int64_t req_id, std::string_view symbol,
                            core::VenueTime from, core::VenueTime to) const {
  begin(out);
  put(out, "\"ticks_history\":\"{}\",\"start\":{},\"end\":\"{}\",\"count\":{},\"style\":\"ticks\",",
      symbol, from.s, to.s, kMaxHistory);
  end(out, req_id);
}

void Encoder::candles(std::string& out, std::int64_t req_id, std::string_view symbol,
                      std::int32_t seconds, core::VenueTime from, std::int64_t count) const {
  begin(out);
  // The start is always said: without one the venue takes one of its own (contracts.md, row 7).
  put(out,
      "\"ticks_history\":\"{}\",\"start\":{},\"end\":\"latest\",\"count\":{},"
      "\"style\":\"candles\",\"granularity\":{},",
      symbol, from.s, count, seconds);
  end(out, req_id);
}

void Encoder::open_contract(std::string& out, std::int64_t req_id, core::ContractId contract,
                            bool subscribe) const {
  begin(out);
  put(out, "\"proposal_open_contract\":1,\"contract_id\":{},", contract.value);
  if (subscribe) out += "\"subscribe\":1,";
  end(out, req_id);
}

void Encoder::portfolio(std::string& out, std::int64_t req_id) const {
  begin(out);
  out += "\"portfolio\":1,";
  end(out, req_id);
}

void Encoder::profit_table(std::string& out, std::int64_t req_id, core::VenueTime since,
                           std::size_t offset) const {
  begin(out);
  // Oldest first: contracts that are sold between two pages come at the end and shift nothing.
  put(out,
      "\"profit_table\":1,\"description\":1,\"date_from\":\"{}\",\"limit\":{},\"offset\":{},"
      "\"sort\":\"ASC\",",
      std::max<std::int64_t>(since.s, 0), kProfitTablePage, offset);
  end(out, req_id);
}

void Encoder::contract(std::string& out, const market::ContractSpec& spec, core::Money amount,
                       std::string_view currency) const {
  const auto basis = spec.basis == market::Basis::kStake ? "stake" : "payout";
  core::append(out, "\"contract_type\":\"", rules_.contract_name(spec.type), "\",\"",
               rules_.names().symbol, "\":\"", spec.symbol.view(), "\",\"currency\":\"", currency,
               "\",\"basis\":\"", basis, "\",\"amount\":");
  put_money(out, amount);
  if (spec.duration.unit == market::ContractDuration::Unit::kUntil) {
    core::append(out, ",\"date_expiry\":", spec.duration.count);
  } else if (spec.duration.count > 0) {
    core::append(out, ",\"duration\":", spec.duration.count, ",\"duration_unit\":\"",
                 spec.duration.unit_letter(), '"');
  }
  put_barrier(out, "barrier", spec.barriers[0]);
  put_barrier(out, "barrier2", spec.barriers[1]);
  std::visit(PutTerms{out}, spec.terms);
}

void Encoder::proposal(std::string& out, std::int64_t req_id, const market::ContractSpec& spec,
                       core::Money stake, std::string_view currency) const {
  begin(out);
  out += "\"proposal\":1,";
  contract(out, spec, stake, currency);
  out.push_back(',');
  end(out, req_id);
}

void Encoder::buy(std::string& out, std::int64_t req_id, const market::ContractSpec& spec,
                  core::Money max_price, std::string_view currency) const {
  // What a payout costs, only a quote says, and a quote is bought by its id.
  DERIVD_CHECK(spec.basis == market::Basis::kStake, "a payout is bought without its quote");
  DERIVD_CHECK(!market::has_cancellation(spec), "a cancellation is bought without its quote");
  begin(out);
  out += "\"buy\":\"1\",\"price\":";
  put_money(out, max_price);
  out += ",\"parameters\":{";
  contract(out, spec, max_price, currency);
  out += "},";
  end(out, req_id);
}

void Encoder::buy_quote(std::string& out, std::int64_t req_id, std::string_view quote_id,
                        core::Money max_price) const {
  DERIVD_CHECK(is_stream_id(quote_id), "a quote id the venue cannot have given");
  begin(out);
  core::append(out, "\"buy\":\"", quote_id, "\",\"price\":");
  put_money(out, max_price);
  out.push_back(',');
  end(out, req_id);
}

void Encoder::sell(std::string& out, std::int64_t req_id, core::ContractId contract) const {
  begin(out);
  put(out, "\"sell\":{},\"price\":0,", contract.value);
  end(out, req_id);
}

void Encoder::cancel(std::string& out, std::int64_t req_id, core::ContractId contract) const {
  begin(out);
  put(out, "\"cancel\":{},", contract.value);
  end(out, req_id);
}

void Encoder::forget(std::string& out, std::int64_t req_id, std::string_view stream) const {
  begin(out);
  put(out, "\"forget\":\"{}\",", stream);
  end(out, req_id);
}

}  // namespace derivd::deriv
