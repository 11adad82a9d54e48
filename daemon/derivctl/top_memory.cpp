#include "derivctl/top_memory.hpp"

#include <fmt/format.h>

#include "common/answer.hpp"
#include "core/decimal.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::is;
using daemon::is_blank;
using daemon::rows_of;
using daemon::shown;
using nlohmann::ordered_json;

double memory_number_of(const ordered_json& value) {
  const auto amount = core::Decimal::parse(shown(value));
  return amount ? amount->to_double() : 0;
}

/// "2026-11-29 05:17:35" of either form in which the daemon writes UTC.
std::string moment_of(const ordered_json& value) {
  constexpr std::size_t kToSeconds = 19;
  auto text = shown(value).substr(0, kToSeconds);
  if (text.size() > 10 && text[10] == 'T') text[10] = ' ';
  return text;
}

/// "won 0.33", "lost -0.35", "refused", and whatever else an order comes to.
std::string end_of(const ordered_json& row) {
  if (!is_blank(at(row, "profit"))) {
    return fmt::format("{} {}", shown(at(row, "outcome")), shown(at(row, "profit")));
  }
  return shown(at(row, "state"));
}

out::Paint paint_of(const ordered_json& row) {
  if (is_blank(at(row, "profit"))) {
    return is(at(row, "state"), "open") ? out::Paint::kNone : out::Paint::kWarn;
  }
  return memory_number_of(at(row, "profit")) < 0 ? out::Paint::kBad : out::Paint::kGood;
}

}  // namespace

std::vector<std::string> TopMemory::stirred(const ordered_json& status) {
  std::vector<std::string> names;
  std::map<std::string, std::string> now;
  for (const auto* row : rows_of(at(status, "strategies"))) {
    const auto name = shown(at(*row, "name"));
    const auto numbers =
        fmt::format("{} {} {} {}", shown(at(*row, "trades")), shown(at(*row, "open")),
                    shown(at(*row, "status")), shown(at(*row, "refused")));
    const auto before = seen_.find(name);
    if (before == seen_.end() || before->second != numbers) names.push_back(name);
    now.emplace(name, numbers);
  }
  seen_ = std::move(now);
  return names;
}

void TopMemory::take(const ordered_json& explained) {
  const auto name = shown(at(explained, "strategy"));
  for (const auto* row : rows_of(at(explained, "orders"))) take_order(name, *row);
  for (const auto* row : rows_of(at(explained, "halts"))) take_halt(name, *row);
  while (settled_.size() > kMaxKept) settled_.erase(settled_.begin());
  while (events_.size() > kMaxKept) events_.erase(events_.begin());
}

void TopMemory::take_order(const std::string& strategy, const ordered_json& row) {
  const auto id = daemon::id_of(at(row, "order_id"));
  if (!id) return;
  const bool settled = !is_blank(at(row, "profit"));
  if (settled) settled_[*id] = {strategy, memory_number_of(at(row, "profit"))};
  const auto& time = settled ? at(row, "settled_time_utc") : at(row, "signal_time_utc");
  if (is_blank(time)) return;
  // An order that goes on is told anew, each time as what it is by then.
  const auto moment = moment_of(time);
  const auto key = fmt::format("{} {:020} {}", moment, *id, shown(at(row, "state")));
  events_[key] = {moment,
                  fmt::format("{} {} {} {} stake {}", strategy, end_of(row), shown(at(row, "type")),
                              shown(at(row, "symbol")), shown(at(row, "stake"))),
                  paint_of(row)};
}

void TopMemory::take_halt(const std::string& strategy, const ordered_json& row) {
  if (is_blank(at(row, "time"))) return;
  const bool halted = at(row, "halted") == true;
  const auto whom = is(at(row, "of"), "account") ? std::string("the account") : strategy;
  const auto time = moment_of(at(row, "time"));
  const auto text =
      fmt::format("{} {}{}{}", whom, halted ? "halted" : "resumed",
                  is_blank(at(row, "kind")) ? "" : " (" + shown(at(row, "kind")) + ")",
                  is_blank(at(row, "reason")) ? "" : ": " + shown(at(row, "reason")));
  events_[time + " " + text] = {time, text, halted ? out::Paint::kBad : out::Paint::kNone};
}

std::vector<double> TopMemory::curve(const std::string& strategy) const {
  std::vector<double> sums;
  for (const auto& [id, order] : settled_) {
    if (order.strategy != strategy) continue;
    sums.push_back((sums.empty() ? 0 : sums.back()) + order.profit);
  }
  return sums;
}

std::vector<TopEvent> TopMemory::events(std::size_t most) const {
  std::vector<TopEvent> out;
  for (auto event = events_.rbegin(); event != events_.rend() && out.size() < most; ++event) {
    out.insert(out.begin(), event->second);
  }
  return out;
}

}  // namespace derivd::ctl
