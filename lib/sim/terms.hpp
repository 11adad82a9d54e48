// Owns the terms of a simulated venue: what is fixed for every account and every call when it
// starts and never changes after that. Its parts read them; nothing writes them.
#pragma once

#include "core/currency.hpp"
#include "core/decimal.hpp"
#include "core/time.hpp"
#include "sim/own_limits.hpp"
#include "sim/rules.hpp"

namespace derivd::sim {

struct Terms {
  core::VenueTime start;
  core::Money balance;                  // of every account at first, and what a top-up restores
  core::CurrencyCode currency = "USD";  // of every account, in whose decimals that is
  bool rate_limits = true;
  OwnLimits own_limits = {};  // of the real accounts
  VenueRules rules = {};      // in what it differs from other simulators
};

}  // namespace derivd::sim
