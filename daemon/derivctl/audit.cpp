// audit: was a contract settled right? From the journal, or from a payload that was saved.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "common/answer.hpp"
#include "common/files.hpp"
#include "common/output.hpp"
#include "common/trades.hpp"
#include "core/counted.hpp"
#include "deriv/saved_contract.hpp"
#include "derivctl/command.hpp"
#include "derivctl/journal_notices.hpp"
#include "derivctl/tick_finder.hpp"
#include "execution/audit.hpp"
#include "market/rule.hpp"
#include "service/exit_code.hpp"
#include "store/journal.hpp"

namespace derivd::ctl {
namespace {

using execution::Audit;
using execution::AuditVerdict;
using execution::Claim;
using execution::Order;
using nlohmann::ordered_json;

struct AuditOptions {
  std::string id;
  std::string contract_file;
  std::string ticks_file;
  std::string archive;
  std::string journal;
  std::string since;
  std::string strategy;
};

int exit_code(AuditVerdict verdict) {
  switch (verdict) {
    case AuditVerdict::kAgrees:
      return service::kCtlOk;
    case AuditVerdict::kDiffers:
      return service::kCtlRefused;
    case AuditVerdict::kUnjudged:
      return service::kCtlNotFound;
  }
  return service::kCtlOther;
}

template <class T>
ordered_json audit_text_or_null(const std::optional<T>& value) {
  return value ? ordered_json(value->to_string()) : ordered_json(nullptr);
}

ordered_json audit_to_json(const Claim& claim, const Audit& a) {
  const auto& o = claim.order;
  ordered_json out;
  out["contract_id"] =
      o.contract ? ordered_json(std::to_string(o.contract.value)) : ordered_json(nullptr);
  if (o.id) out["order_id"] = std::to_string(o.id.value);
  if (!o.strategy.empty()) out["strategy"] = o.strategy.view();
  out["type"] = market::name_of(o.spec.type);
  out["symbol"] = o.spec.symbol.view();
  out["spec"] = market::encode(o.spec);
  out["start"] = o.purchase_time.s;
  out["rule"] = market::rule_in_words(o.spec);
  out["verdict"] = execution::name_of(a.verdict);
  out["evidence"] = execution::name_of(a.evidence);
  out["entry"] = a.entry ? ordered_json(a.entry->quote.to_string()) : ordered_json(nullptr);
  out["entry_time"] = a.entry ? ordered_json(a.entry->epoch.s) : ordered_json(nullptr);
  out["exit"] = a.exit ? ordered_json(a.exit->quote.to_string()) : ordered_json(nullptr);
  out["exit_time"] = a.exit ? ordered_json(a.exit->epoch.s) : ordered_json(nullptr);
  out["barrier"] = audit_text_or_null(a.barrier);
  out["won"] = a.won ? ordered_json(*a.won) : ordered_json(nullptr);
  out["stake"] = o.buy_price.to_string();
  out["expected"] = audit_text_or_null(a.expected);
  out["paid"] = audit_text_or_null(a.paid);
  out["differences"] = ordered_json::array();
  for (const auto& d : a.differences) {
    out["differences"].push_back({{"field", d.field}, {"said", d.said}, {"expected", d.expected}});
  }
  out["notes"] = a.notes;
  return out;
}

std::string_view in_words(execution::Evidence evidence) {
  switch (evidence) {
    case execution::Evidence::kNone:
      return "none";
    case execution::Evidence::kTwoTicks:
      return "the recorded entry and exit alone";
    case execution::Evidence::kTicks:
      return "every tick that decides";
  }
  return "";
}

void print_tick(const char* what, const std::optional<market::Tick>& tick) {
  if (!tick) return;
  out::print("{:<10}{} at {} ({})\n", what, tick->quote.to_string(), tick->epoch.s,
             daemon::iso_time(tick->epoch));
}

void print_audit(const Claim& claim, const Audit& a) {
  const auto& o = claim.order;
  out::print("contract  {} {} on {}, start {} ({}), {}{}\n", o.contract.value,
             market::name_of(o.spec.type), o.spec.symbol, o.purchase_time.s,
             daemon::iso_time(o.purchase_time), o.buy_price.to_string(),
             o.payout ? " to win " + o.payout->to_string() : "");
  out::print("rule      {}\n", market::rule_in_words(o.spec));
  print_tick("entry", a.entry);
  if (a.barrier) out::print("{:<10}{}\n", "barrier", a.barrier->to_string());
  print_tick("exit", a.exit);
  if (a.won) out::print("{:<10}{}\n", "result", *a.won ? "won" : "lost");
  out::print("{:<10}{}, paid {}\n", "expected", a.expected ? a.expected->to_string() : "not known",
             a.paid ? a.paid->to_string() : "not known");
  out::print("{:<10}{}\n", "evidence", in_words(a.evidence));
  for (const auto& d : a.differences) {
    out::print("DIFFERS   {}: {} was said, it is {}\n", d.field, d.said, d.expected);
  }
  for (const auto& n : a.notes) out::print("{:<10}{}\n", "note", n);
  out::print("{:<10}{}\n", "verdict", execution::name_of(a.verdict));
}

int show(const Context& context, const Claim& claim, const Audit& a) {
  if (context.json) {
    out::json(audit_to_json(claim, a));
  } else {
    print_audit(claim, a);
  }
  return exit_code(a.verdict);
}

/// Until when ticks are of interest: the exit that is claimed, the end, and some time for a gap.
core::VenueTime last_interest(const Claim& claim) {
  const auto& o = claim.order;
  auto end = std::max(o.purchase_time + std::chrono::seconds(60), o.settled_time);
  if (o.exit) end = std::max(end, o.exit->epoch);
  if (o.spec.duration.count > 0 && !o.spec.duration.in_ticks()) {
    end = std::max(end, market::expiry_of(o.spec.duration, o.purchase_time));
  }
  return end;
}

// ---- a saved payload ----

int audit_file(const Context& context, const AuditOptions& o) {
  const auto text = daemon::read_file(o.contract_file, deriv::kMaxSavedBytes);
  if (!text) return fail(service::kCtlNotFound, text.error().text);
  if (text->empty()) return fail(service::kCtlNotFound, o.contract_file + " is empty");
  auto saved = deriv::read_saved_contract(*text, context.symbols());
  if (!saved) {
    return fail(service::kCtlNotFound, fmt::format("{}: {}", o.contract_file, saved.error().text));
  }
  auto ticks = saved->ticks;
  if (!o.ticks_file.empty()) {
    TickFinder finder(o.ticks_file, {}, context.symbols());
    const auto& order = saved->claim.order;
    const auto more =
        finder.around(order.spec.symbol, order.purchase_time, last_interest(saved->claim));
    if (!more) return fail(service::kCtlNotFound, more.error().text);
    ticks.insert(ticks.end(), more->begin(), more->end());
  }
  return show(context, saved->claim, execution::audit(saved->claim, ticks));
}

// ---- the journal ----

core::Result<std::vector<Order>> journaled(const Context& context, const AuditOptions& o) {
  store::OrderQuery query;
  if (!o.strategy.empty()) query.strategy = o.strategy;
  if (!o.since.empty()) query.since = parse_when(o.since);
  const auto file = o.journal.empty() ? context.journal_file() : o.journal;
  if (const auto there = find_journal(context, file, "audit"); !there) return there.error();
  auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return journal.error();
  auto orders = (*journal)->orders(query);
  tell_notices(**journal);
  return orders;
}

core::Result<Audit> audit_order(const Order& order, TickFinder& finder) {
  const auto claim = execution::claim_of(order);
  const auto ticks = finder.around(order.spec.symbol, order.purchase_time, last_interest(claim));
  if (!ticks) return ticks.error();
  return execution::audit(claim, *ticks);
}

int audit_one(const Context& context, const AuditOptions& o, const std::vector<Order>& orders,
              TickFinder& finder) {
  std::int64_t id = 0;
  const auto* end = o.id.data() + o.id.size();
  const auto [at, error] = std::from_chars(o.id.data(), end, id);
  if (error != std::errc{} || at != end) {
    return fail(service::kCtlUsage, "a contract id is a number");
  }
  const auto order = std::find_if(orders.begin(), orders.end(),
                                  [&](const Order& x) { return x.contract.value == id; });
  if (order == orders.end()) {
    return fail(service::kCtlNotFound, "no contract " + o.id + " in the journal");
  }
  const auto result = audit_order(*order, finder);
  if (!result) return fail(service::kCtlNotFound, result.error().text);
  return show(context, execution::claim_of(*order), *result);
}

struct Sum {
  std::int64_t audited = 0, agrees = 0, differs = 0, unjudged = 0, by_ticks = 0, told = 0;
  ordered_json exceptions = ordered_json::array();

  void add(const Order& order, const Audit& a) {
    ++audited;
    if (a.evidence == execution::Evidence::kTicks) ++by_ticks;
    if (order.recomputed_differs) ++told;
    if (a.verdict == AuditVerdict::kAgrees) {
      ++agrees;
      return;
    }
    ++(a.verdict == AuditVerdict::kDiffers ? differs : unjudged);
    exceptions.push_back(audit_to_json(execution::claim_of(order), a));
  }
};

void print_audit(const Sum& s) {
  out::print("audited   {}\n", core::counted(s.audited, "settled contract"));
  out::print("agrees    {}; every tick that decides was there for {}\n", s.agrees,
             core::counted(s.by_ticks, "contract"));
  out::print("differs   {}\n", s.differs);
  out::print("unjudged  {}\n", s.unjudged);
  out::print("told      {} by the daemon at their settlement\n", s.told);
  for (const auto& e : s.exceptions) {
    out::print("{} {}: ", e["verdict"].get<std::string>(), daemon::shown(e["contract_id"]));
    for (const auto& d : e["differences"]) {
      out::print("{}: {} was said, it is {}; ", daemon::shown(d["field"]), daemon::shown(d["said"]),
                 daemon::shown(d["expected"]));
    }
    for (const auto& n : e["notes"]) out::print("{}; ", daemon::shown(n));
    out::print("\n");
  }
}

int audit_all(const Context& context, std::vector<Order> orders, TickFinder& finder) {
  // Day by day of each symbol: the finder reads each day once.
  std::stable_sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) {
    return std::pair(a.spec.symbol.view(), a.purchase_time) <
           std::pair(b.spec.symbol.view(), b.purchase_time);
  });
  Sum sum;
  for (const auto& order : orders) {
    if (order.state != execution::OrderState::kSettled) continue;
    const auto result = audit_order(order, finder);
    if (!result) return fail(service::kCtlNotFound, result.error().text);
    sum.add(order, *result);
  }
  if (context.json) {
    const ordered_json out{{"audited", sum.audited},      {"agrees", sum.agrees},
                           {"differs", sum.differs},      {"unjudged", sum.unjudged},
                           {"by_ticks", sum.by_ticks},    {"told", sum.told},
                           {"exceptions", sum.exceptions}};
    out::json(out);
  } else {
    print_audit(sum);
  }
  if (sum.differs > 0) return service::kCtlRefused;
  return sum.unjudged > 0 && sum.agrees == 0 ? service::kCtlNotFound : service::kCtlOk;
}

int audit(const Context& given, const AuditOptions& o) {
  if (!o.contract_file.empty()) {
    if (!o.id.empty()) return fail(service::kCtlUsage, "--contract or a contract id, not both");
    return audit_file(given, o);
  }
  if (!o.since.empty() && !parse_when(o.since)) {
    return fail(service::kCtlUsage,
                "--since takes a date, a UTC time, an epoch or an age such as 2h");
  }
  const auto context = o.journal.empty() ? given.with_mode() : given;
  auto orders = journaled(context, o);
  if (!orders) {
    const bool absent = orders.error().kind == core::ErrorKind::kNotFound;
    return fail(absent ? service::kCtlNotFound : service::kCtlOther, orders.error().text);
  }
  const auto journal = o.journal.empty() ? context.journal_file() : o.journal;
  const auto beside = journal.substr(0, journal.find_last_of('/') + 1) + "ticks";
  TickFinder finder(o.ticks_file, o.archive.empty() ? beside : o.archive, context.symbols());
  if (!o.id.empty()) return audit_one(context, o, *orders, finder);
  return audit_all(context, std::move(*orders), finder);
}

}  // namespace

void add_audit(Commands& commands) {
  const auto& context = commands.context();
  const auto o = std::make_shared<AuditOptions>();
  auto c = commands.add("audit", "recompute settled contracts from their ticks");
  c.option("CONTRACT_ID", o->id, "one contract of the journal; default: every settled one");
  c.option("--contract", o->contract_file, "a saved proposal_open_contract (JSON)");
  c.option("--ticks", o->ticks_file, "ticks of its symbol: CSV epoch,quote, or JSON");
  c.option("--dir", o->archive, "tick archive; default: ticks/ beside the journal");
  c.option("--journal", o->journal, "journal file; default: the instance's");
  c.option("--since", o->since, "date, UTC time, epoch, or age such as 2h");
  c.option("--strategy", o->strategy, "one strategy only");
  commands.on(c, [&context, o] { return audit(context, *o); });
}

}  // namespace derivd::ctl
