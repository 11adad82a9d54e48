#include "derivd/reload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/venue_settings.hpp"
#include "core/counted.hpp"
#include "deriv/link.hpp"

namespace derivd::daemon {
namespace {

/// Of one reload in the log; derivd's own journal keeps every one of them.
constexpr std::size_t kMaxToldChanges = 50;

/// "strategies[parity].enabled" → parity.
core::Name strategy_of(const config::Change& change) {
  const std::string_view key = change.key;
  constexpr std::string_view kHead = "strategies[";
  if (!key.starts_with(kHead)) return {};
  return core::Name::truncated(key.substr(kHead.size(), key.find(']') - kHead.size()));
}

/// An endpoint of the protocol that this daemon does not speak.
std::optional<config::Problem> other_protocol(const std::vector<config::Change>& changes,
                                              const config::Config& wanted,
                                              deriv::Dialect dialect) {
  if (!wanted.venue.endpoint) return std::nullopt;
  const bool https = wanted.venue.endpoint->starts_with("https://");
  if (https == (dialect == deriv::Dialect::kOptions)) return std::nullopt;
  for (const auto& c : changes) {
    if (c.key != "venue.endpoint") continue;
    return config::Problem{
        c.place.line, c.place.column, c.key,
        fmt::format("{} is an address of the other protocol, and the daemon speaks {}: a reload "
                    "cannot change that; restart the daemon with a token of that protocol",
                    c.after, deriv::name_of(dialect))};
  }
  return std::nullopt;
}

/// What only the network's own reading of an address finds.
std::optional<config::Problem> no_proxy_at_all(const config::Config& wanted,
                                               deriv::Dialect dialect) {
  const auto route = deriv::route_to(venue_address(wanted.venue, dialect), {});
  if (route) return std::nullopt;
  const auto at = wanted.places.find("venue.proxy");
  const auto place = at == wanted.places.end() ? config::Place{} : at->second;
  return config::Problem{place.line, place.column, "venue.proxy", route.error().text};
}

}  // namespace

std::string_view name_of(Reload::Verdict verdict) {
  switch (verdict) {
    case Reload::Verdict::kUnchanged:
      return "unchanged";
    case Reload::Verdict::kApplied:
      return "applied";
    case Reload::Verdict::kInvalid:
      return "invalid";
    case Reload::Verdict::kRefused:
      return "refused";
  }
  return "refused";
}

Reload prepare_reload(const config::Config& running, const std::string& file,
                      deriv::Dialect dialect) {
  Reload out;
  auto loaded = config::load_file(file, running.engine.symbols);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    out.verdict = Reload::Verdict::kInvalid;
    for (const auto& p : *problems) out.problems.push_back(config::format(p, file));
    return out;
  }
  auto& wanted = std::get<config::Config>(loaded);
  for (const auto& p : wanted.not_offered) {
    (p.by_venue ? out.problems : out.warnings).push_back(config::format(p, file));
  }
  if (!out.problems.empty()) {
    out.verdict = Reload::Verdict::kInvalid;
    return out;
  }
  for (const auto& p : wanted.warnings) out.warnings.push_back(config::format(p, file));
  auto changes = config::diff(running, wanted);
  for (const auto& p : config::refusals(changes, wanted)) {
    out.problems.push_back(config::format(p, file));
  }
  if (const auto p = other_protocol(changes, wanted, dialect)) {
    out.problems.push_back(config::format(*p, file));
  }
  if (const auto p = no_proxy_at_all(wanted, dialect)) {
    out.problems.push_back(config::format(*p, file));
  }
  if (!out.problems.empty()) return out;
  out.verdict = changes.empty() ? Reload::Verdict::kUnchanged : Reload::Verdict::kApplied;
  out.config = std::move(wanted);
  out.changes = std::move(changes);
  return out;
}

Reload refuse_reload(std::string reason) {
  Reload out;
  out.problems.push_back(std::move(reason));
  return out;
}

nlohmann::ordered_json to_json(const Reload& reload, const std::string& file) {
  nlohmann::ordered_json out;
  out["verdict"] = name_of(reload.verdict);
  out["file"] = file;
  out["changes"] = nlohmann::ordered_json::array();
  for (const auto& c : reload.changes) {
    out["changes"].push_back({{"key", c.key},
                              {"before", c.before},
                              {"after", c.after},
                              {"reload", config::name_of(c.reload)},
                              {"text", line_of(c)}});
  }
  out["problems"] = reload.problems;
  out["warnings"] = reload.warnings;
  return out;
}

void tell_reload(service::Log& log, const Reload& reload, const std::string& file) {
  const auto tell = [&](core::EventKind kind, const std::string& text, const std::string& reason) {
    log.write_whole(kind, text, reason);
  };
  if (reload.verdict == Reload::Verdict::kInvalid || reload.verdict == Reload::Verdict::kRefused) {
    const auto& first = reload.problems.front();
    const auto more = reload.problems.size() > 1
                          ? fmt::format(" (and {} more)", reload.problems.size() - 1)
                          : std::string{};
    return tell(core::EventKind::kReloadRefused, fmt::format("not reloaded: {}{}", first, more),
                first);
  }
  for (const auto& warning : reload.warnings) {
    tell(core::EventKind::kConfigChanged, "warning: " + warning, warning);
  }
  const auto shown = std::min(reload.changes.size(), kMaxToldChanges);
  for (std::size_t i = 0; i < shown; ++i) {
    core::Event event;
    event.kind = core::EventKind::kConfigChanged;
    event.strategy = strategy_of(reload.changes[i]);
    event.text = core::Text::truncated(line_of(reload.changes[i]));
    log.write(event);
  }
  tell(core::EventKind::kReloadDone,
       reload.changes.empty() ? fmt::format("{}: nothing has changed", file)
                              : fmt::format("{} reloaded: {} taken over", file,
                                            core::counted(reload.changes.size(), "change")),
       {});
}

std::string line_of(const config::Change& change) {
  const auto how = config::name_of(change.reload);
  // A strategy that came or went.
  if (change.before.empty() || change.after.empty()) {
    return fmt::format("{}: {}{} ({})", change.key, change.before, change.after, how);
  }
  return fmt::format("{}: {} → {} ({})", change.key, change.before, change.after, how);
}

}  // namespace derivd::daemon
