#include "store/rows.hpp"

#include <fmt/format.h>

#include "market/kind.hpp"
#include "market/spec.hpp"
#include "store/schema.hpp"

namespace derivd::store {
namespace {

using execution::Order;
using market::ContractDuration;

constexpr int kMaxExponent = 18;  // core::pow10's range

std::optional<execution::Witness> witness_from(std::string_view name) {
  using execution::Witness;
  for (const auto witness : {Witness::kNone, Witness::kContractStream, Witness::kTransaction,
                             Witness::kPoll, Witness::kReconciliation}) {
    if (execution::name_of(witness) == name) return witness;
  }
  return std::nullopt;
}

void put_money(RowWriter& row, const std::optional<core::Money>& money) {
  if (!money) {
    row.null();
    row.null();
    return;
  }
  row.integer(money->units());
  row.integer(money->exponent());
}

void put_tick(RowWriter& row, const std::optional<market::Tick>& tick) {
  if (!tick) {
    for (int i = 0; i < 4; ++i) row.null();
    return;
  }
  row.text(tick->symbol.view());
  row.integer(tick->epoch.s);
  row.integer(tick->quote.mantissa());
  row.integer(tick->quote.decimals());
}

/// Walks the columns in their order; the first mistake sticks.
class Reader final {
 public:
  Reader(const Statement& statement, int first) : statement_(statement), next_(first) {}

  std::int64_t integer() { return statement_.integer(next_++); }
  template <class T>
  T integer_in(std::int64_t low, std::int64_t high, const char* what) {
    const auto value = integer();
    if (value < low || value > high) fail(what);
    return static_cast<T>(value);
  }
  template <std::size_t N>
  core::ShortString<N> text(const char* what) {
    auto value = read_short<N>(statement_, next_++);
    if (value) return *value;
    fail(what);
    return {};
  }
  template <class T>
  T named(std::optional<T> (*from)(std::string_view), const char* what) {
    const auto value = from(statement_.text(next_++));
    if (value) return *value;
    fail(what);
    return {};
  }
  market::ContractType type(const char* what) {
    const auto value = market::contract_type_from(statement_.text(next_++));
    if (!value) fail(what);
    return value.value_or(market::ContractType::kCall);
  }
  core::Price price(const char* what) {
    const auto mantissa = integer();
    return core::Price::raw(mantissa, integer_in<std::uint8_t>(0, kMaxExponent, what));
  }
  core::Money money(const char* what) {
    auto value = read_money(statement_, next_);
    next_ += 2;
    if (value) return *value;
    fail(what);
    return {};
  }
  std::optional<core::Money> optional_money(const char* what) {
    if (statement_.is_null(next_)) {
      next_ += 2;
      return std::nullopt;
    }
    return money(what);
  }
  std::optional<market::Tick> tick(const char* what) {
    if (statement_.is_null(next_)) {
      next_ += 4;
      return std::nullopt;
    }
    market::Tick out;
    out.symbol = text<30>(what);
    out.epoch.s = integer();
    out.quote = price(what);
    return out;
  }
  /// As releases before the column `spec` kept it: what a type needs says which parts count.
  market::ContractSpec spec_of_parts() {
    market::ContractSpec spec;
    spec.type = type("type");
    spec.symbol = text<market::SymbolCode::kCapacity>("symbol");
    spec.duration.count = integer();
    spec.duration.unit = named(ContractDuration::unit_from, "duration_unit");
    const auto& needs = market::kind_of(spec.type).needs;
    const auto digit = integer_in<std::int8_t>(-1, 9, "prediction");
    const auto offset = price("barrier");
    if (needs.barrier == market::BarrierForm::kDigit) spec.set_digit(digit);
    if (needs.barrier == market::BarrierForm::kOffset) spec.set_offset(offset);
    market::MultiplierTerms terms;
    terms.multiplier = integer_in<std::uint16_t>(0, UINT16_MAX, "multiplier");
    terms.take_profit = optional_money("spec_take_profit");
    terms.stop_loss = optional_money("spec_stop_loss");
    if (needs.multiplier) spec.terms = terms;
    return spec;
  }
  /// What the parts said stays where there is none. No release without it wrote another length.
  void spec(market::ContractSpec& out, const char* what) {
    const int column = next_++;
    if (statement_.is_null(column)) {
      const auto count = out.duration.count;
      const bool until = out.duration.unit == ContractDuration::Unit::kUntil;
      if (until || count < 0 || count > INT32_MAX) fail("duration_count");
      return;
    }
    const auto spec = market::decode(statement_.text(column));
    if (spec) {
      out = *spec;
    } else {
      fail(what);
    }
  }
  const char* failed() const { return failed_; }
  int next() const { return next_; }

 private:
  void fail(const char* what) {
    if (failed_ == nullptr) failed_ = what;
  }
  const Statement& statement_;
  int next_;
  const char* failed_ = nullptr;
};

}  // namespace

core::Result<core::Money> read_money(const Statement& statement, int column) {
  const auto exponent = statement.integer(column + 1);
  if (exponent < 0 || exponent > kMaxExponent) return core::invalid("an exponent is out of range");
  return core::Money::minor(statement.integer(column), static_cast<std::uint8_t>(exponent));
}

void put_order(RowWriter& row, const Order& o) {
  row.integer(o.id.value);
  row.text(o.strategy.view());
  row.text(market::name_of(o.spec.type));
  row.text(o.spec.symbol.view());
  row.integer(o.spec.duration.count);
  row.text(o.spec.duration.unit_letter());
  const auto* multiplier = o.spec.multiplier();
  row.integer(o.spec.digit());
  row.integer(o.spec.offset().mantissa());
  row.integer(o.spec.offset().decimals());
  row.integer(multiplier != nullptr ? multiplier->multiplier : 0);
  put_money(row, multiplier != nullptr ? multiplier->take_profit : std::nullopt);
  put_money(row, multiplier != nullptr ? multiplier->stop_loss : std::nullopt);
  put_money(row, o.stake);
  row.text(execution::name_of(o.state));
  row.integer(o.intended_wall.us);
  row.integer(o.signal_epoch.s);
  row.integer(o.contract.value);
  row.integer(o.buy_tx.value);
  put_money(row, o.buy_price);
  put_money(row, o.payout);
  row.integer(o.purchase_time.s);
  put_money(row, o.balance_after);
  row.text(execution::name_of(o.outcome));
  row.text(execution::name_of(o.witness));
  put_money(row, o.profit);
  put_money(row, o.sell_price);
  row.integer(o.sell_tx.value);
  row.integer(o.settled_time.s);
  put_tick(row, o.entry);
  put_tick(row, o.exit);
  row.integer(o.recomputed_differs ? 1 : 0);
  row.text(o.reason.view());
  row.text_from([&](std::string& out) { market::encode(o.spec, out); });
  DERIVD_CHECK(row.count() == kOrderColumnCount, "a column of an order was forgotten");
}

core::Result<Order> read_order(const Statement& statement, int first) {
  Reader r(statement, first);
  Order o;
  o.id.value = r.integer();
  o.strategy = r.text<core::Name::kCapacity>("strategy");
  o.spec = r.spec_of_parts();
  o.stake = r.money("stake");
  o.state = r.named(execution::order_state_from, "state");
  o.intended_wall.us = r.integer();
  o.signal_epoch.s = r.integer();
  o.contract.value = r.integer();
  o.buy_tx.value = r.integer();
  o.buy_price = r.money("buy_price");
  o.payout = r.optional_money("payout");
  o.purchase_time.s = r.integer();
  o.balance_after = r.money("balance_after");
  o.outcome = r.named(execution::outcome_from, "outcome");
  o.witness = r.named(witness_from, "witness");
  o.profit = r.optional_money("profit");
  o.sell_price = r.money("sell_price");
  o.sell_tx.value = r.integer();
  o.settled_time.s = r.integer();
  o.entry = r.tick("entry");
  o.exit = r.tick("exit");
  o.recomputed_differs = r.integer() != 0;
  o.reason = r.text<64>("reason");
  r.spec(o.spec, "spec");
  DERIVD_CHECK(r.next() == first + kOrderColumnCount, "a column of an order was forgotten");
  if (r.failed() != nullptr) {
    return core::invalid(fmt::format("order {} has a value in '{}' that no version of derivd wrote",
                                     o.id.value, r.failed()));
  }
  return o;
}

}  // namespace derivd::store
