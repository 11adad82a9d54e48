// Going over to another address of the venue: what is asked of it before it is believed, what is
// told and kept of it, and the way back.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/trader.hpp"
#include "common/trades.hpp"
#include "execution/reconcile.hpp"

namespace derivd::daemon {

using core::EventKind;

namespace {

/// Reports in which the last contract may be missing: a row that is just being moved from one of
/// the venue's books to the other can be in neither.
constexpr int kProofAttempts = 3;
/// How far back the journal is searched for a contract that the venue must know.
constexpr auto kProofWindow = std::chrono::hours(24 * 30);
/// The last that was bought is among so many of the last that were intended: those in between wait
/// for their answers at the same time.
constexpr std::size_t kProofOrders = 256;

}  // namespace

std::string_view Trader::word_for(Handover handover) {
  switch (handover) {
    case Handover::kNone:
      return "none";
    case Handover::kWaiting:
      return "waiting";
    case Handover::kTaken:
      return "taken";
    case Handover::kRefused:
      return "refused";
  }
  return "none";
}

void Trader::reject_account(int code, std::string_view text) {
  if (session().on_trial()) return session().refuse_venue(text, now_);
  leave(code, text);
}

/// Sessions, limits and unknown orders of one account say nothing about another.
core::Result<void> Trader::check_journal_account(const deriv::AccountInfo& account) {
  if (is_paper() || journal_account_.empty() || journal_account_ == account.id) {
    journal_account_ = account.id;
    return {};
  }
  const auto traded = journal_.orders({.contracts_only = false, .first = 1});
  if (!traded) return traded.error();
  if (traded->empty()) {
    journal_account_ = account.id;
    return {};
  }
  return core::Error{core::ErrorKind::kRefused,
                     fmt::format("the journal has the trades of account {}, and the token now "
                                 "opens account {}; give that one a store.path of its own, or go "
                                 "back to the former account",
                                 journal_account_, account.id)};
}

void Trader::change_venue(const std::vector<config::Change>& changes) {
  bool any = false;
  for (const auto& c : changes) {
    if (c.reload != config::Reload::kReconnect) continue;
    any = true;
    const auto known = std::find_if(unproven_.begin(), unproven_.end(),
                                    [&](const auto& u) { return u.key == c.key; });
    if (known == unproven_.end()) {
      unproven_.push_back(c);
    } else {
      known->after = c.after;
    }
  }
  if (!any) return;
  std::erase_if(unproven_, [](const auto& u) { return u.before == u.after; });
  remember_last_bought();
  proof_attempts_ = 0;
  venue_refusal_.clear();
  venue_change_ = Handover::kWaiting;
  if (!session().change_venue(venue_address(config_.venue, dialect_), now_)) {
    venue_change_ = Handover::kNone;  // the session has ended; there is nothing to connect
  }
  settle();
}

void Trader::remember_last_bought() {
  if (last_bought_ || is_paper()) return;
  const auto orders = journal_.orders(
      {.since = core::WallTime{now_.wall.us - std::chrono::microseconds(kProofWindow).count()},
       .last = kProofOrders});
  if (!orders) return;  // it is asked for again, and the account's id is still compared
  for (const auto& o : *orders) {
    if (!last_bought_ || o.purchase_time >= last_bought_->purchase_time) {
      last_bought_ = LastBought{o.contract, o.purchase_time};
    }
  }
}

bool Trader::is_proof(const execution::VenueReport& report) {
  if (!last_bought_) return true;
  const auto& last = *last_bought_;
  const auto has = [&](const std::vector<execution::HistoryRow>& rows) {
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
      // Two simulators may count their contracts from the same number.
      return row.contract == last.contract && row.purchase_time == last.purchase_time;
    });
  };
  if (has(report.portfolio) || has(report.profit_table)) return true;
  if (++proof_attempts_ < kProofAttempts) {
    port().ask_report(last.purchase_time - execution::kClockSlack, now_);
    return false;
  }
  session().refuse_venue(
      fmt::format("account {} there does not know contract {}, the last one bought here: it is "
                  "another venue's account",
                  account_.id, last.contract.value),
      now_);
  return false;
}

void Trader::on(const deriv::fact::VenueChanged& told) {
  const auto [taken, why] = told;
  venue_change_ = taken ? Handover::kTaken : Handover::kRefused;
  venue_refusal_ = std::string(why);
  const auto changes = std::exchange(unproven_, {});
  std::string keys;
  for (const auto& c : changes) {
    keys += fmt::format("{}{}: {}", keys.empty() ? "" : ", ", c.key, taken ? c.after : c.before);
    if (taken) continue;
    append(execution::ConfigRecord{
        now_.wall, now_.venue, c.key, c.after, c.before,
        core::ShortString<16>::truncated(config::name_of(config::Reload::kReconnect))});
  }
  if (venue_verdict_) venue_verdict_(taken);
  core::Event event;
  event.kind = taken ? EventKind::kReloadDone : EventKind::kReloadRefused;
  event.account = account_.id;
  event.reason = core::Text::truncated(why);
  event.text = core::Text::truncated(
      taken ? fmt::format("the venue knows our books there; in use from now on: {}", keys)
            : fmt::format("the venue's new settings are given up: {}; in force again: {}", why,
                          keys));
  log_.write(event);
  if (taken) note_account();
}

nlohmann::ordered_json Trader::venue_change() const {
  nlohmann::ordered_json out;
  out["state"] = word_for(venue_change_);
  out["endpoint"] = venue_address(config_.venue, dialect_).endpoint;
  out["reason"] = venue_refusal_;
  return out;
}

}  // namespace derivd::daemon
