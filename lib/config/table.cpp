#include "config/table.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <type_traits>

#include "config/contract.hpp"
#include "config/exit.hpp"
#include "config/hook.hpp"
#include "config/program.hpp"
#include "config/script.hpp"
#include "config/staking.hpp"
#include "config/symbols.hpp"
#include "config/value.hpp"
#include "config/zones.hpp"
#include "core/check.hpp"
#include "core/currency.hpp"
#include "core/notice.hpp"
#include "market/symbols.hpp"
#include "risk/volatility.hpp"
#include "rules/parse.hpp"
#include "staking/plan.hpp"
#include "strategy/registry.hpp"

namespace derivd::config {
namespace {

using core::invalid;
using core::Result;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// ---- words ----

constexpr std::array<std::string_view, 3> kApi{"auto", "options", "v3"};
constexpr std::array<std::string_view, 2> kMode{"live", "paper"};
constexpr std::array<std::string_view, 5> kLevels{"debug", "info", "notice", "warning", "error"};
constexpr std::array<std::string_view, 2> kOnStop{"leave", "wait"};
constexpr std::array<std::string_view, 2> kDurability{"process", "power"};
constexpr std::array<std::string_view, 2> kResume{"continue", "reset"};
constexpr std::array<std::string_view, 2> kOnCap{"restart", "hold"};
constexpr std::array<std::string_view, 1> kHalt{"halt"};
constexpr std::array<std::string_view, 2> kBasis{"stake", "payout"};

constexpr std::size_t kMaxTemplate = 1000;  // Telegram takes 4096 characters
constexpr std::string_view kTemplateAllowed =
    "a text with fields in braces, as \"{account}: {text}\"";
constexpr std::string_view kAmountAllowed = "an amount above 0, in the currency's decimals";
constexpr std::string_view kPercentAllowed = "a percentage above 0%, at most 100%, as 0.02%";
constexpr std::string_view kLevelAllowed = "an amount above 0, or a share of the stake as 50%";

/// A choice among words that stand for the values of an enumeration from 0 on.
template <class E, const auto& Words>
Result<E> read_enum(const YamlNode& node) {
  const auto word = read_choice(node, Words, {}, "value");
  if (!word) return word.error();
  return static_cast<E>(std::find(Words.begin(), Words.end(), *word) - Words.begin());
}

using config::print;  // overloads below would hide them
std::string print(Api v) { return std::string(kApi.at(static_cast<std::size_t>(v))); }
std::string print(execution::Durability v) {
  return std::string(kDurability.at(static_cast<std::size_t>(v)));
}
std::string print(OnStop v) { return std::string(kOnStop.at(static_cast<std::size_t>(v))); }
std::string print(const ListenAddress& v) {
  return v.ip.find(':') == std::string::npos ? fmt::format("{}:{}", v.ip, v.port)
                                             : fmt::format("[{}]:{}", v.ip, v.port);
}
std::string print(const std::optional<ListenAddress>& v) { return v ? print(*v) : "null"; }
std::string print(Mode v) { return std::string(kMode.at(static_cast<std::size_t>(v))); }
std::string print(market::Basis v) { return std::string(kBasis.at(static_cast<std::size_t>(v))); }
std::string print(risk::Resume v) { return std::string(kResume.at(static_cast<std::size_t>(v))); }
std::string print(staking::OnCap v) { return std::string(kOnCap.at(static_cast<std::size_t>(v))); }
template <std::size_t N>
std::string print(const core::ShortString<N>& v) {
  return v.str();
}

// ---- readers of single keys ----

bool is_word_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

Result<std::string> read_app_id(const YamlNode& node) {
  auto text = read_text(node);
  if (!text) return text.error();
  if (text->size() > 64 || !std::all_of(text->begin(), text->end(), is_word_char)) {
    return invalid(
        fmt::format("{} is not an application id; allowed: letters, digits, '_' and '-'; "
                    "see the applications in Deriv's developers' dashboard",
                    shown(node)));
  }
  return text;
}

/// Account ids: letters, then digits (DOT90004580, CR123456, VRTC7654321).
Result<std::string> read_account(const YamlNode& node) {
  auto text = read_text(node);
  if (!text) return text.error();
  if (*text == "demo" || *text == "real") return text;
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_number = [](char c) { return c >= '0' && c <= '9'; };
  const auto digits = std::find_if_not(text->begin(), text->end(), is_upper);
  const auto letters = digits - text->begin();
  if (letters < 2 || letters > 6 || digits == text->end() || text->end() - digits > 15 ||
      !std::all_of(digits, text->end(), is_number)) {
    return invalid(
        fmt::format("{} is not an account; allowed: demo, real, or an account id as "
                    "DOT90004580 or CR123456",
                    shown(node)));
  }
  return text;
}

Result<std::string> read_currency(const YamlNode& node) {
  auto text = read_text(node);
  if (!text || core::decimals_of(*text)) return text;
  return invalid(fmt::format("{} is no currency that is known; allowed: {}", shown(node),
                             core::known_currencies()));
}

/// Host and port of a URL, or nothing. IPv6 in brackets.
bool is_authority(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return false;
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
  } else {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    port = colon == std::string_view::npos ? "" : text.substr(colon);
    if (!std::all_of(host.begin(), host.end(),
                     [](char c) { return is_word_char(c) || c == '.'; })) {
      return false;
    }
  }
  if (host.empty()) return false;
  if (port.empty()) return true;
  port.remove_prefix(1);
  if (text[text.size() - port.size() - 1] != ':' || port.empty() || port.size() > 5) return false;
  int number = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  return number >= 1 && number <= 65535;
}

/// Without its scheme: a host, and then whatever a path may hold.
bool is_url(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme)) return false;
  const auto rest = url.substr(scheme.size());
  return is_authority(rest.substr(0, rest.find_first_of("/?"))) &&
         url.find_first_of(" #@\"<>\\") == std::string_view::npos;
}

Result<std::string> read_endpoint(const YamlNode& node) {
  constexpr auto kAllowed =
      "null for Deriv itself; https://HOST[:PORT] for options, wss://HOST[:PORT]/websockets/v3 for "
      "v3";
  auto text = read_text(node);
  if (!text) return invalid(fmt::format("{}; allowed: {}", text.error().text, kAllowed));
  const std::string_view url = *text;
  if (url.starts_with("http://") || url.starts_with("ws://")) {
    return invalid(
        fmt::format("{} is not encrypted, and the token would be readable on the way; "
                    "allowed: {}",
                    shown(node), kAllowed));
  }
  if (!is_url(url, "https://") && !is_url(url, "wss://")) {
    return invalid(fmt::format("{} is not an endpoint; allowed: {}", shown(node), kAllowed));
  }
  return text;
}

/// A proxy. The value may hold a password, where none belongs, and is then not shown.
Result<std::string> read_proxy(const YamlNode& node) {
  constexpr auto kAllowed = "null for none; http://HOST:PORT of an HTTP proxy";
  auto text = read_text(node);
  if (!text) return invalid(fmt::format("{}; allowed: {}", text.error().text, kAllowed));
  std::string_view url = *text;
  if (url.find('@') != std::string_view::npos) {
    return invalid(
        fmt::format("a user and a password do not belong into this file: they are the "
                    "credential \"proxy\", the line user:password; allowed: {}",
                    kAllowed));
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  const auto port = url.substr(std::min(url.rfind(':') + 1, url.size()));
  unsigned number = 0;
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool has_port =
      ec == std::errc{} && end == port.data() + port.size() && number > 0 && number < 65'536;
  constexpr std::string_view kScheme = "http://";
  if (!is_url(url, kScheme) || !has_port ||
      url.substr(kScheme.size()).find_first_of("/?") != std::string_view::npos) {
    return invalid(fmt::format("{} is no proxy; allowed: {}", shown(node), kAllowed));
  }
  return std::string(url);
}

/// A receiver of notifications. The value may hold a secret and is not shown.
Result<std::string> read_receiver(const YamlNode& node) {
  auto text = read_text(node);
  if (!text) return text.error();
  if (!is_url(*text, "https://")) {
    return invalid("the address is not https://HOST[:PORT]/…; messages go over TLS only");
  }
  return text;
}

/// The number of a chat (negative for groups) or the name of a channel.
Result<std::string> read_chat(const YamlNode& node) {
  auto text = read_text(node);
  if (!text) return text.error();
  std::string_view rest = *text;
  const bool name = rest.starts_with('@');
  if (name || rest.starts_with('-')) rest.remove_prefix(1);
  const bool good =
      !rest.empty() && rest.size() <= 64 && std::all_of(rest.begin(), rest.end(), [name](char c) {
        return (c >= '0' && c <= '9') || (name && c != '-' && is_word_char(c));
      });
  if (!good) {
    return invalid(fmt::format(
        "{} is no chat; allowed: its number, as \"123456789\" or \"-100123456789\", or @channel",
        shown(node)));
  }
  return text;
}

Result<std::string> read_template(const YamlNode& node) {
  auto text = read_text(node);
  if (!text) return text.error();
  if (text->size() > kMaxTemplate) {
    return invalid(fmt::format("longer than {} bytes", kMaxTemplate));
  }
  if (const auto good = core::check_template(*text); !good) {
    return invalid(fmt::format("{}; fields: {{{}}}", good.error().text,
                               fmt::join(core::kNoticeFields, "}, {")));
  }
  return text;
}

Result<seconds> read_disconnected_after(const YamlNode& node) {
  return read_span(node, seconds(1), hours(24));
}

/// An IP address and a port: the system's resolver has no say in where figures are shown.
Result<ListenAddress> read_listen(const YamlNode& node) {
  const auto refused = [&] {
    return invalid(
        fmt::format("{} is no address to listen on; allowed: IP:PORT as 127.0.0.1:9455 or "
                    "[::1]:9455, or null",
                    shown(node)));
  };
  const auto text = read_text(node);
  if (!text) return refused();
  const auto colon = text->rfind(':');
  if (colon == std::string::npos) return refused();
  ListenAddress address;
  address.ip = text->substr(0, colon);
  const bool brackets =
      address.ip.size() > 2 && address.ip.front() == '[' && address.ip.back() == ']';
  if (brackets) address.ip = address.ip.substr(1, address.ip.size() - 2);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(brackets ? AF_INET6 : AF_INET, address.ip.c_str(), bytes.data()) != 1) {
    return refused();
  }
  const std::string_view digits = std::string_view(*text).substr(colon + 1);
  const auto [end, ec] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (ec != std::errc{} || end != digits.data() + digits.size()) return refused();
  return address;
}

Result<std::string> read_level(const YamlNode& node) {
  return read_choice(node, kLevels, {}, "log level");
}

Result<std::string> read_name(const YamlNode& node) {
  constexpr auto kAllowed = "1 to 40 letters, digits, '_' and '-'";
  auto text = read_text(node);
  if (!text) return invalid(fmt::format("{}; allowed: {}", text.error().text, kAllowed));
  if (!core::Name::fits(*text) || !std::all_of(text->begin(), text->end(), is_word_char)) {
    return invalid(fmt::format("{} cannot be a name; allowed: {}", shown(node), kAllowed));
  }
  return text;
}

Result<std::string> read_type(const YamlNode& node) {
  return read_choice(node, available_types(), {}, "strategy type");
}

Result<std::string> read_plan(const YamlNode& node) {
  return read_choice(node, available_plans(), {}, "stake plan");
}

Result<std::string> read_halt(const YamlNode& node) {
  return read_choice(node, kHalt, {}, "action");
}

template <std::int64_t Low, std::int64_t High>
Result<std::int64_t> read_between(const YamlNode& node) {
  return read_count(node, Low, High);
}

template <int Low, int High>
Result<core::Decimal> read_ratio(const YamlNode& node) {
  return read_decimal(node, Low, High);
}

Result<seconds> read_stop_timeout(const YamlNode& node) {
  return read_span(node, seconds(1), hours(1));
}
Result<seconds> read_cooldown(const YamlNode& node) {
  return read_span(node, seconds(0), hours(24 * 7));
}
Result<seconds> read_pause(const YamlNode& node) {
  return read_span(node, seconds(1), hours(24 * 7));
}

Result<seconds> read_settle_delay(const YamlNode& node) {
  return read_span(node, seconds(1), minutes(1));
}
Result<std::chrono::milliseconds> read_milliseconds(const YamlNode& node, std::int64_t most,
                                                    std::string_view what) {
  if (node.kind == YamlNode::Kind::kScalar && node.text.ends_with("ms")) {
    YamlNode count = node;
    count.text.resize(node.text.size() - 2);
    count.quoted = false;  // JSON writes a time in quotes, which a bare number may not have
    if (const auto value = read_count(count, 0, most)) return std::chrono::milliseconds(*value);
  }
  return invalid(fmt::format("{} is not {}; allowed: 0ms to {}ms", shown(node), what, most));
}
Result<std::chrono::milliseconds> read_latency(const YamlNode& node) {
  return read_milliseconds(node, 10'000, "a latency");
}
/// More would keep a core busy for a good part of each second, and a jitter that needs it is none
/// that a wake-up of some hundred microseconds matters to.
Result<std::chrono::milliseconds> read_anticipate(const YamlNode& node) {
  return read_milliseconds(node, 20, "a window of time before a tick");
}
std::string print(std::chrono::milliseconds v) { return fmt::format("{}ms", v.count()); }

/// all, or a time span.
Result<std::optional<seconds>> read_keep(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar && node.text == "all") return std::optional<seconds>{};
  const auto span = read_span(node, hours(24), hours(24 * 3650));
  if (!span) return invalid(fmt::format("{}, or all", span.error().text));
  return std::optional(*span);
}
std::string show_keep(const Target& target) {
  const auto& keep = target.config.store_keep;
  return keep ? print(*keep) : "all";
}

/// false, true, or a directory.
Result<TickStore> read_tick_store(const YamlNode& node) {
  TickStore out;
  if (const auto flag = read_bool(node)) {
    out.on = *flag;
    return out;
  }
  auto text = read_text(node);
  if (!text) return text.error();
  if (!text->starts_with('/')) {
    return invalid(
        fmt::format("{} is neither true nor false nor a directory; allowed: true, false, "
                    "or a path that begins with /",
                    shown(node)));
  }
  out.on = true;
  out.directory = std::move(*text);
  return out;
}
std::string print(const TickStore& v) {
  return v.directory ? *v.directory : std::string(v.on ? "true" : "false");
}

Result<rules::Where> read_where(const YamlNode& node) {
  const auto where = node.kind == YamlNode::Kind::kScalar ? rules::parse_where(node.text)
                                                          : std::optional<rules::Where>{};
  if (!where) {
    return invalid(
        fmt::format("{} is no length of candles; allowed: {}", shown(node), rules::kWhereAllowed));
  }
  return *where;
}
std::string print(rules::Where v) { return rules::to_string(v); }
std::string print(const std::vector<market::SymbolCode>& v) { return print_watch(v); }

// ---- rows ----

/// Amounts are read in the decimals of the currency, everything else by itself.
template <auto Read>
auto read_for(const Target& target, const YamlNode& node) {
  if constexpr (std::is_invocable_v<decltype(Read), const YamlNode&, std::uint8_t>) {
    return Read(node, target.config.engine.money_decimals);
  } else {
    return Read(node);
  }
}

template <auto Field, auto Read>
std::optional<std::string> apply(Target& target, const YamlNode& node) {
  auto value = read_for<Read>(target, node);
  if (!value) return value.error().text;
  Field(target) = std::move(*value);
  return std::nullopt;
}

template <auto Field>
std::string show(const Target& target) {
  return print(Field(target));
}

template <auto Field, auto Read>
constexpr Setting row(std::string_view path, std::string_view fallback, std::string_view allowed,
                      std::string_view help, Reload reload) {
  return {path, fallback, allowed, help, reload, &apply<Field, Read>, &show<Field>};
}

// A field of the configuration as a whole, and one of the strategy at hand.
#define DERIVD_FIELD(member) \
  [](const Target& t) -> auto& { return t.config.member; }
#define DERIVD_TEMPLATE(kind) \
  DERIVD_FIELD(notify.templates[static_cast<std::size_t>(core::NoticeKind::kind)])
#define DERIVD_OF_STRATEGY(member) \
  [](const Target& t) -> auto& { return t.strategy->member; }

std::optional<std::string> apply_day_starts(Target& t, const YamlNode& node) {
  const auto value = read_time_of_day(node);
  if (!value) return value.error().text;
  t.config.engine.limits.day_starts = *value;
  return std::nullopt;
}
std::string show_day_starts(const Target& t) {
  return print_time_of_day(t.config.engine.limits.day_starts);
}

std::optional<std::string> apply_alternate(Target& t, const YamlNode& node) {
  const auto value = read_alternate(node);
  if (!value) return value.error().text;
  t.strategy->contract.alternate = *value;
  return std::nullopt;
}
std::string show_alternate(const Target& t) {
  return print_alternate(t.strategy->contract.alternate);
}

std::optional<std::string> apply_factor(Target& t, const YamlNode& node) {
  const auto value = read_factor(node);
  if (!value) return value.error().text;
  t.strategy->staking.auto_factor = !*value;
  if (*value) t.strategy->staking.factor = **value;
  return std::nullopt;
}
std::string show_factor(const Target& t) {
  const auto& s = t.strategy->staking;
  return s.auto_factor ? "auto" : print(s.factor);
}

std::optional<std::string> apply_percent(Target& t, const YamlNode& node) {
  const auto value = read_percent(node);
  if (!value) return value.error().text;
  t.strategy->staking.percent = *value;
  return std::nullopt;
}
std::string show_percent(const Target& t) {
  const auto& percent = t.strategy->staking.percent;
  return percent.mantissa == 0 ? "null" : percent.to_string() + "%";
}

risk::AfterLosses& after_losses(Target& t) {
  auto& losses = t.strategy->guards.after_losses;
  if (!losses) losses.emplace();
  return *losses;
}
std::optional<std::string> apply_losses_count(Target& t, const YamlNode& node) {
  const auto value = read_count(node, 1, 1000);
  if (!value) return value.error().text;
  after_losses(t).count = *value;
  return std::nullopt;
}
std::string show_losses_count(const Target& t) {
  const auto& losses = t.strategy->guards.after_losses;
  return losses ? print(losses->count) : "null";
}
std::optional<std::string> apply_losses_pause(Target& t, const YamlNode& node) {
  const auto value = read_pause(node);
  if (!value) return value.error().text;
  after_losses(t).pause = *value;
  return std::nullopt;
}
std::string show_losses_pause(const Target& t) {
  const auto& losses = t.strategy->guards.after_losses;
  return losses ? print(losses->pause) : "null";
}

risk::Drawdown& drawdown(Target& t) {
  auto& drawdown = t.strategy->guards.drawdown;
  if (!drawdown) drawdown.emplace();
  return *drawdown;
}
std::optional<std::string> apply_drawdown_amount(Target& t, const YamlNode& node) {
  const auto value = read_amount(node, t.config.engine.money_decimals);
  if (!value) return value.error().text;
  drawdown(t).amount = *value;
  return std::nullopt;
}
std::string show_drawdown_amount(const Target& t) {
  const auto& drawdown = t.strategy->guards.drawdown;
  return drawdown ? print(drawdown->amount) : "null";
}
std::optional<std::string> apply_drawdown_pause(Target& t, const YamlNode& node) {
  const auto value = read_pause(node);
  if (!value) return value.error().text;
  drawdown(t).pause = *value;
  return std::nullopt;
}
std::string show_drawdown_pause(const Target& t) {
  const auto& drawdown = t.strategy->guards.drawdown;
  return drawdown ? print(drawdown->pause) : "null";
}

risk::VolatilityBounds& volatility(Target& t) {
  auto& bounds = t.strategy->guards.volatility;
  if (!bounds) bounds.emplace();
  return *bounds;
}
std::optional<std::string> apply_volatility_ticks(Target& t, const YamlNode& node) {
  const auto value = read_count(node, risk::Volatility::kLeast, risk::Volatility::kMost);
  if (!value) return value.error().text;
  volatility(t).ticks = *value;
  return std::nullopt;
}
std::string show_volatility_ticks(const Target& t) {
  const auto& bounds = t.strategy->guards.volatility;
  return bounds ? print(bounds->ticks) : "null";
}
template <auto Bound>
std::optional<std::string> apply_volatility_bound(Target& t, const YamlNode& node) {
  const auto value = read_percent(node, 100);
  if (!value) return value.error().text;
  volatility(t).*Bound = *value;
  return std::nullopt;
}
template <auto Bound>
std::string show_volatility_bound(const Target& t) {
  const auto& bounds = t.strategy->guards.volatility;
  return bounds && (*bounds).*Bound ? ((*bounds).*Bound)->to_string() + "%" : "null";
}

std::optional<std::string> apply_time_zone(Target& t, const YamlNode& node) {
  const auto name = read_text(node);
  if (!name) return name.error().text;
  auto& zone = t.strategy->rules.clocks.zone;
  zone.reset();
  if (*name == "UTC") return std::nullopt;
  auto found = find_zone(*name);
  if (!found) return found.error().text;
  zone = std::move(*found);
  return std::nullopt;
}
std::string show_time_zone(const Target& t) {
  const auto& zone = t.strategy->rules.clocks.zone;
  return zone ? zone->name() : "UTC";
}

std::optional<std::string> apply_group(Target& t, const YamlNode& node) {
  const auto name = read_name(node);
  if (!name) return name.error().text;
  t.strategy->group = core::Name(*name);
  return std::nullopt;
}
std::string show_group(const Target& t) {
  const auto& group = t.strategy->group;
  return group.empty() ? std::string(kNotSet) : group.str();
}

std::optional<std::string> apply_params(Target& t, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kMap) {
    return fmt::format("{} where a map is wanted, as {{ streak: 3 }}", shown(node));
  }
  t.params = &node;
  return std::nullopt;
}
std::string show_params(const Target& t) {
  std::string out;
  if (t.strategy->program.program != nullptr) return show_program(t.strategy->program);
  const auto* type = strategy::find_type(t.strategy->type);
  if (type != nullptr && type->is_scripted) return show_script(t.strategy->script);
  for (const auto& [name, value] : t.strategy->params) {
    auto text = fmt::format("{}", value);
    for (const auto& spec :
         type != nullptr ? type->params : std::span<const strategy::ParamSpec>{}) {
      if (spec.name == name) text = strategy::text_of(spec, value);
    }
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", name, text);
  }
  return "{ " + out + " }";
}

std::optional<std::string> apply_rules(Target& t, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kList) {
    return fmt::format(
        "{} where a list is wanted, as - when: rsi(14) < 30, with buy: {{ type: CALL }} below",
        shown(node));
  }
  t.rules = &node;
  return std::nullopt;
}
std::string show_rules(const Target& t) {
  const auto& set = t.strategy->rules;
  return set.rules.empty() ? std::string(kNotSet) : rules::to_string(set);
}

std::optional<std::string> apply_webhook_url(Target& t, const YamlNode& node) {
  auto value = read_receiver(node);
  if (!value) return value.error().text;
  t.config.notify.webhook_url = std::move(*value);
  return std::nullopt;
}
/// The path may be a secret, and shown values reach the journal: a fingerprint (FNV-1a) tells that
/// it changed.
std::string show_webhook_url(const Target& t) {
  const auto& url = t.config.notify.webhook_url;
  if (!url) return "null";
  std::uint32_t hash = 2166136261u;
  for (const char c : *url) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  const auto path = url->find_first_of("/?", std::string_view("https://").size());
  return fmt::format("{}/… (fingerprint {:08x})", url->substr(0, path), hash);
}

/// Keys with one possible value so far.
std::optional<std::string> apply_halt(Target&, const YamlNode& node) {
  const auto value = read_halt(node);
  return value ? std::nullopt : std::optional(value.error().text);
}
std::string show_halt(const Target&) { return "halt"; }

constexpr std::array kSettings{
    row<DERIVD_FIELD(venue.api), read_enum<Api, kApi>>(
        "venue.api", "auto", "auto, options, v3",
        "The protocol. auto: a token that starts with pat_ means options, any other v3.",
        Reload::kRestart),
    row<DERIVD_FIELD(venue.app_id), read_app_id>(
        "venue.app_id", "1089", "an application id",
        "options: the id from Deriv's developers' dashboard; v3: a number. 1089 is Deriv's id for "
        "tests.",
        Reload::kReconnect),
    row<DERIVD_FIELD(venue.account), read_account>("venue.account", "demo",
                                                   "demo, real, or an account id",
                                                   "The account to trade on.", Reload::kRestart),
    row<DERIVD_FIELD(venue.allow_real), read_bool>(
        "venue.allow_real", "false", "true, false",
        "Must be true, beside account, to trade real money.", Reload::kRestart),
    row<DERIVD_FIELD(venue.currency), read_currency>(
        "venue.currency", kNotSet, "a currency of Deriv's accounts, as USD, EUR or BTC",
        "The account's currency, and that of every amount here. Needed where it has other decimals "
        "than two; where it is given, an account in another currency is refused.",
        Reload::kRestart),
    row<DERIVD_FIELD(venue.mode), read_enum<Mode, kMode>>(
        "venue.mode", "live", "live, paper",
        "live: contracts are bought at the venue. paper: its public ticks, fills simulated here, "
        "no "
        "token, a journal of its own.",
        Reload::kRestart),
    row<DERIVD_FIELD(venue.paper.balance), read_amount>(
        "venue.paper.balance", "10000.00", kAmountAllowed,
        "Balance with which a paper account begins.", Reload::kRestart),
    row<DERIVD_FIELD(venue.paper.latency), read_latency>(
        "venue.paper.latency", "150ms", "0ms to 10000ms",
        "Time from an order to its answer in paper mode.", Reload::kRestart),
    row<DERIVD_FIELD(venue.paper.settle_delay), read_settle_delay>(
        "venue.paper.settle_delay", "2s", "1s to 1m",
        "Time from a contract's end to its payment in paper mode; Deriv takes 1 to 3 s.",
        Reload::kRestart),
    row<DERIVD_FIELD(venue.endpoint), read_endpoint>(
        "venue.endpoint", kNotSet, "https://… (options) or wss://… (v3)",
        "Another server than Deriv's, for a simulator. Always with TLS.", Reload::kReconnect),
    row<DERIVD_FIELD(venue.ca_file), read_text>(
        "venue.ca_file", kNotSet, "a readable file in PEM form",
        "Certificates to trust instead of the system's, for a simulator.", Reload::kReconnect),
    row<DERIVD_FIELD(venue.proxy), read_proxy>(
        "venue.proxy", kNotSet, "http://HOST:PORT",
        "An HTTP proxy (CONNECT) through which everything goes, notifications too. Its user and "
        "password are the credential \"proxy\".",
        Reload::kReconnect),
    row<DERIVD_FIELD(venue.anticipate), read_anticipate>(
        "venue.anticipate", "0ms", "0ms to 20ms",
        "So long before the next tick of a symbol that ticks regularly, which is learned from its "
        "last ticks, the daemon stops sleeping until the tick has come, so long after its time at "
        "the most, and rehearses reading a tick and writing its last purchase, without sending, "
        "journaling or deciding anything; a script's process runs what a tick runs, with a program "
        "that does nothing. It is sooner with its purchase then, and busy meanwhile. 0ms: never.",
        Reload::kLive),

    row<DERIVD_FIELD(engine.limits.max_stake), read_amount>(
        "limits.max_stake", kNotSet, kAmountAllowed, "No single stake may be above this.",
        Reload::kLive),
    row<DERIVD_FIELD(engine.limits.max_open_contracts), (read_between<1, 1000>)>(
        "limits.max_open_contracts", kNotSet, "1 to 1000",
        "Contracts open at once, all strategies together.", Reload::kLive),
    row<DERIVD_FIELD(engine.limits.max_open_stake), read_amount>(
        "limits.max_open_stake", kNotSet, kAmountAllowed, "Sum of the stakes of everything open.",
        Reload::kLive),
    row<DERIVD_FIELD(engine.limits.daily_loss), read_amount>(
        "limits.daily_loss", kNotSet, kAmountAllowed,
        "Loss of a trading day that cannot be passed, open contracts counted as lost.",
        Reload::kLive),
    row<DERIVD_FIELD(engine.limits.daily_profit), read_amount>(
        "limits.daily_profit", kNotSet, kAmountAllowed,
        "Profit of a trading day at which buying stops until the next day.", Reload::kLive),
    row<DERIVD_FIELD(engine.limits.max_trades_per_day), (read_between<1, 1'000'000>)>(
        "limits.max_trades_per_day", kNotSet, "1 to 1000000", "Purchases of a trading day.",
        Reload::kLive),
    row<DERIVD_FIELD(engine.limits.min_balance), read_amount_or_zero>(
        "limits.min_balance", kNotSet, "an amount of 0 or more, in the currency's decimals",
        "The balance never falls below this, open contracts counted as lost.", Reload::kLive),
    Setting{"limits.day_starts", "00:00 UTC", "a time of day, UTC", "When a trading day begins.",
            Reload::kRestart, apply_day_starts, show_day_starts},

    row<DERIVD_OF_STRATEGY(name), read_name>(
        "strategies[].name", kRequired, "1 to 40 letters, digits, '_' and '-'; unique",
        "Appears in every journal entry; a strategy's memory belongs to its name.", Reload::kLive),
    row<DERIVD_OF_STRATEGY(type), read_type>("strategies[].type", kRequired, "see strategy types",
                                             "What raises the signals.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(symbol), read_symbol>(
        "strategies[].symbol", kRequired,
        "a symbol that the venue lists, as R_100, 1HZ100V or frxEURUSD",
        "The market. Not for type dbot: the program says it.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(watch), read_watch>(
        "strategies[].watch", kNotSet, kWatchAllowed,
        "Types rules and script: symbols that it sees beside its own, as R_50.price, and never "
        "buys.",
        Reload::kWhenFlat),
    Setting{"strategies[].params", kNotSet, "see strategy types",
            "Settings of the strategy's type.", Reload::kWhenFlat, apply_params, show_params},
    row<DERIVD_OF_STRATEGY(rules.candles), read_where>(
        "strategies[].candles", "ticks", rules::kWhereAllowed,
        "Types rules, indicator and script: what open, high, low, close and indicators are of that "
        "do not say otherwise; of a script also what onCandle hears.",
        Reload::kWhenFlat),
    Setting{"strategies[].time_zone", "UTC", "UTC, or a zone by its IANA name, as Europe/Berlin",
            "Type rules: what hour, minute and weekday are read from.", Reload::kWhenFlat,
            apply_time_zone, show_time_zone},
    Setting{"strategies[].rules", kNotSet, "a list of when and buy; see expressions",
            "Type rules: the first whose condition holds buys.", Reload::kWhenFlat, apply_rules,
            show_rules},
    row<DERIVD_OF_STRATEGY(contract.duration), read_contract_duration>(
        "strategies[].contract.duration", "1t", "1t to 10t, 15s and more, 5m, 1h, 1d",
        "Length of the contract. Digit contracts count in ticks.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.until), read_until>(
        "strategies[].contract.until", kNotSet, "a time, as \"2026-12-01 16:00 UTC\"",
        "End of the contract, in the place of its duration.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.types), read_contract_types>(
        "strategies[].contract.type", kNotSet, "a contract type, or two: [up, down]",
        "What strategies without contracts of their own buy (random, rise_fall, indicator).",
        Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.barrier), read_barrier>(
        "strategies[].contract.barrier", kNotSet, "+0.10, -0.10, or a quote",
        "A signed number counts from the entry, a plain one is a quote; for higher_lower a "
        "distance above 0, to which each side adds its sign. Of two, the high one.",
        Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.barrier2), read_barrier>(
        "strategies[].contract.barrier2", kNotSet, "+0.10, -0.10, or a quote",
        "The low barrier of types that have two.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.prediction), (read_between<0, 9>)>(
        "strategies[].contract.prediction", kNotSet, "0 to 9",
        "The digit of DIGITMATCH, DIGITDIFF, DIGITOVER and DIGITUNDER.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.selected_tick), (read_between<1, 5>)>(
        "strategies[].contract.selected_tick", kNotSet, "1 to 5",
        "The tick that TICKHIGH and TICKLOW name.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.growth), read_growth>(
        "strategies[].contract.growth", kNotSet, "0.01 to 0.05",
        "Growth of an accumulator at each tick.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.payout_per_point), (read_ratio<0, 1'000'000>)>(
        "strategies[].contract.payout_per_point", kNotSet, "a number that the venue lists",
        "For turbos, in the place of the barrier.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.multiplier), (read_between<1, 5000>)>(
        "strategies[].contract.multiplier", kNotSet, "a multiplier that the symbol accepts",
        "For multiplier contracts.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.cancellation), read_cancellation>(
        "strategies[].contract.cancellation", kNotSet, "5m, 10m, 15m, 30m, 60m",
        "For multiplier contracts on volatility indices: how long the deal can be cancelled, for a "
        "fee beside the stake that never comes back. Not beside take_profit or stop_loss. What it "
        "costs is asked first, and the limits look at stake and fee.",
        Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.take_profit), read_amount>(
        "strategies[].contract.take_profit", kNotSet, kAmountAllowed,
        "Profit at which the venue closes a multiplier or an accumulator.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.stop_loss), read_amount>(
        "strategies[].contract.stop_loss", kNotSet, kAmountAllowed,
        "Loss at which the venue closes a multiplier contract.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(contract.basis), (read_enum<market::Basis, kBasis>)>(
        "strategies[].contract.basis", "stake", "stake, payout",
        "What the plan's amounts are. payout: the payout that is wanted; what it costs is asked "
        "first, and the limits look at that.",
        Reload::kWhenFlat),
    Setting{"strategies[].contract.alternate", kNotSet, "after_loss, or after_losses N",
            "After each lost contract of the strategy, or after N lost in a row, its two types "
            "change places.",
            Reload::kWhenFlat, apply_alternate, show_alternate},

    row<DERIVD_OF_STRATEGY(exit.profit), read_exit_level>(
        "strategies[].exit.profit", kNotSet, kLevelAllowed,
        "Sells the contract early once the venue pays this much more for it than it cost.",
        Reload::kLive),
    row<DERIVD_OF_STRATEGY(exit.loss), read_exit_loss>(
        "strategies[].exit.loss", kNotSet, kLevelAllowed,
        "Sells it once the venue pays this much less for it than it cost.", Reload::kLive),
    row<DERIVD_OF_STRATEGY(exit.trailing), read_exit_level>(
        "strategies[].exit.trailing", kNotSet, kLevelAllowed,
        "Sells it once its value has fallen this far from the best since its entry.",
        Reload::kLive),
    row<DERIVD_OF_STRATEGY(exit.after), read_exit_after>(
        "strategies[].exit.after", kNotSet, "ticks as 20t, or a time as 30s, 5m, 1h",
        "Sells it so many ticks after its entry tick, or so long after it.", Reload::kLive),

    row<DERIVD_OF_STRATEGY(staking.plan), read_plan>("strategies[].staking.plan", "flat",
                                                     "see stake plans", "How the stake moves.",
                                                     Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(staking.base), read_amount>(
        "strategies[].staking.base", kRequired,
        "an amount from 0.35 (USD), in the currency's decimals",
        "The first stake, from which every other is computed. Not for type dbot: the program says "
        "its stakes. Of plan table it is the first of stakes.",
        Reload::kWhenFlat),
    Setting{"strategies[].staking.factor", "2", "above 1, at most 100, or auto",
            "Raise of the martingale plans. auto, of martingale: the least stake that wins back "
            "the losses since the base and what a won base brings, by the venue's quote.",
            Reload::kWhenFlat, apply_factor, show_factor},
    row<DERIVD_OF_STRATEGY(staking.unit), (read_ratio<0, 100>)>(
        "strategies[].staking.unit", "1", "above 0, at most 100",
        "Raise of the D'Alembert plans, in bases.", Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(staking.max_steps), (read_between<0, 1000>)>(
        "strategies[].staking.max_steps", kNotSet, "0 to 1000",
        "Raises above the base; the next one starts again at the base.", Reload::kLive),
    row<DERIVD_OF_STRATEGY(staking.max_stake), read_amount>("strategies[].staking.max_stake",
                                                            kNotSet, kAmountAllowed,
                                                            "The plan's own cap.", Reload::kLive),
    row<DERIVD_OF_STRATEGY(staking.on_cap), read_enum<staking::OnCap, kOnCap>>(
        "strategies[].staking.on_cap", "restart", "restart, hold",
        "What a stake above the cap, or one that the venue refuses, becomes: the base again, or "
        "the "
        "cap. Of a table also what comes after its last stake: the first again, or the last.",
        Reload::kLive),
    row<DERIVD_OF_STRATEGY(staking.stakes), read_stakes>(
        "strategies[].staking.stakes", kNotSet, "a list of 1 to 100 amounts, as [0.35, 0.80, 1.70]",
        "Plan table: its stakes. The first is the base, which need not be given then.",
        Reload::kWhenFlat),
    row<DERIVD_OF_STRATEGY(staking.advance), read_advance>(
        "strategies[].staking.advance", "loss", "loss, win",
        "Plan table: which result walks on; the other one begins at the first stake.",
        Reload::kWhenFlat),
    Setting{"strategies[].staking.percent", kNotSet, "above 0, at most 100, as 2 or 2%",
            "Plan percent_of_balance: the share of what the account holds, the cost of what is "
            "open included, rounded half up; at least base, at most max_stake.",
            Reload::kWhenFlat, apply_percent, show_percent},

    row<DERIVD_OF_STRATEGY(session.take_profit), read_amount>(
        "strategies[].session.take_profit", kNotSet, kAmountAllowed,
        "Profit of the session at which the strategy halts.", Reload::kLive),
    row<DERIVD_OF_STRATEGY(session.stop_loss), read_amount>(
        "strategies[].session.stop_loss", kNotSet, kAmountAllowed,
        "Loss of the session that cannot be passed.", Reload::kLive),
    row<DERIVD_OF_STRATEGY(session.trailing), read_bool>(
        "strategies[].session.trailing", "false", "true, false",
        "stop_loss counts from the best profit so far.", Reload::kLive),
    Setting{"strategies[].session.on_target", "halt", "halt", "What take_profit does.",
            Reload::kLive, apply_halt, show_halt},
    Setting{"strategies[].session.on_loss", "halt", "halt", "What stop_loss does.", Reload::kLive,
            apply_halt, show_halt},
    row<DERIVD_OF_STRATEGY(session.resume), read_enum<risk::Resume, kResume>>(
        "strategies[].session.resume", "continue", "continue, reset",
        "At a start: go on with the session of before, or begin a new one.", Reload::kLive),

    row<DERIVD_OF_STRATEGY(guards.max_open), (read_between<1, 100>)>(
        "strategies[].guards.max_open", "1", "1 to 100", "Contracts of this strategy at once.",
        Reload::kLive),
    row<DERIVD_OF_STRATEGY(guards.cooldown), read_cooldown>(
        "strategies[].guards.cooldown", "0s", "0s to 7d", "Wait after each settlement.",
        Reload::kLive),
    Setting{"strategies[].guards.after_losses.count", kRequired, "1 to 1000",
            "Losses in a row that bring a pause.", Reload::kLive, apply_losses_count,
            show_losses_count},
    Setting{"strategies[].guards.after_losses.pause", kRequired, "1s to 7d",
            "Length of that pause.", Reload::kLive, apply_losses_pause, show_losses_pause},
    Setting{"strategies[].guards.drawdown.amount", kRequired, kAmountAllowed,
            "A fall of the session's profit this far below its best, of at least 0, that brings a "
            "pause; the best begins anew there.",
            Reload::kLive, apply_drawdown_amount, show_drawdown_amount},
    Setting{"strategies[].guards.drawdown.pause", kRequired, "1s to 7d", "Length of that pause.",
            Reload::kLive, apply_drawdown_pause, show_drawdown_pause},
    row<DERIVD_OF_STRATEGY(guards.max_trades_per_hour), (read_between<1, 100'000>)>(
        "strategies[].guards.max_trades_per_hour", kNotSet, "1 to 100000",
        "Purchases within any hour.", Reload::kLive),
    row<DERIVD_OF_STRATEGY(guards.min_payout_ratio), (read_ratio<0, 1000>)>(
        "strategies[].guards.min_payout_ratio", kNotSet, "above 0, at most 1000",
        "Buys only when (payout - stake) / stake of the quote is at least this.", Reload::kLive),
    row<DERIVD_OF_STRATEGY(guards.hours), read_hours>(
        "strategies[].guards.hours", kNotSet,
        "a list as [\"Mon-Fri 08:00-20:00 UTC\", \"Sun 22:00-23:30 Europe/Berlin\"]",
        "Buys only within these windows, of UTC or of a time zone by its IANA name, whose clocks "
        "go "
        "forward and back there as its people's do; a window may pass midnight.",
        Reload::kLive),
    Setting{"strategies[].guards.volatility.ticks", kRequired, "2 to 4000",
            "The market's volatility is the standard deviation of so many of its latest returns "
            "from tick to tick.",
            Reload::kLive, apply_volatility_ticks, show_volatility_ticks},
    Setting{"strategies[].guards.volatility.min", kNotSet, kPercentAllowed,
            "Buys only while that is at least this, in percent.", Reload::kLive,
            apply_volatility_bound<&risk::VolatilityBounds::min>,
            show_volatility_bound<&risk::VolatilityBounds::min>},
    Setting{"strategies[].guards.volatility.max", kNotSet, kPercentAllowed,
            "Buys only while that is at most this, in percent.", Reload::kLive,
            apply_volatility_bound<&risk::VolatilityBounds::max>,
            show_volatility_bound<&risk::VolatilityBounds::max>},
    Setting{
        "strategies[].group", kNotSet, "1 to 40 letters, digits, '_' and '-'",
        "Strategies of one group have one contract open at a time, all of them together, whatever "
        "guards.max_open allows each.",
        Reload::kLive, apply_group, show_group},
    Setting{"strategies[].virtual.losses", kRequired, "1 to 1000",
            "Signals are followed without money, by ticks alone, until so many of them in a row "
            "would have lost; then they are bought.",
            Reload::kLive, apply_hook_losses, show_hook_losses},
    Setting{"strategies[].virtual.trades", kNotSet, "1 to 1000",
            "So many are bought then, before it is without money again; 1 where nothing is said.",
            Reload::kLive, apply_hook_trades, show_hook_trades},
    Setting{"strategies[].virtual.until", kNotSet, "win",
            "In the place of trades: they are bought until one wins.", Reload::kLive,
            apply_hook_until, show_hook_until},
    row<DERIVD_OF_STRATEGY(enabled), read_bool>(
        "strategies[].enabled", "true", "true, false",
        "false: buys nothing, but its open contracts are still settled.", Reload::kLive),

    row<DERIVD_FIELD(store_path), read_text>(
        "store.path", kNotSet, "a file",
        "The journal. null: $STATE_DIRECTORY/derivd.db, or paper.db in paper mode.",
        Reload::kRestart),
    row<DERIVD_FIELD(store_ticks), read_tick_store>(
        "store.ticks", "false", "true, false, or a directory",
        "Keep the ticks that arrive, for back-tests. true: in $STATE_DIRECTORY/ticks.",
        Reload::kRestart),
    row<DERIVD_FIELD(durability), read_enum<execution::Durability, kDurability>>(
        "store.durability", "process", "process, power",
        "What a record survives: the death of derivd, or that of the machine, too. power syncs "
        "the journal before each purchase, which takes the time of one disk flush.",
        Reload::kRestart),
    Setting{"store.keep", "all", "all, or 1d to 3650d",
            "How long the journal keeps trades that are over, by the time at which they ended. "
            "Their sums stay, and what a start needs stays.",
            Reload::kLive, apply<DERIVD_FIELD(store_keep), read_keep>, show_keep},
    row<DERIVD_FIELD(metrics_listen), read_listen>(
        "metrics.listen", kNotSet, "an IP address and a port, as 127.0.0.1:9455 or [::1]:9455",
        "Serves http://ADDRESS/metrics for Prometheus, to everybody who can reach the address. "
        "Port 0: a free one, which the log names.",
        Reload::kRestart),
    Setting{"notify.webhook.url", kNotSet, "https://HOST[:PORT]/…",
            "Notifications are posted there as JSON. An address that is a secret belongs into the "
            "credential \"webhook-url\" instead.",
            Reload::kLive, apply_webhook_url, show_webhook_url},
    row<DERIVD_FIELD(notify.webhook_ca_file), read_text>(
        "notify.webhook.ca_file", kNotSet, "a readable file in PEM form",
        "Certificates to trust for the webhook instead of the system's.", Reload::kLive),
    row<DERIVD_FIELD(notify.webhook_proxy), read_bool>(
        "notify.webhook.proxy", "true", "true, false",
        "Through venue.proxy, where there is one. false: directly, for a receiver of your own "
        "network.",
        Reload::kLive),
    row<DERIVD_FIELD(notify.telegram_chat_id), read_chat>(
        "notify.telegram.chat_id", kNotSet, "a chat's number or @channel",
        "Notifications go to this chat; the bot's token is the credential \"telegram-token\".",
        Reload::kLive),
    row<DERIVD_FIELD(notify.telegram_endpoint), read_receiver>(
        "notify.telegram.endpoint", "https://api.telegram.org", "https://HOST[:PORT]",
        "Another server than Telegram's, for a bot server of your own.", Reload::kLive),
    row<DERIVD_FIELD(notify.telegram_ca_file), read_text>(
        "notify.telegram.ca_file", kNotSet, "a readable file in PEM form",
        "Certificates to trust for that server instead of the system's.", Reload::kLive),
    row<DERIVD_FIELD(notify.telegram_proxy), read_bool>(
        "notify.telegram.proxy", "true", "true, false",
        "Through venue.proxy, where there is one. false: directly.", Reload::kLive),
    row<DERIVD_FIELD(notify.disconnected_after), read_disconnected_after>(
        "notify.disconnected_after", "5m", "1s to 24h",
        "A disconnection is worth a notification when it lasts longer than this.", Reload::kLive),
    row<DERIVD_FIELD(notify.max_per_hour), (read_between<1, 1000>)>(
        "notify.max_per_hour", "20", "1 to 1000",
        "More notifications within an hour are counted, and the count is told.", Reload::kLive),
    row<DERIVD_FIELD(notify.daily_summary), read_bool>(
        "notify.daily_summary", "true", "true, false",
        "A notification with the day's result when a trading day ends.", Reload::kLive),
    row<DERIVD_TEMPLATE(kHalt), read_template>("notify.templates.halt", kNotSet, kTemplateAllowed,
                                               "Text of a halt; unset: derivd's own.",
                                               Reload::kLive),
    row<DERIVD_TEMPLATE(kUnknown), read_template>(
        "notify.templates.unknown", kNotSet, kTemplateAllowed,
        "Text when a purchase's outcome is not proven, and when it is.", Reload::kLive),
    row<DERIVD_TEMPLATE(kAmbiguous), read_template>(
        "notify.templates.ambiguous", kNotSet, kTemplateAllowed,
        "Text when a purchase's outcome cannot be decided.", Reload::kLive),
    row<DERIVD_TEMPLATE(kMismatch), read_template>(
        "notify.templates.mismatch", kNotSet, kTemplateAllowed,
        "Text when witnesses of a settlement disagree.", Reload::kLive),
    row<DERIVD_TEMPLATE(kDisconnected), read_template>(
        "notify.templates.disconnected", kNotSet, kTemplateAllowed, "Text of a long disconnection.",
        Reload::kLive),
    row<DERIVD_TEMPLATE(kConnected), read_template>(
        "notify.templates.connected", kNotSet, kTemplateAllowed,
        "Text when trading is possible again after that.", Reload::kLive),
    row<DERIVD_TEMPLATE(kRefused), read_template>(
        "notify.templates.refused", kNotSet, kTemplateAllowed,
        "Text when the venue refuses the token or the account.", Reload::kLive),
    row<DERIVD_TEMPLATE(kJournal), read_template>(
        "notify.templates.journal", kNotSet, kTemplateAllowed,
        "Text when the journal cannot be written.", Reload::kLive),
    row<DERIVD_TEMPLATE(kSummary), read_template>("notify.templates.summary", kNotSet,
                                                  kTemplateAllowed, "Text of the daily summary.",
                                                  Reload::kLive),
    row<DERIVD_TEMPLATE(kHeldBack), read_template>(
        "notify.templates.held_back", kNotSet, kTemplateAllowed,
        "Text of the count of those held back.", Reload::kLive),
    row<DERIVD_TEMPLATE(kWaits), read_template>(
        "notify.templates.waits", kNotSet, kTemplateAllowed,
        "Text when the venue refuses a strategy's purchases for now.", Reload::kLive),
    row<DERIVD_TEMPLATE(kSilent), read_template>(
        "notify.templates.silent", kNotSet, kTemplateAllowed,
        "Text when no ticks of a symbol come, and when they come again.", Reload::kLive),
    row<DERIVD_FIELD(log_level), read_level>("log.level", "info",
                                             "debug, info, notice, warning, error",
                                             "The least level that is logged.", Reload::kLive),
    row<DERIVD_FIELD(on_stop), read_enum<OnStop, kOnStop>>(
        "on_stop", "leave", "leave, wait",
        "At a stop: leave open contracts to the venue, or wait for them (within stop_timeout).",
        Reload::kLive),
    row<DERIVD_FIELD(stop_timeout), read_stop_timeout>(
        "stop_timeout", "30s", "1s to 1h",
        "How long a stop may take to resolve purchases in flight; below the unit's TimeoutStopSec.",
        Reload::kLive),
};

#undef DERIVD_FIELD
#undef DERIVD_TEMPLATE
#undef DERIVD_OF_STRATEGY

}  // namespace

std::span<const Setting> settings() { return kSettings; }

bool is_optional_section(std::string_view path) {
  return path == "strategies[].guards.after_losses" || path == "strategies[].guards.drawdown" ||
         path == "strategies[].guards.volatility" || path == "strategies[].virtual";
}

std::vector<std::string_view> available_types() {
  std::vector<std::string_view> out;
  for (const auto& type : strategy::strategy_types()) out.push_back(type.name);
  return out;
}

std::vector<std::string_view> available_plans() {
  std::vector<std::string_view> out;
  for (const auto& plan : staking::plan_types()) out.push_back(plan.name);
  return out;
}

void apply_defaults(Target& target) {
  for (const auto& setting : kSettings) {
    if (setting.fallback == kRequired || setting.fallback == kNotSet) continue;
    if (setting.path.starts_with("strategies[]") != (target.strategy != nullptr)) continue;
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.text = std::string(setting.fallback);
    DERIVD_CHECK(!setting.apply(target, node), "a default that its own reader refuses");
  }
}

}  // namespace derivd::config
