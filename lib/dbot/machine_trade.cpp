// Options, purchases, sales and results. Rules: semantics.md, sections 5, 6 and 8.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dbot/compiler.hpp"
#include "dbot/machine.hpp"
#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

/// A stake of more digits than any account has is refused before it is a number of ours.
constexpr double kMostStake = 1e12;
constexpr double kMostDuration = 31'536'000;  // s: a year
constexpr double kLongestSleep = 31'536'000;

std::string barrier_text(BarrierKind kind, const Value& value) {
  switch (kind) {
    case BarrierKind::kNone:
      return {};
    case BarrierKind::kPlus:
      return "+" + to_text(value);
    case BarrierKind::kMinus:
      return "-" + to_text(value);
    case BarrierKind::kAbsolute:
      return to_text(value);
  }
  return {};
}

}  // namespace

/// Bot.start: the options are evaluated, the buying phase opens, and the state is kept for a
/// restart.
void Machine::start_trade(const Instruction& i) {
  const auto& shape = program_->options[static_cast<std::size_t>(i.arg)];
  Options next;
  next.set = true;
  next.shape = i.arg;
  if (shape.has_stop_loss) next.stop_loss = to_number(pop());
  if (shape.has_take_profit) next.take_profit = to_number(pop());
  if (shape.barrier2 != BarrierKind::kNone) next.barrier2 = barrier_text(shape.barrier2, pop());
  if (shape.barrier != BarrierKind::kNone) next.barrier = barrier_text(shape.barrier, pop());
  if (shape.has_prediction) next.prediction = pop();
  if (shape.kind == OptionsShape::Kind::kOptions) next.duration = pop();
  next.amount = rounded(to_number(pop()), settings_.money_decimals);
  options_ = next;
  start_reached_ = true;
  ever_started_ = true;
  if (scope_ == Scope::kStop) {
    scope_ = Scope::kBefore;
    new_tick_ = 0;
  }
  if (program_->dialect != Dialect::kDeriv) check_binary_options();
  if (fault_) return;
  proposals_ready_ = !program_->asks_price;
  if (program_->restart_on_error) at_start_ = take_snapshot();
  if (program_->asks_price) ask_quotes();
}

void Machine::ask_quotes() {
  AskQuotes ask;
  std::string why;
  for (const auto& type : program_->contract_types) {
    if (auto one = make_buy(type, std::nullopt, why)) ask.of.push_back(std::move(*one));
  }
  quotes_.clear();
  out_->emplace_back(std::move(ask));
}

/// Section 5.1: Binary Bot checks at Bot.start what Deriv Bot leaves to the venue.
void Machine::check_binary_options() {
  const auto& shape = program_->options[static_cast<std::size_t>(options_.shape)];
  if (!(options_.amount > 0)) {
    return fail("InputValidationFailed",
                fmt::format("the amount is {}", number_text(options_.amount)));
  }
  if (shape.kind != OptionsShape::Kind::kOptions) return;
  const double n = to_number(options_.duration);
  if (!(n > 0) || n != std::trunc(n)) {
    fail("PositiveIntegerExpected", fmt::format("the duration is {}", to_text(options_.duration)));
  }
}

/// What the options and the type make, or why the venue would refuse it (section 14, decision 6).
std::optional<Buy> Machine::make_buy(const std::string& type,
                                     const std::optional<Value>& prediction, std::string& why) {
  const auto& shape = program_->options[static_cast<std::size_t>(options_.shape)];
  Buy out;
  out.type = type;
  out.basis_payout = shape.basis_payout;
  const auto money = [&](double amount, std::string_view what) -> std::optional<core::Money> {
    if (!(amount > 0) || amount > kMostStake) {
      why = fmt::format("{} is {}", what, number_text(amount));
      return std::nullopt;
    }
    const auto m =
        core::Money::parse(fixed_text(amount, settings_.money_decimals), settings_.money_decimals);
    if (!m) why = m.error().text;
    return m ? std::optional(*m) : std::nullopt;
  };
  const auto stake = money(options_.amount, "the amount");
  if (!stake) return std::nullopt;
  out.stake = *stake;
  if (shape.kind == OptionsShape::Kind::kOptions) {
    const double n = to_number(options_.duration);
    if (!(n >= 1) || n > kMostDuration || n != std::trunc(n)) {
      why = fmt::format("the duration is {}", to_text(options_.duration));
      return std::nullopt;
    }
    out.duration = static_cast<std::int32_t>(n);
    out.unit = shape.unit;
  }
  if (takes_prediction(type)) {
    const auto& given = prediction ? *prediction : options_.prediction;
    const bool none = !prediction && !shape.has_prediction;
    const double n = none ? kNaN : to_number(given);
    if (!(n >= 0 && n <= 10) || n != std::trunc(n)) {
      why = fmt::format("the prediction is {}", none ? "not given" : to_text(given));
      return std::nullopt;
    }
    out.prediction = static_cast<int>(n);
  } else {
    if (!options_.barrier.empty()) out.barrier = options_.barrier;
    if (!options_.barrier2.empty()) out.barrier2 = options_.barrier2;
  }
  out.growth = shape.growth;
  out.multiplier = shape.multiplier;
  // Deriv Bot's two decimals; of a currency with more its own, or a limit would be rounded to
  // nothing.
  const int limit_decimals = std::max<int>(2, settings_.money_decimals);
  if (shape.has_take_profit) {
    out.take_profit = money(rounded(options_.take_profit, limit_decimals), "the take profit");
    if (!out.take_profit) return std::nullopt;
  }
  if (shape.has_stop_loss) {
    out.stop_loss = money(rounded(options_.stop_loss, limit_decimals), "the stop loss");
    if (!out.stop_loss) return std::nullopt;
  }
  return out;
}

void Machine::buy(const Instruction& i) {
  const auto prediction = i.flag == 1 ? std::optional(pop()) : std::nullopt;
  // A purchase outside the buying phase does nothing (section 5.4).
  if (scope_ != Scope::kBefore) return;
  std::string why;
  auto wish = make_buy(program_->purchases[static_cast<std::size_t>(i.arg)], prediction, why);
  if (!wish) return fail("InputValidationFailed", why);
  wish->line = line();
  buying_ = *wish;
  waiting_ = Waiting::kPurchase;
  out_->emplace_back(std::move(*wish));
}

void Machine::sell() {
  if (!holds_contract()) return;
  if (!contract_.can_sell) {
    return message(Message::Kind::kWarn, "resale of this contract is not offered", line());
  }
  waiting_ = Waiting::kSale;
  out_->emplace_back(Sell{});
}

void Machine::pause(double seconds) {
  if (std::isnan(seconds) || seconds < 0) seconds = 0;
  hold_until(Waiting::kSleep,
             static_cast<Millis>(std::ceil(std::min(seconds, kLongestSleep) * 1000)));
}

/// Compared strictly with a count: a text or a fraction never matches (section 8).
void Machine::tick_delay(const Value& ticks) {
  if (!(to_number(ticks) > 0) && !std::isnan(to_number(ticks))) return;
  const double n = ticks.is(Kind::kNumber) ? ticks.number : kNaN;
  if (n >= 1 && n == std::trunc(n) && n < 1e9) {
    ticks_left_ = static_cast<std::int64_t>(n);
    waiting_ = Waiting::kTicks;
    return;
  }
  message(Message::Kind::kError,
          fmt::format("tick_delay waits for {} ticks, which never come: it waits for ever",
                      to_text(ticks)),
          line());
  waiting_ = Waiting::kForever;
}

// -- results ------------------------------------------------------------------------------------

double Machine::total_profit() const {
  return static_cast<double>(profit_units_) / std::pow(10.0, settings_.money_decimals);
}

/// NaN while the contract has no price to be sold at.
double Machine::contract_profit() const {
  if (!contract_.sold && !contract_.has_bid) return kNaN;
  return (contract_.sell_price - contract_.buy_price).to_double();
}

/// A profit of zero is a win here (section 14, decision 9), a loss in no sense of the totals.
bool Machine::contract_won() const { return !(contract_profit() < 0); }

Value Machine::is_result(bool win) {
  if (!contract_.known) {
    fail("the result of a contract is asked for before there was one");
    return Value::undefined();
  }
  return Value::boolean(contract_won() == win);
}

Value Machine::detail(int index) {
  if (!contract_.known) {
    fail("details of a contract are asked for before there was one");
    return Value::undefined();
  }
  const auto clock = [this](const std::optional<core::VenueTime>& t) {
    if (!t) return Value::undefined();
    const auto s = t->s % 86'400;
    return make_text(fmt::format("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60));
  };
  const auto spot = [](const std::optional<core::Price>& p) {
    return p ? Value::of(p->to_double()) : Value::undefined();
  };
  const auto spot_text = [this](const std::optional<core::Price>& p) {
    return p ? make_text(p->to_string()) : Value::undefined();
  };
  switch (index) {
    case 1:
      return Value::of(static_cast<double>(contract_.transaction));
    case 2:
      return Value::of(contract_.buy_price.to_double());
    case 3:
      return Value::of(contract_.sold || contract_.has_bid ? contract_.sell_price.to_double()
                                                           : kNaN);
    case 4:
      return Value::of(contract_profit());
    case 5:
      return make_text(contract_.type);
    case 6:
      return clock(contract_.entry_time);
    case 7:
      return spot(contract_.entry);
    case 8:
      return clock(contract_.exit_time);
    case 9:
      return spot(contract_.exit);
    case 10:
      return Value::of(contract_.barrier);
    case 11:
      return make_text(contract_won() ? "win" : "loss");
    case 12:
      return program_->dialect == Dialect::kDeriv ? Value::undefined() : spot_text(contract_.entry);
    case 13:
      return program_->dialect == Dialect::kDeriv ? Value::undefined() : spot_text(contract_.exit);
    default:
      return Value::undefined();
  }
}

}  // namespace derivd::dbot
