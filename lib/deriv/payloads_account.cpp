// What the holder of an account has limited it to: the answer to get_self_exclusion.
#include <algorithm>

#include "core/utc.hpp"
#include "deriv/payloads.hpp"

namespace derivd::deriv {

using json::Amounts;
using json::bad;
using json::each_field;
using json::Status;
using json::Value;

namespace {

/// A limit that is not set is left out, null, 0, or an empty text.
template <class T, class Read>
Status read_limit(Value value, std::string_view name, std::optional<T>& out, const Read& read) {
  const auto null = json::is_null(value, name);
  if (!null) return null.error();
  if (*null) return {};
  json::ondemand::json_type type{};
  if (const auto e = value.type().get(type)) return json::broken(name, e);
  // By its token: a text that is unescaped twice can outgrow the parser's room for texts.
  if (type == json::ondemand::json_type::string && value.raw_json_token().starts_with("\"\"")) {
    return {};
  }
  return read(value, name, out);
}

/// A day, from whose beginning on the account may be used again.
Status read_day(Value value, std::string_view name, std::optional<core::VenueTime>& out) {
  DERIV_TRY(json::once(name, out));
  std::string_view text;
  if (const auto e = value.get_string().get(text)) return bad(name, "is not a date");
  const auto day = core::utc_date(text);
  if (!day) return bad(name, "is not a date like 2026-12-31");
  out = *day;
  return {};
}

template <class T>
void drop_zero(std::optional<T>& limit) {
  if (limit && *limit <= T{}) limit.reset();
}
void drop_zero(std::optional<core::Money>& limit) {
  if (limit && limit->units() <= 0) limit.reset();
}

}  // namespace

Status decode_own_limits(Value value, Amounts money, OwnLimitsPayload& out) {
  auto& l = out.limits;
  std::optional<core::VenueTime> day;
  std::optional<core::VenueTime> time;
  const auto amount = [&](Value v, std::string_view name, std::optional<core::Money>& into) {
    return read_limit(v, name, into, [&](Value item, std::string_view of, auto& to) {
      return money.read(item, of, to);
    });
  };
  // Those that the venue alone enforces are shown and no more: one that does not fit an amount here
  // must not cost the others.
  const auto shown = [&](Value v, std::string_view name, std::optional<core::Money>& into) {
    if (!amount(v, name, into)) into.reset();
    return Status{};
  };
  const auto plain = [](Value item, std::string_view of, auto& to) {
    return json::read(item, of, to);
  };
  DERIV_TRY(each_field(value, "get_self_exclusion", [&](std::string_view key, Value v) -> Status {
    if (key == "max_open_bets") return read_limit(v, "max_open_bets", l.max_open, plain);
    if (key == "max_balance") return shown(v, "max_balance", l.max_balance);
    if (key == "max_losses") return amount(v, "max_losses", l.day_loss);
    if (key == "max_7day_losses") return shown(v, "max_7day_losses", l.week_loss);
    if (key == "max_30day_losses") return shown(v, "max_30day_losses", l.month_loss);
    if (key == "max_turnover") return shown(v, "max_turnover", l.day_turnover);
    if (key == "max_7day_turnover") return shown(v, "max_7day_turnover", l.week_turnover);
    if (key == "max_30day_turnover") return shown(v, "max_30day_turnover", l.month_turnover);
    if (key == "exclude_until") return read_limit(v, "exclude_until", day, read_day);
    if (key == "timeout_until") return read_limit(v, "timeout_until", time, plain);
    return {};
  }));
  drop_zero(l.max_open);
  for (auto* limit : {&l.max_balance, &l.day_loss, &l.week_loss, &l.month_loss, &l.day_turnover,
                      &l.week_turnover, &l.month_turnover}) {
    drop_zero(*limit);
  }
  l.excluded_until = std::max(day, time);
  drop_zero(l.excluded_until);
  return {};
}

}  // namespace derivd::deriv
