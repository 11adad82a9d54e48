// Programs for tests, put together from their blocks, and a venue of few words that runs them:
// every purchase is granted, and the test says when the contract ends.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "dbot/import.hpp"
#include "dbot/machine.hpp"

namespace derivd::dbot::test {

inline std::string block(const std::string& type, const std::string& inside = {},
                         const std::string& attributes = {}) {
  return "<block type=\"" + type + "\"" + attributes + ">" + inside + "</block>";
}
inline std::string field(const std::string& name, const std::string& text) {
  return "<field name=\"" + name + "\">" + text + "</field>";
}
inline std::string value(const std::string& name, const std::string& inside) {
  return "<value name=\"" + name + "\">" + inside + "</value>";
}
inline std::string stack(const std::string& name, const std::string& inside) {
  return "<statement name=\"" + name + "\">" + inside + "</statement>";
}
inline std::string mutation(const std::string& attributes, const std::string& inside = {}) {
  return "<mutation " + attributes + ">" + inside + "</mutation>";
}
inline std::string num(const std::string& text) { return block("math_number", field("NUM", text)); }
inline std::string txt(const std::string& text) { return block("text", field("TEXT", text)); }
inline std::string get(const std::string& name) {
  return block("variables_get", field("VAR", name));
}
inline std::string set(const std::string& name, const std::string& what) {
  return block("variables_set", field("VAR", name) + value("VALUE", what));
}
inline std::string yes() { return block("logic_boolean", field("BOOL", "TRUE")); }
inline std::string no() { return block("logic_boolean", field("BOOL", "FALSE")); }
inline std::string null() { return block("logic_null"); }
/// A value that is undefined: a variable that nothing sets.
inline std::string undef() { return get("never set"); }
inline std::string compare(const std::string& op, const std::string& a, const std::string& b) {
  return block("logic_compare", field("OP", op) + value("A", a) + value("B", b));
}
inline std::string arith(const std::string& op, const std::string& a, const std::string& b) {
  return block("math_arithmetic", field("OP", op) + value("A", a) + value("B", b));
}
inline std::string when(const std::string& condition, const std::string& then,
                        const std::string& otherwise = {}) {
  return block("controls_if", mutation(otherwise.empty() ? "" : "else=\"1\"") +
                                  value("IF0", condition) + stack("DO0", then) +
                                  (otherwise.empty() ? "" : stack("ELSE", otherwise)));
}
inline std::string list(const std::vector<std::string>& items) {
  std::string inside = mutation("items=\"" + std::to_string(items.size()) + "\"");
  for (std::size_t i = 0; i < items.size(); ++i) {
    inside += value("ADD" + std::to_string(i), items[i]);
  }
  return block("lists_create_with", inside);
}
inline std::string again() { return block("trade_again"); }
inline std::string buy(const std::string& type) {
  return block("purchase", field("PURCHASE_LIST", type));
}

/// Statements one after the other, as an editor writes them; an item may be such a chain itself.
inline std::string chain(const std::vector<std::string>& blocks) {
  const std::string link = "</next></block>";
  std::string out;
  for (auto it = blocks.rbegin(); it != blocks.rend(); ++it) {
    std::string one = *it;
    if (!out.empty()) {
      auto end = one.size();
      while (one.compare(end - std::min(end, link.size()), link.size(), link) == 0) {
        end -= link.size();
      }
      one.insert(end - std::string("</block>").size(), "<next>" + out + "</next>");
    }
    out = one;
  }
  return out;
}

/// What a program is made of; the parts that a test does not name are the plainest.
struct Parts {
  bool native = true;
  bool binary = false;  // `trade` in the place of `trade_definition`
  std::string trade_type = "overunder";
  std::string symbol = "R_100";
  std::string init;
  std::string options;  // empty: 1 USD, 1 tick, prediction 5
  std::string before = buy("DIGITOVER");
  std::string during;
  std::string after = again();
  std::string more;  // other top blocks
  std::string restart = "FALSE";
  std::string machine = "FALSE";  // TIME_MACHINE_ENABLED
};

inline std::string options_block(const std::string& amount = num("1"),
                                 const std::string& duration = num("1"),
                                 const std::string& more = value("PREDICTION", num("5")),
                                 const std::string& unit = "t",
                                 const std::string& type = "trade_definition_tradeoptions") {
  return block(type, mutation("has_prediction=\"true\"") + field("DURATIONTYPE_LIST", unit) +
                         value("DURATION", duration) + value("AMOUNT", amount) + more);
}

inline std::string definition(const Parts& p) {
  const auto options =
      p.options.empty() ? options_block(num("1"), num("1"), value("PREDICTION", num("5")), "t",
                                        p.binary ? "tradeOptions" : "trade_definition_tradeoptions")
                        : p.options;
  if (p.binary) {
    return block("trade", field("SYMBOL_LIST", p.symbol) + field("TRADETYPE_LIST", p.trade_type) +
                              field("TYPE_LIST", "both") + field("RESTARTONERROR", p.restart) +
                              field("TIME_MACHINE_ENABLED", p.machine) +
                              (p.init.empty() ? "" : stack("INITIALIZATION", p.init)) +
                              stack("SUBMARKET", options));
  }
  const auto parameters = chain({
      block("trade_definition_market", field("SYMBOL_LIST", p.symbol)),
      block("trade_definition_tradetype", field("TRADETYPE_LIST", p.trade_type)),
      block("trade_definition_contracttype", field("TYPE_LIST", "both")),
      block("trade_definition_candleinterval", field("CANDLEINTERVAL_LIST", "60")),
      block("trade_definition_restartbuysell", field("TIME_MACHINE_ENABLED", p.machine)),
      block("trade_definition_restartonerror", field("RESTARTONERROR", p.restart)),
  });
  return block("trade_definition", stack("TRADE_OPTIONS", parameters) +
                                       stack("INITIALIZATION", p.init) +
                                       stack("SUBMARKET", options));
}

inline std::string program(const Parts& p) {
  std::string out = p.native ? "<xml is_dbot=\"true\">" : "<xml>";
  out += definition(p);
  out += block("before_purchase", stack("BEFOREPURCHASE_STACK", p.before));
  if (!p.during.empty()) {
    out += block("during_purchase", stack("DURING_PURCHASE_STACK", p.during));
  }
  if (!p.after.empty()) out += block("after_purchase", stack("AFTERPURCHASE_STACK", p.after));
  // A program without a purchase is refused; in this section a purchase does nothing.
  const bool buys = (out + p.more).find("purchase\"><field") != std::string::npos;
  if (!buys && p.during.empty()) {
    out += block("during_purchase", stack("DURING_PURCHASE_STACK", buy("DIGITOVER")));
  }
  return out + p.more + "</xml>";
}

inline std::string problems_of(const Import& import) {
  std::string out;
  for (const auto& p : import.problems) out += format(p, "f") + "\n";
  return out;
}

/// A machine with a venue. Ticks come one a second from kFirst on; two decimals.
class Rig {
 public:
  static constexpr std::int64_t kFirst = 1'782'086'400;  // midnight UTC

  explicit Rig(const Parts& parts, Settings settings = {}) : Rig(program(parts), settings) {}
  explicit Rig(const std::string& xml, Settings settings = {}) {
    import_ = import_program(xml);
    EXPECT_EQ(import_.counts.skipped, 0);
    EXPECT_NE(import_.program, nullptr) << problems_of(import_);
    if (import_.program == nullptr) return;
    machine_ = std::make_unique<Machine>(import_.program, settings);
    machine_->balance(core::Money::minor(1'000'050));
  }

  bool loaded() const { return machine_ != nullptr; }
  Machine& machine() { return *machine_; }
  const Import& import() const { return import_; }

  /// Quotes of the past, in cents; the last one is the tick at which it starts.
  void prime(const std::vector<std::int64_t>& cents) {
    for (const auto c : cents) machine_->prime({kFirst + ticks_++}, core::Price::raw(c, 2));
  }
  void start() {
    if (ticks_ == 0) prime({10'000});
    machine_->start(now(), wishes_);
    settle_wishes();
  }
  void tick(std::int64_t cents) {
    const core::VenueTime epoch{kFirst + ticks_++};
    wake(epoch.s * 1000);
    machine_->on_tick(epoch, core::Price::raw(cents, 2), now(), wishes_);
    settle_wishes();
  }
  /// Time passes without a tick, up to `ms` after the last tick.
  void wait(std::int64_t ms) { wake(now() + ms); }
  void win(std::int64_t payout_cents = 195) { end(payout_cents); }
  void lose() { end(0); }
  void end(std::int64_t cents) {
    Ended e;
    e.sell_price = core::Money::minor(cents);
    e.entry_time = core::VenueTime{kFirst + ticks_ - 1};
    e.entry = core::Price::raw(12'340, 2);
    e.exit_time = core::VenueTime{kFirst + ticks_ - 1};
    e.exit = core::Price::raw(12'345, 2);
    machine_->ended(e, now(), wishes_);
    settle_wishes();
  }
  void update(std::int64_t bid_cents, bool can_sell = true) {
    Update u;
    u.bid = core::Money::minor(bid_cents);
    u.can_sell = can_sell;
    machine_->updated(u, now(), wishes_);
    settle_wishes();
  }
  std::int64_t now() const { return (kFirst + ticks_ - 1) * 1000; }

  std::string var(const std::string& name) { return machine_->variable(name).value_or("(none)"); }

  /// Answers of the venue to the purchases to come; none: granted.
  std::vector<std::pair<std::string, std::string>> refusals;
  bool deny = false;
  bool answer_sales = true;
  std::vector<Buy> bought;
  int asked = 0;  // purchases asked for, refused ones too
  int sales = 0;
  std::vector<std::string> messages;
  std::vector<Message> full_messages;
  std::optional<Stopped> stopped;

 private:
  void wake(std::int64_t until) {
    for (auto due = machine_->next_deadline(); due && *due <= until;
         due = machine_->next_deadline()) {
      machine_->on_time(*due, wishes_);
      settle_wishes();
    }
  }
  void settle_wishes() {
    for (std::size_t i = 0; i < wishes_.size(); ++i) {
      const Wish wish = wishes_[i];
      if (const auto* m = std::get_if<Message>(&wish)) {
        messages.push_back(m->text);
        full_messages.push_back(*m);
      }
      if (const auto* s = std::get_if<Stopped>(&wish)) stopped = *s;
      if (const auto* b = std::get_if<Buy>(&wish)) answer(*b);
      if (const auto* a = std::get_if<AskQuotes>(&wish)) quote(*a);
      if (std::holds_alternative<Sell>(wish)) {
        ++sales;
        if (answer_sales) machine_->sold(now(), wishes_);
      }
    }
    wishes_.clear();
  }
  void answer(const Buy& b) {
    ++asked;
    if (deny) return machine_->denied(now(), wishes_);
    if (!refusals.empty()) {
      const auto [code, text] = refusals.front();
      refusals.erase(refusals.begin());
      return machine_->refused(code, text, now(), wishes_);
    }
    bought.push_back(b);
    machine_->opened({static_cast<std::int64_t>(bought.size()) + 100, b.stake}, now(), wishes_);
  }
  void quote(const AskQuotes& ask) {
    std::map<std::string, Quoted, std::less<>> quotes;
    for (const auto& b : ask.of) quotes[b.type] = {b.stake, core::Money::minor(195)};
    machine_->quoted(quotes, now(), wishes_);
  }

  Import import_;
  std::unique_ptr<Machine> machine_;
  std::vector<Wish> wishes_;
  std::int64_t ticks_ = 0;
};

/// The text of a value that Init computes, after `setup`.
inline std::string evaluate(const std::string& what, const std::string& setup = {},
                            bool native = true, const std::vector<std::int64_t>& quotes = {},
                            Settings settings = {}) {
  Parts p;
  p.native = native;
  p.binary = !native;
  std::vector<std::string> blocks;
  if (!setup.empty()) blocks.push_back(setup);
  blocks.push_back(set("result", what));
  p.init = chain(blocks);
  Rig rig(p, settings);
  if (!rig.loaded()) return "(refused)";
  rig.prime(quotes.empty() ? std::vector<std::int64_t>{10'000} : quotes);
  rig.start();
  if (rig.stopped) return "error: " + rig.stopped->text;
  return rig.var("result");
}

}  // namespace derivd::dbot::test
