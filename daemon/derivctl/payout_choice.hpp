// Owns the choice of what contracts pay where no venue is asked: the words of --payouts, what is
// taken without them, and how either is told. The back-test, the sweep and the odds share it. It
// never prices anything.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "backtest/payouts.hpp"
#include "core/result.hpp"
#include "derivctl/command.hpp"
#include "engine/settings.hpp"

namespace derivd::ctl {

struct PayoutChoice {
  backtest::Payouts payouts;
  /// {"source": "model|recorded|journal|file|ratios", …}: what was used, for people and programs.
  /// Null: nothing was asked for and nothing is recorded, so that it is the model as ever.
  nlohmann::ordered_json said = {};
};

/// `text`: "model"; "recorded": the newest account quotes of the state directory and those of the
/// journal's purchases, and nothing else; "TYPE=RATIO,…"; "journal:" or "journal:FILE"; else a JSON
/// file (payout_source.hpp). "": recorded account quotes, if there are any, and for the rest the
/// model. Errors: kNotFound, kInvalid with the file and what is wrong.
core::Result<PayoutChoice> choose_payouts(const Context& context, const std::string& text,
                                          std::uint8_t decimals);

/// Adds to `said` for which contracts of the configuration a recorded quote stands and for which
/// the model. Without any that is recorded it is the model for all.
void name_contracts(PayoutChoice& choice, const engine::Settings& settings);

/// A line or two for people; empty for null.
std::string payouts_text(const nlohmann::ordered_json& said);

}  // namespace derivd::ctl
