#include "sim/faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace derivd::sim {
namespace {

enum class Argument : std::uint8_t { kNone, kNumber, kOptionalNumber, kCode, kOptionalText };

struct ActionInfo {
  std::string_view name;
  FaultKind kind;
  Argument argument;
  Direction direction;       // where it happens unless `direction` says otherwise
  std::string_view allowed;  // letters of Direction: r q(uest) s(tream) u(pgrade) h(ttp) t(ick)
};

constexpr std::array<ActionInfo, 28> kActions{{
    {"drop_before", FaultKind::kDropBefore, Argument::kNone, Direction::kRequest, "qs"},
    {"drop_after", FaultKind::kDropAfter, Argument::kNone, Direction::kRequest, "qs"},
    {"drop_unanswered", FaultKind::kDropUnanswered, Argument::kNone, Direction::kRequest, "q"},
    {"lose_reply", FaultKind::kLoseReply, Argument::kNone, Direction::kRequest, "qs"},
    {"error", FaultKind::kError, Argument::kCode, Direction::kRequest, "qh"},
    {"error_after", FaultKind::kErrorAfter, Argument::kCode, Direction::kRequest, "q"},
    {"delay", FaultKind::kDelay, Argument::kNumber, Direction::kRequest, "qs"},
    {"duplicate", FaultKind::kDuplicate, Argument::kNone, Direction::kRequest, "qs"},
    {"split", FaultKind::kSplit, Argument::kNumber, Direction::kRequest, "qs"},
    {"garbage", FaultKind::kGarbage, Argument::kNone, Direction::kRequest, "qs"},
    {"stop_reading", FaultKind::kStopReading, Argument::kNone, Direction::kRequest, "q"},
    {"stop_writing", FaultKind::kStopWriting, Argument::kNone, Direction::kRequest, "qs"},
    {"close", FaultKind::kClose, Argument::kOptionalNumber, Direction::kRequest, "qs"},
    {"expire_token", FaultKind::kExpireToken, Argument::kNone, Direction::kRequest, "qh"},
    {"bad_otp", FaultKind::kBadOtp, Argument::kNone, Direction::kRest, "h"},
    {"refuse_upgrade", FaultKind::kRefuseUpgrade, Argument::kNumber, Direction::kUpgrade, "u"},
    {"skip_ticks", FaultKind::kSkipTicks, Argument::kNumber, Direction::kTick, "t"},
    {"repeat_tick", FaultKind::kRepeatTick, Argument::kNone, Direction::kTick, "t"},
    {"jump_tick", FaultKind::kJumpTick, Argument::kNumber, Direction::kTick, "t"},
    {"close_market", FaultKind::kCloseMarket, Argument::kNumber, Direction::kTick, "t"},
    {"hold_settlement", FaultKind::kHoldSettlement, Argument::kNumber, Direction::kRequest, "q"},
    {"maintenance", FaultKind::kMaintenance, Argument::kOptionalText, Direction::kRequest, "q"},
    {"bad_certificate", FaultKind::kBadCertificate, Argument::kNone, Direction::kUpgrade, "u"},
    {"short_page", FaultKind::kShortPage, Argument::kNumber, Direction::kRequest, "q"},
    {"empty_page", FaultKind::kEmptyPage, Argument::kNone, Direction::kRequest, "q"},
    {"holed_page", FaultKind::kHoledPage, Argument::kNumber, Direction::kRequest, "q"},
    {"latest_page", FaultKind::kLatestPage, Argument::kNone, Direction::kRequest, "q"},
    {"spoilt_page", FaultKind::kSpoiltPage, Argument::kNone, Direction::kRequest, "q"},
}};

constexpr std::array<std::pair<std::string_view, Direction>, 5> kDirections{{
    {"request", Direction::kRequest},
    {"stream", Direction::kStream},
    {"upgrade", Direction::kUpgrade},
    {"rest", Direction::kRest},
    {"tick", Direction::kTick},
}};

char letter_of(Direction d) {
  switch (d) {
    case Direction::kRequest:
      return 'q';
    case Direction::kStream:
      return 's';
    case Direction::kUpgrade:
      return 'u';
    case Direction::kRest:
      return 'h';
    case Direction::kTick:
      return 't';
  }
  return '?';
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

std::optional<std::int64_t> to_int(std::string_view s) {
  std::int64_t v = 0;
  const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (ec != std::errc{} || end != s.data() + s.size() || s.empty()) return std::nullopt;
  return v;
}

/// Calls that exist in one direction only say which is meant.
std::optional<Direction> direction_of(std::string_view call) {
  for (const auto name : {"accounts", "otp", "reset-demo-balance", "nickname", "health"})
    if (call == name) return Direction::kRest;
  for (const auto name : {"tick", "ohlc"})
    if (call == name) return Direction::kStream;
  return std::nullopt;
}

std::string known_actions() {
  std::string out;
  for (const auto& a : kActions) out += fmt::format("{}{}", out.empty() ? "" : ", ", a.name);
  return out;
}

core::Result<void> parse_argument(const ActionInfo& info, std::string_view arg, Fault& out) {
  switch (info.argument) {
    case Argument::kNone:
      if (!arg.empty()) return core::invalid(fmt::format("{} takes no argument", info.name));
      return {};
    case Argument::kOptionalNumber:
      if (arg.empty()) {
        out.amount = 1001;  // "going away"
        return {};
      }
      [[fallthrough]];
    case Argument::kNumber: {
      const auto n = to_int(arg);
      if (!n || *n < 0 || *n > 1'000'000'000)
        return core::invalid(fmt::format("{} needs a whole number, not '{}'", info.name, arg));
      out.amount = *n;
      return {};
    }
    case Argument::kCode: {
      const auto colon = arg.find(':');
      out.code = std::string(trimmed(arg.substr(0, colon)));
      out.message = "Sorry, an error occurred while processing your request.";
      if (colon != std::string_view::npos)
        out.message = std::string(trimmed(arg.substr(colon + 1)));
      if (out.code.empty()) return core::invalid(fmt::format("{} needs an error code", info.name));
      return {};
    }
    case Argument::kOptionalText:
      out.message = std::string(arg);
      return {};
  }
  return {};
}

}  // namespace

core::Result<void> Faults::parse_when(const Json& when, std::string_view allowed, Rule& rule) {
  if (!when.is_object()) return core::invalid("`when` must be an object");
  for (const auto& [key, value] : when.members()) {
    if (key == "call") {
      rule.call = value.text();
    } else if (key == "dialect") {
      rule.dialect = value.text();
      if (rule.dialect != "options" && rule.dialect != "v3")
        return core::invalid("when.dialect: options or v3");
    } else if (key == "account") {
      rule.account = value.text();
    } else if (key == "symbol") {
      rule.symbol = value.text();
    } else if (key == "direction") {
      const auto* d = std::find_if(kDirections.begin(), kDirections.end(),
                                   [&v = value](const auto& p) { return p.first == v.text(); });
      if (d == kDirections.end())
        return core::invalid("when.direction: request, stream, upgrade, rest or tick");
      rule.direction = d->second;
      if (allowed.find(letter_of(d->second)) == std::string_view::npos)
        return core::invalid(fmt::format("this action cannot happen to a {}", d->first));
    } else if (key == "nth" || key == "every" || key == "times") {
      const auto whole = value.as_int();
      if (!whole || *whole < 1)
        return core::invalid(fmt::format("when.{}: a whole number above 0", key));
      (key == "nth" ? rule.nth : key == "every" ? rule.every : rule.times) = *whole;
    } else if (key == "probability") {
      const auto p = value.as_decimal();
      if (!p || p->to_double() < 0 || p->to_double() > 1)
        return core::invalid("when.probability: a number from 0 to 1");
      rule.probability = p->to_double();
    } else {
      return core::invalid(
          fmt::format("unknown member 'when.{}': call, direction, dialect, account, symbol, nth, "
                      "every, probability, times are allowed",
                      key));
    }
  }
  const auto implied = direction_of(rule.call);
  if (implied && when.find("direction") == nullptr &&
      allowed.find(letter_of(*implied)) != std::string_view::npos)
    rule.direction = *implied;
  return {};
}

core::Result<Faults::Rule> Faults::parse(const Json& json) {
  if (!json.is_object()) return core::invalid("a rule must be an object with `do`");
  Rule rule;
  rule.text = json.dump();
  for (const auto& [key, value] : json.members())
    if (key != "do" && key != "when")
      return core::invalid(fmt::format("unknown member '{}': when, do are allowed", key));
  const Json* action = json.find("do");
  if (action == nullptr || !action->is_string())
    return core::invalid("`do` is missing: a text such as \"drop_before\" or \"delay 500\"");
  const std::string_view text = trimmed(action->text());
  const auto blank = text.find(' ');
  const auto name = text.substr(0, blank);
  const auto* info = std::find_if(kActions.begin(), kActions.end(),
                                  [&](const ActionInfo& a) { return a.name == name; });
  if (info == kActions.end())
    return core::invalid(fmt::format("unknown action '{}': one of {}", name, known_actions()));
  rule.fault.kind = info->kind;
  rule.direction = info->direction;
  const auto argument =
      blank == std::string_view::npos ? std::string_view{} : trimmed(text.substr(blank + 1));
  if (auto ok = parse_argument(*info, argument, rule.fault); !ok) return ok.error();
  if (const Json* when = json.find("when"); when != nullptr)
    if (auto ok = parse_when(*when, info->allowed, rule); !ok) return ok.error();
  return rule;
}

core::Result<void> Faults::add(const Json& json) {
  if (rules_.size() >= kMaxRules)
    return core::Error{core::ErrorKind::kExhausted, fmt::format("at most {} rules", kMaxRules)};
  auto rule = parse(json);
  if (!rule) return rule.error();
  rules_.push_back(std::move(*rule));
  return {};
}

core::Result<void> Faults::add_all(const Json& list) {
  const Json* rules = list.is_object() ? list.find("rules") : &list;
  if (rules == nullptr || !rules->is_array())
    return core::invalid("expected a list of rules, or a map with `rules`");
  const auto before = rules_.size();
  for (std::size_t i = 0; i < rules->items().size(); ++i) {
    auto ok = add(rules->items()[i]);
    if (ok) continue;
    rules_.resize(before);
    return core::Error{ok.error().kind, fmt::format("rule {}: {}", i + 1, ok.error().text)};
  }
  return {};
}

bool Faults::has(FaultKind kind) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const Rule& r) { return r.fault.kind == kind; });
}

std::vector<Fault> Faults::on(const Occasion& o) {
  std::vector<Fault> out;
  for (auto& r : rules_) {
    if (r.direction != o.direction) continue;
    if (!r.call.empty() && r.call != o.call && r.call != o.style) continue;
    if (!r.dialect.empty() && r.dialect != o.dialect) continue;
    if (!r.account.empty() && r.account != o.account) continue;
    if (!r.symbol.empty() && r.symbol != o.symbol) continue;
    ++r.seen;
    if (r.nth != 0 && r.seen != r.nth) continue;
    if (r.every != 0 && r.seen % r.every != 0) continue;
    if (r.times >= 0 && r.hit >= r.times) continue;
    if (r.probability < 1 && rng_.uniform() >= r.probability) continue;
    ++r.hit;
    out.push_back(r.fault);
  }
  return out;
}

std::string Faults::status() const {
  JsonOut out;
  out.begin_array();
  for (const auto& r : rules_)
    out.begin_object()
        .raw("rule", r.text)
        .integer("seen", r.seen)
        .integer("hit", r.hit)
        .end_object();
  return out.end_array().take();
}

}  // namespace derivd::sim
