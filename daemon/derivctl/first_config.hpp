// Owns the text of a first configuration: one careful strategy, every limit set from the balance.
// setup writes it. It never holds a token, and what it makes passes "derivctl check".
#pragma once

#include <optional>
#include <string>

#include "core/decimal.hpp"

namespace derivd::ctl {

struct FirstConfig {
  std::string api;  // auto, options, v3
  std::string app_id;
  std::string account;            // demo, or an account's id
  bool real = false;              // then the strategy is written switched off
  bool paper = false;             // venue.mode: paper, which buys nothing
  std::string endpoint, ca_file;  // empty: Deriv, the system's
  std::string proxy;              // http://HOST:PORT; empty: none
  core::Money balance;
  std::string currency;
};

/// Amounts that a balance can bear; also for the words of the wizard.
struct FirstLimits {
  core::Money stake;  // the venue's smallest
  core::Money max_stake, max_open_stake, daily_loss, daily_profit, min_balance;
};
FirstLimits limits_for(core::Money balance);

std::string first_config(const FirstConfig& settings);

}  // namespace derivd::ctl
