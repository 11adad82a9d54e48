#include "sim/payloads.hpp"

#include <algorithm>
#include <vector>

#include "sim/json.hpp"
#include "sim/limits.hpp"

namespace derivd::sim {

std::string tick_payload(const market::Tick& tick, std::string_view id) {
  // Recorded: R_50 at 218.0926 had ask and bid 0.0100 away.
  const auto half = std::max<std::int64_t>(1, tick.quote.mantissa() * 46 / 1'000'000);
  const auto decimals = tick.quote.decimals();
  JsonOut out;
  out.begin_object();
  out.raw("ask", number(core::Price::raw(tick.quote.mantissa() + half, decimals)));
  out.raw("bid", number(core::Price::raw(tick.quote.mantissa() - half, decimals)));
  out.integer("epoch", tick.epoch.s);
  if (!id.empty()) out.text("id", id);
  out.integer("pip_size", decimals).raw("quote", number(tick.quote));
  return out.text("symbol", tick.symbol.view()).end_object().take();
}

std::string ohlc_payload(const Feed& feed, std::size_t symbol, std::int64_t granularity,
                         const market::Tick& tick, std::string_view id) {
  const auto open_time = tick.epoch.s - tick.epoch.s % granularity;
  const auto& history = feed.history(symbol);
  const auto from = std::lower_bound(history.begin(), history.end(), open_time,
                                     [](const Point& p, std::int64_t e) { return p.epoch < e; });
  const auto now = tick.quote.mantissa();
  std::vector<Candle> grown;
  for (auto at = from; at != history.end(); ++at) add_to(grown, *at, granularity);
  const Candle c = grown.empty() ? Candle{open_time, now, now, now, now} : grown.back();
  const auto text = [&](std::int64_t m) {
    return core::Price::raw(m, tick.quote.decimals()).to_string();
  };
  JsonOut out;
  out.begin_object().text("close", text(c.close)).integer("epoch", tick.epoch.s);
  out.integer("granularity", granularity).text("high", text(c.high)).text("id", id);
  out.text("low", text(c.low)).text("open", text(c.open)).integer("open_time", open_time);
  out.integer("pip_size", tick.quote.decimals()).text("symbol", tick.symbol.view());
  return out.end_object().take();
}

std::string balance_payload(const Terms& terms, const Account& a, std::string_view id, bool all) {
  JsonOut out;
  out.begin_object();
  if (all) {
    out.key("accounts").begin_object().key(a.name()).begin_object();
    out.raw("balance", number(a.balance())).raw("converted_amount", number(a.balance()));
    out.text("currency", terms.currency.view())
        .flag("demo_account", !a.real())
        .flag("status", true);
    out.text("type", "deriv").end_object().end_object();
  }
  out.raw("balance", number(a.balance())).text("currency", terms.currency.view());
  if (!id.empty()) out.text("id", id);
  out.text("loginid", a.name());
  if (all) {
    const auto total = [&](std::string_view key, bool mine) {
      out.key(key).begin_object().raw("amount", mine ? number(a.balance()) : "0");
      out.text("currency", terms.currency.view()).end_object();
    };
    out.key("total").begin_object();
    total("deriv", a.real());
    total("deriv_demo", !a.real());
    out.end_object();
  }
  return out.end_object().take();
}

std::string website_status_payload(const Terms& terms, const SiteStatus& site) {
  JsonOut out;
  const auto quota = [&out](std::string_view key, std::string_view text, std::size_t hour,
                            std::size_t minute) {
    out.key(key).begin_object().text("applies_to", text);
    out.integer("hourly", static_cast<std::int64_t>(hour));
    out.integer("minutely", static_cast<std::int64_t>(minute)).end_object();
  };
  out.begin_object().key("api_call_limits").begin_object();
  out.key("max_proposal_subscription").begin_object();
  out.text("applies_to", "subscribing to proposal concurrently");
  out.integer("max", static_cast<std::int64_t>(V3Limits::kProposalStreams)).end_object();
  quota("max_requestes_general", "rest of calls", V3Limits::kGeneralHour, V3Limits::kGeneralMinute);
  quota("max_requests_outcome", "portfolio, statement and proposal", V3Limits::kOutcomeHour,
        V3Limits::kOutcomeMinute);
  quota("max_requests_pricing", "proposal and proposal_open_contract", V3Limits::kPricingHour,
        V3Limits::kPricingMinute);
  out.end_object().text("clients_country", "id").key("currencies_config").begin_object();
  out.key(terms.currency.view()).begin_object();
  out.integer("fractional_digits", terms.balance.exponent());
  out.flag("is_deposit_suspended", false).flag("is_suspended", false);
  out.flag("is_withdrawal_suspended", false)
      .text("name", terms.currency.view())
      .integer("stake_default", 10);
  out.key("transfer_between_accounts").begin_object().key("fees").begin_object().end_object();
  out.key("limits").null().end_object().text("type",
                                             terms.balance.exponent() == 8 ? "crypto" : "fiat");
  out.end_object().end_object();
  if (!site.message().empty()) out.text("message", site.message());
  out.text("site_status", site.down() ? "down" : "up");
  out.key("supported_languages").begin_array().value("EN").end_array();
  return out.end_object().take();
}

}  // namespace derivd::sim
