// Owns the choice between a live venue and paper: the trader speaks to it as to deriv::Session, and
// it hands orders to the session itself or, in paper mode, to the PaperVenue behind which the
// session only brings ticks. The trader makes one. It adds nothing to a live session.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/paper_venue.hpp"
#include "deriv/session.hpp"

namespace derivd::daemon {

class VenueSession final {
 public:
  /// `paper`: settings of paper mode, for which `settings` must be public_only; nullopt: live.
  VenueSession(deriv::SessionSettings settings, deriv::Wire& wire, deriv::SessionListener& listener,
               core::Rng& rng, const std::optional<config::PaperSettings>& paper,
               const market::Symbols& symbols = {})
      : paper_(paper ? std::make_unique<PaperVenue>(*paper, listener, symbols) : nullptr),
        session_(std::move(settings), wire,
                 paper_ ? static_cast<deriv::SessionListener&>(*paper_) : listener, rng) {
    if (paper_) paper_->attach(session_);
  }

  /// For the link, whose events are the session's.
  deriv::Session& session() { return session_; }
  const deriv::Session& session() const { return session_; }
  /// nullptr: live.
  PaperVenue* paper() { return paper_.get(); }
  /// The time of what comes next.
  void at(const core::Now& now) {
    if (paper_) paper_->at(now);
  }

  void start(const core::Now& now) { session_.start(now); }
  void stop(const core::Now& now) { session_.stop(now); }
  deriv::SessionState state() const { return session_.state(); }
  void set_symbols(std::vector<market::SymbolCode> symbols, std::size_t history,
                   const core::Now& now) {
    session_.set_symbols(std::move(symbols), history, now);
  }
  /// Also in paper mode, where the ticks alone are the venue's.
  void want_ticks_from(std::string_view symbol, core::VenueTime from) {
    session_.want_ticks_from(symbol, from);
  }
  /// In paper mode nothing is asked of the venue, so there is nothing to share.
  void set_buyers(std::vector<core::Name> buyers) { session_.set_buyers(std::move(buyers)); }
  void quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
             const core::Now& now, const core::Name& buyer = {}) {
    paper_ ? paper_->quote(order, spec, stake, now)
           : session_.quote(order, spec, stake, now, buyer);
  }
  /// Of the venue itself, also in paper mode: there it is the public socket's price.
  void ask_price(std::int64_t number, const market::ContractSpec& spec, core::Money amount,
                 const core::Now& now) {
    session_.ask_price(number, spec, amount, now);
  }
  /// Of the venue itself, also in paper mode.
  void ask_candles(const market::SymbolCode& symbol, std::int32_t length, core::VenueTime from,
                   const core::Now& now) {
    session_.ask_candles(symbol, length, from, now);
  }
  void buy(core::OrderId order, const market::ContractSpec& spec, core::Money max_price,
           std::string_view quote_id, const core::Now& now, const core::Name& buyer = {}) {
    paper_ ? paper_->buy(order, spec, max_price, now)
           : session_.buy(order, spec, max_price, quote_id, now, buyer);
  }
  void sell(core::ContractId contract, const core::Now& now) {
    paper_ ? paper_->sell(contract, now) : session_.sell(contract, now);
  }
  void cancel(core::ContractId contract, const core::Now& now) {
    paper_ ? paper_->cancel(contract, now) : session_.cancel(contract, now);
  }
  /// In paper mode everything that is open is followed anyway.
  void watch(core::ContractId contract, const core::Now& now) {
    if (!paper_) session_.watch(contract, now);
  }
  void unwatch(core::ContractId contract, const core::Now& now) {
    if (!paper_) session_.unwatch(contract, now);
  }
  void poll(core::ContractId contract, const core::Now& now) {
    paper_ ? paper_->poll(contract, now) : session_.poll(contract, now);
  }
  void ask_report(core::VenueTime since, const core::Now& now) {
    paper_ ? paper_->ask_report(since, now) : session_.ask_report(since, now);
  }
  /// Paper has no token.
  bool replace_token(core::Secret token, const core::Now& now) {
    return !paper_ && session_.replace_token(std::move(token), now);
  }
  bool change_venue(deriv::VenueAddress to, const core::Now& now) {
    return session_.change_venue(std::move(to), now);
  }
  bool on_trial() const { return session_.on_trial(); }
  void refuse_venue(std::string_view why, const core::Now& now) { session_.refuse_venue(why, now); }
  void reconciled(const core::Now& now) { session_.reconciled(now); }

  std::optional<core::Instant> next_deadline() const {
    auto at = session_.next_deadline();
    const auto other = paper_ ? paper_->next_deadline() : std::nullopt;
    return other && (!at || *other < *at) ? other : at;
  }
  void on_deadline(const core::Now& now) {
    if (const auto at = session_.next_deadline(); at && *at <= now.instant) {
      session_.on_deadline(now);
    }
    if (paper_) paper_->on_deadline(now);
  }
  const deriv::SessionStats& stats() const { return session_.stats(); }

 private:
  std::unique_ptr<PaperVenue> paper_;
  deriv::Session session_;
};

}  // namespace derivd::daemon
